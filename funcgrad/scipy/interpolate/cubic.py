"""Cubic polynomials through values: splines, and interpolation that keeps the shape of data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy.protocol import axis_of, inexact
from ...typing import Array, ArrayLike
from ..linalg.banded import solve_banded
from .piecewise import PPoly, breakpoints, of_slopes


def _samples(name: str, x: ArrayLike, y: ArrayLike, axis: int) -> tuple[Array, Array, Array, int]:
    """Places, values with their axis in front, the steps between places, and that axis."""
    places, values = breakpoints(name, x), inexact(y)
    if not values.shape:
        raise ShapeError(f"{name}: y needs an axis of values, got a number")
    k = axis_of(axis, len(values.shape))
    values = np.moveaxis(values, k, 0)
    if values.shape[0] != places.shape[0]:
        raise ShapeError(
            f"{name}: {places.shape[0]} places and {values.shape[0]} values along axis {axis} do "
            "not fit"
        )
    step = np.reshape(np.diff(places), (-1,) + (1,) * (len(values.shape) - 1))
    return places, values, step, k


class CubicHermiteSpline(PPoly):
    """The cubic polynomials with given values and slopes at places.

    Args:
        x: (n,), increasing places.
        y: values along an axis.
        dydx: slopes, an array like y.
        axis: the axis.
        extrapolate: as of ``PPoly``.

    Raises:
        ShapeError: the shapes do not fit.

    >>> CubicHermiteSpline([0.0, 1.0], [0.0, 1.0], [0.0, 0.0])(0.25)
    np.float64(0.15625)
    """

    __slots__ = ()

    @user_facing
    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        dydx: ArrayLike,
        axis: int = 0,
        extrapolate: bool | str | None = None,
    ) -> None:
        places, values, _, k = _samples("CubicHermiteSpline", x, y, axis)
        slopes = inexact(dydx)
        if tuple(slopes.shape) != tuple(inexact(y).shape):
            raise ShapeError(
                f"CubicHermiteSpline: slopes of shape {tuple(slopes.shape)} for values of shape "
                f"{tuple(inexact(y).shape)}"
            )
        slopes = np.moveaxis(slopes, k, 0)
        super().__init__(*of_slopes(places, values, slopes, extrapolate, k))


class CubicSpline(PPoly):
    """The cubic polynomials through values that have two continuous derivatives.

    Args:
        x: (n,), increasing places.
        y: values along an axis.
        axis: the axis.
        bc_type: what holds at the ends: "not-a-knot" for one polynomial in the first and last two
            intervals, "natural" for second derivatives 0, "clamped" for first ones 0, "periodic"
            for equal derivatives, or a pair with one of these or (order, value) for each end.
        extrapolate: as of ``PPoly``; True by default, and "periodic" with those conditions.

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: there is no such condition, or periodic values differ at the ends.

    Derivatives are those of the values, the places, and the values of conditions. Reference: de
    Boor, A practical guide to splines (1978), chapter IV.

    >>> CubicSpline([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 8.0, 27.0])(1.5).round(6)
    np.float64(3.375)
    """

    __slots__ = ()

    @user_facing
    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        axis: int = 0,
        bc_type: Any = "not-a-knot",
        extrapolate: bool | str | None = None,
    ) -> None:
        places, values, step, k = _samples("CubicSpline", x, y, axis)
        ends = _conditions(bc_type)
        if ends[0] == "periodic":
            _check_period(values)
            slopes = _periodic_slopes(values, step)
            extrapolate = "periodic" if extrapolate is None else extrapolate
        else:
            slopes = _spline_slopes(values, step, ends)
        super().__init__(*of_slopes(places, values, slopes, extrapolate, k))


_NAMED: dict[str, Any] = {
    "not-a-knot": "not-a-knot", "periodic": "periodic", "natural": (2, 0.0), "clamped": (1, 0.0),
}  # fmt: skip


def _conditions(bc_type: Any) -> list[Any]:
    """A condition for each end: a name, or an order and a value."""
    given = [bc_type, bc_type] if isinstance(bc_type, str) else bc_type
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError(f"CubicSpline: bc_type must be a name or a pair, got {describe(bc_type)}")
    found = []
    for one in given:
        named = _NAMED.get(one) if isinstance(one, str) else one
        pair = isinstance(named, tuple | list) and len(named) == 2 and named[0] in (1, 2)
        if named not in ("not-a-knot", "periodic") and not pair:
            raise ValueError(
                "CubicSpline: bc_type must be one of 'not-a-knot', 'periodic', 'natural', 'clamped'"
                f" or (1 or 2, value) at each end, got {describe(one)}"
            )
        found.append(named)
    if (found[0] == "periodic") != (found[1] == "periodic"):
        raise ValueError("CubicSpline: 'periodic' must hold at both ends")
    return found


def _check_period(values: Array) -> None:
    if isinstance(values, Tracer):
        return
    if not np.allclose(values[0], values[-1], rtol=1e-15, atol=1e-15):
        raise ValueError("CubicSpline: with 'periodic' the first and last value must be equal")


def _solved(lower: Array, middle: Array, upper: Array, right: Array) -> Array:
    """The solution of a tridiagonal system, whose right-hand side has trailing axes."""
    zero = 0.0 * middle[:1]
    diagonals = np.stack([
        np.concatenate([zero, upper]), middle, np.concatenate([lower, zero])
    ])  # fmt: skip
    columns = np.reshape(right, (right.shape[0], -1))
    return np.reshape(solve_banded((1, 1), diagonals, columns), right.shape)


def _end(
    condition: Any, near: Array, far: Array, value: Array, slope: Array, after: Array, few: bool
) -> tuple[Any, Any, Any]:
    """The equation of an end: coefficients of its slope and of the next one, and the right side.

    near and far are the lengths of the first two intervals from there, slope and after the mean
    slopes in them.
    """
    if condition == "not-a-knot" and few:
        return near * 0 + 1, near * 0 + 1, 2 * slope
    if condition == "not-a-knot":
        both = near + far
        right = ((near + 2 * both) * far * slope + near * near * after) / both
        return far, both, right
    order, given = condition
    target = np.broadcast_to(inexact(given), value.shape)
    if order == 1:
        return near * 0 + 1, near * 0, target
    return 2 + near * 0, 1 + near * 0, 3 * slope - 0.5 * near * target


def _spline_slopes(values: Array, step: Array, ends: list[Any]) -> Array:
    """Slopes at places with continuous second derivatives and conditions at the ends."""
    n = values.shape[0]
    mean = np.diff(values, axis=0) / step
    h = np.reshape(step, (-1,))
    if n == 2:
        ends = [(1, mean[0]) if e == "not-a-knot" else e for e in ends]
    few = n == 3 and ends[0] == ends[1] == "not-a-knot"
    # At the right end second derivatives change their sign with the direction.
    right_end = ends[1] if ends[1] == "not-a-knot" else _mirrored(ends[1])
    last = -2 if n > 2 else -1
    a0, a1, first = _end(ends[0], h[0], h[1 % (n - 1)], values[0], mean[0], mean[1 % (n - 1)], few)
    b0, b1, final = _end(right_end, h[-1], h[last], values[0], mean[-1], mean[last], few)
    middle = np.concatenate([np.reshape(a0, (1,)), 2 * (h[:-1] + h[1:]), np.reshape(b0, (1,))])
    upper = np.concatenate([np.reshape(a1, (1,)), h[:-1]])
    lower = np.concatenate([h[1:], np.reshape(b1, (1,))])
    inner = 3 * (step[1:] * mean[:-1] + step[:-1] * mean[1:])
    right = np.concatenate([first[None], inner, final[None]])
    return _solved(lower, middle, upper, right)


def _mirrored(condition: Any) -> Any:
    order, value = condition
    return (order, -inexact(value)) if order == 2 else condition


def _periodic_slopes(values: Array, step: Array) -> Array:
    """Slopes with continuous second derivatives around a circle."""
    n = values.shape[0]
    mean = np.diff(values, axis=0) / step
    if n == 2:
        return 0.0 * values
    if n == 3:
        slope = np.sum(mean / step, axis=0) / np.sum(1 / step, axis=0)
        return np.stack([slope] * 3)
    h = np.reshape(step, (-1,))
    before = np.concatenate([h[-1:], h[:-1]])
    middle = 2 * (before + h)
    right = 3 * (np.roll(step, 1, 0) * mean + step * np.roll(mean, 1, 0))
    # Rows are h[i] s[i - 1] + middle[i] s[i] + before[i] s[i + 1], around the circle: without the
    # last unknown they are tridiagonal.
    lower, upper = h[1:-1], before[:-2]
    corner = np.concatenate([h[:1], 0.0 * h[1:-2], before[-2:-1]])
    both = np.concatenate([
        np.reshape(right[:-1], (n - 2, -1)), np.reshape(corner, (-1, 1))
    ], axis=1)  # fmt: skip
    found = _solved(lower, middle[:-1], upper, both)
    inner, effect = found[:, :-1], found[:, -1]
    top = np.reshape(right[-1:], (1, -1)) - before[-1] * inner[:1] - h[-1] * inner[-1:]
    last = top / (middle[-1] - before[-1] * effect[0] - h[-1] * effect[-1])
    inner = inner - effect[:, None] * last
    slopes = np.concatenate([inner, last, inner[:1]])
    return np.reshape(slopes, values.shape)


class PchipInterpolator(PPoly):
    """The cubic polynomials through values that are monotonic where values are.

    Args:
        x: (n,), increasing places.
        y: values along an axis.
        axis: the axis.
        extrapolate: as of ``PPoly``.

    Raises:
        ShapeError: the shapes do not fit.

    Slopes are weighted harmonic means of those beside a place. Reference: Fritsch and Butland, A
    method for constructing local monotone piecewise cubic interpolants (1984); ends: Moler,
    Numerical computing with MATLAB (2004), 3.6.

    >>> PchipInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 1.0])([0.5, 1.5])
    array([0.6875, 1.    ])
    """

    __slots__ = ()

    @user_facing
    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        axis: int = 0,
        extrapolate: bool | str | None = None,
    ) -> None:
        places, values, step, k = _samples("PchipInterpolator", x, y, axis)
        slopes = _monotonic_slopes(values, step)
        super().__init__(*of_slopes(places, values, slopes, extrapolate, k))


def _monotonic_slopes(values: Array, step: Array) -> Array:
    mean = np.diff(values, axis=0) / step
    if values.shape[0] == 2:
        return np.concatenate([mean, mean])
    before, after = mean[:-1], mean[1:]
    turns = before * after <= 0
    w1, w2 = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    safe = [np.where(turns, 1.0, m) for m in (before, after)]
    inner = np.where(turns, 0.0, (w1 + w2) / (w1 / safe[0] + w2 / safe[1]))
    first = _slope_of_end(step[0], step[1], mean[0], mean[1])
    last = _slope_of_end(step[-1], step[-2], mean[-1], mean[-2])
    return np.concatenate([first[None], inner, last[None]])


def _slope_of_end(near: Array, far: Array, slope: Array, after: Array) -> Array:
    """The slope of the parabola of an end, limited to that of the data."""
    found = ((2 * near + far) * slope - near * after) / (near + far)
    against = np.sign(found) != np.sign(slope)
    steep = (np.sign(slope) != np.sign(after)) & (np.abs(found) > 3 * np.abs(slope))
    return np.where(against, 0.0, np.where(steep, 3 * slope, found))


class Akima1DInterpolator(PPoly):
    """The cubic polynomials through values with slopes that outliers change little.

    Args:
        x: (n,), increasing places.
        y: values along an axis.
        axis: the axis.
        method: "akima", or "makima" for the modification that makes no difference of flat parts.
        extrapolate: as of ``PPoly``; False by default.

    Raises:
        ShapeError: the shapes do not fit.
        ValueError: there is no such method.

    Reference: Akima, A new method of interpolation and smooth curve fitting (1970).

    >>> Akima1DInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 4.0])([0.5, 1.5])
    array([0.25, 2.25])
    """

    __slots__ = ()

    @user_facing
    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        axis: int = 0,
        *,
        method: str = "akima",
        extrapolate: bool | None = None,
    ) -> None:
        if method not in ("akima", "makima"):
            raise ValueError(
                f'Akima1DInterpolator: method must be "akima" or "makima", got {describe(method)}'
            )
        places, values, step, k = _samples("Akima1DInterpolator", x, y, axis)
        slopes = _slopes_of_akima(values, step, method == "makima")
        outside = False if extrapolate is None else extrapolate
        super().__init__(*of_slopes(places, values, slopes, outside, k))


def _slopes_of_akima(values: Array, step: Array, modified: bool) -> Array:
    mean = np.diff(values, axis=0) / step
    if values.shape[0] == 2:
        return np.concatenate([mean, mean])
    # Two more intervals at each end, by parabolas.
    low1 = 2 * mean[0] - mean[1]
    low2 = 2 * low1 - mean[0]
    high1 = 2 * mean[-1] - mean[-2]
    high2 = 2 * high1 - mean[-1]
    m = np.concatenate([low2[None], low1[None], mean, high1[None], high2[None]])
    change = np.abs(np.diff(m, axis=0))
    if modified:
        change = change + 0.5 * np.abs(m[1:] + m[:-1])
    left, right = change[2:], change[:-2]
    total = left + right
    some = total > 1e-9 * np.max(total)
    weighted = (left * m[1:-2] + right * m[2:-1]) / np.where(some, total, 1.0)
    return np.where(some, weighted, 0.5 * (m[3:] + m[:-3]))
