"""Scans without what nothing reads, and without what is the same in every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var, has_effect
from ...transforms.loop_layout import Layout
from .prune import drop_dead_code

GROWTH = 4
"""A result that is so many times as large as what it is made of is made in every step."""

Optimize = Callable[[Jaxpr], Jaxpr]


def simplify_scans(jaxpr: Jaxpr, optimized: Optimize) -> Jaxpr:
    """Drop unread results of scans and what only they need, and compute constants before them.

    Args:
        jaxpr: without unread equations.
        optimized: gives the optimised form of a jaxpr inside.
    """
    if not any(e.primitive.name == "scan" for e in jaxpr.eqns):
        return jaxpr
    read = {a for a in jaxpr.outvars if type(a) is not Literal}
    kept: list[Eqn] = []
    constvars, consts = list(jaxpr.constvars), list(jaxpr.consts)
    for e in reversed(jaxpr.eqns):
        new = [e]
        if e.primitive.name == "scan":
            e = _trimmed(e, optimized(e.params["jaxpr"]), read)
            new = _hoisted(e, optimized(e.params["jaxpr"]), constvars, consts)
        for each in reversed(new):
            read.update(a for a in each.inputs if type(a) is not Literal)
            kept.append(each)
    return Jaxpr(constvars, jaxpr.invars, kept[::-1], jaxpr.outvars, consts)


def _scan(e: Eqn, inputs: Sequence[Any], body: Jaxpr, layout: Layout, outs: Sequence[Var]) -> Eqn:
    params = {**e.params, "jaxpr": body, "layout": layout}
    return Eqn(e.primitive, list(inputs), params, list(outs), e.source)


# --- what nothing reads --------------------------------------------------------------------------


def _trimmed(e: Eqn, body: Jaxpr, read: set[Any]) -> Eqn:
    """A scan without stacked results, parts of the carry, and operands that nothing needs."""
    layout: Layout = e.params["layout"]
    made = layout.results.split(e.outvars)
    rows = [v in read for v in made.xs]
    parts = [v in read for v in made.carry]
    while True:
        left = _with_results(body, layout, parts, rows)
        live = _live(left)
        olds = layout.split(body.invars).carry
        wanted = [part or old in live for part, old in zip(parts, olds, strict=True)]
        if wanted == parts:
            break
        parts = wanted
    given, inside = layout.split(e.inputs), layout.split(body.invars)
    consts = [v in live for v in inside.consts]
    xs = [v in live for v in inside.xs]
    if not isinstance(e.params["length"], int) and not any(xs):
        xs[:1] = [True]  # the number of steps is that of its rows
    flags = [*consts, *parts, *xs]
    if all((*flags, *rows)):
        return e
    chosen = [a for a, flag in zip(given.flat, flags, strict=True) if flag]
    invars = [v for v, flag in zip(inside.flat, flags, strict=True) if flag]
    new = Jaxpr(left.constvars, invars, left.eqns, left.outvars, left.consts, body.as_written)
    outs = [v for v, flag in zip(e.outvars, (*parts, *rows), strict=True) if flag]
    return _scan(e, chosen, new, Layout(sum(consts), sum(parts)), outs)


def _with_results(
    body: Jaxpr, layout: Layout, parts: Sequence[bool], rows: Sequence[bool]
) -> Jaxpr:
    outs = [a for a, flag in zip(body.outvars, (*parts, *rows), strict=True) if flag]
    return drop_dead_code(Jaxpr(body.constvars, body.invars, body.eqns, outs, body.consts))


def _live(jaxpr: Jaxpr) -> set[Any]:
    live = {a for a in jaxpr.outvars if type(a) is not Literal}
    live.update(a for e in jaxpr.eqns for a in e.inputs if type(a) is not Literal)
    return live


# --- what is the same in every step --------------------------------------------------------------


def _hoisted(e: Eqn, body: Jaxpr, constvars: list[Var], values: list[Any]) -> list[Eqn]:
    """Equations that come before a scan, and the scan without them."""
    length = e.params["length"]
    if not isinstance(length, int) or length < 2:
        return [e]
    layout: Layout = e.params["layout"]
    fixed = {*body.constvars, *body.invars[: layout.consts]}
    movable = []
    for inner in body.eqns:
        inputs = [a for a in inner.inputs if type(a) is not Literal]
        if fixed.issuperset(inputs) and _can_move(inner):
            movable.append(inner)
            fixed.update(inner.outvars)
    moved = _worth_moving(movable)
    if not moved:
        return [e]
    stays = [inner for inner in body.eqns if inner not in moved]
    made = [v for inner in moved for v in inner.outvars]
    needed = {a for inner in stays for a in inner.inputs if type(a) is not Literal}
    needed.update(a for a in body.outvars if type(a) is not Literal)
    handed = [v for v in made if v in needed]
    outside: dict[Any, Any] = dict(zip(body.invars, e.inputs, strict=True))
    for v, value in zip(body.constvars, body.consts, strict=True):
        new = Var(v.aval)
        outside[v] = new
        constvars.append(new)
        values.append(value)
    outside.update({v: Var(v.aval) for v in made})
    before = [
        Eqn(
            inner.primitive,
            [a if type(a) is Literal else outside[a] for a in inner.inputs],
            inner.params,
            [outside[v] for v in inner.outvars],
            inner.source,
        )
        for inner in moved
    ]
    inside = [Var(v.aval) for v in handed]
    renamed = dict(zip(handed, inside, strict=True))
    rest = [
        Eqn(
            inner.primitive,
            [renamed.get(a, a) if type(a) is not Literal else a for a in inner.inputs],
            inner.params,
            inner.outvars,
            inner.source,
        )
        for inner in stays
    ]
    outs: list[Any] = [renamed.get(a, a) if isinstance(a, Var) else a for a in body.outvars]
    invars = [*body.invars[: layout.consts], *inside, *body.invars[layout.consts :]]
    new_body = drop_dead_code(
        Jaxpr(body.constvars, invars, rest, outs, body.consts, body.as_written)
    )
    inputs = [*e.inputs[: layout.consts], *(outside[v] for v in handed)]
    inputs += e.inputs[layout.consts :]
    wider = Layout(layout.consts + len(handed), layout.carry)
    return [*before, _scan(e, inputs, new_body, wider, e.outvars)]


def _can_move(e: Eqn) -> bool:
    prim = e.primitive
    held = prim.effect or prim.opaque or prim.bodily or has_effect(e) or prim.called(e.params)
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
            needed.update(a for a in e.inputs if type(a) is not Literal)
    return kept[::-1]


__all__ = ["simplify_scans"]
