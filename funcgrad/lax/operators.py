"""Operators under the names and signatures of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tracebacks import user_facing
from ..core.tracing import Tracer
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.contraction.dot_general import dot_general as dot_general_p
from ..ops.reductions import cumulative, sorting
from ..ops.reductions import reducing as reductions
from ..ops.structural import dynamic, indexing, joining


def _array(x: Any) -> Any:
    return x if isinstance(x, Tracer) or hasattr(x, "shape") else np.asarray(x)


def _axis(axis: int, ndim: int) -> int:
    """A non-negative axis; a ShapeError if there is none."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} is out of range for an array of {ndim} dimensions")
    return int(axis) % ndim


def _cumulative(prim: Any, operand: Any, axis: int, reverse: bool) -> Any:
    operand = _array(operand)
    return prim(operand, axis=_axis(axis, len(operand.shape)), reverse=bool(reverse))


@user_facing
def dot_general(
    lhs: Any,
    rhs: Any,
    dimension_numbers: Any,
    precision: Any = None,
    preferred_element_type: Any = None,
) -> Any:
    """General contraction: ((lhs contracting, rhs contracting), (lhs batch, rhs batch)) axes.

    Args:
        lhs: array.
        rhs: array.
        dimension_numbers: the pairs of axes.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the result.

    Returns:
        Array of shape (batch..., free axes of lhs..., free axes of rhs...).

    >>> dot_general(np.ones((2, 3)), np.ones((3, 4)), (((1,), (0,)), ((), ()))).shape
    (2, 4)
    """
    try:
        (lc, rc), (lb, rb) = dimension_numbers
    except (TypeError, ValueError):
        raise TypeError(
            "dot_general: dimension_numbers must be ((lhs contracting, rhs contracting), (lhs "
            f"batch, rhs batch)), tuples of axes; got {dimension_numbers!r}"
        ) from None
    lhs, rhs = _array(lhs), _array(rhs)
    dtype = np.dtype(preferred_element_type or np.result_type(lhs.dtype, rhs.dtype))
    return dot_general_p(
        shape_ops.cast(lhs, dtype),
        shape_ops.cast(rhs, dtype),
        contract=(tuple(map(int, lc)), tuple(map(int, rc))),
        batch=(tuple(map(int, lb)), tuple(map(int, rb))),
        strong=None,
    )


@user_facing
def dynamic_slice(operand: Any, start_indices: Sequence[Any], slice_sizes: Sequence[int]) -> Any:
    """A slice of fixed sizes at start indices known at run time, which are clamped into range.

    >>> dynamic_slice(np.arange(5), (3,), (3,))
    array([2, 3, 4])
    """
    operand = _array(operand)
    starts = [start_indices[i] for i in range(len(operand.shape))]
    return dynamic.dynamic_slice(operand, *starts, sizes=tuple(map(int, slice_sizes)))


@user_facing
def dynamic_update_slice(operand: Any, update: Any, start_indices: Any) -> Any:
    """The array with a slice at start indices known at run time replaced; they are clamped.

    >>> dynamic_update_slice(np.zeros(4), np.ones(2), (1,))
    array([0., 1., 1., 0.])
    """
    operand, update = _array(operand), _array(update)
    starts = (
        start_indices
        if isinstance(start_indices, tuple | list)
        else [start_indices[i] for i in range(len(operand.shape))]
    )
    update = shape_ops.cast(update, operand.dtype)
    return dynamic.dynamic_update_slice(operand, update, *starts)


@user_facing
def dynamic_index_in_dim(operand: Any, index: Any, axis: int = 0, keepdims: bool = True) -> Any:
    """One row along an axis, at an index known at run time.

    >>> dynamic_index_in_dim(np.arange(6).reshape(2, 3), 1, 0, keepdims=False)
    array([3, 4, 5])
    """
    operand = _array(operand)
    axis = _axis(axis, len(operand.shape))
    starts = [index if i == axis else 0 for i in range(len(operand.shape))]
    sizes = tuple(1 if i == axis else d for i, d in enumerate(operand.shape))
    out = dynamic.dynamic_slice(operand, *starts, sizes=sizes)
    if keepdims:
        return out
    return shape_ops.reshape(out, shape=tuple(d for i, d in enumerate(sizes) if i != axis))


@user_facing
def dynamic_slice_in_dim(operand: Any, start_index: Any, slice_size: int, axis: int = 0) -> Any:
    """A slice along one axis, at a start index known at run time.

    >>> dynamic_slice_in_dim(np.arange(5), 1, 2)
    array([1, 2])
    """
    operand = _array(operand)
    axis = _axis(axis, len(operand.shape))
    starts = [start_index if i == axis else 0 for i in range(len(operand.shape))]
    sizes = [slice_size if i == axis else d for i, d in enumerate(operand.shape)]
    return dynamic_slice(operand, starts, sizes)


@user_facing
def dynamic_update_slice_in_dim(operand: Any, update: Any, start_index: Any, axis: int = 0) -> Any:
    """The array with a slice along one axis replaced.

    >>> dynamic_update_slice_in_dim(np.zeros(3), np.ones(1), 2)
    array([0., 0., 1.])
    """
    ndim = len(_array(operand).shape)
    place = _axis(axis, ndim)
    starts = [start_index if i == place else 0 for i in range(ndim)]
    return dynamic_update_slice(operand, update, starts)


@user_facing
def dynamic_update_index_in_dim(operand: Any, update: Any, index: Any, axis: int = 0) -> Any:
    """The array with one row along an axis replaced.

    >>> dynamic_update_index_in_dim(np.zeros(3), 7.0, 1)
    array([0., 7., 0.])
    """
    operand, update = _array(operand), _array(update)
    if len(update.shape) < len(operand.shape):
        update = np.expand_dims(update, axis)
    return dynamic_update_slice_in_dim(operand, update, index, axis)


@user_facing
def slice(
    operand: Any,
    start_indices: Sequence[int],
    limit_indices: Sequence[int],
    strides: Sequence[int] | None = None,
) -> Any:
    """A slice with static bounds along every axis.

    >>> slice(np.arange(6), (1,), (6,), (2,))
    array([1, 3, 5])
    """
    operand = _array(operand)
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
    operand: Any, start_index: int | None, limit_index: int | None, stride: int = 1, axis: int = 0
) -> Any:
    """A slice with static bounds along one axis.

    >>> slice_in_dim(np.arange(4), 1, 3)
    array([1, 2])
    """
    operand = _array(operand)
    key = (indexing.FULL,) * _axis(axis, len(operand.shape)) + ((start_index, limit_index, stride),)
    return indexing.index(operand, key=key)


@user_facing
def pad(operand: Any, padding_value: Any, padding_config: Sequence[tuple[int, int, int]]) -> Any:
    """Pad with a value: (low, high, interior) per axis; negative low and high crop.

    >>> pad(np.array([1.0, 2.0]), 0.0, [(1, 0, 1)])
    array([0., 1., 0., 2.])
    """
    operand = _array(operand)
    value = padding_value
    if not isinstance(value, int | float) or value != 0:
        value = shape_ops.cast(_array(value), operand.dtype)
    return joining.pad(operand, value, tuple(tuple(map(int, c)) for c in padding_config))  # type: ignore[misc]


@user_facing
def top_k(operand: Any, k: int) -> tuple[Any, Any]:
    """The k largest elements along the last axis, largest first, and where they are.

    >>> top_k(np.array([1.0, 5.0, 3.0]), 2)
    (array([5., 3.]), array([1, 2]))
    """
    operand = _array(operand)
    if not operand.shape or not 0 <= k <= operand.shape[-1]:
        raise ShapeError(f"top_k: k={k} does not fit an array of shape {tuple(operand.shape)}")
    return sorting.top_k(operand, k=int(k))


@user_facing
def broadcast_in_dim(operand: Any, shape: Sequence[int], broadcast_dimensions: Any) -> Any:
    """Broadcast to a shape, with operand axis i at result axis broadcast_dimensions[i].

    >>> broadcast_in_dim(np.arange(2), (2, 3), (0,))
    array([[0, 0, 0],
           [1, 1, 1]])
    """
    operand = _array(operand)
    middle = [1] * len(shape)
    for i, d in zip(broadcast_dimensions, operand.shape, strict=True):
        middle[i] = d
    return shape_ops.broadcast_to(
        shape_ops.reshape(operand, shape=tuple(middle)), tuple(map(int, shape))
    )


@user_facing
def rev(operand: Any, dimensions: Sequence[int]) -> Any:
    """The array with some axes reversed.

    >>> rev(np.arange(3), (0,))
    array([2, 1, 0])
    """
    operand = _array(operand)
    axes = sorted(_axis(d, len(operand.shape)) for d in dimensions)
    return shape_ops.flip(operand, axes=tuple(axes))


@user_facing
def cumsum(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Cumulative sum along an axis.

    >>> cumsum(np.array([1, 3, 2]))
    array([1, 4, 6])
    """
    return _cumulative(cumulative.cumsum, operand, axis, reverse)


@user_facing
def cumprod(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Cumulative product along an axis.

    >>> cumprod(np.array([1, 3, 2]))
    array([1, 3, 6])
    """
    return _cumulative(cumulative.cumprod, operand, axis, reverse)


@user_facing
def cummax(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Cumulative maximum along an axis.

    >>> cummax(np.array([1, 3, 2]))
    array([1, 3, 3])
    """
    return _cumulative(cumulative.cummax, operand, axis, reverse)


@user_facing
def cummin(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Cumulative minimum along an axis.

    >>> cummin(np.array([1, 3, 2]))
    array([1, 1, 1])
    """
    return _cumulative(cumulative.cummin, operand, axis, reverse)


@user_facing
def argmax(operand: Any, axis: int, index_dtype: Any = np.int64) -> Any:
    """The position of the largest element along an axis.

    >>> argmax(np.array([1.0, 5.0]), 0)
    np.int64(1)
    """
    return shape_ops.cast(reductions.argmax(_array(operand), axis=axis), np.dtype(index_dtype))


@user_facing
def argmin(operand: Any, axis: int, index_dtype: Any = np.int64) -> Any:
    """The position of the smallest element along an axis.

    >>> argmin(np.array([1.0, 5.0]), 0)
    np.int64(0)
    """
    return shape_ops.cast(reductions.argmin(_array(operand), axis=axis), np.dtype(index_dtype))


@user_facing
def convert_element_type(operand: Any, new_dtype: Any) -> Any:
    """The array in another dtype.

    >>> convert_element_type(1.5, np.int64)
    np.int64(1)
    """
    return shape_ops.convert(operand, dtype=np.dtype(new_dtype))
