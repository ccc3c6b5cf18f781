"""Bessel functions of any real order, and those of Airy, which SciPy evaluates.

Recurrences: NIST Digital Library of Mathematical Functions, 10.6, 10.29 and 9.2.1; derivatives in
the order are in ``bessel_slopes``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...typing import Array
from ..families import Elementwise, General
from .bessel_slopes import i_slope, ie_slope, j_slope, k_slope, ke_slope, y_slope
from .of_scipy import cases_of_orders, of_scipy

POSITIVE = (0.4, 6.0)


ORDER = (0.3, 3.4)


def _of_order(
    name: str, order_slope: General, slope: Callable[..., Array], **declared: Any
) -> Elementwise:
    """A function of an order and an argument."""
    return of_scipy(
        name,
        lambda _o, v, x: order_slope(v, x, orders=(1,)),
        slope,
        domain=(ORDER, POSITIVE),
        **declared,
    )


jv: Elementwise = _of_order("jv", j_slope, lambda _o, v, x: 0.5 * (jv(v - 1, x) - jv(v + 1, x)))
yv: Elementwise = _of_order("yv", y_slope, lambda _o, v, x: 0.5 * (yv(v - 1, x) - yv(v + 1, x)))
yn: Elementwise = of_scipy(
    "yn",
    None,
    lambda _o, n, x: 0.5 * (yn(n - 1, x) - yn(n + 1, x)),
    cases=cases_of_orders((0,), POSITIVE),
)
iv: Elementwise = _of_order("iv", i_slope, lambda _o, v, x: 0.5 * (iv(v - 1, x) + iv(v + 1, x)))
ive: Elementwise = _of_order(
    "ive", ie_slope, lambda o, v, x: 0.5 * (ive(v - 1, x) + ive(v + 1, x)) - np.sign(x) * o
)
kv: Elementwise = _of_order("kv", k_slope, lambda _o, v, x: -0.5 * (kv(v - 1, x) + kv(v + 1, x)))
kve: Elementwise = _of_order(
    "kve", ke_slope, lambda o, v, x: o - 0.5 * (kve(v - 1, x) + kve(v + 1, x))
)

j0: Elementwise = of_scipy("j0", lambda _o, x: -j1(x), domain=(0.4, 6), gpu=True)
j1: Elementwise = of_scipy("j1", lambda _o, x: 0.5 * (j0(x) - jv(2, x)), domain=(0.4, 6), gpu=True)
y0: Elementwise = of_scipy("y0", lambda _o, x: -y1(x), domain=(0.4, 6), gpu=True)
y1: Elementwise = of_scipy("y1", lambda o, x: y0(x) - o / x, domain=(0.4, 6), gpu=True)
k0: Elementwise = of_scipy("k0", lambda _o, x: -k1(x), domain=(0.3, 3), gpu=True)
k1: Elementwise = of_scipy("k1", lambda o, x: -k0(x) - o / x, domain=(0.3, 3), gpu=True)
k0e: Elementwise = of_scipy("k0e", lambda o, x: o - k1e(x), domain=(0.3, 3), gpu=True)
k1e: Elementwise = of_scipy("k1e", lambda o, x: o - k0e(x) - o / x, domain=(0.3, 3), gpu=True)


def _airy(name: str, part: int, slope: Callable[..., Array]) -> Elementwise:
    return of_scipy(name, slope, function="airy", part=part)


airy_ai: Elementwise = _airy("airy_ai", 0, lambda _o, x: airy_ai_slope(x))
airy_ai_slope: Elementwise = _airy("airy_ai_slope", 1, lambda _o, x: x * airy_ai(x))
airy_bi: Elementwise = _airy("airy_bi", 2, lambda _o, x: airy_bi_slope(x))
airy_bi_slope: Elementwise = _airy("airy_bi_slope", 3, lambda _o, x: x * airy_bi(x))
