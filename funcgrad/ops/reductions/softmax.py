"""Operators that softmax and its relatives need for the digits that sums next to 1 lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Hazard
from ...core.lowering import NumpyText
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, General, elementwise, general, sample
from ..pointwise.special import put_at
from ..shape import broadcast_to, shift_axes


def log_total_values(
    xp: ArrayModule, total: Array, exponentials: Array, *, axes: tuple[int, ...]
) -> Array:
    """The logarithm of sums of exponentials of which the largest is 1.

    A sum next to 1 has lost digits of the small ones: there they are summed without the 1. Sums of
    nothing, from rows of -inf, are given as 1.
    """
    out = xp.log(total)
    rare = total < 1.5
    if not rare.any():
        return out
    moved = xp.moveaxis(exponentials, axes, range(-len(axes), 0))
    rows = moved.reshape(total.size, -1)
    rare = rare.reshape(-1)
    rest = rows[rare]
    rest[rest == 1] = 0
    logs = out.reshape(-1)
    logs[rare] = xp.log1p(xp.sum(rest, axis=1))
    return logs.reshape(total.shape)


def _log_total_on_gpu(
    xp: ArrayModule, total: Array, exponentials: Array, *, axes: tuple[int, ...]
) -> Array:
    rest = xp.where(exponentials == 1, exponentials.dtype.type(0), exponentials)
    small = xp.log1p(xp.sum(rest, axis=axes, keepdims=True))
    return xp.where(total < 1.5, small, xp.log(total))


def complement_values(p: Array, log_p: Array, out: Array | None = None) -> Array:
    """The probability 1 - p, from the logarithm of p where the difference cancels."""
    if p.dtype.kind != "f":
        raise TypeError(f"complement takes probabilities, not {p.dtype}")
    if p.shape != log_p.shape:
        p, log_p = np.broadcast_arrays(p, log_p)
    out = np.subtract(1, p, out=out)
    rare = out < 0.5
    if not rare.any():
        return out
    if not out.ndim:
        return -np.expm1(log_p)
    at = np.flatnonzero(rare)
    put_at(out, at, -np.expm1(log_p.take(at)))
    return out


def _log_total_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], *, axes: tuple[int, ...]
) -> Array:
    total, exponentials = (
        a if b else broadcast_to(a, (size, *a.shape)) for a, b in zip(args, batched, strict=True)
    )
    return log_total(total, exponentials, axes=shift_axes(axes))


def _log_total_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4"):
        for axes in ((1,), (0, 2)):
            e = sample(rng, (2, 3, 4), dtype, (0.4, 0.9))
            yield Case(np.sum(e, axes, keepdims=True) + 1, e, axes=axes)


def _complement_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4"):
        p = sample(rng, (2, 3), dtype, (0.05, 0.45))
        yield Case(p, np.log(p))
    p = sample(rng, (), "f8", (0.05, 0.45))
    yield Case(p, np.log(p))


# Both as functions of their first operand, which carries the derivative.
log_total: General = general(
    "log_total",
    log_total_values,
    on_gpu=_log_total_on_gpu,
    formula=_log_total_on_gpu,
    abstract=lambda total, _exponentials, *, axes: Aval(
        total.shape, np.log(np.ones(1, total.dtype)).dtype
    ),
    jvp=(lambda t, _o, total, _e, *, axes: t / total, None),
    batch=_log_total_batch,
    cases=_log_total_cases,
    hazard=Hazard.LOGARITHM,
)
complement: Elementwise = elementwise(
    "complement",
    complement_values,
    -1,
    None,
    cases=_complement_cases,
    numpy=NumpyText(into=True, overwrites=(0,)),
    scalar=lambda m, p, log_p: m.where(p < 0.5, 1 - p, -m.expm1(log_p)),
    hazard=Hazard.EXPONENTIAL,
)
