"""Vectors of the parts of complex numbers, which lie in turn in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

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


Masks: TypeAlias = tuple[Value, Value] | tuple[None, None]
"""Which lanes of two vectors side by side count."""


def masks_below(b: Builder, index: int, stop: int) -> Masks:
    """The masks of the parts of numbers, from ``index`` on, below ``stop``."""
    if b.lanes == 1:
        return None, None
    first, last = 2 * index, str(2 * stop)
    return b.lanes_below(str(first), last), b.lanes_below(str(first + b.lanes), last)


def load(b: Builder, address: str, kind: Kind, masks: Masks) -> tuple[Value, Value]:
    """As many real and imaginary parts as there are lanes, from where the first number begins."""
    n = b.lanes
    first = b.load(address, kind, masks[0])
    second = b.load(b.pointer(address, str(n), kind), kind, masks[1])
    return (
        _chosen(b, first, second, range(0, 2 * n, 2)),
        _chosen(b, first, second, range(1, 2 * n, 2)),
    )


def store(b: Builder, re: Value, im: Value, address: str, masks: Masks) -> None:
    """Write real and imaginary parts in turn."""
    n = b.lanes
    order = [k // 2 + n * (k % 2) for k in range(2 * n)]
    b.store(_chosen(b, re, im, order[:n]), address, masks[0])
    b.store(_chosen(b, re, im, order[n:]), b.pointer(address, str(n), re.kind), masks[1])
