"""Wrong derivatives that are right somewhere else: at the output, at exchanged arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ..reports.diagnosis import number_text
from ..reports.parts import STRUCTURE, Explanation, Part, most_in_rows
from .functions import Leaves
from .leaves import host

Right = Callable[[Sequence[Any], int], np.ndarray | None]
"""From a point and an argument to the right slopes along it there; None where there are none."""

TURNS = 8
"""Steps of Newton's method."""


def elsewhere(
    parts: Sequence[Part], i: int, point: Leaves, outs: Leaves, right: Right
) -> Iterator[Explanation]:
    """What the derivative with respect to argument i is right of, if f works element by element."""
    part = parts[i]
    if not part.units or len(outs) != 1 or max(map(most_in_rows, (part.expected, part.found))) > 1:
        return
    shape = aval_of(outs[0]).shape
    yield from of_exchanged(part, i, point, shape, right)
    if aval_of(point[i]).shape != shape or np.size(outs[0]) < 2:
        return
    found = np.sum(part.found, axis=1)

    def slopes(x: np.ndarray) -> np.ndarray | None:
        return right([*point[:i], x.reshape(shape), *point[i + 1 :]], i)

    out = np.ravel(host(outs[0])).astype(float)
    there = slopes(out)
    if there is not None and part.close(found, there):
        text = f"found is the derivative at the output, f({part.name}), in place of {part.name}"
        yield Explanation(STRUCTURE, "at the output", text)
        return
    start = np.ravel(host(point[i])).astype(float)
    place = solved(slopes, found, start)
    if place is None:
        return
    shift = place - start
    if np.ptp(shift) <= 1e-5 * np.max(np.abs(shift)) and np.ptp(part.expected):
        by = number_text(float(np.mean(shift)))
        text = f"found is the derivative at another point, {part.name} shifted by {by}"
        yield Explanation(STRUCTURE, f"shifted {by[:4]}", text)
    ratio = place / start
    if np.ptp(ratio) <= 1e-5 * np.max(np.abs(ratio)) and abs(np.mean(ratio) - 1) > 0.05:
        times = number_text(float(np.mean(ratio)))
        text = f"found is the derivative at another point, {times} times {part.name}"
        yield Explanation(STRUCTURE, f"scaled {times[:4]}", text)


def solved(
    slopes: Callable[[np.ndarray], np.ndarray | None], found: np.ndarray, start: np.ndarray
) -> np.ndarray | None:
    """The numbers close to some where slopes are what was found, by secants."""
    size = float(np.max(np.abs(found)))
    before, x = start, start * (1 + 1e-4) + 1e-6
    with np.errstate(all="ignore"):
        value = slopes(before)
        for _ in range(TURNS):
            now = slopes(x)
            if value is None or now is None:
                return None
            if np.max(np.abs(now - found)) <= 1e-8 * size:
                return x
            steep = (now - value) / (x - before)
            step = np.where(np.abs(now - found) <= 1e-10 * size, 0.0, (found - now) / steep)
            if not np.all(np.isfinite(step)):
                return None
            before, value, x = x, now, x + np.where(step == 0, 1e-9, step)
    return None


def of_exchanged(
    part: Part, i: int, point: Leaves, shape: tuple[int, ...], right: Right
) -> Iterator[Explanation]:
    """The right derivative where two arguments have taken each other's place."""
    found = np.sum(part.found, axis=1)
    for a, b in combinations(range(len(point)), 2):
        if i not in (a, b):
            continue
        both = []
        for x in (point[b], point[a]):
            try:
                both.append(np.broadcast_to(host(x), shape).copy())
            except ValueError:
                break
        if len(both) < 2:
            continue
        swapped = list(point)
        swapped[a], swapped[b] = both
        for k in (i, a + b - i):
            there = right(swapped, k)
            if there is None:
                continue
            for sign, minus in ((1, ""), (-1, "minus ")):
                if part.close(found, sign * there):
                    text = f"found is {minus}the derivative where two arguments are exchanged"
                    yield Explanation(STRUCTURE, f"exchanged point {k == i} {sign}", text)
                    return
