"""Calls of reductions, cumulative functions, order statistics, sorting and searching."""

from __future__ import annotations

import numpy as np

from .arrays import (
    ASCENDING,
    BOOLS,
    COLUMN,
    COUNTS,
    CUBE,
    GAPS,
    INTS,
    MASK,
    POSITIVE,
    ROW,
    ROW_MASK,
    SCALAR,
    SQUARE,
    VECTOR,
    WEIGHTS,
    X,
    Y,
)
from .checks import call

HOLES = np.where(MASK, X, np.nan)
EMPTY_ROW = np.array([[np.nan, np.nan], [0.5, np.nan]])
AXES = [call(X), call(X, 0), call(X, axis=-1), call(CUBE, (0, 2)), call(CUBE, axis=(-1, 1)),
        call(X, axis=1, keepdims=True), call(CUBE, axis=(2, 0), keepdims=True),
        call(X, keepdims=True), call(CUBE, axis=()), call(VECTOR), call(SCALAR), call(INTS),
        call(INTS, axis=0), call(BOOLS)]
ONE_AXIS = [call(X), call(X, 0), call(X, axis=-1), call(INTS, 1), call(VECTOR)]
WHERE = [
    call(X, where=MASK), call(X, axis=0, where=MASK), call(CUBE, where=MASK[..., None], axis=1),
    call(X, 1, where=ROW_MASK, keepdims=True),
]
SUMS = [*AXES, *WHERE, call(X, dtype=np.float32), call(INTS, dtype=float), call(X, initial=2.0),
        call(INTS, initial=3), call(X, axis=0, initial=2.0, where=MASK), call(COUNTS.astype("i2")),
        call(COUNTS.astype("u1"), 0), call(BOOLS, axis=1)]
EXTREMA = [*AXES[:-1], call(X, initial=0.1), call(X, axis=0, initial=0.1, where=MASK),
           call(X, axis=1, initial=-9.0, where=ROW_MASK), call(INTS, initial=2), call(BOOLS, 0)]
MEANS = [*AXES, *WHERE, call(X, dtype=np.float32, _derivative=False), call(INTS, dtype=np.float32)]
SPREADS = [c for c in MEANS if c.kwargs.get("axis") != ()] + [
    call(X, ddof=1), call(CUBE, (0, 2), ddof=1), call(X, axis=1, correction=1),
    call(X, 1, mean=np.mean(X, 1, keepdims=True), keepdims=True),
]
NANS = [call(HOLES), call(HOLES, 0), call(HOLES, axis=-1), call(GAPS, 1, keepdims=True), call(X, 0),
        call(INTS, 0)]
QUANTILES = [
    call(X, 0.3), call(X, 0.3, 0), call(CUBE, 0.6, (0, 2)), call(X, [0.2, 0.55], 1),
    call(X, np.array([0.2, 0.55]), 1, keepdims=True, _traced="all"), call(X, 0.5, keepdims=True),
    call(VECTOR, 1.0), call(VECTOR, 0), call(INTS, 0.3), call(X, 0.35, 1, method="lower"),
    call(X, 0.35, 1, method="higher"), call(X, 0.35, 1, method="midpoint"),
    call(X, 0.35, 1, method="nearest"), call(X, np.array([[0.1, 0.2], [0.7, 0.9]]), axis=0),
]
PERCENTS = [
    call(X, 30), call(X, 30.0, 0), call(X, [20, 55.0], 1), call(X, [20, 55], 1),
    call(X, 35, 1, method="higher"),
]

TABLE = {name: AXES for name in ("any", "all")}
TABLE |= {
    "sum": SUMS, "prod": SUMS, "max": EXTREMA, "min": EXTREMA, "amax": EXTREMA, "amin": EXTREMA,
    "mean": MEANS, "var": SPREADS, "std": SPREADS,
    "any": [*AXES, *WHERE], "all": [*AXES, *WHERE, call(np.zeros((2, 3)), 0)],
    "ptp": [
        call(X), call(X, 0), call(X, axis=-1, keepdims=True), call(INTS, 1), call(CUBE, (0, 1))
    ],
    "count_nonzero": [
        call(X), call(INTS, axis=0), call(BOOLS, axis=1, keepdims=True), call(CUBE, (0, 2))
    ],
    "average": [
        call(X), call(X, 0), call(X, axis=1, keepdims=True), call(X, 1, ROW + 3),
        call(X, weights=POSITIVE), call(X, 0, POSITIVE), call(X, -1, WEIGHTS),
        call(X, 1, WEIGHTS, True), call(X, returned=True), call(INTS, 1, COUNTS), call(INTS),
        call(CUBE, (0, 1), CUBE * 0.1 + 1), call(X, axis=0, weights=POSITIVE, keepdims=True),
        call(CUBE, (0, 1), POSITIVE),
    ],
    "argmax": [*ONE_AXIS, call(X, axis=1, keepdims=True), call(X, keepdims=True), call(BOOLS, 1)],
    "argmin": [*ONE_AXIS, call(X, axis=1, keepdims=True)],
    "cumsum": [*ONE_AXIS, call(INTS, 0, float), call(X, 0, dtype=np.float32), call(BOOLS, 1),
               call(COUNTS.astype("i2"), 0), call(SCALAR)],
    "cumprod": [*ONE_AXIS, call(CUBE, -2), call(BOOLS, 0), call(np.array([0.0, 2.0, 0.0, 1.0]))],
    "cumulative_sum": [call(VECTOR), call(X, axis=1), call(X, axis=0, include_initial=True),
                       call(INTS, axis=-1, dtype=float), call(VECTOR, include_initial=True)],
    "cumulative_prod": [call(VECTOR), call(X, axis=1), call(X, axis=-1, include_initial=True),
                        call(INTS, axis=0)],
    "nansum": [*NANS, call(HOLES, where=MASK), call(HOLES, initial=1.0)],
    "nanprod": [*NANS, call(HOLES, initial=2.0)],
    "nanmean": [*NANS, call(HOLES, 0, where=MASK)],
    "nanvar": [*NANS, call(HOLES, 1, ddof=1), call(HOLES, where=MASK)],
    "nanstd": [*NANS, call(HOLES, 1, ddof=1)],
    "nanmax": [*NANS, call(HOLES, initial=0.3)],
    "nanmin": NANS,
    "nanargmax": [call(HOLES), call(HOLES, 0), call(HOLES, axis=-1, keepdims=True), call(INTS, 0)],
    "nanargmin": [call(HOLES), call(HOLES, 0), call(HOLES, axis=-1), call(INTS)],
    "nancumsum": [call(HOLES), call(HOLES, 0), call(HOLES, axis=-1), call(INTS, 0)],
    "nancumprod": [call(HOLES), call(HOLES, 0), call(HOLES, axis=-1)],
    "nanmedian": [call(HOLES), call(HOLES, 0), call(HOLES, axis=-1, keepdims=True), call(INTS, 1)],
    "nanquantile": [call(HOLES, 0.3), call(HOLES, 0.3, 1), call(HOLES, [0.2, 0.6], axis=0),
                    call(HOLES, 0.3, 1, method="lower"), call(CUBE, 0.3, (0, 1), keepdims=True)],
    "nanpercentile": [call(HOLES, 30), call(HOLES, 30.0, 1), call(HOLES, [20, 60], axis=0)],
    "median": [
        call(X), call(X, 0), call(CUBE, (0, 2)), call(X, axis=-1, keepdims=True), call(INTS, 1),
        call(GAPS, 1, _derivative=False), call(COUNTS.astype("i2"))
    ],
    "quantile": QUANTILES,
    "percentile": PERCENTS,
    "cov": [
        call(X), call(X, Y), call(X, rowvar=False), call(X, ddof=0), call(X, bias=True),
        call(VECTOR), call(INTS), call(X, dtype=np.float32, _derivative=False),
        call(X, fweights=np.array([1, 3, 2])), call(X, aweights=WEIGHTS), call(VECTOR, ASCENDING)
    ],
    "corrcoef": [
        call(X), call(X, Y), call(X, rowvar=False), call(VECTOR), call(SQUARE), call(INTS)
    ],
    "logsumexp": [
        call(X, _reference=lambda a: np.log(np.sum(np.exp(a))), _dtypes="fd"),
        call(X, 1, _reference=lambda a, k: np.log(np.sum(np.exp(a), k)), _dtypes="fd"),
        call(X, axis=0, keepdims=True, _dtypes="fd",
             _reference=lambda a, **k: np.log(np.sum(np.exp(a), **k))),
    ],
    "sort": [
        call(X), call(X, 0), call(X, None), call(INTS, -1), call(X, kind="stable"), call(BOOLS),
        call(X, stable=True)
    ],
    "argsort": [
        call(X), call(X, 0), call(X, None), call(INTS, -1, kind="stable"), call(X, stable=True)
    ],
    "sort_complex": [call(X), call(VECTOR), call(INTS)],
    "partition": [call(VECTOR, 2, _reference=lambda a, k: np.sort(a)),
                  call(X, 1, 0, _reference=lambda a, k, i: np.sort(a, i))],
    "argpartition": [call(VECTOR, 2, _reference=lambda a, k: np.argsort(a)),
                     call(X, 1, axis=None, _reference=lambda a, k, axis: np.argsort(a, axis))],
    "lexsort": [call((VECTOR, np.round(ASCENDING))), call(X), call((INTS, COUNTS)), call(X, 0)],
    "searchsorted": [
        call(ASCENDING, X), call(ASCENDING, 0.3), call(ASCENDING, X, "right"),
        call(ASCENDING, SCALAR), call(ASCENDING[::-1], VECTOR, sorter=np.arange(5)[::-1]),
        call(np.arange(5), INTS)
    ],
    "digitize": [call(X, ASCENDING), call(X, ASCENDING, True), call(X, ASCENDING[::-1]),
                 call(X, ASCENDING[::-1], right=True), call(INTS, np.array([0, 3, 5]))],
    "bincount": [
        call(np.array([0, 3, 1, 1]), spread4 := np.array([0.3, 0.1, -0.7, 2.0])),
        call(np.array([0, 3, 1, 1]), spread4, 6), call(np.array([0, 2, 2]), _concrete=True)
    ],
    "ediff1d": [call(X), call(VECTOR, 9.0, [1.0, 2.0]), call(INTS), call(VECTOR, to_begin=ROW)],
    "diff": [
        call(X), call(X, 2), call(X, axis=0), call(X, prepend=0.5), call(X, append=COLUMN),
        call(INTS), call(BOOLS), call(X, 1, 1, COLUMN, COLUMN * 2), call(VECTOR, 0), call(X, n=4)
    ],
    "unwrap": [
        call(VECTOR * 4), call(X * 3, axis=0), call(X * 3, period=1.5), call(X * 4, discont=4.0),
        call(INTS), call(INTS * 3, period=4)
    ],
}
