"""Linear interpolation, on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dtypes import result_type
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .differences import diff
from .indexing.taking import take
from .protocol import as_operand, holds_tracer, implements


@implements(np.interp)
def interp(
    x: ArrayLike,
    xp: ArrayLike,
    fp: ArrayLike,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    period: Any = None,
) -> Array:
    """Linear interpolation between samples, constant outside of them unless period= is given."""
    places, sampled_at, values = as_operand(x), as_operand(xp), as_operand(fp)
    if "c" in (places.dtype.kind, sampled_at.dtype.kind):
        raise TypeError("np.interp: places must be real numbers")
    if not holds_tracer(period) and period is not None and period == 0:
        raise ValueError("np.interp: period must not be 0")
    if 0 in places.shape and sampled_at.shape == values.shape == (0,):
        # Nothing from nothing: an error before NumPy 2.5, an empty array since then.
        return np.interp(np.zeros(places.shape), np.zeros(0), np.zeros(0, values.dtype))
    if len(sampled_at.shape) != 1 or sampled_at.shape != values.shape or not values.size:
        raise ValueError(
            f"np.interp: samples of shapes {tuple(sampled_at.shape)} and {tuple(values.shape)} "
            "need one axis of one length"
        )
    places, sampled_at = (cast(a, np.dtype(float)) for a in (places, sampled_at))
    values = cast(values, result_type(values.dtype, float))
    if period is not None:
        places, sampled_at, values = _unrolled(places, sampled_at, values, abs(period))
        left = right = None
    i = np.clip(np.searchsorted(sampled_at, places, side="right"), 1, sampled_at.shape[0] - 1)
    x0, f0 = take(sampled_at, i - 1, 0), take(values, i - 1, 0)
    slopes = _secants(sampled_at, values)
    # At a sample the slopes on both sides give the value; of all between them, the smallest.
    between = _nearest_to_zero(slopes[:-1], slopes[1:])
    table = np.concatenate([slopes, np.zeros(1, slopes.dtype), between])
    slope = take(table, i - 1 + (places == x0) * slopes.shape[0], 0)
    out = f0 + (places - x0) * slope
    out = np.where(places <= sampled_at[0], values[0], out)
    out = np.where(places >= sampled_at[-1], values[-1], out)
    if left is not None:
        out = np.where(places < sampled_at[0], left, out)
    return out if right is None else np.where(places > sampled_at[-1], right, out)


def _secants(xp: Array, fp: Array) -> Array:
    """The slopes between samples, 0 where two have one place."""
    width = diff(xp)
    flat = width == 0
    return np.where(flat, 0, diff(fp) / np.where(flat, 1, width))


def _nearest_to_zero(a: Array, b: Array) -> Array:
    """Of the numbers between a and b the one of least size."""
    smaller = np.where(abs(a) < abs(b), a, b)
    return np.where((np.real(a) > 0) == (np.real(b) > 0), smaller, 0)


def _unrolled(x: Array, xp: Array, fp: Array, period: float | Array) -> tuple[Array, Array, Array]:
    """Positions within one period, and the samples with one more at either end."""
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = take(xp, order, 0), take(fp, order, 0)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])
