"""Arrays that are joined of others, read where those are: maps of them are computed piece by piece.

So stencils, which read arrays rolled along their axes, need no copies. In each piece all that a map
reads comes from one of the arrays that were joined.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...core.jaxpr import Eqn, Literal
from ..groups import Map
from .places import Joined, Memory, is_small, size_of
from .views import steps_along

LEAST = 1 << 10
"""So many elements at least: of fewer, copies cost less than the calls for pieces."""

MOST_WRITTEN = 400
"""So many equations, all pieces together, are written at most."""

MAIN = 0.5
"""So much of a map is in one piece, at least."""

Rectangle = tuple[tuple[int, ...], tuple[int, ...]]
"""Where a piece begins, and its shape."""


def read_in_pieces(steps: Sequence[Any], results: Sequence[Any]) -> set[Any]:
    """The results of concatenations that only maps read, which can do so piece by piece."""
    found: dict[Any, Eqn] = {
        e.outvars[0]: e for e in steps if isinstance(e, Eqn) and _is_candidate(e)
    }
    for a in results:
        found.pop(a, None)
    readers: dict[Any, list[Map]] = {}
    for step in steps if found else ():
        for a in step.inputs:
            if type(a) is Literal or a not in found:
                continue
            if isinstance(step, Map) and _reads_whole(step, a):
                readers.setdefault(a, []).append(step)
            else:
                del found[a]
    for a in [a for a in found if a not in readers]:
        del found[a]
    for group in dict.fromkeys(itertools.chain.from_iterable(readers.values())):
        joins = {a: ends_of(found[a]) for a in group.inputs if a in found}
        if joins and not _is_worth_while(group, rectangles(group.shape, joins.values())):
            for a in joins:
                del found[a]
    return set(found)


def _is_candidate(e: Eqn) -> bool:
    if e.primitive.name != "concatenate" or any(type(a) is Literal for a in e.inputs):
        return False
    shape, dtype = e.outvars[0].aval.shape, e.outvars[0].aval.dtype
    if is_small(shape) or not all(isinstance(n, int) for n in shape) or size_of(shape) < LEAST:
        return False
    return all(a.aval.dtype == dtype and 0 not in a.aval.shape for a in e.inputs)


def _reads_whole(group: Map, a: Any) -> bool:
    return group.first is None and not group.reductions and a.aval.shape == group.shape


def _is_worth_while(group: Map, pieces: Sequence[Rectangle]) -> bool:
    largest = max(size_of(shape) for _, shape in pieces)
    few = len(pieces) * len(group.eqns) <= MOST_WRITTEN
    return few and largest >= MAIN * size_of(group.shape)


def ends_of(e: Eqn) -> tuple[int, tuple[int, ...]]:
    """The axis of a concatenation, and where its parts begin and end."""
    axis = e.params["axis"]
    return axis, (0, *itertools.accumulate(a.aval.shape[axis] for a in e.inputs))


def rectangles(shape: Sequence[int], joins: Any) -> list[Rectangle]:
    """The pieces of a shape in which each of some joined arrays is one part."""
    cuts = [{0, n} for n in shape]
    for axis, ends in joins:
        cuts[axis].update(ends)
    spans = [list(pairwise(sorted(c))) for c in cuts]
    return [
        (tuple(i for i, _ in piece), tuple(j - i for i, j in piece))
        for piece in itertools.product(*spans)
    ]


def joined(frame: Any, e: Eqn) -> Joined:
    """What a concatenation makes, without a copy: its parts are held until it is released."""
    parts = []
    for a in e.inputs:
        m = frame.memory(frame.place(a))
        if m.buffer is not None and m.frame is frame and frame.places.hold(m):
            m.buffer.uses += 1
        parts.append(m)
    axis, ends = ends_of(e)
    return Joined(axis, ends, tuple(parts), e.outvars[0].aval.shape, parts[0].kind)


def write(frame: Any, group: Map) -> bool:
    """Call the kernels of a map, one for each piece; False if nothing is in pieces."""
    places = [frame.place(v) for v in group.inputs]
    joins = [p for p in places if isinstance(p, Joined)]
    if not joins:
        return False
    sources = [p if isinstance(p, Joined) else frame.memory(p) for p in places]
    targets = [frame.define(v) for v in group.outputs]
    whole = [m for m in sources if isinstance(m, Memory)]
    if {m.address for m in whole} & {t.address for t in targets}:
        # an operand is overwritten, which threads do in parts of whole arrays
        sources = [frame.memory(m) for m in sources]
        frame.nest(group, sources, targets)
        frame.release(*sources)
        return True
    for start, shape in rectangles(group.shape, [(p.axis, p.ends) for p in joins]):
        piece = Map(shape)
        piece.eqns, piece.beside, piece.outputs = group.eqns, group.beside, group.outputs
        made = [_piece(frame, t, group.shape, start, shape) for t in targets]
        read = [_piece(frame, m, group.shape, start, shape) for m in sources]
        frame.nest(piece, read, made)
    frame.release(*whole)
    return True


def _piece(
    frame: Any,
    place: Memory | Joined,
    full: Sequence[int],
    start: Sequence[int],
    shape: tuple[int, ...],
) -> Memory:
    """The part of an array that a piece of a map reads or writes."""
    begin = list(start)
    if isinstance(place, Joined):
        k = place.axis
        number = max(i for i, end in enumerate(place.ends[:-1]) if end <= start[k])
        begin[k] -= place.ends[number]
        place = place.parts[number]
        steps = tuple(place.steps)
    else:
        steps = steps_along(place.shape, place.steps, full)
    offset = sum(i * step for i, step in zip(begin, steps, strict=True))
    address = place.address
    if offset:
        address = frame.module.builder.pointer(address, str(offset), place.kind)
    return Memory(address, shape, place.kind, None, None, steps)


def copied(frame: Any, place: Joined) -> Memory:
    """The array in memory of its own, until it is released."""
    made: Memory = frame.room(place.shape, place.kind)
    for m, (start, stop) in zip(place.parts, pairwise(place.ends), strict=True):
        shape = tuple(stop - start if k == place.axis else n for k, n in enumerate(place.shape))
        begin = tuple(start if k == place.axis else 0 for k in range(len(shape)))
        frame.put(m, _piece(frame, made, place.shape, begin, shape))
    return made


__all__ = ["copied", "joined", "read_in_pieces", "write"]
