"""Sums over the steps of a loop: one large product instead of a small one in each step.

The cotangent of a matrix that every step multiplies with is a sum of products over the steps. Where
the factors are stacked over the steps anyway, the sum is one contraction over steps, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..compiler.passes.prune import drop_dead_code
from ..core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..ops.contraction.dot_general import dot_general, with_leading_axis
from ..ops.pointwise.arithmetic import add


class Product(NamedTuple):
    """A sum over steps: its place among the accumulators, and its stacked factors.

    A factor is ("x", i), the i-th scanned input, or ("y", i), the i-th stacked output.
    """

    place: int
    params: dict[str, Any]
    left: tuple[str, int]
    right: tuple[str, int]


class Hoisted(NamedTuple):
    """A loop body without some accumulators, the products that replace them, and new outputs."""

    body: Jaxpr
    products: tuple[Product, ...]
    extra: int


def hoist_products(body: Jaxpr, first: int, count: int, carry: int) -> Hoisted:
    """Take sums of products out of a loop.

    Args:
        body: (consts, accumulators, other carries, xs) -> (accumulators, other carries, ys).
        first: number of consts.
        count: number of accumulators.
        carry: number of other carries.

    Returns:
        The body that is left, the products, and how many stacked outputs it has more.
    """
    uses = _count_uses(body)
    made = {v: e for e in body.eqns for v in e.outvars}
    xs = {v: i for i, v in enumerate(body.invars[first + count + carry :])}
    outs = body.outvars[count + carry :]
    ys: dict[Any, int] = {a: i for i, a in enumerate(outs) if type(a) is not Literal}
    added: list[Any] = []
    products = []
    for k in range(count):
        e = _summand(body, made, uses, first, k)
        if e is None:
            continue
        stacked = [v in xs or v in ys for v in e.inputs]
        small = [v.aval.size <= e.outvars[0].aval.size for v in e.inputs]
        constant = any(type(v) is Literal or not (v in made or v in xs) for v in e.inputs)
        if (
            constant
            or not any(stacked)
            or not all(s or n for s, n in zip(stacked, small, strict=True))
        ):
            continue
        for v in e.inputs:
            if v not in xs and v not in ys:
                ys[v] = len(outs) + len(added)
                added.append(v)
        factors = [("x", xs[v]) if v in xs else ("y", ys[v]) for v in e.inputs]
        products.append(Product(k, with_leading_axis(e.params), *factors))
    if not products:
        return Hoisted(body, (), 0)
    gone = {p.place for p in products}
    kept = [k for k in range(count) if k not in gone]
    invars = [v for i, v in enumerate(body.invars) if i - first not in gone]
    outvars = [
        *(body.outvars[k] for k in kept), *body.outvars[count:], *added
    ]  # fmt: skip
    left = drop_dead_code(Jaxpr(body.constvars, invars, body.eqns, outvars, body.consts))
    return Hoisted(left, tuple(products), len(added))


def _count_uses(body: Jaxpr) -> dict[Var, int]:
    uses: dict[Var, int] = {}
    for atoms in (*(e.inputs for e in body.eqns), body.outvars):
        for a in atoms:
            if type(a) is not Literal:
                uses[a] = uses.get(a, 0) + 1
    return uses


def _summand(
    body: Jaxpr, made: dict[Var, Eqn], uses: dict[Var, int], first: int, k: int
) -> Eqn | None:
    """The product that a step adds to the k-th accumulator and to nothing else."""
    total, out = body.invars[first + k], body.outvars[k]
    e = made.get(out) if isinstance(out, Var) else None
    if e is None or e.primitive is not add or total not in e.inputs or uses[total] != 1:
        return None
    (term,) = [a for a in e.inputs if a is not total]
    product = made.get(term) if isinstance(term, Var) else None
    if product is None or product.primitive is not dot_general:
        return None
    same = term.aval.shape == total.aval.shape and term.aval.dtype == total.aval.dtype
    once = all(uses[v] == 1 for v in (*e.outvars, *product.outvars))
    return product if same and once else None


def add_products(
    hoisted: Hoisted, totals: Sequence[Any], xs: Sequence[Any], ys: Sequence[Any]
) -> list[Any]:
    """All accumulators from those that the loop has kept, its inputs, and its outputs.

    Args:
        hoisted: what ``hoist_products`` returned.
        totals: accumulators that the loop has kept.
        xs: scanned inputs.
        ys: stacked outputs, the additional ones at the end.
    """
    found = list(totals)
    for product in sorted(hoisted.products, key=lambda p: p.place):
        left, right = ((xs if kind == "x" else ys)[i] for kind, i in (product.left, product.right))
        found.insert(product.place, dot_general(left, right, **product.params))
    return found
