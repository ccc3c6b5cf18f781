"""Least squares, pseudo-inverses, norms and rotations that fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...api.stop_gradient import stop_gradient
from ...core.dtypes import finfo
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.linalg import norms
from ...numpy.linalg import solving as of_numpy
from ...numpy.linalg.norms import Order
from ...numpy.linalg.operands import matrices, of_one_dtype, square
from ...numpy.protocol import as_operand
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import spectral
from ...ops.linalg.matrices import adjoint
from ...ops.pointwise.complex import conj, real
from ...ops.shape import cast, reduce_sum
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike
from .spectra import polar
from .stacks import alike, over_stacks
from .systems import from_triangle


@user_facing
def norm(
    a: ArrayLike,
    ord: Order = None,
    axis: int | tuple[int, int] | None = None,
    keepdims: bool = False,
    check_finite: bool = True,
) -> Array:
    """Norm of vectors or matrices: ``numpy.linalg.norm`` with SciPy's arguments.

    Args:
        a: an array.
        ord: which norm.
        axis: one for vectors, two for matrices; None for all of a.
        keepdims: keep the axes, with the length 1.
        check_finite: changes nothing.

    >>> norm([3.0, 4.0])
    np.float64(5.0)
    """
    return norms.norm(a, ord, axis, keepdims)


def _threshold(x: Array, atol: Any, rtol: Any) -> Any:
    """The least singular value that counts, with respect to the largest one."""
    if rtol is None:
        rtol = 0 if atol is not None else max(x.shape[-2:]) * float(finfo(x.dtype).eps)
    if atol is None or not min(x.shape[-2:]):
        return rtol
    largest = stop_gradient(index(spectral.svdvals(x), key=(*[FULL] * (len(x.shape) - 2), 0)))
    return rtol + atol / np.where(largest == 0, 1, largest)


def _inverted(x: Array, hermitian: bool, atol: Any, rtol: Any, return_rank: bool) -> Any:
    threshold = _threshold(x, atol, rtol)
    out = of_numpy.pinv(x, threshold, hermitian)
    if not return_rank:
        return out
    return out, norms.matrix_rank(x, hermitian=hermitian, rtol=threshold)


@user_facing
def pinv(
    a: ArrayLike,
    *,
    atol: ArrayLike | None = None,
    rtol: ArrayLike | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Moore-Penrose pseudo-inverse.

    Args:
        a: (..., m, n).
        atol: singular values up to ``atol + rtol * largest`` count as zero; 0 by default.
        rtol: the same; max(m, n) times the machine epsilon if neither is given.
        return_rank: return the rank as well.
        check_finite: changes nothing.

    Returns:
        The pseudo-inverses, (..., n, m); with ``return_rank`` and the ranks.

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: Golub and Pereyra (1973), for changes of a that keep its rank.

    >>> pinv([[2.0], [0.0]])
    array([[0.5, 0. ]])
    """
    return _inverted(matrices("pinv", a), False, atol, rtol, return_rank)


@user_facing
def pinvh(
    a: ArrayLike,
    atol: ArrayLike | None = None,
    rtol: ArrayLike | None = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Moore-Penrose pseudo-inverse of Hermitian matrices.

    Args:
        a: (..., n, n), of which one triangle is read.
        atol: eigenvalues whose size is up to ``atol + rtol * largest`` count as zero.
        rtol: the same; n times the machine epsilon if neither is given.
        lower: read the lower triangle, not the upper one.
        return_rank: return the rank as well.
        check_finite: changes nothing.

    Returns:
        The pseudo-inverses; with ``return_rank`` and the ranks.

    >>> pinvh([[2.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    whole = from_triangle(square("pinvh", a), bool(lower), hermitian=True)
    return _inverted(whole, True, atol, rtol, return_rank)


@user_facing
def lstsq(
    a: ArrayLike,
    b: ArrayLike,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> tuple[Array, Array, Any, Array]:
    """Least-squares solution of ``a @ x = b``, the smallest one if there are several.

    Args:
        a: (..., m, n).
        b: (m,) or (..., m, k).
        cond: singular values up to cond times the largest count as zero; the machine epsilon by
            default.
        overwrite_a: changes nothing.
        overwrite_b: changes nothing.
        check_finite: changes nothing.
        lapack_driver: the name of a routine of LAPACK; changes nothing.

    Returns:
        x, sums of squared residuals (one number for a vector b), rank of a, singular values of a.
        Residuals are empty unless m > n and the rank is n. Inside transformations, where a shape
        cannot depend on the rank, and in stacks, they are NaN where m > n and the rank is less.

    Derivative: that of the pseudo-inverse, for changes of a that keep its rank.

    >>> lstsq([[1.0], [1.0]], [1.0, 3.0])[0]
    array([2.])
    """
    matrix, right = of_one_dtype(a, b)
    matrix = matrices("lstsq", matrix)
    vector = len(aval_of(right).shape) == 1

    def fitted(a: Array, b: Array) -> tuple[Array, Array, Any, Array]:
        x, residuals, rank, sizes = of_numpy.lstsq(a, b, -1 if cond is None else cond)
        if vector and residuals.shape == (1,):
            residuals = residuals[0]
        return x, residuals, cast(as_operand(rank), np.dtype(np.int64)), sizes

    ranks = (2, 1 if vector else 2)
    found: tuple[Array, Array, Any, Array] = over_stacks("lstsq", fitted, [matrix, right], ranks)
    return found


@user_facing
def orthogonal_procrustes(
    A: ArrayLike, B: ArrayLike, check_finite: bool = True
) -> tuple[Array, Array]:
    """The orthogonal matrix R for which ``A @ R`` is nearest to B.

    Args:
        A: (..., m, n).
        B: (..., m, n).
        check_finite: changes nothing.

    Returns:
        R, the unitary factor of ``A^H B`` (Schonemann 1966), and the sum of its singular values.

    Raises:
        ShapeError: the shapes differ, or are not those of matrices.

    >>> orthogonal_procrustes([[1.0, 0.0], [0.0, 1.0]], [[0.0, 2.0], [-2.0, 0.0]])
    (array([[ 0.,  1.],
           [-1.,  0.]]), np.float64(4.0))
    """
    left, right = of_one_dtype(A, B)
    shapes = aval_of(left).shape, aval_of(right).shape
    if len(shapes[0]) < 2 or shapes[0][-2:] != shapes[1][-2:]:
        raise ShapeError(f"orthogonal_procrustes needs matrices of one shape, got {shapes}")
    left, right = alike("orthogonal_procrustes", [left, right], (2, 2))
    product = matmul(adjoint(left), right)
    turn = polar(product)[0]
    last = len(product.shape) - 1
    return turn, reduce_sum(real(conj(turn) * product), axes=(last - 1, last))


@user_facing
def khatri_rao(a: ArrayLike, b: ArrayLike) -> Array:
    """Kronecker's product of each column of one matrix with that column of another.

    Args:
        a: (..., m, k).
        b: (..., n, k).

    Returns:
        (..., m * n, k).

    Raises:
        ShapeError: the numbers of columns differ.

    >>> khatri_rao([[1, 2]], [[3, 4], [5, 6]])
    array([[ 3,  8],
           [ 5, 12]])
    """
    left, right = as_operand(a), as_operand(b)
    shapes = aval_of(left).shape, aval_of(right).shape
    if min(map(len, shapes)) < 2 or left.shape[-1] != right.shape[-1]:
        raise ShapeError(
            f"khatri_rao needs matrices with equally many columns, got {shapes[0]} and {shapes[1]}"
        )
    products = left[..., :, None, :] * right[..., None, :, :]
    return products.reshape((*products.shape[:-3], -1, products.shape[-1]))  # type: ignore[no-any-return]
