"""Recording: running a function on its values and keeping every operation with its operands.

Nothing is abstract: Python control flow sees the values. Derivatives that the function computes
are recorded like everything else, with the user's line of the forward operation; calls of jitted
functions are opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..context import current, enter, leave
from ..core.avals import Aval
from ..core.jaxpr import eval_jaxpr
from ..core.source import current_source
from ..core.tracing import Trace, Tracer, aval_of


@dataclass(eq=False)
class Operation:
    """One operation that was carried out: ``outputs = primitive(*operands, **params)``.

    ``origins[i]`` says where operand i comes from: (operation, place among its outputs), or None
    for an argument of the function or a constant.
    """

    primitive: Any
    operands: tuple[Any, ...]
    params: dict[str, Any]
    outputs: tuple[Any, ...]
    origins: tuple[Any, ...]
    source: Any


class RecordTracer(Tracer):
    """A value, and which operation it is a result of."""

    __slots__ = ("origin", "primal")
    holds: ClassVar[str | None] = "primal"

    def __init__(self, trace: Trace, primal: Any, origin: Any) -> None:
        self._trace: Trace = trace
        self.primal: Any = primal
        self.origin: Any = origin

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return aval_of(self.primal)

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return self.primal.concrete(use) if isinstance(self.primal, Tracer) else self.primal


class RecordTrace(Trace):
    """Carries out every operation and records it."""

    __slots__ = ("operations",)

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.operations: list[Operation] = []

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        inner = prim.called(params)
        if inner is not None and not prim.user_rule:
            return tuple(eval_jaxpr(inner, inner.consts, args))
        mine = [type(a) is RecordTracer and a._trace is self for a in args]
        values = tuple(a.primal if m else a for a, m in zip(args, mine, strict=True))
        out = prim(*values, **params)
        outs = tuple(out) if prim.multiple else (out,)
        origins = tuple(a.origin if m else None for a, m in zip(args, mine, strict=True))
        done = Operation(prim, values, params, outs, origins, current_source(3))
        self.operations.append(done)
        traced = tuple(RecordTracer(self, o, (done, i)) for i, o in enumerate(outs))
        return traced if prim.multiple else traced[0]


def record(
    fun: Callable[..., Sequence[Any]], args: Sequence[Any], owner: str
) -> tuple[list[Operation], list[Any], list[Any]]:
    """Run a function of flat arguments and keep what it does.

    Args:
        fun: flat arguments to flat results.
        args: its arguments: arrays and numbers.
        owner: of the function, for messages.

    Returns:
        The operations in order, the results, and where each result comes from: as in
        ``Operation.origins``.
    """
    trace = RecordTrace(owner)
    return (trace.operations, *run_recorded(trace, fun, args))


def run_recorded(
    trace: RecordTrace, fun: Callable[..., Sequence[Any]], args: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """The results of a function whose operations a trace records, and where they come from."""
    token = enter(current().having(recorder=trace))
    try:
        with np.errstate(all="ignore"):
            outs = fun(*[RecordTracer(trace, x, None) for x in args])
    finally:
        leave(token)
        trace.alive = False
    mine = [type(o) is RecordTracer and o._trace is trace for o in outs]
    values = [o.primal if m else o for o, m in zip(outs, mine, strict=True)]
    return values, [o.origin if m else None for o, m in zip(outs, mine, strict=True)]
