"""Concatenation, splitting and padding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, Joint, general, sample
from ..pointwise.comparison import select
from ..shape import broadcast_to, cast
from .indexing import FULL, index, index_put


def _concatenate_eval(xp: ArrayModule, *xs: Array, axis: int) -> Array:
    return xp.concatenate(xs, axis)


def _concatenate_abstract(*xs: Aval, axis: int) -> Aval:
    first = xs[0].shape
    total: Any = 0
    for x in xs:
        if x.ndim != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(x.shape, first, strict=True)) if i != axis
        ):
            raise ShapeError(
                f"concatenate along axis {axis}: shapes {[x.shape for x in xs]} differ elsewhere"
            )
        total += x.shape[axis]
    dtype = np.result_type(*[x.dtype for x in xs])
    return Aval((*first[:axis], total, *first[axis + 1 :]), dtype)


def _concatenate_transpose(
    ct: Array, *xs: Array | Aval, flagged: bool, axis: int
) -> tuple[Array | None, ...]:
    ends = [0]
    for x in xs:
        ends.append(ends[-1] + x.shape[axis])
    if all(isinstance(x, Aval) for x in xs):
        parts = split(ct, ends=tuple(ends), axis=axis)
        return tuple(cast(c, x.dtype) for c, x in zip(parts, xs, strict=True))
    return tuple(
        cast(index(ct, key=(FULL,) * axis + ((start, stop, None),)), x.dtype)
        if isinstance(x, Aval)
        else None
        for x, (start, stop) in zip(xs, pairwise(ends), strict=True)
    )


def _concatenate_jvp(ts: Sequence[Array | None], out: Array, *xs: Array, axis: int) -> Array:
    zeros = [np.zeros(x.shape, out.dtype) if t is None else t for t, x in zip(ts, xs, strict=True)]
    return cast(concatenate(*zeros, axis=axis), out.dtype)


concatenate: General = general(
    "concatenate",
    _concatenate_eval,
    abstract=_concatenate_abstract,
    jvp=Joint(_concatenate_jvp),
    jointly=True,
    transpose=_concatenate_transpose,
    batch=lambda size, args, batched, *, axis: concatenate(
        *(
            a if b else broadcast_to(a, (size, *a.shape))
            for a, b in zip(args, batched, strict=True)
        ),
        axis=axis + 1,
    ),
    cases=lambda rng: (
        [
            Case(sample(rng, (2, 3), dt, (-2, 2)), sample(rng, (2, 1), dt, (-2, 2)), axis=1)
            for dt in ("f8", "f4", "c16", "i8")
        ]
        + [Case(*[sample(rng, (n, 2), "f8", (-2, 2)) for n in (1, 3, 2)], axis=0)]
    ),
    fills=True,
    source=lambda *xs, axis: f"np.concatenate(({', '.join(xs)},), {axis})",
    elements=Moves(),
)


def _split_eval(
    xp: ArrayModule, x: Array, *, ends: tuple[int, ...], axis: int
) -> tuple[Array, ...]:
    before = (slice(None),) * axis
    return tuple(x[(*before, slice(ends[i], ends[i + 1]))] for i in range(len(ends) - 1))


def _split_abstract(x: Aval, *, ends: tuple[int, ...], axis: int) -> tuple[Aval, ...]:
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    return tuple(Aval((*before, j - i, *after), x.dtype) for i, j in pairwise(ends))


split: General = general(
    "split",
    _split_eval,
    abstract=_split_abstract,
    jvp=lambda t, _out, x, *, ends, axis: split(t, ends=ends, axis=axis),
    transpose=lambda cts, x, *, flagged, ends, axis: concatenate(*cts, axis=axis),
    batch=lambda _size, args, _batched, *, ends, axis: split(args[0], ends=ends, axis=axis + 1),
    cases=lambda rng: [
        *(
            Case(sample(rng, (2, 6), dt, (-2, 2)), ends=(0, 1, 4, 6), axis=1)
            for dt in ("f8", "f4", "c16", "i8")
        ),
        Case(sample(rng, (5, 3), "f8", (-2, 2)), ends=(0, 2, 2, 5), axis=0),
    ],
    multiple=True,
    view=True,
    parts=True,
    elements=Moves(),
)
"""Consecutive parts of an array along an axis, from one of ``ends`` to the next."""


def pad(x: Array, value: Array | complex, config: tuple[tuple[int, int, int], ...]) -> Array:
    """Pad with a value: (low, high, interior) per axis, as JAX's lax.pad.

    Negative low and high crop. Interior puts that many values between neighbours.
    """
    shape, crop, place = [], [], []
    for n, (low, high, interior) in zip(x.shape, config, strict=True):
        if interior < 0:
            raise ShapeError(f"interior padding must not be negative, got {config}")
        step = interior + 1
        dilated = (n - 1) * step + 1 if n else 0
        size = dilated + low + high
        if size < 0:
            raise ShapeError(f"padding {config} leaves less than nothing of shape {x.shape}")
        first = -(low // step) if low < 0 else 0
        last = min(n, (size - low - 1) // step + 1) if size else first
        last = max(last, first)
        crop.append(FULL if (first, last) == (0, n) else (first, last, None))
        at = low + first * step
        place.append((at, at + (last - first - 1) * step + 1 if last > first else at, step))
        shape.append(size)
    if any(k != FULL for k in crop):
        x = index(x, key=tuple(crop))
    identity = all(p == (0, s, 1) for p, s in zip(place, shape, strict=True))
    if identity:
        return x
    out = index_put(x, key=tuple(place), shape=tuple(shape))
    if isinstance(value, int | float) and value == 0:
        return out
    inside = np.zeros(tuple(shape), bool)
    inside[tuple(slice(*p) for p in place)] = True
    return select(inside, out, value)
