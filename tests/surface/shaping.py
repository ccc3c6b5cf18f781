"""Calls of functions that move, join, split and select elements."""

from __future__ import annotations

import numpy as np

from .arrays import (
    BOOLS,
    COLUMN,
    COUNTS,
    CUBE,
    INTS,
    LONG,
    MASK,
    PLACES,
    REPEATED,
    ROW,
    ROW_MASK,
    SCALAR,
    SHORT,
    SQUARE,
    VECTOR,
    ZEROS,
    X,
    Y,
)
from .checks import call

JOINED = [
    call([X, Y]), call((X, X * 2)), call([X, INTS]),
    call([X, Y], dtype=np.float32, _derivative=False),
]
MODES = [call(X, ((1, 2), (0, 2)), mode=m) for m in ("edge", "reflect", "symmetric", "wrap")]

TABLE = {
    "reshape": [call(X, (3, 2)), call(X, -1), call(X, (3, -1)), call(X, 6), call(X, (3, 2), "F"),
                call(X, (6,), order="F"), call(X, shape=(1, 6)), call(SCALAR, (1, 1)),
                call(CUBE, (4, -1), order="F"), call(np.zeros((2, 0)), (0, 5))],
    "ravel": [call(X), call(CUBE, "F"), call(SCALAR), call(X, order="C")],
    "transpose": [call(X), call(CUBE, (1, 2, 0)), call(CUBE, (-1, 0, 1)), call(VECTOR), call(INTS)],
    "permute_dims": [call(CUBE, (1, 2, 0))],
    "matrix_transpose": [call(CUBE), call(X)],
    "swapaxes": [call(CUBE, 0, 2), call(CUBE, -1, 1)],
    "moveaxis": [call(CUBE, 0, -1), call(CUBE, (0, 1), (-1, 0)), call(CUBE, [2, 0], [0, 1])],
    "rollaxis": [
        call(CUBE, 2), call(CUBE, 0, 3), call(CUBE, 1, 0), call(CUBE, -1, 1), call(CUBE, 0, -1)
    ],
    "expand_dims": [call(X, 0), call(X, -1), call(X, (0, 2)), call(SCALAR, 0)],
    "squeeze": [
        call(COLUMN), call(COLUMN, 1), call(COLUMN[:1]), call(COLUMN, -1), call(COLUMN[:1], (0,))
    ],
    "broadcast_to": [
        call(ROW, (2, 3)), call(COLUMN, (4, 2, 3)), call(SCALAR, 3), call(SCALAR, (2,))
    ],
    "broadcast_arrays": [call(X, ROW, COLUMN), call(X, 2.0), call(ROW, INTS)],
    "atleast_1d": [call(SCALAR), call(X), call(SCALAR, ROW), call(X, 1.0)],
    "atleast_2d": [call(SCALAR), call(ROW), call(CUBE), call(ROW, SCALAR)],
    "atleast_3d": [call(SCALAR), call(ROW), call(X), call(CUBE), call(ROW, X)],
    "concatenate": [
        *JOINED, call([X, COLUMN], axis=1), call([X, CUBE], None), call((X, ROW[None]), -2),
        call([X, 2.0], None), call([COUNTS, INTS], 1), call([X, BOOLS])
    ],
    "concat": [call([X, COLUMN], axis=1)],
    "stack": [
        *JOINED, call([X, Y], 1), call([X, Y], axis=-1), call([SCALAR, 2.0]),
        call([SCALAR, SCALAR, 1])
    ],
    "vstack": [*JOINED, call([ROW, ROW * 2]), call([X, ROW]), call([SCALAR, 1.0])],
    "hstack": [*JOINED, call([ROW, VECTOR]), call([X, COLUMN]), call([SCALAR, 1.0])],
    "dstack": [call([X, Y]), call([ROW, SHORT]), call([CUBE, X]), call([SCALAR, 2])],
    "column_stack": [call([ROW, SHORT]), call([X, COLUMN]), call([X, np.array([1, 2])])],
    "append": [
        call(X, Y), call(X, Y, 0), call(X, COLUMN, axis=1), call(VECTOR, 2.0), call(VECTOR, [1, 2])
    ],
    "block": [
        call([X, COLUMN]), call([[X, COLUMN], [ROW[None], np.ones((1, 1))]]), call([SCALAR, ROW]),
        call([[[CUBE]], [[CUBE]]]), call(X), call([1.0, ROW, 2])
    ],
    "split": [call(LONG[:6], 3), call(CUBE, 2, axis=-1), call(LONG, [2, 5]), call(LONG, [2, 9, 4]),
              call(LONG, [-3, -1]), call(CUBE, 3, 1)],
    "array_split": [call(LONG, 3), call(CUBE, 3, -1), call(LONG, 9), call(LONG, [1, 1])],
    "hsplit": [call(CUBE, 3), call(LONG[:6], 2)],
    "vsplit": [call(CUBE, 2), call(X, [1])],
    "dsplit": [call(CUBE, 2)],
    "unstack": [call(X), call(CUBE, axis=-1)],
    "flip": [call(X), call(CUBE, 1), call(CUBE, (0, -1)), call(INTS, 0)],
    "fliplr": [call(X)],
    "flipud": [call(X), call(VECTOR)],
    "rot90": [
        call(X), call(X, 2), call(CUBE, 3, (1, 2)), call(X, -1), call(X, 4), call(CUBE, axes=(2, 0))
    ],
    "roll": [
        call(X, 1), call(X, 2, 0), call(CUBE, (1, -2), (0, 2)), call(X, -4),
        call(X, 1, axis=(0, 1)), call(VECTOR, 12), call(X, (1, 1), 1)
    ],
    "repeat": [
        call(X, 2), call(X, 2, 0), call(X, [1, 0, 2], axis=1), call(SCALAR, 3), call(VECTOR, 0),
        call(X, np.array([1, 2]), -2), call(X, [2], 1)
    ],
    "tile": [
        call(X, 2), call(X, (2, 1)), call(X, (2, 1, 3)), call(SCALAR, 3), call(CUBE, (2,)),
        call(X, [0, 2])
    ],
    "pad": [
        *MODES, call(X, 1), call(X, ((1, 2), (0, 1)), constant_values=3), call(VECTOR, (2, 1)),
        call(X, 2, "constant", constant_values=((1, 2), (3, 4))), call(X, 1, constant_values=0.5),
        call(X, 4, "reflect"), call(INTS, 1, constant_values=2.7), call(X, {-1: (1, 2)}),
        call(X, 3, "reflect", reflect_type="odd"), call(X, 2, "mean"), call(X, 2, "maximum"),
        call(X, 2, "minimum"), call(X, 3, "linear_ramp"), call(X, 3, "linear_ramp", end_values=1.5),
        call(X, 1, "empty", _reference=lambda a, *_: np.pad(a, 1)), call(X, 2, "median"),
        call(X, 2, constant_values=SCALAR), call(X, 2, "linear_ramp", end_values=SCALAR),
        call(X, 1, "mean", stat_length=2), call(X, ((1, 2),), "symmetric", reflect_type="odd"),
        call(X, 1, constant_values=(1.0, 2.0))
    ],
    "resize": [call(X, (3, 3)), call(X, 4), call(X, (2, 2, 4)), call(X, (0,))],
    "delete": [
        call(VECTOR, 1), call(X, 0, 0), call(X, [0, 2], axis=1), call(VECTOR, slice(None, None, 2)),
        call(X, 2)
    ],
    "insert": [
        call(VECTOR, 1, 9.0), call(X, 1, 5.0, axis=1), call(X, [0, 2], COLUMN, axis=1),
        call(X, 1, ROW, axis=0), call(VECTOR, [1, 1, 3], SHORT), call(VECTOR, slice(0, 2), 7.0),
        call(X, 0, np.array([1.0, 2.0]), axis=1), call(INTS, 1, 2.7), call(X, -1, 4, 0),
        call(VECTOR, 2, ROW)
    ],
    "meshgrid": [
        call(ROW, VECTOR), call(ROW, VECTOR, indexing="ij"), call(ROW, VECTOR, SHORT, sparse=True),
        call(ROW, 2.0), call(ROW)
    ],
    "tril": [call(SQUARE), call(CUBE, 1), call(X, -1), call(ROW), call(INTS, k=1)],
    "triu": [call(SQUARE), call(CUBE, -1), call(X, 1), call(ROW), call(BOOLS)],
    "diag": [
        call(ROW), call(ROW, 1), call(ROW, k=-2), call(X), call(X, 1), call(SQUARE, -1), call(INTS)
    ],
    "diagflat": [call(X), call(ROW, -1), call(SCALAR)],
    "diagonal": [
        call(X), call(CUBE, 1, 1, 2), call(CUBE, -1, axis1=2, axis2=0), call(SQUARE, 2), call(X, 5)
    ],
    "trace": [
        call(SQUARE), call(CUBE, 1), call(CUBE, -1, 1, 2), call(INTS),
        call(X, dtype=np.float32, _derivative=False), call(COUNTS.astype("i2"))
    ],
    "trim_zeros": [call(ZEROS, _concrete=True, _derivative=False),
                   call(ZEROS, "f", _concrete=True, _derivative=False),
                   call(ZEROS, trim="b", _concrete=True, _derivative=False)],
    "unique": [call(REPEATED, _concrete=True, _derivative=False), call(X, _concrete=True),
               call(REPEATED, True, True, True, _concrete=True, _derivative=False),
               call(np.stack([SHORT, ROW, SHORT]), axis=0, _concrete=True, _derivative=False)],
    "isin": [call(X, [X[0, 1], 5.0]), call(INTS, COUNTS), call(X, Y, invert=True), call(SCALAR, X)],
    "union1d": [call(ROW, VECTOR, _concrete=True), call(INTS, COUNTS, _concrete=True)],
    "setdiff1d": [
        call(VECTOR, VECTOR[1:3], _concrete=True, _derivative=False),
        call(INTS, COUNTS, _concrete=True),
        call(VECTOR, VECTOR[1:3], True, _concrete=True, _derivative=False)
    ],
    "intersect1d": [call(VECTOR, VECTOR[1:3], _concrete=True, _derivative=False),
                    call(INTS, COUNTS, return_indices=True, _concrete=True)],
    "shape": [call(X), call(SCALAR)],
    "ndim": [call(X), call(SCALAR)],
    "size": [call(X), call(X, 1), call(SCALAR), call(X, axis=-1)],
    "copy": [call(X), call(SCALAR), call(INTS)],
    "astype": [
        call(X, np.float32, _derivative=False), call(X, int, _dtypes="fd"), call(INTS, float),
        call(X, complex), call(X, bool)
    ],
    "take": [
        call(X, 1), call(X, [0, 2, -1]), call(X, [[0, 1], [2, -1]], 1), call(X, PLACES, axis=-1),
        call(CUBE, 1, 1), call(X, [5, -9, 7], mode="wrap"), call(X, [5, -2, 7], 1, mode="clip"),
        call(X, PLACES, 1, _traced="all"), call(INTS, [1, 1]), call(VECTOR, np.array([], int)),
        call(CUBE, PLACES, axis=1, mode="wrap", _traced="all")
    ],
    "take_along_axis": [
        call(X, np.argsort(X, 1), 1), call(X, np.array([[1], [-3]]), axis=1),
        call(X, np.array([0, 4]), None), call(CUBE, np.array([[[1]], [[0]]]), 1),
        call(X, np.argsort(X, 0), 0, _traced="all"), call(X, np.array([[1, 0, 2]]), 1),
        call(X, np.array([[2], [1]]))
    ],
    "compress": [
        call(ROW_MASK, X, 1), call([True, False, False, True], X), call([False, True], X, axis=0),
        call([1, 0, 1], X, 1), call(ROW_MASK, ROW, _traced="all", _concrete=True)
    ],
    "extract": [call(MASK, X), call(X > 0, X, _traced="all", _concrete=True), call(INTS, X)],
    "select": [
        call([X > 0.5, X < -0.5], [X, Y]), call([MASK], [X], 2.0),
        call([MASK, ROW_MASK], [X, 1.0], default=-1), call([MASK, X > 0], [INTS, COUNTS], 0),
        call([MASK], [X], Y)
    ],
    "choose": [
        call(np.array([0, 2, 1]), [ROW, SHORT, 2.0]), call(np.array([[0], [1]]), [X, ROW]),
        call(np.array([0, 5, -1]), [ROW, SHORT], mode="clip"),
        call(np.array([0, 5, -1]), [ROW, SHORT], mode="wrap"),
        call(np.array([0, 2, 1]), np.stack([ROW, SHORT, ROW * 2]), _traced="all"), call(1, [ROW, X])
    ],
    "nonzero": [call(INTS, _concrete=True), call(ZEROS, _concrete=True)],
    "flatnonzero": [call(ZEROS, _concrete=True)],
    "argwhere": [call(ZEROS, _concrete=True), call(BOOLS, _concrete=True)],
    "zeros_like": [
        call(X), call(X, int), call(X, shape=(4,)), call(INTS), call(SCALAR),
        call(X, dtype=np.float32)
    ],
    "ones_like": [call(X), call(INTS, float), call(X, shape=2), call(SCALAR)],
    "empty_like": [call(X, _reference=np.zeros_like), call(X, shape=(2, 0))],
    "full_like": [
        call(X, 2.5), call(INTS, 2.7), call(X, SCALAR), call(X, 3, dtype=int),
        call(X, SCALAR, shape=(4,)), call(X, ROW)
    ],
    "array": [
        call([X, Y]), call([[1.0, SCALAR], [SCALAR, 2]]), call(X),
        call(X, dtype=np.float32, _derivative=False), call((SCALAR, 1)), call([ROW, [1, 2, 3]]),
        call([SCALAR, 2.0]), call([SCALAR], ndmin=2), call([np.float32(1.5), SCALAR])
    ],
    "asarray": [
        call(X), call([SCALAR, 1.0]), call(X, np.float32, _derivative=False), call(INTS, float)
    ],
    "full": [
        call((2, 3), SCALAR), call(3, SCALAR, np.float32, _derivative=False), call((2, 3), ROW),
        call(2, 7)
    ],
}
