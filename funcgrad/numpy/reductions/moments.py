"""Means, variances and standard deviations, on tracers."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...core.dtypes import is_inexact, is_narrow, real_dtype, sum_dtype
from ...errors import ConcretizationError
from ...ops.linalg.norms import vector_norm
from ...ops.shape import cast, reduce_sum, reshape
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..protocol import (
    array,
    as_operand,
    axes_of,
    axes_or_none,
    axis_of,
    given,
    implements,
    inexact,
    promoted,
    refuse,
)
from .sums_and_extrema import count_along, masked, plain_axes, sum, with_kept_axes

_NONE: Any = np._NoValue


def _counted(a: Array, axes: tuple[int, ...], where: ArrayLike, keepdims: bool) -> int | Array:
    """The number of elements of which each result of a reduction is made."""
    if where is True or not given(where):
        return count_along(a, axes)
    mask = np.broadcast_to(array(where), a.shape)
    count = with_kept_axes(reduce_sum(mask, axes=axes), a, axes, keepdims)
    return cast(count, _real_dtype(a))


def _real_dtype(a: Array) -> np.dtype:
    return real_dtype(a.dtype)


def _inexact_or(a: ArrayLike, dtype: DTypeLike | None) -> Array:
    """The array in a dtype that was asked for, by default in floating point."""
    return inexact(a) if dtype is None else cast(as_operand(a), np.dtype(dtype))


def _wide(a: Array) -> Array:
    """The array in the type in which its sums and counts are formed."""
    return cast(a, sum_dtype(a.dtype))


def _axes_of_moment(axis: Axes, a: Array, where: ArrayLike) -> tuple[int, ...]:
    """The axes of a mean or variance, of which NumPy takes axis=0 of a number with where= only."""
    is_masked = where is not True and given(where)
    return (axes_or_none if is_masked else axes_of)(axis, len(a.shape))


@implements(np.mean)
def mean(
    a: ArrayLike,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: ArrayLike = True,
) -> Array:
    """The mean over axes; float16 is summed in float32."""
    axes = plain_axes(a, axis)
    if axes is not None and dtype is out is None and keepdims is False and where is True:
        if is_inexact(a.dtype) and a.dtype.itemsize > 2:  # type: ignore[union-attr]
            return reduce_sum(a, axes=axes) / count_along(a, axes)  # type: ignore[arg-type,return-value]
    refuse("np.mean", out=out)
    a = _inexact_or(a, dtype)
    axes = _axes_of_moment(axis, a, where)
    wide = _wide(a)
    total = sum(wide, axis=axes, keepdims=keepdims, where=where)
    return cast(total / _counted(wide, axes, where, keepdims), a.dtype)


def _weights_along(weights: Array, a: Array, axis: Axes) -> Array:
    """Weights of some axes as an array of the shape of a."""
    given_axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis or ())
    places = [axis_of(k, len(a.shape)) for k in given_axes]
    if tuple(weights.shape) != tuple(a.shape[k] for k in places):
        raise ValueError(
            f"np.average: weights of shape {tuple(weights.shape)} need axis= the axes of "
            f"{tuple(a.shape)} that they belong to"
        )
    weights = np.transpose(weights, np.argsort(places))
    shape = tuple(d if k in places else 1 for k, d in enumerate(a.shape))
    return np.broadcast_to(reshape(weights, shape=shape), a.shape)


def _check_weights(scale: Array, none: bool) -> None:
    """Raise for weights whose sum is zero, if that can be known."""
    try:
        zero = none or (scale.size and bool(np.any(scale == 0)))
    except ConcretizationError:
        return
    if zero:
        raise ZeroDivisionError("np.average: weights sum to zero, can't be normalized")


@implements(np.average)
def average(
    a: ArrayLike,
    axis: Axes = None,
    weights: ArrayLike | None = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Array | tuple[Array, Array]:
    """The average over axes, weighted or not, with the sum of weights if asked for."""
    a = as_operand(a)
    keepdims = bool(given(keepdims) and keepdims)
    if weights is None:
        out = mean(a, axis, keepdims=keepdims)
        if not out.size:
            raise ZeroDivisionError("np.average: the result has no elements")
        if not returned:
            return out
        count = _counted(a, axes_of(axis, len(a.shape)), True, False)
        return out, np.full(out.shape, count, out.dtype)[()]
    out, scale = weighted_average(a, weights, axis, keepdims)
    return (out, scale) if returned else out


def weighted_average(
    a: Array, weights: ArrayLike, axis: Axes, keepdims: bool = False
) -> tuple[Array, Array]:
    """A weighted average, and the sum of the weights."""
    axes = axes_of(axis, len(a.shape))
    weights = as_operand(weights)
    short = weights.shape != a.shape
    if short:
        weights = _weights_along(weights, a, axis)
    dtype = promoted(a, weights)
    a, weights = _wide(a), _wide(weights)
    scale = sum(weights, axis=axis, keepdims=keepdims)
    _check_weights(scale, not count_along(a, axes) and (short or bool(scale.size)))
    out = sum(a * weights, axis=axis, keepdims=keepdims) / scale
    if is_narrow(dtype):
        out, scale = cast(out, dtype), cast(scale, dtype)
    return out, scale


@implements(np.var)
def var(
    a: ArrayLike,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: ArrayLike = True,
    mean: Array | float = _NONE,
    correction: float = _NONE,
) -> Array:
    """The variance over axes, about the mean or a center that is given."""
    refuse("np.var", out=out)
    a = _inexact_or(a, dtype)
    axes = _axes_of_moment(axis, a, where)
    wide = _wide(a)
    away = _deviations(wide, axes, where, mean)
    count = _counted(wide, axes, where, keepdims)
    free = _freedom(count, correction if given(correction) else ddof)
    squares = (away * np.conj(away)).real if away.dtype.kind == "c" else away * away
    total = sum(squares, axis=axes, keepdims=keepdims, where=where)
    return cast(total / free, _real_dtype(a))


def _deviations(a: Array, axes: tuple[int, ...], where: ArrayLike, center: Array | float) -> Array:
    """The array less its mean, or less a center that is given."""
    return a - (center if given(center) else mean(a, axes, keepdims=True, where=where))


def _freedom(count: int | Array, ddof: float) -> float | Array:
    """Degrees of freedom: the numbers that there are less ``ddof``, and not below zero."""
    free = count - ddof
    return np.maximum(free, 0) if hasattr(free, "dtype") else builtins.max(free, 0)


@implements(np.std)
def std(
    a: ArrayLike,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    out: None = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: ArrayLike = True,
    mean: Array | float = _NONE,
    correction: float = _NONE,
) -> Array:
    """The standard deviation over axes: the root of the variance."""
    refuse("np.std", out=out)
    a = _inexact_or(a, dtype)
    axes = _axes_of_moment(axis, a, where)
    wide = _wide(a)
    away = masked(_deviations(wide, axes, where, mean), where, 0)
    count = _counted(wide, axes, where, keepdims)
    free = _freedom(count, correction if given(correction) else ddof)
    if isinstance(free, int | float) and free > 0:
        length = vector_norm(away, axes=axes, order=2, count=free)
        return cast(with_kept_axes(length, a, axes, keepdims), _real_dtype(a))
    length = with_kept_axes(vector_norm(away, axes=axes, order=2), a, axes, keepdims)
    return cast(length / np.sqrt(free), _real_dtype(a))
