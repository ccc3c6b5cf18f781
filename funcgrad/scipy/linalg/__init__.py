"""The functions of ``scipy.linalg`` on arrays and traced values, with derivatives.

Every function works on stacks of matrices, the last two axes. Integers count as float64. ``schur``,
``hessenberg``, ``solve_sylvester``, ``sqrtm`` and ``logm`` need SciPy.

>>> cholesky([[4.0]], lower=True)
array([[2.]])
"""

from __future__ import annotations

from .banded import cho_solve_banded, cholesky_banded, solve_banded, solveh_banded
from .factors import cho_factor, cholesky, lu, lu_factor, lu_solve, qr, qr_multiply
from .fitting import khatri_rao, lstsq, norm, orthogonal_procrustes, pinv, pinvh
from .forms import eigh_tridiagonal, rsf2csf
from .functions import expm, expm_frechet, funm, sqrtm
from .general_eigenvalues import eig, eigvals
from .lyapunov import solve_continuous_lyapunov, solve_discrete_lyapunov
from .of_a_size import dft, hadamard, helmert, hilbert, invhilbert, invpascal, pascal
from .powers import fractional_matrix_power, logm, signm
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
from .trigonometry import coshm, cosm, sinhm, sinm, tanhm, tanm

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
    "coshm",
    "cosm",
    "det",
    "dft",
    "eig",
    "eigh",
    "eigh_tridiagonal",
    "eigvals",
    "eigvalsh",
    "expm",
    "expm_frechet",
    "fiedler",
    "fiedler_companion",
    "fractional_matrix_power",
    "funm",
    "hadamard",
    "hankel",
    "helmert",
    "hessenberg",
    "hilbert",
    "inv",
    "invhilbert",
    "invpascal",
    "khatri_rao",
    "leslie",
    "logm",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_solve",
    "norm",
    "null_space",
    "orth",
    "orthogonal_procrustes",
    "pascal",
    "pinv",
    "pinvh",
    "polar",
    "qr",
    "qr_multiply",
    "rsf2csf",
    "schur",
    "signm",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_circulant",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_toeplitz",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "svd",
    "svdvals",
    "tanhm",
    "tanm",
    "toeplitz",
]
