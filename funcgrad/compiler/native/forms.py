"""Operators on whole arrays written as their formulas."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr
from ...transforms.staging import Formulas, stage
from ..passes.inline import inline_calls
from . import kernels, registers
from .kinds import HALF, kind_of

MOST_FORMULAS = 4096
"""So many are kept."""

_formulas: dict[Hashable, Jaxpr | None] = {}


def with_formulas(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with formulas in the place of operators that have no kernel."""
    return inline_calls(jaxpr, _formula)


def _formula(e: Eqn) -> Jaxpr | None:
    """What is written in the place of an equation; None to leave it."""
    write = e.primitive.formula
    if write is None or registers.takes(e) or kernels.takes(e):
        return None
    avals = tuple(a.aval for a in e.inputs)
    if any(a.symbolic or a.weak or kind_of(a.dtype) in (None, HALF) for a in avals):
        return None
    key = (e.primitive, tuple((a.shape, a.dtype) for a in avals), tuple(e.params.items()))
    if key not in _formulas:
        while len(_formulas) >= MOST_FORMULAS:
            del _formulas[next(iter(_formulas))]
        _formulas[key] = _written(e, write)
    return _formulas[key]


class _NoFormulaError(Exception):
    pass


def _written(e: Eqn, write: Any) -> Jaxpr | None:
    def run(*operands: Any) -> Any:
        out = write(np, *operands, **e.params)
        if out is NotImplemented:
            raise _NoFormulaError
        outs = out if e.primitive.multiple else (out,)
        return [
            o if o.dtype == v.aval.dtype else o.astype(v.aval.dtype)
            for o, v in zip(outs, e.outvars, strict=True)
        ]

    owner = f"the formula of {e.primitive.name}"
    try:
        return stage(run, [a.aval for a in e.inputs], owner, Formulas(None))
    except _NoFormulaError:
        return None
