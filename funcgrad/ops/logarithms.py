"""Logarithms and their relatives that stay accurate where the plain formula cancels or overflows.

``log1mexp``: Mächler, "Accurately computing log(1 - exp(-|a|))" (2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.primitive import Primitive
from .families import elementwise
from .special import logistic

LN2 = 0.6931471805599453


def softplus_values(x: Any) -> Any:
    """log(1 + exp(x)) without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def log1mexp_values(x: Any) -> Any:
    """log(1 - exp(x)), accurate for small and for large negative x."""
    near = np.log(-np.expm1(np.maximum(x, -LN2)))
    return np.where(np.greater(x, -LN2), near, np.log1p(-np.exp(np.minimum(x, -LN2))))[()]


def log_expm1_values(x: Any) -> Any:
    """log(exp(x) - 1) without overflow or cancellation."""
    large = np.maximum(x, 1)
    small = np.log(np.expm1(np.minimum(x, 1)))
    return np.where(np.greater(x, 1), large + np.log1p(-np.exp(-large)), small)[()]


def xlogx_values(x: Any) -> Any:
    """The product x * log(x), and 0 at 0."""
    return x * np.log(np.where(np.equal(x, 0), 1, x))


def xlogratio_values(x: Any, y: Any) -> Any:
    """The product x * log(x / y), and 0 where x is 0 and y is positive."""
    with np.errstate(over="ignore", under="ignore"):
        ratio = np.where(np.equal(x, 0) & np.greater(y, 0), 1, np.divide(x, y))
    normal = np.isfinite(ratio) & (np.abs(ratio) >= np.finfo(ratio.dtype).tiny)
    apart = np.log(np.where(normal, 1, x)) - np.log(np.where(normal, 1, y))
    return (x * np.where(normal, np.log(np.where(normal, ratio, 1)), apart))[()]


softplus: Primitive = elementwise("softplus", softplus_values, lambda _o, x: logistic(x), kinds="f")
# -(0 - x) is -0 for both zeros, so that the derivative at 0 has the sign of the limit.
log1mexp: Primitive = elementwise(
    "log1mexp",
    log1mexp_values,
    lambda _o, x: np.exp(x) / np.expm1(-(0 - x)),
    domain=(-3.0, -0.2),
    kinds="f",
)
# 1 / (1 - exp(-x)), whose derivative must not lose what exp(-x) adds to 1.
log_expm1: Primitive = elementwise(
    "log_expm1", log_expm1_values, lambda o, _x: 1 + np.exp(-o), domain=(0.2, 3.0), kinds="f"
)
xlogx: Primitive = elementwise(
    "xlogx", xlogx_values, lambda _o, x: np.log(x) + 1, domain=(0.2, 3.0), kinds="f"
)
xlogratio: Primitive = elementwise(
    "xlogratio",
    xlogratio_values,
    lambda _o, x, y: np.log(x) - np.log(y) + 1,
    lambda _o, x, y: -x / y,
    domain=(0.2, 3.0),
    kinds="f",
)
