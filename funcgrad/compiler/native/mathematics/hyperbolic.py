"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from math import inf

from ..builder import Value
from ..kinds import DOUBLE, FLOAT
from .exponentials import LN2, growth, reduced
from .formats import (
    Coefficients,
    absolute,
    at_most,
    bits,
    divided,
    format_of,
    from_bits,
    nearest,
    polynomial,
    power_of_two,
    with_sign,
)
from .logarithms import ATANH, log_of

COSH: Coefficients = {
    FLOAT: (0.0013934541928270264, 0.04166645680967788, 0.5000000014286223),
    DOUBLE: (
        2.7621338669142925e-07, 2.4801518641395993e-05, 0.0013888888918939168,
        0.04166666666662064, 0.5000000000000001,
    ),
}  # fmt: skip
"""Of (cosh(r) - 1) / z, z = r**2, for |r| up to 0.350; errors 1.4e-9 and 1.1e-16."""

SINH: Coefficients = {
    FLOAT: (0.0001989198131397769, 0.008333310024225292, 0.16666666682534356),
    DOUBLE: (
        2.510134692835034e-08, 2.75572664186123e-06, 0.00019841269864380513,
        0.008333333333329793, 0.16666666666666669,
    ),
}  # fmt: skip
"""Of (sinh(r)/r - 1) / z, z = r**2, for |r| up to 0.350; errors 1.6e-10 and 8.7e-18."""


def tanh(x: Value) -> Value:
    """The hyperbolic tangent: E / (E + 2) with E = exp(2 |x|) - 1, which is accurate near 0."""
    b, a = x.builder, at_most(absolute(x), 10.0 if x.kind is FLOAT else 22.0)
    r, n = reduced(a + a)
    p = power_of_two(n)
    e = b.fma(growth(r), p, p - 1.0)
    below = e + 2.0
    y = e / below
    if x.kind is DOUBLE:  # what was rounded away of E + 2, where that is near 2
        lost = b.select(a < 0.5, e - (below - 2.0), b.constant(0.0, DOUBLE))
        y = b.fma(y * lost, -0.5, y)
    return with_sign(y, x)


def _quarters(a: Value) -> tuple[Value, Value, Value, Value]:
    """Of a = n ln 2 + r >= 0: cosh(n ln 2)/2 and sinh(n ln 2)/2, cosh(r) - 1 and sinh(r).

    Halves, as the result may be below the greatest number where 2**n is not.
    """
    b = a.builder
    r, n = reduced(at_most(a, 89.5 if a.kind is FLOAT else 710.7))
    up = power_of_two(n - 2)
    # 2**-n/4: the biased exponents of both have one sum. It is nothing where it would be denormal
    f = format_of(a)
    down = from_bits(((2 * f.bias - 4) << f.fraction) - bits(up))
    down = b.select(up < 2.0**60, down, b.constant(0.0, a.kind))
    z = r * r
    c = z * polynomial(z, COSH[a.kind])
    s = b.fma(r * z, polynomial(z, SINH[a.kind]), r)
    return up + down, up - down, c, s


def sinh(x: Value) -> Value:
    """The hyperbolic sine."""
    b, a = x.builder, absolute(x)
    ch, sh, c, s = _quarters(a)
    y = sh + b.fma(ch, s, sh * c)
    negligible = a < (2.0**-13 if x.kind is FLOAT else 2.0**-27)
    return with_sign(b.select(negligible, a, y + y), x)


def cosh(x: Value) -> Value:
    """The hyperbolic cosine."""
    b = x.builder
    ch, sh, c, s = _quarters(absolute(x))
    y = ch + b.fma(sh, s, ch * c)
    return y + y


def _log_of_sum(a: Value, root: Value, lost: Value, e: float) -> Value:
    """log((a + root + lost) 2**e): with what the sum loses."""
    b = a.builder
    u = a + root
    larger, lesser = b.select(a > root, a, root), b.select(a > root, root, a)
    lost = lost + (lesser - (u - larger))
    f, exponent = divided(u, normal=True)
    return log_of(f, exponent + e, lost / u)


def _root(square: Value, lost: Value) -> tuple[Value, Value]:
    """The square root of a sum of two numbers, as such a sum."""
    b = square.builder
    root = b.intrinsic("sqrt", square)
    left = b.fma(-root, root, square) + lost
    return root, left / b.select(root == 0.0, b.constant(1.0, root.kind), root + root)


def asinh(x: Value) -> Value:
    """The inverse hyperbolic sine: log(a + sqrt(a**2 + 1)), with what each step rounds away."""
    b, a = x.builder, absolute(x)
    huge = 2.0**14 if x.kind is FLOAT else 2.0**30
    inner = at_most(a, huge)
    square = inner * inner
    t = square + 1.0
    larger, lesser = b.select(square > 1.0, square, 1.0), b.select(square > 1.0, 1.0, square)
    lost = b.fma(inner, inner, -square) + (lesser - (t - larger))
    y = _log_of_sum(inner, *_root(t, lost), 0.0)
    y = b.select(a > huge, log_of_twice(a), y)
    negligible = a < (2.0**-13 if x.kind is FLOAT else 2.0**-28)
    return with_sign(b.select(negligible, a, y), x)


def log_of_twice(a: Value) -> Value:
    """log(2 a), which does not overflow."""
    f, e = divided(a, normal=True)
    return a.builder.select(a < inf, log_of(f, e + 1.0), a)


def acosh(x: Value) -> Value:
    """The inverse hyperbolic cosine: log(x + sqrt(x**2 - 1)), with what each step rounds away."""
    b = x.builder
    huge = 2.0**14 if x.kind is FLOAT else 2.0**30
    inner = at_most(x, huge)
    square = inner * inner
    t = square - 1.0
    lost = b.fma(inner, inner, -square) - (t - (square - 1.0))
    root, more = _root(t + lost, lost - ((t + lost) - t))
    y = b.select(x > huge, log_of_twice(x), _log_of_sum(inner, root, more, 0.0))
    return b.select(x < 1.0, float("nan"), b.select(x == x, y, x))


def atanh(x: Value) -> Value:
    """The inverse hyperbolic tangent.

    (1 + a)/(1 - a) is near 2**e, and the logarithm of what is left of it is 2 atanh(s) with
    s = ((1 + a) - 2**e (1 - a)) / ((1 + a) + 2**e (1 - a)). Both sums keep what they round away.
    """
    b, a = x.builder, absolute(x)
    above, below = a + 1.0, 1.0 - a
    above_lost, below_lost = a - (above - 1.0), (1.0 - below) - a
    ratio = above / b.select(below > 0.0, below, b.constant(1.0, x.kind))
    _, e = divided(ratio, normal=True)
    _, shifted = nearest(e)
    p = power_of_two(shifted)
    below, below_lost = below * p, below_lost * p
    s = ((above - below) + (above_lost - below_lost)) / (above + below)
    z = s * s
    high, low = LN2[x.kind]
    half = e * 0.5
    rest = b.fma(s * z, polynomial(z, ATANH[x.kind]), half * low)
    y = b.fma(half, high, s + rest)
    y = b.select(a < format_of(x).tiny * 2.0**60, a, y)
    edge = b.select(a == 1.0, b.constant(inf, x.kind), float("nan"))
    return with_sign(b.select(a < 1.0, y, edge), x)
