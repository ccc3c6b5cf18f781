"""Cholesky, LU and QR factors, as JAX's lax.linalg has them."""

from __future__ import annotations

from operator import index as as_integer

from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.linalg import factorizations as of_numpy
from ...numpy.linalg.operands import matrices, of_one_dtype, square
from ...ops.linalg import factorizations, pivoting
from ...ops.linalg.matrices import diagonal_of
from ...ops.pointwise.complex import conj, real, sign
from ...ops.shape import reshape
from ...ops.structural.joining import concatenate
from ...typing import Array, ArrayLike
from ..operands import as_array


@user_facing
def cholesky(x: ArrayLike, *, symmetrize_input: bool = True) -> Array:
    """The lower Cholesky factor of Hermitian positive definite matrices.

    Args:
        x: (..., n, n).
        symmetrize_input: use the Hermitian part of x; False reads the lower triangle.

    Returns:
        L with ``x = L L*``.

    Raises:
        LinAlgError: a matrix is not positive definite.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]])
    """
    return of_numpy.cholesky(x, symmetrize_input=symmetrize_input)


@user_facing
def cholesky_update(r_matrix: ArrayLike, w_vector: ArrayLike) -> Array:
    """The Cholesky factor of a matrix to which the square of a vector is added.

    Args:
        r_matrix: (..., n, n), upper triangles R of matrices A = R* R.
        w_vector: (..., n), vectors w.

    Returns:
        The upper triangles of A + w w*, with positive diagonals.

    Raises:
        ShapeError: the vectors do not fit.

    The rows of R and w* are turned into a triangle by reflections, without the matrix A.

    >>> cholesky_update([[3.0, 3.0], [0.0, 2.0]], [4.0, 4.0]).round(6)
    array([[5., 5.],
           [0., 2.]])
    """
    r, w = of_one_dtype(r_matrix, w_vector)
    r = square("cholesky_update", r)
    if tuple(w.shape) != tuple(r.shape[:-1]):
        raise ShapeError(
            f"cholesky_update: triangles of shape {tuple(r.shape)} need vectors of shape "
            f"{tuple(r.shape[:-1])}, got {tuple(w.shape)}"
        )
    row = reshape(conj(w) if w.dtype.kind == "c" else w, shape=(*w.shape[:-1], 1, w.shape[-1]))
    both = concatenate(r, row, axis=len(r.shape) - 2)
    _, triangle = factorizations.qr(both, mode="reduced")
    diagonal = diagonal_of(triangle)
    signs = sign(real(diagonal) if diagonal.dtype.kind == "c" else diagonal)
    signs = signs + (signs == 0)
    return triangle * reshape(signs, shape=(*signs.shape, 1))


@user_facing
def lu(x: ArrayLike) -> tuple[Array, Array, Array]:
    """LU factors with partial pivoting, ``x[permutation] = L U``.

    Args:
        x: (..., m, n).

    Returns:
        - L below the diagonal, without its ones, and U above: (..., m, n);
        - the rows that the first, second, ... row was exchanged with, one after another: int32,
          (..., min(m, n));
        - the order of rows that this makes: int32, (..., m).

    Derivative: de Hoog, Anderssen and Lukas (2011); NaN where U is singular.

    >>> factors, pivots, permutation = lu([[1.0, 2.0], [2.0, 2.0]])
    >>> factors
    array([[2. , 2. ],
           [0.5, 1. ]])
    >>> permutation
    array([1, 0], dtype=int32)
    """
    factors, pivots, permutation = pivoting.lu_with_pivots(matrices("lu", x))
    return factors, pivots, permutation


@user_facing
def lu_pivots_to_permutation(pivots: ArrayLike, permutation_size: int) -> Array:
    """The order of rows that exchanges of rows make, one after another.

    Args:
        pivots: integers (..., k): row i is exchanged with row pivots[i].
        permutation_size: the number of rows, at least k.

    Returns:
        The order, int32, (..., permutation_size).

    Raises:
        ShapeError: there are more exchanges than rows.

    >>> lu_pivots_to_permutation([2, 2], 3)
    array([2, 0, 1], dtype=int32)
    """
    exchanges, size = as_array(pivots), as_integer(permutation_size)
    pivoting.check_pivots(aval_of(exchanges), size)
    return pivoting.permutation_of_pivots(exchanges, size=size)


@user_facing
def qr(
    x: ArrayLike,
    *,
    pivoting: bool = False,
    full_matrices: bool = True,
    use_magma: bool | None = None,
) -> tuple[Array, ...]:
    """QR factors, ``x = q r``, or ``x[:, p] = q r`` with the longest columns first.

    Args:
        x: (..., m, n).
        pivoting: choose for each column the longest one that is left.
        full_matrices: q with m columns; False for min(m, n).
        use_magma: changes nothing.

    Returns:
        (q, r), or (q, r, p) with the order p of columns, int32.

    Raises:
        DifferentiationError: derivative of the full factors of a tall matrix.

    Derivative: Walter and Lehmann (2018); with pivoting, for the order that there is.

    >>> q, r, p = qr([[1.0, 0.0], [0.0, 2.0]], pivoting=True)
    >>> abs(r), p
    (array([[2., 0.],
           [0., 1.]]), array([1, 0], dtype=int32))
    """
    a = matrices("qr", x)
    mode = "complete" if full_matrices else "reduced"
    if not pivoting:
        q, r = factorizations.qr(a, mode=mode)
        return q, r
    return _pivoted(a, mode)


def _pivoted(a: Array, mode: str) -> tuple[Array, Array, Array]:
    order = pivoting.order_of_columns(a)
    q, r = factorizations.qr(pivoting.columns_in_order(a, order), mode=mode)
    return q, r, order
