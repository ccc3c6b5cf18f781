"""Run elementwise equations as soon as they give memory back, while it is in the cache."""

from __future__ import annotations

from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ...ops.families import Elementwise


def schedule_early(jaxpr: Jaxpr) -> Jaxpr:
    """Move an elementwise equation up to where its operands are made, if one of them dies there.

    The order of all other equations stays as it is.
    """
    readers: dict[Atom, int] = {}
    waiting: dict[Atom, list[int]] = {}
    missing: list[int] = []
    known = {*jaxpr.constvars, *jaxpr.invars}
    for i, e in enumerate(jaxpr.eqns):
        operands = {a for a in e.inputs if type(a) is not Literal}
        for a in operands:
            readers[a] = readers.get(a, 0) + 1
        inside = [a for a in operands if a not in known]
        missing.append(len(inside))
        for a in inside:
            waiting.setdefault(a, []).append(i)
    for a in jaxpr.outvars:
        if type(a) is not Literal:
            readers[a] = readers.get(a, 0) + 1
    order: list[Eqn] = []
    done = [False] * len(jaxpr.eqns)

    def emit(start: int) -> None:
        stack = [start]
        while stack:
            i = stack.pop()
            if done[i]:
                continue
            done[i] = True
            e = jaxpr.eqns[i]
            order.append(e)
            for a in {a for a in e.inputs if type(a) is not Literal}:
                readers[a] -= 1
            for v in e.outvars:
                for j in waiting.get(v, ()):
                    missing[j] -= 1
                    if missing[j] == 0 and _gives_back(jaxpr.eqns[j], v, readers):
                        stack.append(j)

    for i in range(len(jaxpr.eqns)):
        if not done[i]:
            emit(i)
    return Jaxpr(jaxpr.constvars, jaxpr.invars, order, jaxpr.outvars, jaxpr.consts)


def _gives_back(e: Eqn, v: Var, readers: dict[Atom, int]) -> bool:
    """True if the equation is the last reader of v and its result is no larger than v."""
    if not isinstance(e.primitive, Elementwise) or e.primitive.effect:
        return False
    out = e.outvars[0].aval
    if out.symbolic or v.aval.symbolic or readers[v] != 1:
        return False
    return out.size * out.dtype.itemsize <= v.aval.size * v.aval.dtype.itemsize
