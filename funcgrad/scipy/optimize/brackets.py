"""Roots of functions of one number as loops, which run inside of programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...lax.loops import while_loop
from ...ops.shape import cast
from ...typing import Array
from .results import RootResults

Function = Callable[[Array], Array]


class Limits(NamedTuple):
    """The error of a root, absolutely and relatively, that is small enough; iterations at most."""

    xtol: Any
    rtol: Any
    maxiter: int


def bisection(f: Function, a: Array, b: Array, limits: Limits) -> RootResults:
    """Halves of an interval at whose ends the function has two signs."""
    fa, fb = f(a), f(b)
    crosses = np.sign(fa) * np.sign(fb) <= 0

    def going(s: Any) -> Any:
        *_, count, done = s
        return ~done & (count < limits.maxiter)

    def halve(s: Any) -> Any:
        low, width, sign, count, _ = s
        width = width / 2
        middle = low + width
        value = f(middle)
        low = np.where(np.sign(value) * sign >= 0, middle, low)
        small = abs(width) < limits.xtol + limits.rtol * abs(middle)
        return low, width, sign, count + 1, small | (value == 0)

    exact = (fa == 0) | (fb == 0)
    start = (a, b - a, np.sign(fa), np.int64(0), exact | ~crosses)
    low, _, _, count, done = while_loop(going, halve, start)
    low = np.where(fa == 0, a, np.where(fb == 0, b, low))
    found = done & crosses
    return RootResults(np.where(found, low, np.nan), found, count, count + 2)


def brent(f: Function, a: Array, b: Array, limits: Limits) -> RootResults:
    """Interpolation where it shrinks an interval fast enough, else halves of it.

    (Brent, "Algorithms for Minimization without Derivatives", 1973, chapter 4.)
    """
    fa, fb = f(a), f(b)
    crosses = np.sign(fa) * np.sign(fb) <= 0

    def going(s: Any) -> Any:
        *_, count, done = s
        return ~done & (count < limits.maxiter)

    def iterate(s: Any) -> Any:
        # The best point b, the one before it, a, and the other end of the bracket, c.
        a, fa, b, fb, c, fc, last, before, count, _ = s
        apart = np.sign(fb) * np.sign(fc) > 0
        c, fc = np.where(apart, a, c), np.where(apart, fa, fc)
        before = np.where(apart, b - a, before)
        last = np.where(apart, b - a, last)
        swap = abs(fc) < abs(fb)
        a, b, c = np.where(swap, b, a), np.where(swap, c, b), np.where(swap, b, c)
        fa, fb, fc = np.where(swap, fb, fa), np.where(swap, fc, fb), np.where(swap, fb, fc)
        delta = (limits.xtol + limits.rtol * abs(b)) / 2
        half = (c - b) / 2
        done = (fb == 0) | (abs(half) < delta)
        step = _interpolated(a, fa, b, fb, c, fc, half)
        short = 2 * abs(step) < np.minimum(abs(before), 3 * abs(half) - delta)
        usable = (abs(before) > delta) & (abs(fb) < abs(fa)) & short
        before = np.where(usable, last, half)
        last = np.where(usable, step, half)
        moved = np.where(abs(last) > delta, last, np.where(half > 0, delta, -delta))
        new = np.where(done, b, b + moved)
        kept = np.where(done, a, b), np.where(done, fa, fb)
        state = (*kept, new, f(new), c, fc, last, before)
        return (*(cast(x, a.dtype) for x in state), count + 1, done)

    exact = (fa == 0) | (fb == 0)
    width = b - a
    start = (a, fa, b, fb, a, fa, width, width, np.int64(0), exact | ~crosses)
    _, _, b_, _, *_, count, done = while_loop(going, iterate, start)
    best = np.where(fa == 0, a, np.where(fb == 0, b, b_))
    found = done & crosses
    return RootResults(np.where(found, best, np.nan), found, count, count + 2)


def _interpolated(
    a: Array, fa: Array, b: Array, fb: Array, c: Array, fc: Array, half: Array
) -> Array:
    """The step from b to the zero of a line, or of a quadratic function of the value."""
    secant = a == c
    r, s, t = _over(fb, fc), _over(fb, fa), _over(fa, fc)
    p = np.where(secant, 2 * half * s, s * (2 * half * t * (t - r) - (b - a) * (r - 1)))
    q = np.where(secant, 1 - s, (t - 1) * (r - 1) * (s - 1))
    return -_over(p, np.where(q == 0, np.inf, q)) * 1.0


def _over(a: Array, b: Array) -> Array:
    none = b == 0
    return np.where(none, 0, a / np.where(none, 1, b))


def newton_steps(
    f: Function, slope: Function, second: Function | None, x: Array, tol: Any, limits: Limits
) -> RootResults:
    """Steps of Newton, or of Halley, of all elements at once."""

    def going(s: Any) -> Any:
        _, count, moving = s
        return moving & (count < limits.maxiter)

    def iterate(s: Any) -> Any:
        x, count, _ = s
        value, d = f(x), slope(x)
        step = _over(value, d)
        if second is not None:
            bend = _over(step * second(x), 2 * d)
            step = np.where(abs(bend) < 1, step / np.where(abs(bend) < 1, 1 - bend, 1), step)
        new = cast(x - step, x.dtype)
        small = abs(new - x) <= tol + limits.rtol * abs(x)
        lost = (d == 0) & (value != 0)
        return np.where(lost, np.nan, new), count + 1, ~np.all(small | lost)

    x, count, moving = while_loop(going, iterate, (x, np.int64(0), np.True_))
    found = ~moving & np.all(np.isfinite(x))
    return RootResults(np.where(found, x, np.nan), found, count, count)
