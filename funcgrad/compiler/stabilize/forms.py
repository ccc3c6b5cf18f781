"""The parts that the tables of rewrites recognise, in every spelling: exp, sigmoid, softmax, ..."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ...core.jaxpr import Atom, Eqn
from ...core.primitive import Primitive
from ...ops.pointwise import exponentials, powers, trigonometry
from ...ops.pointwise.arithmetic import add, div, mul, neg, sub
from ...ops.pointwise.comparison import maximum
from ...ops.pointwise.special import logistic
from ...ops.reductions.reducing import logsumexp, reduce_max
from ...ops.shape import broadcast, reduce_sum, reshape, transpose
from ...ops.structural.indexing import index
from ...ops.structural.stop import stop
from .graph import Graph

LAYOUT = frozenset([reshape, transpose, broadcast, index])


def operand(g: Graph, a: Atom, *primitives: Primitive) -> Eqn | None:
    """The equation of an atom, if it is by one of some operators."""
    e = g.eqn(a)
    return e if e is not None and e.primitive in primitives else None


def both_orders(e: Eqn) -> tuple[tuple[Atom, Atom], tuple[Atom, Atom]]:
    """The operands of a commutative operation, either way round."""
    x, y = e.inputs
    return (x, y), (y, x)


def signed(g: Graph, a: Atom) -> tuple[int, Atom]:
    """An atom as sign * x, with x no negation."""
    sign = 1
    while True:
        a = g.resolve(a)
        e = operand(g, a, neg, mul, div)
        if e is None:
            return sign, a
        if e.primitive is neg:
            sign, a = -sign, e.inputs[0]
            continue
        x, y = e.inputs
        if g.uniform(y) == -1:
            sign, a = -sign, x
        elif e.primitive is mul and g.uniform(x) == -1:
            sign, a = -sign, y
        else:
            return sign, a


class Shifted(NamedTuple):
    """constant + sign * x."""

    constant: float
    sign: int
    x: Atom


def shifted(g: Graph, a: Atom) -> Shifted | None:
    """An atom as the sum of a constant and something else."""
    sign, a = signed(g, a)
    e = operand(g, a, add, sub)
    if e is None:
        return None
    second = 1 if e.primitive is add else -1
    x, y = e.inputs
    c = g.uniform(x)
    if c is not None:
        sign_y, y = signed(g, y)
        return Shifted(sign * c, sign * second * sign_y, y)
    c = g.uniform(y)
    if c is None:
        return None
    sign_x, x = signed(g, x)
    return Shifted(sign * second * c, sign * sign_x, x)


def exponent(g: Graph, a: Atom) -> Atom | None:
    """The x of exp(x), or None."""
    e = operand(g, a, exponentials.exp, powers.power)
    if e is None:
        return None
    if e.primitive is exponentials.exp:
        return e.inputs[0]
    return e.inputs[1] if g.uniform(e.inputs[0]) == math.e else None


def one_plus_exponent(g: Graph, a: Atom) -> Atom | None:
    """The x of 1 + exp(x), or None."""
    s = shifted(g, a)
    if s is None or s.constant != 1 or s.sign != 1:
        return None
    return exponent(g, s.x)


def sigmoid(g: Graph, a: Atom, top: int = 1) -> tuple[int, Atom] | None:
    """Sign or factor c, and x, of an atom that is top times the sigmoid of c * x; or None."""
    e = operand(g, a, logistic, div, powers.reciprocal, powers.power, add, sub, mul)
    if e is None or (top != 1 and e.primitive is not div):
        return None
    if e.primitive is logistic:
        return signed(g, e.inputs[0])
    if e.primitive in (add, sub):
        s = shifted(g, a)
        if s is None or s.constant != 1 or s.sign != -1:
            return None
        found = sigmoid(g, s.x)
        return None if found is None else (-found[0], found[1])
    return _half_plus_tanh(g, e) if e.primitive is mul else _logistic_quotient(g, e, top)


def _logistic_quotient(g: Graph, e: Eqn, top: int) -> tuple[int, Atom] | None:
    """1 / (1 + exp(-x)) and exp(x) / (1 + exp(x))."""
    if e.primitive is powers.power and g.uniform(e.inputs[1]) != -1:
        return None
    u = one_plus_exponent(g, e.inputs[1] if e.primitive is div else e.inputs[0])
    if u is None:
        return None
    sign, x = signed(g, u)
    if e.primitive is not div or g.uniform(e.inputs[0]) == top:
        return -sign, x
    numerator = exponent(g, e.inputs[0]) if top == 1 else None
    return (sign, x) if numerator is not None and g.same(numerator, u) else None


def _half_plus_tanh(g: Graph, e: Eqn) -> tuple[int, Atom] | None:
    """(1 + tanh(x)) / 2, which is sigmoid(2 * x)."""
    for half, y in both_orders(e):
        s = shifted(g, y) if g.uniform(half) == 0.5 else None
        if s is not None and s.constant == 1:
            t = operand(g, s.x, trigonometry.tanh)
            if t is not None:
                return 2 * s.sign, t.inputs[0]
    return None


def squared(g: Graph, a: Atom) -> Atom | None:
    """The x of x * x, x**2 or square(x), or None."""
    e = operand(g, a, powers.square, powers.power, mul)
    if e is None:
        return None
    if e.primitive is powers.square:
        return e.inputs[0]
    if e.primitive is powers.power:
        return e.inputs[0] if g.uniform(e.inputs[1]) == 2 else None
    return e.inputs[0] if g.same(*e.inputs) else None


def rooted(g: Graph, e: Eqn) -> Atom | None:
    """The x of an equation sqrt(x) or x**0.5, or None."""
    if e.primitive is powers.sqrt:
        return e.inputs[0]
    return e.inputs[0] if g.uniform(e.inputs[1]) == 0.5 else None


# --- values behind changes of layout --------------------------------------------------------------


def unplaced(
    g: Graph, a: Atom, through: Callable[[Graph, Atom], Atom | None] | None = None
) -> tuple[Atom, list[Eqn]]:
    """The value behind reshapes, transpositions, broadcasts and indices, and these in order.

    ``through(g, a)`` may give what an elementwise operation, which is passed too, was applied to.
    """
    steps: list[Eqn] = []
    while True:
        a = g.resolve(a)
        e = operand(g, a, *LAYOUT)
        if e is not None:
            steps.append(e)
            a = e.inputs[0]
            continue
        inner = None if through is None else through(g, a)
        if inner is None:
            return a, steps[::-1]
        a = inner


def axes_after(
    names: tuple[int, ...], shape: tuple[int, ...], steps: list[Eqn]
) -> tuple[int | None, ...] | None:
    """For each axis after some moves, the named axis that it was; None for those of size 1.

    None for all together where an operation merges, splits or cuts axes.
    """
    axes = tuple(n if d != 1 else None for n, d in zip(names, shape, strict=True))
    for e in steps:
        new = e.outvars[0].aval.shape
        if e.primitive is transpose:
            axes = tuple(axes[i] for i in e.params["perm"])
        else:
            if [d for d in shape if d != 1] != [d for d in new if d != 1]:
                return None
            if e.primitive is index and any(
                k is not None and k != 0 and k != (None, None, None) for k in e.params["key"]
            ):
                return None
            kept = iter([n for n in axes if n is not None])
            axes = tuple(None if d == 1 else next(kept) for d in new)
        shape = new
    return axes


class Quotient(NamedTuple):
    """exp(x) / sum(exp(x)) over axes, then moved.

    ``safe`` if a maximum was subtracted from x before; ``limited`` if the sum is at least 1.
    """

    x: Atom
    axes: tuple[int, ...]
    steps: list[Eqn]
    limited: bool
    safe: bool


def softmax(g: Graph, a: Atom) -> Quotient | None:
    """An atom as the softmax of something, or None."""
    e = operand(g, a, div)
    if e is None:
        return None
    top, steps = unplaced(g, e.inputs[0])
    x = exponent(g, top)
    if x is None or g.resolve(x).aval.shape != top.aval.shape:
        return None
    below, moves = unplaced(g, e.inputs[1], _unlimited)
    return quotient(g, x, steps, below, moves, _is_limited(g, e.inputs[1]))


def log_softmax_by_parts(g: Graph, e: Eqn) -> Quotient | None:
    """The equation x - log(sum(exp(x))) as the softmax it is the logarithm of, or None."""
    below, moves = unplaced(g, e.inputs[1], _unlogged)
    if operand(g, below, reduce_sum, logsumexp) is None:
        return None
    x, steps = unplaced(g, e.inputs[0])
    return None if from_largest(g, x) else quotient(g, x, steps, below, moves, False)


def quotient(
    g: Graph, x: Atom, steps: list[Eqn], below: Atom, moves: list[Eqn], limited: bool
) -> Quotient | None:
    """The quotient of exp(x) and a moved sum, or None.

    The sum must be that of exp(x), along axes which it is broadcast over.
    """
    summed = operand(g, below, reduce_sum, logsumexp)
    if summed is None or (limited and not from_largest(g, x)):
        return None
    other = summed.inputs[0]
    if summed.primitive is reduce_sum:
        other = exponent(g, other)
    if other is None or not g.same(x, other):
        return None
    shape = summed.inputs[0].aval.shape
    axes = summed.params["axes"]
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    top = axes_after(tuple(range(len(shape))), shape, steps)
    bottom = axes_after(rest, summed.outvars[0].aval.shape, moves)
    if top is None or bottom is None or len(bottom) > len(top) or 0 in shape:
        return None
    aligned = zip(reversed(bottom), reversed(top), strict=False)
    if any(i is not None and i != j for i, j in aligned):
        return None
    return Quotient(unshifted(g, x, axes), axes, steps, limited, from_largest(g, x))


def unshifted(g: Graph, x: Atom, axes: tuple[int, ...]) -> Atom:
    """The y of x = y - max(y), which has the same softmax along axes, or x itself."""
    if not from_largest(g, x):
        return x
    y, largest = operand(g, x, sub).inputs  # type: ignore[union-attr]
    ndim, shape = len(x.aval.shape), largest.aval.shape
    along = [shape[i - ndim] if ndim - i <= len(shape) else 1 for i in axes]
    return y if y.aval == x.aval and all(d == 1 for d in along) else x


def _unlimited(g: Graph, a: Atom) -> Atom | None:
    """The x of maximum(x, 1), or None."""
    e = operand(g, a, maximum)
    if e is not None:
        for c, x in both_orders(e):
            if g.uniform(c) == 1:
                return x
    return None


def _is_limited(g: Graph, a: Atom) -> bool:
    return _unlimited(g, unplaced(g, a)[0]) is not None


def _unlogged(g: Graph, a: Atom) -> Atom | None:
    e = operand(g, a, exponentials.log)
    if e is None:
        return None
    below, _ = unplaced(g, e.inputs[0])
    summed = operand(g, below, reduce_sum)
    return None if summed is None or exponent(g, summed.inputs[0]) is None else e.inputs[0]


def from_largest(g: Graph, a: Atom) -> bool:
    """True if an atom is x - max(x), so that its exponential cannot overflow."""
    e = operand(g, a, sub)
    if e is None:
        return False
    x, m = e.inputs
    while True:
        m, _ = unplaced(g, m)
        found = operand(g, m, maximum, stop, reduce_max)
        if found is None:
            return False
        if found.primitive is reduce_max:
            return g.same(_unstopped(g, found.inputs[0]), x)
        if found.primitive is stop:
            m = found.inputs[0]
            continue
        rest = [b for b in found.inputs if g.uniform(b) is None]
        if len(rest) != 1:
            return False
        m = rest[0]


def _unstopped(g: Graph, a: Atom) -> Atom:
    e = operand(g, a, stop)
    return a if e is None else e.inputs[0]
