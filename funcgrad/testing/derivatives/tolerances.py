"""The amount that two derivatives may differ by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

import numpy as np

from ...core.dtypes import finfo, is_small_float
from ...core.tracing import aval_of
from ...typing import ArrayLike, PyTree
from .leaves import finite_max

RELATIVE = {2: 1e-2, 4: 2e-5}
"""Relative tolerance by the bytes of a real number; below it stands DOUBLE. Where rounding does
more than that, the derivative shows it at points that differ in their last places."""

ULPS = {2: 4, 4: 4}
"""Rounding errors of outputs that are allowed at once, by the bytes of a real number."""

DOUBLE = 1e-8
LAW = {2: 3e-2, 4: 1e-3}
LAW_DOUBLE = 1e-9
SMALLEST = 1e-30
SMALL = 8
"""The relative tolerance for small floats, which differ in precision but not in size, in units of
the distance from 1 to the next number."""


class Tolerances:
    """Tolerances for values of the coarsest dtype among some leaves.

    Args:
        leaves: what takes part in the computation.
        atol: None, a number or a mapping from dtypes.
        rtol: None, a number or a mapping from dtypes.
        nondet: by how much two calls with the same arguments may differ.
    """

    def __init__(
        self,
        leaves: Iterable[Any],
        atol: float | None = None,
        rtol: float | None = None,
        nondet: float = 0.0,
    ) -> None:
        dtypes = {aval_of(x).dtype for x in leaves}
        coarsest = max(dtypes, key=lambda d: float(finfo(d).eps))
        usual, of_law = DOUBLE, LAW_DOUBLE
        self.ulps: int = 64
        if is_small_float(coarsest):
            self.ulps = 4
            usual = of_law = SMALL * float(finfo(coarsest).eps)
        else:
            size = finfo(coarsest).dtype.itemsize
            usual, of_law = RELATIVE.get(size, usual), LAW.get(size, of_law)
            self.ulps = ULPS.get(size, self.ulps)
        self.eps: float = max(2.0**-52, float(finfo(coarsest).eps))
        smallest = float(finfo(coarsest).tiny)
        self.least: float = smallest if smallest < SMALLEST else 16 * smallest * self.eps
        """What is smaller may have underflowed on the way."""
        self.atol: float | None = chosen(atol, dtypes)
        given = chosen(rtol, dtypes)
        self.rtol: float = usual if given is None else given
        self.nondet: float = nondet
        self.law_rtol: float = max(of_law, given or 0.0)

    def of(self, expected: np.ndarray, outputs: PyTree, condition: float) -> np.ndarray:
        """Allowed differences from a leaf, elementwise, without the error of the leaf itself.

        ``outputs`` is the size of the function's values, whose rounding enters derivatives too,
        and ``condition`` how much rounding changed those values.
        """
        size = finite_max(expected)
        floor = (
            max(self.ulps * self.eps, 1e-3 * self.rtol) * size if self.atol is None else self.atol
        )
        rounding = self.ulps * self.eps * outputs + 30 * condition + self.nondet + self.least
        with np.errstate(invalid="ignore"):
            relative = np.where(np.isfinite(expected), np.abs(expected), 0.0)
        return floor + self.rtol * relative + rounding

    def agree(self, expected: np.ndarray, found: np.ndarray) -> bool:
        """True if all of found is finite and within the least that ``of_law`` allows."""
        if found.shape != expected.shape:
            return False
        if found.size == 1 and found.dtype.char == expected.dtype.char == "d":
            whole = abs(expected.item())
            return isfinite(whole) and abs(found.item() - expected.item()) <= self.law_rtol * whole
        with np.errstate(all="ignore"):
            gap = np.abs(found - expected).max(initial=0.0)
            size = float(np.abs(expected).max(initial=0.0))
        return isfinite(size) and bool(gap <= self.law_rtol * size)

    def of_law(self, expected: np.ndarray, floor: ArrayLike = 0.0) -> np.ndarray:
        """Allowed differences where both sides are exact up to rounding."""
        size = np.maximum(finite_max(expected), floor)
        limit = self.law_rtol * size + (self.atol or 0.0) + 4 * self.nondet + self.least
        return np.broadcast_to(limit, expected.shape)


def chosen(option: float | None, dtypes: Sequence[Any] | set[Any]) -> float | None:
    """The tolerance that an option gives for some dtypes: the largest of a mapping."""
    if option is None or isinstance(option, float):
        return option
    found = [option[d] for d in dtypes if d in option]
    return max(found) if found else None
