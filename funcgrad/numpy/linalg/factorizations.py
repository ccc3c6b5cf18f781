"""Factorizations: Cholesky, eigenvalues of Hermitian matrices, QR, singular values."""

from __future__ import annotations

from typing import Literal, NamedTuple, overload

import numpy as np

from ...control import matrix_function_forms  # noqa: F401  # rules for what is written with these
from ...core.tracebacks import user_facing
from ...ops.linalg import factorizations as linalg_factor
from ...ops.linalg import spectral as linalg_spectral
from ...ops.linalg.matrices import adjoint
from ...ops.pointwise.complex import sign
from ...ops.reductions.sorting import argsort, sort, take_along
from ...ops.shape import broadcast_to, reshape
from ...typing import Array, ArrayLike
from ..protocol import is_plain
from .operands import inexact, matrices, square


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and the eigenvectors as columns."""

    eigenvalues: Array
    eigenvectors: Array


class QRResult(NamedTuple):
    """Orthonormal columns, and the upper triangle."""

    Q: Array
    R: Array


class SVDResult(NamedTuple):
    """Left vectors as columns, singular values, right vectors as rows."""

    U: Array
    S: Array
    Vh: Array


def _symmetrized(a: Array) -> Array:
    """The Hermitian part: bit for bit the matrix itself where that is Hermitian."""
    return (a + adjoint(a)) * 0.5


@user_facing
def cholesky(a: ArrayLike, /, *, upper: bool = False, symmetrize_input: bool = True) -> Array:
    """Cholesky factor of Hermitian positive definite matrices.

    Args:
        a: (..., n, n).
        upper: return U with ``a = U* U`` in place of L with ``a = L L*``.
        symmetrize_input: use the Hermitian part of a, as JAX does, so that the gradient is
            Hermitian too; False reads the lower triangle only, as NumPy does.

    Returns:
        The factor, of a's shape; its other triangle is zero.

    Raises:
        LinAlgError: a matrix is not positive definite.

    Derivative: dL = L phi(L^-1 dA L^-*), phi the lower triangle with half the diagonal (Giles
    2008).

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]])
    """
    a = square("cholesky", a)
    if symmetrize_input:
        a = _symmetrized(a)
    elif upper:
        a = adjoint(a)
    factor = linalg_factor.cholesky(a)
    return adjoint(factor) if upper else factor


def _triangle_to_read(name: str, UPLO: str | None, symmetrize: bool | None) -> tuple[bool, bool]:
    if UPLO is not None and UPLO.upper() not in ("L", "U"):
        raise ValueError(f"{name}: UPLO must be 'L' or 'U', got {UPLO!r}")
    if symmetrize is None:
        symmetrize = UPLO is None
    return UPLO is None or UPLO.upper() == "L", symmetrize


@user_facing
def eigh(a: ArrayLike, UPLO: str | None = None, symmetrize_input: bool | None = None) -> EighResult:
    """Eigenvalues and eigenvectors of Hermitian matrices.

    Args:
        a: (..., n, n).
        UPLO: 'L' or 'U', the one triangle to read; None stands for a matrix that is Hermitian.
        symmetrize_input: use the Hermitian part of a, so that the gradient is Hermitian too; by
            default if UPLO is not given.

    Returns:
        Eigenvalues (..., n) in ascending order and eigenvectors (..., n, n), as columns.

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: dw = diag(V* dA V), dV = V (V* dA V / (w_j - w_i)) (Giles 2008); pairs that are
    equal to rounding contribute nothing.

    >>> eigh([[2.0, 0.0], [0.0, 1.0]]).eigenvalues
    array([1., 2.])
    """
    a = square("eigh", a)
    lower, symmetrize = _triangle_to_read("eigh", UPLO, symmetrize_input)
    return EighResult(*linalg_spectral.eigh(_symmetrized(a) if symmetrize else a, lower=lower))


@user_facing
def eigvalsh(a: ArrayLike, UPLO: str | None = None, symmetrize_input: bool | None = None) -> Array:
    """Eigenvalues of Hermitian matrices.

    Args:
        a: (..., n, n).
        UPLO: 'L' or 'U', the one triangle to read; None stands for a matrix that is Hermitian.
        symmetrize_input: use the Hermitian part of a; by default if UPLO is not given.

    Returns:
        Eigenvalues (..., n) in ascending order.

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: dw = diag(V* dA V) (Giles 2008).

    >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]])
    array([1., 2.])
    """
    a = square("eigvalsh", a)
    lower, symmetrize = _triangle_to_read("eigvalsh", UPLO, symmetrize_input)
    return linalg_spectral.eigvalsh(_symmetrized(a) if symmetrize else a, lower=lower)


@overload
def qr(a: ArrayLike, mode: Literal["reduced", "complete"] = "reduced") -> QRResult: ...
@overload
def qr(a: ArrayLike, mode: Literal["r"]) -> Array: ...
@overload
def qr(a: ArrayLike, mode: str) -> Array | QRResult | tuple[Array, Array]: ...
@user_facing
def qr(a: ArrayLike, mode: str = "reduced") -> Array | QRResult | tuple[Array, Array]:
    """QR factorization, ``a = Q R``.

    Args:
        a: (..., m, n).
        mode: 'reduced' for Q with min(m, n) columns, 'complete' for m columns, 'r' for R alone;
            'raw' (Householder reflectors) on plain arrays only.

    Returns:
        (Q, R), or R.

    Raises:
        DifferentiationError: derivative of the complete form of a tall matrix.

    Derivative: Walter and Lehmann (2018); NaN where the first min(m, n) columns are dependent.

    >>> abs(qr([[3.0, 0.0], [4.0, 5.0]], mode="r")).round(6)
    array([[5., 4.],
           [0., 3.]])
    """
    a = matrices("qr", a)
    if mode in ("r", "raw") and is_plain(a):
        return np.linalg.qr(a, mode)  # type: ignore[call-overload]
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    q, r = linalg_factor.qr(a, mode="complete" if mode == "complete" else "reduced")
    return r if mode == "r" else QRResult(q, r)


@overload
def svd(
    a: ArrayLike,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    hermitian: bool = False,
) -> SVDResult: ...
@overload
def svd(
    a: ArrayLike, full_matrices: bool = True, *, compute_uv: Literal[False], hermitian: bool = False
) -> Array: ...
@overload
def svd(
    a: ArrayLike, full_matrices: bool, compute_uv: Literal[False], hermitian: bool = False
) -> Array: ...
@user_facing
def svd(
    a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Array | SVDResult:
    """Singular value decomposition, ``a = (U * S) @ Vh``.

    Args:
        a: (..., m, n).
        full_matrices: square U and Vh; the vectors that belong to no singular value move as little
            as they can.
        compute_uv: False returns the singular values alone.
        hermitian: a is Hermitian (its lower triangle is read), which is faster.

    Returns:
        (U, S, Vh), or S, in descending order.

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: after Townsend (2016), where pairs of singular values that are equal to rounding
    contribute nothing.

    >>> svd([[0.0, 3.0], [2.0, 0.0]], compute_uv=False)
    array([3., 2.])
    """
    a = square("svd", a) if hermitian else matrices("svd", a)
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    if not compute_uv:
        return linalg_spectral.svdvals(a)
    full = full_matrices and a.shape[-1] != a.shape[-2]
    return SVDResult(*linalg_spectral.svd(a, full_matrices=full))


def _hermitian_svd(a: Array, compute_uv: bool) -> Array | SVDResult:
    """The decomposition made of eigenvalues and eigenvectors, as NumPy does it."""
    axis = len(a.shape) - 2
    if not compute_uv:
        return sort(abs(linalg_spectral.eigvalsh(a, lower=True)), axis=axis, descending=True)
    w, u = linalg_spectral.eigh(a, lower=True)
    order = argsort(abs(w), axis=axis, descending=True)
    w = take_along(w, order, axis)
    rows = broadcast_to(reshape(order, shape=(*order.shape[:-1], 1, order.shape[-1])), u.shape)
    u = take_along(u, rows, axis + 1)
    signs = sign(w)
    signs = signs + (signs == 0)
    vh = adjoint(u * reshape(signs, shape=(*signs.shape[:-1], 1, signs.shape[-1])))
    return SVDResult(u, abs(w), vh)


@user_facing
def svdvals(x: ArrayLike, /) -> Array:
    """Singular values in descending order.

    Args:
        x: (..., m, n).

    Returns:
        The singular values, (..., min(m, n)).

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: diag(U* dA V), and 0 for a singular value 0.

    >>> svdvals([[0.0, 3.0], [2.0, 0.0]])
    array([3., 2.])
    """
    return linalg_spectral.svdvals(inexact(x))
