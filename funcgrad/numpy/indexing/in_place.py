"""NumPy's functions that change an array, with JAX's ``inplace=False``: they return a new one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...core.tracing import value_behind
from ...errors import TracerError
from ...ops.pointwise.comparison import select
from ...ops.reductions import sorting
from ...ops.reductions.cumulative import cumsum
from ...ops.shape import broadcast_to, cast, reshape
from ...typing import Array, ArrayLike
from ..protocol import array, as_operand, axis_of, holds_tracer
from .keys import positions
from .taking import in_range, take
from .updates import at

_numpy: Any = np


def _changed(what: str, a: Any, *others: Any) -> None:
    """Let NumPy's function change an array; traced values cannot be written into it."""
    if holds_tracer((a, *others)):
        raise TracerError(
            f"{what}: traced values cannot be changed, nor written into an array, in place. Write "
            f"x = fnp.{what}(x, ..., inplace=False), which returns a new array"
        )
    getattr(_numpy, what)(a, *others)


def _cyclic(values: ArrayLike, places: Array) -> Array:
    """Values at places counted round their end."""
    flat = as_operand(values)
    flat = reshape(flat, shape=(flat.size,))
    return take(flat, places % flat.shape[0], 0)


@user_facing
def put(
    a: Array, ind: ArrayLike, v: ArrayLike, mode: str | None = None, *, inplace: bool = True
) -> Any:
    """Values put at positions of the flat array, as ``numpy.put``.

    Args:
        a: array.
        ind: positions.
        v: values, taken from the first again if there are too few.
        mode: 'raise' (as None), 'clip' or 'wrap' for positions out of range.
        inplace: change the array, which a traced one does not allow, and return None.

    Returns:
        With ``inplace=False`` the new array.

    Raises:
        TracerError: a traced value is to be changed in place, or written into an array.

    >>> put(np.array([1, 2, 3]), [0, 2], [7, 8], inplace=False)
    array([7, 2, 8])
    """
    mode = mode or "raise"
    if inplace:
        return _changed("put", a, ind, v, mode)
    x, values = as_operand(a), as_operand(v)
    places = array(ind)
    places = in_range(reshape(places, shape=(places.size,)), x.size, mode)
    if not places.shape[0] or not values.size:
        return x
    spread = _cyclic(values, like(x, np.arange(places.shape[0])))
    return reshape(at(reshape(x, shape=(x.size,)))[places].set(spread), shape=tuple(x.shape))


@user_facing
def place(arr: Array, mask: ArrayLike, vals: ArrayLike, *, inplace: bool = True) -> Any:
    """Values put one after the other where a mask is true, as ``numpy.place``.

    Args:
        arr: array.
        mask: booleans of its shape.
        vals: values, taken from the first again if there are too few.
        inplace: change the array, which a traced one does not allow, and return None.

    Returns:
        With ``inplace=False`` the new array.

    Raises:
        TracerError: a traced value is to be changed in place, or written into an array.

    >>> place(np.array([1, 2, 3]), np.array([True, False, True]), [7, 8], inplace=False)
    array([7, 2, 8])
    """
    if inplace:
        return _changed("place", arr, mask, vals)
    x, where, values = as_operand(arr), array(mask), as_operand(vals)
    if where.size != x.size:
        raise ValueError(
            f"place: a mask of shape {tuple(where.shape)} for an array of shape {tuple(x.shape)}"
        )
    where = reshape(where if where.dtype.kind == "b" else where != 0, shape=(x.size,))
    if not values.size:
        known = value_behind(where)
        if type(known) is np.ndarray and not known.any():
            return x
        raise ValueError("place: there are no values to put")
    number = cumsum(cast(where, np.dtype(np.intp)), axis=0, reverse=False) - 1
    spread = cast(_cyclic(values, number), x.dtype)
    out = select(where, spread, reshape(x, shape=(x.size,)))
    return reshape(out, shape=tuple(x.shape))


@user_facing
def put_along_axis(
    arr: Array, indices: ArrayLike, values: ArrayLike, axis: int | None, inplace: bool = True
) -> Any:
    """Values put at positions that differ from row to row, as ``numpy.put_along_axis``.

    Args:
        arr: array.
        indices: positions along the axis, with as many axes as the array.
        values: array that broadcasts to the shape of the indices.
        axis: axis; None flattens the array.
        inplace: change the array, which a traced one does not allow, and return None.

    Returns:
        With ``inplace=False`` the new array.

    Raises:
        TracerError: a traced value is to be changed in place, or written into an array.

    >>> put_along_axis(np.array([[1, 2], [3, 4]]), np.array([[1], [0]]), 9, 1, inplace=False)
    array([[1, 9],
           [9, 4]])
    """
    if inplace:
        return _changed("put_along_axis", arr, indices, values, axis)
    x, places = as_operand(arr), positions(indices)
    if axis is None:
        flat = put_along_axis(reshape(x, shape=(x.size,)), places, values, 0, inplace=False)
        return reshape(flat, shape=tuple(x.shape))
    k = axis_of(axis, len(x.shape))
    if len(places.shape) != len(x.shape):
        raise ValueError(
            f"put_along_axis: indices of shape {tuple(places.shape)} need as many axes as an "
            f"array of shape {tuple(x.shape)}"
        )
    rest = [n if i != k else 1 for i, n in enumerate(x.shape)]
    full = np.broadcast_shapes(tuple(places.shape), tuple(rest))
    places = broadcast_to(places, full)
    spread = broadcast_to(cast(as_operand(values), x.dtype), full)
    return sorting.put_along(x, places, spread, k)


@user_facing
def fill_diagonal(a: Array, val: ArrayLike, wrap: bool = False, *, inplace: bool = True) -> Any:
    """An array with other values on its main diagonal, as ``numpy.fill_diagonal``.

    Args:
        a: array of at least two axes, which are of one length if there are more.
        val: the values, taken from the first again if there are too few.
        wrap: go on below the end of a matrix with more rows than columns.
        inplace: change the array, which a traced one does not allow, and return None.

    Returns:
        With ``inplace=False`` the new array.

    Raises:
        TracerError: a traced value is to be changed in place, or written into an array.

    >>> fill_diagonal(np.ones((2, 2)), 5, inplace=False)
    array([[5., 1.],
           [1., 5.]])
    """
    if inplace:
        return _changed("fill_diagonal", a, val, wrap)
    x = as_operand(a)
    shape = tuple(x.shape)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ValueError(
            f"fill_diagonal needs a matrix, or axes of one length; got an array of shape {shape}"
        )
    step = 1 + int(np.sum(np.cumprod(shape[:0:-1])))
    stop = x.size if wrap or len(shape) > 2 else min(x.size, shape[1] * shape[1])
    count = len(range(0, stop, step))
    if not count:
        return x
    if not as_operand(val).size:
        raise ValueError("fill_diagonal: there are no values to fill with")
    spread = _cyclic(val, like(x, np.arange(count)))
    return reshape(at(reshape(x, shape=(x.size,)))[0:stop:step].set(spread), shape=shape)
