"""Elements repeated, put in and taken out, on tracers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.tracing import Tracer
from ...ops import shape as ops
from ...ops.shape import cast
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike, Axes, Shape
from ..indexing.keys import mask_value
from ..indexing.taking import take
from ..protocol import as_operand, axes_of, axis_of, implements, with_axis
from .joining import concatenate
from .shaping import moveaxis, ravel, reshape


@implements(np.repeat)
def repeat(a: ArrayLike, repeats: int | Sequence[int], axis: int | None = None) -> Array:
    """Each element repeated; how often must be known."""
    x, axis = with_axis(as_operand(a), axis)
    if isinstance(repeats, Tracer):
        repeats = repeats.concrete("repeats of np.repeat, on which a shape depends,")
    counts = np.broadcast_to(np.asarray(repeats), (x.shape[axis],))
    return take(x, np.repeat(np.arange(x.shape[axis]), counts), axis)


@implements(np.tile)
def tile(A: ArrayLike, reps: Shape) -> Array:
    """The whole array repeated along axes."""
    a = as_operand(A)
    reps = (reps,) if isinstance(reps, int | np.integer) else tuple(int(r) for r in reps)
    ndim = max(len(reps), len(a.shape))
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - len(a.shape)) + tuple(a.shape)
    doubled = tuple(d for pair in zip((1,) * ndim, shape, strict=True) for d in pair)
    target = tuple(d for pair in zip(reps, shape, strict=True) for d in pair)
    wide = ops.broadcast_to(ops.reshape(a, shape=doubled), target)
    return ops.reshape(wide, shape=tuple(r * d for r, d in zip(reps, shape, strict=True)))


@implements(np.resize)
def resize(a: ArrayLike, new_shape: Shape) -> Array:
    """The flat elements in a new shape, from the first again if there are too few."""
    a = ravel(a)
    shape = (new_shape,) if isinstance(new_shape, int | np.integer) else tuple(new_shape)
    if any(d < 0 for d in shape):
        raise ValueError(f"np.resize: the shape {shape} has a negative dimension")
    if not a.size:
        return np.zeros(shape, a.dtype)[()]
    return reshape(take(a, np.arange(math.prod(shape)) % a.size, 0), shape)


@implements(np.delete)
def delete(arr: ArrayLike, obj: int | slice | Sequence[int], axis: int | None = None) -> Array:
    """The array without the elements at positions, which must be known."""
    a = as_operand(arr)
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(axis, len(a.shape))
    return take(a, np.delete(np.arange(a.shape[axis]), _known(obj, "np.delete")), axis)


def _known(obj: Any, name: str) -> Any:
    """Positions on which a shape, or an order of elements, depends."""
    return obj.concrete(f"the position of {name}") if isinstance(obj, Tracer) else obj


@implements(np.insert)
def insert(
    arr: ArrayLike, obj: int | slice | Sequence[int], values: ArrayLike, axis: int | None = None
) -> Array:
    """The array with values put in before positions, which must be known."""
    a = as_operand(arr)
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(axis, len(a.shape))
    n, obj = a.shape[axis], _known(obj, "np.insert")
    order = np.insert(np.arange(n), obj, -1)
    count = len(order) - n
    values = as_operand(values)
    if isinstance(obj, int | np.integer):
        # One position takes as many slices as there are values.
        values = ops.reshape(values, shape=(1,) * (len(a.shape) - len(values.shape)) + values.shape)
        values = moveaxis(values, 0, axis)
        count = values.shape[axis]
        order = np.insert(np.arange(n), np.full(count, obj), -1)
    shape = (*a.shape[:axis], count, *a.shape[axis + 1 :])
    extra = len(values.shape) - len(shape)
    if extra > 0 and values.shape[:extra] == (1,) * extra:
        values = ops.reshape(values, shape=values.shape[extra:])
    values = ops.broadcast_to(cast(values, a.dtype), shape)
    places = np.where(order < 0, n + np.cumsum(order < 0) - 1, order)
    return take(concatenate([a, values], axis), places, axis)


@implements(np.trim_zeros)
def trim_zeros(filt: ArrayLike, trim: str = "fb", axis: Axes = None) -> Array:
    """The array without zeros at its ends; the values must be known."""
    filt = as_operand(filt)
    found = mask_value(filt != 0)
    key: list[Any] = [FULL] * len(filt.shape)
    for k in axes_of(axis, len(filt.shape)):
        others = tuple(i for i in range(len(filt.shape)) if i != k)
        places = np.flatnonzero(np.any(found, axis=others))
        start = int(places[0]) if "f" in trim.lower() and places.size else 0
        stop = int(places[-1]) + 1 if "b" in trim.lower() and places.size else filt.shape[k]
        key[k] = (start, stop if places.size else start, None)
    return index(filt, key=tuple(key))
