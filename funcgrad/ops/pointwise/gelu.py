"""The activation gelu by its formula with tanh, in few passes.

Hendrycks and Gimpel, arXiv:1606.08415, section 2: x (1 + tanh(u)) / 2 for u = sqrt(2 / pi)
(x + 0.044715 x**3). The factor of x is the logistic function of 2 u, which is no difference.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from ...core.facts import FloatScalars, Hazard, Scalars
from ...core.lowering import NumpyText
from ...typing import Array
from ..families import Elementwise, elementwise
from .special import logistic_slope

LINEAR = 2 * sqrt(2 / pi)
CUBIC = 0.044715 * LINEAR
FLAT = 40.0
"""Beyond it the function is x or 0 in every type."""


def gelu_values(x: Array, out: Array | None = None) -> Array:
    """The product of x and the logistic function of LINEAR x + CUBIC x**3."""
    with np.errstate(over="ignore"):
        if x.dtype == np.float16 or not x.ndim:
            share = 1 / (1 + np.exp(-inside(np.clip(wide_float(x), -FLAT, FLAT))))
            return (np.maximum(x, -FLAT) * share).astype(x.dtype)
        below = x * x
        below *= -CUBIC
        below -= LINEAR
        below *= x
        np.exp(below, out=below)
        below += 1
        out = np.maximum(x, -FLAT, out=out)
        return np.divide(out, below, out=out)


def gelu_slope_values(x: Array, out: Array | None = None) -> Array:
    """The derivative of gelu, from the exponential that does not overflow.

    With e = exp(-|2 u|) it is (1 or e, as x is positive or not) / (1 + e), the logistic function,
    and its slope e / (1 + e)**2 times x and the derivative of 2 u.
    """
    wide = np.clip(wide_float(x), -FLAT, FLAT)
    square = wide * wide
    growth = (LINEAR + 3 * CUBIC * square) * wide
    square *= CUBIC
    square += LINEAR
    square *= wide
    e = np.exp(-np.abs(square))
    below = 1 + e
    growth *= e
    growth /= below
    growth += np.maximum(e, wide > 0)
    return np.divide(growth, below, out=out).astype(x.dtype, copy=False)


def wide_float(x: Array) -> Array:
    """An array in the type of the computation: float32 for float16."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def inside(x: Array) -> Array:
    """The argument 2 u of the logistic function."""
    return x * (LINEAR + CUBIC * (x * x))


def _curvature(_o: Array, x: Array) -> Array:
    limit = 10.0 if x.dtype == np.float16 else FLAT  # the square of the growth is in range
    x = np.clip(x, -limit, limit)
    u2, growth = inside(x), LINEAR + 3 * CUBIC * (x * x)
    bend = 6 * CUBIC * x - growth * growth * np.tanh(0.5 * u2)
    return logistic_slope(u2) * (2 * growth + x * bend)


def _slope_formula(m: Scalars, x: Any) -> Any:
    growth = x * (LINEAR + 3 * CUBIC * x * x)
    inside = x * (LINEAR + CUBIC * x * x)
    return (1 + growth / (1 + m.exp(inside))) / (1 + m.exp(-inside))


def _gelu_formula(m: FloatScalars, x: Any) -> Any:
    inside = x * (LINEAR + CUBIC * (x * x))
    return m.where(x < -FLAT, -FLAT, x) / (1 + m.exp(-inside))


def _rounded_slope_formula(m: FloatScalars, x: Any) -> Any:
    x = m.clip(x, -FLAT, FLAT)
    growth = (LINEAR + 3 * CUBIC * (x * x)) * x
    e = m.exp(-m.abs(x * (LINEAR + CUBIC * (x * x))))
    below = 1 + e
    return (growth * e / below + m.where(x > 0, 1, e)) / below


gelu: Elementwise = elementwise(
    "gelu",
    gelu_values,
    lambda _o, x: gelu_slope(x),
    kinds="f",
    numpy=NumpyText(into=True, overwrites=()),
    scalar=lambda m, x: x / (1 + m.exp(-x * (LINEAR + CUBIC * x * x))),
    rounded=_gelu_formula,
    hazard=Hazard.NONE,
)
gelu_slope: Elementwise = elementwise(
    "gelu_slope",
    gelu_slope_values,
    _curvature,
    kinds="f",
    numpy=NumpyText(into=True),
    scalar=_slope_formula,
    rounded=_rounded_slope_formula,
    hazard=Hazard.NONE,
)
