"""The code of blocks: loops over rows in which one step after the other is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Literal
from ...core.primitive import REGISTRY
from ..groups import Map
from . import shares
from .blocks import Block
from .maps import combining, reducing_first
from .nesting import lanes_of
from .packing import least
from .places import Memory, kind_of_var, size_of
from .reductions import REDUCTIONS
from .views import contiguous_steps, reshaped

_COMBINING = {
    "reduce_sum": "add",
    "reduce_prod": "mul",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_or": "or",
    "reduce_and": "and",
}
"""The operators that combine partial results, by the names of reductions."""


def emit(frame: Any, block: Block) -> None:
    """Write a block into a frame's function."""
    _Rows(frame, block).write()


class _Rows:
    """One block under construction.

    Attributes:
        index: the registers of the first row's index along each leading axis.
        local: where values are that are read in the block only.
    """

    def __init__(self, frame: Any, block: Block) -> None:
        self.frame: Any = frame
        self.module: Any = frame.module
        self.block: Block = block
        self.lead: tuple[int, ...] = block.lead
        self.sources: dict[Any, Memory] = {v: frame.memory(frame.place(v)) for v in block.inputs}
        self.targets: dict[Any, Memory] = {v: frame.define(v) for v in block.results}
        self.reduced: dict[Any, Eqn] = {
            e.outvars[0]: e
            for step in block.steps
            if isinstance(step, Map)
            for e in step.reductions
            if e.outvars[0] in block.totals and e.outvars[0] in self.targets
        }
        self.index: list[str] = []
        self.local: dict[Any, Memory] = {}
        self.last: dict[Any, int] = {}
        for i, step in enumerate(block.steps):
            made = step.results if isinstance(step, Map) else step.outvars
            self.last.update((v, i) for v in (*step.inputs, *made) if type(v) is not Literal)

    def write(self) -> None:
        number = 1 if self.module.is_shared else self.parts()
        rest = self.lead[-1] % self.block.rows()
        if number == 1:
            for v, e in self.reduced.items():
                self.fill(self.targets[v], e)
            self.loop("0", self.turns)
            self.rest(rest)
        else:
            self.in_parts(number, rest)
        self.frame.release(*self.sources.values())

    @property
    def turns(self) -> int:
        """So many times as many rows as are taken together are gone through."""
        return size_of(self.lead[:-1]) * (self.lead[-1] // self.block.rows())

    def parts(self) -> int:
        """The number of parts that threads share."""
        maps = [step for step in self.block.steps if isinstance(step, Map)]
        kinds = [kind_of_var(v) for step in maps for v in (*step.inputs, *step.results)]
        lanes = lanes_of(kinds, self.module.bits)
        cycles = sum(shares.cycles_of(step, lanes) for step in maps)
        return min(shares.wanted(cycles), self.turns)

    def in_parts(self, number: int, rest: int) -> None:
        """All rows in parts, of which each has totals of its own; they are reduced at the end."""
        length = -(-self.turns // number)
        number = -(-self.turns // length)
        whole = self.targets
        count = number + bool(rest)
        rooms = {v: self.frame.room((count, *whole[v].shape), whole[v].kind) for v in self.reduced}
        outer = {**self.sources, **whole}
        addresses = [m.address for m in (*outer.values(), *rooms.values())]
        with self.module.shared(number, addresses) as (part, names):
            here = dict(zip(outer, names[: len(outer)], strict=True))
            self.sources = {v: _at(here[v], m) for v, m in self.sources.items()}
            self.targets = {v: _at(here[v], m) for v, m in whole.items()}
            for v, name in zip(rooms, names[len(outer) :], strict=True):
                self.begin_total(v, name, part)
            b = self.module.builder
            start = b.scalar(f"mul nsw i64 {part}, {length}")
            stop = least(b, b.scalar(f"add nsw i64 {start}, {length}"), self.turns)
            self.loop(start, stop)
        self.sources = {v: outer[v] for v in self.sources}
        self.targets = dict(whole)
        if rest:
            for v, room in rooms.items():
                self.begin_total(v, room.address, str(number))
            self.rest(rest)
        for v, room in rooms.items():
            self.frame.nest(reducing_first(self.reduced[v], room.shape), [room], [whole[v]])
        self.frame.release(*rooms.values())

    def begin_total(self, v: Any, room: str, part: str) -> None:
        """Let the total of a part stand in its place of a room, with nothing in it."""
        shape, kind = v.aval.shape, kind_of_var(v)
        b = self.module.builder
        offset = b.scalar(f"mul nsw i64 {part}, {size_of(shape)}")
        self.targets[v] = Memory(b.pointer(room, offset, kind), shape, kind, None)
        self.fill(self.targets[v], self.reduced[v])

    def loop(self, start: str, stop: int | str) -> None:
        """The steps for some of the turns."""
        if start == str(stop):
            return
        b, rows = self.module.builder, self.block.rows()
        each = self.lead[-1] // rows
        with b.loop(start, str(stop), 1) as turn:
            inside = turn
            if len(self.lead) > 1:
                inside = b.scalar(f"urem i64 {turn}, {each}")
                self.set_outer(b.scalar(f"udiv i64 {turn}, {each}"))
            self.index.append(b.scalar(f"mul nsw i64 {inside}, {rows}"))
            self.steps(rows)
            self.index.clear()

    def set_outer(self, number: str) -> None:
        """The index along all leading axes but the last one, from a number that counts them."""
        b = self.module.builder
        for n in reversed(self.lead[1:-1]):
            self.index.insert(0, b.scalar(f"urem i64 {number}, {n}"))
            number = b.scalar(f"udiv i64 {number}, {n}")
        self.index.insert(0, number)

    def rest(self, rows: int) -> None:
        """The steps for the rows that are left at the end of the last leading axis."""
        if not rows:
            return
        with self.module.builder.loop("0", str(size_of(self.lead[:-1])), 1) as number:
            if len(self.lead) > 1:
                self.set_outer(number)
            self.index.append(str(self.lead[-1] - rows))
            self.steps(rows)
            self.index.clear()

    def steps(self, rows: int) -> None:
        """All steps for as many rows."""
        for i, step in enumerate(self.block.steps):
            if isinstance(step, Map):
                self.map(step, rows)
            else:
                self.reshape(step, rows)
            for v in [v for v in self.local if self.last[v] <= i]:
                self.give_back(self.local.pop(v))

    def map(self, step: Map, rows: int) -> None:
        part = Map(self.shape(step.shape, rows))
        part.eqns, part.beside = step.eqns, step.beside
        part.outputs, part.reductions = step.outputs, step.reductions
        sources = [
            self.local[v] if v in self.local else self.part_of(self.origin(v), step.shape, rows)
            for v in step.inputs
        ]
        targets = [self.target(v, rows) for v in part.results]
        self.frame.nest(part, sources, targets)
        for v, target in zip(part.results, targets, strict=True):
            if v in self.block.totals:
                if v in self.reduced:
                    self.combine(self.targets[v], target, self.reduced[v])
                self.give_back(target)

    def origin(self, v: Any) -> Memory:
        return self.sources[v] if v in self.sources else self.targets[v]

    def target(self, v: Any, rows: int) -> Memory:
        """Where the rows of a value are to stand; of a total what these rows contribute."""
        shape = v.aval.shape
        if v in self.block.totals:
            return self.room(shape, v)
        if v in self.targets:
            return self.part_of(self.targets[v], shape, rows)
        self.local[v] = self.room(self.shape(shape, rows), v)
        return self.local[v]

    def reshape(self, e: Eqn, rows: int) -> None:
        """Look at rows in another shape, or copy them to where they are to stand."""
        a, v = e.inputs[0], e.outvars[0]
        held = self.local.get(a)
        source = held or self.part_of(self.targets[a], a.aval.shape, rows)
        shape = self.shape(v.aval.shape, rows)
        steps = reshaped(source.shape, source.steps, shape)
        if steps is None:
            copy = self.room(source.shape, a)
            self.frame.put(source, copy)
            source, held, steps = copy, copy, contiguous_steps(shape)
        elif held is not None and held.buffer is not None:
            held.buffer.uses += 1
        buffer = held.buffer if held is not None else None
        found = Memory(source.address, shape, source.kind, self.frame, buffer, steps)
        if v in self.targets:
            self.frame.put(found, self.part_of(self.targets[v], v.aval.shape, rows))
            self.give_back(found)
        else:
            self.local[v] = found

    # --- memory ---------------------------------------------------------------------------------

    def shape(self, full: Sequence[int], rows: int) -> tuple[int, ...]:
        """The shape of as many rows; all axes stay."""
        k = len(self.lead)
        return (*[1] * (k - 1), rows, *full[k:])

    def part_of(self, whole: Memory, full: Sequence[int], rows: int) -> Memory:
        """The rows of an array that broadcasts to a shape."""
        b, missing = self.module.builder, len(full) - len(whole.shape)
        shape, address = list(whole.shape), whole.address
        for axis, (length, i) in enumerate(zip(self.lead, self.index, strict=True)):
            own = axis - missing
            if own < 0 or whole.shape[own] != length or length == 1:
                continue
            shape[own] = rows if axis == len(self.lead) - 1 else 1
            if whole.steps[own] and i != "0":
                offset = b.scalar(f"mul nsw i64 {i}, {whole.steps[own]}")
                address = b.pointer(address, offset, whole.kind)
        return Memory(address, tuple(shape), whole.kind, None, None, whole.steps)

    def room(self, shape: tuple[int, ...], v: Any) -> Memory:
        kind = kind_of_var(v)
        buffer = self.module.arena.take(size_of(shape) * kind.size)
        return Memory(self.module.address(buffer), shape, kind, self.frame, buffer)

    def give_back(self, memory: Memory) -> None:
        if memory.buffer is not None:
            self.module.arena.give(memory.buffer)

    # --- totals ---------------------------------------------------------------------------------

    def fill(self, total: Memory, e: Eqn) -> None:
        """Begin with what changes nothing."""
        dtype = total.kind.dtype
        neutral = np.full((), REDUCTIONS[e.primitive.name].neutral(dtype), dtype)
        address = self.module.constant(neutral)
        steps = (0,) * len(total.shape)
        self.frame.put(Memory(address, total.shape, total.kind, None, None, steps), total)

    def combine(self, total: Memory, part: Memory, e: Eqn) -> None:
        """Add what a few rows contribute."""
        group = combining(REGISTRY[_COMBINING[e.primitive.name]], total.shape, total.kind)
        self.frame.nest(group, [total, part], [total])


def _at(address: str, place: Memory) -> Memory:
    """An array at another register of its address."""
    return Memory(address, place.shape, place.kind, None, None, place.steps)


__all__ = ["emit"]
