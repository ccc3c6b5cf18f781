"""Directional derivatives by finite differences, with estimates of their errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from .functions import Flat
from .leaves import host
from .lines import KEPT, Line, Vector, change, moved

ROWS = 6
BLOCKS = 4
FIRST_STEP = 2.0**-4
GOAL = 1e-10
QUICK_STEP = 2.0**-8
QUICK_ROWS = 3
CONFIRMED = 1e-5
ALIKE = 0.1
CONTROL_STEPS = (2.0**-17, 2.0**-22)
CONTROL = 1e-3
SAFETY = 16.0
"""Estimates are smallest of many, hence small: comparisons allow this multiple of them."""


@dataclass(frozen=True)
class Difference:
    """A derivative of all outputs as one real vector, and the bound of its error.

    ``natural`` is the size of the function's values: errors that are small beside it count as
    small even where the derivative is zero.
    """

    value: Vector
    error: Vector
    natural: Vector

    @property
    def settled(self) -> np.ndarray:
        """A mask of the values that are known to some digits."""
        return self.settled_beside(0.0)

    def settled_beside(self, other: Vector | float) -> np.ndarray:
        """Like ``settled``, where the error may be small beside other values, too.

        A slope of zero has no size of its own.
        """
        size = np.max(np.abs(self.value), initial=0, where=np.isfinite(self.value))
        size = np.maximum(size, np.nan_to_num(np.abs(other), posinf=0.0))
        bound = np.maximum(0.01 * size, 1e-8 * np.nan_to_num(self.natural))
        return np.isfinite(self.error) & (SAFETY * self.error <= bound + 1e-300)


def extrapolated(
    quotient: Callable[[float], tuple[Vector, Vector]], first: float, base: float, rows: int = ROWS
) -> Difference:
    """Ridders' extrapolation of difference quotients at halved steps.

    The error of the quotient is a series in ``base ** -k`` as the step is halved k times. Of the
    whole tableau each element takes the entry of the least estimated error: the larger of its
    distances to its two parents, plus rounding.
    """
    return of_tableau([quotient(first * 2.0**-k) for k in range(rows)], base)


def of_tableau(quotients: Sequence[tuple[Vector, Vector]], base: float) -> Difference:
    """The same of quotients that are known."""
    best, _ = quotients[0]
    error = np.full(best.shape, np.inf)
    above: list[Vector] = [best]
    for value, noise in quotients[1:]:
        row = [value]
        for j, parent in enumerate(above, start=1):
            row.append(row[-1] + (row[-1] - parent) / (base**j - 1))
            estimate = np.maximum(np.abs(row[j] - row[j - 1]), np.abs(row[j] - parent))
            estimate = estimate + 4 * noise
            better = estimate < error
            best = np.where(better, row[j], best)
            error = np.where(better, estimate, error)
        above = row
    return Difference(best, error, np.zeros(()))


def better_of(a: Difference, b: Difference) -> Difference:
    """Of each element the value whose error is estimated less."""
    first = ~(b.error < a.error)
    return Difference(
        np.where(first, a.value, b.value), np.where(first, a.error, b.error), a.natural
    )


def searched(
    quotient: Callable[[float], tuple[Vector, Vector]], base: float, unit: float, eps: float | None
) -> Difference:
    """Extrapolations from ever smaller steps until the error is small or stops falling."""
    with np.errstate(all="ignore"):
        if eps is not None:
            return extrapolated(quotient, eps, base)
        controls = [quotient(unit * h) for h in CONTROL_STEPS]
        found = confirmed(extrapolated(quotient, unit * FIRST_STEP, base), controls)
        for block in range(1, BLOCKS):
            size = np.max(np.abs(found.value), initial=0, where=np.isfinite(found.value))
            if np.all(found.error <= GOAL * size):
                break
            smaller = extrapolated(quotient, unit * FIRST_STEP * 2.0 ** (-ROWS * block), base)
            if block < BLOCKS - 1:
                smaller = confirmed(smaller, controls)
            improved = np.any(smaller.error < found.error)
            found = better_of(found, smaller)
            if not improved and np.all(np.isfinite(found.error)) and block > 1:
                break
        return found


def confirmed(found: Difference, controls: Sequence[tuple[Vector, Vector]]) -> Difference:
    """A difference whose error is infinite where quotients at much smaller steps contradict it.

    At steps larger than the waves of a function a tableau may converge to a wrong value.
    """
    error = found.error
    for value, noise in controls:
        size = np.maximum(np.abs(value), np.abs(found.value))
        apart = np.abs(value - found.value) > CONTROL * size + SAFETY * (found.error + 4 * noise)
        error = np.where(apart & np.isfinite(value), np.inf, error)
    return replace(found, error=error)


def central_quotient(line: Line, h: float) -> tuple[Vector, Vector]:
    """A central difference quotient, and its rounding error."""
    plus, minus = line.at(h), line.at(-h)
    noise = line.noise(plus, minus) / h
    line.bends[h] = (np.abs(plus - 2 * line.start + minus) / h, noise)
    return change(plus, minus) / (2 * h), noise


def central_quotients(line: Line, steps: Sequence[float]) -> list[tuple[Vector, Vector]]:
    """Central difference quotients at several steps, and their rounding errors."""
    if line.start.size > KEPT:
        return [central_quotient(line, h) for h in steps]
    sides = line.at_all([side for h in steps for side in (h, -h)])
    plus, minus, width = sides[::2], sides[1::2], np.array(steps)[:, None]
    noise = line.noise(plus, minus) / width
    bends = np.abs(plus - 2 * line.start + minus) / width
    line.bends.update(zip(steps, zip(bends, noise, strict=True), strict=True))
    return list(zip(change(plus, minus) / (2 * width), noise, strict=True))


def central(line: Line, eps: float | None = None) -> Difference:
    """The derivative along a line from both sides."""
    found = searched(lambda h: central_quotient(line, h), 4.0, line.unit, eps)
    return replace(found, natural=line.natural)


def quick(line: Line) -> Difference | None:
    """The complex step, if few central differences confirm it in all elements."""
    exact = complex_step(line)
    if exact is None or not np.all(np.isfinite(exact)):
        return None
    with np.errstate(all="ignore"):
        steps = [line.unit * QUICK_STEP * 2.0**-k for k in range(QUICK_ROWS)]
        rough = of_tableau(central_quotients(line, steps), 4.0)
        size = np.max(np.abs(exact), initial=0)
        agree = np.abs(exact - rough.value) <= SAFETY * rough.error + 1e-12 * size
        close = SAFETY * rough.error <= CONFIRMED * size + 1e3 * line.noise()
    if not np.all(agree & close):
        return None
    bound = 1e-15 * (np.abs(exact) + 1e-3 * size) + line.noise()
    return Difference(exact, error_of_exact(exact, rough, bound), line.natural)


def error_of_exact(exact: Vector, rough: Difference, bound: Vector) -> Vector:
    """The error of a complex step: that of differences where they only do not contradict it.

    Formulas for complex numbers may lose a tiny imaginary part, and then it is zero.
    """
    size = np.maximum(np.abs(exact), np.abs(rough.value))
    alike = np.abs(exact - rough.value) <= ALIKE * size
    return np.where(alike, np.minimum(rough.error, bound), rough.error)


def bent(line: Line) -> np.ndarray:
    """A mask of the values that ``central`` has seen to show a kink at the point itself.

    (f(h) - 2 f(0) + f(-h)) / h vanishes with the step, or stays if the two slopes differ.
    """
    steps = sorted(line.bends)
    if len(steps) < 2:
        return np.zeros(line.start.shape, bool)
    (near, noise), (far, _) = line.bends[steps[0]], line.bends[steps[1]]
    with np.errstate(all="ignore"):
        stays = (near > 0.7 * far) & (near < 1.4 * far)
        return stays & (near > 100 * noise) & np.isfinite(near)


def one_sided(line: Line, sign: float, eps: float | None = None) -> Difference:
    """The derivative along a line from one side; sign is 1 (right) or -1 (left)."""
    found = searched(partial(side_quotient, line, sign), 2.0, line.unit, eps)
    return replace(found, natural=line.natural)


def quick_from(line: Line, sign: float) -> Difference:
    """The same from few steps, of which the first is that of ``quick``."""
    quotient = partial(side_quotient, line, sign)
    with np.errstate(all="ignore"):
        found = extrapolated(quotient, line.unit * QUICK_STEP, 2.0, QUICK_ROWS + 1)
    return replace(found, natural=line.natural)


def side_quotient(line: Line, sign: float, h: float) -> tuple[Vector, Vector]:
    """A one-sided difference quotient, and its rounding error."""
    there = line.at(sign * h)
    return sign * change(there, line.start) / h, 8 * line.noise(there) / h


def complex_step(line: Line) -> Vector | None:
    """The derivative as Im f(x + ih t) / h, exact up to rounding; None if f does not allow it.

    Squire and Trapp, "Using complex variables to estimate derivatives of real functions", 1998.
    """
    if not line.exact:
        line.exact.append(_complex_step(line))
    return line.exact[0]


def _complex_step(line: Line) -> Vector | None:
    if any(aval_of(x).dtype.kind == "c" for x in (*line.point, *line.outs)):
        return None
    if line.flat.tangents is not None and any(line.flat.tangents.curves):
        return None
    h = 1e-30 * line.unit
    xs = [moved(x, t, complex(0, h)) for x, t in zip(line.point, line.tangents, strict=True)]
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            outs = (line.flat.wide or line.flat).call(xs)
            shapes = [aval_of(o).shape for o in outs]
            if shapes != [aval_of(o).shape for o in line.outs]:
                return None
            if any(aval_of(o).dtype.kind != "c" for o in outs):
                return None
            parts = [np.imag(np.ravel(host(o))) for o in outs]
    except Exception:  # f was not made for complex numbers: any error only means that
        return None
    return line.project(np.concatenate([np.zeros(0), *parts]).astype(float)) / h


def refined(line: Line, found: Difference) -> Difference:
    """A central difference replaced by the complex step where the two agree."""
    exact = complex_step(line)
    if exact is None:
        return found
    size = np.max(np.abs(exact), initial=0, where=np.isfinite(exact))
    agree = np.abs(exact - found.value) <= SAFETY * found.error + 1e-14 * size
    if not np.all(agree & found.settled):
        return found
    bound = 1e-15 * (np.abs(exact) + 1e-3 * size) + line.noise()
    return replace(found, value=exact, error=error_of_exact(exact, found, bound))


def directional(
    flat: Flat,
    tangents: Sequence[Any],
    eps: float | None = None,
    weights: Vector | None = None,
    like: Line | None = None,
) -> tuple[Line, Difference]:
    """The best numerical derivative of a function, or of a weighted sum, along tangents."""
    line = Line(flat, flat.point, tangents, weights, like)
    found = quick(line) if eps is None else None
    return line, refined(line, central(line, eps)) if found is None else found
