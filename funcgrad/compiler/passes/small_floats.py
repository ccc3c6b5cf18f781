"""Programs compute with small floats in float32: every result is rounded once."""

from __future__ import annotations

from typing import Any

from ...core.avals import Aval
from ...core.dtypes import MODULES, SINGLE, first_small, is_small_float
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...core.small_floats import has_small, with_dtype
from ...ops.shape import convert


def widen_small_floats(jaxpr: Jaxpr) -> Jaxpr:
    """Put conversions around equations with small floats, but those that take them as they are."""
    if "ml_dtypes" not in MODULES or not any(map(_is_concerned, jaxpr.eqns)):
        return jaxpr
    eqns: list[Eqn] = []
    wide: dict[Var, Var] = {}
    for e in jaxpr.eqns:
        if _is_concerned(e):
            _widen(e, eqns, wide)
        else:
            eqns.append(e)
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts, jaxpr.as_written)


def _is_concerned(e: Eqn) -> bool:
    return not e.primitive.any_dtype and has_small([a.aval for a in e.inputs], e.params)


def _widen(e: Eqn, eqns: list[Eqn], wide: dict[Var, Var]) -> None:
    """Add an equation of float32 in the place of another, and the conversions that it needs."""
    inputs: list[Any] = []
    for a in e.inputs:
        if not is_small_float(a.aval.dtype):
            inputs.append(a)
        elif isinstance(a, Literal):
            value = a.value.astype(SINGLE)
            inputs.append(Literal(value, Aval((), SINGLE)))
        else:
            if a not in wide:
                wide[a] = Var(Aval(a.aval.shape, SINGLE))
                eqns.append(Eqn(convert, [a], {"dtype": SINGLE}, [wide[a]], e.source))
            inputs.append(wide[a])
    small = first_small([a.aval.dtype for a in e.inputs] + list(e.params.values()))
    assert small is not None
    params = with_dtype(e.params, small, SINGLE)
    out = e.primitive.abstract(*[a.aval for a in inputs], **params)
    avals = out if e.primitive.multiple else (out,)
    outvars = [
        v if v.aval.dtype == a.dtype else Var(Aval(v.aval.shape, a.dtype, a.weak))
        for v, a in zip(e.outvars, avals, strict=True)
    ]
    eqns.append(Eqn(e.primitive, inputs, params, outvars, e.source))
    for v, w in zip(e.outvars, outvars, strict=True):
        if v is not w:
            eqns.append(Eqn(convert, [w], {"dtype": v.aval.dtype}, [v], e.source))
