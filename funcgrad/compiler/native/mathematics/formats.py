"""The bits of floats: exponents taken off and put on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ..builder import Number, Value
from ..kinds import DOUBLE, FLOAT, INT32, INT64, Kind
from . import avx512

Coefficients: TypeAlias = dict[Kind, tuple[float, ...]]
"""Of a polynomial for each type of floats, highest first."""


class Format(NamedTuple):
    """How floats of a kind are stored.

    Attributes:
        kind: the kind of floats.
        integer: the kind of integers of the same size.
        fraction: the number of bits after the leading one.
        bias: what is added to exponents.
        tiny: the least normal number.
        shifter: 1.5 times the number whose unit is 1: adding it rounds to an integer, which is
            then in the lowest bits.
        shifter_bits: its bits.
    """

    kind: Kind
    integer: Kind
    fraction: int
    bias: int
    tiny: float
    shifter: float
    shifter_bits: int

    @property
    def sign_bit(self) -> int:
        """The integer with the bit of the sign only."""
        return -(1 << (8 * self.kind.size - 1))


FORMATS: dict[Kind, Format] = {
    FLOAT: Format(FLOAT, INT32, 23, 127, 2.0**-126, 1.5 * 2**23, 0x4B400000),
    DOUBLE: Format(DOUBLE, INT64, 52, 1023, 2.0**-1022, 1.5 * 2**52, 0x4338000000000000),
}


def format_of(x: Value) -> Format:
    """How the numbers of a value are stored."""
    return FORMATS[x.kind]


def bits(x: Value) -> Value:
    """The bits of floats, as integers."""
    return x.builder.bitcast(x, format_of(x).integer)


def from_bits(n: Value) -> Value:
    """Floats of bits."""
    return n.builder.bitcast(n, FLOAT if n.kind is INT32 else DOUBLE)


def polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """A polynomial in x; the highest coefficient is first."""
    b = x.builder
    out = b.constant(coefficients[0], x.kind)
    for c in coefficients[1:]:
        out = b.fma(out, x, c)
    return out


def absolute(x: Value) -> Value:
    """The number without its sign."""
    return x.builder.intrinsic("fabs", x)


def with_sign(x: Value, sign: Number) -> Value:
    """The size of x with the sign of another number."""
    return x.builder.intrinsic("copysign", x, sign)


def at_most(x: Value, high: float) -> Value:
    """The lesser of x and a number; NaN stays."""
    return x.builder.select(x > high, high, x)


def at_least(x: Value, low: float) -> Value:
    """The greater of x and a number; NaN stays."""
    return x.builder.select(x < low, low, x)


def nearest(x: Value, scale: float = 1.0) -> tuple[Value, Value]:
    """The integer next to x * scale: as a float, and plus the shifter's bits as an integer.

    Its size must be below 2**22, or 2**51 for float64.
    """
    f = format_of(x)
    shifted = x.builder.fma(x, scale, f.shifter)
    return shifted - f.shifter, bits(shifted)


def power_of_two(shifted: Value) -> Value:
    """2**n, a normal number, of the integer that ``nearest`` gave."""
    f = FORMATS[FLOAT if shifted.kind is INT32 else DOUBLE]
    b = shifted.builder
    return from_bits(b.shift("shl", shifted + f.bias, f.fraction))


def scaled(x: Value, shifted: Value) -> Value:
    """X * 2**n for x near 1, rounded once, with overflow and denormal results as they are.

    Two factors, each of about half the exponent. Their biased exponents are made without a signed
    shift, which AVX2 lacks for 64 bits.
    """
    f, b = format_of(x), x.builder
    if avx512.has(x):
        return avx512.times_power_of_two(x, from_bits(shifted) - f.shifter)
    both = shifted - (f.shifter_bits - 2 * f.bias)
    first = b.shift("lshr", both, 1)
    second = both - first
    x = x * from_bits(b.shift("shl", first, f.fraction))
    return x * from_bits(b.shift("shl", second, f.fraction))


def divided(x: Value, *, normal: bool = False) -> tuple[Value, Value]:
    """F and e with x = 2**e * (1 + f), 1 + f between the square roots of 1/2 and 2.

    Of positive finite numbers, denormal ones too unless ``normal`` says that there are none.
    """
    if not normal and avx512.has(x):
        return parts_of_any(x)
    base = 0x3F3504F3 if x.kind is FLOAT else 0x3FE6A09E667F3BCD
    m, e = mantissa(x, base, normal=normal)
    return m - 1.0, e


def parts_of_any(x: Value) -> tuple[Value, Value]:
    """The same of any numbers, by AVX-512: e is infinite for 0 and infinity, f NaN below 0."""
    b = x.builder
    m, e = avx512.fraction(x), avx512.exponent(x)
    middle = 0x3FB504F3 if x.kind is FLOAT else 0x3FF6A09E667F3BCD
    large = m >= from_bits(b.constant(middle, format_of(x).integer))
    return b.select(large, m * 0.5, m) - 1.0, b.select(large, e + 1.0, e)


def mantissa(x: Value, base: int, *, normal: bool = False) -> tuple[Value, Value]:
    """M and e with x = 2**e * m, m from the number with the bits ``base`` to twice that number.

    The exponent comes out as a float without a conversion of integers, which AVX2 lacks for 64
    bits.
    """
    f, b = format_of(x), x.builder
    raised = x
    if not normal:
        small = x < f.tiny
        raised = b.select(small, x * 2.0 ** (f.fraction + 1), x)
    # no bits below the exponent, so that nothing is carried into it
    offset = (f.bias + f.fraction) << f.fraction
    above = bits(raised) - (base - offset)
    integer = 1 << f.fraction
    exponent = b.shift("lshr", above, f.fraction)
    # as the last bits of a float with the unit 1, whose own bits above are those of the offset
    e = from_bits(exponent | offset) - (float(integer) + f.bias + f.fraction)
    if not normal:
        e = e - b.select(small, float(f.fraction + 1), b.constant(0.0, x.kind))
    m = from_bits((above & (integer - 1)) + base)
    return m, e
