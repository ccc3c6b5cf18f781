"""Systems with banded matrices, which are given by their diagonals.

``solve_banded`` takes time proportional to their size; those with Cholesky factors are full ones.
"""

from __future__ import annotations

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg.operands import matrices, of_one_dtype
from ...ops.linalg import banded, factorizations, tridiagonal
from ...ops.linalg.matrices import adjoint
from ...ops.pointwise.comparison import select
from ...ops.shape import reshape
from ...typing import Array, ArrayLike
from .stacks import alike, over_stacks
from .systems import by_cholesky, solution


def _counts(name: str, l_and_u: tuple[int, int], rows: int) -> tuple[int, int]:
    """The numbers of diagonals below and above the main one."""
    given = tuple(l_and_u) if isinstance(l_and_u, tuple | list) else ()
    if len(given) != 2 or not all(is_integer(k) and k >= 0 for k in given):
        raise TypeError(
            f"{name}: l_and_u must be two numbers of diagonals, got {describe(l_and_u)}"
        )
    below, above = (int(k) for k in given)
    if rows != below + above + 1:
        raise ShapeError(
            f"{name}: {below} diagonals below and {above} above make {below + above + 1} rows of "
            f"ab, got {rows}"
        )
    return below, above


def _full(ab: Array, above: int) -> Array:
    """The matrices whose diagonals are the rows of ab, the highest first."""
    rows, n = ab.shape[-2:]
    column = np.arange(n)
    which = above + column[:, None] - column
    inside = (which >= 0) & (which < rows)
    return select(inside, ab[..., np.where(inside, which, 0), column], ab.dtype.type(0))


def _hermitian(ab: Array, lower: bool) -> Array:
    """One triangle of matrices from their diagonals."""
    return _full(ab, 0 if lower else ab.shape[-2] - 1)


def _columns(name: str, ab: Array, b: Array) -> tuple[Array, bool]:
    vector = len(b.shape) == 1
    columns = reshape(b, shape=(*b.shape, 1)) if vector else b
    if len(ab.shape) < 2 or len(columns.shape) < 2 or columns.shape[-2] != ab.shape[-1]:
        raise ShapeError(
            f"{name}: diagonals of shape {tuple(ab.shape)} and a right-hand side of shape "
            f"{tuple(b.shape)} do not fit"
        )
    return columns, vector


@user_facing
def solve_banded(
    l_and_u: tuple[int, int],
    ab: ArrayLike,
    b: ArrayLike,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve ``a @ x = b`` with a banded matrix.

    Args:
        l_and_u: the numbers of diagonals below and above the main one.
        ab: (..., l + u + 1, n), the diagonals, ``ab[u + i - j, j] = a[i, j]``.
        b: (n,), or (..., n, k).
        overwrite_ab: changes nothing.
        overwrite_b: changes nothing.
        check_finite: changes nothing.

    Returns:
        x, of b's shape, or (..., n) for vectors and (..., n, k) with stacks.

    Raises:
        LinAlgError: the matrix is singular.
        ShapeError: the operands do not fit.
        TypeError: l_and_u are no two numbers.

    >>> solve_banded((1, 0), [[2.0, 2.0], [1.0, 0.0]], [2.0, 3.0])
    array([1., 1.])
    """
    diagonals, right = of_one_dtype(ab, b)
    diagonals = matrices("solve_banded", diagonals)
    below, above = _counts("solve_banded", l_and_u, diagonals.shape[-2])
    columns, vector = _columns("solve_banded", diagonals, right)

    def solved(ab: Array, b: Array) -> Array:
        if (below, above) != (1, 1):
            return banded.banded_solve(ab, b, below=below, above=above)
        none = like(ab, np.zeros(1, ab.dtype))
        low = np.concatenate([none, ab[2, :-1]])
        high = np.concatenate([ab[0, 1:], none])
        return tridiagonal.tridiagonal_solve(low, ab[1], high, b, perturb=False)

    x = over_stacks("solve_banded", solved, [diagonals, columns], (2, 2))
    return solution(x, vector)


@user_facing
def cholesky_banded(
    ab: ArrayLike, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True
) -> Array:
    """The Cholesky factor of a Hermitian positive definite banded matrix.

    Args:
        ab: (..., u + 1, n), the diagonals of its upper triangle, ``ab[u + i - j, j] = a[i, j]``; or
            of the lower one, ``ab[i - j, j] = a[i, j]``.
        overwrite_ab: changes nothing.
        lower: the lower triangle is given, and the lower factor is wanted.
        check_finite: changes nothing.

    Returns:
        The diagonals of the factor, as those of ab; 0 where there is no element.

    Raises:
        LinAlgError: the matrix is not positive definite.

    >>> cholesky_banded([[0.0, 2.0], [4.0, 5.0]])
    array([[0., 1.],
           [2., 2.]])
    """
    diagonals = matrices("cholesky_banded", ab)
    rows, n = diagonals.shape[-2:]
    whole = factorizations.from_triangle(_hermitian(diagonals, bool(lower)), lower=bool(lower))
    factor = factorizations.cholesky(whole)
    factor = factor if lower else adjoint(factor)
    column = np.arange(n)
    place = np.arange(rows)[:, None] + column - (0 if lower else rows - 1)
    inside = (place >= 0) & (place < n)
    return select(inside, factor[..., np.where(inside, place, 0), column], factor.dtype.type(0))


@user_facing
def cho_solve_banded(
    cb_and_lower: tuple[ArrayLike, bool],
    b: ArrayLike,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve ``a @ x = b`` with what ``cholesky_banded`` returns.

    Args:
        cb_and_lower: the diagonals of the factor, (..., u + 1, n), and whether it is the lower one.
        b: (n,), or (..., n, k).
        overwrite_b: changes nothing.
        check_finite: changes nothing.

    Returns:
        x, of b's shape, or (..., n) for vectors and (..., n, k) with stacks.

    Raises:
        ShapeError: the operands do not fit.

    >>> cho_solve_banded((np.array([[0.0, 1.0], [2.0, 2.0]]), False), [6.0, 7.0])
    array([1., 1.])
    """
    cb, lower = cb_and_lower
    diagonals, right = of_one_dtype(cb, b)
    columns, vector = _columns("cho_solve_banded", diagonals, right)
    diagonals, columns = alike("cho_solve_banded", [diagonals, columns], (2, 2))
    x = by_cholesky(_hermitian(diagonals, bool(lower)), columns, bool(lower))
    return solution(x, vector)


@user_facing
def solveh_banded(
    ab: ArrayLike,
    b: ArrayLike,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve ``a @ x = b`` with a Hermitian positive definite banded matrix.

    Args:
        ab: (..., u + 1, n), the diagonals of one triangle, as of ``cholesky_banded``.
        b: (n,), or (..., n, k).
        overwrite_ab: changes nothing.
        overwrite_b: changes nothing.
        lower: the lower triangle is given.
        check_finite: changes nothing.

    Returns:
        x, of b's shape, or (..., n) for vectors and (..., n, k) with stacks.

    Raises:
        LinAlgError: the matrix is not positive definite.
        ShapeError: the operands do not fit.

    >>> solveh_banded([[0.0, 2.0], [4.0, 5.0]], [6.0, 7.0])
    array([1., 1.])
    """
    diagonals, right = of_one_dtype(ab, b)
    columns, vector = _columns("solveh_banded", diagonals, right)
    diagonals, columns = alike("solveh_banded", [diagonals, columns], (2, 2))
    whole = factorizations.from_triangle(_hermitian(diagonals, bool(lower)), lower=bool(lower))
    x = by_cholesky(factorizations.cholesky(whole), columns, True)
    return solution(x, vector)
