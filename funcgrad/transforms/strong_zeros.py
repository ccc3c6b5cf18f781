"""Strong zeros in a linear program that runs forward: what the flags of JVPTrace are to values."""

from __future__ import annotations

from typing import Any

from ..core.jaxpr import Eqn, Jaxpr, jaxprs_among, map_jaxprs
from ..ops.families import Control
from ..ops.pointwise.arithmetic import mul, mul_strong
from .algebra import fills_inside

Flags = tuple[bool | None, ...]
"""Of each variable whether its zeros are strong; None for what is no tangent."""


def strengthen(jaxpr: Jaxpr, flags: Flags) -> tuple[Jaxpr, Flags]:
    """Make products of tangents that have passed a select strong.

    Args:
        jaxpr: linear in its invars whose flag is not None, as ``linearize`` makes it.
        flags: of its invars.

    Returns:
        The program, and the flags of its outputs.
    """
    known: dict[Any, bool | None] = dict(zip(jaxpr.invars, flags, strict=True))
    if not any(flags) and not fills_inside(jaxpr):
        for e in jaxpr.eqns:
            if any(known.get(a) is not None for a in e.inputs):
                known.update((v, False) for v in e.outvars)
        return jaxpr, tuple(known.get(v) for v in jaxpr.outvars)
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        which = tuple(known.get(a) for a in e.inputs)
        if any(flag is not None for flag in which):
            e, outs = _strengthened(e, which)
            known.update(zip(e.outvars, outs, strict=True))
        eqns.append(e)
    result = Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)
    return result, tuple(known.get(v) for v in jaxpr.outvars)


def _strengthened(e: Eqn, which: Flags) -> tuple[Eqn, Flags]:
    """One equation that has tangents among its operands, and the flags of its results."""
    prim, params = e.primitive, e.params
    if jaxprs_among(params):
        return _with_bodies(e, which)
    outs = (any(which) or prim.fills_tangent([a.aval for a in e.inputs]),) * len(e.outvars)
    if not any(which):
        return e, outs
    if prim is mul:
        inputs = e.inputs if which[0] else e.inputs[::-1]
        return Eqn(mul_strong, inputs, {}, e.outvars, e.source), outs
    params = prim.with_strong(params, which.index(True))
    return Eqn(prim, e.inputs, params, e.outvars, e.source), outs


def _with_bodies(e: Eqn, which: Flags) -> tuple[Eqn, Flags]:
    """A call, branches or a scan: the last of its operands are those of the jaxprs it holds."""
    assert isinstance(e.primitive, Control)
    carried = e.primitive.handed_on(e.params)
    found: list[Flags] = []

    def body(jaxpr: Jaxpr) -> Jaxpr:
        flags = list(which[len(which) - len(jaxpr.invars) :])
        while True:
            made, outs = strengthen(jaxpr, tuple(flags))
            before = flags[carried]
            after = [True if b is False and o else b for b, o in zip(before, outs, strict=False)]
            if after == before:
                found.append(outs)
                return made
            flags[carried] = after

    params = map_jaxprs(body, e.params)
    outs = tuple(
        None if all(flag is None for flag in column) else any(column)
        for column in zip(*found, strict=True)
    )
    return Eqn(e.primitive, e.inputs, params, e.outvars, e.source), outs
