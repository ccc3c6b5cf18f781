"""Sylvester's equation A X + X B = Q, and the square root of matrices, whose derivative solves one.

SciPy solves and takes roots by Schur forms (Bartels and Stewart 1972; Bjorck and Hammarling 1983).
For X, and for the root X with X X = A,

    A dX + dX B = dQ - dA X - X dB        and        X dX + dX X = dA.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from ...arrays import ArrayModule, on_host, scipy_linalg
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general
from ..shape import broadcast_to
from .matrices import check_square, each_matrix, random_matrix, swap


def sylvester_values(xp: ArrayModule, a: Array, b: Array, q: Array) -> Array:
    """The solutions of Sylvester's equations."""
    solve = scipy_linalg().solve_sylvester
    dtype = np.result_type(a, b, q)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    if not q.size:
        return np.zeros(q.shape, dtype)
    return each_matrix(lambda *xs: solve(*xs).astype(dtype, copy=False), q.shape, a, b, q)


def check_equation(a: Aval, b: Aval, q: Aval) -> None:
    """Raise unless the shapes are those of an equation."""
    check_square("solve_sylvester", a)
    check_square("solve_sylvester", b)
    if q.shape != (*a.shape[:-2], a.shape[-1], b.shape[-1]) or a.shape[:-2] != b.shape[:-2]:
        raise ShapeError(
            f"solve_sylvester: matrices of shapes {a.shape} and {b.shape} do not fit a right-hand "
            f"side of shape {q.shape}"
        )


def _abstract(a: Aval, b: Aval, q: Aval) -> Aval:
    check_equation(a, b, q)
    return Aval(q.shape, inexact_dtype(a, b, q))


def _transpose(
    ct: Array, a: Array, b: Array, _q: Aval, *, flagged: bool, **_: object
) -> tuple[None, None, Array]:
    return None, None, sylvester(swap(a), swap(b), ct)


def _batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    whole = [
        x if b else broadcast_to(x, (size, *x.shape)) for x, b in zip(args, batched, strict=True)
    ]
    return sylvester(*whole)


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, lead in (("f8", ()), ("f4", ()), ("c16", ()), ("f8", (2,))):
        a, b = (
            random_matrix(rng, (*lead, n, n), dtype) + np.eye(n, dtype=dtype) * 4 for n in (3, 2)
        )
        yield Case(a, b, random_matrix(rng, (*lead, 3, 2), dtype))


sylvester: General = general(
    "sylvester",
    sylvester_values,
    on_gpu=on_host(partial(sylvester_values, np)),
    abstract=_abstract,
    jvp=(
        lambda t, x, a, b, _q: -sylvester(a, b, matmul(t, x)),
        lambda t, x, a, b, _q: -sylvester(a, b, matmul(x, t)),
        lambda t, _x, a, b, _q: sylvester(a, b, t),
    ),
    transpose=_transpose,
    batch=_batch,
    cases=_cases,
    elements=Float64("SciPy's solution by Schur forms in float64"),
    hazard=Hazard.SINGULAR,
)


def root_values(xp: ArrayModule, a: Array) -> Array:
    """The principal square root; NaN where that of a real matrix is not real."""
    dtype = a.dtype if a.dtype.kind in "fc" else np.dtype(np.float64)
    if not a.size:
        return np.zeros(a.shape, dtype)
    root = scipy_linalg().sqrtm

    def one(x: Array) -> Array:
        found = root(x)
        if dtype.kind == "f" and found.dtype.kind == "c":
            return np.full(x.shape, np.nan, dtype)
        return found.astype(dtype, copy=False)

    return each_matrix(one, a.shape, a)


def _root_abstract(a: Aval) -> Aval:
    check_square("sqrtm", a)
    return Aval(a.shape, inexact_dtype(a))


def _root_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f4", (2, 2)), ("c16", (2, 2)), ("f8", (2, 2, 2))):
        n = shape[-1]
        yield Case(random_matrix(rng, shape, dtype) * 0.4 + np.eye(n, dtype=dtype) * 3)


sqrtm: General = general(
    "sqrtm",
    root_values,
    on_gpu=on_host(partial(root_values, np)),
    abstract=_root_abstract,
    jvp=lambda t, x, _a: sylvester(x, x, t),
    batch=lambda _size, args, _batched: sqrtm(args[0]),
    cases=_root_cases,
    elements=Float64("SciPy's root by Schur forms in float64"),
    hazard=Hazard.SINGULAR,
)
