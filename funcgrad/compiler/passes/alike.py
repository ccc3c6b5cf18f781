"""Scans that take, carry or give out the same thing twice, or what does not change."""

from __future__ import annotations

from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal
from ...ops.shape import broadcast
from .drafts import Draft, Given, renamed, variables
from .share import atom_key


def merge_rows(jaxpr: Jaxpr, optimized: Any) -> Jaxpr:
    """Let scans take each operand once, carry what changes, and stack what is not there already.

    Args:
        jaxpr: with scans.
        optimized: gives the optimised form of a jaxpr inside.
    """
    if not any(e.primitive.name == "scan" for e in jaxpr.eqns):
        return jaxpr
    results = set(variables(jaxpr.outvars))  # which share memory with nothing
    names: dict[Any, Any] = {}
    eqns: list[Eqn] = []
    for old in jaxpr.eqns:
        (e,) = renamed([old], names)
        if e.primitive.name == "scan":
            draft = Draft(e, optimized(e.params["jaxpr"]))
            before = len(draft.consts), len(draft.carry), len(draft.xs), len(draft.ys)
            _keep_what_changes(draft, names, results)
            draft.consts = _merged(draft, draft.consts)
            draft.xs = _merged(draft, draft.xs)
            eqns += _without_copies(draft, names, results)
            if before != (len(draft.consts), len(draft.carry), len(draft.xs), len(draft.ys)):
                e = draft.eqn()
        eqns.append(e)
    outs = [a if type(a) is Literal else names.get(a, a) for a in jaxpr.outvars]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, outs, jaxpr.consts)


def _keep_what_changes(draft: Draft, names: dict[Any, Any], results: set[Any]) -> None:
    """What every step hands on as it is, is constant."""
    for c in list(draft.carry):
        if c.result in results or c.new is not c.inside:
            continue
        if c.operand.aval == c.result.aval == c.inside.aval:
            draft.carry.remove(c)
            draft.consts.append(Given(c.inside, c.operand))
            names[c.result] = c.operand


def _merged(draft: Draft, given: list[Given]) -> list[Given]:
    """Operands without those that are an earlier one."""
    first: dict[Any, Given] = {}
    same: dict[Any, Any] = {}
    kept = []
    for g in given:
        found = first.setdefault((atom_key(g.operand), g.inside.aval), g)
        if found is g:
            kept.append(g)
        else:
            same[g.inside] = found.inside
    draft.rename(same)
    return kept


def _without_copies(draft: Draft, names: dict[Any, Any], results: set[Any]) -> list[Eqn]:
    """Drop what is stacked twice, or is there before; returns the equations that make it else."""
    rows = {g.inside: g.operand for g in draft.xs}
    fixed = {g.inside: g.operand for g in draft.consts}
    first: dict[Any, Any] = {}
    made: list[Eqn] = []
    kept = []
    for y in draft.ys:
        a, v = y
        aval = v.aval
        if v in results or type(a) is Literal:
            first.setdefault(a, v)
            kept.append(y)
        elif a in first and first[a].aval == aval:
            names[v] = first[a]
        elif a in rows and rows[a].aval == aval:
            names[v] = rows[a]
        elif a in fixed and not a.aval.weak and not aval.symbolic:
            made.append(Eqn(broadcast, [fixed[a]], {"shape": aval.shape}, [v], draft.origin.source))
        else:
            first[a] = v
            kept.append(y)
    draft.ys = kept
    return made


__all__ = ["merge_rows"]
