"""CUDA kernels that are written by hand: one body for each element of the result."""

from __future__ import annotations

from types import ModuleType
from typing import Any

KERNELS: dict[str, Kernel] = {}
"""All of them by name."""


class Kernel:
    """A kernel as CuPy's ``ElementwiseKernel`` takes it, compiled where it is first called.

    Attributes:
        name: in profiles.
        ins: parameters that are read, as "type name, raw type name, ..."; T is one of ``types``.
            Of a raw one the body takes any element, of others that with the number ``i``.
        outs: parameters that are written.
        body: statements for element ``i``, in CUDA C++.
        types: the types, by their names in C, for which it may be compiled.
        preamble: what the body calls.
        options: of the compiler.
    """

    __slots__ = ("_made", "body", "ins", "name", "options", "outs", "preamble", "types")

    def __init__(
        self,
        name: str,
        ins: str,
        outs: str,
        body: str,
        types: tuple[str, ...] = (),
        *,
        preamble: str = "",
        options: tuple[str, ...] = (),
    ) -> None:
        self.name: str = name
        self.ins: str = ins
        self.outs: str = outs
        self.body: str = body
        self.types: tuple[str, ...] = types
        self.preamble: str = preamble
        self.options: tuple[str, ...] = options
        self._made: tuple[ModuleType | None, Any] = (None, None)
        KERNELS[name] = self

    def __call__(self, xp: Any, *operands: Any, size: int | None = None) -> Any:
        """Run it on arrays of a device; ``size`` is the number of elements if all are raw."""
        known, kernel = self._made
        if known is not xp:
            kernel = xp.ElementwiseKernel(
                self.ins,
                self.outs,
                self.body,
                f"funcgrad_{self.name}",
                preamble=self.preamble,
                options=self.options,
            )
            self._made = (xp, kernel)
        return kernel(*operands) if size is None else kernel(*operands, size=size)
