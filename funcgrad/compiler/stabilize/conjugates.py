"""Differences of roots by their conjugates, and what is made of them: asinh, acosh, tan - sin."""

from __future__ import annotations

from math import inf

from ...core.jaxpr import Atom, Eqn
from ...ops.pointwise import exponentials, powers, trigonometry
from ...ops.pointwise.arithmetic import add, sub
from ...ops.pointwise.comparison import select
from ...ops.pointwise.complex import absolute
from ...typing import Array
from .forms import Shifted, operand, rooted, shifted, signed, squared
from .graph import Graph
from .rewriting import Builder, Match, Rule, value_of


def _under_root(g: Graph, a: Atom) -> Atom | None:
    """The x of sqrt(x) or x**0.5, or None."""
    e = operand(g, a, powers.sqrt, powers.power)
    return None if e is None else rooted(g, e)


class _Difference:
    """A difference of two atoms that is known without subtracting them: a number, or ±x."""

    def __init__(self, number: float = 0.0, sign: int = 1, x: Atom | None = None) -> None:
        self.number = number
        self.sign = sign
        self.x = x

    def value(self, g: Graph, get: Builder) -> Array | float:
        if self.x is None:
            return self.number
        value = value_of(g, get, self.x)
        return value if self.sign > 0 else -value


def _apart(g: Graph, a: Atom, b: Atom) -> _Difference | None:
    """The difference a - b of x + c and x, or of x + y and x; None of others."""
    s, t = (shifted(g, x) or Shifted(0.0, *signed(g, x)) for x in (a, b))
    if s.sign == t.sign and s.constant != t.constant and g.same(s.x, t.x):
        return _Difference(s.constant - t.constant)
    for whole, part, sign in ((a, b, 1), (b, a, -1)):
        e = operand(g, whole, add, sub)
        if e is None:
            continue
        x, y = e.inputs
        if g.same(x, part):
            return _Difference(sign=sign if e.primitive is add else -sign, x=y)
        if e.primitive is add and g.same(y, part):
            return _Difference(sign=sign, x=x)
    return None


def _two_roots(g: Graph, e: Eqn) -> Match | None:
    """sqrt(x + y) - sqrt(x)."""
    a, b = (_under_root(g, x) for x in e.inputs)
    if a is None or b is None:
        return None
    apart = _apart(g, a, b)
    if apart is None:
        return None

    def build(get: Builder) -> Array:
        first, second = powers.sqrt(get(a)), powers.sqrt(get(b))
        total = first + second
        known = (total > 0) & (total < inf)
        return select(known, apart.value(g, get) / select(known, total, 1), first - second)

    return Match("sqrt(x + y) - sqrt(x) -> y / (sqrt(x + y) + sqrt(x))", build)


def _beside_square(g: Graph, inner: Atom, y: Atom) -> tuple[int, Atom] | None:
    """The sign and the d of an atom y**2 + sign * d, or None."""
    e = operand(g, inner, add, sub)
    if e is None:
        return None
    second = 1 if e.primitive is add else -1
    ways = ((*e.inputs, second),) if second < 0 else ((*e.inputs, 1), (*e.inputs[::-1], 1))
    for square, d, sign in ways:
        base = squared(g, square)
        if base is not None and g.same(signed(g, base)[1], y):
            return sign, d
    return None


def _root_and_base(g: Graph, e: Eqn) -> Match | None:
    """sqrt(y**2 + d) - y, and with other signs: the roots of quadratic equations."""
    second = 1 if e.primitive is add else -1
    (s, x), (t, y) = (signed(g, a) for a in e.inputs)
    for root, base, root_sign, sign in ((x, y, s, second * t), (y, x, second * t, s)):
        inner = _under_root(g, root)
        found = None if inner is None else _beside_square(g, inner, base)
        if found is not None:
            return _by_conjugate(g, root, base, root_sign, sign * root_sign, *found)
    return None


def _by_conjugate(
    g: Graph, root: Atom, base: Atom, outer: int, sign: int, sign_of_d: int, d: Atom
) -> Match:
    """Outer * (sqrt(y**2 ± d) + sign * y), as ±d / (sqrt(y**2 ± d) - sign * y) if it cancels."""
    square = squared(g, d) if sign_of_d > 0 else None

    def build(get: Builder) -> Array:
        y = get(base) if sign > 0 else -get(base)
        size = absolute(y)
        there = select(size == 0, 1, size)
        if square is None:
            value = value_of(g, get, d)
            value = value if sign_of_d > 0 else -value
            share, root_far = value / there / there, get(root)
        else:
            value = get(square)
            share, root_far = powers.square(value / there), trigonometry.hypot(y, value)
        # Nothing cancels where d is larger than y**2, and y**2 may overflow where it is not.
        near = (absolute(share) <= 1) & (size > 0) & (size < inf)
        root_near = there * powers.sqrt(1 + share)
        below = root_near + there
        quotient = value / below if square is None else value * (value / below)
        found = select(near & (y < 0), quotient, select(near, root_near, root_far) + y)
        return found if outer > 0 else -found

    return Match("sqrt(y**2 + d) - y -> d / (sqrt(y**2 + d) + y)", build)


def _inverse_hyperbolic(g: Graph, e: Eqn) -> Match | None:
    """log(x + sqrt(x**2 - 1)) and log(x + sqrt(x**2 + 1))."""
    total = operand(g, e.inputs[0], add)
    if total is None:
        return None
    for root, x in (total.inputs, total.inputs[::-1]):
        inner = _under_root(g, root)
        s = None if inner is None else shifted(g, inner)
        base = None if s is None or s.sign < 0 else squared(g, s.x)
        if base is None or not g.same(base, x):
            continue
        if s.constant == 1:  # type: ignore[union-attr]
            return Match(
                "log(x + sqrt(x**2 + 1)) -> asinh(x)",
                lambda get: trigonometry.arcsinh(get(x)),  # noqa: B023
            )
        if s.constant == -1:  # type: ignore[union-attr]
            return Match(
                "log(x + sqrt(x**2 - 1)) -> acosh(x)",
                lambda get: trigonometry.arccosh(get(x)),  # noqa: B023
            )
    return None


def _tangent_less_sine(g: Graph, e: Eqn) -> Match | None:
    """tan(x) - sin(x) and sin(x) - tan(x)."""
    for (a, b), sign in ((e.inputs, 1), (e.inputs[::-1], -1)):
        t, s = operand(g, a, trigonometry.tan), operand(g, b, trigonometry.sin)
        if t is None or s is None or not g.same(t.inputs[0], s.inputs[0]):
            continue
        x = t.inputs[0]

        def build(get: Builder, x: Atom = x, sign: int = sign) -> Array:
            half = powers.square(trigonometry.sin(0.5 * get(x)))
            return trigonometry.tan(get(x)) * (2.0 * sign * half)

        return Match("tan(x) - sin(x) -> 2 * tan(x) * sin(x / 2)**2", build)
    return None


_ROOTS = frozenset([powers.sqrt, powers.power])

RULES = (
    Rule(sub, _ROOTS, _two_roots),
    Rule(sub, _ROOTS, _root_and_base),
    Rule(add, _ROOTS, _root_and_base),
    Rule(exponentials.log, _ROOTS, _inverse_hyperbolic),
    Rule(sub, frozenset([trigonometry.tan]), _tangent_less_sine),
)
