"""Histograms, on tracers. Counts have no derivative; sums of weights, and edges, have one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ...arrays import device_get, like
from ...core.arguments import is_integer
from ...core.dtypes import is_inexact, result_type
from ...core.tracing import Tracer, shape_of, value_behind
from ...ops.pointwise.comparison import select
from ...ops.shape import cast, reshape
from ...ops.structural.gather import scatter_add
from ...typing import Array, ArrayLike
from ..protocol import array, as_operand, implements
from .ordering import searchsorted

Interval: TypeAlias = "Sequence[ArrayLike] | None"
_numpy: Any = np
_INTP = np.dtype(np.intp)


def _edges(x: Array, bins: Any, interval: Interval, what: str) -> Array:
    """The edges of bins of equal width, or those that are given."""
    if isinstance(bins, str):
        known = x.concrete(f"{what} with bins={bins!r}") if isinstance(x, Tracer) else x
        return _numpy.histogram_bin_edges(device_get(known), bins, interval)
    if not is_integer(bins) and shape_of(bins):
        edges = array(bins)
        if len(edges.shape) != 1:
            raise ValueError(f"{what}: edges have one axis, got shape {tuple(edges.shape)}")
        known = value_behind(edges)
        if type(known) is np.ndarray and np.any(known[..., :-1] > known[..., 1:]):
            raise ValueError(f"{what}: edges of bins must not decrease, got {known}")
        return edges
    if isinstance(bins, Tracer):
        bins = bins.concrete(f"the number of bins of {what}")
    count = int(bins)
    if count < 1:
        raise ValueError(f"{what}: bins must be a positive number of bins, got {bins!r}")
    low, high = _limits(x, interval)
    dtype = result_type(low, high, x.dtype)
    dtype = dtype if is_inexact(dtype) else result_type(dtype, float)
    flat = low == high
    low, high = np.where(flat, low - 0.5, low), np.where(flat, high + 0.5, high)
    return np.linspace(low, high, count + 1, dtype=dtype)


def _limits(x: Array, interval: Interval) -> tuple[Any, Any]:
    if interval is None:
        return (np.min(x), np.max(x)) if x.size else (0, 1)
    low, high = interval
    if not isinstance(low, Tracer) and not isinstance(high, Tracer) and low > high:  # type: ignore[operator]
        raise ValueError(f"the range of a histogram goes upward, got ({low}, {high})")
    return low, high


def _bins(x: Array, edges: Array) -> Array:
    """The number of the bin of each element; that of bins where there is none."""
    n = edges.shape[0] - 1
    if n < 0:
        return searchsorted(edges, x) - 1
    after = searchsorted(edges, x, "right")
    inside = (after > 0) & (after <= n)
    at_end = np.equal(x, like(after, edges[-1:]))
    return select(inside, after - 1, select(at_end, n - 1, n))


def _counted(places: Array, weights: Array | None, count: int) -> Array:
    """Sums of weights, or of ones, by place; those at ``count`` are left out."""
    values = like(places, np.ones(places.shape, np.intp)) if weights is None else weights
    count = max(count, 0)
    return scatter_add(values, places, shape=(count + 1,))[:-1]


def _weights(weights: ArrayLike | None, x: Array, what: str) -> Array | None:
    if weights is None:
        return None
    w = as_operand(weights)
    if tuple(w.shape) != tuple(x.shape):
        raise ValueError(
            f"{what}: weights of shape {tuple(w.shape)} for values of shape {tuple(x.shape)}"
        )
    return reshape(w, shape=(w.size,))


@implements(np.histogram_bin_edges)
def histogram_bin_edges(
    a: ArrayLike, bins: Any = 10, range: Interval = None, weights: ArrayLike | None = None
) -> Array:
    """The edges that ``histogram`` uses."""
    return _edges(np.ravel(as_operand(a)), bins, range, "np.histogram_bin_edges")


@implements(np.histogram)
def histogram(
    a: ArrayLike,
    bins: Any = 10,
    range: Interval = None,
    density: bool | None = None,
    weights: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """The number of values between edges, or the sum of their weights, and the edges."""
    values = as_operand(a)
    w = _weights(weights, values, "np.histogram")
    x = np.ravel(values)
    edges = _edges(x, bins, range, "np.histogram")
    counts = _counted(_bins(x, edges), w, edges.shape[0] - 1)
    if density:
        widths = cast(np.diff(edges), np.dtype(np.float64))
        counts = counts / like(counts, widths) / np.sum(counts)
    return counts, edges


def _per_axis(given: Any, count: int, what: str) -> list[Any]:
    if is_integer(given):
        return [given] * count
    if given is None:
        return [None] * count
    entries = list(given)
    if len(entries) != count:
        raise ValueError(f"np.histogramdd: {len(entries)} {what} for {count} coordinates")
    return entries


@implements(np.histogramdd)
def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Sequence[Interval] | None = None,
    density: bool | None = None,
    weights: ArrayLike | None = None,
) -> tuple[Array, list[Array]]:
    """The number of points, which are rows, in boxes between edges along each coordinate."""
    shape = () if isinstance(sample, list | tuple) else shape_of(sample)
    if shape == () and not isinstance(sample, list | tuple):
        raise TypeError("np.histogramdd needs points, got a scalar")
    columns = (
        [as_operand(sample)[:, i] for i in np.arange(shape[1]).tolist()]
        if len(shape) == 2
        else [as_operand(c) for c in (sample if isinstance(sample, list | tuple) else [sample])]
    )
    if any(len(c.shape) != 1 or c.shape != columns[0].shape for c in columns):
        raise ValueError(
            "np.histogramdd needs coordinates of one length, got shapes "
            f"{[tuple(c.shape) for c in columns]}"
        )
    edges = [
        _edges(x, b, r, "np.histogramdd")
        for x, b, r in zip(
            columns,
            _per_axis(bins, len(columns), "entries of bins"),
            _per_axis(range, len(columns), "ranges"),
            strict=True,
        )
    ]
    w = _weights(weights, columns[0], "np.histogramdd")
    sizes = [e.shape[0] - 1 for e in edges]
    total = int(np.prod(sizes))
    place: Any = 0
    inside: Any = True
    for x, e, n in zip(columns, edges, sizes, strict=True):
        own = _bins(x, e)
        inside = inside & (own < n)
        place = place * n + own
    place = cast(select(inside, place, total), _INTP)
    counts = reshape(_counted(place, w, total), shape=tuple(sizes))
    counts = cast(counts, result_type(counts.dtype, float))
    if density:
        widths: Any = 1.0
        for i, e in enumerate(edges):
            behind = (1,) * (len(edges) - 1 - i)
            widths = widths * np.reshape(like(counts, np.diff(e)), (-1, *behind))
        counts = counts / widths / np.sum(counts)
    return counts, edges


@implements(np.histogram2d)
def histogram2d(
    x: ArrayLike,
    y: ArrayLike,
    bins: Any = 10,
    range: Sequence[Interval] | None = None,
    density: bool | None = None,
    weights: ArrayLike | None = None,
) -> tuple[Array, Array, Array]:
    """The number of pairs of numbers in rectangles, and the edges of these."""
    points = [as_operand(x), as_operand(y)]
    if tuple(points[0].shape) != tuple(points[1].shape):
        raise ValueError(
            f"np.histogram2d: x of shape {tuple(points[0].shape)} and y of shape "
            f"{tuple(points[1].shape)} need one length"
        )
    common = not isinstance(bins, str) and not is_integer(bins) and len(bins) not in (1, 2)
    counts, edges = histogramdd(points, [bins, bins] if common else bins, range, density, weights)
    return counts, *edges  # type: ignore[return-value]
