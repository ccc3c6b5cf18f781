"""How kernels are divided into parts that threads share.

Parts are chosen by what is computed, never by how many threads there are: so results are the same
with any number of them. What is done in less time than it takes to wake a thread stays whole.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ..groups import Map
from .operations import is_short
from .orders import Nest

LEAST = 90_000.0
"""Cycles, some tens of microseconds, from which on a kernel is divided."""

EACH = 30_000.0
"""Cycles of a part, unless there would be too many."""

MOST = 64
"""Parts of a kernel."""

SHORTEST = 8
"""So many elements of an axis along which it is reduced are in a part, at least."""

LONG = 16.0
"""Cycles of an elementary function of a vector."""

MOST_TWICE = 1.1
"""So much may be computed where parts overlap, in sizes of the axis."""

BYTES = 6.0
"""Bytes that memory gives in a cycle."""


class Parts(NamedTuple):
    """Equal parts of an axis.

    Attributes:
        axis: which one.
        length: of a part.
        number: of parts; the last one begins so that it ends where the axis does.
    """

    axis: int
    length: int
    number: int


def wanted(cycles: float) -> int:
    """So many parts are worth while; 1 to leave it whole."""
    return 1 if cycles < LEAST else min(MOST, int(cycles / EACH))


def cycles_of(group: Map, lanes: int) -> float:
    """About as many cycles as a map takes, and the reductions of it."""
    vectors = math.prod(group.shape) / lanes
    arrays = len(group.inputs) + len(group.outputs)
    short = sum(map(is_short, group.eqns))
    computing = 0.5 * short + LONG * (len(group.eqns) - short) + len(group.reductions)
    every, size = (*group.inputs, *group.outputs), math.prod(group.shape)
    moved = sum(min(size, math.prod(v.aval.shape)) * v.aval.dtype.itemsize for v in every)
    return max(vectors * (computing + 0.7 * arrays + 0.5), moved / BYTES)


def of_nest(nest: Nest, count: int, unit: int, overlaps: bool) -> Parts | None:
    """The parts of a nest of loops; None if none of its loops can be divided.

    Args:
        nest: the loops.
        count: of parts that are wanted.
        unit: so many elements along the vectors' axis stay together.
        overlaps: whether parts may, where nothing is reduced.
    """
    best: Parts | None = None
    for k, axis in enumerate(nest.loops):
        smallest = unit if k == nest.vector else SHORTEST if axis.reduced else 1
        exact = axis.reduced or not overlaps
        most = min(count, axis.size // smallest)
        found = divided(k, axis.size, most, 1 if exact else smallest, exact)
        if found is None:
            continue
        if best is None or found.number >= 2 * best.number:
            best = found
    return best


def divided(axis: int, size: int, count: int, unit: int, exact: bool) -> Parts | None:
    """About as many parts of an axis; the last one overlaps with the one before, if need be.

    Args:
        axis: its number.
        size: its length.
        count: of parts that are wanted.
        unit: lengths are multiples of this.
        exact: whether no parts may overlap: there are fewer of them, or none.
    """
    if exact:
        for n in range(min(count, size), 1, -1):
            if size % n == 0:
                return Parts(axis, size // n, n)
        return None
    for n in range(min(count, size), 1, -1):
        length = -(-size // n)
        length = -(-length // unit) * unit
        found = -(-size // length)
        if found > 1 and found * length <= MOST_TWICE * size:
            return Parts(axis, length, found)
    return None
