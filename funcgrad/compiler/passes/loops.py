"""Scans without what nothing reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...transforms.loop_layout import Layout
from .prune import drop_dead_code

Optimize = Callable[[Jaxpr], Jaxpr]


def trim_scans(jaxpr: Jaxpr, optimized: Optimize) -> Jaxpr:
    """Drop unread results of scans, and what only they need.

    Args:
        jaxpr: without unread equations.
        optimized: gives the optimised form of a jaxpr inside.
    """
    if not any(e.primitive.name == "scan" for e in jaxpr.eqns):
        return jaxpr
    read = {a for a in jaxpr.outvars if type(a) is not Literal}
    kept: list[Eqn] = []
    for e in reversed(jaxpr.eqns):
        if e.primitive.name == "scan":
            e = _trimmed(e, optimized(e.params["jaxpr"]), read)
        read.update(a for a in e.inputs if type(a) is not Literal)
        kept.append(e)
    return Jaxpr(jaxpr.constvars, jaxpr.invars, kept[::-1], jaxpr.outvars, jaxpr.consts)


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


__all__ = ["trim_scans"]
