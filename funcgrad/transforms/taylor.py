"""Taylor mode: a value with the coefficients of its Taylor polynomial in one variable.

A ``JetTracer`` holds x_0 and x_1 ... x_K, of x(s) = sum of x_k s**k; None is a coefficient that is
zero. What is linear is done to each coefficient, products are Cauchy products, and functions with a
simple differential equation have a recurrence (Griewank and Walther, "Evaluating Derivatives",
chapter 13). Every other operator follows from its own tangent rule: y'(s) is the rule at x(s) and
x'(s), which are polynomials of one degree less, and K y_K is the last coefficient of y'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ..core.avals import Aval
from ..core.dtypes import is_inexact
from ..core.facts import Moves
from ..core.primitive import Primitive
from ..core.tracing import Trace, Tracer, aval_of
from ..ops.families import Bilinear, Elementwise, Linear
from ..ops.pointwise import arithmetic, complex, exponentials, powers, special
from ..ops.pointwise import trigonometry as trig
from ..ops.pointwise.comparison import select
from ..ops.shape import zeros
from ..ops.structural.gather import index_add, scatter_add
from .algebra import ALGEBRA
from .jvp import JVPTrace, JVPTracer, concrete_value

Series: TypeAlias = list[Any]
"""The coefficients 0 to K of a polynomial; those that are zero are None, but for the first."""


class JetTracer(Tracer):
    """A value with the further coefficients of its Taylor polynomial."""

    __slots__ = ("primal", "terms")
    holds: ClassVar[str | None] = "primal"

    def __init__(self, trace: JetTrace, primal: Any, terms: Sequence[Any]) -> None:
        self._trace: Trace = trace
        self.primal: Any = primal
        self.terms: Sequence[Any] = terms

    @property
    def aval(self) -> Aval:  # type: ignore[override]
        return aval_of(self.primal)

    def concrete(self, use: str) -> Any:
        self._trace.check_alive()
        return concrete_value(self.primal, use)


class JetTrace(Trace):
    """Computes the coefficients 1 to ``order`` along with values."""

    __slots__ = ("order",)

    def __init__(self, owner: str, order: int) -> None:
        super().__init__(owner)
        self.order: int = order

    def series(self, x: Any) -> Series:
        """All coefficients of a value."""
        if type(x) is JetTracer and x._trace is self:
            return [x.primal, *x.terms]
        return [x, *(None,) * self.order]

    def join(self, series: Series) -> Any:
        """A value with its coefficients; the value alone if the others are zero."""
        if all(c is None for c in series[1:]):
            return series[0]
        return JetTracer(self, series[0], series[1:])

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        called = None if prim.user_rule else prim.called(params)
        if called is not None:
            return tuple(called(*args))
        all_series = [self.series(a) for a in args]
        moving = [any(c is not None for c in s[1:]) for s in all_series]
        with np.errstate(all="ignore"):
            if not any(moving):
                return prim(*(s[0] for s in all_series), **params)
            found = self._by_structure(prim, all_series, moving, params)
            if found is None:
                rule = RECURRENCES.get(prim)
                found = rule(*all_series) if rule is not None and not params else None
            if found is None:
                return self._by_tangent(prim, all_series, moving, params)
        if prim.multiple:
            return tuple(self.join(list(s)) for s in zip(*found, strict=True))
        return self.join(found)

    def _by_structure(
        self, prim: Primitive, series: list[Series], moving: list[bool], params: dict[str, Any]
    ) -> Series | None:
        """The coefficients of what is linear in all that moves, or a product of two; or None."""
        if isinstance(prim, Elementwise) and all(
            _is_sign(p) for p, m in zip(prim.partials, moving, strict=True) if m
        ):
            return _signed_sum(prim, series)
        if isinstance(prim, Bilinear) or prim in PRODUCTS:
            x, y = series
            return _products(lambda a, b: prim(a, b, **params), x, y)
        places = _linear_places(prim, len(series), params)
        if not all(i in places for i, m in enumerate(moving) if m):
            return None
        out = [prim(*(s[0] for s in series), **params)]
        fixed = [i not in places for i in range(len(series))]
        for k in range(1, self.order + 1):
            if all(s[k] is None for s in series):
                out.append((None,) * len(out[0]) if prim.multiple else None)
                continue
            args = [
                s[0] if f else _definite(s[k], s[0]) for s, f in zip(series, fixed, strict=True)
            ]
            out.append(prim(*args, **params))
        return out

    def _by_tangent(
        self, prim: Primitive, series: list[Series], moving: list[bool], params: dict[str, Any]
    ) -> Any:
        """Results by the operator's own tangent rule, at polynomials of one degree less."""
        n = self.order
        lower = JetTrace(self.owner, n - 1)
        forward = JVPTrace(self.owner)
        args: list[Any] = []
        for s, m in zip(series, moving, strict=True):
            if not m:
                args.append(s[0])
                continue
            slopes = [None if c is None else (k + 1) * c for k, c in enumerate(s[1:])]
            slopes[0] = _definite(slopes[0], s[0])
            args.append(JVPTracer(forward, lower.join(s[:n]), lower.join(slopes)))
        try:
            outs = prim(*args, **params)
            values, tangents = forward.split(outs if prim.multiple else (outs,))
        finally:
            forward.alive = False
        results = [
            lower.series(v)[0]
            if t is None
            else self.join(
                [
                    lower.series(v)[0],
                    *(None if c is None else c / (k + 1) for k, c in enumerate(lower.series(t))),
                ]
            )
            for v, t in zip(values, tangents, strict=True)
        ]
        lower.alive = False
        return tuple(results) if prim.multiple else results[0]


def _definite(c: Any, primal: Any) -> Any:
    """A coefficient as an array."""
    if c is not None:
        return c
    aval = aval_of(primal)
    return zeros(Aval(aval.shape, aval.dtype))


def _is_sign(partial: Any) -> bool:
    return isinstance(partial, int) and partial in (1, -1)


def _signed_sum(prim: Elementwise, series: list[Series]) -> Series:
    out = prim(*(s[0] for s in series))
    terms: Series = [out]
    for coefficients in list(zip(*series, strict=True))[1:]:
        total = None
        for c, sign in zip(coefficients, prim.partials, strict=True):
            if c is not None:
                total = ALGEBRA.add_or_none(total, c if sign == 1 else -c)
        terms.append(None if total is None else ALGEBRA.fit(total, out))
    return terms


def _linear_places(prim: Primitive, count: int, params: dict[str, Any]) -> Sequence[int]:
    """The operands in which an operator is linear together, at the values of the others."""
    if prim in LINEAR_IN:
        return LINEAR_IN[prim]
    if isinstance(prim, Linear) or prim.jointly:
        return range(count) if prim.linear_in is None else prim.linear_in
    facts = prim.elements
    if isinstance(facts, Moves) and (facts.holds is None or facts.holds(params)):
        where = range(count)[facts.where]
        return [i for i in range(count) if i not in where]
    return ()


# --- recurrences ---------------------------------------------------------------------------------


def _plus(x: Any, y: Any) -> Any:
    return ALGEBRA.add_or_none(x, y)


def _products(multiply: Callable[[Any, Any], Any], x: Series, y: Series) -> Series:
    """The product of two polynomials."""
    out: Series = []
    for k in range(len(x)):
        total = None
        for i in range(k + 1):
            if x[i] is not None and y[k - i] is not None:
                total = _plus(total, multiply(x[i], y[k - i]))
        out.append(total)
    return out


def _quotient(x: Series, y: Series) -> Series:
    """X = q y, so that q_k y_0 is x_k less the products of lower coefficients of q."""
    out: Series = [x[0] / y[0]]
    for k in range(1, len(x)):
        total = x[k]
        for i in range(1, k + 1):
            if y[i] is not None and out[k - i] is not None:
                total = _plus(total, -(y[i] * out[k - i]))
        out.append(None if total is None else ALGEBRA.fit(total / y[0], out[0]))
    return out


def _reciprocal(y: Series) -> Series:
    one = aval_of(y[0]).dtype.type(1)
    out = _quotient([one, *(None,) * (len(y) - 1)], y)
    return out


def _sqrt(x: Series) -> Series:
    """Y y = x."""
    out: Series = [powers.sqrt(x[0])]
    for k in range(1, len(x)):
        total = x[k]
        for i in range(1, k):
            if out[i] is not None and out[k - i] is not None:
                total = _plus(total, -(out[i] * out[k - i]))
        out.append(None if total is None else total / (2 * out[0]))
    return out


def _integrated(x: Series, slopes: Series, k: int) -> Any:
    """The coefficient k of the y with y' = slope x', from those of the slope below k."""
    total = None
    for j in range(1, k + 1):
        if x[j] is not None and slopes[k - j] is not None:
            total = _plus(total, j * x[j] * slopes[k - j])
    return None if total is None else total / k


def _exp(x: Series) -> Series:
    out: Series = [exponentials.exp(x[0])]
    for k in range(1, len(x)):
        out.append(_integrated(x, out, k))
    return out


def _log(x: Series) -> Series:
    """X y' = x'."""
    out: Series = [exponentials.log(x[0])]
    for k in range(1, len(x)):
        total = x[k]
        for j in range(1, k):
            if out[j] is not None and x[k - j] is not None:
                total = _plus(total, -(j * out[j] * x[k - j]) / k)
        out.append(None if total is None else total / x[0])
    return out


def _of_itself(
    prim: Primitive, first: Callable[[Any], Any], linear: int, squared: int
) -> Callable[[Series], Series]:
    """A function with y' = (first + linear * y + squared * y**2) x'; ``first`` is of y_0."""

    def rule(x: Series) -> Series:
        out: Series = [prim(x[0])]
        slopes: Series = [first(out[0])]
        for k in range(1, len(x)):
            out.append(_integrated(x, slopes, k))
            total = None if out[k] is None or not linear else linear * out[k]
            for i in range(k + 1):
                if out[i] is not None and out[k - i] is not None:
                    total = _plus(total, squared * (out[i] * out[k - i]))
            slopes.append(total)
        return out

    return rule


def _pair(of: Primitive, other: Primitive, sign: int, back: int) -> Callable[[Series], Series]:
    """A function y with y' = sign * z x', where z' = back * y x'."""

    def rule(x: Series) -> Series:
        out: Series = [of(x[0])]
        rest: Series = [other(x[0])]
        for k in range(1, len(x)):
            a, b = _integrated(x, rest, k), _integrated(x, out, k)
            out.append(a if a is None or sign == 1 else -a)
            rest.append(b if b is None or back == 1 else -b)
        return out

    return rule


def _power(x: Series, p: Series) -> Series | None:
    """x**n for whole numbers n, by products; None for others."""
    n = p[0]
    if any(c is not None for c in p[1:]) or isinstance(n, Tracer) or np.ndim(n):
        return None
    value = float(n) if np.isrealobj(n) else 0.5
    if value != round(value) or abs(value) > 64 or not is_inexact(aval_of(x[0]).dtype):
        return None
    out = powers.power(x[0], n)
    count = abs(int(value))
    if count == 0:
        return [out, *(None,) * (len(x) - 1)]
    base, found = x, None
    while count:
        if count & 1:
            found = base if found is None else _products(arithmetic.mul, found, base)
        count >>= 1
        base = _products(arithmetic.mul, base, base) if count else base
    assert found is not None
    found = found if value > 0 else _reciprocal(found)
    return [out, *(None if c is None else ALGEBRA.fit(c, out) for c in found[1:])]


PRODUCTS: frozenset[Primitive] = frozenset(
    [arithmetic.mul, arithmetic.mul_strong, arithmetic.mul_both_strong]
)

LINEAR_IN: dict[Primitive, tuple[int, ...]] = {
    complex.real: (0,),
    complex.imag: (0,),
    complex.conj: (0,),
    select: (1, 2),
    index_add: (0, 1),
    scatter_add: (0,),
}

RECURRENCES: dict[Primitive, Callable[..., Series | None]] = {
    arithmetic.div: _quotient,
    powers.square: lambda x: _products(arithmetic.mul, x, x),
    powers.reciprocal: _reciprocal,
    powers.sqrt: _sqrt,
    powers.power: _power,
    exponentials.exp: _exp,
    exponentials.log: _log,
    trig.sin: _pair(trig.sin, trig.cos, 1, -1),
    trig.cos: _pair(trig.cos, trig.sin, -1, 1),
    trig.sinh: _pair(trig.sinh, trig.cosh, 1, 1),
    trig.cosh: _pair(trig.cosh, trig.sinh, 1, 1),
    special.logistic: _of_itself(special.logistic, lambda y: y * (1 - y), 1, -1),
    trig.tan: _of_itself(trig.tan, lambda y: 1 + y * y, 0, 1),
    trig.tanh: _of_itself(trig.tanh, lambda y: 1 - y * y, 0, -1),
}
