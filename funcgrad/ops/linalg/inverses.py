"""The inverse and the pseudo-inverse of stacks of matrices.

Derivatives: Giles, Collected matrix derivative results for forward and reverse mode algorithmic
differentiation (2008); Golub and Pereyra, The differentiation of pseudo-inverses (1973).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general
from ..shape import broadcast
from .matrices import adjoint, by_lanes, check_square, random_matrix
from .small import inv_formula


def inverse_values(xp: ArrayModule, a: Array) -> Array:
    """The inverse of each matrix."""
    return xp.linalg.inv(a)


def _inv_eval(xp: ArrayModule, a: Array, *, failing: str = "raise") -> Array:
    return by_lanes(xp, inverse_values, (a,), failing)


def _inv_abstract(a: Aval, **_: object) -> Aval:
    check_square("inv", a)
    return Aval(a.shape, inexact_dtype(a))


inv: General = general(
    "inv",
    _inv_eval,
    formula=inv_formula,
    abstract=_inv_abstract,
    jvp=lambda t, x, _a, **_: -matmul(matmul(x, t), x),
    batch=lambda _size, args, _batched, **params: inv(args[0], **params),
    cases=lambda rng: [
        Case(random_matrix(rng, shape, dtype))
        for dtype, shape in (("f8", (3, 3)), ("f4", (3, 3)), ("c16", (3, 3)), ("f8", (2, 3, 3)))
    ],
    fails=True,
    hazard=Hazard.SINGULAR,
)


def pseudo_inverse_values(xp: ArrayModule, a: Array, rcond: Array) -> Array:
    """The pseudo-inverse by SVD; singular values up to rcond times the largest count as zero."""
    u, s, vh = xp.linalg.svd(a.conj(), full_matrices=False)
    keep = s > rcond[..., 0] * s[..., :1]
    s = xp.where(keep, 1 / xp.where(keep, s, xp.ones((), s.dtype)), xp.zeros((), s.dtype))
    return xp.matmul(xp.swapaxes(vh, -1, -2), s[..., None] * xp.swapaxes(u, -1, -2))


def _pinv_eval(xp: ArrayModule, a: Array, rcond: Array, *, failing: str = "raise") -> Array:
    return by_lanes(xp, pseudo_inverse_values, (a, xp.asarray(rcond)[..., None, None]), failing)


def _pinv_abstract(a: Aval, rcond: Aval, **_: object) -> Aval:
    if rcond.shape != a.shape[:-2]:
        raise ShapeError(f"pinv: rcond of shape {rcond.shape} for matrices of shape {a.shape}")
    return Aval((*a.shape[:-2], a.shape[-1], a.shape[-2]), inexact_dtype(a))


def _pinv_jvp(t: Array, p: Array, a: Array, _rcond: Array, **_: object) -> Array:
    """Rule: dP = -P T P + P P* T* (1 - A P) + (1 - P A) T* P* P, where the rank is kept."""
    tp = matmul(t, p)
    left = matmul(p, adjoint(tp))
    right = matmul(adjoint(matmul(p, t)), p)
    return left - matmul(matmul(left, a), p) + right - matmul(p, matmul(a, right)) - matmul(p, tp)


def _pinv_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], **params: object
) -> Array:
    a, rcond = (
        x if is_batched else broadcast(x, shape=(size, *x.shape))
        for x, is_batched in zip(args, batched, strict=True)
    )
    return pinv(a, rcond, **params)


def _pinv_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f8", (4, 2)), ("f4", (2, 3)), ("c16", (2, 3))):
        yield Case(random_matrix(rng, shape, dtype), np.float64(1e-15))
    yield Case(random_matrix(rng, (2, 3, 4), "f8"), np.array([1e-15, 1e-13]))


pinv: General = general(
    "pinv",
    _pinv_eval,
    abstract=_pinv_abstract,
    jvp=(_pinv_jvp, None),
    batch=_pinv_batch,
    cases=_pinv_cases,
    fails=True,
    elements=Float64("an iteration, of which only the limit is defined"),
    hazard=Hazard.NO_CONVERGENCE,
)
