"""Where arrays are not zero, and what is there, in as many places as ``size=`` says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.tracebacks import user_facing
from ...ops.pointwise.comparison import select
from ...ops.reductions.cumulative import cumsum
from ...ops.reductions.sorting import searchsorted
from ...ops.shape import cast, convert, reshape
from ...typing import Array, ArrayLike
from ..indexing import taking
from ..protocol import array, as_operand, axis_of

_numpy: Any = np


def checked_size(size: int, what: str) -> int:
    """A static number of elements, or an error that says what was given instead."""
    if not is_integer(size) or size < 0:
        kind = ValueError if is_integer(size) else TypeError
        raise kind(f"{what}: size must be a number of elements that is known, got {size!r}")
    return int(size)


def first_places(mask: Array, size: int) -> tuple[Array, Array]:
    """The first places at which a vector is true, and which of as many as ``size`` there are.

    Those that there are not come as the length of the vector.
    """
    n = mask.shape[0]
    if not n:
        return np.zeros(size, np.intp), np.zeros(size, bool)
    counts = cumsum(cast(mask, np.dtype(np.intp)), axis=0, reverse=False)
    wanted = like(counts, np.arange(1, size + 1))
    places = searchsorted(counts, wanted, side="left")
    return places, places < n


def taken(x: Array, places: Array, valid: Array, fill: ArrayLike) -> Array:
    """The rows of an array at places, and another value where these are not valid."""
    fill = convert(fill, dtype=x.dtype)
    if not x.shape[0]:
        return np.broadcast_to(fill, (*places.shape, *x.shape[1:]))
    rows = taking.take(x, select(valid, places, 0), 0)
    return select(reshape(valid, shape=(*valid.shape, *(1,) * (len(x.shape) - 1))), rows, fill)


def _places(mask: ArrayLike, size: int, fill_value: Any, what: str) -> tuple[Array, ...]:
    size = checked_size(size, what)
    x = array(mask)
    if not x.shape:
        raise ValueError(f"{what} needs an array with axes; take np.atleast_1d of a scalar")
    fills = fill_value if isinstance(fill_value, tuple) else (fill_value,) * len(x.shape)
    if len(fills) != len(x.shape):
        raise ValueError(
            f"{what}: {len(fills)} values in fill_value for an array of {len(x.shape)} axes"
        )
    flat = reshape(x, shape=(x.size,))
    places, valid = first_places(flat if x.dtype.kind == "b" else flat != 0, size)
    found = []
    for i, (n, fill) in enumerate(zip(x.shape, fills, strict=True)):
        along = places // max(math.prod(x.shape[i + 1 :]), 1) % max(n, 1)
        fill = convert(0 if fill is None else fill, dtype=along.dtype)
        found.append(select(valid, along, fill))
    return tuple(found)


@user_facing
def nonzero(
    a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | tuple[Any, ...] | None = None
) -> tuple[Array, ...]:
    """The indices of elements that are not zero, an array for each axis.

    Args:
        a: array.
        size: how many indices to return, whatever the values are, so that it can be staged.
        fill_value: with size, the index where there are no more; a tuple has one for each axis.

    Returns:
        The indices, in the order of memory.

    Raises:
        ConcretizationError: without size, if the values are not known.

    >>> nonzero(np.array([0, 3, 0, 4]))
    (array([1, 3]),)
    >>> nonzero(np.array([0, 3, 0, 4]), size=3, fill_value=-1)
    (array([ 1,  3, -1]),)
    """
    return _numpy.nonzero(a) if size is None else _places(a, size, fill_value, "nonzero")


@user_facing
def flatnonzero(
    a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None
) -> Array:
    """The positions in the flat array of elements that are not zero.

    Args:
        a: array.
        size: how many positions to return, whatever the values are.
        fill_value: with size, the position where there are no more.

    >>> flatnonzero(np.array([[0, 3], [0, 4]]), size=3)
    array([1, 3, 0])
    """
    if size is None:
        return np.flatnonzero(a)
    x = array(a)
    return _places(reshape(x, shape=(x.size,)), size, fill_value, "flatnonzero")[0]


@user_facing
def argwhere(
    a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None
) -> Array:
    """The indices of elements that are not zero, a row for each.

    Args:
        a: array.
        size: how many rows to return, whatever the values are.
        fill_value: with size, the index in rows of which there are no more.

    >>> argwhere(np.array([[0, 3], [0, 4]]), size=3)
    array([[0, 1],
           [1, 1],
           [0, 0]])
    """
    if size is None:
        return np.argwhere(a)
    return np.stack(_places(a, size, fill_value, "argwhere"), axis=1)


@user_facing
def where(
    condition: ArrayLike,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    /,
    *,
    size: int | None = None,
    fill_value: ArrayLike | tuple[Any, ...] | None = None,
) -> Any:
    """Choose from two arrays by a condition; without them, the indices where it is true.

    Args:
        condition: booleans.
        x: values where it is true.
        y: values where it is false.
        size: without x and y, how many indices to return, whatever the values are.
        fill_value: with size, the index where there are no more.

    Returns:
        The values chosen, or a tuple of indices as from ``nonzero``.

    Raises:
        ValueError: one of x and y is given, or both and size.

    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    if size is None and fill_value is None:
        if x is not None and y is not None:
            return _numpy.where(condition, x, y)
        if x is None and y is None:
            return _numpy.where(condition)
        raise ValueError("where needs both of x and y, or neither")
    if x is not None or y is not None or size is None:
        raise ValueError("where: size and fill_value belong to where(condition), without x and y")
    return nonzero(condition, size=size, fill_value=fill_value)


@user_facing
def extract(
    condition: ArrayLike, arr: ArrayLike, *, size: int | None = None, fill_value: ArrayLike = 0
) -> Array:
    """Elements of the flat array where a condition is true.

    Args:
        condition: booleans.
        arr: array of the same size.
        size: how many elements to return, whatever the condition is.
        fill_value: with size, the value where there are no more.

    >>> extract(np.array([True, False, True]), np.array([1.0, 2.0, 3.0]), size=3)
    array([1., 3., 0.])
    """
    if size is None:
        return np.extract(condition, arr)
    mask = array(condition)
    return compress(reshape(mask, shape=(mask.size,)), arr, size=size, fill_value=fill_value)


@user_facing
def compress(
    condition: ArrayLike,
    a: ArrayLike,
    axis: int | None = None,
    out: None = None,
    *,
    size: int | None = None,
    fill_value: ArrayLike = 0,
) -> Array:
    """Slices along an axis where a condition is true.

    Args:
        condition: a vector of booleans, which may be shorter than the axis.
        a: array.
        axis: axis; None flattens the array.
        out: not supported on traced values.
        size: how many slices to return, whatever the condition is.
        fill_value: with size, the value in slices of which there are no more.

    >>> compress(np.array([True, False, True]), np.array([1.0, 2.0, 3.0]), size=3, fill_value=-1)
    array([ 1.,  3., -1.])
    """
    if size is None:
        return _numpy.compress(condition, a, axis, out)
    size = checked_size(size, "compress")
    mask, x = array(condition), as_operand(a)
    if len(mask.shape) != 1:
        raise ValueError(f"compress: the condition has shape {tuple(mask.shape)}, not one axis")
    if axis is None:
        x, axis = reshape(x, shape=(x.size,)), 0
    k = axis_of(axis, len(x.shape))
    rows = np.moveaxis(x, k, 0)
    n = min(mask.shape[0], rows.shape[0])
    mask = mask[:n]
    places, valid = first_places(mask if mask.dtype.kind == "b" else mask != 0, size)
    return np.moveaxis(taken(rows[:n], places, valid, fill_value), 0, k)
