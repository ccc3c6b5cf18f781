"""The distributions of gamma and beta numbers, and of their quotients and powers."""

from __future__ import annotations

from math import inf, log

import numpy as np

from ...numpy.scipy_ufuncs import f_rest, f_share, xlog1py, xlogy
from ...ops.pointwise import gammas, incomplete, special
from ...ops.pointwise.comparison import filled_like, select
from ...ops.pointwise.student import half_step, half_step_slope, log_density, stdtr, stdtrit
from ...typing import Array
from .distribution import HALF_LOG_TWO_PI, Continuous, positive, where_above

lgamma, digamma = special.lgamma, special.digamma


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
        "skew": lambda a: 2 / np.sqrt(a),
        "kurtosis": lambda a: 6 / a,
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
        "skew": lambda df: np.sqrt(8 / df),
        "kurtosis": lambda df: 12 / df,
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
        "skew": lambda a: where_above(
            3, a, lambda a: 4 * np.sqrt(a - 2) / (a - 3)),
        "kurtosis": lambda a: where_above(
            4, a, lambda a: 6 * (5 * a - 11) / (a - 3) / (a - 4)),
        "entropy": lambda a: a + lgamma(a) - (1 + a) * digamma(a),
    },
)  # fmt: skip


def _beta_entropy(a: Array, b: Array) -> Array:
    total = (a + b - 2) * digamma(a + b)
    return gammas.betaln(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + total


def _beta_kurtosis(a: Array, b: Array) -> Array:
    top = (a - b) ** 2 * (a + b + 1) / (a * b) - (a + b + 2)
    return 6 * top / (a + b + 2) / (a + b + 3)


beta = Continuous(
    "beta", ("a", "b"),
    lambda y, a, b: xlogy(a - 1, y) + xlog1py(b - 1, -y) - gammas.betaln(a, b),
    lambda a, b: (0.0, 1.0),
    formulas={
        "cdf": lambda y, a, b: incomplete.betainc(a, b, y),
        "sf": lambda y, a, b: incomplete.betaincc(a, b, y),
        "ppf": lambda q, a, b: incomplete.betaincinv(a, b, q),
        "isf": lambda q, a, b: incomplete.betainccinv(a, b, q),
        "mean": lambda a, b: a / (a + b),
        "var": lambda a, b: a * b / (a + b) / (a + b) / (a + b + 1),
        "skew": lambda a, b: 2 * (b - a) * np.sqrt((a + b + 1) / a / b) / (a + b + 2),
        "kurtosis": _beta_kurtosis,
        "entropy": _beta_entropy,
    },
)  # fmt: skip


def _f_quantile(q: Array, n: Array, m: Array) -> Array:
    """By the beta numbers on both sides of the quotient."""
    below = incomplete.betaincinv(0.5 * n, 0.5 * m, q)
    above = incomplete.betainccinv(0.5 * m, 0.5 * n, q)
    return m * below / (n * above)


def _f_kurtosis(n: Array, m: Array) -> Array:
    def formula(m: Array) -> Array:
        top = n * (5 * m - 22) * (n + m - 2) + (m - 4) * (m - 2) ** 2
        return 12 * top / n / (m - 6) / (m - 8) / (n + m - 2)

    return where_above(8, m, formula)


def _f_entropy(n: Array, m: Array) -> Array:
    half, other = 0.5 * n, 0.5 * m
    out = np.log(m) - np.log(n) + gammas.betaln(half, other) + (1 - half) * digamma(half)
    return out - (1 + other) * digamma(other) + (half + other) * digamma(half + other)


f = Continuous(
    "f", ("dfn", "dfd"),
    lambda y, n, m: 0.5 * (n * np.log(n) + m * np.log(m) - (n + m) * np.log(m + n * y))
    + xlogy(0.5 * n - 1, y) - gammas.betaln(0.5 * n, 0.5 * m),
    positive,
    formulas={
        "cdf": lambda y, n, m: f_share(n, m, y),
        "sf": lambda y, n, m: f_rest(n, m, y),
        "mean": lambda n, m: select(m > 2, m / (select(m > 2, m, 3) - 2), inf) + 0 * n,
        "ppf": _f_quantile,
        "isf": lambda q, n, m: 1 / _f_quantile(q, m, n),
        "var": lambda n, m: where_above(
            4, m, lambda m: 2 * m * m * (n + m - 2) / n / (m - 2) ** 2 / (m - 4), inf),
        "skew": lambda n, m: where_above(
            6, m, lambda m: (2 * n + m - 2) / (m - 6) * np.sqrt(8 * (m - 4) / n / (n + m - 2))),
        "kurtosis": _f_kurtosis,
        "entropy": _f_entropy,
    },
)  # fmt: skip


def _t_entropy(df: Array) -> Array:
    z = 0.5 * df
    slope = half_step_slope(z) + 0.5
    return slope + 0.5 * slope / z + HALF_LOG_TWO_PI - half_step(z)


t = Continuous(
    "t", ("df",), lambda y, df: log_density(df, y),
    formulas={
        "cdf": lambda y, df: stdtr(df, y),
        "sf": lambda y, df: stdtr(df, -y),
        "ppf": lambda q, df: stdtrit(df, q),
        "isf": lambda q, df: -stdtrit(df, q),
        "mean": lambda df: select(df > 1, 0.0 * df, inf),
        "var": lambda df: select(
            df > 2, df / (select(df > 2, df, 3) - 2), select(df > 1, filled_like(df, inf), np.nan)),
        "skew": lambda df: select(df > 3, 0.0 * df, np.nan),
        "kurtosis": lambda df: where_above(
            4, df, lambda df: 6 / (df - 4), select(df > 2, filled_like(df, inf), np.nan)),
        "entropy": _t_entropy,
    },
)  # fmt: skip


def _general_share(y: Array, b: Array) -> Array:
    size = np.abs(select(y == 0, 1, y))
    tail = 0.5 * incomplete.igammac(1 / b, size**b)
    share = select(y < 0, tail, 1 - tail)
    return select(y == 0, 0.5 + 0.5 * y * b * np.exp(-lgamma(1 / b)), share)


def _general_quantile(q: Array, b: Array) -> Array:
    upper = q > 0.5
    tail = select(upper, 1 - q, q)
    middle = tail == 0.5
    size = incomplete.gammainccinv(1 / b, 2 * select(middle, 0.25, tail)) ** (1 / b)
    slope = 2 * np.exp(lgamma(1 / b)) / b  # of the quantile at 1/2
    return select(middle, (q - 0.5) * slope, select(upper, size, -size))


gennorm = Continuous(
    "gennorm", ("beta",), lambda y, b: np.log(0.5 * b) - lgamma(1 / b) - np.abs(y) ** b,
    formulas={
        "cdf": _general_share,
        "sf": lambda y, b: _general_share(-y, b),
        "ppf": _general_quantile,
        "isf": lambda q, b: -_general_quantile(q, b),
        "mean": lambda b: 0 * b,
        "skew": lambda b: 0 * b,
        "kurtosis": lambda b: np.exp(lgamma(5 / b) + lgamma(1 / b) - 2 * lgamma(3 / b)) - 3,
        "var": lambda b: np.exp(lgamma(3 / b) - lgamma(1 / b)),
        "entropy": lambda b: 1 / b - np.log(0.5 * b) + lgamma(1 / b),
    },
)  # fmt: skip
