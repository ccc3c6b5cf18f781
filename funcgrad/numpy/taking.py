"""Elements by position, by mask or by choice, on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.shape import broadcast_to, convert, reshape, transpose
from ..ops.sorting import take_along
from .indexing import getitem, mask_value
from .protocol import array, axis_of, implements, promoted, refuse, strong


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    refuse("np.take", out=out)
    a = strong(a)
    if axis is None:
        a, axis = reshape(a, shape=(a.size,)), 0
    axis = axis_of(axis, len(a.shape))
    return getitem(a, (slice(None),) * axis + (in_range(array(indices), a.shape[axis], mode),))


def in_range(i: Any, size: int, mode: str) -> Any:
    """Positions moved into an axis as mode= says; with 'clip' negative ones do not wrap."""
    if mode == "raise":
        return i
    if mode not in ("clip", "wrap"):
        raise ValueError(f"mode must be 'raise', 'clip' or 'wrap', got {mode!r}")
    return i % size if mode == "wrap" else np.clip(i, 0, size - 1)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = strong(arr), array(indices)
    if axis is None:
        arr, axis = reshape(arr, shape=(arr.size,)), 0
    return take_along(arr, indices, axis_of(axis, len(arr.shape)))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    refuse("np.compress", out=out)
    return take(a, np.flatnonzero(mask_value(array(condition))), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    arr = strong(arr)
    mask = np.ravel(mask_value(array(condition)))
    return take(reshape(arr, shape=(arr.size,)), np.flatnonzero(mask), 0)


@implements(np.select)
def select_list(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("np.select needs as many choices as conditions")
    dtype = promoted(*choicelist, default)
    out = convert(default, dtype=dtype)
    for c, x in reversed(list(zip(condlist, choicelist, strict=True))):
        out = np.where(c, convert(x, dtype=dtype), out)
    return out


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    refuse("np.choose", out=out)
    a = array(a)
    dtype = promoted(*choices)
    choices = [convert(c, dtype=dtype) for c in choices]
    shape = np.broadcast_shapes(tuple(a.shape), *[tuple(c.shape) for c in choices])
    stacked = np.stack([broadcast_to(c, shape) for c in choices])
    idx = broadcast_to(in_range(a, len(choices), mode), shape)
    return take_along(stacked, reshape(idx, shape=(1, *shape)), 0)[0]


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = strong(a)
    ndim = len(a.shape)
    i, j = axis_of(axis1, ndim), axis_of(axis2, ndim)
    if i == j:
        raise ValueError("axis1 and axis2 cannot be the same")
    rest = tuple(k for k in range(ndim) if k not in (i, j))
    moved = transpose(a, perm=(*rest, i, j))
    rows, cols = a.shape[i], a.shape[j]
    start = (0, offset) if offset >= 0 else (-offset, 0)
    count = max(0, min(rows - start[0], cols - start[1]))
    steps = np.arange(count)
    return getitem(moved, (Ellipsis, steps + start[0], steps + start[1]))


@implements(np.nonzero)
def nonzero(a: Any) -> Any:
    return np.nonzero(mask_value(array(a) != 0))


@implements(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    return np.flatnonzero(mask_value(array(a) != 0))


@implements(np.argwhere)
def argwhere(a: Any) -> Any:
    return np.argwhere(mask_value(array(a) != 0))
