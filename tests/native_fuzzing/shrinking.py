"""Programs with a mismatch, made small: the first wrong value, of as few equations as show it."""

from __future__ import annotations

from typing import Any

import numpy as np

from funcgrad.compiler.passes.prune import drop_dead_code
from funcgrad.core.jaxpr import Jaxpr, Literal

from .generation import Program
from .judging import MISMATCH, Verdict, compared, native
from .reference import evaluated


def shrunk(made: Program, jaxpr: Jaxpr) -> Verdict:
    """The verdict on a part of a program that is as wrong as the whole."""
    args = list(made.args)
    best = compared(made, jaxpr)
    jaxpr, best = _one_result(args, jaxpr, best)
    values = _values(jaxpr, args)
    for e in list(jaxpr.eqns):  # from the first: what can be given instead of computed
        for v in e.outvars:
            smaller = _given(jaxpr, v)
            if smaller is None or v not in values:
                continue
            more = [*args, values[v]]
            verdict = _tried(smaller, more)
            if verdict.outcome == MISMATCH:
                jaxpr, args, best = smaller, more, verdict
    used = [i for i, v in enumerate(jaxpr.invars) if _is_read(jaxpr, v)]
    fewer = Jaxpr(
        jaxpr.constvars, [jaxpr.invars[i] for i in used], jaxpr.eqns, jaxpr.outvars, jaxpr.consts
    )
    verdict = _tried(fewer, [args[i] for i in used])
    return verdict if verdict.outcome == MISMATCH else best


def _tried(jaxpr: Jaxpr, args: list[Any]) -> Verdict:
    return compared(Program(1, "a part", lambda: None, args), jaxpr)


def _one_result(args: list[Any], jaxpr: Jaxpr, best: Verdict) -> tuple[Jaxpr, Verdict]:
    """The program up to its first wrong value."""
    for e in jaxpr.eqns:
        for v in e.outvars:
            if v.aval.symbolic:
                continue
            part = drop_dead_code(
                Jaxpr(jaxpr.constvars, jaxpr.invars, jaxpr.eqns, [v], jaxpr.consts)
            )
            verdict = _tried(part, args)
            if verdict.outcome == MISMATCH:
                return part, verdict
    return jaxpr, best


def _given(jaxpr: Jaxpr, v: Any) -> Jaxpr | None:
    """The same where a variable is an argument."""
    if v in jaxpr.outvars or v.aval.symbolic or v.aval.weak:
        return None
    eqns = [e for e in jaxpr.eqns if v not in e.outvars]
    made = {w for e in jaxpr.eqns if v in e.outvars for w in e.outvars if w is not v}
    if any(w in made for e in eqns for w in e.inputs if not isinstance(w, Literal)):
        return None
    return drop_dead_code(
        Jaxpr(jaxpr.constvars, [*jaxpr.invars, v], eqns, jaxpr.outvars, jaxpr.consts)
    )


def _is_read(jaxpr: Jaxpr, v: Any) -> bool:
    return v in jaxpr.outvars or any(v in e.inputs for e in jaxpr.eqns)


def _values(jaxpr: Jaxpr, args: list[Any]) -> dict[Any, Any]:
    """All values of a program by the interpreter."""
    variables = [v for e in jaxpr.eqns for v in e.outvars]
    every = Jaxpr(jaxpr.constvars, jaxpr.invars, jaxpr.eqns, variables, jaxpr.consts)
    with native("0"):
        found = evaluated(every, args)
    return {
        v: np.array(k.value, v.aval.dtype)
        for v, k in zip(variables, found, strict=True)
        if not v.aval.symbolic
    }
