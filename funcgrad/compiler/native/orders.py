"""The order of a kernel's loops, the axis that its vectors lie along, and how results are laid out.

They are chosen by what it costs to read the operands, and to write those results of which the
layout is not free.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..groups import Map
from .kinds import Kind
from .places import kind_of_var
from .views import contiguous_steps

MOST_ORDERS = 1 << 16
"""Up to so many elements loops may stand in any order; beyond, in that of memory."""


class Operand(NamedTuple):
    """An array of a kernel: the kind of its numbers, and its step along each axis."""

    kind: Kind
    steps: tuple[int, ...]


class Axis(NamedTuple):
    """A loop.

    Attributes:
        size: its length.
        reduced: whether results are reduced along it.
        steps: of each operand.
        members: the axes of the map that it runs over, with no gap between them.
    """

    size: int
    reduced: bool
    steps: tuple[int, ...]
    members: tuple[int, ...]


class Nest(NamedTuple):
    """Loops from the outermost to the innermost; the number of the one over vectors."""

    loops: tuple[Axis, ...]
    vector: int


def collapsed(
    shape: Sequence[int], reduced: Sequence[int], operands: Sequence[Operand]
) -> list[Axis]:
    """The same loops with as few axes as possible, at least one."""
    found: list[Axis] = []
    for k, n in enumerate(shape):
        if n == 1:
            continue
        axis = Axis(n, k in reduced, tuple(o.steps[k] for o in operands), (k,))
        if found:
            before = found[-1]
            outer = tuple(s * n for s in axis.steps)
            if before.reduced == axis.reduced and before.steps == outer:
                members = (*before.members, k)
                found[-1] = axis._replace(size=before.size * n, members=members)
                continue
        found.append(axis)
    return found or [Axis(1, False, tuple(0 for _ in operands), ())]


def planned(axes: Sequence[Axis], lanes: int, stores: int) -> Nest:
    """The cheapest order of loops.

    Args:
        axes: in the order of memory.
        lanes: of a vector.
        stores: the number of operands at the end of the steps that are written.
    """
    kept = [a for a in axes if not a.reduced]
    inside = [a for a in axes if a.reduced]
    total = 1
    for a in axes:
        total *= a.size
    plain = (*kept, *inside)
    orders: Any = [plain]
    if total <= MOST_ORDERS and 1 < len(axes) <= 4:
        orders = (
            (*k, *i) for k in itertools.permutations(kept) for i in itertools.permutations(inside)
        )
    found = [
        (_cost(Nest(order, v), lanes, stores), n, v, order)
        for n, order in enumerate(orders)
        for v in range(len(order))
        if total <= MOST_ORDERS or _reads_in_order(order, v)
    ]
    if not found:
        return Nest(plain, len(plain) - 1)
    _, _, v, order = min(found, key=lambda f: (f[0], f[1], -f[2]))
    return Nest(order, v)


def _reads_in_order(order: Sequence[Axis], v: int) -> bool:
    return v == len(order) - 1 or order[v].steps.count(1) > order[-1].steps.count(1)


def _cost(nest: Nest, lanes: int, stores: int) -> float:
    """About as many cycles: of loads and stores, and of the turns of loops."""
    turns = 1.0
    executed = []
    for k, axis in enumerate(nest.loops):
        turns *= -(-axis.size // lanes) if k == nest.vector else axis.size
        executed.append(turns)
    along = nest.loops[nest.vector]
    cost = 3.0 * turns + sum(executed)
    count = len(along.steps)
    for o in range(count):
        depends = [k for k, axis in enumerate(nest.loops) if axis.steps[o]]
        if not depends:
            continue
        times = executed[max(depends)] if o < count - stores else turns
        cost += times * (1.0 if along.steps[o] in (0, 1, -1) else 1.5 * lanes)
    if along.reduced:
        rows = 1.0
        for axis in nest.loops:
            rows *= 1 if axis.reduced else axis.size
        cost += rows * lanes
    return cost


class Plan(NamedTuple):
    """How a kernel goes about a map.

    Attributes:
        nest: the loops, with the steps of all operands.
        operands: inputs, outputs, and results of reductions.
        results: the steps of each result along its own axes.
    """

    nest: Nest
    operands: list[Operand]
    results: list[tuple[int, ...]]


def laid_out(
    group: Map, reads: Sequence[Operand], fixed: Sequence[tuple[int, ...] | None], lanes: int
) -> Plan:
    """Choose loops, and steps of results.

    Args:
        group: the map.
        reads: its inputs.
        fixed: for each result the steps that it must have; None where they are free.
        lanes: of a vector.
    """
    shape = group.shape
    axes = set(group.reductions[0].params["axes"]) if group.reductions else set()
    kept = [k for k in range(len(shape)) if k not in axes]
    dims = [range(len(shape))] * len(group.outputs) + [kept] * len(group.reductions)
    kinds = [kind_of_var(v) for v in group.results]
    own = [
        contiguous_steps([shape[k] for k in d]) if f is None else f
        for d, f in zip(dims, fixed, strict=True)
    ]

    def along(d: Sequence[int], steps: Sequence[int]) -> tuple[int, ...]:
        at = dict(zip(d, steps, strict=True))
        return tuple(0 if shape[k] == 1 else at.get(k, 0) for k in range(len(shape)))

    every = [Operand(k, along(d, s)) for k, d, s in zip(kinds, dims, own, strict=True)]
    written = [o for o, f in zip(every, fixed, strict=True) if f is not None]
    chosen = planned(collapsed(shape, sorted(axes), [*reads, *written]), lanes, len(written))
    order = [a for i, a in enumerate(chosen.loops) if i != chosen.vector]
    order.append(chosen.loops[chosen.vector])
    members = [k for a in order for k in a.members]
    members += [k for k in range(len(shape)) if k not in members]
    for i, steps in enumerate(fixed):
        if steps is None:
            own[i] = _in_order(dims[i], shape, members)
            every[i] = Operand(kinds[i], along(dims[i], own[i]))
    operands = [*reads, *every]
    loops = tuple(
        a._replace(steps=tuple(o.steps[a.members[-1]] if a.members else 0 for o in operands))
        for a in chosen.loops
    )
    return Plan(Nest(loops, chosen.vector), operands, own)


def _in_order(axes: Sequence[int], shape: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """Steps of an array whose axes lie in memory in the order in which loops stand."""
    steps: dict[int, int] = {}
    step = 1
    for k in reversed(order):
        if k in axes:
            steps[k] = step
            step *= shape[k]
    return tuple([steps[k] for k in axes])
