"""Conjugate gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.tracebacks import user_facing
from ....lax.loops import while_loop
from ....typing import Array, ArrayLike, PyTree
from .systems import Iteration, inner, norm, outcome, solve


@user_facing
def cg(
    A: Any,
    b: PyTree,
    x0: PyTree | None = None,
    *,
    tol: ArrayLike = 1e-5,
    atol: ArrayLike = 0.0,
    maxiter: int | None = None,
    M: Any = None,
) -> tuple[PyTree, Array]:
    """The solution of A x = b for a Hermitian, positive definite A, by conjugate gradients.

    (Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems", 1952; with
    preconditioner as in Saad, "Iterative methods for sparse linear systems", algorithm 9.1.)
    Derivatives in b and in what A closes over are those of the equation: they solve it again.

    Args:
        A: function from a pytree like b to another one, or a square matrix, also of
            ``scipy.sparse``.
        b: right-hand side, a pytree of arrays.
        x0: where to start; zeros by default. The solution has no derivative in it.
        tol: relative norm of the residual that is small enough.
        atol: likewise, absolutely: it ends at the larger of tol * norm(b) and atol.
        maxiter: the largest number of steps; ten times the size of b by default.
        M: an approximate inverse of A, likewise Hermitian and positive definite.

    Returns:
        (x, info): the solution, and 0 if it is good enough, else the number of steps.

    Raises:
        TreeError: A(b) or x0 has another structure than b.
        ShapeError: they have other shapes, or a matrix is not square.

    >>> x, _ = cg(np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0]))
    >>> x.round(6)
    array([0.090909, 0.636364])
    """
    return solve("cg", A, b, x0, tol, atol, maxiter, M, _iterate, symmetric=True)


def _iterate(it: Iteration) -> tuple[Array, Array]:
    def going(state: Any) -> Any:
        _, r, _, _, count = state
        return (norm(r) > it.goal) & (count < it.maxiter)

    def step(state: Any) -> Any:
        x, r, p, gamma, count = state
        moved = it.matvec(p)
        alpha = gamma / np.real(inner(p, moved))
        r = r - alpha * moved
        z = it.precondition(r)
        following = np.real(inner(r, z))
        return x + alpha * p, r, z + following / gamma * p, following, count + 1

    start, r = it.begin()
    z = it.precondition(r)
    x, r, _, _, count = while_loop(going, step, (start, r, z, np.real(inner(r, z)), np.int64(0)))
    return x, outcome(r, it.goal, count)
