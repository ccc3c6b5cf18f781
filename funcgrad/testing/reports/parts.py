"""A wrong derivative of one argument beside the right one, and what a mistake may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

Array = np.ndarray
Shape = tuple[int, ...]

EXPLAINED = 20.0
"""How many times closer an explanation comes to what was found than what was expected does."""

EXACT, FACTOR, STRUCTURE, NUMBER, PART, WEAK = 1, 2, 3, 5, 7, 8
"""How much an explanation says; less is more."""

RATIO = "ratio "
"""How the keys of numbers begin that the whole is multiplied by."""


@dataclass(frozen=True)
class Explanation:
    """What a mistake may be: the less its rank the more it says, and the same key is the same."""

    rank: int
    key: str
    text: str


@dataclass(frozen=True)
class Part:
    """The derivative with respect to one argument at one point.

    ``values`` are arrays that stand in formulas by name, ``others`` the right matrices of other
    arguments and ``given`` those found, ``sizes`` the lengths of axes with words for them. With
    ``units`` each row belongs to one number of the outputs, whose shapes are ``outputs``.
    """

    name: str
    expected: Array
    found: Array
    shape: Shape
    outputs: Sequence[Shape]
    tolerance: float
    values: Mapping[str, Array] = field(default_factory=dict)
    others: Mapping[str, Array] = field(default_factory=dict)
    given: Mapping[str, Array] = field(default_factory=dict)
    sizes: Mapping[int, str] = field(default_factory=dict)
    units: bool = True
    word: str = "cotangent"

    @cached_property
    def size(self) -> float:
        """The largest number that is expected."""
        return float(np.max(np.abs(self.expected), initial=0.0))

    @cached_property
    def gap(self) -> float:
        """The largest difference."""
        return float(np.max(np.abs(self.found - self.expected), initial=0.0))

    @cached_property
    def limit(self) -> float:
        """How close an explanation has to come."""
        return min(self.tolerance * max(self.size, self.gap), self.gap / EXPLAINED)

    @property
    def wrong(self) -> bool:
        """True if the derivative is wrong."""
        return self.gap > self.tolerance * self.size

    def close(self, a: Array, b: Array) -> bool:
        """True if two arrays are as close as an explanation has to be."""
        return a.shape == b.shape and float(np.max(np.abs(a - b), initial=0.0)) <= self.limit

    @property
    def square(self) -> bool:
        """True if there are as many outputs as numbers of the argument, several."""
        return self.units and self.expected.shape[0] == self.expected.shape[1] > 1


def most_in_rows(matrix: Array) -> int:
    """The largest number of entries that are not zero in a row."""
    return int(np.max(np.sum(np.abs(matrix) > 1e-12 * np.max(np.abs(matrix)), axis=1), initial=0))
