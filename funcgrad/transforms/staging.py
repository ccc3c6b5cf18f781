"""Staging: running a function on abstract tracers to record it as a jaxpr."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from .. import arrays
from ..context import current, leave
from ..core import small_floats
from ..core.avals import Aval
from ..core.dtypes import MODULES
from ..core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..core.plain_arrays import check_plain
from ..core.source import current_source
from ..core.tracing import (
    Trace,
    Tracer,
    at_source,
    aval_of,
    check_no_leak,
    enter_body,
)
from ..typing import Array

V = TypeVar("V")

SMALL_CONSTANT = 4096
"""Bytes up to which constants that a trace keeps are copied, so that buffers may be refilled."""


class StagingTracer(Tracer):
    """A variable of a jaxpr under construction."""

    __slots__ = ("_var",)

    def __init__(self, trace: Trace, var: Var) -> None:
        self._trace: Trace = trace
        self._var: Var = var

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return self._var.aval

    @property
    def shape(self) -> tuple[int, ...]:
        return self._var.aval.shape

    @property
    def dtype(self) -> np.dtype:
        return self._var.aval.dtype

    @property
    def weak(self) -> bool:
        return self._var.aval.weak


class Formulas:
    """The fate of naive formulas in functions that are differentiated while they are staged.

    ``rewrite`` replaces them before the derivative is taken, and returns what it replaced, which
    ``replaced`` keeps. Without it they stay as they are written.
    """

    __slots__ = ("replaced", "rewrite")

    def __init__(self, rewrite: Callable[[Jaxpr], tuple[Jaxpr, Sequence[Any]]] | None) -> None:
        self.rewrite: Callable[[Jaxpr], tuple[Jaxpr, Sequence[Any]]] | None = rewrite
        self.replaced: list[Any] = []


def current_formulas() -> Formulas | None:
    """The formulas of the function that is being staged, if there is one."""
    body = current().body
    return None if body is None else body.formulas


def as_written() -> bool:
    """True if a function is being staged in which formulas are not to be replaced."""
    formulas = current_formulas()
    return formulas is not None and formulas.rewrite is None


class StagingTrace(Trace):
    """Records every operation as an equation. Also the tape of linearize."""

    __slots__ = ("copies", "eqns", "formulas", "is_tape", "staged")

    def __init__(
        self,
        owner: str = "a transformation",
        *,
        tape: bool = False,
        formulas: Formulas | None = None,
    ) -> None:
        super().__init__(owner)
        self.eqns: list[Any] = []
        self.copies: dict[int, tuple[Any, Any]] = {}
        self.is_tape: bool = tape
        outer = None if tape or self.outside is None else self.outside.body
        self.staged: dict[Any, Any] = {} if outer is None else outer.staged
        self.formulas: Formulas | None = formulas or (None if outer is None else outer.formulas)

    def new(self, aval: Aval) -> StagingTracer:
        """A tracer of a new variable."""
        return StagingTracer(self, Var(aval))

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        if not self.is_tape and prim.fails:
            params = {**params, "failing": "nan"}
        avals: list[Aval] = []
        inputs: list[Any] = []
        for a in args:
            if type(a) is StagingTracer and a._trace is self:
                var = a._var
                avals.append(var.aval)
                inputs.append(var)
            else:
                avals.append(aval_of(a))
                inputs.append(self.constant(a))
        if "ml_dtypes" in MODULES:
            out = small_floats.abstract(prim, avals, params)
        else:
            out = prim.abstract(*avals, **params)
        if not prim.multiple:
            var = Var(out)
            self.eqns.append(Eqn(prim, inputs, params, [var], current_source(3)))
            return StagingTracer(self, var)
        outvars = [Var(a) for a in out]
        self.eqns.append(Eqn(prim, inputs, params, outvars, current_source(3)))
        return tuple([StagingTracer(self, v) for v in outvars])

    def constant(self, x: Any) -> Any:
        """A value from outside as an input: small arrays are copied, since users refill them."""
        if x.__class__ is not np.ndarray:
            if x.__class__ is small_floats.SmallTracer and not self.is_tape:
                return self.constant(x.primal)
            if arrays.is_gpu_array(x):
                return kept_constant(x) if self.is_tape else self.copied(x)
            if not isinstance(x, np.ndarray):
                return x
            check_plain(x, f"a constant of {self.owner}{at_source()}")
        return self.constant_array(x)  # pyright: ignore[reportUnknownArgumentType]

    def constant_array(self, x: Array) -> Array:
        """The same of an array."""
        if not x.flags.writeable:
            if x.base is None:
                return x
            if x.size and not any(x.strides):
                return np.broadcast_to(x.flat[0], x.shape)
        if x.nbytes <= SMALL_CONSTANT:
            return x.copy()
        return x if self.is_tape else self.copied(x)

    def copied(self, x: Array) -> Array:
        """A copy of a constant; the same as before if it has not changed."""
        known = self.copies.get(id(x))
        if known is not None and np.array_equal(known[1], x):
            return known[1]
        copy = arrays.copied(x)
        self.copies[id(x)] = (x, copy)
        return copy

    def atom(self, x: Any) -> Any:
        """The variable that a tracer of this trace stands for; anything else as it is."""
        return x._var if type(x) is StagingTracer and x._trace is self else small_floats.plain(x)

    def finish(self, invars: Sequence[Var], outs: Sequence[Any]) -> Jaxpr:
        """The recorded jaxpr; values from outside (arrays, outer tracers) become its consts."""
        jaxpr = hoist_constants(invars, self.eqns, [self.atom(o) for o in outs])
        for c in jaxpr.consts:
            check_no_leak(c, self)
        return jaxpr


def kept_constant(x: Any) -> Any:
    """A constant on a GPU as a tape keeps it: a copy if it is small, since users refill them."""
    small = arrays.is_gpu_array(x) and x.nbytes <= SMALL_CONSTANT
    return arrays.copied(x) if small else x


def literal(x: Any) -> Literal | None:
    """A scalar as a Literal; None for anything else."""
    if isinstance(x, Tracer) or arrays.is_gpu_array(x):
        return None
    if isinstance(x, bool | int | float | complex | np.generic):
        return Literal(x, aval_of(x))
    return None


def hoist_constants(invars: Sequence[Var], eqns: Sequence[Eqn], outs: Sequence[Any]) -> Jaxpr:
    """Build a jaxpr from equations whose inputs are variables or plain values."""
    constvars: dict[int, Var] = {}
    consts: list[Any] = []

    def as_atom(a: Any) -> Any:
        if isinstance(a, Var | Literal):
            return a
        found = literal(a)
        if found is not None:
            return found
        var = constvars.get(id(a))
        if var is None:
            if not isinstance(a, Tracer) and not arrays.is_array(a):
                a = np.asarray(a)
            var = constvars[id(a)] = Var(aval_of(a))
            consts.append(a)
        return var

    fixed = [
        e
        if all([isinstance(a, Var) for a in e.inputs])
        else Eqn(e.primitive, [as_atom(a) for a in e.inputs], e.params, e.outvars, e.source)
        for e in eqns
    ]
    outvars = [as_atom(o) for o in outs]
    return Jaxpr(list(constvars.values()), invars, fixed, outvars, consts)


def stage(
    fun: Callable[..., Sequence[Any]],
    avals: Sequence[Aval],
    owner: str,
    formulas: Formulas | None = None,
) -> Jaxpr:
    """Record ``fun`` (flat arguments to flat results) at abstract arguments.

    Tracers of outer traces that it captures are among the consts of the jaxpr. Without
    ``formulas``, those of the function that is being staged around this one hold.
    """
    return stage_aux(lambda *xs: (fun(*xs), None), avals, owner, formulas)[0]


def stage_aux(
    fun: Callable[..., tuple[Sequence[Any], V]],
    avals: Sequence[Aval],
    owner: str,
    formulas: Formulas | None = None,
) -> tuple[Jaxpr, V]:
    """The same of a function that returns a pair: results, and what else there is to say."""
    trace = StagingTrace(owner, formulas=formulas)
    token = enter_body(trace)
    try:
        tracers = [trace.new(a) for a in avals]
        outs, aux = fun(*tracers)
        return trace.finish([t._var for t in tracers], outs), aux
    finally:
        leave(token)
        trace.alive = False
        trace.eqns, trace.copies = [], {}  # rules among them may hold tracers of this trace
        if trace.outside is None or trace.outside.body is None:
            trace.staged.clear()  # tracers of this trace are in there


def lift_tracers(jaxpr: Jaxpr) -> tuple[Jaxpr, list[Any]]:
    """Turn the consts that are tracers into leading arguments."""
    return _lift(jaxpr, lambda c: isinstance(c, Tracer))


def lift_constants(jaxpr: Jaxpr) -> tuple[Jaxpr, list[Any]]:
    """Turn all consts into leading arguments, so that the program does not hold on to arrays and
    serves for others of their shapes.
    """
    return _lift(jaxpr, lambda c: True)


def _lift(jaxpr: Jaxpr, wanted: Callable[[Any], bool]) -> tuple[Jaxpr, list[Any]]:
    pairs = list(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    captured = [(v, c) for v, c in pairs if wanted(c)]
    if not captured:
        return jaxpr, []
    kept = [(v, c) for v, c in pairs if not wanted(c)]
    closed = Jaxpr(
        [v for v, _ in kept],
        [v for v, _ in captured] + jaxpr.invars,
        jaxpr.eqns,
        jaxpr.outvars,
        [c for _, c in kept],
    )
    return closed, [c for _, c in captured]


def join_captured(
    lifted: Sequence[tuple[Jaxpr, Sequence[Any]]],
) -> tuple[list[Jaxpr], list[Any]]:
    """Let several jaxprs take what any of them captured.

    Args:
        lifted: jaxprs, each with the values that its first inputs are for.

    Returns:
        Jaxprs that all take the same values first, and these.
    """
    captured = [c for _, cs in lifted for c in cs]
    joined: list[Jaxpr] = []
    start = 0
    for jaxpr, cs in lifted:
        stop = start + len(cs)
        own, rest = jaxpr.invars[: len(cs)], jaxpr.invars[len(cs) :]
        before = [Var(aval_of(c)) for c in captured[:start]]
        after = [Var(aval_of(c)) for c in captured[stop:]]
        joined.append(with_vars(jaxpr, [*before, *own, *after, *rest]))
        start = stop
    return joined, captured


def with_vars(jaxpr: Jaxpr, invars: Sequence[Var], outvars: Sequence[Any] | None = None) -> Jaxpr:
    """The same equations with other inputs (and outputs)."""
    return Jaxpr(
        jaxpr.constvars,
        invars,
        jaxpr.eqns,
        jaxpr.outvars if outvars is None else outvars,
        jaxpr.consts,
    )


def consts_to_inputs(jaxpr: Jaxpr) -> Jaxpr:
    """Make every constvar a leading argument."""
    return Jaxpr([], jaxpr.constvars + jaxpr.invars, jaxpr.eqns, jaxpr.outvars)
