"""Eigenvalues and eigenvectors of stacks of square matrices, which are complex.

An eigenvector is determined up to a factor. LAPACK takes that of length 1 whose largest element is
real, and the tangents keep both. With equal eigenvalues the tangents of their vectors are the
smallest ones, as in ``spectral``. A matrix without a full set of eigenvectors has no derivative;
numbers near one are as large as its inverse matrix of eigenvectors.

Derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...arrays import ArrayModule, like
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general
from ..pointwise.comparison import select
from ..pointwise.complex import conj, imag, make, real
from ..reductions.reducing import argmax
from ..shape import cast, reduce_sum, reshape
from .matrices import by_lanes, check_square, diagonal_of, random_matrix
from .solving import solve
from .spectral import between

_ITERATION = Float64("an iteration, of which only the limit is defined")


def complex_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of eigenvalues."""
    return np.result_type(dtype, np.complex64)


def eigenvalues_and_vectors(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    """Eigenvalues, and right eigenvectors as columns, complex ones even if they are real."""
    w, v = xp.linalg.eig(a)
    dtype = xp.result_type(w.dtype, xp.complex64)
    return w.astype(dtype, copy=False), v.astype(dtype, copy=False)


def eigenvalues(xp: ArrayModule, a: Array) -> Array:
    """Eigenvalues, complex ones even if they are real."""
    w = xp.linalg.eigvals(a)
    return w.astype(xp.result_type(w.dtype, xp.complex64), copy=False)


def _eig_eval(xp: ArrayModule, a: Array, *, failing: str = "raise") -> tuple[Array, Array]:
    return by_lanes(xp, eigenvalues_and_vectors, (a,), failing)


def _eigvals_eval(xp: ArrayModule, a: Array, *, failing: str = "raise") -> Array:
    return by_lanes(xp, eigenvalues, (a,), failing)


def _eigvals_abstract(a: Aval, **_: object) -> Aval:
    check_square("eig", a)
    return Aval(a.shape[:-1], complex_dtype(inexact_dtype(a)))


def _eig_abstract(a: Aval, **_: object) -> tuple[Aval, Aval]:
    w = _eigvals_abstract(a)
    return w, Aval(a.shape, w.dtype)


def _in_eigenvectors(t: Array, v: Array, failing: str) -> Array:
    """The matrix t in the basis of eigenvectors, V^-1 t V."""
    return solve(v, matmul(cast(t, v.dtype), v), failing=failing)


def _largest(v: Array) -> Array:
    """True for the element of each column that LAPACK has made real."""
    size = abs(v)
    place = argmax(select(imag(v) == 0, size * 2, size), axis=len(v.shape) - 2)
    place = reshape(place, shape=(*place.shape[:-1], 1, place.shape[-1]))
    return place == like(place, np.arange(v.shape[-2]).reshape(-1, 1))


def _normalized(dv: Array, v: Array) -> Array:
    """Tangents of eigenvectors whose lengths, and phases of the largest elements, stay."""
    products = conj(v) * dv
    rows = (len(v.shape) - 2,)
    largest = _largest(v)
    length = reduce_sum(real(products), axes=rows)
    turned = reduce_sum(select(largest, imag(products), 0), axes=rows)
    squared = reduce_sum(select(largest, abs(v), 0), axes=rows)
    factor = make(length, turned / (squared * squared))
    return dv - v * reshape(factor, shape=(*factor.shape[:-1], 1, factor.shape[-1]))


def _eig_jvp(
    t: Array, out: tuple[Array, Array], _a: Array, *, failing: str = "raise"
) -> tuple[Array, Array]:
    """Rule: dw = diag(V^-1 dA V), dV = V (V^-1 dA V / (w_j - w_i)), made as long as V again."""
    w, v = out
    inner = _in_eigenvectors(t, v, failing)
    return diagonal_of(inner), _normalized(matmul(v, between(inner, w)), v)


def _eigvals_jvp(t: Array, _w: Array, a: Array, *, failing: str = "raise") -> Array:
    _, v = eig(a, failing=failing)
    return diagonal_of(_in_eigenvectors(t, v, failing))


def _eig_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Real eigenvalues, pairs of complex ones, and complex matrices."""
    turn = np.triu(np.ones((3, 3)), 1) * 2
    for dtype, shape, turned in (
        ("f8", (3, 3), False),
        ("f8", (3, 3), True),
        ("c16", (3, 3), False),
        ("f4", (2, 2), False),
        ("f8", (2, 3, 3), True),
    ):
        a: Any = random_matrix(rng, shape, dtype)
        yield Case(a + (turn - turn.T).astype(dtype) if turned else a)


eig: General = general(
    "eig",
    _eig_eval,
    abstract=_eig_abstract,
    jvp=_eig_jvp,
    batch=lambda _size, args, _batched, **params: eig(args[0], **params),
    cases=_eig_cases,
    multiple=True,
    fails=True,
    elements=_ITERATION,
    hazard=Hazard.NO_CONVERGENCE,
)
eigvals: General = general(
    "eigvals",
    _eigvals_eval,
    abstract=_eigvals_abstract,
    jvp=_eigvals_jvp,
    batch=lambda _size, args, _batched, **params: eigvals(args[0], **params),
    cases=_eig_cases,
    fails=True,
    elements=_ITERATION,
    hazard=Hazard.NO_CONVERGENCE,
)
