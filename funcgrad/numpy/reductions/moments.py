"""Weighted means, variances and standard deviations, on tracers."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...core.dtypes import is_narrow, real_dtype
from ...errors import ConcretizationError
from ...ops.linalg.norms import vector_norm
from ...ops.shape import cast, reshape
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..protocol import (
    as_operand,
    axes_of,
    axis_of,
    given,
    implements,
    promoted,
    refuse,
)
from .means import axes_of_moment, counted, in_wide, inexact_or, mean
from .sums_and_extrema import count_along, masked, sum, with_kept_axes

_NONE: Any = np._NoValue


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
        count = counted(a, axes_of(axis, len(a.shape)), True, False)
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
    a, weights = in_wide(a), in_wide(weights)
    scale = sum(weights, axis=axis, keepdims=keepdims)
    _check_weights(scale, not count_along(a, axes) and (short or bool(scale.size)))
    out = sum(a * weights, axis=axis, keepdims=keepdims) / scale
    if is_narrow(dtype):
        out = cast(out, dtype)
    return out, cast(scale, out.dtype)


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
    a = inexact_or(a, dtype)
    axes = axes_of_moment(axis, a, where)
    wide = in_wide(a)
    away = _deviations(wide, axes, where, mean)
    count = counted(wide, axes, where, keepdims)
    free = _freedom(count, correction if given(correction) else ddof)
    squares = (away * np.conj(away)).real if away.dtype.kind == "c" else away * away
    total = sum(squares, axis=axes, keepdims=keepdims, where=where)
    return cast(total / free, _dtype_of_moment(a, mean))


def _dtype_of_moment(a: Array, center: Array | float) -> Any:
    """The dtype of a variance, in which a center that is given has a say."""
    return real_dtype(promoted(a, as_operand(center)) if given(center) else a.dtype)


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
    a = inexact_or(a, dtype)
    axes = axes_of_moment(axis, a, where)
    wide = in_wide(a)
    away = masked(_deviations(wide, axes, where, mean), where, 0)
    count = counted(wide, axes, where, keepdims)
    free = _freedom(count, correction if given(correction) else ddof)
    if isinstance(free, int | float) and free > 0:
        length = vector_norm(away, axes=axes, order=2, count=free)
        return cast(with_kept_axes(length, a, axes, keepdims), _dtype_of_moment(a, mean))
    length = with_kept_axes(vector_norm(away, axes=axes, order=2), a, axes, keepdims)
    return cast(length / np.sqrt(free), _dtype_of_moment(a, mean))
