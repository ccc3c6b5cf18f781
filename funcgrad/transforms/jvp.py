"""Forward mode: primal and tangent side by side.

As cotangents in a transposition, tangents carry a static flag: it holds zeros that a select or an
operator like it has put there. Its products treat them as strong: 0 * inf = 0.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..context import current
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

    @property
    def shape(self) -> tuple[int, ...]:
        primal = self.primal
        return primal.shape if hasattr(primal, "shape") else np.shape(primal)

    @property
    def dtype(self) -> np.dtype:
        primal = self.primal
        return primal.dtype if hasattr(primal, "dtype") else aval_of(primal).dtype

    @property
    def weak(self) -> bool:
        primal = self.primal
        return type(primal) is not np.ndarray and aval_of(primal).weak

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return concrete_value(self.primal, use)


def concrete_value(x: Any, use: str) -> Any:
    """The plain value of an array or tracer."""
    return x.concrete(use) if isinstance(x, Tracer) else x


_ARRAYS = frozenset([np.ndarray, np.float64, np.float32])
_NUMBERS = frozenset([float, int])
_USUAL = "fdFD"
"""Characters of the dtypes that NumPy computes with as they are."""


def is_usual(x: Any) -> bool:
    """True for arrays, and tracers of them, that need no care: of floats, and not weakly typed."""
    if type(x) in _ARRAYS:
        return x.dtype.char in _USUAL
    return isinstance(x, Tracer) and x.dtype.char in _USUAL and not x.weak


def fitted(tangent: Any, out: Any) -> Any:
    """A tangent with the shape and dtype of its value."""
    try:
        if tangent.shape == out.shape and tangent.dtype == out.dtype:
            return tangent
    except AttributeError:  # a Python number
        pass
    return ALGEBRA.fit(tangent, out)


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
    quick: ClassVar[bool] = True

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

    def unary(self, prim: Any, x: Any) -> Any:
        a, t, kind = x.primal, x.tangent, prim.partial_kinds[0]
        if not (
            kind
            and prim.smooth
            and not prim.fills
            and not x.strong
            and is_usual(a)
            and self.is_at_home(a)
        ):
            return self.handle(prim, (x,), {})
        out = prim.unary(a)
        if not is_usual(out):
            return prim.push_beside(self, out, (a,), (t,), (False,), {})
        with np.errstate(all="ignore"):
            tangent = prim.scaled_tangent(ALGEBRA, 0, kind, t, out, (a,), False)
            return JVPTracer(self, out, fitted(tangent, out))

    def binary(self, prim: Any, x: Any, y: Any) -> Any:
        a, t = (x.primal, x.tangent) if type(x) is JVPTracer and x._trace is self else (x, None)
        b, u = (y.primal, y.tangent) if type(y) is JVPTracer and y._trace is self else (y, None)
        of_x, of_y = prim.partial_kinds
        if not (
            prim.smooth
            and ((t is not None and of_x) or (u is not None and of_y))
            and (is_usual(a) or (t is None and type(a) in _NUMBERS))
            and (is_usual(b) or (u is None and type(b) in _NUMBERS))
            and (t is None or not x.strong)
            and (u is None or not y.strong)
            and self.is_at_home(a, b)
        ):
            return self.handle(prim, (x, y), {})
        out = prim.binary(a, b)
        if not is_usual(out):
            return prim.push_beside(self, out, (a, b), (t, u), (False, False), {})
        with np.errstate(all="ignore"):
            tangent = None
            if t is not None and of_x:
                tangent = prim.scaled_tangent(ALGEBRA, 0, of_x, t, out, (a, b), False)
            if u is not None and of_y:
                part = prim.scaled_tangent(ALGEBRA, 1, of_y, u, out, (a, b), False)
                tangent = part if tangent is None else ALGEBRA.add(tangent, part)
            strong = bool(prim.fills) and prim.fills_tangent((a, b))
            return JVPTracer(self, out, fitted(tangent, out), strong)

    def linear(self, prim: Any, x: Any, params: dict[str, Any]) -> Any:
        a, t = x.primal, x.tangent
        if not (is_usual(a) and prim.nondifferentiable is None and self.is_at_home(a)):
            return self.handle(prim, (x,), params)
        out = prim(a, **params)
        if not is_usual(out):
            return prim.push_beside(self, out, (a,), (t,), (x.strong,), params)
        with np.errstate(all="ignore"):
            tangent = prim(t, **params)
        return JVPTracer(self, out, tangent, x.strong or prim.fills_tangent((a,)))

    def bilinear(self, prim: Any, x: Any, y: Any, params: dict[str, Any]) -> Any:
        a, t = (x.primal, x.tangent) if type(x) is JVPTracer and x._trace is self else (x, None)
        b, u = (y.primal, y.tangent) if type(y) is JVPTracer and y._trace is self else (y, None)
        if not (
            is_usual(a)
            and is_usual(b)
            and (t is None or not x.strong)
            and (u is None or not y.strong)
            and not prim.fills
            and self.is_at_home(a, b)
        ):
            return self.handle(prim, (x, y), params)
        out = prim(a, b, **params)
        with np.errstate(all="ignore"):
            tangent = None if t is None else prim(t, b, **params)
            if u is not None:
                tangent = ALGEBRA.add_or_none(tangent, prim(a, u, **params))
            return JVPTracer(self, out, tangent)

    def is_at_home(self, *values: Any) -> bool:
        """True if an operation on values may be computed in the context that is the current one.

        That of plain arrays is anywhere; ``handle`` says where that of others belongs.
        """
        if not self.alive:
            return False
        for v in values:
            if isinstance(v, Tracer):
                here = current().running
                return here is None or here.level < self.level
        return True

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
