"""Sorting of short lines, and places in sorted ones.

NaN is the largest number, as in NumPy. Of sorted zeros the order is any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ...core.jaxpr import Eqn
from .builder import Builder, Value
from .kinds import INT64, Kind
from .places import kind_of_var, size_of
from .protocol import Placing, are_known
from .scanning import Lines, moved, whole_arrays

LONGEST = 64
"""Lines of up to so many elements are sorted by insertion; others by NumPy."""

Before: TypeAlias = Callable[[Builder, Value, Value], Value]
"""Whether a number comes before another one."""


def less(b: Builder, x: Value, y: Value) -> Value:
    """Whether a number is less than another one."""
    found = b.compare("lt", x, y)
    if not x.kind.is_float:
        return found
    return found | (b.compare("ne", y, y) & b.compare("eq", x, x))


def _more(b: Builder, x: Value, y: Value) -> Value:
    return less(b, y, x)


class _Line:
    """Numbers along an axis, a step apart."""

    def __init__(self, b: Builder, address: str, step: int, kind: Kind) -> None:
        self.b: Builder = b
        self.address: str = address
        self.step: int = step
        self.kind: Kind = kind

    def load(self, i: str) -> Value:
        return self.b.load(moved(self.b, self.address, i, self.step, self.kind), self.kind)

    def store(self, x: Value, i: str) -> None:
        self.b.store(x, moved(self.b, self.address, i, self.step, self.kind))


def _inserted(line: _Line, i: str, new: Value, comes_before: Callable[[Value], Value]) -> None:
    """Move what comes after a new number, of the first i in order, and put the number there."""
    b = line.b
    with b.turns([Value(b, i, INT64)]) as (_, state, go_on_if):
        at = state[0]
        some = b.compare("gt", at, 0)
        before = b.select(some, at - 1, 0)
        old = line.load(before.text)
        go_on_if((some & comes_before(old)).text)
        line.store(old, at.text)
        state[0] = before
    line.store(new, state[0].text)


def _each_line(b: Builder, lines: Lines, do: Callable[[str, str], None]) -> None:
    """Do something for each line, given the numbers of its block and of it inside of that."""
    with b.loop("0", str(lines.outer), 1) as o, b.loop("0", str(lines.inner), 1) as i:
        do(o, i)


def _at(b: Builder, lines: Lines, address: str, o: str, i: str, kind: Kind, length: int) -> _Line:
    start = moved(b, address, o, length * lines.inner, kind)
    return _Line(b, b.pointer(start, i, kind), lines.inner, kind)


def _takes_sort(e: Eqn) -> bool:
    shape = e.inputs[0].aval.shape
    known = are_known((*e.inputs, *e.outvars))
    return known and 0 < shape[e.params.get("axis", -1)] <= LONGEST


def _sort(frame: Any, e: Eqn) -> None:
    kind = kind_of_var(e.inputs[0])
    lines = Lines(e.inputs[0].aval.shape, e.params["axis"])
    comes: Before = _more if e.params["descending"] else less

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        def one(o: str, i: str) -> None:
            x, y = (_at(b, lines, a, o, i, kind, lines.length) for a in (*ins, *outs))
            y.store(x.load("0"), "0")
            with b.loop("1", str(lines.length), 1) as k:
                new = x.load(k)
                _inserted(y, k, new, lambda old: comes(b, new, old))

        _each_line(b, lines, one)

    whole_arrays(frame, e, 1, emit)


def _put_in_order(b: Builder, x: _Line, order: _Line, length: int, comes: Before) -> None:
    """Write the numbers of places in the order of what is there."""
    order.store(b.constant(0, INT64), "0")
    with b.loop("1", str(length), 1) as k:
        new = x.load(k)
        number = Value(b, k, INT64)
        _inserted(order, k, number, lambda old: comes(b, new, x.load(old.text)))


def _argsort(frame: Any, e: Eqn) -> None:
    kind = kind_of_var(e.inputs[0])
    lines = Lines(e.inputs[0].aval.shape, e.params["axis"])
    comes: Before = _more if e.params["descending"] else less

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        def one(o: str, i: str) -> None:
            x = _at(b, lines, ins[0], o, i, kind, lines.length)
            order = _at(b, lines, outs[0], o, i, INT64, lines.length)
            _put_in_order(b, x, order, lines.length, comes)

        _each_line(b, lines, one)

    whole_arrays(frame, e, 1, emit)


def _top_k(frame: Any, e: Eqn) -> None:
    kind, count = kind_of_var(e.inputs[0]), e.params["k"]
    shape = e.inputs[0].aval.shape
    lines = Lines(shape, len(shape) - 1)

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        b.emit(f"%order = alloca [{lines.length} x i64]")
        order = _Line(b, "%order", 1, INT64)

        def one(o: str, i: str) -> None:
            x = _at(b, lines, ins[0], o, i, kind, lines.length)
            found = _at(b, lines, outs[0], o, i, kind, count)
            places = _at(b, lines, outs[1], o, i, INT64, count)
            _put_in_order(b, x, order, lines.length, _more)
            with b.loop("0", str(count), 1) as k:
                place = order.load(k)
                places.store(place, k)
                found.store(x.load(place.text), k)

        _each_line(b, lines, one)

    whole_arrays(frame, e, 1, emit)


def _takes_search(e: Eqn) -> bool:
    a, v = e.inputs
    rows = size_of(a.aval.shape[:-1]) if not a.aval.symbolic else 0
    whole = len(a.aval.shape) == 1 or (rows > 0 and size_of(v.aval.shape) % rows == 0)
    return are_known((a, v, *e.outvars)) and a.aval.dtype == v.aval.dtype and whole


def _search(frame: Any, e: Eqn) -> None:
    (a, v), left = e.inputs, e.params["side"] == "left"
    kind, length = kind_of_var(a), a.aval.shape[-1]
    rows = size_of(a.aval.shape[:-1])
    count = size_of(v.aval.shape) // rows

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        with b.loop("0", str(rows), 1) as o:
            line = _Line(b, moved(b, ins[0], o, length, kind), 1, kind)
            wanted = _Line(b, moved(b, ins[1], o, count, kind), 1, kind)
            found = _Line(b, moved(b, outs[0], o, count, INT64), 1, INT64)
            with b.loop("0", str(count), 1) as i:
                found.store(_position(b, line, wanted.load(i), length, left), i)

    whole_arrays(frame, e, 1, emit)


def _position(b: Builder, line: _Line, x: Value, length: int, left: bool) -> Value:
    """How many numbers of a sorted line come before a number, by halves of what is left."""
    begun = [b.constant(0, INT64), b.constant(length, INT64)]
    with b.turns(begun) as (_, state, go_on_if):
        low, high = state
        go_on_if(b.compare("lt", low, high).text)
        middle = b.shift("lshr", low + high, 1)
        y = line.load(middle.text)
        before = less(b, y, x) if left else ~less(b, x, y)
        state[:] = [b.select(before, middle + 1, low), b.select(before, high, middle)]
    return state[0]


KERNELS: dict[str, Placing] = {
    "sort": Placing(_takes_sort, _sort),
    "argsort": Placing(_takes_sort, _argsort),
    "top_k": Placing(_takes_sort, _top_k),
    "searchsorted": Placing(_takes_search, _search),
}
"""By the names of operators."""

__all__ = ["KERNELS", "LONGEST"]
