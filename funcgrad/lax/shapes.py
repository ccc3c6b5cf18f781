"""Shapes: broadcasting, reordering, joining and dividing, under the names of JAX's lax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.families.elementwise import broadcast_shapes as broadcast_shapes_of
from ..ops.structural import joining
from ..typing import Array, ArrayLike, Shape
from .making import shape_of_sizes
from .operands import ANY, axes_of, axis_of, common_dtype, integers, strong, together

# --- broadcasting --------------------------------------------------------------------------------


@user_facing
def broadcast(operand: ArrayLike, sizes: Sequence[int], *, out_sharding: None = None) -> Array:
    """The array repeated along new leading axes of these sizes.

    >>> broadcast(np.array([1, 2]), (2,))
    array([[1, 2],
           [1, 2]])
    """
    x = strong("broadcast", operand)
    return shape_ops.broadcast_to(x, (*shape_of_sizes("broadcast", "sizes", sizes), *x.shape))


@user_facing
def broadcast_in_dim(
    operand: ArrayLike,
    shape: Shape,
    broadcast_dimensions: Sequence[int],
    *,
    out_sharding: None = None,
) -> Array:
    """Broadcast to a shape, with operand axis i at result axis broadcast_dimensions[i].

    Args:
        operand: array, whose axes have size 1 or that of the result.
        shape: shape of the result.
        broadcast_dimensions: an axis of the result for each axis of the operand, in order.
        out_sharding: must be None: arrays are on one device.

    Returns:
        The array with its elements repeated.

    >>> broadcast_in_dim(np.arange(2), (2, 3), (0,))
    array([[0, 0, 0],
           [1, 1, 1]])
    """
    x = strong("broadcast_in_dim", operand)
    sizes = shape_of_sizes("broadcast_in_dim", "shape", shape)
    places = axes_of("broadcast_in_dim", "broadcast_dimensions", broadcast_dimensions, len(sizes))
    if len(places) != len(x.shape) or list(places) != sorted(places):
        raise ShapeError(
            "broadcast_in_dim: broadcast_dimensions must name an axis of the result for each of "
            f"{len(x.shape)} axes of the operand, in ascending order; got {places}"
        )
    middle = [1] * len(sizes)
    for i, d in zip(places, x.shape, strict=True):
        middle[i] = d
    return shape_ops.broadcast_to(shape_ops.reshape(x, shape=tuple(middle)), sizes)


@user_facing
def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape to which shapes broadcast together.

    >>> broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    if not shapes:
        raise TypeError("broadcast_shapes needs at least one shape")
    found = [shape_of_sizes("broadcast_shapes", "a shape", s) for s in shapes]
    return broadcast_shapes_of("broadcast_shapes", *found)


@user_facing
def broadcast_to_rank(x: ArrayLike, rank: int) -> Array:
    """The array with leading axes of size one, so that it has a number of axes.

    >>> broadcast_to_rank(np.zeros(3), 2).shape
    (1, 3)
    """
    x = strong("broadcast_to_rank", x)
    if len(x.shape) > rank:
        raise ShapeError(f"broadcast_to_rank: {aval_of(x)} has more than {rank} axes")
    return shape_ops.reshape(x, shape=(1,) * (rank - len(x.shape)) + tuple(x.shape))


@user_facing
def broadcast_like(arr: ArrayLike, like_arr: ArrayLike) -> Array:
    """The array broadcast to the shape of another.

    >>> broadcast_like(np.ones(1), np.zeros((2, 2))).shape
    (2, 2)
    """
    shape = tuple(aval_of(strong("broadcast_like", like_arr)).shape)
    return shape_ops.broadcast_to(strong("broadcast_like", arr), shape)


@user_facing
def tile(operand: ArrayLike, reps: Sequence[int]) -> Array:
    """The array repeated as a block, a number of times along each of its axes.

    >>> tile(np.array([1, 2]), (2,))
    array([1, 2, 1, 2])
    """
    x = strong("tile", operand)
    times = shape_of_sizes("tile", "reps", reps)
    if len(times) != len(x.shape):
        raise ShapeError(f"tile: reps {times} needs one number for each axis of {aval_of(x)}")
    return np.tile(x, times)


# --- shapes --------------------------------------------------------------------------------------


@user_facing
def reshape(
    operand: ArrayLike,
    new_sizes: Shape,
    dimensions: Sequence[int] | None = None,
    *,
    out_sharding: None = None,
) -> Array:
    """The elements, in their order, in another shape.

    Args:
        operand: array.
        new_sizes: the shape; one size may be -1, for what is left.
        dimensions: an order of the axes in which to read the elements.
        out_sharding: must be None: arrays are on one device.

    Returns:
        The array in that shape.

    >>> reshape(np.arange(4), (2, 2))
    array([[0, 1],
           [2, 3]])
    """
    if dimensions is not None:
        operand = transpose(operand, dimensions)
    return np.reshape(operand, new_sizes)


@user_facing
def collapse(operand: ArrayLike, start_dimension: int, stop_dimension: int | None = None) -> Array:
    """The array with the axes from one to before another joined to one axis.

    >>> collapse(np.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    x = strong("collapse", operand)
    shape = tuple(x.shape)
    start, stop, _ = slice(start_dimension, stop_dimension).indices(len(shape))
    if not start < stop:
        raise ShapeError(
            f"collapse: there are no axes from {start_dimension} to {stop_dimension} in "
            f"{aval_of(x)}"
        )
    joined = math.prod(shape[start:stop])
    return shape_ops.reshape(x, shape=(*shape[:start], joined, *shape[stop:]))


@user_facing
def expand_dims(array: ArrayLike, dimensions: int | Sequence[int]) -> Array:
    """The array with axes of size one put in, at these positions of the result.

    >>> expand_dims(np.zeros(2), (0,)).shape
    (1, 2)
    """
    return np.expand_dims(array, dimensions)


@user_facing
def squeeze(array: ArrayLike, dimensions: int | Sequence[int] | None = None) -> Array:
    """The array without these axes, which have size one; None takes all of size one.

    >>> squeeze(np.zeros((1, 2)), (0,)).shape
    (2,)
    """
    axes = tuple(dimensions) if isinstance(dimensions, Sequence) else dimensions
    return np.squeeze(array, axes)


@user_facing
def transpose(operand: ArrayLike, permutation: Sequence[int] | None = None) -> Array:
    """The array with its axes in another order; None reverses them.

    >>> transpose(np.zeros((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return np.transpose(operand, permutation)


@user_facing
def rev(operand: ArrayLike, dimensions: Sequence[int]) -> Array:
    """The array with some axes reversed.

    >>> rev(np.arange(3), (0,))
    array([2, 1, 0])
    """
    x = strong("rev", operand)
    axes = axes_of("rev", "dimensions", dimensions, len(x.shape))
    return shape_ops.flip(x, axes=tuple(sorted(axes)))


@user_facing
def pad(
    operand: ArrayLike, padding_value: ArrayLike, padding_config: Sequence[tuple[int, int, int]]
) -> Array:
    """Pad with a value: (low, high, interior) per axis; negative low and high crop.

    Args:
        operand: array.
        padding_value: a scalar of that dtype.
        padding_config: three integers for each axis.

    Returns:
        The padded array.

    >>> pad(np.array([1.0, 2.0]), 0.0, [(1, 0, 1)])
    array([0., 1., 0., 2.])
    """
    x = strong("pad", operand)
    config = tuple(integers("pad", "padding_config", c) for c in padding_config)
    if len(config) != len(x.shape) or any(len(c) != 3 for c in config):
        raise ShapeError(
            f"pad: padding_config needs (low, high, interior) for each axis of {aval_of(x)}, got "
            f"{config}"
        )
    if common_dtype("pad", x, strong_or_number(padding_value)) != x.dtype:
        raise TypeError(f"pad: {describe(padding_value)} does not become {x.dtype}")
    if aval_of(padding_value).shape != ():
        raise ShapeError(f"pad: padding_value must be a scalar, got {aval_of(padding_value)}")
    value: Any = padding_value
    if not isinstance(value, int | float) or value != 0:
        value = shape_ops.cast(value, x.dtype)
    return joining.pad(x, value, config)  # type: ignore[arg-type]


def strong_or_number(x: ArrayLike) -> Any:
    """A number of Python's as it is, anything else checked to be an array of numbers."""
    return x if isinstance(x, int | float) else strong("pad", x, ANY)


# --- joining and dividing ------------------------------------------------------------------------


@user_facing
def concatenate(operands: Sequence[ArrayLike], dimension: int) -> Array:
    """Arrays joined along an axis.

    Args:
        operands: arrays of one dtype, which agree in all other axes.
        dimension: the axis.

    Returns:
        The joined array.

    >>> concatenate([np.zeros(1), np.ones(1)], 0)
    array([0., 1.])
    """
    return np.concatenate(together("concatenate", *operands), axis=dimension)


@user_facing
def stack(operands: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays of one shape and dtype joined along a new axis.

    >>> stack([np.zeros(2), np.ones(2)], 1)
    array([[0., 1.],
           [0., 1.]])
    """
    return np.stack(together("stack", *operands), axis=axis)


@user_facing
def unstack(x: ArrayLike, axis: int = 0) -> tuple[Array, ...]:
    """The parts of an array along one axis, which they no longer have.

    >>> unstack(np.array([[1, 2], [3, 4]]), 1)
    (array([1, 3]), array([2, 4]))
    """
    x = strong("unstack", x)
    place = axis_of(axis, len(x.shape))
    moved = shape_ops.move_axis(x, place, 0)
    return tuple(moved[i] for i in range(moved.shape[0]))


@user_facing
def split(operand: ArrayLike, sizes: Sequence[int], axis: int = 0) -> list[Array]:
    """An array divided along one axis into parts of given sizes.

    Args:
        operand: array.
        sizes: sizes of the parts, which sum up to that of the axis.
        axis: the axis.

    Returns:
        The parts.

    Raises:
        ShapeError: the sizes do not sum up.

    >>> split(np.arange(5), (2, 3))
    [array([0, 1]), array([2, 3, 4])]
    """
    x = strong("split", operand)
    place = axis_of(axis, len(x.shape))
    parts = shape_of_sizes("split", "sizes", sizes)
    if sum(parts) != x.shape[place]:
        raise ShapeError(f"split: sizes {parts} sum up to {sum(parts)}, not to {x.shape[place]}")
    ends = np.cumsum(parts)[:-1].tolist()
    return list(np.split(x, ends, axis=place))
