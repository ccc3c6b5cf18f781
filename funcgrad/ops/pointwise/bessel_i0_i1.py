"""Modified Bessel functions of the first kind, of orders 0 and 1.

NumPy evaluates the first, SciPy the second, CuPy both on its own. Derivatives: NIST Digital Library
of Mathematical Functions, 10.29.2 and 10.29.3.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from ...arrays import special_functions
from ...core.facts import Float64, Hazard
from ...typing import Array
from ..families import Elementwise, elementwise
from .polynomials import power_sum


def i0_values(x: Array) -> Array:
    """The function of order 0."""
    return np.i0(x)[()]


def i1_values(x: Array) -> Array:
    """The function of order 1, with the precision of x."""
    out = special_functions(np).i1(x)
    dtype = np.result_type(x)
    return out.astype(dtype if dtype.kind == "f" else out.dtype, copy=False)[()]


NEAR = 2.0
"""Below it the derivative of the second is that of its power series, 10.25.2."""

TERMS = 16
SLOPES = [(2 * k + 1) / (2 * 4**k * factorial(k) * factorial(k + 1)) for k in range(TERMS)]


def _i1_slope(o: Array, x: Array) -> Array:
    near = np.abs(x) < NEAR
    inner = np.where(near, x, 0)
    far = i0(x) - o / np.where(near, 1, x)
    return np.where(near, power_sum(inner * inner, SLOPES), far)


i0: Elementwise = elementwise(
    "i0",
    i0_values,
    lambda _o, x: i1(x),
    kinds="f",
    domain=(-4, 4),
    hazard=Hazard.EXPONENTIAL,
    elements=Float64("a function of NumPy for float64"),
)
i1: Elementwise = elementwise(
    "i1",
    i1_values,
    _i1_slope,
    kinds="f",
    domain=(-4, 4),
    hazard=Hazard.EXPONENTIAL,
    elements=Float64("a function of SciPy for float64"),
)
