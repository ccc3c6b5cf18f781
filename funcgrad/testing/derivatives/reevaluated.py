"""Programs evaluated otherwise than written: without stopped gradients, or half precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, subjaxprs
from ...core.tracing import aval_of
from ...ops.structural.stop import stop

Apply = Callable[[Eqn, list[Any]], Any]
"""From an equation and the values of its inputs to its results."""

HALF = 2
"""The bytes of a number in half precision."""


def reevaluated(jaxpr: Jaxpr, args: Sequence[Any], apply: Apply) -> list[Any]:
    """The results of a jaxpr, each of whose equations is evaluated by ``apply``."""
    env: dict[Any, Any] = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    env.update(zip(jaxpr.invars, args, strict=True))

    def value(atom: Any) -> Any:
        return atom.value if type(atom) is Literal else env[atom]

    for eqn in jaxpr.eqns:
        out = apply(eqn, [value(a) for a in eqn.inputs])
        outs = out if eqn.primitive.multiple else [out]
        env.update(zip(eqn.outvars, outs, strict=True))
    return [value(a) for a in jaxpr.outvars]


def without_stops(eqn: Eqn, values: list[Any]) -> Any:
    """The results of an equation, of which the gradients are not stopped."""
    return values[0] if eqn.primitive is stop else eqn.primitive(*values, **eqn.params)


def is_half(dtype: Any) -> bool:
    """True for floating dtypes of two bytes or less."""
    return isinstance(dtype, np.dtype) and dtype.itemsize <= HALF and dtype.kind in "fV"


def halves(jaxpr: Jaxpr) -> set[np.dtype]:
    """The dtypes in half precision that a program computes in, those of its arguments left out."""
    given = {v.aval.dtype for v in jaxpr.invars}
    made = {v.aval.dtype for eqn in jaxpr.eqns for v in eqn.outvars}
    return {d for d in made - given if is_half(d)}


def in_double(eqn: Eqn, values: list[Any]) -> Any:
    """The results of an equation in double precision, where it is written in half precision.

    Raises:
        ValueError: there is half precision in a program inside of it.
    """
    if any(any(is_half(v.aval.dtype) for e in j.eqns for v in e.outvars) for j in subjaxprs(eqn)):
        raise ValueError("half precision inside of a program of an equation")
    params = {k: np.dtype(np.float64) if is_half(p) else p for k, p in eqn.params.items()}
    return eqn.primitive(*map(widened, values), **params)


def widened(x: Any) -> Any:
    """A value in double precision, if it is in half precision."""
    return x.astype(np.float64) if is_half(aval_of(x).dtype) else x
