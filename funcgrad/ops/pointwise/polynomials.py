"""Sums of powers, as the derivatives of special functions need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...typing import Array


def power_sum(x: Array, coefficients: Sequence[float]) -> Any:
    """The sum of coefficients[k] * x**k, with operators for traced values."""
    total: Any = x * 0 + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total
