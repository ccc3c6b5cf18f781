"""Rounding, remainders, and the signs, exponents and neighbours of numbers."""

from __future__ import annotations

import operator
from math import inf
from typing import Any

import numpy as np

from ...core.facts import FloatScalars, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, elementwise, sample


def _steps(name: str, ufunc: np.ufunc, **kw: Any) -> Elementwise:
    return elementwise(name, ufunc, nondifferentiable="piecewise constant", **kw)


def _spacing_formula(m: FloatScalars, x: Any) -> Any:
    step = m.nextafter(m.abs(x), inf) - m.abs(x)
    return m.where(x < 0, -step, step)


floor: Elementwise = _steps("floor", np.floor, kinds="f", idempotent=True)
ceil: Elementwise = _steps("ceil", np.ceil, kinds="f", idempotent=True)
trunc: Elementwise = _steps("trunc", np.trunc, kinds="f", idempotent=True)
rint: Elementwise = _steps("round", np.rint, kinds="f", idempotent=True)
heaviside: Elementwise = elementwise(
    "heaviside",
    np.heaviside,
    None,
    lambda o, x, _y: np.equal(x, 0) * o.dtype.type(1),
    kinds="f",
    scalar=lambda m, x, y: m.where(x < 0, 0.0, m.where(x > 0, 1.0, m.where(x == 0, y, x))),
    masks=True,  # y is there where x is 0 alone
    hazard=Hazard.NONE,
)
signbit: Elementwise = _steps("signbit", np.signbit, kinds="f")
nextafter: Elementwise = _steps("nextafter", np.nextafter, kinds="f", any_dtype=True)
spacing: Elementwise = _steps(
    "spacing",
    np.spacing,
    kinds="f",
    any_dtype=True,
    rounded=_spacing_formula,
)
floor_divide: Elementwise = _steps(
    "floor_divide",
    np.floor_divide,
    operator=operator.floordiv,
    kinds="fi",
    domain=((-5, 5), (1, 3)),
)
remainder: Elementwise = elementwise(
    "rem",
    np.remainder,
    1,
    lambda _o, x, y: -np.floor_divide(x, y),
    operator=operator.mod,
    kinds="fi",
    domain=((-5, 5), (1.1, 3)),
    masks=False,  # the quotient rounds to 0, and nothing is selected
    hazard=Hazard.DIVISION,
)
fmod: Elementwise = elementwise(
    "fmod",
    np.fmod,
    1,
    lambda o, x, y: -np.rint((x - o) / y),
    kinds="fi",
    domain=((-5, 5), (1.1, 3)),
    masks=False,  # the quotient rounds to 0, and nothing is selected
    hazard=Hazard.DIVISION,
)
copysign: Elementwise = elementwise(
    "copysign",
    np.copysign,
    lambda o, x, y: np.sign(x) * np.copysign(o.dtype.type(1), y),
    None,
    kinds="f",
    scalar=lambda m, x, y: m.copysign(x, y),
    hazard=Hazard.NONE,
)
ldexp: Elementwise = elementwise(
    "ldexp",
    np.ldexp,
    lambda o, _x, y: np.ldexp(o.dtype.type(1), y),
    None,
    cases=lambda rng: [
        Case(sample(rng, (2, 3), "f8", (-2, 2)), np.array([1, -2, 3])),
        Case(sample(rng, (2, 3), "f4", (-2, 2)), np.array([1, -2, 3], np.int32)),
    ],
    scalar=lambda m, x, n: m.ldexp(x, n),
    hazard=Hazard.PRODUCT,
)


def exponents(x: Array) -> Array:
    """The exponents e of numbers m * 2**e with m in [0.5, 1)."""
    return np.frexp(x)[1]


exponent_of: Elementwise = elementwise(
    "exponent", exponents, nondifferentiable="piecewise constant", kinds="f", arity=1
)
gcd: Elementwise = elementwise(
    "gcd", np.gcd, nondifferentiable="integers", kinds="i", domain=(-9, 9)
)
lcm: Elementwise = elementwise(
    "lcm", np.lcm, nondifferentiable="integers", kinds="i", domain=(-9, 9)
)
