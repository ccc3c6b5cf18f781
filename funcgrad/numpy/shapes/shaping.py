"""Shapes, axes, joining and splitting, on tracers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.tracing import Tracer
from ...errors import ShapeError
from ...ops import shape as ops
from ...ops.structural import joining
from ...ops.structural.gather import scatter_add
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike, Axes, DTypeLike, Shape
from ..indexing.taking import take
from ..protocol import array, as_operand, axes_of, axes_or_none, axis_of, implements


@implements(np.reshape)
def reshape(
    a: ArrayLike,
    /,
    shape: Shape | None = None,
    order: str = "C",
    *,
    newshape: Shape | None = None,
    copy: bool | None = None,
) -> Array:
    """The elements in another shape, of which one dimension may be -1."""
    a = as_operand(a)
    wanted: Any = newshape if shape is None else shape
    wanted = (wanted,) if isinstance(wanted, int | np.integer) else tuple(int(d) for d in wanted)
    full = _complete(a.shape, wanted)
    if order in ("C", "K") or (order == "A"):
        return ops.reshape(a, shape=full)
    if order != "F":
        raise ValueError(f"reshape: order must be 'C' or 'F', got {order!r}")
    return transpose(ops.reshape(transpose(a), shape=full[::-1]))


def _complete(given: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape with -1 filled in."""
    size = math.prod(given)
    if shape.count(-1) > 1:
        raise ShapeError(f"reshape to {shape}: only one dimension can be -1")
    if -1 in shape:
        rest = math.prod(d for d in shape if d != -1)
        if rest == 0 or size % rest:
            raise ShapeError(f"cannot reshape an array of shape {given} to {shape}")
        return tuple(size // rest if d == -1 else d for d in shape)
    if math.prod(shape) != size:
        raise ShapeError(f"cannot reshape an array of shape {given} to {shape}")
    return shape


@implements(np.ravel)
def ravel(a: ArrayLike, order: str = "C") -> Array:
    """The flat array."""
    return reshape(a, (-1,), order)


@implements(np.transpose, np.permute_dims)
def transpose(a: ArrayLike, axes: Sequence[int] | None = None) -> Array:
    """The axes in another order, by default reversed."""
    a = as_operand(a)
    ndim = len(a.shape)
    perm = tuple(range(ndim))[::-1] if axes is None else tuple(axis_of(i, ndim) for i in axes)
    if len(set(perm)) != ndim:
        raise ValueError(f"axes {axes} do not match an array of shape {a.shape}")
    return a if perm == tuple(range(ndim)) else ops.transpose(a, perm=perm)


@implements(np.matrix_transpose)
def matrix_transpose(x: ArrayLike, /) -> Array:
    """The last two axes exchanged."""
    return swapaxes(x, -1, -2)


@implements(np.swapaxes)
def swapaxes(a: ArrayLike, axis1: int, axis2: int) -> Array:
    """Two axes exchanged."""
    a = as_operand(a)
    perm = list(range(len(a.shape)))
    i, j = axis_of(axis1, len(perm)), axis_of(axis2, len(perm))
    perm[i], perm[j] = j, i
    return transpose(a, perm)


@implements(np.moveaxis)
def moveaxis(a: ArrayLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Array:
    """Axes moved to other places; the rest stay in order."""
    a = as_operand(a)
    ndim = len(a.shape)
    sources = [source] if isinstance(source, int | np.integer) else list(source)
    targets = [destination] if isinstance(destination, int | np.integer) else list(destination)
    if len(sources) != len(targets):
        raise ValueError("moveaxis: source and destination must have as many axes")
    sources = [axis_of(s, ndim) for s in sources]
    targets = [axis_of(t, ndim) for t in targets]
    perm: list[Any] = [i for i in range(ndim) if i not in sources]
    for t, s in sorted(zip(targets, sources, strict=True)):
        perm.insert(int(t), s)
    return transpose(a, perm)


@implements(np.rollaxis)
def rollaxis(a: ArrayLike, axis: int, start: int = 0) -> Array:
    """One axis moved before another one."""
    ndim = len(array(a).shape)
    axis, start = axis_of(axis, ndim), start + ndim if start < 0 else start
    return moveaxis(a, axis, start - 1 if axis < start else start)


@implements(np.expand_dims)
def expand_dims(a: ArrayLike, axis: int | Sequence[int]) -> Array:
    """New axes of size 1."""
    a = as_operand(a)
    axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    ndim = len(a.shape) + len(axes)
    places = {axis_of(i, ndim) for i in axes}
    it = iter(a.shape)
    return ops.reshape(a, shape=tuple(1 if i in places else next(it) for i in range(ndim)))


@implements(np.squeeze)
def squeeze(a: ArrayLike, axis: Axes = None) -> Array:
    """The array without axes of size 1: those that are named, or all."""
    a = as_operand(a)
    if axis is None:
        axes = tuple(i for i, d in enumerate(a.shape) if d == 1)
    else:
        axes = axes_or_none(axis, len(a.shape))
    for i in axes:
        if a.shape[i] != 1:
            raise ValueError(f"cannot squeeze axis {i} of size {a.shape[i]} in shape {a.shape}")
    return ops.reshape(a, shape=tuple(d for i, d in enumerate(a.shape) if i not in axes))


@implements(np.broadcast_to)
def broadcast_to(array: ArrayLike, shape: Shape, subok: bool = False) -> Array:
    """The array repeated along axes, up to a shape."""
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(int(d) for d in shape)
    return ops.broadcast_to(as_operand(array), shape)


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: ArrayLike, subok: bool = False) -> tuple[Array, ...]:
    """Arrays repeated up to the shape that they have in common."""
    arrays = [as_operand(a) for a in args]
    shape = np.broadcast_shapes(*[tuple(a.shape) for a in arrays])
    return tuple(ops.broadcast_to(a, shape) for a in arrays)


def _at_least(n: int) -> Callable[..., Any]:
    def widen(a: ArrayLike) -> Array:
        a = as_operand(a)
        ndim = len(a.shape)
        if ndim >= n:
            return a
        if n < 3 or ndim == 0:
            return ops.reshape(a, shape=(1,) * (n - ndim) + tuple(a.shape))
        if ndim == 1:
            return ops.reshape(a, shape=(1, a.shape[0], 1))
        return ops.reshape(a, shape=(*a.shape, 1))

    def at_least(*arys: ArrayLike) -> Array | tuple[Array, ...]:
        out = tuple(widen(a) for a in arys)
        return out[0] if len(out) == 1 else out

    return at_least


atleast_1d: Callable[..., Array | tuple[Array, ...]] = implements(np.atleast_1d)(_at_least(1))
atleast_2d: Callable[..., Array | tuple[Array, ...]] = implements(np.atleast_2d)(_at_least(2))
atleast_3d: Callable[..., Array | tuple[Array, ...]] = implements(np.atleast_3d)(_at_least(3))


@implements(np.flip)
def flip(m: ArrayLike, axis: Axes = None) -> Array:
    """The elements in reverse order along axes."""
    m = as_operand(m)
    return ops.flip(m, axes=axes_of(axis, len(m.shape)))


@implements(np.fliplr)
def fliplr(m: ArrayLike) -> Array:
    """The elements in reverse order along the second axis."""
    return flip(m, 1)


@implements(np.flipud)
def flipud(m: ArrayLike) -> Array:
    """The elements in reverse order along the first axis."""
    return flip(m, 0)


@implements(np.rot90)
def rot90(m: ArrayLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    """The array turned by quarters in the plane of two axes."""
    k, ndim = k % 4, len(array(m).shape)
    if len(axes) != 2 or len({a % max(ndim, 1) for a in axes}) != 2:
        raise ValueError(f"rot90 needs two different axes, got {axes}")
    if any(not -ndim <= a < ndim for a in axes):
        raise ValueError(f"rot90: axes {axes} of an array with {ndim} axes")
    if k == 0:
        return as_operand(m)
    if k == 2:
        return flip(m, axes)
    turned = swapaxes(m, *axes)
    return flip(turned, axes[0]) if k == 1 else flip(turned, axes[1])


@implements(np.roll)
def roll(a: ArrayLike, shift: int | Sequence[int] | Array, axis: Axes = None) -> Array:
    """The elements moved along axes, round the ends; how far may be traced."""
    out = as_operand(a)
    if axis is None:
        return reshape(roll(ravel(out), shift, 0), out.shape)
    shifts, axes = np.broadcast_arrays(np.atleast_1d(array(shift)), np.atleast_1d(axis))
    for i, k in enumerate(axes.tolist()):
        k = axis_of(k, len(out.shape))
        n = out.shape[k]
        if isinstance(shifts, Tracer):
            out = take(out, (np.arange(n) - shifts[i]) % max(n, 1), k)
            continue
        s = int(shifts[i]) % n if n else 0
        if s:
            head = index(out, key=(FULL,) * k + ((n - s, None, None),))
            tail = index(out, key=(FULL,) * k + ((0, n - s, None),))
            out = joining.concatenate(head, tail, axis=k)
    return out


@implements(np.meshgrid)
def meshgrid(
    *xi: ArrayLike, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Array, ...]:
    """The coordinates of a grid, from those along each axis."""
    arrays = [ravel(as_operand(x)) for x in xi]
    n = len(arrays)
    out = []
    for i, x in enumerate(arrays):
        shape = [1] * n
        shape[i] = x.shape[0]
        out.append(ops.reshape(x, shape=tuple(shape)))
    if not sparse:
        full = tuple(x.shape[0] for x in arrays)
        out = [ops.broadcast_to(x, full) for x in out]
    if indexing == "xy" and n > 1:
        out = [swapaxes(x, 0, 1) for x in out]
    return tuple(out)


def _triangle(keep: Callable[[Array, int], Array]) -> Callable[..., Array]:
    def triangle(m: ArrayLike, k: int = 0) -> Array:
        x = as_operand(m)
        if len(x.shape) < 2:
            x = ops.broadcast_to(x, (x.shape[-1], x.shape[-1]))
        mask = keep(np.ones(x.shape[-2:], bool), k)
        return np.where(mask, x, x.dtype.type(0))

    return triangle


tril: Callable[..., Array] = implements(np.tril)(_triangle(np.tril))
triu: Callable[..., Array] = implements(np.triu)(_triangle(np.triu))


@implements(np.diag)
def diag(v: ArrayLike, k: int = 0) -> Array:
    """The diagonal of a matrix, or a matrix with a diagonal."""
    v = as_operand(v)
    if len(v.shape) == 2:
        return np.diagonal(v, k)
    if len(v.shape) != 1:
        raise ValueError(f"diag needs 1 or 2 axes, got shape {v.shape}")
    n = v.shape[0] + abs(k)
    rows = np.arange(v.shape[0]) + max(-k, 0)
    cols = np.arange(v.shape[0]) + max(k, 0)
    return scatter_add(v, rows, cols, shape=(n, n))


@implements(np.diagflat)
def diagflat(v: ArrayLike, k: int = 0) -> Array:
    """The matrix with the flat array for a diagonal."""
    return diag(ravel(as_operand(v)), k)


@implements(np.shape)
def shape(a: ArrayLike) -> tuple[int, ...]:
    """The shape, which is known of traced values too."""
    return tuple(array(a).shape)


@implements(np.ndim)
def ndim(a: ArrayLike) -> int:
    """The number of axes."""
    return len(array(a).shape)


@implements(np.size)
def size(a: ArrayLike, axis: int | None = None) -> int:
    """The number of elements, or the length of one axis."""
    given = array(a).shape
    return math.prod(given) if axis is None else given[axis]


@implements(np.copy)
def copy(a: ArrayLike, order: str = "K", subok: bool = False) -> Array:
    """The array itself: a traced value cannot be changed."""
    return as_operand(a)


@implements("astype")
def astype(
    x: ArrayLike, dtype: DTypeLike, /, *, copy: bool = True, device: str | None = None
) -> Array:
    """The array in another dtype."""
    return ops.cast(x, np.dtype(dtype))
