"""Lengths of dimensions: short ones mostly, and in some points longer than blocks and buffers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Reach: TypeAlias = Literal["short", "longer", "long"]
"""How long dimensions may be: up to 4; up to 17; or one of them up to 130."""

SHORT: SearchStrategy[int] = st.integers(1, 4)
LONGER: SearchStrategy[int] = st.sampled_from(range(1, 18))
LONG: SearchStrategy[int] = st.sampled_from(
    (1, 2, 3, 5, 8, 9, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 99, 100, 101, 127, 128, 129, 130)
)
"""Both sides of the lengths at which programs change what they do; they shrink to short ones."""

REACH: ContextVar[Reach] = ContextVar("REACH", default="short")


LONGEST: ContextVar[int] = ContextVar("LONGEST", default=0)
"""The longest dimension of the last draw, 0 if all lengths were given."""


def only_short() -> bool:
    """True if the last draw has short dimensions alone, though it might have others."""
    return REACH.get() != "short" and 0 < LONGEST.get() <= 4


@contextmanager
def reaching(reach: Reach) -> Iterator[None]:
    """Draw dimensions of other lengths within a ``with`` statement."""
    token = REACH.set(reach)
    try:
        yield
    finally:
        REACH.reset(token)


class Sides:
    """The lengths of the dimensions of one draw, of which one at most is long."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.long_ones = 0
        LONGEST.set(0)

    def __call__(self) -> int:
        """The length of one dimension."""
        side = self.one()
        LONGEST.set(max(side, LONGEST.get()))
        return side

    def one(self) -> int:
        """The length of one dimension, however long others are."""
        reach = REACH.get()
        if reach == "short":
            return self.draw(SHORT)
        if reach == "longer":
            return self.draw(LONGER)
        if self.long_ones or not self.draw(st.sampled_from((False, True, True))):
            return self.draw(SHORT)
        self.long_ones += 1
        return self.draw(LONG)

    def several(self) -> tuple[int, ...]:
        """The lengths of up to two dimensions."""
        LONGEST.set(max(1, LONGEST.get()))
        return tuple(self() for _ in range(self.draw(st.integers(0, 2))))


def matrix_side(draw: DrawFn) -> int:
    """The number of rows of a matrix."""
    return draw(SHORT if REACH.get() == "short" else LONGER)
