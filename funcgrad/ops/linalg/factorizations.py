"""Cholesky and QR factorization of stacks of matrices.

Derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008); Walter and Lehmann, Algorithmic differentiation of linear algebra functions
(2018).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard, OneTriangle
from ...core.primitive import Case, Cases
from ...errors import DifferentiationError, ShapeError
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general
from ..pointwise.arithmetic import mul
from ..pointwise.complex import conj
from ..structural.indexing import FULL, index
from .matrices import (
    adjoint,
    by_lanes,
    check_square,
    random_matrix,
    real_dtype,
    swap,
    triangle,
)
from .small import cholesky_formula
from .solving import NONE, TRANSPOSED, triangular_solve

# --- Cholesky ------------------------------------------------------------------------------------


def cholesky_values(xp: ArrayModule, a: Array) -> Array:
    """The lower Cholesky factor of each matrix, from its lower triangle."""
    return xp.linalg.cholesky(a)


def _cholesky_eval(xp: ArrayModule, a: Array, *, failing: str = "raise") -> Array:
    return by_lanes(xp, cholesky_values, (a,), failing)


def _cholesky_abstract(a: Aval, **_: object) -> Aval:
    check_square("cholesky", a)
    return Aval(a.shape, inexact_dtype(a))


def from_triangle(t: Array, *, lower: bool) -> Array:
    """The Hermitian matrix that one triangle of t stands for."""
    half = triangle(t, lower=lower, diagonal=0.5)
    return half + adjoint(half)


def _cholesky_jvp(t: Array, factor: Array, _a: Array, *, failing: str = "raise") -> Array:
    """Rule: dL = L phi(L^-1 dA L^-*), phi = lower triangle with half the diagonal (Giles 2008)."""

    def divide(x: Array) -> Array:
        return triangular_solve(
            factor, x, lower=True, transpose_a=NONE, unit_diagonal=False, failing=failing
        )

    inner = divide(adjoint(divide(from_triangle(t, lower=True))))
    return matmul(factor, triangle(inner, diagonal=0.5))


def hermitian_matrix(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Positive definite matrices for cases, with eigenvalues well apart."""
    x = random_matrix(rng, shape, dtype)
    return x + np.conj(np.swapaxes(x, -1, -2))


def hermitian_cases(*dtypes: str, **params: Any) -> Cases:
    """Cases for operators that take Hermitian matrices."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in dtypes:
            yield Case(hermitian_matrix(rng, (3, 3), dtype), **params)
        yield Case(hermitian_matrix(rng, (2, 3, 3), "f8"), **params)

    return cases


cholesky: General = general(
    "cholesky",
    _cholesky_eval,
    formula=cholesky_formula,
    abstract=_cholesky_abstract,
    jvp=_cholesky_jvp,
    batch=lambda _size, args, _batched, **params: cholesky(args[0], **params),
    cases=hermitian_cases("f8", "f4", "c16"),
    fails=True,
    elements=OneTriangle(),
    hazard=Hazard.NOT_DEFINITE,
)

# --- QR ------------------------------------------------------------------------------------------


def _qr_eval(xp: ArrayModule, a: Array, *, mode: str) -> tuple[Array, Array]:
    q, r = xp.linalg.qr(a, mode)
    return q, r


def _qr_abstract(a: Aval, *, mode: str) -> tuple[Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(f"qr needs matrices in the last two axes, got shape {a.shape}")
    *lead, m, n = a.shape
    k = m if mode == "complete" else min(m, n)
    dtype = inexact_dtype(a)
    return Aval((*lead, m, k), dtype), Aval((*lead, k, n), dtype)


def _qr_jvp(t: Array, out: tuple[Array, Array], a: Array, *, mode: str) -> tuple[Array, Array]:
    """With C = Q* dA R^-1: dQ = dA R^-1 - Q (C - W), dR = Q* dA - W R (Walter, Lehmann 2018).

    W is the skew-Hermitian matrix with C's lower triangle, so that R stays upper triangular. For a
    wide matrix C is made of its first columns.
    """
    q, r = out
    m, n = a.shape[-2:]
    if mode == "complete" and m > n:
        raise DifferentiationError(
            f"qr with mode='complete' of a {m}x{n} matrix has no derivative: the last {m - n} "
            "columns of q are not determined by the matrix. Use mode='reduced'."
        )
    left, corner = t, r
    if m < n:
        columns = (FULL,) * (len(a.shape) - 1) + ((0, m, None),)
        left, corner = index(t, key=columns), index(r, key=columns)
    divided = swap(
        triangular_solve(
            corner,
            swap(left),
            lower=False,
            transpose_a=TRANSPOSED,
            unit_diagonal=False,
            failing="nan",
        )
    )
    c = matmul(adjoint(q), divided)
    below = triangle(c, diagonal=0.0)
    w = below - adjoint(below)
    if a.dtype.kind == "c":
        w = w + _diagonal(c - conj(c)) * 0.5
    upper = c - w
    dq = divided - matmul(q, upper)
    dr = matmul(upper, r) if m >= n else matmul(adjoint(q), t) - matmul(w, r)
    return dq, dr


def _diagonal(x: Array) -> Array:
    return mul(x, np.eye(x.shape[-1], dtype=real_dtype(x.dtype)))


def _qr_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (
        ("f8", (3, 3)),
        ("f8", (4, 2)),
        ("f8", (2, 4)),
        ("f4", (3, 2)),
        ("c16", (3, 3)),
        ("c16", (4, 2)),
        ("c16", (2, 3)),
        ("f8", (2, 4, 3)),
    ):
        yield Case(random_matrix(rng, shape, dtype), mode="reduced")
    yield Case(random_matrix(rng, (3, 3), "f8"), mode="complete")
    yield Case(random_matrix(rng, (2, 3), "f8"), mode="complete")


qr: General = general(
    "qr",
    _qr_eval,
    abstract=_qr_abstract,
    jvp=_qr_jvp,
    batch=lambda _size, args, _batched, **params: qr(args[0], **params),
    cases=_qr_cases,
    multiple=True,
    elements=Float64("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)
