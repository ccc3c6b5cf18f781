"""Integrals of functions that are known at some places."""

from __future__ import annotations

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.differences import trapezoid as numpy_trapezoid
from ...numpy.protocol import as_operand, axis_of
from ...ops.shape import cast
from ...typing import Array, ArrayLike


@user_facing
def trapezoid(
    y: ArrayLike, x: ArrayLike | None = None, dx: ArrayLike = 1.0, axis: int = -1
) -> Array:
    """The integral of samples along an axis, by the trapezoidal rule.

    Args:
        y: array of values.
        x: where they are, as an array of one axis or one like ``y``; None for equal distances.
        dx: the distance of samples, where ``x`` is None.
        axis: the axis.

    Returns:
        An array without this axis.

    >>> trapezoid(np.array([1.0, 2.0, 4.0]), x=np.array([0.0, 1.0, 3.0]))
    np.float64(7.5)
    """
    return numpy_trapezoid(y, x, dx, axis)  # type: ignore[arg-type]


@user_facing
def cumulative_trapezoid(
    y: ArrayLike,
    x: ArrayLike | None = None,
    dx: ArrayLike = 1.0,
    axis: int = -1,
    initial: ArrayLike | None = None,
) -> Array:
    """The integrals of samples up to each place, by the trapezoidal rule.

    Args:
        y: array of values.
        x: where they are, as an array of one axis or one like ``y``; None for equal distances.
        dx: the distance of samples, where ``x`` is None.
        axis: the axis.
        initial: a value in front of the integrals, usually 0; None for none.

    Returns:
        An array like ``y``, by one shorter along the axis unless ``initial`` is given.

    >>> cumulative_trapezoid(np.array([1.0, 2.0, 4.0]), initial=0)
    array([0. , 1.5, 4.5])
    """
    values, widths, k = _intervals("cumulative_trapezoid", y, x, dx, axis)
    out = np.cumsum(widths * (values[1:] + values[:-1]) / 2.0, axis=0)
    if initial is not None:
        out = np.concatenate([np.zeros_like(out[:1]) + initial, out])
    return np.moveaxis(out, 0, k)


@user_facing
def simpson(
    y: ArrayLike, x: ArrayLike | None = None, *, dx: ArrayLike = 1.0, axis: int = -1
) -> Array:
    """The integral of samples along an axis, by Simpson's rule.

    With an even number of samples the last interval is that of the parabola through the last three
    (Cartwright, "Simpson's Rule Cumulative Integration with MS Excel and Irregularly-spaced Data",
    2017); two samples are a trapezoid.

    Args:
        y: array of values.
        x: where they are, as an array of one axis or one like ``y``; None for equal distances.
        dx: the distance of samples, where ``x`` is None.
        axis: the axis.

    Returns:
        An array without this axis.

    >>> simpson(np.array([0.0, 1.0, 8.0, 27.0]) ** (2 / 3), dx=2.0).round(6)
    np.float64(18.0)
    """
    values, h, _ = _intervals("simpson", y, x, dx, axis)
    n = values.shape[0]
    if n <= 2:
        return np.sum(h * (values[1:] + values[:-1]) / 2.0, axis=0)
    odd = n - 1 + n % 2
    a, b = h[0 : odd - 1 : 2], h[1 : odd - 1 : 2]
    first, middle, last = values[0 : odd - 2 : 2], values[1 : odd - 1 : 2], values[2:odd:2]
    total = np.sum(
        (a + b)
        / 6.0
        * (
            first * (2 - _ratio(b, a))
            + middle * _ratio((a + b) ** 2, a * b)
            + last * (2 - _ratio(a, b))
        ),
        axis=0,
    )
    if odd == n:
        return total
    a, b = h[-2], h[-1]
    alpha = _ratio(2 * b**2 + 3 * a * b, 6 * (b + a))
    beta = _ratio(b**2 + 3 * a * b, 6 * a)
    eta = _ratio(b**3, 6 * a * (a + b))
    return total + alpha * values[-1] + beta * values[-2] - eta * values[-3]


@user_facing
def cumulative_simpson(
    y: ArrayLike,
    *,
    x: ArrayLike | None = None,
    dx: ArrayLike = 1.0,
    axis: int = -1,
    initial: ArrayLike | None = None,
) -> Array:
    """The integrals of samples up to each place, by parabolas through three neighbours.

    Args:
        y: array of at least three values along the axis; fewer are a trapezoid.
        x: where they are, as an array of one axis or one like ``y``; None for equal distances.
        dx: the distance of samples, where ``x`` is None.
        axis: the axis.
        initial: a value in front of the integrals, which is added to them; None for none.

    Returns:
        An array like ``y``, by one shorter along the axis unless ``initial`` is given.

    Reference: Cartwright, "Simpson's Rule Cumulative Integration with MS Excel and
    Irregularly-spaced Data", 2017.

    >>> cumulative_simpson(np.array([0.0, 1.0, 4.0, 9.0]), initial=0.0).round(6)
    array([0.      , 0.333333, 2.666667, 9.      ])
    """
    values, h, k = _intervals("cumulative_simpson", y, x, dx, axis)
    n = values.shape[0]
    if n < 3:
        parts = h * (values[1:] + values[:-1]) / 2.0
    else:
        first = _first_of_three(values[:-2], values[1:-1], values[2:], h[:-1], h[1:])
        # The second interval of three places is the first one from the other side.
        second = _first_of_three(values[2:], values[1:-1], values[:-2], h[1:], h[:-1])
        numbers = np.arange(n - 1).reshape((-1,) + (1,) * (len(values.shape) - 1))
        numbers = like(first, numbers)
        left = np.concatenate([first, first[-1:]])
        right = np.concatenate([second[:1], second])
        parts = np.where((numbers % 2 == 0) & (numbers < n - 2), left, right)
    out = np.cumsum(parts, axis=0)
    if initial is not None:
        start = like(out, np.broadcast_to(as_operand(initial), out[:1].shape))
        out = np.concatenate([0.0 * out[:1] + start, out + start])
    return np.moveaxis(out, 0, k)


def _first_of_three(y1: Array, y2: Array, y3: Array, near: Array, far: Array) -> Array:
    """The integral of the parabola through three places over the first interval."""
    both = near + far
    return (
        near
        / 6
        * (
            (3 - near / both) * y1
            + (3 + near * near / (far * both) + near / both) * y2
            - near * near / (far * both) * y3
        )
    )


@user_facing
def romb(y: ArrayLike, dx: ArrayLike = 1.0, axis: int = -1) -> Array:
    """The integral of 2**k + 1 samples at equal distances, by Romberg's extrapolation.

    Args:
        y: array of values.
        dx: the distance of samples.
        axis: the axis.

    Returns:
        An array without this axis.

    Raises:
        ValueError: the number of samples is another one.

    >>> romb(np.array([0.0, 1.0, 4.0, 9.0, 16.0])).round(6)
    np.float64(21.333333)
    """
    values, h, _ = _intervals("romb", y, None, dx, axis)
    count = values.shape[0] - 1
    if count < 1 or count & (count - 1):
        raise ValueError(f"romb: there must be 2**k + 1 samples, got {count + 1}")
    step = h[0] * count
    row = [0.5 * step * (values[0] + values[-1])]
    size = count
    while size > 1:
        step, size = step * 0.5, size // 2
        fresh = 0.5 * row[0] + step * np.sum(values[size : count : 2 * size], axis=0)
        following = [fresh]
        for k, before in enumerate(row, start=1):
            following.append(following[-1] + (following[-1] - before) / (4**k - 1))
        row = following
    return row[-1]


def _ratio(a: Array, b: Array) -> Array:
    """A / b, and 0 where places coincide."""
    none = b == 0
    return np.where(none, 0.0, a / np.where(none, 1.0, b))


def _intervals(
    name: str, y: ArrayLike, x: ArrayLike | None, dx: ArrayLike, axis: int
) -> tuple[Array, Array, int]:
    """The values with the axis in front, and the lengths of intervals that go with them."""
    values = as_operand(y)
    if not values.shape:
        raise ShapeError(f"{name}: y needs an axis of samples, got a number")
    k = axis_of(axis, len(values.shape))
    values = np.moveaxis(values, k, 0)
    rest = (1,) * (len(values.shape) - 1)
    if x is None:
        widths = np.broadcast_to(dx, (max(values.shape[0] - 1, 0), *rest))
        if values.dtype.kind in "fc" and aval_of(dx).weak:
            widths = cast(widths, values.real.dtype)
        return values, like(values, widths), k
    places = as_operand(x)
    if len(places.shape) == 1:
        places = places.reshape((-1, *rest))
    elif len(places.shape) == len(values.shape):
        places = np.moveaxis(places, k, 0)
    if len(places.shape) != len(values.shape) or places.shape[0] != values.shape[0]:
        raise ShapeError(
            f"{name}: x of shape {tuple(as_operand(x).shape)} does not say where the values of "
            f"shape {tuple(as_operand(y).shape)} are along axis {axis}"
        )
    return values, np.diff(places, axis=0), k
