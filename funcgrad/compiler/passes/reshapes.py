"""Indexing and transposes that leave every element in its place, as the reshapes that they are."""

from __future__ import annotations

from typing import Any

from ...core.jaxpr import Eqn, Jaxpr
from ...ops.shape import reshape, transpose
from ...ops.structural.indexing import index, index_put


def find_reshapes(jaxpr: Jaxpr) -> Jaxpr:
    """Replace what only adds and drops axes of length one."""
    found = {i: new for i, e in enumerate(jaxpr.eqns) if (new := _as_reshape(e)) is not None}
    if not found:
        return jaxpr
    eqns = [found.get(i, e) for i, e in enumerate(jaxpr.eqns)]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)


def _as_reshape(e: Eqn) -> Eqn | None:
    prim = e.primitive
    if prim is not transpose and prim is not index and prim is not index_put:
        return None
    x, out = e.inputs[0].aval, e.outvars[0].aval
    if x.symbolic or out.symbolic or x.weak or x.size != out.size or not x.size:
        return None
    keeps = _keeps_order(x.shape, e.params["perm"]) if prim is transpose else _forward(e.params)
    if not keeps:
        return None
    return Eqn(reshape, e.inputs, {"shape": out.shape}, e.outvars, e.source)


def _keeps_order(shape: tuple[int, ...], perm: tuple[int, ...]) -> bool:
    """True if the axes that are longer than one stay in their order."""
    long = [p for p in perm if shape[p] != 1]
    return long == sorted(long)


def _forward(params: dict[str, Any]) -> bool:
    """True if no slice of a key goes backwards: as all elements are taken, in their order."""
    return not any(isinstance(k, tuple) and (k[2] or 1) < 0 for k in params["key"])
