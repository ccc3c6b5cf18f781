"""Reductions other than the sum: prod, max, min, argmax, argmin, any, all, logsumexp."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.dtypes import finfo, sum_dtype
from ...core.facts import Float64, Hazard, Picks
from ...core.primitive import Case, Cases
from ...typing import Array
from ..families import General, general, sample
from ..pointwise.comparison import minimum, select
from ..shape import (
    broadcast_to,
    cast,
    kept_shape,
    reduce_sum,
    reduced_shape,
    reshape,
    shift_axes,
    transpose,
    wider,
)
from ..structural.indexing import index
from ..structural.joining import concatenate


def keepdims(out: Array, x: Array, axes: tuple[int, ...]) -> Array:
    """A reduced value with its axes kept as ones, so that it broadcasts against x."""
    return reshape(out, shape=kept_shape(x.shape, axes))


def _reduced(x: Aval, *, axes: tuple[int, ...]) -> Aval:
    return Aval(reduced_shape(x.shape, axes), x.dtype)


def _reduced_bool(x: Aval, *, axes: tuple[int, ...]) -> Aval:
    return Aval(reduced_shape(x.shape, axes), bool)


def _batch(name: str) -> Callable[..., Array]:
    def batch(
        _size: int, args: Sequence[Array], _batched: Sequence[bool], *, axes: tuple[int, ...]
    ) -> Array:
        return _OPERATORS[name](args[0], axes=shift_axes(axes))

    return batch


def _cases(dtypes: tuple[str, ...], domain: tuple[float, float] = (-2, 2)) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in dtypes:
            for axes in ((0,), (1, 2), (0, 1, 2)):
                yield Case(sample(rng, (2, 3, 4), dtype, domain), axes=axes)
        yield Case(sample(rng, (2, 3), dtypes[0], domain), axes=())

    return cases


def _max_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    return np.maximum.reduce(x, axis=axes) if xp is np else xp.max(x, axis=axes)


def _min_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    return np.minimum.reduce(x, axis=axes) if xp is np else xp.min(x, axis=axes)


def _hits(xp: ArrayModule, x: Array, out: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """The places where the extremum is reached, and their number: at least 1, for NaN."""
    if xp is np and len(axes) == x.ndim:
        hit = x == out
        return hit, np.asarray(np.count_nonzero(hit) or 1)
    hit = x == out.reshape(kept_shape(x.shape, axes))
    return hit, xp.maximum(xp.sum(hit, axis=axes), 1)


def mean_of_hits_values(
    xp: ArrayModule, t: Array, x: Array, out: Array, *, axes: tuple[int, ...]
) -> Array:
    """The mean of t over the places where x reaches its extremum ``out``."""
    hit, count = _hits(xp, x, out, axes)
    zero = t.dtype.type(0)
    total = xp.sum(xp.where(hit, t, zero), axis=axes, dtype=wider(t.dtype))
    return (total / count).astype(t.dtype, copy=False)[()]


def spread_to_hits_values(
    xp: ArrayModule, ct: Array, x: Array, out: Array, *, axes: tuple[int, ...]
) -> Array:
    """Equal shares of ct for the places where x reaches its extremum, zeros elsewhere."""
    hit, count = _hits(xp, x, out, axes)
    share = (ct / count).astype(ct.dtype, copy=False)
    if len(axes) < x.ndim:
        share = share.reshape(kept_shape(x.shape, axes))
    return xp.where(hit, share, ct.dtype.type(0))[()]


def _hits_formula(
    np_: Any, t: Array, x: Array, out: Array, axes: tuple[int, ...]
) -> tuple[Array, Array]:
    """The places where the extremum is reached, and their number as that of floats."""
    if t.dtype.kind != "f":
        return NotImplemented, NotImplemented
    hit = x == out.reshape(kept_shape(x.shape, axes))
    one = t.dtype.type(1)
    return hit, np_.maximum(np_.sum(np_.where(hit, one, 0 * one), axis=axes), one)


def _mean_formula(np_: Any, t: Array, x: Array, out: Array, *, axes: tuple[int, ...]) -> Array:
    hit, count = _hits_formula(np_, t, x, out, axes)
    if hit is NotImplemented:
        return hit
    return np_.sum(np_.where(hit, t, t.dtype.type(0)), axis=axes) / count


def _spread_formula(np_: Any, ct: Array, x: Array, out: Array, *, axes: tuple[int, ...]) -> Array:
    hit, count = _hits_formula(np_, ct, x, out, axes)
    if hit is NotImplemented:
        return hit
    share = (ct / count).reshape(kept_shape(x.shape, axes))
    return np_.where(hit, share, ct.dtype.type(0))


def _hits_batch(itself: Callable[[], General]) -> Callable[..., Array]:
    def batch(
        size: int, args: Sequence[Array], batched: Sequence[bool], *, axes: tuple[int, ...]
    ) -> Array:
        full = [
            a if b else broadcast_to(a, (size, *a.shape))
            for a, b in zip(args, batched, strict=True)
        ]
        return itself()(*full, axes=shift_axes(axes))

    return batch


def _hits_cases(first: Callable[[Array, Array], tuple[int, ...]]) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        x = np.array([[1, 3, 2, 3], [2, 2, 5, 4], [5, 3, 5, 1]])
        for dtype, axes in (("f8", (1,)), ("f4", (0,)), ("c16", (0, 1)), ("f8", ())):
            out = np.max(x, axis=axes)
            yield Case(sample(rng, first(x, out), dtype, (-2, 2)), x, out, axes=axes)

    return cases


mean_of_hits: General = general(
    "mean_of_hits",
    mean_of_hits_values,
    formula=_mean_formula,
    abstract=lambda t, _x, out, *, axes: Aval(out.shape, t.dtype),
    jvp=(lambda t, _o, _t, x, out, *, axes: mean_of_hits(t, x, out, axes=axes), None, None),
    transpose=lambda ct, _t, x, out, *, flagged, axes: (
        spread_to_hits(ct, x, out, axes=axes),
        None,
        None,
    ),
    batch=_hits_batch(lambda: mean_of_hits),
    cases=_hits_cases(lambda x, _out: x.shape),
    jointly=True,
    linear_in=(0,),
    masks=True,
    fills=True,
    elements=Float64("divided by a number of equal elements, which are those of float64"),
    hazard=Hazard.NONE,
)
spread_to_hits: General = general(
    "spread_to_hits",
    spread_to_hits_values,
    formula=_spread_formula,
    abstract=lambda ct, x, _out, *, axes: Aval(x.shape, ct.dtype),
    jvp=(lambda t, _o, _ct, x, out, *, axes: spread_to_hits(t, x, out, axes=axes), None, None),
    transpose=lambda ct, _t, x, out, *, flagged, axes: (
        mean_of_hits(ct, x, out, axes=axes),
        None,
        None,
    ),
    batch=_hits_batch(lambda: spread_to_hits),
    cases=_hits_cases(lambda _x, out: np.shape(out)),
    jointly=True,
    linear_in=(0,),
    masks=True,
    fills=True,
    elements=Float64("divided by a number of equal elements, which are those of float64"),
    hazard=Hazard.NONE,
)


def _axes_source(function: str) -> Callable[..., str]:
    return lambda x, *, axes: f"np.{function}({x}, axis={axes})"


reduce_max: General = general(
    "reduce_max",
    _max_eval,
    abstract=_reduced,
    slope=mean_of_hits,
    batch=_batch("max"),
    cases=_cases(("f8", "f4", "i8")),
    masks=True,
    source=_axes_source("max"),
    elements=Picks(),
    single=True,
)
reduce_min: General = general(
    "reduce_min",
    _min_eval,
    abstract=_reduced,
    slope=mean_of_hits,
    batch=_batch("min"),
    cases=_cases(("f8", "f4", "i8")),
    masks=True,
    source=_axes_source("min"),
    elements=Picks(),
    single=True,
)


def _prod_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    return xp.prod(x, axis=axes)


def _prod_jvp(t: Array, _out: Array, x: Array, *, axes: tuple[int, ...]) -> Array:
    """Multiply pairs in a tree, values and tangents together: right where factors are zero."""
    rest = tuple(i for i in range(len(x.shape)) if i not in axes)
    shape = tuple(x.shape[i] for i in rest)
    perm = (*axes, *rest)
    x, t = transpose(x, perm=perm), transpose(t, perm=perm)
    n = 1
    for i in range(len(axes)):
        n *= x.shape[i]
    if n == 0:
        return reduce_sum(reshape(t, shape=(0, *shape)), axes=(0,))
    x, t = reshape(x, shape=(n, *shape)), reshape(t, shape=(n, *shape))
    while n > 1:
        even, odd = ((0, 2 * (n // 2), 2),), ((1, None, 2),)
        a, b = index(x, key=even), index(x, key=odd)
        a_t, b_t = index(t, key=even), index(t, key=odd)
        y, y_t = a * b, a_t * b + a * b_t
        if n % 2:
            last = ((n - 1, None, None),)
            y = concatenate(y, index(x, key=last), axis=0)
            y_t = concatenate(y_t, index(t, key=last), axis=0)
        x, t, n = y, y_t, (n + 1) // 2
    return reshape(t, shape=shape)


def _prod_abstract(x: Aval, *, axes: tuple[int, ...]) -> Aval:
    return Aval(reduced_shape(x.shape, axes), np.multiply.reduce(np.zeros(1, x.dtype)).dtype)


reduce_prod: General = general(
    "reduce_prod",
    _prod_eval,
    abstract=_prod_abstract,
    jvp=_prod_jvp,
    batch=_batch("prod"),
    cases=_cases(("f8", "f4", "c16", "i4"), (0.4, 2)),
    source=_axes_source("prod"),
    hazard=Hazard.PRODUCT,
    single=True,
)


def _any_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    return xp.any(x, axis=axes)


def _all_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    return xp.all(x, axis=axes)


reduce_any: General = general(
    "reduce_or",
    _any_eval,
    abstract=_reduced_bool,
    batch=_batch("any"),
    cases=_cases(("?", "f8")),
    nondifferentiable="the result is boolean",
    source=_axes_source("any"),
    single=True,
)
reduce_all: General = general(
    "reduce_and",
    _all_eval,
    abstract=_reduced_bool,
    batch=_batch("all"),
    cases=_cases(("?", "f8")),
    nondifferentiable="the result is boolean",
    source=_axes_source("all"),
    single=True,
)


def _arg_operator(name: str, function: str) -> General:
    def evaluate_max(xp: ArrayModule, x: Array, *, axis: int) -> Array:
        return xp.argmax(x, axis=axis)

    def evaluate_min(xp: ArrayModule, x: Array, *, axis: int) -> Array:
        return xp.argmin(x, axis=axis)

    def batch(_size: int, args: Sequence[Array], _batched: Sequence[bool], *, axis: int) -> Array:
        return _OPERATORS[function](args[0], axis=axis + 1)

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in ("f8", "i8", "f4"):
            for axis in (0, 1):
                yield Case(sample(rng, (3, 4), dtype, (-9, 9)), axis=axis)

    return general(
        name,
        evaluate_max if function == "argmax" else evaluate_min,
        abstract=lambda x, *, axis: Aval(reduced_shape(x.shape, (axis,)), np.intp),
        batch=batch,
        cases=cases,
        nondifferentiable="the result is an index",
        source=lambda x, *, axis: f"np.{function}({x}, axis={axis})",
    )


argmax: General = _arg_operator("argmax", "argmax")
argmin: General = _arg_operator("argmin", "argmin")


def _logsumexp_on_gpu(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    """The logarithm from x - max(x), unless the maximum is not finite."""
    if x.dtype == np.float16:
        return _logsumexp_on_gpu(xp, x.astype(np.float32), axes=axes).astype(x.dtype)
    if not x.size:
        return xp.log(xp.sum(x, axis=axes))
    top = xp.max(x, axis=axes, keepdims=True)
    top = xp.where(xp.isfinite(top), top, x.dtype.type(0))
    total = xp.log(xp.sum(xp.exp(x - top), axis=axes))
    return total + top.reshape(total.shape)


def _logsumexp_eval(xp: ArrayModule, x: Array, *, axes: tuple[int, ...]) -> Array:
    """The logarithm by its definition where exponentials stay in range, else from x - max(x)."""
    if x.dtype == np.float16:
        return _logsumexp_eval(xp, x.astype(np.float32), axes=axes).astype(x.dtype)
    with np.errstate(over="ignore"):
        total = xp.exp(x).sum(axis=axes)
    if not x.size:
        return xp.full_like(total, -np.inf)[()]
    if ((total > np.finfo(x.dtype).tiny ** 0.5) & (total < np.inf)).all():
        return xp.log(total)
    top = x.max(axis=axes, keepdims=True)
    finite = xp.isfinite(top)
    if not finite.all():
        top = xp.where(finite, top, xp.zeros((), top.dtype))
    below = x - top
    total = xp.exp(below, out=below if below.ndim else None).sum(axis=axes)
    if total.all():
        total = xp.log(total)
    else:
        with np.errstate(divide="ignore"):
            total = xp.log(total)
    return (total + top.reshape(total.shape))[()]


def _logsumexp_jvp(t: Array, out: Array, x: Array, *, axes: tuple[int, ...]) -> Array:
    """The mean of t with weights that are divided by their sum, 1 up to the output's rounding.

    The largest number stands for infinity: entries that are infinite share the weight.
    """
    largest, dtype = float(finfo(x.dtype).max), sum_dtype(x.dtype)
    top = minimum(cast(select(out == -np.inf, 0, out), dtype), largest)
    weights = np.exp(minimum(cast(x, dtype), largest) - keepdims(top, x, axes))
    total = reduce_sum(weights, axes=axes)
    return cast(reduce_sum(t * weights, axes=axes) / select(total == 0, 1, total), x.dtype)


logsumexp: General = general(
    "logsumexp",
    _logsumexp_eval,
    on_gpu=_logsumexp_on_gpu,
    formula=_logsumexp_on_gpu,
    abstract=_reduced,
    jvp=_logsumexp_jvp,
    batch=_batch("lse"),
    cases=_cases(("f8", "f4")),
    hazard=Hazard.SUM,
)

_OPERATORS = {
    "max": reduce_max,
    "min": reduce_min,
    "prod": reduce_prod,
    "any": reduce_any,
    "all": reduce_all,
    "lse": logsumexp,
    "argmax": argmax,
    "argmin": argmin,
}
