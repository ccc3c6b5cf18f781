"""The gamma and beta functions themselves, and quotients of them.

Derivatives: NIST Digital Library of Mathematical Functions, 5.2 and 5.12; every one is the function
times differences of digamma.
"""

from __future__ import annotations

from math import pi

import numpy as np

from ...typing import Array
from ..families import Elementwise
from .of_scipy import of_scipy
from .special import digamma

POSITIVE = (0.4, 4.0)

gamma: Elementwise = of_scipy("gamma", lambda o, x: o * digamma(x), domain=POSITIVE, gpu=True)
beta: Elementwise = of_scipy(
    "beta",
    lambda o, a, b: o * (digamma(a) - digamma(a + b)),
    lambda o, a, b: o * (digamma(b) - digamma(a + b)),
    domain=POSITIVE,
    gpu=True,
)
betaln: Elementwise = of_scipy(
    "betaln",
    lambda _o, a, b: digamma(a) - digamma(a + b),
    lambda _o, a, b: digamma(b) - digamma(a + b),
    domain=POSITIVE,
    gpu=True,
)
poch: Elementwise = of_scipy(
    "poch",
    lambda o, z, m: o * (digamma(z + m) - digamma(z)),
    lambda o, z, m: o * digamma(z + m),
    domain=POSITIVE,
    gpu=True,
)
binom: Elementwise = of_scipy(
    "binom",
    lambda o, n, k: o * (digamma(n + 1) - digamma(n - k + 1)),
    lambda o, n, k: o * (digamma(n - k + 1) - digamma(k + 1)),
    domain=((4.3, 6), (0.4, 3.1)),
    gpu=True,
)


def _reciprocal_slope(o: Array, x: Array) -> Array:
    """Left of 1/2 of the reflection formula, which has no poles: sin(pi x) gamma(1 - x) / pi."""
    left = x < 0.5
    mirrored = 1 - np.where(left, x, 0)
    angle = pi * np.where(left, x, 0)
    wave = np.cos(angle) - np.sin(angle) * digamma(mirrored) / pi
    right = -np.where(left, 0, o) * digamma(np.where(left, 1, x))
    return np.where(left, gamma(mirrored) * wave, right)


rgamma: Elementwise = of_scipy("rgamma", _reciprocal_slope, domain=(-2.4, 3.0), gpu=True)
loggamma: Elementwise = of_scipy("loggamma", lambda _o, x: digamma(x), domain=POSITIVE, gpu=True)
