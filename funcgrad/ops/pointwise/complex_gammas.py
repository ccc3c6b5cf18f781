"""The gamma function of complex numbers, its reciprocal, logarithm and logarithmic derivative.

Derivatives: NIST Digital Library of Mathematical Functions, 5.2; that of digamma from 5.15.1,
5.15.6 and 5.15.8, since SciPy has it for real numbers only.
"""

from __future__ import annotations

from math import pi

import numpy as np

from ...typing import Array
from ..families import Elementwise
from .of_scipy import of_scipy
from .polynomials import power_sum

_STEPS = 10
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_FLAT = 50.0
"""How far from the real axis pi / sin(pi z) is nothing."""


def trigamma(z: Array) -> Array:
    """The derivative of digamma: ten terms of its series, and an asymptotic one for the rest.

    Left of 1/2 it is reflected.
    """
    left = np.real(z) < 0.5
    w = np.where(left, 1 - z, z)
    total = 0 * w
    for k in range(_STEPS):
        total = total + 1 / (w + k) ** 2
    u = 1 / (w + _STEPS)
    total = total + u + u * u * (0.5 + u * power_sum(u * u, _BERNOULLI))
    waves = left & (np.abs(np.imag(z)) < _FLAT)
    sine = np.sin(pi * np.where(waves, z, 0.25))
    mirrored = np.where(waves, (pi / sine) ** 2, 0) - total
    return np.where(left, mirrored, total)


def _reciprocal_slope(o: Array, z: Array) -> Array:
    """Left of 1/2 and near the real axis that of sin(pi z) gamma(1 - z) / pi, without poles."""
    near = (np.real(z) < 0.5) & (np.abs(np.imag(z)) < 1)
    at = np.where(near, z, 0)
    mirrored = 1 - at
    wave = np.cos(pi * at) - np.sin(pi * at) * complex_digamma(mirrored) / pi
    elsewhere = -np.where(near, 0, o) * complex_digamma(np.where(near, 1, z))
    return np.where(near, complex_gamma(mirrored) * wave, elsewhere)


complex_digamma: Elementwise = of_scipy(
    "complex_digamma",
    lambda _o, z: trigamma(z),
    function="digamma",
    domain=(0.3, 3.0),
    kinds="c",
)
complex_gamma: Elementwise = of_scipy(
    "complex_gamma",
    lambda o, z: o * complex_digamma(z),
    function="gamma",
    domain=(0.3, 3.0),
    kinds="c",
)
complex_loggamma: Elementwise = of_scipy(
    "complex_loggamma",
    lambda _o, z: complex_digamma(z),
    function="loggamma",
    domain=(0.3, 3.0),
    kinds="c",
)
complex_rgamma: Elementwise = of_scipy(
    "complex_rgamma", _reciprocal_slope, function="rgamma", domain=(-1.6, 3.0), kinds="c"
)
