"""Cholesky, LU and QR factors, and systems that are solved with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg.operands import matrices, of_one_dtype, square
from ...numpy.protocol import as_operand, inexact
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import factorizations, pivoting, solving
from ...ops.linalg.matrices import adjoint, real_dtype
from ...ops.reductions.sorting import argsort
from ...ops.shape import broadcast_to, cast
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .systems import from_triangle, solution, system


@user_facing
def cholesky(
    a: ArrayLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Array:
    """The Cholesky factor of Hermitian positive definite matrices.

    Args:
        a: (..., n, n), of which one triangle is read: the upper one, or the lower one.
        lower: return L with ``a = L L*``, not R with ``a = R* R``.
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        The factors.

    Raises:
        LinAlgError: a matrix is not positive definite.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 1.],
           [0., 2.]])
    """
    whole = from_triangle(square("cholesky", a), bool(lower), hermitian=True)
    factor = factorizations.cholesky(whole)
    return factor if lower else adjoint(factor)


@user_facing
def cho_factor(
    a: ArrayLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Array, bool]:
    """The Cholesky factor for ``cho_solve``.

    Args:
        a: (..., n, n), of which one triangle is read: the upper one, or the lower one.
        lower: take the lower triangle.
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        The factor, with zeros in the other triangle, and ``lower``.

    Raises:
        LinAlgError: a matrix is not positive definite.

    >>> cho_factor([[4.0, 2.0], [2.0, 5.0]])[0]
    array([[2., 1.],
           [0., 2.]])
    """
    return cholesky(a, lower), bool(lower)


@user_facing
def lu_factor(
    a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Array, Array]:
    """LU factors with partial pivoting, for ``lu_solve``.

    Args:
        a: (..., m, n).
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        L below the diagonal, without its ones, and U above; and the rows that the first, second,
        ... row was exchanged with.

    Derivative: de Hoog, Anderssen and Lukas (2011).

    >>> lu_factor([[1.0, 2.0], [2.0, 2.0]])
    (array([[2. , 2. ],
           [0.5, 1. ]]), array([1, 1], dtype=int32))
    """
    factors, pivots, _ = pivoting.lu_with_pivots(matrices("lu_factor", a))
    return factors, pivots


@user_facing
def lu_solve(
    lu_and_piv: tuple[ArrayLike, ArrayLike],
    b: ArrayLike,
    trans: int = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Array:
    """Solve ``op(a) @ x = b`` with the LU factors of a.

    Args:
        lu_and_piv: what ``lu_factor`` returns.
        b: (n,), or (..., n, k).
        trans: op(a) is a for 0, the transpose for 1, its conjugate for 2.
        overwrite_b: changes nothing.
        check_finite: changes nothing.

    Returns:
        x, of b's shape.

    Raises:
        ShapeError: b does not fit.

    >>> lu_solve(lu_factor([[1.0, 2.0], [2.0, 2.0]]), [3.0, 4.0])
    array([1., 1.])
    """
    one_of("lu_solve", "trans", trans, (0, 1, 2))
    lu, pivots = lu_and_piv
    factors, columns, vector = system("lu_solve", lu, b)
    order = pivoting.permutation_of_pivots(as_operand(pivots), size=factors.shape[-1])
    order = broadcast_to(order, tuple(factors.shape[:-1]))

    def solved(x: Array, lower: bool, mode: int) -> Array:
        return solving.triangular_solve(
            factors, x, lower=lower, transpose_a=mode, unit_diagonal=lower
        )

    if not trans:
        x = pivoting.rows_in_order(columns, order)
        x = solved(solved(x, True, solving.NONE), False, solving.NONE)
    else:
        mode = solving.TRANSPOSED if trans == 1 else solving.ADJOINT
        x = solved(solved(columns, False, mode), True, mode)
        back = argsort(order, axis=len(order.shape) - 1, descending=False)
        x = pivoting.rows_in_order(x, back)
    return solution(x, vector)


@user_facing
def lu(
    a: ArrayLike,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Array, ...]:
    """LU factors with partial pivoting, ``a = p @ l @ u``.

    Args:
        a: (..., m, n).
        permute_l: return ``p @ l`` in place of p and l.
        overwrite_a: changes nothing.
        check_finite: changes nothing.
        p_indices: return p as the order of rows, ``a = l[p] @ u``.

    Returns:
        (p, l, u), or (p @ l, u).

    Derivative: de Hoog, Anderssen and Lukas (2011).

    >>> p, l, u = lu([[1.0, 2.0], [2.0, 2.0]])
    >>> p @ l @ u
    array([[1., 2.],
           [2., 2.]])
    """
    x = matrices("lu", a)
    *lead, m, n = x.shape
    k, real = min(m, n), real_dtype(x.dtype)
    factors, _, order = pivoting.lu_with_pivots(x)
    rows = tuple(FULL for _ in lead)
    below = index(factors, key=(*rows, FULL, (0, k, None)))
    below = below * like(x, np.tri(m, k, -1, dtype=real)) + like(x, np.eye(m, k, dtype=real))
    above = index(factors, key=(*rows, (0, k, None), FULL)) * like(x, np.tri(n, k, dtype=real).T)
    back = argsort(order, axis=len(lead), descending=False)
    if permute_l:
        return pivoting.rows_in_order(below, back), above
    if p_indices:
        return cast(back, np.dtype(np.int32)), below, above
    eye = broadcast_to(like(x, np.eye(m, dtype=real)), (*lead, m, m))
    return pivoting.rows_in_order(eye, back), below, above


@user_facing
def qr(
    a: ArrayLike,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> tuple[Array, ...]:
    """QR factors, ``a = q r``, or ``a[:, p] = q r`` with the longest columns first.

    Args:
        a: (..., m, n).
        overwrite_a: changes nothing.
        lwork: changes nothing.
        mode: 'full', 'economic', or 'r' for r alone.
        pivoting: choose for each column the longest one that is left.
        check_finite: changes nothing.

    Returns:
        (q, r), or (r,); and p behind them.

    Raises:
        DifferentiationError: derivative of the full factors of a tall matrix.
        ValueError: there is no such mode.

    >>> q, r = qr([[3.0, 0.0], [4.0, 5.0]], mode="economic")
    >>> abs(r).round(6)
    array([[5., 4.],
           [0., 3.]])
    """
    one_of("qr", "mode", mode, ("full", "economic", "r"))
    x = matrices("qr", a)
    order: tuple[Array, ...] = ()
    if pivoting:
        order = (order_of_columns(x),)
        x = columns_in_order(x, *order)
    m, n = x.shape[-2:]
    whole = mode != "economic" and m > n
    if mode == "r" and whole:
        _, r = factorizations.qr(x, mode="reduced")
        zeros = np.eye(m, n, dtype=real_dtype(x.dtype))
        return (matmul(broadcast_to(zeros, (*x.shape[:-2], m, n)), r), *order)
    q, r = factorizations.qr(x, mode="complete" if whole else "reduced")
    return (r, *order) if mode == "r" else (q, r, *order)


order_of_columns, columns_in_order = pivoting.order_of_columns, pivoting.columns_in_order


@user_facing
def qr_multiply(
    a: ArrayLike,
    c: ArrayLike,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a: bool = False,
    overwrite_c: bool = False,
) -> tuple[Array, ...]:
    """A product with q of the QR factors of matrices, and r.

    Args:
        a: (..., m, n), with factors q of shape (..., m, k) and r, k the smaller one of m and n.
        c: (..., p, m) with mode 'right', (..., k, p) with 'left', or a vector for p = 1.
        mode: 'right' for ``c @ q``, 'left' for ``q @ c``.
        pivoting: order the columns as ``qr`` does.
        conjugate: multiply with the conjugate of q.
        overwrite_a: changes nothing.
        overwrite_c: changes nothing.

    Returns:
        (product, r), or (product, r, p).

    Raises:
        ShapeError: the operands do not fit.
        ValueError: there is no such mode.

    >>> abs(qr_multiply([[0.0, 1.0], [2.0, 0.0]], [1.0, 0.0])[1])
    array([[2., 0.],
           [0., 1.]])
    """
    one_of("qr_multiply", "mode", mode, ("right", "left"))
    q, *rest = qr(a, mode="economic", pivoting=pivoting)
    other = inexact(as_operand(c))
    vector = len(other.shape) == 1
    inner = q.shape[-2] if mode == "right" else q.shape[-1]
    if not other.shape or other.shape[-1 if vector or mode == "right" else -2] != inner:
        raise ShapeError(
            f"qr_multiply: c of shape {tuple(other.shape)} does not fit q of shape {tuple(q.shape)}"
        )
    q = np.conj(q) if conjugate else q
    q, other = of_one_dtype(q, other)
    return (np.matmul(other, q) if mode == "right" else np.matmul(q, other), *rest)
