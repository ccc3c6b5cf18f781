"""Linear algebra and Fourier transforms against NumPy over drawn values, dtypes and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from surface import fourier
from surface.arrays import spread
from surface.checks import Call, call
from surface.drawn import check_drawn

import funcgrad.numpy as fnp

A = spread((2, 3, 3)) + 3 * np.eye(3)
S = A @ np.swapaxes(A, 1, 2)
B = spread((2, 3, 2))
TALL = spread((2, 4, 3))
V = spread((3,))


def hermitian(x: Any) -> Any:
    return x + np.conj(np.swapaxes(x, -1, -2))


def squares(*values: Any) -> Any:
    """Parts that may have other signs or phases."""
    return tuple(np.abs(v) for v in values)


def through(module: Any) -> dict[str, Any]:
    """Functions of a module whose results or arguments need something beside."""
    return {
        "eigh": lambda a, *rest: squares(*module.eigh(hermitian(a), *rest)),
        "eigvalsh": lambda a, *rest: module.eigvalsh(hermitian(a), *rest),
        "cholesky": lambda a, **options: module.cholesky(hermitian(a) + 9 * np.eye(a.shape[-1]),
                                                         **options),
        "eig": lambda a: np.sort(np.abs(module.eig(a)[0])),
        "eigvals": lambda a: np.sort(np.abs(module.eigvals(a))),
        "qr": lambda a, *rest: squares(*(module.qr(a, *rest) if rest != ("r",) else
                                         [module.qr(a, *rest)])),
        "svd": lambda a, **options: squares(*module.svd(a, **options)),
    }  # fmt: skip


LINALG: dict[str, list[Call]] = {
    "cholesky": [call(S), call(S, upper=True)],
    "cond": [call(A), call(TALL), *(call(A, p) for p in (1, -1, 2, -2, np.inf, "fro"))],
    "cross": [call(TALL, V, _rtol=1e-12), call(TALL, spread((2, 4, 3)), axis=-1)],
    "det": [call(A), call(A[0])],
    "diagonal": [call(TALL), call(TALL, offset=-1)],
    "eig": [call(A)],
    "eigh": [call(A), call(A, "U")],
    "eigvals": [call(A)],
    "eigvalsh": [call(A), call(A, "U")],
    "inv": [call(A)],
    "lstsq": [call(TALL[0], spread((4,))), call(TALL[0], spread((4, 2)), 0.1)],
    "matmul": [call(A, B), call(TALL, V), call(V, A)],
    "matrix_norm": [call(TALL, ord=p) for p in ("fro", "nuc", 1, -1, 2, -2, np.inf)],
    "matrix_power": [call(A, n) for n in (0, 3, -2)],
    "matrix_rank": [call(TALL), call(A, hermitian=True), call(TALL, tol=0.5)],
    "matrix_transpose": [call(TALL)],
    "multi_dot": [call([TALL[0], A[0], B[0]]), call([V, A[0], A[1], V])],
    "norm": [
        call(V), call(TALL, axis=1), call(TALL[0], "nuc"), call(TALL, 3, 2, True), call(V, 0),
        *(call(TALL, p, (0, 2)) for p in ("fro", 1, -1, 2, -2, np.inf, -np.inf)),
        *(call(V, p) for p in (1, -1, 2, -2, np.inf, -np.inf, 0.5)),
    ],
    "outer": [call(V, spread((4,)))],
    "pinv": [call(TALL), call(TALL, 0.1), call(TALL, rtol=1e-3)],
    "qr": [call(TALL), call(A, "r"), call(A, "complete")],
    "slogdet": [call(A)],
    "solve": [call(A, B), call(A, V), call(A[0], B)],
    "svd": [call(TALL, full_matrices=False), call(A)],
    "svdvals": [call(TALL), call(A)],
    "tensordot": [call(TALL, B, axes=((0, 2), (0, 1))), call(A[0], V, axes=1)],
    "tensorinv": [call(spread((3, 4, 12)), ind=2)],
    "tensorsolve": [call(A[0][:, :, None], V)],
    "trace": [call(TALL), call(A, offset=1)],
    "vecdot": [call(TALL, V), call(TALL, spread((2, 4, 3)), axis=1)],
    "vector_norm": [call(TALL), call(TALL, axis=(0, 2), ord=3), call(V, ord=1, keepdims=True)],
}  # fmt: skip


def test_every_function_is_in_the_table():
    assert set(LINALG) == set(fnp.linalg.__all__) - {"LinAlgError"}


@pytest.mark.parametrize("name", LINALG)
def test_linear_algebra(name):
    ours, theirs = (
        through(module).get(name, getattr(module, name)) for module in (fnp.linalg, np.linalg)
    )
    check_drawn([(ours, theirs, case) for case in LINALG[name]], 8, matrices=True)


@pytest.mark.parametrize("name", fourier.TABLE)
def test_fourier_transforms(name):
    ours, theirs = (getattr(module, name) for module in (fnp.fft, np.fft))
    check_drawn([(ours, theirs, case) for case in fourier.TABLE[name]], 8)
