"""Linear algebra with NumPy's names, signatures and results.

Every function works on stacks of matrices, the last two axes, real or complex, in float32 and
float64; integers count as float64. A matrix for which it fails raises ``numpy.linalg.LinAlgError``;
under ``vmap`` and ``jit`` that matrix gives NaN, and the others are not touched. How derivatives
treat repeated eigenvalues is said in ``funcgrad.ops.linalg.spectral``.

>>> a = np.array([[2.0, 1.0], [1.0, 3.0]])
>>> solve(a, np.array([3.0, 4.0]))
array([1., 1.])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError as LinAlgError

from .factorizations import cholesky, eigh, eigvalsh, qr, svd, svdvals
from .general_eigenvalues import eig, eigvals
from .norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from .products import (
    cross,
    diagonal,
    matmul,
    matrix_power,
    matrix_transpose,
    multi_dot,
    outer,
    tensordot,
    trace,
    vecdot,
)
from .solving import det, inv, lstsq, pinv, slogdet, solve, tensorinv, tensorsolve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]

NUMPY_FUNCTIONS: dict[Any, Any] = {
    getattr(np.linalg, name): globals()[name]
    for name in __all__
    if hasattr(np.linalg, name) and name != "LinAlgError"
}
"""The functions that stand for those of ``numpy.linalg`` on traced values."""
