"""Runs of equal elements in rows, where values cannot be looked at: on arrays of a device.

A run is a stretch of the last axis. All shapes are known beforehand, and what is in one run never
reaches another, as infinities would in differences of cumulative sums.
"""

from __future__ import annotations

from collections.abc import Callable

from ...arrays import ArrayModule
from ...typing import Array


def starts_of_runs(xp: ArrayModule, x: Array) -> Array:
    """A mask of the elements that differ from the one before."""
    first = xp.ones(x.shape, bool)
    first[..., 1:] = x[..., 1:] != x[..., :-1]
    return first


def bounds_of_runs(xp: ArrayModule, first: Array) -> tuple[Array, Array]:
    """For each element, flat, the places where its run starts and where the next one does."""
    number = xp.cumsum(first.reshape(-1))
    return xp.searchsorted(number, number), xp.searchsorted(number, number, "right")


def running_sums_of_runs(xp: ArrayModule, x: Array, run: Array) -> Array:
    """Cumulative sums that begin anew where the number of the run changes."""
    step, zero = 1, x.dtype.type(0)
    while step < x.shape[-1]:
        same = run[..., step:] == run[..., :-step]
        carried = x[..., step:] + xp.where(same, x[..., :-step], zero)
        x = xp.concatenate([x[..., :step], carried], axis=-1)
        step *= 2
    return x


def running_picks(xp: ArrayModule, pick: Callable[..., Array], x: Array, axis: int) -> Array:
    """Cumulative maxima or minima, by doubling distances."""
    before, step, n = (slice(None),) * axis, 1, x.shape[axis]
    if n < 2:
        return x.copy()
    while step < n:
        head = x[(*before, slice(None, step))]
        picked = pick(x[(*before, slice(step, None))], x[(*before, slice(None, -step))])
        x = xp.concatenate([head, picked], axis=axis)
        step *= 2
    return x
