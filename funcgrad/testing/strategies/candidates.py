"""Numbers that domains list, short ones and such of all magnitudes."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

SIMPLE = (0.0, 1.0, 2.0, 3.0, 0.5, -1.0, -2.0, -0.5)
REACH = 1e3
"""Unbounded domains are drawn from up to this magnitude."""
LEAST = 1e-3
"""The smallest magnitude beside 0 that intervals are drawn from, where they reach down to 0."""

Group = tuple[float, ...]
"""Numbers of one kind, the simplest first."""


def geometric(low: float, high: float) -> list[float]:
    """Three-digit numbers of all magnitudes in the positive part of an interval."""
    first = max(low, min(LEAST, high * LEAST))
    if high <= 0 or high < 10 * first:
        return []
    exponents = np.linspace(math.log10(first), math.log10(high), 201)
    return [float(f"{10**e:.3g}") for e in exponents.tolist()]


def by_simplicity(values: Iterable[float]) -> Group:
    """Numbers ordered by the length of their text, then by magnitude, positive ones first."""
    return tuple(sorted(values, key=lambda x: (len(repr(abs(x))), abs(x), x < 0)))


def special_numbers(dtype: np.dtype) -> Group:
    """The special values of a floating dtype; of other dtypes 0."""
    if dtype.kind != "f":
        return (0.0,)
    info = np.finfo(dtype)
    tiny, small, large = map(float, (info.smallest_subnormal, info.tiny, info.max))
    return (0.0, -0.0, math.inf, -math.inf, math.nan, small, -small, tiny, -tiny, large, -large)
