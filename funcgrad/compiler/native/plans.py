"""What a kernel that takes arrays with any steps plans: how results are laid out, and its calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from ...core.jaxpr import Eqn
from .builder import Builder
from .orders import Operand


class Call(NamedTuple):
    """A call of a function of addresses.

    Attributes:
        lanes: of its builder.
        arrays: the numbers of its arguments among inputs, results and rooms.
        emit: writes its body, given the registers of its parameters.
    """

    lanes: int
    arrays: tuple[int, ...]
    emit: Callable[[Builder, list[str]], None]


class Plan(NamedTuple):
    """How an operator is computed.

    Attributes:
        results: the steps of each.
        rooms: bytes of memory that is needed meanwhile.
        calls: one after the other.
    """

    results: list[tuple[int, ...]]
    rooms: list[int]
    calls: list[Call]


Planner: TypeAlias = Callable[
    [Eqn, Sequence[Operand], "Sequence[tuple[int, ...] | None]", int], Plan
]
"""(equation, its inputs, for each result the steps that it must have or None, width of vectors)."""
