"""Contractions: products of matrices and vectors, stacks of them, and what else sums products.

Factors are read where they are, whatever their steps, unless a copy makes up for itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...core.jaxpr import Eqn
from ..groups import Map
from . import shares
from .builder import Builder, Value
from .dots import DotsWriter
from .kinds import kind_of
from .maps import evaluate
from .orders import Operand
from .places import kind_of_var
from .plans import Call, Plan, Shared
from .shares import Parts
from .sums import Finish, as_they_are
from .tiles import AcrossWriter
from .tilings import Across, Axis, Contraction, Dots, Tiling, cheapest, cost_across, simplified
from .views import contiguous_steps

Steps = tuple[int, ...]

MOST_TWICE = 1.05
"""Parts may take so much longer than the whole."""


class Tiled(NamedTuple):
    """A contraction, or the parts of one, and how they are tiled.

    Attributes:
        contraction: the whole one or, if there are parts, one of them.
        tiling: of it.
        whole: of all parts.
        parts: that threads share; None if there are none.
    """

    contraction: Contraction
    tiling: Tiling
    whole: Contraction
    parts: Parts | None


def takes(e: Eqn) -> bool:
    """True for factors of kinds that native code has, one of which is that of the result."""
    every = (*e.inputs, *e.outvars)
    if any(a.aval.symbolic or a.aval.weak or kind_of(a.aval.dtype) is None for a in every):
        return False
    return e.outvars[0].aval.dtype in [a.aval.dtype for a in e.inputs]


def planned(
    e: Eqn,
    operands: Sequence[Operand],
    fixed: Sequence[Steps | None],
    bits: int,
    after: Map | None,
) -> Plan:
    """The kernel of a dot_general, and of the map that follows."""
    kept, summed = axes_of(e, operands)
    return plan_of(e, kept, summed, operands, fixed, bits, after)


def plan_of(
    e: Eqn,
    kept: Sequence[Axis],
    summed: Sequence[Axis],
    operands: Sequence[Operand],
    fixed: Sequence[Steps | None],
    bits: int,
    after: Map | None,
) -> Plan:
    """The kernel of an equation that sums products, and of the map that follows.

    What is given besides the axes is as for a planner. Those of the result are in its order; steps
    are of the factors.
    """
    results = e.outvars if after is None else after.outputs
    c = contraction_of(e, kept, summed, operands, after)
    shape = [a.size for a in kept]
    steps, tiled = laid_out(c, shape, tuple, fixed, bits)
    arrays = [(k, 0) for k in range(len(operands) + len(results))]
    return Plan(steps, [], called(tiled, arrays, after))


def contraction_of(
    e: Eqn,
    kept: Sequence[Axis],
    summed: Sequence[Axis],
    operands: Sequence[Operand],
    after: Map | None,
) -> Contraction:
    """The contraction with all that is read; its axes have no steps of results yet."""
    results = e.outvars if after is None else after.outputs
    kinds = (*(o.kind for o in operands), *map(kind_of_var, results))
    none = (0,) * (len(operands) - 2 + len(results))
    inner = [Axis(a.size, (*a.steps, *none)) for a in summed]
    outer = [
        Axis(a.size, (*a.steps, *(o.steps[k] for o in operands[2:]))) for k, a in enumerate(kept)
    ]
    return Contraction(
        kind_of_var(e.outvars[0]),
        kinds,
        tuple(outer),
        tuple(inner),
        len(results),
        e.params["strong"],
    )


def mapped(after: Map) -> Finish:
    """What computes a map of sums."""
    v = after.before[-1].outvars[0]

    def finish(builder: Builder, total: Value, others: Sequence[Value]) -> list[Value]:
        known = {v: total, **dict(zip(after.beside, others, strict=True))}
        evaluate(builder, after.eqns, known)
        return [known[a] for a in after.outputs]

    return finish


def axes_of(e: Eqn, operands: Sequence[Operand]) -> tuple[list[Axis], list[Axis]]:
    """The axes of the result, in its order, and those summed over; steps are of the factors."""
    (lc, rc), (lb, rb) = e.params["contract"], e.params["batch"]
    x, y = (a.aval.shape for a in e.inputs)
    left, right = (o.steps for o in operands[:2])
    kept = [Axis(x[i], (left[i], right[j])) for i, j in zip(lb, rb, strict=True)]
    kept += [Axis(n, (left[i], 0)) for i, n in enumerate(x) if i not in lc and i not in lb]
    kept += [Axis(n, (0, right[j])) for j, n in enumerate(y) if j not in rc and j not in rb]
    summed = [Axis(x[i], (left[i], right[j])) for i, j in zip(lc, rc, strict=True)]
    return kept, summed


def laid_out(
    c: Contraction,
    shape: Sequence[int],
    along: Callable[[Steps], Steps],
    fixed: Sequence[Steps | None],
    bits: int,
) -> tuple[list[Steps], Tiled | None]:
    """Choose the steps of results, which the axes of the contraction do not have yet, and tiles.

    Args:
        c: the contraction.
        shape: of the results.
        along: gives steps along the axes that are kept for those of a result.
        fixed: for each result the steps that it must have, or None.
        bits: width of vectors.

    Returns:
        The steps of the results, and the contraction with them; None if there is nothing to do.
    """
    natural = contiguous_steps(shape)
    given = [f for f in fixed if f is not None]
    found = []
    for free in [_side_by_side(shape, f) for f in given[:1]] or _layouts(shape):
        steps = [free if f is None else f for f in fixed]
        full = simplified(with_results(c, [along(s) for s in steps]))
        if 0 in shape:
            return steps, None
        cost, tiling = cheapest(full, bits)
        moved = 0 if given or free == natural else math.prod(shape)
        found.append((cost + moved, steps, full, tiling))
    cost, steps, full, tiling = min(found, key=lambda f: f[0])
    return steps, shared_out(full, tiling, cost)


def shared_out(c: Contraction, tiling: Tiling, cost: float) -> Tiled:
    """A contraction in the parts of some axis that take hardly longer than the whole, if any."""
    best, least_cost = Tiled(c, tiling, c, None), math.inf
    most = shares.wanted(cost)
    for axis, a in enumerate(c.kept):
        for count in sorted({n for n in (most, most // 2, most // 4, most // 8) if n > 1}):
            unit = _unit(tiling, axis)
            found = shares.divided(axis, a.size, count, unit, exact=False)
            if found is None:
                continue
            kept = list(c.kept)
            kept[axis] = a._replace(size=found.length)
            part = c._replace(kept=tuple(kept))
            total = cost_of_parts(part, tiling, cost / a.size, found)
            if total <= MOST_TWICE * cost and total * (1 + 1 / found.number) < least_cost:
                least_cost = total * (1 + 1 / found.number)
                best = Tiled(part, tiling, c, found)
    return best


def cost_of_parts(part: Contraction, tiling: Tiling, per_place: float, found: Parts) -> float:
    """The cycles of all parts together; ``per_place`` are those of the whole, along the axis."""
    if isinstance(tiling, Across):
        return cost_across(part, tiling, tiling.packed) * found.number
    return per_place * found.length * found.number


def _unit(tiling: Tiling, axis: int) -> int:
    """So many places along an axis belong to a tile."""
    if isinstance(tiling, Across) and axis == tiling.vector:
        return tiling.lanes * tiling.vectors
    if isinstance(tiling, Dots) and axis == tiling.column:
        return tiling.columns
    return tiling.rows if axis == tiling.row else 1


def with_results(c: Contraction, steps: Sequence[Steps]) -> Contraction:
    """The contraction with the steps of its results."""
    return c._replace(
        kept=tuple(
            Axis(a.size, (*a.steps, *(s[k] if a.size > 1 else 0 for s in steps)))
            for k, a in enumerate(c.kept)
        )
    )


def _side_by_side(shape: Sequence[int], steps: Steps) -> Steps:
    """The steps of an array of its own whose axes lie in memory in the order of others."""
    order = sorted(range(len(shape)), key=lambda k: -steps[k])
    dense = contiguous_steps([shape[k] for k in order])
    return tuple(dense[order.index(k)] for k in range(len(shape)))


def _layouts(shape: Sequence[int]) -> list[Steps]:
    """The order of C, and those with another axis last."""
    found = [contiguous_steps(shape)]
    if 0 in shape:
        return found
    for last in range(len(shape) - 1):
        if shape[last] > 1:
            order = [k for k in range(len(shape)) if k != last] + [last]
            steps = contiguous_steps([shape[k] for k in order])
            found.append(tuple(steps[order.index(k)] for k in range(len(shape))))
    return found


def called(tiled: Tiled | None, arrays: Sequence[tuple[int, int]], after: Map | None) -> list[Call]:
    """The call of a contraction's kernel."""
    if tiled is None:
        return []
    c, tiling = tiled.contraction, tiled.tiling
    finish = as_they_are if after is None else mapped(after)
    rooms = []
    if isinstance(tiling, Across) and tiling.packed is not None:
        width = tiling.lanes * tiling.vectors
        rooms.append((c.depth * width, c.kinds[tiling.packed]))

    def write(builder: Builder, names: list[str]) -> None:
        if isinstance(tiling, Across):
            AcrossWriter(builder, c, tiling, finish).write(names)
        else:
            DotsWriter(builder, c, tiling, finish).write(names)

    shared = None
    if tiled.parts is not None:
        axis = tiled.whole.kept[tiled.parts.axis]
        shared = Shared(tiled.parts, axis.size, axis.steps)
    return [Call(tiling.lanes, tuple(arrays), write, tuple(rooms), shared, _overlaps(tiled))]


def _overlaps(tiled: Tiled) -> bool:
    """True if tiles overlap, or the parts that threads share."""
    kept, tiling, parts = tiled.contraction.kept, tiled.tiling, tiled.parts
    if parts is not None and tiled.whole.kept[parts.axis].size % parts.length:
        return True
    if isinstance(tiling, Dots):
        return bool(
            kept[tiling.row].size % tiling.rows or kept[tiling.column].size % tiling.columns
        )
    size, width = kept[tiling.vector].size, tiling.lanes * tiling.vectors
    alone = tiling.vectors == 1 and size <= tiling.lanes
    return bool(kept[tiling.row].size % tiling.rows or (size % width and not alone))
