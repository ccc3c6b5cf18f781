"""Contractions: products of matrices and vectors, stacks of them, and what else sums products.

Factors are read where they are, whatever their steps, unless a copy makes up for itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...core.jaxpr import Eqn
from .builder import Builder
from .kinds import kind_of
from .orders import Operand
from .places import kind_of_var
from .plans import Call, Plan
from .tiles import Finish, as_they_are, emit
from .tilings import Across, Axis, Contraction, Tiling, cheapest, simplified
from .views import contiguous_steps

Steps = tuple[int, ...]


def takes(e: Eqn) -> bool:
    """True for factors of kinds that native code has, one of which is that of the result."""
    every = (*e.inputs, *e.outvars)
    if any(a.aval.symbolic or a.aval.weak or kind_of(a.aval.dtype) is None for a in every):
        return False
    return e.outvars[0].aval.dtype in [a.aval.dtype for a in e.inputs]


def planned(
    e: Eqn, operands: Sequence[Operand], fixed: Sequence[Steps | None], bits: int
) -> Plan:
    """The kernel of a dot_general."""
    kept, summed = axes_of(e, operands)
    kind = kind_of_var(e.outvars[0])
    kinds = (operands[0].kind, operands[1].kind, kind)
    steps, c, tiling = laid_out(
        Contraction(kind, kinds, tuple(kept), tuple(summed), 1, e.params["strong"]), fixed[0], bits
    )
    return Plan([steps], *called(c, tiling, (0, 1, 2), 3))


def axes_of(e: Eqn, operands: Sequence[Operand]) -> tuple[list[Axis], list[Axis]]:
    """The axes of the result, in its order, and those summed over; steps are of the factors."""
    (lc, rc), (lb, rb) = e.params["contract"], e.params["batch"]
    x, y = (a.aval.shape for a in e.inputs)
    left, right = (o.steps for o in operands)
    kept = [Axis(x[i], (left[i], right[j])) for i, j in zip(lb, rb, strict=True)]
    kept += [Axis(n, (left[i], 0)) for i, n in enumerate(x) if i not in lc and i not in lb]
    kept += [Axis(n, (0, right[j])) for j, n in enumerate(y) if j not in rc and j not in rb]
    summed = [Axis(x[i], (left[i], right[j], 0)) for i, j in zip(lc, rc, strict=True)]
    return kept, summed


def laid_out(
    c: Contraction, fixed: Steps | None, bits: int
) -> tuple[Steps, Contraction, Tiling | None]:
    """Choose the steps of the result, whose axes have those of the factors only, and the tiles.

    Returns:
        The steps of the result, the contraction with them, and no tiling if there is nothing to
        do.
    """
    shape = [a.size for a in c.kept]
    natural = contiguous_steps(shape)
    found = []
    for steps in [fixed] if fixed is not None else _layouts(shape):
        kept = tuple(
            Axis(a.size, (*a.steps, s if a.size > 1 else 0))
            for a, s in zip(c.kept, steps, strict=True)
        )
        full = simplified(c._replace(kept=kept))
        if 0 in shape:
            return steps, full, None
        cost, tiling = cheapest(full, bits)
        other = fixed is None and steps != natural
        found.append((cost + (math.prod(shape) if other else 0), steps, full, tiling))
    _, steps, full, tiling = min(found, key=lambda f: f[0])
    return steps, full, tiling


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


def called(
    c: Contraction,
    tiling: Tiling | None,
    arrays: tuple[int, ...],
    room: int,
    finish: Finish = as_they_are,
) -> tuple[list[int], list[Call]]:
    """The rooms that a kernel needs, the first of which has a number, and its call."""
    if tiling is None:
        return [], []
    rooms = []
    if isinstance(tiling, Across) and tiling.packed is not None:
        width = tiling.lanes * tiling.vectors * c.kinds[tiling.packed].size
        rooms.append(c.depth * width)

    def write(builder: Builder, names: list[str]) -> None:
        emit(builder, c, tiling, names, finish)

    return rooms, [Call(tiling.lanes, (*arrays, *[room] * len(rooms)), write)]
