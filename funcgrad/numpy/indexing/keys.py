"""NumPy's indexing on tracers, functional updates, and functions that take by position."""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from ...arrays import is_array
from ...core.tracing import Tracer, aval_of
from ...errors import ConcretizationError, TracerError
from ...ops.shape import broadcast_to, cast, inverse_permutation, reshape, transpose
from ...ops.structural.gather import gather, index_add, scatter
from ...ops.structural.indexing import FULL, index, index_put, index_set
from ...typing import Array, ArrayLike
from ..protocol import METHODS, array, as_operand

Index: TypeAlias = "ArrayLike | slice | EllipsisType | tuple[Any, ...] | None"
"""An index, as between the brackets of ``x[...]``: an entry, or a tuple of them."""


class Plan:
    """An index brought to normal form: a static key, then a gather along some axes."""

    __slots__ = ("arrays", "axes", "key", "place", "static")

    def __init__(
        self, key: Sequence[Any], axes: Sequence[int], arrays: list[Array], place: int
    ) -> None:
        self.key: tuple[Any, ...] = tuple(key)
        self.axes: tuple[int, ...] = tuple(axes)
        self.arrays: list[Array] = arrays
        self.place: int = place
        self.static: bool = all(k == FULL for k in self.key)


def _is_int(k: object) -> bool:
    return isinstance(k, int | np.integer) and not isinstance(k, bool | np.bool_)


def _entries(key: Index) -> list[Any]:
    entries = list(key) if isinstance(key, tuple) else [key]
    return [array(k) if isinstance(k, list) else k for k in entries]


def _is_flag(k: object) -> bool:
    """True for an index entry without axes that is a boolean: it adds an axis and takes 0 or 1."""
    return isinstance(k, bool | np.bool_) or _mask_ndim(k) == 0


def _width(k: object) -> int:
    """The number of axes of the array to which an index entry belongs."""
    if k is None or k is Ellipsis or _is_flag(k):
        return 0
    return _mask_ndim(k) or 1


def with_flag_axes(x: Array, key: Index) -> tuple[Any, Any]:
    """The array with an axis of one for each boolean without axes, and the index of that array."""
    entries = _entries(key)
    if not any(map(_is_flag, entries)):
        return x, key
    shape = list(x.shape)
    rest = len(shape) - sum(map(_width, entries))
    axis = 0
    for i, k in enumerate(entries):
        if _is_flag(k):
            shape.insert(axis, 1)
            entries[i] = np.flatnonzero(np.atleast_1d(np.asarray(mask_value(k))))
            axis += 1
        else:
            axis += rest if k is Ellipsis else _width(k)
    return reshape(x, shape=tuple(shape)), tuple(entries)


def expand_entries(shape: tuple[int, ...], key: Index) -> list[Any]:
    """Index entries one per axis (None apart): ellipsis filled in, masks as integer arrays."""
    entries = _entries(key)
    if sum(k is Ellipsis for k in entries) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    used = sum(map(_width, entries))
    if used > len(shape):
        raise IndexError(
            f"too many indices: the array has shape {tuple(shape)}, but {used} were given"
        )
    fill = [slice(None)] * (len(shape) - used)
    expanded: list[Any] = []
    axis = 0
    for k in entries:
        if k is Ellipsis:
            expanded += fill
            axis += len(fill)
            continue
        ndim = _mask_ndim(k)
        if ndim is None:
            expanded.append(k)
        else:
            _check_mask(k, shape, axis)
            expanded += list(np.nonzero(mask_value(k)))
        axis += _width(k)
    return expanded if any(k is Ellipsis for k in entries) else [*expanded, *fill]


def _check_mask(mask: Array, shape: tuple[int, ...], axis: int) -> None:
    wanted = tuple(shape[axis : axis + len(mask.shape)])
    if tuple(mask.shape) != wanted:
        raise IndexError(
            f"a boolean index of shape {tuple(mask.shape)} does not fit axes of shape {wanted}"
        )


def _mask_ndim(k: Any) -> int | None:
    if isinstance(k, Tracer) or is_array(k):
        return len(k.shape) if k.dtype.kind == "b" else None
    return None


def mask_value(mask: Array) -> Array:
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


def make_plan(shape: tuple[int, ...], index_key: Index) -> Plan:
    """Normalise an index of an array of given shape."""
    entries = expand_entries(shape, index_key)
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


def _index_array(k: ArrayLike, axis: int) -> Array:
    a = array(k)
    if aval_of(a).dtype.kind not in "iu":
        if getattr(a, "size", 1) == 0:
            return np.zeros(a.shape, np.intp)
        raise IndexError(
            f"only integers, slices, ..., None and integer or boolean arrays are valid indices; "
            f"axis {axis} got {type(k).__name__} {aval_of(a)}"
        )
    return positions(a)


def positions(k: ArrayLike) -> Array:
    """Integer positions in a type in which the length of every axis can be added to them."""
    a = array(k)
    return a if not hasattr(a, "dtype") or a.dtype.itemsize == 8 else cast(a, np.dtype(np.intp))


def _broadcast_indices(arrays: list[Any]) -> list[Any]:
    shape = np.broadcast_shapes(*[tuple(getattr(a, "shape", ())) for a in arrays])
    return [broadcast_to(a, shape) if getattr(a, "shape", ()) != shape else a for a in arrays]


def _front(x: Array, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
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


def simple_key(key: Index, shape: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The static key of one integer or slice, or of a tuple of them; None of anything else."""
    entries = key if type(key) is tuple else (key,)
    if len(entries) > len(shape):
        return None
    static: list[Any] = []
    for k, size in zip(entries, shape, strict=False):
        if type(k) is int:
            if not -size <= k < size:
                return None  # the plan says what is wrong
            static.append(k)
        elif type(k) is slice and type(size) is int:
            for part in (k.start, k.stop, k.step):
                if part is not None and type(part) is not int:
                    return None
            static.append(_slice_key(k, size))
        else:
            return None
    return tuple(static)


def getitem(x: Array, key: Index) -> Array:
    """x[key] with NumPy's meaning."""
    static = simple_key(key, x.shape)
    if static is not None:
        return x if static.count(FULL) == len(static) else index(x, key=static)
    x, key = with_flag_axes(x, key)
    plan = make_plan(x.shape, key)
    y = x if plan.static else index(x, key=plan.key)
    if not plan.axes:
        return y
    y, _ = _front(y, plan.axes)
    out = gather(y, *plan.arrays)
    perm = _placement(plan, len(y.shape))
    return out if perm is None else transpose(out, perm=perm)


def update(x: Array, key: Index, value: ArrayLike, op: str) -> Array:
    """X with x[key] updated by an operation: set, add, mul, min, max."""
    shape = tuple(x.shape)
    x, key = with_flag_axes(x, key)
    if tuple(x.shape) != shape:
        return reshape(update(x, key, value, op), shape=shape)
    plan = make_plan(x.shape, key)
    values = _as_dtype(array(value) if hasattr(value, "dtype") else as_operand(value), x)
    if not plan.axes:
        part = index(x, key=plan.key)
        values = broadcast_to(values, _update_shape(values, part.shape))
        if op == "add" and isinstance(values, Tracer):
            return x + index_put(values, key=plan.key, shape=tuple(x.shape))
        return index_set(x, _combine(part, values, op), key=plan.key)
    y = x if plan.static else index(x, key=plan.key)
    y, perm = _front(y, plan.axes)
    nb = len(plan.arrays[0].shape) if hasattr(plan.arrays[0], "shape") else 0
    idx_shape = tuple(plan.arrays[0].shape) if nb else ()
    rest = tuple(y.shape[len(plan.axes) :])
    target = (*rest[: plan.place], *idx_shape, *rest[plan.place :])
    values = broadcast_to(values, _update_shape(values, target))
    placed = _placement(plan, len(y.shape))
    if placed is not None:
        values = transpose(values, perm=inverse_permutation(placed))
    if op == "add":
        z = index_add(y, values, *plan.arrays)
    else:
        z = scatter(y, values, *plan.arrays, op=op)
    back = inverse_permutation(perm)
    if back != tuple(range(len(back))):
        z = transpose(z, perm=back)
    return z if plan.static else index_set(x, z, key=plan.key)


def _as_dtype(value: Array, x: Array) -> Array:
    """An update in the dtype of the array it goes into, as NumPy's assignment converts it."""
    if value.dtype.kind == "c" and x.dtype.kind != "c":
        raise TracerError(
            f"cannot put {value.dtype} values into an array of {x.dtype}; take .real first"
        )
    return cast(value, x.dtype)


def _update_shape(value: Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    given = tuple(value.shape)
    try:
        ok = np.broadcast_shapes(given, shape) == tuple(shape)
    except ValueError:
        ok = False
    if not ok:
        raise ValueError(f"cannot update elements of shape {tuple(shape)} with shape {given}")
    return tuple(shape)


def _combine(part: Array, value: Array, op: str) -> Array:
    if op == "set":
        return value
    if op == "add":
        return part + value
    if op == "mul":
        return part * value
    return np.minimum(part, value) if op == "min" else np.maximum(part, value)


METHODS["__getitem__"] = getitem
