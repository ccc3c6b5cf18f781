"""Norms, condition numbers and ranks."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from ...arrays import like
from ...core.dtypes import finfo, is_inexact
from ...core.tracebacks import user_facing
from ...ops.linalg import inverses, matrices
from ...ops.linalg import norms as linalg_norm
from ...ops.linalg import spectral as linalg_spectral
from ...ops.pointwise.comparison import isnan, select
from ...ops.reductions.reducing import keepdims as restore_axes
from ...ops.reductions.reducing import reduce_any, reduce_max, reduce_min
from ...ops.shape import cast, reduce_sum, reshape
from ...ops.shape import transpose as permute
from ...typing import Array, ArrayLike
from ..protocol import as_operand, is_plain
from .operands import inexact

Order: TypeAlias = Literal["fro", "nuc"] | float | None
"""The kind of a norm: the exponent of a p-norm, or the name of a norm of matrices."""


@user_facing
def norm(
    x: ArrayLike,
    ord: Order = None,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
) -> Array:
    """Norm of vectors or matrices.

    Args:
        x: array.
        ord: for vectors 2 (default), inf, -inf, 0, or any p; for matrices 'fro' (default), 'nuc',
            inf, -inf, 1, -1, 2, -2.
        axis: one axis for vectors, two for matrices; None takes the whole array, which for
            ord=None may have any number of axes.
        keepdims: keep the reduced axes as ones.

    Returns:
        The norms.

    Raises:
        ValueError: no such norm, or the wrong number of axes.

    Derivative: where the norm is not differentiable, at zero above all, the smallest subgradient.

    >>> norm(np.array([3.0, 4.0]))
    np.float64(5.0)
    """
    array = as_operand(x)
    if is_plain(array):
        return np.linalg.norm(array, ord, axis, keepdims)
    if not is_inexact(array.dtype):
        array = cast(array, np.dtype(np.float64))
    ndim = len(array.shape)
    if axis is None:
        axes = tuple(range(ndim))
        frobenius = ndim == 2 and ord in ("fro", "f")
        if ord is None or frobenius or (ndim == 1 and ord == 2):
            return _kept(linalg_norm.vector_norm(array, axes=axes, order=2), array, axes, keepdims)
    else:
        axes = tuple(a % ndim for a in (axis if isinstance(axis, tuple | list) else (axis,)))
    if len(axes) == 1:
        return _kept(_vector_norm(array, axes, ord), array, axes, keepdims)
    if len(axes) == 2:
        if axes[0] == axes[1]:
            raise ValueError(f"norm: duplicate axes {axis}")
        return _kept(_matrix_norm(array, axes, ord), array, axes, keepdims)
    raise ValueError(f"norm needs one axis or two, got {len(axes)}; give axis=")


def _kept(out: Array, x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    return restore_axes(out, x, axes) if keepdims else out


def _vector_norm(x: Array, axes: tuple[int, ...], order: Order) -> Array:
    if isinstance(order, str):
        raise ValueError(f"norm: no norm {order!r} of vectors")
    if order is None or order == 2:
        return linalg_norm.vector_norm(x, axes=axes, order=2)
    if order == np.inf:
        return reduce_max(abs(x), axes=axes)
    if order == -np.inf:
        return reduce_min(abs(x), axes=axes)
    if order == 0:
        return reduce_sum(cast(x != 0, matrices.real_dtype(x.dtype)), axes=axes)
    if order == 1:
        return reduce_sum(abs(x), axes=axes)
    return linalg_norm.vector_norm(x, axes=axes, order=float(order))


def _matrix_norm(x: Array, axes: tuple[int, ...], order: Order) -> Array:
    row, column = axes
    if order in (None, "fro", "f"):
        return linalg_norm.vector_norm(x, axes=tuple(sorted(axes)), order=2)
    if order in (2, -2, "nuc"):
        rest = [i for i in range(len(x.shape)) if i not in axes]
        s = linalg_spectral.svdvals(permute(x, perm=(*rest, row, column)))
        last = (len(s.shape) - 1,)
        reduce = {2: reduce_max, -2: reduce_min, "nuc": reduce_sum}[order]
        return reduce(s, axes=last)
    if order not in (1, -1, np.inf, -np.inf):
        raise ValueError(f"norm: no norm {order!r} of matrices")
    summed, extremum = (row, column) if abs(order) == 1 else (column, row)
    sums = reduce_sum(abs(x), axes=(summed,))
    reduce = reduce_max if order > 0 else reduce_min
    return reduce(sums, axes=(extremum - (extremum > summed),))


@user_facing
def vector_norm(
    x: ArrayLike,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
    ord: float = 2,
) -> Array:
    """Norm of vectors.

    Args:
        x: array.
        axis: axes that together hold one vector; None for all of them.
        keepdims: keep the reduced axes as ones.
        ord: 2, inf, -inf, 0 or any p.

    Returns:
        The norms.

    >>> vector_norm(np.array([[3.0, 4.0]]), axis=1)
    array([5.])
    """
    a = as_operand(x)
    if is_plain(a):
        whole: Any = axis  # NumPy takes None, which its stubs do not say
        return np.linalg.vector_norm(a, axis=whole, keepdims=keepdims, ord=ord)
    ndim = len(a.shape)
    if axis is None:
        axes = tuple(range(ndim))
    else:
        axes = tuple(k % ndim for k in (axis if isinstance(axis, tuple | list) else (axis,)))
    if not is_inexact(a.dtype):
        a = cast(a, np.dtype(np.float64))
    return _kept(_vector_norm(a, tuple(sorted(axes)), ord), a, axes, keepdims)


@user_facing
def matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: Order = "fro") -> Array:
    """Norm of matrices, the last two axes.

    Args:
        x: (..., m, n).
        keepdims: keep the reduced axes as ones.
        ord: 'fro', 'nuc', inf, -inf, 1, -1, 2, -2.

    Returns:
        The norms.

    >>> matrix_norm(np.eye(2), ord=2)
    np.float64(1.0)
    """
    return norm(x, ord, (-2, -1), keepdims)


@user_facing
def cond(x: ArrayLike, p: Order = None) -> Array:
    """Condition number: the norm of x times that of its inverse.

    Args:
        x: (..., n, n), or (..., m, n) for p in (None, 2, -2).
        p: order of the norm, see ``norm``; None is 2.

    Returns:
        The condition numbers, inf for singular matrices.

    >>> cond(np.diag([4.0, 2.0]))
    np.float64(2.0)
    """
    x = inexact(x)
    if is_plain(x):
        return np.linalg.cond(x, p)
    with np.errstate(all="ignore"):
        if p in (None, 2, -2):
            s = linalg_spectral.svdvals(x)
            axis = len(s.shape) - 1
            most, least = reduce_max(s, axes=(axis,)), reduce_min(s, axes=(axis,))
            ratio = least / most if p == -2 else most / least
        else:
            inverse = inverses.inv(x, failing="nan")
            ratio = norm(x, p, (-2, -1)) * norm(inverse, p, (-2, -1))
    given = reduce_any(isnan(x), axes=(len(x.shape) - 2, len(x.shape) - 1))
    return select(isnan(ratio) & ~given, np.inf, ratio)


@user_facing
def matrix_rank(
    A: ArrayLike,
    tol: float | None = None,
    hermitian: bool = False,
    *,
    rtol: Array | float | None = None,
) -> Array:
    """Number of singular values above a tolerance.

    Args:
        A: (..., m, n); a vector has rank 1 unless it is zero.
        tol: absolute tolerance, of shape (...).
        hermitian: A is Hermitian, which is faster.
        rtol: tolerance relative to the largest singular value, max(m, n) times the machine epsilon
            by default.

    Returns:
        The ranks, integers without derivative.

    >>> matrix_rank(np.ones((2, 3)))
    np.int64(1)
    """
    A = as_operand(A)
    if is_plain(A):
        return np.linalg.matrix_rank(A, tol, hermitian, rtol=rtol)
    if tol is not None and rtol is not None:
        raise ValueError("matrix_rank: give tol or rtol, not both")
    if len(A.shape) < 2:
        return cast(reduce_any(A != 0, axes=tuple(range(len(A.shape)))), np.dtype(np.int64))
    A = inexact(A)
    s = abs(linalg_spectral.eigvalsh(A, lower=True)) if hermitian else linalg_spectral.svdvals(A)
    axis = len(s.shape) - 1
    if not s.shape[-1]:
        return reduce_sum(cast(s, np.dtype(np.int64)), axes=(axis,))
    if tol is not None:
        least = like(s, as_operand(tol))
    else:
        rtol = max(A.shape[-2:]) * float(finfo(s.dtype).eps) if rtol is None else rtol
        least = as_operand(reduce_max(s, axes=(axis,)) * like(s, rtol))
    above = s > reshape(least, shape=(*least.shape, 1))
    return reduce_sum(cast(above, np.dtype(np.int64)), axes=(axis,))
