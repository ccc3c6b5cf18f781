"""The zeta functions of Hurwitz and Riemann, which SciPy evaluates on NumPy's arrays.

The derivative in q is of the terms of the sum (NIST Digital Library of Mathematical Functions,
25.11.17); those in the exponent are of the formula of Euler and Maclaurin, term by term (25.11.28).
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial, log, pi
from typing import Any

import numpy as np

from ...arrays import ArrayModule, on_host, special_functions
from ...core.facts import Float64, Hazard
from ...typing import Array
from ..families import Elementwise, General, elementwise
from .of_scipy import of_scipy
from .parameter_slopes import (
    Jet,
    Orders,
    exponential_jet,
    log_gamma_jet,
    over_linear,
    parameter_slope,
    times,
    times_linear,
)

DOMAIN = ((1.6, 4.0), (0.5, 3.0))
TERMS = 24
"""Terms that are summed as they are; those behind are an integral and corrections."""

BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip
"""The Bernoulli numbers of even index, from 2 on."""


def exponent_slope_values(orders: Orders, x: Array, q: Array) -> Array:
    """Derivatives of the sum of (k + q)**-x over k from 0 in x."""
    (n,) = orders
    total = np.zeros_like(x)
    for k in range(TERMS):
        total = total + (-np.log(q + k)) ** n * (q + k) ** -x
    far = q + TERMS
    logs = -np.log(far)
    power: Jet = {(k,): far**-x * logs**k / factorial(k) for k in range(n + 1)}
    rest = over_linear({p: c * far for p, c in power.items()}, x - 1, (1,))
    rest = {p: c + 0.5 * power[p] for p, c in rest.items()}
    rising = power
    for j, b in enumerate(BERNOULLI, start=1):
        if j == 1:
            rising = times_linear(rising, x, (1,))
        else:
            for step in (2 * j - 3, 2 * j - 2):
                rising = times_linear(rising, x + step, (1,))
        scale = b / factorial(2 * j) * far ** (1.0 - 2 * j)
        rest = {p: rest[p] + scale * c for p, c in rising.items()}
    return total + rest[(n,)] * factorial(n)


def hurwitz_slope_values(orders: Orders, x: Array, q: Array) -> Array:
    """The same where SciPy has the function."""
    safe = np.where(q > 0, q, 1.0)
    return np.where((x > 1) & (q > 0), exponent_slope_values(orders, x, safe), np.nan)


def _along(operator: Callable[..., Array], orders: Orders, x: Array, q: Array) -> Array:
    """That of -x times the function at x + 1 in x, by Leibniz' rule."""
    (n,) = orders
    lower = operator(x + 1, q, orders=(n - 1,)) if n > 1 else zeta(x + 1, q)
    return -(x * operator(x + 1, q, orders=orders) + n * lower)


def zeta_values(x: Array, q: Array) -> Array:
    """The sum of (k + q)**-x over k from 0, in the precision of q."""
    out = special_functions(np).zeta(x, q)
    dtype = getattr(q, "dtype", out.dtype)
    return out.astype(dtype if dtype.kind == "f" else out.dtype, copy=False)[()]


def _on_gpu(xp: ArrayModule, x: Array, q: Array) -> Array:
    dtype = np.result_type(q, np.float32)
    return special_functions(xp).zeta(xp.asarray(x, dtype), xp.asarray(q, dtype))


zeta_slope: General = parameter_slope("zeta_slope", 1, hurwitz_slope_values, _along, domains=DOMAIN)
zeta: Elementwise = elementwise(
    "zeta",
    zeta_values,
    lambda _o, x, q: zeta_slope(x, q, orders=(1,)),
    lambda _o, x, q: -x * zeta(x + 1, q),
    domain=DOMAIN,
    kinds="f",
    on_gpu=_on_gpu,
    elements=Float64("a function of SciPy for float64"),
    hazard=Hazard.DOMAIN,
)


def riemann_slope_values(orders: Orders, x: Array) -> Array:
    """Derivatives of Riemann's function, below 0 by its reflection (25.4.1)."""
    (n,) = orders
    negative = x < 0
    above = exponent_slope_values(orders, np.where(negative, 2.0, x), np.ones_like(x))
    y = np.where(negative, 1 - x, 2.0)
    logs = log_gamma_jet(y, orders, 1.0)
    logs = {p: c * (-1) ** p[0] for p, c in logs.items()}
    logs[(0,)] = logs[(0,)] + (1 - y) * log(2 * pi)
    if n:
        logs[(1,)] = logs[(1,)] + log(2 * pi)
    half = 0.5 * pi * np.remainder(1 - y, 4.0)
    waves = (np.sin(half), np.cos(half), -np.sin(half), -np.cos(half))
    sine: Jet = {(k,): waves[k % 4] * (0.5 * pi) ** k / factorial(k) for k in range(n + 1)}
    ones = np.ones_like(x)
    mirrored: Jet = {
        (k,): (-1) ** k / factorial(k) * exponent_slope_values((k,), y, ones) for k in range(n + 1)
    }
    below = times(times(exponential_jet(logs, n), sine), mirrored)[orders] * factorial(n) / pi
    return np.where(x == 1, np.nan, np.where(negative, below, above))


def riemann_values(x: Array) -> Array:
    """Riemann's zeta function, also below 1."""
    return special_functions(np).zeta(x)[()]


riemann_slope: General = parameter_slope(
    "riemann_zeta_slope", 1, riemann_slope_values, None, domains=((1.6, 4.0),)
)


def _riemann_slope(_o: Array, x: Array) -> Any:
    return riemann_slope(x, orders=(1,))


riemann_zeta: Elementwise = of_scipy(
    "riemann_zeta",
    _riemann_slope,
    function="zeta",
    domain=(1.6, 4.0),
    on_gpu=on_host(riemann_values),
)
