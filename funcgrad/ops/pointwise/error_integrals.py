"""Functions beside the error function: its scaled forms and inverses, Dawson's, Fresnel's, Owen's.

Derivatives: NIST Digital Library of Mathematical Functions, 7.2 and 7.10; Owen, Tables for
computing bivariate normal probabilities, 1956. Faddeeva's function w is that of 7.2.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log, pi, sqrt

import numpy as np

from ...arrays import special_functions
from ...core.facts import Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, elementwise, sample
from .of_scipy import SCIPY, of_scipy, on_host
from .special import HALF_ROOT_PI, erf

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)


def erfcx_values(x: Array) -> Array:
    """The product exp(x**2) * erfc(x)."""
    return special_functions(np).erfcx(x)[()]


erfcx: Elementwise = elementwise(
    "erfcx",
    erfcx_values,
    lambda o, x: 2 * x * o - 2 / sqrt(pi),
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
# The density over the probability, as one exponential: both underflow far to the left.
log_ndtr: Elementwise = of_scipy(
    "log_ndtr",
    lambda o, x: np.exp(-0.5 * x * x - o - HALF_LOG_TWO_PI),
    domain=(-3, 2),
    gpu=True,
)
dawsn: Elementwise = of_scipy("dawsn", lambda o, x: 1 - 2 * x * o)
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
ndtri_exp: Elementwise = of_scipy(
    "ndtri_exp", lambda o, y: np.exp(y + 0.5 * o * o + HALF_LOG_TWO_PI), domain=(-3, -0.2)
)
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
    lambda o, z: 2j / sqrt(pi) - 2 * z * o,
    cases=_faddeeva_cases,
    on_gpu=on_host(faddeeva_values),
    elements=SCIPY,
    hazard=Hazard.EXPONENTIAL,
)
