"""Exponential, sine and cosine integrals, Spence's function, and Lambert's W.

Derivatives: NIST Digital Library of Mathematical Functions, 6.2, 8.19, 25.12 and 4.13.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import LEFT_OUT, Hazard, Steep
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise, sample
from .of_scipy import SCIPY, cases_of_orders, of_scipy

exp1: Elementwise = of_scipy(
    "exp1", Scaling(lambda t, _o, x: -t * np.exp(-x) / x), domain=(0.2, 4), gpu=True
)
expi: Elementwise = of_scipy(
    "expi", Scaling(lambda t, _o, x: t * np.exp(x) / x), domain=(0.2, 4), gpu=True
)


def _expn_slope(_o: Array, n: Array, x: Array) -> Array:
    first = -(1 + 1 / x) * np.exp(-x) / x
    return np.where(np.greater(n, 0), -expn(np.maximum(n - 1, 0), x), first)


expn: Elementwise = of_scipy(
    "expn", None, _expn_slope, cases=cases_of_orders((0,), (0.3, 4)), gpu=True
)
sine_integral: Elementwise = of_scipy(
    "si", lambda _o, x: np.sinc(x / np.pi), function="sici", part=0, domain=(0.2, 4), gpu=True
)
cosine_integral: Elementwise = of_scipy(
    "ci",
    Scaling(lambda t, _o, x: t * np.cos(x) / x),
    function="sici",
    part=1,
    domain=(0.2, 4),
    gpu=True,
)


def _sinh_over(_o: Array, x: Array) -> Array:
    """sinh(x) / x, by its series next to 0, so that every derivative is right there."""
    near = np.abs(x) < 1
    square = np.where(near, x, 0) ** 2
    total = square * 0 + 1.0
    for k in range(9, 0, -1):
        total = 1 + square * total / (2 * k * (2 * k + 1))
    far = np.where(near, 2, x)
    return np.where(near, total, np.sinh(far) / far)


hyperbolic_sine_integral: Elementwise = of_scipy(
    "shi", _sinh_over, function="shichi", part=0, domain=(0.2, 4), gpu=True
)
hyperbolic_cosine_integral: Elementwise = of_scipy(
    "chi",
    Scaling(lambda t, _o, x: t * np.cosh(x) / x),
    function="shichi",
    part=1,
    domain=(0.2, 4),
    gpu=True,
)

_NEAR = 0.03
_TERMS = 10


def _spence_slope(_o: Array, x: Array) -> Array:
    """log(x) / (1 - x), by its series next to 1, so that every derivative is right there."""
    d = x - 1
    near = np.abs(d) < _NEAR
    z = np.where(near, d, 0)
    series = z * 0 + (-1.0) ** _TERMS / _TERMS
    for k in range(_TERMS - 1, 0, -1):
        series = series * z + (-1.0) ** k / k
    far = np.where(near, 2, x)
    return np.where(near, series, np.log(far) / (1 - far))


spence: Elementwise = of_scipy(
    "spence",
    _spence_slope,
    domain=(0.3, 3),
    steep=Steep(0.0, f"the derivative log(z) / (1 - z) is infinite at 0; {LEFT_OUT}"),
)


def lambert_values(z: Array, k: Array) -> Array:
    """The branch k of the inverse of w * exp(w)."""
    return special_functions(np).lambertw(z, k)[()]


def _lambert_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(sample(rng, (2, 3), "c16", (0.2, 3)), np.array([0, 1, -1]))
    yield Case(sample(rng, (3,), "c16", (0.2, 3)), 0)


lambertw: Elementwise = elementwise(
    "lambertw",
    lambert_values,
    lambda o, _z, _k: np.exp(-o) / (1 + o),
    None,
    cases=_lambert_cases,
    on_gpu=on_host(lambert_values),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)
