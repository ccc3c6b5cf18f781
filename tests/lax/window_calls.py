"""Gathering, scattering and windows by plain loops, after the definitions, and calls of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from lax.table import TABLE, entry
from surface.arrays import CUBE, SMALL, X, spread

from funcgrad import lax

Gathered = lax.GatherDimensionNumbers
Scattered = lax.ScatterDimensionNumbers


def starts_of(indices: Any, b: Any, starts: Any, along: Any, along_indices: Any, rank: int) -> Any:
    """Where the window of one index starts along each axis of the operand."""
    start = [0] * rank
    for k, axis in enumerate(starts):
        start[axis] = int(indices[(*b, k)])
    for axis, a in zip(along, along_indices, strict=True):
        start[axis] = b[a]
    return start


def gather_by_loops(x: Any, indices: Any, numbers: Any, sizes: Any, mode: str, fill: Any) -> Any:
    offset_dims, dropped, starts, along, along_indices = numbers
    batch = indices.shape[:-1]
    own = [i for i in range(x.ndim) if i not in (*dropped, *along)]
    shape = list(batch)
    for place, axis in sorted(zip(offset_dims, own, strict=True)):
        shape.insert(place, sizes[axis])
    out = np.full(shape, fill, x.dtype)
    batch_places = [i for i in range(out.ndim) if i not in offset_dims]
    for b in np.ndindex(*batch):
        start = starts_of(indices, b, starts, along, along_indices, x.ndim)
        moved = [min(max(s, 0), d - n) for s, d, n in zip(start, x.shape, sizes, strict=True)]
        if mode == "fill" and moved != start:
            continue
        for w in np.ndindex(*(sizes[i] for i in own)):
            at = list(moved)
            where = [0] * out.ndim
            for i, k in zip(own, w, strict=True):
                at[i] += k
            for p, k in zip((*batch_places, *offset_dims), (*b, *w), strict=True):
                where[p] = k
            out[tuple(where)] = x[tuple(at)]
    return out


def scatter_by_loops(x: Any, indices: Any, v: Any, numbers: Any, mode: str, combine: Any) -> Any:
    window_dims, inserted, starts, along, along_indices = numbers
    out = x.copy()
    own = [i for i in range(x.ndim) if i not in (*inserted, *along)]
    batch_places = [i for i in range(v.ndim) if i not in window_dims]
    sizes = [1] * x.ndim
    for i, p in zip(own, window_dims, strict=True):
        sizes[i] = v.shape[p]
    for b in np.ndindex(*indices.shape[:-1]):
        start = starts_of(indices, b, starts, along, along_indices, x.ndim)
        moved = [min(max(s, 0), d - n) for s, d, n in zip(start, x.shape, sizes, strict=True)]
        if mode == "drop" and moved != start:
            continue
        for w in np.ndindex(*(sizes[i] for i in own)):
            at = list(moved)
            where = [0] * v.ndim
            for i, k in zip(own, w, strict=True):
                at[i] += k
            for p, k in zip((*batch_places, *window_dims), (*b, *w), strict=True):
                where[p] = k
            out[tuple(at)] = combine(out[tuple(at)], v[tuple(where)])
    return out


ROWS = np.array([[0], [5], [-1], [1]])
PAIRS = np.array([[[0, 1], [2, 3]], [[1, 1], [0, 4]]])
GATHERS = {
    "rows": (ROWS, Gathered((1,), (0,), (0,)), (1, 3, 4)[:2], X),
    "windows": (PAIRS, Gathered((0, 3), (1,), (0, 2)), (2, 1, 2), CUBE),
    "axes in another order": (PAIRS[0], Gathered((0, 2), (1,), (2, 1)), (2, 1, 2), CUBE),
    "along": (np.array([[1], [0]]), Gathered((1,), (1,), (1,), (0,), (0,)), (1, 1, 4), CUBE),
    "whole": (np.zeros((2, 0), int), Gathered((0, 2), (), ()), (2, 3), X),
    "parts from 0": (ROWS, Gathered((1,), (0,), (0,)), (1, 2), X),
}
for (_label, (_idx, _numbers, _sizes, _x)), _mode in itertools.product(
    GATHERS.items(), ("clip", "fill")
):
    entry(
        "gather",
        lambda x, i=_idx, n=_numbers, s=_sizes, m=_mode: lax.gather(
            x, i, n, s, mode=m, fill_value=-7.0
        ),
        lambda x, i=_idx, n=_numbers, s=_sizes, m=_mode: gather_by_loops(x, i, n, s, m, -7.0),
        _x,
    )
entry(
    "gather",
    lambda x, i: lax.gather(x, i, *GATHERS["rows"][1:3], mode="fill"),
    lambda x, i: gather_by_loops(x, i, *GATHERS["rows"][1:3], "fill", np.nan),
    X, ROWS, traced="all", derivative=False,
)  # fmt: skip

SCATTERS = {
    "rows": (ROWS, Scattered((1,), (0,), (0,)), (4, 3), X),
    "windows": (PAIRS, Scattered((0, 3), (1,), (0, 2)), (2, 2, 2, 2), CUBE),
    "along": (np.array([[1], [0]]), Scattered((1,), (1,), (1,), (0,), (0,)), (2, 4), CUBE),
    "whole": (np.zeros((2, 0), int), Scattered((1, 2), (), ()), (2, 2, 3), X),
    "again": (np.array([[1], [0], [1]]), Scattered((0,), (1,), (1,)), (2, 3), X),
}
COMBINES = {
    "scatter": lambda a, b: b, "scatter_add": np.add, "scatter_sub": np.subtract,
    "scatter_mul": np.multiply, "scatter_min": np.minimum, "scatter_max": np.maximum,
}  # fmt: skip
for _op, _combine in COMBINES.items():
    _fun = getattr(lax, _op)
    for _label, (_idx, _numbers, _shape, _x) in SCATTERS.items():
        _mode = "clip" if _label in ("windows", "along") else "drop"
        entry(
            _op,
            lambda x, v, f=_fun, i=_idx, n=_numbers, m=_mode: f(x, i, v, n, mode=m),
            lambda x, v, i=_idx, n=_numbers, m=_mode, c=_combine: scatter_by_loops(
                x, i, v, n, m, c
            ),
            _x,
            spread(_shape, -1.7, 1.9),
        )
entry(
    "scatter_add",
    lambda x, i, v: lax.scatter_add(x, i, v, SCATTERS["rows"][1]),
    lambda x, i, v: scatter_by_loops(x, i, v, SCATTERS["rows"][1], "drop", np.add),
    X, ROWS, spread((4, 3)), traced="all", derivative=False,
)  # fmt: skip
entry(
    "scatter_apply",
    lambda x: lax.scatter_apply(x, ROWS, np.sin, SCATTERS["rows"][1], update_shape=(4, 3)),
    np.sin,
    X,
)

# --- sliding windows -----------------------------------------------------------------------------


def reduce_windows(x: Any, start: Any, combine: Any, window: Any, strides: Any, pads: Any,
                   base: Any, dilation: Any) -> Any:  # fmt: skip
    """Windows over an array with gaps and padding that do not count."""
    sizes = [(d - 1) * b + 1 + lo + hi for d, b, (lo, hi) in zip(x.shape, base, pads, strict=True)]
    spans = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    counts = [(n - s) // t + 1 for n, s, t in zip(sizes, spans, strides, strict=True)]
    out = np.full(counts, start, x.dtype)
    for q in np.ndindex(*counts):
        for k in np.ndindex(*window):
            at = [a * t + b * d - lo for a, t, b, d, (lo, _) in
                  zip(q, strides, k, dilation, pads, strict=True)]  # fmt: skip
            if all(a % b == 0 and 0 <= a // b < n
                   for a, b, n in zip(at, base, x.shape, strict=True)):  # fmt: skip
                out[q] = combine(out[q], x[tuple(a // b for a, b in zip(at, base, strict=True))])
    return out


GEOMETRY = ((2, 2), (1, 2), ((1, 0), (0, 1)), (2, 1), (1, 2))
for _combine, _numpy, _start in [
    (lax.add, np.add, 0.0), (lax.max, np.maximum, -np.inf), (lax.min, np.minimum, 0.25),
    (lax.mul, np.multiply, 1.5), (lambda a, b: a + b, np.add, 1.0),
    (np.logaddexp, np.logaddexp, -np.inf),
]:  # fmt: skip
    entry(
        "reduce_window",
        lambda x, c=_combine, s=_start: lax.reduce_window(x, s, c, *GEOMETRY),
        lambda x, c=_numpy, s=_start: reduce_windows(x, s, c, *GEOMETRY),
        spread((3, 4)),
    )
entry(
    "reduce_window",
    lambda x, y: lax.reduce_window(
        (x, y), (0.0, 1.0), lambda a, b: (a[0] + b[0], a[1] * b[1]), (1, 2)
    ),
    lambda x, y: (x[:, :-1] + x[:, 1:], y[:, :-1] * y[:, 1:]),
    X,
    SMALL,
)


def local_convolution(x: Any, w: Any) -> Any:
    """A kernel of two taps of its own at each of the places."""
    n, c, length = x.shape
    out = np.zeros((n, w.shape[0], length - 1))
    for q in range(length - 1):
        patch = x[:, :, q : q + 2].reshape(n, 2 * c)
        out[:, :, q] = patch @ w[:, :, q].T
    return out


entry(
    "conv_general_dilated_local",
    lambda x, w: lax.conv_general_dilated_local(x, w, (1,), "VALID", (2,)),
    local_convolution,
    CUBE,
    spread((5, 6, 3)),
)

__all__ = ["TABLE"]
