"""How arrays lie in memory: copies that keep it, and the same numbers laid out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import arrays
from ...typing import PyTree


def copied(x: PyTree) -> Any:
    """A copy of an array that lies in memory as it does; other leaves as they are."""
    if type(x) is np.ndarray:
        copy = x.copy() if x.flags.c_contiguous else _alike(x)
        copy.flags.writeable = x.flags.writeable
        return copy
    return x.copy() if isinstance(x, np.ndarray) or arrays.is_gpu_array(x) else x


def copied_leaves(leaves: Sequence[Any]) -> list[Any]:
    """Copies of leaves; what is one object at several places is one at them again."""
    copies: dict[int, Any] = {}
    found = []
    for x in leaves:
        if id(x) not in copies:
            copies[id(x)] = copied(x)
        found.append(copies[id(x)])
    return found


def _alike(x: np.ndarray) -> np.ndarray:
    """A copy with the strides of an array, negative ones and gaps included."""
    if not all(x.strides) or x.dtype.hasobject:  # a broadcast array has one number in many places
        return x.copy("K")
    spans = [s * (n - 1) for s, n in zip(x.strides, x.shape, strict=True)]
    low = sum(s for s in spans if s < 0)
    room = np.zeros(sum(map(abs, spans)) + x.itemsize, np.uint8)
    copy: np.ndarray = np.ndarray(x.shape, x.dtype, room, -low, x.strides)
    copy[...] = x
    return copy


def turned(x: PyTree) -> Any:
    """The numbers of an array behind negative strides with gaps; other leaves as they are."""
    if not _has_layout(x):
        return x
    room = np.zeros([2 * n for n in x.shape], x.dtype)
    view = room[tuple(slice(None, None, -2) for _ in x.shape)]
    view[...] = x
    return view


def locked_and_turned(x: PyTree) -> Any:
    """The numbers of an array behind negative strides, to be read only; others as they are."""
    view = turned(x)
    if view is not x:
        view.flags.writeable = False
    return view


def columns_first(x: PyTree) -> Any:
    """The numbers of an array in Fortran's order, to be read only; other leaves as they are."""
    if not _has_layout(x):
        return x
    copy = np.array(x, order="F")
    copy.flags.writeable = False
    return copy


def _has_layout(x: PyTree) -> bool:
    return type(x) is np.ndarray and x.ndim > 0


READ_ONLY = "read-only arrays in Fortran's order"
TURNED = "views with negative strides"
LOCKED = "read-only views with negative strides"


def layouts_of(leaves: Sequence[Any]) -> dict[str, Callable[[Any], Any]]:
    """Layouts that derivatives must not depend on, in words; one for vectors, two for others."""
    if all(np.ndim(x) < 2 for x in leaves):
        return {LOCKED: locked_and_turned}
    return {READ_ONLY: columns_first, TURNED: turned}
