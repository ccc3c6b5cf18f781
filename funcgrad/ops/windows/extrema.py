"""The largest and the smallest element of sliding windows, and what goes through where it sits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Float64, Hazard, Picks
from ...core.primitive import Case
from ...typing import Array
from ..families import General, general, sample
from ..shape import broadcast, reshape
from .geometry import (
    GEOMETRY,
    behind_batch,
    offset_slice,
    pad_and_dilate,
    window_counts,
    window_geometries,
)
from .linear import reduce_windows


def lowest(dtype: np.dtype[Any]) -> float:
    """The identity of the maximum."""
    if dtype.kind == "b":
        return False
    return int(np.iinfo(dtype).min) if dtype.kind in "iu" else -np.inf


def highest(dtype: np.dtype[Any]) -> float:
    """The identity of the minimum."""
    if dtype.kind == "b":
        return True
    return int(np.iinfo(dtype).max) if dtype.kind in "iu" else np.inf


def window_max_eval(xp: ArrayModule, x: Array, **params: Any) -> Array:
    """The maximum of each window; the dtype's lowest value where there is only padding."""
    return reduce_windows(xp, xp.maximum, lowest(x.dtype), x, **params)


def window_min_eval(xp: ArrayModule, x: Array, **params: Any) -> Array:
    """The minimum of each window; the dtype's highest value where there is only padding."""
    return reduce_windows(xp, xp.minimum, highest(x.dtype), x, **params)


def _cases(dtypes: str) -> list[tuple[str, dict[str, Any]]]:
    """Dtypes and geometries with an element in every window."""
    every = window_geometries()[:3]
    gaps = ((3, 4), (1, 2), ((0, 2), (-1, 0)), (1, 3), (2, 1))
    every.append(dict(zip(GEOMETRY, gaps, strict=True)))
    return [("d", g) for g in every] + [(dtype, every[1]) for dtype in dtypes]


def _extremum_cases(rng: np.random.Generator) -> list[Case]:
    """Operands without ties."""
    return [
        Case(np.asarray((rng.permutation(20).reshape(5, 4) - 9) / (1 if dt == "q" else 7), dt), **g)
        for dt, g in _cases("fq")
    ]


def _pick_cases(rng: np.random.Generator) -> list[Case]:
    """Operands of which integers, which have no tangents, tell where the extrema are."""
    cases = []
    for dtype, g in _cases("f"):
        x = rng.integers(0, 4, (5, 4))
        t = sample(rng, x.shape, dtype, (-2, 2))
        cases.append(Case(t, x, window_max_eval(np, x, **g), **g))
    return cases


def _drop_cases(rng: np.random.Generator) -> list[Case]:
    cases = []
    for dtype, g in _cases("f"):
        x = rng.integers(0, 4, (5, 4))
        out = window_min_eval(np, x, **g)
        cases.append(Case(sample(rng, out.shape, dtype, (-2, 2)), x, out, **g))
    return cases


# --- where the extremum sits ---------------------------------------------------------------------


def window_slices(
    counts: Sequence[int],
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    window_dilation: Sequence[int],
) -> list[tuple[slice, ...]]:
    """The elements of the padded array at each place in a window, as slices."""
    return [
        tuple(
            offset_slice(i * r, n, s)
            for i, r, n, s in zip(k, window_dilation, counts, window_strides, strict=True)
        )
        for k in np.ndindex(*window_dimensions)
    ]


def window_hits(
    xp: ArrayModule,
    x: Array,
    out: Array,
    slices: Sequence[tuple[slice, ...]],
    padding: Sequence[tuple[int, int]],
    gaps: Sequence[int],
) -> tuple[Array, Array]:
    """Masks of where each place in the windows holds the extremum, and the number of such."""
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    x = pad_and_dilate(xp, x, np.nan, padding, gaps)
    hits = xp.empty((len(slices), *out.shape), bool)
    for hit, at in zip(hits, slices, strict=True):
        xp.equal(x[at], out, out=hit)
    return hits, hits.sum(axis=0, dtype=np.uint8 if len(slices) < 256 else np.intp)


def each_place(xp: ArrayModule, x: Array, slices: Sequence[tuple[slice, ...]], out: Array) -> Array:
    """What each place in the windows holds, side by side, for arrays of a device."""
    return xp.stack([x[at] for at in slices]) if slices else xp.empty((0, *out.shape), x.dtype)


def device_hits(
    xp: ArrayModule,
    x: Array,
    out: Array,
    slices: Sequence[tuple[slice, ...]],
    padding: Sequence[tuple[int, int]],
    gaps: Sequence[int],
) -> tuple[Array, Array]:
    """As window_hits, for arrays of a device; the number is at least 1."""
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    x = pad_and_dilate(xp, x, np.nan, padding, gaps)
    hits = each_place(xp, x, slices, out) == out
    return hits, xp.maximum(xp.sum(hits, axis=0), 1)


def _pick_eval(
    xp: ArrayModule,
    t: Array,
    x: Array,
    out: Array,
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilation: Sequence[int],
    window_dilation: Sequence[int],
) -> Array:
    slices = window_slices(out.shape, window_dimensions, window_strides, window_dilation)
    if xp is not np:
        hits, ties = device_hits(xp, x, out, slices, padding, base_dilation)
        t = each_place(xp, pad_and_dilate(xp, t, 0, padding, base_dilation), slices, out)
        total = xp.sum(xp.where(hits, t, t.dtype.type(0)), axis=0)
        return total / ties.astype(t.real.dtype)
    hits, ties = window_hits(xp, x, out, slices, padding, base_dilation)
    t = pad_and_dilate(xp, t, 0, padding, base_dilation)
    finite = bool(xp.isfinite(t).all())
    total = xp.zeros(out.shape, t.dtype)
    for at, hit in zip(slices, hits, strict=True):
        # Products are faster than choices, but 0 * inf is not 0.
        xp.add(total, t[at] * hit if finite else xp.where(hit, t[at], 0), out=total)
    return xp.divide(total, xp.maximum(ties, 1), out=total)


def _drop_into(
    total: Array,
    ct: Array,
    hits: Array,
    ties: Array,
    slices: Sequence[tuple[slice, ...]],
    disjoint: bool,
) -> None:
    """Add shares of ct where the hits are, for arrays of the CPU."""
    finite = bool(np.isfinite(ct).all())
    ct = np.divide(ct, np.maximum(ties, 1), out=np.empty(ct.shape, ct.dtype))
    for at, hit in zip(slices, hits, strict=True):
        part = total[at]
        if disjoint and finite:
            np.multiply(ct, hit, out=part)
        else:
            np.add(part, ct * hit if finite else np.where(hit, ct, 0), out=part)


def _drop_eval(
    xp: ArrayModule,
    ct: Array,
    x: Array,
    out: Array,
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilation: Sequence[int],
    window_dilation: Sequence[int],
) -> Array:
    slices = window_slices(out.shape, window_dimensions, window_strides, window_dilation)
    shape = [
        max(0, low + ((n - 1) * d + 1 if n else 0) + high)
        for n, (low, high), d in zip(x.shape, padding, base_dilation, strict=True)
    ]
    total = xp.zeros(shape, ct.dtype)
    spans = [(n - 1) * d + 1 for n, d in zip(window_dimensions, window_dilation, strict=True)]
    disjoint = all(s >= n for s, n in zip(window_strides, spans, strict=True))
    hits_of = window_hits if xp is np else device_hits
    hits, ties = hits_of(xp, x, out, slices, padding, base_dilation)
    if xp is np:
        _drop_into(total, ct, hits, ties, slices, disjoint)
    else:
        shares = xp.where(hits, ct / ties.astype(ct.real.dtype), ct.dtype.type(0))
        for at, share in zip(slices, shares, strict=True):
            total[at] += share
    back = [(-low, -high) for low, high in padding]
    total = pad_and_dilate(xp, total, 0, back, (1,) * x.ndim)
    return xp.ascontiguousarray(total[tuple(slice(None, None, d) for d in base_dilation)])


def _batch_all(size: int, args: Sequence[Array], batched: Sequence[bool]) -> list[Array]:
    """All operands with a batch axis."""
    return [
        a if b else broadcast(reshape(a, shape=(1, *a.shape)), shape=(size, *a.shape))
        for a, b in zip(args, batched, strict=True)
    ]


# The derivatives with respect to x and out are zero wherever they exist.
pick_extrema: General = general(
    "pick_window_extrema",
    _pick_eval,
    abstract=lambda t, _x, out, **_: Aval(out.shape, t.dtype),
    jvp=(lambda t, _o, _t, x, out, **params: pick_extrema(t, x, out, **params), None, None),
    transpose=lambda ct, _t, x, out, *, flagged, **params: (
        drop_at_extrema(ct, x, out, **params),
        None,
        None,
    ),
    batch=lambda size, args, batched, **params: pick_extrema(
        *_batch_all(size, args, batched), **behind_batch(params)
    ),
    cases=_pick_cases,
    jointly=True,
    linear_in=(0,),
    masks=True,
    elements=Float64("places of extrema are those of float64"),
    hazard=Hazard.NONE,
)
"""The mean of what t holds where the elements of x attain the extremum ``out`` of their window."""

drop_at_extrema: General = general(
    "drop_at_window_extrema",
    _drop_eval,
    abstract=lambda ct, x, _out, **_: Aval(x.shape, ct.dtype),
    jvp=(lambda t, _o, _t, x, out, **params: drop_at_extrema(t, x, out, **params), None, None),
    transpose=lambda ct, _t, x, out, *, flagged, **params: (
        pick_extrema(ct, x, out, **params),
        None,
        None,
    ),
    batch=lambda size, args, batched, **params: drop_at_extrema(
        *_batch_all(size, args, batched), **behind_batch(params)
    ),
    cases=_drop_cases,
    jointly=True,
    linear_in=(0,),
    masks=True,
    elements=Float64("places of extrema are those of float64"),
    hazard=Hazard.NONE,
)
"""Adds what windows hold at the elements of x that attain their extremum, in equal shares."""

# --- the operators -------------------------------------------------------------------------------


def _window_extremum(name: str, evaluate: Callable[..., Array]) -> General:
    def batch(_size: int, args: Sequence[Array], _batched: Sequence[bool], **params: Any) -> Array:
        return operator(args[0], **behind_batch(params))

    operator = general(
        name,
        evaluate,
        abstract=lambda x, **params: Aval(window_counts(x.shape, params), x.dtype),
        slope=pick_extrema,
        batch=batch,
        cases=_extremum_cases,
        masks=True,
        elements=Picks(),
    )
    return operator


reduce_window_max: General = _window_extremum("reduce_window_max", window_max_eval)
reduce_window_min: General = _window_extremum("reduce_window_min", window_min_eval)
