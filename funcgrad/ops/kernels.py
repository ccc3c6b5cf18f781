"""CUDA kernels that are written by hand: one body for each element of the result."""

from __future__ import annotations

from types import ModuleType
from typing import Any


class Kernel:
    """A kernel as CuPy's ``ElementwiseKernel`` takes it, compiled where it is first called.

    Attributes:
        name: in profiles.
        ins: types and names of the operands; ``T`` stands for the type of the numbers.
        outs: likewise of the results.
        body: statements for element ``i``, in CUDA C++.
    """

    __slots__ = ("_made", "body", "ins", "name", "outs")

    def __init__(self, name: str, ins: str, outs: str, body: str) -> None:
        self.name: str = name
        self.ins: str = ins
        self.outs: str = outs
        self.body: str = body
        self._made: tuple[ModuleType | None, Any] = (None, None)
        KERNELS[name] = self

    def __call__(self, xp: ModuleType, *operands: Any, size: int | None = None) -> Any:
        """Run it on arrays of a device."""
        known, kernel = self._made
        if known is not xp:
            make = xp.ElementwiseKernel  # type: ignore[attr-defined]
            kernel = make(self.ins, self.outs, self.body, f"funcgrad_{self.name}")
            self._made = (xp, kernel)
        return kernel(*operands) if size is None else kernel(*operands, size=size)


KERNELS: dict[str, Kernel] = {}
"""All of them by name."""
