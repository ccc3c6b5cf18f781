"""Derivatives of the regularised incomplete beta function in its parameters, of every order.

Let u be the logarithm of t / (1 - t) of a beta number t. Its density is exp(g(u)) with

    g(u) = a log(t) + b log(1 - t) - log(B(a, b)),

which has one maximum. A derivative of the probability of smaller numbers is the integral of that of
the density, over all smaller u or, but for the sign, over all larger ones: the derivative in a is
the integral of (log(t) - digamma(a) + digamma(a + b)) exp(g). This factor has one zero, next to the
maximum unless a is small, so that little cancels in the tail that does not have the maximum (NIST
Digital Library of Mathematical Functions, 5.12 and 8.17, for g and the probability). The integral
is taken over distances from the end, with exponentially growing steps, until exp(g) has decayed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import special_functions
from ...typing import Array
from ..families import General
from . import special
from .gammas import betaln
from .parameter_slopes import Orders, exponential_factor, parameter_slope

DECAY = 45.0
"""An integrand that has fallen by a factor of exp(-45) is none."""


def _rule(step: float = 0.075) -> tuple[Array, Array]:
    """Places and weights on [0, 1] of integrals of what decays there by a factor of exp(-DECAY).

    With distances exp(s - exp(-s)) the trapezoidal rule converges exponentially (Takahasi and Mori,
    Double exponential formulas for numerical integration, 1974).
    """
    s = np.arange(-3.7, np.log(DECAY) + step, step)
    places = np.exp(s - np.exp(-s)) / DECAY
    return places, step * places * (1 + np.exp(-s))


PLACES, WEIGHTS = (x[:, None] for x in _rule())


def log_logistic(u: Array) -> Array:
    """The logarithm of the logistic function."""
    return -np.logaddexp(0.0, -u)


def _reach(a: Array, b: Array, y: Array) -> Array:
    """How far below y the density is exp(-DECAY) of that at y, or a little more."""
    low, high = log_logistic(y), log_logistic(-y)
    reach = (DECAY - b * high) / a + y - low
    for _ in range(12):  # Newton's method from above, for a convex function
        u = y - reach
        fall = a * (low - log_logistic(u)) + b * (high - log_logistic(-u))
        slope = a * special_functions(np).expit(-u) - b * special_functions(np).expit(u)
        step = (fall - DECAY) / slope
        reach = np.where((slope > 0) & (step > 0), reach - step, reach)
    return reach


def _lower(orders: Orders, a: Array, b: Array, y: Array) -> Array:
    """The integral over all logarithms of odds below y."""
    digamma, polygamma = special_functions(np).digamma, special_functions(np).polygamma
    reach = _reach(a, b, y)
    u = y - reach * PLACES
    logs = log_logistic(u), log_logistic(-u)
    ends = digamma(a), digamma(b), digamma(a + b)

    def g(i: int, j: int) -> Any:
        if i + j == 1:
            return logs[j] - ends[j] + ends[2]
        total = polygamma(i + j - 1, a + b)
        if not j:
            total = total - polygamma(i - 1, a)
        if not i:
            total = total - polygamma(j - 1, b)
        return total

    density = np.exp(a * logs[0] + b * logs[1] - special_functions(np).betaln(a, b))
    total = np.sum(density * exponential_factor(g, orders) * WEIGHTS, axis=0)
    return total * reach


def beta_slope_values(orders: Orders, a: Array, b: Array, x: Array) -> Array:
    """Derivatives of these orders in a and b, 0 at the ends."""
    inside = (x > 0) & (x < 1)
    safe = np.where(inside, x, 0.5)
    y = np.log(safe) - np.log1p(-safe)
    valid = (a > 0) & (b > 0) & np.isfinite(a) & np.isfinite(b) & (x == x)
    a, b = (np.where(valid, v, 1.0) for v in (a, b))
    left = y < np.log(a) - np.log(b)  # below the maximum of the density
    found = np.empty_like(y)
    if left.any():
        found[left] = _lower(orders, a[left], b[left], y[left])
    right = ~left
    if right.any():
        found[right] = -_lower(orders[::-1], b[right], a[right], -y[right])
    found = np.where((x == 0) | (x == 1), 0.0, np.where(inside, found, np.nan))
    return np.where(valid, found, np.nan)


def beta_density(a: Array, b: Array, x: Array) -> Array:
    """The density of beta numbers inside of (0, 1), of operators."""
    return np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - betaln(a, b))


def _along(_operator: Callable[..., Array], orders: Orders, a: Array, b: Array, x: Array) -> Array:
    inside = (x > 0) & (x < 1)
    safe = np.where(inside, x, 0.5)

    def g(i: int, j: int) -> Any:
        if i + j == 1:
            log = np.log1p(-safe) if j else np.log(safe)
            return log - special.digamma(b if j else a) + special.digamma(a + b)
        total = special.polygamma(i + j - 1, a + b)
        if not j:
            total = total - special.polygamma(i - 1, a)
        if not i:
            total = total - special.polygamma(j - 1, b)
        return total

    return np.where(inside, beta_density(a, b, safe) * exponential_factor(g, orders), 0)


beta_slope: General = parameter_slope(
    "beta_slope",
    2,
    beta_slope_values,
    _along,
    domains=((0.6, 4.0), (0.6, 4.0), (0.1, 0.9)),
)
