"""Hypergeometric functions 0F1, 1F1 and 2F1 of real numbers, which SciPy evaluates.

Derivatives in the argument: NIST Digital Library of Mathematical Functions, 15.5.1, 13.3.15 and
16.3.1. Those in parameters are of power series, term by term, after Kummer's (13.2.39) or Pfaff's
(15.8.1) transformation where that makes terms of one sign of terms that alternate. Next to 1, and
far below 0, which Pfaff's transformation takes there, 2F1 is followed from 0.9 on by the Taylor
series of its differential equation (15.10.1); at 1 itself it is Gauss's sum (15.4.20).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import comb, factorial, prod
from typing import Any

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import Hazard
from ...typing import Array
from ..families import Elementwise, General, elementwise
from .of_scipy import SCIPY, values_of
from .parameter_slopes import Orders, few_cases, parameter_slope

MOST_TERMS = 20000
_START = 0.1
"""How far from 1 the series of 2F1 is left for the steps towards 1."""
_NEAREST = 2.0**-110
"""How far from 1 the steps end."""

Linear = tuple[Any, Sequence[Any]]
"""A parameter of the series, and how it moves with the steps of those of the function."""


def _times_linear(jet: Array, value: Array, signs: Sequence[Any]) -> Array:
    """The product with value + the sum of signs[i] * step i; steps are the first axes."""
    out = value * jet
    for i, sign in enumerate(signs):
        if np.any(sign):
            higher, lower = ((slice(None),) * i + (s,) for s in (slice(1, None), slice(-1)))
            out[higher] += sign * jet[lower]
    return out


def _over_linear(jet: Array, value: Array, i: int) -> Array:
    """The quotient by value + step i."""
    out = np.moveaxis(jet / value, i, 0)
    for k in range(1, out.shape[0]):
        out[k] -= out[k - 1] / value
    return np.moveaxis(out, 0, i)


def series(orders: Orders, above: Sequence[Linear], under: tuple[Array, int], x: Array) -> Array:
    """The power series in x with parameters above and one under the line, as a series in steps.

    Its coefficients are in the first axes, one for each step, of the parameter that ``orders`` has
    there.
    """
    term = np.zeros((*[n + 1 for n in orders], x.size))
    term[(0,) * len(orders)] = 1.0
    total = term.copy()
    axes = tuple(range(len(orders)))
    for k in range(MOST_TERMS):
        for value, signs in above:
            term = _times_linear(term, value + k, signs)
        term = _over_linear(term, under[0] + k, under[1])
        term *= x / (k + 1)
        total += term
        if k % 8 == 7:
            size, last = (np.max(np.abs(c), axis=axes) for c in (total, term))
            if not np.any(last > 1e-18 * size):
                return total
    return np.where(last > 1e-15 * size, np.nan, total)


def _sum_and_slope(
    orders: Orders, a: Linear, b: Linear, c: Linear, x: float, size: int
) -> tuple[Array, Array]:
    """The power series of 2F1 at a number, and its derivative there, as series in steps."""
    term = np.zeros((*[n + 1 for n in orders], size))
    term[(0,) * len(orders)] = 1.0
    total, slope = term.copy(), np.zeros_like(term)
    for k in range(MOST_TERMS):
        for value, signs in (a, b):
            term = _times_linear(term, value + k, signs)
        term = _over_linear(term, c[0] + k, 2) * (x / (k + 1))
        total += term
        slope += term * ((k + 1) / x)
        if k % 8 == 7 and np.max(np.abs(term) / (1e-300 + np.max(np.abs(total)))) < 1e-18:
            break
    return total, slope


def _stepped(
    value: Array, slope: Array, a: Linear, b: Linear, c: Linear, at: Array, to: Array
) -> tuple[Array, Array]:
    """What a solution of 2F1's equation, and its derivative in the distance from 1, become."""
    h = to - at
    moving = h != 0
    scale = 1 / (at * (1 - at))
    middle = (a[0] + b[0] + 1) * (1 - at) - c[0]
    turns = [(i + j) * (1 - at) - k for i, j, k in zip(a[1], b[1], c[1], strict=True)]
    last, term = value, slope * h
    total, moved = value + term, term.copy()
    for k in range(MOST_TERMS):
        lower = _times_linear(_times_linear(last, a[0] + k, a[1]), b[0] + k, b[1])
        upper = _times_linear(term, (1 - 2 * at) * k + middle, turns)
        last, term = term, (lower * (h / (k + 1)) - upper) * (scale * h / (k + 2))
        total += term
        moved += (k + 2) * term
        if k % 8 == 7 and np.all(np.abs(term) <= 1e-18 * np.max(np.abs(total), (0, 1, 2))):
            break
    return total, np.where(moving, moved / np.where(moving, h, 1), slope)


def near_one(orders: Orders, a: Linear, b: Linear, c: Linear, distance: Array) -> Array:
    """2F1 as a series in steps of its parameters, at a small distance from 1."""
    value, slope = _sum_and_slope(orders, a, b, c, 1 - _START, distance.size)
    slope = -slope
    at = np.full_like(distance, _START)
    while np.any(at != distance):
        to = np.maximum(0.5 * at, distance)
        value, slope = _stepped(value, slope, a, b, c, at, to)
        at = to
    return value


def at_one(orders: Orders, a: Array, b: Array, c: Array) -> Array:
    """Gauss's sum, 2F1 at 1, as a series in steps of its parameters: the exponential of another.

    Where c - a or c - b is a pole of the gamma function, and the sum 0, there is NaN.
    """
    parts = ((1, c, (0, 0, 1)), (1, c - a - b, (-1, -1, 1)),
             (-1, c - a, (-1, 0, 1)), (-1, c - b, (0, -1, 1)))  # fmt: skip
    functions = special_functions(np)
    shape = tuple(n + 1 for n in orders)
    logs = np.zeros((*shape, a.size))
    for n in np.ndindex(*shape):
        for weight, value, signs in parts if any(n) else ():
            factor = prod(s**i / factorial(i) for s, i in zip(signs, n, strict=True))
            if factor:
                poles = (value <= 0) & (value == np.floor(value))
                slope = functions.polygamma(sum(n) - 1, np.where(poles, np.nan, value))
                logs[n] += weight * factor * slope
    power = np.zeros_like(logs)
    power[0, 0, 0] = functions.hyp2f1(a, b, c, 1.0)
    total = power.copy()
    for k in range(1, sum(orders) + 1):
        power = _product(power, logs) / k
        total += power
    return total


def _product(x: Array, y: Array) -> Array:
    """The product of two series in steps, as far as they go."""
    out = np.zeros_like(x)
    for n in np.ndindex(*x.shape[:-1]):
        rest = (
            tuple(slice(i, None) for i in n),
            tuple(slice(s - i) for i, s in zip(n, x.shape[:-1], strict=True)),
        )
        out[rest[0]] += x[n] * y[rest[1]]
    return out


def _derivative(jet: Array, orders: Orders) -> Array:
    return jet[orders] * prod(map(factorial, orders))  # type: ignore[no-any-return]


def _selected(
    kernels: Sequence[tuple[Array, Callable[..., Array]]], orders: Orders, *operands: Array
) -> Array:
    """Several evaluations, each of the elements that are its own; NaN elsewhere."""
    out = np.full_like(operands[0], np.nan)
    for chosen, kernel in kernels:
        if chosen.any():
            out[chosen] = kernel(orders, *[x[chosen] for x in operands])
    return out


def _pole(c: Array) -> Array:
    return (c <= 0) & (c == np.floor(c))


def of_0f1(orders: Orders, b: Array, x: Array) -> Array:
    """Derivatives of 0F1 in its parameter."""
    good = ~_pole(b) & np.isfinite(b) & np.isfinite(x)
    return _selected(
        [(good, lambda n, b, x: _derivative(series(n, [], (b, 0), x), n))], orders, b, x
    )


def of_1f1(orders: Orders, a: Array, b: Array, x: Array) -> Array:
    """Derivatives of 1F1 in its parameters."""
    good = ~_pole(b) & np.isfinite(a) & np.isfinite(b) & np.isfinite(x)

    def direct(n: Orders, a: Array, b: Array, x: Array) -> Array:
        return _derivative(series(n, [(a, (1, 0))], (b, 1), x), n)

    def kummer(n: Orders, a: Array, b: Array, x: Array) -> Array:
        jet = series(n, [(b - a, (-1, 1))], (b, 1), -x)
        return np.exp(x) * _derivative(jet, n)

    return _selected([(good & (x >= 0), direct), (good & (x < 0), kummer)], orders, a, b, x)


def of_2f1(orders: Orders, a: Array, b: Array, c: Array, z: Array) -> Array:
    """Derivatives of 2F1 in its parameters."""
    good = ~_pole(c) & np.isfinite(a) & np.isfinite(b) & np.isfinite(c)

    def direct(n: Orders, a: Array, b: Array, c: Array, z: Array) -> Array:
        jet = series(n, [(a, (1, 0, 0)), (b, (0, 1, 0))], (c, 2), z)
        return _derivative(jet, n)

    def stepping(n: Orders, a: Array, b: Array, c: Array, z: Array) -> Array:
        return _derivative(near_one(n, (a, (1, 0, 0)), (b, (0, 1, 0)), (c, (0, 0, 1)), 1 - z), n)

    def gauss(n: Orders, a: Array, b: Array, c: Array, z: Array) -> Array:
        return _derivative(at_one(n, a, b, c), n)

    def pfaff(n: Orders, a: Array, b: Array, c: Array, z: Array) -> Array:
        above = [(a, (1, 0, 0)), (c - b, (0, -1, 1))]
        return _scaled(n, series(n, above, (c, 2), z / (z - 1)), a, z)

    def far(n: Orders, a: Array, b: Array, c: Array, z: Array) -> Array:
        jet = near_one(n, (a, (1, 0, 0)), (c - b, (0, -1, 1)), (c, (0, 0, 1)), 1 / (1 - z))
        return _scaled(n, jet, a, z)

    def _scaled(n: Orders, jet: Array, a: Array, z: Array) -> Array:
        logs = -np.log1p(-z)
        total = np.zeros_like(z)
        for k in range(n[0] + 1):  # the product with the series of (1 - z)**-(a + step)
            total += jet[(k, *n[1:])] * logs ** (n[0] - k) / factorial(n[0] - k)
        return total * np.exp(a * logs) * prod(map(factorial, n))

    split, end = 1 - _START, 1 - 1 / _START
    kernels = [
        (good & (z >= -0.5) & (z <= split), direct),
        (good & (z > split) & (z < 1), stepping),
        (good & (z == 1) & (c - a - b > 0), gauss),
        (good & (z < -0.5) & (z >= end), pfaff),
        (good & (z < end) & (z >= 1 - 1 / _NEAREST), far),
    ]
    return _selected(kernels, orders, a, b, c, z)


def _leibniz(
    operator: Callable[..., Array],
    function: Elementwise,
    orders: Orders,
    above: int,
    parameters: Sequence[Array],
    x: Array,
) -> Array:
    """The derivative in x: that of a b / c F(a + 1, b + 1, c + 1) in the parameters.

    The first ``above`` of them are above the line.
    """
    moved = [p + 1 for p in parameters]
    total: Any = 0.0
    # A factor above is differentiated once at most, its derivative is 1.
    for part in product(*[range(min(n, 1) + 1 if i < above else n + 1)
                          for i, n in enumerate(orders)]):  # fmt: skip
        rest = tuple(n - m for n, m in zip(orders, part, strict=True))
        weight: Any = 1.0
        for i, (n, m) in enumerate(zip(orders, part, strict=True)):
            p = parameters[i]
            if i < above:
                factor: Any = p if not m else 1.0
            else:
                factor = (-1) ** m * factorial(m) / p ** (m + 1)
            weight = weight * (comb(n, m) * factor)
        inner = operator(*moved, x, orders=rest) if any(rest) else function(*moved, x)
        total = total + weight * inner
    return total  # type: ignore[no-any-return]


def _slope(
    name: str, above: int, kernel: Any, function: Any, domains: Sequence[tuple[float, float]]
) -> General:
    return parameter_slope(
        name,
        len(domains) - 1,
        kernel,
        lambda operator, orders, *xs: _leibniz(
            operator, function(), orders, above, xs[:-1], xs[-1]
        ),
        domains=domains,
    )


def _function(
    name: str,
    above: int,
    kernel: Any,
    domain: tuple[tuple[float, float], ...],
    evaluate: Callable[..., Array],
) -> Elementwise:
    """A function with derivatives in everything."""
    count = len(domain) - 1
    slope = _slope(f"{name}_slope", above, kernel, lambda: operator, domain)

    def partial(i: int) -> Callable[..., Array]:
        orders = tuple(int(i == k) for k in range(count))
        return lambda _o, *xs: slope(*xs, orders=orders)

    def along(_o: Array, *xs: Array) -> Array:
        return _leibniz(slope, operator, (0,) * count, above, xs[:-1], xs[-1])

    operator: Elementwise = elementwise(
        name,
        evaluate,
        *map(partial, range(count)),
        along,
        cases=few_cases(domain),
        elements=SCIPY,
        hazard=Hazard.DOMAIN,
        on_gpu=on_host(evaluate),
    )
    return operator


PARAMETER = (1.1, 2.8)


def values_of_0f1(b: Array, x: Array) -> Array:
    """The function 0F1."""
    # SciPy divides by |b - 1| where it overflows; at 1 it is a Bessel function of order 0.
    special = special_functions(np)
    at_one = b == 1
    found = values_of("hyp0f1")(np.where(at_one, 2, b), x)
    if not np.any(at_one):
        return found
    root = 2 * np.sqrt(np.abs(x))
    out = np.where(at_one, np.where(x < 0, special.j0(root), special.i0(root)), found)
    return out.astype(found.dtype, copy=False)[()]


hyp0f1: Elementwise = _function("hyp0f1", 0, of_0f1, (PARAMETER, (-0.6, 0.6)), values_of_0f1)
hyp1f1: Elementwise = _function(
    "hyp1f1", 1, of_1f1, (PARAMETER, PARAMETER, (-0.6, 0.6)), values_of("hyp1f1")
)
hyp2f1: Elementwise = _function(
    "hyp2f1", 2, of_2f1, (PARAMETER, PARAMETER, PARAMETER, (-0.15, 0.15)), values_of("hyp2f1")
)
