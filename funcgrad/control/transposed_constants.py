"""Matrices that every step of a compiled loop multiplies with from the other side.

A product of few rows with a transposed matrix is slow (BLAS walks across its rows). If a loop makes
it in each step, one contiguous transposed copy before the loop pays.
"""

from __future__ import annotations

from typing import Any

from ..core.avals import Aval
from ..core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..ops.contraction.dot_general import dot_general

SMALL = 1 << 12
SHORT = 16


def transpose_invariants(body: Jaxpr, consts: int, length: Any) -> tuple[Jaxpr, tuple[int, ...]]:
    """Let a loop's body take matrices as it multiplies with them.

    Args:
        body: the body, whose first ``consts`` inputs are the same in every step.
        consts: number of those.
        length: number of steps.

    Returns:
        The body, and which of its inputs it takes transposed.
    """
    if not isinstance(length, int) or length < SHORT:
        return body, ()
    found = [
        i
        for i, v in enumerate(body.invars[:consts])
        if v.aval.ndim == 2 and not v.aval.symbolic and v.aval.size >= SMALL and _suits(body, v)
    ]
    if not found:
        return body, ()
    turned = [body.invars[i] for i in found]
    new = {v: Var(Aval(v.aval.shape[::-1], v.aval.dtype)) for v in turned}
    eqns = []
    for e in body.eqns:
        old = e.inputs[1] if len(e.inputs) == 2 else None
        if isinstance(old, Var) and old in new:
            params = e.params | {"contract": (e.params["contract"][0], (0,))}
            e = Eqn(dot_general, [e.inputs[0], new[old]], params, e.outvars, e.source)
        eqns.append(e)
    invars = [new.get(v, v) for v in body.invars]
    return Jaxpr(body.constvars, invars, eqns, body.outvars, body.consts), tuple(found)


def _suits(body: Jaxpr, v: Var) -> bool:
    """True if a matrix is used, and only as the transposed right factor of few rows."""
    if any(a is v for a in body.outvars):
        return False
    uses = [e for e in body.eqns if any(a is v for a in e.inputs)]
    return bool(uses) and all(_transposed_factor(e, v) for e in uses)


def _transposed_factor(e: Eqn, v: Var) -> bool:
    if e.primitive is not dot_general or e.inputs[1] is not v or e.inputs[0] is v:
        return False
    left = e.inputs[0]
    return (
        not isinstance(left, Literal)
        and left.aval.ndim <= 2
        and e.params["contract"][1] == (1,)
        and e.params["batch"] == ((), ())
        and left.aval.size * 2 <= v.aval.size
    )
