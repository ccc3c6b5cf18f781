"""What the steps of a scan do without the carry, or only for what they give out, done at once.

A product of few rows with a matrix reads the whole matrix in each step. Those of all steps together
are one product of many rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.contraction.dot_general import dot_general
from ...ops.families import Elementwise
from ...transforms.jaxprs import batch_jaxpr
from ...transforms.vmap import BatchTrace
from ..costs import nbytes, work_of
from .drafts import Draft, Given, Stacked, renamed, variables
from .invariants import can_move
from .sums_of_products import sums_of_products

Optimize = Callable[[Jaxpr], Jaxpr]

LEAST_STEPS = 8
"""Shorter loops stay as they are."""

FEW_ROWS = 8
"""So many rows of a product, or fewer, take as long as to read the matrix."""

LARGE = 1 << 12
"""Elements of a matrix from which on it takes long to read it."""

SHORT = 16
"""Elements up to which functions of all steps together are faster than one by one."""

MOST_BYTES = 1 << 26
"""All steps together may need so much memory."""


def steps_at_once(jaxpr: Jaxpr, optimized: Optimize) -> Jaxpr:
    """Take out of scans what is faster for all steps at once, before and after them.

    Args:
        jaxpr: with scans.
        optimized: gives the optimised form of a jaxpr inside.
    """
    if not any(_is_long(e) for e in jaxpr.eqns):
        return jaxpr
    known = list(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        if not _is_long(e):
            eqns.append(e)
            continue
        draft = Draft(e, optimized(e.params["jaxpr"]))
        before = _before(draft, known)
        after = [*sums_of_products(draft, MOST_BYTES), *_after(draft, known)]
        eqns += [*before, draft.eqn() if before or after else e, *after]
    return Jaxpr([v for v, _ in known], jaxpr.invars, eqns, jaxpr.outvars, [c for _, c in known])


def _is_long(e: Eqn) -> bool:
    length = e.params.get("length")
    return e.primitive.name == "scan" and isinstance(length, int) and length >= LEAST_STEPS


# --- which equations -----------------------------------------------------------------------------


def _is_narrow(e: Eqn, fixed: set[Any]) -> bool:
    """True for a product of few rows with a matrix that is the same in every step."""
    if e.primitive is not dot_general or e.params["batch"] != ((), ()):
        return False
    flags = [type(a) is not Literal and a in fixed for a in e.inputs]
    if sum(flags) != 1:
        return False
    matrix, rows = e.inputs[flags.index(True)], e.inputs[flags.index(False)]
    depth = e.params["contract"][flags.index(False)]
    shared = 1
    for axis in depth:
        shared *= rows.aval.shape[axis]
    return matrix.aval.size >= LARGE and rows.aval.size <= FEW_ROWS * shared


def _is_short(e: Eqn) -> bool:
    """True for an elementary function of few numbers."""
    if not isinstance(e.primitive, Elementwise) or e.outvars[0].aval.size > SHORT:
        return False
    return work_of([e]).transcendentals > 0


# --- before the scan -----------------------------------------------------------------------------


def _before(draft: Draft, known: list[tuple[Var, Any]]) -> list[Eqn]:
    """Take out what does not depend on the carry."""
    fixed, rows = draft.fixed, {g.inside for g in draft.xs}
    early: set[Any] = {*fixed, *rows}
    movable = []
    for e in draft.eqns:
        if early.issuperset(variables(e.inputs)) and can_move(e):
            movable.append(e)
            early.update(e.outvars)
    wanted: set[Any] = set()
    for e in movable:
        follows = isinstance(e.primitive, Elementwise) and not wanted.isdisjoint(
            variables(e.inputs)
        )
        if _is_narrow(e, fixed) or _is_short(e) or follows:
            wanted.update(e.outvars)
    chosen: list[Eqn] = []
    for e in reversed(movable):
        if not wanted.isdisjoint(e.outvars):
            chosen.append(e)
            wanted.update(variables(e.inputs))
    chosen.reverse()
    made = [v for e in chosen for v in e.outvars]
    if not _fit(draft, made):
        return []
    stays = _others(draft.eqns, chosen)
    results = [*(c.new for c in draft.carry), *(y.inside for y in draft.ys)]
    read = {*variables(results), *(a for e in stays for a in variables(e.inputs))}
    handed = [v for v in made if v in read]
    outside = {g.inside: g.operand for g in (*draft.consts, *draft.xs)}
    eqns, outs = _for_all_steps(draft, chosen, handed, outside, rows, known)
    draft.eqns = stays
    draft.xs += [Given(v, a) for v, a in zip(handed, outs, strict=True)]
    return eqns


def _fit(draft: Draft, made: Sequence[Var]) -> bool:
    """True if there is something to stack, and it does not need too much memory."""
    small = sum(map(nbytes, made)) * draft.length <= MOST_BYTES
    return bool(made) and small and not any(v.aval.weak for v in made)


def _others(eqns: Sequence[Eqn], chosen: Sequence[Eqn]) -> list[Eqn]:
    gone = set(map(id, chosen))
    return [e for e in eqns if id(e) not in gone]


def _for_all_steps(
    draft: Draft,
    eqns: Sequence[Eqn],
    results: Sequence[Var],
    outside: dict[Any, Any],
    rows: set[Any],
    known: list[tuple[Var, Any]],
) -> tuple[list[Eqn], list[Var]]:
    """Equations that do the same for all steps, and the arrays of the results.

    Args:
        draft: the scan.
        eqns: of its body.
        results: of these.
        outside: where the equations find what they read.
        rows: what of that has a row for each step.
        known: constants of the jaxpr around the scan, to which those that are needed are added.
    """
    made = {v for e in eqns for v in e.outvars}
    read = dict.fromkeys(a for e in eqns for a in variables(e.inputs) if a not in made)
    own = [(v, c) for v, c in draft.known if v in read]
    mine = {v for v, _ in own}
    invars = [a for a in read if a not in mine]
    one = Jaxpr([v for v, _ in own], invars, eqns, results, [c for _, c in own])
    trace = BatchTrace(draft.length, "the steps of a scan")
    flags = [a in rows for a in invars]
    every, _ = batch_jaxpr(one, trace, flags, [True] * len(results))
    names: dict[Any, Any] = {v: outside[a] for v, a in zip(every.invars, invars, strict=True)}
    for v, c in zip(every.constvars, every.consts, strict=True):
        names[v] = new = Var(v.aval)
        known.append((new, c))
    return renamed(every.eqns, names), [names.get(v, v) for v in every.outvars]  # type: ignore[misc]


# --- after the scan ------------------------------------------------------------------------------


def _after(draft: Draft, known: list[tuple[Var, Any]]) -> list[Eqn]:
    """Take out what is only given out."""
    late = _late(draft)
    fixed = draft.fixed
    wanted: set[Any] = set()
    chosen: list[Eqn] = []
    for e in late:
        if _is_narrow(e, fixed) or not wanted.isdisjoint(variables(e.inputs)):
            chosen.append(e)
            wanted.update(e.outvars)
    made = {v for e in chosen for v in e.outvars}
    read = dict.fromkeys(a for e in chosen for a in variables(e.inputs) if a not in made)
    outside = {g.inside: g.operand for g in (*draft.consts, *draft.xs)}
    there = {y.inside: y.result for y in draft.ys if type(y.inside) is not Literal}
    new = [a for a in read if a not in outside and a not in there and a not in fixed]
    if not made or not _fit(draft, [*new, *made]):
        return []
    rows = {a for a in read if a not in fixed}
    there |= {a: draft.stack_of(a) for a in new}
    gone = [y for y in draft.ys if y.inside in made]
    results = list(dict.fromkeys(y.inside for y in gone))
    eqns, outs = _for_all_steps(draft, chosen, results, {**there, **outside}, rows, known)
    if not {v for e in eqns for v in e.outvars}.issuperset(outs):
        return []  # a result is an operand
    places = dict(zip(results, outs, strict=True))
    first = {places[y.inside]: y.result for y in gone}
    draft.eqns = _others(draft.eqns, chosen)
    draft.ys = [y for y in draft.ys if y.inside not in made]
    draft.ys += [Stacked(a, there[a]) for a in new]
    return [
        Eqn(e.primitive, e.inputs, e.params, [first.get(v, v) for v in e.outvars], e.source)
        for e in renamed(eqns, first)
    ]


def _late(draft: Draft) -> list[Eqn]:
    """Equations of which nothing depends but what is given out, once."""
    count: dict[Any, int] = {}
    for y in draft.ys:
        count[y.inside] = count.get(y.inside, 0) + 1
    needed = set(variables([c.new for c in draft.carry]))
    needed.update(a for a, times in count.items() if times > 1)
    late: list[Eqn] = []
    for e in reversed(draft.eqns):
        if needed.isdisjoint(e.outvars) and can_move(e):
            late.append(e)
        else:
            needed.update(variables(e.inputs))
    return late[::-1]


__all__ = ["steps_at_once"]
