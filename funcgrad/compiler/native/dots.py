"""Tiles of contractions whose vectors lie along an axis that is summed over."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from .builder import Builder, Value
from .sums import Finish, Writer
from .tilings import Contraction, Dots


class DotsWriter(Writer):
    """Vectors along the last axis that is summed over."""

    def __init__(self, builder: Builder, c: Contraction, t: Dots, finish: Finish) -> None:
        super().__init__(builder, c, finish)
        self.t: Dots = t
        self.row, self.column, self.inner = c.kept[t.row], c.kept[t.column], c.summed[-1]
        self.tile: list[tuple[int, int]] = list(itertools.product(range(t.rows), range(t.columns)))
        self.is_column: bool = t.columns == 1 and 1 < t.rows <= t.lanes

    def write(self, names: Sequence[str]) -> None:
        """The kernel."""
        t = self.t
        if self.strong is not None or not self.is_column:
            self.make_room(len(self.tile))
        others = [a for k, a in enumerate(self.c.kept) if k not in (t.row, t.column)]
        with (
            self.loops(others, names) as bases,
            self.parts(self.column.size, t.columns) as column,
            self.parts(self.row.size, t.rows) as row,
        ):
            self.one_tile(self.at(self.at(bases, self.column, column), self.row, row))

    def one_tile(self, bases: Sequence[str]) -> None:
        """The sums of a tile, from zeros to where they are stored."""
        t = self.t
        state = self.sums(
            self.c.summed[:-1], bases[:2], self.zeros(len(self.tile) * t.sets), self.innermost
        )
        totals = self.joined(state, t.sets)
        lanes = self.b.lanes
        groups = [totals[k : k + lanes] for k in range(0, len(totals), lanes)]
        found = [across(self.b, group) for group in groups]
        if self.strong is not None:
            self.mended(found, lambda: self.in_room(self.again, bases))
        elif self.room:
            self.set_aside(found)
        if self.is_column:
            mask = self.b.lanes_below("0", str(t.rows)) if t.rows < lanes else None
            total = self.b.load(self.room, self.c.kind) if self.room else found[0]
            self.written(total, bases, self.row.steps, mask)
        elif self.room:
            self.in_room(self.finished, bases)
        else:
            for k, total in enumerate(found):
                self.one_by_one(total, self.tile[k * lanes : (k + 1) * lanes], bases)

    def in_room(self, what: Callable[[Sequence[str]], None], bases: Sequence[str]) -> None:
        """Call a function that goes through the sums of a tile."""
        room = self.room

        def write(names: list[str]) -> None:
            self.room = names[-1]
            what(names[:-1])

        self.apart([("ptr", a) for a in (*bases, room)], write)
        self.room = room

    def again(self, bases: Sequence[str]) -> None:
        """Compute the sums of a tile one by one, with strong zeros."""
        b, t, kind = self.b, self.t, self.c.kind
        size, lanes = self.inner.size, b.lanes
        full = size - size % lanes

        def added(there: Sequence[str], mask: Value | None, state: list[Value]) -> list[Value]:
            x, y = (self.loaded(o, there[o], self.inner.steps[o], mask) for o in (0, 1))
            if mask is not None:
                x, y = b.select(mask, x, 0), b.select(mask, y, 0)
            return [self.strong_product(x, y, state[0])]

        def innermost(there: Sequence[str], state: list[Value]) -> list[Value]:
            if full:
                with b.loop_with("0", str(full), lanes, state) as (i, inside):
                    now = self.moved_factors(there, self.inner, i)
                    inside[:] = added(now, None, list(inside))
                state = inside
            if full < size:
                rest = self.moved_factors(there, self.inner, str(full))
                state = added(rest, b.lanes_below(str(full), str(size)), state)
            return state

        with b.loop("0", str(t.rows), 1) as r, b.loop("0", str(t.columns), 1) as s:
            there = self.at(self.at(bases, self.row, r), self.column, s)
            (total,) = self.sums(self.c.summed[:-1], there[:2], self.zeros(1), innermost)
            text = across(b, [total]).text
            if lanes > 1:
                text = b.scalar(f"extractelement {b.type(kind)} {text}, i64 0")
            row = b.scalar(f"mul nsw i64 {r}, {t.columns}")
            number = b.scalar(f"add nsw i64 {row}, {s}")
            b.store_one(text, self.moved(self.room, number, 1, kind), kind)

    def finished(self, bases: Sequence[str]) -> None:
        """Finish the sums that were set aside one by one, and store the results."""
        b, t, lanes = self.b, self.t, self.b.lanes
        b.lanes = 1
        with b.loop("0", str(t.rows), 1) as r, b.loop("0", str(t.columns), 1) as s:
            row = b.scalar(f"mul nsw i64 {r}, {t.columns}")
            number = b.scalar(f"add nsw i64 {row}, {s}")
            read = self.moved(self.room, number, 1, self.c.kind)
            there = self.at(self.at(bases, self.row, r), self.column, s)
            self.written(b.load(read, self.c.kind), there, [1] * len(bases), None)
        b.lanes = lanes

    def one_by_one(
        self, sums: Value, points: Sequence[tuple[int, int]], bases: Sequence[str]
    ) -> None:
        """Store sums that stand in the lanes of a vector."""
        lanes, t = self.b.lanes, self.b.type(sums.kind)
        for lane, (r, s) in enumerate(points):
            text = sums.text
            if lanes > 1:
                text = self.b.scalar(f"extractelement {t} {sums.text}, i64 {lane}")
            self.b.lanes = 1
            addresses = [
                self.shifted(base, r * a + s * b, kind)
                for base, a, b, kind in zip(
                    bases, self.row.steps, self.column.steps, self.c.kinds, strict=True
                )
            ]
            self.written(Value(self.b, text, sums.kind), addresses, [1] * len(bases), None)
            self.b.lanes = lanes

    def innermost(self, there: Sequence[str], state: list[Value]) -> list[Value]:
        """The sum along the vectors' axis: many vectors, single ones, and the rest of one."""
        size, lanes, sets = self.inner.size, self.b.lanes, self.t.sets
        full = size - size % lanes
        many = full - full % (lanes * sets)
        for start, stop, count in ((0, many, sets), (many, full, 1)):
            if start == stop:
                continue
            if stop - start == lanes * count:
                state = self.turns(there, start, count, None, state)
                continue
            with self.b.loop_with(str(start), str(stop), lanes * count, state) as (i, inside):
                now = self.moved_factors(there, self.inner, i)
                inside[:] = self.turns(now, 0, count, None, list(inside))
            state = inside
        if full < size:
            mask = self.b.lanes_below(str(full), str(size))
            state = self.turns(there, full, 1, mask, state)
        return state

    def turns(
        self, there: Sequence[str], start: int, count: int, mask: Value | None, state: list[Value]
    ) -> list[Value]:
        """So many vectors of products for each sum, in the sets of sums."""
        state = list(state)
        for turn in range(count):
            known: dict[tuple[int, int, int], Value] = {}
            for at, (r, s) in enumerate(self.tile, turn * len(self.tile)):
                x, y = (
                    self.read(o, r, s, start + turn * self.b.lanes, there, mask, known)
                    for o in (0, 1)
                )
                state[at] = self.product(x, y, state[at])
        return state

    def read(
        self,
        o: int,
        r: int,
        s: int,
        index: int,
        there: Sequence[str],
        mask: Value | None,
        known: dict[tuple[int, int, int], Value],
    ) -> Value:
        """A factor at a row and a column of the tile, read once for all that share it."""
        key = (o, r if self.row.steps[o] else 0, s if self.column.steps[o] else 0)
        if key not in known:
            distance = r * self.row.steps[o] + s * self.column.steps[o]
            distance += index * self.inner.steps[o]
            address = self.shifted(there[o], distance, self.c.kinds[o])
            found = self.loaded(o, address, self.inner.steps[o], mask)
            if mask is not None and not self.inner.steps[o]:
                found = self.b.select(mask, found, 0)
            known[key] = found
        return known[key]


def across(b: Builder, totals: Sequence[Value]) -> Value:
    """The sums of the lanes of vectors, in the lanes of one vector; others hold anything."""
    n, found = b.lanes, list(totals)
    width = n
    while width > 1:
        if len(found) % 2 and len(found) > 1:
            found.append(found[-1])
        if len(found) > 1:
            found = [_halved(b, x, y) for x, y in zip(found[::2], found[1::2], strict=True)]
        else:
            found = [_halved(b, found[0], found[0])]
        width //= 2
    return found[0]


def _halved(b: Builder, x: Value, y: Value) -> Value:
    """Neighbours of x added to each other, then those of y."""
    n, t = b.lanes, b.type(x.kind)

    def chosen(first: int) -> Value:
        places = ", ".join(f"i32 {k}" for k in range(first, 2 * n, 2))
        given = f"{t} {x.text}, {t} {y.text}, <{n} x i32> <{places}>"
        return b.instruction(f"shufflevector {given}", x.kind)

    return chosen(0) + chosen(1)
