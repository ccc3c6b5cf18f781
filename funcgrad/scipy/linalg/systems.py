"""Linear systems, inverses and determinants."""

from __future__ import annotations

import numpy as np

from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.linalg import solving as of_numpy
from ...numpy.linalg.operands import of_one_dtype, square
from ...ops.linalg import factorizations, solving, sylvester
from ...ops.linalg.matrices import diagonal_of, swap
from ...ops.linalg.tridiagonal import tridiagonal_solve
from ...ops.pointwise.comparison import select
from ...ops.pointwise.complex import conj
from ...ops.shape import reshape
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .stacks import alike

TRANSPOSITIONS = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}
MODES = (solving.NONE, solving.TRANSPOSED, solving.ADJOINT)


def system(name: str, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array, bool]:
    """Square matrices, right-hand sides as columns of equal leading axes, and whether b is one."""
    matrix, right = of_one_dtype(a, b)
    matrix = square(name, matrix)
    vector = len(right.shape) == 1
    columns = reshape(right, shape=(*right.shape, 1)) if vector else right
    if len(columns.shape) < 2 or columns.shape[-2] != matrix.shape[-1]:
        n = matrix.shape[-1]
        raise ShapeError(
            f"{name}: matrices of shape {tuple(matrix.shape)} need right-hand sides of shape "
            f"({n},) or (..., {n}, k), got {tuple(right.shape)}"
        )
    matrix, columns = alike(name, [matrix, columns], (2, 2))
    return matrix, columns, vector


def solution(x: Array, vector: bool) -> Array:
    """Columns, or the one vector that was asked for."""
    return reshape(x, shape=tuple(x.shape[:-1])) if vector else x


@user_facing
def solve_triangular(
    a: ArrayLike,
    b: ArrayLike,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve ``op(a) @ x = b`` with a triangle.

    Args:
        a: (..., n, n), of which the other triangle is not read.
        b: (n,), or (..., n, k).
        trans: op(a) is a for 0 or 'N', the transpose for 1 or 'T', its conjugate for 2 or 'C'.
        lower: read the lower triangle, not the upper one.
        unit_diagonal: take the diagonal as ones, and do not read it.
        overwrite_b: changes nothing.
        check_finite: changes nothing.

    Returns:
        x, of b's shape.

    Raises:
        LinAlgError: there is a zero on the diagonal.
        ShapeError: b does not fit.

    >>> solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True)
    array([1., 2.])
    """
    one_of("solve_triangular", "trans", trans, tuple(TRANSPOSITIONS))
    matrix, columns, vector = system("solve_triangular", a, b)
    x = solving.triangular_solve(
        matrix,
        columns,
        lower=bool(lower),
        transpose_a=MODES[TRANSPOSITIONS[trans]],
        unit_diagonal=bool(unit_diagonal),
    )
    return solution(x, vector)


STRUCTURES = (
    "gen", "general", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular",
    "sym", "symmetric", "her", "hermitian", "pos", "positive definite",
)  # fmt: skip


@user_facing
def solve(
    a: ArrayLike,
    b: ArrayLike,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Array:
    """Solve ``a @ x = b``.

    Args:
        a: (..., n, n).
        b: (n,), or (..., n, k).
        lower: where a is symmetric, Hermitian or positive definite: read the lower triangle only,
            not the upper one.
        overwrite_a: changes nothing.
        overwrite_b: changes nothing.
        check_finite: changes nothing.
        assume_a: what a is: 'gen', 'sym', 'her', 'pos', 'diagonal', 'tridiagonal', 'banded',
            'upper triangular', 'lower triangular', or their long names; None for 'gen'.
        transposed: solve with the transpose of a.

    Returns:
        x, of b's shape.

    Raises:
        LinAlgError: a matrix is singular, or not positive definite.
        ShapeError: b does not fit.
        ValueError: there is no such structure.

    Derivative: dx = a^-1 (db - da x) (Giles 2008).

    >>> solve([[2.0, 1.0], [1.0, 2.0]], [3.0, 3.0], assume_a="pos")
    array([1., 1.])
    """
    kind = "gen" if assume_a is None else assume_a
    one_of("solve", "assume_a", kind, STRUCTURES)
    matrix, columns, vector = system("solve", a, b)
    mode = solving.TRANSPOSED if transposed else solving.NONE
    if kind.endswith("triangular"):
        x = solving.triangular_solve(
            matrix,
            columns,
            lower=kind.startswith("lower"),
            transpose_a=mode,
            unit_diagonal=False,
        )
        return solution(x, vector)
    if kind == "diagonal":
        return solution(columns / diagonal_of(matrix)[..., None], vector)
    if kind == "tridiagonal":
        if transposed:
            matrix = swap(matrix)
        above, below = (np.diagonal(matrix, k, -2, -1) for k in (1, -1))
        rest = [(0, 0)] * (len(above.shape) - 1)
        parts = (
            np.pad(below, [*rest, (1, 0)]),
            diagonal_of(matrix),
            np.pad(above, [*rest, (0, 1)]),
        )
        return solution(tridiagonal_solve(*parts, columns, perturb=False), vector)
    if kind in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        hermitian = kind not in ("sym", "symmetric")
        matrix = from_triangle(matrix, bool(lower), hermitian)
    if kind in ("pos", "positive definite"):
        factor = factorizations.cholesky(conj(matrix) if transposed else matrix)
        return solution(by_cholesky(factor, columns, lower=True), vector)
    return solution(solving.solve(swap(matrix) if transposed else matrix, columns), vector)


def from_triangle(a: Array, lower: bool, hermitian: bool) -> Array:
    """Symmetric or Hermitian matrices from one triangle."""
    if hermitian or a.dtype.kind != "c":
        return factorizations.from_triangle(a, lower=lower)
    n = a.shape[-1]
    mask = np.tri(n, dtype=bool) if lower else np.tri(n, dtype=bool).T
    return select(mask, a, swap(a))


def by_cholesky(factor: Array, columns: Array, lower: bool) -> Array:
    """Solve with L L* or R* R."""
    order = (solving.NONE, solving.ADJOINT) if lower else (solving.ADJOINT, solving.NONE)
    for mode in order:
        columns = solving.triangular_solve(
            factor, columns, lower=lower, transpose_a=mode, unit_diagonal=False
        )
    return columns


@user_facing
def cho_solve(
    c_and_lower: tuple[ArrayLike, bool],
    b: ArrayLike,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve ``a @ x = b`` with the Cholesky factor of a.

    Args:
        c_and_lower: what ``cho_factor`` returns: the factor, and whether it is the lower one.
        b: (n,), or (..., n, k).
        overwrite_b: changes nothing.
        check_finite: changes nothing.

    Returns:
        x, of b's shape.

    Raises:
        ShapeError: b does not fit.

    >>> cho_solve((np.array([[2.0, 0.0], [0.0, 1.0]]), True), [4.0, 1.0])
    array([1., 1.])
    """
    c, lower = c_and_lower
    factor, columns, vector = system("cho_solve", c, b)
    return solution(by_cholesky(factor, columns, bool(lower)), vector)


@user_facing
def solve_sylvester(a: ArrayLike, b: ArrayLike, q: ArrayLike) -> Array:
    """Solve ``a @ x + x @ b = q``.

    Args:
        a: (..., m, m).
        b: (..., n, n).
        q: (..., m, n).

    Returns:
        x, (..., m, n).

    Raises:
        ImportError: SciPy is not installed.
        ShapeError: the operands do not fit.

    Derivative: the same equation, with dq - da x - x db on the right.

    >>> solve_sylvester([[1.0]], [[2.0]], [[6.0]])
    array([[2.]])
    """
    left, right, rest = of_one_dtype(a, b, q)
    if min(len(x.shape) for x in (left, right, rest)) > 1:
        left, right, rest = alike("solve_sylvester", [left, right, rest], (2, 2, 2))
    sylvester.check_equation(*(aval_of(x) for x in (left, right, rest)))
    return sylvester.sylvester(left, right, rest)


@user_facing
def inv(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Inverse of matrices.

    Args:
        a: (..., n, n).
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        The inverses.

    Raises:
        LinAlgError: a matrix is singular.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return of_numpy.inv(a)


@user_facing
def det(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Determinant.

    Args:
        a: (..., n, n).
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        The determinants, of shape (...).

    >>> det([[1.0, 2.0], [3.0, 4.0]]).round(6)
    np.float64(-2.0)
    """
    return of_numpy.det(a)
