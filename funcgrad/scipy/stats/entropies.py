"""Entropies of distributions of counts.

Logarithms of factorials have a mean by Binet's formula (NIST Digital Library of Mathematical
Functions, 5.9.19, with u = 1 - exp(-t)),

    E log X! = integral over 0 < u < 1 of (E X - (1 - E (1 - u)**X) / u) / -log(1 - u),

in which the distribution stands as its generating function. The rule for it is that of Takahasi and
Mori (Double exponential formulas for numerical integration, 1974).
"""

from __future__ import annotations

from math import pi

import numpy as np

from ...arrays import device_get, like
from ...core.tracing import Tracer
from ...errors import ConcretizationError
from ...numpy.scipy_ufuncs import xlog1py
from ...ops.pointwise import special
from ...ops.pointwise.comparison import select
from ...typing import Array

lgamma = special.lgamma

_STEP = 1 / 32
_S = np.arange(-3.6, 6.0, _STEP)
_ODDS = pi * np.sinh(_S)
PLACES: np.ndarray = 1 / (1 + np.exp(-_ODDS))
"""u, some of them so close to 1 that they are 1 in floating point."""

LOGS: np.ndarray = np.logaddexp(0.0, _ODDS)
"""-log(1 - u)."""

WEIGHTS: np.ndarray = _STEP * pi * np.cosh(_S) * PLACES * np.exp(-LOGS) / LOGS

BELOW_ONE: np.ndarray = PLACES < 1 - 1e-14

FROM = 1000.0
"""The mean from which on the series of a Poisson distribution's entropy has all digits."""


def _rule(x: Array, below_one: bool = False) -> list[Array]:
    """Places, logarithms and weights, beside an array; perhaps only those places below 1."""
    rule = (PLACES, LOGS, WEIGHTS)
    return [like(x, r[BELOW_ONE] if below_one else r) for r in rule]


def poisson_entropy(mu: Array) -> Array:
    """The entropy of counts of events, of which mu are expected.

    The series is in Evans and Boersma, The entropy of a Poisson distribution (1988).
    """
    few = mu < FROM
    inside = select(few, mu, 1.0)
    m = inside[..., None]
    u, _, weights = _rule(m)
    log_factorial = np.sum((m + np.expm1(-m * u) / u) * weights, axis=-1)
    exact = special.entropy(inside) + inside + log_factorial
    r = 1 / select(few, FROM, mu)
    series = 0.5 * (np.log(2 * pi) + 1 - np.log(r)) - r * (1 / 12 + r * (1 / 24 + r * 19 / 360))
    return select(few, exact, series)


def binomial_entropy(n: Array, p: Array) -> Array:
    """The entropy of the number of successes of n trials."""
    p = select((p >= 0) & (p <= 1), p, 0.5)
    own = n * (special.entropy(p) - xlog1py(1 - p, -p))
    rare = select(p < 0.5, p, 1 - p)[..., None]
    n = n[..., None]
    u, logs, weights = _rule(rare, below_one=True)
    # 1 + (1 - u)**n - (1 - p u)**n - (1 - q u)**n with the digits of a small p.
    rest = np.exp(-logs) + rare * u
    first = np.expm1(n * np.log1p(-rare * u))
    log_rest = select(u < 0.5, np.log1p(-(1 - rare) * u), np.log(rest))
    second = np.exp(n * log_rest) * np.expm1(n * np.log1p(-rare * u / rest))
    log_choices = np.sum((second - first) / u * weights, axis=-1)
    return own - log_choices


def negative_binomial_entropy(n: Array, p: Array) -> Array:
    """The entropy of the number of failures before the success of number n."""
    n_, p_ = n[..., None], p[..., None]
    u, logs, weights = _rule(p_)
    generating = np.exp(-n_ * np.log1p((1 - p_) / p_ * u))
    terms = n_ - 1 + generating * np.expm1((1 - n_) * logs) / u
    rising = np.sum(terms * weights, axis=-1)
    return lgamma(n) - rising - n * np.log(p) - xlog1py(n * (1 - p) / p, -p)


def entropy_of_terms(name: str, log_probability: object, n: Array, *shapes: Array) -> Array:
    """The entropy of a distribution on 0, ..., n by its sum; n must not be traced."""
    if isinstance(n, Tracer):
        raise ConcretizationError(
            f"{name}.entropy sums n + 1 terms, so that n must be known: let the function that is "
            "transformed hold it constant (static_argnums of jit)"
        )
    counts = like(n, np.arange(int(np.max(device_get(n), initial=0)) + 1))
    whole = n[..., None]
    inside = counts <= whole
    k = np.minimum(counts, whole)
    logs = log_probability(k, whole, *(s[..., None] for s in shapes))  # type: ignore[operator]
    return np.sum(select(inside, -np.exp(logs) * logs, 0), axis=-1)
