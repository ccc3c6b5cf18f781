"""Distributions of numbers in an interval or on a circle."""

from __future__ import annotations

from math import inf, log, pi

import numpy as np

from ...ops.pointwise import circle, error_integrals
from ...ops.pointwise.comparison import select
from ...typing import Array
from . import central_moments as moments
from .distribution import HALF_LOG_TWO_PI, Continuous

log_ndtr, ndtri_exp = error_integrals.log_ndtr, error_integrals.ndtri_exp


def log_one_minus_exp(x: Array) -> Array:
    """log(1 - exp(x)) for negative x."""
    none = x >= 0
    near = (x > -log(2)) & ~none
    inside = np.log(-np.expm1(select(near, x, -0.5)))
    return select(none, -inf, select(near, inside, np.log1p(-np.exp(select(near | none, -1, x)))))


def log_mass(a: Array, b: Array) -> Array:
    """The logarithm of the probability of a standard normal number between a and b."""
    right = a > 0
    high = log_ndtr(select(right, -a, b))
    low = log_ndtr(select(right, -b, a))
    return high + log_one_minus_exp(low - high)


def _log_tail(y: Array) -> Array:
    """log_ndtr, also in its derivative, at -inf."""
    some = y > -inf
    return select(some, log_ndtr(select(some, y, 0)), -inf)


def _truncated_quantile(q: Array, a: Array, b: Array) -> Array:
    """From the logarithm of the probability on that side on which it is small."""
    share = log_mass(a, b)
    low = np.logaddexp(_log_tail(a), np.log(q) + share)
    high = np.logaddexp(_log_tail(-b), np.log1p(-q) + share)
    left = low < high
    found = ndtri_exp(select(left, low, high))
    found = select(left, found, -found)
    return select(found < a, a, select(found > b, b, found))


def _edge(y: Array, log_share: Array) -> Array:
    """The density at an end of the interval, 0 at infinity."""
    some = np.abs(y) < inf
    at = select(some, y, 0)
    return select(some, np.exp(-0.5 * at * at - HALF_LOG_TWO_PI - log_share), 0)


def _times_edge(y: Array, edge: Array) -> Array:
    return select(np.abs(y) < inf, y, 0) * edge


def _truncated_mean(a: Array, b: Array) -> Array:
    share = log_mass(a, b)
    return _edge(a, share) - _edge(b, share)


def _truncated_variance(a: Array, b: Array) -> Array:
    share = log_mass(a, b)
    low, high = _edge(a, share), _edge(b, share)
    return 1 + _times_edge(a, low) - _times_edge(b, high) - (low - high) ** 2


def _truncated_entropy(a: Array, b: Array) -> Array:
    share = log_mass(a, b)
    ends = _times_edge(a, _edge(a, share)) - _times_edge(b, _edge(b, share))
    return 0.5 + HALF_LOG_TWO_PI + share + 0.5 * ends


truncnorm = Continuous(
    "truncnorm", ("a", "b"), lambda y, a, b: -0.5 * y * y - HALF_LOG_TWO_PI - log_mass(a, b),
    lambda a, b: (a, b), lambda a, b: a < b,
    formulas={
        "logcdf": lambda y, a, b: log_mass(a, y) - log_mass(a, b),
        "logsf": lambda y, a, b: log_mass(y, b) - log_mass(a, b),
        "ppf": _truncated_quantile,
        "isf": lambda q, a, b: -_truncated_quantile(q, -b, -a),
        "mean": _truncated_mean,
        "var": _truncated_variance,
        "skew": lambda a, b: moments.truncated_normal_shape(a, b)[0],
        "kurtosis": lambda a, b: moments.truncated_normal_shape(a, b)[1],
        "entropy": _truncated_entropy,
    },
)  # fmt: skip


def _log_circle(kappa: Array) -> Array:
    """log(2 pi i0(kappa)) - kappa."""
    return np.log(2 * pi * circle.bessel_of_positive(kappa, 0))


def _vonmises_entropy(kappa: Array) -> Array:
    quotient = circle.bessel_of_positive(kappa, 1) / circle.bessel_of_positive(kappa, 0)
    return _log_circle(kappa) + kappa - kappa * quotient


def _circle_share(y: Array, kappa: Array) -> Array:
    """The probability of numbers up to y, which grows by one with every turn, as in SciPy."""
    end = np.abs(y) == inf
    inside = select(end, 0, y)
    turns = np.round(inside / (2 * pi))
    rest = inside - 2 * pi * turns
    tail = circle.share_above(kappa, rest)
    share = turns + select(rest < 0, tail, 1 - tail)
    return select(end & (y > 0), 1, select(end, 0, share))


vonmises = Continuous(
    "vonmises", ("kappa",),
    lambda y, kappa: -2 * kappa * np.sin(0.5 * y) ** 2 - _log_circle(kappa),
    valid=lambda kappa: kappa >= 0,
    formulas={
        "cdf": lambda y, kappa: _circle_share(y, kappa),
        "sf": lambda y, kappa: _circle_share(-y, kappa),
        "ppf": lambda q, kappa: circle.von_mises_quantile(kappa, q),
        "isf": lambda q, kappa: -circle.von_mises_quantile(kappa, q),
        "mean": lambda kappa: 0 * kappa,
        "var": moments.von_mises_variance,
        "skew": lambda kappa: 0 * kappa,
        "kurtosis": moments.von_mises_kurtosis,
        "entropy": _vonmises_entropy,
    },
)  # fmt: skip


def _wrapped_density(y: Array, c: Array) -> Array:
    # 1 + c**2 - 2 c cos(y), without cancellation.
    below = (1 - c) ** 2 + 4 * c * np.sin(0.5 * y) ** 2
    return np.log1p(-c) + np.log1p(c) - np.log(2 * pi * below)


def _wrapped_share(y: Array, c: Array) -> Array:
    late = y > pi
    half = 0.5 * select(late, 2 * pi - y, y)
    share = np.arctan2((1 + c) * np.sin(half), (1 - c) * np.cos(half)) / pi
    return select(late, 1 - share, share)


def _wrapped_quantile(q: Array, c: Array) -> Array:
    late = q > 0.5
    half = pi * select(late, 1 - q, q)
    angle = 2 * np.arctan2((1 - c) * np.sin(half), (1 + c) * np.cos(half))
    return select(late, 2 * pi - angle, angle)


wrapcauchy = Continuous(
    "wrapcauchy", ("c",), _wrapped_density, lambda c: (0.0, 2 * pi), lambda c: (c > 0) & (c < 1),
    formulas={
        "cdf": _wrapped_share,
        "sf": lambda y, c: _wrapped_share(2 * pi - y, c),
        "ppf": _wrapped_quantile,
        "isf": lambda q, c: 2 * pi - _wrapped_quantile(q, c),
        "mean": lambda c: 0 * c + pi,
        "var": moments.wrapped_cauchy_variance,
        "skew": lambda c: 0 * c,
        "kurtosis": moments.wrapped_cauchy_kurtosis,
        "entropy": lambda c: log(2 * pi) + np.log1p(-c * c),
    },
)  # fmt: skip
