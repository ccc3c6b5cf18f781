"""Derivatives of analytic functions of matrices, in a direction.

The derivative L(A, E) of a function f at A in the direction E is a block of a value of f (Najfeld
and Havel, Derivatives of the matrix exponential and their computation, 1995; Higham, Functions of
Matrices, 2008, theorem 3.6),

    f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]],

and it is linear in E; its own derivative in A is a block of L at this matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, general
from ..shape import broadcast_to
from ..structural.indexing import FULL, index
from ..structural.joining import pad
from .matrices import check_square, swap

Values = Callable[[ArrayModule, Array], Array]


def check_direction(name: str, a: Aval, e: Aval) -> None:
    """Raise unless a direction has the shape of the matrices."""
    check_square(name, a)
    if a.shape != e.shape:
        raise ShapeError(f"{name} needs matrices of one shape, got {a.shape} and {e.shape}")


def _size(xp: ArrayModule, a: Array) -> Array:
    return xp.abs(a).max((-2, -1), keepdims=True)


def derivative_values(values: Values, xp: ArrayModule, a: Array, e: Array) -> Array:
    """The block of f's value that is the derivative, of a direction as large as the matrix."""
    n = a.shape[-1]
    dtype = np.result_type(a.dtype, e.dtype)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    if not a.size:
        return xp.zeros(a.shape, dtype)
    larger, lesser = _size(xp, e), _size(xp, a)
    known = xp.isfinite(larger) & xp.isfinite(lesser) & (larger > 0) & (lesser > 0)
    bits = xp.where(known, xp.log2(xp.where(known, larger, 1)), 0)
    bits = bits - xp.where(known, xp.log2(xp.where(known, lesser, 1)), 0)
    half = xp.exp2(-xp.rint(bits / 2)).astype(larger.dtype)  # twice, as one factor may overflow
    both = xp.zeros((*a.shape[:-2], 2 * n, 2 * n), dtype)
    both[..., :n, :n] = both[..., n:, n:] = a
    both[..., :n, n:] = e * half * half
    return values(xp, both)[..., :n, n:] / half / half


def _corner(x: Array, n: int) -> Array:
    """The block above on the right of 2 n times 2 n matrices."""
    lead = tuple(FULL for _ in x.shape[:-2])
    return index(x, key=(*lead, (0, n, None), (n, 2 * n, None)))


def _placed(x: Array, below: bool, right: bool) -> Array:
    """Matrices as one block of matrices twice as large, zero elsewhere."""
    n = x.shape[-1]
    lead = ((0, 0, 0),) * (len(x.shape) - 2)
    rows, columns = ((n, 0, 0) if moved else (0, n, 0) for moved in (below, right))
    return pad(x, x.dtype.type(0), (*lead, rows, columns))


def directional_derivative(
    name: str,
    values: Values,
    cases: Callable[[np.random.Generator], Iterator[Case]],
    elements: Float64,
    hazard: Hazard,
    **declared: Any,
) -> General:
    """The operator of matrices and directions that is an analytic function's derivative.

    Args:
        name: of the operator.
        values: the function's, of stacks of matrices.
        cases: matrices and directions.
        elements: of what types it computes.
        hazard: of the function.
        declared: other fields of the record.
    """

    def abstract(a: Aval, e: Aval) -> Aval:
        check_direction(name, a, e)
        return Aval(a.shape, inexact_dtype(a, e))

    def jvp_a(t: Array, _out: Array, a: Array, e: Array) -> Array:
        block = _placed(a, False, False) + _placed(a, True, True) + _placed(e, False, True)
        moved = _placed(t, False, False) + _placed(t, True, True)
        return _corner(derivative(block, moved), a.shape[-1])

    def transpose(
        ct: Array, a: Array, _e: Aval, *, flagged: bool, **_: object
    ) -> tuple[None, Array]:
        return None, derivative(swap(a), ct)

    def batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
        whole = [
            x if b else broadcast_to(x, (size, *x.shape))
            for x, b in zip(args, batched, strict=True)
        ]
        return derivative(*whole)

    derivative: General = general(
        name,
        partial(derivative_values, values),
        abstract=abstract,
        jvp=(jvp_a, lambda t, _out, a, _e: derivative(a, t)),
        transpose=transpose,
        batch=batch,
        cases=cases,
        elements=elements,
        hazard=hazard,
        **declared,
    )
    return derivative
