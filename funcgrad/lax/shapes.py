"""Shapes, dtypes and contractions, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ..core.tracebacks import user_facing
from ..numpy import replacements
from ..ops import shape as shape_ops
from ..ops.contraction.dot_general import dot_general as dot_general_p
from ..ops.structural import joining
from ..typing import Array, ArrayLike, Axes, DTypeLike, Shape
from .operands import as_array, axis_of

DotDimensionNumbers: TypeAlias = tuple[
    tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]
]
"""((contracted axes of lhs, of rhs), (batch axes of lhs, of rhs))."""


@user_facing
def dot_general(
    lhs: ArrayLike,
    rhs: ArrayLike,
    dimension_numbers: DotDimensionNumbers,
    precision: object | None = None,
    preferred_element_type: DTypeLike | None = None,
) -> Array:
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
    lhs, rhs = as_array(lhs), as_array(rhs)
    dtype = np.dtype(preferred_element_type or np.result_type(lhs.dtype, rhs.dtype))
    return dot_general_p(
        shape_ops.cast(lhs, dtype),
        shape_ops.cast(rhs, dtype),
        contract=(tuple(map(int, lc)), tuple(map(int, rc))),
        batch=(tuple(map(int, lb)), tuple(map(int, rb))),
        strong=None,
    )


@user_facing
def pad(
    operand: ArrayLike, padding_value: ArrayLike, padding_config: Sequence[tuple[int, int, int]]
) -> Array:
    """Pad with a value: (low, high, interior) per axis; negative low and high crop.

    >>> pad(np.array([1.0, 2.0]), 0.0, [(1, 0, 1)])
    array([0., 1., 0., 2.])
    """
    operand = as_array(operand)
    value = padding_value
    if not isinstance(value, int | float) or value != 0:
        value = shape_ops.cast(as_array(value), operand.dtype)
    return joining.pad(operand, value, tuple(tuple(map(int, c)) for c in padding_config))  # type: ignore[misc]


@user_facing
def broadcast_in_dim(
    operand: ArrayLike, shape: Sequence[int], broadcast_dimensions: Sequence[int]
) -> Array:
    """Broadcast to a shape, with operand axis i at result axis broadcast_dimensions[i].

    >>> broadcast_in_dim(np.arange(2), (2, 3), (0,))
    array([[0, 0, 0],
           [1, 1, 1]])
    """
    operand = as_array(operand)
    middle = [1] * len(shape)
    for i, d in zip(broadcast_dimensions, operand.shape, strict=True):
        middle[i] = d
    return shape_ops.broadcast_to(
        shape_ops.reshape(operand, shape=tuple(middle)), tuple(map(int, shape))
    )


@user_facing
def rev(operand: ArrayLike, dimensions: Sequence[int]) -> Array:
    """The array with some axes reversed.

    >>> rev(np.arange(3), (0,))
    array([2, 1, 0])
    """
    operand = as_array(operand)
    axes = sorted(axis_of(d, len(operand.shape)) for d in dimensions)
    return shape_ops.flip(operand, axes=tuple(axes))


@user_facing
def convert_element_type(operand: ArrayLike, new_dtype: DTypeLike) -> Array:
    """The array in another dtype.

    >>> convert_element_type(1.5, np.int64)
    np.int64(1)
    """
    return shape_ops.convert(operand, dtype=np.dtype(new_dtype))


@user_facing
def concatenate(operands: Sequence[ArrayLike], dimension: int) -> Array:
    """Arrays joined along an axis.

    >>> concatenate([np.zeros(1), np.ones(1)], 0)
    array([0., 1.])
    """
    return np.concatenate(operands, axis=dimension)


@user_facing
def expand_dims(array: ArrayLike, dimensions: int | Sequence[int]) -> Array:
    """The array with axes of size one put in, at these positions of the result.

    >>> expand_dims(np.zeros(2), (0,)).shape
    (1, 2)
    """
    return np.expand_dims(array, dimensions)


@user_facing
def full_like(
    x: ArrayLike,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    shape: Shape | None = None,
) -> Array:
    """An array of one value, which may be traced, with the shape and dtype of another.

    >>> full_like(np.zeros(2), 3)
    array([3., 3.])
    """
    return replacements.full_like(x, fill_value, dtype, shape=shape)


@user_facing
def reshape(operand: ArrayLike, new_sizes: Shape) -> Array:
    """The elements, in their order, in another shape.

    >>> reshape(np.arange(4), (2, 2))
    array([[0, 1],
           [2, 3]])
    """
    return np.reshape(operand, new_sizes)


@user_facing
def squeeze(array: ArrayLike, dimensions: Axes = None) -> Array:
    """The array without these axes, which have size one; None takes all of size one.

    >>> squeeze(np.zeros((1, 2)), (0,)).shape
    (2,)
    """
    return np.squeeze(array, dimensions)


@user_facing
def transpose(operand: ArrayLike, permutation: Sequence[int] | None = None) -> Array:
    """The array with its axes in another order; None reverses them.

    >>> transpose(np.zeros((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return np.transpose(operand, permutation)
