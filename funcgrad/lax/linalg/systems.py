"""Triangular and tridiagonal systems, and symmetric products, as JAX's lax.linalg has them."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg.operands import matrices, of_one_dtype, square
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import solving, tridiagonal
from ...ops.linalg.matrices import swap, triangle
from ...ops.pointwise.complex import conj
from ...ops.shape import reshape
from ...typing import Array, ArrayLike


@user_facing
def triangular_solve(
    a: ArrayLike,
    b: ArrayLike,
    *,
    left_side: bool = False,
    lower: bool = False,
    transpose_a: bool = False,
    conjugate_a: bool = False,
    unit_diagonal: bool = False,
) -> Array:
    """Solve ``op(a) @ x = b`` or ``x @ op(a) = b`` with triangles.

    Args:
        a: (..., m, m); the other triangle is not read.
        b: (..., m, n) if a is on the left side, else (..., n, m); or vectors, (..., m).
        left_side: a is on the left side of x.
        lower: the lower triangle of a, not the upper one.
        transpose_a: op(a) is the transpose.
        conjugate_a: op(a) is the complex conjugate (of the transpose).
        unit_diagonal: take the diagonal as ones, and do not read it.

    Returns:
        x, of b's shape.

    Raises:
        LinAlgError: there is a zero on a diagonal.
        ShapeError: b does not fit.

    >>> triangular_solve([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], left_side=True, lower=True)
    array([1., 2.])
    """
    matrix, right = of_one_dtype(a, b)
    matrix = square("triangular_solve", matrix)
    vector = len(right.shape) == len(matrix.shape) - 1
    columns = (*right.shape, 1) if left_side else (*right.shape[:-1], 1, *right.shape[-1:])
    x = reshape(right, shape=columns) if vector else right
    rows = -2 if left_side else -1
    same = len(x.shape) == len(matrix.shape) and x.shape[:-2] == matrix.shape[:-2]
    if not same or x.shape[rows] != matrix.shape[-1]:
        lead = "".join(f"{n}, " for n in matrix.shape[:-2])
        needed = f"{matrix.shape[-1]}, n" if left_side else f"n, {matrix.shape[-1]}"
        raise ShapeError(
            f"triangular_solve: matrices of shape {tuple(matrix.shape)} need b of shape ({lead}"
            f"{needed}), got {tuple(right.shape)}"
        )
    if not left_side:
        x, transpose_a = swap(x), not transpose_a
    mode = solving.TRANSPOSED if transpose_a else solving.NONE
    if conjugate_a and matrix.dtype.kind == "c":
        matrix, mode = (matrix, solving.ADJOINT) if transpose_a else (conj(matrix), mode)
    x = solving.triangular_solve(
        matrix, x, lower=bool(lower), transpose_a=mode, unit_diagonal=bool(unit_diagonal)
    )
    if not left_side:
        x = swap(x)
    return reshape(x, shape=tuple(right.shape)) if vector else x


@user_facing
def tridiagonal_solve(
    dl: ArrayLike,
    d: ArrayLike,
    du: ArrayLike,
    b: ArrayLike,
    *,
    perturb_singular: bool = False,
) -> Array:
    """Solve systems with tridiagonal matrices A.

    Args:
        dl: (..., m), the lower diagonals, ``dl[i] = A[i, i - 1]``; the first element is not read.
        d: (..., m), the diagonals.
        du: (..., m), the upper diagonals, ``du[i] = A[i, i + 1]``; the last one is not read.
        b: (..., m, k).
        perturb_singular: replace pivots that are 0 to rounding by numbers as large as rounding, so
            that systems with singular matrices have finite solutions.

    Returns:
        x, of b's shape.

    Raises:
        LinAlgError: a matrix is singular.
        ShapeError: the operands do not fit.

    Derivative: dx = A^-1 (db - dA x) (Giles 2008).

    >>> tridiagonal_solve([0.0, 1.0], [2.0, 1.0], [0.0, 0.0], [[2.0], [3.0]])
    array([[1.],
           [2.]])
    """
    lower, middle, upper, right = of_one_dtype(dl, d, du, b)
    tridiagonal.check_diagonals(*(tuple(x.shape) for x in (lower, middle, upper, right)))
    return tridiagonal.tridiagonal_solve(
        lower, middle, upper, right, perturb=bool(perturb_singular)
    )


@user_facing
def symmetric_product(
    a_matrix: ArrayLike,
    c_matrix: ArrayLike,
    *,
    alpha: float = 1.0,
    beta: float = 0.0,
    symmetrize_output: bool = False,
) -> Array:
    """The product ``alpha * a @ a.T + beta * c``.

    Args:
        a_matrix: (..., m, n).
        c_matrix: (..., m, m), symmetric.
        alpha: factor of the product.
        beta: factor of c.
        symmetrize_output: put the lower triangle of the result into the upper one.

    Returns:
        (..., m, m).

    Raises:
        ShapeError: c does not fit.

    >>> symmetric_product([[1.0, 2.0]], [[1.0]], beta=10.0)
    array([[15.]])
    """
    a, c = of_one_dtype(a_matrix, c_matrix)
    a = matrices("symmetric_product", a)
    if tuple(c.shape) != (*a.shape[:-1], a.shape[-2]):
        raise ShapeError(
            f"symmetric_product: a of shape {tuple(a.shape)} needs c of shape "
            f"{(*a.shape[:-1], a.shape[-2])}, got {tuple(c.shape)}"
        )
    out = matmul(a, swap(a)) * alpha + c * beta
    if symmetrize_output:
        below = triangle(out, diagonal=0.5)
        out = below + swap(below)
    return out
