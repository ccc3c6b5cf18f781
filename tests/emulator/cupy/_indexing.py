"""Indices as a device takes them: out of range they wrap, and of equal places the first wins."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._statistics import statistics


class settings:
    """How the emulator treats what the real CuPy leaves undefined."""

    duplicates = "first"
    """Which of several values stays that are stored at one place: the device does not say.
    "first" is the opposite of NumPy, so that code which relies on the order is found out."""


def prepared(x: Any, key: Any) -> tuple[tuple[Any, ...], str]:
    """An index for NumPy, and of what kind it is: "view", "array" or "mask"."""
    entries = list(key) if isinstance(key, tuple) else [key]
    used = sum(map(axes_used, entries))
    if used > x.ndim:
        raise IndexError(f"too many indices for array: {x.ndim}-d, but {used} were indexed")
    out, axis, kind = [], 0, "view"
    for entry in entries:
        if entry is Ellipsis:
            axis += x.ndim - used
            out.append(entry)
            continue
        if is_basic(entry):
            out.append(entry)
        else:
            a = index_array(x, entry)
            if a.dtype.kind == "b":
                kind = "mask"
            else:
                kind = "array" if kind == "view" else kind
                a = wrapped(a, x.shape[axis])
            out.append(a)
        axis += axes_used(entry)
    if sum(isinstance(o, np.ndarray) and o.dtype.kind == "b" for o in out) > 1:
        raise NotImplementedError("more than one boolean array in an index")
    return tuple(out), kind


def is_basic(entry: Any) -> bool:
    """Whether a part of an index makes a view."""
    from ._array import ndarray

    if isinstance(entry, slice):
        if any(isinstance(v, ndarray) for v in (entry.start, entry.stop, entry.step)):
            raise TypeError("slice indices must be integers or None or have an __index__")
        return True
    whole = isinstance(entry, int | np.integer) and not isinstance(entry, bool)
    return entry is None or whole


def axes_used(entry: Any) -> int:
    """How many axes a part of an index uses up."""
    if entry is None or entry is Ellipsis:
        return 0
    if isinstance(entry, bool | np.bool_):
        return 0
    if getattr(entry, "dtype", np.dtype(int)).kind == "b":
        return entry.ndim
    if isinstance(entry, list) and entry:
        a = np.asarray(entry, dtype=object)
        return a.ndim if isinstance(a.flat[0], bool | np.bool_) else 1
    return 1


def index_array(x: Any, entry: Any) -> np.ndarray:
    """An array among the parts of an index; lists and host arrays are uploaded."""
    from ._array import ndarray, on_this_device

    if isinstance(entry, ndarray):
        a = on_this_device(entry)
    else:
        a = np.asarray(entry)
        if isinstance(entry, list | tuple) and a.size == 0:
            a = a.astype(np.int32)
        statistics.upload(a.nbytes)
    if a.dtype.kind not in "biu":
        raise IndexError(
            f"arrays used as indices must be of integer or boolean type. (actual: {a.dtype.type})"
        )
    return a


def wrapped(a: np.ndarray, length: int) -> np.ndarray:
    """Indices as a kernel sees them, which cannot raise."""
    return np.mod(a.astype(np.int64), length) if length else a


def store(a: np.ndarray, index: tuple[Any, ...], values: np.ndarray) -> None:
    """a[index] = values, where of equal places the first one wins (``settings.duplicates``)."""
    if settings.duplicates != "first":
        a[index] = values
        return
    places = np.arange(a.size).reshape(a.shape)[index]
    backwards = np.broadcast_to(values, places.shape).reshape(-1)[::-1]
    order = np.unravel_index(places.reshape(-1)[::-1], a.shape)
    a[order] = backwards.astype(a.dtype, copy=False)
