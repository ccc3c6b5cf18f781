"""Where the values of a jaxpr stand while its steps are written: in registers, or in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..groups import Map
from . import nesting, pieces, registers
from .builder import Value
from .kinds import Kind
from .maps import copying
from .module import Module
from .places import Joined, Memory, Place, Places, Registers, kind_of_var, size_of
from .views import contiguous_steps


class Standing:
    """The places of the values of one jaxpr.

    Attributes:
        module: what is written into.
        jaxpr: of which the values are.
        places: of its variables.
        seconds: by the addresses of complex arrays those of their imaginary parts.
    """

    def __init__(self, module: Module, jaxpr: Jaxpr, given: Sequence[Place]) -> None:
        self.module: Module = module
        self.jaxpr: Jaxpr = jaxpr
        self.places: Places = Places(zip(jaxpr.invars, given, strict=True))
        self.seconds: dict[str, str] = {}
        self._targets: dict[Any, Memory] = {}
        self._dying: set[Any] = set()

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
        if isinstance(place, Joined):
            return pieces.copied(self, place)
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
        """Memory of the arena for an array of this frame, whose elements lie side by side."""
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

    def wanted(self, v: Var) -> tuple[int, ...] | None:
        """The steps that a result is to have, if it is said where it is to stand."""
        target = self._targets.get(v)
        return None if target is None else target.steps

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
        for m in memories:
            if m.buffer is not None and not self.places.hold(m) and m.frame is self:
                self.module.arena.give(m.buffer)

    def _release(self, place: Place) -> None:
        for part in place.parts if isinstance(place, Joined) else ():
            self._release(part)
        if isinstance(place, Memory) and place.buffer is not None and place.frame is self:
            self.module.arena.give(place.buffer)

    def nest(self, group: Map, sources: Sequence[Memory], targets: Sequence[Memory]) -> None:
        """Call the kernel of a map whose operands and results have their places."""
        nesting.write(self, group, sources, [t.steps for t in targets], lambda _found: targets)

    def _copy(self, source: Memory, target: Memory) -> None:
        """Copy elements between arrays of other steps, or other kinds of numbers."""
        group = copying(source.shape, source.kind, target.kind)
        self.nest(group, [source], [target])

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


def _lie_alike(place: Memory, steps: Sequence[int]) -> bool:
    """True if an array's elements are where such steps have them."""
    every = zip(place.shape, place.steps, steps, strict=True)
    return all(n == 1 or a == b for n, a, b in every)


__all__ = ["Standing"]
