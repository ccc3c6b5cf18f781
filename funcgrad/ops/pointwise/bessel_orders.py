"""Bessel functions of any real order, which SciPy evaluates; derivatives are in the argument.

Recurrences: NIST Digital Library of Mathematical Functions, 10.6 and 10.29.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...typing import Array
from ..families import Elementwise
from .of_scipy import cases_of_orders, of_scipy, refusal

POSITIVE = (0.4, 6.0)


def _of_order(
    name: str, orders: tuple[Any, ...], slope: Callable[..., Array], **declared: Any
) -> Elementwise:
    """A function of an order and an argument."""
    refuse = refusal(name, "the order", "the argument")
    return of_scipy(
        name,
        jvp=(refuse, lambda t, o, v, x: t * slope(o, v, x)),
        cases=cases_of_orders(orders, POSITIVE),
        **declared,
    )


jv: Elementwise = _of_order("jv", (0,), lambda _o, v, x: 0.5 * (jv(v - 1, x) - jv(v + 1, x)))
yv: Elementwise = _of_order("yv", (0,), lambda _o, v, x: 0.5 * (yv(v - 1, x) - yv(v + 1, x)))
yn: Elementwise = _of_order("yn", (0,), lambda _o, n, x: 0.5 * (yn(n - 1, x) - yn(n + 1, x)))
iv: Elementwise = _of_order("iv", (0,), lambda _o, v, x: 0.5 * (iv(v - 1, x) + iv(v + 1, x)))
ive: Elementwise = _of_order(
    "ive", (0,), lambda o, v, x: 0.5 * (ive(v - 1, x) + ive(v + 1, x)) - np.sign(x) * o
)
kv: Elementwise = _of_order("kv", (0,), lambda _o, v, x: -0.5 * (kv(v - 1, x) + kv(v + 1, x)))
kve: Elementwise = _of_order("kve", (0,), lambda o, v, x: o - 0.5 * (kve(v - 1, x) + kve(v + 1, x)))

j0: Elementwise = of_scipy("j0", lambda _o, x: -j1(x), domain=(0.4, 6), gpu=True)
j1: Elementwise = of_scipy("j1", lambda _o, x: 0.5 * (j0(x) - jv(2, x)), domain=(0.4, 6), gpu=True)
y0: Elementwise = of_scipy("y0", lambda _o, x: -y1(x), domain=(0.4, 6), gpu=True)
y1: Elementwise = of_scipy("y1", lambda o, x: y0(x) - o / x, domain=(0.4, 6), gpu=True)
k0: Elementwise = of_scipy("k0", lambda _o, x: -k1(x), domain=(0.3, 3), gpu=True)
k1: Elementwise = of_scipy("k1", lambda o, x: -k0(x) - o / x, domain=(0.3, 3), gpu=True)
k0e: Elementwise = of_scipy("k0e", lambda o, x: o - k1e(x), domain=(0.3, 3), gpu=True)
k1e: Elementwise = of_scipy("k1e", lambda o, x: o - k0e(x) - o / x, domain=(0.3, 3), gpu=True)
