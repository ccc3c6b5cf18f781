"""The operators on whole arrays that native code computes, by their names.

Elementwise operators and reductions are not here: they are computed in groups.
"""

from __future__ import annotations

from ...core.jaxpr import Eqn
from . import indexing, moving, ordering, scanning, windowing
from .protocol import Emitter, Kernel, Placing

KERNELS: dict[str, Kernel | Placing] = {
    **moving.KERNELS,
    **indexing.KERNELS,
    **scanning.KERNELS,
    **ordering.KERNELS,
    **windowing.KERNELS,
}
"""By the names of operators."""


def takes(e: Eqn) -> bool:
    """True if there is a kernel for an equation."""
    kernel = KERNELS.get(e.primitive.name)
    return kernel is not None and kernel.takes(e)


__all__ = ["KERNELS", "Emitter", "Kernel", "Placing", "takes"]
