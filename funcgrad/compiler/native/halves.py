"""Numbers of 16 bits as floats, and floats rounded to them: by the processor, or by their bits.

They are those of float16, and those of bfloat16, which are the leading half of a float.
"""

from __future__ import annotations

from . import llvm
from .access import Access
from .kinds import BRIEF, DOUBLE, FLOAT, HALF, INT32, KINDS, ROUNDED, Kind
from .values import Number, Value

UNSIGNED = KINDS["I"]
BITS = KINDS["H"]

SHIFT = 13
"""Bits of the fraction of a float that are not in one of 16 bits."""


def widened(b: Access, stored: Value) -> Value:
    """The numbers that 16 bits each stand for."""
    if llvm.converts_halves():
        t = _halves(b)
        halves = b.scalar(f"bitcast {b.type(BITS)} {stored.text} to {t}")
        return b.instruction(f"fpext {t} {halves} to {b.type(HALF)}", HALF)
    n = b.cast(stored, UNSIGNED)
    size = b.shift("shl", n & 0x7FFF, SHIFT)
    # the exponents of both formats differ by 112; denormal numbers come out right as well
    scaled = b.bitcast(b.bitcast(size, FLOAT) * 2.0**112, UNSIGNED)
    endless = b.select(size >= 0x7C00 << SHIFT, size | 0x7F800000, scaled)
    return Value(b, b.bitcast(endless | b.shift("shl", n & 0x8000, 16), FLOAT).text, HALF)


def narrowed(b: Access, x: Value) -> Value:
    """The 16 bits that floats are rounded to."""
    if llvm.converts_halves():
        t = _halves(b)
        halves = b.scalar(f"fptrunc {b.type(FLOAT)} {x.text} to {t}")
        return b.instruction(f"bitcast {t} {halves} to {b.type(BITS)}", BITS)
    n = b.bitcast(Value(b, x.text, FLOAT), UNSIGNED)
    size = n & 0x7FFFFFFF
    odd = b.shift("lshr", size, SHIFT) & 1
    normal = b.shift("lshr", size + odd + 0xFFF, SHIFT) - (112 << 10)
    # beside 1/2 the last place is that of denormal numbers
    half = b.bitcast(size, FLOAT) + 0.5
    denormal = b.bitcast(half, UNSIGNED) - 0x3F000000
    found = b.select(size < 0x38800000, denormal, normal)
    found = b.select(size >= 0x47800000, b.constant(0x7C00, UNSIGNED), found)
    nan = (b.shift("lshr", size, SHIFT) & 0x3FF) | 0x7E00
    found = b.select(size > 0x7F800000, nan, found)
    return b.cast(found | (b.shift("lshr", n, 16) & 0x8000), BITS)


def extended(b: Access, stored: Value) -> Value:
    """The numbers of bfloat16 that 16 bits each stand for."""
    n = b.shift("shl", b.cast(stored, UNSIGNED), 16)
    return Value(b, b.bitcast(n, FLOAT).text, BRIEF)


def shortened(b: Access, x: Value) -> Value:
    """The 16 bits of bfloat16 that floats are rounded to, to nearest and ties to even."""
    n = b.bitcast(Value(b, x.text, FLOAT), UNSIGNED)
    odd = b.shift("lshr", n, 16) & 1
    found = b.shift("lshr", n + odd + 0x7FFF, 16)
    nan = (b.shift("lshr", n, 16) & 0x8000) | 0x7FC0
    return b.cast(b.select(n & 0x7FFFFFFF > 0x7F800000, nan, found), BITS)


def rounded(b: Access, x: Value, kind: Kind = HALF) -> Value:
    """Floats, or float64, rounded to numbers of 16 bits: once, but as floats to bfloat16."""
    if kind is BRIEF:
        return extended(b, shortened(b, x))
    if x.kind is DOUBLE:
        x = _rounded_to_odd(b, x)
    return widened(b, narrowed(b, x))


def _rounded_to_odd(b: Access, x: Value) -> Value:
    """Floats with a last bit that says whether something is left: to be rounded again."""
    near = b.cast(x, FLOAT)
    back = b.cast(near, DOUBLE)
    n = b.bitcast(near, INT32)
    size, wanted = b.intrinsic("fabs", back), b.intrinsic("fabs", x)
    n = b.select(size > wanted, n - 1, n)
    return b.bitcast(b.select(size != wanted, n | 1, n), FLOAT)


def _halves(b: Access) -> str:
    return "half" if b.lanes == 1 else f"<{b.lanes} x half>"


EXACT = frozenset({"fabs", "floor", "ceil", "trunc", "rint", "roundeven", "copysign"})
"""LLVM's functions of which results need not be rounded."""


class HalfInstructions(Access):
    """Instructions that round numbers of 16 bits after each operation."""

    def cast(self, x: Value, kind: Kind) -> Value:
        """A value converted to a kind, rounded once."""
        if x.kind is kind:
            return x
        if kind is HALF and x.kind is DOUBLE:
            return rounded(self, x)
        if kind in ROUNDED:
            return rounded(self, super().cast(as_float(x), FLOAT), kind)
        return super().cast(as_float(x), kind)

    def from_memory(self, stored: Value, kind: Kind) -> Value:
        """What is in memory as numbers of a kind."""
        if kind is BRIEF:
            return extended(self, stored)
        return widened(self, stored) if kind is HALF else super().from_memory(stored, kind)

    def to_memory(self, x: Value) -> Value:
        """Numbers as they are in memory."""
        if x.kind is BRIEF:
            return shortened(self, x)
        return narrowed(self, x) if x.kind is HALF else super().to_memory(x)

    def arithmetic(self, op: str, x: Number, y: Number) -> Value:
        """A sum, difference or product."""
        return self._rounded(super().arithmetic(op, x, y))

    def divide(self, x: Number, y: Number) -> Value:
        """A quotient."""
        return self._rounded(super().divide(x, y))

    def intrinsic(self, name: str, *xs: Number) -> Value:
        """One of LLVM's own functions of floats."""
        found = super().intrinsic(name, *xs)
        return found if name in EXACT else self._rounded(found)

    def _rounded(self, x: Value) -> Value:
        return rounded(self, as_float(x), x.kind) if x.kind in ROUNDED else x

    def repeated(self, base: str, kind: Kind) -> Value:
        """One number of an array in all lanes."""
        if kind not in ROUNDED:
            return super().repeated(base, kind)
        lanes, self.lanes = self.lanes, 1
        found = self.load(base, kind)
        self.lanes = lanes
        return self.splat(found.text, kind)

    def store_one(self, register: str, address: str, kind: Kind) -> None:
        """Write one number."""
        if kind not in ROUNDED:
            super().store_one(register, address, kind)
            return
        lanes, self.lanes = self.lanes, 1
        self.store(Value(self, register, kind), address)
        self.lanes = lanes


def as_float(x: Value) -> Value:
    """A number of 16 bits as the float that it is; anything else as it is."""
    return Value(x.builder, x.text, FLOAT) if x.kind in ROUNDED else x
