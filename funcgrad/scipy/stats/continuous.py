"""Continuous distributions of numbers: the formulas of their standard forms."""

from __future__ import annotations

from math import inf, log, pi, sqrt

import numpy as np

from ...numpy.scipy_ufuncs import log_expit, ndtr, xlogy
from ...ops.pointwise import error_integrals, gammas, special
from ...ops.pointwise.comparison import filled_like, select
from ...typing import Array
from .distribution import HALF_LOG_TWO_PI, Continuous, positive, where_above

EULER = float(np.euler_gamma)
GUMBEL_SKEW = 12 * sqrt(6) * 1.2020569031595942 / pi**3
"""With Apery's constant, zeta(3)."""

log_ndtr, ndtri = error_integrals.log_ndtr, error_integrals.ndtri


norm = Continuous(
    "norm", (), lambda y: -0.5 * y * y - HALF_LOG_TWO_PI,
    formulas={
        "cdf": ndtr,
        "sf": lambda y: ndtr(-y),
        "logcdf": log_ndtr,
        "logsf": lambda y: log_ndtr(-y),
        "ppf": ndtri,
        "isf": lambda q: -ndtri(q),
        "mean": lambda: 0.0,
        "var": lambda: 1.0,
        "skew": lambda: 0.0,
        "kurtosis": lambda: 0.0,
        "entropy": lambda: 0.5 + HALF_LOG_TWO_PI,
    },
)  # fmt: skip


uniform = Continuous(
    "uniform", (), lambda y: 0 * y, lambda: (0.0, 1.0),
    formulas={
        "cdf": lambda y: y,
        "sf": lambda y: 1 - y,
        "ppf": lambda q: q,
        "isf": lambda q: 1 - q,
        "mean": lambda: 0.5,
        "var": lambda: 1 / 12,
        "skew": lambda: 0.0,
        "kurtosis": lambda: -1.2,
        "entropy": lambda: 0.0,
    },
)  # fmt: skip


expon = Continuous(
    "expon", (), lambda y: -y, positive,
    formulas={
        "cdf": lambda y: -np.expm1(-y),
        "sf": lambda y: np.exp(-y),
        "logsf": lambda y: -y,
        "ppf": lambda q: -np.log1p(-q),
        "isf": lambda q: -np.log(q),
        "mean": lambda: 1.0,
        "var": lambda: 1.0,
        "skew": lambda: 2.0,
        "kurtosis": lambda: 6.0,
        "entropy": lambda: 1.0,
    },
)  # fmt: skip


def _cauchy_density(y: Array) -> Array:
    size = np.abs(y)
    far = size > 1e8
    inner = select(far, 0, y)
    return -log(pi) - select(far, 2 * np.log(select(far, size, 1)), np.log1p(inner * inner))


def _cauchy_share(y: Array) -> Array:
    return np.arctan2(filled_like(y, 1), -y) / pi


def _cauchy_quantile(q: Array) -> Array:
    """By the cotangent in the tails, where q - 1/2 would round."""
    outside = (q < 0.25) | (q > 0.75)
    tail = select(q < 0.25, -q, select(q > 0.75, 1 - q, 0.25))
    return select(outside, 1 / np.tan(pi * tail), np.tan(pi * (select(outside, 0.5, q) - 0.5)))


cauchy = Continuous(
    "cauchy", (), _cauchy_density,
    formulas={
        "cdf": _cauchy_share,
        "sf": lambda y: _cauchy_share(-y),
        "ppf": _cauchy_quantile,
        "isf": lambda q: -_cauchy_quantile(q),
        "mean": lambda: np.nan,
        "var": lambda: np.nan,
        "skew": lambda: np.nan,
        "kurtosis": lambda: np.nan,
        "entropy": lambda: log(4 * pi),
    },
)  # fmt: skip


def _laplace_log(y: Array) -> Array:
    inside = select(y > 0, -y, y)
    return select(y > 0, np.log1p(-0.5 * np.exp(inside)), inside - log(2))


def _laplace_quantile(q: Array) -> Array:
    upper = q > 0.5
    return select(upper, -np.log(2 * (1 - select(upper, q, 0.5))), np.log(2 * q))


laplace = Continuous(
    "laplace", (), lambda y: -np.abs(y) - log(2),
    formulas={
        "cdf": lambda y: np.exp(_laplace_log(y)),
        "sf": lambda y: np.exp(_laplace_log(-y)),
        "logcdf": _laplace_log,
        "logsf": lambda y: _laplace_log(-y),
        "ppf": _laplace_quantile,
        "isf": lambda q: -_laplace_quantile(q),
        "mean": lambda: 0.0,
        "var": lambda: 2.0,
        "skew": lambda: 0.0,
        "kurtosis": lambda: 3.0,
        "entropy": lambda: 1 + log(2),
    },
)  # fmt: skip


logistic = Continuous(
    "logistic", (), lambda y: log_expit(y) + log_expit(-y),
    formulas={
        "cdf": special.logistic,
        "sf": lambda y: special.logistic(-y),
        "logcdf": log_expit,
        "logsf": lambda y: log_expit(-y),
        "ppf": special.logit,
        "isf": lambda q: -special.logit(q),
        "mean": lambda: 0.0,
        "var": lambda: pi * pi / 3,
        "skew": lambda: 0.0,
        "kurtosis": lambda: 1.2,
        "entropy": lambda: 2.0,
    },
)  # fmt: skip


pareto = Continuous(
    "pareto", ("b",), lambda y, b: np.log(b) - (b + 1) * np.log(y), lambda b: (1.0, inf),
    formulas={
        "cdf": lambda y, b: -np.expm1(-b * np.log(y)),
        "sf": lambda y, b: np.exp(-b * np.log(y)),
        "logsf": lambda y, b: -b * np.log(y),
        "ppf": lambda q, b: np.exp(-np.log1p(-q) / b),
        "isf": lambda q, b: np.exp(-np.log(q) / b),
        "mean": lambda b: select(b > 1, b / (select(b > 1, b, 2) - 1), inf),
        "var": lambda b: where_above(2, b, lambda b: b / (b - 1) ** 2 / (b - 2), inf),
        "skew": lambda b: where_above(
            3, b, lambda b: 2 * (b + 1) * np.sqrt((b - 2) / b) / (b - 3)),
        "kurtosis": lambda b: where_above(
            4, b, lambda b: 6 * (b**3 + b * b - 6 * b - 2) / b / (b - 3) / (b - 4)),
        "entropy": lambda b: 1 + 1 / b - np.log(b),
    },
)  # fmt: skip


def _log_over(y: Array, s: Array) -> Array:
    return np.log(select(y > 0, y, 1)) / s


def _lognormal_density(y: Array, s: Array) -> Array:
    logs = _log_over(y, s)
    return select(y > 0, -0.5 * logs * logs - HALF_LOG_TWO_PI - np.log(s) - s * logs, -inf)


def _lognormal_kurtosis(s: Array) -> Array:
    p = np.exp(s * s)
    return p**4 + 2 * p**3 + 3 * p * p - 6


lognorm = Continuous(
    "lognorm", ("s",),
    _lognormal_density,
    positive,
    formulas={
        "cdf": lambda y, s: select(y > 0, ndtr(_log_over(y, s)), 0),
        "sf": lambda y, s: select(y > 0, ndtr(-_log_over(y, s)), 1),
        "logcdf": lambda y, s: select(y > 0, log_ndtr(_log_over(y, s)), -inf),
        "logsf": lambda y, s: select(y > 0, log_ndtr(-_log_over(y, s)), 0),
        "ppf": lambda q, s: np.exp(s * ndtri(q)),
        "isf": lambda q, s: np.exp(-s * ndtri(q)),
        "mean": lambda s: np.exp(0.5 * s * s),
        "var": lambda s: np.expm1(s * s) * np.exp(s * s),
        "skew": lambda s: (np.exp(s * s) + 2) * np.sqrt(np.expm1(s * s)),
        "kurtosis": _lognormal_kurtosis,
        "entropy": lambda s: 0.5 + HALF_LOG_TWO_PI + np.log(s),
    },
)  # fmt: skip


gumbel_r = Continuous(
    "gumbel_r", (), lambda y: -y - np.exp(-y),
    formulas={
        "cdf": lambda y: np.exp(-np.exp(-y)),
        "sf": lambda y: -np.expm1(-np.exp(-y)),
        "logcdf": lambda y: -np.exp(-y),
        "ppf": lambda q: -np.log(-np.log(q)),
        "isf": lambda q: -np.log(-np.log1p(-q)),
        "mean": lambda: EULER,
        "var": lambda: pi * pi / 6,
        "skew": lambda: GUMBEL_SKEW,
        "kurtosis": lambda: 2.4,
        "entropy": lambda: 1 + EULER,
    },
)  # fmt: skip


gumbel_l = Continuous(
    "gumbel_l", (), lambda y: y - np.exp(y),
    formulas={
        "cdf": lambda y: -np.expm1(-np.exp(y)),
        "sf": lambda y: np.exp(-np.exp(y)),
        "logsf": lambda y: -np.exp(y),
        "ppf": lambda q: np.log(-np.log1p(-q)),
        "isf": lambda q: np.log(-np.log(q)),
        "mean": lambda: -EULER,
        "var": lambda: pi * pi / 6,
        "skew": lambda: -GUMBEL_SKEW,
        "kurtosis": lambda: 2.4,
        "entropy": lambda: 1 + EULER,
    },
)  # fmt: skip


def _weibull_mean(c: Array) -> Array:
    return gammas.gamma(1 + 1 / c)


def _weibull_shape(c: Array) -> tuple[Array, Array]:
    """Skewness and excess kurtosis."""
    g1, g2, g3, g4 = (gammas.gamma(1 + k / c) for k in (1, 2, 3, 4))
    variance = g2 - g1 * g1
    skew = (2 * g1**3 - 3 * g1 * g2 + g3) / variance**1.5
    fourth = -3 * g1**4 + 6 * g1 * g1 * g2 - 4 * g1 * g3 + g4
    return skew, fourth / (variance * variance) - 3


weibull_min = Continuous(
    "weibull_min", ("c",), lambda y, c: np.log(c) + xlogy(c - 1, y) - y**c, positive,
    formulas={
        "cdf": lambda y, c: -np.expm1(-(y**c)),
        "sf": lambda y, c: np.exp(-(y**c)),
        "logsf": lambda y, c: -(y**c),
        "ppf": lambda q, c: (-np.log1p(-q)) ** (1 / c),
        "isf": lambda q, c: (-np.log(q)) ** (1 / c),
        "mean": _weibull_mean,
        "var": lambda c: gammas.gamma(1 + 2 / c) - _weibull_mean(c) ** 2,
        "skew": lambda c: _weibull_shape(c)[0],
        "kurtosis": lambda c: _weibull_shape(c)[1],
        "entropy": lambda c: EULER * (1 - 1 / c) - np.log(c) + 1,
    },
)  # fmt: skip
