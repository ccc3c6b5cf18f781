"""The power transformation of Box and Cox and its inverse, which SciPy evaluates.

Box and Cox, An analysis of transformations, 1964: (x**lmbda - 1) / lmbda, and log(x) for lmbda 0.
Derivatives are of this formula; next to lmbda = 0 those in lmbda are power series in z, which is
lmbda * log(x), or lmbda * y of the inverse.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from ...typing import Array
from ..families import Elementwise
from .of_scipy import of_scipy
from .polynomials import power_sum

NEAR, NEAR_INVERSE = 0.25, 1 / 16
"""Sizes of z up to which series are used: of an exponential, and of a logarithm."""

TERMS = 14
EXPONENTIAL = [(k + 1) / factorial(k + 2) for k in range(TERMS)]
LOGARITHM = [(-1) ** (k + 1) * (k + 1) / (k + 2) for k in range(TERMS)]
DOMAIN = ((0.3, 3.0), (-1.5, 1.5))


def _times_log(power: Array, logs: Array) -> Array:
    """The product power * logs, 0 where the power is."""
    some = power != 0
    return np.where(some, power * np.where(some, logs, 0), 0)


def _in_exponent(o: Array, base: Array, logs: Array, lmbda: Array) -> Array:
    """The derivative of (base**lmbda - 1) / lmbda in lmbda."""
    finite = np.abs(logs) < np.inf
    z = lmbda * np.where(finite, logs, 0)
    near = (np.abs(z) < NEAR) & (finite | (lmbda == 0))
    series = logs * logs * power_sum(np.where(near, z, 0), EXPONENTIAL)
    safe = np.where(near, 1, lmbda)
    far = (_times_log(np.where(near, 1, base) ** safe, logs) - np.where(near, 0, o)) / safe
    return np.where(near, series, far)


def _logs(x: Array) -> Array:
    """The logarithm, without a warning at 0."""
    positive = x > 0
    logs = np.log(np.where(positive, x, 1))
    return np.where(x == 0, -np.inf, np.where(positive, logs, np.nan))


boxcox: Elementwise = of_scipy(
    "boxcox",
    lambda o, x, lmbda: np.where(o == o, np.where(x < 0, 1, x) ** (lmbda - 1), np.nan),
    lambda o, x, lmbda: _in_exponent(o, x, _logs(x), lmbda),
    domain=DOMAIN,
    gpu=True,
)


def _logs_of_next(x: Array) -> Array:
    inside = x > -1
    logs = np.log1p(np.where(inside, x, 0))
    return np.where(x == -1, -np.inf, np.where(inside, logs, np.nan))


boxcox1p: Elementwise = of_scipy(
    "boxcox1p",
    lambda o, x, lmbda: np.where(o == o, np.where(x < -1, 1, 1 + x) ** (lmbda - 1), np.nan),
    lambda o, x, lmbda: _in_exponent(o, 1 + x, _logs_of_next(x), lmbda),
    domain=DOMAIN,
    gpu=True,
)


def _inverse_in_y(found: Array, y: Array, lmbda: Array) -> Array:
    """The derivative of found = (1 + lmbda * y)**(1 / lmbda) in y."""
    base = 1 + np.where(found == 0, 0, lmbda * np.where(found == 0, 0, y))
    # Next to the end of the domain the base has no digits, and its root has.
    inside = (base > 0.5) & (base < np.inf) & (found > 0)
    quotient = np.where(inside, found, 1) / np.where(inside, base, 1)
    root = np.where(inside, 1, found) ** (1 - lmbda)
    return np.where(found == found, np.where(inside, quotient, root), np.nan)


def _inverse_in_exponent(found: Array, y: Array, lmbda: Array) -> Array:
    """The derivative of found = (1 + lmbda * y)**(1 / lmbda) in lmbda."""
    finite = np.abs(y) < np.inf
    z = lmbda * np.where(finite, y, 0)
    near = (np.abs(z) < NEAR_INVERSE) & finite
    series = _times_square(found, y) * power_sum(np.where(near, z, 0), LOGARITHM)
    safe = np.where(near, 1, lmbda)
    logs = _logs(np.where(near, 1, found))
    slope = np.where(finite, y, 0) * _inverse_in_y(found, y, lmbda)
    far = (slope - _times_log(found, logs)) / np.where(safe == 0, 1, safe)
    return np.where(near, series, far)


def _times_square(found: Array, y: Array) -> Array:
    size = np.where(found == 0, 0, y)
    return found * size * size


inv_boxcox: Elementwise = of_scipy(
    "inv_boxcox", _inverse_in_y, _inverse_in_exponent, domain=((0.1, 0.6), (-1.5, 1.5)), gpu=True
)
inv_boxcox1p: Elementwise = of_scipy(
    "inv_boxcox1p",
    lambda o, y, lmbda: _inverse_in_y(1 + o, y, lmbda),
    lambda o, y, lmbda: _inverse_in_exponent(1 + o, y, lmbda),
    domain=((0.1, 0.6), (-1.5, 1.5)),
    gpu=True,
)
