"""Elements by position, by mask or by choice, on tracers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...core.tracing import aval_of, shape_of
from ...ops.reductions.sorting import take_along
from ...ops.shape import broadcast_to, cast, convert, reshape, transpose
from ...typing import Array, ArrayLike
from ..protocol import array, as_operand, axis_of, implements, promoted, refuse, with_axis
from .keys import getitem, mask_value, positions


@implements(np.take)
def take(
    a: ArrayLike, indices: ArrayLike, axis: int | None = None, out: None = None, mode: str = "raise"
) -> Array:
    """Elements at positions along an axis, or of the flat array."""
    refuse("np.take", out=out)
    x, k = with_axis(as_operand(a), axis)
    places = array(indices)
    if aval_of(places).dtype.kind == "b" or getattr(places, "size", 1) == 0:
        places = cast(as_operand(places), np.dtype(np.intp))
    if not math.prod(x.shape[:k]):
        return np.zeros((*x.shape[:k], *shape_of(places), *x.shape[k + 1 :]), x.dtype)
    return getitem(x, (*(slice(None),) * k, in_range(places, x.shape[k], mode)))


def in_range(i: Array, size: int, mode: str) -> Array:
    """Positions moved into an axis as mode= says; with 'clip' negative ones do not wrap."""
    if mode == "raise":
        return i
    i = positions(i)
    if mode not in ("clip", "wrap"):
        raise ValueError(f"mode must be 'raise', 'clip' or 'wrap', got {mode!r}")
    if not size:
        if not math.prod(shape_of(i)):
            return i
        raise IndexError("cannot take from an axis without elements")
    return i % size if mode == "wrap" else np.clip(i, 0, size - 1)


@implements(np.take_along_axis)
def take_along_axis(arr: ArrayLike, indices: ArrayLike, axis: int | None = -1) -> Array:
    """Elements at positions that differ from row to row along an axis."""
    a, indices = as_operand(arr), positions(indices)
    if axis is None:
        if len(indices.shape) != 1:
            raise ValueError("np.take_along_axis: with axis=None the indices have one axis")
        a, axis = reshape(a, shape=(a.size,)), 0
    k = axis_of(axis, len(a.shape))
    if len(indices.shape) != len(a.shape):
        raise ValueError(
            f"np.take_along_axis: indices of shape {tuple(indices.shape)} need as many axes as an "
            f"array of shape {tuple(a.shape)}"
        )
    for i, (m, n) in enumerate(zip(indices.shape, a.shape, strict=True)):
        if i != k and m != n and 1 not in (m, n):
            raise IndexError(
                f"np.take_along_axis: indices of shape {tuple(indices.shape)} do not fit an array "
                f"of shape {tuple(a.shape)}"
            )
    return take_along(a, indices, k)


@implements(np.compress)
def compress(
    condition: ArrayLike, a: ArrayLike, axis: int | None = None, out: None = None
) -> Array:
    """Slices along an axis where a condition is true; its values must be known."""
    refuse("np.compress", out=out)
    condition = mask_value(array(condition))
    if len(condition.shape) != 1:
        raise ValueError("np.compress: the condition must have one axis")
    return take(a, np.flatnonzero(condition), axis)


@implements(np.extract)
def extract(condition: ArrayLike, arr: ArrayLike) -> Array:
    """Elements of the flat array where a condition is true; its values must be known."""
    arr = as_operand(arr)
    mask = np.ravel(mask_value(array(condition)))
    return take(reshape(arr, shape=(arr.size,)), np.flatnonzero(mask), 0)


@implements(np.select)
def select_list(
    condlist: Sequence[ArrayLike], choicelist: Sequence[ArrayLike], default: ArrayLike = 0
) -> Array:
    """From a list of arrays, the element of the first whose condition is true."""
    if len(condlist) != len(choicelist):
        raise ValueError("np.select needs as many choices as conditions")
    dtype = promoted(*choicelist, default)
    for i, c in enumerate(condlist):
        if aval_of(c).dtype.kind != "b":
            raise TypeError(f"np.select: condition {i} must be boolean, got {aval_of(c)}")
    out = convert(default, dtype=dtype)
    for c, x in reversed(list(zip(condlist, choicelist, strict=True))):
        out = np.where(c, convert(x, dtype=dtype), out)
    return out


@implements(np.choose)
def choose(
    a: ArrayLike, choices: Sequence[ArrayLike], out: None = None, mode: str = "raise"
) -> Array:
    """From a list of arrays, the element of the one whose number is given."""
    refuse("np.choose", out=out)
    which = array(a)
    which = (
        cast(as_operand(which), np.dtype(np.intp)) if aval_of(which).dtype.kind == "b" else which
    )
    dtype = promoted(*choices)
    options = [convert(c, dtype=dtype) for c in choices]
    shape = np.broadcast_shapes(tuple(which.shape), *[tuple(c.shape) for c in options])
    stacked = np.stack([broadcast_to(c, shape) for c in options])
    idx = broadcast_to(in_range(which, len(options), mode), shape)
    return take_along(stacked, reshape(idx, shape=(1, *shape)), 0)[0]


@implements(np.diagonal)
def diagonal(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The diagonals in two axes, as a new last axis."""
    a = as_operand(a)
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
def nonzero(a: ArrayLike) -> tuple[Array, ...]:
    """The indices of elements that are not zero; their values must be known."""
    return np.nonzero(mask_value(array(a) != 0))


@implements(np.flatnonzero)
def flatnonzero(a: ArrayLike) -> Array:
    """The positions in the flat array of elements that are not zero."""
    return np.flatnonzero(mask_value(array(a) != 0))


@implements(np.argwhere)
def argwhere(a: ArrayLike) -> Array:
    """The indices of elements that are not zero, one row for each."""
    return np.argwhere(mask_value(array(a) != 0))
