"""The exponential of matrices, by scaling, a Pade formula and squaring.

Higham, The scaling and squaring method for the matrix exponential revisited (2005).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general
from .directional import directional_derivative
from .matrices import check_square, random_matrix

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
frechet: General = directional_derivative(
    "expm_frechet",
    exponential_values,
    cases=_frechet_cases,
    elements=Float64("the formula of Pade is one for float64"),
    hazard=Hazard.EXPONENTIAL,
)
