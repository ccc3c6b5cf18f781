"""The exponential function and its kin.

An argument is n ln 2 + r with an integer n, by subtraction of two parts of ln 2 (Cody and Waite,
Software Manual for the Elementary Functions, 1980), and exp(x) = 2**n exp(r).
"""

from __future__ import annotations

from ..builder import Value
from ..kinds import DOUBLE, FLOAT
from .formats import (
    Coefficients,
    absolute,
    at_least,
    at_most,
    nearest,
    polynomial,
    power_of_two,
    scaled,
)

LOG2_E = 1.4426950408889634
LN2 = {
    FLOAT: (0.693115234375, 3.1946184945309417e-05),
    DOUBLE: (6.93147180369123816490e-01, 1.90821492927058770002e-10),
}
"""The logarithm of 2 in two parts: the first has so few bits that its products with exponents
are exact; both are positive, so that with an infinite exponent their sum is."""

REST: Coefficients = {
    FLOAT: (
        0.0001989198131397769, 0.0013934541928270264, 0.008333310024225292,
        0.04166645680967788, 0.16666666682534356, 0.5,
    ),
    DOUBLE: (
        2.0915442297780116e-09, 2.5106274733573296e-08, 2.75572718102198e-07,
        2.755725283351691e-06, 2.4801587327007187e-05, 0.00019841269876864356,
        0.0013888888888883327, 0.008333333333325544, 0.04166666666666667, 0.1666666666666667, 0.5,
    ),
}  # fmt: skip
"""Of (exp(r) - 1 - r) / r**2 for r in [-0.350, 0.350]; errors 1.5e-9 and 1.6e-18."""

LIMIT = {FLOAT: 104.0, DOUBLE: 746.0}
"""Where exp overflows, and its negative is rounded to 0."""


def reduced(x: Value) -> tuple[Value, Value]:
    """R and the integer n (as ``nearest`` gives it) with x = n ln 2 + r."""
    b, (high, low) = x.builder, LN2[x.kind]
    n, shifted = nearest(x, LOG2_E)
    return b.fma(n, -low, b.fma(n, -high, x)), shifted


def growth(r: Value) -> Value:
    """exp(r) - 1 of a reduced argument."""
    return x_plus(r, polynomial(r, REST[r.kind]))


def x_plus(r: Value, q: Value) -> Value:
    """R + r**2 q."""
    return r.builder.fma(q, r * r, r)


def exp(x: Value) -> Value:
    """The exponential function."""
    limit = LIMIT[x.kind]
    r, n = reduced(at_least(at_most(x, limit), -limit))
    return scaled(growth(r) + 1.0, n)


def exp2(x: Value) -> Value:
    """2**x."""
    limit = 152.0 if x.kind is FLOAT else 1080.0
    x = at_least(at_most(x, limit), -limit)
    n, shifted = nearest(x)
    return scaled(growth((x - n) * 0.6931471805599453) + 1.0, shifted)


def expm1(x: Value) -> Value:
    """exp(x) - 1."""
    high, low = (89.0, -18.0) if x.kind is FLOAT else (710.0, -40.0)
    y = growth_of(at_least(at_most(x, high), low))
    # below, x**2 / 2 is less than a quarter of a unit; and half of a denormal number is rounded
    negligible = absolute(x) < (2.0**-26 if x.kind is FLOAT else 2.0**-55)
    return x.builder.select(negligible, x, y)


def growth_of(x: Value) -> Value:
    """exp(x) - 1 where neither overflows by more than a factor of 2, nor x is below -40.

    Twice 2**(n-1) - 1/2 + 2**(n-1) (exp(r) - 1), which does not overflow before its time.
    """
    r, n = reduced(x)
    half = power_of_two(n - 1)
    y = x.builder.fma(growth(r), half, half - 0.5)
    return y + y
