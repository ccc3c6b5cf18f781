"""Products: their logarithms, and products with the logarithm of a factor."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...core.dtypes import finfo
from ...core.jaxpr import Atom, Eqn
from ...ops.linalg.determinants import det, slogdet
from ...ops.pointwise import exponentials
from ...ops.pointwise.arithmetic import div, mul, sub
from ...ops.pointwise.comparison import (
    equal,
    greater,
    isfinite,
    less,
    less_equal,
    logical_and,
    logical_or,
    select,
)
from ...ops.pointwise.complex import absolute, sign
from ...ops.pointwise.logarithms import xlogratio, xlogx
from ...ops.reductions.reducing import reduce_prod
from ...ops.shape import reduce_sum
from ...ops.structural.stop import stop
from ...typing import Array
from .forms import both_orders, operand, signed, unplaced
from .graph import Graph
from .logs import logarithm, moved, scaled
from .rewriting import Builder, Match, Rule, value_of

ROUNDING = 8
"""A sum of logarithms may be off by so many times its rounding error."""


def _log(g: Graph, e: Eqn) -> Match | None:
    """log(prod(x)), log(det(a)), and the same of absolute values."""
    a, steps = unplaced(g, e.inputs[0])
    size = operand(g, a, absolute)
    if size is not None:
        a, more = unplaced(g, size.inputs[0])
        steps = more + steps
    made = operand(g, a, reduce_prod, det)
    if made is None:
        return None
    x, axes = made.inputs[0], made.params.get("axes")
    if made.primitive is det:
        name = "log(det(a)) -> slogdet(a)" if size is None else "log(abs(det(a))) -> slogdet(a)[1]"
    else:
        name = "log(prod(x)) -> sum(log(x))"
        if size is not None:
            name = "log(abs(prod(x))) -> sum(log(abs(x)))"

    def build(get: Builder) -> Array:
        if axes is None:
            s, value = slogdet(get(x))
        else:
            s, value = _log_product(get(x), axes, absolute if size is not None else _unsigned)
        if size is None:
            value = undefined_where(less(s, 0), value)
        return moved(value, steps)

    return Match(name, build)


def undefined_where(outside: Array, value: Array) -> Array:
    """A value that is NaN outside of its domain, and its derivatives with it."""
    nan = value.dtype.type(np.nan)
    return value * select(outside, nan, value.dtype.type(1))


def _unsigned(x: Array) -> Array:
    """|x|, whose slope at 0 is that from above, as the logarithm of a product has it."""
    return x * stop(select(less(x, 0), x.dtype.type(-1), x.dtype.type(1)))


def _log_product(
    x: Array, axes: tuple[int, ...], size_of: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """The sign of a product and the logarithm of its size.

    The sum of logarithms is right where the product overflows or underflows; elsewhere the
    logarithm of the product has the smaller rounding error, and is taken if the two agree.
    """
    logs = exponentials.log(size_of(x))
    total = reduce_sum(logs, axes=axes)
    bound = ROUNDING * finfo(x.dtype).eps * (1 + reduce_sum(absolute(logs), axes=axes))
    size = absolute(reduce_prod(x, axes=axes))
    usable = logical_and(isfinite(size), greater(size, 0))
    gap = stop(exponentials.log(select(usable, size, 1))) - stop(total)
    close = logical_and(usable, less_equal(absolute(gap), stop(bound)))
    return reduce_prod(sign(x), axes=axes), total + select(close, gap, 0)


_BASES = {
    exponentials.log: 1.0,
    exponentials.log2: 1 / math.log(2),
    exponentials.log10: 1 / math.log(10),
}


def _entropy(g: Graph, e: Eqn) -> Match | None:
    """A product x * log(x) or x * log(x / y)."""
    for a, b in both_orders(e):
        sign_a, x = signed(g, a)
        sign_b, b = signed(g, b)
        factor = sign_a * sign_b
        found = _with_log(g, x, b, factor) or _with_difference(g, x, b, factor)
        if found is not None:
            return found
    return None


def _with_log(g: Graph, x: Atom, b: Atom, factor: float) -> Match | None:
    e = operand(g, b, *_BASES)
    if e is None:
        return None
    factor *= _BASES[e.primitive]
    inner = e.inputs[0]
    if g.same(x, inner):
        log = logarithm(g, inner)
        if log is None:
            return Match(
                "x * log(x) -> xlogx(x), 0 at 0", lambda get: scaled(factor, xlogx(get(x)))
            )
        return Match(
            f"y * log(y) -> 0 at 0, with {log.name}",
            lambda get: scaled(factor, _product_with_log(get(x), log.value(get))),
        )
    ratio = operand(g, inner, div)
    if ratio is None or not g.same(x, ratio.inputs[0]):
        return None
    y = ratio.inputs[1]
    return Match(
        "x * log(x / y) -> xlogratio(x, y), 0 at 0",
        lambda get: scaled(factor, xlogratio(get(x), value_of(g, get, y))),
    )


def _product_with_log(x: Array, log: Array) -> Array:
    return select(equal(x, 0), 0, x * log)


def _with_difference(g: Graph, x: Atom, b: Atom, factor: float) -> Match | None:
    """A product x * (log(x) - log(y)): of negative numbers NaN, as each logarithm."""
    e = operand(g, b, sub)
    logs = None if e is None else [operand(g, a, exponentials.log) for a in e.inputs]
    if logs is None or logs[0] is None or logs[1] is None:
        return None
    p, q = logs[0].inputs[0], logs[1].inputs[0]
    if g.same(x, q):
        p, q, factor = q, p, -factor
    if not g.same(x, p) or logarithm(g, p) is not None or logarithm(g, q) is not None:
        return None

    def build(get: Builder) -> Array:
        x, y = get(p), get(q) + 0.0  # not -0, which has the logarithm of 0, too
        value = scaled(factor, xlogratio(x, y))
        return undefined_where(logical_or(less(x, 0), less(y, 0)), value)

    return Match("x * (log(x) - log(y)) -> xlogratio(x, y), 0 at 0", build)


RULES = (
    Rule(exponentials.log, frozenset([reduce_prod, det]), _log),
    Rule(mul, frozenset(_BASES), _entropy),
)
