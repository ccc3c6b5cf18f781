"""JAX's lax.linalg: factorizations and systems by the names and arguments that they have there.

Every function works on stacks of matrices, the last two axes. ``schur``, ``hessenberg`` and
``tridiagonal`` need SciPy.
"""

from __future__ import annotations

from .eigenvalues import eig, eigh, schur, svd
from .factorizations import cholesky, cholesky_update, lu, lu_pivots_to_permutation, qr
from .polar import qdwh
from .reflections import hessenberg, householder_product, ormqr, tridiagonal
from .systems import symmetric_product, triangular_solve, tridiagonal_solve

__all__ = [
    "cholesky",
    "cholesky_update",
    "eig",
    "eigh",
    "hessenberg",
    "householder_product",
    "lu",
    "lu_pivots_to_permutation",
    "ormqr",
    "qdwh",
    "qr",
    "schur",
    "svd",
    "symmetric_product",
    "triangular_solve",
    "tridiagonal",
    "tridiagonal_solve",
]
