"""Integers divided by each other, as NumPy does it: a quotient by 0 is 0."""

from __future__ import annotations

from .builder import Builder, Number, Value
from .kinds import BOOL, DOUBLE, INT64, KINDS


def integers(b: Builder, *xs: Number) -> list[Value]:
    """Numbers in one type of integers; truth values count as the smallest ones."""
    return [b.cast(x, KINDS["b"]) if x.kind is BOOL else x for x in b.common(*xs)]


def truncated(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """The quotient rounded towards zero, and what is left; both are 0 where the divisor is.

    To divide by 0, or the least number by -1, would end the process.
    """
    by_zero, none, one = y == 0, b.constant(0, x.kind), b.constant(1, x.kind)
    safe = b.select(by_zero, one, y)
    if x.kind.size <= 4:  # the float64 next to the quotient is on the right side of each integer
        shifter = 1.5 * 2.0**52
        ratio = b.intrinsic("trunc", b.cast(x, DOUBLE) / b.cast(safe, DOUBLE))
        quotient = b.cast(b.bitcast(ratio + shifter, INT64), x.kind)
    elif x.kind.is_signed:
        turned = safe == -1
        safe = b.select(turned, one, safe)
        quotient = _divided(b, "sdiv", x, safe)
        quotient = b.select(turned, -x, quotient)
    else:
        quotient = _divided(b, "udiv", x, safe)
    quotient = b.select(by_zero, none, quotient)
    return quotient, b.select(by_zero, none, x - quotient * y)


def _divided(b: Builder, how: str, x: Value, y: Value) -> Value:
    return b.instruction(f"{how} {b.type(x.kind)} {x.text}, {y.text}", x.kind)


def floored(b: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """The quotient rounded down, and what is left, which has the sign of the divisor."""
    quotient, rest = truncated(b, x, y)
    if not x.kind.is_signed:
        return quotient, rest
    below = (rest != 0) & ((rest < 0) ^ (y < 0))
    return b.select(below, quotient - 1, quotient), b.select(below, rest + y, rest)


def _size(b: Builder, x: Value) -> Value:
    return b.unsigned(b.select(x < 0, -x, x) if x.kind.is_signed else x)


def greatest_common_divisor(b: Builder, x: Number, y: Number) -> Value:
    """Euclid's algorithm, on absolute values."""
    numbers = integers(b, x, y)
    with b.turns([_size(b, z) for z in numbers]) as (_, state, go_on_if):
        u, v = state
        go_on_if(b.any(v != 0))
        state[:] = [b.select(v != 0, v, u), truncated(b, u, v)[1]]
    return Value(b, state[0].text, numbers[0].kind)


def least_common_multiple(b: Builder, x: Number, y: Number) -> Value:
    """The product of both sizes over the greatest common divisor; 0 if either number is 0."""
    u, v = integers(b, x, y)
    divisor = b.unsigned(greatest_common_divisor(b, u, v))
    return Value(b, (truncated(b, _size(b, u), divisor)[0] * _size(b, v)).text, u.kind)
