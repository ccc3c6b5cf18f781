"""Legendre functions, derivatives of polynomials, and the normalised ones of spherical harmonics.

Recurrences: NIST Digital Library of Mathematical Functions, 18.9.1 and 14.10.3; the normalised ones
of Holmes and Featherstone, A unified approach to the Clenshaw summation (2002), equation 11. The
derivative in the angle is of neighbouring orders, without a quotient, so that it is there at the
poles, too (Varshalovich et al., Quantum theory of angular momentum, 5.8.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import pi

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, elementwise, sample
from .of_scipy import SCIPY, of_scipy, refusal
from .parameter_slopes import result_dtype

MOST_DEGREES = 100_000
"""Up to which degree recurrences go; functions of higher ones are NaN."""


def _whole(*numbers: Array) -> list[Array]:
    return [np.asarray(n, np.int64) for n in numbers]


def legendre_values(n: Array, k: Array, x: Array) -> Array:
    """The derivative of order k of the Legendre polynomial of degree n.

    It is (2 k - 1)!! times the Gegenbauer polynomial of degree n - k and parameter k + 1/2.
    """
    dtype = result_dtype(x)
    n, k, x = np.broadcast_arrays(*_whole(n, k), np.asarray(x, np.float64))
    outside = (n < 0) | (k < 0) | (n > MOST_DEGREES) | (k > MOST_DEGREES)
    n, k = (np.where(outside, 0, m) for m in (n, k))
    degree = n - k
    order = k + 0.5
    with np.errstate(all="ignore"):
        before, last = np.zeros(x.shape), np.ones(x.shape)
        found = np.where(degree == 0, last, 0.0)
        for j in range(1, int(np.max(degree, initial=0)) + 1):
            next_one = (2 * (j + order - 1) * x * last - (j + 2 * order - 2) * before) / j
            before, last = last, next_one
            found = np.where(degree == j, last, found)
        odd = np.ones(x.shape)
        for j in range(1, int(np.max(k, initial=0)) + 1):
            odd = np.where(k >= j, odd * (2 * j - 1), odd)
        found = np.where(degree < 0, 0.0, found * odd)
    found = np.where(outside, np.nan, found)
    return found.astype(dtype, copy=False)[()]


def spherical_values(n: Array, m: Array, theta: Array) -> Array:
    """The factor of a spherical harmonic of degree n and order m that depends on the polar angle.

    Its square is the density of directions, with the phase (-1)**m of Condon and Shortley.
    """
    dtype = result_dtype(theta)
    n, m, theta = np.broadcast_arrays(*_whole(n, m), np.asarray(theta, np.float64))
    outside = (n < 0) | (n > MOST_DEGREES)
    n, m = np.where(outside, 0, n), np.where(outside, 0, m)
    size = np.abs(m)
    x, s = np.cos(theta), np.sin(theta)
    gammaln = special_functions(np).gammaln
    with np.errstate(all="ignore"):
        logs = gammaln(2 * size + 1.0) - 2 * gammaln(size + 1.0) - 2 * size * np.log(2.0)
        start = (-s) ** size * np.sqrt((2 * size + 1) / (4 * pi) * np.exp(logs))
        before, last = np.zeros(x.shape), start
        found = np.where(n == size, last, 0.0)
        for degree in range(1, int(np.max(n, initial=0)) + 1):
            above = degree > size
            square = np.where(above, degree * degree - size * size, 1)
            a = np.sqrt((4.0 * degree * degree - 1) / square)
            lower = (degree - 1) ** 2
            b = np.sqrt(np.maximum(lower - size * size, 0) / abs(4.0 * lower - 1))
            next_one = a * (x * last - b * before)
            before, last = np.where(above, last, before), np.where(above, next_one, last)
            found = np.where(above & (n == degree), last, found)
    found = np.where(size > n, 0.0, np.where((m < 0) & (size % 2 == 1), -found, found))
    found = np.where(outside, np.nan, found)
    return found.astype(dtype, copy=False)[()]


def _spherical_slope(_o: Array, n: Array, m: Array, theta: Array) -> Array:
    up = np.sqrt(np.maximum((n - m) * (n + m + 1.0), 0.0))
    down = np.sqrt(np.maximum((n + m) * (n - m + 1.0), 0.0))
    higher, lower = (spherical_legendre(n, k, theta) for k in (m + 1, m - 1))
    return 0.5 * (up * higher - down * lower)


def _legendre_cases(rng: np.random.Generator) -> Iterator[Case]:
    degrees, orders = np.array([1, 3, 4]), np.array([[0], [1]])
    for dtype in ("f8", "f4"):
        yield Case(degrees, orders, sample(rng, (2, 3), dtype, (-0.9, 0.9)))
    yield Case(np.array([[2], [5]]), 1, sample(rng, (3,), "f8", (-0.9, 0.9)))
    yield Case(3, 1, sample(rng, (), "f8", (-0.9, 0.9)))


def _spherical_cases(rng: np.random.Generator) -> Iterator[Case]:
    degrees, orders = np.array([1, 3, 4]), np.array([[0], [-1]])
    for dtype in ("f8", "f4"):
        yield Case(degrees, orders, sample(rng, (2, 3), dtype, (0.2, 3)))
    yield Case(np.array([[2], [5]]), 1, sample(rng, (3,), "f8", (0.2, 3)))
    yield Case(3, 2, sample(rng, (), "f8", (0.2, 3)))


legendre_derivative: Elementwise = elementwise(
    "legendre_derivative",
    legendre_values,
    None,
    None,
    lambda _o, n, k, x: legendre_derivative(n, k + 1, x),
    cases=_legendre_cases,
    on_gpu=on_host(legendre_values),
    elements=SCIPY,
    masks=False,
    hazard=Hazard.DOMAIN,
)
spherical_legendre: Elementwise = elementwise(
    "spherical_legendre",
    spherical_values,
    None,
    None,
    _spherical_slope,
    cases=_spherical_cases,
    on_gpu=on_host(spherical_values),
    elements=SCIPY,
    masks=False,
    hazard=Hazard.DOMAIN,
)


def _lpmv_slope(t: Array, o: Array, m: Array, v: Array, x: Array) -> Array:
    """NIST Digital Library of Mathematical Functions, 14.10.5."""
    return t * ((v + m) * lpmv_function(m, v - 1, x) - v * x * o) / (1 - x * x)


def _lpmv_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4"):
        yield Case(np.array([0, 1, 2]), 3, sample(rng, (2, 3), dtype, (-0.9, 0.9)))
    yield Case(np.array([[0], [1]]), 2, sample(rng, (3,), "f8", (-0.9, 0.9)))
    yield Case(1, 2, sample(rng, (), "f8", (-0.9, 0.9)))


lpmv_function: Elementwise = of_scipy(
    "lpmv",
    jvp=(None, refusal("lpmv", "the degree", "the argument"), _lpmv_slope),
    cases=_lpmv_cases,
    gpu=True,
)
