"""The functions of ``scipy.linalg`` on arrays and traced values, with derivatives.

Every function works on stacks of matrices, the last two axes. Integers count as float64. ``schur``,
``hessenberg``, ``solve_sylvester`` and ``sqrtm`` need SciPy.

>>> cholesky([[4.0]], lower=True)
array([[2.]])
"""

from __future__ import annotations

from .banded import cho_solve_banded, cholesky_banded, solve_banded, solveh_banded
from .factors import cho_factor, cholesky, lu, lu_factor, lu_solve, qr, qr_multiply
from .forms import eigh_tridiagonal, rsf2csf
from .functions import expm, expm_frechet, funm, sqrtm
from .of_a_size import dft, hadamard, helmert, hilbert, invhilbert, invpascal, pascal
from .repeating import solve_circulant, solve_toeplitz
from .spectra import eigh, eigvalsh, hessenberg, null_space, orth, polar, schur, svd, svdvals
from .structured import (
    block_diag,
    circulant,
    companion,
    convolution_matrix,
    fiedler,
    fiedler_companion,
    hankel,
    leslie,
    toeplitz,
)
from .systems import cho_solve, det, inv, solve, solve_sylvester, solve_triangular

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cho_solve_banded",
    "cholesky",
    "cholesky_banded",
    "circulant",
    "companion",
    "convolution_matrix",
    "det",
    "dft",
    "eigh",
    "eigh_tridiagonal",
    "eigvalsh",
    "expm",
    "expm_frechet",
    "fiedler",
    "fiedler_companion",
    "funm",
    "hadamard",
    "hankel",
    "helmert",
    "hessenberg",
    "hilbert",
    "inv",
    "invhilbert",
    "invpascal",
    "leslie",
    "lu",
    "lu_factor",
    "lu_solve",
    "null_space",
    "orth",
    "pascal",
    "polar",
    "qr",
    "qr_multiply",
    "rsf2csf",
    "schur",
    "solve",
    "solve_banded",
    "solve_circulant",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "svd",
    "svdvals",
    "toeplitz",
]
