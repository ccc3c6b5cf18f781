"""Functions given by samples: differences, integrals, interpolation, polynomials, filters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ops.pointwise.comparison import filled_like
from ..ops.shape import cast
from .indexing.taking import take
from .protocol import axis_of, given, implements, inexact, promoted, strong


def _one_axis(values: Any, k: int, ndim: int) -> Any:
    """A vector along axis k of an array with ndim axes."""
    return np.reshape(values, (1,) * k + (-1,) + (1,) * (ndim - k - 1))


def _part(f: Any, k: int, start: int | None, stop: int | None) -> Any:
    return f[(slice(None),) * k + (slice(start, stop),)]


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
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


def _slope(f: Any, k: int, h: Any, edge_order: int) -> Any:
    """Second-order differences along one axis, for uneven spacing too."""
    n, ndim = f.shape[k], len(f.shape)
    if np.ndim(h):
        h = diff(h)
        steps = _one_axis(h, k, ndim)
    else:
        steps = np.reshape(
            strong(h) if hasattr(h, "dtype") else h * np.ones((), f.real.dtype), (1,) * ndim
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
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    if n < 0:
        raise ValueError(f"np.diff: n must not be negative, got {n}")
    a = strong(a)
    if n == 0:
        return a
    a = np.moveaxis(a, axis, 0)
    parts = [_end(prepend, a, axis), a, _end(append, a, axis)]
    a = np.concatenate([x for x in parts if x is not None])
    for _ in range(n):
        a = a[1:] != a[:-1] if a.dtype.kind == "b" else a[1:] - a[:-1]
    return np.moveaxis(a, 0, axis)


def _end(end: Any, a: Any, axis: int) -> Any:
    """What prepend= or append= puts before or behind an array, the differenced axis first."""
    if not given(end):
        return None
    end = strong(end)
    if not len(end.shape):
        return np.broadcast_to(end, (1, *a.shape[1:]))
    return np.moveaxis(end, axis, 0)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = strong(ary)
    if ary.dtype.kind == "b":
        raise TypeError("np.ediff1d: truth values cannot be subtracted")
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is not None and not np.can_cast(strong(end).dtype, ary.dtype, "same_kind"):
            raise TypeError(f"np.ediff1d: {name} of {strong(end).dtype} in {ary.dtype}")
    parts = [to_begin, diff(np.ravel(ary)), to_end]
    return np.concatenate([cast(np.ravel(strong(p)), ary.dtype) for p in parts if p is not None])


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = strong(y)
    k = axis_of(axis, len(y.shape))
    widths = dx
    if x is not None:
        x = strong(x)
        widths = diff(x, axis=axis) if len(x.shape) > 1 else _one_axis(diff(x), k, len(y.shape))
    return np.sum(widths * (_part(y, k, 1, None) + _part(y, k, None, -1)) / 2.0, axis=k)


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    fp = strong(fp)
    if "c" in (strong(x).dtype.kind, strong(xp).dtype.kind):
        raise TypeError("np.interp: places must be real numbers")
    if len(strong(xp).shape) != 1 or strong(xp).shape != fp.shape or not fp.size:
        raise ValueError(
            f"np.interp: samples of shapes {tuple(strong(xp).shape)} and {tuple(fp.shape)} need "
            "one axis of one length"
        )
    x, xp = (cast(strong(a), np.dtype(float)) for a in (x, xp))
    fp = cast(fp, np.result_type(fp.dtype, float))
    if period is not None:
        x, xp, fp = _unrolled(x, xp, fp, abs(period))
        left = right = None
    i = np.clip(np.searchsorted(xp, x, side="right"), 1, xp.shape[0] - 1)
    x0, f0 = take(xp, i - 1, 0), take(fp, i - 1, 0)
    slopes = _secants(xp, fp)
    # At a sample the slopes on both sides give the value; of all between them, the smallest.
    between = _nearest_to_zero(slopes[:-1], slopes[1:])
    table = np.concatenate([slopes, np.zeros(1, slopes.dtype), between])
    slope = take(table, i - 1 + (x == x0) * slopes.shape[0], 0)
    out = f0 + (x - x0) * slope
    out = np.where(x <= xp[0], fp[0], out)
    out = np.where(x >= xp[-1], fp[-1], out)
    if left is not None:
        out = np.where(x < xp[0], left, out)
    return out if right is None else np.where(x > xp[-1], right, out)


def _secants(xp: Any, fp: Any) -> Any:
    """The slopes between samples, 0 where two have one place."""
    width = diff(xp)
    flat = width == 0
    return np.where(flat, 0, diff(fp) / np.where(flat, 1, width))


def _nearest_to_zero(a: Any, b: Any) -> Any:
    """Of the numbers between a and b the one of least size."""
    smaller = np.where(abs(a) < abs(b), a, b)
    return np.where((np.real(a) > 0) == (np.real(b) > 0), smaller, 0)


def _unrolled(x: Any, xp: Any, fp: Any, period: Any) -> Any:
    """Positions within one period, and the samples with one more at either end."""
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = take(xp, order, 0), take(fp, order, 0)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    p, x = strong(p), strong(x)
    out = filled_like(x, 0)
    for i in range(p.shape[0]):
        out = out * x + p[i]
    return out


@implements(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = strong(x)
    if len(x.shape) != 1:
        raise ValueError(f"np.vander needs one axis, got shape {tuple(x.shape)}")
    x = cast(x, np.result_type(x.dtype, int))
    n = x.shape[0] if N is None else N
    powers = [x**k for k in (range(n) if increasing else range(n - 1, -1, -1))]
    return np.stack(powers, 1) if n else np.zeros((x.shape[0], 0), x.dtype)


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = (np.atleast_1d(strong(x)) for x in (a, v))
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    if not m:
        raise ValueError("np.convolve: both arrays need elements")
    spans = {"full": (m - 1, m - 1), "same": (m // 2, (m - 1) // 2), "valid": (0, 0)}
    if mode not in spans:
        raise ValueError(f"np.convolve: mode must be full, same or valid, got {mode!r}")
    low, high = spans[mode]
    wide = np.pad(a, (low, high))
    windows = take(wide, np.arange(n + low + high - m + 1)[:, None] + np.arange(m), 0)
    return windows @ v[::-1]


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = strong(a), strong(v)
    if a.shape[0] < v.shape[0]:
        return np.conj(correlate(v, a, mode))[::-1]
    return convolve(a, np.conj(v)[::-1], mode)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    p = strong(p)
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
