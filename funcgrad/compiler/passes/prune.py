"""Drop equations whose results nothing reads, and constants that are no longer used."""

from __future__ import annotations

from ...core.jaxpr import Eqn, Jaxpr, Literal, has_effect


def drop_dead_code(jaxpr: Jaxpr) -> Jaxpr:
    """Keep what the outputs depend on, and what has an effect."""
    live = {a for a in jaxpr.outvars if type(a) is not Literal}
    kept: list[Eqn] = []
    for e in reversed(jaxpr.eqns):
        if any(v in live for v in e.outvars) or has_effect(e):
            kept.append(e)
            live.update(a for a in e.inputs if type(a) is not Literal)
    kept.reverse()
    consts = [(v, c) for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True) if v in live]
    return Jaxpr([v for v, _ in consts], jaxpr.invars, kept, jaxpr.outvars, [c for _, c in consts])
