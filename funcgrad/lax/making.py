"""New arrays, and their dtypes, under the names of JAX's lax."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import created
from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.dtypes import kind_of
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..numpy import replacements
from ..numpy.shapes import creation
from ..ops import shape as shape_ops
from ..typing import Array, ArrayLike, DTypeLike, Shape
from .operands import ANY, as_array, axis_of, integers, strong


def shape_of_sizes(name: str, argument: str, shape: Any) -> tuple[int, ...]:
    """A shape given as one size or several, none of them negative."""
    sizes = integers(name, argument, (shape,) if is_integer(shape) else shape)
    if any(n < 0 for n in sizes):
        raise ShapeError(f"{name}: {argument} {sizes} has a negative size")
    return sizes


@user_facing
def iota(dtype: DTypeLike, size: int) -> Array:
    """The integers from 0 to size - 1 as an array of a dtype.

    >>> iota(np.float64, 3)
    array([0., 1., 2.])
    """
    return broadcasted_iota(dtype, (size,), 0)


@user_facing
def broadcasted_iota(
    dtype: DTypeLike, shape: Shape, dimension: int, *, out_sharding: None = None
) -> Array:
    """An array that counts from 0 along one axis.

    Args:
        dtype: dtype of the numbers.
        shape: shape of the array.
        dimension: the axis.
        out_sharding: must be None: arrays are on one device.

    Returns:
        A new array.

    >>> broadcasted_iota(np.int64, (2, 3), 1)
    array([[0, 1, 2],
           [0, 1, 2]])
    """
    sizes = shape_of_sizes("iota", "shape", shape)
    axis = axis_of(dimension, len(sizes))
    kind = np.dtype(dtype)
    if kind_of(kind) not in "iufc":
        raise TypeError(f"iota: dtype must be one of numbers, got {kind}")

    def make(xp: Any) -> Any:
        row = xp.arange(sizes[axis]).astype(kind)
        row = row.reshape(tuple(n if i == axis else 1 for i, n in enumerate(sizes)))
        return xp.broadcast_to(row, sizes).copy()

    return created(make)


@user_facing
def full(
    shape: Shape,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    *,
    sharding: None = None,
) -> Array:
    """An array of one value, which may be traced.

    Args:
        shape: shape of the array.
        fill_value: a scalar.
        dtype: dtype; None is that of the value.
        sharding: must be None: arrays are on one device.

    Returns:
        A new array.

    >>> full((2,), 3.0)
    array([3., 3.])
    """
    sizes = shape_of_sizes("full", "shape", shape)
    value = strong("full", fill_value, ANY)
    if aval_of(value).shape != ():
        raise ShapeError(f"full: fill_value must be a scalar, got {aval_of(value)}")
    return creation.full(sizes, value, value.dtype if dtype is None else dtype)


@user_facing
def full_like(
    x: ArrayLike,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    shape: Shape | None = None,
    sharding: None = None,
) -> Array:
    """An array of one value, which may be traced, with the shape and dtype of another.

    >>> full_like(np.zeros(2), 3)
    array([3., 3.])
    """
    return replacements.full_like(x, fill_value, dtype, shape=shape)


@user_facing
def empty(shape: Shape, dtype: DTypeLike, *, out_sharding: None = None) -> Array:
    """A new array of a shape and dtype; its values are zero, as in JAX.

    >>> empty((2,), np.float64)
    array([0., 0.])
    """
    sizes = shape_of_sizes("empty", "shape", shape)
    return created(lambda xp: xp.zeros(sizes, np.dtype(dtype)))


@user_facing
def dtype(x: ArrayLike) -> np.dtype[Any]:
    """The dtype of an array or number.

    >>> dtype(1.5)
    dtype('float64')
    """
    found = aval_of(as_array(x)).dtype
    if found.kind not in ANY:
        raise TypeError(f"dtype takes an array or a number, got {describe(x)}")
    return found


@user_facing
def convert_element_type(operand: ArrayLike, new_dtype: DTypeLike) -> Array:
    """The array in another dtype.

    >>> convert_element_type(1.5, np.int64)
    np.int64(1)
    """
    return shape_ops.convert(operand, dtype=np.dtype(new_dtype))


@user_facing
def shape_as_value(shape: Shape) -> Array:
    """A shape as an array of integers.

    >>> shape_as_value((2, 3))
    array([2, 3], dtype=int32)
    """
    return np.asarray(shape_of_sizes("shape_as_value", "shape", shape), np.int32)
