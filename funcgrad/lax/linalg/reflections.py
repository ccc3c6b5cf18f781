"""Products of Householder reflections, and the forms that they make of matrices.

A reflection is H = 1 - tau v v*. The product of several ones is 1 - V T V*, with the vectors as
columns of V and T = (1 + D S)^-1 D, where D has the factors tau on its diagonal and S is what is
above the diagonal of V* V (Schreiber and Van Loan, A storage-efficient WY representation for
products of Householder transformations, 1989).
"""

from __future__ import annotations

import numpy as np

from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg.operands import matrices, of_one_dtype, square
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import forms
from ...ops.linalg.matrices import adjoint, real_dtype, triangle
from ...ops.linalg.solving import NONE, triangular_solve
from ...ops.pointwise.arithmetic import add, mul, sub
from ...ops.shape import broadcast_to, reshape
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike


def _vectors(name: str, a: ArrayLike, taus: ArrayLike) -> tuple[Array, Array, Array]:
    """The array itself, V, and T."""
    x, factors = of_one_dtype(a, taus)
    x = matrices(name, x)
    *lead, m, n = x.shape
    fits = len(factors.shape) == len(lead) + 1 and list(factors.shape[:-1]) == lead
    k = factors.shape[-1] if factors.shape else 0
    if not fits or k > min(m, n):
        raise ShapeError(
            f"{name}: matrices of shape {tuple(x.shape)} need up to {min(m, n)} factors each, got "
            f"taus of shape {tuple(factors.shape)}"
        )
    kind = real_dtype(x.dtype)
    columns = index(x, key=(*(FULL for _ in lead), FULL, (0, k, None)))
    v = add(mul(columns, np.tri(m, k, -1, dtype=kind)), np.eye(m, k, dtype=kind))
    rows = reshape(factors, shape=(*lead, k, 1))
    above = triangle(matmul(adjoint(v), v), lower=False, diagonal=0.0)
    t = triangular_solve(
        mul(rows, above),
        mul(rows, np.eye(k, dtype=kind)),
        lower=False,
        transpose_a=NONE,
        unit_diagonal=True,
    )
    return x, v, t


@user_facing
def householder_product(a: ArrayLike, taus: ArrayLike) -> Array:
    """The first columns of a product of Householder reflections.

    Args:
        a: (..., m, n), with the vectors of the reflections below the diagonal.
        taus: (..., k), their factors.

    Returns:
        The first n columns of the unitary matrix H_1 H_2 ... H_k, of a's shape.

    Raises:
        ShapeError: the factors do not fit.

    >>> reflectors, taus = np.linalg.qr(np.array([[3.0], [4.0]]), mode="raw")
    >>> householder_product(reflectors.T, taus).round(3)
    array([[-0.6],
           [-0.8]])
    """
    x, v, t = _vectors("householder_product", a, taus)
    m, n = x.shape[-2:]
    start = broadcast_to(np.eye(m, n, dtype=x.dtype), tuple(x.shape))
    return sub(start, matmul(v, matmul(t, matmul(adjoint(v), start))))


@user_facing
def ormqr(
    a: ArrayLike,
    taus: ArrayLike,
    c: ArrayLike,
    *,
    left: bool = True,
    transpose: bool = False,
) -> Array:
    """A matrix times a product Q of Householder reflections, without Q.

    Args:
        a: (..., m, n), with the vectors of the reflections below the diagonal.
        taus: (..., k), their factors.
        c: (..., m, l), or (..., l, m) if Q is on its right.
        left: Q is on the left side of c.
        transpose: take the conjugate transpose of Q.

    Returns:
        ``Q @ c``, ``c @ Q``, or likewise with Q*.

    Raises:
        ShapeError: the operands do not fit.

    >>> reflectors, taus = np.linalg.qr(np.array([[3.0], [4.0]]), mode="raw")
    >>> ormqr(reflectors.T, taus, np.array([[3.0], [4.0]]), transpose=True).round(3)
    array([[-5.],
           [ 0.]])
    """
    x, factors, other = of_one_dtype(a, taus, c)
    x, v, t = _vectors("ormqr", x, factors)
    m = x.shape[-2]
    if len(other.shape) != len(x.shape) or other.shape[-2 if left else -1] != m:
        raise ShapeError(
            f"ormqr: reflections of {m} rows need c of shape "
            f"{'(..., m, l)' if left else '(..., l, m)'} with m={m}, got {tuple(other.shape)}"
        )
    t = adjoint(t) if transpose else t
    if left:
        return other - matmul(v, matmul(t, matmul(adjoint(v), other)))
    return other - matmul(matmul(matmul(other, v), t), adjoint(v))


@user_facing
def hessenberg(a: ArrayLike) -> tuple[Array, Array]:
    """Reduce square matrices to upper Hessenberg form by reflections.

    Args:
        a: (..., n, n).

    Returns:
        The Hessenberg form, with the vectors of the reflections below its first subdiagonal, and
        their factors (..., n - 1), for ``householder_product``. They have no derivatives.

    Raises:
        ImportError: SciPy is not installed.

    >>> hessenberg([[1.0, 2.0], [3.0, 4.0]])[0]
    array([[1., 2.],
           [3., 4.]])
    """
    form, taus = forms.hessenberg(forms.without_derivative(square("hessenberg", a), "hessenberg"))
    return form, taus


@user_facing
def tridiagonal(a: ArrayLike, *, lower: bool = True) -> tuple[Array, Array, Array, Array]:
    """Reduce Hermitian matrices to real tridiagonal form by reflections.

    Args:
        a: (..., n, n).
        lower: the triangle to read, and to put the vectors into.

    Returns:
        - the matrices, with the vectors of the reflections in this triangle;
        - the diagonal of the form, (..., n), and the one beside it, (..., n - 1), which are real;
        - the factors of the reflections, (..., n - 1).

        They have no derivatives.

    Raises:
        ImportError: SciPy is not installed.

    >>> _, d, e, _ = tridiagonal([[1.0, 2.0], [2.0, 5.0]])
    >>> d, e
    (array([1., 5.]), array([2.]))
    """
    form, d, e, taus = forms.tridiagonal(
        forms.without_derivative(square("tridiagonal", a), "tridiagonal"), lower=bool(lower)
    )
    return form, d, e, taus
