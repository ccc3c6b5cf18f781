"""Slices, at static bounds and at indices known at run time, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.structural import dynamic, indexing
from ..typing import Array, ArrayLike
from .operands import as_array, axis_of, common_dtype, integers


def _starts(name: str, x: Array, starts: Any, allowed: bool | Sequence[bool]) -> list[Any]:
    """A start index for each axis."""
    rank = len(x.shape)
    if len(starts) != rank:
        raise ShapeError(f"{name}: {len(starts)} start indices for the {rank} axes of {aval_of(x)}")
    each = [allowed] * rank if isinstance(allowed, bool) else list(allowed)
    if len(each) != rank:
        raise ShapeError(f"{name}: allow_negative_indices needs one value for each of {rank} axes")
    return [_not_negative(name, starts[i], ok) for i, ok in enumerate(each)]


def _check_fit(name: str, sizes: tuple[int, ...], x: Array) -> None:
    """Raise a ShapeError unless a slice of some sizes fits into an array."""
    if len(sizes) != len(x.shape) or any(
        not 0 <= n <= d for n, d in zip(sizes, x.shape, strict=True)
    ):
        raise ShapeError(f"{name}: a slice of shape {sizes} does not fit into {aval_of(x)}")


def _check_index(name: str, start: Any) -> None:
    """Raise a TypeError unless a start index is an integer without axes."""
    if not is_integer(start):
        aval = aval_of(start)
        if aval.shape or aval.dtype.kind not in "iu":
            raise TypeError(f"{name}: start indices are integers, got {describe(start)}")


def _not_negative(name: str, start: Any, allowed: bool) -> Any:
    """A start index that does not count from the end unless that is allowed."""
    _check_index(name, start)
    if allowed:
        return start
    if is_integer(start) and start < 0:
        raise ValueError(f"{name}: index {start} is negative, and allow_negative_indices=False")
    return start if is_integer(start) else np.maximum(start, 0)


@user_facing
def dynamic_slice(
    operand: ArrayLike,
    start_indices: Sequence[Any] | Array,
    slice_sizes: Sequence[int],
    *,
    allow_negative_indices: bool | Sequence[bool] = True,
) -> Array:
    """A slice of fixed sizes at start indices known at run time, which are clamped into range.

    Args:
        operand: array.
        start_indices: an integer for each axis.
        slice_sizes: the size of the slice along each axis.
        allow_negative_indices: whether negative ones count from the end, for all axes or each.

    Returns:
        The slice.

    >>> dynamic_slice(np.arange(5), (3,), (3,))
    array([2, 3, 4])
    """
    operand = as_array(operand)
    starts = _starts("dynamic_slice", operand, start_indices, allow_negative_indices)
    sizes = integers("dynamic_slice", "slice_sizes", slice_sizes)
    _check_fit("dynamic_slice", sizes, operand)
    return dynamic.dynamic_slice(operand, *starts, sizes=sizes)


@user_facing
def dynamic_update_slice(
    operand: ArrayLike,
    update: ArrayLike,
    start_indices: Sequence[int | Array] | Array,
    *,
    allow_negative_indices: bool | Sequence[bool] = True,
) -> Array:
    """The array with a slice at start indices known at run time replaced; they are clamped.

    Args:
        operand: array.
        update: the slice, of the operand's dtype.
        start_indices: an integer for each axis.
        allow_negative_indices: whether negative ones count from the end, for all axes or each.

    Returns:
        A new array.

    >>> dynamic_update_slice(np.zeros(4), np.ones(2), (1,))
    array([0., 1., 1., 0.])
    """
    operand, update = as_array(operand), as_array(update)
    starts = _starts("dynamic_update_slice", operand, start_indices, allow_negative_indices)
    common_dtype("dynamic_update_slice", operand, update)
    _check_fit("dynamic_update_slice", update.shape, operand)
    return dynamic.dynamic_update_slice(operand, update, *starts)


@user_facing
def dynamic_index_in_dim(
    operand: ArrayLike,
    index: int | Array,
    axis: int = 0,
    keepdims: bool = True,
    *,
    allow_negative_indices: bool = True,
) -> Array:
    """One row along an axis, at an index known at run time.

    >>> dynamic_index_in_dim(np.arange(6).reshape(2, 3), 1, 0, keepdims=False)
    array([3, 4, 5])
    """
    operand = as_array(operand)
    axis = axis_of(axis, len(operand.shape))
    _check_index("dynamic_index_in_dim", index)
    if not allow_negative_indices:
        index = np.maximum(index, 0)
    starts = [index if i == axis else 0 for i in range(len(operand.shape))]
    sizes = tuple(1 if i == axis else d for i, d in enumerate(operand.shape))
    _check_fit("dynamic_index_in_dim", sizes, operand)
    out = dynamic.dynamic_slice(operand, *starts, sizes=sizes)
    if keepdims:
        return out
    return shape_ops.reshape(out, shape=tuple(d for i, d in enumerate(sizes) if i != axis))


@user_facing
def dynamic_slice_in_dim(
    operand: ArrayLike,
    start_index: int | Array,
    slice_size: int,
    axis: int = 0,
    *,
    allow_negative_indices: bool = True,
) -> Array:
    """A slice along one axis, at a start index known at run time.

    >>> dynamic_slice_in_dim(np.arange(5), 1, 2)
    array([1, 2])
    """
    operand = as_array(operand)
    axis = axis_of(axis, len(operand.shape))
    starts = [start_index if i == axis else 0 for i in range(len(operand.shape))]
    sizes = [slice_size if i == axis else d for i, d in enumerate(operand.shape)]
    return dynamic_slice(operand, starts, sizes, allow_negative_indices=allow_negative_indices)


@user_facing
def dynamic_update_slice_in_dim(
    operand: ArrayLike,
    update: ArrayLike,
    start_index: int | Array,
    axis: int = 0,
    *,
    allow_negative_indices: bool = True,
) -> Array:
    """The array with a slice along one axis replaced.

    >>> dynamic_update_slice_in_dim(np.zeros(3), np.ones(1), 2)
    array([0., 0., 1.])
    """
    ndim = len(as_array(operand).shape)
    place = axis_of(axis, ndim)
    starts = [start_index if i == place else 0 for i in range(ndim)]
    return dynamic_update_slice(
        operand, update, starts, allow_negative_indices=allow_negative_indices
    )


@user_facing
def dynamic_update_index_in_dim(
    operand: ArrayLike,
    update: ArrayLike,
    index: int | Array,
    axis: int = 0,
    *,
    allow_negative_indices: bool = True,
) -> Array:
    """The array with one row along an axis replaced.

    >>> dynamic_update_index_in_dim(np.zeros(3), 7.0, 1)
    array([0., 7., 0.])
    """
    operand, update = as_array(operand), as_array(update)
    if len(update.shape) < len(operand.shape):
        update = np.expand_dims(update, axis)
    return dynamic_update_slice_in_dim(
        operand, update, index, axis, allow_negative_indices=allow_negative_indices
    )


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
    n = len(operand.shape)
    parts = (start_indices, limit_indices, strides or [1] * n)
    if any(len(part) != n for part in parts):
        counts = ", ".join(str(len(part)) for part in parts)
        raise ShapeError(
            f"slice: start_indices, limit_indices and strides need an integer for each axis of "
            f"{aval_of(operand)}; got {counts}"
        )
    key = []
    for start, stop, step, d in zip(*parts, operand.shape, strict=True):
        if not 0 <= start <= stop <= d:
            raise ShapeError(f"slice {start}:{stop} does not fit an axis of size {d}")
        if step < 1:
            raise ShapeError(f"slice: strides must be positive, got {step}")
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
    place = axis_of(axis, len(operand.shape))
    d = operand.shape[place]
    start, limit = (
        default if k is None else int(k) + (d if k < 0 else 0)
        for k, default in ((start_index, 0), (limit_index, d))
    )
    if not 0 <= start <= d or not 0 <= limit <= d:
        raise ShapeError(
            f"slice_in_dim: {start_index}:{limit_index} does not fit axis {axis} of "
            f"{aval_of(operand)}"
        )
    if stride < 1:
        raise ShapeError(f"slice_in_dim: the stride must be positive, got {stride}")
    key = (indexing.FULL,) * place + ((start, max(start, limit), int(stride)),)
    return indexing.index(operand, key=key)


@user_facing
def index_in_dim(operand: ArrayLike, index: int, axis: int = 0, keepdims: bool = True) -> Array:
    """One row along an axis, at an index that is static.

    Args:
        operand: array.
        index: a Python integer; negative ones count from the end.
        axis: the axis.
        keepdims: whether the axis stays, with size one.

    Returns:
        The row.

    Raises:
        IndexError: there is no such row.

    >>> index_in_dim(np.arange(6).reshape(2, 3), -1, 0, keepdims=False)
    array([3, 4, 5])
    """
    x = as_array(operand)
    place = axis_of(axis, len(x.shape))
    size = x.shape[place]
    if not is_integer(index):
        raise TypeError(f"index_in_dim: the index must be a static integer, got {describe(index)}")
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for axis {place} with size {size}")
    at = int(index) % size
    key = (at, at + 1, None) if keepdims else at
    return indexing.index(x, key=(*(indexing.FULL,) * place, key))
