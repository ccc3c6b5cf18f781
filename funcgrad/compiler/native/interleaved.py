"""Vectors of the parts of complex numbers, which lie in turn in memory."""

from __future__ import annotations

from collections.abc import Sequence

from .builder import Builder, Value
from .kinds import Kind
from .places import Memory


def paired(places: Sequence[Memory], start: int, stop: int) -> dict[int, int]:
    """The numbers of real parts among some arrays, with those of the imaginary parts."""
    halves = {m.half: i for i, m in enumerate(places[start:stop], start) if m.half is not None}
    return {
        i: halves[address, 1]
        for (address, number), i in halves.items()
        if number == 0 and (address, 1) in halves
    }


def _chosen(b: Builder, x: Value, y: Value, places: Sequence[int]) -> Value:
    t, listed = b.type(x.kind), ", ".join(f"i32 {k}" for k in places)
    given = f"{t} {x.text}, {t} {y.text}, <{b.lanes} x i32> <{listed}>"
    return b.instruction(f"shufflevector {given}", x.kind)


def load(b: Builder, address: str, kind: Kind) -> tuple[Value, Value]:
    """As many real and imaginary parts as there are lanes, from where the first number begins."""
    n = b.lanes
    first, second = b.load(address, kind), b.load(b.pointer(address, str(n), kind), kind)
    return (
        _chosen(b, first, second, range(0, 2 * n, 2)),
        _chosen(b, first, second, range(1, 2 * n, 2)),
    )


def store(b: Builder, re: Value, im: Value, address: str) -> None:
    """Write real and imaginary parts in turn."""
    n = b.lanes
    order = [k // 2 + n * (k % 2) for k in range(2 * n)]
    b.store(_chosen(b, re, im, order[:n]), address)
    b.store(_chosen(b, re, im, order[n:]), b.pointer(address, str(n), re.kind))
