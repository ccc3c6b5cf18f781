"""What a kernel that takes arrays with any steps plans: how results are laid out, and its calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from ...core.jaxpr import Eqn
from ..groups import Map
from .builder import Builder
from .kinds import Kind
from .orders import Operand
from .shares import Parts


class Shared(NamedTuple):
    """How threads share a call.

    Attributes:
        parts: of an axis; each call is for one of them.
        size: the length of that axis.
        steps: of each array along it.
    """

    parts: Parts
    size: int
    steps: tuple[int, ...]


class Call(NamedTuple):
    """A call of a function of addresses.

    Attributes:
        lanes: of its builder.
        arrays: the numbers of its arguments among inputs, results and rooms; with each the
            distance of the address from where the array begins, in elements.
        emit: writes its body, given the registers of its parameters.
        rooms: memory that it needs while it runs: numbers of elements, and their kinds; the
            addresses are its last arguments.
        shared: how it is shared; None if it is called once.
        overlaps: whether it may write an element more than once.
    """

    lanes: int
    arrays: tuple[tuple[int, int], ...]
    emit: Callable[[Builder, list[str]], None]
    rooms: tuple[tuple[int, Kind], ...] = ()
    shared: Shared | None = None
    overlaps: bool = True


class Plan(NamedTuple):
    """How an operator is computed.

    Attributes:
        results: the steps of each.
        rooms: the memory that is needed meanwhile: a number of elements, and their kind.
        calls: one after the other.
    """

    results: list[tuple[int, ...]]
    rooms: list[tuple[int, Kind]]
    calls: list[Call]


Planner: TypeAlias = Callable[
    [Eqn, Sequence[Operand], "Sequence[tuple[int, ...] | None]", int, "Map | None"], Plan
]
"""(equation, what is read, for each result the steps that it must have or None, width of vectors,
the map that alone reads the result). What is read are the inputs, then what stands beside the map,
with steps along the axes of the map; results are those of the map, if there is one."""
