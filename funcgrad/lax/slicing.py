"""Slices, at static bounds and at indices known at run time, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.structural import dynamic, indexing
from ..typing import Array, ArrayLike
from .operands import as_array, axis_of


@user_facing
def dynamic_slice(
    operand: ArrayLike, start_indices: Sequence[Any], slice_sizes: Sequence[int]
) -> Array:
    """A slice of fixed sizes at start indices known at run time, which are clamped into range.

    >>> dynamic_slice(np.arange(5), (3,), (3,))
    array([2, 3, 4])
    """
    operand = as_array(operand)
    starts = [start_indices[i] for i in range(len(operand.shape))]
    return dynamic.dynamic_slice(operand, *starts, sizes=tuple(map(int, slice_sizes)))


@user_facing
def dynamic_update_slice(
    operand: ArrayLike, update: ArrayLike, start_indices: Sequence[int | Array] | Array
) -> Array:
    """The array with a slice at start indices known at run time replaced; they are clamped.

    >>> dynamic_update_slice(np.zeros(4), np.ones(2), (1,))
    array([0., 1., 1., 0.])
    """
    operand, update = as_array(operand), as_array(update)
    starts = (
        start_indices
        if isinstance(start_indices, tuple | list)
        else [start_indices[i] for i in range(len(operand.shape))]
    )
    update = shape_ops.cast(update, operand.dtype)
    return dynamic.dynamic_update_slice(operand, update, *starts)


@user_facing
def dynamic_index_in_dim(
    operand: ArrayLike, index: int | Array, axis: int = 0, keepdims: bool = True
) -> Array:
    """One row along an axis, at an index known at run time.

    >>> dynamic_index_in_dim(np.arange(6).reshape(2, 3), 1, 0, keepdims=False)
    array([3, 4, 5])
    """
    operand = as_array(operand)
    axis = axis_of(axis, len(operand.shape))
    starts = [index if i == axis else 0 for i in range(len(operand.shape))]
    sizes = tuple(1 if i == axis else d for i, d in enumerate(operand.shape))
    out = dynamic.dynamic_slice(operand, *starts, sizes=sizes)
    if keepdims:
        return out
    return shape_ops.reshape(out, shape=tuple(d for i, d in enumerate(sizes) if i != axis))


@user_facing
def dynamic_slice_in_dim(
    operand: ArrayLike, start_index: int | Array, slice_size: int, axis: int = 0
) -> Array:
    """A slice along one axis, at a start index known at run time.

    >>> dynamic_slice_in_dim(np.arange(5), 1, 2)
    array([1, 2])
    """
    operand = as_array(operand)
    axis = axis_of(axis, len(operand.shape))
    starts = [start_index if i == axis else 0 for i in range(len(operand.shape))]
    sizes = [slice_size if i == axis else d for i, d in enumerate(operand.shape)]
    return dynamic_slice(operand, starts, sizes)


@user_facing
def dynamic_update_slice_in_dim(
    operand: ArrayLike, update: ArrayLike, start_index: int | Array, axis: int = 0
) -> Array:
    """The array with a slice along one axis replaced.

    >>> dynamic_update_slice_in_dim(np.zeros(3), np.ones(1), 2)
    array([0., 0., 1.])
    """
    ndim = len(as_array(operand).shape)
    place = axis_of(axis, ndim)
    starts = [start_index if i == place else 0 for i in range(ndim)]
    return dynamic_update_slice(operand, update, starts)


@user_facing
def dynamic_update_index_in_dim(
    operand: ArrayLike, update: ArrayLike, index: int | Array, axis: int = 0
) -> Array:
    """The array with one row along an axis replaced.

    >>> dynamic_update_index_in_dim(np.zeros(3), 7.0, 1)
    array([0., 7., 0.])
    """
    operand, update = as_array(operand), as_array(update)
    if len(update.shape) < len(operand.shape):
        update = np.expand_dims(update, axis)
    return dynamic_update_slice_in_dim(operand, update, index, axis)


@user_facing
def slice(
    operand: ArrayLike,
    start_indices: Sequence[int],
    limit_indices: Sequence[int],
    strides: Sequence[int] | None = None,
) -> Array:
    """A slice with static bounds along every axis.

    >>> slice(np.arange(6), (1,), (6,), (2,))
    array([1, 3, 5])
    """
    operand = as_array(operand)
    strides = strides or [1] * len(operand.shape)
    key = []
    for start, stop, step, d in zip(
        start_indices, limit_indices, strides, operand.shape, strict=True
    ):
        if not 0 <= start <= stop <= d:
            raise ShapeError(f"slice {start}:{stop} does not fit an axis of size {d}")
        key.append((int(start), int(stop), int(step)))
    return indexing.index(operand, key=tuple(key))


@user_facing
def slice_in_dim(
    operand: ArrayLike,
    start_index: int | None,
    limit_index: int | None,
    stride: int = 1,
    axis: int = 0,
) -> Array:
    """A slice with static bounds along one axis.

    >>> slice_in_dim(np.arange(4), 1, 3)
    array([1, 2])
    """
    operand = as_array(operand)
    key = (indexing.FULL,) * axis_of(axis, len(operand.shape)) + (
        (start_index, limit_index, stride),
    )
    return indexing.index(operand, key=key)
