"""Sorting, positions of extrema and cumulative functions, under the names of JAX's lax."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Primitive
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.reductions import cumulative, sorting
from ..ops.reductions import reducing as reductions
from ..typing import Array, ArrayLike, DTypeLike
from .operands import as_array, axis_of


def _cumulative(prim: Primitive, operand: ArrayLike, axis: int, reverse: bool) -> Array:
    operand = as_array(operand)
    return prim(operand, axis=axis_of(axis, len(operand.shape)), reverse=bool(reverse))


@user_facing
def top_k(operand: ArrayLike, k: int) -> tuple[Any, Any]:
    """The k largest elements along the last axis, largest first, and where they are.

    >>> top_k(np.array([1.0, 5.0, 3.0]), 2)
    (array([5., 3.]), array([1, 2]))
    """
    operand = as_array(operand)
    if not operand.shape or not 0 <= k <= operand.shape[-1]:
        raise ShapeError(f"top_k: k={k} does not fit an array of shape {tuple(operand.shape)}")
    return sorting.top_k(operand, k=int(k))


@user_facing
def cumsum(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative sum along an axis.

    >>> cumsum(np.array([1, 3, 2]))
    array([1, 4, 6])
    """
    return _cumulative(cumulative.cumsum, operand, axis, reverse)


@user_facing
def cumprod(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative product along an axis.

    >>> cumprod(np.array([1, 3, 2]))
    array([1, 3, 6])
    """
    return _cumulative(cumulative.cumprod, operand, axis, reverse)


@user_facing
def cummax(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative maximum along an axis.

    >>> cummax(np.array([1, 3, 2]))
    array([1, 3, 3])
    """
    return _cumulative(cumulative.cummax, operand, axis, reverse)


@user_facing
def cummin(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Cumulative minimum along an axis.

    >>> cummin(np.array([1, 3, 2]))
    array([1, 1, 1])
    """
    return _cumulative(cumulative.cummin, operand, axis, reverse)


@user_facing
def argmax(operand: ArrayLike, axis: int, index_dtype: DTypeLike = np.int64) -> Array:
    """The position of the largest element along an axis.

    >>> argmax(np.array([1.0, 5.0]), 0)
    np.int64(1)
    """
    return shape_ops.cast(reductions.argmax(as_array(operand), axis=axis), np.dtype(index_dtype))


@user_facing
def argmin(operand: ArrayLike, axis: int, index_dtype: DTypeLike = np.int64) -> Array:
    """The position of the smallest element along an axis.

    >>> argmin(np.array([1.0, 5.0]), 0)
    np.int64(0)
    """
    return shape_ops.cast(reductions.argmin(as_array(operand), axis=axis), np.dtype(index_dtype))


@user_facing
def sort(operand: ArrayLike, dimension: int = -1) -> Array:
    """The elements along an axis in ascending order.

    >>> sort(np.array([3, 1, 2]))
    array([1, 2, 3])
    """
    return np.sort(as_array(operand), axis=dimension)
