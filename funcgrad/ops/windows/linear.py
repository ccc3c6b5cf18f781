"""Linear maps of sliding windows: their elements, their sums, and the adjoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...core.avals import Aval
from ...core.facts import Moves
from ...core.primitive import Case
from ...typing import Array
from ..families import Linear, linear, sample
from ..shape import move_axis, reshape
from .geometry import (
    GEOMETRY,
    behind_batch,
    offset_slice,
    pad_and_dilate,
    window_adjoint,
    window_counts,
    window_geometries,
)

# --- window_patches and its adjoint --------------------------------------------------------------


def _patches_eval(
    xp: ArrayModule,
    x: Array,
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilation: Sequence[int],
    window_dilation: Sequence[int],
) -> Array:
    x = pad_and_dilate(xp, x, 0, padding, base_dilation)
    sizes = [
        max(0, (n - (k - 1) * r - 1) // s + 1)
        for n, k, s, r in zip(
            x.shape, window_dimensions, window_strides, window_dilation, strict=True
        )
    ]
    steps = [t * r for t, r in zip(x.strides, window_dilation, strict=True)]
    steps += [t * s for t, s in zip(x.strides, window_strides, strict=True)]
    return xp.lib.stride_tricks.as_strided(x, (*window_dimensions, *sizes), steps).copy()


def _patches_batch(
    size: int, args: Sequence[Array], _batched_args: Sequence[bool], **params: Any
) -> Array:
    out = window_patches(args[0], **behind_batch(params))
    rank = len(params["window_dimensions"])
    shape = (size, *out.shape[1 : rank + 1], *out.shape[rank + 2 :])
    return reshape(move_axis(out, rank + 1, 0), shape=shape)


def _overlap_add_eval(
    xp: ArrayModule,
    x: Array,
    *,
    shape: tuple[int, ...],
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilation: Sequence[int],
    window_dilation: Sequence[int],
) -> Array:
    counts = x.shape[len(shape) :]
    padded = [
        max(0, low + ((n - 1) * d + 1 if n else 0) + high)
        for n, (low, high), d in zip(shape, padding, base_dilation, strict=True)
    ]
    out = xp.zeros(padded, x.dtype)
    for k in np.ndindex(*window_dimensions):
        where = zip(k, counts, window_strides, window_dilation, strict=True)
        out[tuple(offset_slice(i * r, n, s) for i, n, s, r in where)] += x[k]
    back = tuple((-low, -high) for low, high in padding)
    out = pad_and_dilate(xp, out, 0, back, (1,) * len(shape))
    return out[tuple(slice(None, None, d) for d in base_dilation)]


def _overlap_add_batch(
    size: int,
    args: Sequence[Array],
    _batched_args: Sequence[bool],
    *,
    shape: tuple[int, ...],
    **params: Any,
) -> Array:
    x = move_axis(args[0], 0, len(shape))
    x = reshape(x, shape=(1, *x.shape))
    return overlap_add(x, shape=(size, *shape), **behind_batch(params))


def _patches_cases(rng: np.random.Generator) -> list[Case]:
    cases = [Case(sample(rng, (5, 4), "f8", (-2, 2)), **g) for g in window_geometries()]
    g = window_geometries()[1]
    return cases + [Case(sample(rng, (5, 4), dt, (-2, 2)), **g) for dt in ("f4", "c16", "i8")]


def _overlap_add_cases(rng: np.random.Generator) -> list[Case]:
    return [
        Case(
            sample(rng, (*g["window_dimensions"], *window_counts((5, 4), g)), dt, (-2, 2)),
            shape=(5, 4),
            **g,
        )
        for g in window_geometries()
        for dt in (("f8", "f4", "c16") if g["window_strides"] == (2, 1) else ("f8",))
    ]


window_patches: Linear = linear(
    "window_patches",
    _patches_eval,
    abstract=lambda x, **params: Aval(
        (*params["window_dimensions"], *window_counts(x.shape, params)), x.dtype
    ),
    transpose=lambda ct, x, **params: overlap_add(ct, shape=x.shape, **params),
    batch=_patches_batch,
    cases=_patches_cases,
    elements=Moves(),
)
"""The elements of all windows, zeros for padding: shape (*window_dimensions, *positions)."""

overlap_add: Linear = linear(
    "overlap_add",
    _overlap_add_eval,
    abstract=lambda x, *, shape, **_: Aval(shape, x.dtype),
    transpose=lambda ct, _x, *, shape, **params: window_patches(ct, **params),
    batch=_overlap_add_batch,
    cases=_overlap_add_cases,
)
"""Adds what windows hold at the places they were taken from: the adjoint of window_patches."""

# --- sum -----------------------------------------------------------------------------------------


def reduce_windows(
    xp: ArrayModule,
    combine: Callable[..., Array],
    fill: float,
    x: Array,
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    base_dilation: Sequence[int],
    window_dilation: Sequence[int],
) -> Array:
    """Reduce axis after axis, first those that get shorter: boxes are products of intervals."""
    given = x
    order = sorted(range(x.ndim), key=lambda i: base_dilation[i] / window_strides[i])
    for axis in order:
        k, s, r = window_dimensions[axis], window_strides[axis], window_dilation[axis]
        pads = [(0, 0)] * x.ndim
        gaps = [1] * x.ndim
        pads[axis], gaps[axis] = padding[axis], base_dilation[axis]
        x = pad_and_dilate(xp, x, fill, pads, gaps)
        if k == s == 1:
            continue
        count = max(0, (x.shape[axis] - (k - 1) * r - 1) // s + 1)
        before = (slice(None),) * axis
        out = x[(*before, offset_slice(0, count, s))]
        for i in range(1, k):
            part = x[(*before, offset_slice(i * r, count, s))]
            out = combine(out, part) if i == 1 else combine(out, part, out=out)
        x = out
    return xp.array(x)[()] if x is given or x.base is not None else x


def window_sum_eval(xp: ArrayModule, x: Array, **params: Any) -> Array:
    """The sum of each window."""
    return reduce_windows(xp, xp.add, 0, x, **params)


def _window_sum_transpose(ct: Array, x: Aval, **params: Any) -> Array:
    pads = tuple(map(window_adjoint, x.shape, *(params[k] for k in GEOMETRY)))
    return reduce_window_sum(
        ct,
        window_dimensions=params["window_dimensions"],
        window_strides=params["base_dilation"],
        padding=pads,
        base_dilation=params["window_strides"],
        window_dilation=params["window_dilation"],
    )


reduce_window_sum: Linear = linear(
    "reduce_window_sum",
    window_sum_eval,
    abstract=lambda x, **params: Aval(window_counts(x.shape, params), x.dtype),
    transpose=_window_sum_transpose,
    batch=lambda _size, args, _b, **params: reduce_window_sum(args[0], **behind_batch(params)),
    cases=_patches_cases,
)
