"""LU factors with the exchanges of rows, and the order of columns of a pivoted QR factorization.

Derivative of LU: dL = L tril(X, -1), dU = triu(X) U with X = L^-1 P dA U^-1, where the factors of
tall and wide matrices are filled up with rows and columns of the identity (de Hoog, Anderssen and
Lukas, Differentiation of matrix functionals using triangular factorization, 2011).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...arrays import ArrayModule, lapack_routines
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..contraction.dot_general import matmul
from ..families import General, general
from ..pointwise.arithmetic import add, mul
from ..reductions.sorting import take_along
from ..shape import broadcast_to, reshape
from ..structural.joining import pad
from .lu import as_inexact
from .matrices import random_matrix, real_dtype, swap, triangle
from .solving import NONE, TRANSPOSED, triangular_solve

INT32 = np.dtype(np.int32)

# --- permutations --------------------------------------------------------------------------------


def exchanged(xp: ArrayModule, order: Array, first: int, second: Array) -> Array:
    """Integers along the last axis with those at two places exchanged."""
    places = xp.arange(order.shape[-1])
    there = places == second[..., None]
    found = xp.where(there, order, xp.zeros((), order.dtype)).sum(-1, keepdims=True)
    order = xp.where(there, order[..., first : first + 1], order)
    return xp.where(places == first, found, order).astype(np.int32, copy=False)


def permutation_values(xp: ArrayModule, pivots: Array, *, size: int) -> Array:
    """The permutation that exchanges one row after another makes."""
    order = xp.broadcast_to(xp.arange(size, dtype=np.int32), (*pivots.shape[:-1], size))
    for j in range(pivots.shape[-1]):
        order = exchanged(xp, order, j, pivots[..., j])
    return order.copy()


def _permutation_abstract(pivots: Aval, *, size: int) -> Aval:
    check_pivots(pivots, size)
    return Aval((*pivots.shape[:-1], size), INT32)


def check_pivots(pivots: Aval, size: int) -> None:
    """Raise unless they exchange that many rows."""
    if not pivots.shape or pivots.dtype.kind not in "iu" or pivots.shape[-1] > size:
        raise ShapeError(
            f"a permutation of {size} rows cannot be made of exchanges {pivots}; they are integers,"
            f" up to {size} along the last axis"
        )


permutation_of_pivots: General = general(
    "permutation_of_pivots",
    permutation_values,
    abstract=_permutation_abstract,
    batch=lambda _size, args, _batched, *, size: permutation_of_pivots(args[0], size=size),
    cases=lambda rng: [
        Case(np.array([2, 2, 3], np.int32), size=4),
        Case(np.array([[1, 1], [2, 1]], np.int32), size=3),
    ],
    nondifferentiable="the result is an index",
)

# --- LU ------------------------------------------------------------------------------------------


def size_of_pivot(xp: ArrayModule, x: Array) -> Array:
    """What LAPACK compares to choose a pivot."""
    return abs(x.real) + abs(x.imag) if x.dtype.kind == "c" else abs(x)


def eliminated(xp: ArrayModule, a: Array) -> tuple[Array, Array]:
    """The factors and the exchanges by elimination of one column after another."""
    a = a.copy()
    m, n = a.shape[-2:]
    rows = xp.broadcast_to(xp.arange(m, dtype=np.int32), a.shape[:-1])
    pivots = xp.zeros((*a.shape[:-2], min(m, n)), np.int32)
    for j in range(min(m, n)):
        p = size_of_pivot(xp, a[..., j:, j]).argmax(axis=-1) + j
        pivots[..., j] = p
        order = exchanged(xp, rows, j, p)
        a = xp.take_along_axis(a, order[..., None], axis=-2)
        pivot = a[..., j : j + 1, j]
        regular = pivot != 0
        a[..., j + 1 :, j] /= xp.where(regular, pivot, xp.ones((), a.dtype))
        a[..., j + 1 :, j + 1 :] -= a[..., j + 1 :, j, None] * a[..., j, None, j + 1 :]
    return a, pivots


def _lu_eval(xp: ArrayModule, a: Array) -> tuple[Array, Array, Array]:
    a = as_inexact(a)
    routines = lapack_routines(xp, ("getrf",), a.dtype) if a.size else None
    if routines is None:
        factors, pivots = eliminated(xp, a)
    else:
        factors = np.empty(a.shape, a.dtype)
        pivots = np.empty((*a.shape[:-2], min(a.shape[-2:])), np.int32)
        for lane in np.ndindex(*a.shape[:-2]):
            factors[lane], pivots[lane], _ = routines[0](a[lane])
    return factors, pivots, permutation_values(xp, pivots, size=a.shape[-2])


def _lu_abstract(a: Aval) -> tuple[Aval, Aval, Aval]:
    if a.ndim < 2:
        raise ShapeError(f"lu needs matrices in the last two axes, got shape {a.shape}")
    *lead, m, n = a.shape
    exchanges = Aval((*lead, min(m, n)), INT32)
    return Aval(a.shape, inexact_dtype(a)), exchanges, Aval((*lead, m), INT32)


def rows_in_order(x: Array, order: Array) -> Array:
    """The rows of matrices in the order of a permutation."""
    places = reshape(order, shape=(*order.shape, 1))
    return take_along(x, broadcast_to(places, tuple(x.shape)), len(x.shape) - 2)


def _filled_up(x: Array, rows: int, columns: int) -> Array:
    """A matrix with zeros below and to the right, or cut there."""
    lead = ((0, 0, 0),) * (len(x.shape) - 2)
    below, right = rows - x.shape[-2], columns - x.shape[-1]
    return pad(x, x.dtype.type(0), (*lead, (0, below, 0), (0, right, 0)))


def _lu_jvp(t: Array, out: tuple[Array, Array, Array], _a: Array) -> tuple[Array, None, None]:
    factors, _, order = out
    m, n = factors.shape[-2:]
    k, real = min(m, n), real_dtype(factors.dtype)
    lower = add(triangle(_filled_up(factors, m, m), diagonal=0.0), np.eye(m, dtype=real))
    upper = triangle(_filled_up(_filled_up(factors, k, n), n, n), lower=False)
    upper = add(upper, np.diag((np.arange(n) >= k).astype(real)))

    def solved(a: Array, b: Array, lower: bool, transpose_a: int) -> Array:
        return triangular_solve(
            a, b, lower=lower, transpose_a=transpose_a, unit_diagonal=lower, failing="nan"
        )

    inner = solved(lower, rows_in_order(t, order), True, NONE)
    inner = swap(solved(upper, swap(inner), False, TRANSPOSED))
    below = np.tri(m, n, -1, dtype=real)
    change = matmul(lower, mul(inner, below)) + matmul(mul(inner, 1 - below), upper)
    return change, None, None


def _lu_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (
        ("f8", (3, 3)),
        ("f8", (4, 2)),
        ("f8", (2, 4)),
        ("f4", (3, 2)),
        ("c16", (3, 3)),
        ("f8", (2, 3, 2)),
    ):
        yield Case(np.flip(random_matrix(rng, shape, dtype), -2).copy())


lu_with_pivots: General = general(
    "lu_with_pivots",
    _lu_eval,
    abstract=_lu_abstract,
    jvp=_lu_jvp,
    batch=lambda _size, args, _batched: lu_with_pivots(args[0]),
    cases=_lu_cases,
    multiple=True,
    elements=Float64("the factors of LAPACK, whose pivots are decisions"),
    hazard=Hazard.DIVISION,
)

# --- the order of columns ------------------------------------------------------------------------


def columns_by_length(xp: ArrayModule, a: Array) -> Array:
    """The order in which the longest column that is left comes next, by reflections of the rest."""
    a = a.copy()
    m, n = a.shape[-2:]
    order = xp.broadcast_to(xp.arange(n, dtype=np.int32), (*a.shape[:-2], n))
    for j in range(min(m, n)):
        lengths = (abs(a[..., j:]) ** 2).sum(axis=-2)
        p = lengths.argmax(axis=-1) + j
        places = exchanged(xp, xp.broadcast_to(xp.arange(n, dtype=np.int32), order.shape), j, p)
        order = xp.take_along_axis(order, places, axis=-1)
        a = xp.take_along_axis(a, places[..., None, :], axis=-1)
        column = a[..., j : j + 1]
        squared = (abs(column) ** 2).sum(axis=-2, keepdims=True)
        along = xp.matmul(xp.swapaxes(column.conj(), -1, -2), a[..., j + 1 :])
        a[..., j + 1 :] -= column * (along / xp.where(squared > 0, squared, 1))
    return order.copy()


def _order_eval(xp: ArrayModule, a: Array) -> Array:
    a = as_inexact(a)
    routines = lapack_routines(xp, ("geqp3",), a.dtype) if a.size else None
    if routines is None:
        return columns_by_length(xp, a)
    order = np.empty((*a.shape[:-2], a.shape[-1]), np.int32)
    for lane in np.ndindex(*a.shape[:-2]):
        order[lane] = routines[0](a[lane])[1] - 1
    return order


def _order_abstract(a: Aval) -> Aval:
    if a.ndim < 2:
        raise ShapeError(f"qr needs matrices in the last two axes, got shape {a.shape}")
    return Aval((*a.shape[:-2], a.shape[-1]), INT32)


order_of_columns: General = general(
    "order_of_columns",
    _order_eval,
    abstract=_order_abstract,
    batch=lambda _size, args, _batched: order_of_columns(args[0]),
    cases=lambda rng: [
        Case(np.flip(random_matrix(rng, shape, dtype), -1).copy())
        for dtype, shape in (("f8", (4, 3)), ("c16", (3, 4)), ("f4", (3, 3)), ("f8", (2, 3, 2)))
    ],
    nondifferentiable="the result is an index",
)


def columns_in_order(x: Array, order: Array) -> Array:
    """The columns of matrices in the order of a permutation."""
    places = reshape(order, shape=(*order.shape[:-1], 1, order.shape[-1]))
    return take_along(x, broadcast_to(places, tuple(x.shape)), len(x.shape) - 1)
