"""Functions beside the error function: its scaled forms and inverses, Dawson's, Fresnel's, Owen's.

Derivatives: NIST Digital Library of Mathematical Functions, 7.2 and 7.10; Owen, Tables for
computing bivariate normal probabilities, 1956. Faddeeva's function w is that of 7.2.3. Far from 0
they are the asymptotic series of 7.12, term by term.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log, pi, prod, sqrt

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, elementwise, sample
from .of_scipy import SCIPY, of_scipy
from .polynomials import power_sum
from .special import HALF_ROOT_PI, erf, gaussian

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)
FAR = 10.0
"""From where on the differences that are derivatives cancel, and asymptotic series do not."""

TERMS = 18
ODD_FACTORIALS = [prod(range(1, 2 * k + 2, 2)) / 2.0**k for k in range(TERMS)]
"""(2k + 1)!! / 2**k: the coefficients of the derivatives of the series 7.12.1."""


def _far_slope(x: Array, far: Array, sign: int) -> Array:
    """The sum of ODD_FACTORIALS[k] * (sign / x**2)**k, over x**2, where x is far from 0."""
    over = 1 / np.where(far, x, FAR)
    square = over * over
    signed = [c * sign**k for k, c in enumerate(ODD_FACTORIALS)]
    return square * power_sum(square, signed)


def erfcx_values(x: Array) -> Array:
    """The product exp(x**2) * erfc(x)."""
    return special_functions(np).erfcx(x)[()]


def _erfcx_slope(o: Array, x: Array) -> Array:
    far = x > FAR
    near = 2 * np.where(far, 0, x) * np.where(far, 0, o) - 2 / sqrt(pi)
    return np.where(far, _far_slope(x, far, -1) / -sqrt(pi), near)


def _dawsn_slope(o: Array, x: Array) -> Array:
    far = np.abs(x) > FAR
    near = 1 - 2 * np.where(far, 0, x) * np.where(far, 0, o)
    return np.where(far, -0.5 * _far_slope(x, far, 1), near)


def _wofz_slope(o: Array, z: Array) -> Array:
    """Far below the real axis, w(z) is 2 exp(-z**2) - w(-z)."""
    far = np.abs(z) > FAR
    near = 2j / sqrt(pi) - 2 * np.where(far, 0, z) * np.where(far, 0, o)
    below = far & (np.imag(z) < 0)
    safe = np.where(below, z, 0)
    growing = -4 * safe * np.exp(-safe * safe)
    return np.where(far, _far_slope(z, far, 1) * (-1j / sqrt(pi)) + growing, near)


def _log_ndtr_slope(o: Array, x: Array) -> Array:
    """The density over the probability, whose quotient left of 0 is that of Mills."""
    left = x < 0
    tail = sqrt(2 / pi) / erfcx(np.where(left, x, 0) * -sqrt(0.5))
    right = np.minimum(np.where(left, 0, x), 1e3)  # where the density is 0 already
    return np.where(left, tail, gaussian(right * sqrt(0.5)) * np.exp(-o) / sqrt(2 * pi))


def _ndtri_exp_slope(o: Array, y: Array) -> Array:
    """One over that of ``log_ndtr``."""
    left = o < 0
    tail = sqrt(pi / 2) * erfcx(np.where(left, o, 0) * -sqrt(0.5))
    right = np.where(left, 0, o)
    exponent = np.where(left, 0, y) + 0.5 * right * right + HALF_LOG_TWO_PI
    return np.where(left, tail, np.exp(exponent))


erfcx: Elementwise = elementwise(
    "erfcx",
    erfcx_values,
    _erfcx_slope,
    domain=(-1.0, 4.0),
    kinds="f",
    scalar=lambda m, x: m.exp(x * x) * m.erfc(x),
    rounded=lambda m, x: m.erfcx(x),
    hazard=Hazard.EXPONENTIAL,
)
erfcinv: Elementwise = of_scipy(
    "erfcinv", lambda o, _x: -HALF_ROOT_PI * np.exp(o * o), domain=(0.2, 1.8), gpu=True
)
ndtri: Elementwise = of_scipy(
    "ndtri", lambda o, _x: sqrt(2 * pi) * np.exp(0.5 * o * o), domain=(0.1, 0.9), gpu=True
)
log_ndtr: Elementwise = of_scipy("log_ndtr", _log_ndtr_slope, domain=(-3, 2), gpu=True)
dawsn: Elementwise = of_scipy("dawsn", _dawsn_slope)
fresnel_sine: Elementwise = of_scipy(
    "fresnel_s", lambda _o, x: np.sin(0.5 * pi * x * x), function="fresnel", part=0
)
fresnel_cosine: Elementwise = of_scipy(
    "fresnel_c", lambda _o, x: np.cos(0.5 * pi * x * x), function="fresnel", part=1
)
owens_t: Elementwise = of_scipy(
    "owens_t",
    lambda _o, h, a: np.exp(-0.5 * h * h) * erf(a * h * sqrt(0.5)) / (-2 * sqrt(2 * pi)),
    lambda _o, h, a: np.exp(-0.5 * h * h * (1 + a * a)) / (2 * pi * (1 + a * a)),
)
ndtri_exp: Elementwise = of_scipy("ndtri_exp", _ndtri_exp_slope, domain=(-3, -0.2))
erfi: Elementwise = of_scipy("erfi", lambda _o, x: 2 / sqrt(pi) * np.exp(x * x))


def faddeeva_values(z: Array) -> Array:
    """The product exp(-z**2) erfc(-i z)."""
    return special_functions(np).wofz(z)[()]


def _faddeeva_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(sample(rng, (2, 3), "c16", (-1, 2)))
    yield Case(sample(rng, (), "c16", (-1, 2)))


wofz: Elementwise = elementwise(
    "wofz",
    faddeeva_values,
    _wofz_slope,
    cases=_faddeeva_cases,
    on_gpu=on_host(faddeeva_values),
    elements=SCIPY,
    hazard=Hazard.EXPONENTIAL,
)
