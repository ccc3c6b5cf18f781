"""Copies of factors of contractions, in the order in which tiles read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .builder import Builder, Value
from .kinds import Kind

TURNED_BITS = 256
"""The widest vectors of blocks that are turned in registers: text grows with their square."""


class Source(NamedTuple):
    """A factor of a contraction.

    Attributes:
        kind: of its numbers.
        base: its address.
        step: along the axis of vectors.
        sizes, steps: of the axes that are summed over.
    """

    kind: Kind
    base: str
    step: int
    sizes: Sequence[int]
    steps: Sequence[int]

    def moved(self, b: Builder, index: str, step: int) -> Source:
        """The factor from an index of an axis on."""
        return self._replace(base=_at(b, self.base, index, step, self.kind))


class Panel(NamedTuple):
    """What is copied: vectors side by side, for all places of the axes that are summed over.

    Attributes:
        first: the register of where the first vector begins, along the factor's axis.
        vectors: their number.
        size: the length of the factor's axis, which no vector exceeds.
    """

    first: str
    vectors: int
    size: int


def least(b: Builder, index: str, limit: int) -> str:
    """The lesser of a register and a number."""
    below = b.scalar(f"icmp slt i64 {index}, {limit}")
    return b.scalar(f"select i1 {below}, i64 {index}, i64 {limit}")


def _at(b: Builder, base: str, index: str, step: int, kind: Kind) -> str:
    if not step or index == "0":
        return base
    offset = index if step == 1 else b.scalar(f"mul nsw i64 {index}, {step}")
    return b.pointer(base, offset, kind)


def packed_steps(sizes: Sequence[int], width: int) -> list[int]:
    """The steps of a copy along the axes that are summed over."""
    new = [width] * len(sizes)
    for k in range(len(sizes) - 2, -1, -1):
        new[k] = new[k + 1] * sizes[k + 1]
    return new


def pack(b: Builder, source: Source, panel: Panel, room: str) -> list[int]:
    """Copy a panel of a factor; returns the steps of the copy along the axes summed over."""
    new = packed_steps(source.sizes, b.lanes * panel.vectors)
    along = [k for k, s in enumerate(source.steps) if s == 1 and source.sizes[k] > 1]
    if source.step != 1 and along and b.lanes > 1:
        _turned_panel(b, source, panel, room, new, along[0])
    else:
        starts = []
        for v in range(panel.vectors):
            at = b.scalar(f"add nsw i64 {panel.first}, {v * b.lanes}") if v else panel.first
            start = least(b, at, max(0, panel.size - b.lanes))
            starts.append(_at(b, source.base, start, source.step, source.kind))
        _copied(b, source, panel, starts, room, new, 0)
    return new


def _copied(
    b: Builder,
    source: Source,
    panel: Panel,
    starts: Sequence[str],
    room: str,
    new: Sequence[int],
    k: int,
) -> None:
    """Copy vector by vector, from the k-th axis that is summed over on."""
    kind = source.kind
    if k < len(source.sizes):
        with b.loop("0", str(source.sizes[k]), 1) as i:
            there = [_at(b, s, i, source.steps[k], kind) for s in starts]
            _copied(b, source, panel, there, _at(b, room, i, new[k], kind), new, k + 1)
        return
    mask = b.lanes_below("0", str(panel.size)) if panel.size < b.lanes else None
    for v, start in enumerate(starts):
        into = b.pointer(room, str(v * b.lanes), kind) if v else room
        b.store(b.gather(start, source.step, kind, mask), into)


def _turned_panel(
    b: Builder, source: Source, panel: Panel, room: str, new: Sequence[int], along: int
) -> None:
    """Copy blocks that lie along an axis that is summed over, turned in registers."""
    lanes, kind = b.lanes, source.kind
    with b.loop("0", str(panel.vectors), 1) as v:
        distance = b.scalar(f"mul nsw i64 {v}, {lanes}")
        at = b.scalar(f"add nsw i64 {panel.first}, {distance}")
        start = least(b, at, max(0, panel.size - lanes))
        source = source.moved(b, start, source.step)
        into = b.pointer(room, distance, kind)
        b.lanes = min(lanes, TURNED_BITS // (8 * kind.size))
        others = [k for k, n in enumerate(source.sizes) if k != along and n > 1]
        if panel.size < lanes:
            for part in range(0, panel.size, b.lanes):
                there, to = (
                    source.moved(b, str(part), source.step),
                    b.pointer(into, str(part), kind),
                )
                rows = min(b.lanes, panel.size - part)
                _turned_along(b, there, rows, to, new, along, others)
        else:
            with b.loop("0", str(lanes), b.lanes) as index:
                there, to = source.moved(b, index, source.step), b.pointer(into, index, kind)
                _turned_along(b, there, b.lanes, to, new, along, others)
        b.lanes = lanes


def _turned_along(
    b: Builder,
    source: Source,
    rows: int,
    into: str,
    new: Sequence[int],
    along: int,
    others: Sequence[int],
) -> None:
    if others:
        k = others[0]
        with b.loop("0", str(source.sizes[k]), 1) as i:
            there = source.moved(b, i, source.steps[k])
            _turned_along(
                b, there, rows, _at(b, into, i, new[k], source.kind), new, along, others[1:]
            )
        return
    size = source.sizes[along]
    if size <= b.lanes:
        _block(b, source, rows, size, into, new[along])
        return
    with b.loop("0", str(size), b.lanes) as i:
        at = least(b, i, size - b.lanes) if size % b.lanes else i
        into = _at(b, into, at, new[along], source.kind)
        _block(b, source.moved(b, at, 1), rows, b.lanes, into, new[along])


def _block(b: Builder, source: Source, rows: int, size: int, into: str, new: int) -> None:
    """Turn as many numbers of each row; rows that there are not are repetitions of the last."""
    mask = b.lanes_below("0", str(size)) if size < b.lanes else None
    found = []
    for j in range(b.lanes):
        distance = min(j, rows - 1) * source.step
        where = b.pointer(source.base, str(distance), source.kind) if distance else source.base
        found.append(b.load(where, source.kind, mask))
    for k, x in enumerate(turned(b, found)[:size]):
        b.store(x, b.pointer(into, str(k * new), source.kind) if k else into)


def turned(b: Builder, rows: Sequence[Value]) -> list[Value]:
    """The columns of as many vectors as each has lanes."""
    n, found = b.lanes, list(rows)
    s = 1
    while s < n:
        for i in range(n):
            if not i & s:
                x, y = found[i], found[i + s]
                upper = [k + n - s if k & s else k for k in range(n)]
                lower = [k + n if k & s else k + s for k in range(n)]
                found[i], found[i + s] = _shuffled(b, x, y, upper), _shuffled(b, x, y, lower)
        s *= 2
    return found


def _shuffled(b: Builder, x: Value, y: Value, places: Sequence[int]) -> Value:
    t = b.type(x.kind)
    listed = ", ".join(f"i32 {k}" for k in places)
    return b.instruction(
        f"shufflevector {t} {x.text}, {t} {y.text}, <{b.lanes} x i32> <{listed}>", x.kind
    )
