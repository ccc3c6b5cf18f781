"""Functions that look for traced values in more of their arguments than NumPy's do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.tracebacks import user_facing
from ..typing import Array, ArrayLike, Axes, DTypeLike, Shape
from . import elementwise
from .indexing import taking
from .protocol import holds_tracer
from .shapes import padding, shaping
from .shapes.padding import PadWidth


@user_facing
def take(a: ArrayLike, indices: ArrayLike, axis: int | None = None, mode: str = "raise") -> Array:
    """Elements of an array at given positions, either of which may be traced.

    Args:
        a: array.
        indices: integer array of positions.
        axis: axis the positions belong to; None flattens the array.
        mode: 'raise', 'clip' or 'wrap' for positions out of range.

    Returns:
        The elements; ``indices.shape`` takes the place of the axis.

    Raises:
        IndexError: with mode 'raise', for a position out of range.

    >>> take(np.array([4.0, 5.0, 6.0]), [2, 0])
    array([6., 4.])
    """
    run: Any = taking.take if holds_tracer((a, indices)) else np.take
    return run(a, indices, axis, mode=mode)


@user_facing
def full_like(
    a: ArrayLike,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    *,
    shape: Shape | None = None,
) -> Array:
    """An array of one value, which may be traced, with the shape and dtype of another.

    Args:
        a: array that gives shape and dtype.
        fill_value: the value, or an array that broadcasts to the shape.
        dtype: another dtype.
        shape: another shape.

    Returns:
        The array.

    >>> full_like(np.zeros(2), 3)
    array([3., 3.])
    """
    run = elementwise.full_like if holds_tracer((a, fill_value)) else np.full_like
    return run(a, fill_value, dtype, shape=shape)


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
