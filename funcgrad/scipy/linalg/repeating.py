"""Systems with matrices that repeat a vector along their diagonals."""

from __future__ import annotations

import numpy as np

from ...core.dtypes import finfo
from ...core.tracebacks import user_facing
from ...core.tracing import value_behind
from ...errors import ShapeError
from ...numpy import fft as fourier
from ...numpy.protocol import inexact
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .structured import toeplitz
from .systems import solution, system


@user_facing
def solve_toeplitz(
    c_or_cr: ArrayLike | tuple[ArrayLike, ArrayLike], b: ArrayLike, check_finite: bool = True
) -> Array:
    """Solve ``a @ x = b`` with a matrix whose diagonals are constant.

    Args:
        c_or_cr: (..., n), the first column, or a tuple of that and the first row.
        b: (n,), or (..., n, k).
        check_finite: changes nothing.

    Returns:
        x, of b's shape, or (..., n) for vectors and (..., n, k) with stacks.

    Raises:
        LinAlgError: the matrix is singular.
        ShapeError: b does not fit.

    >>> solve_toeplitz([2.0, 1.0], [4.0, 5.0])
    array([1., 2.])
    """
    column, row = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    matrix = toeplitz(inexact(column), None if row is None else inexact(row))
    whole, columns, vector = system("solve_toeplitz", matrix, b)
    return solution(np.linalg.solve(whole, columns), vector)


@user_facing
def solve_circulant(
    c: ArrayLike,
    b: ArrayLike,
    singular: str = "raise",
    tol: float | None = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Array:
    """Solve ``a @ x = b`` with circulant matrices, by Fourier transforms.

    Args:
        c: first columns, of length n.
        b: right-hand sides, of length n; the other axes broadcast with those of c.
        singular: 'raise', or 'lstsq' for the smallest solution with the least residual.
        tol: eigenvalues up to tol count as 0; the largest one times n times the machine epsilon by
            default.
        caxis: the axis of c along which a column lies.
        baxis: the same of b.
        outaxis: the same of the result.

    Returns:
        x, of b's shape if c is a vector. Infinite or NaN where a traced matrix is singular, unless
        that is 'lstsq'.

    Raises:
        LinAlgError: a matrix is singular, and that is 'raise'.
        ShapeError: b does not fit.
        ValueError: there is no such treatment of singular matrices.

    >>> solve_circulant([2.0, 1.0], [4.0, 5.0])
    array([1., 2.])
    """
    one_of("solve_circulant", "singular", singular, ("raise", "lstsq"))
    column, right = inexact(c), inexact(b)
    if not column.shape or not right.shape:
        raise ShapeError("solve_circulant: c and b must be vectors, got a number")
    column, right = np.moveaxis(column, caxis, -1), np.moveaxis(right, baxis, -1)
    n = column.shape[-1]
    if right.shape[-1] != n:
        raise ShapeError(
            f"solve_circulant: a matrix of size {n} and a right-hand side of size "
            f"{right.shape[-1]} do not fit"
        )
    spectrum = fourier.fft(column)
    sizes = abs(spectrum)
    largest = np.max(sizes, axis=-1, keepdims=True)
    least = largest * (n * float(finfo(sizes.dtype).eps)) if tol is None else tol
    small = sizes <= least
    known = value_behind(small)
    if singular == "raise" and type(known) is np.ndarray and known.any():
        raise np.linalg.LinAlgError("solve_circulant: a matrix is singular or nearly so")
    found = fourier.fft(right)
    if singular == "lstsq":
        found = np.where(small, 0, found / np.where(small, 1, spectrum))
    else:
        found = found / spectrum
    out = fourier.ifft(found)
    if column.dtype.kind != "c" and right.dtype.kind != "c":
        out = out.real
    return np.moveaxis(out, -1, outaxis)
