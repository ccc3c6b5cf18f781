"""The probabilities and quantiles of von Mises' distribution, whose density is exp(kappa cos(x)).

The tail from x to pi is an integral; its derivatives in kappa are those of the integrand (Mardia
and Jupp, Directional statistics, 2000, 3.5).
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import Hazard
from ...typing import Array
from ..families import Elementwise, General, elementwise
from .bessel import scaled_bessel
from .bessel_i0_i1 import i0, i1
from .bessel_slopes import over_panels
from .beta_slopes import DECAY
from .comparison import select
from .of_scipy import SCIPY
from .parameter_slopes import Orders, few_cases, parameter_slope

TURN = 2 * pi


def tail_values(orders: Orders, kappa: Array, x: Array) -> Array:
    """The integral of (cos(t) - 1)**n exp(kappa (cos(t) - 1)) / (2 pi) over t from |x| to pi."""
    (n,) = orders
    start = np.minimum(np.abs(x), pi)
    lowest = np.cos(start) - DECAY / np.where(kappa > 0, kappa, 1.0)
    end = np.where((kappa > 0) & (lowest > -1), np.arccos(np.maximum(lowest, -1.0)), pi)

    def integrand(r: Array) -> Array:
        below = -2 * np.sin(0.5 * (start + r)) ** 2
        return below**n * np.exp(kappa * below)

    found = over_panels(integrand, end - start, np.full_like(x, 72.0)) / TURN
    return np.where(kappa >= 0, found, np.nan)


def _along(_operator: Any, orders: Orders, kappa: Array, x: Array) -> Array:
    (n,) = orders
    below = -2 * np.sin(0.5 * x) ** 2
    return -np.sign(x) * below**n * np.exp(kappa * below) / TURN


DOMAINS = ((0.4, 4.0), (0.3, 2.6))
von_mises_tail: General = parameter_slope("von_mises_tail", 1, tail_values, _along, domains=DOMAINS)


def _share_above(kappa: Array, x: Array) -> Array:
    return tail_values((0,), kappa, x) / special_functions(np).i0e(kappa)


def quantile_values(kappa: Array, q: Array) -> Array:
    """The number below which others are with probability q, by halving."""
    dtype = np.result_type(q, kappa, np.float32)
    kappa, q = np.broadcast_arrays(np.asarray(kappa, float), np.asarray(q, float))
    shape = q.shape
    kappa, q = kappa.reshape(-1), q.reshape(-1)
    tail = np.minimum(q, 1 - q)
    low, high = np.zeros_like(tail), np.full_like(tail, pi)
    with np.errstate(all="ignore"):
        for _ in range(58):
            middle = 0.5 * (low + high)
            above = _share_above(kappa, middle) > tail
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        out = np.where(q < 0.5, -low, low)
        out = np.where((q >= 0) & (q <= 1) & (kappa >= 0), out, np.nan)
    return out.reshape(shape).astype(dtype, copy=False)[()]


def bessel_of_positive(kappa: Array, order: int) -> Array:
    """exp(-kappa) I(kappa), with its derivatives from the right at 0."""
    small = kappa < 1
    at = select(small, kappa, 0)
    near = np.exp(-at) * (i1(at) if order else i0(at))
    return select(small, near, scaled_bessel(select(small, 1, kappa), order=order))


def density(kappa: Array, x: Array) -> Array:
    """The density, of operators."""
    return np.exp(-2 * kappa * np.sin(0.5 * x) ** 2) / (TURN * bessel_of_positive(kappa, 0))


def share_above(kappa: Array, x: Array) -> Array:
    """The probability of numbers from |x| to pi, of operators."""
    return von_mises_tail(kappa, x, orders=(0,)) / bessel_of_positive(kappa, 0)


def _quantile_slope(o: Array, kappa: Array, _q: Array) -> Array:
    """By the derivative of the tail in kappa at constant probability."""
    scale = bessel_of_positive(kappa, 0)
    log_scale = bessel_of_positive(kappa, 1) / scale - 1
    inner = von_mises_tail(kappa, o, orders=(1,)) / scale - share_above(kappa, o) * log_scale
    return np.sign(o) * inner / density(kappa, o)


von_mises_quantile: Elementwise = elementwise(
    "von_mises_quantile",
    quantile_values,
    _quantile_slope,
    lambda o, kappa, _q: 1 / density(kappa, o),
    cases=few_cases(((0.6, 4.0), (0.55, 0.95))),
    on_gpu=on_host(quantile_values),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)
