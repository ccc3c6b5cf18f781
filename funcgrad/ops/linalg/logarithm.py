"""The principal logarithm of matrices.

SciPy computes it by inverse scaling and squaring of Schur forms (Al-Mohy and Higham, Improved
inverse scaling and squaring algorithms for the matrix logarithm, 2012).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from ...arrays import ArrayModule, on_host, scipy_linalg
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general
from .directional import derivative_values, directional_derivative
from .matrices import check_square, each_matrix, random_matrix


def logarithm_values(xp: ArrayModule, a: Array) -> Array:
    """The principal logarithm; NaN where that of a real matrix is not real."""
    dtype = a.dtype if a.dtype.kind in "fc" else np.dtype(np.float64)
    if not a.size:
        return np.zeros(a.shape, dtype)
    log = scipy_linalg().logm
    wide = np.result_type(dtype, np.float64)

    def one(x: Array) -> Array:
        found = log(x.astype(wide))  # SciPy warns of what single precision cannot give
        if dtype.kind == "f" and found.dtype.kind == "c":
            return np.full(x.shape, np.nan, dtype)
        return found.astype(dtype, copy=False)

    return each_matrix(one, a.shape, a)


def _abstract(a: Aval) -> Aval:
    check_square("logm", a)
    return Aval(a.shape, inexact_dtype(a))


def _near_one(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> Array:
    return random_matrix(rng, shape, dtype) * 0.4 + np.eye(shape[-1], dtype=dtype) * 2


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f4", (2, 2)), ("c16", (2, 2)), ("f8", (2, 2, 2))):
        yield Case(_near_one(rng, dtype, shape))


def _directed_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f4", (2, 2)), ("c16", (2, 2)), ("f8", (2, 2, 2))):
        yield Case(_near_one(rng, dtype, shape), random_matrix(rng, shape, dtype))


logm: General = general(
    "logm",
    logarithm_values,
    on_gpu=on_host(functools.partial(logarithm_values, np)),
    abstract=_abstract,
    jvp=lambda t, _out, a: logm_frechet(a, t),
    batch=lambda _size, args, _batched: logm(args[0]),
    cases=_cases,
    elements=Float64("SciPy's logarithm by Schur forms in float64"),
    hazard=Hazard.SINGULAR,
)
logm_frechet: General = directional_derivative(
    "logm_frechet",
    logarithm_values,
    on_gpu=on_host(functools.partial(derivative_values, logarithm_values, np)),
    cases=_directed_cases,
    elements=Float64("SciPy's logarithm by Schur forms in float64"),
    hazard=Hazard.SINGULAR,
)
