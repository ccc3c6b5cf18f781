"""Piecewise polynomials: their values, derivatives and integrals."""

from __future__ import annotations

from math import perm
from typing import Any

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import Facing, user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy import take
from ...numpy.protocol import axis_of, inexact
from ...typing import Array, ArrayLike


def breakpoints(name: str, x: ArrayLike) -> Array:
    """Increasing places, as floats."""
    places = inexact(x)
    if len(places.shape) != 1 or places.shape[0] < 2:
        raise ShapeError(
            f"{name}: x needs at least 2 places along one axis, got shape {tuple(places.shape)}"
        )
    if not isinstance(places, Tracer) and not bool((places[1:] > places[:-1]).all()):
        raise ValueError(f"{name}: x must be increasing")
    return places


class PPoly(Facing[..., Array]):
    """A function that is a polynomial between neighbouring places, differentiated in everything.

    Args:
        c: (k, m, ...), the coefficients of powers of the distance from the left end of an interval,
            the highest power first.
        x: (m + 1,), increasing places.
        extrapolate: whether the first and last polynomial hold outside, True by default; "periodic"
            for repetition; else outside is NaN.
        axis: where the axis of places is in results.

    Raises:
        ShapeError: the shapes do not fit.

    >>> f = PPoly(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 1.0, 2.0]))
    >>> f([0.5, 1.5])
    array([0.5, 1. ])
    """

    __slots__ = ("axis", "c", "extrapolate", "x")

    @user_facing
    def __init__(
        self,
        c: ArrayLike,
        x: ArrayLike,
        extrapolate: bool | str | None = None,
        axis: int = 0,
    ) -> None:
        self.x: Array = breakpoints("PPoly", x)
        self.c: Array = inexact(c)
        self.extrapolate: bool | str = True if extrapolate is None else extrapolate
        self.axis: int = axis_of(axis, max(len(self.c.shape) - 1, 1))
        if len(self.c.shape) < 2 or self.c.shape[1] != self.x.shape[0] - 1:
            raise ShapeError(
                f"PPoly: coefficients of shape {tuple(self.c.shape)} do not have one polynomial "
                f"for each of {self.x.shape[0] - 1} intervals along the second axis"
            )

    def run(self, x: ArrayLike, nu: int = 0, extrapolate: bool | str | None = None) -> Array:
        """Values at places, or derivatives of order nu, with the axes of x at ``axis``."""
        if not is_integer(nu) or nu < 0:
            raise ValueError(f"nu must be a whole number of at least 0, got {describe(nu)}")
        how = self.extrapolate if extrapolate is None else extrapolate
        at = inexact(x)
        out = self._values(at, int(nu), how)
        rank, places = len(out.shape), len(at.shape)
        order = [*range(places, places + self.axis), *range(places)]
        order += range(places + self.axis, rank)
        return np.transpose(out, order) if order != list(range(rank)) else out

    def _values(self, at: Array, nu: int, how: bool | str) -> Array:
        low, high = self.x[0], self.x[-1]
        outside: Any = False
        if how == "periodic":
            at = low + np.remainder(at - low, high - low)
        elif not how:
            outside = (at < low) | (at > high)
        i = np.clip(np.searchsorted(self.x, at, side="right") - 1, 0, self.x.shape[0] - 2)
        rest = (1,) * (len(self.c.shape) - 2)
        step = np.reshape(at - take(self.x, i, axis=0), (*at.shape, *rest))
        total: Any = 0.0 * step + 0.0 * take(self.c[0], i, axis=0)
        degree = self.c.shape[0] - 1
        for k in range(degree + 1 - nu):
            weight = perm(degree - k, nu)
            total = total * step + weight * take(self.c[k], i, axis=0)
        if outside is False:
            return total  # type: ignore[no-any-return]
        return np.where(np.reshape(outside, (*at.shape, *rest)), np.nan, total)

    @user_facing
    def derivative(self, nu: int = 1) -> PPoly:
        """The derivative of order nu, as another piecewise polynomial; negative ones integrate."""
        if not is_integer(nu):
            raise TypeError(f"derivative: nu must be an int, got {describe(nu)}")
        if nu < 0:
            return self.antiderivative(-nu)
        degree = self.c.shape[0] - 1
        if nu > degree:
            return PPoly(0.0 * self.c[:1], self.x, self.extrapolate, self.axis)
        weights = np.array([perm(degree - k, nu) for k in range(degree + 1 - nu)], self.c.dtype)
        shape = (-1,) + (1,) * (len(self.c.shape) - 1)
        coefficients = self.c[: degree + 1 - nu] * weights.reshape(shape)
        return PPoly(coefficients, self.x, self.extrapolate, self.axis)

    @user_facing
    def antiderivative(self, nu: int = 1) -> PPoly:
        """The integral from the first place, nu times, as another piecewise polynomial."""
        if not is_integer(nu):
            raise TypeError(f"antiderivative: nu must be an int, got {describe(nu)}")
        if nu <= 0:
            return self.derivative(-nu)
        out = self
        for _ in range(nu):
            out = out._integral()
        return out

    def _integral(self) -> PPoly:
        k = self.c.shape[0]
        rest = (1,) * (len(self.c.shape) - 1)
        powers = np.arange(k, 0, -1).astype(self.c.dtype).reshape((-1, *rest))
        raised = self.c / powers
        step = np.reshape(np.diff(self.x), (-1, *rest[1:]))
        inner: Any = 0.0 * raised[0]
        for row in range(k):
            inner = (inner + raised[row]) * step
        starts = np.concatenate([0.0 * inner[:1], np.cumsum(inner[:-1], axis=0)], axis=0)
        how = False if self.extrapolate == "periodic" else self.extrapolate
        return PPoly(np.concatenate([raised, starts[None]], axis=0), self.x, how, self.axis)

    @user_facing
    def integrate(self, a: ArrayLike, b: ArrayLike, extrapolate: bool | str | None = None) -> Array:
        """The integral from a to b.

        Args:
            a: lower end, a number.
            b: upper end, a number.
            extrapolate: as of the class.

        Returns:
            The integral, with the axes of values.
        """
        how = self.extrapolate if extrapolate is None else extrapolate
        whole = PPoly(self.c, self.x, True, 0)._integral()
        ends = [inexact(a), inexact(b)]
        if how != "periodic":
            high, low = (whole._values(e, 0, how) for e in ends[::-1])
            return high - low
        first, last = self.x[0], self.x[-1]
        turn = whole._values(last, 0, True)
        parts = []
        for end in ends:
            turns = np.floor((end - first) / (last - first))
            parts.append(turns * turn + whole._values(end - turns * (last - first), 0, True))
        return parts[1] - parts[0]


def of_slopes(
    x: Array, y: Array, slopes: Array, extrapolate: bool | str | None, axis: int
) -> tuple[Array, Array, bool | str | None, int]:
    """The cubic polynomials with values and slopes at places, which are the first axis."""
    step = np.reshape(np.diff(x), (-1,) + (1,) * (len(y.shape) - 1))
    mean = np.diff(y, axis=0) / step
    bend = (slopes[:-1] + slopes[1:] - 2 * mean) / step
    rows = [bend / step, (mean - slopes[:-1]) / step - bend, slopes[:-1], y[:-1]]
    return np.stack(rows), x, extrapolate, axis
