"""Instructions of AVX-512 that take exponents off floats and put them on, whole vectors at a time.

They give the bits that ``formats`` computes without them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import cast

from .. import llvm
from ..access import Access
from ..builder import Value, literal
from ..kinds import INT64, Kind

_TO_NEAREST = 4
"""Rounding and exceptions as they are set."""

_NAN_OF_NEGATIVE = 3 << 2
"""The fraction, from 1 to 2, of a positive number; that of a negative one is NaN, of -0 it is 1."""


def has(x: Value) -> bool:
    """True for vectors that fill a register of AVX-512, on processors with that."""
    return x.builder.lanes * x.kind.size == 64 and llvm.has_avx512()


def has_tables() -> bool:
    """True if looking numbers up in a small table is quick."""
    return llvm.has_avx512()


def looked_up(table: Sequence[float], index: Value, kind: Kind) -> Value:
    """The numbers of a table of sixteen at the last four bits of integers."""
    b = cast(Access, index.builder)
    lanes, size = b.lanes, kind.size
    t, i = b.type(kind), b.type(index.kind)
    if lanes * size == 64 and lanes == len(table):
        name = "llvm.x86.avx512.permvar.sf.512"
        b.declare(name, f"declare {t} @{name}({t}, {i})")
        return b.instruction(f"call {t} @{name}({_vector(table, kind)}, {i} {index.text})", kind)
    if lanes * size == 64 or ((lanes, size) == (8, 4) and llvm.has_avx512("vl")):
        name = f"llvm.x86.avx512.vpermi2var.{'ps' if size == 4 else 'pd'}.{8 * lanes * size}"
        b.declare(name, f"declare {t} @{name}({t}, {i}, {t})")
        halves = [_vector(part, kind) for part in (table[:lanes], table[lanes:])]
        return b.instruction(f"call {t} @{name}({halves[0]}, {i} {index.text}, {halves[1]})", kind)
    listed = ", ".join(f"{kind.memory} {literal(x, kind)}" for x in table)
    kept = f"[{len(table)} x {kind.memory}] [{listed}]"
    name = f"@table_{hashlib.sha256(kept.encode()).hexdigest()[:16]}"
    b.declare(name, f"{name} = internal constant {kept}, align 64")
    return b.gather_at(name, b.cast(index & (len(table) - 1), INT64), kind)


def _vector(table: Sequence[float], kind: Kind) -> str:
    listed = ", ".join(f"{kind.register} {literal(x, kind)}" for x in table)
    return f"<{len(table)} x {kind.register}> <{listed}>"


def _call(
    x: Value, name: str, before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> Value:
    b, t = x.builder, x.builder.type(x.kind)
    mask = f"i{b.lanes}"
    given = [(t, x.text), *before, (t, "zeroinitializer"), (mask, "-1"), *after]
    full = f"llvm.x86.avx512.mask.{name}.{'ps' if x.kind.size == 4 else 'pd'}.512"
    types = [kind if kind != "i32" else "i32 immarg" for kind, _ in given]
    b.declare(full, f"declare {t} @{full}({', '.join(types)})")
    arguments = ", ".join(f"{kind} {text}" for kind, text in given)
    return b.instruction(f"call {t} @{full}({arguments})", x.kind)


def exponent(x: Value) -> Value:
    """The exponent of a number as a float: infinite for 0 and infinities."""
    return _call(x, "getexp", [], [("i32", str(_TO_NEAREST))])


def fraction(x: Value) -> Value:
    """The number without its exponent, from 1 to 2, also of 0 and infinity; NaN below 0."""
    return _call(x, "getmant", [("i32", str(_NAN_OF_NEGATIVE))], [("i32", str(_TO_NEAREST))])


def times_power_of_two(x: Value, n: Value) -> Value:
    """X * 2**n for floats n that are integers, rounded once."""
    t = x.builder.type(x.kind)
    return _call(x, "scalef", [(t, n.text)], [("i32", str(_TO_NEAREST))])
