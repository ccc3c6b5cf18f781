"""Calls with arguments of JAX: sizes of results, and new arrays in the place of changed ones.

``TABLE`` has the functions that are nowhere else, ``SIZED`` calls with sizes.
"""

from __future__ import annotations

import functools

import numpy as np

from .arrays import (
    BOOLS,
    CUBE,
    INTS,
    MASK,
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


def changing(function):
    """NumPy's function that changes an array, as one that returns the changed copy."""

    @functools.wraps(function)
    def on_copy(a, *args, inplace, **kwargs):
        out = np.array(a)
        function(out, *args, **kwargs)
        return out

    return on_copy


def new(name, *calls):
    return [
        call(*args, inplace=False, _reference=changing(getattr(np, name)), **kwargs)
        for args, kwargs in calls
    ]


def in_order(x):
    return np.sort(np.unique_values(x))


TWICE = np.array([1.5, -0.5, 2.0, 1.5])

TABLE = {
    "setxor1d": [
        call(VECTOR, VECTOR[1:3], _concrete=True, _derivative=False),
        call(INTS, np.array([3, 5, 7]), _concrete=True),
        call(ROW, SHORT, True, _concrete=True),
    ],
    "unique_all": [call(REPEATED, _concrete=True, _derivative=False), call(INTS, _concrete=True)],
    "unique_counts": [call(REPEATED, _concrete=True, _derivative=False)],
    "unique_inverse": [call(TWICE.reshape(2, 2), _concrete=True, _derivative=False)],
    "unique_values": [call(TWICE, _concrete=True, _derivative=False, _reference=in_order)],
    "put": new(
        "put",
        ((X, [0, 4], [7.0, 8.0]), {}),
        ((X, np.array([[5], [-6]]), SCALAR), {}),
        ((X, [1, 3, 2], ROW[:2]), {}),
        ((X, [7, -9], SHORT, "wrap"), {}),
        ((X, [7, -9], SHORT), {"mode": "clip"}),
        ((INTS, 2, 9), {}),
        ((X, [], SCALAR), {}),
    ),
    "place": new(
        "place",
        ((X, MASK, SHORT), {}),
        ((X, MASK, [2.0]), {}),
        ((X, INTS > 2, VECTOR), {}),
        ((INTS, MASK, [9, 8]), {}),
    ),
    "put_along_axis": new(
        "put_along_axis",
        ((X, np.array([[1], [0]]), 9.0, 1), {}),
        ((X, np.array([[1], [-3]]), np.array([[3.0], [4.0]]), -1), {}),
        ((X, np.array([[1, 0, 1]]), ROW, 0), {}),
        ((X, np.array([0, 4]), ROW[:2], None), {}),
        ((INTS, np.argsort(INTS, 1), INTS, 1), {}),
    ),
    "fill_diagonal": new(
        "fill_diagonal",
        ((SQUARE, SCALAR), {}),
        ((X, SHORT), {}),
        ((X.T, 2.0), {}),
        ((np.ones((5, 2)), ROW), {"wrap": True}),
        ((CUBE[:, :2, :2], ROW[:2]), {}),
        ((INTS, 3), {}),
    ),
    "asanyarray": [call(X), call(X, np.float32, _derivative=False), call([X, Y]), call(INTS)],
    "ascontiguousarray": [call(X), call(SCALAR), call([X, Y]), call(X, np.complex128)],
    "asfortranarray": [call(X), call(SCALAR), call([X, Y])],
    "asarray_chkfinite": [call(X, _concrete=True), call(INTS), call(BOOLS)],
    "require": [call(X), call(X, None, "C"), call(X, np.complex128, ["F", "W"]), call(INTS)],
}


def filled(function, size, fill=None, axis=0):
    """NumPy's results, cut off or filled up to a size; by default with the first of each."""

    def padded(*args, size=None, fill_value=None, **kwargs):
        found = function(*args, **kwargs)
        parts = [one(p, fill) for p in (found if isinstance(found, tuple) else (found,))]
        return tuple(parts) if isinstance(found, tuple) else parts[0]

    def one(part, fill):
        rows = np.moveaxis(np.asarray(part), axis, 0)[:size]
        last = rows[:1] if fill is None else np.full((1, *rows.shape[1:]), fill, rows.dtype)
        rows = np.concatenate([rows, np.repeat(last, size - len(rows), 0)])
        return np.moveaxis(rows, 0, axis)

    return padded


def sized(name, *args, fill=None, size=4, axis=0, **kwargs):
    """Calls with a size, with fill_value= and without; ``fill`` is the default filling."""
    function = getattr(np, name)
    return [
        call(*args, size=size, _reference=filled(function, size, fill, axis), **kwargs),
        call(*args, size=size, fill_value=7, _reference=filled(function, size, 7, axis), **kwargs),
        call(*args, size=1, _reference=filled(function, 1, fill, axis), **kwargs),
    ]


def repeated(a, repeats, axis=None, *, total_repeat_length):
    out, axis = np.repeat(a, repeats, axis), axis or 0
    last = np.take(np.ravel(a) if out.ndim < np.ndim(a) else a, [-1], axis)
    missing = max(total_repeat_length - out.shape[axis], 0)
    out = np.concatenate([out, *[last] * missing], axis)
    return np.take(out, np.arange(total_repeat_length), axis)


def counted(x, weights=None, minlength=0, *, length):
    out = np.bincount(np.maximum(x, 0), weights, length)
    return out[:length]


def taking(mode):
    def reference(a, indices, axis=None, **kwargs):
        n = a.size if axis is None else a.shape[axis]
        places = np.asarray(indices)
        if mode == "wrap":
            return np.take(a, places, axis, mode="wrap")
        moved = np.where(places < 0, places + n, places)
        out = np.take(a, np.clip(moved, 0, n - 1), axis)
        inside = (moved >= 0) & (moved < n)
        missing = kwargs.get("fill_value", np.nan if a.dtype.kind in "fc" else -(2**63))
        shape = inside.shape + (1,) * (0 if axis is None else a.ndim - axis - 1)
        return np.where(inside.reshape(shape), out, out.dtype.type(missing))

    return reference


def along(mode):
    def reference(arr, indices, axis, **kwargs):
        n = arr.shape[axis]
        moved = np.where(indices < 0, indices + n, indices)
        if mode == "wrap":
            return np.take_along_axis(arr, indices % n, axis)
        out = np.take_along_axis(arr, np.clip(moved, 0, n - 1), axis)
        if mode == "clip":
            return out
        return np.where((moved >= 0) & (moved < n), out, kwargs.get("fill_value", np.nan))

    return reference


OUTSIDE = np.array([[0, 5, -1], [-7, 1, 2]])
LAST = {"_derivative": False, "_dtypes": "d"}
CONSTANT = {**LAST, "_vmap": False}

SIZED = {
    "nonzero": [*sized("nonzero", INTS > 2, fill=0), *sized("nonzero", ZEROS, fill=0, **LAST)],
    "flatnonzero": sized("flatnonzero", ZEROS, fill=0, **LAST),
    "argwhere": sized("argwhere", BOOLS, fill=0),
    "where": sized("where", INTS > 2, fill=0),
    "extract": [*sized("extract", MASK, X, fill=0), *sized("extract", MASK, INTS, fill=0)],
    "compress": [
        *sized("compress", ROW_MASK, X, 1, fill=0, axis=1),
        *sized("compress", [True, False, True], X, fill=0),
    ],
    "unique": [
        *sized("unique", REPEATED, **LAST),
        *sized("unique", VECTOR, size=7, _dtypes="fd"),
        *sized("unique", np.array([np.nan, 1.0, np.nan]), **LAST),
        *sized("unique", np.stack([SHORT, ROW, SHORT]), axis=0, **LAST),
        call(
            TWICE,
            True,
            True,
            True,
            size=4,
            fill_value=7,
            _reference=lambda *_, **__: (
                np.array([-0.5, 1.5, 2.0, 7.0]),
                np.array([1, 0, 2, 1]),
                np.array([1, 0, 2, 1]),
                np.array([1, 2, 1, 0]),
            ),
            **CONSTANT,
        ),
        call(
            TWICE,
            return_counts=True,
            size=2,
            _reference=lambda *_, **__: (np.array([-0.5, 1.5]), np.array([1, 2])),
            **CONSTANT,
        ),
    ],
    "unique_values": [
        call(TWICE, size=4, _reference=filled(np.unique, 4), **LAST),
        call(
            np.zeros(0),
            size=2,
            fill_value=3.0,
            _reference=lambda *_, **__: np.full(2, 3.0),
            **CONSTANT,
        ),
    ],
    "unique_counts": [
        call(
            TWICE,
            size=3,
            _reference=lambda *_, **__: (np.array([-0.5, 1.5, 2.0]), np.array([1, 2, 1])),
            **CONSTANT,
        )
    ],
    "union1d": sized("union1d", ROW, SHORT, size=8, _dtypes="fd"),
    "setdiff1d": [
        *sized("setdiff1d", VECTOR, VECTOR[1:3], fill=0, **LAST),
        *sized("setdiff1d", VECTOR, VECTOR[1:3], True, fill=0, **LAST),
    ],
    "intersect1d": sized("intersect1d", VECTOR, VECTOR[1:3], **LAST),
    "setxor1d": sized("setxor1d", VECTOR, VECTOR[1:3], **LAST),
    "mask_indices": [call(3, np.triu, 1, size=4, _reference=filled(np.mask_indices, 4, 0))],
    "bincount": [
        call(np.array([0, 3, 1, 1, -2]), length=3, _reference=counted),
        call(np.array([0, 3, 1, 1]), VECTOR[:4], length=3, _reference=counted, _dtypes="fd"),
        call(np.array([0, 1]), length=5, _reference=counted),
    ],
    "repeat": [
        call(X, 2, total_repeat_length=15, _reference=repeated),
        call(X, np.array([1, 0, 2]), 1, total_repeat_length=2, _reference=repeated),
        call(VECTOR, np.array([1, 2, 0, 1, 0]), total_repeat_length=6, _reference=repeated),
        call(INTS, np.array([1, 3]), 0, total_repeat_length=4, _reference=repeated, _traced="all"),
    ],
    "take": [
        call(VECTOR, OUTSIDE, mode="fill", _reference=taking("fill"), _derivative=False),
        call(X, np.array([0, 5, -1]), 1, mode="fill", fill_value=2.0, _reference=taking("fill")),
        call(INTS, np.array([0, 9]), mode="fill", _reference=taking("fill")),
        call(VECTOR, np.array([1, -1]), mode="promise_in_bounds", indices_are_sorted=False,
             _reference=taking("fill")),
    ],
    "take_along_axis": [
        call(X, OUTSIDE, 1, mode="fill", _reference=along("fill"), _derivative=False),
        call(X, OUTSIDE, 1, mode="fill", fill_value=2.0, _reference=along("fill")),
        call(X, OUTSIDE, 1, mode="clip", _reference=along("clip")),
        call(X, OUTSIDE, 1, mode="wrap", _reference=along("wrap")),
    ],
}  # fmt: skip
