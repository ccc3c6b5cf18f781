"""Lengths of dimensions: short ones mostly, and in some points longer than blocks and buffers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Reach: TypeAlias = Literal["short", "longer", "long", "scan", "many"]
"""How long dimensions may be: up to 4; up to 17; one of them up to 130; or one of them very long,
with numbers that lie close to each other. Of many points all arrays of floats have such a dimension
more, their first one."""

SCANNED = 4001
"""The length of a dimension where the numbers of a domain are scanned; a prime number."""

SHORT: SearchStrategy[int] = st.integers(1, 4)
LONGER: SearchStrategy[int] = st.sampled_from((*range(1, 9), 8, *range(9, 17), 16, 17))
LONG: SearchStrategy[int] = st.sampled_from(
    (1, 2, 3, 5, 8, 9, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 80, 96, 99, 100, 127, 128, 129)
)
"""Both sides of the lengths at which programs change what they do; they shrink to short ones."""

LEAST: dict[Reach, tuple[int, ...]] = {
    "short": (1,),
    "longer": (5, 9, 5, 16, 7),
    "long": (33, 64, 16, 97),
    "scan": (SCANNED,),
    "many": (1,),
}
"""The longest dimension of a draw is at least so long, in turn, until a failure is found."""

EVERY = 4
"""At one of so many points two short dimensions have the same length, and at one a single one has
length one: rules take one axis for the other, or lose one."""

PATIENCE = 60
"""After so many draws others are taken, too: f may refuse what is looked for."""

BLOCK = 8
"""A long dimension is made of whole blocks of that many at every other turn, and not between."""


@dataclass
class Reaching:
    """How long dimensions may be; ``place`` is which of those of a draw is long, in turn.

    ``asked`` is how many dimensions the last draw had to choose, ``longest`` the longest, and
    ``sides`` all of them; ``turn`` counts the draws that were taken, and ``tries`` those since.
    """

    reach: Reach = "short"
    place: int = 0
    turn: int = 0
    asked: int = 0
    longest: int = 0
    sides: list[int] = field(default_factory=list)
    tries: int = 0

    def too_short(self) -> bool:
        """True if the last draw chose dimensions, and only others than are looked for."""
        least = LEAST[self.reach]
        other = self.longest < least[self.turn % len(least)]
        if self.reach == "long":
            other |= (self.longest % BLOCK == 0) != (self.turn % 2 == 1)
        if self.reach == "short" and len(self.sides) > 1:
            if self.turn % EVERY == 1:
                other |= not any(n > 1 and self.sides.count(n) > 1 for n in self.sides)
            if self.turn % EVERY == 3:
                other |= min(self.sides) > 1 or max(self.sides) == 1
        self.tries += 1
        return self.asked > 0 and other and self.tries < PATIENCE

    def taken(self) -> None:
        """Note that the last draw was taken."""
        self.turn += 1
        self.tries = 0


REACHING: ContextVar[Reaching] = ContextVar("REACHING", default=Reaching())  # noqa: B039


@contextmanager
def reaching(reach: Reach, place: int = 0, turn: int = 0) -> Iterator[Reaching]:
    """Draw dimensions of other lengths within a ``with`` statement."""
    here = Reaching(reach, place, turn)
    token = REACHING.set(here)
    try:
        yield here
    finally:
        REACHING.reset(token)


class Sides:
    """The lengths of the dimensions of one draw, of which one at most is long."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.here = REACHING.get()
        self.here.asked = self.here.longest = 0
        self.here.sides = []

    def __call__(self) -> int:
        """The length of one dimension."""
        here = self.here
        here.asked += 1
        if here.reach == "scan" and here.asked - 1 == here.place:
            side = SCANNED
        elif here.reach == "longer":
            side = self.draw(LONGER)
        elif here.reach == "long" and here.asked - 1 == here.place:
            side = self.draw(LONG)
        else:
            side = self.draw(SHORT)
        here.longest = max(side, here.longest)
        here.sides.append(side)
        return side

    def several(self) -> tuple[int, ...]:
        """The lengths of up to two dimensions."""
        asked = self.here.asked
        found = tuple(self() for _ in range(self.draw(st.integers(0, 2))))
        self.here.asked = max(self.here.asked, asked + 1)
        return found


def matrix_side(draw: DrawFn) -> int:
    """The number of rows of a matrix."""
    return draw(SHORT if REACHING.get().reach in ("short", "scan", "many") else LONGER)
