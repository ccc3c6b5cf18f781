"""NumPy's indexing on tracers, functional updates, and functions that take by position."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tracing import Tracer, aval_of
from ..errors import ConcretizationError, TracerError
from ..ops.comparison import select
from ..ops.indexing import (
    FULL,
    gather,
    index,
    index_put,
    index_set,
    scatter,
    scatter_add,
)
from ..ops.joining import pad
from ..ops.shape import broadcast_to, cast, inverse_permutation, reshape, transpose
from ..ops.sorting import take_along
from .protocol import array, axis_of, implements, refuse, strong


class Plan:
    """An index brought to normal form: a static key, then a gather along some axes."""

    __slots__ = ("arrays", "axes", "key", "place", "static")

    def __init__(self, key: Any, axes: Any, arrays: Any, place: int) -> None:
        self.key = tuple(key)
        self.axes = tuple(axes)
        self.arrays = arrays
        self.place = place
        self.static = all(k == FULL for k in self.key)


def _is_int(k: Any) -> bool:
    return isinstance(k, int | np.integer) and not isinstance(k, bool | np.bool_)


def _expand_entries(shape: tuple[int, ...], key: Any) -> list[Any]:
    """Index entries one per axis (None apart): ellipsis filled in, masks as integer arrays."""
    entries = list(key) if isinstance(key, tuple) else [key]
    entries = [array(k) if isinstance(k, list) else k for k in entries]
    expanded: list[Any] = []
    for k in entries:
        if isinstance(k, bool | np.bool_) or _mask_ndim(k) == 0:
            expanded += [None, np.nonzero(np.atleast_1d(np.asarray(_mask_value(k))))[0]]
        elif _mask_ndim(k) is not None:
            expanded += list(np.nonzero(_mask_value(k)))
        else:
            expanded.append(k)
    used = sum(1 for k in expanded if k is not None and k is not Ellipsis)
    used -= sum(1 for k in entries if isinstance(k, bool | np.bool_) or _mask_ndim(k) == 0)
    dots = [i for i, k in enumerate(expanded) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > len(shape):
        raise IndexError(
            f"too many indices: the array has shape {tuple(shape)}, but {used} were given"
        )
    fill = [slice(None)] * (len(shape) - used)
    if dots:
        return [*expanded[: dots[0]], *fill, *expanded[dots[0] + 1 :]]
    return [*expanded, *fill]


def _mask_ndim(k: Any) -> int | None:
    if isinstance(k, Tracer | np.ndarray | np.bool_) and k.dtype.kind == "b":
        return len(k.shape)
    return None


def _mask_value(mask: Any) -> Any:
    """The concrete value of a boolean mask, since its number of elements must be known."""
    if not isinstance(mask, Tracer):
        return mask
    try:
        return mask.concrete("a boolean mask")
    except ConcretizationError as error:
        raise ConcretizationError(
            f"{error} The result of indexing with a mask has a data-dependent shape: use "
            "fnp.where(mask, x, 0) instead."
        ) from None


def make_plan(shape: tuple[int, ...], index_key: Any) -> Plan:
    """Normalise an index of an array of given shape."""
    entries = _expand_entries(shape, index_key)
    key: list[Any] = []
    axes: list[int] = []
    arrays: list[Any] = []
    positions: list[int] = []
    advanced = any(k is not None and not isinstance(k, slice) and not _is_int(k) for k in entries)
    axis = 0
    out_axis = 0
    for i, k in enumerate(entries):
        if k is None:
            key.append(None)
            out_axis += 1
            continue
        if isinstance(k, slice):
            key.append(_slice_key(k, shape[axis]))
            out_axis += 1
        elif _is_int(k) and not advanced:
            key.append(int(k))
        else:
            key.append(FULL)
            axes.append(out_axis)
            arrays.append(_index_array(k, axis))
            positions.append(i)
            out_axis += 1
        axis += 1
    if not arrays:
        return Plan(key, (), [], 0)
    # A 0-d mask adds an axis of its own, which its index array then takes.
    joined = positions[-1] - positions[0] + 1 == len(positions)
    place = axes[0] if joined else 0
    return Plan(key, axes, _broadcast_indices(arrays), place)


def _slice_key(k: slice, size: int) -> Any:
    parts = []
    for part in (k.start, k.stop, k.step):
        if isinstance(part, Tracer):
            part = part.__index__()
        parts.append(None if part is None else int(part))
    start, stop, step = slice(*parts).indices(size)
    if (start, stop, step) == (0, size, 1):
        return FULL
    if step < 0 and stop < 0:
        return (start, None, step)
    return (start, stop, None if step == 1 else step)


def _index_array(k: Any, axis: int) -> Any:
    a = array(k)
    if aval_of(a).dtype.kind not in "iu":
        if getattr(a, "size", 1) == 0:
            return np.zeros(a.shape, np.intp)
        raise IndexError(
            f"only integers, slices, ..., None and integer or boolean arrays are valid indices; "
            f"axis {axis} got {type(k).__name__} {aval_of(a)}"
        )
    return a


def _broadcast_indices(arrays: list[Any]) -> list[Any]:
    shape = np.broadcast_shapes(*[tuple(getattr(a, "shape", ())) for a in arrays])
    return [broadcast_to(a, shape) if getattr(a, "shape", ()) != shape else a for a in arrays]


def _front(x: Any, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """X with some axes first, and the permutation that did it."""
    rest = tuple(i for i in range(len(x.shape)) if i not in axes)
    perm = (*axes, *rest)
    return (x if perm == tuple(range(len(perm))) else transpose(x, perm=perm)), perm


def _placement(plan: Plan, ndim: int) -> tuple[int, ...] | None:
    """The permutation that moves the axes of the index arrays from the front to their place."""
    nb = len(plan.arrays[0].shape) if hasattr(plan.arrays[0], "shape") else 0
    total = nb + ndim - len(plan.axes)
    if plan.place == 0 or nb == 0:
        return None
    rest = list(range(nb, total))
    perm = (*rest[: plan.place], *range(nb), *rest[plan.place :])
    return perm


def getitem(x: Any, key: Any) -> Any:
    """x[key] with NumPy's meaning."""
    plan = make_plan(x.shape, key)
    y = x if plan.static else index(x, key=plan.key)
    if not plan.axes:
        return y
    y, _ = _front(y, plan.axes)
    out = gather(y, *plan.arrays)
    perm = _placement(plan, len(y.shape))
    return out if perm is None else transpose(out, perm=perm)


def update(x: Any, key: Any, value: Any, op: str) -> Any:
    """X with x[key] updated by an operation: set, add, mul, min, max."""
    plan = make_plan(x.shape, key)
    value = strong(value) if not hasattr(value, "dtype") else value
    value = _as_dtype(value, x)
    if not plan.axes:
        part = index(x, key=plan.key)
        value = broadcast_to(value, _update_shape(value, part.shape))
        if op == "add":
            if isinstance(x, Tracer) or isinstance(value, Tracer):
                return x + index_put(value, key=plan.key, shape=tuple(x.shape))
        return index_set(x, _combine(part, value, op), key=plan.key)
    y = x if plan.static else index(x, key=plan.key)
    y, perm = _front(y, plan.axes)
    nb = len(plan.arrays[0].shape) if hasattr(plan.arrays[0], "shape") else 0
    idx_shape = tuple(plan.arrays[0].shape) if nb else ()
    rest = tuple(y.shape[len(plan.axes) :])
    target = (*rest[: plan.place], *idx_shape, *rest[plan.place :])
    value = broadcast_to(value, _update_shape(value, target))
    placed = _placement(plan, len(y.shape))
    if placed is not None:
        value = transpose(value, perm=inverse_permutation(placed))
    if op == "add":
        z = y + scatter_add(value, *plan.arrays, shape=tuple(y.shape))
    else:
        z = scatter(y, value, *plan.arrays, op=op)
    back = inverse_permutation(perm)
    if back != tuple(range(len(back))):
        z = transpose(z, perm=back)
    return z if plan.static else index_set(x, z, key=plan.key)


def _as_dtype(value: Any, x: Any) -> Any:
    """An update in the dtype of the array it goes into, as NumPy's assignment converts it."""
    if value.dtype.kind == "c" and x.dtype.kind != "c":
        raise TracerError(
            f"cannot put {value.dtype} values into an array of {x.dtype}; take .real first"
        )
    return cast(value, x.dtype)


def _update_shape(value: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    given = tuple(value.shape)
    try:
        ok = np.broadcast_shapes(given, shape) == tuple(shape)
    except ValueError:
        ok = False
    if not ok:
        raise ValueError(f"cannot update elements of shape {tuple(shape)} with shape {given}")
    return tuple(shape)


def _combine(part: Any, value: Any, op: str) -> Any:
    if op == "set":
        return value
    if op == "add":
        return part + value
    if op == "mul":
        return part * value
    return np.minimum(part, value) if op == "min" else np.maximum(part, value)


class _At:
    """``fnp.at(x)``: index it, then name the update."""

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __getitem__(self, key: Any) -> _AtIndex:
        return _AtIndex(self.x, key)

    def __repr__(self) -> str:
        return f"at({self.x!r})"


class _AtIndex:
    """The update methods of ``fnp.at(x)[key]``. Each returns a new array."""

    __slots__ = ("key", "x")

    def __init__(self, x: Any, key: Any) -> None:
        self.x = x
        self.key = key

    def _update(self, value: Any, op: str, mode: str | None) -> Any:
        x = array(self.x)
        if mode in ("drop", "fill"):
            return _update_dropping(x, self.key, value, op)
        return update(x, _with_mode(x, self.key, mode), value, op)

    def set(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with the elements replaced; of repeated indices the last counts."""
        return self._update(value, "set", mode)

    def add(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with values added; repeated indices add up."""
        return self._update(value, "add", mode)

    def subtract(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with values subtracted; repeated indices add up."""
        return self._update(-array(value), "add", mode)

    def multiply(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with elements multiplied; repeated indices multiply up."""
        return self._update(value, "mul", mode)

    mul = multiply

    def divide(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with elements divided."""
        return self._update(1 / array(value), "mul", mode)

    def power(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with elements raised to a power."""
        return self.set(self.get(mode=mode) ** value, mode=mode)

    def min(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with elements replaced by the smaller of them and the values."""
        return self._update(value, "min", mode)

    def max(self, value: Any, *, mode: str | None = None) -> Any:
        """The array with elements replaced by the larger of them and the values."""
        return self._update(value, "max", mode)

    def apply(self, ufunc: Any, *, mode: str | None = None) -> Any:
        """The array with a function applied to the elements."""
        return self.set(ufunc(self.get(mode=mode)), mode=mode)

    def get(self, *, mode: str | None = None, fill_value: Any = None) -> Any:
        """The elements themselves; mode is None (raise), 'clip', 'wrap' or 'fill'."""
        x = array(self.x)
        if mode in ("fill", "drop"):
            valid, key = _valid_lanes(x, self.key)
            fill = fill_value
            if fill is None:
                fill = np.nan if x.dtype.kind in "fc" else 0
            out = getitem(x, key)
            extra = (1,) * (len(out.shape) - len(valid.shape))
            return select(reshape(valid, shape=(*valid.shape, *extra)), out, x.dtype.type(fill))
        return getitem(x, _with_mode(x, self.key, mode))


def _with_mode(x: Any, key: Any, mode: str | None) -> Any:
    """An index whose integers are moved into range as a mode says."""
    if mode in (None, "raise", "promise_in_bounds"):
        return key
    if mode not in ("clip", "wrap"):
        raise ValueError(f"unknown index mode {mode!r}: use None, 'clip', 'wrap', 'fill' or 'drop'")
    entries = _expand_entries(x.shape, key)
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
            out.append(array(k) % n)
        else:
            moved = array(k)
            moved = np.where(moved < 0, moved + n, moved)
            out.append(np.clip(moved, 0, n - 1))
    return tuple(out)


def _valid_lanes(x: Any, key: Any) -> tuple[Any, Any]:
    """Which entries of the index arrays are in range, and the index with the others at 0."""
    entries = _expand_entries(x.shape, key)
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
        a = array(k)
        inside = (a >= -n) & (a < n)
        valid = inside if valid is None else valid & inside
        out.append(np.where(inside, a, 0))
    if valid is None:
        return np.True_, tuple(out)
    return valid, tuple(out)


def _update_dropping(x: Any, key: Any, value: Any, op: str) -> Any:
    """An update that skips indices out of range: they go to a row that is cut off again."""
    entries = _expand_entries(x.shape, key)
    axis = 0
    out: list[Any] = []
    config = [(0, 0, 0)] * len(x.shape)
    for k in entries:
        if k is None or isinstance(k, slice):
            out.append(_fixed_slice(k, x.shape[axis]) if k is not None else None)
            axis += k is not None
            continue
        n = x.shape[axis]
        a = array(k)
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


def at(x: Any) -> _At:
    """Functional updates: ``at(x)[key].set(v)`` is x with x[key] = v, for arrays and tracers alike.

    Args:
        x: array.

    Returns:
        An object to index, with the methods set, add, subtract, mul, divide, power, min, max,
        apply and get. Each returns a new array; x is unchanged.

    >>> at(np.zeros(3))[1].set(5.0)
    array([0., 5., 0.])
    """
    return _At(x)


Tracer.__getitem__ = getitem  # type: ignore[attr-defined]
Tracer.at = property(_At)  # type: ignore[attr-defined]


@implements(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    refuse("np.take", out=out)
    a = strong(a)
    if axis is None:
        a, axis = reshape(a, shape=(a.size,)), 0
    axis = axis_of(axis, len(a.shape))
    key = (slice(None),) * axis + (array(indices),)
    return getitem(a, _with_mode(a, key, None if mode == "raise" else mode))


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = strong(arr), array(indices)
    if axis is None:
        arr, axis = reshape(arr, shape=(arr.size,)), 0
    return take_along(arr, indices, axis_of(axis, len(arr.shape)))


@implements(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    refuse("np.compress", out=out)
    return take(a, np.flatnonzero(_mask_value(array(condition))), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    arr = strong(arr)
    mask = np.ravel(_mask_value(array(condition)))
    return take(reshape(arr, shape=(arr.size,)), np.flatnonzero(mask), 0)


@implements(np.select)
def select_list(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("np.select needs as many choices as conditions")
    out = default
    for c, x in reversed(list(zip(condlist, choicelist, strict=True))):
        out = np.where(c, x, out)
    return strong(out)


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    refuse("np.choose", out=out)
    choices = [strong(c) for c in choices]
    shape = np.broadcast_shapes(tuple(array(a).shape), *[tuple(c.shape) for c in choices])
    dtype = np.result_type(*[c.dtype for c in choices])
    stacked = array([broadcast_to(cast(c, dtype), shape) for c in choices])
    idx = broadcast_to(array(a), shape)
    return take_along(stacked, reshape(idx, shape=(1, *shape)), 0)[0]


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = strong(a)
    ndim = len(a.shape)
    i, j = axis_of(axis1, ndim), axis_of(axis2, ndim)
    if i == j:
        raise ValueError("axis1 and axis2 cannot be the same")
    rest = tuple(k for k in range(ndim) if k not in (i, j))
    moved = transpose(a, perm=(*rest, i, j))
    rows, cols = a.shape[i], a.shape[j]
    start = (0, offset) if offset >= 0 else (-offset, 0)
    count = max(0, min(rows - start[0], cols - start[1]))
    steps = np.arange(count)
    return getitem(moved, (Ellipsis, steps + start[0], steps + start[1]))


@implements(np.nonzero)
def nonzero(a: Any) -> Any:
    return np.nonzero(_mask_value(array(a) != 0))


@implements(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    return np.flatnonzero(_mask_value(array(a) != 0))


@implements(np.argwhere)
def argwhere(a: Any) -> Any:
    return np.argwhere(_mask_value(array(a) != 0))


@implements(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> Any:
    raise TracerError(
        "np.copyto writes a traced value into an array, which would drop its derivative. Write "
        "dst = fnp.where(mask, src, dst), or dst = fnp.at(dst)[:].set(src)."
    )


@implements(np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal)
def in_place(*args: Any, **kwargs: Any) -> Any:
    raise TracerError(
        "this NumPy function changes an array in place, which would drop derivatives. Write "
        "x = fnp.at(x)[i].set(v), or fnp.where(mask, v, x)."
    )

