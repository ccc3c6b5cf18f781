"""The code of blocks: loops over rows in which one step after the other is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Literal
from ...core.primitive import REGISTRY
from ..groups import Map
from .blocks import Block
from .maps import combining
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
        for v, e in self.reduced.items():
            self.fill(self.targets[v], e)
        self.loop(0)
        self.frame.release(*self.sources.values())

    def loop(self, axis: int) -> None:
        """The loops over leading axes from one on; the last one takes several rows at a time."""
        b, length = self.module.builder, self.lead[axis]
        if axis < len(self.lead) - 1:
            with b.loop("0", str(length), 1) as i:
                self.index.append(i)
                self.loop(axis + 1)
                self.index.pop()
            return
        rows = self.block.rows()
        done = length - length % rows
        with b.loop("0", str(done), rows) as i:
            self.index.append(i)
            self.steps(rows)
            self.index.pop()
        if done < length:
            self.index.append(str(done))
            self.steps(length - done)
            self.index.pop()

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


__all__ = ["emit"]
