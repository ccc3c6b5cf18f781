"""Indexing by integer arrays along the leading axes, and its adjoints: scatter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.dtypes import sum_dtype
from ...core.facts import Hazard, Moves
from ...core.primitive import Case
from ...errors import ShapeError
from ...typing import Array
from ..families import General, Joint, general, sample
from ..pointwise.arithmetic import mul_strong
from ..pointwise.comparison import filled_like, select
from ..shape import broadcast_to, cast, move_axis, reshape, wider, zeros
from . import places
from .argsort import argsort
from .indexing import index
from .joining import concatenate


def _gather_eval(xp: ArrayModule, x: Array, *idx: Array) -> Array:
    out = x[idx]
    return out.copy() if xp.ndim(idx[0]) == 0 and xp.ndim(out) else out


def _index_arrays_shape(idx: tuple[Aval, ...]) -> tuple[int, ...]:
    for a in idx:
        if a.shape != idx[0].shape:
            raise ShapeError(f"index arrays differ in shape: {[a.shape for a in idx]}")
    return idx[0].shape


def _gather_abstract(x: Aval, *idx: Aval) -> Aval:
    return Aval(_index_arrays_shape(idx) + x.shape[len(idx) :], x.dtype)


def lane_numbers(size: int, ndim: int) -> Array:
    """The index of the batch axis: arange(size) with ndim axes of one behind it."""
    return np.arange(size).reshape((size,) + (1,) * ndim)


def _gather_batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    x, idx = args[0], args[1:]
    if not any(batched[1:]):
        k, nb = len(idx), len(idx[0].shape)
        return move_axis(gather(move_axis(x, 0, k), *idx), nb, 0)
    idx = _batched_indices(size, idx, batched[1:])
    if not batched[0]:
        return gather(x, *idx)
    lanes = np.broadcast_to(lane_numbers(size, len(idx[0].shape) - 1), idx[0].shape)
    return gather(x, lanes, *idx)


def _batched_indices(size: int, idx: Sequence[Array], batched: Sequence[bool]) -> list[Array]:
    return [
        i if b else broadcast_to(i, (size, *i.shape)) for i, b in zip(idx, batched, strict=True)
    ]


def _gather_transpose(ct: Array, x: Aval, *idx: Array, flagged: bool) -> tuple[Array | None, ...]:
    return scatter_add(ct, *idx, shape=x.shape), *(None for _ in idx)


def _mask_gather(
    values: Sequence[Array], batched: Sequence[bool], active: Array, params: object
) -> list[Array]:
    return [values[0], *_mask_indices(values[1:], batched[1:], active)]


def _mask_indices(idx: Sequence[Array], batched: Sequence[bool], active: Array) -> list[Array]:
    """Index 0 in lanes that are not active."""
    size = active.shape[0]
    masked = []
    for i, b in zip(idx, batched, strict=True):
        ndim = len(i.shape) - b
        mask = reshape(active, shape=(size,) + (1,) * ndim)
        masked.append(select(mask, i if b else broadcast_to(i, (size, *i.shape)), 0))
    return masked


def _gather_cases(rng: np.random.Generator) -> Iterator[Case]:
    i, j = np.array([[0, 3, 1], [2, 2, -1]]), np.array([[1, 0, 2], [2, 1, 0]])
    for dtype in ("f8", "f4", "c16", "i8"):
        yield Case(sample(rng, (4, 3, 2), dtype, (-2, 2)), i)
    yield Case(sample(rng, (4, 3, 2), "f8", (-2, 2)), i, j)
    yield Case(sample(rng, (4, 3), "f8", (-2, 2)), np.int64(2))
    yield Case(sample(rng, (4, 3), "f8", (-2, 2)), np.int64(2), np.int64(-1))


gather: General = general(
    "gather",
    _gather_eval,
    on_gpu=places.gathered,
    abstract=_gather_abstract,
    jvp=Joint(lambda ts, _o, _x, *idx: gather(ts[0], *idx)),
    transpose=_gather_transpose,
    batch=_gather_batch,
    cases=_gather_cases,
    masks=True,
    mask_indices=_mask_gather,
    elements=Moves(where=slice(1, None)),
)


def _scatter_add_eval(xp: ArrayModule, v: Array, *idx: Array, shape: tuple[int, ...]) -> Array:
    out = xp.zeros(shape, wider(v.dtype))
    add_at(xp, out, idx, v)
    return out.astype(v.dtype, copy=False)


def add_at(xp: ArrayModule, out: Array, idx: tuple[Array, ...], v: Array) -> None:
    """Add v to out[idx], with repeated indices adding up; many rows are summed by sorting."""
    rows = idx[0]
    if len(idx) > 1 or rows.size < 64 or out.ndim == 1 or v.size < 4096:
        xp.add.at(out, idx, v)
        return
    rows = rows.reshape(-1).astype(xp.intp, copy=False)
    if rows.size and (rows.min() < -out.shape[0] or rows.max() >= out.shape[0]):
        raise IndexError(f"index out of bounds for axis 0 with size {out.shape[0]}")
    rows = np.where(rows < 0, rows + out.shape[0], rows)
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    values = v.reshape((rows.size, *out.shape[1:]))[order].astype(out.dtype, copy=False)
    # Without dtype=, truth values would be counted, which no array of them can take.
    out[ordered[starts]] += np.add.reduceat(values, starts, axis=0, dtype=out.dtype)


def _scatter_add_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], *, shape: tuple[int, ...]
) -> Array:
    v, idx = args[0], args[1:]
    if not any(batched[1:]):
        nb, k = len(idx[0].shape), len(idx)
        out = scatter_add(move_axis(v, 0, nb), *idx, shape=(*shape[:k], size, *shape[k:]))
        return move_axis(out, k, 0)
    idx = _batched_indices(size, idx, batched[1:])
    if not batched[0]:
        v = broadcast_to(v, (size, *v.shape))
    lanes = np.broadcast_to(lane_numbers(size, len(idx[0].shape) - 1), idx[0].shape)
    return scatter_add(v, lanes, *idx, shape=(size, *shape))


def _index_add_eval(xp: ArrayModule, x: Array, v: Array, *idx: Array) -> Array:
    out = xp.array(x, wider(x.dtype))
    add_at(xp, out, idx, v)
    return out.astype(x.dtype, copy=False)[()]


def _index_add_batch(size: int, args: Sequence[Array], batched: Sequence[bool]) -> Array:
    return index_add(*_rows_of_lanes(size, args, batched))


def _rows_of_lanes(size: int, args: Sequence[Array], batched: Sequence[bool]) -> list[Array]:
    """An array, entries and indices with a batch axis, the lane as the first index."""
    x, v = (
        a if b else broadcast_to(a, (size, *a.shape))
        for a, b in zip(args[:2], batched[:2], strict=True)
    )
    idx = _batched_indices(size, args[2:], batched[2:])
    lanes = np.broadcast_to(lane_numbers(size, len(idx[0].shape) - 1), idx[0].shape)
    return [x, v, lanes, *idx]


def _mask_update(
    values: Sequence[Array], batched: Sequence[bool], active: Array, params: object
) -> list[Array]:
    return [*values[:2], *_mask_indices(values[2:], batched[2:], active)]


def _index_add_cases(rng: np.random.Generator) -> Iterator[Case]:
    i, j = np.array([0, 3, 1, 0]), np.array([1, 0, 2, 1])
    for dtype in ("f8", "f4", "c16", "i8"):
        yield Case(sample(rng, (4, 3), dtype, (-2, 2)), sample(rng, (4, 3), dtype, (-2, 2)), i)
    yield Case(sample(rng, (4, 3), "f8", (-2, 2)), sample(rng, (4,), "f8", (-2, 2)), i, j)
    yield Case(sample(rng, (4,), "f8", (-2, 2)), sample(rng, (), "f8", (-2, 2)), np.int64(2))


index_add: General = general(
    "index_add",
    _index_add_eval,
    on_gpu=places.added_to,
    abstract=lambda x, v, *idx: Aval(x.shape, x.dtype),
    jvp=Joint(lambda ts, _o, x, v, *idx: index_add(ts[0], cast(ts[1], x.dtype), *idx)),
    transpose=lambda ct, x, v, *idx, flagged: (
        ct if isinstance(x, Aval) else None,
        cast(gather(ct, *idx), v.dtype) if isinstance(v, Aval) else None,
        *(None for _ in idx),
    ),
    batch=_index_add_batch,
    cases=_index_add_cases,
    masks=True,
    fills=True,
    mask_indices=_mask_update,
    hazard=Hazard.SUM,
)
"""The rows of v added to those of x at indices, those of equal ones one after the other."""

scatter_add: General = general(
    "scatter_add",
    _scatter_add_eval,
    on_gpu=places.added,
    abstract=lambda v, *idx, shape: Aval(shape, v.dtype),
    jvp=Joint(lambda ts, _o, _v, *idx, shape: scatter_add(ts[0], *idx, shape=shape)),
    transpose=lambda ct, _v, *idx, flagged, shape: (gather(ct, *idx), *(None for _ in idx)),
    batch=_scatter_add_batch,
    cases=lambda rng: [
        Case(
            sample(rng, (2, 3, 2), "f8", (-2, 2)), np.array([[0, 3, 1], [2, 2, -1]]), shape=(4, 2)
        ),
        Case(
            sample(rng, (3,), "c16", (-2, 2)),
            np.array([0, 1, 1]),
            np.array([2, 0, 0]),
            shape=(2, 3),
        ),
        Case(sample(rng, (3,), "f4", (-2, 2)), np.int64(1), shape=(2, 3)),
        Case(sample(rng, (3,), "i8", (-2, 2)), np.array([1, 1, 0]), shape=(2,)),
    ],
    masks=True,
    fills=True,
    mask_indices=_mask_gather,
    hazard=Hazard.SUM,
    onto=lambda x, v, *idx, shape: index_add(x, v, *idx),
)


def _scatter_eval(xp: ArrayModule, x: Array, v: Array, *idx: Array, op: str) -> Array:
    out = xp.array(x)
    if op == "set":
        out[idx] = v
    elif op == "mul":
        xp.multiply.at(out, idx, v)
    elif op == "min":
        xp.minimum.at(out, idx, v)
    else:
        xp.maximum.at(out, idx, v)
    return out


def last_writers(xp: ArrayModule, *idx: Array, shape: tuple[int, ...]) -> Array:
    """True for entries of index arrays that no later one overwrites, by hitting the same place."""
    numbers = xp.arange(idx[0].size).reshape(idx[0].shape)
    owner = xp.full(shape, -1)
    owner[idx] = numbers
    return (owner[idx] == numbers)[()]


def _winners_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], *, shape: tuple[int, ...]
) -> Array:
    idx = _batched_indices(size, args, batched)
    lanes = np.broadcast_to(lane_numbers(size, len(idx[0].shape) - 1), idx[0].shape)
    return winners(lanes, *idx, shape=(size, *shape))


winners: General = general(
    "scatter_winners",
    last_writers,
    on_gpu=places.last_writers_there,
    abstract=lambda *idx, shape: Aval(idx[0].shape, bool),
    batch=_winners_batch,
    cases=lambda rng: [
        Case(np.array([[0, 3, 1], [0, 2, 1]]), shape=(4,)),
        Case(np.array([0, 1, 0]), np.array([1, 1, 1]), shape=(2, 3)),
    ],
    nondifferentiable="the result is boolean",
)


def _expand(mask: Array, v: Array) -> Array:
    return reshape(mask, shape=tuple(mask.shape) + (1,) * (len(v.shape) - len(mask.shape)))


def _winning(t: Array, idx: Sequence[Array], shape: Sequence[int]) -> Array:
    """The part of an update's tangent that is not overwritten by a later entry."""
    won = winners(*idx, shape=shape[: len(idx)])
    return select(_expand(won, t), t, 0)


def _products_by_place(
    v: Array, v_t: Array, idx: Sequence[Array], shape: Sequence[int]
) -> tuple[list[Array], Array, Array]:
    """Factors sorted by their place, multiplied up along equal places, and their tangents.

    Pairs of value and tangent are multiplied over doubling distances, which is right to every
    order where factors are zero. The last of several with one place has the whole product.
    """
    lead, depth = len(idx[0].shape), len(idx)
    n = 1
    for d in idx[0].shape:
        n *= d
    idx = [cast(i, np.dtype(np.intp)) for i in idx]
    flat = [
        reshape(np.where(i < 0, i + d, i), shape=(n,))
        for i, d in zip(idx, shape[:depth], strict=True)
    ]
    number = flat[0]
    for i, d in zip(flat[1:], shape[1:depth], strict=True):
        number = number * d + i
    order = argsort(number, axis=0, descending=False)
    number, idx = gather(number, order), [gather(i, order) for i in flat]
    rows = (n, *v.shape[lead:])
    v, v_t = gather(reshape(v, shape=rows), order), gather(reshape(v_t, shape=rows), order)
    step = 1
    while step < n:
        head, tail, before = ((None, step, None),), ((step, None, None),), ((None, n - step, None),)
        same = _expand(index(number, key=tail) == index(number, key=before), v)
        a, a_t, b, b_t = (index(z, key=k) for k in (before, tail) for z in (v, v_t))
        v_t = concatenate(index(v_t, key=head), select(same, a_t * b + a * b_t, b_t), axis=0)
        v = concatenate(index(v, key=head), select(same, a * b, b), axis=0)
        step *= 2
    return idx, v, v_t


def _scatter_jvp(
    ts: Sequence[Array], out: Array, x: Array, v: Array, *idx: Array, op: str
) -> Array:
    x_t, v_t = ts[0], cast(ts[1], x.dtype)
    if op == "set":
        return scatter(x_t, v_t, *idx, op="set")
    if op == "mul":
        rows, factors, factors_t = _products_by_place(v, v_t, idx, x.shape)
        factor = scatter(filled_like(x, 1), factors, *rows, op="set")
        factor_t = scatter(filled_like(x, 0), factors_t, *rows, op="set")
        return x_t * factor + mul_strong(factor_t, x)
    hit_x, hit_v = x == out, v == gather(out, *idx)
    dtype = sum_dtype(x.dtype)
    count = cast(hit_x, dtype) + scatter_add(cast(hit_v, dtype), *idx, shape=x.shape)
    share = cast(1 / select(count == 0, 1, count), x.dtype)
    share_x = select(hit_x, share, 0)
    share_v = select(hit_v, gather(share, *idx), 0)
    return mul_strong(share_x, x_t) + scatter_add(mul_strong(share_v, v_t), *idx, shape=x.shape)


def _scatter_transpose(
    ct: Array, x: Array | Aval, v: Array | Aval, *idx: Array, flagged: bool, op: str
) -> tuple[Array | None, ...]:
    if op != "set":
        raise TypeError(f"scatter {op} is not linear")
    none = (None,) * len(idx)
    ct_x = ct_v = None
    if isinstance(x, Aval):
        ct_x = scatter(ct, zeros(Aval(v.shape, ct.dtype)), *idx, op="set")
    if isinstance(v, Aval):
        ct_v = cast(_winning(gather(ct, *idx), idx, ct.shape), v.dtype)
    return (ct_x, ct_v, *none)


def _scatter_batch(size: int, args: Sequence[Array], batched: Sequence[bool], *, op: str) -> Array:
    return scatter(*_rows_of_lanes(size, args, batched), op=op)


def _scatter_cases(rng: np.random.Generator) -> Iterator[Case]:
    i, j = np.array([0, 3, 1, 0]), np.array([1, 0, 2, 1])
    for op in ("set", "mul", "min", "max"):
        yield Case(sample(rng, (4, 3), "f8", (-2, 2)), sample(rng, (4, 3), "f8", (-2, 2)), i, op=op)
        yield Case(
            sample(rng, (4, 3), "f8", (-2, 2)), sample(rng, (4,), "f8", (-2, 2)), i, j, op=op
        )
    yield Case(
        sample(rng, (4, 3), "c16", (-2, 2)), sample(rng, (4,), "c16", (-2, 2)), i, j, op="set"
    )
    yield Case(sample(rng, (4,), "i8", (-9, 9)), sample(rng, (4,), "i8", (-9, 9)), i, op="max")
    yield Case(
        sample(rng, (4,), "f4", (-2, 2)), sample(rng, (), "f4", (-2, 2)), np.int64(2), op="set"
    )


scatter: General = general(
    "scatter",
    _scatter_eval,
    on_gpu=places.scattered,
    abstract=lambda x, v, *idx, op: Aval(x.shape, x.dtype),
    jvp=Joint(_scatter_jvp),
    transpose=_scatter_transpose,
    batch=_scatter_batch,
    cases=_scatter_cases,
    masks=True,
    fills=True,
    mask_indices=_mask_update,
    elements=Moves(where=slice(2, None), holds=lambda params: params["op"] == "set"),
    hazard=Hazard.PRODUCT,
)
