"""Fuse pairs of operations for which one operator does both without the array in between."""

from __future__ import annotations

from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal
from ...core.primitive import FUSED


def fuse_pairs(jaxpr: Jaxpr) -> Jaxpr:
    """Replace ``outer(inner(*xs), *ys)`` by one equation, where the operators say that they can.

    The fused operator says so: ``fuses``.
    """
    count: dict[Atom, int] = {}
    for e in jaxpr.eqns:
        for a in e.inputs:
            if type(a) is not Literal:
                count[a] = count.get(a, 0) + 1
    for a in jaxpr.outvars:
        if type(a) is not Literal:
            count[a] = count.get(a, 0) + 1
    made: dict[Atom, Eqn] = {}
    dropped: set[int] = set()
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        fused = _fused(e, made, count)
        if fused is not None:
            dropped.add(id(made[e.inputs[0]]))
            e = fused
        eqns.append(e)
        for v in e.outvars:
            made[v] = e
    kept = [e for e in eqns if id(e) not in dropped]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, kept, jaxpr.outvars, jaxpr.consts)


def _fused(e: Eqn, made: dict[Atom, Eqn], count: dict[Atom, int]) -> Eqn | None:
    table = FUSED.get(e.primitive)
    if table is None or type(e.inputs[0]) is Literal or count[e.inputs[0]] != 1:
        return None
    inner = made.get(e.inputs[0])
    if inner is None or inner.primitive not in table:
        return None
    inputs = [*inner.inputs, *e.inputs[1:]]
    return Eqn(table[inner.primitive], inputs, {}, e.outvars, e.source)
