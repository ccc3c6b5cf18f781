"""Maps with their reductions as calls of kernels, whole or in parts that threads share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from ..groups import Map
from . import shares
from .builder import Builder
from .interleaved import paired
from .kinds import Kind
from .maps import key_of, reducing_first
from .nests import emit_nest
from .orders import Nest, Operand, Plan, laid_out
from .packing import least
from .places import Memory, kind_of_var, size_of
from .reductions import ACCUMULATORS
from .shares import Parts
from .strips import strips
from .views import contiguous_steps, steps_along

Steps = tuple[int, ...]


def lanes_of(kinds: Sequence[Kind], bits: int) -> int:
    """The number of lanes of vectors in which the widest numbers fill a register."""
    return max(1, bits // (8 * max(k.width for k in kinds)))


class Call(NamedTuple):
    """A kernel of a map.

    Attributes:
        group: what it computes.
        lanes: of its vectors.
        plan: its loops.
        parts: of one of them; None if it is not divided.
        complex: among the operands real parts of complex numbers, with the imaginary ones.
        key: of the map.
    """

    group: Map
    lanes: int
    plan: Plan
    parts: Parts | None
    complex: dict[int, int]
    key: Hashable

    @property
    def is_partial(self) -> bool:
        """True if each part makes partial results of reductions."""
        return self.parts is not None and self.plan.nest.loops[self.parts.axis].reduced


def write(
    frame: Any,
    group: Map,
    sources: Sequence[Memory],
    fixed: Sequence[Steps | None],
    define: Callable[[Sequence[Steps]], Sequence[Memory]],
) -> None:
    """Call the kernel of a map.

    Args:
        frame: that it is written into.
        group: what is computed; none of its axes is empty.
        sources: its operands.
        fixed: for each result the steps that it must have; None where they are free.
        define: gives results their places, for the steps that they have.
    """
    module = frame.module
    reads = [Operand(m.kind, steps_along(m.shape, m.steps, group.shape)) for m in sources]
    kinds = [kind_of_var(a) for a in (*group.inputs, *group.results)]
    lanes = lanes_of(kinds, module.bits)
    key = key_of(group)
    plan = _planned(
        module, (key, *reads, None, *fixed) if key else None, group, reads, fixed, lanes
    )
    targets = list(define(plan.results))
    count = 1 if module.is_shared else shares.wanted(shares.cycles_of(group, lanes))
    overlaps = {m.address for m in sources}.isdisjoint(m.address for m in targets)
    places, read = [*sources, *targets], len(sources)
    halves = {**paired(places, 0, read), **paired(places, read, len(places))}
    call = Call(group, lanes, plan, _parts(plan.nest, count, lanes, overlaps), halves, key)
    if call.is_partial:
        made = _partial_plan(call, reads)
        partial = call._replace(plan=made, parts=_parts(made.nest, count, lanes, overlaps))
        if partial.is_partial:
            _in_partial_results(frame, partial, sources, targets)
            return
        call = call._replace(parts=None)
    _run(module, call, [m.address for m in places])


def _planned(
    module: Any,
    key: Hashable,
    group: Map,
    reads: Sequence[Operand],
    fixed: Sequence[Steps | None],
    lanes: int,
) -> Plan:
    """The loops of a map, chosen once for all maps that are alike."""
    found: Plan | None = module.plans.get(key)
    if found is None:
        found = laid_out(group, reads, fixed, lanes)
        if key is not None:
            module.plans[key] = found
    return found


def _parts(nest: Nest, count: int, lanes: int, overlaps: bool) -> Parts | None:
    return shares.of_nest(nest, count, lanes * ACCUMULATORS, overlaps) if count > 1 else None


def _run(module: Any, call: Call, addresses: Sequence[str], along: Sequence[int] = ()) -> None:
    """Call a kernel, or share its parts out; ``along`` are the last operands' steps by parts."""
    nest, shared = call.plan.nest, call.parts
    if shared is None:
        _kernel(module, call, nest, addresses)
        return
    axis = nest.loops[shared.axis]
    divided = list(nest.loops)
    divided[shared.axis] = axis._replace(size=shared.length)
    part_nest = nest._replace(loops=tuple(divided))
    with module.shared(shared.number, addresses) as (number, names):
        b = module.builder
        start = b.scalar(f"mul nsw i64 {number}, {shared.length}")
        if axis.size % shared.length:
            start = least(b, start, axis.size - shared.length)
        there = []
        for k, (name, step, operand) in enumerate(
            zip(names, axis.steps, call.plan.operands, strict=True)
        ):
            index, place = start, k - (len(names) - len(along))
            if place >= 0:
                index, step = number, along[place]
            if step:
                offset = b.scalar(f"mul nsw i64 {index}, {step}")
                name = b.pointer(name, offset, operand.kind)
            there.append(name)
        _kernel(module, call, part_nest, there)


def _kernel(module: Any, call: Call, nest: Nest, addresses: Sequence[str]) -> None:
    for part, start in strips(nest, call.plan.operands):
        there = [
            module.builder.pointer(a, str(n), o.kind) if n else a
            for a, n, o in zip(addresses, start, call.plan.operands, strict=True)
        ]
        module.kernel(call.lanes, there, _emitter(call, part), _key(call, part))


def _key(call: Call, nest: Nest) -> Hashable:
    """All that the text of a kernel depends on; None if it is not known."""
    return call.key and (call.key, nest, *call.plan.operands, *call.complex.items())


def _emitter(call: Call, nest: Nest) -> Callable[[Builder, list[str]], None]:
    def emit(builder: Builder, names: list[str]) -> None:
        emit_nest(builder, call.group, nest, call.plan.operands, names, call.complex)

    return emit


# --- partial results -----------------------------------------------------------------------------


def _partial_plan(call: Call, reads: Sequence[Operand]) -> Plan:
    """The loops with results of reductions side by side."""
    group = call.group
    own = [contiguous_steps(e.outvars[0].aval.shape) for e in group.reductions]
    steps = [*call.plan.results[: len(group.outputs)], *own]
    return laid_out(group, reads, steps, call.lanes)


def _in_partial_results(
    frame: Any, call: Call, sources: Sequence[Memory], targets: Sequence[Memory]
) -> None:
    """Each part reduces what it has; then their results are reduced."""
    group, shared = call.group, call.parts
    assert shared is not None
    whole, reduced = targets[: len(group.outputs)], targets[len(group.outputs) :]
    rooms = [frame.room((shared.number, *m.shape), m.kind) for m in reduced]
    addresses = [m.address for m in (*sources, *whole, *rooms)]
    _run(frame.module, call, addresses, [size_of(m.shape) for m in reduced])
    for e, room, target in zip(group.reductions, rooms, reduced, strict=True):
        frame.nest(reducing_first(e, room.shape), [room], [target])
    frame.release(*rooms)


__all__ = ["lanes_of", "write"]
