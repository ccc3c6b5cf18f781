"""Quantiles far out in the tail of the normal distribution, where erf is 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..typing import Array

TAIL = 3.0


def _hazard(x: Array) -> Array:
    """Density over upper tail, phi(x) / Q(x), by its continued fraction, from 3 on exact.

    It is x + 1 / (x + 2 / (x + 3 / ...)); after n steps the error is about
    exp(-2 x sqrt(2 n)).
    """
    rest: Any = 0.0
    for i in range(22, 0, -1):
        rest = i / (x + rest)
    return x + rest


def tail_quantile(u: Array, lower: Array, upper: Array) -> Array:
    """The number below which a fraction u of the normal distribution between two ends lies.

    Args:
        u: float64 numbers in [0, 1).
        lower: float64 numbers, at least 3.
        upper: float64 numbers, at least lower, or inf.

    Returns:
        x with Q(x) = (1 - u) Q(lower) + u Q(upper). With d = x - lower, -log(Q(x) / Q(lower)) is
        d (lower + d / 2) + log(h(x) / h(lower)) for the hazard h; it is convex, and Newton's
        method comes down to the solution.
    """
    at_lower = _hazard(lower)
    bounded = upper < np.inf
    width = np.where(bounded, upper - lower, 0.0)
    most = width * (lower + 0.5 * width) + np.log(_hazard(lower + width) / at_lower)
    share = np.where(bounded, -np.expm1(-most), 1.0)
    e = -np.log1p(-u * share)
    d = 2.0 * e / (lower + np.sqrt(lower * lower + 2.0 * e))
    for _ in range(5):
        h = _hazard(lower + d)
        d = d - (d * (lower + 0.5 * d) + np.log(h / at_lower) - e) / h
    return lower + np.maximum(d, 0.0)
