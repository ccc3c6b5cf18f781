"""A jaxpr written step by step into a native function; loops hold frames of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map, Step
from . import kernels, loops, reductions, registers
from .builder import Builder, Value
from .kinds import Kind
from .module import Module
from .nests import Operand, emit_nest
from .orders import laid_out
from .places import Memory, Place, Registers, is_small, kind_of_var, size_of
from .steps import is_control, is_reshape, steps_of
from .views import contiguous_steps, looked_back, permutation, steps_along, view


def lanes_of(kinds: Sequence[Kind], bits: int) -> int:
    """The number of lanes of vectors in which the widest numbers fill a register."""
    return max(1, bits // (8 * max(k.size for k in kinds)))


class Frame:
    """The values of one jaxpr while its steps are written.

    Args:
        module: what is written into.
        jaxpr: optimised, all of its steps native.
        given: the places of its arguments.
        targets: for each result where it is to stand, if it is not small; None where any place
            does.
    """

    def __init__(
        self,
        module: Module,
        jaxpr: Jaxpr,
        given: Sequence[Place],
        targets: Sequence[Memory | None],
    ) -> None:
        self.module: Module = module
        self.jaxpr: Jaxpr = jaxpr
        self.places: dict[Any, Place] = dict(zip(jaxpr.invars, given, strict=True))
        self._targets: dict[Any, Memory] = {}
        made = {v for e in jaxpr.eqns for v in e.outvars}
        for v, target in zip(jaxpr.outvars, targets, strict=True):
            if target is not None and v in made:
                self._targets.setdefault(v, target)
        for e in reversed(jaxpr.eqns):
            target = self._targets.get(e.outvars[0]) if len(e.outvars) == 1 else None
            if target is None or not e.primitive.view or type(e.inputs[0]) is not Var:
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
        steps = steps_of(self.jaxpr)
        last: dict[Any, int] = {}
        for i, step in enumerate(steps):
            last.update((a, i) for a in (*step.inputs, *_made_by(step)) if type(a) is Var)
        for a in self.jaxpr.outvars:
            last.pop(a, None)
        dying: dict[int, list[Any]] = {}
        for v, i in last.items():
            dying.setdefault(i, []).append(v)
        own = {v for step in steps for v in _made_by(step)}
        for i, step in enumerate(steps):
            self._step(step)
            for v in dying.get(i, ()):
                if v in own:
                    self._release(self.places.pop(v))
        return [self.place(a) for a in self.jaxpr.outvars]

    def close(self) -> None:
        """Give back the memory of all that was made; the results are where they belong."""
        for v in {v for e in self.jaxpr.eqns for v in e.outvars}.intersection(self.places):
            self._release(self.places.pop(v))

    # --- places ---------------------------------------------------------------------------------

    def place(self, a: Any) -> Place:
        """Where a variable is, or a number."""
        if type(a) is not Literal:
            return self.places[a]
        kind = kind_of_var(a)
        return Registers([self.module.builder.constant(a.value, kind)], (), kind)

    def elements(self, a: Any) -> np.ndarray:
        """The elements of a small array, as an array of values."""
        place = self.place(a)
        return registers.as_array(self.module.elements(place, self), place.shape)

    def memory(self, place: Place) -> Memory:
        """The array in memory; from registers it is written there, until ``release``."""
        if isinstance(place, Memory):
            return place
        assert isinstance(place, Registers)
        made = self._room(place.shape, place.kind)
        self.module.store(place.elements, made.address, place.kind)
        return made

    def contiguous(self, place: Place) -> Memory:
        """The array in memory, its elements side by side; copied there until ``release``."""
        return self.with_steps(place, contiguous_steps(place.shape))

    def with_steps(self, place: Place, steps: tuple[int, ...]) -> Memory:
        """The array in memory with such steps; copied there until ``release``."""
        found = self.memory(place)
        if _lie_alike(found, steps):
            return found
        made = self._room(found.shape, found.kind, steps)
        self.put(found, made)
        return made

    def put(self, place: Place, target: Memory) -> None:
        """Copy an array to where it is to stand."""
        if isinstance(place, Registers):
            place = self.memory(place) if not target.is_contiguous else place
        if isinstance(place, Registers):
            self.module.store(place.elements, target.address, place.kind)
            return
        assert isinstance(place, Memory)
        if place.address == target.address and _lie_alike(place, target.steps):
            return
        if place.is_contiguous and target.is_contiguous:
            size = size_of(place.shape) * place.kind.size
            self.module.copy(place.address, target.address, size)
        else:
            self._copy(place, target)

    def _room(
        self, shape: tuple[int, ...], kind: Kind, steps: tuple[int, ...] | None = None
    ) -> Memory:
        """Memory of the arena for an array of this frame."""
        buffer = self.module.arena.take(size_of(shape) * kind.size)
        return Memory(self.module.address(buffer), shape, kind, self, buffer, steps)

    def define(self, v: Var, steps: tuple[int, ...] | None = None) -> Memory:
        """Memory for a result: where it is wanted, or in the arena."""
        kind = kind_of_var(v)
        wanted = self._targets.get(v)
        if wanted is not None:
            found = Memory(wanted.address, wanted.shape, kind, self, None, wanted.steps)
        else:
            found = self._room(v.aval.shape, kind, steps)
        self.places[v] = found
        return found

    def set_elements(self, v: Var, elements: np.ndarray) -> None:
        """Let a small array stand in registers."""
        found: list[Value] = list(elements.ravel())
        self.places[v] = Registers(found, v.aval.shape, kind_of_var(v))

    def release(self, *memories: Memory) -> None:
        """Give back what was taken for values that stand elsewhere."""
        held = {id(p) for p in self.places.values()}
        for m in memories:
            if m.buffer is not None and id(m) not in held and m.frame is self:
                self.module.arena.give(m.buffer)

    def _release(self, place: Place) -> None:
        if isinstance(place, Memory) and place.buffer is not None and place.frame is self:
            self.module.arena.give(place.buffer)

    # --- steps ----------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        if isinstance(step, Map):
            self._map(step)
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
            group = Map(step.inputs[0].aval.shape)
            group.beside, group.reductions = [step.inputs[0]], [step]
            self._nest(group)
        elif is_reshape(step):
            self._reshape(step)
        else:
            kernel = kernels.KERNELS[step.primitive.name]
            if isinstance(kernel, kernels.Planned):
                self._planned(step, None)
            else:
                self._kernel(step, kernel.emit)

    def _map(self, group: Map) -> None:
        if group.first is not None:
            self._planned(group.first, group)
            return
        if not is_small(group.shape):
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
        if not e.primitive.view or type(e.inputs[0]) is not Var:
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
            target = self._targets.get(v)
            if target is not None:
                self.put(place, self.define(v))
                continue
            if source.buffer is not None and source.frame is self:
                source.buffer.uses += 1
            self.places[v] = place
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
        sources = [self.memory(self.place(v)) for v in group.inputs]
        reads = [
            Operand(m.kind, steps_along(m.shape, m.steps, group.shape)) for m in sources
        ]  # fmt: skip
        kinds = [kind_of_var(a) for a in (*group.inputs, *group.results)]
        lanes = lanes_of(kinds, self.module.bits)
        fixed = [t.steps if (t := self._targets.get(v)) else None for v in group.results]
        plan = laid_out(group, reads, fixed, lanes)
        targets = [
            self.define(v, steps) for v, steps in zip(group.results, plan.results, strict=True)
        ]  # fmt: skip

        def emit(builder: Builder, names: list[str]) -> None:
            emit_nest(builder, group, plan.nest, plan.operands, names)

        self.module.kernel(lanes, [m.address for m in (*sources, *targets)], emit)
        self.release(*sources)

    def _copy(self, source: Memory, target: Memory) -> None:
        """Copy elements between arrays of other steps."""
        v = Var(Aval(source.shape, source.kind.dtype))
        group = Map(source.shape)
        group.beside = group.outputs = [v]
        reads = [Operand(source.kind, steps_along(source.shape, source.steps, source.shape))]
        lanes = lanes_of([source.kind], self.module.bits)
        plan = laid_out(group, reads, [target.steps], lanes)

        def emit(builder: Builder, names: list[str]) -> None:
            emit_nest(builder, group, plan.nest, plan.operands, names)

        self.module.kernel(lanes, [source.address, target.address], emit)

    def _planned(self, e: Eqn, after: Map | None) -> None:
        """Call the kernel of an operator on arrays with any steps, and of the map that follows."""
        kernel = kernels.KERNELS[e.primitive.name]
        assert isinstance(kernel, kernels.Planned)
        results = e.outvars if after is None else after.outputs
        sources = [self.memory(self.place(a)) for a in e.inputs]
        reads = [Operand(m.kind, m.steps) for m in sources]
        wanted = [t.steps if (t := self._targets.get(v)) else None for v in results]
        order: Sequence[int] = range(e.outvars[0].aval.ndim)
        if after is not None:
            order = (permutation(after.turned) if after.turned else None) or order
            others = [self.memory(self.place(v)) for v in after.beside]
            along = [steps_along(m.shape, m.steps, after.shape) for m in others]
            reads += [
                Operand(m.kind, _turned_back(s, order)) for m, s in zip(others, along, strict=True)
            ]
            sources += others
        fixed = [None if s is None else _turned_back(s, order) for s in wanted]
        plan = kernel.plan(e, reads, fixed, self.module.bits, after)
        turned = [tuple(s[k] for k in order) for s in plan.results]
        targets = [self.define(v, s) for v, s in zip(results, turned, strict=True)]
        rooms = [self._room((size,), kind) for size, kind in plan.rooms]
        for call in plan.calls:
            every = [*sources, *targets, *rooms]
            addresses = [self._within(every[k], distance) for k, distance in call.arrays]
            self.module.kernel(call.lanes, addresses, call.emit)
        self.release(*sources, *rooms)

    def _within(self, place: Memory, distance: int) -> str:
        if not distance:
            return place.address
        return self.module.builder.pointer(place.address, str(distance), place.kind)

    def _kernel(self, e: Eqn, write: kernels.Emitter) -> None:
        """Call the kernel of an operator on whole arrays."""
        sources = [self.contiguous(self.place(a)) for a in e.inputs]
        targets = [self.define(v) for v in e.outvars]
        wanted = [(t, self._room(t.shape, t.kind)) for t in targets if not t.is_contiguous]
        for target, there in wanted:
            targets[targets.index(target)] = there
        count = len(sources)
        kinds = [kind_of_var(a) for a in (*e.inputs, *e.outvars)]

        def emit(builder: Builder, names: list[str]) -> None:
            write(builder, e, names[:count], names[count:])

        addresses = [m.address for m in (*sources, *targets)]
        self.module.kernel(lanes_of(kinds, self.module.bits), addresses, emit)
        for target, there in wanted:
            self.put(there, target)
            self.release(there)
        self.release(*sources)


def _lie_alike(place: Memory, steps: Sequence[int]) -> bool:
    """True if an array's elements are where such steps have them."""
    every = zip(place.shape, place.steps, steps, strict=True)
    return all(n == 1 or a == b for n, a, b in every)


def _turned_back(steps: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """The steps along the axes that a permutation gave an order."""
    found = [0] * len(steps)
    for k, step in zip(order, steps, strict=True):
        found[k] = step
    return tuple(found)


def _made_by(step: Step) -> Sequence[Var]:
    return step.results if isinstance(step, Map) else step.outvars


__all__ = ["Frame", "lanes_of"]
