"""Stabilised biconjugate gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.tracebacks import user_facing
from ....lax.loops import while_loop
from ....typing import Array, ArrayLike, PyTree
from .systems import Iteration, inner, norm, outcome, solve


@user_facing
def bicgstab(
    A: Any,
    b: PyTree,
    x0: PyTree | None = None,
    *,
    tol: ArrayLike = 1e-5,
    atol: ArrayLike = 0.0,
    maxiter: int | None = None,
    M: Any = None,
) -> tuple[PyTree, Array]:
    """The solution of A x = b, by stabilised biconjugate gradients.

    (van der Vorst, "Bi-CGSTAB: a fast and smoothly converging variant of Bi-CG for the solution of
    nonsymmetric linear systems", 1992.) Derivatives in b and in what A closes over are those of the
    equation: they solve it again, or its transpose.

    Args:
        A: function from a pytree like b to another one, or a square matrix, also of
            ``scipy.sparse``.
        b: right-hand side, a pytree of arrays.
        x0: where to start; zeros by default. The solution has no derivative in it.
        tol: relative norm of the residual that is small enough.
        atol: likewise, absolutely: it ends at the larger of tol * norm(b) and atol.
        maxiter: the largest number of steps; ten times the size of b by default.
        M: an approximate inverse of A.

    Returns:
        (x, info): the solution, and 0 if it is good enough; else the number of steps, or a negative
        number where the method broke down.

    Raises:
        TreeError: A(b) or x0 has another structure than b.
        ShapeError: they have other shapes, or a matrix is not square.

    >>> x, _ = bicgstab(np.array([[4.0, 1.0], [0.0, 3.0]]), np.array([1.0, 2.0]))
    >>> x.round(6)
    array([0.083333, 0.666667])
    """
    return solve("bicgstab", A, b, x0, tol, atol, maxiter, M, _iterate)


def _iterate(it: Iteration) -> tuple[Array, Array]:
    start, first = it.begin()
    one: Any = first.dtype.type(1)

    def going(state: Any) -> Any:
        _, r, _, _, (rho, alpha, omega), count = state
        whole = (rho != 0) & (alpha != 0) & (omega != 0)
        return (norm(r) > it.goal) & (count < it.maxiter) & whole

    def step(state: Any) -> Any:
        x, r, p, v, (rho, alpha, omega), count = state
        following = inner(first, r)
        p = r + following / rho * (alpha / omega) * (p - omega * v)
        ahead = it.precondition(p)
        v = it.matvec(ahead)
        alpha = _ratio(following, inner(first, v))
        s = r - alpha * v
        aside = it.precondition(s)
        t = it.matvec(aside)
        omega = _ratio(inner(t, s), inner(t, t))
        x = x + alpha * ahead + omega * aside
        return x, s - omega * t, p, v, (following, alpha, omega), count + 1

    zeros = 0 * first
    x, r, _, _, scalars, count = while_loop(
        going, step, (start, first, zeros, zeros, (one, one, one), np.int64(0))
    )
    broken = np.where(scalars[0] == 0, -10, -11)
    whole = (scalars[0] != 0) & (scalars[1] != 0) & (scalars[2] != 0)
    info = outcome(r, it.goal, count)
    return x, np.where((info == 0) | whole, info, broken)


def _ratio(a: Array, b: Array) -> Array:
    """The ratio a / b, and 0 where b is 0."""
    none = b == 0
    return np.where(none, 0 * a, a / np.where(none, 1 + 0 * b, b))
