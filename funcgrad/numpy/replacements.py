"""Functions that look for traced values in more of their arguments than NumPy's do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Device, device_put, is_gpu_array, like
from ..core.tracebacks import user_facing
from ..ops.pointwise.comparison import select
from ..ops.reductions import sorting
from ..ops.shape import convert, reshape
from ..typing import Array, ArrayLike, Axes, DTypeLike, Shape
from . import elementwise
from .indexing import taking
from .indexing.keys import positions
from .indexing.updates import at, filling
from .protocol import array, as_operand, axis_of, holds_tracer, refuse, with_axis
from .shapes import padding, shaping
from .shapes.padding import PadWidth

_numpy: Any = np
_NONE: Any = np._NoValue


@user_facing
def take(
    a: ArrayLike,
    indices: ArrayLike,
    axis: int | None = None,
    out: Array | None = None,
    mode: str | None = "raise",
    *,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    fill_value: ArrayLike | None = None,
) -> Array:
    """Elements of an array at given positions, either of which may be traced.

    Args:
        a: array.
        indices: integer array of positions.
        axis: axis the positions belong to; None flattens the array.
        out: array that is written into, where nothing is traced.
        mode: 'raise' (as None), 'clip', 'wrap' or 'fill' for positions out of range.
        unique_indices: changes nothing.
        indices_are_sorted: changes nothing.
        fill_value: with mode 'fill', the value at positions out of range; by default NaN, and what
            ``at`` says for types without it.

    Returns:
        The elements; ``indices.shape`` takes the place of the axis.

    Raises:
        IndexError: with mode 'raise', for a position out of range.

    >>> take(np.array([4.0, 5.0, 6.0]), [2, 0])
    array([6., 4.])
    >>> take(np.array([4.0, 5.0, 6.0]), [2, 3], mode="fill")
    array([ 6., nan])
    """
    how = "raise" if mode is None or mode == "promise_in_bounds" else mode
    if how == "fill":
        refuse("take with mode='fill'", out=out)
        x, k = with_axis(as_operand(a), axis)
        return at(x)[(*(slice(None),) * k, array(indices))].get(mode="fill", fill_value=fill_value)
    if holds_tracer((a, indices)) or (how != "raise" and is_gpu_array(a)):
        return taking.take(a, indices, axis, out, mode=how)  # type: ignore[arg-type]
    if is_gpu_array(a):
        return _numpy.take(a, like(a, indices), axis, out)  # CuPy's has no modes
    return _numpy.take(a, indices, axis, out, mode=how)


@user_facing
def take_along_axis(
    arr: ArrayLike,
    indices: ArrayLike,
    axis: int | None = -1,
    mode: str | None = None,
    fill_value: ArrayLike | None = None,
) -> Array:
    """Elements of an array at positions that differ from row to row along an axis.

    Args:
        arr: array.
        indices: positions along the axis, with as many axes as the array.
        axis: axis; None flattens the array.
        mode: 'raise' (as None), 'clip', 'wrap' or 'fill' for positions out of range; negative ones
            count from the end.
        fill_value: with mode 'fill', the value at positions out of range; by default NaN, and what
            ``at`` says for types without it.

    Returns:
        The elements, of the shape of the indices.

    Raises:
        IndexError: with mode 'raise', for a position out of range.

    >>> take_along_axis(np.array([[4.0, 5.0], [6.0, 7.0]]), np.array([[1], [0]]), 1)
    array([[5.],
           [6.]])
    >>> take_along_axis(np.array([4.0, 5.0]), np.array([1, 2]), 0, mode="clip")
    array([5., 5.])
    """
    if mode is None or mode in ("raise", "promise_in_bounds"):
        run: Any = taking.take_along_axis if holds_tracer((arr, indices)) else np.take_along_axis
        return run(arr, indices, axis)
    if mode not in ("clip", "wrap", "fill"):
        raise ValueError(f"mode must be 'raise', 'clip', 'wrap' or 'fill', got {mode!r}")
    x, places = as_operand(arr), positions(indices)
    if axis is None:
        x, axis = reshape(x, shape=(x.size,)), 0
    n = x.shape[axis_of(axis, len(x.shape))]
    if mode == "wrap":
        return taking.take_along_axis(x, places % n, axis)
    moved = np.where(places < 0, places + n, places)
    found = taking.take_along_axis(x, np.clip(moved, 0, n - 1), axis)
    if mode == "clip":
        return found
    inside = (moved >= 0) & (moved < n)
    return select(inside, found, convert(filling(fill_value, x.dtype), dtype=x.dtype))


@user_facing
def clip(
    a: ArrayLike,
    a_min: ArrayLike | None = _NONE,
    a_max: ArrayLike | None = _NONE,
    out: Array | None = None,
    *,
    min: ArrayLike | None = _NONE,
    max: ArrayLike | None = _NONE,
    **kwargs: Any,
) -> Array:
    """Limit the elements of an array to an interval, of which either end may be left out.

    Args:
        a: array.
        a_min: the lower end, which broadcasts; None is no end.
        a_max: the upper end.
        out: array that is written into, where nothing is traced.
        min: another name of a_min.
        max: another name of a_max.
        kwargs: what NumPy's ufuncs take.

    Returns:
        The array of limited elements.

    >>> clip(np.array([-1.0, 0.5, 2.0]), 0, 1)
    array([0. , 0.5, 1. ])
    >>> clip(np.array([-1.0, 0.5, 2.0]), max=1)
    array([-1. ,  0.5,  1. ])
    """
    for first, other, name in ((a_min, min, "min"), (a_max, max, "max")):
        if first is not _NONE and other is not _NONE:
            raise ValueError(f"clip: a_{name} and {name} are two names of one argument; give one")
    # CuPy has no keyword arguments of these names.
    low, high = (b if a is _NONE else a for a, b in ((a_min, min), (a_max, max)))
    low, high = (None if end is _NONE else end for end in (low, high))
    return _numpy.clip(a, low, high, out, **kwargs)


@user_facing
def full_like(
    a: ArrayLike,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: Device | None = None,
) -> Array:
    """An array of one value, which may be traced, with the shape and dtype of another.

    Args:
        a: array that gives shape and dtype.
        fill_value: the value, or an array that broadcasts to the shape.
        dtype: another dtype.
        order: layout of the memory of a plain array.
        subok: changes nothing, as there are no subclasses.
        shape: another shape.
        device: where to put it: 'cpu', 'gpu', 'gpu:1'; by default where the other array is.

    Returns:
        The array.

    >>> full_like(np.zeros(2), 3)
    array([3., 3.])
    """
    if holds_tracer((a, fill_value)):
        return elementwise.full_like(a, fill_value, dtype, shape=shape)
    made = _numpy.full_like(a, fill_value, dtype, order, subok, shape)
    return made if device is None else device_put(made, device)


@user_facing
def sort(
    a: ArrayLike,
    axis: int | None = -1,
    kind: str | None = None,
    order: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Array:
    """The elements of an array in order along an axis.

    Args:
        a: array.
        axis: axis; None flattens the array.
        kind: NumPy's method, for plain arrays; the order of equal elements depends on it.
        order: not for arrays of numbers.
        stable: keep equal elements in order, which is the default unless ``kind`` is given, and
            always done for traced values.
        descending: the largest first.

    Returns:
        The sorted array.

    >>> sort(np.array([3, 1, 2]), descending=True)
    array([3, 2, 1])
    """
    if not descending:
        return _numpy.sort(a, axis, kind, order, stable=stable)
    x = as_operand(a)
    if axis is None:
        x, axis = reshape(x, shape=(x.size,)), 0
    return sorting.sort(x, axis=axis_of(axis, len(x.shape)), descending=True)


@user_facing
def argsort(
    a: ArrayLike,
    axis: int | None = -1,
    kind: str | None = None,
    order: str | None = None,
    *,
    stable: bool | None = None,
    descending: bool = False,
) -> Array:
    """The positions of the elements of an array in order along an axis.

    Args:
        a: array.
        axis: axis; None flattens the array.
        kind: NumPy's method, for plain arrays; the order of equal elements depends on it.
        order: not for arrays of numbers.
        stable: keep equal elements in order, as is always done for traced values.
        descending: the largest first.

    Returns:
        The positions.

    >>> argsort(np.array([3, 1, 2]), descending=True)
    array([0, 2, 1])
    """
    if not descending:
        if kind is stable is None:
            stable = True
        return _numpy.argsort(a, axis, kind, order, stable=stable)
    x, k = with_axis(as_operand(a), axis)
    return sorting.argsort(x, axis=k, descending=True)


@user_facing
def pad(array: ArrayLike, pad_width: PadWidth, mode: str = "constant", **kwargs: Any) -> Array:
    """An array with values put around it, as ``numpy.pad``; the values may be traced.

    Args:
        array: array.
        pad_width: how many before and behind each axis, or a dict axis -> widths.
        mode: constant, edge, reflect, symmetric, wrap, linear_ramp, mean, maximum, minimum, median.
        kwargs: constant_values, reflect_type, end_values, stat_length.

    Returns:
        The larger array.

    Raises:
        ValueError: for a mode or an argument that there is not.

    >>> pad(np.ones(2), 1)
    array([0., 1., 1., 0.])
    """
    run: Any = padding.pad if holds_tracer((array, *kwargs.values())) else np.pad
    return run(array, pad_width, mode, **kwargs)


@user_facing
def roll(a: ArrayLike, shift: int | Sequence[int] | Array, axis: Axes = None) -> Array:
    """An array whose elements are moved along axes, round the ends; ``shift`` may be traced.

    Args:
        a: array.
        shift: how far, an integer or one per axis.
        axis: axis or axes; None flattens the array for the while.

    Returns:
        The array of the same shape.

    >>> roll(np.array([1, 2, 3]), 1)
    array([3, 1, 2])
    """
    run = shaping.roll if holds_tracer((a, shift)) else np.roll
    return run(a, shift, axis)
