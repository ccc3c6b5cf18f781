"""Arrays written as indices: ``r_``, ``c_``, ``mgrid``, ``ogrid``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import moved
from ..core.tracing import Tracer
from ..ops.shape import cast, reshape, transpose
from ..typing import Array
from .protocol import array, holds_tracer, promoted


class _Joined:
    """What is between the brackets, joined along an axis; see ``numpy.r_``."""

    def __init__(self, name: str, axis: int, ndmin: int, place: int) -> None:
        self._name: str = name
        self._layout: tuple[int, int, int] = axis, ndmin, place

    def __repr__(self) -> str:
        return f"funcgrad.numpy.{self._name}"

    def __getitem__(self, key: Any) -> Any:
        entries = key if isinstance(key, tuple) else (key,)
        if not any(_traced(k) for k in entries):
            return moved(getattr(np, self._name)[key])
        axis, ndmin, place = self._layout
        if isinstance(entries[0], str):
            axis, ndmin, place = _directive(entries[0], self._layout)
            entries = entries[1:]
        parts = [_part(k) for k in entries]
        dtype = promoted(*parts)
        rows = [_placed(cast(array(p), dtype), max(ndmin, 1), place) for p in parts]
        return np.concatenate(rows, axis=axis)


def _traced(k: Any) -> bool:
    if isinstance(k, slice):
        return any(isinstance(part, Tracer) for part in (k.start, k.stop, k.step))
    return holds_tracer(k)


def _directive(text: str, default: tuple[int, int, int]) -> tuple[int, int, int]:
    """Axis, number of axes and place, from a string like '0,2,1'."""
    try:
        numbers = [int(n) for n in text.split(",")]
    except ValueError:
        numbers = []
    if not 0 < len(numbers) < 4:
        raise ValueError(f"{text!r} is no directive for traced values; it looks like '0,2,1'")
    axis, ndmin, place = (*numbers, *default[len(numbers) :])
    return axis, ndmin, place


def _part(k: Any) -> Any:
    """An entry as an array or number: slices are ranges."""
    if not isinstance(k, slice):
        return array(k) if isinstance(k, list | tuple) else k
    start = 0 if k.start is None else k.start
    if isinstance(k.step, complex):
        return np.linspace(start, k.stop, int(abs(k.step)))
    ends = [x.concrete("a range") if isinstance(x, Tracer) else x for x in (start, k.stop, k.step)]
    return np.arange(ends[0], ends[1], 1 if ends[2] is None else ends[2])


def _placed(x: Array, ndmin: int, place: int) -> Array:
    """An array with at least ``ndmin`` axes, of which its own come from ``place`` on."""
    more = ndmin - len(x.shape)
    if more <= 0:
        return x
    wide = reshape(x, shape=(1,) * more + tuple(x.shape))
    if not x.shape:
        return wide
    first = place + more + 1 if place < 0 else place
    axes = tuple(range(ndmin))
    perm = (*axes[:first], *axes[more:], *axes[first:more])
    return wide if perm == axes else transpose(wide, perm=perm)


class _Rows(_Joined):
    """Arrays, numbers and ranges one after the other, as ``numpy.r_``; they may be traced.

    >>> r_[np.array([1, 2]), 0, 3:5]
    array([1, 2, 0, 3, 4])
    """


class _Columns(_Joined):
    """Vectors as the columns of a matrix, as ``numpy.c_``; they may be traced.

    >>> c_[np.array([1, 2]), np.array([3, 4])]
    array([[1, 3],
           [2, 4]])
    """


class _Grid:
    """Grids written as slices, made by NumPy on the default device."""

    def __init__(self, name: str) -> None:
        self._name: str = name

    def __repr__(self) -> str:
        return f"funcgrad.numpy.{self._name}"

    def __getitem__(self, key: Any) -> Any:
        made = getattr(np, self._name)[key]
        return tuple(map(moved, made)) if isinstance(made, tuple) else moved(made)


class _Full(_Grid):
    """The coordinates of all points of a grid, as ``numpy.mgrid``.

    >>> mgrid[0:2, 0:1]
    array([[[0],
            [1]],
           [[0],
            [0]]])
    """


class _Open(_Grid):
    """The coordinates along each axis of a grid, which broadcast, as ``numpy.ogrid``.

    >>> ogrid[0:2, 0:1]
    (array([[0],
           [1]]), array([[0]]))
    """


r_ = _Rows("r_", 0, 1, -1)
c_ = _Columns("c_", -1, 2, 0)
mgrid = _Full("mgrid")
ogrid = _Open("ogrid")
