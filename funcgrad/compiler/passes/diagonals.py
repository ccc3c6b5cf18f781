"""Products with matrices of which only the diagonal is not zero, as products with the diagonal.

The cotangent of a diagonal is such a matrix. That its zeros are strong is what allows to leave them
out: they would not make NaN of infinities in the other factor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.contraction.dot_general import dot_general
from ...ops.pointwise.arithmetic import add, mul_strong
from ...ops.shape import reshape, transpose
from ...ops.structural.gather import scatter_add


def multiply_with_diagonals(jaxpr: Jaxpr) -> Jaxpr:
    """Replace contractions with diagonal matrices by elementwise products."""
    known = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))
    diagonals = {e.outvars[0]: e.inputs[0] for e in jaxpr.eqns if is_diagonal(e, known.get)}
    if not diagonals:
        return jaxpr
    eqns: list[Eqn] = []
    for e in jaxpr.eqns:
        eqns += _elementwise(e, diagonals) or [e]
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)


def is_diagonal(e: Eqn, constant: Callable[[Any], Any]) -> bool:
    """True if an equation puts a vector on the diagonal of a square matrix of zeros.

    ``constant`` gives the values of variables that are known.
    """
    if e.primitive is not scatter_add or len(e.inputs) != 3 or type(e.inputs[0]) is Literal:
        return False
    v, n = e.inputs[0].aval, e.params["shape"][0]
    if v.symbolic or v.shape != (n,) or e.params["shape"] != (n, n):
        return False
    places = [constant(a) if type(a) is not Literal else None for a in e.inputs[1:]]
    return all(isinstance(p, np.ndarray) and np.array_equal(p, np.arange(n)) for p in places)


def _elementwise(e: Eqn, diagonals: dict[Any, Any]) -> list[Eqn]:
    """The equations that do the same without the matrix; none if there are no such."""
    if e.primitive is not dot_general or e.params["strong"] is None:
        return []
    which = e.params["strong"]
    matrix, x, out = e.inputs[which], e.inputs[1 - which], e.outvars[0]
    v = diagonals.get(matrix) if type(matrix) is not Literal else None
    if v is None or type(x) is Literal or x.aval.ndim not in (1, 2):
        return []
    if e.params["batch"] != ((), ()) or x.aval.symbolic or not x.aval.size:
        return []
    if len(e.params["contract"][0]) != 1 or not x.aval.dtype == v.aval.dtype == out.aval.dtype:
        return []
    (axis,) = e.params["contract"][1 - which]
    made: list[Eqn] = []

    def step(primitive: Any, inputs: list[Any], params: dict[str, Any], shape: Any) -> Var:
        new = Var(Aval(shape, out.aval.dtype))
        made.append(Eqn(primitive, inputs, params, [new], e.source))
        return new

    shape = out.aval.shape
    if (
        x.aval.ndim == 2 and axis == 1 - which
    ):  # the contracted axis is to stand as the diagonal does
        x = step(transpose, [x], {"perm": (1, 0)}, shape)
    if x.aval.ndim == 2 and which == 0:
        column = (shape[0], 1)
        v = step(reshape, [v], {"shape": column}, column)
    product = step(mul_strong, [v, x], {}, shape)
    zero = Literal(out.aval.dtype.type(0), Aval((), out.aval.dtype))  # a sum has no negative zero
    made.append(Eqn(add, [product, zero], {}, [out], e.source))
    return made


__all__ = ["is_diagonal", "multiply_with_diagonals"]
