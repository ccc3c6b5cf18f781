"""A jaxpr written step by step into a native function; loops hold frames of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map, Step
from . import complex_arrays, kernels, loops, reductions, registers, rows
from .blocks import Block, as_map, blocked
from .builder import Builder, Value
from .interleaved import paired
from .kinds import Kind
from .maps import copying
from .module import Module
from .nests import Operand, emit_nest
from .orders import laid_out
from .places import Memory, Place, Registers, is_small, kind_of_var, size_of
from .plans import Planner
from .steps import is_control, is_reshape, steps_of
from .updates import updates_of
from .views import contiguous_steps, looked_back, permutation, steps_along, view

MOST_WRITTEN = 256
"""So many operations of small arrays are written out element by element."""


def lanes_of(kinds: Sequence[Kind], bits: int) -> int:
    """The number of lanes of vectors in which the widest numbers fill a register."""
    return max(1, bits // (8 * max(k.width for k in kinds)))


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
        self.seconds: dict[str, str] = {}
        """By the addresses of complex arrays those of their imaginary parts."""
        self._targets: dict[Any, Memory] = {}
        self._dying: set[Any] = set()
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
            self._step(step)
            for v in self._dying:
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
        made = self.room(place.shape, place.kind)
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
        made = self.room(found.shape, found.kind, steps)
        self.put(found, made)
        return made

    def put(self, place: Place, target: Memory) -> None:
        """Copy an array to where it is to stand."""
        if isinstance(place, Registers):
            b = self.module.builder
            for at, x in zip(np.ndindex(*place.shape), place.elements, strict=True):
                offset = sum(i * step for i, step in zip(at, target.steps, strict=True))
                there = target.address
                there = b.pointer(there, str(offset), target.kind) if offset else there
                b.store(b.cast(x, target.kind), there)
            return
        assert isinstance(place, Memory)
        if not size_of(place.shape):
            return
        if place.address == target.address and _lie_alike(place, target.steps):
            return
        if place.is_contiguous and target.is_contiguous and place.kind is target.kind:
            size = size_of(place.shape) * place.kind.size
            self.module.copy(place.address, target.address, size)
        else:
            self._copy(place, target)

    def room(
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
            found.half = wanted.half
        else:
            found = self.room(v.aval.shape, kind, steps)
        self.places[v] = found
        return found

    def is_wanted(self, v: Var) -> bool:
        """True for a result of which it is said where it is to stand."""
        return v in self._targets

    def stand(self, v: Var, place: Memory, shares: bool) -> None:
        """Let a result stand where it is: in memory of its own, or in that of another variable."""
        if shares and place.buffer is not None and place.frame is self:
            place.buffer.uses += 1
        self.places[v] = place

    def show(self, v: Var, place: Memory) -> None:
        """Let a result be what is seen of memory, unless it is wanted elsewhere."""
        if v in self._targets:
            self.put(place, self.define(v))
        else:
            self.stand(v, place, shares=True)

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
            self.planned(group.first, group, kernel.plan)
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
        sources = [self.memory(self.place(v)) for v in group.inputs]
        fixed = [t.steps if (t := self._targets.get(v)) else None for v in group.results]
        self._write(
            group, sources, fixed,
            lambda found: [self.define(v, s) for v, s in zip(group.results, found, strict=True)],
        )  # fmt: skip
        self.release(*sources)

    def nest(self, group: Map, sources: Sequence[Memory], targets: Sequence[Memory]) -> None:
        """Call the kernel of a map whose operands and results have their places."""
        self._write(group, sources, [t.steps for t in targets], lambda _found: targets)

    def _write(
        self,
        group: Map,
        sources: Sequence[Memory],
        fixed: Sequence[tuple[int, ...] | None],
        define: Callable[[Sequence[tuple[int, ...]]], Sequence[Memory]],
    ) -> None:
        reads = [Operand(m.kind, steps_along(m.shape, m.steps, group.shape)) for m in sources]
        kinds = [kind_of_var(a) for a in (*group.inputs, *group.results)]
        lanes = lanes_of(kinds, self.module.bits)
        plan = laid_out(group, reads, fixed, lanes)
        places = [*sources, *define(plan.results)]
        parts = {**paired(places, 0, len(sources)), **paired(places, len(sources), len(places))}

        def emit(builder: Builder, names: list[str]) -> None:
            emit_nest(builder, group, plan.nest, plan.operands, names, parts)

        self.module.kernel(lanes, [m.address for m in places], emit)

    def _copy(self, source: Memory, target: Memory) -> None:
        """Copy elements between arrays of other steps, or other kinds of numbers."""
        group = copying(source.shape, source.kind, target.kind)
        self.nest(group, [source], [target])

    def planned(self, e: Eqn, after: Map | None, planner: Planner) -> None:
        """Call the kernel of an operator on arrays with any steps, and of the map that follows."""
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
        plan = planner(e, reads, fixed, self.module.bits, after)
        turned = [tuple(s[k] for k in order) for s in plan.results]
        targets = [self.define(v, s) for v, s in zip(results, turned, strict=True)]
        rooms = [self.room((size,), kind) for size, kind in plan.rooms]
        for call in plan.calls:
            every = [*sources, *targets, *rooms]
            addresses = [self._within(every[k], distance) for k, distance in call.arrays]
            self.module.kernel(call.lanes, addresses, call.emit)
        self.release(*sources, *rooms)

    def _within(self, place: Memory, distance: int) -> str:
        if not distance:
            return place.address
        return self.module.builder.pointer(place.address, str(distance), place.kind)

    def clear(self, target: Memory) -> None:
        """Fill an array with zeros."""
        if target.is_contiguous:
            self.module.clear(target.address, size_of(target.shape) * target.kind.size)
        else:
            self.fill(target, 0)

    def fill(self, target: Memory, number: Any) -> None:
        """Fill an array with a number."""
        if size_of(target.shape):
            kind, none = target.kind, (0,) * len(target.shape)
            address = self.module.constant(np.full((), number, kind.dtype))
            self._copy(Memory(address, target.shape, kind, None, None, none), target)

    def updated(self, e: Eqn) -> Memory:
        """The place of a result that begins as the first operand: its memory, if it dies here."""
        x, v = e.inputs[0], e.outvars[0]
        place = self.place(x)
        if v not in self._targets and x in self._dying and x not in e.inputs[1:]:
            if isinstance(place, Memory) and self._is_alone(place):
                assert place.buffer is not None
                place.buffer.uses += 1
                made = Memory(
                    place.address, place.shape, place.kind, self, place.buffer, place.steps
                )
                self.places[v] = made
                return made
        made = self.define(v)
        self.put(place, made)
        return made

    def _is_alone(self, place: Memory) -> bool:
        """True for memory of this frame in which one variable stands, each element once."""
        return (
            place.frame is self
            and place.buffer is not None
            and place.buffer.uses == 1
            and all(n == 1 or s for n, s in zip(place.shape, place.steps, strict=True))
        )

    def _kernel(self, e: Eqn) -> None:
        """Compute an operator on whole arrays."""
        kernel = kernels.KERNELS[e.primitive.name]
        if isinstance(kernel, kernels.Planned):
            self.planned(e, None, kernel.plan)
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


def _made_by(step: Step | Block) -> Sequence[Var]:
    return step.outvars if isinstance(step, Eqn) else step.results


__all__ = ["Frame", "lanes_of"]
