"""Continuous distributions of numbers: the formulas of their standard forms."""

from __future__ import annotations

from math import inf, log, pi

import numpy as np

from ...numpy.scipy_ufuncs import log_expit, ndtr, xlog1py, xlogy
from ...ops.pointwise import bessel, error_integrals, gammas, incomplete, special
from ...ops.pointwise.comparison import select
from ...ops.pointwise.student import log_density, stdtr, stdtrit
from ...typing import Array
from .distribution import Continuous, positive

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)
EULER = float(np.euler_gamma)

lgamma, digamma = special.lgamma, special.digamma
log_ndtr, ndtri = error_integrals.log_ndtr, error_integrals.ndtri


def log_one_minus_exp(x: Array) -> Array:
    """log(1 - exp(x)) for negative x."""
    near = x > -log(2)
    return select(
        near, np.log(-np.expm1(select(near, x, -0.5))), np.log1p(-np.exp(select(near, -1, x)))
    )


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
        "entropy": lambda: 0.5 + HALF_LOG_TWO_PI,
    },
)  # fmt: skip
uniform = Continuous(
    "uniform", (), lambda y: 0 * y, lambda: (0.0, 1.0),
    formulas={
        "cdf": lambda y: y,
        "ppf": lambda q: q,
        "mean": lambda: 0.5,
        "var": lambda: 1 / 12,
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
        "entropy": lambda: 1.0,
    },
)  # fmt: skip


def _gamma_entropy(a: Array) -> Array:
    return a + lgamma(a) + (1 - a) * digamma(a)


gamma = Continuous(
    "gamma", ("a",), lambda y, a: xlogy(a - 1, y) - y - lgamma(a), positive,
    formulas={
        "cdf": lambda y, a: incomplete.igamma(a, y),
        "sf": lambda y, a: incomplete.igammac(a, y),
        "ppf": lambda q, a: incomplete.gammaincinv(a, q),
        "isf": lambda q, a: incomplete.gammainccinv(a, q),
        "mean": lambda a: a,
        "var": lambda a: a,
        "entropy": _gamma_entropy,
    },
)  # fmt: skip
chi2 = Continuous(
    "chi2", ("df",),
    lambda y, df: xlogy(0.5 * df - 1, y) - 0.5 * y - lgamma(0.5 * df) - 0.5 * log(2) * df, positive,
    formulas={
        "cdf": lambda y, df: incomplete.igamma(0.5 * df, 0.5 * y),
        "sf": lambda y, df: incomplete.igammac(0.5 * df, 0.5 * y),
        "ppf": lambda q, df: 2 * incomplete.gammaincinv(0.5 * df, q),
        "isf": lambda q, df: 2 * incomplete.gammainccinv(0.5 * df, q),
        "mean": lambda df: df,
        "var": lambda df: 2 * df,
        "entropy": lambda df: _gamma_entropy(0.5 * df) + log(2),
    },
)  # fmt: skip


def _above(y: Array) -> Array:
    return select(y > 0, y, 1)


invgamma = Continuous(
    "invgamma", ("a",),
    lambda y, a: select(
        y > 0, -(a + 1) * np.log(_above(y)) - lgamma(a) - 1 / _above(y), -inf),
    positive,
    formulas={
        "cdf": lambda y, a: select(y > 0, incomplete.igammac(a, 1 / _above(y)), 0),
        "sf": lambda y, a: select(y > 0, incomplete.igamma(a, 1 / _above(y)), 1),
        "ppf": lambda q, a: 1 / incomplete.gammainccinv(a, q),
        "isf": lambda q, a: 1 / incomplete.gammaincinv(a, q),
        "mean": lambda a: select(a > 1, 1 / (select(a > 1, a, 2) - 1), inf),
        "var": lambda a: select(
            a > 2, 1 / (select(a > 2, a, 3) - 1) ** 2 / (select(a > 2, a, 3) - 2), inf),
        "entropy": lambda a: a + lgamma(a) - (1 + a) * digamma(a),
    },
)  # fmt: skip


def _beta_entropy(a: Array, b: Array) -> Array:
    total = (a + b - 2) * digamma(a + b)
    return gammas.betaln(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + total


beta = Continuous(
    "beta", ("a", "b"),
    lambda y, a, b: xlogy(a - 1, y) + xlog1py(b - 1, -y) - gammas.betaln(a, b),
    lambda a, b: (0.0, 1.0),
    formulas={
        "cdf": lambda y, a, b: incomplete.betainc(a, b, y),
        "sf": lambda y, a, b: incomplete.betainc(b, a, 1 - y),
        "ppf": lambda q, a, b: incomplete.betaincinv(a, b, q),
        "mean": lambda a, b: a / (a + b),
        "var": lambda a, b: a * b / (a + b) / (a + b) / (a + b + 1),
        "entropy": _beta_entropy,
    },
)  # fmt: skip
f = Continuous(
    "f", ("dfn", "dfd"),
    lambda y, n, m: 0.5 * (n * np.log(n) + m * np.log(m) - (n + m) * np.log(m + n * y))
    + xlogy(0.5 * n - 1, y) - gammas.betaln(0.5 * n, 0.5 * m),
    positive,
    formulas={
        "cdf": lambda y, n, m: incomplete.betainc(0.5 * n, 0.5 * m, n * y / (m + n * y)),
        "sf": lambda y, n, m: incomplete.betainc(0.5 * m, 0.5 * n, m / (m + n * y)),
        "mean": lambda n, m: select(m > 2, m / (select(m > 2, m, 3) - 2), inf) + 0 * n,
    },
)  # fmt: skip


def _t_entropy(df: Array) -> Array:
    half = 0.5 * (df + 1)
    slope = digamma(half) - digamma(0.5 * df)
    return half * slope + 0.5 * np.log(df) + gammas.betaln(0.5 * df, 0 * df + 0.5)


t = Continuous(
    "t", ("df",), lambda y, df: log_density(df, y),
    formulas={
        "cdf": lambda y, df: stdtr(df, y),
        "sf": lambda y, df: stdtr(df, -y),
        "ppf": lambda q, df: stdtrit(df, q),
        "isf": lambda q, df: -stdtrit(df, q),
        "mean": lambda df: select(df > 1, 0.0 * df, inf),
        "var": lambda df: select(
            df > 2, df / (select(df > 2, df, 3) - 2), select(df > 1, inf, np.nan)),
        "entropy": _t_entropy,
    },
)  # fmt: skip
cauchy = Continuous(
    "cauchy", (), lambda y: -log(pi) - np.log1p(y * y),
    formulas={
        "cdf": lambda y: np.arctan2(0 * y + 1, -y) / pi,
        "sf": lambda y: np.arctan2(0 * y + 1, y) / pi,
        "ppf": lambda q: np.tan(pi * (q - 0.5)),
        "isf": lambda q: np.tan(pi * (0.5 - q)),
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
        "entropy": lambda b: 1 + 1 / b - np.log(b),
    },
)  # fmt: skip


def log_mass(a: Array, b: Array) -> Array:
    """The logarithm of the probability of a standard normal number between a and b."""
    right = a > 0
    high = log_ndtr(select(right, -a, b))
    low = log_ndtr(select(right, -b, a))
    return high + log_one_minus_exp(low - high)


def _truncated_quantile(q: Array, a: Array, b: Array) -> Array:
    right = a > 0
    start, end = ndtr(select(right, -a, a)), ndtr(select(right, -b, b))
    found = ndtri(start + q * (end - start))
    return select(right, -found, found)


truncnorm = Continuous(
    "truncnorm", ("a", "b"), lambda y, a, b: -0.5 * y * y - HALF_LOG_TWO_PI - log_mass(a, b),
    lambda a, b: (a, b), lambda a, b: a < b,
    formulas={
        "logcdf": lambda y, a, b: log_mass(a, y) - log_mass(a, b),
        "logsf": lambda y, a, b: log_mass(y, b) - log_mass(a, b),
        "ppf": _truncated_quantile,
    },
)  # fmt: skip


def _general_share(y: Array, b: Array) -> Array:
    size = np.abs(select(y == 0, 1, y))
    tail = 0.5 * incomplete.igammac(1 / b, size**b)
    share = select(y < 0, tail, 1 - tail)
    return select(y == 0, 0.5 + 0.5 * y * b * np.exp(-lgamma(1 / b)), share)


gennorm = Continuous(
    "gennorm", ("beta",), lambda y, b: np.log(0.5 * b) - lgamma(1 / b) - np.abs(y) ** b,
    formulas={
        "cdf": _general_share,
        "sf": lambda y, b: _general_share(-y, b),
        "mean": lambda b: 0 * b,
        "var": lambda b: np.exp(lgamma(3 / b) - lgamma(1 / b)),
        "entropy": lambda b: 1 / b - np.log(0.5 * b) + lgamma(1 / b),
    },
)  # fmt: skip


def _log_circle(kappa: Array) -> Array:
    """log(2 pi i0(kappa)) - kappa."""
    return np.log(2 * pi * bessel.scaled_bessel(kappa, order=0))


def _vonmises_entropy(kappa: Array) -> Array:
    quotient = bessel.scaled_bessel(kappa, order=1) / bessel.scaled_bessel(kappa, order=0)
    return _log_circle(kappa) + kappa - kappa * quotient


vonmises = Continuous(
    "vonmises", ("kappa",),
    lambda y, kappa: -2 * kappa * np.sin(0.5 * y) ** 2 - _log_circle(kappa),
    valid=lambda kappa: kappa >= 0,
    formulas={"entropy": _vonmises_entropy},
)  # fmt: skip


def _log_over(y: Array, s: Array) -> Array:
    return np.log(_above(y)) / s


def _lognormal_density(y: Array, s: Array) -> Array:
    logs = _log_over(y, s)
    return select(y > 0, -0.5 * logs * logs - HALF_LOG_TWO_PI - np.log(s) - s * logs, -inf)


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
        "entropy": lambda: 1 + EULER,
    },
)  # fmt: skip


def _weibull_mean(c: Array) -> Array:
    return gammas.gamma(1 + 1 / c)


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
        "entropy": lambda c: EULER * (1 - 1 / c) - np.log(c) + 1,
    },
)  # fmt: skip
