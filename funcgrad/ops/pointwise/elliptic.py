"""Elliptic integrals of the first and second kind, which SciPy evaluates.

Derivatives in the parameter m are of the integrals (NIST Digital Library of Mathematical Functions,
19.2), whose terms stay positive: with t = tan(theta) = exp(u)

    K = integral of t (1 + t**2)**(-1/2) (1 + (1 - m) t**2)**(-1/2) over u,
    E = integral of t (1 + t**2)**(-3/2) (1 + (1 - m) t**2)**(1/2) over u.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, prod
from typing import Any

import numpy as np

from ...typing import Array
from ..families import Elementwise, General
from .bessel_slopes import over_panels
from .beta_slopes import DECAY
from .of_scipy import of_scipy
from .parameter_slopes import Orders, parameter_slope

STEP = 0.25


def _rising(a: float, n: int) -> float:
    return prod(a + k for k in range(n))


def _integrand(second: bool, n: int, logs: Array, m1: Array) -> Array:
    """The derivative of order n in m of that of an integral over logs."""
    power = -1.5 if second else -0.5
    start, exponent = (-0.5, 0.5 - n) if second else (0.5, -0.5 - n)
    with_complement = np.where(m1 > 0, np.logaddexp(0.0, np.log(m1) + 2 * logs), 0.0)
    whole = (2 * n + 1) * logs + power * np.logaddexp(0.0, 2 * logs) + exponent * with_complement
    return _rising(start, n) * np.exp(whole)


def complete_values(second: bool, n: int, m1: Array) -> Array:
    """The derivative of order n in m of a complete integral at m = 1 - m1.

    By the trapezoidal rule, which converges exponentially for such functions of all numbers.
    """
    knee = -0.5 * np.log(m1)
    low, high = np.minimum(0.0, knee) - DECAY, np.maximum(0.0, knee) + DECAY
    count = int(np.ceil(np.max(np.where(np.isfinite(knee), high - low, 0.0), initial=1.0) / STEP))
    places = np.arange(count + 1)[:, None]
    found = np.sum(_integrand(second, n, low + STEP * places, m1), axis=0) * STEP
    return np.where(m1 > 0, found, np.nan)


def _of_complement(second: bool) -> Callable[..., Array]:
    def kernel(orders: Orders, m1: Array) -> Array:
        (n,) = orders
        return (-1) ** n * complete_values(second, n, m1)

    return kernel


def _incomplete(second: bool) -> Callable[..., Array]:
    def kernel(orders: Orders, m: Array, phi: Array) -> Array:
        (n,) = orders
        turns = np.round(phi / pi)
        rest = phi - turns * pi
        end = np.log(np.tan(np.abs(rest)))
        m1 = 1 - m
        knee = np.where(m1 > 0, -0.5 * np.log(np.where(m1 > 0, m1, 1.0)), 0.0)
        reach = DECAY / (2 * n + 1) + np.maximum(end, 0.0) + np.maximum(end - knee, 0.0)
        safe = np.where(np.isfinite(end), end, 0.0)
        reach = np.where(np.isfinite(reach), reach, 1.0)
        found = over_panels(lambda r: _integrand(second, n, safe - r, m1), reach, 4 * np.abs(reach))
        found = np.where(rest == 0, 0.0, np.sign(rest) * found)
        whole = np.where(turns == 0, 0.0, 2 * turns * complete_values(second, n, m1))
        return np.where((m <= 1) & np.isfinite(phi), found + whole, np.nan)

    return kernel


def _along(second: bool) -> Callable[..., Array]:
    """That in phi: the derivative of (1 - m sin(phi)**2)**(-1/2 or 1/2) in m."""

    def along(_operator: Any, orders: Orders, m: Array, phi: Array) -> Array:
        (n,) = orders
        square = np.sin(phi) ** 2
        start, power = (-0.5, 0.5 - n) if second else (0.5, -0.5 - n)
        return _rising(start, n) * square**n * (1 - m * square) ** power

    return along


k_slope: General = parameter_slope(
    "ellipk_slope", 1, _of_complement(False), None, domains=((0.3, 1.6),)
)
e_slope: General = parameter_slope(
    "ellipe_slope", 1, _of_complement(True), None, domains=((0.3, 1.6),)
)
AMPLITUDE = ((-0.6, 0.7), (0.3, 2.8))
kinc_slope: General = parameter_slope(
    "ellipkinc_slope", 1, _incomplete(False), _along(False), domains=AMPLITUDE
)
einc_slope: General = parameter_slope(
    "ellipeinc_slope", 1, _incomplete(True), _along(True), domains=AMPLITUDE
)

ellipk: Elementwise = of_scipy(
    "ellipk", lambda _o, m: -k_slope(1 - m, orders=(1,)), domain=(-0.6, 0.7), gpu=True
)
ellipkm1: Elementwise = of_scipy(
    "ellipkm1", lambda _o, p: k_slope(p, orders=(1,)), domain=(0.3, 1.6), gpu=True
)
ellipe: Elementwise = of_scipy(
    "ellipe", lambda _o, m: -e_slope(1 - m, orders=(1,)), domain=(-0.6, 0.7)
)
ellipkinc: Elementwise = of_scipy(
    "ellipkinc",
    lambda _o, phi, m: (1 - m * np.sin(phi) ** 2) ** -0.5,
    lambda _o, phi, m: kinc_slope(m, phi, orders=(1,)),
    domain=AMPLITUDE[::-1],
    gpu=True,
)
ellipeinc: Elementwise = of_scipy(
    "ellipeinc",
    lambda _o, phi, m: (1 - m * np.sin(phi) ** 2) ** 0.5,
    lambda _o, phi, m: einc_slope(m, phi, orders=(1,)),
    domain=AMPLITUDE[::-1],
    gpu=True,
)
