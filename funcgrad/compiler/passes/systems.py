"""Several systems with one matrix, or its transpose: it is factorized once."""

from __future__ import annotations

from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.linalg.lu import lu, solve_factored
from ...ops.linalg.solving import solve
from ...ops.shape import transpose

LEAST_ROWS = 100
"""Smaller matrices are factorized faster than a second function is called."""


def factorize_once(jaxpr: Jaxpr) -> Jaxpr:
    """Replace solves with one matrix by one factorization, and substitutions."""
    made = {v: e for e in jaxpr.eqns for v in e.outvars}
    systems: dict[Any, list[Eqn]] = {}
    for e in jaxpr.eqns:
        if e.primitive is solve and _fits(e):
            systems.setdefault(_base(e.inputs[0], made)[0], []).append(e)
    shared = {a for a, eqns in systems.items() if len(eqns) > 1}
    if not shared:
        return jaxpr
    factors: dict[Any, tuple[Var, ...]] = {}
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        if e.primitive is not solve or not _fits(e):
            eqns.append(e)
            continue
        a, transposed = _base(e.inputs[0], made)
        if a not in shared:
            eqns.append(e)
            continue
        if a not in factors:
            factors[a] = tuple(Var(v) for v in lu.abstract(a.aval))
            eqns.append(Eqn(lu, [a], {}, factors[a], e.source))
        params = {"transposed": transposed, "strong": False, "failing": "raise", **e.params}
        inputs = [*factors[a], e.inputs[1]]
        eqns.append(Eqn(solve_factored, inputs, params, e.outvars, e.source))
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)


def _fits(e: Eqn) -> bool:
    """True for systems whose shapes are known, large enough, and of one dtype."""
    a, b = e.inputs
    if type(a) is Literal or type(b) is Literal or a.aval.symbolic or b.aval.symbolic:
        return False
    dtype = e.outvars[0].aval.dtype
    return a.aval.shape[-1] >= LEAST_ROWS and a.aval.dtype == b.aval.dtype == dtype


def _base(a: Any, made: dict[Any, Eqn]) -> tuple[Any, bool]:
    """The matrix of which this is the transpose, and True; or itself."""
    transposed = False
    while (e := made.get(a)) is not None and e.primitive is transpose:
        n = a.aval.ndim
        if e.params["perm"] != (*range(n - 2), n - 1, n - 2):
            break
        a, transposed = e.inputs[0], not transposed
    return a, transposed


__all__ = ["factorize_once"]
