"""Operators on whole arrays of float16, computed in float32 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.facts import Moves
from ...core.jaxpr import Eqn, Jaxpr, Literal, subjaxprs
from ...equality import exact_key
from ...ops.families import Elementwise
from ...ops.shape import convert
from ...transforms.staging import Formulas, stage
from ..passes.inline import inline_calls

MOST_FORMS = 4096
"""So many forms of equations are kept."""

HALF: np.dtype = np.dtype(np.float16)
WIDE: np.dtype = np.dtype(np.float32)

_forms: dict[Hashable, Jaxpr | None] = {}


def with_wide(jaxpr: Jaxpr, fits: Callable[[Jaxpr], bool]) -> Jaxpr:
    """A jaxpr that computes with float32 where operators are on whole arrays of float16.

    ``fits`` tells whether native code computes all of a jaxpr.
    """
    return inline_calls(jaxpr, lambda e: _form(e, fits))


def _form(e: Eqn, fits: Callable[[Jaxpr], bool]) -> Jaxpr | None:
    prim = e.primitive
    if not any(a.aval.dtype == HALF for a in e.inputs):
        return None
    if isinstance(prim, Elementwise) or prim is convert or isinstance(prim.elements, Moves):
        return None
    if prim.effect or subjaxprs(e) or any(a.aval.symbolic or a.aval.weak for a in e.inputs):
        return None
    if any(type(a) is Literal for a in e.inputs):
        return None
    avals = tuple(a.aval for a in e.inputs)
    key = (
        prim,
        tuple((a.shape, a.dtype) for a in avals),
        tuple((k, exact_key(v)) for k, v in e.params.items()),
    )
    if key not in _forms:
        while len(_forms) >= MOST_FORMS:
            del _forms[next(iter(_forms))]
        found = _staged(e, avals)
        _forms[key] = found if fits(found) else None
    return _forms[key]


def _staged(e: Eqn, avals: tuple[Aval, ...]) -> Jaxpr:
    def run(*operands: Any) -> list[Any]:
        given = [x.astype(WIDE) if x.dtype == HALF else x for x in operands]
        out = e.primitive(*given, **e.params)
        outs = out if e.primitive.multiple else (out,)
        return [
            o if o.dtype == v.aval.dtype else o.astype(v.aval.dtype)
            for o, v in zip(outs, e.outvars, strict=True)
        ]

    return stage(run, avals, f"{e.primitive.name} in float32", Formulas(None))
