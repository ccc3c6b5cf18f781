"""Eigenvalues, singular values and Schur forms, as JAX's lax.linalg has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import like
from ...control import matrix_function_forms  # noqa: F401  # rules for what is written with these
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg import factorizations as of_numpy
from ...numpy.linalg.operands import matrices, square
from ...ops.linalg import eigen, forms, inverses, spectral
from ...ops.linalg.matrices import adjoint
from ...ops.linalg.norms import vector_norm
from ...ops.pointwise.comparison import select
from ...ops.pointwise.complex import conj
from ...ops.reductions.reducing import argmax
from ...ops.shape import reduce_sum, reshape
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike

Subset = tuple[int, int] | None
"""The first of some values in their order, and the one after the last."""


@user_facing
def eig(
    x: ArrayLike,
    *,
    compute_left_eigenvectors: bool = True,
    compute_right_eigenvectors: bool = True,
    enable_eigvec_derivs: bool = False,
    implementation: object = None,
    use_magma: bool | None = None,
) -> tuple[Array, ...]:
    """Eigenvalues and eigenvectors of square matrices, complex ones even if they are real.

    Args:
        x: (..., n, n).
        compute_left_eigenvectors: return vl with ``vl* x = w vl*``, made of the inverse of vr.
        compute_right_eigenvectors: return vr with ``x vr = vr w``.
        enable_eigvec_derivs: changes nothing: eigenvectors have derivatives.
        implementation: changes nothing.
        use_magma: changes nothing.

    Returns:
        Eigenvalues w (..., n), then vl and vr as far as they are asked for, (..., n, n). Columns
        are of length 1, with a largest element that is real.

    Raises:
        LinAlgError: the iteration does not converge, or a matrix without a full set of eigenvectors
            is to have left ones.

    >>> w, vl, vr = eig([[2.0, 0.0], [0.0, 1.0]])
    >>> w
    array([2.+0.j, 1.+0.j])
    """
    a = square("eig", x)
    if not (compute_left_eigenvectors or compute_right_eigenvectors):
        return (eigen.eigvals(a),)
    w, right = eigen.eig(a)
    found = [w]
    if compute_left_eigenvectors:
        found.append(_of_length_one(adjoint(inverses.inv(right))))
    if compute_right_eigenvectors:
        found.append(right)
    return tuple(found)


def _of_length_one(v: Array) -> Array:
    """Columns divided by their lengths, and by the phase of their largest element."""
    rows = (len(v.shape) - 2,)
    size = abs(v)
    place = argmax(size, axis=rows[0])
    place = reshape(place, shape=(*place.shape[:-1], 1, place.shape[-1]))
    largest = place == like(place, np.arange(v.shape[-2]).reshape(-1, 1))
    element = reduce_sum(select(largest, v, 0), axes=rows)
    factor = conj(element) / (abs(element) * vector_norm(v, axes=rows, order=2))
    return v * reshape(factor, shape=(*factor.shape[:-1], 1, factor.shape[-1]))


def _part(x: Array, subset: Subset, axis: int) -> Array:
    if subset is None:
        return x
    axis = axis % len(x.shape)
    first, last = subset
    if not 0 <= first < last <= x.shape[axis]:
        raise ShapeError(
            f"subset_by_index={subset} is no range of {x.shape[axis]} values: (first, last + 1)"
        )
    return index(x, key=(FULL,) * axis + ((first, last, None),))


@user_facing
def eigh(
    x: ArrayLike,
    *,
    lower: bool = True,
    symmetrize_input: bool = True,
    sort_eigenvalues: bool = True,
    subset_by_index: Subset = None,
    implementation: object = None,
) -> tuple[Array, Array]:
    """Eigenvectors and eigenvalues of Hermitian matrices, in this order.

    Args:
        x: (..., n, n).
        lower: the triangle that is read, if the input is not symmetrized.
        symmetrize_input: use the Hermitian part of x.
        sort_eigenvalues: changes nothing: they are in ascending order.
        subset_by_index: the first and the one after the last of those to return.
        implementation: changes nothing.

    Returns:
        Eigenvectors as columns, (..., n, n), and eigenvalues, (..., n).

    Raises:
        LinAlgError: the iteration does not converge.

    >>> v, w = eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> w
    array([1., 2.])
    """
    w, v = of_numpy.eigh(x, "L" if lower else "U", symmetrize_input)
    return _part(v, subset_by_index, -1), _part(w, subset_by_index, -1)


@user_facing
def svd(
    x: ArrayLike,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    subset_by_index: Subset = None,
    algorithm: object = None,
) -> Array | tuple[Array, Array, Array]:
    """Singular values and vectors, ``x = (u * s) @ vh``.

    Args:
        x: (..., m, n).
        full_matrices: square u and vh.
        compute_uv: False returns the singular values alone.
        subset_by_index: the first and the one after the last of those to return; the matrices must
            not be full then.
        algorithm: changes nothing.

    Returns:
        (u, s, vh), or s, in descending order.

    Raises:
        LinAlgError: the iteration does not converge.

    >>> svd([[0.0, 3.0], [2.0, 0.0]], compute_uv=False)
    array([3., 2.])
    """
    a = matrices("svd", x)
    if not compute_uv:
        return _part(spectral.svdvals(a), subset_by_index, -1)
    full = full_matrices and a.shape[-1] != a.shape[-2]
    if full and subset_by_index is not None:
        raise ShapeError("svd: subset_by_index needs full_matrices=False")
    u, s, vh = spectral.svd(a, full_matrices=full)
    if subset_by_index is None:
        return u, s, vh
    return (
        _part(u, subset_by_index, -1),
        _part(s, subset_by_index, -1),
        _part(vh, subset_by_index, -2),
    )


@user_facing
def schur(
    x: ArrayLike,
    *,
    compute_schur_vectors: bool = True,
    sort_eig_vals: bool = False,
    select_callable: Callable[..., Any] | None = None,
) -> tuple[Array, ...]:
    """Schur form, ``x = vs t vs*``; of real matrices the real one, with blocks for complex pairs.

    Args:
        x: (..., n, n).
        compute_schur_vectors: return vs as well.
        sort_eig_vals: must be False.
        select_callable: changes nothing.

    Returns:
        (t, vs), or (t,). They have no derivatives.

    Raises:
        ImportError: SciPy is not installed.
        ValueError: eigenvalues are to be sorted.

    >>> t, vs = schur([[1.0, 2.0], [0.0, 3.0]])
    >>> t
    array([[1., 2.],
           [0., 3.]])
    """
    if sort_eig_vals:
        raise ValueError("schur: sort_eig_vals=True is not supported; eigenvalues have no order")
    t, vectors = forms.schur(forms.without_derivative(square("schur", x), "schur"))
    return (t, vectors) if compute_schur_vectors else (t,)
