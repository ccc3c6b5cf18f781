"""Domains: the sets of numbers that array elements are drawn from.

A domain lists finitely many candidates, grouped and ordered from simple to long, so that drawn
numbers are short to print and shrink to 0, 1, 2 or 0.5.
"""

from __future__ import annotations

import abc
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...core.dtypes import is_floating
from ...typing import ArrayLike
from .candidates import REACH, SIMPLE, Group, by_simplicity, geometric, special_numbers

DomainLike: TypeAlias = "Domain | str | tuple[float, float]"
"""A domain: itself, its name, or the ends of an interval."""


@dataclass(frozen=True)
class Domain(abc.ABC):
    """A set of real numbers; of a complex number it restricts the real and imaginary parts."""

    @abc.abstractmethod
    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first; those not admitted are left out later."""

    @abc.abstractmethod
    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the elements of a real array that are members."""

    def parts(self) -> tuple[Domain, Domain]:
        """The domains of the real and the imaginary part of complex members."""
        return self, self

    def contains(self, x: ArrayLike) -> bool:
        """True if all elements of an array are members."""
        values = np.asarray(x)
        if values.dtype.kind != "c":
            return bool(np.all(self.admits(values.astype(np.float64))))
        real, imaginary = self.parts()
        return real.contains(np.real(values)) and imaginary.contains(np.imag(values))

    def __or__(self, other: DomainLike) -> Domain:
        return Union(self, as_domain(other))

    def __ror__(self, other: DomainLike) -> Domain:
        return Union(as_domain(other), self)


@dataclass(frozen=True, repr=False)
class Interval(Domain):
    """The numbers between two ends, which may be infinite; the ends belong to it if closed."""

    low: float
    high: float
    closed: bool = False

    def __repr__(self) -> str:
        return f"interval({self.low}, {self.high}{', closed=True' if self.closed else ''})"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        if self.closed:
            return np.isfinite(x) & (x >= self.low) & (x <= self.high)
        return np.isfinite(x) & (x > self.low) & (x < self.high)

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        reach = REACH * max([1.0, *(abs(e) for e in (self.low, self.high) if math.isfinite(e))])
        low, high = max(self.low, -reach), min(self.high, reach)
        digits = 3 - math.ceil(math.log10(high - low))
        linear = [round(x, digits) for x in np.linspace(low, high, 201).tolist()]
        simple = (*SIMPLE, *((low, high) if self.closed else ()))
        spread = geometric(low, high) + [-x for x in geometric(-high, -low)]
        return simple, by_simplicity([*linear, (low + high) / 2]), by_simplicity(spread)


@dataclass(frozen=True, repr=False)
class Union(Domain):
    """The members of either of two domains."""

    left: Domain
    right: Domain

    def __post_init__(self) -> None:
        for side in (self.left, self.right):
            if isinstance(side, Distinct):
                raise TypeError(
                    "distinct is a property of whole arrays, so it cannot be one side of a "
                    "union; write distinct(a | b)"
                )

    def __repr__(self) -> str:
        return f"{self.left!r} | {self.right!r}"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        return self.left.admits(x) | self.right.admits(x)

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        return self.left.groups(dtype) + self.right.groups(dtype)

    def parts(self) -> tuple[Domain, Domain]:
        """The domains of the real and the imaginary part."""
        (a, b), (c, d) = self.left.parts(), self.right.parts()
        return Union(a, c), Union(b, d)


@dataclass(frozen=True, repr=False)
class SpecialValues(Domain):
    """Zeros of both signs, infinities, NaN, the smallest and the largest numbers of a dtype."""

    def __repr__(self) -> str:
        return "special_values"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        known = [v for t in ("f2", "f4", "f8") for v in special_numbers(np.dtype(t))]
        return np.isnan(x) | np.isin(x, known)

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        return (special_numbers(dtype),)


@dataclass(frozen=True, repr=False)
class WholeNumbers(Domain):
    """Whole numbers of an interval that contains its ends."""

    low: int
    high: int

    def __repr__(self) -> str:
        return f"whole_numbers({self.low}, {self.high})"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        return (x >= self.low) & (x <= self.high) & (x == np.round(x))

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        return (by_simplicity(map(float, range(self.low, self.high + 1))),)


@dataclass(frozen=True, repr=False)
class Integers(WholeNumbers):
    """Whole numbers that are integers: arrays of them are held constant."""

    def __repr__(self) -> str:
        return f"integers({self.low}, {self.high})"


@dataclass(frozen=True, repr=False)
class Distinct(Domain):
    """Members of a domain no two of which are close, within one array."""

    inside: Domain
    gap: float

    def __repr__(self) -> str:
        return f"distinct({self.inside!r}, gap={self.gap})"

    def admits(self, x: np.ndarray) -> np.ndarray:
        """A mask of the members among real numbers."""
        return self.inside.admits(x)

    def contains(self, x: ArrayLike) -> bool:
        """True if all elements of an array are members, and apart from each other."""
        array = np.asarray(x)
        if not self.inside.contains(array):
            return False
        values = np.real(array).ravel()
        return all(self.apart(v, values[:i]) for i, v in enumerate(values))

    def apart(self, x: float, others: Sequence[float] | np.ndarray) -> bool:
        """True if x keeps its distance from other members."""
        seen = np.asarray(others, np.float64)
        scale = np.minimum(np.maximum(np.abs(seen), abs(x)), self.width())
        return bool(np.all(np.abs(seen - x) >= 0.999 * self.gap * scale))

    def width(self) -> float:
        """The distance from the smallest to the largest member that is drawn."""
        return width_of(self.inside)

    def groups(self, dtype: np.dtype) -> tuple[Group, ...]:
        """Candidates in groups, the simplest first."""
        kept: list[float] = []
        for x in (x for group in members(self.inside, dtype) for x in group):
            if math.isfinite(x) and self.apart(x, kept):
                kept.append(x)
        return (tuple(kept),)

    def parts(self) -> tuple[Domain, Domain]:
        """The domains of the real and the imaginary part."""
        return self, self.inside.parts()[1]


def interval(low: float, high: float, *, closed: bool = False) -> Interval:
    """The domain of the numbers between two ends.

    Args:
        low: the lower end, may be -inf.
        high: the upper end, may be inf.
        closed: whether finite ends belong to it. They do not by default, since a derivative
            needs numbers on both sides.

    Returns:
        A domain.

    Raises:
        ValueError: if low is not below high.

    >>> interval(-1, 1).contains(np.array([0.5, 1.0]))
    False
    """
    if not low < high:
        raise ValueError(f"interval: low must be below high, got {low!r} and {high!r}")
    return Interval(float(low), float(high), bool(closed))


real: Interval = interval(-math.inf, math.inf)
"""All finite numbers; drawn up to a magnitude of 1000, small ones and large ones alike."""

positive: Interval = interval(0.0, math.inf)
"""The numbers above 0, drawn from 0.001 to 1000."""

nonnegative: Interval = interval(0.0, math.inf, closed=True)
"""The positive numbers and 0."""

unit_interval: Interval = interval(0.0, 1.0)
"""The numbers between 0 and 1, which are left out."""

special_values: SpecialValues = SpecialValues()
"""0, -0.0, infinities, NaN, the smallest subnormal and normal number and the largest."""

DOMAINS: dict[str, Domain] = {
    "real": real,
    "positive": positive,
    "nonnegative": nonnegative,
    "unit_interval": unit_interval,
    "special_values": special_values,
    "whole_numbers": WholeNumbers(-9, 9),
    "distinct": Distinct(real, 0.01),
}


def whole_numbers(low: int = -9, high: int = 9) -> WholeNumbers:
    """Whole numbers from low to high, as elements of any dtype.

    >>> whole_numbers(0, 3).contains(np.array([0.0, 3.0]))
    True
    """
    if not low <= high:
        raise ValueError(f"whole_numbers: low must not be above high, got {low!r} and {high!r}")
    return WholeNumbers(int(low), int(high))


def integers(low: int, high: int) -> Integers:
    """Integers from low to high, both included: labels and indices, which are held constant.

    Arrays of this domain have the dtype int64 unless another one is given:
    ``Annotated[np.ndarray, "n", integers(0, 9)]``.

    >>> integers(0, 9).contains(np.array([0, 9]))
    True
    """
    if not low <= high:
        raise ValueError(f"integers: low must not be above high, got {low!r} and {high!r}")
    return Integers(int(low), int(high))


def distinct(inside: DomainLike = real, *, gap: float = 0.01) -> Distinct:
    """Members of a domain no two of which are close within an array: no ties.

    Args:
        inside: the domain.
        gap: the smallest difference of two elements, as a fraction of the larger one's
            magnitude, or of the width of the domain if that is less. Real parts count.

    Returns:
        A domain.

    >>> distinct(gap=0.1).contains(np.array([1.0, 1.05]))
    False
    """
    if not 0 < gap < 1:
        raise ValueError(f"distinct: gap must be between 0 and 1, got {gap!r}")
    inside = as_domain(inside)
    return inside if isinstance(inside, Distinct) else Distinct(inside, float(gap))


def as_domain(value: DomainLike) -> Domain:
    """The domain that a user named: by a domain, its name or a pair (low, high)."""
    if isinstance(value, Domain):
        return value
    if isinstance(value, str) and value in DOMAINS:
        return DOMAINS[value]
    if isinstance(value, str):
        raise ValueError(f"unknown domain {value!r}; the names are {', '.join(DOMAINS)}")
    if isinstance(value, tuple) and len(value) == 2:
        return interval(*value)
    raise TypeError(f"a domain is an object like interval(0, 1), a name or (low, high): {value!r}")


@functools.lru_cache(maxsize=256)
def members(domain: Domain, dtype: np.dtype) -> tuple[tuple[Any, ...], ...]:
    """The candidates of a domain that a real or integer dtype has, as Python numbers."""
    found = []
    for group in domain.groups(dtype):
        values = np.asarray(group, np.float64)
        if not is_floating(dtype):
            limits = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            values = values[np.isfinite(values) & (values == np.round(values))]
            values = values[(values >= limits[0]) & (values <= limits[1])]
        with np.errstate(over="ignore", under="ignore"):
            cast = values.astype(dtype)
        cast = cast[domain.admits(cast.astype(np.float64))]
        unique = {repr(x): x for x in cast.tolist()}
        if unique:
            found.append(tuple(unique.values()))
    if not found:
        raise ValueError(f"the domain {domain!r} has no members of dtype {dtype.name}")
    return tuple(found)


@functools.lru_cache(maxsize=64)
def width_of(domain: Domain) -> float:
    """The distance from the smallest to the largest finite member that is drawn."""
    values = np.array([x for g in members(domain, np.dtype(np.float64)) for x in g])
    return float(np.ptp(values[np.isfinite(values)]))
