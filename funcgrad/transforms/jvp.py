"""Forward mode: primal and tangent side by side.

As cotangents in a transposition, tangents carry a static flag: it holds zeros that a select or an
operator like it has put there. Its products treat them as strong: 0 * inf = 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..core.avals import Aval
from ..core.dtypes import MODULES
from ..core.jaxpr import jaxprs_among
from ..core.small_floats import lifted
from ..core.tracing import Trace, Tracer, aval_of
from .algebra import ALGEBRA, fills_inside
from .staging import StagingTrace, StagingTracer


class JVPTracer(Tracer):
    """A primal value with its tangent, and whether the tangent's zeros are strong."""

    __slots__ = ("primal", "strong", "tangent")
    holds: ClassVar[str | None] = "primal"

    def __init__(self, trace: Trace, primal: Any, tangent: Any, strong: bool = False) -> None:
        self._trace: Trace = trace
        self.primal: Any = primal
        self.tangent: Any = tangent
        self.strong: bool = strong

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return aval_of(self.primal)

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return concrete_value(self.primal, use)


def concrete_value(x: Any, use: str) -> Any:
    """The plain value of an array or tracer."""
    return x.concrete(use) if isinstance(x, Tracer) else x


class OnTape:
    """A trace as rules that linearize need it: where the linear part goes, and whose it is."""

    __slots__ = ("tape", "trace")

    def __init__(self, tape: StagingTrace, trace: JVPTrace) -> None:
        self.tape: StagingTrace = tape
        self.trace: JVPTrace = trace


class JVPTrace(Trace):
    """Computes tangents along with values.

    ``strong`` says of the operation being processed whether an operand's tangent is strong.
    """

    __slots__ = ("strong",)
    algebra = ALGEBRA

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.strong: bool = False

    def split(self, args: Any) -> tuple[list[Any], list[Any]]:
        """Primals and tangents of the operands; a tangent that is zero is None."""
        primals: list[Any] = []
        tangents: list[Any] = []
        for a in args:
            if type(a) is JVPTracer and a._trace is self:
                primals.append(a.primal)
                tangents.append(a.tangent)
            else:
                primals.append(a)
                tangents.append(None)
        return primals, tangents

    def join(self, out: Any, tangent: Any, strong: bool = False) -> Any:
        """A result with its tangent; the result alone if that is zero."""
        if tangent is None:
            return out
        if "ml_dtypes" in MODULES:
            out = lifted(out)
        return JVPTracer(self, out, tangent, strong)

    def tape_of(self, tangents: Any) -> StagingTrace | None:
        """The tape that tangents are on: those in a rule that reverse mode runs.

        Values must be computed apart from what goes onto it, since only that is linear.
        """
        for t in tangents:
            while isinstance(t, Tracer) and t.holds is not None:
                t = getattr(t, t.holds)
            if type(t) is StagingTracer and t._trace.is_tape:  # type: ignore[attr-defined]
                return t._trace  # type: ignore[return-value]
        return None

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        primals, tangents = self.split(args)
        strong = tuple(type(a) is JVPTracer and a._trace is self and a.strong for a in args)
        return prim.push_forward(self, primals, tangents, strong, params)

    def push_through(
        self, prim: Any, primals: Any, tangents: Any, strong: bool, params: dict[str, Any]
    ) -> tuple[Any, ...]:
        """Results and tangents of an operator that holds jaxprs or functions."""
        self.strong = strong
        tape = self.tape_of(tangents)
        if tape is not None and prim.linearize not in (None, prim.forward):
            outs, outs_t = prim.linearize(OnTape(tape, self), primals, tangents, **params)
        else:
            outs, outs_t = prim.forward(self, primals, tangents, **params)
        strong = strong or any(map(fills_inside, jaxprs_among(params)))
        return tuple(self.join(o, t, strong) for o, t in zip(outs, outs_t, strict=True))
