"""Running sums, products and extrema along an axis, and the places of extrema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from ...core.jaxpr import Eqn
from .builder import Builder, Value
from .kinds import INT64, Kind
from .operations import larger, smaller
from .places import kind_of_var, size_of
from .protocol import Placing, are_known

Combine: TypeAlias = Callable[[Builder, Value, Value], Value]


class Lines:
    """An array as lines along an axis: ``outer`` blocks of ``inner`` lines side by side."""

    def __init__(self, shape: Sequence[int], axis: int) -> None:
        self.outer: int = size_of(shape[:axis])
        self.length: int = shape[axis]
        self.inner: int = size_of(shape[axis + 1 :])


def moved(b: Builder, address: str, index: str, step: int, kind: Kind) -> str:
    """The address of what lies as many steps further."""
    offset = index if step == 1 else b.scalar(f"mul i64 {index}, {step}")
    return b.pointer(address, offset, kind)


def side_by_side(b: Builder, size: int, do: Callable[[str, Value | None], None]) -> None:
    """Do something for vectors of as many numbers: from an index on, with a mask in the end."""
    last = size - size % b.lanes
    if last:
        with b.loop("0", str(last), b.lanes) as i:
            do(i, None)
    if last < size:
        do(str(last), b.lanes_below(str(last), str(size)))


@contextmanager
def in_lanes(b: Builder, lanes: int) -> Iterator[None]:
    """What is built inside has as many lanes."""
    before, b.lanes = b.lanes, lanes
    yield
    b.lanes = before


def whole_arrays(
    frame: Any, e: Eqn, lanes: int, emit: Callable[[Builder, list[str], list[str]], None]
) -> None:
    """Call a kernel on contiguous arrays, given the addresses of operands and results."""
    sources = [frame.contiguous(frame.place(a)) for a in e.inputs]
    made = [frame.define(v) for v in e.outvars]
    targets = [t if t.is_contiguous else frame.room(t.shape, t.kind) for t in made]

    def body(b: Builder, names: list[str]) -> None:
        emit(b, names[: len(sources)], names[len(sources) :])

    frame.module.kernel(lanes, [m.address for m in (*sources, *targets)], body)
    for there, wanted in zip(targets, made, strict=True):
        if there is not wanted:
            frame.put(there, wanted)
            frame.release(there)
    frame.release(*sources)


def lanes_for(frame: Any, lines: Lines, kinds: Sequence[Kind]) -> int:
    """The lanes of vectors over lines side by side; one where there are few."""
    lanes: int = max(1, frame.module.bits // (8 * max(k.size for k in kinds)))
    return lanes if lines.inner >= max(2, lanes // 2) else 1


# --- running sums, products, extrema -------------------------------------------------------------


_RUNNING: dict[str, Combine] = {
    "cumsum": lambda b, x, y: x + y,
    "cumprod": lambda b, x, y: x * y,
    "cummax": larger,
    "cummin": smaller,
}


def _takes_running(e: Eqn) -> bool:
    return are_known((*e.inputs, *e.outvars))


def _running(frame: Any, e: Eqn) -> None:
    lines = Lines(e.inputs[0].aval.shape, e.params["axis"])
    combine, reverse = _RUNNING[e.primitive.name], e.params["reverse"]
    kind, made = kind_of_var(e.inputs[0]), kind_of_var(e.outvars[0])
    lanes = lanes_for(frame, lines, (kind, made))

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        if not size_of(e.inputs[0].aval.shape):
            return
        with b.loop("0", str(lines.outer), 1) as o:
            block = lines.length * lines.inner
            x, y = moved(b, ins[0], o, block, kind), moved(b, outs[0], o, block, made)
            if lines.inner == 1:
                one_line(b, x, y)
            else:
                many_lines(b, x, y)

    def place(b: Builder, i: str) -> str:
        return b.scalar(f"sub i64 {lines.length - 1}, {i}") if reverse else i

    def one_line(b: Builder, x: str, y: str) -> None:
        at = place(b, "0")
        first = b.cast(b.load(b.pointer(x, at, kind), kind), made)
        b.store(first, b.pointer(y, at, made))
        with b.loop_with("1", str(lines.length), 1, [first]) as (i, state):
            at = place(b, i)
            found = b.cast(b.load(b.pointer(x, at, kind), kind), made)
            state[0] = b.value(combine(b, state[0], found), made)
            b.store(state[0], b.pointer(y, at, made))

    def many_lines(b: Builder, x: str, y: str) -> None:
        def row(address: str, i: str, k: Kind) -> str:
            return moved(b, address, i, lines.inner, k)

        def begin(j: str, mask: Value | None) -> None:
            at = place(b, "0")
            found = b.cast(b.load(b.pointer(row(x, at, kind), j, kind), kind, mask), made)
            b.store(found, b.pointer(row(y, at, made), j, made), mask)

        side_by_side(b, lines.inner, begin)
        with b.loop("1", str(lines.length), 1) as i:
            at = place(b, i)
            before = b.scalar(f"{'add' if reverse else 'sub'} i64 {at}, 1")
            given, old, new = row(x, at, kind), row(y, before, made), row(y, at, made)

            def go_on(j: str, mask: Value | None) -> None:
                found = b.cast(b.load(b.pointer(given, j, kind), kind, mask), made)
                so_far = b.load(b.pointer(old, j, made), made, mask)
                result = b.value(combine(b, so_far, found), made)
                b.store(result, b.pointer(new, j, made), mask)

            side_by_side(b, lines.inner, go_on)

    whole_arrays(frame, e, lanes, emit)


# --- places of extrema ---------------------------------------------------------------------------


def _beats(b: Builder, test: str, x: Value, y: Value) -> Value:
    """Whether a number is beyond another one; NaN is beyond all numbers."""
    found = b.compare(test, x, y)
    if not x.kind.is_float:
        return found
    return found | (b.compare("ne", x, x) & b.compare("eq", y, y))


def _takes_extremum(e: Eqn) -> bool:
    return are_known((*e.inputs, *e.outvars)) and size_of(e.inputs[0].aval.shape) > 0


def _extremum(frame: Any, e: Eqn) -> None:
    lines, kind = Lines(e.inputs[0].aval.shape, e.params["axis"]), kind_of_var(e.inputs[0])
    lanes = max(1, frame.module.bits // (8 * INT64.size))
    long = lines.inner == 1 and lines.length >= SIDE_BY_SIDE * lanes
    test = "gt" if e.primitive.name == "argmax" else "lt"

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        if long:
            _along(b, test, lines, kind, ins[0], outs[0])
        else:
            _across(b, test, lines, kind, ins[0], outs[0])

    whole_arrays(frame, e, lanes, emit)


SIDE_BY_SIDE = 4
"""So many vectors of a long line are looked at side by side."""


def _better(b: Builder, test: str, state: list[Value], found: Value, number: Value) -> list[Value]:
    """The number so far and its place, or a later one that is beyond it."""
    better = _beats(b, test, found, state[0])
    return [b.select(better, found, state[0]), b.select(better, number, state[1])]


def _best(b: Builder, test: str, x: list[Value], y: list[Value]) -> list[Value]:
    """The number that is beyond the other one, or of equal ones the first; and its place."""
    equal = ~(_beats(b, test, x[0], y[0]) | _beats(b, test, y[0], x[0]))
    better = _beats(b, test, y[0], x[0]) | (equal & b.compare("lt", y[1], x[1]))
    return [b.select(better, u, v) for u, v in zip(y, x, strict=True)]


def _across(b: Builder, test: str, lines: Lines, kind: Kind, x: str, y: str) -> None:
    """Vectors over lines: over those of a block, or where these are single ones over blocks."""
    n = lines.length
    blocks, step, size = (1, n, lines.outer) if lines.inner == 1 else (lines.outer, 1, lines.inner)
    with b.loop("0", str(blocks), 1) as o:
        start, end = moved(b, x, o, n * lines.inner, kind), moved(b, y, o, lines.inner, INT64)

        def search(j: str, mask: Value | None) -> None:
            first = moved(b, start, j, step, kind)
            state = [b.gather(first, step, kind, mask), b.constant(0, INT64)]
            with b.loop_with("1", str(n), 1, state) as (i, inside):
                found = b.gather(moved(b, first, i, lines.inner, kind), step, kind, mask)
                inside[:] = _better(b, test, inside, found, b.splat(i, INT64))
            b.store(inside[1], b.pointer(end, j, INT64), mask)

        side_by_side(b, size, search)


def _along(b: Builder, test: str, lines: Lines, kind: Kind, x: str, y: str) -> None:
    """Vectors along lines that lie one after the other."""
    n, wide = lines.length, SIDE_BY_SIDE * b.lanes
    last = n - n % wide
    lanes = Value(b, "<" + ", ".join(f"i64 {k}" for k in range(b.lanes)) + ">", INT64)
    b.emit(f"%places = alloca {b.type(INT64)}, align 64")
    with b.loop("0", str(lines.outer), 1) as o:
        line = moved(b, x, o, n, kind)
        state = []
        for c in range(SIDE_BY_SIDE):
            at = str(c * b.lanes)
            state += [b.load(b.pointer(line, at, kind), kind), b.splat(at, INT64) + lanes]
        with b.loop_with(str(wide), str(last), wide, state) as (i, inside):
            for c in range(SIDE_BY_SIDE):
                at = b.scalar(f"add i64 {i}, {c * b.lanes}")
                found, places = b.load(b.pointer(line, at, kind), kind), b.splat(at, INT64) + lanes
                inside[2 * c : 2 * c + 2] = _better(
                    b, test, inside[2 * c : 2 * c + 2], found, places
                )
        best = inside[:2]
        for c in range(1, SIDE_BY_SIDE):
            best = _best(b, test, best, inside[2 * c : 2 * c + 2])
        b.emit(f"store {b.type(INT64)} {best[1].text}, ptr %places")
        count = b.lanes
        with in_lanes(b, 1):
            place = b.load("%places", INT64)
            state = [b.load(b.pointer(line, place.text, kind), kind), place]
            with b.loop_with("1", str(count), 1, state) as (k, inside):
                place = b.load(b.pointer("%places", k, INT64), INT64)
                found = b.load(b.pointer(line, place.text, kind), kind)
                inside[:] = _best(b, test, inside, [found, place])
            with b.loop_with(str(last), str(n), 1, inside) as (i, rest):
                found = b.load(b.pointer(line, i, kind), kind)
                rest[:] = _better(b, test, rest, found, Value(b, i, INT64))
            b.store(rest[1], b.pointer(y, o, INT64))


KERNELS: dict[str, Placing] = {
    **dict.fromkeys(_RUNNING, Placing(_takes_running, _running)),
    **dict.fromkeys(("argmax", "argmin"), Placing(_takes_extremum, _extremum)),
}
"""By the names of operators."""

__all__ = ["KERNELS", "Lines", "in_lanes", "moved", "side_by_side", "whole_arrays"]
