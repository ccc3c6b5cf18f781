"""Maps that read or write across an array's memory, as transposes do, in strips.

Vectors lie along an axis along which an array's elements are far from each other: each has a cache
line of its own, and the next one in it is read only after all the others, when the line is gone.
In a strip of few vectors all its lines stay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .orders import Axis, Nest, Operand

FEWEST = 1 << 13
"""So many elements there are before it matters."""

LINE = 64
"""Bytes of a cache line."""

WAY, WAYS = 1 << 16, 8
"""Bytes of a cache in which lines have places of their own, and how many share a place."""

WIDTH, WIDEST = 16, 256
"""Elements of a strip: multiples of the least, up to the most."""


def strips(nest: Nest, operands: Sequence[Operand]) -> list[tuple[Nest, tuple[int, ...]]]:
    """The loops of a map in strips, and how far from its start each array is then, in elements.

    Args:
        nest: loops without blocks.
        operands: their kinds.
    """
    level, width = _crossed(nest, operands)
    along = nest.loops[nest.vector]
    if level == nest.vector or 2 * along.size <= width or along.size <= WIDTH:
        return [(nest, (0,) * len(operands))]
    width = max(WIDTH, min(WIDEST, width // 4 // WIDTH * WIDTH))
    found = []
    for columns, before in _divided(along, width):
        loops = (*nest.loops[: nest.vector], columns[-1], *nest.loops[nest.vector + 1 :])
        loops = (*loops[:level], *columns[:-1], *loops[level:])
        found.append((Nest(loops, nest.vector + len(columns) - 1), before))
    return found


def _divided(axis: Axis, length: int) -> list[tuple[list[Axis], tuple[int, ...]]]:
    """A loop over equal parts with one over a part in it, and one over what is left."""
    main, rest = axis.size - axis.size % length, axis.size % length
    none = (0,) * len(axis.steps)
    found = []
    if main == length:
        found.append(([axis._replace(size=length)], none))
    elif main:
        outer = Axis(main // length, False, tuple(s * length for s in axis.steps), axis.members)
        found.append(([outer, axis._replace(size=length)], none))
    if rest:
        start = tuple(s * main for s in axis.steps)
        found.append(([axis._replace(size=rest)], start))
    return found


def _crossed(nest: Nest, operands: Sequence[Operand]) -> tuple[int, int]:
    """The first loop along which lines are read on that vectors cross, and how many lines stay.

    Those of equal distances have places for fewer lines the more often two divides the distance.
    """
    loops, v = nest.loops, nest.vector
    level, kept = v, WAYS * WAY
    if any(a.reduced for a in loops) or math.prod(a.size for a in loops) < FEWEST:
        return level, kept
    for o, operand in enumerate(operands):
        across = abs(loops[v].steps[o]) * operand.kind.size
        steps = [abs(a.steps[o]) * operand.kind.size for a in loops[:v]]
        crossed = [k for k, s in enumerate(steps) if 0 < s < LINE]
        if across >= LINE and crossed:
            level = min(level, *crossed)
            kept = min(kept, WAYS * (WAY // max(LINE, math.gcd(across, WAY))))
    return level, kept


__all__ = ["strips"]
