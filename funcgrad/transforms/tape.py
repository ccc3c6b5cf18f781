"""What linearize records: tangent variables and entries, and the jaxpr that they become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..context import Place, current, enter, leave
from ..core import small_floats
from ..core.avals import Aval
from ..core.dtypes import MODULES
from ..core.jaxpr import Eqn, Jaxpr, Var
from ..core.source import Transposed, as_source, current_source
from ..core.tracing import Trace, aval_of
from ..ops.families import (
    FUNCTION,
    NEGATIVE,
    SCALING,
    Bilinear,
)
from ..ops.pointwise.arithmetic import add, neg
from ..ops.shape import broadcast_to, cast
from .algebra import ALGEBRA
from .staging import Formulas, StagingTrace, StagingTracer, hoist_constants


class LinearVar(Var):
    """A tangent variable on the tape; only shape and dtype are kept."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[Any, ...], dtype: np.dtype) -> None:
        self.shape: tuple[Any, ...] = shape  # type: ignore[misc]
        self.dtype: np.dtype = dtype  # type: ignore[misc]

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return Aval(self.shape, self.dtype)

    def __reduce__(self) -> Any:
        return (Var, (self.aval,))


_NOTHING: dict[Any, Any] = {}
"""What a tape has of what only staged functions need."""


class Tape(StagingTrace):
    """The record that linearize keeps, with operations of the rules of other operators."""

    __slots__ = ()

    def __init__(self, owner: str) -> None:
        Trace.__init__(self, owner)
        self.eqns: list[Any] = []
        self.copies: dict[int, tuple[Any, Any]] = _NOTHING
        self.staged: dict[Any, Any] = _NOTHING
        self.is_tape: bool = True
        self.formulas: Formulas | None = None

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Record an operation that is linear in its tangents in the short form, if it has one."""
        if not (prim.recorded and self.alive):
            return super().process(prim, args, params)
        variables: list[Any] = []
        values: list[Any] = []
        for i, a in enumerate(args):
            if type(a) is StagingTracer and a._trace is self:
                if prim.linear_in is not None and i not in prim.linear_in:
                    return super().process(prim, args, params)
                variables.append(a._var)
                values.append(None)
            else:
                variables.append(None)
                values.append(self.constant(a))
        if "ml_dtypes" in MODULES:
            aval = small_floats.abstract(prim, [aval_of(a) for a in args], params)
        else:
            aval = prim.abstract(*map(aval_of, args), **params)
        out = LinearVar(aval.shape, aval.dtype)
        source = current_source(3)
        if prim.jointly:
            entry = (prim, variables, values, out, params, None, None, source, None)
        else:
            entry = (prim, *_two(variables), out, params, *_two(values), source, None)
        self.eqns.append(entry)
        return StagingTracer(self, out)


def _two(operands: list[Any]) -> tuple[Any, Any]:
    return (operands[0], operands[1] if len(operands) == 2 else None)


def factor_partial(prim: Any, i: int, r: Any, a: Any, b: Any) -> Any:
    """The partial derivative that a Factor stands for, from its saved values."""
    partials = prim.partials
    return partials[i](r, a) if len(partials) == 1 else partials[i](r, a, b)


def entry_inputs(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tangent variables that an entry of a tape reads, and None."""
    return entry[1] if entry[0].jointly else (entry[1], entry[2])


def tape_jaxpr(invars: Sequence[Var], eqns: Sequence[Any], outs: Sequence[Any]) -> Jaxpr:
    """The linear jaxpr of a tape: partials are computed now and become its consts.

    Equations that no output depends on are dropped, so that only needed partials are computed.
    """
    live = {o for o in outs if isinstance(o, Var)}
    kept: list[Any] = []
    for e in reversed(eqns):
        outvars: Sequence[Var] = (e[3],) if e.__class__ is tuple else e.outvars
        if any(v in live for v in outvars):
            kept.append(e)
            inputs = entry_inputs(e) if e.__class__ is tuple else e.inputs
            live.update(v for v in inputs if isinstance(v, Var))
    recorder = StagingTrace("linearize", tape=True)
    expanded: list[Any] = []
    recorder.eqns = expanded
    place = Place()
    token = enter(current().having(place=place))
    try:
        with np.errstate(all="ignore"):
            for e in reversed(kept):
                if e.__class__ is tuple:
                    place.source = Transposed(as_source(e[7], e[8]))
                    _expand_factor(recorder, e)
                else:
                    expanded.append(e)
    finally:
        leave(token)
    return hoist_constants(invars, expanded, outs)


def _expand_factor(tape: StagingTrace, entry: tuple[Any, ...]) -> None:
    """Record the equations of a Factor: out = partial_x * x + partial_y * y."""
    prim, x, y, out, r, a, b, _, _ = entry
    total: Any = None
    if prim.jointly:
        tangents = [None if v is None else StagingTracer(tape, v) for v in x]
        operands = [v if v is not None else c for v, c in zip(x, y, strict=True)]
        total = prim.tangent(ALGEBRA, out, operands, tangents, r, ())
        _finish(tape, total, out, x)
        return
    if prim.recorded:
        first = None if x is None else StagingTracer(tape, x)
        second = None if y is None else StagingTracer(tape, y)
        if not isinstance(prim, Bilinear):
            total = prim(first, **r)
        else:
            parts = [] if first is None else [prim(first, b, **r)]
            parts += [] if second is None else [prim(a, second, **r)]
            total = parts[0] if len(parts) == 1 else add(*parts)
        _finish(tape, total, out, (x, y))
        return
    for i, v in ((0, x), (1, y)):
        if v is None:
            continue
        kind = prim.partial_kinds[i]
        t = StagingTracer(tape, v)
        if kind == FUNCTION:
            d = factor_partial(prim, i, r, a, b)
            part = ALGEBRA.times(t, d, strong=False, masks=prim.masks)
        elif kind == SCALING:
            scale = prim.partials[i].scale
            part = scale(t, r, a) if prim.arity == 1 else scale(t, r, a, b)
        else:
            part = neg(t) if kind == NEGATIVE else t
        total = part if total is None else add(total, part)
    total = cast(broadcast_to(total, out.shape), out.dtype)
    _finish(tape, total, out, (x, y))


def _finish(tape: StagingTrace, total: Any, out: Var, inputs: Sequence[Any]) -> None:
    """Make the last equation define ``out``, which may not be another name of an input."""
    if any(total._var is v for v in inputs):
        total = add(total, out.aval.dtype.type(0))
    last = tape.eqns[-1]
    tape.eqns[-1] = Eqn(last.primitive, last.inputs, last.params, [out], last.source)
