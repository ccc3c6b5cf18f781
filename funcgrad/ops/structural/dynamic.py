"""Slices of fixed sizes at positions known at run time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import arrays
from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, Joint, general, sample
from ..pointwise.comparison import select
from ..shape import broadcast_to, cast, reshape, zeros
from .gather import gather, lane_numbers, scatter


def clamped_starts(
    shape: tuple[int, ...], starts: Sequence[Array | int], sizes: Sequence[int]
) -> list[int]:
    """Start indices moved so that the slice lies inside; negative ones count from the end."""
    moved = []
    for n, i, size in zip(shape, starts, sizes):
        at = int(i)
        at = at + n if at < 0 else at
        moved.append(min(max(at, 0), n - size))
    return moved


def _starts_there(
    xp: ArrayModule, shape: tuple[int, ...], starts: Sequence[Array | int], sizes: Sequence[int]
) -> list[Any]:
    """The same on a GPU, without a look at them from the host."""
    moved: list[Any] = []
    for n, i, size in zip(shape, starts, sizes):
        if isinstance(i, int):
            moved += clamped_starts((n,), (i,), (size,))
        elif n == size:
            moved.append(0)
        else:
            at = i.astype(np.int64)
            moved.append(xp.clip(xp.where(at < 0, at + n, at), 0, n - size))
    return moved


def _dynamic_slice_eval(
    xp: ArrayModule, x: Array, *starts: Array | int, sizes: tuple[int, ...]
) -> Array:
    at = clamped_starts(x.shape, starts, sizes)
    return x[tuple(slice(i, i + n) for i, n in zip(at, sizes))]


def _dynamic_slice_on_gpu(
    xp: ArrayModule, x: Array, *starts: Array | int, sizes: tuple[int, ...]
) -> Array:
    for axis, at in enumerate(_starts_there(xp, x.shape, starts, sizes)):
        if sizes[axis] < x.shape[axis]:
            x = xp.take(x, at + xp.arange(sizes[axis]), axis=axis)
    return x


def _dynamic_update_on_gpu(xp: ArrayModule, x: Array, v: Array, *starts: Array | int) -> Array:
    out = xp.array(x)
    at = _starts_there(xp, x.shape, starts, v.shape)
    out[xp.ix_(*[i + xp.arange(n) for i, n in zip(at, v.shape)]) if at else ()] = v
    return out


def _dynamic_slice_abstract(x: Aval, *starts: Aval, sizes: tuple[int, ...]) -> Aval:
    if len(sizes) != x.ndim or any(n > d for n, d in zip(sizes, x.shape, strict=True)):
        raise ShapeError(f"a slice of sizes {sizes} does not fit into an array of shape {x.shape}")
    return Aval(sizes, x.dtype)


def _dynamic_update_eval(xp: ArrayModule, x: Array, v: Array, *starts: Array | int) -> Array:
    out = xp.array(x)
    at = clamped_starts(x.shape, starts, v.shape)
    out[tuple(slice(i, i + n) for i, n in zip(at, v.shape))] = v
    return out


def _slice_indices(
    size: int, shape: Sequence[int], starts: Sequence[Array], sizes: Sequence[int]
) -> list[Array]:
    """Index arrays, one per axis, of slices that differ between lanes."""
    idx = []
    for axis, (n, start, length) in enumerate(zip(shape, starts, sizes, strict=True)):
        start = start if getattr(start, "shape", ()) else broadcast_to(start, (size,))
        start = cast(start, np.dtype(np.intp))
        start = select(start < 0, start + n, start)
        start = select(start < 0, 0, select(start > n - length, n - length, start))
        axes = [1] * len(sizes)
        axes[axis] = length
        offsets = np.arange(length).reshape((1, *axes))
        first = reshape(start, shape=(size,) + (1,) * len(sizes))
        full = first + arrays.like(first, offsets)
        idx.append(broadcast_to(full, (size, *sizes)))
    return idx


def _dynamic_slice_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], *, sizes: tuple[int, ...]
) -> Array:
    x, starts = args[0], args[1:]
    if not any(batched[1:]):
        return dynamic_slice(x, 0, *starts, sizes=(size, *sizes))
    shape = x.shape[1:] if batched[0] else x.shape
    idx = _slice_indices(size, shape, starts, sizes)
    if not batched[0]:
        return gather(x, *idx)
    lanes = np.broadcast_to(lane_numbers(size, len(sizes)), (size, *sizes))
    return gather(x, lanes, *idx)


def _dynamic_update_batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    x, v = (
        a if b else broadcast_to(a, (size, *a.shape))
        for a, b in zip(args[:2], batched[:2], strict=True)
    )
    if not any(batched[2:]):
        return dynamic_update_slice(x, v, 0, *args[2:])
    idx = _slice_indices(size, x.shape[1:], args[2:], v.shape[1:])
    lanes = np.broadcast_to(lane_numbers(size, len(v.shape) - 1), v.shape)
    return scatter(x, v, lanes, *idx, op="set")


dynamic_slice: General = general(
    "dynamic_slice",
    _dynamic_slice_eval,
    on_gpu=_dynamic_slice_on_gpu,
    abstract=_dynamic_slice_abstract,
    jvp=Joint(lambda ts, _o, _x, *starts, sizes: dynamic_slice(ts[0], *starts, sizes=sizes)),
    transpose=lambda ct, x, *starts, flagged, sizes: (
        dynamic_update_slice(zeros(Aval(x.shape, ct.dtype)), ct, *starts),
        *(None for _ in starts),
    ),
    batch=_dynamic_slice_batch,
    cases=lambda rng: [
        Case(sample(rng, (4, 3), dt, (-2, 2)), i, j, sizes=(2, 2))
        for dt, i, j in (("f8", 1, 0), ("f8", 9, -2), ("f4", 0, 1), ("c16", 1, 1), ("i8", 1, 0))
    ],
    masks=True,
    view=True,
    elements=Moves(where=slice(1, None)),
)
dynamic_update_slice: General = general(
    "dynamic_update_slice",
    _dynamic_update_eval,
    on_gpu=_dynamic_update_on_gpu,
    abstract=lambda x, v, *starts: Aval(x.shape, x.dtype),
    jvp=Joint(lambda ts, _o, _x, _v, *starts: dynamic_update_slice(ts[0], ts[1], *starts)),
    transpose=lambda ct, x, v, *starts, flagged: (
        dynamic_update_slice(ct, zeros(Aval(v.shape, ct.dtype)), *starts)
        if isinstance(x, Aval)
        else None,
        dynamic_slice(ct, *starts, sizes=tuple(v.shape)) if isinstance(v, Aval) else None,
        *(None for _ in starts),
    ),
    batch=_dynamic_update_batch,
    cases=lambda rng: [
        Case(sample(rng, (4, 3), dt, (-2, 2)), sample(rng, (2, 2), dt, (-2, 2)), i, j)
        for dt, i, j in (("f8", 1, 0), ("f8", 9, -2), ("f4", 0, 1), ("c16", 1, 1), ("i8", 1, 0))
    ],
    masks=True,
    fills=True,
    elements=Moves(where=slice(2, None)),
)
