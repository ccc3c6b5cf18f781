"""Differences and quotients of exponentials and cosines that cancel or overflow."""

from __future__ import annotations

from ...core.jaxpr import Atom, Eqn
from ...ops.pointwise import exponentials, powers, trigonometry
from ...ops.pointwise.arithmetic import add, div, mul, sub
from ...ops.pointwise.special import logistic
from ...ops.reductions.reducing import keepdims
from ...ops.shape import reduce_sum
from ...typing import Array
from .forms import (
    Quotient,
    both_orders,
    exponent,
    one_plus_exponent,
    operand,
    shifted,
    sigmoid,
    signed,
    softmax,
)
from .graph import Graph
from .logs import from_top, moved, scaled
from .rewriting import Builder, Match, Rule, value_of


def _difference_from_one(g: Graph, e: Eqn) -> Match | None:
    """exp(x) - 1, 1 - sigmoid(x), 1 - cos(x), and their opposites."""
    s = shifted(g, e.outvars[0])
    if s is None or abs(s.constant) != 1 or s.constant == s.sign:
        return None
    sign = s.sign
    x = exponent(g, s.x)
    if x is not None:
        name = "exp(x) - 1 -> expm1(x)" if sign > 0 else "1 - exp(x) -> -expm1(x)"
        return Match(name, lambda get: scaled(sign, exponentials.expm1(get(x))))
    cosine = operand(g, s.x, trigonometry.cos)
    if cosine is not None:
        angle = cosine.inputs[0]
        name = "cos(x) - 1 -> -2 * sin(x / 2)**2" if sign > 0 else "1 - cos(x) -> 2 * sin(x / 2)**2"
        return Match(
            name, lambda get: -2 * sign * powers.square(trigonometry.sin(get(angle) * 0.5))
        )
    found = sigmoid(g, s.x) if sign < 0 else None
    if found is None:
        return None
    factor, z = found
    return Match("1 - sigmoid(x) -> sigmoid(-x)", lambda get: logistic(scaled(-factor, get(z))))


def _quotient(g: Graph, e: Eqn) -> Match | None:
    found = sigmoid(g, e.outvars[0])
    if found is not None:
        factor, x = found
        return Match(
            "1 / (1 + exp(-x)) -> sigmoid(x)", lambda get: logistic(scaled(factor, get(x)))
        )
    if e.primitive is not div:
        return None
    share = softmax(g, e.outvars[0])
    if share is not None:
        if share.safe:
            return None
        return Match("exp(x) / sum(exp(x)) -> softmax(x)", lambda get: _softmax(get, share))
    return _tangent(g, e) or _sine(g, e) or _times_sigmoid(g, e)


def _softmax(get: Builder, share: Quotient) -> Array:
    x, axes = get(share.x), share.axes
    top = exponentials.exp(from_top(x, axes, share.limited))
    return moved(top / keepdims(reduce_sum(top, axes=axes), x, axes), share.steps)


def _opposite_exponents(g: Graph, e: Eqn | None) -> tuple[int, Atom] | None:
    """The sign and x of exp(x) - exp(-x) or exp(x) + exp(-x); or None."""
    if e is None:
        return None
    p, q = (exponent(g, a) for a in e.inputs)
    if p is None or q is None:
        return None
    (sign, x), (other, y) = signed(g, p), signed(g, q)
    return (sign, x) if sign == -other and g.same(x, y) else None


def _tangent(g: Graph, e: Eqn) -> Match | None:
    """tanh, as (exp(x) - exp(-x)) / (exp(x) + exp(-x)) or (exp(2x) - 1) / (exp(2x) + 1)."""
    name = "(exp(x) - exp(-x)) / (exp(x) + exp(-x)) -> tanh(x)"
    top = _opposite_exponents(g, operand(g, e.inputs[0], sub))
    below = _opposite_exponents(g, operand(g, e.inputs[1], add))
    if top is not None and below is not None and g.same(top[1], below[1]):
        sign, x = top
        return Match(name, lambda get: trigonometry.tanh(scaled(sign, get(x))))
    u, s = one_plus_exponent(g, e.inputs[1]), shifted(g, e.inputs[0])
    if u is None or s is None or s.constant != -s.sign:
        return None
    v = exponent(g, s.x)
    if v is None or not g.same(u, v):
        return None
    return Match(
        "(exp(2 * x) - 1) / (exp(2 * x) + 1) -> tanh(x)",
        lambda get: trigonometry.tanh(0.5 * s.sign * get(v)),
    )


def _sine(g: Graph, e: Eqn) -> Match | None:
    """(exp(x) - exp(-x)) / 2."""
    pairs = both_orders(e) if e.primitive is mul else ((e.inputs[1], e.inputs[0]),)
    half = 0.5 if e.primitive is mul else 2
    for number, top in pairs:
        found = None
        if g.uniform(number) == half:
            found = _opposite_exponents(g, operand(g, top, sub))
        if found is not None:
            return _sinh(*found)
    return None


def _sinh(sign: int, x: Atom) -> Match:
    return Match(
        "(exp(x) - exp(-x)) / 2 -> sinh(x)", lambda get: trigonometry.sinh(scaled(sign, get(x)))
    )


def _times_sigmoid(g: Graph, e: Eqn) -> Match | None:
    """A quotient y / (1 + exp(-x))."""
    u = one_plus_exponent(g, e.inputs[1])
    if u is None:
        return None
    sign, x = signed(g, u)
    y = e.inputs[0]
    return Match(
        "y / (1 + exp(-x)) -> y * sigmoid(x)",
        lambda get: value_of(g, get, y) * logistic(scaled(-sign, get(x))),
    )


_CANCELLING = frozenset([exponentials.exp, trigonometry.cos, logistic, powers.power])
_EXP = frozenset([exponentials.exp, powers.power])

RULES = (
    Rule(sub, _CANCELLING, _difference_from_one),
    Rule(add, _CANCELLING, _difference_from_one),
    Rule(div, _EXP, _quotient),
    Rule(powers.reciprocal, _EXP, _quotient),
    Rule(powers.power, _EXP, _quotient),
    Rule(mul, _EXP, _sine),
)
