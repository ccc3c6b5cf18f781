"""Logarithms, powers and signs of matrices."""

from __future__ import annotations

from math import inf

import numpy as np

from ...core.dtypes import is_floating
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.linalg.operands import square
from ...numpy.linalg.products import matrix_power
from ...numpy.protocol import is_plain
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import exponential, logarithm, solving, sylvester
from ...ops.shape import cast
from ...typing import Array, ArrayLike


@user_facing
def logm(A: ArrayLike, disp: bool = True) -> Array:
    """The principal logarithm of matrices, the inverse of ``expm``.

    Args:
        A: (..., n, n), without eigenvalues that are negative or 0.
        disp: changes nothing.

    Returns:
        The logarithms, real for real matrices: NaN where the logarithm of one is not real, and it
        must be made complex before.

    Raises:
        ImportError: SciPy is not installed.

    Derivative: a block of a logarithm (Higham, Functions of Matrices, 2008, theorem 3.6).

    >>> logm([[1.0, 2.0], [0.0, 1.0]]).round(12) + 0
    array([[0., 2.],
           [0., 0.]])
    """
    return logarithm.logm(square("logm", A))


@user_facing
def fractional_matrix_power(A: ArrayLike, t: ArrayLike) -> Array:
    """A power of matrices: products for an integer, ``expm(t * logm(A))`` for another number.

    Args:
        A: (..., n, n), without eigenvalues that are negative or 0 unless t is an integer.
        t: a real number.

    Returns:
        The powers, real for real matrices: NaN where the power of one is not real, and it must be
        made complex before.

    Raises:
        ImportError: t is not an integer, and SciPy is not installed.
        LinAlgError: t is negative, and a matrix has no inverse.
        ShapeError: t is not a single number.

    >>> fractional_matrix_power([[4.0, 0.0], [0.0, 9.0]], 0.5).round(12)
    array([[2., 0.],
           [0., 3.]])
    """
    matrix = square("fractional_matrix_power", A)
    if aval_of(t).shape != ():
        raise ShapeError(
            f"fractional_matrix_power needs one number t, got shape {aval_of(t).shape}"
        )
    if is_plain(t) and abs(float(t)) < inf and float(t).is_integer():  # type: ignore[arg-type]
        return matrix_power(matrix, int(t))  # type: ignore[arg-type,no-any-return]
    scale = cast(t, np.dtype(matrix.dtype)) if is_floating(matrix.dtype) else t
    return exponential.expm(scale * logarithm.logm(matrix))


@user_facing
def signm(A: ArrayLike, disp: bool = True) -> Array:
    """The sign of matrices: eigenvalues become 1 right of the imaginary axis and -1 left of it.

    Args:
        A: (..., n, n), without eigenvalues on the imaginary axis.
        disp: changes nothing.

    Returns:
        The signs, ``A (A A)^(-1/2)`` (Higham, Functions of Matrices, 2008, equation 5.5).

    Raises:
        ImportError: SciPy is not installed.
        LinAlgError: an eigenvalue is 0.

    >>> signm([[2.0, 0.0], [0.0, -3.0]]).round(12) + 0
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    matrix = square("signm", A)
    return solving.solve(sylvester.sqrtm(matmul(matrix, matrix)), matrix)
