"""Cumulative sum, product, maximum and minimum along one axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval, inexact_dtype
from ...core.facts import Float64, Hazard, Picks
from ...core.primitive import Case, Cases
from ...typing import Array
from ..families import General, Linear, general, linear, sample
from ..shape import broadcast, flip
from ..structural.indexing import FULL, index
from ..structural.joining import concatenate
from .runs import bounds_of_runs, running_picks, running_sums_of_runs, starts_of_runs


def _along(axis: int, start: int | None, stop: int | None) -> tuple[Any, ...]:
    return (FULL,) * axis + ((start, stop, None),)


def _cumsum_eval(xp: ArrayModule, x: Array, *, axis: int, reverse: bool) -> Array:
    if reverse:
        return xp.flip(xp.cumsum(xp.flip(x, axis), axis), axis)
    return xp.cumsum(x, axis)


def _cumsum_abstract(x: Aval, **_: object) -> Aval:
    return Aval(x.shape, np.cumsum(np.zeros(1, x.dtype)).dtype)


def _cases(dtypes: tuple[str, ...], domain: tuple[float, float] = (-2, 2)) -> Cases:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for dtype in dtypes:
            for axis, reverse in ((0, False), (1, True), (1, False)):
                yield Case(sample(rng, (3, 4), dtype, domain), axis=axis, reverse=reverse)

    return cases


cumsum: Linear = linear(
    "cumsum",
    _cumsum_eval,
    abstract=_cumsum_abstract,
    transpose=lambda ct, _x, *, axis, reverse: cumsum(ct, axis=axis, reverse=not reverse),
    batch=lambda _size, args, _batched, *, axis, reverse: cumsum(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "c16", "i8")),
    hazard=Hazard.SUM,
)


def _cumprod_eval(xp: ArrayModule, x: Array, *, axis: int, reverse: bool) -> Array:
    if reverse:
        return xp.flip(xp.cumprod(xp.flip(x, axis), axis), axis)
    return xp.cumprod(x, axis)


def _cumprod_jvp(t: Array, _out: Array, x: Array, *, axis: int, reverse: bool) -> Array:
    """Products of (value, tangent) pairs over doubling distances: right where factors are zero."""
    if reverse:
        x, t = flip(x, axes=(axis,)), flip(t, axes=(axis,))
    n, step = x.shape[axis], 1
    while step < n:
        head, tail = _along(axis, None, step), _along(axis, step, None)
        before = _along(axis, None, n - step)
        a, a_t = index(x, key=before), index(t, key=before)
        b, b_t = index(x, key=tail), index(t, key=tail)
        x = concatenate(index(x, key=head), a * b, axis=axis)
        t = concatenate(index(t, key=head), a_t * b + a * b_t, axis=axis)
        step *= 2
    return flip(t, axes=(axis,)) if reverse else t


cumprod: General = general(
    "cumprod",
    _cumprod_eval,
    abstract=lambda x, **_: Aval(x.shape, np.cumprod(np.zeros(1, x.dtype)).dtype),
    jvp=_cumprod_jvp,
    batch=lambda _size, args, _batched, *, axis, reverse: cumprod(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "c16", "i8"), (0.5, 2)),
    hazard=Hazard.PRODUCT,
)


def _cummax_eval(xp: ArrayModule, x: Array, *, axis: int, reverse: bool) -> Array:
    if reverse:
        return xp.flip(xp.maximum.accumulate(xp.flip(x, axis), axis=axis), axis)
    return xp.maximum.accumulate(x, axis=axis)


def _cummin_eval(xp: ArrayModule, x: Array, *, axis: int, reverse: bool) -> Array:
    if reverse:
        return xp.flip(xp.minimum.accumulate(xp.flip(x, axis), axis=axis), axis)
    return xp.minimum.accumulate(x, axis=axis)


def _running_on_gpu(name: str) -> Callable[..., Array]:
    """Cumulative maxima or minima without NumPy's ``accumulate``."""

    def evaluate(xp: ArrayModule, x: Array, *, axis: int, reverse: bool) -> Array:
        pick = getattr(xp, name)
        if reverse:
            return xp.flip(running_picks(xp, pick, xp.flip(x, axis), axis), axis)
        return running_picks(xp, pick, x, axis)

    return evaluate


def running_sums(xp: ArrayModule, x: Array, starts: Array, lengths: Array) -> Array:
    """Cumulative sums of a vector that begin anew at every start, by doubling distances."""
    first = xp.zeros(x.size, bool)
    first[starts] = True
    step = 1
    while step < int(lengths.max()):
        carried = xp.where(first[step:], xp.zeros((), x.dtype), x[:-step])
        x = xp.concatenate([x[:step], x[step:] + carried])
        first = xp.concatenate([first[:step], first[step:] | first[:-step]])
        step *= 2
    return x


def shares_of_runs(xp: ArrayModule, t: Array, hit: Array, first: Array, transposed: bool) -> Array:
    """Means over the hits so far in every run of a vector, or the transpose of that."""
    if t.dtype == np.float16:
        wide = shares_of_runs(xp, t.astype(np.float32), hit, first, transposed)
        return wide.astype(np.float16)
    starts = xp.flatnonzero(first)
    lengths = xp.diff(xp.append(starts, first.size))
    zero = xp.zeros((), t.dtype)
    if bool((hit == first).all()):
        if not transposed:
            return xp.repeat(t[starts], lengths)
        result = xp.zeros(t.shape, t.dtype)
        if t.size:
            result[starts] = xp.add.reduceat(t, starts)
        return result
    total = xp.cumsum(hit)
    count = (total - xp.repeat(total[starts] - 1, lengths)).astype(t.real.dtype)
    if not transposed:
        return running_sums(xp, xp.where(hit, t, zero), starts, lengths) / count
    from_end = (t.size - starts - lengths)[::-1]
    return xp.where(hit, running_sums(xp, (t / count)[::-1], from_end, lengths)[::-1], zero)


def shares_in_rows(xp: ArrayModule, t: Array, hit: Array, first: Array, transposed: bool) -> Array:
    """Shares of runs for arrays of a device, row by row."""
    if t.dtype == np.float16:
        wide = shares_in_rows(xp, t.astype(np.float32), hit, first, transposed)
        return wide.astype(np.float16)
    start = bounds_of_runs(xp, first)[0]
    total = xp.cumsum(hit.reshape(-1))
    count = (total - total[start] + 1).reshape(t.shape).astype(t.real.dtype)
    run, zero = start.reshape(t.shape), t.dtype.type(0)
    if not transposed:
        return running_sums_of_runs(xp, xp.where(hit, t, zero), run) / count
    shares = (t / count)[..., ::-1]
    return xp.where(hit, running_sums_of_runs(xp, shares, run[..., ::-1])[..., ::-1], zero)


def shared_by_equals(
    xp: ArrayModule, t: Array, x: Array, out: Array, *, axis: int, reverse: bool, transposed: bool
) -> Array:
    """The mean of t over the places so far that have the value of the running extremum.

    With ``transposed``, the transpose of that: each place gets its shares back.
    """
    t = t if t.dtype.kind in "fc" else t.astype(np.float64)
    moved = [xp.moveaxis(a, axis, -1) for a in (t, x, out)]
    t, x, out = [xp.flip(a, -1) for a in moved] if reverse else moved
    shape = t.shape
    first = starts_of_runs(xp, out)
    hit = (x == out) | first
    if xp is np:
        result = shares_of_runs(
            xp, t.reshape(-1), hit.reshape(-1), first.reshape(-1), transposed
        ).reshape(shape)
    else:
        result = shares_in_rows(xp, t, hit, first, transposed)
    return xp.moveaxis(xp.flip(result, -1) if reverse else result, -1, axis)


def _share_batch(
    size: int, args: Sequence[Array], batched: Sequence[bool], *, axis: int, **params: object
) -> Array:
    full = (
        a if is_batched else broadcast(a, shape=(size, *a.shape))
        for a, is_batched in zip(args, batched, strict=True)
    )
    return share_of_equals(*full, axis=axis + 1, **params)


def _share_transpose(
    ct: Array, _t: Array, x: Array, out: Array, *, flagged: bool, transposed: bool, **params: object
) -> tuple[Array, None, None]:
    return share_of_equals(ct, x, out, transposed=not transposed, **params), None, None


def _share_cases(rng: np.random.Generator) -> Iterator[Case]:
    x = np.array([[1, 3, 2, 3, 3, 1], [2, 2, 5, 4, 5, 5], [1, 2, 3, 4, 5, 6]])
    for dtype, rows in (("f8", 3), ("f4", 2), ("f8", 1)):
        chosen = x[-rows:]
        out = np.maximum.accumulate(chosen, axis=1)
        t = sample(rng, chosen.shape, dtype, (-2, 2))
        for transposed in (False, True):
            yield Case(t, chosen, out, axis=1, reverse=False, transposed=transposed)
    out = np.maximum.accumulate(x.T[::-1], axis=0)[::-1]
    t = sample(rng, (6, 3), "f8", (-2, 2))
    yield Case(t, x.T, out, axis=0, reverse=True, transposed=False)


share_of_equals: General = general(
    "share_of_equals",
    shared_by_equals,
    abstract=lambda t, *_, **__: Aval(t.shape, inexact_dtype(t)),
    jvp=(lambda t, _o, _t, x, out, **params: share_of_equals(t, x, out, **params), None, None),
    transpose=_share_transpose,
    batch=_share_batch,
    cases=_share_cases,
    masks=True,
    elements=Float64("divided by a number of equal elements, which are those of float64"),
    hazard=Hazard.NONE,
)


def _extremum_jvp(t: Array, out: Array, x: Array, *, axis: int, reverse: bool) -> Array:
    return share_of_equals(t, x, out, axis=axis, reverse=reverse, transposed=False)


cummax: General = general(
    "cummax",
    _cummax_eval,
    on_gpu=_running_on_gpu("maximum"),
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    jvp=_extremum_jvp,
    batch=lambda _size, args, _batched, *, axis, reverse: cummax(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "i8")),
    masks=True,
    elements=Picks(),
)
cummin: General = general(
    "cummin",
    _cummin_eval,
    on_gpu=_running_on_gpu("minimum"),
    abstract=lambda x, **_: Aval(x.shape, x.dtype),
    jvp=_extremum_jvp,
    batch=lambda _size, args, _batched, *, axis, reverse: cummin(
        args[0], axis=axis + 1, reverse=reverse
    ),
    cases=_cases(("f8", "f4", "i8")),
    masks=True,
    elements=Picks(),
)
