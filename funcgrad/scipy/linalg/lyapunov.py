"""Lyapunov's equations."""

from __future__ import annotations

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.linalg.operands import of_one_dtype
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import inverses, solving, sylvester
from ...ops.linalg.matrices import adjoint
from ...ops.pointwise.complex import conj
from ...ops.shape import reshape
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .stacks import alike

DIRECTLY = 10
"""Matrices with fewer rows are solved as one system, as SciPy does."""


def _operands(name: str, a: ArrayLike, q: ArrayLike) -> tuple[Array, Array]:
    matrix, right = of_one_dtype(a, q)
    shape, other = aval_of(matrix).shape, aval_of(right).shape
    if len(shape) < 2 or shape[-1] != shape[-2] or other[-2:] != shape[-2:]:
        raise ShapeError(
            f"{name} needs square matrices a and q of one size, got {shape} and {other}"
        )
    matrix, right = alike(name, [matrix, right], (2, 2))
    return matrix, right


@user_facing
def solve_continuous_lyapunov(a: ArrayLike, q: ArrayLike) -> Array:
    """Solve ``a @ x + x @ a.conj().T = q``.

    Args:
        a: (..., n, n), of which no two eigenvalues have the sum 0 (one of them conjugated).
        q: (..., n, n).

    Returns:
        x, (..., n, n).

    Raises:
        ImportError: SciPy is not installed.
        ShapeError: the operands do not fit.

    >>> solve_continuous_lyapunov([[1.0]], [[4.0]])
    array([[2.]])
    """
    matrix, right = _operands("solve_continuous_lyapunov", a, q)
    return sylvester.sylvester(matrix, adjoint(matrix), right)


@user_facing
def solve_discrete_lyapunov(a: ArrayLike, q: ArrayLike, method: str | None = None) -> Array:
    """Solve ``a @ x @ a.conj().T - x + q = 0``.

    Args:
        a: (..., n, n), of which no two eigenvalues have the product 1 (one of them conjugated).
        q: (..., n, n).
        method: 'direct' for one system of n * n unknowns; 'bilinear' for Sylvester's equation of
            ``(a - 1) (a + 1)^-1``, which has no solution where a has the eigenvalue -1; None for
            the first one up to nine rows.

    Returns:
        x, (..., n, n).

    Raises:
        ImportError: SciPy is not installed ('bilinear').
        LinAlgError: there is no one solution.
        ShapeError: the operands do not fit.
        ValueError: there is no such method.

    >>> solve_discrete_lyapunov([[0.5]], [[3.0]])
    array([[4.]])
    """
    one_of("solve_discrete_lyapunov", "method", method, (None, "direct", "bilinear"))
    matrix, right = _operands("solve_discrete_lyapunov", a, q)
    n = matrix.shape[-1]
    if method is None:
        method = "direct" if n < DIRECTLY else "bilinear"
    if method == "direct":
        products = matrix[..., :, None, :, None] * conj(matrix)[..., None, :, None, :]
        lead = tuple(matrix.shape[:-2])
        eye = like(matrix, np.eye(n * n, dtype=matrix.dtype))
        system = eye - reshape(products, shape=(*lead, n * n, n * n))
        found = solving.solve(system, reshape(right, shape=(*lead, n * n, 1)))
        return reshape(found, shape=tuple(right.shape))
    eye = like(matrix, np.eye(n, dtype=matrix.dtype))
    inverse = inverses.inv(matrix + eye)
    inner = matmul(inverse, matrix - eye)
    return sylvester.sylvester(
        inner, adjoint(inner), -2 * matmul(matmul(inverse, right), adjoint(inverse))
    )
