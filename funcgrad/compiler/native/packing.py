"""Copies of factors of contractions, in the order in which tiles read them."""

from __future__ import annotations

from collections.abc import Sequence

from .builder import Builder, Value
from .kinds import Kind


def pack(
    b: Builder,
    kind: Kind,
    sizes: Sequence[int],
    steps: Sequence[int],
    step: int,
    starts: Sequence[str],
    room: str,
    lanes: int,
) -> list[int]:
    """Copy vectors of a factor for all places of the axes that are summed over.

    Args:
        b: of the kernel.
        kind: of the numbers.
        sizes: of the axes that are summed over.
        steps: of the factor along them.
        step: of the factor along the vectors.
        starts: the addresses of the first numbers of the vectors that stand side by side.
        room: where the copy goes, one place after the other.
        lanes: so many of a vector's are read.

    Returns:
        The steps of the copy along the axes that are summed over.
    """
    new = [b.lanes * len(starts)] * len(sizes)
    for k in range(len(sizes) - 2, -1, -1):
        new[k] = new[k + 1] * sizes[k + 1]
    turned = next((k for k, s in enumerate(steps) if s == 1 and sizes[k] > 1), None)
    if step == 1 or turned is None or b.lanes == 1:
        turned = None
    axes = [k for k in range(len(sizes)) if k != turned and sizes[k] > 1]
    _loops(b, kind, axes, (sizes, steps, new), step, turned, list(starts), room, lanes)
    return new


def _loops(
    b: Builder,
    kind: Kind,
    axes: Sequence[int],
    layout: tuple[Sequence[int], Sequence[int], Sequence[int]],
    step: int,
    turned: int | None,
    starts: list[str],
    room: str,
    lanes: int,
) -> None:
    sizes, steps, new = layout
    if axes:
        k = axes[0]
        with b.loop("0", str(sizes[k]), 1) as i:
            here = [_at(b, s, i, steps[k], kind) for s in starts]
            _loops(b, kind, axes[1:], layout, step, turned, here, _at(b, room, i, new[k], kind), lanes)
        return
    for v, start in enumerate(starts):
        into = b.pointer(room, str(v * b.lanes), kind) if v else room
        if turned is None:
            mask = b.lanes_below("0", str(lanes)) if lanes < b.lanes else None
            b.store(b.gather(start, step, kind, mask), into)
        else:
            _turned(b, kind, sizes[turned], new[turned], step, start, into, lanes)


def _at(b: Builder, base: str, index: str, step: int, kind: Kind) -> str:
    if not step:
        return base
    offset = index if step == 1 else b.scalar(f"mul nsw i64 {index}, {step}")
    return b.pointer(base, offset, kind)


def _turned(
    b: Builder, kind: Kind, size: int, new: int, step: int, start: str, into: str, lanes: int
) -> None:
    """Copy blocks that lie along an axis that is summed over, turned in registers."""
    if size <= b.lanes:
        _block(b, kind, size, new, step, start, into, lanes)
        return
    with b.loop("0", str(size), b.lanes) as i:
        if size % b.lanes:
            last = size - b.lanes
            below = b.scalar(f"icmp slt i64 {i}, {last}")
            i = b.scalar(f"select i1 {below}, i64 {i}, i64 {last}")
        _block(b, kind, b.lanes, new, step, b.pointer(start, i, kind), _at(b, into, i, new, kind), lanes)


def _block(
    b: Builder, kind: Kind, size: int, new: int, step: int, start: str, into: str, lanes: int
) -> None:
    mask = b.lanes_below("0", str(size)) if size < b.lanes else None
    rows = []
    for j in range(b.lanes):
        if j < lanes:
            where = b.pointer(start, str(j * step), kind) if j else start
            rows.append(b.load(where, kind, mask))
        else:
            rows.append(b.constant(0, kind))
    for k, x in enumerate(turned(b, rows)[:size]):
        b.store(x, b.pointer(into, str(k * new), kind) if k else into)


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
