"""Tiles of contractions whose vectors lie along an axis that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from .builder import Builder, Value
from .packing import Panel, Source, least, pack
from .sums import Finish, Writer
from .tilings import FEW_PRODUCTS, Across, Axis, Contraction

HALF = 12
"""So many products are enough for a turn of a loop."""


class Place(NamedTuple):
    """A distance along an axis: a register, if any, and a number more."""

    register: str
    constant: int


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
        self.mask: Value | None = self.lanes_there()

    def lanes_there(self) -> Value | None:
        """The mask of the lanes that there are, if they are fewer than those of a vector."""
        if self.along.size >= self.t.lanes or self.t.lanes == 1:
            return None
        return self.b.lanes_below("0", str(self.along.size))

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
        """Where vectors of a factor begin, from where it is read."""
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
        if self.strong is not None:
            self.mended(totals, lambda: self.one_by_one(self.again, bases, places[0]))
        elif self.room:
            self.set_aside(totals)
        if self.room:
            self.one_by_one(self.finished, bases, places[0])
            return
        for (r, v), total in zip(self.tile, totals, strict=True):
            addresses = list(bases)
            for o in range(2, len(bases)):
                kind, step = self.c.kinds[o], self.along.steps[o]
                base = self.moved(bases[o], places[v].register, step, kind)
                distance = r * self.row.steps[o] + places[v].constant * step
                addresses[o] = self.shifted(base, distance, kind)
            self.written(total, addresses, self.along.steps, self.mask)

    def one_by_one(
        self, what: Callable[[Sequence[str], str], None], bases: Sequence[str], first: Place
    ) -> None:
        """Call a function that goes through the vectors of a tile."""
        room, mask = self.room, self.mask
        given = [("ptr", a) for a in (*bases, room)]

        def write(names: list[str]) -> None:
            self.mask, self.room = self.lanes_there(), names[-2]
            what(names[:-2], names[-1])

        self.apart([*given, ("i64", first.register or "0")], write)
        self.mask, self.room = mask, room

    def finished(self, bases: Sequence[str], start: str) -> None:
        """Finish the sums that were set aside, and store the results."""
        with self.each(start) as (read, r, _, at):
            there = self.at(self.at(bases, self.row, r), self.along, at)
            total = self.b.load(read, self.c.kind)
            self.written(total, there, self.along.steps, self.mask)

    @contextmanager
    def each(self, start: str) -> Iterator[tuple[str, str, str, str]]:
        """Loops over the vectors of a tile.

        Yields:
            Where the sum is set aside, the row, where the vector begins in a copy, and along its
            axis.
        """
        b, t = self.b, self.t
        last = max(0, self.along.size - t.lanes)
        with b.loop("0", str(t.rows), 1) as r, b.loop("0", str(t.vectors), 1) as v:
            row = b.scalar(f"mul nsw i64 {r}, {t.vectors}")
            number = b.scalar(f"add nsw i64 {row}, {v}")
            read = self.moved(self.room, number, t.lanes, self.c.kind)
            distance = b.scalar(f"mul nsw i64 {v}, {t.lanes}")
            at = least(b, b.scalar(f"add nsw i64 {start}, {distance}"), last)
            yield read, r, distance, at

    def again(self, bases: Sequence[str], start: str) -> None:
        """Compute the sums of a tile one by one, with strong zeros."""

        def innermost(there: Sequence[str], state: list[Value]) -> list[Value]:
            x, y = (
                self.loaded(o, there[o], self.steps[o], None if o == self.t.packed else self.mask)
                for o in (0, 1)
            )
            return [self.strong_product(x, y, state[0])]

        kept, self.keys = self.keys, [(0, ""), (1, "")]
        with self.each(start) as (room, r, copied, at):
            starts = []
            for o in (0, 1):
                kind = self.c.kinds[o]
                base = self.moved(bases[o], r, self.row.steps[o], kind)
                place = copied if o == self.t.packed else at
                starts.append(self.moved(base, place, self.steps[o], kind))
            (total,) = self.sums(self.summed, starts, self.zeros(1), innermost)
            self.b.store(total, room)
        self.keys = kept

    def together(self, size: int, products: int) -> int:
        """Turns of the innermost loop in one: as many as there are sets, or some more."""
        found = self.t.sets
        while found * products < HALF and size % (2 * found) == 0:
            found *= 2
        return found

    def factor(self, k: int) -> int:
        """The operand that the k-th address inside of the sums belongs to."""
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
