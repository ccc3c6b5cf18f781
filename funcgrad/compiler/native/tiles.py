"""Kernels of contractions: loops over tiles of sums that stand in registers.

Sizes that no tile divides are reached by tiles that overlap: what they share is computed twice,
to the same bits, so that there is one text for all tiles.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from .builder import Builder, Value
from .kinds import Kind
from .packing import Panel, Source, least, pack
from .places import ALIGNMENT
from .tilings import FEW_PRODUCTS, Across, Axis, Contraction, Dots, Tiling

Finish: TypeAlias = Callable[[Builder, Value, "Sequence[Value]"], "Sequence[Value]"]
"""(builder, sums, what else is read at their places): the results there."""


class Place(NamedTuple):
    """A distance along an axis: a register, if any, and a number more."""

    register: str
    constant: int


SHORT = 6
"""So many instructions are written for each vector of a tile that they finish; more in a loop."""

HALF = 12
"""So many products are enough for a turn of a loop."""


def as_they_are(_builder: Builder, total: Value, _others: Sequence[Value]) -> Sequence[Value]:
    """The sums themselves, as the results."""
    return [total]


class Writer:
    """One kernel under construction.

    Args:
        builder: with the lanes of the tiling.
        c: what is computed.
        finish: what becomes of the sums.
    """

    def __init__(self, builder: Builder, c: Contraction, finish: Finish) -> None:
        self.b: Builder = builder
        self.c: Contraction = c
        self.finish: Finish = finish
        self.first_result: int = len(c.kinds) - c.results
        self.room: str = ""

    # --- addresses ------------------------------------------------------------------------------

    def at(self, bases: Sequence[str], axis: Axis, index: str) -> list[str]:
        """The addresses of all operands at an index of an axis."""
        return [
            self.moved(base, index, step, kind)
            for base, step, kind in zip(bases, axis.steps, self.c.kinds, strict=True)
        ]

    def moved(self, base: str, index: str, step: int, kind: Kind) -> str:
        if not step or index in ("", "0"):
            return base
        offset = index if step == 1 else self.b.scalar(f"mul nsw i64 {index}, {step}")
        return self.b.pointer(base, offset, kind)

    def shifted(self, base: str, distance: int, kind: Kind) -> str:
        return self.b.pointer(base, str(distance), kind) if distance else base

    @contextmanager
    def loops(self, axes: Sequence[Axis], bases: Sequence[str]) -> Iterator[list[str]]:
        """Nested loops; yields the addresses inside."""
        if not axes:
            yield list(bases)
            return
        axis, rest = axes[0], axes[1:]
        if axis.size == 1:
            with self.loops(rest, bases) as inside:
                yield inside
            return
        with (
            self.b.loop("0", str(axis.size), 1) as i,
            self.loops(rest, self.at(bases, axis, i)) as inside,
        ):
            yield inside

    @contextmanager
    def parts(self, size: int, length: int) -> Iterator[str]:
        """The starts of parts of a length, of which the last one ends where the axis does."""
        if size <= length:
            yield "0"
            return
        with self.b.loop("0", str(size), length) as start:
            yield least(self.b, start, size - length) if size % length else start

    # --- sums -----------------------------------------------------------------------------------

    def loaded(self, o: int, address: str, step: int, mask: Value | None) -> Value:
        """What is read of an operand: vectors along a step, or one number in all lanes."""
        kind = self.c.kinds[o]
        if not step:
            return self.b.repeated(address, kind)
        return self.b.gather(address, step, kind, mask)

    def product(self, x: Value, y: Value, total: Value | None) -> Value:
        """A product added to a sum, rounded once if they are floats."""
        b, kind = self.b, self.c.kind
        x, y = b.cast(x, kind), b.cast(y, kind)
        if self.c.strong == 0:
            y = b.select(x == 0, 0, y)
        elif self.c.strong == 1:
            x = b.select(y == 0, 0, x)
        if total is None:
            return x * y
        return b.fma(x, y, total) if kind.is_float else total + x * y

    def sums(
        self,
        axes: Sequence[Axis],
        bases: Sequence[str],
        state: list[Value],
        inner: Callable[[Sequence[str], list[Value]], list[Value]],
    ) -> list[Value]:
        """Loops that hand sums on from turn to turn; ``inner`` has what is in the innermost."""
        if not axes:
            return inner(bases, state)
        axis, rest = axes[0], axes[1:]
        with self.b.loop_with("0", str(axis.size), 1, state) as (i, inside):
            there = self.moved_factors(bases, axis, i)
            inside[:] = self.sums(rest, there, list(inside), inner)
        return inside

    def moved_factors(self, bases: Sequence[str], axis: Axis, index: str) -> list[str]:
        return [
            self.moved(base, index, axis.steps[self.factor(k)], self.c.kinds[self.factor(k)])
            for k, base in enumerate(bases)
        ]

    def factor(self, k: int) -> int:
        """The operand that the k-th address inside of the sums belongs to."""
        return k

    def joined(self, state: Sequence[Value], sets: int) -> list[Value]:
        """The sums of sets of sums."""
        count = len(state) // sets
        parts = [list(state[k * count : (k + 1) * count]) for k in range(sets)]
        while len(parts) > 1:
            parts = [
                [x + y for x, y in zip(a, b, strict=True)]
                for a, b in zip(parts[::2], parts[1::2], strict=True)
            ]
        return parts[0]

    def zeros(self, count: int) -> list[Value]:
        return [self.b.constant(0, self.c.kind)] * count

    # --- results --------------------------------------------------------------------------------

    def make_room(self, vectors: int) -> None:
        """Memory for the sums of a tile, if they are finished in a loop for the sake of the text.

        It has to be made before all loops.
        """
        trial = Builder(self.b.lanes)
        sums = Value(trial, "%total", self.c.kind)
        others = [Value(trial, f"%other{o}", self.c.kinds[o]) for o in range(2, self.first_result)]
        self.finish(trial, sums, others)
        if len(trial.lines) > SHORT and vectors > 1:
            self.room = self.b.scalar(
                f"alloca [{vectors} x {self.b.type(self.c.kind)}], align {ALIGNMENT}", "room"
            )

    def set_aside(self, totals: Sequence[Value]) -> None:
        """Write sums where a loop reads them one after the other."""
        for k, total in enumerate(totals):
            self.b.store(total, self.shifted(self.room, k * self.b.lanes, self.c.kind))

    def written(
        self, total: Value, addresses: Sequence[str], steps: Sequence[int], mask: Value | None
    ) -> None:
        """Finish sums, and store the results; addresses and steps are of all operands."""
        others = [self.loaded(o, addresses[o], steps[o], mask) for o in range(2, self.first_result)]
        found = self.finish(self.b, total, others)
        for o, x in enumerate(found, self.first_result):
            x = self.b.cast(x, self.c.kinds[o])
            self.b.scatter(x, addresses[o], steps[o], mask)


class AcrossWriter(Writer):
    """Vectors along an axis that is kept."""

    def __init__(self, builder: Builder, c: Contraction, t: Across, finish: Finish) -> None:
        super().__init__(builder, c, finish)
        self.t: Across = t
        self.along, self.row = c.kept[t.vector], c.kept[t.row]
        self.steps: list[int] = list(self.along.steps)
        """Of operands along the vectors' axis."""
        self.summed: list[Axis] = list(c.summed)
        self.tile: list[tuple[int, int]] = [(r, v) for r in range(t.rows) for v in range(t.vectors)]
        width = t.lanes
        few = self.along.size < width
        self.mask: Value | None = None
        if few and width > 1:
            self.mask = builder.lanes_below("0", str(self.along.size))

    def write(self, names: Sequence[str]) -> None:
        """The kernel; the last name is that of room for a copy, if there is one."""
        c, t = self.c, self.t
        others = [a for k, a in enumerate(c.kept) if k not in (t.vector, t.row)]
        self.make_room(len(self.tile))
        moving = t.packed
        if moving is None:
            moving = next((o for o in (0, 1) if self.along.steps[o] and not self.row.steps[o]), 0)
        outer = [a for a in others if a.steps[moving]]
        inner = [a for a in others if not a.steps[moving]]
        count = len(c.kinds)
        with (
            self.loops(outer, names[:count]) as bases,
            self.parts_of_vectors() as places,
        ):
            if t.packed is not None:
                bases = self.packed(bases, places, names[count])
            with (
                self.loops(inner, bases) as inside,
                self.parts(self.row.size, t.rows) as start,
            ):
                self.one_tile(self.at(inside, self.row, start), places)

    @contextmanager
    def parts_of_vectors(self) -> Iterator[list[Place]]:
        """Where the vectors of a tile begin."""
        size, lanes, count = self.along.size, self.t.lanes, self.t.vectors
        last = max(0, size - lanes)
        if size <= lanes * count:
            yield [Place("", min(v * lanes, last)) for v in range(count)]
            return
        with self.b.loop("0", str(size), lanes * count) as start:
            if size % (lanes * count) == 0:
                yield [Place(start, v * lanes) for v in range(count)]
                return
            places = []
            for v in range(count):
                at = start if not v else self.b.scalar(f"add nsw i64 {start}, {v * lanes}")
                places.append(Place(least(self.b, at, last), 0))
            yield places

    def packed(self, bases: Sequence[str], places: Sequence[Place], room: str) -> list[str]:
        """The addresses after the part of a factor that a row of tiles reads has been copied."""
        o = self.t.packed
        assert o is not None
        sizes = [a.size for a in self.c.summed]
        steps = [a.steps[o] for a in self.c.summed]
        source = Source(self.c.kinds[o], bases[o], self.along.steps[o], sizes, steps)
        panel = Panel(places[0].register or "0", len(places), self.along.size)
        new = pack(self.b, source, panel, room)
        self.summed = [
            a._replace(steps=tuple(n if k == o else s for k, s in enumerate(a.steps)))
            for a, n in zip(self.c.summed, new, strict=True)
        ]
        self.steps[o] = 1
        self.copied = [Place("", v * self.t.lanes) for v in range(len(places))]
        return [room if k == o else base for k, base in enumerate(bases)]

    def places_of(self, o: int, places: Sequence[Place]) -> Sequence[Place]:
        return self.copied if o == self.t.packed else places

    def one_tile(self, bases: Sequence[str], places: Sequence[Place]) -> None:
        """The sums of a tile, from zeros to where they are stored."""
        t = self.t
        self.keys: list[tuple[int, str]] = []
        starts = []
        for o in (0, 1):
            registers = [p.register for p in self.places_of(o, places)] if self.steps[o] else [""]
            for register in dict.fromkeys(registers):
                self.keys.append((o, register))
                starts.append(self.moved(bases[o], register, self.steps[o], self.c.kinds[o]))
        last = self.summed[-1]
        products = len(self.tile)

        def innermost(there: Sequence[str], state: list[Value]) -> list[Value]:
            if last.size * products <= FEW_PRODUCTS:
                return self.turns(there, places, last, last.size, state)
            together = self.together(last.size, products)
            with self.b.loop_with("0", str(last.size), together, state) as (i, inside):
                now = self.moved_factors(there, last, i)
                inside[:] = self.turns(now, places, last, together, list(inside))
            return inside

        state = self.sums(self.summed[:-1], starts, self.zeros(products * t.sets), innermost)
        totals = self.joined(state, t.sets)
        if self.room:
            self.set_aside(totals)
            self.finished(bases, places[0])
            return
        for (r, v), total in zip(self.tile, totals, strict=True):
            addresses = list(bases)
            for o in range(2, len(bases)):
                kind, step = self.c.kinds[o], self.along.steps[o]
                base = self.moved(bases[o], places[v].register, step, kind)
                distance = r * self.row.steps[o] + places[v].constant * step
                addresses[o] = self.shifted(base, distance, kind)
            self.written(total, addresses, self.along.steps, self.mask)

    def finished(self, bases: Sequence[str], first: Place) -> None:
        """Finish the sums that were set aside, and store the results."""
        b, t = self.b, self.t
        start, last = first.register or "0", max(0, self.along.size - t.lanes)
        with b.loop("0", str(t.rows), 1) as r, b.loop("0", str(t.vectors), 1) as v:
            row = b.scalar(f"mul nsw i64 {r}, {t.vectors}")
            number = b.scalar(f"add nsw i64 {row}, {v}")
            read = self.moved(self.room, number, t.lanes, self.c.kind)
            distance = b.scalar(f"mul nsw i64 {v}, {t.lanes}")
            at = least(b, b.scalar(f"add nsw i64 {start}, {distance}"), last)
            there = self.at(self.at(bases, self.row, r), self.along, at)
            self.written(b.load(read, self.c.kind), there, self.along.steps, self.mask)

    def together(self, size: int, products: int) -> int:
        """Turns of the innermost loop in one: as many as there are sets, or some more."""
        found = self.t.sets
        while found * products < HALF and size % (2 * found) == 0:
            found *= 2
        return found

    def factor(self, k: int) -> int:
        return self.keys[k][0]

    def turns(
        self,
        there: Sequence[str],
        places: Sequence[Place],
        axis: Axis,
        count: int,
        state: list[Value],
    ) -> list[Value]:
        """So many products for each sum, one after the other in the sets of sums."""
        state = list(state)
        products = len(self.tile)
        for turn in range(count):
            known: dict[tuple[int, int, int], Value] = {}
            start = turn % self.t.sets * products
            for at, (r, v) in enumerate(self.tile, start):
                x, y = (
                    self.read(o, r, v, turn * axis.steps[o], there, places, known) for o in (0, 1)
                )
                state[at] = self.product(x, y, state[at])
        return state

    def read(
        self,
        o: int,
        r: int,
        v: int,
        distance: int,
        there: Sequence[str],
        places: Sequence[Place],
        known: dict[tuple[int, int, int], Value],
    ) -> Value:
        """A factor at a row and a vector of the tile, read once for all that share it."""
        step = self.steps[o]
        key = (o, r if self.row.steps[o] else 0, v if step else 0)
        if key not in known:
            place = self.places_of(o, places)[v] if step else Place("", 0)
            base = there[self.keys.index((o, place.register))]
            distance += r * self.row.steps[o] + place.constant * step
            address = self.shifted(base, distance, self.c.kinds[o])
            mask = None if o == self.t.packed else self.mask
            known[key] = self.loaded(o, address, step, mask)
        return known[key]


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
        if not self.is_column:
            self.make_room(len(self.tile))
        others = [a for k, a in enumerate(self.c.kept) if k not in (t.row, t.column)]
        with (
            self.loops(others, names) as bases,
            self.parts(self.column.size, t.columns) as column,
            self.parts(self.row.size, t.rows) as row,
        ):
            self.one_tile(self.at(self.at(bases, self.column, column), self.row, row))

    def one_tile(self, bases: Sequence[str]) -> None:
        t = self.t
        state = self.sums(
            self.c.summed[:-1], bases[:2], self.zeros(len(self.tile) * t.sets), self.innermost
        )
        totals = self.joined(state, t.sets)
        if self.is_column:
            mask = None
            if t.rows < self.b.lanes:
                mask = self.b.lanes_below("0", str(t.rows))
            self.written(across(self.b, totals), bases, self.row.steps, mask)
            return
        lanes = self.b.lanes
        groups = [totals[k : k + lanes] for k in range(0, len(totals), lanes)]
        sums = [across(self.b, group) for group in groups]
        if self.room:
            self.set_aside(sums)
            self.finished(bases)
            return
        for k, found in enumerate(sums):
            self.one_by_one(found, self.tile[k * lanes : (k + 1) * lanes], bases)

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


def emit(
    builder: Builder, c: Contraction, tiling: Tiling, names: Sequence[str], finish: Finish
) -> None:
    """Write the kernel of a contraction of which nothing but the sums may be empty."""
    if isinstance(tiling, Across):
        AcrossWriter(builder, c, tiling, finish).write(names)
    else:
        DotsWriter(builder, c, tiling, finish).write(names)


__all__ = ["Finish", "as_they_are", "emit"]
