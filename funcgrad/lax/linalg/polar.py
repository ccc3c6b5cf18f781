"""Polar factors by the iteration of Nakatsukasa, Bai and Gygi (Optimizing Halley's iteration for
computing the matrix polar decomposition, 2010).

The weights of its steps depend on a lower bound of the singular values alone, so they are known
before: a fixed number of steps leads to the factor, whatever the matrix, and is differentiated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core.dtypes import finfo
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg.operands import matrices
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import factorizations, solving
from ...ops.linalg.matrices import adjoint, real_dtype
from ...ops.linalg.norms import vector_norm
from ...ops.pointwise.arithmetic import add
from ...ops.pointwise.comparison import bitwise_and, less, select
from ...ops.pointwise.powers import sqrt
from ...ops.reductions.reducing import reduce_max
from ...ops.shape import broadcast_to, reduce_sum, reshape
from ...ops.structural.indexing import FULL, index
from ...ops.structural.joining import concatenate
from ...typing import Array, ArrayLike

MOST_FOR_CHOLESKY = 100.0
"""Up to this weight a step may take the square of the matrix."""


class Step(NamedTuple):
    """The weights of one step, x (a + b x*x) / (1 + c x*x)."""

    a: float
    b: float
    c: float


def steps(eps: float, most: int | None) -> tuple[list[Step], float]:
    """The steps that bring singular values from eps to 1, and the lower bound after them."""
    bound = eps
    found: list[Step] = []
    while abs(bound - 1) > 10 * eps and (most is None or len(found) < most):
        square = bound * bound
        d = np.cbrt(4 * (1 / square - 1) / square)
        root = np.sqrt(1 + d)
        a = float(root + np.sqrt(2 - d + 2 * (2 - square) / (square * root)))
        b = (a - 1) ** 2 / 4
        c = a + b - 1
        bound = min(bound * (a + b * square) / (1 + c * square), 1.0)
        found.append(Step(a, b, c))
    return found, bound


def _by_reflections(u: Array, step: Step) -> Array:
    *lead, m, n = u.shape
    eye = broadcast_to(np.eye(n, dtype=u.dtype), (*lead, n, n))
    both = concatenate(u * step.c**0.5, eye, axis=len(u.shape) - 2)
    q, _ = factorizations.qr(both, mode="reduced")
    rows = tuple(FULL for _ in lead)
    upper = index(q, key=(*rows, (0, m, None)))
    lower = index(q, key=(*rows, (m, m + n, None)))
    rest = step.b / step.c
    return u * rest + matmul(upper, adjoint(lower)) * ((step.a - rest) / step.c**0.5)


def _by_cholesky(u: Array, step: Step) -> Array:
    eye = np.eye(u.shape[-1], dtype=real_dtype(u.dtype))
    factor = factorizations.cholesky(add(matmul(adjoint(u), u) * step.c, eye), failing="nan")
    x = adjoint(u)
    for mode in (solving.NONE, solving.ADJOINT):
        x = solving.triangular_solve(
            factor, x, lower=True, transpose_a=mode, unit_diagonal=False, failing="nan"
        )
    rest = step.b / step.c
    return u * rest + adjoint(x) * (step.a - rest)


def _bound_of_norm(x: Array) -> Array:
    """An upper bound of the largest singular value, (..., 1, 1); 1 for a matrix of zeros."""
    if 0 in x.shape[-2:]:
        return np.ones((*x.shape[:-2], 1, 1), real_dtype(x.dtype))
    size = abs(x)
    axes = (len(x.shape) - 2, len(x.shape) - 1)
    columns = reduce_max(reduce_sum(size, axes=axes[:1]), axes=(axes[0],))
    rows = reduce_max(reduce_sum(size, axes=axes[1:]), axes=(axes[0],))
    bound = sqrt(columns) * sqrt(rows)
    return reshape(select(bound == 0, 1, bound), shape=(*bound.shape, 1, 1))


@user_facing
def qdwh(
    x: ArrayLike,
    *,
    is_hermitian: bool = False,
    max_iterations: int | None = None,
    eps: float | None = None,
    dynamic_shape: tuple[ArrayLike, ArrayLike] | None = None,
) -> tuple[Array, Array, Array, Array]:
    """Polar decomposition ``x = u @ h``, u with orthonormal columns and h Hermitian.

    Args:
        x: (..., m, n) with m >= n, of full rank.
        is_hermitian: changes nothing.
        max_iterations: the largest number of steps.
        eps: precision, the machine epsilon by default.
        dynamic_shape: the shape of the part of x that counts, which may be traced; what is outside
            of it is 0 in the results.

    Returns:
        (u, h, number of steps, whether the last one changed u by less than the cube root of 4 eps).

    Raises:
        ShapeError: x has more columns than rows.

    >>> u, h, _, _ = qdwh([[0.0, 2.0], [1.0, 0.0]])
    >>> u.round(6) + 0, h.round(6) + 0
    (array([[0., 1.],
           [1., 0.]]), array([[1., 0.],
           [0., 2.]]))
    """
    a = matrices("qdwh", x)
    m, n = a.shape[-2:]
    if m < n:
        raise ShapeError(f"qdwh needs at least as many rows as columns, got shape {tuple(a.shape)}")
    if dynamic_shape is not None:
        rows, columns = dynamic_shape
        inside = bitwise_and(less(np.arange(m)[:, None], rows), less(np.arange(n), columns))
        a = select(inside, a, 0)
    precision = float(finfo(a.dtype).eps) if eps is None else float(eps)
    if not 0 < precision < 1:
        raise ValueError(f"qdwh: eps must be between 0 and 1, got {eps}")
    u = before = a / _bound_of_norm(a)
    schedule, bound = steps(precision, max_iterations)
    for step in schedule:
        before = u
        u = (_by_reflections if step.c > MOST_FOR_CHOLESKY else _by_cholesky)(u, step)
    axes = (len(a.shape) - 2, len(a.shape) - 1)
    change = vector_norm(u - before, axes=axes, order=2)
    size = vector_norm(u, axes=axes, order=2)
    done = abs(bound - 1) <= 10 * precision
    converged = (change <= size * (4 * precision) ** (1 / 3)) & done
    u = u * 1.5 - matmul(u, matmul(adjoint(u), u)) * 0.5
    h = matmul(adjoint(u), a)
    return u, (h + adjoint(h)) * 0.5, np.int64(len(schedule)), converged  # type: ignore[return-value]
