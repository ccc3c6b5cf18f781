"""Sorting and searching on tracers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ops.reductions import sorting
from ...ops.reductions.sorting import searchsorted as searchsorted_p
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from ..indexing.taking import take
from ..protocol import array, as_operand, axis_of, implements, with_axis


@implements(np.sort)
def sort(
    a: ArrayLike,
    axis: int | None = -1,
    kind: str | None = None,
    order: str | None = None,
    *,
    stable: bool | None = None,
) -> Array:
    """Sort along an axis, or the flat array; the sort is stable."""
    a = as_operand(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    return sorting.sort(a, axis=axis_of(axis, len(a.shape)), descending=False)


@implements(np.argsort)
def argsort(
    a: ArrayLike,
    axis: int | None = -1,
    kind: str | None = None,
    order: str | None = None,
    *,
    stable: bool | None = None,
) -> Array:
    """The positions that sort along an axis; equal elements stay in order."""
    a = as_operand(a)
    a, k = with_axis(a, axis)
    return sorting.argsort(a, axis=k, descending=False)


@implements(np.partition)
def partition(
    a: ArrayLike,
    kth: int | Sequence[int],
    axis: int | None = -1,
    kind: str = "introselect",
    order: str | None = None,
) -> Array:
    """The sorted array, in which every element is where ``kth`` wants it."""
    _check_kth("np.partition", a, kth, axis)
    return sort(a, axis)


def _check_kth(name: str, a: ArrayLike, kth: int | Sequence[int], axis: int | None) -> None:
    a = as_operand(a)
    if not a.size:
        return
    n = a.size if axis is None or not len(a.shape) else a.shape[axis_of(axis, len(a.shape))]
    for i in np.ravel(np.asarray(kth)).tolist():
        if not -n <= i < n:
            raise ValueError(f"{name}: kth={i} is out of bounds for an axis of {n} elements")


@implements(np.argpartition)
def argpartition(
    a: ArrayLike,
    kth: int | Sequence[int],
    axis: int | None = -1,
    kind: str = "introselect",
    order: str | None = None,
) -> Array:
    """The positions that sort, which put every element where ``kth`` wants it."""
    _check_kth("np.argpartition", a, kth, axis)
    return argsort(a, axis)


@implements(np.sort_complex)
def sort_complex(a: ArrayLike) -> Array:
    """Sort as complex numbers, by the real part and then the imaginary part."""
    a = as_operand(a)
    return sort(a if a.dtype.kind == "c" else cast(a, np.dtype(complex)))


@implements(np.lexsort)
def lexsort(keys: Sequence[ArrayLike], axis: int = -1) -> Array:
    """The positions that sort by several keys, the last of which counts most."""
    columns = [as_operand(k) for k in keys]
    if len({tuple(k.shape) for k in columns}) > 1:
        raise ValueError("np.lexsort: all keys need one shape")
    if not len(columns[0].shape):
        return np.zeros((), np.intp)[()]
    axis = axis_of(axis, len(columns[0].shape))
    order: Any = None
    for key in columns:
        column = key if order is None else sorting.take_along(key, order, axis)
        step = sorting.argsort(column, axis=axis, descending=False)
        order = step if order is None else sorting.take_along(order, step, axis)
    return order


@implements(np.searchsorted)
def searchsorted(
    a: ArrayLike, v: ArrayLike, side: str = "left", sorter: ArrayLike | None = None
) -> Array:
    """The positions where values would be put into a sorted vector."""
    ordered, v = as_operand(a), as_operand(v)
    if sorter is not None:
        order = array(sorter)
        if order.shape != ordered.shape:
            raise ValueError(
                f"np.searchsorted: sorter has shape {tuple(order.shape)}, and the array "
                f"{tuple(ordered.shape)}; it must be the permutation that sorts it"
            )
        ordered = take(ordered, order, None)
    if len(ordered.shape) != 1:
        raise ValueError(f"np.searchsorted: the sorted array has shape {tuple(ordered.shape)}")
    return searchsorted_p(ordered, v, side=side)


@implements(np.digitize)
def digitize(x: ArrayLike, bins: ArrayLike, right: bool = False) -> Array:
    """The number of the bin of each value; edges may rise or fall."""
    x, bins = as_operand(x), as_operand(bins)
    if x.dtype.kind == "c":
        raise TypeError("np.digitize: complex numbers have no order")
    upward = searchsorted(bins, x, "left" if right else "right")
    if not bins.shape[0]:
        return upward
    downward = bins.shape[0] - searchsorted(bins[::-1], x, "right" if right else "left")
    return np.where(bins[0] <= bins[-1], upward, downward)
