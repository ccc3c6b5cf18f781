"""Forward mode: primal and tangent side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.avals import Aval
from ..core.tracing import Trace, Tracer, aval_of
from .rules import tangent_out


class JVPTracer(Tracer):
    """A primal value with its tangent."""

    __slots__ = ("primal", "tangent")

    def __init__(self, trace: Trace, primal: Any, tangent: Any) -> None:
        self._trace = trace
        self.primal = primal
        self.tangent = tangent

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return aval_of(self.primal)

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return concrete_value(self.primal, use)


def concrete_value(x: Any, use: str) -> Any:
    """The plain value of an array or tracer."""
    return x.concrete(use) if isinstance(x, Tracer) else x


class JVPTrace(Trace):
    """Computes tangents along with values."""

    __slots__ = ()

    def split(self, args: Any) -> tuple[list[Any], list[Any]]:
        """Primals and tangents of the operands; a tangent that is zero is None."""
        primals, tangents = [], []
        for a in args:
            if type(a) is JVPTracer and a._trace is self:
                primals.append(a.primal)
                tangents.append(a.tangent)
            else:
                primals.append(a)
                tangents.append(None)
        return primals, tangents

    def join(self, out: Any, tangent: Any) -> Any:
        return out if tangent is None else JVPTracer(self, out, tangent)

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        primals, tangents = self.split(args)
        if prim.forward is not None:
            outs, outs_t = prim.forward(self, primals, tangents, **params)
            return tuple(self.join(o, t) for o, t in zip(outs, outs_t, strict=True))
        out = prim(*primals, **params)
        with np.errstate(all="ignore"):
            tangent = tangent_out(prim, out, primals, tangents, params)
        if prim.multiple:
            return tuple(self.join(o, t) for o, t in zip(out, tangent, strict=True))
        return self.join(out, tangent)
