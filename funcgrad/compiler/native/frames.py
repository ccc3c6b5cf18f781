"""A jaxpr written step by step into a native function; loops hold frames of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map, Step
from . import (
    calls,
    complex_arrays,
    kernels,
    loops,
    nesting,
    pieces,
    reductions,
    registers,
    rows,
)
from .blocks import Block, as_map, blocked
from .builder import Builder
from .module import Module
from .places import Memory, Place, Registers, is_small, kind_of_var, size_of
from .standing import Standing
from .steps import is_control, is_reshape, steps_of
from .updates import updates_of
from .views import looked_back, view

MOST_WRITTEN = 256
"""So many operations of small arrays are written out element by element."""


class Frame(Standing):
    """The values of one jaxpr while its steps are written.

    Args:
        module: what is written into.
        jaxpr: optimised, all of its steps native.
        given: the places of its arguments.
        targets: for each result where it is to stand, if it is not small; None where any place
            does.
        overwriting: the number of the first step that overwrites an argument, if one does.
    """

    def __init__(
        self,
        module: Module,
        jaxpr: Jaxpr,
        given: Sequence[Place],
        targets: Sequence[Memory | None],
        overwriting: int = -1,
    ) -> None:
        super().__init__(module, jaxpr, given)
        self._overwriting: int = overwriting
        self._in_pieces: set[Any] = set()
        made = {v: e for e in jaxpr.eqns for v in e.outvars}
        for v, target in zip(jaxpr.outvars, targets, strict=True):
            if target is not None and v in made:
                self._targets.setdefault(v, target)
        for e in reversed(jaxpr.eqns):
            for v in self._targets.keys() & set(e.outvars):
                x = updates_of(jaxpr).overwritten(v)
                if x in made:
                    self._targets.setdefault(x, self._targets[v])
            target = self._targets.get(e.outvars[0]) if len(e.outvars) == 1 else None
            if target is not None and e.primitive.name == "complex":
                for x, there in complex_arrays.targets(self, e, target):
                    if x in made and not complex_arrays.takes(made[x]):
                        self._targets.setdefault(x, there)
                continue
            if target is None or not e.primitive.view or type(e.inputs[0]) is Literal:
                continue
            if e.inputs[0] not in made:
                continue
            steps = looked_back(e, target.steps)
            if steps is not None:
                shape = e.inputs[0].aval.shape
                there = Memory(target.address, shape, target.kind, None, None, steps)
                self._targets.setdefault(e.inputs[0], there)
        for v, value in zip(jaxpr.constvars, jaxpr.consts, strict=True):
            array = np.asarray(value)
            address = module.constant(array)
            self.places[v] = Memory(address, array.shape, kind_of_var(v), self)

    def run(self) -> list[Place]:
        """Write all steps; returns the places of the results."""
        steps = blocked(steps_of(self.jaxpr), self.jaxpr.outvars)
        self._in_pieces = pieces.read_in_pieces(steps, self.jaxpr.outvars)
        last: dict[Any, int] = {}
        for i, step in enumerate(steps):
            last.update((a, i) for a in (*step.inputs, *_made_by(step)) if type(a) is not Literal)
        for a in self.jaxpr.outvars:
            last.pop(a, None)
        dying: dict[int, list[Any]] = {}
        for v, i in last.items():
            dying.setdefault(i, []).append(v)
        own = {v for step in steps for v in _made_by(step)}
        for i, step in enumerate(steps):
            self._dying = own.intersection(dying.get(i, ()))
            if i == self._overwriting:
                self.module.decide()
            self._step(step)
            for v in self._dying:
                self._release(self.places.leave(v))
        return [self.place(a) for a in self.jaxpr.outvars]

    def close(self) -> None:
        """Give back the memory of all that was made; the results are where they belong."""
        for v in {v for e in self.jaxpr.eqns for v in e.outvars}.intersection(self.places):
            self._release(self.places.leave(v))

    # --- steps ----------------------------------------------------------------------------------

    def _step(self, step: Step | Block) -> None:
        if isinstance(step, Map):
            self._map(step)
        elif isinstance(step, Block):
            rows.emit(self, step)
        elif complex_arrays.takes(step):
            complex_arrays.emit(self, step)
        elif self._look(step):
            pass
        elif registers.takes(step):
            found = registers.computed(
                self.module.builder, step, [self.elements(a) for a in step.inputs]
            )
            for v, x in zip(step.outvars, found, strict=True):
                self.set_elements(v, x)
        elif is_control(step):
            loops.emit(self, step)
        elif reductions.takes(step):
            made = as_map(step)
            assert isinstance(made, Map)
            self._nest(made)
        elif is_reshape(step):
            self._reshape(step)
        else:
            self._kernel(step)

    def _map(self, group: Map) -> None:
        if group.first is not None:
            kernel = kernels.KERNELS[group.first.primitive.name]
            assert isinstance(kernel, kernels.Planned)
            calls.planned(self, group.first, group, kernel.plan)
            return
        written = size_of(group.shape) * len(group.eqns)
        if not is_small(group.shape) or written > max(MOST_WRITTEN, len(group.eqns)):
            self._nest(group)
            return
        inputs = [self.elements(v) for v in group.inputs]
        found = registers.elements_of_map(self.module.builder, group, inputs)
        for v, x in zip(group.outputs, found, strict=True):
            self.set_elements(v, x)

    def _reshape(self, e: Eqn) -> None:
        """Copy elements to where they stand in the order of the new shape."""
        source, made = self.contiguous(self.place(e.inputs[0])), self.define(e.outvars[0])
        there = Memory(source.address, made.shape, source.kind, None)
        self.put(there, made)
        self.release(source)

    def _look(self, e: Eqn) -> bool:
        """Let results stand for the memory of the operand; False if they cannot."""
        if not e.primitive.view or type(e.inputs[0]) is Literal:
            return False
        source = self.places[e.inputs[0]]
        if isinstance(source, Registers) and e.primitive.reshapes:
            self.places[e.outvars[0]] = source._replace(shape=e.outvars[0].aval.shape)
            return True
        written = isinstance(source, Registers) and e.primitive.broadcasts
        if written and not is_small(e.outvars[0].aval.shape):
            source = self.memory(source)
        if not isinstance(source, Memory):
            return False
        found = view(e, source.shape, source.steps)
        if found is None:
            return False
        for v, place in zip(e.outvars, self._views(e, source, found), strict=True):
            self.show(v, place)
        if written:
            self.release(source)
        return True

    def _views(self, e: Eqn, source: Memory, found: Any) -> list[Memory]:
        made = []
        for v, (offset, steps) in zip(e.outvars, found, strict=True):
            address = source.address
            if offset:
                address = self.module.builder.pointer(address, str(offset), source.kind)
            place = Memory(
                address, v.aval.shape, source.kind, source.frame, source.buffer, tuple(steps)
            )
            if e.primitive.reshapes:
                place.loaded = source.loaded
            made.append(place)
        return made

    def _nest(self, group: Map) -> None:
        """Call the kernel of a map and its reductions."""
        if not size_of(group.shape):
            for v in group.results:
                self.define(v)
            return
        if not group.reductions and pieces.write(self, group):
            return
        sources = [self.memory(self.place(v)) for v in group.inputs]
        fixed = [self.wanted(v) for v in group.results]
        nesting.write(
            self, group, sources, fixed,
            lambda found: [self.define(v, s) for v, s in zip(group.results, found, strict=True)],
        )  # fmt: skip
        self.release(*sources)

    def _kernel(self, e: Eqn) -> None:
        """Compute an operator on whole arrays."""
        if e.outvars[0] in self._in_pieces:
            self.places[e.outvars[0]] = pieces.joined(self, e)
            return
        kernel = kernels.KERNELS[e.primitive.name]
        if isinstance(kernel, kernels.Planned):
            calls.planned(self, e, None, kernel.plan)
            return
        if isinstance(kernel, kernels.Placing):
            kernel.place(self, e)
            return
        sources = [self.contiguous(self.place(a)) for a in e.inputs]
        targets = [self.define(v) for v in e.outvars]
        wanted = [(t, self.room(t.shape, t.kind)) for t in targets if not t.is_contiguous]
        for target, there in wanted:
            targets[targets.index(target)] = there
        count = len(sources)
        kinds = [kind_of_var(a) for a in (*e.inputs, *e.outvars)]

        def emit(builder: Builder, names: list[str]) -> None:
            kernel.emit(builder, e, names[:count], names[count:])

        addresses = [m.address for m in (*sources, *targets)]
        self.module.kernel(nesting.lanes_of(kinds, self.module.bits), addresses, emit)
        for target, there in wanted:
            self.put(there, target)
            self.release(there)
        self.release(*sources)


def _made_by(step: Step | Block) -> Sequence[Var]:
    return step.outvars if isinstance(step, Eqn) else step.results


__all__ = ["Frame"]
