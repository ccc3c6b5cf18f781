"""Operators on arrays with any steps as calls of kernels, whole or in parts that threads share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.jaxpr import Eqn
from ..groups import Map
from .builder import Builder
from .orders import Operand
from .packing import least
from .places import Memory
from .plans import Call, Planner
from .views import permutation, steps_along


def planned(frame: Any, e: Eqn, after: Map | None, planner: Planner) -> None:
    """Compute an operator on arrays with any steps, and the map that follows."""
    results = e.outvars if after is None else after.outputs
    sources = [frame.memory(frame.place(a)) for a in e.inputs]
    reads = [Operand(m.kind, m.steps) for m in sources]
    wanted = [frame.wanted(v) for v in results]
    order: Sequence[int] = range(e.outvars[0].aval.ndim)
    if after is not None:
        order = (permutation(after.turned) if after.turned else None) or order
        others = [frame.memory(frame.place(v)) for v in after.beside]
        along = [steps_along(m.shape, m.steps, after.shape) for m in others]
        reads += [
            Operand(m.kind, _turned_back(s, order)) for m, s in zip(others, along, strict=True)
        ]
        sources += others
    fixed = [None if s is None else _turned_back(s, order) for s in wanted]
    plan = planner(e, reads, fixed, frame.module.bits, after)
    turned = [tuple(s[k] for k in order) for s in plan.results]
    targets = [frame.define(v, s) for v, s in zip(results, turned, strict=True)]
    rooms = [frame.room((size,), kind) for size, kind in plan.rooms]
    read = {m.address for m in sources}
    aside = []
    if any(call.overlaps for call in plan.calls):  # an element may be read again
        aside = [(k, t) for k, t in enumerate(targets) if t.address in read]
    for k, t in aside:
        targets[k] = frame.room(t.shape, t.kind, t.steps)
    for call in plan.calls:
        _call(frame, call, [*sources, *targets, *rooms])
    for k, t in aside:
        frame.put(targets[k], t)
        frame.release(targets[k])
    frame.release(*sources, *rooms)


def _call(frame: Any, call: Call, every: Sequence[Memory]) -> None:
    """Call a kernel, or share its parts out."""
    module, shared = frame.module, call.shared
    arrays = [every[k] for k, _ in call.arrays]
    addresses = [
        _within(module.builder, m, d) for m, (_, d) in zip(arrays, call.arrays, strict=True)
    ]
    if shared is None:
        _with_rooms(frame, call, addresses)
        return
    with module.shared(shared.parts.number, addresses) as (number, names):
        b, length = module.builder, shared.parts.length
        start = b.scalar(f"mul nsw i64 {number}, {length}")
        if shared.size % length:
            start = least(b, start, shared.size - length)
        there = []
        for name, step, m in zip(names, shared.steps, arrays, strict=True):
            if step:
                name = b.pointer(name, b.scalar(f"mul nsw i64 {start}, {step}"), m.kind)
            there.append(name)
        _with_rooms(frame, call, there)


def _with_rooms(frame: Any, call: Call, addresses: Sequence[str]) -> None:
    rooms = [frame.room((size,), kind) for size, kind in call.rooms]
    frame.module.kernel(call.lanes, [*addresses, *(m.address for m in rooms)], call.emit)
    frame.release(*rooms)


def _within(b: Builder, place: Memory, distance: int) -> str:
    return b.pointer(place.address, str(distance), place.kind) if distance else place.address


def _turned_back(steps: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """The steps along the axes that a permutation gave an order."""
    found = [0] * len(steps)
    for k, step in zip(order, steps, strict=True):
        found[k] = step
    return tuple(found)


__all__ = ["planned"]
