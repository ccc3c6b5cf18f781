"""Tridiagonal Hermitian matrices, and complex Schur forms of real ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import beside_each_other, like
from ...core.dtypes import finfo, result_type
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...lax.loops import fori_loop
from ...numpy import at
from ...numpy.linalg.operands import of_one_dtype, square
from ...numpy.protocol import inexact
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import spectral
from ...ops.linalg.matrices import adjoint, real_dtype
from ...ops.shape import broadcast_to, cast
from ...typing import Array, ArrayLike
from ..arguments import one_of


def _diagonal(values: Array, offset: int) -> Array:
    """Matrices with numbers beside the main diagonal."""
    n = values.shape[-1] + abs(offset)
    places = np.arange(values.shape[-1])
    key = (..., places - min(offset, 0), places + max(offset, 0))
    none = like(values, np.zeros((*values.shape[:-1], n, n), values.dtype))
    return at(none)[key].set(values)  # type: ignore[no-any-return]


@user_facing
def eigh_tridiagonal(
    d: ArrayLike,
    e: ArrayLike,
    eigvals_only: bool = False,
    select: str = "a",
    select_range: tuple[Any, Any] | None = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """Eigenvalues and eigenvectors of Hermitian tridiagonal matrices.

    Args:
        d: (..., n), the real diagonal.
        e: (..., n - 1), what is below it; the conjugate is above.
        eigvals_only: return the eigenvalues alone.
        select: "a" for all; "i" for those with numbers, "v" for those of one matrix with values in
            ``select_range``.
        select_range: with "i" the first and the last number, with "v" two values, of which the
            first does not belong to the range.
        check_finite: changes nothing.
        tol: changes nothing.
        lapack_driver: changes nothing.

    Returns:
        (w, v) in ascending order, or w. With "v" their number depends on values, so that it
        cannot be traced by jit.

    Raises:
        ShapeError: the lengths do not fit.
        ValueError: there is no such selection, or no range for it.

    >>> w, v = eigh_tridiagonal([1.0, 1.0], [1.0])
    >>> w.round(6)
    array([0., 2.])
    """
    name = "eigh_tridiagonal"
    one_of(name, "select", select, ("a", "i", "v"))
    if select != "a" and (not isinstance(select_range, tuple | list) or len(select_range) != 2):
        raise ValueError(f"{name}: select={select!r} needs select_range=, a pair of numbers")
    middle, below = beside_each_other([*of_one_dtype(d, e)])
    if not middle.shape or middle.shape[-1] != below.shape[-1] + 1:
        raise ShapeError(
            f"{name}: diagonals of shapes {tuple(middle.shape)} and {tuple(below.shape)}; give n "
            "and n - 1 numbers"
        )
    matrix = _diagonal(middle, 0) + _diagonal(below, -1)
    if eigvals_only:
        w, v = spectral.eigvalsh(matrix, lower=True), None
    else:
        w, v = spectral.eigh(matrix, lower=True)
    first, end = 0, w.shape[-1]
    if select == "i":
        assert select_range is not None
        first, end = int(select_range[0]), int(select_range[1]) + 1
        if not 0 <= first < end <= w.shape[-1]:
            raise ValueError(f"{name}: no range of {w.shape[-1]} numbers: {select_range}")
    elif select == "v":
        if len(w.shape) != 1:
            raise ShapeError(f'{name}: select="v" takes one matrix, got shape {tuple(w.shape)}')
        assert select_range is not None
        first, end = (int(np.sum(w <= bound)) for bound in select_range)
    w = w[..., first:end]
    return w if v is None else (w, v[..., first:end])


@user_facing
def rsf2csf(T: ArrayLike, Z: ArrayLike, check_finite: bool = True) -> tuple[Array, Array]:
    """The complex Schur form that a real one stands for, by a rotation for each pair of rows.

    Args:
        T: (n, n), as ``schur`` returns it for real matrices.
        Z: (n, n), the vectors.
        check_finite: changes nothing.

    Returns:
        (t, z), complex, t triangular, with ``z t z* = Z T Z*``.

    Raises:
        ShapeError: the shapes differ.

    Reference: Golub and Van Loan, "Matrix Computations", 1996, section 7.4.

    >>> t, z = rsf2csf([[0.0, 1.0], [-1.0, 0.0]], np.eye(2))
    >>> np.diag(t).imag.round(6)
    array([ 1., -1.])
    """
    form, vectors = (square("rsf2csf", inexact(x)) for x in of_one_dtype(T, Z))
    if len(form.shape) != 2 or tuple(form.shape) != tuple(vectors.shape):
        raise ShapeError(
            f"rsf2csf takes two matrices of one shape, got {tuple(form.shape)} and "
            f"{tuple(vectors.shape)}"
        )
    n, dtype = form.shape[0], result_type(form.dtype, np.complex64)
    t, z = cast(form, dtype), cast(vectors, dtype)
    if n < 2:
        return t, z
    small = float(finfo(real_dtype(dtype)).eps)
    pair = np.arange(2)

    def rotated(k: int, state: tuple[Array, Array]) -> tuple[Array, Array]:
        """The element below the diagonal of one row less."""
        t, z = state
        rows = n - 2 - k + like(t, pair)
        block = t[rows[:, None], rows]
        below = block[1, 0]
        there = abs(below) > small * (abs(block[0, 0]) + abs(block[1, 1]))
        half = 0.5 * (block[0, 0] - block[1, 1])
        # An eigenvalue less the last element, of which the imaginary part is not negative.
        apart = half + np.sqrt(half * half + block[0, 1] * below)
        size = np.sqrt(abs(apart) ** 2 + abs(below) ** 2)
        size = np.where(there, size, 1.0)
        c = np.where(there, apart / size, 1.0)
        s = np.where(there, below / size, 0.0)
        turn = np.stack([np.stack([np.conj(c), s]), np.stack([-s, c])])
        t = at(t)[rows].set(matmul(turn, t[rows]))
        back = adjoint(turn)
        t = at(t)[:, rows].set(matmul(t[:, rows], back))
        z = at(z)[:, rows].set(matmul(z[:, rows], back))
        return t, z

    t, z = fori_loop(0, n - 1, rotated, (t, z))
    upper = like(t, np.tri(n, dtype=real_dtype(dtype)).T)
    return t * broadcast_to(upper, (n, n)), z
