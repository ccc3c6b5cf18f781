"""Powers, roots and squares."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.avals import WEAK_DTYPES
from ...core.facts import LEFT_OUT, Hazard, Steep
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise, sample
from ..shape import definite_scalar


def _power_scale_x(t: Array, o: Array, x: Array, y: Any) -> Array:
    """The tangent times y * x**(y - 1), by way of out / x for small y.

    At (0, 0) it is 0; elsewhere an exponent 0 makes the factor y alone 0, which has a derivative.
    """
    if type(y) in WEAK_DTYPES:
        if y == 2:
            return t * (2 * x)
        if y == 0:
            return t * 0
        if np.real(y) < 0:
            return t / x * (y * o)
        return t * (y * x ** (y - 1))
    from_value = (np.real(y) < 1) & np.isfinite(x) & (x != 0)
    exponent = np.where((y == 0) & (x == 0), 1, y - 1)
    power_below = np.where(from_value, o, np.where(from_value, 1, x) ** exponent)
    return t * (y * power_below) / np.where(from_value, x, 1)


def _power_partial_y(o: Array, x: Array, _y: Array) -> Array:
    """The logarithm of the base times the power, and 0 for the base 0, at every order."""
    x = definite_scalar(x)
    zero = x == 0
    return np.where(zero, 0, o * np.log(np.where(zero, 1, x)))


def _power_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4", "c16"):
        yield Case(sample(rng, (2, 3), dtype, (0.3, 2)), sample(rng, (3,), dtype, (-2, 2)))
    for exponent in (2, 3, -1, 0.5):
        yield Case(sample(rng, (2, 3), "f8", (0.3, 2)), exponent)
    yield Case(sample(rng, (2, 3), "f8", (-2, 2)), 3)
    yield Case(sample(rng, (2, 3), "f8", (0.3, 2)), np.array([2, 0, 3]))
    yield Case(sample(rng, (2, 3), "i8", (-3, 3)), np.array([2, 0, 3]))


power: Elementwise = elementwise(
    "pow",
    np.power,
    Scaling(_power_scale_x),
    _power_partial_y,
    operator=operator.pow,
    cases=_power_cases,
    masks=False,  # the exponent 0
    scalar=lambda m, x, y: m.power(x, y),
    hazard=Hazard.POWER,
    steep=Steep(0.0, f"the derivative of x**y is infinite at x = 0 for y < 1; {LEFT_OUT}"),
)
square: Elementwise = elementwise(
    "square",
    np.square,
    lambda _o, x: 2 * x,
    kinds="fci",
    even=True,
    scalar=lambda _m, x: x * x,
    hazard=Hazard.PRODUCT,
)
reciprocal: Elementwise = elementwise(
    "reciprocal",
    np.reciprocal,
    Scaling(lambda t, o, _x: t * o * -o),
    domain=(0.4, 2),
    scalar=lambda _m, x: 1 / x,
    hazard=Hazard.DIVISION,
)
sqrt: Elementwise = elementwise(
    "sqrt",
    np.sqrt,
    Scaling(lambda t, o, _x: 0.5 * t / o),
    domain=(0.2, 3),
    scalar=lambda m, x: m.sqrt(x),
    hazard=Hazard.DOMAIN,
    steep=Steep(
        0.0,
        "the derivative of sqrt is infinite at 0; for the norm sqrt(sum(x**2)) write "
        "np.linalg.norm(x), whose derivative at 0 is 0",
    ),
)
cbrt: Elementwise = elementwise(
    "cbrt",
    np.cbrt,
    Scaling(lambda t, o, _x: t / o / o / 3),
    domain=(0.2, 3),
    kinds="f",
    scalar=lambda m, x: m.cbrt(x),
    hazard=Hazard.NONE,
    steep=Steep(0.0, f"the derivative of cbrt is infinite at 0; {LEFT_OUT}"),
)


def factored_difference(x: Array, y: Array) -> Array:
    """The difference x**2 - y**2 by its factors, of which neither cancels more than it must."""
    return (x - y) * (x + y)


difference_of_squares: Elementwise = elementwise(
    "difference_of_squares",
    factored_difference,
    lambda _o, x, _y: 2 * x,
    lambda _o, _x, y: -2 * y,
    kinds="f",
    scalar=lambda _m, x, y: (x - y) * (x + y),
    hazard=Hazard.PRODUCT,
)
