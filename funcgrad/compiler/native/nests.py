"""Kernels of maps and of the reductions of what they compute: nested loops, one over vectors.

What does not depend on a loop is read before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..groups import Map
from . import interleaved
from .builder import Builder, Value
from .maps import evaluate
from .operations import is_short
from .orders import Axis, Nest, Operand
from .places import kind_of_var
from .reductions import ACCUMULATORS, REDUCTIONS, across_lanes

BLOCK = 1 << 12
"""So many vectors are added one by one; the sums of such blocks are added to each other."""

CHEAP = 6
"""With so many equations beside a reduction several vectors are computed side by side."""

FEW, MANY = 3, 20
"""With so many elementary functions, and so many equations, several vectors are, too."""


class _Writer:
    """One kernel under construction."""

    def __init__(
        self,
        builder: Builder,
        group: Map,
        nest: Nest,
        operands: Sequence[Operand],
        parts: dict[int, int],
    ) -> None:
        self.b: Builder = builder
        beside = builder.lanes > 1
        along = nest.loops[nest.vector].steps
        self.parts = {o: p for o, p in parts.items() if beside and along[o] == along[p] == 2}
        self.masks: interleaved.Masks = (None, None)
        self.group: Map = group
        self.nest: Nest = nest
        self.operands: Sequence[Operand] = operands
        self.hows = [REDUCTIONS[e.primitive.name] for e in group.reductions]
        self.kinds = [kind_of_var(e.outvars[0]) for e in group.reductions]
        self.first_reduced = next(
            (k for k, axis in enumerate(nest.loops) if axis.reduced), len(nest.loops)
        )
        self.reads = len(group.inputs)
        self.level = [
            max([k for k, axis in enumerate(nest.loops) if axis.steps[o]], default=-1)
            for o in range(len(operands))
        ]
        self.copies = self._copies()

    def _copies(self) -> int:
        """Vectors that are computed side by side, so that they need not wait for each other.

        Sums wait for each other, and so do the steps of an elementary function.
        """
        eqns, along = self.group.eqns, self.nest.loops[self.nest.vector]
        if along.size < ACCUMULATORS * self.b.lanes:
            return 1
        if self.hows:
            return ACCUMULATORS if len(eqns) <= CHEAP else 1
        long = sum(not is_short(e) for e in eqns)
        return ACCUMULATORS if 0 < long <= FEW and len(eqns) <= MANY else 1

    def neutral(self) -> list[Value]:
        found = []
        for how, kind in zip(self.hows, self.kinds, strict=True):
            assert how.neutral is not None
            found.append(self.b.constant(how.neutral(kind.dtype), kind))
        return found * self.copies

    def combine(self, xs: Sequence[Value], ys: Sequence[Value]) -> list[Value]:
        hows = itertools.cycle(self.hows)
        return [h.combine(self.b, x, y) for h, x, y in zip(hows, xs, ys, strict=False)]

    def write(self, addresses: Sequence[str]) -> None:
        known = self.read(-1, {}, list(addresses), None)
        self.go(0, [(list(addresses), known)], None, [])

    def read(self, level: int, known: Any, bases: Sequence[str], mask: Value | None) -> Any:
        """What is known after the operands of a level are read."""
        known = dict(known)
        parts = {} if level < self.nest.vector else self.parts
        for o, v in enumerate(self.group.inputs):
            if self.level[o] != level or v in known:
                continue
            if o in parts:
                twin = self.group.inputs[parts[o]]
                kind = self.operands[o].kind
                known[v], known[twin] = interleaved.load(self.b, bases[o], kind, self.masks)
                continue
            kind, base = self.operands[o].kind, bases[o]
            step = self.nest.loops[self.nest.vector].steps[o]
            if not step:
                known[v] = self.b.repeated(base, kind)
            elif level >= self.nest.vector:
                known[v] = self.b.gather(base, step, kind, mask)
        return known

    def moved(self, bases: Sequence[str], index: str, axis: Axis) -> list[str]:
        """The addresses at an index of an axis."""
        found = []
        for base, step, o in zip(bases, axis.steps, self.operands, strict=True):
            if not step or index == "0":
                found.append(base)
                continue
            offset = index
            if step != 1:
                offset = self.b.scalar(f"mul nsw i64 {index}, {step}")
            found.append(self.b.pointer(base, offset, o.kind))
        return found

    def go(
        self, level: int, copies: list[Any], mask: Value | None, state: list[Value]
    ) -> list[Value]:
        """The loops from a level on, for vectors side by side; returns the partial results."""
        starts = self.hows and level == self.first_reduced
        if starts:
            state = self.neutral()
        if level == len(self.nest.loops):
            state = self.innermost(copies, mask, state)
        elif level == self.nest.vector:
            state = self.along(level, copies[0], state)
        else:
            axis = self.nest.loops[level]
            with self.b.loop_with("0", str(axis.size), 1, state) as (i, inside):
                following = []
                for bases, known in copies:
                    there = self.moved(bases, i, axis)
                    following.append((there, self.read(level, known, there, mask)))
                inside[:] = self.go(level + 1, following, mask, list(inside))
            state = inside
        if starts:
            self.finish(copies, mask, state)
            return []
        return state

    def along(self, level: int, copy: Any, state: list[Value]) -> list[Value]:
        """The loop over vectors: blocks of them, single ones, and the rest of one."""
        lanes, size = self.b.lanes, self.nest.loops[level].size
        wide = lanes * self.copies
        done = size - size % wide
        if done // wide > BLOCK and state:
            done -= done % (BLOCK * wide)
            with self.b.loop_with("0", str(done), BLOCK * wide, state) as (start, outer):
                stop = self.b.scalar(f"add nsw i64 {start}, {BLOCK * wide}")
                with self.b.loop_with(start, stop, wide, self.neutral()) as (i, inside):
                    inside[:] = self.vectors(level, copy, i, self.copies, None, list(inside))
                outer[:] = self.combine(outer, inside)
            state = outer
        elif done:
            with self.b.loop_with("0", str(done), wide, state) as (i, inside):
                inside[:] = self.vectors(level, copy, i, self.copies, None, list(inside))
            state = inside
        last = size - size % lanes
        if done < last:
            with self.b.loop_with(str(done), str(last), lanes, state) as (i, inside):
                inside[:] = self.vectors(level, copy, i, 1, None, list(inside))
            state = inside
        if last < size:
            mask = self.b.lanes_below(str(last), str(size))
            if self.parts:
                self.masks = interleaved.masks_below(self.b, last, size)
            state = self.vectors(level, copy, str(last), 1, mask, state)
            self.masks = (None, None)
        return state

    def vectors(
        self,
        level: int,
        copy: Any,
        index: str,
        count: int,
        mask: Value | None,
        state: list[Value],
    ) -> list[Value]:
        """As many vectors side by side, from an index on."""
        axis = self.nest.loops[level]
        bases, known = copy
        following = []
        for c in range(count):
            at = index
            if c:
                at = self.b.scalar(f"add nsw i64 {index}, {c * self.b.lanes}")
            there = self.moved(bases, at, axis)
            following.append((there, self.read(level, known, there, mask)))
        return self.go(level + 1, following, mask, state)

    def innermost(
        self, copies: Sequence[Any], mask: Value | None, state: list[Value]
    ) -> list[Value]:
        state = list(state)
        reduced = self.nest.loops[self.nest.vector].reduced
        every = [dict(known) for _, known in copies]
        evaluate(self.b, self.group.eqns, *every)
        for c, ((bases, _), values) in enumerate(zip(copies, every, strict=True)):
            outputs = dict(enumerate(self.group.outputs, self.reads))
            for o, p in self.parts.items():
                if o in outputs:
                    re, im = values[outputs.pop(o)], values[outputs.pop(p)]
                    interleaved.store(self.b, re, im, bases[o], self.masks)
            for o, v in outputs.items():
                step = self.nest.loops[self.nest.vector].steps[o]
                self.b.scatter(values[v], bases[o], step, mask)
            for r, (e, how) in enumerate(zip(self.group.reductions, self.hows, strict=True)):
                x = values[e.inputs[0]]
                at = c * len(self.hows) + r
                if mask is not None and reduced:
                    x = self.b.select(mask, x, self.neutral()[r])
                state[at] = how.combine(self.b, state[at], x)
        return state

    def finish(self, copies: Sequence[Any], mask: Value | None, state: Sequence[Value]) -> None:
        """Combine partial results, and store them."""
        many = len(self.hows)
        first = self.reads + len(self.group.outputs)
        if not self.nest.loops[self.nest.vector].reduced:
            for c, (bases, _) in enumerate(copies):
                for r in range(many):
                    step = self.nest.loops[self.nest.vector].steps[first + r]
                    self.b.scatter(state[c * many + r], bases[first + r], step, mask)
            return
        bases = copies[0][0]
        for r, how in enumerate(self.hows):
            parts = list(state[r::many])
            while len(parts) > 1:
                rest = parts[len(parts) - len(parts) % 2 :]
                parts = [
                    how.combine(self.b, x, y) for x, y in zip(parts[::2], parts[1::2], strict=False)
                ] + rest
            self.b.store_one(across_lanes(self.b, how, parts[0]), bases[first + r], self.kinds[r])


def emit_nest(
    builder: Builder,
    group: Map,
    nest: Nest,
    operands: Sequence[Operand],
    addresses: Sequence[str],
    parts: dict[int, int] | None = None,
) -> None:
    """Compute a map, and the reductions of what it makes.

    Args:
        builder: of the kernel.
        group: what is computed.
        nest: the loops, none of them empty.
        operands: the inputs, the outputs, and the results of reductions, whose steps along
            reduced axes are 0.
        addresses: where they are.
        parts: among the operands real parts of complex numbers, with the imaginary ones.
    """
    _Writer(builder, group, nest, operands, parts or {}).write(addresses)
