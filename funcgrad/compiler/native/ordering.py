"""Sorting of short lines, and places in sorted ones.

NaN is the largest number, as in NumPy. Of sorted zeros the order is any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn
from .builder import Builder, Value
from .kinds import BOOL, INT32, INT64, KINDS, Kind
from .places import kind_of_var, size_of
from .protocol import Placing, are_known
from .scanning import Lines, in_lanes, moved, side_by_side, whole_arrays

LONGEST = 64
"""Lines of up to so many elements are sorted here; others by NumPy."""


# --- sorting -------------------------------------------------------------------------------------


def key_kind(kind: Kind) -> Kind:
    """The integers that are compared in the place of numbers."""
    if kind.is_float:
        return INT64 if kind.size == INT64.size else INT32
    return KINDS["B"] if kind is BOOL else kind


def key_of(b: Builder, x: Value) -> Value:
    """Integers in the order of numbers; zeros of both signs are equal, NaN is the largest."""
    kind = key_kind(x.kind)
    if not x.kind.is_float:
        return b.cast(x, kind)
    largest = int(np.iinfo(kind.dtype).max)
    bits = b.bitcast(x + 0.0, kind)
    mirrored = bits ^ (b.shift("ashr", bits, 8 * kind.size - 1) & largest)
    return b.select(b.compare("eq", x, x), mirrored, largest)


class _Sorting:
    """Lines of up to ``LONGEST`` numbers: for each one its rank, which is where it goes."""

    def __init__(self, b: Builder, lines: Lines, kind: Kind, descending: bool) -> None:
        self.b: Builder = b
        self.lines: Lines = lines
        self.kind: Kind = kind
        self.keys: Kind = key_kind(kind)
        self.descending: bool = descending
        for name, k in (("numbers", kind), ("keys", self.keys), ("ranks", self.keys)):
            b.emit(f"%{name} = alloca [{2 * LONGEST} x {k.memory}], align 64")

    def each_line(self, x: str, put: Callable[[str, str, str, Value], None]) -> None:
        """Call ``put(block, line in it, number of the element, its rank)`` for all elements."""
        b, lines = self.b, self.lines
        with b.loop("0", str(lines.outer), 1) as o, b.loop("0", str(lines.inner), 1) as i:
            start = b.pointer(moved(b, x, o, lines.length * lines.inner, self.kind), i, self.kind)
            with in_lanes(b, 1), b.loop("0", str(lines.length), 1) as k:
                number = b.load(moved(b, start, k, lines.inner, self.kind), self.kind)
                b.store(number, b.pointer("%numbers", k, self.kind))
            self.rank()
            with in_lanes(b, 1), b.loop("0", str(lines.length), 1) as k:
                rank = b.load(b.pointer("%ranks", k, self.keys), self.keys)
                put(o, i, k, b.cast(rank, INT64))

    def rank(self) -> None:
        """How many keys come before each of them; of equal ones the first comes first."""
        b, n = self.b, self.lines.length
        with b.loop("0", str(n), b.lanes) as i:
            key = key_of(b, b.load(b.pointer("%numbers", i, self.kind), self.kind))
            b.store(key, b.pointer("%keys", i, self.keys))
        lanes = ", ".join(f"{self.keys.register} {k}" for k in range(b.lanes))
        strictly, or_equal = ("gt", "ge") if self.descending else ("lt", "le")
        with b.loop("0", str(n), b.lanes) as i:
            places = self.whole(i) + Value(b, f"<{lanes}>", self.keys)
            mine = b.load(b.pointer("%keys", i, self.keys), self.keys)

            def count(start: str, stop: str, rank: Value, before: Callable[..., Value]) -> Value:
                with b.loop_with(start, stop, 1, [rank]) as (j, state):
                    other = b.repeated(b.pointer("%keys", j, self.keys), self.keys)
                    state[0] = b.select(before(other, j), state[0] + 1, state[0])
                return state[0]

            def among_them(other: Value, j: str) -> Value:
                tie = b.compare("eq", other, mine) & b.compare("lt", self.whole(j), places)
                return b.compare(strictly, other, mine) | tie

            after = b.scalar(f"add i64 {i}, {b.lanes}")
            rank = b.constant(0, self.keys)
            rank = count("0", i, rank, lambda other, _: b.compare(or_equal, other, mine))
            rank = count(i, self.least(after, n), rank, among_them)
            rank = count(after, str(n), rank, lambda other, _: b.compare(strictly, other, mine))
            b.store(rank, b.pointer("%ranks", i, self.keys))

    def least(self, i: str, n: int) -> str:
        """The smaller one of two numbers."""
        inside = self.b.scalar(f"icmp slt i64 {i}, {n}")
        return self.b.scalar(f"select i1 {inside}, i64 {i}, i64 {n}")

    def whole(self, i: str) -> Value:
        """A number of a loop in all lanes."""
        size = self.keys.register
        return self.b.splat(
            i if size == "i64" else self.b.scalar(f"trunc i64 {i} to {size}"), self.keys
        )

    def load(self, k: str) -> Value:
        """An element of the line."""
        return self.b.load(self.b.pointer("%numbers", k, self.kind), self.kind)


def takes_sort(e: Eqn) -> bool:
    """True for short lines."""
    shape = e.inputs[0].aval.shape
    known = are_known((*e.inputs, *e.outvars))
    return known and shape[e.params.get("axis", -1)] <= LONGEST


def sort(frame: Any, e: Eqn) -> None:
    """All of ``sort``, ``argsort`` and ``top_k``."""
    name, p = e.primitive.name, e.params
    shape, kind = e.inputs[0].aval.shape, kind_of_var(e.inputs[0])
    lines = Lines(shape, p["axis"] if name != "top_k" else len(shape) - 1)
    kept = p.get("k", lines.length)

    def emit(b: Builder, ins: list[str], outs: list[str]) -> None:
        sorting = _Sorting(b, lines, kind, p.get("descending", True))
        numbers, places = {"sort": (*outs, None), "argsort": (None, *outs)}.get(name, outs)
        b.emit("%unwanted = alloca i64")

        def put(o: str, i: str, k: str, rank: Value) -> None:
            wanted = b.compare("lt", rank, kept).text

            def address(x: str, of: Kind) -> str:
                there = b.pointer(moved(b, x, o, kept * lines.inner, of), i, of)
                there = moved(b, there, rank.text, lines.inner, of)
                if kept == lines.length:
                    return there
                return b.scalar(f"select i1 {wanted}, ptr {there}, ptr %unwanted")

            if numbers is not None:
                b.store(sorting.load(k), address(numbers, kind))
            if places is not None:
                b.store(Value(b, k, INT64), address(places, INT64))

        if lines.length:
            sorting.each_line(ins[0], put)

    lanes = max(1, frame.module.bits // (8 * kind.size))
    whole_arrays(frame, e, lanes, emit)


# --- places in sorted lines ----------------------------------------------------------------------


def _less(b: Builder, x: Value, y: Value) -> Value:
    """Whether numbers are less than others, of which NaN is the largest."""
    found = b.compare("lt", x, y)
    if not x.kind.is_float:
        return found
    return found | (b.compare("ne", y, y) & b.compare("eq", x, x))


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
            line = moved(b, ins[0], o, length, kind)
            wanted, found = moved(b, ins[1], o, count, kind), moved(b, outs[0], o, count, INT64)

            def search(i: str, mask: Value | None) -> None:
                x = b.load(b.pointer(wanted, i, kind), kind, mask)
                b.store(_places(b, line, x, length, left), b.pointer(found, i, INT64), mask)

            side_by_side(b, count, search)

    whole_arrays(frame, e, max(1, frame.module.bits // (8 * INT64.size)), emit)


def _places(b: Builder, line: str, x: Value, length: int, left: bool) -> Value:
    """How many numbers of a sorted line come before others, by halves of what is left."""
    found, left_over = b.constant(0, INT64), length
    while left_over:
        half = (left_over + 1) // 2
        y = b.gather_at(line, found + (half - 1), x.kind)
        before = _less(b, y, x) if left else ~_less(b, x, y)
        found = b.select(before, found + half, found)
        left_over -= half
    return found


KERNELS: dict[str, Placing] = {
    **dict.fromkeys(("sort", "argsort"), Placing(takes_sort, sort)),
    "searchsorted": Placing(_takes_search, _search),
}
"""By the names of operators."""

__all__ = ["KERNELS", "LONGEST", "key_kind", "key_of", "sort", "takes_sort"]
