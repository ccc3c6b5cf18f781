"""Products with an inverse matrix: solved instead, unless the inverse has other uses.

Then it is there anyway, and another factorisation would cost more than the product. With many
columns on the other side, products are several times as fast as triangular solves.
"""

from __future__ import annotations

import math

from ...core.jaxpr import Atom, Eqn
from ...ops.contraction.dot_general import dot_general
from ...ops.linalg.inverses import inv
from ...ops.linalg.matrices import swap
from ...ops.linalg.solving import solve
from ...ops.shape import reshape, transpose
from ...typing import Array
from .forms import operand, unplaced
from .graph import Graph
from .rewriting import Builder, Match, Rule

MOST_COLUMNS = 4
"""A system may have so many times as many columns as equations."""


def _product(g: Graph, e: Eqn) -> Match | None:
    if e.params["strong"] is not None or any(len(c) != 1 for c in e.params["contract"]):
        return None
    for i in (0, 1):
        inverse = _inverse(g, e.inputs[i])
        if inverse is not None and _leads(e, i) and not _is_wide(e, i):
            name = "inv(a) @ b -> solve(a, b)" if i == 0 else "b @ inv(a) -> solve(a.T, b.T).T"
            return _match(name, e, i, *inverse)
    return None


def _match(name: str, e: Eqn, i: int, a: Atom, turned: bool) -> Match:
    return Match(name, lambda get: _solved(get, e, i, a, turned))


def _inverse(g: Graph, x: Atom) -> tuple[Atom, bool] | None:
    """The matrix that an atom is the inverse of, and whether transposed; or None."""
    base, steps = unplaced(g, x)
    e = operand(g, base, inv)
    if e is None or g.uses(x) != 1 or g.uses(base) > 1:
        return None
    turned = False
    n = len(base.aval.shape)
    for step in steps:
        if step.primitive is transpose and step.params["perm"] == (*range(n - 2), n - 1, n - 2):
            turned = not turned
        elif step.primitive is not reshape or step.outvars[0].aval.shape != base.aval.shape:
            return None
    return e.inputs[0], turned


def _leads(e: Eqn, i: int) -> bool:
    """True if the inverse has no axes but those of the batch, in order, and its two."""
    batch = e.params["batch"][i]
    return batch == tuple(range(len(batch))) and len(e.inputs[i].aval.shape) == len(batch) + 2


def _is_wide(e: Eqn, i: int) -> bool:
    """True if systems with the inverse, operand i, would have many more columns than rows."""
    n = e.inputs[i].aval.shape[-1]
    x = e.inputs[1 - i].aval
    if x.symbolic:
        return False
    matrices = math.prod(x.shape[j] for j in e.params["batch"][1 - i])
    return x.size > MOST_COLUMNS * n * n * matrices


def _solved(get: Builder, e: Eqn, i: int, a: Atom, turned: bool) -> Array:
    """The contraction of an inverse, operand i, with the other one, as the solution of systems."""
    other = e.inputs[1 - i]
    b_shape, batch = other.aval.shape, e.params["batch"][1 - i]
    (k,), (inner,) = e.params["contract"][1 - i], e.params["contract"][i]
    rest = [j for j in range(len(b_shape)) if j != k and j not in batch]
    nb, n = len(batch), b_shape[k]
    b = _permuted(get(other), (*batch, k, *rest))
    lead, free = b.shape[:nb], b.shape[nb + 1 :]
    columns = 1
    for d in free:
        columns *= d
    matrix = get(a)
    if (inner == nb) is not turned:
        matrix = swap(matrix)
    x = solve(matrix, _shaped(b, (*lead, n, columns)), failing="nan")
    x = _shaped(x, (*lead, n, *free))
    last = range(nb + 1, nb + 1 + len(free))
    return x if i == 0 else _permuted(x, (*range(nb), *last, nb))


def _permuted(x: Array, perm: tuple[int, ...]) -> Array:
    return x if perm == tuple(range(len(perm))) else transpose(x, perm=perm)


def _shaped(x: Array, shape: tuple[int, ...]) -> Array:
    return x if x.shape == shape else reshape(x, shape=shape)


RULES = (Rule(dot_general, frozenset([inv]), _product, complex=True),)
