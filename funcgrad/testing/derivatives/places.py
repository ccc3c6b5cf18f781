"""Where a cotangent is likely to be wrong, so that few of its numbers need differences."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .differences import complex_step, directional
from .functions import Flat
from .leaves import length
from .lines import Line, Vector, pack, unpack
from .session import BRIEF, Session

ALL = 400
"""Of up to so many numbers each is compared, by a difference of its own."""

SECONDS = 0.6
"""The time for differences of single numbers where there are more."""

FEWEST = 4

CLOSE = 1e-3

HALF = 0.5
"""What a complex step costs, beside a difference."""


def places_to_compare(
    session: Session, flat: Flat, weights: Vector, found: Sequence[Any]
) -> np.ndarray:
    """A mask of the numbers of a packed cotangent that are to be compared one by one.

    All of few; of many those that are likely to be wrong, the largest, and some others.
    """
    given = pack(found)
    if BRIEF.get():
        return np.zeros(given.size, bool)
    if given.size <= ALL:
        return np.ones(given.size, bool)
    start = time.perf_counter()
    search = Search(session, flat, weights, found)
    suspect = search.one_alone()
    if suspect is None:
        suspect = search.bisected()
    single = (time.perf_counter() - start) / search.differences
    count = int(np.clip(SECONDS / single, FEWEST, ALL // 2))
    chosen = np.zeros(given.size, bool)
    near = count // 4
    chosen[max(0, suspect - near) : suspect + near] = True
    chosen[np.argpartition(-np.abs(given), near)[:near]] = True
    chosen[session.rng.choice(given.size, near, replace=False)] = True
    return chosen


class Search:
    """By how much a cotangent, projected on directions, differs from differences along them."""

    def __init__(self, session: Session, flat: Flat, weights: Vector, found: Sequence[Any]) -> None:
        self.session, self.flat, self.weights = session, flat, weights
        self.signed = pack([np.conj(x) for x in unpack(pack(found), flat.point)])
        self.direction = pack(session.random_tangents(flat.point))
        self.differences = 0.0

    def excess(self, direction: Vector) -> float:
        """The difference along a direction less the projection."""
        self.differences += 1
        tangents = unpack(direction, self.flat.point)
        _, known = directional(self.flat, tangents, self.session.eps, self.weights)
        return float(known.value[0] - direction @ self.signed)

    def roughly(self, direction: Vector) -> float:
        """The same by a complex step alone, which may mislead, if f allows one."""
        self.differences += HALF
        tangents = unpack(direction, self.flat.point)
        exact = complex_step(Line(self.flat, self.flat.point, tangents, self.weights))
        if exact is None or not np.isfinite(exact[0]):
            return self.excess(direction)
        return float(exact[0] - direction @ self.signed)

    def one_alone(self) -> int | None:
        """The place of the wrong number if there is only one, None if there are more.

        If only the k-th is wrong, a direction whose numbers are multiplied by their places has k
        times the excess.
        """
        size = self.direction.size
        places = (1.0 + np.arange(size)) / size
        whole, moment = self.roughly(self.direction), self.roughly(self.direction * places)
        with np.errstate(all="ignore"):
            place = moment / whole * size - 1.0
        if not np.isfinite(place) or not -0.5 <= place < size - 0.5:
            return None
        k = round(place)
        unit = np.zeros(size)
        unit[k] = self.direction[k]
        explained = abs(self.roughly(unit) - whole) <= CLOSE * abs(whole)
        return k if explained else None

    def bisected(self) -> int:
        """The place of a wrong number: the half that disagrees more, repeatedly."""

        def gap(start: int, stop: int) -> float:
            part = np.zeros(self.direction.size)
            part[start:stop] = self.direction[start:stop]
            return float(np.nan_to_num(abs(self.excess(part)), nan=np.inf)) / (
                length(part) + 1e-300
            )

        start, stop = 0, self.direction.size
        while stop - start > 1:
            middle = (start + stop) // 2
            left, right = gap(start, middle), gap(middle, stop)
            start, stop = (start, middle) if left > right else (middle, stop)
        return start
