"""Kernels of contractions: loops over tiles of sums that stand in registers.

Sizes that no tile divides are reached by tiles that overlap: what they share is computed twice,
to the same bits, so that there is one text for all tiles.

Vectors lie along an axis that is kept in ``tiles``, along one that is summed over in ``dots``; here
is what both have in common.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from .builder import GAVE_UP, Builder, Value
from .kinds import BOOL, Kind
from .packing import least
from .places import ALIGNMENT
from .tilings import Axis, Contraction

Finish: TypeAlias = Callable[[Builder, Value, "Sequence[Value]"], "Sequence[Value]"]
"""(builder, sums, what else is read at their places): the results there."""


SHORT = 6
"""So many instructions are written for each vector of a tile that they finish; more in a loop."""


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
        self.strong: int | None = c.strong if c.kind.is_float else None

    # --- addresses ------------------------------------------------------------------------------

    def at(self, bases: Sequence[str], axis: Axis, index: str) -> list[str]:
        """The addresses of all operands at an index of an axis."""
        return [
            self.moved(base, index, step, kind)
            for base, step, kind in zip(bases, axis.steps, self.c.kinds, strict=True)
        ]

    def moved(self, base: str, index: str, step: int, kind: Kind) -> str:
        """The address at an index of an axis with a step."""
        if not step or index in ("", "0"):
            return base
        offset = index if step == 1 else self.b.scalar(f"mul nsw i64 {index}, {step}")
        return self.b.pointer(base, offset, kind)

    def shifted(self, base: str, distance: int, kind: Kind) -> str:
        """The address a number of elements further."""
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

    def product(self, x: Value, y: Value, total: Value) -> Value:
        """A product added to a sum, rounded once if they are floats."""
        b, kind = self.b, self.c.kind
        x, y = b.cast(x, kind), b.cast(y, kind)
        return b.fma(x, y, total) if kind.is_float else total + x * y

    def strong_product(self, x: Value, y: Value, total: Value) -> Value:
        """The same, where zeros of one factor win over all that the other one holds."""
        b, kind = self.b, self.c.kind
        x, y = b.cast(x, kind), b.cast(y, kind)
        if self.strong == 0:
            return b.fma(x, b.select(x == 0, 0, y), total)
        return b.fma(b.select(y == 0, 0, x), y, total)

    def mended(self, totals: Sequence[Value], again: Callable[[], None]) -> None:
        """Set sums aside, and where one of them is not finite, compute all with strong zeros.

        Infinities and NaN stay in a sum: if it is finite, all products were.
        """
        b = self.b
        self.set_aside(totals)
        seen = totals[0] * 0
        for total in totals[1:]:
            seen = b.fma(total, 0, seen)
        lost = seen != seen
        text = lost.text
        if b.lanes > 1:
            bits = b.scalar(f"bitcast {b.type(BOOL)} {text} to i{b.lanes}")
            text = b.scalar(f"icmp ne i{b.lanes} {bits}, 0")
        repeat, after = b.name("again"), b.name("after")
        b.emit(f"br i1 {text}, label %{repeat}, label %{after}")
        b.start(repeat)
        again()
        b.emit(f"br label %{after}")
        b.start(after)

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
        """Addresses inside of the sums, at an index of an axis."""
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
        """So many sums of nothing."""
        return [self.b.constant(0, self.c.kind)] * count

    # --- results --------------------------------------------------------------------------------

    def make_room(self, vectors: int) -> None:
        """Memory for the sums of a tile, if they are finished in a loop for the sake of the text.

        Sums of which zeros are strong may have to be computed again, and stand there as well. The
        memory has to be made before all loops.
        """
        trial = Builder(self.b.lanes)
        sums = Value(trial, "%total", self.c.kind)
        others = [Value(trial, f"%other{o}", self.c.kinds[o]) for o in range(2, self.first_result)]
        self.finish(trial, sums, others)
        if self.strong is not None or (len(trial.lines) > SHORT and vectors > 1):
            self.room = self.b.scalar(
                f"alloca [{vectors} x {self.b.type(self.c.kind)}], align {ALIGNMENT}", "room"
            )

    def apart(self, given: Sequence[tuple[str, str]], write: Callable[[list[str]], None]) -> None:
        """Call a function of its own, so that registers of the sums are not taken by what it needs.

        ``given`` are LLVM's types and registers of the arguments, ``write`` writes the body.
        """
        outer = self.b
        self.b = Builder(outer.lanes)
        self.b.start("entry")
        names = [f"%g{k}" for k in range(len(given))]
        write(names)
        inner, self.b = self.b, outer
        if inner.may_give_up:
            outer.may_give_up = True
            given, names = [*given, ("ptr", GAVE_UP)], [*names, GAVE_UP]
        head = ", ".join(f"{t} {n}" for (t, _), n in zip(given, names, strict=True))
        body = "\n".join([f"({head}) noinline nounwind {{", *inner.lines, "  ret void", "}"])
        name = f"part_{hashlib.sha256(body.encode()).hexdigest()[:16]}"
        outer.declared.update(inner.declared)
        outer.declare(name, f"define internal void @{name}{body}")
        outer.emit(f"call void @{name}({', '.join(f'{t} {r}' for t, r in given)})")

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
