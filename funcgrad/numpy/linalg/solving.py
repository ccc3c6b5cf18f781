"""Linear systems, inverses and determinants."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import finfo
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import (
    determinants as linalg_det,
)
from ...ops.linalg import (
    factorizations as linalg_factor,
)
from ...ops.linalg import inverses
from ...ops.linalg import solving as systems
from ...ops.linalg import (
    spectral as linalg_spectral,
)
from ...ops.pointwise.comparison import select
from ...ops.pointwise.complex import conj, real
from ...ops.shape import broadcast_to, cast, reduce_sum, reshape, transpose
from ...ops.structural.indexing import index
from ...typing import Array, ArrayLike
from ..protocol import as_operand, is_plain
from .operands import inexact, matrices, of_one_dtype, square

_NONE: Any = np._NoValue


class SlogdetResult(NamedTuple):
    """Sign (or phase) and logarithm of the absolute value of a determinant."""

    sign: Array
    logabsdet: Array


@user_facing
def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """Solve ``a @ x = b``.

    Args:
        a: (..., n, n).
        b: (n,), one vector, or (..., n, k), stacks of columns; leading axes broadcast.

    Returns:
        x, of b's shape with broadcast leading axes.

    Raises:
        LinAlgError: a matrix is singular.

    Derivative: dx = a^-1 (db - da x) (Giles 2008).

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    array([1. , 0.5])
    """
    matrix, rhs = of_one_dtype(a, b)
    matrix = square("solve", matrix)
    vector = len(rhs.shape) == 1
    if vector:
        rhs = reshape(rhs, shape=(*rhs.shape, 1))
    if len(rhs.shape) < 2 or rhs.shape[-2] != matrix.shape[-1]:
        raise ShapeError(
            f"solve: matrices of shape {tuple(matrix.shape)} need right-hand sides of shape "
            f"({matrix.shape[-1]},) or (..., {matrix.shape[-1]}, k), got {tuple(rhs.shape)}"
        )
    lead = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    if len(matrix.shape) == 2 and prod(lead) > 1:
        flat = reshape(rhs, shape=(prod(lead), *rhs.shape[-2:]))
        x = systems.unfold_columns(systems.solve(matrix, systems.fold_columns(flat)), prod(lead))
        return reshape(x, shape=tuple(rhs.shape))
    matrix = broadcast_to(matrix, (*lead, *matrix.shape[-2:]))
    rhs = broadcast_to(rhs, (*lead, *rhs.shape[-2:]))
    x = systems.solve(matrix, rhs)
    return reshape(x, shape=tuple(x.shape[:-1])) if vector else x


@user_facing
def inv(a: ArrayLike) -> Array:
    """Inverse of matrices.

    Args:
        a: (..., n, n).

    Returns:
        The inverses, of a's shape.

    Raises:
        LinAlgError: a matrix is singular.

    Derivative: -X dA X (Giles 2008).

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return inverses.inv(square("inv", a))


@user_facing
def pinv(
    a: ArrayLike,
    rcond: ArrayLike | None = None,
    hermitian: bool = False,
    *,
    rtol: ArrayLike | None = _NONE,
) -> Array:
    """Moore-Penrose pseudo-inverse.

    Args:
        a: (..., m, n).
        rcond: singular values up to rcond times the largest count as zero; 1e-15 by default.
        hermitian: a is Hermitian (its lower triangle is read).
        rtol: the same as rcond; None stands for max(m, n) times the machine epsilon.

    Returns:
        The pseudo-inverses, (..., n, m).

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: Golub and Pereyra (1973), for changes of a that keep its rank.

    >>> pinv([[2.0], [0.0]])
    array([[0.5, 0. ]])
    """
    x = square("pinv", a) if hermitian else matrices("pinv", a)
    if hermitian:
        x = linalg_factor.from_triangle(x, lower=True)
    if rcond is None and rtol is not _NONE:
        rcond = _precision(x) if rtol is None else rtol
    elif rcond is None:
        rcond = 1e-15
    smallest = cast(as_operand(rcond), np.dtype(np.float64))
    return inverses.pinv(x, broadcast_to(smallest, x.shape[:-2]))


def _precision(a: Array) -> float:
    return max(a.shape[-2:]) * float(finfo(a.dtype).eps)


@user_facing
def lstsq(
    a: ArrayLike, b: ArrayLike, rcond: float | None = None
) -> tuple[Array, Array, Array | np.integer, Array]:
    """Least-squares solution of ``a @ x = b``, the smallest one if there are several.

    Args:
        a: (m, n).
        b: (m,) or (m, k).
        rcond: singular values up to rcond times the largest count as zero; None stands for
            max(m, n) times the machine epsilon, -1 for the machine epsilon.

    Returns:
        x, sums of squared residuals, rank of a, singular values of a. Residuals are empty unless
        m > n and the rank is n. Inside transformations a shape cannot depend on the rank: there
        they are NaN where m > n and the rank is less.

    Derivative: that of the pseudo-inverse, for changes of a that keep its rank.

    >>> lstsq([[1.0], [1.0]], [1.0, 3.0])[0]
    array([2.])
    """
    matrix, rhs = of_one_dtype(a, b)
    fits = len(matrix.shape) == 2 and len(rhs.shape) in (1, 2)
    if not fits or matrix.shape[0] != rhs.shape[0]:
        raise ShapeError(
            "lstsq needs a of shape (m, n) and b of shape (m,) or (m, k), got "
            f"{tuple(matrix.shape)} and {tuple(rhs.shape)}"
        )
    if is_plain(matrix, rhs):
        return np.linalg.lstsq(matrix, rhs, rcond)
    m, n = matrix.shape
    if rcond is None:
        rcond = _precision(matrix)
    elif rcond < 0:
        rcond = float(finfo(matrix.dtype).eps)
    s = linalg_spectral.svdvals(matrix)
    largest = index(s, key=((0, 1, None),))
    rank = cast(reduce_sum(cast(s > largest * rcond, np.dtype(int)), axes=(0,)), np.dtype(np.int32))
    x = matmul(inverses.pinv(matrix, np.float64(rcond)), rhs)
    if m <= n:
        return x, index(s, key=((0, 0, None),)), rank, s
    rest = rhs - matmul(matrix, x)
    squares = real(conj(rest) * rest) if rest.dtype.kind == "c" else rest * rest
    residuals = reduce_sum(squares, axes=(0,))
    if len(rhs.shape) == 1:
        residuals = reshape(residuals, shape=(1,))
    return x, select(rank == n, residuals, np.nan), rank, s


@user_facing
def det(a: ArrayLike) -> Array:
    """Determinant.

    Args:
        a: (..., n, n).

    Returns:
        The determinants, of shape (...).

    Derivative: the cofactors, for singular matrices too.

    >>> det([[1.0, 2.0], [3.0, 4.0]]).round(6)
    np.float64(-2.0)
    """
    return linalg_det.det(square("det", a))


@user_facing
def slogdet(a: ArrayLike) -> SlogdetResult:
    """Sign and logarithm of the absolute value of the determinant.

    Args:
        a: (..., n, n).

    Returns:
        Signs, complex phases for complex matrices, and logarithms; 0 and -inf for a singular one.

    Derivative: trace(a^-1 da) (Giles 2008), which raises LinAlgError for singular matrices.

    >>> slogdet([[-2.0, 0.0], [0.0, 1.0]]).sign
    np.float64(-1.0)
    """
    return SlogdetResult(*linalg_det.slogdet(square("slogdet", a)))


@user_facing
def tensorinv(a: ArrayLike, ind: int = 2) -> Array:
    """Inverse of a as a linear map from its last axes to its first ``ind`` ones.

    Args:
        a: array whose first ind axes have as many elements as the others.
        ind: number of leading axes, at least 1.

    Returns:
        The inverse, with those groups of axes exchanged.

    >>> tensorinv(np.eye(4).reshape(2, 2, 4)).shape
    (4, 2, 2)
    """
    if ind <= 0:
        raise ValueError(f"tensorinv: ind must be at least 1, got {ind}")
    a = inexact(a)
    shape = tuple(a.shape)
    first, last = prod(shape[:ind]), prod(shape[ind:])
    return reshape(inv(reshape(a, shape=(first, last))), shape=shape[ind:] + shape[:ind])


@user_facing
def tensorsolve(a: ArrayLike, b: ArrayLike, axes: Sequence[int] | None = None) -> Array:
    """Solve ``tensordot(a, x, x.ndim) = b``.

    Args:
        a: array with the axes of b in front and those of x behind.
        b: right-hand side.
        axes: axes of a that are moved to the end first.

    Returns:
        x.

    >>> tensorsolve(np.eye(4).reshape(2, 2, 4), np.ones((2, 2)))
    array([1., 1., 1., 1.])
    """
    array, rhs = of_one_dtype(a, b)
    ndim = len(array.shape)
    if axes is not None:
        moved = [ax % ndim for ax in axes]
        kept = [i for i in range(ndim) if i not in moved]
        array = transpose(array, perm=(*kept, *moved))
    solution = tuple(array.shape[len(rhs.shape) :])
    if not prod(array.shape[: len(rhs.shape)]) == prod(rhs.shape) == prod(solution):
        raise ShapeError(
            f"tensorsolve: a of shape {tuple(array.shape)} is no square map to b of shape "
            f"{tuple(rhs.shape)}"
        )
    matrix = reshape(array, shape=(prod(rhs.shape), prod(solution)))
    return reshape(solve(matrix, reshape(rhs, shape=(prod(rhs.shape),))), shape=solution)
