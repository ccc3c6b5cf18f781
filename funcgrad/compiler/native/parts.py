"""The first few lanes of vectors shorter than 128 bits, in memory.

LLVM makes such vectors longer, and their masks, of which the new bits may be any: masked stores
would write behind the end of an array. So the lanes are written in parts of 8, 4, 2 and 1, or
with a mask that is as long as it will be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from .kinds import Kind

Instructions: TypeAlias = Any
Value: TypeAlias = Any

SHORTEST = 128
"""Bits of a vector that has masks of its own."""


def _parts(count: int) -> Iterator[tuple[int, int]]:
    """Where parts begin, and how long they are: powers of two."""
    start = 0
    while start < count:
        length = 1 << (count - start).bit_length() - 1
        yield start, length
        start += length


def _chosen(places: Sequence[int | None]) -> str:
    """The lanes of a shuffle."""
    each = ("i32 poison" if p is None else f"i32 {p}" for p in places)
    return f"<{len(places)} x i32> <{', '.join(each)}>"


def _count(b: Instructions, index: str, stop: str) -> int | None:
    """The number of lanes from an index on, below a stop, if it is known."""
    if index.isdigit() and stop.isdigit():
        return min(int(stop) - int(index), b.lanes)
    return None


def _long_mask(b: Instructions, kind: Kind, index: str, stop: str) -> tuple[int, str]:
    """A mask of as many lanes as a vector of 128 bits has, and their number."""
    lanes = SHORTEST // (8 * kind.size)
    end = b.scalar(f"add nsw i64 {index}, {b.lanes}")
    nearer = b.scalar(f"icmp slt i64 {end}, {stop}")
    stop = b.scalar(f"select i1 {nearer}, i64 {end}, i64 {stop}")
    name = f"llvm.get.active.lane.mask.v{lanes}i1.i64"
    b.declare(name, f"declare <{lanes} x i1> @{name}(i64, i64)")
    return lanes, b.scalar(f"call <{lanes} x i1> @{name}(i64 {index}, i64 {stop})")


def store_first(b: Instructions, x: Value, address: str, index: str, stop: str) -> None:
    """Write the lanes from an index on, below a stop, side by side."""
    t, memory = b.type(x.kind), x.kind.memory
    count = _count(b, index, stop)
    if count is None:
        n, mask = _long_mask(b, x.kind, index, stop)
        long, name = f"<{n} x {memory}>", f"llvm.masked.store.v{n}{x.kind.suffix}.p0"
        lanes = _chosen([k if k < b.lanes else None for k in range(n)])
        held = b.scalar(f"shufflevector {t} {x.text}, {t} poison, {lanes}")
        b.declare(name, f"declare void @{name}({long}, ptr, i32 immarg, <{n} x i1>)")
        given = f"{long} {held}, ptr {address}, i32 {x.kind.size}, <{n} x i1> {mask}"
        b.emit(f"call void @{name}({given})")
        return
    for start, n in _parts(count):
        where = b.pointer(address, str(start), x.kind) if start else address
        if n == 1:
            held = b.scalar(f"extractelement {t} {x.text}, i64 {start}")
            b.emit(f"store {memory} {held}, ptr {where}, align {x.kind.size}")
        else:
            lanes = _chosen([*range(start, start + n)])
            held = b.scalar(f"shufflevector {t} {x.text}, {t} poison, {lanes}")
            b.emit(f"store <{n} x {memory}> {held}, ptr {where}, align {x.kind.size}")


def load_first(b: Instructions, address: str, kind: Kind, index: str, stop: str) -> Value:
    """The lanes from an index on, below a stop, from memory; the others are 0."""
    t, lanes = b.type(kind), b.lanes
    count = _count(b, index, stop)
    if count is None:
        n, mask = _long_mask(b, kind, index, stop)
        long, name = f"<{n} x {kind.memory}>", f"llvm.masked.load.v{n}{kind.suffix}.p0"
        b.declare(name, f"declare {long} @{name}(ptr, i32 immarg, <{n} x i1>, {long})")
        given = f"ptr {address}, i32 {kind.size}, <{n} x i1> {mask}, {long} zeroinitializer"
        held = b.scalar(f"call {long} @{name}({given})")
        first = _chosen([*range(lanes)])
        return b.instruction(f"shufflevector {long} {held}, {long} poison, {first}", kind)
    found = "zeroinitializer"
    for start, n in _parts(count):
        where = b.pointer(address, str(start), kind) if start else address
        if n == 1:
            one = b.scalar(f"load {kind.memory}, ptr {where}, align {kind.size}")
            found = b.scalar(f"insertelement {t} {found}, {kind.memory} {one}, i64 {start}")
            continue
        part = f"<{n} x {kind.memory}>"
        read = b.scalar(f"load {part}, ptr {where}, align {kind.size}")
        wide: list[int | None] = [k if k < n else None for k in range(lanes)]
        read = b.scalar(f"shufflevector {part} {read}, {part} poison, {_chosen(wide)}")
        places: list[int | None] = [
            lanes + k - start if start <= k < start + n else k for k in range(lanes)
        ]
        found = b.scalar(f"shufflevector {t} {found}, {t} {read}, {_chosen(places)}")
    return b.instruction(f"bitcast {t} {found} to {t}", kind)


__all__ = ["SHORTEST", "load_first", "store_first"]
