"""The exponential of matrices, by scaling, a Pade formula and squaring.

Higham, The scaling and squaring method for the matrix exponential revisited (2005). The derivative
L(A, E) at A in the direction E is a block of an exponential (Najfeld and Havel, Derivatives of the
matrix exponential and their computation, 1995),

    exp([[A, E], [0, A]]) = [[exp(A), L(A, E)], [0, exp(A)]],

and it is linear in E; its own derivative in A is a block of L at this matrix.
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
from ..families import General, general
from ..shape import broadcast_to
from ..structural.indexing import FULL, index
from ..structural.joining import pad
from .matrices import check_square, random_matrix, swap

PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
"""Coefficients of the numerator of degree 13."""
LARGEST = 5.371920351148152
"""The norm up to which the formula of degree 13 is precise to double precision."""
LEFT_OUT = -116.447
"""The logarithm to base 2 of the coefficient of A**27 in the error: 1 / (C(26, 13) 27!)."""
ON_DEVICE = 40
"""Squarings on a GPU, where their number is not looked at: norms up to 2**42."""


def exponential_values(xp: ArrayModule, a: Array) -> Array:
    """The exponential of each matrix."""
    a = a.astype(a.dtype if a.dtype.kind in "fc" else np.float64, copy=False)
    n = a.shape[-1]
    if not a.size:
        return a.copy()
    times = _squarings(xp, a)
    a = a * xp.exp2(-times)
    eye = xp.eye(n, dtype=a.dtype)
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    b = PADE
    u = a @ (
        a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * eye
    )
    v = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * eye
    out = xp.linalg.solve(v - u, v + u)
    for k in range(int(times.max()) if xp is np else ON_DEVICE):
        out = xp.where(times > k, out @ out, out)
    return out


def _norm(xp: ArrayModule, a: Array) -> Array:
    return xp.abs(a).sum(-2, keepdims=True).max(-1, keepdims=True)


def _squarings(xp: ArrayModule, a: Array) -> Array:
    """How often each exponential is to be squared: by norms of powers, which may be far below
    powers of the norm (Al-Mohy and Higham, A new scaling and squaring algorithm for the matrix
    exponential, 2009).
    """
    small = _norm(xp, a)
    scale = xp.where(xp.isfinite(small) & (small > 0), small, 1)
    x = a / scale  # powers of it do not overflow
    squares = x @ x
    fourth = squares @ squares
    sixth, eighth, tenth = fourth @ squares, fourth @ fourth, (fourth @ squares) @ fourth
    powers = ((fourth, 4), (sixth, 6), (eighth, 8), (tenth, 10))
    d4, d6, d8, d10 = (_norm(xp, p) ** (1 / k) for p, k in powers)
    largest = xp.maximum
    size = scale * xp.minimum(largest(d4, d6), xp.minimum(largest(d6, d8), largest(d8, d10)))
    size = xp.where(xp.isfinite(small) & (small > 0) & xp.isfinite(size), size, 0)
    times = xp.maximum(xp.ceil(xp.log2(xp.maximum(size, LARGEST) / LARGEST)), 0)
    # The first term that the formula leaves out, of the matrix of absolute values.
    each = xp.abs(x)
    row = xp.ones((*a.shape[:-2], 1, a.shape[-1]), each.dtype)
    for _ in range(27):
        row = row @ each
    rest = row.max(-1, keepdims=True)
    bits = xp.where(rest > 0, xp.log2(xp.where(rest > 0, rest, 1)), -xp.inf)
    bits = bits + 26 * (xp.log2(scale) - times) + LEFT_OUT
    more = xp.maximum(xp.ceil((bits + 53) / 26), 0)
    return times + xp.where(xp.isfinite(more), more, 0)


def _abstract(a: Aval) -> Aval:
    check_square("expm", a)
    return Aval(a.shape, inexact_dtype(a))


def frechet_values(xp: ArrayModule, a: Array, e: Array) -> Array:
    """The derivative of the exponential at a in the direction e."""
    n = a.shape[-1]
    dtype = np.result_type(a.dtype, e.dtype)
    both = xp.zeros((*a.shape[:-2], 2 * n, 2 * n), dtype if dtype.kind in "fc" else np.float64)
    both[..., :n, :n] = both[..., n:, n:] = a
    both[..., :n, n:] = e
    return exponential_values(xp, both)[..., :n, n:].copy()


def check_direction(a: Aval, e: Aval) -> None:
    """Raise unless a direction has the shape of the matrices."""
    check_square("expm_frechet", a)
    if a.shape != e.shape:
        raise ShapeError(f"expm_frechet needs matrices of one shape, got {a.shape} and {e.shape}")


def _frechet_abstract(a: Aval, e: Aval) -> Aval:
    check_direction(a, e)
    return Aval(a.shape, inexact_dtype(a, e))


def _corner(x: Array, first_row: int, first_column: int, n: int) -> Array:
    """A block of 2 n times 2 n matrices."""
    lead = tuple(FULL for _ in x.shape[:-2])
    rows, columns = (first_row, first_row + n, None), (first_column, first_column + n, None)
    return index(x, key=(*lead, rows, columns))


def _placed(x: Array, below: bool, right: bool) -> Array:
    """Matrices as one block of matrices twice as large, zero elsewhere."""
    n = x.shape[-1]
    lead = ((0, 0, 0),) * (len(x.shape) - 2)
    rows, columns = ((n, 0, 0) if moved else (0, n, 0) for moved in (below, right))
    return pad(x, x.dtype.type(0), (*lead, rows, columns))


def _frechet_jvp_a(t: Array, _out: Array, a: Array, e: Array) -> Array:
    n = a.shape[-1]
    block = _placed(a, False, False) + _placed(a, True, True) + _placed(e, False, True)
    moved = _placed(t, False, False) + _placed(t, True, True)
    return _corner(frechet(block, moved), 0, n, n)


def _frechet_transpose(
    ct: Array, a: Array, _e: Aval, *, flagged: bool, **_: object
) -> tuple[None, Array]:
    return None, frechet(swap(a), ct)


def _batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    whole = [
        x if b else broadcast_to(x, (size, *x.shape)) for x, b in zip(args, batched, strict=True)
    ]
    return frechet(*whole)


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f4", (2, 2)), ("c16", (2, 2)), ("f8", (2, 3, 3))):
        yield Case(random_matrix(rng, shape, dtype) * 0.5)
    yield Case(random_matrix(rng, (2, 2), "f8") * 4)


def _frechet_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype, shape in (("f8", (3, 3)), ("f4", (2, 2)), ("c16", (2, 2)), ("f8", (2, 2, 2))):
        yield Case(*(random_matrix(rng, shape, dtype) * 0.5 for _ in range(2)))


expm: General = general(
    "expm",
    exponential_values,
    abstract=_abstract,
    jvp=lambda t, _out, a: frechet(a, t),
    batch=lambda _size, args, _batched: expm(args[0]),
    cases=_cases,
    elements=Float64("the formula of Pade is one for float64"),
    hazard=Hazard.EXPONENTIAL,
)
frechet: General = general(
    "expm_frechet",
    frechet_values,
    abstract=_frechet_abstract,
    jvp=(_frechet_jvp_a, lambda t, _out, a, _e: frechet(a, t)),
    transpose=_frechet_transpose,
    batch=_batch,
    cases=_frechet_cases,
    elements=Float64("the formula of Pade is one for float64"),
    hazard=Hazard.EXPONENTIAL,
)
