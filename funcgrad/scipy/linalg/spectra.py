"""Eigenvalues, singular values, and the decompositions and spaces that are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import like
from ...control import matrix_function_forms  # noqa: F401  # rules for what is written with these
from ...control.matrix_function import matrix_function, weights
from ...core.avals import Aval
from ...core.dtypes import finfo, result_type
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...lax.linalg import eigenvalues as of_lax
from ...lax.linalg import reflections
from ...numpy.linalg import factorizations as of_numpy
from ...numpy.linalg.operands import matrices, of_one_dtype, square
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import factorizations, solving, spectral
from ...ops.linalg.matrices import adjoint, real_dtype
from ...ops.shape import broadcast_to, cast
from ...ops.structural.indexing import FULL, index
from ...ops.structural.joining import pad
from ...typing import Array, ArrayLike
from ..arguments import one_of
from .systems import from_triangle

Subset = tuple[int, int] | None
DRIVERS = (None, "ev", "evd", "evr", "evx", "gv", "gvd", "gvx")


@user_facing
def svd(
    a: ArrayLike,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """Singular values and vectors, ``a = (u * s) @ vh``.

    Args:
        a: (..., m, n).
        full_matrices: square u and vh.
        compute_uv: return u and vh as well.
        overwrite_a: changes nothing.
        check_finite: changes nothing.
        lapack_driver: changes nothing.

    Returns:
        (u, s, vh), or s.

    >>> svd([[2.0, 0.0], [0.0, 1.0]], compute_uv=False)
    array([2., 1.])
    """
    if not compute_uv:
        return of_numpy.svdvals(a)
    return tuple(of_numpy.svd(a, full_matrices=bool(full_matrices)))


@user_facing
def svdvals(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Singular values in descending order.

    Args:
        a: (..., m, n).
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        The singular values, (..., min(m, n)).

    >>> svdvals([[2.0, 0.0], [0.0, 1.0]])
    array([2., 1.])
    """
    return of_numpy.svdvals(a)


def _range(x: Array, subset: Subset) -> Array:
    """A part of the last axis, both ends included."""
    if subset is None:
        return x
    first, last = subset
    if not 0 <= first <= last < x.shape[-1]:
        raise ShapeError(
            f"subset_by_index={subset} is no range of {x.shape[-1]} values: (first, last)"
        )
    return index(x, key=(*(FULL for _ in x.shape[:-1]), (first, last + 1, None)))


@user_facing
def eigh(
    a: ArrayLike,
    b: ArrayLike | None = None,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Subset = None,
    subset_by_value: None = None,
    driver: str | None = None,
) -> Any:
    """Eigenvalues and eigenvectors of Hermitian matrices, ``a v = b v w``.

    Args:
        a: (..., n, n), of which one triangle is read.
        b: Hermitian positive definite matrices, likewise; None for 1.
        lower: read the lower triangles, not the upper ones.
        eigvals_only: return the eigenvalues alone.
        overwrite_a: changes nothing.
        overwrite_b: changes nothing.
        type: with b: 1 for ``a v = b v w``, 2 for ``a b v = v w``, 3 for ``b a v = v w``.
        check_finite: changes nothing.
        subset_by_index: the first and the last eigenvalue that is returned.
        subset_by_value: must be None: shapes do not depend on values.
        driver: the name of a routine of LAPACK; changes nothing.

    Returns:
        (w, v) in ascending order, with ``v* b v = 1``; or w.

    Raises:
        LinAlgError: b is not positive definite.

    >>> eigh([[2.0, 0.0], [0.0, 1.0]], eigvals_only=True)
    array([1., 2.])
    """
    one_of("eigh", "type", type, (1, 2, 3))
    one_of("eigh", "subset_by_value", subset_by_value, (None,))
    one_of("eigh", "driver", driver, DRIVERS)
    if b is None:
        matrix = square("eigh", a)
        if eigvals_only:
            return _range(spectral.eigvalsh(matrix, lower=bool(lower)), subset_by_index)
        w, v = spectral.eigh(matrix, lower=bool(lower))
        return _range(w, subset_by_index), _range(v, subset_by_index)
    matrix, other = of_one_dtype(a, b)
    matrix = from_triangle(square("eigh", matrix), bool(lower), hermitian=True)
    factor = factorizations.cholesky(
        from_triangle(square("eigh", other), bool(lower), hermitian=True)
    )

    def solved(x: Array, mode: int) -> Array:
        return solving.triangular_solve(
            factor, x, lower=True, transpose_a=mode, unit_diagonal=False
        )

    if type == 1:
        inner = solved(adjoint(solved(matrix, solving.NONE)), solving.NONE)
    else:
        inner = matmul(adjoint(factor), matmul(matrix, factor))
    inner = (inner + adjoint(inner)) * 0.5
    if eigvals_only:
        return _range(spectral.eigvalsh(inner, lower=True), subset_by_index)
    w, v = spectral.eigh(inner, lower=True)
    v = matmul(factor, v) if type == 3 else solved(v, solving.ADJOINT)
    return _range(w, subset_by_index), _range(v, subset_by_index)


@user_facing
def eigvalsh(
    a: ArrayLike,
    b: ArrayLike | None = None,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Subset = None,
    subset_by_value: None = None,
    driver: str | None = None,
) -> Array:
    """Eigenvalues of Hermitian matrices, ``a v = b v w``.

    Args:
        a: (..., n, n), of which one triangle is read.
        b: Hermitian positive definite matrices, likewise; None for 1.
        lower: read the lower triangles, not the upper ones.
        overwrite_a: changes nothing.
        overwrite_b: changes nothing.
        type: as of ``eigh``.
        check_finite: changes nothing.
        subset_by_index: the first and the last eigenvalue that is returned.
        subset_by_value: must be None: shapes do not depend on values.
        driver: the name of a routine of LAPACK; changes nothing.

    Returns:
        The eigenvalues in ascending order.

    >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]])
    array([1., 2.])
    """
    one_of("eigvalsh", "subset_by_value", subset_by_value, (None,))
    one_of("eigvalsh", "driver", driver, DRIVERS)
    return eigh(  # type: ignore[no-any-return]
        a, b, lower, True, type=type, subset_by_index=subset_by_index
    )


@user_facing
def polar(
    a: ArrayLike,
    side: str = "right",
    *,
    method: str = "qdwh",
    eps: float | None = None,
    max_iterations: int | None = None,
) -> tuple[Array, Array]:
    """Polar decomposition, ``a = u @ p`` or ``a = p @ u``.

    Args:
        a: (..., m, n).
        side: 'right' for ``u @ p``, 'left' for ``p @ u``.
        method: 'qdwh' or 'svd', as in JAX; changes nothing.
        eps: changes nothing.
        max_iterations: changes nothing.

    Returns:
        u with orthonormal columns or rows, and the Hermitian p.

    Raises:
        ValueError: there is no such side.

    >>> polar([[0.0, 2.0], [1.0, 0.0]])[1].round(6) + 0
    array([[1., 0.],
           [0., 2.]])
    """
    one_of("polar", "side", side, ("right", "left"))
    one_of("polar", "method", method, ("qdwh", "svd"))
    x = matrices("polar", a)
    sizes = Aval((*x.shape[:-2], min(x.shape[-2:])), real_dtype(x.dtype))
    u = matrix_function(weights(np.ones_like, sizes, ()), x, ())
    p = matmul(adjoint(u), x) if side == "right" else matmul(x, adjoint(u))
    return u, 0.5 * (p + adjoint(p))


@user_facing
def schur(
    a: ArrayLike,
    output: str = "real",
    lwork: Any = None,
    overwrite_a: bool = False,
    sort: None = None,
    check_finite: bool = True,
) -> tuple[Array, Array]:
    """Schur form, ``a = z t z*``.

    Args:
        a: (..., n, n).
        output: 'real' or 'complex': whether real matrices give blocks for complex pairs.
        lwork: changes nothing.
        overwrite_a: changes nothing.
        sort: must be None: eigenvalues have no order.
        check_finite: changes nothing.

    Returns:
        (t, z). They have no derivatives.

    Raises:
        ImportError: SciPy is not installed.
        ValueError: there is no such form.

    >>> schur([[1.0, 2.0], [0.0, 3.0]])[0]
    array([[1., 2.],
           [0., 3.]])
    """
    one_of("schur", "output", output, ("real", "complex", "r", "c"))
    one_of("schur", "sort", sort, (None,))
    x = square("schur", a)
    if output[0] == "c":
        x = cast(x, result_type(x.dtype, np.complex64))
    t, z = of_lax.schur(x)
    return t, z


@user_facing
def hessenberg(
    a: ArrayLike, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Upper Hessenberg form, ``a = q h q*``.

    Args:
        a: (..., n, n).
        calc_q: return q as well.
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        h, or (h, q). They have no derivatives.

    Raises:
        ImportError: SciPy is not installed.

    >>> h, q = hessenberg([[1.0, 2.0], [3.0, 4.0]], calc_q=True)
    >>> q @ h @ q.T
    array([[1., 2.],
           [3., 4.]])
    """
    x = square("hessenberg", a)
    *lead, n, _ = x.shape
    real = real_dtype(x.dtype)
    form, factors = reflections.hessenberg(x)
    h = form * like(x, np.tri(n, n, 1, dtype=real).T)
    if not calc_q:
        return h
    if n < 2:
        return h, broadcast_to(like(x, np.eye(n, dtype=x.dtype)), tuple(x.shape))
    rows = tuple(FULL for _ in lead)
    inner = index(form, key=(*rows, (1, n, None), (0, n - 1, None)))
    q = reflections.householder_product(inner, factors)
    q = pad(q, x.dtype.type(0), (*((0, 0, 0) for _ in lead), (1, 0, 0), (1, 0, 0)))
    corner = np.zeros((n, n), real)
    corner[0, 0] = 1
    return h, q + like(x, corner)


def _rank(s: Array, shape: tuple[int, ...], rcond: float | None) -> int:
    """The number of singular values above a bound; the shape of the result depends on it."""
    limit = float(finfo(s.dtype).eps) * max(shape) if rcond is None else float(rcond)
    return int(np.sum(s > np.max(s) * limit)) if s.shape[0] else 0


def _one_matrix(name: str, a: ArrayLike) -> Array:
    x = matrices(name, a)
    if len(x.shape) != 2:
        raise ShapeError(f"{name} takes one matrix, got shape {tuple(x.shape)}")
    return x


@user_facing
def orth(A: ArrayLike, rcond: float | None = None) -> Array:
    """An orthonormal basis of the range of a matrix.

    Args:
        A: (m, n).
        rcond: singular values up to rcond times the largest count as zero; max(m, n) times the
            machine epsilon by default.

    Returns:
        The basis, (m, rank). Its shape depends on values, so that it cannot be traced by jit.

    >>> abs(orth([[2.0, 0.0], [0.0, 0.0]]))
    array([[1.],
           [0.]])
    """
    x = _one_matrix("orth", A)
    u, s, _ = spectral.svd(x, full_matrices=False)
    return index(u, key=(FULL, (0, _rank(s, tuple(x.shape), rcond), None)))


@user_facing
def null_space(
    A: ArrayLike,
    rcond: float | None = None,
    *,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Array:
    """An orthonormal basis of what a matrix maps to 0.

    Args:
        A: (m, n).
        rcond: singular values up to rcond times the largest count as zero; max(m, n) times the
            machine epsilon by default.
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        The basis, (n, n - rank). Its shape depends on values, so that it cannot be traced by jit.

    >>> abs(null_space([[2.0, 0.0], [0.0, 0.0]]))
    array([[0.],
           [1.]])
    """
    x = _one_matrix("null_space", A)
    _, s, vh = spectral.svd(x, full_matrices=True)
    rank = _rank(s, tuple(x.shape), rcond)
    return adjoint(index(vh, key=((rank, x.shape[1], None), FULL)))
