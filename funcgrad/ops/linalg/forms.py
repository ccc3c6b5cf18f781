"""Schur, Hessenberg and tridiagonal forms, which LAPACK makes of one matrix after another.

They have no derivatives: the vectors and reflections are not unique. For arrays of a GPU they are
computed on the host.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...arrays import ArrayModule, on_host, scipy_linalg
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case, Cases
from ...typing import Array
from ..families import General, general
from ..structural.stop import undifferentiated
from .factorizations import hermitian_cases
from .lu import as_inexact
from .matrices import by_lanes, check_square, random_matrix, real_dtype

NOT_UNIQUE = "vectors and reflections of this form are not unique"
_ITERATION = Float64("an iteration, of which only the limit is defined")


def as_lapack(a: Array) -> Array:
    """An array in a dtype that LAPACK works in; half and extended precision are refused."""
    a = as_inexact(a)
    if a.dtype.char not in "fdFD":
        raise TypeError(f"array type {a.dtype} is unsupported in linalg")
    return a


def without_derivative(a: Array, name: str) -> Array:
    """A matrix of which a form is made; derivatives of it are refused."""
    return undifferentiated(a, why=f"{name} has no derivative: {NOT_UNIQUE}")


def each(function: Callable[[Array], tuple[Array, ...]], a: Array) -> Any:
    """The results of a function of one matrix, for a stack of them."""
    lead = a.shape[:-2]
    lanes = [function(a[lane]) for lane in np.ndindex(*lead)]
    shapes = lanes[:1] or [function(np.eye(a.shape[-1], dtype=a.dtype))]
    return tuple(
        np.array([lane[i] for lane in lanes], x.dtype).reshape(*lead, *x.shape)
        for i, x in enumerate(shapes[0])
    )


def schur_values(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    """The (real, for real matrices) Schur form and its vectors."""
    schur_of = scipy_linalg().schur
    if not np.isfinite(a).all():
        raise np.linalg.LinAlgError("schur: a matrix is not finite")
    if not a.shape[-1]:
        return a.copy(), a.copy()
    output = "complex" if a.dtype.kind == "c" else "real"
    return each(lambda x: schur_of(x, output, check_finite=False), a)


def _schur_eval(xp: ArrayModule, a: Array, *, failing: str = "raise") -> tuple[Array, Array]:
    return by_lanes(xp, schur_values, (as_lapack(a),), failing)


def hessenberg_values(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    """The Hessenberg form above the reflections that make it, and their factors."""
    a = as_lapack(a)
    if a.shape[-1] < 2:
        return a.copy(), np.zeros((*a.shape[:-2], 0), a.dtype)
    (gehrd,) = scipy_linalg().lapack.get_lapack_funcs(("gehrd",), dtype=a.dtype)
    return each(lambda x: gehrd(x)[:2], a)


def tridiagonal_values(
    xp: ArrayModule, a: Array, *, lower: bool
) -> tuple[Array, Array, Array, Array]:
    """The tridiagonal form and the reflections that make it, its two diagonals, and factors."""
    a = as_lapack(a)
    if not a.shape[-1]:
        d = np.zeros(a.shape[:-1], np.finfo(a.dtype).dtype)
        return a.copy(), d, d.copy(), np.zeros(a.shape[:-1], a.dtype)
    name = "hetrd" if a.dtype.kind == "c" else "sytrd"
    (reduce,) = scipy_linalg().lapack.get_lapack_funcs((name,), dtype=a.dtype)
    return each(lambda x: reduce(x, lower=int(lower))[:4], a)


def _off(a: Aval, dtype: np.dtype) -> Aval:
    return Aval((*a.shape[:-2], max(a.shape[-1] - 1, 0)), dtype)


def _schur_abstract(a: Aval, **_: object) -> tuple[Aval, Aval]:
    check_square("schur", a)
    made = Aval(a.shape, inexact_dtype(a))
    return made, made


def _hessenberg_abstract(a: Aval) -> tuple[Aval, Aval]:
    check_square("hessenberg", a)
    dtype = inexact_dtype(a)
    return Aval(a.shape, dtype), _off(a, dtype)


def _tridiagonal_abstract(a: Aval, **_: object) -> tuple[Aval, Aval, Aval, Aval]:
    check_square("tridiagonal", a)
    dtype = inexact_dtype(a)
    real = real_dtype(dtype)
    return Aval(a.shape, dtype), Aval(a.shape[:-1], real), _off(a, real), _off(a, dtype)


def _square_cases(**params: Any) -> Cases:
    return lambda rng: [
        Case(random_matrix(rng, shape, dtype), **params)
        for dtype, shape in (("f8", (3, 3)), ("f4", (3, 3)), ("c16", (3, 3)), ("f8", (2, 3, 3)))
    ]


schur: General = general(
    "schur",
    _schur_eval,
    on_gpu=on_host(partial(_schur_eval, np)),
    abstract=_schur_abstract,
    batch=lambda _size, args, _batched, **params: schur(args[0], **params),
    cases=_square_cases(),
    multiple=True,
    fails=True,
    nondifferentiable=NOT_UNIQUE,
    elements=_ITERATION,
    hazard=Hazard.NO_CONVERGENCE,
)
hessenberg: General = general(
    "hessenberg",
    hessenberg_values,
    on_gpu=on_host(partial(hessenberg_values, np)),
    abstract=_hessenberg_abstract,
    batch=lambda _size, args, _batched: hessenberg(args[0]),
    cases=_square_cases(),
    multiple=True,
    nondifferentiable=NOT_UNIQUE,
    elements=Float64("reflections of LAPACK, in its layout"),
    hazard=Hazard.SUM,
)
tridiagonal: General = general(
    "tridiagonal",
    tridiagonal_values,
    on_gpu=on_host(partial(tridiagonal_values, np)),
    abstract=_tridiagonal_abstract,
    batch=lambda _size, args, _batched, **params: tridiagonal(args[0], **params),
    cases=lambda rng: [
        *hermitian_cases("f8", "f4", "c16", lower=True)(rng),
        Case(random_matrix(rng, (3, 3), "f8"), lower=False),
    ],
    multiple=True,
    nondifferentiable=NOT_UNIQUE,
    elements=Float64("reflections of LAPACK, in its layout"),
    hazard=Hazard.SUM,
)
