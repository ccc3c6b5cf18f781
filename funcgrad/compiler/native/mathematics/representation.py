"""Functions that only look at the bits of floats."""

from __future__ import annotations

from math import inf

from ..builder import Number, Value
from ..kinds import FLOAT, INT32, INT64
from .formats import absolute, bits, format_of, from_bits, mantissa, with_sign


def ldexp(x: Value, n: Number) -> Value:
    """X * 2**n, rounded once, for integers n of whatever size."""
    b, f = x.builder, format_of(x)
    n = _limited(n, x, 5 * f.bias)
    a = absolute(x)
    small = a < f.tiny
    raised = bits(b.select(small, a * 2.0 ** (f.fraction + 1), a))
    e = b.shift("lshr", raised, f.fraction) + n
    e = e - b.select(small, b.constant(f.fraction + 1, f.integer), 0)
    below = e < 1
    # results that may be denormal are made 2**(2 * fraction) times too large
    e = b.select(below, e + 2 * f.fraction, e)
    e = b.select(e < 1, 1, e)
    put = (raised & ((1 << f.fraction) - 1)) | b.shift("shl", e, f.fraction)
    y = from_bits(put) * b.select(below, 2.0 ** (-2 * f.fraction), b.constant(1.0, x.kind))
    y = b.select(e > 2 * f.bias, inf, y)
    return b.select((a != 0.0) & (a < inf), with_sign(y, x), x)


def _limited(n: Number, x: Value, limit: int) -> Value:
    """An integer in the kind of the bits of x, between limits."""
    b, integer = x.builder, format_of(x).integer
    if not isinstance(n, Value):
        return b.constant(max(-limit, min(limit, int(n))), integer)
    n = b.cast(n, INT64 if n.kind.size > 4 or n.kind.char == "I" else INT32)
    n = b.select(n > limit, limit, n)
    n = b.select(n < -limit, -limit, n)
    return b.cast(n, integer)


def nextafter(x: Value, y: Value) -> Value:
    """The number next to x on the way to y."""
    b, f = x.builder, format_of(x)
    n = bits(x)
    away = (x < y) == (x > 0.0)
    step = b.select(away, b.constant(1, f.integer), -1)
    beside = from_bits(n + step)
    least = with_sign(from_bits(b.constant(1, f.integer)), y)
    found = b.select(x == 0.0, least, beside)
    found = b.select(x == y, y, found)
    return b.select((x == x) & (y == y), found, x + y)


def exponent(x: Value) -> Value:
    """The integer n of x = m * 2**n with m from 1/2 to 1; 0 of 0, infinities and NaN."""
    b, a = x.builder, absolute(x)
    _, n = mantissa(a, 0x3F800000 if x.kind is FLOAT else 0x3FF0000000000000)
    return b.cast(b.select((a > 0.0) & (a < inf), n + 1.0, 0.0), INT32)
