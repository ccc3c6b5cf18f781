"""The kernels of operators on whole arrays, by the names of the operators.

A kernel reads and writes contiguous arrays at addresses, or arrays with any steps if it plans for
them. Elementwise operators and reductions are not here: they are computed in groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from ...core.jaxpr import Eqn
from . import contractions, convolutions, windows
from .builder import Builder
from .plans import Planner

Emitter: TypeAlias = Callable[[Builder, Eqn, Sequence[str], Sequence[str]], None]
"""(builder, equation, addresses of its inputs, addresses of its results)."""


class Kernel(NamedTuple):
    """How native code computes an operator.

    Attributes:
        takes: whether there is a kernel for an equation of the operator.
        emit: writes the kernel; the builder has the lanes with which the widest of the numbers
            that the equation reads and makes fill a register. Inputs that are literals have an
            address as well. Results overlap with no input.
    """

    takes: Callable[[Eqn], bool]
    emit: Emitter


class Planned(NamedTuple):
    """How native code computes an operator on arrays with any steps.

    Attributes:
        takes: whether there is a kernel for an equation of the operator.
        plan: chooses the kernel, and how the results are laid out.
        joins: whether it can compute a map of the result as well.
    """

    takes: Callable[[Eqn], bool]
    plan: Planner
    joins: bool = True


KERNELS: dict[str, Kernel | Planned] = {
    "dot_general": Planned(contractions.takes, contractions.planned),
    "conv_general_dilated": Planned(convolutions.takes, convolutions.planned),
    **dict.fromkeys(
        ("reduce_window_max", "reduce_window_min", "reduce_window_sum"),
        Planned(windows.takes, windows.planned, joins=False),
    ),
    "pick_window_extrema": Planned(windows.takes_extrema, windows.planned_pick, joins=False),
    "drop_at_window_extrema": Planned(windows.takes_extrema, windows.planned_drop, joins=False),
}
"""By the names of operators."""


def takes(e: Eqn) -> bool:
    """True if there is a kernel for an equation."""
    kernel = KERNELS.get(e.primitive.name)
    return kernel is not None and kernel.takes(e)


def joins(e: Eqn) -> bool:
    """True if the kernel for an equation computes the map that alone reads the result."""
    kernel = KERNELS.get(e.primitive.name)
    return isinstance(kernel, Planned) and kernel.joins and kernel.takes(e)
