"""Norms of vectors as one operator, whose derivatives are finite where the vector is zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general, sample
from ..pointwise.comparison import select
from ..pointwise.complex import conj, real
from ..pointwise.directions import share
from ..reductions.reducing import keepdims
from ..shape import reduce_sum, reduced_shape, shift_axes
from .matrices import real_dtype


def norm_of(xp: ArrayModule, x: Array, axes: tuple[int, ...], order: float, count: float) -> Array:
    """The norm by its definition, or the root of a mean of squares over ``count``."""
    if order == 2:
        squares = x.real**2 + x.imag**2 if x.dtype.kind == "c" else x * x
        total = xp.sum(squares, axis=axes)
        return xp.sqrt(total if count == 1 else total / count)
    power = x.real.dtype.type(order)
    return xp.sum(abs(x) ** power, axis=axes) ** (1 / power)


def _norm_eval(
    xp: ArrayModule, x: Array, *, axes: tuple[int, ...], order: float, count: float = 1
) -> Array:
    """The norm by its definition, but where powers of such numbers lose digits."""
    if x.dtype == np.float16:
        wide = x.astype(np.float32)
        return _norm_eval(xp, wide, axes=axes, order=order, count=count).astype(x.dtype)
    with np.errstate(over="ignore"):
        out = norm_of(xp, x, axes, order, count)
    info = np.finfo(out.dtype)
    exponent = min((info.maxexp - info.nmant - 2) / abs(order), info.maxexp - 1)
    clear = (out > 2.0**-exponent) & (out < 2.0**exponent)
    if clear.all():
        return out
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    vectors = xp.transpose(x, (*rest, *axes)).reshape(out.size, -1)
    rare = ~clear.reshape(-1)
    norms = out.reshape(-1)
    norms[rare] = scaled_norm(xp, vectors[rare], order, count)
    return norms.reshape(out.shape)[()]


def scaled_norm(xp: ArrayModule, rows: Array, order: float, count: float) -> Array:
    """The norm of each row, from the row divided by its largest element."""
    largest = xp.max(abs(rows), axis=1, keepdims=True, initial=0)
    usable = (largest > 0) & xp.isfinite(largest)
    scale = xp.where(usable, largest, xp.ones((), largest.dtype))
    return norm_of(xp, rows / scale, (1,), order, count) * scale[:, 0]


def _norm_on_gpu(
    xp: ArrayModule, x: Array, *, axes: tuple[int, ...], order: float, count: float = 1
) -> Array:
    """The norm of vectors that are all scaled, so that their largest element is near 1."""
    if x.dtype == np.float16:
        wide = x.astype(np.float32)
        return _norm_on_gpu(xp, wide, axes=axes, order=order, count=count).astype(x.dtype)
    if not x.size:
        return norm_of(xp, x, axes, order, count)
    size = abs(x)
    largest = xp.max(size, axis=axes, keepdims=True)
    one = largest.dtype.type(1)
    if order == 2:  # a power of two rounds nothing
        info = np.finfo(largest.dtype)
        # Infinities and NaN have some exponent; what their norm is does not depend on it.
        exponent = xp.clip(xp.frexp(largest)[1], info.minexp + 1, info.maxexp - 2)
        out = norm_of(xp, x * xp.ldexp(one, -exponent), axes, order, count)
        return xp.ldexp(out, exponent.reshape(out.shape))
    scale = xp.where((largest > 0) & xp.isfinite(largest), largest, one)
    out = norm_of(xp, size / scale, axes, order, count)
    return out * scale.reshape(out.shape)


def _norm_formula(
    np_: Any, x: Array, *, axes: tuple[int, ...], order: float, count: float = 1
) -> Array:
    """The norm from three sums: of large, usual, and small numbers, the outer ones scaled.

    Blue, A portable Fortran program to find the Euclidean norm of a vector (1978). The scales are
    powers of two, which round nothing.
    """
    if order != 2:
        return _norm_on_gpu(np_, x, axes=axes, order=order, count=count)
    info, one = np.finfo(x.dtype), x.dtype.type(1)
    least, most = -(-info.minexp // 2), (info.maxexp - info.nmant) // 2
    down, up = (info.maxexp + info.nmant) // 2, (-info.minexp + info.nmant + 1) // 2
    shrink, grow = np.ldexp(one, -down), np.ldexp(one, up)
    size = abs(x)
    is_large, is_small = size > np.ldexp(one, most), size < np.ldexp(one, least)
    large = np_.sum(np_.where(is_large, x * shrink, 0) ** 2, axis=axes)
    small = np_.sum(np_.where(is_small, x * grow, 0) ** 2, axis=axes)
    usual = np_.sum(np_.where(is_large | is_small, 0, x) ** 2, axis=axes)
    if count != 1:
        large, small, usual = (total / count for total in (large, small, usual))
    low = usual < np.ldexp(one, info.minexp + 2 * info.nmant + 10)
    of_small = np_.sqrt(small + usual * grow * grow) * np.ldexp(one, -up)
    of_large = np_.sqrt(large + usual * shrink * shrink) * np.ldexp(one, down)
    return np_.where(large > 0, of_large, np_.where(low, of_small, np_.sqrt(usual)))


def _norm_abstract(x: Aval, *, axes: tuple[int, ...], **_: object) -> Aval:
    return Aval(reduced_shape(x.shape, axes), real_dtype(x.dtype))


def _norm_jvp(
    t: Array, out: Array, x: Array, *, axes: tuple[int, ...], order: float, count: float = 1
) -> Array:
    """The sum of sign(x) (|x| / |x|_p)^(p-1) dx; elements that are zero are left out.

    They are where the norm or its power is not differentiable, and 0 is the smallest choice.
    """
    weight = share(conj(x), keepdims(out, x, axes))
    if order != 2:
        ratio = abs(weight)
        zero = ratio == 0
        weight = weight * select(zero, 0, select(zero, 1, ratio) ** (order - 2))
    product = weight * t
    total = reduce_sum(real(product) if x.dtype.kind == "c" else product, axes=axes)
    return total if count == 1 else total / count


def _norm_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, order in (("f8", 2), ("f4", 2), ("c16", 2), ("f8", 3), ("f8", 1.5), ("c16", 2.5)):
        for axes in ((0,), (0, 2)):
            yield Case(sample(rng, (2, 3, 4), dtype, (0.3, 2)), axes=axes, order=order)
    yield Case(sample(rng, (3,), "f8", (-2, 2)), axes=(0,), order=2)
    yield Case(sample(rng, (3, 2), "f8", (-2, 2)), axes=(0,), order=2, count=2.5)


vector_norm: General = general(
    "vector_norm",
    _norm_eval,
    on_gpu=_norm_on_gpu,
    formula=_norm_formula,
    abstract=_norm_abstract,
    jvp=_norm_jvp,
    batch=lambda _size, args, _batched, *, axes, **params: vector_norm(
        args[0], axes=shift_axes(axes), **params
    ),
    cases=_norm_cases,
    hazard=Hazard.SUM,
)
