"""What kernels take and make, as their callers see it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .kinds import Kind

PYTHONS: dict[str, type] = {"d": float, "l": int, "?": bool, "D": complex}
"""Python's types of numbers, by the kind that kernels read them as."""


class Spec(NamedTuple):
    """What an argument or output of a kernel is.

    Attributes:
        shape: lengths of its axes.
        kind: type of its numbers.
        is_python: a Python float, int or bool and nothing else; a NumPy scalar or array of the
            same kind promotes differently, and was not what the kernel was made for.
    """

    shape: tuple[int, ...]
    kind: Kind
    is_python: bool = False

    @property
    def type(self) -> Any:
        """The type of a single number as an object."""
        return PYTHONS[self.kind.char] if self.is_python else self.kind.dtype.type


class Signature(NamedTuple):
    """What a kernel takes and makes.

    Attributes:
        ins: its inputs.
        outs: its outputs; those of shape () come back as NumPy scalars.
        release_above: where an input or output has more elements than this, other threads run
            Python meanwhile.
    """

    ins: tuple[Spec, ...]
    outs: tuple[Spec, ...]
    release_above: int = 20_000

    @property
    def releases(self) -> bool:
        """Whether the lock of the interpreter is released while the kernel runs."""
        sizes = [math.prod(s.shape) for s in (*self.ins, *self.outs)]
        return max(sizes, default=0) > self.release_above

    def check(self) -> None:
        """Raise if a Python number is wanted that kernels cannot read or make."""
        for what, specs in (("input", self.ins), ("output", self.outs)):
            for i, spec in enumerate(specs):
                if spec.is_python and (spec.shape or spec.kind.char not in PYTHONS):
                    raise TypeError(
                        f"{what} {i} is a Python number, but has kind {spec.kind.char!r} and shape "
                        f"{spec.shape}; Python numbers have shape () and one of the kinds d, l, "
                        "? and D"
                    )
