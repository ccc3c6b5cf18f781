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


def _circled(x: Array) -> Array:
    """cos(pi x), exact for whole numbers."""
    return np.cos(pi * np.remainder(x, 2))


def _poch_slope(o: Array, z: Array, m: Array) -> Array:
    """Left of 1/2 of sin(pi z) / pi gamma(z + m) gamma(1 - z), which has no poles there."""
    end = z + m
    zeros = (z < 0.5) & (end > 0)
    at = np.where(zeros, z, 0)
    last, mirrored = np.where(zeros, end, 1), 1 - at
    wave = _circled(at) * beta(last, mirrored) * gamma(last + mirrored)
    inside = wave + np.where(zeros, o, 0) * (digamma(last) - digamma(mirrored))
    poles = (z <= 0) & (z == np.floor(z)) & (end <= 0) & (end == np.floor(end))
    # Both have a pole, with the same residue, as the reflection of digamma shows.
    apart = np.where(poles, digamma(np.where(poles, 1 - end, 1)), digamma(np.where(poles, 1, end)))
    apart = apart - np.where(
        poles, digamma(np.where(poles, 1 - z, 1)), digamma(np.where(poles | zeros, 1, z))
    )
    return np.where(zeros, inside, np.where(zeros, 0, o) * apart)


poch: Elementwise = of_scipy(
    "poch",
    _poch_slope,
    lambda o, z, m: o * digamma(z + m),
    domain=POSITIVE,
    gpu=True,
)


def _binom_parts(o: Array, n: Array, k: Array) -> tuple[Array, Array]:
    """Derivatives in n and k; where k is well outside of 0 to n, those of a product.

    There the coefficient is sin(pi d) / pi beta(n + 1, d), where d is how far k is outside, so
    that its zeros are those of the sine.
    """
    above = (n > -1) & (k > n + 0.5)
    below = (n > -1) & (k < -0.5)
    outside = above | below
    d = np.where(above, k - n, np.where(below, -k, 1))
    wave = _circled(d) * beta(np.where(outside, n, 0) + 1, d)
    rest = digamma(np.where(above, d, n - np.where(above, 0, k) + 1))
    in_n = o * (digamma(n + 1) - rest) - np.where(above, wave, 0)
    first = digamma(np.where(below, d, k + 1))
    in_k = o * (rest - first) + np.where(above, wave, 0) - np.where(below, wave, 0)
    return in_n, in_k


binom: Elementwise = of_scipy(
    "binom",
    lambda o, n, k: _binom_parts(o, n, k)[0],
    lambda o, n, k: _binom_parts(o, n, k)[1],
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
