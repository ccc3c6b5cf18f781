"""Linearize as you go: values are computed, the linear part is recorded on a tape.

The tape is a staging trace over tangents. Elementwise operators take a fast path: they append a
``Factor``, a plain tuple ``(prim, x, y, out, saved_out, saved_x, saved_y, code, offset)``, where
x, y, out are the tangent variables and the saved values are what the partial derivatives read;
with None for an offset, ``code`` is a whole source.
Partials are evaluated when the tape is run backwards, or turned into a jaxpr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import arrays
from ..context import current
from ..core.avals import Aval
from ..core.dtypes import INEXACT, MODULES, is_inexact
from ..core.jaxpr import Var
from ..core.plain_arrays import check_plain
from ..core.primitive import beside_result
from ..core.small_floats import has_small, lifted
from ..core.source import INTERNAL, source_of_equation
from ..core.tracing import Trace, Tracer, at_source, aval_of, foreign_tracer_error
from ..ops.families import (
    FUNCTION,
    NEED_OUT,
    NEED_X,
    NEED_Y,
    Elementwise,
)
from ..ops.families.elementwise import LARGE
from ..ops.operators import binary_methods
from ..ops.pointwise.arithmetic import add, div, mul, sub
from ..ops.shape import definite_scalar
from .algebra import ALGEBRA
from .jvp import concrete_value
from .staging import SMALL_CONSTANT, StagingTracer, kept_constant
from .tape import LinearVar, Tape

_getframe: Callable[[int], Any] = sys._getframe


def _position(depth: int) -> tuple[Any, int | None]:
    """The user's position, or the equation that is being evaluated again, as an entry of
    the tape has it. What costs most where a function is short stands without calls elsewhere.
    """
    place = current().place
    if place is not None and place.source is not None:
        return place.source, None
    frame = _getframe(depth)
    while INTERNAL[frame.f_code.co_filename]:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


class LinearizeTracer(Tracer):
    """A primal value with the variable of its tangent on the tape."""

    __slots__ = ("primal", "tangent")
    holds: ClassVar[str | None] = "primal"

    def __init__(self, trace: Trace, primal: Any, tangent: Var) -> None:
        self._trace: Trace = trace
        self.primal: Any = primal
        self.tangent: Var = tangent

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return aval_of(self.primal)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tangent.shape  # type: ignore[attr-defined]

    @property
    def dtype(self) -> np.dtype:
        return self.tangent.dtype  # type: ignore[attr-defined]

    @property
    def weak(self) -> bool:
        primal = self.primal
        return type(primal) is not np.ndarray and aval_of(primal).weak

    @property
    def ndim(self) -> int:
        return len(self.tangent.shape)  # type: ignore[attr-defined]

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return concrete_value(self.primal, use)


class LinearizeTrace(Trace):
    """Computes values and records how tangents depend on the inputs' tangents."""

    __slots__ = ("record", "tape")
    algebra = ALGEBRA

    def __init__(self, owner: str) -> None:
        self.tape: Tape = Tape(owner)
        self.record: Callable[[Any], None] = self.tape.eqns.append
        super().__init__(owner)

    def close(self) -> list[Any]:
        """End the trace: its tracers can no longer be used.

        Returns:
            The entries of the tape, which the trace lets go of: rules among them may hold tracers
            of this trace, and a cycle would keep its arrays alive.
        """
        self.alive = False
        self.tape.alive = False
        entries, self.tape.eqns = self.tape.eqns, []
        self.record = self.tape.eqns.append
        return entries

    def input(self, x: Any) -> Any:
        """A tracer of an input with a tangent of its own; integers and truth values have none."""
        known = x if type(x) is np.ndarray else aval_of(x)
        if known.dtype not in INEXACT:
            if not is_inexact(known.dtype):
                return x
            x = lifted(x)
        return LinearizeTracer(self, x, LinearVar(known.shape, known.dtype))

    def split(self, args: Any) -> tuple[list[Any], list[Any]]:
        """Primals and tangents (tracers on the tape, or None) of the operands."""
        primals: list[Any] = []
        tangents: list[Any] = []
        tape = self.tape
        for a in args:
            if type(a) is LinearizeTracer and a._trace is self:
                primals.append(a.primal)
                tangents.append(StagingTracer(tape, a.tangent))
            else:
                primals.append(a)
                tangents.append(None)
        return primals, tangents

    def join(self, out: Any, tangent: Any) -> Any:
        """A result with its tangent, if that is on the tape."""
        if type(tangent) is StagingTracer:
            if tangent._trace is self.tape:
                if "ml_dtypes" in MODULES:
                    out = lifted(out)
                return LinearizeTracer(self, out, tangent._var)
            if tangent._trace.level > self.level:
                raise foreign_tracer_error(tangent, self)
        return out

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        if prim.recorded:
            if prim.jointly:
                return self.jointly(prim, args, params)
            if len(args) == 1:
                return self.linear(prim, args[0], params)
            return self.bilinear(prim, args[0], args[1], params)
        if prim.slope is not None:
            return self.sloped(prim, args[0], params)
        if not params and self.factored(prim, args):
            return self.named(
                self.unary(prim, args[0]) if len(args) == 1 else self.binary(prim, *args)
            )
        primals, tangents = self.split(args)
        return prim.linearize_on(self, primals, tangents, params)

    def linear(self, prim: Any, x: Any, params: dict[str, Any]) -> Any:
        """Record an operation of a linear operator with its parameters."""
        if not self.alive:
            self.check_alive(prim)
        a = x.primal
        r = prim.evaluate(np, a, **params) if type(a) is np.ndarray else prim(a, **params)
        try:
            out = LinearVar(r.shape, r.dtype)
        except AttributeError:
            out = LinearVar((), aval_of(r).dtype)
        if out.dtype not in INEXACT:
            if not is_inexact(out.dtype):
                return r
            r = lifted(r)
        code, offset = _position(3)
        self.record((prim, x.tangent, None, out, params, None, None, code, offset))
        return LinearizeTracer(self, r, out)

    def bilinear(self, prim: Any, x: Any, y: Any, params: dict[str, Any]) -> Any:
        """Record an operation of a bilinear operator with its parameters, and its factors."""
        if not self.alive:
            self.check_alive(prim)
        xt = yt = None
        if type(x) is LinearizeTracer and x._trace is self:
            x, xt = x.primal, x.tangent
        if type(y) is LinearizeTracer and y._trace is self:
            y, yt = y.primal, y.tangent
        if (
            type(x) is np.ndarray
            and type(y) is np.ndarray
            and ("ml_dtypes" not in MODULES or not has_small((x, y), {}))
        ):
            r = prim.evaluate(np, x, y, **params)
        else:
            r = prim(x, y, **params)
            x, y = kept_beside(r, (x, y), (xt, yt))
        try:
            out = LinearVar(r.shape, r.dtype)
        except AttributeError:
            out = LinearVar((), aval_of(r).dtype)
        if out.dtype not in INEXACT:
            if not is_inexact(out.dtype):
                return r
            r = lifted(r)
        if yt is None:
            x = None
        elif xt is None and type(x) is np.ndarray and x.nbytes <= SMALL_CONSTANT:
            x = x.copy()
        if xt is None:
            y = None
        elif yt is None and type(y) is np.ndarray and y.nbytes <= SMALL_CONSTANT:
            y = y.copy()
        code, offset = _position(3)
        self.record((prim, xt, yt, out, params, x, y, code, offset))
        return LinearizeTracer(self, r, out)

    def jointly(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Record an operation that is linear in several operands at once.

        Its entry has a variable for each of them that has a tangent, and the values of the others.
        """
        primals = list(args)
        variables: list[Any] = [None] * len(args)
        values = list(args)
        some = False
        linear_in = prim.linear_in
        for i, a in enumerate(args):
            if type(a) is LinearizeTracer and a._trace is self:
                primals[i] = values[i] = a.primal
                if (linear_in is None or i in linear_in) and is_inexact(a.tangent.dtype):
                    variables[i] = a.tangent
                    values[i] = None
                    some = True
            elif type(a) is np.ndarray and a.nbytes <= SMALL_CONSTANT:
                values[i] = a.copy()
        r = prim(*primals, **params)
        values = list(kept_beside(r, values, variables))
        try:
            out = LinearVar(r.shape, r.dtype)
        except AttributeError:
            out = LinearVar((), aval_of(r).dtype)
        if not some or not is_inexact(out.dtype):
            return r
        r = lifted(r)
        code, offset = _position(4)
        self.record((prim, variables, values, out, params, None, None, code, offset))
        return LinearizeTracer(self, r, out)

    def sloped(self, prim: Any, x: Any, params: dict[str, Any]) -> Any:
        """Record an operation whose tangent is another operator of tangent, operand and result."""
        a = x.primal
        r = prim(a, **params)
        a, r = definite_scalar(a), definite_scalar(r)
        out = LinearVar(r.shape, r.dtype)
        if out.dtype not in INEXACT:
            if not is_inexact(out.dtype):
                return r
            r = lifted(r)
        code, offset = _position(4)
        variables, values = (x.tangent, None, None), (None, a, r)
        self.record((prim.slope, variables, values, out, params, None, None, code, offset))
        return LinearizeTracer(self, r, out)

    def factored(self, prim: Any, args: tuple[Any, ...]) -> bool:
        """True if the fast path records the operation."""
        return (
            isinstance(prim, Elementwise)
            and 0 < len(args) <= 2
            and any(
                kind and type(a) is LinearizeTracer and a._trace is self
                for kind, a in zip(prim.partial_kinds, args, strict=False)
            )
        )

    def named(self, out: Any) -> Any:
        """Give the last Factor the source of the equation that is being evaluated again."""
        source = source_of_equation()
        if source is not None and type(out) is LinearizeTracer:
            entries = self.tape.eqns
            entries[-1] = (*entries[-1][:7], source, None)
        return out

    def unary(self, prim: Any, x: Any) -> Any:
        if not self.alive:
            self.check_alive(prim)
        if not prim.partial_kinds[0]:
            if prim.nondifferentiable:
                return prim.unary(x.primal)
            return self.handle(prim, (x,), {})
        a = x.primal
        if type(a) is np.ndarray:
            r = prim.evaluate(a) if a.size < LARGE else prim.run(a)
        else:
            r = prim.evaluate(a) if type(a) in _PLAIN else prim.unary(a)
        try:
            out = LinearVar(r.shape, r.dtype)
        except AttributeError:
            out = LinearVar((), aval_of(r).dtype)
        need = prim.partial_needs[0]
        if not out.shape:
            a, r0 = definite_scalar(a), definite_scalar(r)
        else:
            r0 = r
        frame = _getframe(2)
        while INTERNAL[frame.f_code.co_filename]:
            frame = frame.f_back
        self.record(
            (prim, x.tangent, None, out, r0 if need & NEED_OUT else None,
             a if need & NEED_X else None, None, frame.f_code, frame.f_lasti)
        )  # fmt: skip
        return LinearizeTracer(self, r, out)

    def binary(self, prim: Any, x: Any, y: Any) -> Any:
        if not self.alive:
            self.check_alive(prim)
        kind_x, kind_y = prim.partial_kinds
        need = 0
        if type(x) is LinearizeTracer and x._trace is self:
            a = x.primal
            xt = x.tangent if kind_x else None
            if kind_x >= FUNCTION:
                need = prim.partial_needs[0]
        else:
            a = x
            xt = None
            if type(x) not in _PLAIN and isinstance(x, np.ndarray):
                check_plain(x, f"an operand of {prim.name}{at_source()}")
        if type(y) is LinearizeTracer and y._trace is self:
            b = y.primal
            yt = y.tangent if kind_y else None
            if kind_y >= FUNCTION:
                need |= prim.partial_needs[1]
        else:
            b = y
            yt = None
            if type(y) not in _PLAIN and isinstance(y, np.ndarray):
                check_plain(y, f"an operand of {prim.name}{at_source()}")
        if (
            type(a) in _PLAIN
            and type(b) in _PLAIN
            and ("ml_dtypes" not in MODULES or not has_small((a, b), {}))
        ):
            r = prim.run(a, b)
        else:
            r = lifted(prim.binary(a, b))
            a, b = kept_beside(r, (a, b), (xt, yt))
        if xt is None and yt is None:
            if prim.nondifferentiable or prim.jvp is None:
                # ~ negates NumPy's truth values, but not Python's.
                return np.bool_(r) if r is True or r is False else r
            return self.handle(prim, (x, y), {})  # pyright: ignore[reportUnknownArgumentType]
        try:
            out = LinearVar(r.shape, r.dtype)
        except AttributeError:
            out = LinearVar((), aval_of(r).dtype)
        r0 = r
        if not need:
            a = b = None
        else:
            if not out.shape:
                r0 = definite_scalar(r)
                a = a if xt is None else definite_scalar(a)
                b = b if yt is None else definite_scalar(b)
            if not need & NEED_X:
                a = None
            elif xt is None and type(a) is np.ndarray and a.nbytes <= SMALL_CONSTANT:
                a = a.copy()
            if not need & NEED_Y:
                b = None
            elif yt is None and type(b) is np.ndarray and b.nbytes <= SMALL_CONSTANT:
                b = b.copy()
        frame = _getframe(2)
        while INTERNAL[frame.f_code.co_filename]:
            frame = frame.f_back
        self.record(
            (prim, xt, yt, out, r0 if need & NEED_OUT else None, a, b, frame.f_code,
             frame.f_lasti)
        )  # fmt: skip
        return LinearizeTracer(self, r, out)


def kept_beside(out: Any, values: Sequence[Any], tangents: Sequence[Any]) -> Sequence[Any]:
    """Operands as a tape keeps them beside a result on a GPU: there, and small ones copied."""
    if not arrays.is_gpu_array(out):
        return values
    return [
        kept_constant(v) if t is None else v
        for v, t in zip(beside_result(out, values), tangents, strict=True)
    ]


_PLAIN = frozenset([float, int, np.ndarray, np.float64, np.float32])


def _with_plain_operand(prim: Any, general: Any) -> Any:
    """A Python operator of a traced array and a plain operand: ``binary`` with all else left out.

    A gradient of 150 operations, of which 100 are of this kind, takes 5% less time with it; a step
    of a small network, and programs of a few operations, take the same.
    """
    evaluate = prim.run
    need = prim.partial_needs[0] if prim.partial_kinds[0] >= FUNCTION else 0
    need_out, need_x, need_y = need & NEED_OUT, need & NEED_X, need & NEED_Y

    def method(self: LinearizeTracer, other: Any) -> Any:
        a = self.primal
        trace = self._trace
        if type(a) is not np.ndarray or type(other) not in _PLAIN or not trace.alive:
            return general(self, other)
        r = evaluate(a, other)
        out = LinearVar(r.shape, r.dtype)
        b = None
        if need_y:
            small = type(other) is np.ndarray and other.nbytes <= SMALL_CONSTANT
            b = other.copy() if small else other
        frame = _getframe(1)
        code = frame.f_code
        while INTERNAL[code.co_filename]:
            frame = frame.f_back
            code = frame.f_code
        trace.record(  # type: ignore[attr-defined]
            (prim, self.tangent, None, out, r if need_out else None, a if need_x else None, b,
             code, frame.f_lasti)
        )  # fmt: skip
        return LinearizeTracer(trace, r, out)

    return method


for _prim, _name in ((add, "add"), (sub, "sub"), (mul, "mul"), (div, "truediv")):
    setattr(LinearizeTracer, f"__{_name}__", _with_plain_operand(_prim, binary_methods(_prim)[0]))
