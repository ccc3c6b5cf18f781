"""Eigenvalues and eigenvectors of matrices that are not Hermitian, and of pairs of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tracebacks import user_facing
from ...numpy.linalg import general_eigenvalues, norms
from ...numpy.linalg.operands import of_one_dtype, square
from ...ops.contraction.dot_general import matmul
from ...ops.linalg import inverses, solving
from ...ops.linalg.matrices import adjoint
from ...ops.shape import cast
from ...typing import Array, ArrayLike


def _eigensystem(name: str, a: ArrayLike, b: ArrayLike | None) -> Array:
    """The matrix whose eigenvalues are asked for."""
    if b is None:
        return square(name, a)
    left, right = of_one_dtype(a, b)
    return solving.solve(square(name, right), square(name, left))


def _complex(w: Array) -> Array:
    return cast(w, np.result_type(w.dtype, np.complex64))


@user_facing
def eig(
    a: ArrayLike,
    b: ArrayLike | None = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Eigenvalues and eigenvectors of square matrices, ``a v = b v w``.

    Args:
        a: (..., n, n).
        b: matrices that have inverses; None for 1.
        left: return left eigenvectors, ``v^H a = w v^H b``.
        right: return right eigenvectors.
        overwrite_a: changes nothing.
        overwrite_b: changes nothing.
        check_finite: changes nothing.

    Returns:
        w, (w, v), or (w, left, right): complex eigenvalues (..., n), and eigenvectors
        (..., n, n) as columns of length 1.

    Raises:
        LinAlgError: the iteration does not converge, or b has no inverse.

    Derivative: as of ``numpy.linalg.eig``.

    >>> eig([[0.0, 1.0], [-1.0, 0.0]])[0]
    array([0.+1.j, 0.-1.j])
    """
    matrix = _eigensystem("eig", a, b)
    w, v = general_eigenvalues.eig(matrix)
    found = [_complex(w)]
    if left:
        rows = inverses.inv(v)
        if b is not None:
            rows = matmul(rows, inverses.inv(cast(square("eig", b), rows.dtype)))
        found.append(_of_length_one(adjoint(rows)))
    if right:
        found.append(v)
    return tuple(found) if len(found) > 1 else found[0]


def _of_length_one(v: Array) -> Array:
    return v / norms.norm(v, axis=-2, keepdims=True)


@user_facing
def eigvals(
    a: ArrayLike,
    b: ArrayLike | None = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Array:
    """Eigenvalues of square matrices, ``a v = b v w``.

    Args:
        a: (..., n, n).
        b: matrices that have inverses; None for 1.
        overwrite_a: changes nothing.
        check_finite: changes nothing.

    Returns:
        Complex eigenvalues (..., n), in no order.

    Raises:
        LinAlgError: the iteration does not converge, or b has no inverse.

    >>> eigvals([[0.0, 1.0], [-1.0, 0.0]])
    array([0.+1.j, 0.-1.j])
    """
    return _complex(general_eigenvalues.eigvals(_eigensystem("eigvals", a, b)))
