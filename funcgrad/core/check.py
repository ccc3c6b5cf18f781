"""The type checker of jaxprs."""

from __future__ import annotations

from typing import Any

from ..errors import JaxprError
from . import small_floats
from .avals import Aval, SymbolicDim
from .jaxpr import Eqn, Jaxpr, Literal, Var, subjaxprs
from .tracebacks import user_facing
from .tracing import aval_of


@user_facing
def check_jaxpr(jaxpr: Jaxpr) -> None:
    """Check that a jaxpr is well formed.

    Every variable is assigned once and before it is read, every operand is a variable or a
    literal, and the abstract values of results are those that the operators' shape rules give.
    Jaxprs inside parameters are checked too.

    Args:
        jaxpr: the jaxpr.

    Raises:
        JaxprError: names the equation and what is wrong with it.

    >>> import numpy as np
    >>> from funcgrad import make_jaxpr
    >>> check_jaxpr(make_jaxpr(np.sin)(1.0))
    """
    defined: set[Var] = set()
    if len(jaxpr.constvars) != len(jaxpr.consts):
        raise JaxprError(
            f"{len(jaxpr.constvars)} constvars, but {len(jaxpr.consts)} constants: {jaxpr}"
        )
    for v in (*jaxpr.constvars, *jaxpr.invars):
        _define(v, defined, "the inputs")
    for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True):
        if not same(aval_of(c), v.aval):
            raise JaxprError(f"a constant of {aval_of(c)} stands for a variable of {v.aval}")
    for e in jaxpr.eqns:
        for a in e.inputs:
            _check_atom(a, defined, e)
        for inner in subjaxprs(e):
            check_jaxpr(inner)
        _check_rule(e)
        for v in e.outvars:
            _define(v, defined, repr(e))
    for a in jaxpr.outvars:
        _check_atom(a, defined, None)


def _define(v: Any, defined: set[Var], where: str) -> None:
    if not isinstance(v, Var):
        raise JaxprError(f"{where}: {v!r} is assigned to, but is no variable")
    if v in defined:
        raise JaxprError(f"{where}: a variable of {v.aval} is assigned twice")
    defined.add(v)


def _check_atom(a: Any, defined: set[Var], e: Eqn | None) -> None:
    where = "the outputs" if e is None else repr(e)
    if isinstance(a, Literal):
        if a.aval.shape != () or not same(aval_of(a.value), a.aval):
            raise JaxprError(f"{where}: the literal {a.value!r} is not of {a.aval}")
    elif not isinstance(a, Var):
        raise JaxprError(f"{where}: operand {a!r} is neither variable nor literal")
    elif a not in defined:
        raise JaxprError(f"{where}: a variable of {a.aval} is read before it is assigned")


def _check_rule(e: Eqn) -> None:
    out = small_floats.abstract(e.primitive, [a.aval for a in e.inputs], e.params)
    outs = out if e.primitive.multiple else (out,)
    if len(outs) != len(e.outvars):
        raise JaxprError(f"{e!r}: {len(e.outvars)} results, but the operator has {len(outs)}")
    for v, aval in zip(e.outvars, outs, strict=True):
        if not same(v.aval, aval):
            raise JaxprError(f"{e!r}: a result is of {v.aval}, but the shape rule says {aval}")


def same(a: Aval, b: Aval) -> bool:
    """Equal, with any two unknown trip counts taken as equal."""
    if len(a.shape) != len(b.shape) or a.dtype != b.dtype or a.weak != b.weak:
        return False
    return all(
        (type(p) is SymbolicDim and type(q) is SymbolicDim) or p == q
        for p, q in zip(a.shape, b.shape, strict=True)
    )
