"""Eigenvalues and eigenvectors of matrices without symmetry."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core.tracebacks import user_facing
from ...ops.linalg import eigen
from ...typing import Array, ArrayLike
from ..protocol import is_plain
from .operands import square


class EigResult(NamedTuple):
    """Eigenvalues in no order, and the eigenvectors as columns."""

    eigenvalues: Array
    eigenvectors: Array


@user_facing
def eig(a: ArrayLike) -> EigResult:
    """Eigenvalues and right eigenvectors of square matrices.

    Args:
        a: (..., n, n).

    Returns:
        Eigenvalues (..., n) and eigenvectors (..., n, n), as columns of length 1 whose largest
        elements are real. On plain arrays they are real if all eigenvalues are, as NumPy's; inside
        transformations, where a dtype cannot depend on values, they are complex.

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: dw = diag(V^-1 dA V), dV = V (V^-1 dA V / (w_j - w_i)), made as long as V again
    (Giles 2008); pairs that are equal to rounding contribute nothing. Where eigenvectors are
    dependent there is none: LinAlgError, or numbers as large as rounding lets the inverse of V be.

    >>> eig([[2.0, 0.0], [0.0, 1.0]]).eigenvalues
    array([2., 1.])
    """
    x = square("eig", a)
    if is_plain(x):
        return EigResult(*np.linalg.eig(x))
    return EigResult(*eigen.eig(x))


@user_facing
def eigvals(a: ArrayLike) -> Array:
    """Eigenvalues of square matrices.

    Args:
        a: (..., n, n).

    Returns:
        Eigenvalues (..., n), in no order. On plain arrays they are real if all of them are, as
        NumPy's; inside transformations, where a dtype cannot depend on values, they are complex.

    Raises:
        LinAlgError: the iteration does not converge.

    Derivative: dw = diag(V^-1 dA V) (Giles 2008). Where eigenvectors are dependent there is none:
    LinAlgError, or numbers as large as rounding lets the inverse of V be.

    >>> eigvals([[0.0, 1.0], [-1.0, 0.0]])
    array([0.+1.j, 0.-1.j])
    """
    x = square("eigvals", a)
    return np.linalg.eigvals(x) if is_plain(x) else eigen.eigvals(x)
