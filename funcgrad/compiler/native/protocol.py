"""How native code computes an operator on whole arrays: what an entry of the table says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ...core.jaxpr import Eqn, Literal
from .builder import Builder
from .kinds import kind_of
from .plans import Planner

Emitter: TypeAlias = Callable[[Builder, Eqn, Sequence[str], Sequence[str]], None]
"""(builder, equation, addresses of its inputs, addresses of its results)."""


class Kernel(NamedTuple):
    """An operator that is a function of contiguous arrays.

    Attributes:
        takes: whether there is a kernel for an equation of the operator.
        emit: writes the kernel; the builder has the lanes with which the widest of the numbers
            that the equation reads and makes fill a register. Inputs that are literals have an
            address as well. Results overlap with no input.
    """

    takes: Callable[[Eqn], bool]
    emit: Emitter


class Placing(NamedTuple):
    """An operator that reads arrays where they are, and says where its results are.

    Attributes:
        takes: whether it can be done for an equation of the operator.
        place: writes it into a frame, and gives each result its place.
        updates: the result begins as the first operand, and may stand in its memory.
        looks: the result may be a part of the first operand, where that is.
    """

    takes: Callable[[Eqn], bool]
    place: Callable[[Any, Eqn], None]
    updates: bool = False
    looks: bool = False


class Planned(NamedTuple):
    """An operator on arrays with any steps.

    Attributes:
        takes: whether there is a kernel for an equation of the operator.
        plan: chooses the kernel, and how the results are laid out.
        joins: whether it computes a map of the result as well; may depend on the equation.
    """

    takes: Callable[[Eqn], bool]
    plan: Planner
    joins: bool | Callable[[Eqn], bool] = True


def are_known(atoms: Sequence[Any]) -> bool:
    """True for arrays of kinds and shapes known beforehand, and numbers that are written out."""
    return all(
        kind_of(a.aval.dtype) is not None
        and not a.aval.symbolic
        and (not a.aval.weak or type(a) is Literal)
        for a in atoms
    )


__all__ = ["Emitter", "Kernel", "Placing", "Planned", "are_known"]
