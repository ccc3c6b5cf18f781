"""Logarithms: of 2**e (1 + f) they are e times that of 2, and that of 1 + f."""

from __future__ import annotations

from math import inf, nan

from ..builder import Number, Value
from ..kinds import DOUBLE, FLOAT
from . import avx512
from .exponentials import LN2
from .formats import Coefficients, divided, polynomial

REST = (
    0.06971611471451178, -0.11479733846637635, 0.1168541992348674, -0.12425687331451106,
    0.1424905764569748, -0.16667802319501254, 0.200007157488921, -0.24999996957950882,
    0.33333331180030046,
)  # fmt: skip
"""Of (log(1 + f) - f + f**2/2) / f**3 for f in [-0.293, 0.414], for float32; error 2.9e-8."""

ATANH: Coefficients = {
    FLOAT: (0.14795158678580198, 0.19994275494467878, 0.3333334280163678),
    DOUBLE: (
        0.0731501568206143, 0.07665308653371652, 0.09091461256757971, 0.11111105337119258,
        0.14285714314405498, 0.1999999999994661, 0.3333333333333335,
    ),
}  # fmt: skip
"""Of (atanh(s)/s - 1) / z, z = s**2, for |s| below 0.1724; errors 9.7e-8 and 1.7e-16."""

LOG10_2 = {
    FLOAT: (0.301025390625, 4.605038981195214e-06),
    DOUBLE: (0.3010299955494702, 1.1451100898021838e-10),
}
"""The decimal logarithm of 2 in two parts, as LN2."""


def log_of(f: Value, e: Value, more: Number = 0.0) -> Value:
    """log(1 + f) + e ln 2 + more, where ``more`` is small beside it or it is 0."""
    b, (high, low) = f.builder, LN2[f.kind]
    small = b.fma(e, low, more)
    if f.kind is FLOAT:
        square = f * f
        rest = b.fma(polynomial(f, REST) * f, square, small)
        return b.fma(e, high, f + b.fma(square, -0.5, rest))
    # log(1 + f) = 2 atanh(s) with s = f / (2 + f), that is f - (f**2/2 - s (f**2/2 + R(s))): so
    # the division's error meets a small term only (W. Kahan's form)
    s = f / (f + 2.0)
    z = s * s
    half = (f * f) * 0.5
    rest = b.fma(s, b.fma(z + z, polynomial(z, ATANH[f.kind]), half), small)
    return b.fma(e, high, f - (half - rest))


def special(x: Value, y: Value) -> Value:
    """The logarithm y of positive numbers x, with those of others: -inf of 0, NaN below."""
    b = x.builder
    y = b.select(x > 0.0, y, b.select(x == 0.0, b.constant(-inf, x.kind), nan))
    # infinity, and NaN, of which x < inf does not hold either
    return b.select((x < inf) | (x <= 0.0), y, x)


def mended(x: Value, y: Value) -> Value:
    """The logarithm y that ``divided`` led to, with those of other numbers than positive ones.

    The exponents that AVX-512 gives lead to infinities and NaN by themselves.
    """
    return y if avx512.has(x) else special(x, y)


def log(x: Value) -> Value:
    """The natural logarithm."""
    return mended(x, log_of(*divided(x)))


def log1p(x: Value) -> Value:
    """log(1 + x): that of the rounded sum, and what was rounded away over the sum."""
    b = x.builder
    u = x + 1.0
    lost = (x - (u - 1.0)) / u
    y = log_of(*divided(u, normal=True), lost)
    y = special(u, y)
    return b.select(x == 0.0, x, y)


def log2(x: Value) -> Value:
    """The logarithm to base 2."""
    b = x.builder
    f, e = divided(x)
    y = log_of(f, b.constant(0.0, x.kind))
    # 1 / ln 2 in two parts, the first of which is 1
    return mended(x, e + b.fma(y, 0.4426950408889634, y))


def log10(x: Value) -> Value:
    """The logarithm to base 10."""
    b, (high, low) = x.builder, LOG10_2[x.kind]
    f, e = divided(x)
    y = log_of(f, b.constant(0.0, x.kind))
    return mended(x, b.fma(e, high, b.fma(e, low, y * 0.4342944819032518)))
