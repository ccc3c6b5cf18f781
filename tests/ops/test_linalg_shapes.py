"""Factorizations and least squares of tall, wide, stacked and rank-deficient matrices.

Gradients to second order against differences, real and complex, of functions that do not depend on
the phases of vectors.
"""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from ops.linalg_checks import DTYPES, check_gradient, hermitian, random_like, weigh

from funcgrad.ops.linalg.matrices import adjoint

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 2, 3)]


class Setting:
    """Matrices of a shape, and weights for what is made of them."""

    def __init__(self, name, shape, dtype):
        self.rng = np.random.default_rng(zlib.crc32(f"{name}{shape}{dtype}".encode()))
        self.dtype = dtype
        *self.lead, self.m, self.n = shape
        self.k = min(self.m, self.n)
        self.a = self.weights(self.m, self.n)

    def weights(self, *shape):
        return random_like(self.rng, (*self.lead, *shape), self.dtype)


def svd_values(s):
    w = s.weights(s.k).real
    return lambda x: weigh(np.linalg.svd(x, compute_uv=False), w), s.a


def svd_functions(s, full=False):
    w, left = s.weights(s.m, s.n), s.weights(s.m, s.m)

    def fun(x):
        u, d, vh = np.linalg.svd(x, full_matrices=full)
        u, vh = u[..., : s.k], vh[..., : s.k, :]
        d = d[..., None, :]
        return weigh((u * np.exp(d)) @ vh, w) + weigh((u * d**2) @ adjoint(u), left)

    return fun, s.a


def svd_complement(s):
    left, right = s.weights(s.m, s.m), s.weights(s.n, s.n)

    def fun(x):
        u, _, vh = np.linalg.svd(x)
        u, v = u[..., s.k :], adjoint(vh)[..., s.k :]
        return weigh(u @ adjoint(u), left) + weigh(v @ adjoint(v), right)

    return fun, s.a


def qr(s, mode="reduced"):
    size = s.m if mode == "complete" else s.k
    at_q, at_r = s.weights(s.m, size), s.weights(size, s.n)

    def fun(x):
        q, r = np.linalg.qr(x, mode)
        return weigh(q, at_q) + weigh(r * r, at_r)

    return fun, s.a


def qr_triangle(s):
    w = s.weights(s.k, s.n)
    return lambda x: weigh(np.linalg.qr(x, "r") ** 2, w), s.a


def pinv(s):
    w = s.weights(s.n, s.m)
    return lambda x: weigh(np.linalg.pinv(x), w), s.a


def pinv_of_less_rank(s):
    w, right = s.weights(s.n, s.m), s.weights(1, s.n)
    return lambda x: weigh(np.linalg.pinv(x @ right, rcond=1e-10), w), s.weights(s.m, 1)


def lstsq(s):
    b, w = s.weights(s.m, 2), s.weights(s.n, 2)
    return lambda x: weigh(np.linalg.lstsq(x, b, rcond=None)[0], w), s.a


def lstsq_of_less_rank(s):
    b, w, right = s.weights(s.m, 2), s.weights(s.n, 2), s.weights(1, s.n)
    return lambda x: weigh(np.linalg.lstsq(x @ right, b, rcond=1e-10)[0], w), s.weights(s.m, 1)


def lstsq_right_hand_side(s):
    w = s.weights(s.n, 2)
    return lambda b: weigh(np.linalg.lstsq(s.a, b, rcond=None)[0] ** 2, w), s.weights(s.m, 2)


def lstsq_residuals(s):
    b = s.weights(s.m, 2)
    return lambda x: np.sum(np.linalg.lstsq(x, b, rcond=None)[1]), s.a


STACKS = {
    "svd values": svd_values,
    "svd functions": svd_functions,
    "svd functions, square": lambda s: svd_functions(s, full=True),
    "qr": qr,
    "qr triangle": qr_triangle,
    "pinv": pinv,
    "pinv of less rank": pinv_of_less_rank,
}
WIDE_OR_SQUARE = {"qr complete": lambda s: qr(s, "complete")}
NOT_SQUARE = {"svd complement": svd_complement}
ONE_MATRIX = {
    "lstsq": lstsq,
    "lstsq of less rank": lstsq_of_less_rank,
    "lstsq right-hand side": lstsq_right_hand_side,
}
TALL = {"lstsq residuals": lstsq_residuals}
TABLES = [
    (STACKS, lambda _lead, _m, _n: True),
    (WIDE_OR_SQUARE, lambda _lead, m, n: m <= n),
    (NOT_SQUARE, lambda _lead, m, n: m != n),
    (ONE_MATRIX, lambda lead, _m, _n: not lead),
    (TALL, lambda lead, m, n: not lead and m > n),
]
CALLS = {
    (name, shape): make
    for table, fits in TABLES
    for name, make in table.items()
    for shape in SHAPES
    if fits(shape[:-2], *shape[-2:])
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "shape"), CALLS)
def test_gradients_against_differences(name, shape, dtype):
    check_gradient(*CALLS[name, shape](Setting(name, shape, dtype)), rtol=3e-7)


HERMITIAN = {
    "eigh": lambda x: np.linalg.eigh(x, "L"),
    "eigh of the upper triangle": lambda x: np.linalg.eigh(x, "U"),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize("name", HERMITIAN)
def test_functions_of_hermitian_matrices_against_differences(name, lead, dtype):
    rng = np.random.default_rng(31)
    a = hermitian(rng, 3, dtype, lead)
    w = random_like(rng, a.shape, dtype)

    def fun(x):
        values, v = HERMITIAN[name](x)
        return weigh((v * np.sin(values)[..., None, :]) @ adjoint(v), w)

    check_gradient(fun, a)
