"""Domains around points, such as singular points and kinks: at a distance from them, or near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...typing import ArrayLike
from .candidates import Group
from .domains import Domain, DomainLike, as_domain, real

DISTANCES: tuple[float, ...] = tuple(10.0**-k for k in range(3, 13))
"""Distances of numbers near a point."""


@dataclass(frozen=True, repr=False)
class AwayFrom(Domain):
    """The members of a domain that keep a distance from some points."""

    points: tuple[float, ...]
    distance: float
    inside: Domain

    def __repr__(self) -> str:
        return f"away_from({list(self.points)}, {self.distance}, {self.inside!r})"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        gaps = np.abs(x[..., None] - np.asarray(self.points))
        return self.inside.admits(x) & np.all(gaps >= self.distance, axis=-1)

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        sides = [p + s * self.distance * 2 for p in self.points for s in (1, -1)]
        return (*self.inside.groups(dtype), tuple(sides))

    def parts(self) -> tuple[Domain, Domain]:
        """The domains of the real and the imaginary part."""
        return self, self.inside


@dataclass(frozen=True, repr=False)
class Near(Domain):
    """Points, and numbers at distances of 1e-12 to 1e-3 on either side of them.

    The distances are relative to the point, and absolute at 0. The imaginary part of complex
    members is near 0.
    """

    points: tuple[float, ...]

    def __repr__(self) -> str:
        return f"near({list(self.points)})"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        centres = np.asarray(self.points)
        allowed = 1.001 * DISTANCES[0] * np.where(centres == 0, 1.0, np.abs(centres))
        return np.any(np.abs(x[..., None] - centres) <= allowed, axis=-1)

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        steps = [(p, d * (abs(p) or 1.0)) for d in DISTANCES for p in self.points]
        return self.points, tuple(p + step for p, d in steps for step in (d, -d))

    def parts(self) -> tuple[Domain, Domain]:
        """The domains of the real and the imaginary part."""
        return self, Near((0.0,))


def away_from(points: ArrayLike, distance: float = 0.1, inside: DomainLike = real) -> AwayFrom:
    """The members of a domain that keep a distance from some points, such as kinks.

    Args:
        points: a number or several.
        distance: the smallest distance from each point.
        inside: the domain.

    Returns:
        A domain.

    >>> away_from(0).contains(np.array([0.1, 0.05]))
    False
    """
    if not distance > 0:
        raise ValueError(f"away_from: distance must be positive, got {distance!r}")
    return AwayFrom(numbers_of(points, "away_from"), float(distance), as_domain(inside))


def near(points: ArrayLike) -> Near:
    """Points, and numbers at distances of 1e-12 to 1e-3 on either side of them.

    Args:
        points: a number or several, such as the singular points of a function.

    Returns:
        A domain.

    >>> near([0, 1]).contains(np.array([0.0, 1e-9, 1 - 1e-6]))
    True
    """
    return Near(numbers_of(points, "near"))


def numbers_of(points: ArrayLike, caller: str) -> tuple[float, ...]:
    """One or several finite numbers as a tuple."""
    values = np.atleast_1d(np.asarray(points, np.float64)).ravel()
    if not values.size or not np.all(np.isfinite(values)):
        raise ValueError(f"{caller}: points must be one or several finite numbers, got {points!r}")
    return tuple(values.tolist())
