"""Sorting and searching on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops import sorting
from ..ops.shape import cast
from ..ops.sorting import searchsorted as searchsorted_p
from .protocol import axis_of, implements, strong


@implements(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    a = strong(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    return sorting.sort(a, axis=axis_of(axis, len(a.shape)), descending=False)


@implements(np.argsort)
def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *,
            stable: Any = None) -> Any:
    a = strong(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    return sorting.argsort(a, axis=axis_of(axis, len(a.shape)), descending=False)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect",
              order: Any = None) -> Any:
    return sort(a, axis)


@implements(np.argpartition)
def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect",
                 order: Any = None) -> Any:
    return argsort(a, axis)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    a = strong(a)
    return sort(a if a.dtype.kind == "c" else cast(a, np.dtype(complex)))


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Any:
    keys = [strong(k) for k in keys]
    axis = axis_of(axis, len(keys[0].shape))
    order: Any = None
    for key in keys:
        column = key if order is None else sorting.take_along(key, order, axis)
        step = sorting.argsort(column, axis=axis, descending=False)
        order = step if order is None else sorting.take_along(order, step, axis)
    return order


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    a, v = strong(a), strong(v)
    if sorter is not None:
        a = np.take(a, sorter)
    return searchsorted_p(a, v, side=side)


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    bins = strong(bins)
    upward = searchsorted(bins, x, "left" if right else "right")
    if not bins.shape[0]:
        return upward
    downward = bins.shape[0] - searchsorted(bins[::-1], x, "right" if right else "left")
    return np.where(bins[0] <= bins[-1], upward, downward)
