"""Modified Bessel functions of the first kind, times exp(-|x|).

SciPy evaluates them on NumPy's arrays. Derivatives and recurrence: NIST Digital Library of
Mathematical Functions, 10.29.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...arrays import ArrayModule, special_functions
from ...core.avals import Aval
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general, sample

NEAR = 8.0
"""Arguments up to which the power series is used on a GPU, which has orders 0 and 1 only."""

TERMS = 40


def scaled_bessel_values(xp: ArrayModule, x: Array, *, order: int) -> Array:
    """exp(-|x|) times the modified Bessel function of an integer order."""
    special = special_functions(np)
    if order < 2:
        out = special.i0e(x) if order == 0 else special.i1e(x)
    else:
        out = special.ive(float(order), x)
    return out.astype(x.dtype, copy=False)[()]


def _on_gpu(xp: ArrayModule, x: Array, *, order: int) -> Array:
    special = special_functions(xp)
    lower, out = special.i0e(x), special.i1e(x)
    if order < 2:
        return lower if order == 0 else out
    size = xp.abs(x)
    far = xp.maximum(size, x.dtype.type(NEAR)) * xp.where(x < 0, -1, 1).astype(x.dtype)
    lower, out = special.i0e(far), special.i1e(far)
    for k in range(1, order):
        lower, out = out, lower - (2 * k) * out / far
    near = xp.minimum(size, x.dtype.type(NEAR)).astype(np.float64)
    quarter = near * near / 4
    term = (near / 2) ** order / float(np.prod(np.arange(1.0, order + 1)))
    total = term
    for k in range(1, TERMS):
        term = term * quarter / (k * (k + order))
        total = total + term
    sign = xp.where(x < 0, (-1) ** order, 1)
    series = (sign * total * xp.exp(-near)).astype(x.dtype)
    return xp.where(size < NEAR, series, out)


def _abstract(x: Aval, *, order: int) -> Aval:
    if x.dtype.kind != "f":
        raise TypeError(f"Bessel functions take floating-point numbers, not {x.dtype}")
    return Aval(x.shape, x.dtype)


def _tangent(t: Array, out: Array, x: Array, *, order: int) -> Array:
    below = scaled_bessel(x, order=abs(order - 1))
    above = scaled_bessel(x, order=order + 1)
    return t * (0.5 * (below + above) - np.sign(x) * out)


def _batch(_size: int, args: Sequence[Array], _batched: Sequence[bool], *, order: int) -> Array:
    return scaled_bessel(args[0], order=order)


def _cases(rng: np.random.Generator) -> Iterator[Case]:
    for order in (0, 1, 3):
        yield Case(sample(rng, (2, 3), "f8", (0.2, 9)), order=order)
        yield Case(sample(rng, (3,), "f4", (-3, -0.3)), order=order)
    yield Case(sample(rng, (), "f8", (0.5, 2)), order=2)


scaled_bessel: General = general(
    "bessel_ive",
    scaled_bessel_values,
    on_gpu=_on_gpu,
    abstract=_abstract,
    jvp=_tangent,
    batch=_batch,
    cases=_cases,
    elements=Float64("a function of SciPy for float64"),
    hazard=Hazard.NONE,
)
