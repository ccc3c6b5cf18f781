"""Replace calls by the equations of what they call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var

Called: TypeAlias = Callable[[Eqn], "Jaxpr | None"]


def called_jaxpr(eqn: Eqn) -> Jaxpr | None:
    """The jaxpr that an equation merely calls, if it does."""
    return eqn.primitive.called(eqn.params)


def inline_calls(jaxpr: Jaxpr, called: Called = called_jaxpr) -> Jaxpr:
    """Inline every call, calls within calls included; ``called`` says what an equation calls."""
    if not any(map(called, jaxpr.eqns)):
        return jaxpr
    constvars, consts = list(jaxpr.constvars), list(jaxpr.consts)
    eqns: list[Eqn] = []
    env: dict[Atom, Any] = {}
    _inline_into(jaxpr.eqns, env, eqns, constvars, consts, called)
    outvars = [a if type(a) is Literal else env.get(a, a) for a in jaxpr.outvars]
    return Jaxpr(constvars, jaxpr.invars, eqns, outvars, consts)


def _inline_into(
    source: Iterable[Eqn],
    env: dict[Atom, Any],
    eqns: list[Eqn],
    constvars: list[Var],
    consts: list[Any],
    called: Called,
) -> None:
    """Append equations with variables renamed by env; fresh variables in inlined bodies."""
    for e in source:
        inputs = [a if type(a) is Literal else env.get(a, a) for a in e.inputs]
        inner = called(e)
        if inner is None:
            outvars = [env.get(v, v) for v in e.outvars]
            eqns.append(Eqn(e.primitive, inputs, e.params, outvars, e.source))
            continue
        inside: dict[Atom, Any] = dict(zip(inner.invars, inputs, strict=True))
        for v, c in zip(inner.constvars, inner.consts, strict=True):
            new = Var(v.aval)
            inside[v] = new
            constvars.append(new)
            consts.append(c)
        for inner_eqn in inner.eqns:
            for v in inner_eqn.outvars:
                inside[v] = Var(v.aval)
        _inline_into(inner.eqns, inside, eqns, constvars, consts, called)
        for v, a in zip(e.outvars, inner.outvars, strict=True):
            env[v] = a if type(a) is Literal else inside.get(a, a)
