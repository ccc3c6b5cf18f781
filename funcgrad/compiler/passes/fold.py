"""Evaluate equations whose operands are all constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ...core.tracing import aval_of
from ...transforms.staging import literal

LARGE = 1 << 16
"""Bytes beyond which a folded result must not be larger than what it is computed from."""


def fold_constants(jaxpr: Jaxpr) -> Jaxpr:
    """Compute at compile time what depends on constants only."""
    known: dict[Var, Any] = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    eqns: list[Eqn] = []
    folded: dict[Atom, Any] = {}
    for e in jaxpr.eqns:
        if not _foldable(e, known):
            eqns.append(e)
            continue
        values = [a.value if type(a) is Literal else known[a] for a in e.inputs]
        try:
            with np.errstate(all="ignore"):
                out = e.primitive(*values, **e.params)
        except Exception:  # the program raises it where the user can see it, at run time
            eqns.append(e)
            continue
        for v, o in zip(e.outvars, out if e.primitive.multiple else (out,), strict=True):
            known[v] = folded[v] = o
    if not folded:
        return jaxpr
    constvars, consts = list(jaxpr.constvars), list(jaxpr.consts)
    names: dict[Atom, Atom] = {}

    def atom(a: Atom) -> Atom:
        if type(a) is Literal or a not in folded:
            return a
        if a not in names:
            value = folded[a]
            found = literal(value)
            if found is not None and found.aval == a.aval:
                names[a] = found
            else:
                var = Var(aval_of(value))
                names[a] = var
                constvars.append(var)
                consts.append(value)
        return names[a]

    eqns = [
        Eqn(e.primitive, [atom(a) for a in e.inputs], e.params, e.outvars, e.source) for e in eqns
    ]
    return Jaxpr(constvars, jaxpr.invars, eqns, [atom(a) for a in jaxpr.outvars], consts)


def _foldable(e: Eqn, known: dict[Var, Any]) -> bool:
    prim = e.primitive
    if prim.effect or prim.broadcasts or prim.asks_for_lanes:
        return False
    if not all(type(a) is Literal or a in known for a in e.inputs):
        return False
    if any(v.aval.symbolic for v in e.outvars):
        return False
    size = sum(v.aval.size * v.aval.dtype.itemsize for v in e.outvars)
    if size <= LARGE or prim.view:
        return True
    return size <= sum(a.aval.size * a.aval.dtype.itemsize for a in e.inputs)
