"""Remainders of floats, which are exact, and the quotients that belong to them."""

from __future__ import annotations

from math import inf, nan

from ..builder import Builder, Value
from .formats import absolute, at_least, format_of, mantissa, with_sign
from .representation import ldexp


def _step(rest: Value, unit: Value) -> Value:
    """The rest less a multiple of a unit: exact if there are fewer than 2**(fraction - 1) of them.

    The quotient is too large by one at most. Both numbers are multiples of the last place of the
    unit, and what is left is no larger than the unit.
    """
    b = rest.builder
    left = b.fma(-b.intrinsic("trunc", rest / unit), unit, rest)
    return b.select(left < 0.0, left + unit, left)


def fmod(x: Value, y: Value) -> Value:
    """What is left of x after all multiples of y, with the sign of x."""
    b, f = x.builder, format_of(x)
    a, by = absolute(x), absolute(y)
    defined = (by > 0.0) & (a < inf)
    bits = f.fraction - 2
    rest = b.select(defined & (a / by < 2.0**bits) & (a >= by), _step(a, by), a)
    base = 0x3F800000 if f.fraction == 23 else 0x3FF0000000000000
    assert isinstance(b, Builder)
    with b.turns([rest]) as (_, state, go_on_if):
        rest = state[0]
        more = defined & (rest >= by)
        go_on_if(b.any(more))
        (_, above), (_, below) = mantissa(rest, base), mantissa(by, base)
        far = b.cast(at_least(above - below - float(bits), 0.0), f.integer)
        state[0] = b.select(more, _step(rest, ldexp(by, far)), rest)
    found = b.select(defined, with_sign(state[0], x), nan)
    return b.select((x == x) & (y == y), found, x + y)


def remainder(x: Value, y: Value) -> Value:
    """What is left with the sign of y."""
    b, rest = x.builder, fmod(x, y)
    other = (y < 0.0) ^ (rest < 0.0)
    found = b.select(rest == 0.0, with_sign(rest, y), b.select(other, rest + y, rest))
    return b.select(y == 0.0, rest, found)


def floor_divide(x: Value, y: Value) -> Value:
    """The quotient rounded down, as NumPy and Python find it: from what is left."""
    b, rest = x.builder, fmod(x, y)
    quotient = (x - rest) / y
    other = (rest != 0.0) & ((y < 0.0) ^ (rest < 0.0))
    quotient = b.select(other, quotient - 1.0, quotient)
    whole = b.intrinsic("floor", quotient)
    whole = b.select(quotient - whole > 0.5, whole + 1.0, whole)
    ratio = x / y
    found = b.select(quotient == 0.0, with_sign(quotient, ratio), whole)
    return b.select(y == 0.0, ratio, found)
