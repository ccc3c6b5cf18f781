"""A jaxpr written step by step into a native function; loops hold frames of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map, Step, grouped
from . import kernels, loops, operations, registers
from .builder import Builder, Value
from .kinds import Kind, kind_of
from .maps import emit_map
from .module import Module
from .places import Memory, Place, Registers, Rows, is_small, kind_of_var, size_of


def lanes_of(kinds: Sequence[Kind], bits: int) -> int:
    """The number of lanes of vectors in which the widest numbers fill a register."""
    return max(1, bits // (8 * max(k.size for k in kinds)))


def is_reshape(e: Eqn) -> bool:
    """True for a reshape of a contiguous array, which moves nothing."""
    x = e.inputs[0].aval
    known = kind_of(x.dtype) is not None and not x.symbolic and not x.weak
    return bool(e.primitive.reshapes) and known and type(e.inputs[0]) is Var


def is_native(step: Step) -> bool:
    """True if a step can be part of a native function."""
    if isinstance(step, Map):
        return True
    return (
        is_reshape(step) or registers.takes(step) or kernels.takes(step) or loops.takes(step)
    )  # fmt: skip


class Frame:
    """The values of one jaxpr while its steps are written.

    Args:
        module: what is written into.
        jaxpr: optimised, all of its steps native.
        given: the places of its arguments.
        targets: for each result the address where it is to stand, if it is not small; None where
            any place does.
    """

    def __init__(
        self,
        module: Module,
        jaxpr: Jaxpr,
        given: Sequence[Place],
        targets: Sequence[str | None],
    ) -> None:
        self.module: Module = module
        self.jaxpr: Jaxpr = jaxpr
        self.places: dict[Any, Place] = dict(zip(jaxpr.invars, given, strict=True))
        self._targets: dict[Any, str] = {}
        made = {v for e in jaxpr.eqns for v in e.outvars}
        for v, address in zip(jaxpr.outvars, targets, strict=True):
            if address is not None and v in made:
                self._targets.setdefault(v, address)
        for e in reversed(jaxpr.eqns):
            if e.outvars and e.outvars[0] in self._targets and is_reshape(e) and e.inputs[0] in made:
                self._targets.setdefault(e.inputs[0], self._targets[e.outvars[0]])
        for v, value in zip(jaxpr.constvars, jaxpr.consts, strict=True):
            array = np.asarray(value)
            address = module.constant(array)
            self.places[v] = Memory(address, array.shape, kind_of_var(v), self)

    def run(self) -> list[Place]:
        """Write all steps; returns the places of the results."""
        steps = grouped(self.jaxpr, operations.takes)
        last: dict[Any, int] = {}
        for i, step in enumerate(steps):
            outs = step.outputs if isinstance(step, Map) else step.outvars
            last.update((a, i) for a in (*step.inputs, *outs) if type(a) is Var)
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
        buffer = self.module.arena.take(max(1, len(place.elements)) * place.kind.size)
        address = self.module.address(buffer)
        self.module.store(place.elements, address, place.kind)
        return Memory(address, place.shape, place.kind, self, buffer)

    def define(self, v: Var, shape: tuple[int, ...] | None = None) -> Memory:
        """Memory for a result: where it is wanted, or in the arena."""
        shape = v.aval.shape if shape is None else shape
        kind = kind_of_var(v)
        wanted = self._targets.get(v)
        if wanted is not None:
            found = Memory(wanted, shape, kind, self)
        else:
            buffer = self.module.arena.take(size_of(shape) * kind.size)
            found = Memory(self.module.address(buffer), shape, kind, self, buffer)
        self.places[v] = found
        return found

    def set_elements(self, v: Var, elements: np.ndarray) -> None:
        """Let a small array stand in registers."""
        found: list[Value] = list(elements.ravel())
        self.places[v] = Registers(found, v.aval.shape, kind_of_var(v))

    def release(self, *memories: Memory) -> None:
        """Give back what ``memory`` took for values that stand in registers."""
        held = {id(p) for p in self.places.values()}
        for m in memories:
            if m.buffer is not None and id(m) not in held and m.frame is self:
                self.module.arena.give(m.buffer)

    def _release(self, place: Place) -> None:
        if isinstance(place, Memory) and place.buffer is not None and place.frame is self:
            self.module.arena.give(place.buffer)

    def _step(self, step: Step) -> None:
        if isinstance(step, Map):
            self._map(step)
        elif is_reshape(step):
            self._reshape(step)
        elif registers.takes(step):
            found = registers.computed(
                self.module.builder, step, [self.elements(a) for a in step.inputs]
            )
            for v, x in zip(step.outvars, found, strict=True):
                self.set_elements(v, x)
        elif loops.takes(step):
            loops.emit(self, step)
        else:
            self._kernel(step, step.inputs, step.outvars, None)

    def _map(self, group: Map) -> None:
        if is_small(group.shape):
            inputs = [self.elements(v) for v in group.inputs]
            found = registers.elements_of_map(self.module.builder, group, inputs)
            for v, x in zip(group.outputs, found, strict=True):
                self.set_elements(v, x)
            return
        self._kernel(group, group.inputs, group.outputs, group)

    def _kernel(self, step: Any, inputs: Sequence[Any], outs: Sequence[Any], group: Any) -> None:
        """Call the kernel of a map or of an operator on whole arrays."""
        sources = [self.memory(self.place(a)) for a in inputs]
        targets = [self.define(v) for v in outs]
        count = len(sources)
        kinds = [kind_of_var(a) for a in (*inputs, *outs)]

        def emit(builder: Builder, names: list[str]) -> None:
            if group is not None:
                emit_map(builder, group, names)
                return
            table = kernels.KERNELS[step.primitive.name]
            table.emit(builder, step, names[:count], names[count:])

        addresses = [m.address for m in (*sources, *targets)]
        self.module.kernel(lanes_of(kinds, self.module.bits), addresses, emit)
        self.release(*sources)

    def _reshape(self, e: Eqn) -> None:
        source, v = self.place(e.inputs[0]), e.outvars[0]
        if isinstance(source, Registers):
            self.places[v] = source._replace(shape=v.aval.shape)
            return
        assert isinstance(source, Memory)
        if self._targets.get(v, source.address) != source.address:
            self.module.put(source, self.define(v).address)
            return
        found = Memory(source.address, v.aval.shape, source.kind, source.frame, source.buffer)
        found.loaded = source.loaded
        if source.buffer is not None and source.frame is self:
            source.buffer.uses += 1
        self.places[v] = found


def _made_by(step: Step) -> Sequence[Var]:
    return step.outputs if isinstance(step, Map) else step.outvars


__all__ = ["Frame", "Rows", "is_native", "is_reshape", "lanes_of"]
