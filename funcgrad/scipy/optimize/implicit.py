"""Derivatives of what a search finds, from the equations that it solves.

Implicit function theorem: where F(x, p) = 0, the derivative of x in p is -F_x^-1 F_p, whatever the
search does. It holds where F_x has an inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import tree
from ...api.custom import custom_jvp
from ...api.jacobians import jacfwd
from ...api.jvp import jvp
from ...api.stop_gradient import stop_gradient
from ...errors import ConcretizationError, TracerError
from ...typing import Array, PyTree
from ..sparse.linalg import cg, gmres
from .explicit import is_traced

DENSE = 400
"""The number of unknowns up to which their matrix is built; beyond it is solved by iterations."""

Search = Callable[[Array, PyTree], tuple[Any, PyTree]]
"""From (where to start, operands) to (what has a derivative, what has none)."""


def implicitly(
    search: Search,
    tangent: Callable[[Any, PyTree, PyTree], Any],
    start: Array,
    operands: PyTree,
) -> tuple[Any, PyTree]:
    """What a search finds, with a derivative in the operands.

    Args:
        search: a search.
        tangent: from (found, operands, tangents of operands) to the tangent of found.
        start: where the search starts; nothing has a derivative in it.
        operands: pytree of arrays.
    """

    @custom_jvp
    def found(start: Array, operands: PyTree) -> tuple[Any, PyTree]:
        return search(start, operands)

    @found.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        solution, aux = found(*primals)
        moved = tangent(solution, primals[1], tangents[1])
        return (solution, aux), (moved, tree.map(_no_tangent, aux))

    start = stop_gradient(start)
    if not is_traced(start, operands):
        return search(start, operands)
    return found(start, operands)


def _no_tangent(x: Any) -> Any:
    return np.zeros_like(x)[()]


def along(fun: Callable[..., Any], v: Array, operands: PyTree, dots: PyTree) -> Any:
    """The tangent of ``fun(operands, v)`` where only the operands move."""
    return jvp(lambda given: fun(given, v), (operands,), (dots,))[1]


def jacobian(fun: Callable[[Array], Array], v: Array) -> Array:
    """The Jacobian of a function of a vector, whose columns are found at once where they can be."""
    try:
        return jacfwd(fun)(v)
    except (ConcretizationError, TracerError):
        if is_traced(v):
            raise
    # It looks at values, which are known along one direction.
    columns = [jvp(fun, (v,), (e,))[1] for e in np.diag(np.ones_like(v))]
    return np.stack(columns, axis=-1)


def solve_jacobian(residual: Callable[[Array], Array], v: Array, right: Array) -> Array:
    """The x with J x = right, where J is the Jacobian of a residual at v."""
    if v.shape[0] <= DENSE:
        return np.linalg.solve(jacobian(residual, v), right)
    product = lambda x: jvp(residual, (v,), (x,))[1]  # noqa: E731
    return gmres(product, right, tol=_tolerance(v), restart=50)[0]  # type: ignore[no-any-return]


def solve_hessian(gradient: Callable[[Array], Array], v: Array, right: Array, free: Array) -> Array:
    """The same for the Hessian, in the free unknowns; zero in the others."""
    right = np.where(free, right, 0)
    if v.shape[0] <= DENSE:
        matrix = jacobian(gradient, v)
        both = free[:, None] & free
        return np.linalg.solve(np.where(both, matrix, np.diag(np.ones_like(v))), right)

    def product(x: Array) -> Array:
        moved = jvp(gradient, (v,), (np.where(free, x, 0),))[1]
        return np.where(free, moved, x)

    return cg(product, right, tol=_tolerance(v))[0]  # type: ignore[no-any-return]


def _tolerance(v: Array) -> float:
    return float(10 * np.finfo(v.dtype).eps)
