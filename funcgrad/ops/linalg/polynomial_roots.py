"""The zeros of polynomials, from their coefficients, the highest power first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...arrays import ArrayModule, device_get, like
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general, sample
from ..shape import cast, reshape
from .matrices import by_lanes


def _complex(p: Aval) -> np.dtype:
    return np.result_type(inexact_dtype(p), np.complex64)


def _eigenvalues(xp: ArrayModule, a: Array) -> Array:
    return xp.linalg.eigvals(a)


def _values(xp: ArrayModule, p: Array, *, failing: str = "raise") -> Array:
    """The eigenvalues of the companion matrix (Horn and Johnson, Matrix Analysis, 3.3.12)."""
    *lead, n = p.shape
    p = p if p.dtype.kind in "fc" else p.astype(float)
    companion = np.zeros((*lead, n - 1, n - 1), np.result_type(p.dtype, np.float32))
    with np.errstate(all="ignore"):
        companion[..., :1, :] = -(p[..., None, 1:] / p[..., None, :1])
    companion[..., range(1, n - 1), range(n - 2)] = 1
    known: Any = np.isfinite(companion).all((-2, -1), keepdims=True)
    found = by_lanes(np, _eigenvalues, (np.where(known, companion, 0),), failing)
    found = np.where(known[..., 0], found, np.nan)
    return found.astype(np.result_type(p.dtype, np.complex64), copy=False)


def _values_there(xp: ArrayModule, p: Array, *, failing: str = "raise") -> Array:
    """The same for an array of a GPU, on the host, where LAPACK is."""
    return xp.asarray(_values(np, device_get(p), failing=failing))


def _jvp(t: Array, z: Array, p: Array, **_: object) -> Array:
    """Rule: dz = -dp(z) / p'(z), as dp(z) + p'(z) dz = 0."""
    n = p.shape[-1]
    column = reshape(z, shape=(*z.shape, 1))
    powers = cast(column ** like(z, np.arange(n - 1, -1, -1)), z.dtype)
    slopes = powers[..., 1:] * like(z, np.arange(n - 1, 0, -1).astype(z.dtype))

    def at_zeros(rows: Array, q: Array) -> Array:
        column = cast(reshape(q, shape=(*q.shape, 1)), z.dtype)
        return reshape(matmul(rows, column), shape=z.shape)

    return -at_zeros(powers, t) / at_zeros(slopes, p[..., :-1])


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(np.array([1.0, 0.4, 2.0, 0.7]))
    yield Case(np.array([[2.0, -1.0, 3.0], [1.0, 0.5, 1.5]]))
    yield Case(np.array([1.5, -0.3, 2.0], np.float32))
    yield Case(sample(rng, (4,), "c16", (0.5, 1.5)))


roots: General = general(
    "polynomial_roots",
    _values,
    abstract=lambda p, **_: Aval((*p.shape[:-1], p.shape[-1] - 1), _complex(p)),
    jvp=_jvp,
    batch=lambda _size, args, _batched, **params: roots(args[0], **params),
    cases=_cases,
    on_gpu=_values_there,
    fails=True,
    elements=Float64("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)
