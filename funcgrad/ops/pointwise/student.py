"""Student's t distribution, which SciPy evaluates, with derivatives in the number and in df.

That of the probability in df is the integral of that of the density, see ``beta_slopes``. With
s = sqrt(df) sinh(v) the density is cosh(v)**-df, but for a factor.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial, log, pi, sqrt
from typing import Any

import numpy as np

from ...arrays import special_functions
from ...core.facts import Hazard
from ...typing import Array
from ..families import Elementwise, General, elementwise
from . import special
from .beta_slopes import DECAY, PLACES, WEIGHTS
from .of_scipy import SCIPY, of_scipy
from .parameter_slopes import Orders, exponential_factor, parameter_slope
from .polynomials import power_sum
from .special import lgamma
from .zeta import BERNOULLI

HALF_LOG_TWO_PI = 0.5 * log(2 * pi)

DOMAIN = ((2.2, 6.0), (-2.0, 2.0))
MIDDLE = 1.5
"""Next to it the density does not depend on df; where the integral to 0 is taken up to."""

FAR = 10.0
STEPS = [
    (2.0 ** (1 - 2 * k) - 2) * b / (2 * k * (2 * k - 1))
    for k, b in enumerate(BERNOULLI[:9], start=1)
]
"""Coefficients of half_step in odd powers of 1 / z: NIST, 5.11.8 for 1/2 and for 0."""

NEAR = 1 / 16
LOGARITHM = [(-1) ** k / (k + 1) for k in range(14)]

REMAINDER = [1 / (k + 2) for k in range(14)]
"""Coefficients of (-log(1 - x) - x) / x**2."""

NODES, NODE_WEIGHTS = (x[:, None] for x in np.polynomial.legendre.leggauss(40))


def log_density(df: Array, t: Array) -> Array:
    """The logarithm of the density at t; that of the normal distribution where df is infinite."""
    constant = half_step(0.5 * df) - HALF_LOG_TWO_PI
    return constant - kernel_of_logs(df, t * t, 1)


def kernel_of_logs(df: Array, square: Array, n: int) -> Array:
    """(df + n) / 2 * log(1 + square / df), which is square / 2 where df is infinite.

    Next to 1 the logarithm is its series, whose derivatives in df do not cancel.
    """
    over = 1 / df
    z = np.where(over > 0, square, 0) * over
    near = z < NEAR
    series = square * power_sum(np.where(near, z, 0), LOGARITHM)
    logs = np.log1p(z)
    far = np.where(near, 0, logs) * np.where(near, 1, df)
    return 0.5 * (np.where(near, series, far) + n * logs)


def _quotient_of_steps(z: Array) -> Array:
    far = 1 / np.where(z > FAR, z, FAR)
    return far * power_sum(far * far, STEPS)


def half_step(z: Array) -> Array:
    """log(gamma(z + 1/2) / gamma(z)) - log(z) / 2, by Stirling's series where z is large."""
    far = z > FAR
    low = np.where(far, 1, z)
    near = lgamma(low + 0.5) - lgamma(low) - 0.5 * np.log(low)
    return np.where(far, _quotient_of_steps(z), near)


def half_step_slope(z: Array) -> Array:
    """The derivative of ``half_step``, times z."""
    far = z > FAR
    low = np.where(far, 1, z)
    near = low * (special.digamma(low + 0.5) - special.digamma(low)) - 0.5
    over = 1 / np.where(far, z, FAR)
    series = over * power_sum(over * over, [-(2 * k + 1) * c for k, c in enumerate(STEPS)])
    return np.where(far, series, near)


def _constant_slope(n: int, df: Any, polygamma: Any) -> Any:
    """The derivative of order n of half_step(df / 2) in df."""
    z = 0.5 * df
    far = z > FAR
    over = 1 / np.where(far, z, FAR)
    falling = [c * (factorial(2 * k + n) / factorial(2 * k)) for k, c in enumerate(STEPS)]
    series = (-1) ** n * over ** (n + 1) * power_sum(over * over, falling)
    low = np.where(far, 1, z)
    near = polygamma(n - 1, low + 0.5) - polygamma(n - 1, low)
    near = near + 0.5 * (-1) ** n * factorial(n - 1) / low**n
    return 0.5**n * np.where(far, series, near)


def log_density_slope(n: int, df: Any, logs: Any, rest: Any, polygamma: Any) -> Any:
    """The derivative of order n of the log density in df, in terms that are as small as it.

    Args:
        n: the order, at least 1.
        df: degrees of freedom.
        logs: log(1 + t**2 / df).
        rest: t**2 / (df + t**2).
        polygamma: function, digamma for order 0.

    Returns:
        The derivative.
    """
    constant = _constant_slope(n, df, polygamma)
    if n == 1:
        near = rest < NEAR
        small = np.where(near, rest, 0)
        series = small * small * power_sum(small, REMAINDER)
        gap = np.where(near, series, np.where(near, 0, logs) - np.where(near, 0, rest))
        return constant - 0.5 * gap + 0.5 * rest / df
    share = 1 - rest
    inner = rest * power_sum(share, range(1, n))
    outer = (n - 1) / df * power_sum(share, [1] * n)
    return constant + 0.5 * (-1) ** n * factorial(n - 2) * rest * (inner - outer) / df ** (n - 1)


def _log_cosh(v: Array) -> Array:
    size = np.abs(v)
    near = np.log1p(2 * np.sinh(0.5 * np.minimum(size, 1.0)) ** 2)
    return np.where(size < 1, near, size + np.log1p(np.exp(-2 * size)) - log(2))


def _polygamma(n: int, x: Array) -> Array:
    special = special_functions(np)
    return special.polygamma(n, x) if n else special.digamma(x)


def student_slope_values(orders: Orders, df: Array, t: Array) -> Array:
    """Derivatives of the probability of numbers up to t in df."""
    special = special_functions(np)
    size = np.abs(t)
    y = np.arcsinh(size / np.sqrt(df))
    inner = size < MIDDLE
    # log(cosh(v)) is above v**2 / 4 up to here, and above v - log(2) everywhere.
    close = 2 * np.sqrt(DECAY / df)
    reach = np.where(close < 1.5, close, DECAY / df + log(2))
    outer_places = np.where(np.isfinite(y), y, 0.0) + reach * PLACES
    v = np.where(inner, 0.5 * y * (NODES + 1), 0.0)
    parts = []
    for places, weights in ((v, NODE_WEIGHTS * 0.5 * y), (outer_places, WEIGHTS * reach)):
        logs = _log_cosh(places)
        rest = np.tanh(places) ** 2
        factor = exponential_factor(
            lambda n, logs=logs, rest=rest: log_density_slope(n, df, 2 * logs, rest, _polygamma),
            orders,
        )
        terms = np.where(factor == 0, 0.0, np.exp(-df * logs) * factor)
        parts.append(np.sum(terms * weights, axis=0))
    z = 0.5 * df
    low = np.minimum(z, FAR)
    ratio = np.exp(special.gammaln(low + 0.5) - special.gammaln(low))
    ratio = np.where(z > FAR, np.exp(_quotient_of_steps(z)) * np.sqrt(z), ratio)
    constant = ratio / sqrt(pi)
    lower = np.where(inner, -parts[0], parts[1]) * constant
    found = np.where(t < 0, lower, -lower)
    found = np.where(np.isfinite(y), found, 0.0)
    return np.where((df > 0) & np.isfinite(df) & (t == t), found, np.nan)


def _along(_operator: Callable[..., Array], orders: Orders, df: Array, t: Array) -> Array:
    def polygamma(n: int, x: Array) -> Array:
        return special.polygamma(n, x) if n else special.digamma(x)

    def g(n: int) -> Any:
        return log_density_slope(n, df, np.log1p(t * t / df), t * t / (df + t * t), polygamma)

    return np.exp(log_density(df, t)) * exponential_factor(g, orders)


student_slope: General = parameter_slope(
    "student_slope", 1, student_slope_values, _along, domains=DOMAIN
)


def _below_there(xp: Any, df: Array, t: Array) -> Array:
    """By the incomplete beta function, which CuPy has."""
    kind = np.result_type(t, np.float32)
    df, t = xp.asarray(df, kind), xp.asarray(t, kind)
    half, square = xp.full((), 0.5, kind), t * t
    betainc = special_functions(xp).betainc
    tail = 0.5 * betainc(0.5 * df, half, df / (df + square))
    middle = 0.5 - 0.5 * betainc(half, 0.5 * df, square / (df + square))
    tail = xp.where(square < df, middle, tail)
    return xp.where(t < 0, tail, 1 - tail)


def share_below(df: Array, t: Array) -> Array:
    """Student's distribution function. In single precision SciPy's own has four digits."""
    wide = (np.asarray(x, np.float64) for x in (df, t))
    out = special_functions(np).stdtr(*wide)
    return out.astype(np.result_type(t, np.float32), copy=False)[()]


stdtr: Elementwise = elementwise(
    "stdtr",
    share_below,
    lambda _o, df, t: student_slope(df, t, orders=(1,)),
    lambda _o, df, t: np.exp(log_density(df, t)),
    domain=DOMAIN,
    kinds="f",
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
    on_gpu=_below_there,
)
stdtrit: Elementwise = of_scipy(
    "stdtrit",
    lambda o, df, _p: -student_slope(df, o, orders=(1,)) * np.exp(-log_density(df, o)),
    lambda o, df, _p: np.exp(-log_density(df, o)),
    domain=((2.2, 6.0), (0.1, 0.9)),
)
