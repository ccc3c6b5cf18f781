"""Systems with matrices that repeat a vector along their diagonals."""

from __future__ import annotations

import numpy as np

from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy import fft as fourier
from ...numpy.protocol import inexact
from ...typing import Array, ArrayLike
from .structured import toeplitz


def _columns_of(name: str, n: int, b: ArrayLike) -> tuple[Array, bool]:
    right = inexact(b)
    vector = len(right.shape) == 1
    if len(right.shape) not in (1, 2) or right.shape[0] != n:
        raise ShapeError(
            f"{name}: a matrix of size {n} and a right-hand side of shape {tuple(right.shape)} do "
            "not fit"
        )
    return (right[:, None] if vector else right), vector


@user_facing
def solve_toeplitz(
    c_or_cr: ArrayLike | tuple[ArrayLike, ArrayLike], b: ArrayLike, check_finite: bool = True
) -> Array:
    """Solve ``a @ x = b`` with a matrix whose diagonals are constant.

    Args:
        c_or_cr: (n,), the first column, or a tuple of that and the first row.
        b: (n,), or (n, k).
        check_finite: changes nothing.

    Returns:
        x, of b's shape.

    Raises:
        LinAlgError: the matrix is singular.
        ShapeError: b does not fit.

    >>> solve_toeplitz([2.0, 1.0], [4.0, 5.0])
    array([1., 2.])
    """
    column, row = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    matrix = toeplitz(inexact(column), None if row is None else inexact(row))
    columns, vector = _columns_of("solve_toeplitz", matrix.shape[-1], b)
    found = np.linalg.solve(matrix, columns)
    return found[:, 0] if vector else found


@user_facing
def solve_circulant(c: ArrayLike, b: ArrayLike) -> Array:
    """Solve ``a @ x = b`` with a circulant matrix, by Fourier transforms.

    Args:
        c: (n,), the first column.
        b: (n,), or (n, k).

    Returns:
        x, of b's shape; infinite or NaN where the matrix is singular.

    Raises:
        ShapeError: b does not fit.

    >>> solve_circulant([2.0, 1.0], [4.0, 5.0])
    array([1., 2.])
    """
    column = inexact(c)
    if len(column.shape) != 1:
        raise ShapeError(f"solve_circulant: c must be a vector, got shape {tuple(column.shape)}")
    columns, vector = _columns_of("solve_circulant", column.shape[0], b)
    spectrum = fourier.fft(column)[:, None]
    found = fourier.ifft(fourier.fft(columns, axis=0) / spectrum, axis=0)
    if column.dtype.kind != "c" and columns.dtype.kind != "c":
        found = found.real
    return found[:, 0] if vector else found
