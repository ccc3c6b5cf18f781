"""Running sums, products and extrema along an axis, and the places of extrema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    lines = Lines(e.inputs[0].aval.shape, e.params["axis"])
    test = "gt" if e.primitive.name == "argmax" else "lt"
    kind = kind_of_var(e.inputs[0])
    lanes = max(1, frame.module.bits // (8 * INT64.size))
    long = lines.inner == 1 and lines.length >= 4 * lanes
    if not long and lines.inner < max(2, lanes // 2):
        lanes = 1

    def step(b: Builder, found: Value, number: Value, state: list[Value]) -> None:
        better = _beats(b, test, found, state[0])
        state[0] = b.select(better, found, state[0])
        state[1] = b.select(better, number, state[1])

    def side(b: Builder, x: str, y: str) -> None:
        def do(j: str, mask: Value | None) -> None:
            column = b.pointer(x, j, kind)
            state = [b.load(column, kind, mask), b.constant(0, INT64)]
            with b.loop_with("1", str(lines.length), 1, state) as (i, inside):
                found = b.load(moved(b, column, i, lines.inner, kind), kind, mask)
                step(b, found, b.splat(i, INT64), inside)
            b.store(inside[1], b.pointer(y, j, INT64), mask)

        side_by_side(b, lines.inner, do)

    def along(b: Builder, x: str, y: str) -> None:
        n, last = lines.length, lines.length - lines.length % b.lanes
        numbers = Value(b, "<" + ", ".join(f"i64 {k}" for k in range(b.lanes)) + ">", INT64)
        state = [b.load(x, kind), numbers]
        with b.loop_with(str(b.lanes), str(last), b.lanes, state) as (i, inside):
            found = b.load(b.pointer(x, i, kind), kind)
            step(b, found, b.splat(i, INT64) + numbers, inside)
        b.emit(f"store {b.type(INT64)} {inside[1].text}, ptr %numbers")
        wide = b.lanes
        b.lanes = 1  # what is left goes number by number
        first = b.load("%numbers", INT64)
        state = [b.load(b.pointer(x, first.text, kind), kind), first]
        with b.loop_with("1", str(wide), 1, state) as (k, inside):
            number = b.load(b.pointer("%numbers", k, INT64), INT64)
            found = b.load(b.pointer(x, number.text, kind), kind)
            better = _beats(b, test, found, inside[0])
            equal = ~(better | _beats(b, test, inside[0], found))
            better = better | (equal & b.compare("lt", number, inside[1]))
            inside[0] = b.select(better, found, inside[0])
            inside[1] = b.select(better, number, inside[1])
        with b.loop_with(str(last), str(n), 1, inside) as (i, rest):
            found = b.load(b.pointer(x, i, kind), kind)
            step(b, found, b.splat(i, INT64), rest)
        b.store(rest[1], y)
        b.lanes = wide

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        if long:
            b.emit(f"%numbers = alloca {b.type(INT64)}, align 64")
        with b.loop("0", str(lines.outer), 1) as o:
            x = moved(b, ins[0], o, lines.length * lines.inner, kind)
            y = moved(b, outs[0], o, lines.inner, INT64)
            (along if long else side)(b, x, y)

    whole_arrays(frame, e, lanes, emit)


KERNELS: dict[str, Placing] = {
    **dict.fromkeys(_RUNNING, Placing(_takes_running, _running)),
    **dict.fromkeys(("argmax", "argmin"), Placing(_takes_extremum, _extremum)),
}
"""By the names of operators."""

__all__ = ["KERNELS", "Lines", "moved", "whole_arrays"]
