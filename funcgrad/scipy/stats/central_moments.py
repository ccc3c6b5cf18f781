"""Variance, skewness and kurtosis of distributions whose moments have no formula of their own."""

from __future__ import annotations

from math import pi

import numpy as np

from ...arrays import like
from ...ops.pointwise.comparison import select
from ...ops.pointwise.integrals import spence
from ...typing import Array

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)
PLACES: np.ndarray = 0.5 * (_NODES + 1)
"""Of Gauss and Legendre's rule, between 0 and 1."""

WEIGHTS: np.ndarray = 0.5 * _WEIGHTS

FLAT = 80.0
"""Twice the logarithm of a density that is too small to be seen."""


def _shape(t: Array, weights: Array) -> tuple[Array, Array]:
    """Skewness and excess kurtosis of numbers with weights, along the last axis."""
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    apart = t - np.sum(weights * t, axis=-1, keepdims=True)
    second, third, fourth = (np.sum(weights * apart**k, axis=-1) for k in (2, 3, 4))
    return third / second**1.5, fourth / second**2 - 3


def truncated_normal_shape(a: Array, b: Array) -> tuple[Array, Array]:
    """Skewness and excess kurtosis of standard normal numbers between a and b."""
    right, left = a > 0, b < 0
    high = np.minimum(b, np.sqrt(select(right, a, 0) ** 2 + FLAT))
    low = np.maximum(a, -np.sqrt(select(left, b, 0) ** 2 + FLAT))
    closest = select(right, low, select(left, high, 0))[..., None]
    t = (high - low)[..., None] * like(low, PLACES)
    y = low[..., None] + t
    return _shape(t, like(low, WEIGHTS) * np.exp(0.5 * (closest - y) * (closest + y)))


def _circle(kappa: Array) -> tuple[Array, Array]:
    """The second and the fourth moment of angles around their mean."""
    spread = select(kappa > 18, kappa, 18)
    end = np.minimum(pi, 13.5 / np.sqrt(spread))[..., None]
    y = end * like(kappa, PLACES)
    weights = like(kappa, WEIGHTS) * np.exp(-2 * kappa[..., None] * np.sin(0.5 * y) ** 2)
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.sum(weights * y**2, axis=-1), np.sum(weights * y**4, axis=-1)


def von_mises_variance(kappa: Array) -> Array:
    """The variance of angles around their mean, between -pi and pi."""
    return _circle(kappa)[0]


def von_mises_kurtosis(kappa: Array) -> Array:
    """The excess kurtosis of the same."""
    second, fourth = _circle(kappa)
    return fourth / second**2 - 3


_W = np.arange(-12.0, 4.0, 0.2)
_T = np.exp(_W)
_FOURTH = 0.2 / 6 * _T**4


def _polylogarithm_4(c: Array) -> Array:
    """The sum of c**k / k**4, by the integral of Bose and Einstein (NIST DLMF 25.12.11)."""
    t, weights = like(c, _T), like(c, _FOURTH)
    c, below = c[..., None], np.exp(-t)
    return np.sum(weights * c * below / ((1 - c) * below - np.expm1(-t)), axis=-1)


def wrapped_cauchy_variance(c: Array) -> Array:
    """The variance of angles around pi, by the Fourier series of their density."""
    return pi**2 / 3 + 4 * spence(1 - c)


def wrapped_cauchy_kurtosis(c: Array) -> Array:
    """The excess kurtosis of the same."""
    fourth = pi**4 / 5 + 8 * pi**2 * spence(1 - c) - 48 * _polylogarithm_4(c)
    return fourth / wrapped_cauchy_variance(c) ** 2 - 3
