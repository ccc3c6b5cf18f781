"""Programs of derivatives that are evaluated often, compiled where that changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import arrays
from ...api.jit import jit
from ...core.dtypes import finfo
from ...core.tracing import aval_of

Leaves = list[Any]

SAME = 1e4
"""The compiled program may differ by this many rounding errors of the largest number."""

MOVES = (0.0, 2.0**-10)
"""Relative distances of the points where a compiled program is compared with a plain call."""


class Staged:
    """A function of leaves at points of one kind, compiled at the first call.

    Where it cannot be compiled, since values decide what is computed, or where the program
    differs from a plain call at the point or close to it, calls remain plain.
    """

    def __init__(self, call: Callable[[Sequence[Any]], Leaves], point: Sequence[Any]) -> None:
        self.plain = call
        self.point = point
        self.kinds = kinds_of(point)
        self.program: Callable[..., Leaves] | None = None
        self.tried = False

    def __call__(self, xs: Sequence[Any]) -> Leaves:
        """The leaves that the function returns."""
        if not self.tried:
            self.tried = True
            self.program = self.compiled()
        if self.program is None or kinds_of(xs) != self.kinds:
            return self.plain(xs)
        try:
            return self.program(*xs)
        except TypeError:  # numbers of Python may become complex where the program has real ones
            return self.plain(xs)

    def compiled(self) -> Callable[..., Leaves] | None:
        """The compiled program, None if there is none that does the same."""
        if any(map(arrays.is_gpu_array, self.point)):
            return None
        program = jit(lambda *xs: self.plain(xs), stabilize=False)
        try:
            with np.errstate(all="ignore"):
                for move in MOVES:
                    xs = [x + x * move for x in self.point] if move else self.point
                    if kinds_of(xs) != self.kinds or not same(program(*xs), self.plain(xs)):
                        return None
        except Exception:  # whatever keeps a function from being staged or moved
            return None
        return program


def kinds_of(xs: Sequence[Any]) -> list[Any]:
    """Shapes and dtypes of leaves; Python's numbers have none."""
    return [(getattr(x, "shape", ()), getattr(x, "dtype", type(x))) for x in xs]


def same(found: Sequence[Any], expected: Sequence[Any]) -> bool:
    """True if leaves have the same types, and values that differ by rounding."""
    if len(found) != len(expected):
        return False
    for f, e in zip(found, expected, strict=True):
        if not aval_of(e).matches(aval_of(f)):
            return False
        a, b = np.asarray(f), np.asarray(e)
        if not np.array_equal(np.isfinite(a), np.isfinite(b)):
            return False
        finite = np.isfinite(b)
        size = np.max(np.abs(b), initial=0, where=finite)
        gap = np.max(np.abs(np.where(finite, a, 0) - np.where(finite, b, 0)), initial=0)
        if gap > SAME * float(finfo(aval_of(e).dtype).eps) * size:
            return False
    return True
