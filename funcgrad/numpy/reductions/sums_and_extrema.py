"""Sums, products, extrema and their positions, on tracers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import like
from ...core.primitive import Primitive
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...ops.reductions import reducing as reductions
from ...ops.shape import cast, convert, kept_shape, reduce_sum, reduced_shape, reshape
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..protocol import (
    REDUCTIONS,
    array,
    as_operand,
    axes_or_none,
    given,
    implements,
    inexact,
    refuse,
    with_axis,
)

Reduction = Callable[..., Array]
"""A function with the arguments of NumPy's reductions."""

_NONE: Any = np._NoValue


def masked(a: Array, where: ArrayLike, identity: float) -> Array:
    """The array with the identity of a reduction where ``where=`` leaves elements out."""
    if where is True or not given(where):
        return a
    return np.where(like(a, _mask_of(where, a)), a, a.dtype.type(identity))


def _mask_of(where: ArrayLike, a: Array) -> Array:
    """The mask that ``where=`` gives, which must not have more axes than the array."""
    mask = array(where)
    if np.broadcast_shapes(tuple(mask.shape), tuple(a.shape)) != tuple(a.shape):
        raise ValueError(
            f"where= of shape {tuple(mask.shape)} does not fit an array of shape {tuple(a.shape)}"
        )
    return mask


def with_kept_axes(out: Array, a: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    """The result of reducing an array, with the reduced axes as ones if ``keepdims=`` says so."""
    if keepdims is True or (given(keepdims) and keepdims):
        return reshape(out, shape=kept_shape(a.shape, axes))
    return out


def count_along(a: Array, axes: tuple[int, ...]) -> int:
    """The number of elements along some axes."""
    return math.prod(a.shape[i] for i in axes)


def plain_axes(a: ArrayLike, axis: Axes) -> tuple[int, ...] | None:
    """Normalised axes of a reduction of a traced array, where they are the most frequent ones."""
    if not isinstance(a, Tracer) or a.weak:
        return None
    ndim = a.ndim
    if axis is None:
        return tuple(range(ndim))
    return (axis,) if type(axis) is int and 0 <= axis < ndim else None


_COMBINE = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def _reduction(prim: Primitive, name: str, identity: float | None = None) -> Reduction:
    def reduce(
        a: ArrayLike,
        axis: Axes = None,
        dtype: DTypeLike | None = None,
        out: None = None,
        keepdims: bool = False,
        initial: ArrayLike = _NONE,
        where: ArrayLike = True,
    ) -> Array:
        if dtype is out is None and keepdims is False and initial is _NONE and where is True:
            axes = plain_axes(a, axis)
            if axes is not None:
                return prim(a, axes=axes)
        refuse(f"np.{name}", out=out)
        x = as_operand(a)
        if dtype is not None:
            x = cast(x, np.dtype(dtype))
        if identity is not None:
            x = masked(x, where, identity)
        elif where is not True and given(where):
            if not given(initial):
                raise ValueError(f"np.{name} with where= needs initial=, as NumPy's does")
            x = np.where(_mask_of(where, x), x, convert(initial, dtype=x.dtype))
        axes = axes_or_none(axis, len(x.shape))
        if identity is None and given(initial) and not count_along(x, axes):
            shape = reduced_shape(x.shape, axes)
            result = np.broadcast_to(convert(initial, dtype=x.dtype), shape)
            return with_kept_axes(result if shape else as_operand(result)[()], x, axes, keepdims)
        result = with_kept_axes(prim(x, axes=axes), x, axes, keepdims)
        if dtype is not None:  # the operator adds small integers in the default ones
            result = cast(result, np.dtype(dtype))
        if given(initial):
            result = _COMBINE[name](result, convert(initial, dtype=result.dtype))
        return result

    reduce.__name__ = reduce.__qualname__ = name
    return reduce


sum: Reduction = implements(np.sum)(_reduction(reduce_sum, "sum", 0))
prod: Reduction = implements(np.prod)(_reduction(reductions.reduce_prod, "prod", 1))
_max = _reduction(reductions.reduce_max, "max")
_min = _reduction(reductions.reduce_min, "min")


def _extremum(reduce: Reduction) -> Reduction:
    def extremum(
        a: ArrayLike,
        axis: Axes = None,
        out: None = None,
        keepdims: bool = False,
        initial: ArrayLike = _NONE,
        where: ArrayLike = True,
    ) -> Array:
        return reduce(a, axis, None, out, keepdims, initial, where)

    return extremum


max: Reduction = implements(np.max, np.amax)(_extremum(_max))
min: Reduction = implements(np.min, np.amin)(_extremum(_min))


def _truth(prim: Primitive, name: str, identity: bool) -> Reduction:
    def reduce(
        a: ArrayLike,
        axis: Axes = None,
        out: None = None,
        keepdims: bool = False,
        where: ArrayLike = True,
    ) -> Array:
        refuse(f"np.{name}", out=out)
        a = as_operand(a)
        a = a if a.dtype.kind == "b" else a != 0
        a = masked(a, where, identity)
        axes = axes_or_none(axis, len(a.shape))
        return with_kept_axes(prim(a, axes=axes), a, axes, keepdims)

    return reduce


any: Reduction = implements(np.any)(_truth(reductions.reduce_any, "any", False))
all: Reduction = implements(np.all)(_truth(reductions.reduce_all, "all", True))


@implements(np.ptp)
def ptp(a: ArrayLike, axis: Axes = None, out: None = None, keepdims: bool = False) -> Array:
    """The largest less the smallest element along axes."""
    refuse("np.ptp", out=out)
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


@implements(np.count_nonzero)
def count_nonzero(a: ArrayLike, axis: Axes = None, *, keepdims: bool = False) -> Array:
    """The number of elements along axes that are not zero."""
    return sum(cast(array(a) != 0, np.dtype(np.int64)), axis=axis, keepdims=keepdims)


def _position(prim: Primitive, name: str) -> Reduction:
    def position(
        a: ArrayLike, axis: int | None = None, out: None = None, *, keepdims: bool = False
    ) -> Array:
        refuse(f"np.{name}", out=out)
        a = as_operand(a)
        x, k = with_axis(a, axis)
        result = prim(x, axis=k)
        if given(keepdims) and keepdims:
            return reshape(result, shape=kept_shape(a.shape, axes_or_none(axis, len(a.shape))))
        return result

    return position


argmax: Reduction = implements(np.argmax)(_position(reductions.argmax, "argmax"))
argmin: Reduction = implements(np.argmin)(_position(reductions.argmin, "argmin"))


@user_facing
def logsumexp(a: ArrayLike, axis: Axes = None, keepdims: bool = False) -> Array:
    """log(sum(exp(a))), computed without overflow.

    Args:
        a: real array.
        axis: axis or axes to sum over; None is all.
        keepdims: keep the reduced axes as ones.

    Returns:
        The array of results.

    >>> logsumexp(np.array([1000.0, 1000.0]))
    np.float64(1000.6931471805599)
    """
    a = inexact(a)
    axes = axes_or_none(axis, len(a.shape))
    return with_kept_axes(reductions.logsumexp(a, axes=axes), a, axes, keepdims)


def _ufunc_reduce(reduce: Reduction) -> Reduction:
    def method(
        a: ArrayLike,
        axis: Axes = 0,
        dtype: DTypeLike | None = None,
        keepdims: bool = False,
        initial: ArrayLike = _NONE,
        where: ArrayLike = True,
    ) -> Array:
        return reduce(a, axis, dtype, None, keepdims, initial, where)

    return method


REDUCTIONS.update(
    {
        np.add: _ufunc_reduce(sum),
        np.multiply: _ufunc_reduce(prod),
        np.maximum: _ufunc_reduce(_max),
        np.minimum: _ufunc_reduce(_min),
        np.logical_and: lambda a, axis=0, keepdims=False, **_: all(a, axis, keepdims=keepdims),
        np.logical_or: lambda a, axis=0, keepdims=False, **_: any(a, axis, keepdims=keepdims),
        np.logaddexp: lambda a, axis=0, keepdims=False, **_: logsumexp(a, axis, keepdims),
    }
)
