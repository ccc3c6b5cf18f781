"""Derivatives of Bessel functions in their order, of every order of differentiation.

They are derivatives of integrals (NIST Digital Library of Mathematical Functions, 10.9.6, 10.9.7,
10.32.4 and 10.32.9) or of power series (10.2.2 and 10.25.2) under the sign of the integral or sum.
Series are used where the integral is small against its integrand. Arguments are positive; at
negative ones the functions are real for whole orders only, which have no neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb, factorial, pi

import numpy as np

from ...typing import Array
from ..families import General
from .beta_slopes import DECAY
from .parameter_slopes import (
    Jet,
    Orders,
    exponential_jet,
    log_gamma_jet,
    over_linear,
    parameter_slope,
    times,
)

PANEL, PANEL_WEIGHTS = np.polynomial.legendre.leggauss(24)
MOST_TERMS = 20000


def _turned(n: int, angle: Array) -> Array:
    """The derivative of order n of the cosine."""
    wave = np.sin(angle) if n % 2 else np.cos(angle)
    return -wave if n % 4 in (1, 2) else wave


def _sine_of(v: Array, n: int) -> Array:
    """The derivative of order n of sin(pi v) in v, without rounding where it is 0."""
    whole = np.round(v)
    sign = np.where(whole % 2 == 0, 1.0, -1.0)
    part = pi * (v - whole)
    wave = (np.sin(part), np.cos(part), -np.sin(part), -np.cos(part))[n % 4]
    return sign * wave * pi**n


def over_panels(integrand: Callable[[Array], Array], end: Array, waves: Array) -> Array:
    """The integral over [0, end] by Gauss-Legendre rules on as many panels as waves need."""
    count = max(int(np.ceil(np.max(waves, initial=0.0) / 12)), 2)
    starts = np.arange(count) / count
    places = (starts[:, None] + 0.5 * (PANEL + 1) / count).reshape(-1, 1)
    weights = np.tile(0.5 * PANEL_WEIGHTS / count, count)[:, None]
    return np.sum(integrand(places * end) * weights, axis=0) * end


def _sorted_by_waves(kernel: Callable[..., Array], waves: Array, *operands: Array) -> Array:
    """A kernel on groups of elements with about as many waves."""
    out = np.empty(waves.shape)
    group = np.where(np.isfinite(waves), np.ceil(np.log2(np.maximum(waves, 24.0))), -1.0)
    for g in np.unique(group):
        chosen = group == g
        if g < 0 or g > 14:
            out[chosen] = np.nan
        else:
            out[chosen] = kernel(*[x[chosen] for x in operands])
    return out


def _power_series(orders: Orders, v: Array, x: Array, sign: float, shift: Array) -> Array:
    """The sum of sign**k (x / 2)**(v + 2 k) / (k! gamma(v + k + 1)), times exp(-shift)."""
    (n,) = orders
    logs = log_gamma_jet(v + 1, orders, -1.0)
    half = np.log(0.5 * x)
    logs[(0,)] = logs[(0,)] + v * half - shift
    if n:
        logs[(1,)] = logs[(1,)] + half
    term: Jet = {(k,): np.full_like(x, float(k == 0)) for k in range(n + 1)}
    total = dict(term)
    quarter = 0.25 * x * x
    for k in range(1, MOST_TERMS):
        ratio = sign * quarter / k
        term = {p: c * ratio for p, c in over_linear(term, v + k, (1,)).items()}
        total = {p: total[p] + c for p, c in term.items()}
        if k % 8 == 0:
            size = np.abs(total[(0,)])
            if np.any(size > 1e200):  # terms grow before they fall
                scale = np.where(size > 1e200, 1e-200, 1.0)
                term = {p: c * scale for p, c in term.items()}
                total = {p: c * scale for p, c in total.items()}
                logs[(0,)] = logs[(0,)] - np.log(scale)
            falling = k * k > np.max(quarter, initial=0.0)
            if falling and all(np.all(np.abs(c) <= 1e-18 * size) for c in term.values()):
                break
    return times(exponential_jet(logs, n), total)[(n,)] * factorial(n)


# --- J and Y --------------------------------------------------------------------------------------


def _reach(x: Array, growth: Array) -> Array:
    """Up to where exp(growth t - x sinh(t)) has not decayed."""
    reach = np.arcsinh(DECAY / x)
    for _ in range(16):
        slope = x * np.cosh(reach) - growth
        step = (x * np.sinh(reach) - growth * reach - DECAY) / np.where(slope > 0, slope, 1.0)
        reach = np.where(slope > 0, np.maximum(reach - step, 0.25 * reach), 2 * reach + 0.1)
    return np.where(np.isfinite(reach), reach, 1.0) * 1.05


def _decaying(kernel: Callable[[Array], Array], x: Array, growth: Array) -> Array:
    """The integral over t >= 0 of what decays like exp(growth t - x sinh t)."""
    reach = _reach(x, growth)
    peak = np.sqrt(np.maximum(growth, 0.0))
    return over_panels(kernel, reach, 12 * np.maximum(reach, 6) + 4 * reach * peak)


def _with_sines(
    n: int, v: Array, x: Array, envelope: Callable[[Array], Array], quarter: int
) -> Array:
    """The derivative of order n in v of sin(pi v) times the integral of exp(-v t) envelope(t).

    With ``quarter`` 1 the factor is cos(pi v).
    """
    factors = [comb(n, m) * _sine_of(v, n - m + quarter) / pi**quarter for m in range(n + 1)]

    def kernel(t: Array) -> Array:
        total = factors[n]
        for factor in factors[n - 1 :: -1] if n else ():
            total = total * -t + factor
        return total * envelope(t) * np.exp(-v * t)

    return _decaying(kernel, x, -v)


def _j_integral(orders: Orders, v: Array, x: Array) -> Array:
    (n,) = orders

    def waves(theta: Array) -> Array:
        return theta**n * _turned(n, v * theta - x * np.sin(theta))

    first = over_panels(waves, np.full_like(x, pi), x + np.abs(v) * pi) / pi
    second = _with_sines(n, v, x, lambda t: np.exp(-x * np.sinh(t)), 0)
    return first - second / pi


def _y_integral(orders: Orders, v: Array, x: Array) -> Array:
    (n,) = orders

    def waves(theta: Array) -> Array:
        return theta**n * _turned(n - 1, v * theta - x * np.sin(theta))

    first = -over_panels(waves, np.full_like(x, pi), x + np.abs(v) * pi) / pi

    def growing(t: Array) -> Array:
        return t**n * np.exp(v * t - x * np.sinh(t))

    second = _decaying(growing, x, v)
    second = second + _with_sines(n, v, x, lambda t: np.exp(-x * np.sinh(t)), 1)
    return first - second / pi


def _outside(x: Array, at_zero: Array, inside: Array) -> Array:
    return np.where(x > 0, inside, np.where(x == 0, at_zero, np.nan))


def j_slope_values(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of J in its order."""
    safe = np.where(x > 0, x, 1.0)
    # The terms of the series are as large as I, those of the integral as 1.
    size = np.maximum(v, 0.0)
    by_series = (v >= 0) & (np.hypot(size, safe) - size * np.arcsinh(size / safe) < 3)
    out = np.empty_like(x)
    if by_series.any():
        vs, xs = v[by_series], safe[by_series]
        out[by_series] = _power_series(orders, vs, xs, -1.0, 0 * xs)
    rest = ~by_series
    if rest.any():
        vs, xs = v[rest], safe[rest]
        out[rest] = _sorted_by_waves(
            lambda v, x: _j_integral(orders, v, x), xs + np.abs(vs) * pi, vs, xs
        )
    return _outside(x, np.where(v > 0, 0.0, np.nan), out)


def y_slope_values(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of Y in its order."""
    safe = np.where(x > 0, x, 1.0)
    out = _sorted_by_waves(lambda v, x: _y_integral(orders, v, x), safe + np.abs(v) * pi, v, safe)
    return _outside(x, np.full_like(x, np.nan), out)


# --- I and K, also times exp(-x) and exp(x) -------------------------------------------------------


def scaled_k_slope(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of exp(x) K in its order.

    The integral of t**n cosh(v t) exp(-x (cosh(t) - 1)), by the trapezoidal rule, which converges
    exponentially for such functions, around the maximum.
    """
    (n,) = orders
    size = np.abs(v)
    q = np.hypot(size, x)
    top = np.arcsinh(size / x)
    above = np.arccosh(1 + DECAY / q)
    under = top
    for _ in range(12):
        fall = q * (np.cosh(above) - 1) + size * (np.sinh(above) - above) - DECAY
        above = above - np.maximum(fall / (q * np.sinh(above) + size * (np.cosh(above) - 1)), 0)
        fall = q * (np.cosh(under) - 1) - size * (np.sinh(under) - under) - DECAY
        slope = q * np.sinh(under) - size * (np.cosh(under) - 1)
        under = under - np.where(fall > 0, fall / np.where(slope > 0, slope, 1.0), 0.0)
    low, high = np.maximum(top - under, 0.0), top + above
    count = 160
    share = np.linspace(0.0, 1.0, count + 1)[:, None]
    t = low + (high - low) * share
    # cosh or sinh, of which one exponential decays.
    falling = np.exp(-size * t - x * 2 * np.sinh(0.5 * t) ** 2)
    rising = np.exp(size * t - x * 2 * np.sinh(0.5 * t) ** 2)
    values = t**n * 0.5 * (rising + (-1) ** n * falling)
    weights = np.where((share == 0) | (share == 1), 0.5, 1.0)
    total = np.sum(values * weights, axis=0) * (high - low) / count
    return total * np.where((v < 0) & (n % 2 == 1), -1.0, 1.0)


def _i_integral(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of exp(-x) I."""
    (n,) = orders
    end = np.where(x > 22, np.arccos(np.maximum(1 - DECAY / x, -1.0)), pi)

    def waves(theta: Array) -> Array:
        return theta**n * _turned(n, v * theta) * np.exp(-2 * x * np.sin(0.5 * theta) ** 2)

    first = over_panels(waves, end, 24 + np.abs(v) * pi) / pi
    second = _with_sines(n, v, x, lambda t: np.exp(-x * (np.cosh(t) + 1)), 0)
    return first - second / pi


def scaled_i_slope(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of exp(-x) I in its order."""
    by_series = (v >= 0) & ((x < 10) | (v * v > 4 * x))
    out = np.empty_like(x)
    if by_series.any():
        vs, xs = v[by_series], x[by_series]
        out[by_series] = _power_series(orders, vs, xs, 1.0, xs)
    rest = ~by_series
    if rest.any():
        vs, xs = v[rest], x[rest]
        out[rest] = _sorted_by_waves(
            lambda v, x: _i_integral(orders, v, x), 24 + np.abs(vs) * pi, vs, xs
        )
    return out


def i_slope_values(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of I in its order."""
    safe = np.where(x > 0, x, 1.0)
    inside = scaled_i_slope(orders, v, safe) * np.exp(safe)
    return _outside(x, np.where(v > 0, 0.0, np.nan), inside)


def ie_slope_values(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of exp(-x) I in its order."""
    inside = scaled_i_slope(orders, v, np.where(x > 0, x, 1.0))
    return _outside(x, np.where(v > 0, 0.0, np.nan), inside)


def k_slope_values(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of K in its order."""
    safe = np.where(x > 0, x, 1.0)
    inside = scaled_k_slope(orders, v, safe) * np.exp(-safe)
    return _outside(x, np.full_like(x, np.nan), inside)


def ke_slope_values(orders: Orders, v: Array, x: Array) -> Array:
    """Derivatives of exp(x) K in its order."""
    inside = scaled_k_slope(orders, v, np.where(x > 0, x, 1.0))
    return _outside(x, np.full_like(x, np.nan), inside)


# --- operators ------------------------------------------------------------------------------------


def _recurrence(before: float, after: float, itself: float) -> Callable[..., Array]:
    """The derivative in the argument from neighbouring orders, which differentiation leaves."""

    def along(operator: Callable[..., Array], orders: Orders, v: Array, x: Array) -> Array:
        lower, upper = (operator(w, x, orders=orders) for w in (v - 1, v + 1))
        total = before * lower + after * upper
        return total + itself * operator(v, x, orders=orders) if itself else total

    return along


DOMAINS = ((0.3, 3.4), (0.4, 6.0))
j_slope: General = parameter_slope(
    "jv_slope", 1, j_slope_values, _recurrence(0.5, -0.5, 0), domains=DOMAINS
)
y_slope: General = parameter_slope(
    "yv_slope", 1, y_slope_values, _recurrence(0.5, -0.5, 0), domains=DOMAINS
)
i_slope: General = parameter_slope(
    "iv_slope", 1, i_slope_values, _recurrence(0.5, 0.5, 0), domains=DOMAINS
)
ie_slope: General = parameter_slope(
    "ive_slope", 1, ie_slope_values, _recurrence(0.5, 0.5, -1), domains=DOMAINS
)
k_slope: General = parameter_slope(
    "kv_slope", 1, k_slope_values, _recurrence(-0.5, -0.5, 0), domains=DOMAINS
)
ke_slope: General = parameter_slope(
    "kve_slope", 1, ke_slope_values, _recurrence(-0.5, -0.5, 1), domains=DOMAINS
)
