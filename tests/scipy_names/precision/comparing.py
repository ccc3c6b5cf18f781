"""What it is to compare a function with mpmath's: where, and how errors are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

import funcgrad as fg

DIGITS = 50

Range = tuple[str, float, float]
"""How numbers are drawn: evenly between two ("line"), evenly by their logarithms ("log"), those
with both signs ("sign") or the negative one ("minus"), or "whole" numbers."""


@dataclass(frozen=True)
class Compared:
    """A function, mpmath's, and where they are compared.

    Attributes:
        ours: the function of arrays.
        theirs: the function of mpmath's numbers.
        ranges: for each argument from where it is drawn.
        floor: errors are relative to the value, or to this where the value is smaller.
        bound: of the error of values, in the whole domain.
        slope: of the error of derivatives, in arguments that are no whole numbers.
        changes: a function of mpmath's numbers with the same derivatives, where the value is a
            number next to 1 whose digits hide them.
        derivatives: mpmath's derivatives in each argument, instead of differences.
        smooth: whether there are derivatives.
        within: at which of mpmath's numbers to compare.
    """

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    ranges: tuple[Range, ...]
    floor: float = 0.0
    bound: float = 1e-13
    slope: float = 1e-11
    changes: Callable[..., Any] | None = None
    derivatives: tuple[Callable[..., Any] | None, ...] = ()
    smooth: bool = True
    within: Callable[..., bool] = lambda *_: True

    def slope_at(self, row: list[Any], i: int) -> Any:
        """Mpmath's derivative in an argument."""
        if self.derivatives:
            exact = self.derivatives[i]
            assert exact is not None
            return exact(*row)
        return slope_of(self.changes or self.theirs, row, i)


def draw(ranges: tuple[Range, ...], count: int, seed: int) -> list[Any]:
    """Points of a domain, as one array for each argument."""
    rng = np.random.default_rng(seed)
    columns = []
    for kind, low, high in ranges:
        share = rng.uniform(size=count)
        if kind == "whole":
            columns.append(np.floor(low + (high + 1 - low) * share))
        elif kind == "line":
            columns.append(low + (high - low) * share)
        else:
            size = np.exp(np.log(low) + (np.log(high) - np.log(low)) * share)
            signs = {"log": 1, "minus": -1, "sign": np.where(rng.uniform(size=count) < 0.5, -1, 1)}
            columns.append(size * signs[kind])
    return columns


def slope_of(fun: Callable[..., Any], at: list[Any], i: int) -> Any:
    """The derivative of a function of mpmath's numbers, by differences of many digits."""
    size = abs(at[i]) or mp.mpf(10) ** -40
    # A number of 1e-30 may change a function of 1 by its square.
    with mp.workdps(2 * DIGITS + min(60, max(0, int(-2 * mp.log10(size))))):
        h = mp.mpf(10) ** -16 * size

        def moved(k: int) -> Any:
            return fun(*at[:i], at[i] + k * h, *at[i + 1 :])

        return (8 * (moved(1) - moved(-1)) - moved(2) + moved(-2)) / (12 * h)


def errors(case: Compared, count: int, seed: int = 1) -> tuple[float, list[float | None]]:
    """The largest error of values, and of derivatives in each argument."""
    points = draw(case.ranges, count, seed)
    worst = 0.0
    slopes: list[float | None] = []
    with np.errstate(all="ignore"), mp.workdps(DIGITS):
        rows = [[mp.mpf(float(c[k])) for c in points] for k in range(count)]
        inside = [case.within(*row) for row in rows]
        rows = [row for row, there in zip(rows, inside, strict=True) if there]
        points = [c[np.array(inside, bool)] for c in points]
        values = np.asarray(case.ours(*points))
        for row, value in zip(rows, values, strict=True):
            worst = max(worst, error_of(value, case.theirs(*row), case.floor))
        for i, (kind, _, _) in enumerate(case.ranges):
            if kind == "whole" or not case.smooth:
                slopes.append(None)
                continue

            def alone(x: Any, i: int = i) -> Any:
                return case.ours(*points[:i], x, *points[i + 1 :])

            _, found = fg.jvp(alone, (points[i],), (np.ones(len(rows)),))
            largest = 0.0
            for row, value in zip(rows, np.asarray(found), strict=True):
                largest = max(largest, error_of(value, case.slope_at(row, i), case.floor))
            slopes.append(largest)
    return worst, slopes


def error_of(value: Any, expected: Any, floor: float) -> float:
    """The relative error of a number; 0 where both are out of range."""
    if not np.iscomplexobj(value):
        expected = mp.re(expected)
    size = max(abs(expected), mp.mpf(floor), mp.mpf(10) ** -290)
    if abs(expected) > mp.mpf(10) ** 300:
        return 0.0
    if abs(expected) < mp.mpf(10) ** -290 and abs(value) < 1e-280:
        return 0.0
    return float(abs(mp.mpmathify(complex(value)) - expected) / size)
