"""The operators on whole arrays that native code computes, by their names.

A kernel reads and writes contiguous arrays at addresses, or arrays with any steps if it plans for
them. Elementwise operators and reductions are not here: they are computed in groups.
"""

from __future__ import annotations

from ...core.jaxpr import Eqn
from . import (
    contractions,
    convolutions,
    indexing,
    moving,
    ordering,
    random_bits,
    scanning,
    selection,
    windowing,
    windows,
)
from .protocol import Emitter, Kernel, Placing, Planned

KERNELS: dict[str, Kernel | Placing | Planned] = {
    "dot_general": Planned(contractions.takes, contractions.planned),
    "conv_general_dilated": Planned(
        convolutions.takes, convolutions.planned, convolutions.has_no_gaps
    ),
    "random_uniform": Kernel(random_bits.takes, random_bits.emit),
    **moving.KERNELS,
    **indexing.KERNELS,
    **scanning.KERNELS,
    **ordering.KERNELS,
    **selection.KERNELS,
    **windowing.KERNELS,
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
    if not isinstance(kernel, Planned):
        return False
    joins = kernel.joins(e) if callable(kernel.joins) else kernel.joins
    return joins and kernel.takes(e)


__all__ = ["KERNELS", "Emitter", "Kernel", "Placing", "Planned", "joins", "takes"]
