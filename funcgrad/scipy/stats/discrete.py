"""Distributions of whole numbers.

How probabilities depend on n, where that is a number of trials, has the derivative of the formula
for the number of trials, which need not be whole in it. Quantiles are steps.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from ...numpy.scipy_ufuncs import xlog1py, xlogy
from ...ops.pointwise import counts, gammas, incomplete, special
from ...ops.pointwise.comparison import select
from ...typing import Array
from . import entropies
from .distribution import Discrete

lgamma, betaln = special.lgamma, gammas.betaln


def _share(p: Array) -> Any:
    return (p >= 0) & (p <= 1)


def _log_choose(n: Array, k: Array) -> Array:
    return -np.log(n + 1) - betaln(n - k + 1, k + 1)


def _binomial_share(k: Array, n: Array, p: Array) -> Array:
    """By the incomplete beta function, whose parameters are n - k and k + 1."""
    last = k >= n
    found = incomplete.betaincc(k + 1, select(last, 1, n - k), p)
    return select(last, 1, found)


def _binomial_rest(k: Array, n: Array, p: Array) -> Array:
    last = k >= n
    return select(last, 0, incomplete.betainc(k + 1, select(last, 1, n - k), p))


def _geometric_quantile(log_rest: Array, p: Array) -> Array:
    """From the logarithm of the probability of larger numbers."""
    log_miss = np.log1p(-p)
    found = np.ceil(log_rest / log_miss)
    # Rounding, of the quotient or of the smaller probability, must not move a quantile by one.
    lower = (found - 1) * log_miss <= log_rest + 1e-13 * np.minimum(np.expm1(-log_rest), 1)
    return np.maximum(select(lower & (found > 1), found - 1, found), 1)


def _beta_binomial_shape(n: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Skewness and excess kurtosis, from the factorial moments."""
    factorial: list[Array] = []
    for k in range(4):
        step = (n - k) * (a + k) / (a + b + k)
        factorial.append(step if not factorial else factorial[-1] * step)
    f1, f2, f3, f4 = factorial
    r2, r3, r4 = f2 + f1, f3 + 3 * f2 + f1, f4 + 6 * f3 + 7 * f2 + f1
    variance = r2 - f1 * f1
    third = r3 - 3 * f1 * r2 + 2 * f1**3
    fourth = r4 - 4 * f1 * r3 + 6 * f1 * f1 * r2 - 3 * f1**4
    return third / variance**1.5, fourth / (variance * variance) - 3


bernoulli = Discrete(
    "bernoulli", ("p",), lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p), lambda p: (0.0, 1.0),
    _share,
    formulas={
        "cdf": lambda k, p: select(k < 1, 1 - p, 1),
        "sf": lambda k, p: select(k < 1, p, 0),
        "mean": lambda p: p,
        "var": lambda p: p * (1 - p),
        "ppf": lambda q, p: select(q > 1 - p, 1.0, 0 * p),
        "isf": lambda q, p: select(q < p, 1.0, 0 * p),
        "skew": lambda p: (1 - 2 * p) / np.sqrt(p * (1 - p)),
        "kurtosis": lambda p: (1 - 6 * p * (1 - p)) / (p * (1 - p)),
        "entropy": lambda p: special.entropy(p) + special.entropy(1 - p),
    },
)  # fmt: skip
binom = Discrete(
    "binom", ("n", "p"),
    lambda k, n, p: _log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p),
    lambda n, p: (0.0, n), lambda n, p: (n >= 0) & (n == np.floor(n)) & _share(p),
    formulas={
        "cdf": _binomial_share,
        "sf": lambda k, n, p: _binomial_rest(k, n, p),
        "ppf": lambda q, n, p: counts.binomial_quantile(n, p, q),
        "isf": lambda q, n, p: counts.binomial_upper_quantile(n, p, q),
        "skew": lambda n, p: (1 - 2 * p) / np.sqrt(n * p * (1 - p)),
        "kurtosis": lambda n, p: (1 - 6 * p * (1 - p)) / (n * p * (1 - p)),
        "mean": lambda n, p: n * p,
        "var": lambda n, p: n * p * (1 - p),
        "entropy": entropies.binomial_entropy,
    },
)  # fmt: skip
poisson = Discrete(
    "poisson", ("mu",), lambda k, mu: xlogy(k, mu) - lgamma(k + 1) - mu, lambda mu: (0.0, inf),
    lambda mu: mu >= 0,
    formulas={
        "cdf": lambda k, mu: incomplete.igammac(k + 1, mu),
        "sf": lambda k, mu: incomplete.igamma(k + 1, mu),
        "mean": lambda mu: mu,
        "var": lambda mu: mu,
        "ppf": lambda q, mu: counts.poisson_quantile(mu, q),
        "isf": lambda q, mu: counts.poisson_upper_quantile(mu, q),
        "skew": lambda mu: mu**-0.5,
        "kurtosis": lambda mu: 1 / mu,
        "entropy": entropies.poisson_entropy,
    },
)  # fmt: skip
geom = Discrete(
    "geom", ("p",), lambda k, p: xlog1py(k - 1, -p) + np.log(p), lambda p: (1.0, inf),
    lambda p: (p > 0) & (p <= 1),
    formulas={
        "cdf": lambda k, p: -np.expm1(k * np.log1p(-p)),
        "sf": lambda k, p: np.exp(k * np.log1p(-p)),
        "logsf": lambda k, p: k * np.log1p(-p),
        "mean": lambda p: 1 / p,
        "var": lambda p: (1 - p) / p / p,
        "ppf": lambda q, p: _geometric_quantile(np.log1p(-q), p),
        "isf": lambda q, p: _geometric_quantile(np.log(q), p),
        "skew": lambda p: (2 - p) / np.sqrt(1 - p),
        "kurtosis": lambda p: 6 + p * p / (1 - p),
        "entropy": lambda p: (special.entropy(p) + special.entropy(1 - p)) / p,
    },
)  # fmt: skip
nbinom = Discrete(
    "nbinom", ("n", "p"),
    lambda k, n, p: -np.log(n + k) - betaln(n, k + 1) + n * np.log(p) + xlog1py(k, -p),
    lambda n, p: (0.0, inf), lambda n, p: (n > 0) & (p > 0) & (p <= 1),
    formulas={
        "cdf": lambda k, n, p: incomplete.betainc(n, k + 1, p),
        "sf": lambda k, n, p: incomplete.betaincc(n, k + 1, p),
        "ppf": lambda q, n, p: counts.negative_binomial_quantile(n, p, q),
        "isf": lambda q, n, p: counts.negative_binomial_upper_quantile(n, p, q),
        "skew": lambda n, p: (2 - p) / np.sqrt(n * (1 - p)),
        "kurtosis": lambda n, p: 6 / n + p * p / (n * (1 - p)),
        "mean": lambda n, p: n * (1 - p) / p,
        "var": lambda n, p: n * (1 - p) / p / p,
        "entropy": entropies.negative_binomial_entropy,
    },
)  # fmt: skip


def _beta_binomial_log(k: Array, n: Array, a: Array, b: Array) -> Array:
    return _log_choose(n, k) + betaln(k + a, n - k + b) - betaln(a, b)


def _beta_binomial_shares(k: Array, n: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """The probabilities up to k and above, by one side's sum: near 1 slopes have no digits."""
    below = k * (a + b) < n * a
    count, rest = select(below, k, n - k - 1), k >= n
    first, second = select(below, a, b), select(below, b, a)
    share = counts.beta_binomial_share(first, second, n, select(rest, 0, count), orders=(0, 0))
    share = select(rest, 0, share)
    return select(below, share, 1 - share), select(below, 1 - share, share)


betabinom = Discrete(
    "betabinom", ("n", "a", "b"), _beta_binomial_log,
    lambda n, a, b: (0.0, n),
    lambda n, a, b: (n >= 0) & (n == np.floor(n)) & (a > 0) & (b > 0),
    formulas={
        "mean": lambda n, a, b: n * a / (a + b),
        "var": lambda n, a, b: n * a * b * (a + b + n) / (a + b) / (a + b) / (a + b + 1),
        "cdf": lambda k, n, a, b: _beta_binomial_shares(k, n, a, b)[0],
        "sf": lambda k, n, a, b: _beta_binomial_shares(k, n, a, b)[1],
        "ppf": lambda q, n, a, b: counts.beta_binomial_quantile(n, a, b, q),
        "isf": lambda q, n, a, b: counts.beta_binomial_upper_quantile(n, a, b, q),
        "skew": lambda n, a, b: _beta_binomial_shape(n, a, b)[0],
        "kurtosis": lambda n, a, b: _beta_binomial_shape(n, a, b)[1],
        "entropy": lambda n, a, b: entropies.entropy_of_terms(
            "betabinom", _beta_binomial_log, n, a, b),
    },
)  # fmt: skip
