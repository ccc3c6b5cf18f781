"""Sorting, order statistics, and taking elements along an axis by computed positions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Float64, Hazard, Picks
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general, sample
from ..shape import broadcast, broadcast_to, reshape, wider
from ..structural.argsort import argsort, order_cases
from ..structural.gather import gather, scatter
from .runs import bounds_of_runs, running_sums_of_runs, starts_of_runs


def take_along(x: Array, idx: Array, axis: int) -> Array:
    """The elements of x at positions idx along one axis, as np.take_along_axis takes them."""
    return gather(x, *_places_along(x, idx, axis))


def put_along(x: Array, idx: Array, values: Array, axis: int) -> Array:
    """A copy of x with values at positions idx along one axis, the other axes side by side."""
    return scatter(x, values, *_places_along(x, idx, axis), op="set")


def _places_along(x: Array, idx: Array, axis: int) -> list[Array]:
    """Index arrays for all axes, from one that says where along one of them."""
    ndim = len(x.shape)
    shape = list(idx.shape)
    for i in range(ndim):
        if i != axis and shape[i] == 1:
            shape[i] = x.shape[i]
    full = tuple(shape)
    grids = []
    for i in range(ndim):
        if i == axis:
            grids.append(broadcast_to(idx, full))
            continue
        axes = [1] * ndim
        axes[i] = full[i]
        places = np.arange(full[i]) if x.shape[i] != 1 else np.zeros(full[i], np.intp)
        grids.append(np.broadcast_to(places.reshape(axes), full))
    return grids


def _sort_eval(xp: ArrayModule, x: Array, *, axis: int, descending: bool) -> Array:
    out = xp.sort(x, axis=axis)
    return xp.flip(out, axis) if descending else out


def means_of_equals(xp: ArrayModule, t: Array, x: Array, *, axis: int) -> Array:
    """Every element of t replaced by the mean of those where x, which is sorted, has its value."""
    first = starts_of_runs(xp, xp.moveaxis(x, axis, -1))
    if xp is not np:
        return xp.moveaxis(_means_in_rows(xp, xp.moveaxis(t, axis, -1), first), -1, axis)
    if first.all():
        return t.copy()
    moved = xp.moveaxis(t, axis, -1)
    first = first.reshape(-1)
    starts = xp.flatnonzero(first)
    dtype = wider(t.dtype)
    counts = xp.diff(xp.append(starts, first.size)).astype(wider(t.real.dtype))
    means = xp.add.reduceat(moved.reshape(-1).astype(dtype, copy=False), starts) / counts
    means = means.astype(t.dtype, copy=False)
    return xp.moveaxis(means[xp.cumsum(first) - 1].reshape(moved.shape), -1, axis)


def _means_in_rows(xp: ArrayModule, t: Array, first: Array) -> Array:
    """Means of runs for arrays of a device, row by row."""
    dtype = wider(t.dtype)
    start, stop = bounds_of_runs(xp, first)
    sums = running_sums_of_runs(xp, t.astype(dtype, copy=False), start.reshape(t.shape))
    means = sums.reshape(-1)[stop - 1] / (stop - start).astype(wider(t.real.dtype))
    return means.reshape(t.shape).astype(t.dtype, copy=False)


def _means_batch(size: int, args: Sequence[Array], batched: Sequence[bool], *, axis: int) -> Array:
    t, x = (
        a if is_batched else broadcast(a, shape=(size, *a.shape))
        for a, is_batched in zip(args, batched, strict=True)
    )
    return mean_of_equals(t, x, axis=axis + 1)


def _means_cases(rng: np.random.Generator) -> Iterator[Case]:
    x = np.array([[1, 2, 2, 2, 5], [3, 3, 4, 5, 5]])
    for dtype in ("f8", "f4", "c16"):
        yield Case(sample(rng, (2, 5), dtype, (-2, 2)), x, axis=1)
    yield Case(sample(rng, (5, 2), "f8", (-2, 2)), x.T, axis=0)


# Where numbers are equal, their order is any: the mean over all orders has the least norm.
mean_of_equals: General = general(
    "mean_of_equals",
    means_of_equals,
    abstract=lambda t, _x, **_: Aval(t.shape, t.dtype),
    jvp=(lambda t, _o, _t, x, *, axis: mean_of_equals(t, x, axis=axis), None),
    transpose=lambda ct, _t, x, *, flagged, axis: (mean_of_equals(ct, x, axis=axis), None),
    batch=_means_batch,
    cases=_means_cases,
    elements=Float64("divided by a number of equal elements, which are those of float64"),
    hazard=Hazard.NONE,
)


def _sort_jvp(t: Array, out: Array, x: Array, *, axis: int, descending: bool) -> Array:
    ordered = take_along(t, argsort(x, axis=axis, descending=descending), axis)
    return mean_of_equals(ordered, out, axis=axis)


sort: General = general(
    "sort",
    _sort_eval,
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    jvp=_sort_jvp,
    batch=lambda _size, args, _batched, *, axis, descending: sort(
        args[0], axis=axis + 1, descending=descending
    ),
    cases=order_cases(("f8", "f4", "i8")),
    masks=True,
    elements=Picks(),
)


LONG_LINE = 128
"""Of longer lines a part that is small is found without sorting the rest."""


def _top_k_eval(xp: ArrayModule, x: Array, *, k: int) -> tuple[Array, Array]:
    n = x.shape[-1]
    if xp is np and n > LONG_LINE and 0 < 8 * k < n and x.dtype.kind in "fiu":
        largest = _largest(x, k)
        if largest is not None:
            found = np.take_along_axis(x, largest, -1)
            order = _descending(np, found)
            return np.take_along_axis(found, order, -1), np.take_along_axis(largest, order, -1)
    idx = _descending(xp, x)[..., :k]
    return xp.take_along_axis(x, idx, -1), idx


def _descending(xp: ArrayModule, x: Array) -> Array:
    """The places of numbers from the largest on, of equal ones the first one before."""
    order = xp.flip(xp.argsort(xp.flip(x, -1), axis=-1, kind="stable"), -1)
    return x.shape[-1] - 1 - order


def _largest(x: np.ndarray, k: int) -> np.ndarray | None:
    """The places of the k largest numbers in order of places; None if equal ones leave a choice."""
    n = x.shape[-1]
    places = np.argpartition(x, n - k, axis=-1)[..., n - k :]
    found = np.take_along_axis(x, places, -1)
    least = found[..., :1]
    unknown = np.isnan(least)

    def count(part: np.ndarray) -> np.ndarray:
        """How many numbers are the least one, which may be NaN."""
        equal = part == least
        if unknown.any():
            equal |= np.isnan(part) & unknown
        return np.count_nonzero(equal, axis=-1)

    return np.sort(places, axis=-1) if np.array_equal(count(x), count(found)) else None


def _top_k_abstract(x: Aval, *, k: int) -> tuple[Aval, Aval]:
    shape = (*x.shape[:-1], k)
    return Aval(shape, x.dtype), Aval(shape, np.intp)


top_k: General = general(
    "top_k",
    _top_k_eval,
    abstract=_top_k_abstract,
    jvp=lambda t, out, x, *, k: (take_along(t, out[1], len(x.shape) - 1), None),
    batch=lambda _size, args, _batched, *, k: top_k(args[0], k=k),
    cases=lambda rng: [
        Case(sample(rng, s, dt, (-9, 9)), k=2)
        for dt, s in (("f8", (4,)), ("f4", (3, 5)), ("i8", (2, 4)))
    ],
    multiple=True,
    masks=True,
    elements=Picks(),
)


def search_positions(xp: ArrayModule, a: Array, v: Array, *, side: str) -> Array:
    """The places of values in sorted arrays, row by row of the leading axes."""
    if a.ndim == 1:
        return xp.searchsorted(a, v, side)
    rows = math.prod(a.shape[:-1])
    flat_a = a.reshape(rows, a.shape[-1])
    flat_v = v.reshape(rows, math.prod(v.shape) // max(rows, 1))
    found = [xp.searchsorted(r, w, side) for r, w in zip(flat_a, flat_v)]
    return xp.stack(found).reshape(v.shape) if found else xp.zeros(v.shape, xp.intp)


def _search_batch(size: int, args: Sequence[Array], batched: Sequence[bool], *, side: str) -> Array:
    a, v = args
    if not batched[0]:
        return searchsorted(a, v, side=side)
    if not batched[1]:
        v = broadcast_to(v, (size, *v.shape))
    lead = tuple(a.shape[:-1])
    if len(v.shape) < len(lead) + 1:
        shape = tuple(v.shape)
        v = reshape(v, shape=(*shape, *(1,) * (len(lead) + 1 - len(shape))))
        return reshape(searchsorted(a, v, side=side), shape=shape)
    return searchsorted(a, v, side=side)


searchsorted: General = general(
    "searchsorted",
    search_positions,
    abstract=lambda a, v, *, side: Aval(v.shape, np.intp),
    batch=_search_batch,
    cases=lambda rng: [
        Case(np.sort(rng.standard_normal(5)), rng.standard_normal((2, 3)), side=side)
        for side in ("left", "right")
    ],
    nondifferentiable="the result is an index",
)
