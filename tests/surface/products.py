"""Calls of products, polynomials, interpolation and grids."""

from __future__ import annotations

import numpy as np

from .arrays import (
    ASCENDING,
    COLUMN,
    COUNTS,
    CUBE,
    INTS,
    LONG,
    POSITIVE,
    ROW,
    SCALAR,
    SHORT,
    SQUARE,
    VECTOR,
    WIDE,
    X,
    Y,
)
from .checks import call

FILTERS = [call(LONG, SHORT, mode=m) for m in ("full", "same", "valid")] + [
    call(SHORT, LONG), call(SHORT, LONG, "same"), call(SHORT, LONG, mode="valid"),
    call(LONG[:6], SHORT[:2], "same"), call(LONG, LONG[:4], "same"), call(COUNTS[0], INTS[1]),
    call(LONG, 2.0), call(SHORT[:2], LONG[:6], "same"), call(LONG[:4], LONG, "same"),
]

TABLE = {
    "dot": [
        call(ROW, SHORT), call(X, ROW), call(X, SQUARE), call(CUBE, WIDE.T), call(2.0, X),
        call(SCALAR, X), call(INTS, COUNTS.T), call(X, INTS.T),
        call(ROW, np.stack([SQUARE, SQUARE * 2]))
    ],
    "vdot": [call(ROW, SHORT), call(X, Y), call(X, INTS), call(SCALAR, 2.0)],
    "inner": [
        call(ROW, SHORT), call(X, SQUARE), call(X, 2.0), call(CUBE, WIDE), call(INTS, COUNTS)
    ],
    "outer": [call(ROW, VECTOR), call(X, ROW), call(2.0, ROW), call(INTS, COUNTS)],
    "kron": [
        call(ROW, SHORT), call(X, SQUARE), call(X, ROW), call(CUBE, X), call(2.0, X), call(INTS, X)
    ],
    "matmul": [
        call(X, SQUARE), call(X, ROW), call(ROW, SQUARE), call(ROW, SHORT),
        call(CUBE, CUBE.transpose(0, 2, 1)), call(SQUARE, CUBE), call(INTS, COUNTS.T),
        call(X, COUNTS.T), call(CUBE[:, None], CUBE[:1].swapaxes(1, 2))
    ],
    "tensordot": [
        call(X, SQUARE, 1), call(CUBE, CUBE.transpose(1, 2, 0)), call(CUBE, X, ([0, 1], [0, 1])),
        call(X, ROW, ([1], [0])), call(X, Y, 0), call(CUBE, X, (1, 1)), call(CUBE, X, ([-2], [-1])),
        call(INTS, COUNTS, 2)
    ],
    "einsum": [
        call("ij,jk->ik", X, SQUARE), call("ij,j", X, ROW), call("ii->i", SQUARE),
        call("ii", SQUARE), call("ij->ji", X), call("ij->", X),
        call("...j,jk->...k", CUBE[..., :3], SQUARE), call("i,j->ij", ROW, VECTOR),
        call("bij,bjk,kl->bil", CUBE, CUBE.transpose(0, 2, 1), SQUARE), call("ij,ij->i", X, Y),
        call("...ij->...ji", CUBE), call("ij,jk,kl->il", X, SQUARE, SQUARE, optimize=False),
        call(X, [0, 1], SQUARE, [1, 2], [0, 2]), call(X, [0, 1], ROW, [1]), call("ba", X),
        call("ij,kj", X, SQUARE), call("i->i", INTS[0]), call("ij,jk->ik", INTS, X.T),
        call("i,i,i->", ROW, SHORT, ROW), call("ij,j->ij", X, ROW),
        call("iij->ij", np.stack([X, Y])[:, :2]), call(",ij->ij", SCALAR, X),
        call("ij,ij->ij", X, ROW[None]), call("...,...->...", X, COLUMN), call("ij -> i", X),
        call("ij,jk->ik", X, SQUARE, optimize="optimal")
    ],
    "cross": [
        call(X, Y), call(ROW, SHORT), call(X.T, Y.T, axis=0), call(X.T, Y, 0, 1, 0),
        call(SQUARE, ROW), call(INTS, COUNTS)
    ],
    "vecdot": [call(X, Y), call(X, ROW), call(CUBE, CUBE, axis=1), call(INTS, COUNTS)],
    "matvec": [call(X, ROW), call(CUBE, X @ np.ones((3, 4))), call(INTS, COUNTS[0])],
    "vecmat": [call(ROW, SQUARE), call(X, SQUARE)],
    "polyval": [
        call(SHORT, X), call(SHORT, 0.7), call([1, 2.0, 0.5], X), call(VECTOR, SCALAR),
        call(INTS[0], COUNTS), call([2, 0, 1], X)
    ],
    "vander": [
        call(ROW), call(ROW, 2), call(ROW, 4, True), call(INTS[0]), call(ROW, increasing=True)
    ],
    "convolve": FILTERS,
    "correlate": [c for c in FILTERS if not isinstance(c.args[1], float)],
    "interp": [
        call(X, ASCENDING, VECTOR), call(X, ASCENDING, VECTOR, left=-1.0, right=2.0),
        call(SCALAR, ASCENDING, VECTOR), call(0.3, ASCENDING, VECTOR),
        call(X, ASCENDING, VECTOR, period=1.7), call(X, np.arange(-2, 3), VECTOR),
        call(X, ASCENDING, np.arange(5)), call(INTS, ASCENDING, VECTOR), call(X, [0.0], [2.0])
    ],
    "gradient": [
        call(VECTOR), call(X), call(X, 0.5), call(X, 0.5, 2.0), call(X, axis=1),
        call(SQUARE, edge_order=2), call(VECTOR, ASCENDING),
        call(SQUARE, SHORT.cumsum(), ROW.cumsum(), edge_order=2), call(CUBE, axis=(0, -1)),
        call(CUBE, 2.0, axis=(2,)), call(INTS), call(X, SCALAR), call(SQUARE, 2.0, ROW.cumsum())
    ],
    "linspace": [
        call(SCALAR, 2.0), call(SCALAR, 2.0, 5), call(0, SCALAR, 4, endpoint=False),
        call(ROW, SHORT, 4), call(ROW, 2.0, 3, axis=1), call(SCALAR, 2.0, 5, retstep=True),
        call(SCALAR, 1.0, 1), call(np.int64(0), 7, 3), call(SCALAR * 3, 9.0, 4, dtype=int),
        call(SCALAR, 1.0, 0), call(ROW, 1, 3, axis=-1)
    ],
    "logspace": [
        call(SCALAR, 2.0, 5), call(ROW, 1.0, 3), call(SCALAR, 1, 4, base=2.0),
        call(SCALAR, 1, 4, False), call(0.1, SCALAR, 3, base=SCALAR)
    ],
    "geomspace": [
        call(SCALAR, 2.0, 5), call(POSITIVE[0], 3.0, 4), call(SCALAR, 2, 4, endpoint=False),
        call(-2.0, -SCALAR, 4), call(POSITIVE[0], 3.0, 4, axis=1)
    ],
    "trapezoid": [
        call(X), call(X, dx=0.5), call(X, ROW), call(X, axis=0), call(VECTOR, ASCENDING),
        call(X, Y), call(INTS)
    ],
}
