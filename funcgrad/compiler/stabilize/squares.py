"""Roots, differences and sums of squares that overflow, cancel, or have no derivative at 0."""

from __future__ import annotations

from ...core.dtypes import finfo
from ...core.jaxpr import Atom, Eqn
from ...ops.contraction.dot_general import dot_general
from ...ops.linalg.norms import vector_norm
from ...ops.pointwise import powers, trigonometry
from ...ops.pointwise.arithmetic import add, div, mul, sub
from ...ops.pointwise.comparison import minimum
from ...ops.pointwise.complex import absolute
from ...ops.shape import reduce_sum
from ...ops.structural.stop import stop
from ...typing import Array
from .forms import operand, rooted, shifted, squared, unplaced
from .graph import Graph
from .logs import moved
from .rewriting import Builder, Match, Rule


def _root(g: Graph, e: Eqn) -> Match | None:
    a = rooted(g, e)
    if a is None:
        return None
    x = squared(g, a)
    if x is not None:
        return Match("sqrt(x**2) -> abs(x)", lambda get: absolute(get(x)))
    return _hypot(g, a) or _norm(g, a) or _root_mean_square(g, a)


def _hypot(g: Graph, a: Atom) -> Match | None:
    """The root of two squares; of more, nested hypots would take several times as long."""
    total = operand(g, a, add)
    if total is None:
        return None
    x, y = (squared(g, b) for b in total.inputs)
    if x is None or y is None:
        return None
    return Match("sqrt(x**2 + y**2) -> hypot(x, y)", lambda get: trigonometry.hypot(get(x), get(y)))


def _sum_of_squares(g: Graph, a: Atom) -> tuple[Atom, tuple[int, ...], list[Eqn]] | None:
    """The x, the axes and the moves of a sum of x**2 along axes, or None."""
    base, steps = unplaced(g, a)
    e = operand(g, base, reduce_sum)
    if e is not None:
        x = squared(g, e.inputs[0])
        if x is None or g.resolve(x).aval.shape != e.inputs[0].aval.shape:
            return None
        return x, e.params["axes"], steps
    e = operand(g, base, dot_general)
    if e is None or e.params["strong"] is not None or not g.same(*e.inputs):
        return None
    contract, batch = e.params["contract"], e.params["batch"]
    ndim = len(e.inputs[0].aval.shape)
    if contract[0] != contract[1] or batch[0] != batch[1] or list(batch[0]) != sorted(batch[0]):
        return None
    if len(contract[0]) + len(batch[0]) != ndim:
        return None
    return e.inputs[0], tuple(sorted(contract[0])), steps


def _norm(g: Graph, a: Atom) -> Match | None:
    found = _sum_of_squares(g, a)
    if found is None:
        return None
    return Match("sqrt(sum(x**2)) -> norm(x)", lambda get: _moved_norm(get, *found))


def _root_mean_square(g: Graph, a: Atom) -> Match | None:
    base, steps = unplaced(g, a)
    e = operand(g, base, div)
    count = None if e is None else g.uniform(e.inputs[1])
    if e is None or count is None or count <= 0:
        return None
    found = _sum_of_squares(g, e.inputs[0])
    if found is None:
        return None
    x, axes, moves = found
    return Match(
        "sqrt(sum(x**2) / n) -> norm(x) / sqrt(n)",
        lambda get: _moved_norm(get, x, axes, moves + steps, count**0.5),
    )


def _moved_norm(
    get: Builder, x: Atom, axes: tuple[int, ...], steps: list[Eqn], divisor: float = 1.0
) -> Array:
    total = moved(vector_norm(get(x), axes=axes, order=2), steps)
    return total if divisor == 1 else total / divisor


def _difference(g: Graph, e: Eqn) -> Match | None:
    """A difference x**2 - y**2; if one is broadcast, the product would take longer."""
    x, y = (squared(g, a) for a in e.inputs)
    if x is None or y is None or x.aval.shape != y.aval.shape:
        return None
    return Match(
        "x**2 - y**2 -> (x - y) * (x + y)", lambda get: powers.difference_of_squares(get(x), get(y))
    )


def _root_minus_one(g: Graph, e: Eqn) -> Match | None:
    """sqrt(1 + x) - 1 and 1 - sqrt(1 + x)."""
    s = shifted(g, e.outvars[0])
    if s is None or s.constant != -s.sign:
        return None
    root = operand(g, s.x, powers.sqrt, powers.power)
    inner = None if root is None else rooted(g, root)
    shift = None if inner is None else shifted(g, inner)
    if shift is None or shift.constant != 1:
        return None
    x = shift.x
    return Match(
        "sqrt(1 + x) - 1 -> x / (sqrt(1 + x) + 1)",
        lambda get: _root_less_one(shift.sign * get(x) if shift.sign < 0 else get(x), s.sign),
    )


def _root_less_one(x: Array, sign: int) -> Array:
    """The difference and its error, known from the quotient, which does not cancel.

    The error counts as constant, so that the derivative is that of the root.
    """
    rough = powers.sqrt(1 + x) - 1
    finite = minimum(stop(rough), float(finfo(rough.dtype).max))
    value = rough + (stop(x) / (finite + 2) - finite)
    return value if sign > 0 else -value


_SQUARES = frozenset([powers.square, powers.power, mul, dot_general])
_ROOTS = frozenset([powers.sqrt, powers.power])

RULES = (
    Rule(powers.sqrt, _SQUARES, _root),
    Rule(powers.power, _SQUARES, _root),
    Rule(sub, _SQUARES, _difference),
    Rule(sub, _ROOTS, _root_minus_one),
    Rule(add, _ROOTS, _root_minus_one),
)
