"""Functional updates: what ``x[i] = v`` is to plain arrays, as functions that return a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import is_inexact
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...ops.pointwise.comparison import select
from ...ops.shape import convert, reshape
from ...ops.structural.indexing import index
from ...ops.structural.joining import pad
from ...typing import Array, ArrayLike
from ..protocol import array
from .keys import Index, expand_entries, getitem, make_plan, positions, update, with_flag_axes


class _At:
    """``fnp.at(x)``: index it, then name the update."""

    __slots__ = ("x",)

    def __init__(self, x: ArrayLike) -> None:
        self.x: ArrayLike = x

    @user_facing
    def __getitem__(self, key: Index) -> _AtIndex:
        return _AtIndex(self.x, key)

    def __repr__(self) -> str:
        return f"at({self.x!r})"


class _AtIndex:
    """The update methods of ``fnp.at(x)[key]``. Each returns a new array."""

    __slots__ = ("key", "x")

    def __init__(self, x: ArrayLike, key: Index) -> None:
        self.x: ArrayLike = x
        self.key: Index = key

    def _update(self, value: ArrayLike, op: str, mode: str | None, hints: dict[str, bool]) -> Array:
        _check_hints(hints)
        given = array(self.x)
        x, key = with_flag_axes(given, self.key)
        if mode in ("drop", "fill"):
            out = _update_dropping(x, key, value, op)
        else:
            out = update(x, _with_mode(x, key, mode), value, op)
        return out if out.shape == given.shape else reshape(out, shape=given.shape)

    @user_facing
    def set(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with the elements replaced; of repeated indices the last counts."""
        return self._update(values, "set", mode, hints)

    @user_facing
    def add(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with values added; repeated indices add up."""
        return self._update(values, "add", mode, hints)

    @user_facing
    def subtract(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with values subtracted; repeated indices add up."""
        return self._update(-array(values), "add", mode, hints)

    @user_facing
    def multiply(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with elements multiplied; repeated indices multiply up."""
        return self._update(values, "mul", mode, hints)

    mul = multiply

    @user_facing
    def divide(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array of floating-point numbers with elements divided."""
        dtype = array(self.x).dtype
        if not is_inexact(dtype):
            raise TypeError(f"division does not give {dtype}; write fnp.at(x.astype(float))")
        return self._update(1 / array(values), "mul", mode, hints)

    @user_facing
    def power(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with elements raised to a power."""
        return self.set(self.get(mode=mode) ** values, mode=mode, **hints)

    @user_facing
    def min(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with elements replaced by the smaller of them and the values."""
        return self._update(values, "min", mode, hints)

    @user_facing
    def max(self, values: ArrayLike, *, mode: str | None = None, **hints: bool) -> Array:
        """The array with elements replaced by the larger of them and the values."""
        return self._update(values, "max", mode, hints)

    @user_facing
    def apply(
        self, func: Callable[[Array], Array], *, mode: str | None = None, **hints: bool
    ) -> Array:
        """The array with a function applied to the elements."""
        return self.set(func(self.get(mode=mode)), mode=mode, **hints)

    @user_facing
    def get(
        self, *, mode: str | None = None, fill_value: ArrayLike | None = None, **hints: bool
    ) -> Array:
        """The elements themselves; mode is None (raise), 'clip', 'wrap' or 'fill'.

        With 'fill' and without fill_value, elements out of range are NaN, of integers the smallest
        number if they have a sign and else the largest one, and True.
        """
        _check_hints(hints)
        x, key = with_flag_axes(array(self.x), self.key)
        if mode not in ("fill", "drop"):
            return getitem(x, _with_mode(x, key, mode))
        valid, key = _valid_lanes(x, key)
        out = getitem(x, key)
        place = make_plan(tuple(x.shape), key).place
        behind = len(out.shape) - place - len(valid.shape)
        valid = reshape(valid, shape=(1,) * place + tuple(valid.shape) + (1,) * behind)
        return select(valid, out, convert(filling(fill_value, x.dtype), dtype=x.dtype))


def _check_hints(hints: dict[str, bool]) -> None:
    """Raise unless all are hints of JAX about indices, which change nothing."""
    for name in hints:
        if name not in ("indices_are_sorted", "unique_indices"):
            raise TypeError(
                f"unknown argument {name}=; beside mode= there are indices_are_sorted= and "
                "unique_indices=, which change nothing"
            )


def filling(fill_value: ArrayLike | None, dtype: np.dtype) -> ArrayLike:
    """What stands for elements out of range, by default as JAX has it."""
    if fill_value is not None:
        return fill_value
    if is_inexact(dtype):
        return np.nan
    if dtype.kind == "b":
        return True
    return np.iinfo(dtype).min if dtype.kind == "i" else np.iinfo(dtype).max


def _with_mode(x: Array, key: Index, mode: str | None) -> Index:
    """An index whose integers are moved into range as a mode says."""
    if mode in (None, "raise", "promise_in_bounds"):
        return key
    if mode not in ("clip", "wrap"):
        raise ValueError(f"unknown index mode {mode!r}: use None, 'clip', 'wrap', 'fill' or 'drop'")
    entries = expand_entries(x.shape, key)
    axis = 0
    out: list[Any] = []
    for k in entries:
        if k is None:
            out.append(k)
            continue
        n = x.shape[axis]
        axis += 1
        if isinstance(k, slice):
            out.append(k)
        elif mode == "wrap":
            out.append(positions(k) % n)
        else:
            moved = positions(k)
            moved = np.where(moved < 0, moved + n, moved)
            out.append(np.clip(moved, 0, n - 1))
    return tuple(out)


def _valid_lanes(x: Array, key: Index) -> tuple[Array, Index]:
    """The mask of the index arrays' entries in range, and the index with the others at 0."""
    entries = expand_entries(x.shape, key)
    valid: Any = None
    out: list[Any] = []
    axis = 0
    for k in entries:
        if k is None or isinstance(k, slice):
            out.append(k)
            axis += k is not None
            continue
        n = x.shape[axis]
        axis += 1
        a = positions(k)
        inside = (a >= -n) & (a < n)
        valid = inside if valid is None else valid & inside
        out.append(np.where(inside, a, 0))
    if valid is None:
        return np.array(True)[()], tuple(out)
    return valid, tuple(out)


def _update_dropping(x: Array, key: Index, value: ArrayLike, op: str) -> Array:
    """An update that skips indices out of range: they go to a row that is cut off again."""
    entries = expand_entries(x.shape, key)
    axis = 0
    out: list[Any] = []
    config = [(0, 0, 0)] * len(x.shape)
    for k in entries:
        if k is None or isinstance(k, slice):
            out.append(_fixed_slice(k, x.shape[axis]) if k is not None else None)
            axis += k is not None
            continue
        n = x.shape[axis]
        a = positions(k)
        a = np.where(a < 0, a + n, a)
        out.append(np.where((a >= 0) & (a < n), a, n))
        config[axis] = (0, 1, 0)
        axis += 1
    wide = update(pad(x, 0, tuple(config)), tuple(out), value, op)
    return index(wide, key=tuple((0, n, None) for n in x.shape))


def _fixed_slice(k: slice, size: int) -> slice:
    """A slice with the ends it has for a given size, whatever is appended to the axis."""
    start, stop, step = k.indices(size)
    return slice(start, None if stop < 0 else stop, step)


@user_facing
def at(x: ArrayLike) -> _At:
    """Functional updates: ``at(x)[key].set(v)`` is x with x[key] = v, for arrays and tracers alike.

    Args:
        x: array.

    Returns:
        An object to index, with the methods set, add, subtract, multiply, divide, power, min, max,
        apply and get. Each returns a new array; x is unchanged. ``mode=`` says what becomes of
        indices out of range: None raises, 'clip', 'wrap', 'drop', and 'fill' with ``fill_value=``
        of ``get``. ``indices_are_sorted=`` and ``unique_indices=`` change nothing.

    >>> at(np.zeros(3))[1].set(5.0)
    array([0., 5., 0.])
    """
    return _At(x)


Tracer.at = property(_At)  # type: ignore[attr-defined]
