"""A claimed derivative and the right one at a point, as Jacobians, and slopes at other points."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ..reports.maps import explanations
from ..reports.parts import EXACT, Explanation, Part
from .differences import Difference, central_quotient, complex_step, directional, extrapolated
from .functions import Flat, Leaves
from .leaves import host
from .lines import Line, pack, unpack
from .other_points import Right, elsewhere
from .session import Session

Map = Callable[[Sequence[Any]], Leaves]
"""A claimed derivative at a point, as a function of cotangents or tangents."""

At = Callable[[Sequence[Any]], tuple[Leaves, Map]]
"""From a point to the outputs there, and the claimed derivative."""

COLUMNS = 64
"""Jacobians of arguments of up to so many numbers are looked at."""

ROWS = 64
"""Of more numbers of outputs some random sums are looked at."""

FIRST, ROWS_OF_FEW = 2.0**-8, 3
"""The first of few steps of differences, and their number."""

SUMS = 6
"""How many random sums."""

SECONDS = 3.0
"""The time after which no more points are looked at."""


@dataclass
class Place:
    """A derivative at a point: the right Jacobian and the claimed one, argument by argument."""

    session: Session
    flat: Flat
    outs: Leaves
    claimed: Map
    reverse: bool
    shuffled: bool = False

    @property
    def word(self) -> str:
        """What is claimed."""
        return "cotangent" if self.reverse else "tangent"

    @cached_property
    def lengths(self) -> tuple[list[int], list[int]]:
        """The numbers in each argument and in each output."""
        return [aval_of(x).size for x in self.flat.point], [aval_of(o).size for o in self.outs]

    @cached_property
    def units(self) -> bool:
        """True if rows are numbers of the outputs."""
        return not self.reverse or sum(self.lengths[1]) <= ROWS

    @cached_property
    def weights(self) -> np.ndarray:
        """The rows of what is compared, as sums of outputs."""
        m = sum(self.lengths[1])
        if self.units:
            return np.eye(m)
        return np.random.default_rng(5).standard_normal((SUMS, m))

    @cached_property
    def expected(self) -> np.ndarray:
        """The right Jacobian, by differences; NaN where they do not settle."""
        n = sum(self.lengths[0])
        columns = []
        end = time.monotonic() + SECONDS
        for k in range(n):
            if time.monotonic() > end:
                raise TimeoutError
            unit = np.zeros(n)
            unit[k] = 1.0
            known = slope_along(self.flat, unpack(unit, self.flat.point), self.session.eps)
            columns.append(np.where(known.settled, known.value, np.nan))
        return self.weights @ np.stack(columns, axis=1)

    @cached_property
    def found(self) -> np.ndarray:
        """The claimed Jacobian."""
        n = sum(self.lengths[0])
        if self.reverse:
            rows = [self.claimed(unpacked(w, self.outs)) for w in self.weights]
            return np.stack([pack(row) for row in rows]).reshape(-1, n)
        eye = np.eye(n)
        columns = [pack(self.claimed(unpacked(t, self.flat.point))) for t in eye]
        return np.stack(columns, axis=1)

    def explanations(self, i: int) -> list[Explanation]:
        """What may be wrong with the derivative with respect to one argument."""
        found = list(explanations(self.parts[i]))
        if not self.parts[i].wrong or any(e.rank <= EXACT for e in found):
            return found
        right = slopes_of(self.session, self.flat)
        return [*found, *elsewhere(self.parts, i, self.flat.point, self.outs, right)]

    @cached_property
    def parts(self) -> list[Part]:
        """The derivative with respect to each argument."""
        ends = np.cumsum(self.lengths[0])[:-1]
        right, given = (np.split(x, ends, axis=1) for x in (self.expected, self.found))
        names, shapes = self.flat.in_paths, [aval_of(x).shape for x in self.flat.point]
        values = dict(zip(names, map(host, self.flat.point), strict=True))
        outputs = [aval_of(o).shape for o in self.outs]
        values |= dict(zip(self.flat.out_paths, map(host, self.outs), strict=False))
        sizes: dict[int, str] = {}
        for name, x in reversed(list(values.items())):
            sizes |= {n: f"the length of axis {i} of {name}" for i, n in enumerate(np.shape(x))}
            if np.ndim(x) > 1:
                sizes.setdefault(np.size(x), f"the number of elements of {name}")
        for name, x in zip(names, map(host, self.flat.point), strict=True):
            if np.ndim(x):
                sizes[np.size(x)] = (
                    f"the number of elements of {name}"
                    if np.ndim(x) > 1
                    else f"the length of {name}"
                )
        largest = float(np.max(np.abs(self.expected), initial=0.0))
        found = []
        for name, shape, e, f in zip(names, shapes, right, given, strict=True):
            others = {other: x for other, x in zip(names, right, strict=True) if other != name}
            returned = {other: x for other, x in zip(names, given, strict=True) if other != name}
            tolerance = max(1e-6, 4 * self.session.tolerances.rtol)
            size = float(np.max(np.abs(e), initial=0.0))
            gap = float(np.max(np.abs(e - f), initial=0.0))
            if size and gap <= self.session.tolerances.rtol * size + 1e-12 * largest:
                f = e
            elif gap < 20 * tolerance * size:
                tolerance = gap / (20 * size)
            found.append(
                Part(
                    name,
                    e,
                    f,
                    shape,
                    outputs,
                    tolerance,
                    values,
                    others,
                    returned,
                    sizes,
                    self.units,
                    self.word,
                )
            )  # fmt: skip
        return found


def slope_along(flat: Flat, tangents: Leaves, eps: float | None) -> Difference:
    """The derivative along tangents, by few differences where these are good enough."""
    line = Line(flat, flat.point, tangents)
    with np.errstate(all="ignore"):
        exact = complex_step(line)
        quotient = partial(central_quotient, line)
        rough = extrapolated(quotient, line.unit * FIRST, 4.0, ROWS_OF_FEW)
        size = np.max(np.abs(rough.value), initial=0.0)
        if exact is not None and np.all(np.abs(exact - rough.value) <= 1e-5 * size):
            return replace(rough, value=exact, error=1e-12 * np.abs(exact))
        noise = line.noise() / (line.unit * FIRST * 2.0 ** (1 - ROWS_OF_FEW))
        if np.all(rough.error <= 1e-9 * size + 8 * noise) and np.all(noise <= 1e-9 * (size + 1)):
            natural = np.maximum(line.natural, size)
            return replace(rough, natural=natural)
    return directional(flat, tangents, eps)[1]


def unpacked(vector: np.ndarray, like: Sequence[Any]) -> Leaves:
    """A vector as leaves of the shapes and dtypes of others."""
    parts = []
    for part, x in zip(unpack(vector, like), like, strict=True):
        value = np.asarray(part, aval_of(x).dtype)[()]
        parts.append(value.item() if type(x) in (float, complex) else value)
    return parts


def slopes_of(session: Session, flat: Flat) -> Right:
    """The right slopes of a function that works element by element, at any point."""

    def right(point: Sequence[Any], i: int) -> np.ndarray | None:
        there = replace(flat, point=list(point), staged=None)
        along = [np.zeros(np.shape(x)) for x in point]
        along[i] = np.ones(np.shape(point[i]))
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = slope_along(there, along, session.eps)
        except Exception:  # whatever keeps f from being called there
            return None
        return found.value if np.all(found.settled) else None

    return right
