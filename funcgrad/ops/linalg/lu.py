"""One LU factorization for several systems with a matrix, or its transpose.

The compiler writes it. SciPy has the factorization; where it is missing, and on a GPU, the matrix
stands in its place, and each system is solved as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule, lu_routines
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...typing import Array
from ..families import General, general
from ..shape import broadcast
from .matrices import by_lanes, check_square
from .solving import check_system, solve_values, zero_columns

WRITTEN_BY_COMPILER = "made by the compiler after all derivatives: tested with it"
SINGULAR = "Singular matrix"


def as_inexact(a: Array) -> Array:
    """The array in a dtype in which systems are solved."""
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


def _lu_eval(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    a = as_inexact(a)
    routines = lu_routines(xp, a.dtype)
    pivots = xp.zeros(a.shape[:-1], np.int32)
    if routines is None or not a.shape[-1]:
        return a, pivots
    factors = np.empty(a.shape, a.dtype)
    for lane in np.ndindex(*a.shape[:-2]):
        factors[lane], pivots[lane], _ = routines[0](a[lane])
    return factors, pivots


def _lu_abstract(a: Aval) -> tuple[Aval, Aval]:
    check_square("lu", a)
    return Aval(a.shape, inexact_dtype(a)), Aval(a.shape[:-1], np.dtype(np.int32))


lu: General = general(
    "lu",
    _lu_eval,
    abstract=_lu_abstract,
    batch=lambda _size, args, _batched: lu(args[0]),
    cases=None,
    no_cases=WRITTEN_BY_COMPILER,
    multiple=True,
    nondifferentiable=WRITTEN_BY_COMPILER,
    elements=Float64("the factors of LAPACK, in its layout"),
    hazard=Hazard.DIVISION,
)


def _solve_factored_eval(
    xp: ArrayModule,
    factors: Array,
    pivots: Array,
    b: Array,
    *,
    transposed: bool,
    strong: bool,
    failing: str,
) -> Array:
    factors, b = as_inexact(factors), as_inexact(b)
    routines = lu_routines(xp, factors.dtype)
    if routines is None or not b.size:
        a = xp.swapaxes(factors, -1, -2) if transposed else factors
        x = by_lanes(xp, solve_values, (a, b), failing)
        return zero_columns(xp, b, x) if strong else x
    regular = (np.diagonal(factors, axis1=-2, axis2=-1) != 0).all(axis=-1)
    if failing == "raise" and not regular.all():
        raise np.linalg.LinAlgError(SINGULAR)
    x = np.full(b.shape, np.nan, b.dtype)
    for lane in np.ndindex(*b.shape[:-2]):
        if regular[lane]:
            x[lane], _ = routines[1](factors[lane], pivots[lane], b[lane], trans=int(transposed))
    return zero_columns(xp, b, x) if strong else x


def _solve_factored_abstract(factors: Aval, _pivots: Aval, b: Aval, **_: object) -> Aval:
    check_system("solve", factors, b)
    return Aval(b.shape, inexact_dtype(factors, b))


def _solve_factored_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], **params: Any
) -> Array:
    all_batched = (
        x if is_batched else broadcast(x, shape=(size, *x.shape))
        for x, is_batched in zip(args, batched, strict=True)
    )
    return solve_factored(*all_batched, **params)


solve_factored: General = general(
    "solve_factored",
    _solve_factored_eval,
    abstract=_solve_factored_abstract,
    batch=_solve_factored_batch,
    cases=None,
    no_cases=WRITTEN_BY_COMPILER,
    fails=True,
    nondifferentiable=WRITTEN_BY_COMPILER,
    elements=Float64("from the factors of LAPACK, in its layout"),
    hazard=Hazard.SINGULAR,
)
