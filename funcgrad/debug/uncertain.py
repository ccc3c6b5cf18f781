"""What the last digits of constants, and of functions that are known to float64 only, decide."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Primitive
from ..core.tracing import aval_of
from ..transforms.opened import Recording
from ..transforms.recording import Operation
from ..typing import Array, PyTree
from .precise import Numbers, evaluate
from .precise.numbers import Precise
from .precise.operations import inexact

SHAKES = 2
"""How many times all last digits are changed."""


def is_rounded(x: PyTree) -> bool:
    """True if numbers of an array look like rounded ones, since they have nearly all bits."""
    return bool(np.any(has_many_bits(x)))


def has_many_bits(x: PyTree) -> Array:
    """A mask of numbers whose mantissas fill more than three quarters of what there is."""
    values = np.asarray(x)
    if values.dtype.kind == "c":
        return has_many_bits(values.real) | has_many_bits(values.imag)
    if values.dtype not in (np.float32, np.float64):
        return np.zeros(values.shape, bool)
    most = 3 * np.finfo(values.dtype).nmant // 4
    mantissa, _ = np.frexp(np.where(np.isfinite(values), values, 0.0))
    return np.asarray(np.ldexp(mantissa, most) % 1 != 0)


class Uncertain:
    """Where a recorded program takes numbers that are right to their last digit only.

    Args:
        recording: the program.
        given: its arguments, which count as exact.
        unknown: the operators whose results were those of float64.
    """

    def __init__(self, recording: Recording, given: list[Any], unknown: set[Primitive]) -> None:
        self.recording: Recording = recording
        self.unknown: set[Primitive] = unknown
        arguments = {id(x) for x in given}
        self.constants: dict[int, Any] = {}
        for operation in recording.operations:
            for x, origin in zip(operation.operands, operation.origins, strict=True):
                if origin is None and id(x) not in arguments and inexact(x) and is_rounded(x):
                    self.constants[id(x)] = x

    def __bool__(self) -> bool:
        return bool(self.constants or self.unknown)

    def __str__(self) -> str:
        names = ", ".join(sorted(p.name for p in self.unknown))
        what = [*["constants"] * bool(self.constants), *[f"results of {names}"] * bool(names)]
        return " and ".join(what)

    def shaken(self, numbers: Numbers[Any], seed: int) -> dict[Operation, list[Precise]]:
        """Precise results of all operations, where the last digits of those numbers are others."""
        rng = np.random.default_rng(seed)

        def moved(x: Precise, computed: PyTree, mask: Array) -> Any:
            dtype = aval_of(computed).dtype
            wide = np.complex128 if dtype.kind == "c" else np.float64
            near = numbers.nearest(x, wide)
            signs = rng.choice([-1.0, 1.0], np.shape(near))
            step = np.where(mask & np.isfinite(near), 0.5 * float(np.finfo(dtype).eps), 0.0)
            return numbers.total([*numbers.terms(x), np.where(step > 0, near, 0) * signs * step])

        constants = {
            key: moved(numbers.lift(x), x, has_many_bits(x)) for key, x in self.constants.items()
        }
        known: dict[Operation, list[Any]] = {}
        for operation in self.recording.operations:
            operands = []
            for x, origin in zip(operation.operands, operation.origins, strict=True):
                if origin is not None:
                    operands.append(known[origin[0]][origin[1]])
                else:
                    operands.append(constants.get(id(x), numbers.lift(x)) if inexact(x) else x)
            found = evaluate(numbers, operation, operands)
            pairs = zip(found.outs, operation.outputs, strict=True)
            known[operation] = (
                found.outs
                if found.exact
                else [moved(p, o, np.asarray(True)) if inexact(o) else p for p, o in pairs]
            )
        return known
