"""Sums of parts that are each put into zeros, as what they are: the parts, one after the other.

The cotangent of an array of which several slices are taken is such a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.avals import Aval
from ...core.dtypes import kind_of
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.pointwise.arithmetic import add
from ...ops.shape import reshape
from ...ops.structural.indexing import index_put, key_places
from ...ops.structural.joining import concatenate

FEWEST = 2
"""So many parts, or more, are joined."""


def join_parts(jaxpr: Jaxpr) -> Jaxpr:
    """Replace sums of arrays that are zero but for a part each, if the parts fill the whole."""
    if sum(e.primitive is index_put for e in jaxpr.eqns) < FEWEST:
        return jaxpr
    uses: dict[Any, int] = {}
    for a in [*jaxpr.outvars, *(a for e in jaxpr.eqns for a in e.inputs)]:
        uses[a] = uses.get(a, 0) + 1
    made = {v: e for e in jaxpr.eqns for v in e.outvars}
    inside = {
        a
        for e in jaxpr.eqns
        if e.primitive is add
        for a in e.inputs
        if type(a) is not Literal and uses[a] == 1 and a in made and made[a].primitive is add
    }
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        if e.primitive is add and e.outvars[0] not in inside:
            found = _joined(e, _terms(e, made, inside), made)
            found = found or _with_neighbours_joined(e, _in_order(e, made, inside), made)
            eqns += [e] if found is None else found
        else:
            eqns.append(e)
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)


def _terms(e: Eqn, made: dict[Any, Eqn], inside: set[Any]) -> list[Any]:
    """What a chain of sums adds up."""
    terms: list[Any] = []
    waiting = list(e.inputs)
    while waiting:
        a = waiting.pop()
        if type(a) is not Literal and a in inside:
            waiting += made[a].inputs
        else:
            terms.append(a)
    return terms


def _in_order(e: Eqn, made: dict[Any, Eqn], inside: set[Any]) -> list[Any]:
    """The same, in the order in which they are added one after the other."""
    terms: list[Any] = []
    while True:
        first, last = e.inputs
        terms.append(last)
        if type(first) is Literal or first not in inside:
            return [first, *terms[::-1]]
        e = made[first]


def _with_neighbours_joined(e: Eqn, terms: Sequence[Any], made: dict[Any, Eqn]) -> list[Eqn] | None:
    """The sum with each two neighbours that fill the whole as one term; None if there are none."""
    out = e.outvars[0].aval
    eqns: list[Eqn] = []
    left: list[Any] = []
    waiting = list(terms)
    while waiting:
        pair = waiting[:2]
        whole = Var(out)
        joined = None
        if len(pair) == 2:
            joined = _joined(Eqn(add, pair, {}, [whole], e.source), pair, made)
        if joined is None:
            left.append(waiting.pop(0))
        else:
            eqns += joined
            left.append(whole)
            del waiting[:2]
    if not eqns:
        return None
    total = left[0]
    for k, term in enumerate(left[1:], 2):
        made_here = e.outvars if k == len(left) else [Var(out)]
        eqns.append(Eqn(add, [total, term], {}, made_here, e.source))
        total = made_here[0]
    return eqns


def _joined(e: Eqn, terms: Sequence[Any], made: dict[Any, Eqn]) -> list[Eqn] | None:
    """The equations that join the parts; None if they do not fill the whole."""
    out = e.outvars[0].aval
    puts = [made.get(a) if type(a) is not Literal else None for a in terms]
    if out.symbolic or kind_of(out.dtype) not in "iufc" or any(a.aval != out for a in terms):
        return None
    parts: list[tuple[int, int, Any]] = []
    axes: set[int] = set()
    for put in puts:
        found = None if put is None or put.primitive is not index_put else _part(put, out.shape)
        if put is None or found is None or put.inputs[0].aval.dtype != out.dtype:
            return None
        axis, places = found
        axes.add(axis)
        parts.append((places.start, places.stop, put.inputs[0]))
    parts.sort(key=lambda part: part[0])
    ends = [0, *(stop for _, stop, _ in parts)]
    if len(axes) != 1 or ends[-1] != out.shape[min(axes)]:
        return None
    if any(start != end for (start, _, _), end in zip(parts, ends, strict=False)):
        return None
    return _concatenation(e, parts, min(axes))


def _part(put: Eqn, shape: Sequence[int]) -> tuple[int, range] | None:
    """The axis along which something is a part of the whole, and which; None if there are more."""
    found = None
    places = [p for p in key_places(put.params["key"], shape) if p is not None]
    for axis, (place, size) in enumerate(zip(places, shape, strict=True)):
        where = range(place, place + 1) if isinstance(place, int) else place
        if where == range(size):
            continue
        if found is not None or where.step != 1 or not where:
            return None
        found = axis, where
    return found if type(put.inputs[0]) is not Literal else None


def _concatenation(e: Eqn, parts: Sequence[tuple[int, int, Any]], axis: int) -> list[Eqn]:
    out = e.outvars[0].aval
    eqns: list[Eqn] = []
    joined: list[Any] = []
    for start, stop, part in parts:
        shape = (*out.shape[:axis], stop - start, *out.shape[axis + 1 :])
        if part.aval.shape != shape:
            flat = Var(Aval(shape, out.dtype))
            eqns.append(Eqn(reshape, [part], {"shape": shape}, [flat], e.source))
            part = flat
        joined.append(part)
    if out.dtype.kind in "iu":
        eqns.append(Eqn(concatenate, joined, {"axis": axis}, e.outvars, e.source))
        return eqns
    whole = Var(out)
    zero = Literal(out.dtype.type(0), Aval((), out.dtype))  # a sum with zeros has no negative zero
    eqns.append(Eqn(concatenate, joined, {"axis": axis}, [whole], e.source))
    eqns.append(Eqn(add, [whole, zero], {}, e.outvars, e.source))
    return eqns


__all__ = ["join_parts"]
