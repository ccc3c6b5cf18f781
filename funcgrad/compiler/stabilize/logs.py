"""Logarithms of what is positive by construction: computed without leaving the logarithms.

``logarithm`` gives log(a) for any a made of exponentials by sums, products, quotients, powers and
constant factors. Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax
functions" (2021).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...core.dtypes import finfo, kind_of
from ...core.jaxpr import Atom, Eqn
from ...core.primitive import Primitive
from ...ops.contraction.dot_general import dot_general
from ...ops.pointwise import exponentials, powers, trigonometry
from ...ops.pointwise.arithmetic import add, div, mul, sub
from ...ops.pointwise.comparison import isfinite, less, maximum, select
from ...ops.pointwise.complex import absolute
from ...ops.pointwise.logarithms import log1mexp, log_expm1, softplus
from ...ops.pointwise.special import logistic
from ...ops.reductions.reducing import keepdims, logsumexp, reduce_max
from ...ops.shape import broadcast_to, definite, reduce_sum
from ...ops.structural.gather import gather
from ...ops.structural.stop import stop
from ...typing import Array
from .forms import (
    Quotient,
    both_orders,
    exponent,
    from_largest,
    log_softmax_by_parts,
    operand,
    shifted,
    sigmoid,
    signed,
    softmax,
    squared,
    unplaced,
)
from .graph import Graph
from .rewriting import Builder, Expression, Match, Rule

DEEPEST = 12
"""A logarithm is taken through so many operations inside each other."""

LN2 = math.log(2)


class Log(NamedTuple):
    """log(a) as an expression; both sides of the identity; ``share`` if a is at most 1."""

    before: str
    after: str
    value: Expression
    share: bool = False

    @property
    def name(self) -> str:
        """The identity, as a report of rewrites shows it."""
        return f"log({self.before}) -> {self.after}"


def _second(text: str) -> str:
    """The text with y for x."""
    return re.sub(r"\bx\b", "y", text)


def scaled(factor: float, x: Array) -> Array:
    """The product factor * x, without an operation for 1 and -1."""
    if factor == 1:
        return x
    return -x if factor == -1 else factor * x


def logarithm(g: Graph, a: Atom, depth: int = 0) -> Log | None:
    """The logarithm of an atom that is made of exponentials, of its shape; None of any other."""
    log = _logarithm(g, a, depth)
    if log is None:
        return None
    shape = a.aval.shape

    def value(get: Builder) -> Array:
        x = log.value(get)
        return x if np.shape(x) == shape else broadcast_to(definite(x), shape)

    return log._replace(value=value)


def _logarithm(g: Graph, a: Atom, depth: int) -> Log | None:
    if depth > DEEPEST:
        return None
    x = exponent(g, a)
    if x is not None:
        return Log("exp(x)", "x", lambda get: get(x))
    found = sigmoid(g, a)
    if found is not None:
        factor, z = found
        return Log(
            "sigmoid(x)", "-softplus(-x)", lambda get: -softplus(scaled(-factor, get(z))), True
        )
    quotient = softmax(g, a)
    if quotient is not None:
        return Log("softmax(x)", "log_softmax(x)", lambda get: log_softmax(get, quotient), True)
    inner, steps = unplaced(g, a)
    if steps:
        log = logarithm(g, inner, depth + 1)
        return log and log._replace(value=lambda get: moved(log.value(get), steps))
    e = g.eqn(a)
    if e is None:
        return None
    make = _BY_OPERATOR.get(e.primitive)
    return None if make is None else make(g, e, depth + 1)


def moved(x: Array, steps: Sequence[Eqn]) -> Array:
    """A value after reshapes, transpositions, broadcasts and indices."""
    for e in steps:
        x = e.primitive(x, **e.params)
    return x


def log_softmax(get: Builder, quotient: Quotient) -> Array:
    """The value x - max(x) - log(sum(exp(x - max(x)))), moved."""
    x, axes = get(quotient.x), quotient.axes
    z = from_top(x, axes, quotient.limited)
    total = reduce_sum(exponentials.exp(z), axes=axes)
    if quotient.limited:
        total = maximum(total, 1)
    return moved(z - keepdims(exponentials.log(total), x, axes), quotient.steps)


def from_top(x: Array, axes: tuple[int, ...], limited: bool) -> Array:
    """The difference to the maximum, which counts as constant; -inf in a row of it if limited."""
    top = reduce_max(x, axes=axes)
    if limited:
        top = maximum(top, finfo(x.dtype).min)
    else:
        top = select(isfinite(top), top, 0)
    return x - keepdims(stop(top), x, axes)


def _picked(g: Graph, e: Eqn, depth: int) -> Log | None:
    inner = logarithm(g, e.inputs[0], depth)
    return inner and inner._replace(
        value=lambda get: e.primitive(
            inner.value(get), *map(get.as_it_is, e.inputs[1:]), **e.params
        )
    )


def _sum(g: Graph, e: Eqn, depth: int) -> Log | None:
    inner = logarithm(g, e.inputs[0], depth)
    axes = e.params["axes"]
    if inner is None or 0 in e.inputs[0].aval.shape or _is_safe(g, e.inputs[0]):
        return None
    return Log(
        f"sum({inner.before})",
        f"logsumexp({inner.after})",
        lambda get: logsumexp(inner.value(get), axes=axes),
    )


def _is_safe(g: Graph, a: Atom) -> bool:
    x = exponent(g, a)
    return x is not None and from_largest(g, x)


def _plus(g: Graph, e: Eqn, depth: int) -> Log | None:
    for c, rest in both_orders(e):
        number = g.uniform(c)
        if number is not None:
            inner = logarithm(g, rest, depth)
            return None if inner is None or inner.share else _plus_number(number, inner)
    x, y = (logarithm(g, a, depth) for a in e.inputs)
    if x is None or y is None:
        return None
    return Log(
        f"{x.before} + {_second(y.before)}",
        f"logaddexp({x.after}, {_second(y.after)})",
        lambda get: exponentials.logaddexp(x.value(get), y.value(get)),
    )


def _plus_number(number: float, inner: Log) -> Log | None:
    if number == 1:
        return Log(
            f"1 + {inner.before}",
            f"softplus({inner.after})",
            lambda get: softplus(inner.value(get)),
        )
    if not 0 < number < math.inf:
        return None
    return Log(
        f"c + {inner.before}",
        f"logaddexp({inner.after}, log(c))",
        lambda get: exponentials.logaddexp(inner.value(get), math.log(number)),
    )


def _weights(g: Graph, a: Atom) -> float | Array | None:
    """The logarithm of a constant that is nowhere negative; None of anything else."""
    number = g.uniform(a)
    if number is not None:
        return math.log(number) if 0 < number < math.inf else None
    value = g.constant(a)
    if not isinstance(value, np.ndarray) or kind_of(value.dtype) not in "iuf":
        return None
    if not ((value >= 0) & (value < np.inf)).all():
        return None
    with np.errstate(divide="ignore"):
        return np.log(value)


def _plus_weights(x: Array, weights: float | Array) -> Array:
    return x + (weights.astype(x.dtype) if isinstance(weights, np.ndarray) else weights)


def _times(g: Graph, e: Eqn, depth: int) -> Log | None:
    x, y = (logarithm(g, a, depth) for a in e.inputs)
    divided = e.primitive is div
    if x is not None and y is not None:
        symbol, sign = ("/", "-") if divided else ("*", "+")
        combine = sub if divided else add
        return Log(
            f"{x.before} {symbol} {_second(y.before)}",
            f"{x.after} {sign} {_second(y.after)}",
            lambda get: combine(x.value(get), y.value(get)),
        )
    inner = x or y
    if inner is None:
        return None
    weights = _weights(g, e.inputs[1 if inner is x else 0])
    if weights is None or (divided and not isinstance(weights, float)):
        return None
    if not divided:
        return Log(
            f"c * {inner.before}",
            f"{inner.after} + log(c)",
            lambda get: _plus_weights(inner.value(get), weights),
        )
    if inner is x:
        return Log(f"{x.before} / c", f"{x.after} - log(c)", lambda get: inner.value(get) - weights)
    return Log(
        f"c / ({inner.before})", f"log(c) - ({inner.after})", lambda get: weights - inner.value(get)
    )


def _contraction(g: Graph, e: Eqn, depth: int) -> Log | None:
    """log(exp(x) @ w) with constant weights w."""
    (contract, _), (batch, _) = e.params["contract"], e.params["batch"]
    y = e.inputs[1]
    if len(contract) != 1 or batch or len(y.aval.shape) != 1 or e.params["strong"] is not None:
        return None
    inner = logarithm(g, e.inputs[0], depth)
    weights = None if inner is None or 0 in e.inputs[0].aval.shape else _weights(g, y)
    if inner is None or weights is None:
        return None
    shape = [1] * len(e.inputs[0].aval.shape)
    shape[contract[0]] = -1
    weights = np.broadcast_to(weights, y.aval.shape).reshape(shape)
    return Log(
        f"{inner.before} @ c",
        f"logsumexp({inner.after} + log(c))",
        lambda get: logsumexp(_plus_weights(inner.value(get), weights), axes=tuple(contract)),
    )


def _power(g: Graph, e: Eqn, depth: int) -> Log | None:
    number = {powers.sqrt: 0.5, powers.square: 2.0, powers.reciprocal: -1.0}.get(e.primitive)
    if e.primitive is powers.power:
        number = g.uniform(e.inputs[1])
    inner = None if number is None else logarithm(g, e.inputs[0], depth)
    if inner is None or not number:
        return None
    return Log(
        f"({inner.before}) ** c",
        f"c * ({inner.after})",
        lambda get: scaled(number, inner.value(get)),
    )


_BY_OPERATOR: dict[Primitive, Callable[[Graph, Eqn, int], Log | None]] = {
    reduce_sum: _sum,
    gather: _picked,
    add: _plus,
    mul: _times,
    div: _times,
    dot_general: _contraction,
    powers.power: _power,
    powers.sqrt: _power,
    powers.square: _power,
    powers.reciprocal: _power,
}


def log_one_plus(g: Graph, sign: int, y: Atom) -> Match | None:
    """log(1 + sign * y), where more is known of y than its value."""
    square = squared(g, y) if sign < 0 else None
    if square is not None:
        t = operand(g, square, trigonometry.tanh)
        if t is not None:
            x = t.inputs[0]
            return Match(
                "log(1 - tanh(x)**2) -> 2 * (log(2) - |x| - softplus(-2 * |x|))",
                lambda get: _log_sech_squared(get(x)),
            )
    found = sigmoid(g, y)
    if found is None:
        found = sigmoid(g, y, -1)
        sign = sign if found is None else -sign
    if found is not None:
        factor, z = found
        if sign > 0:
            return None
        return Match(
            "log(1 - sigmoid(x)) -> -softplus(x)", lambda get: -softplus(scaled(factor, get(z)))
        )
    log = logarithm(g, y)
    if log is None or (log.share and sign > 0):
        return None
    if sign > 0:
        return Match(
            f"log(1 + {log.before}) -> softplus({log.after})", lambda get: softplus(log.value(get))
        )
    return Match(
        f"log(1 - {log.before}) -> log1mexp({log.after})", lambda get: log1mexp(log.value(get))
    )


def _log_sech_squared(x: Array) -> Array:
    size = absolute(x)
    near = less(size, 1)
    t = trigonometry.tanh(select(near, x, 0))
    return select(near, exponentials.log1p(-t * t), 2 * (LN2 - size - softplus(-2 * size)))


def _log(g: Graph, e: Eqn) -> Match | None:
    a = e.inputs[0]
    s = shifted(g, a)
    if s is not None and s.constant == 1:
        match = log_one_plus(g, s.sign, s.x)
        if match is not None:
            return match
    elif s is not None and s.constant == -1 and s.sign == 1:
        x = exponent(g, s.x)
        if x is not None:
            return Match("log(exp(x) - 1) -> log_expm1(x)", lambda get: log_expm1(get(x)))
    log = logarithm(g, a)
    if log is not None:
        return Match(log.name, log.value)
    if s is None or s.constant != 1:
        return None
    y = s.x
    if s.sign > 0:
        return Match("log(1 + x) -> log1p(x)", lambda get: exponentials.log1p(get(y)))
    return Match("log(1 - x) -> log1p(-x)", lambda get: exponentials.log1p(-get(y)))


def _log1p(g: Graph, e: Eqn) -> Match | None:
    return log_one_plus(g, *signed(g, e.inputs[0]))


def _log_softmax_by_parts(g: Graph, e: Eqn) -> Match | None:
    found = log_softmax_by_parts(g, e)
    if found is None:
        return None
    return Match("x - log(sum(exp(x))) -> log_softmax(x)", lambda get: log_softmax(get, found))


_EXPONENTIALS = frozenset([exponentials.exp, logistic, powers.power, trigonometry.tanh])

RULES = (
    Rule(exponentials.log, _EXPONENTIALS | {add, sub}, _log),
    Rule(exponentials.log1p, _EXPONENTIALS, _log1p),
    Rule(sub, frozenset([exponentials.exp, logsumexp]), _log_softmax_by_parts),
)
