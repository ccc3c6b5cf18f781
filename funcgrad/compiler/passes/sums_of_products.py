"""Sums of products over the steps of a scan, as one contraction over the steps after it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Literal, Var
from ...ops.contraction.dot_general import dot_general, with_leading_axis
from ...ops.pointwise.arithmetic import add, mul, mul_strong
from ...ops.shape import reshape, transpose
from ..costs import nbytes
from .drafts import Carried, Draft, Stacked

LARGE = 1 << 12
"""Elements of a sum from which on it takes long to read and to write it."""


def sums_of_products(draft: Draft, most_bytes: int) -> list[Eqn]:
    """Take sums out of a scan of which no step reads what there is so far.

    Args:
        draft: the scan.
        most_bytes: what may be stacked for it.

    Returns:
        The equations that come after the scan.
    """
    uses = _uses(draft)
    stacked: dict[Any, Any] = {
        y.inside: y.result for y in draft.ys if type(y.inside) is not Literal
    }
    stacked |= {g.inside: g.operand for g in draft.xs}
    fixed = draft.fixed
    after: list[Eqn] = []
    for c, product, turned in list(_summands(draft, uses)):
        new = [a for a in dict.fromkeys(product.inputs) if a not in stacked]
        if not fixed.isdisjoint(product.inputs) or any(a.aval.weak for a in product.inputs):
            continue
        size = sum(map(nbytes, new))
        if 2 * size > nbytes(c.inside) or size * draft.length > most_bytes:
            continue
        for a in new:
            stacked[a] = draft.stack_of(a)
            draft.ys.append(Stacked(a, stacked[a]))
        found = Var(product.outvars[0].aval)
        x, y = (stacked[a] for a in product.inputs)
        if product.primitive is dot_general:
            after.append(Eqn(dot_general, [x, y], with_leading_axis(product.params), [found]))
        else:
            after += _outer(x, y, product, found)
        total = found
        if turned is not None:
            total = Var(c.inside.aval)
            after.append(Eqn(transpose, [found], turned.params, [total]))
        after.append(Eqn(add, [c.operand, total], {}, [c.result], product.source))
        draft.carry.remove(c)
    return after


def _uses(draft: Draft) -> dict[Any, int]:
    uses: dict[Any, int] = {}
    results = [*(c.new for c in draft.carry), *(y.inside for y in draft.ys)]
    for a in [*results, *(a for e in draft.eqns for a in e.inputs)]:
        uses[a] = uses.get(a, 0) + 1
    return uses


def _summands(draft: Draft, uses: dict[Any, int]) -> Iterator[tuple[Carried, Eqn, Eqn | None]]:
    """Parts of the carry to which each step only adds a product, this, and its transpose if so."""
    makers = {v: e for e in draft.eqns for v in e.outvars}

    def maker(a: Any) -> Eqn | None:
        return makers.get(a) if type(a) is not Literal and uses[a] == 1 else None

    for c in draft.carry:
        e = maker(c.new)
        if e is None or e.primitive is not add or uses[c.inside] != 1:
            continue
        terms = [a for a in e.inputs if a is not c.inside]
        if len(terms) != 1 or terms[0].aval != c.inside.aval or c.inside.aval.size < LARGE:
            continue
        product, turned = maker(terms[0]), None
        if product is not None and product.primitive is transpose:
            product, turned = maker(product.inputs[0]), product
        if product is None or any(type(a) is Literal for a in product.inputs):
            continue
        if product.primitive is dot_general or _order(product):
            yield c, product, turned


def _order(e: Eqn) -> int:
    """1 for a product of all elements of one array with all of another; -1 if the other's axes
    come first; 0 for other equations.
    """
    if e.primitive is not mul and e.primitive is not mul_strong:
        return 0
    x, y, out = (a.aval for a in (*e.inputs, *e.outvars))
    if x.size * y.size != out.size or x.dtype != y.dtype:
        return 0
    first, second = _axes(x, out.ndim), _axes(y, out.ndim)
    if first[-1:] < second[:1]:
        return 1
    return -1 if second[-1:] < first[:1] else 0


def _axes(a: Aval, ndim: int) -> list[int]:
    """The axes of a result along which an operand is longer than one."""
    return [ndim - a.ndim + i for i, d in enumerate(a.shape) if d != 1]


def _outer(x: Any, y: Any, product: Eqn, total: Var) -> list[Eqn]:
    """The sum over the leading axis of outer products."""
    order = _order(product)
    strong = None if product.primitive is mul else (0 if order == 1 else 1)
    eqns = []
    flat = []
    for a in (x, y)[::order]:
        shape = (a.aval.shape[0], math.prod(a.aval.shape[1:]))
        v = Var(Aval(shape, a.aval.dtype))
        eqns.append(Eqn(reshape, [a], {"shape": shape}, [v]))
        flat.append(v)
    square = Var(Aval((flat[0].aval.shape[1], flat[1].aval.shape[1]), total.aval.dtype))
    params = {"contract": ((0,), (0,)), "batch": ((), ()), "strong": strong}
    eqns.append(Eqn(dot_general, flat, params, [square]))
    eqns.append(Eqn(reshape, [square], {"shape": total.aval.shape}, [total]))
    return eqns


__all__ = ["sums_of_products"]
