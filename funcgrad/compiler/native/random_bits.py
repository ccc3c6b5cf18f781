"""The kernel of random numbers: Threefry-2x32 of consecutive counters, vector by vector."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.jaxpr import Eqn
from ...ops.random.schedule import threefry_rounds
from .builder import Builder, Value
from .kinds import FLOAT, HALF, KINDS, Kind, kind_of
from .places import kind_of_var, size_of

WORD, DOUBLE_WORD = KINDS["I"], KINDS["L"]

_MANTISSA = {4: (9, 0x3F800000), 8: (12, 0x3FF0000000000000)}
"""By the size of floats: bits to drop, and the bits of 1."""


def takes(e: Eqn) -> bool:
    """True for numbers that native code has, as many as one word counts."""
    known = kind_of(e.outvars[0].aval.dtype) is not None and not e.inputs[0].aval.symbolic
    return known and size_of(e.params["shape"]) <= 1 << 32


def _rotated(b: Builder, x: Value, by: int) -> Value:
    return b.call(f"llvm.fshl.{b.suffix(WORD)}", WORD, x, x, b.constant(by, WORD))


def threefry(b: Builder, key: tuple[Value, Value], counter: Value) -> tuple[Value, Value]:
    """Two random words for each counter below 2**32."""
    keys = (*key, key[0] ^ key[1] ^ b.constant(0x1BD11BDA, WORD))
    x0, x1 = keys[0], counter + keys[1]
    for rotations, i, j, number in threefry_rounds():
        for r in rotations:
            x0 = x0 + x1
            x1 = _rotated(b, x1, r) ^ x0
        x0 = x0 + keys[i]
        x1 = x1 + (keys[j] + b.constant(number, WORD))
    return x0, x1


def _joined(b: Builder, x0: Value, x1: Value, kind: Kind) -> Value:
    """The words of each counter as one number: any integer, or a float in [0, 1)."""
    if kind.size == 8:
        bits = b.shift("shl", b.cast(x0, DOUBLE_WORD), 32) | b.cast(x1, DOUBLE_WORD)
    else:
        bits = b.cast(x0 ^ x1, KINDS["BHI"[kind.size // 2]])
    if not kind.is_float:
        return b.cast(bits, kind)
    if kind is HALF:  # which registers hold as a float
        return b.cast(b.cast(b.shift("lshr", bits, 6), FLOAT) * 2.0**-10, HALF)
    drop, one = _MANTISSA[kind.size]
    bits = b.shift("lshr", bits, drop) | b.constant(one, bits.kind)
    return b.bitcast(bits, kind) - 1


def numbers_at(b: Builder, key: tuple[Value, Value], index: str, kind: Kind) -> Value:
    """The numbers of the counters from an index on, one for each lane."""
    lanes = ", ".join(f"i32 {k}" for k in range(b.lanes))
    first = Value(b, f"<{lanes}>" if b.lanes > 1 else "0", WORD)
    counter = first + b.splat(b.scalar(f"trunc i64 {index} to i32"), WORD)
    return _joined(b, *threefry(b, key, counter), kind)


def emit(b: Builder, e: Eqn, sources: Sequence[str], targets: Sequence[str]) -> None:
    """Write the numbers of each key one after the other."""
    kind, size = kind_of_var(e.outvars[0]), size_of(e.params["shape"])
    keys = size_of(e.inputs[0].aval.shape[:-1])
    last = size - size % b.lanes
    if not size or not keys:
        return
    with b.loop("0", str(keys), 1) as k:
        at = b.pointer(sources[0], b.scalar(f"shl i64 {k}, 1"), WORD)
        key = b.repeated(at, WORD), b.repeated(b.pointer(at, "1", WORD), WORD)
        row = b.pointer(targets[0], b.scalar(f"mul i64 {k}, {size}"), kind)

        def write(index: str, mask: Value | None) -> None:
            b.store(numbers_at(b, key, index, kind), b.pointer(row, index, kind), mask)

        if last:
            with b.loop("0", str(last), b.lanes) as i:
                write(i, None)
        if last < size:
            write(str(last), b.lanes_below(str(last), str(size)))
