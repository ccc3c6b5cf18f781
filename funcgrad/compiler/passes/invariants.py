"""What is the same in every turn of a loop is computed before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var, has_effect
from ...ops.families import Elementwise
from ...transforms.loop_layout import Layout
from ..costs import work_of
from .drafts import Draft, Given, renamed, variables
from .prune import drop_dead_code

GROWTH = 4
"""A result that is so many times as large as what it is made of is made in every step."""

CHEAP = 1e6
"""So many operations may be done in vain before a loop that may make no turn."""

Optimize = Callable[[Jaxpr], Jaxpr]


def hoist_invariants(jaxpr: Jaxpr, optimized: Optimize) -> Jaxpr:
    """Compute before a scan or a while loop what does not change in it.

    Args:
        jaxpr: with loops.
        optimized: gives the optimised form of a jaxpr inside.
    """
    if not any(e.primitive.name in _HOISTED for e in jaxpr.eqns):
        return jaxpr
    known = list(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        hoisted = _HOISTED.get(e.primitive.name)
        eqns += [e] if hoisted is None else hoisted(e, optimized, known)
    return Jaxpr([v for v, _ in known], jaxpr.invars, eqns, jaxpr.outvars, [c for _, c in known])


class _Moved(NamedTuple):
    """Equations that come before a loop, and what it takes of their results.

    Attributes:
        before: the equations, on variables from outside.
        handed: for each result that is read inside, the variable for it there, and the one outside.
        stays: all other equations.
        names: what to read inside in the places of the results.
    """

    before: list[Eqn]
    handed: list[Given]
    stays: list[Eqn]
    names: dict[Any, Any]


def _moved(
    eqns: Sequence[Eqn],
    results: Sequence[Any],
    consts: Sequence[Given],
    own: Sequence[tuple[Var, Any]],
    known: list[tuple[Var, Any]],
    may: Callable[[Sequence[Eqn]], bool],
) -> _Moved | None:
    """What may come before a loop; None if that is nothing.

    Args:
        eqns: of its body.
        results: of its body.
        consts: what is the same in every turn, and what it is outside.
        own: constants of the body.
        known: constants of the jaxpr around the loop, to which those that are needed are added.
        may: whether equations may run where the loop makes no turn.
    """
    fixed = {*(v for v, _ in own), *(c.inside for c in consts)}
    movable = []
    for e in eqns:
        if fixed.issuperset(variables(e.inputs)) and can_move(e):
            movable.append(e)
            fixed.update(e.outvars)
    moved = _worth_moving(movable)
    if not moved or not may(moved):
        return None
    stays = [e for e in eqns if e not in moved]
    read = {*variables(results), *(a for e in stays for a in variables(e.inputs))}
    made = [v for e in moved for v in e.outvars]
    outside: dict[Any, Any] = {c.inside: c.operand for c in consts}
    for v, value in own:
        outside[v] = new = Var(v.aval)
        known.append((new, value))
    outside.update({v: Var(v.aval) for v in made})
    before = [
        Eqn(e.primitive, e.inputs, e.params, [outside[v] for v in e.outvars], e.source)
        for e in renamed(moved, outside)
    ]
    names = {v: Var(v.aval) for v in made if v in read}
    handed = [Given(names[v], outside[v]) for v in names]
    return _Moved(before, handed, stays, names)


def can_move(e: Eqn) -> bool:
    """True for equations that only compute, raise nothing, and make no more than they are given."""
    prim = e.primitive
    held = prim.effect or prim.opaque or prim.bodily or has_effect(e) or prim.called(e.params)
    held = held or prim.asks_for_lanes
    inner = any(isinstance(p, Jaxpr) for p in e.params.values())
    if held or inner or any(v.aval.symbolic for v in e.outvars):
        return False
    size = sum(a.aval.size for a in e.inputs)
    return all(v.aval.size <= GROWTH * max(1, size) for v in e.outvars)


def _is_look(e: Eqn) -> bool:
    return bool(e.primitive.view or e.primitive.reshapes or e.primitive.broadcasts)


def _worth_moving(eqns: Sequence[Eqn]) -> list[Eqn]:
    """Equations that compute something, and those that they need."""
    kept: list[Eqn] = []
    needed: set[Any] = set()
    for e in reversed(eqns):
        if not _is_look(e) or not needed.isdisjoint(e.outvars):
            kept.append(e)
            needed.update(variables(e.inputs))
    return kept[::-1]


# --- scan ----------------------------------------------------------------------------------------


def _before_scan(e: Eqn, optimized: Optimize, known: list[tuple[Var, Any]]) -> list[Eqn]:
    length = e.params["length"]
    if not isinstance(length, int) or length < 2:
        return [e]
    draft = Draft(e, optimized(e.params["jaxpr"]))
    results = [*(c.new for c in draft.carry), *(y.inside for y in draft.ys)]
    moved = _moved(draft.eqns, results, draft.consts, draft.known, known, lambda _: True)
    if moved is None:
        return [e]
    draft.eqns = moved.stays
    draft.consts += moved.handed
    draft.rename(moved.names)
    return [*moved.before, draft.eqn()]


# --- while ---------------------------------------------------------------------------------------


def _before_while(e: Eqn, optimized: Optimize, known: list[tuple[Var, Any]]) -> list[Eqn]:
    """The test is made at least once; a turn perhaps never."""
    p = e.params
    tests, layout = p["tests"], p["layout"]
    test = optimized(p["cond"])
    before, cond, for_test = _without_moved(test, e.inputs[:tests], known, lambda _: True)
    body = optimized(p["body"])
    given = e.inputs[tests : tests + layout.consts]
    more, step, for_step = _without_moved(body, given, known, _are_cheap)
    if not before and not more:
        return [e]
    params = {
        **p,
        "cond": cond,
        "body": step,
        "tests": tests + len(for_test),
        "layout": Layout(layout.consts + len(for_step), layout.carry),
    }
    inputs = [*e.inputs[:tests], *for_test, *given, *for_step, *e.inputs[tests + layout.consts :]]
    return [*before, *more, Eqn(e.primitive, inputs, params, e.outvars, e.source)]


def _without_moved(
    body: Jaxpr,
    given: Sequence[Any],
    known: list[tuple[Var, Any]],
    may: Callable[[Sequence[Eqn]], bool],
) -> tuple[list[Eqn], Jaxpr, list[Any]]:
    """What comes before a body, the body that takes it after its constants, and the operands."""
    n = len(given)
    consts = list(map(Given, body.invars[:n], given))
    own = list(zip(body.constvars, body.consts, strict=True))
    moved = _moved(body.eqns, body.outvars, consts, own, known, may)
    if moved is None:
        return [], body, []
    invars = [*body.invars[:n], *(g.inside for g in moved.handed), *body.invars[n:]]
    outs = [a if type(a) is Literal else moved.names.get(a, a) for a in body.outvars]
    eqns = renamed(moved.stays, moved.names)
    new = drop_dead_code(Jaxpr(body.constvars, invars, eqns, outs, body.consts))
    new.as_written = body.as_written
    return moved.before, new, [g.operand for g in moved.handed]


def _are_cheap(eqns: Sequence[Eqn]) -> bool:
    """True for equations of which it is known that they take little time."""
    known = all(
        isinstance(e.primitive, Elementwise) or _is_look(e) or work_of([e]).flops > 0 for e in eqns
    )
    work = work_of(eqns)
    return known and work.flops + 10 * work.transcendentals <= CHEAP


_HOISTED: dict[str, Callable[[Eqn, Optimize, list[tuple[Var, Any]]], list[Eqn]]] = {
    "scan": _before_scan,
    "while": _before_while,
}

__all__ = ["can_move", "hoist_invariants"]
