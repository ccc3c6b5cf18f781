"""Statistics of samples: ranks, modes, and standard errors."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...arrays import like
from ...core.dtypes import kind_of
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.protocol import as_operand, axes_or_none, axis_of
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise.comparison import select
from ...ops.reductions.cumulative import cummax, cummin
from ...ops.shape import cast, reshape
from ...ops.structural.stop import stop
from ...typing import Array, ArrayLike, Axes
from ..arguments import one_of

METHODS = ("average", "min", "max", "dense", "ordinal")
POLICIES = ("propagate", "omit")


class ModeResult(NamedTuple):
    """The most frequent values, and how often they are there."""

    mode: Array
    count: Array  # type: ignore[assignment]  # SciPy's name, too, hides that of tuples


def _flat_or_axis(x: Array, axis: int | None) -> tuple[Array, int]:
    if axis is None or not len(x.shape):
        return reshape(x, shape=(x.size,)), 0
    return x, axis_of(axis, len(x.shape))


def _nan(x: Array) -> Array | None:
    """Where a number is none, if there may be any."""
    return np.isnan(x) if kind_of(x.dtype) in "fc" else None


def _runs(ordered: Array) -> tuple[Array, Array, Array]:
    """For each element of sorted ones the first and last place of equal ones, and where runs start.

    NaN is equal to NaN.
    """
    n = ordered.shape[-1]
    new = ordered[..., 1:] != ordered[..., :-1]
    none = _nan(ordered)
    if none is not None:
        new = new & ~(none[..., 1:] & none[..., :-1])
    end = np.ones_like(ordered[..., :1], dtype=bool)
    starts = np.concatenate([end, new], axis=-1)
    stops = np.concatenate([new, end], axis=-1)
    places = like(ordered, np.arange(n))
    last = len(ordered.shape) - 1
    low = cummax(np.where(starts, places, 0), axis=last, reverse=False)
    high = cummin(np.where(stops, places, n), axis=last, reverse=True)
    return low, high, starts


@user_facing
def rankdata(
    a: ArrayLike,
    method: str = "average",
    *,
    axis: int | None = None,
    nan_policy: str = "propagate",
) -> Array:
    """Ranks from 1 on.

    Args:
        a: array.
        method: what equal numbers get: 'average', 'min' or 'max' of their places, 'dense' for
            ranks without gaps, or 'ordinal' for their order.
        axis: the axis; None ranks all numbers together, and gives a vector.
        nan_policy: 'propagate' for ranks of NaN where there is a NaN among the numbers, or 'omit'
            for NaN in its place. Whole ranks cannot be NaN, which is the largest number there.

    Returns:
        The ranks: float64 with 'average' and 'omit', else int64. They have the derivative 0.

    Raises:
        ValueError: there is no such method or policy.

    >>> rankdata([0, 2, 3, 2])
    array([1. , 2.5, 4. , 2.5])
    """
    one_of("rankdata", "method", method, METHODS)
    one_of("rankdata", "nan_policy", nan_policy, POLICIES)
    x, place = _flat_or_axis(as_operand(a), axis)
    x = np.moveaxis(stop(x), place, -1)
    order = np.argsort(x, axis=-1, kind="stable")
    places = np.argsort(order, axis=-1, kind="stable")
    if method == "ordinal":
        ranks = places + 1
    else:
        low, high, starts = _runs(np.take_along_axis(x, order, axis=-1))
        found = {
            "min": low + 1,
            "max": high + 1,
            "average": 0.5 * (low + high) + 1,
            "dense": np.cumsum(starts, axis=-1),
        }[method]
        ranks = np.take_along_axis(found, places, axis=-1)
    none = _nan(x)
    fractions = method == "average" or (nan_policy == "omit" and none is not None)
    ranks = cast(as_operand(ranks), np.dtype(np.float64 if fractions else np.int64))
    if fractions and none is not None:
        if nan_policy == "propagate":
            none = np.any(none, axis=-1, keepdims=True)
        ranks = select(none, np.nan, ranks)
    return np.moveaxis(ranks, -1, place)


@user_facing
def mode(
    a: ArrayLike,
    axis: int | None = 0,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> ModeResult:
    """The most frequent value, the smallest one of several.

    Args:
        a: array.
        axis: the axis; None for all numbers.
        nan_policy: 'propagate' to count NaN like another number, larger than all, as SciPy does,
            or 'omit' to leave it out.
        keepdims: keep the axis as one of length 1.

    Returns:
        (mode, count).

    Raises:
        ShapeError: there are no numbers.
        ValueError: there is no such policy.

    >>> mode([3, 1, 3, 2]).mode
    np.int64(3)
    """
    one_of("mode", "nan_policy", nan_policy, POLICIES)
    x = as_operand(a)
    ndim = len(x.shape)
    flat, place = _flat_or_axis(x, axis)
    if not flat.shape[place]:
        raise ShapeError(f"mode of no numbers: axis {axis} of shape {tuple(x.shape)}")
    ordered = np.sort(np.moveaxis(flat, place, -1), axis=-1)
    fixed = stop(ordered)
    low, high, _ = _runs(fixed)
    counts = high - low + 1
    none = _nan(fixed)
    if nan_policy == "omit" and none is not None:
        counts = select(none, 0, counts)
    where = np.argmax(counts, axis=-1)[..., None]
    value = np.take_along_axis(ordered, where, axis=-1)
    count = np.take_along_axis(counts, where, axis=-1)
    if keepdims:
        if axis is None:
            shape: tuple[int, ...] = (1,) * ndim
            return ModeResult(reshape(value, shape=shape), reshape(count, shape=shape))
        return ModeResult(np.moveaxis(value, -1, place), np.moveaxis(count, -1, place))
    rest = tuple(value.shape[:-1])
    return ModeResult(reshape(value, shape=rest), reshape(count, shape=rest))


@user_facing
def sem(
    a: ArrayLike,
    axis: Axes = 0,
    ddof: int = 1,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Array:
    """The standard error of the mean.

    Args:
        a: array.
        axis: the axis or axes; None for all numbers.
        ddof: what is subtracted from the number of samples.
        nan_policy: 'propagate', or 'omit' to leave NaN out.
        keepdims: keep the axes as ones of length 1.

    Returns:
        The standard deviation over the square root of the number of samples.

    Raises:
        ValueError: there is no such policy.

    >>> sem([1.0, 3.0])
    np.float64(1.0)
    """
    one_of("sem", "nan_policy", nan_policy, POLICIES)
    (x,) = real_floats("sem", a)
    axes = axes_or_none(axis, len(x.shape))
    if nan_policy == "omit":
        count = np.sum(cast(~np.isnan(x), x.dtype), axis=axes, keepdims=keepdims)
        return np.nanstd(x, axis=axes, ddof=ddof, keepdims=keepdims) / np.sqrt(count)
    count = math.prod(x.shape[i] for i in axes)
    return np.std(x, axis=axes, ddof=ddof, keepdims=keepdims) / x.dtype.type(count) ** 0.5
