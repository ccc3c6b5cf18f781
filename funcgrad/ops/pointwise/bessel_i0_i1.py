"""Modified Bessel functions of the first kind, of orders 0 and 1.

NumPy evaluates the first, SciPy the second, CuPy both on its own. Derivatives: NIST Digital Library
of Mathematical Functions, 10.29.2 and 10.29.3.
"""

from __future__ import annotations

import numpy as np

from ...arrays import special_functions
from ...core.facts import Float64, Hazard
from ...typing import Array
from ..families import Elementwise, elementwise


def i0_values(x: Array) -> Array:
    """The function of order 0."""
    return np.i0(x)[()]


def i1_values(x: Array) -> Array:
    """The function of order 1, with the precision of x."""
    out = special_functions(np).i1(x)
    dtype = np.result_type(x)
    return out.astype(dtype if dtype.kind == "f" else out.dtype, copy=False)[()]


def _i1_slope(o: Array, x: Array) -> Array:
    at_zero = x == 0
    return np.where(at_zero, 0.5, i0(x) - o / np.where(at_zero, 1, x))


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
