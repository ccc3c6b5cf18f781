"""Drop equations that change nothing, and broadcasts that the next operation does anyway."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal
from ...core.primitive import Primitive
from ...ops.families import Elementwise


def simplify(jaxpr: Jaxpr) -> Jaxpr:
    """Remove identities: reshape and conversion to the same, products with one, and
    broadcasts that feed elementwise operators.
    """
    env: dict[Atom, Any] = {}
    made: dict[Atom, Eqn] = {}
    eqns: list[Eqn] = []
    uniform = _uniform_constants(jaxpr)
    for e in jaxpr.eqns:
        inputs = [a if type(a) is Literal else env.get(a, a) for a in e.inputs]
        prim = e.primitive
        if isinstance(prim, Elementwise) and len(inputs) > 1:
            inputs = _without_broadcasts(inputs, e.outvars[0].aval, made, uniform)
        same = _identity(prim, inputs, e)
        if same is not None:
            env[e.outvars[0]] = same
            continue
        if prim.reshapes and (inner := made.get(inputs[0])) is not None:
            if inner.primitive is prim:
                inputs = list(inner.inputs)
                if inputs[0].aval == e.outvars[0].aval:
                    env[e.outvars[0]] = inputs[0]
                    continue
        new = Eqn(prim, inputs, e.params, e.outvars, e.source)
        eqns.append(new)
        for v in e.outvars:
            made[v] = new
    outvars = [a if type(a) is Literal else env.get(a, a) for a in jaxpr.outvars]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, outvars, jaxpr.consts)


def _identity(prim: Primitive, inputs: list[Atom], e: Eqn) -> Atom | None:
    """The atom that an equation's result equals, if it is one of its inputs."""
    if len(e.outvars) != 1 or not inputs:
        return None
    aval = e.outvars[0].aval
    x = inputs[0]
    if prim.identity:
        return x if x.aval == aval else None
    unit = prim.unit
    if unit is not None and aval.dtype.kind != "b":
        for one, other in ((inputs[0], inputs[1]), (inputs[1], inputs[0])):
            if type(one) is Literal and one.value == unit and other.aval == aval:
                return other
    return None


def _uniform_constants(jaxpr: Jaxpr) -> dict[Atom, Literal]:
    """Constants that repeat one number, as that number."""
    return {
        v: Literal(c.flat[0], Aval((), c.dtype))
        for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True)
        if isinstance(c, np.ndarray) and c.size and c.ndim and not any(c.strides)
    }


def _without_broadcasts(
    inputs: list[Atom], aval: Aval, made: dict[Atom, Eqn], uniform: dict[Atom, Literal]
) -> list[Atom]:
    """Operands before broadcasting, where the others already give the result its shape."""
    result = list(inputs)
    for i, a in enumerate(inputs):
        candidate = uniform.get(a) if type(a) is not Literal else None
        eqn = made.get(a) if type(a) is not Literal else None
        if eqn is not None and eqn.primitive.broadcasts:
            candidate = eqn.inputs[0]
        if candidate is None or candidate.aval.weak:
            continue
        shapes = [candidate.aval.shape if j == i else b.aval.shape for j, b in enumerate(result)]
        if aval.symbolic or any(_symbolic(s) for s in shapes):
            continue
        if np.broadcast_shapes(*shapes) == aval.shape:
            result[i] = candidate
    return result


def _symbolic(shape: tuple[Any, ...]) -> bool:
    return bool(shape) and not isinstance(shape[0], int | np.integer)
