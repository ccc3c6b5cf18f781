"""Distributions of whole numbers.

How probabilities depend on n, where that is a number of trials, has no derivative.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from ...numpy.scipy_ufuncs import xlog1py, xlogy
from ...ops.pointwise import gammas, incomplete, special
from ...ops.pointwise.comparison import select
from ...typing import Array
from .distribution import Discrete

lgamma, betaln = special.lgamma, gammas.betaln


def _share(p: Array) -> Any:
    return (p >= 0) & (p <= 1)


def _log_choose(n: Array, k: Array) -> Array:
    return -np.log(n + 1) - betaln(n - k + 1, k + 1)


def _binomial_share(k: Array, n: Array, p: Array) -> Array:
    """By the incomplete beta function, whose parameters are n - k and k + 1."""
    last = k >= n
    found = incomplete.betainc(select(last, 1, n - k), k + 1, 1 - p)
    return select(last, 1, found)


bernoulli = Discrete(
    "bernoulli", ("p",), lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p), lambda p: (0.0, 1.0),
    _share,
    formulas={
        "cdf": lambda k, p: select(k < 1, 1 - p, 1),
        "sf": lambda k, p: select(k < 1, p, 0),
        "mean": lambda p: p,
        "var": lambda p: p * (1 - p),
        "entropy": lambda p: special.entropy(p) + special.entropy(1 - p),
    },
)  # fmt: skip
binom = Discrete(
    "binom", ("n", "p"),
    lambda k, n, p: _log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p),
    lambda n, p: (0.0, n), lambda n, p: (n >= 0) & (n == np.floor(n)) & _share(p),
    formulas={
        "cdf": _binomial_share,
        "mean": lambda n, p: n * p,
        "var": lambda n, p: n * p * (1 - p),
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
    },
)  # fmt: skip
nbinom = Discrete(
    "nbinom", ("n", "p"),
    lambda k, n, p: lgamma(n + k) - lgamma(n) - lgamma(k + 1) + n * np.log(p) + xlog1py(k, -p),
    lambda n, p: (0.0, inf), lambda n, p: (n > 0) & (p > 0) & (p <= 1),
    formulas={
        "cdf": lambda k, n, p: incomplete.betainc(n, k + 1, p),
        "mean": lambda n, p: n * (1 - p) / p,
        "var": lambda n, p: n * (1 - p) / p / p,
    },
)  # fmt: skip
betabinom = Discrete(
    "betabinom", ("n", "a", "b"),
    lambda k, n, a, b: _log_choose(n, k) + betaln(k + a, n - k + b) - betaln(a, b),
    lambda n, a, b: (0.0, n),
    lambda n, a, b: (n >= 0) & (n == np.floor(n)) & (a > 0) & (b > 0),
    formulas={
        "mean": lambda n, a, b: n * a / (a + b),
        "var": lambda n, a, b: n * a * b * (a + b + n) / (a + b) / (a + b) / (a + b + 1),
    },
)  # fmt: skip
