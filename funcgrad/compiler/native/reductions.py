"""Reductions: sums, products, extrema, and, or, as native code combines partial results.

Several vectors of partial results run side by side, so that a sum's error grows like that of a
pairwise one. Their number is that of the kernel, not of threads or of what else is computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...core.jaxpr import Eqn
from .builder import Builder, Value
from .kinds import BOOL, kind_of
from .operations import larger, smaller

ACCUMULATORS = 4
"""Vectors of partial results."""


class Reduction(NamedTuple):
    """How two partial results are combined, and the one to begin with."""

    combine: Callable[[Builder, Value, Value], Value]
    neutral: Callable[[np.dtype], Any]


def _lowest(dtype: np.dtype) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: np.dtype) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


REDUCTIONS: dict[str, Reduction] = {
    "reduce_sum": Reduction(lambda b, x, y: x + y, lambda _dtype: 0),
    "reduce_prod": Reduction(lambda b, x, y: x * y, lambda _dtype: 1),
    "reduce_max": Reduction(larger, _lowest),
    "reduce_min": Reduction(smaller, _highest),
    "reduce_or": Reduction(lambda b, x, y: b.bits("or", x, y), lambda _dtype: False),
    "reduce_and": Reduction(lambda b, x, y: b.bits("and", x, y), lambda _dtype: True),
}
"""By the names of operators."""


def takes(e: Eqn) -> bool:
    """True if native code has a reduction: of numbers that keep their dtype, and are not empty."""
    name = e.primitive.name
    if name not in REDUCTIONS or e.inputs[0].aval.symbolic:
        return False
    x, out = e.inputs[0].aval, e.outvars[0].aval
    kind = kind_of(x.dtype)
    if kind is None or out.dtype != x.dtype or x.weak or out.weak or not x.size:
        return False
    return (kind is BOOL) is (name in ("reduce_or", "reduce_and"))


def across_lanes(builder: Builder, how: Reduction, x: Value) -> str:
    """The register of the combination of all lanes, halves with halves."""
    n, t = builder.lanes, builder.type(x.kind)
    while n > 1:
        n //= 2
        order = [k + n if k < n else k for k in range(builder.lanes)]
        places = "<" + ", ".join(f"i32 {k}" for k in order) + ">"
        i32s = f"<{builder.lanes} x i32>"
        other = builder.instruction(
            f"shufflevector {t} {x.text}, {t} poison, {i32s} {places}", x.kind
        )
        x = how.combine(builder, x, other)
    if builder.lanes == 1:
        return x.text
    return builder.scalar(f"extractelement {t} {x.text}, i64 0")
