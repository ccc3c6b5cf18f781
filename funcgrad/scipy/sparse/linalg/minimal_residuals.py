"""Generalised minimal residuals."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....core.arguments import is_integer
from ....core.blame import describe
from ....core.tracebacks import user_facing
from ....core.tracing import aval_of
from ....lax.loops import fori_loop, while_loop
from ....numpy.indexing.updates import at
from ....ops.shape import cast
from ....typing import Array, ArrayLike, PyTree
from ...arguments import one_of
from .systems import Iteration, norm, outcome, solve


@user_facing
def gmres(
    A: Any,
    b: PyTree,
    x0: PyTree | None = None,
    *,
    tol: ArrayLike = 1e-5,
    atol: ArrayLike = 0.0,
    restart: int = 20,
    maxiter: int | None = None,
    M: Any = None,
    solve_method: str = "batched",
) -> tuple[PyTree, Array]:
    """The solution of A x = b, by generalised minimal residuals in Krylov spaces.

    (Saad and Schultz, "GMRES: a generalized minimal residual algorithm for solving nonsymmetric
    linear systems", 1986; preconditioned from the left.) Derivatives in b and in what A closes over
    are those of the equation: they solve it again, or its transpose.

    Args:
        A: function from a pytree like b to another one, or a square matrix, also of
            ``scipy.sparse``.
        b: right-hand side, a pytree of arrays.
        x0: where to start; zeros by default. The solution has no derivative in it.
        tol: relative norm of the residual that is small enough.
        atol: likewise, absolutely: it ends at the larger of tol * norm(b) and atol.
        restart: dimension of the Krylov space that is built before it starts again.
        maxiter: how often it starts at most; ten times the size of b by default.
        M: an approximate inverse of A.
        solve_method: "batched" builds the whole space, then solves a least-squares problem;
            "incremental" keeps a QR factorisation and ends inside of a space where it can.

    Returns:
        (x, info): the solution, and 0 if it is good enough; else how often it started, or -1 where
        the solution is NaN.

    Raises:
        TreeError: A(b) or x0 has another structure than b.
        ShapeError: they have other shapes, or a matrix is not square.

    >>> x, _ = gmres(np.array([[4.0, 1.0], [0.0, 3.0]]), np.array([1.0, 2.0]))
    >>> x.round(6)
    array([0.083333, 0.666667])
    """
    one_of("gmres", "solve_method", solve_method, ("batched", "incremental"))
    if not is_integer(restart):
        raise TypeError(f"gmres: restart must be an int, got {describe(restart)}")
    if restart < 1:
        raise ValueError(f"gmres: restart must be positive, got {restart}")
    way = _whole_space if solve_method == "batched" else _one_by_one

    def iterate(it: Iteration) -> tuple[Array, Array]:
        return _restarted(it, min(int(restart), aval_of(it.b).size), way)

    return solve("gmres", A, b, x0, tol, atol, maxiter, M, iterate)


class _Space(NamedTuple):
    """A Krylov space to build: the map whose powers span it, and where it begins."""

    product: Any
    first: Array  # of length 1
    beta: Array  # the norm of the residual
    goal: Array  # the norm that is small enough
    size: int


def _restarted(it: Iteration, size: int, way: Any) -> tuple[Array, Array]:
    """Corrections out of one space after the other."""
    length = norm(it.precondition(it.b))
    scale = np.where(it.goal > 0, it.goal / np.where(norm(it.b) > 0, norm(it.b), 1), 0)
    inside = length * np.minimum(cast(scale, length.dtype), 1)

    def going(state: Any) -> Any:
        _, r, count = state
        return (norm(r) > it.goal) & (count < it.maxiter)

    def step(state: Any) -> Any:
        x, r, count = state
        z = it.precondition(r)
        beta = norm(z)
        first = z / np.where(beta > 0, beta, 1)
        space = _Space(lambda v: it.precondition(it.matvec(v)), first, beta, inside, size)
        x = x + way(space)
        return x, it.b - it.matvec(x), count + 1

    x, r, count = while_loop(going, step, (*it.begin(), np.int64(0)))
    return x, np.where(np.isnan(norm(x)), -1, outcome(r, it.goal, count))


def _extended(space: _Space, basis: Array, k: Any) -> tuple[Array, Array]:
    """The basis with one vector more, and the products with the others, which are orthonormal.

    Rows of the basis that are not known yet are zero. Where the space cannot grow, so is the row.
    """
    w = space.product(basis[k])
    before = norm(w)
    total = 0
    for _ in range(2):  # once is not enough where w lies almost inside
        along = np.conj(basis) @ w
        w = w - along @ basis
        total = total + along
    length = norm(w)
    tiny = length <= np.finfo(w.real.dtype).eps * before
    unit = np.where(tiny, 0 * w, w / np.where(tiny, 1, length))
    column = at(total)[k + 1].set(cast(np.where(tiny, 0 * length, length), w.dtype))
    return at(basis)[k + 1].set(unit), column


def _empty(space: _Space) -> tuple[Array, Array, Array]:
    """A basis of one vector, no columns of products, and the residual in the basis."""
    dtype = space.first.dtype
    basis: Any = np.zeros((space.size + 1, space.first.shape[0]), dtype)
    columns: Any = np.zeros((space.size, space.size + 1), dtype)
    right: Any = np.zeros(space.size + 1, dtype)
    return at(basis)[0].set(space.first), columns, at(right)[0].set(cast(space.beta, dtype))


def _whole_space(space: _Space) -> Array:
    """The best correction in the space, from all its vectors."""
    basis, columns, right = _empty(space)

    def grow(k: Any, state: Any) -> Any:
        basis, columns = state
        basis, column = _extended(space, basis, k)
        return basis, at(columns)[k].set(column)

    basis, columns = fori_loop(0, space.size, grow, (basis, columns))
    weights = np.linalg.lstsq(columns.T, right, rcond=None)[0]
    return weights @ basis[:-1]


def _one_by_one(space: _Space) -> Array:
    """The same, where each new column is rotated into a triangular matrix at once."""
    basis, columns, right = _empty(space)
    dtype = space.first.dtype
    # Rows that stay as they are belong to vectors that were not needed.
    columns = columns + np.eye(space.size, space.size + 1, dtype=dtype)
    rotations: Any = np.zeros((space.size, 2), dtype)

    def going(state: Any) -> Any:
        _, _, right, _, k = state
        return (k < space.size) & (abs(right[k]) > space.goal)

    def grow(state: Any) -> Any:
        basis, columns, right, rotations, k = state
        basis, column = _extended(space, basis, k)
        column = fori_loop(0, k, lambda i, c: _rotated(c, i, rotations[i]), column)
        rotation = _rotation(column[k], column[k + 1])
        column = _rotated(column, k, rotation)
        return (
            basis,
            at(columns)[k].set(column),
            _rotated(right, k, rotation),
            at(rotations)[k].set(rotation),
            k + 1,
        )

    state = (basis, columns, right, rotations, np.int64(0))
    basis, columns, right, _, k = while_loop(going, grow, state)
    used = np.where(np.arange(space.size) < k, right[:-1], 0 * right[:-1])
    triangle = columns[:, :-1].T
    # A column of zeros belongs to a space that could not grow: its weight is zero.
    dead = np.diagonal(triangle) == 0
    triangle = triangle + np.diag(np.where(dead, 1, 0).astype(dtype))
    weights = np.linalg.solve(triangle, np.where(dead, 0 * used, used))
    return weights @ basis[:-1]


def _rotation(a: Array, b: Array) -> Array:
    """The cosine and sine that turn (a, b) into a multiple of (1, 0)."""
    size = abs(a)
    rho = np.sqrt(size**2 + abs(b) ** 2)
    none = size == 0
    phase = np.where(none, 1 + 0 * a, a / np.where(none, 1, size))
    still = rho == 0
    whole = np.where(still, 1, rho)
    cosine = np.where(still, 1 + 0 * a, cast(size / whole, a.dtype))
    return np.stack([cosine, phase * np.conj(b) / whole])


def _rotated(x: Array, i: Any, rotation: Array) -> Array:
    """A vector after a rotation of the elements i and i + 1."""
    c, s = rotation[0], rotation[1]
    upper, lower = x[i], x[i + 1]
    x = at(x)[i].set(c * upper + s * lower)
    return at(x)[i + 1].set(c * lower - np.conj(s) * upper)
