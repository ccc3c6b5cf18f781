"""Differences and integrals along an axis, on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.shape import cast
from ..typing import Array, ArrayLike, Axes
from .protocol import as_operand, axis_of, given, implements, inexact, promoted

_NONE: Any = np._NoValue


def _one_axis(values: Array, k: int, ndim: int) -> Array:
    """A vector along axis k of an array with ndim axes."""
    return np.reshape(values, (1,) * k + (-1,) + (1,) * (ndim - k - 1))


def _part(f: Array, k: int, start: int | None, stop: int | None) -> Array:
    return f[(slice(None),) * k + (slice(start, stop),)]


@implements(np.gradient)
def gradient(
    f: ArrayLike, *varargs: ArrayLike, axis: Axes = None, edge_order: int = 1
) -> Array | tuple[Array, ...]:
    """Slopes along axes by central differences, of first or second order at the ends."""
    f = inexact(f)
    ndim = len(f.shape)
    chosen = range(ndim) if axis is None else ([axis] if isinstance(axis, int) else axis)
    axes = [axis_of(k, ndim) for k in chosen]
    same = [np.ndim(h) for h in varargs] == [0]
    spacings = varargs * len(axes) if same else (varargs or (1.0,) * len(axes))
    if len(spacings) != len(axes):
        raise TypeError(f"np.gradient: {len(spacings)} spacings for {len(axes)} axes")
    if edge_order not in (1, 2):
        raise ValueError(f"np.gradient: edge_order must be 1 or 2, got {edge_order}")
    for k in axes:
        if f.shape[k] < edge_order + 1:
            raise ValueError(f"np.gradient: axis {k} needs at least {edge_order + 1} elements")
    out = [_slope(f, k, h, edge_order) for k, h in zip(axes, spacings, strict=True)]
    return out[0] if len(out) == 1 else tuple(out)


def _slope(f: Array, k: int, h: ArrayLike, edge_order: int) -> Array:
    """Second-order differences along one axis, for uneven spacing too."""
    n, ndim = f.shape[k], len(f.shape)
    if np.ndim(h):
        h = diff(h)
        steps = _one_axis(h, k, ndim)
    else:
        steps = np.reshape(
            as_operand(h) if hasattr(h, "dtype") else h * np.ones((), f.real.dtype), (1,) * ndim
        )
        steps = np.broadcast_to(steps, tuple(n - 1 if i == k else 1 for i in range(ndim)))
    slopes = (_part(f, k, 1, None) - _part(f, k, None, -1)) / steps
    before, after = _part(steps, k, None, -1), _part(steps, k, 1, None)
    left, right = _part(slopes, k, None, -1), _part(slopes, k, 1, None)
    inner = (left * after + right * before) / (before + after)
    first, last = _part(slopes, k, None, 1), _part(slopes, k, -1, None)
    if edge_order == 2:
        first = (
            2 * first - _part(inner, k, None, 1)
            if not np.ndim(h)
            else first
            - (
                (_part(right, k, None, 1) - first)
                * _part(before, k, None, 1)
                / _part(before + after, k, None, 1)
            )
        )
        last = (
            2 * last - _part(inner, k, -1, None)
            if not np.ndim(h)
            else last
            + (
                (last - _part(left, k, -1, None))
                * _part(after, k, -1, None)
                / _part(before + after, k, -1, None)
            )
        )
    return cast(np.concatenate([first, inner, last], axis=k), f.dtype)


@implements(np.diff)
def diff(
    a: ArrayLike,
    n: int = 1,
    axis: int = -1,
    prepend: ArrayLike = _NONE,
    append: ArrayLike = _NONE,
) -> Array:
    """Differences of neighbours along an axis, taken n times."""
    if n < 0:
        raise ValueError(f"np.diff: n must not be negative, got {n}")
    a = as_operand(a)
    if n == 0:
        return a
    a = np.moveaxis(a, axis, 0)
    parts = [_end(prepend, a, axis), a, _end(append, a, axis)]
    a = np.concatenate([x for x in parts if x is not None])
    for _ in range(n):
        a = a[1:] != a[:-1] if a.dtype.kind == "b" else a[1:] - a[:-1]
    return np.moveaxis(a, 0, axis)


def _end(end: ArrayLike, a: Array, axis: int) -> Array | None:
    """The elements that prepend= or append= puts beside an array, the differenced axis first."""
    if not given(end):
        return None
    end = as_operand(end)
    if not len(end.shape):
        return np.broadcast_to(end, (1, *a.shape[1:]))
    return np.moveaxis(end, axis, 0)


@implements(np.ediff1d)
def ediff1d(
    ary: ArrayLike, to_end: ArrayLike | None = None, to_begin: ArrayLike | None = None
) -> Array:
    """Differences of neighbours in the flat array, between two given ends."""
    ary = as_operand(ary)
    if ary.dtype.kind == "b":
        raise TypeError("np.ediff1d: truth values cannot be subtracted")
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is not None and not np.can_cast(as_operand(end).dtype, ary.dtype, "same_kind"):
            raise TypeError(f"np.ediff1d: {name} of {as_operand(end).dtype} in {ary.dtype}")
    parts = [to_begin, diff(np.ravel(ary)), to_end]
    return np.concatenate(
        [cast(np.ravel(as_operand(p)), ary.dtype) for p in parts if p is not None]
    )


@implements(np.trapezoid)
def trapezoid(
    y: ArrayLike, x: ArrayLike | None = None, dx: float | Array = 1.0, axis: int = -1
) -> Array:
    """The integral along an axis by the trapezoidal rule."""
    y = as_operand(y)
    k = axis_of(axis, len(y.shape))
    widths = dx
    if x is not None:
        x = as_operand(x)
        widths = diff(x, axis=axis) if len(x.shape) > 1 else _one_axis(diff(x), k, len(y.shape))
    return np.sum(widths * (_part(y, k, 1, None) + _part(y, k, None, -1)) / 2.0, axis=k)


@implements(np.unwrap)
def unwrap(
    p: ArrayLike,
    discont: float | Array | None = None,
    axis: int = -1,
    *,
    period: float | Array = 2 * np.pi,
) -> Array:
    """Angles whose jumps of more than half a period are taken out, by whole periods."""
    p = as_operand(p)
    steps = diff(p, axis=axis)
    dtype = promoted(steps, period)
    whole = dtype.kind in "iu"
    half = period // 2 if whole else period / 2
    jump = np.mod(steps + half, period) - half
    if not whole or period % 2 == 0:
        jump = np.where((jump == -half) & (steps > 0), jump + period, jump)
    jump = np.where(abs(steps) < (period / 2 if discont is None else discont), 0, jump - steps)
    k = axis_of(axis, len(p.shape))
    moved = _part(p, k, 1, None) + np.cumsum(jump, axis=k)
    return cast(np.concatenate([_part(p, k, None, 1), moved], axis=k), dtype)
