"""Sorting and the largest elements, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops.pointwise.comparison import select
from ..ops.reductions import sorting
from ..ops.reductions.sorting import take_along
from ..ops.shape import move_axis
from ..ops.structural.argsort import argsort
from ..typing import Array, ArrayLike
from .operands import REAL, axis_of, strong, together


@overload
def sort(
    operand: Array, dimension: int = -1, is_stable: bool = True, num_keys: int = 1
) -> Array: ...
@overload
def sort(
    operand: Sequence[Array], dimension: int = -1, is_stable: bool = True, num_keys: int = 1
) -> tuple[Array, ...]: ...
@user_facing
def sort(operand: Any, dimension: int = -1, is_stable: bool = True, num_keys: int = 1) -> Any:
    """The elements along an axis in ascending order, or several arrays in the order of the first.

    Args:
        operand: an array, or a tuple or list of arrays of one shape.
        dimension: the axis.
        is_stable: ignored: equal elements always keep their order.
        num_keys: how many of the arrays decide the order, one after the other.

    Returns:
        The sorted array, or a tuple of all arrays, each in the order of the first ones.

    >>> sort(np.array([3, 1, 2]))
    array([1, 2, 3])
    >>> sort((np.array([2, 1, 2]), np.array([5, 6, 4])), num_keys=2)
    (array([1, 2, 2]), array([6, 4, 5]))
    """
    if not isinstance(operand, tuple | list):
        x = strong("sort", operand)
        return sorting.sort(x, axis=axis_of(dimension, len(x.shape)), descending=False)
    xs = [strong("sort", x) for x in operand]
    if not is_integer(num_keys):
        raise TypeError(f"sort: num_keys must be an int, got {describe(num_keys)}")
    if not 1 <= num_keys <= len(xs):
        raise ValueError(f"sort: num_keys={num_keys} must be from 1 to {len(xs)} operands")
    if len({tuple(x.shape) for x in xs}) > 1:
        raise ShapeError(f"sort: operands differ in shape: {[tuple(x.shape) for x in xs]}")
    axis = axis_of(dimension, len(xs[0].shape))
    order = argsort(xs[num_keys - 1], axis=axis, descending=False)
    for key in reversed(xs[: num_keys - 1]):
        again = argsort(take_along(key, order, axis), axis=axis, descending=False)
        order = take_along(order, again, axis)
    return tuple(take_along(x, order, axis) for x in xs)


@user_facing
def sort_key_val(
    keys: Array, values: ArrayLike, dimension: int = -1, is_stable: bool = True
) -> tuple[Array, Array]:
    """Keys in ascending order along an axis, and values in the order of their keys.

    >>> sort_key_val(np.array([3, 1, 2]), np.array([1.0, 2.0, 3.0]))
    (array([1, 2, 3]), array([2., 3., 1.]))
    """
    pair = strong("sort_key_val", keys), strong("sort_key_val", values)
    first, second = sort(pair, dimension, is_stable)
    return first, second


@user_facing
def top_k(operand: ArrayLike, k: int, *, axis: int = -1) -> tuple[Array, Array]:
    """The k largest elements along an axis, largest first, and where they are.

    Args:
        operand: array.
        k: how many.
        axis: the axis.

    Returns:
        The elements and their positions, of equal elements the first ones.

    >>> top_k(np.array([1.0, 5.0, 3.0]), 2)
    (array([5., 3.]), array([1, 2]))
    """
    x = strong("top_k", operand, REAL)
    if not x.shape:
        raise ShapeError("top_k needs an array with at least one axis")
    place = axis_of(axis, len(x.shape))
    if not is_integer(k):
        raise TypeError(f"top_k: k must be an integer, got {describe(k)}")
    if not 0 <= k <= x.shape[place]:
        raise ShapeError(
            f"top_k: k={k} does not fit axis {axis} of an array of shape {tuple(x.shape)}"
        )
    values, where = sorting.top_k(move_axis(x, place, -1), k=int(k))
    return move_axis(values, -1, place), move_axis(where, -1, place)


@user_facing
def approx_max_k(
    operand: ArrayLike,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
) -> tuple[Array, Array]:
    """The k largest elements along an axis: exactly those, as ``top_k`` finds them.

    Args:
        operand: array of floats.
        k: how many.
        reduction_dimension: the axis.
        recall_target: ignored: all are found.
        reduction_input_size_override: ignored.
        aggregate_to_topk: ignored: results are always the k largest.

    Returns:
        The elements, largest first, and their positions.

    >>> approx_max_k(np.array([1.0, 5.0, 3.0]), 2)
    (array([5., 3.]), array([1, 2]))
    """
    return top_k(strong("approx_max_k", operand, "f"), k, axis=reduction_dimension)


@user_facing
def approx_min_k(
    operand: ArrayLike,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
) -> tuple[Array, Array]:
    """The k smallest elements along an axis, smallest first, and their positions.

    The arguments are those of ``approx_max_k``.

    >>> approx_min_k(np.array([1.0, 5.0, 3.0]), 2)
    (array([1., 3.]), array([0, 2]))
    """
    x = strong("approx_min_k", operand, "f")
    values, where = top_k(np.negative(x), k, axis=reduction_dimension)
    return np.negative(values), where


@user_facing
def select_n(which: ArrayLike, *cases: ArrayLike) -> Array:
    """Elements of one of several arrays, by integers that say of which.

    Args:
        which: integers from 0 to the number of cases less one, or truth values for two; a scalar,
            or of the shape of the cases.
        cases: arrays of one shape and dtype.

    Returns:
        The selected elements. The derivative of what is not selected is zero.

    >>> select_n(np.array([0, 2, 1]), np.zeros(3), np.ones(3), np.full(3, 2.0))
    array([0., 2., 1.])
    """
    which = strong("select_n", which, "biu")
    if not cases:
        raise TypeError("select_n needs at least one case")
    xs = together("select_n", *cases)
    shape = tuple(xs[0].shape)
    if any(tuple(x.shape) != shape for x in xs):
        raise ShapeError(f"select_n: cases differ in shape: {[tuple(x.shape) for x in xs]}")
    if tuple(which.shape) not in ((), shape):
        raise ShapeError(
            f"select_n: which has shape {tuple(which.shape)}; it must be a scalar or have the "
            f"shape {shape} of the cases"
        )
    if which.dtype.kind == "b":
        if len(xs) > 2:
            raise TypeError(f"select_n: truth values select one of two cases, not of {len(xs)}")
        return xs[0] if len(xs) == 1 else select(which, xs[1], xs[0])
    out = xs[-1]
    for i in range(len(xs) - 2, -1, -1):
        out = select(which <= i, xs[i], out)
    return out
