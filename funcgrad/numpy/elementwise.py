"""Elementwise functions of NumPy that are not one operator, on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tracing import Tracer, aval_of
from ..ops import complex as complex_ops
from ..ops import math as math_ops
from ..ops.comparison import maximum, minimum, select
from ..ops.shape import cast
from .protocol import UFUNCS, array, implements, refuse, strong


@implements(np.where)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return np.nonzero(condition)
    condition = array(condition)
    if aval_of(condition).dtype.kind != "b":
        condition = condition != 0
    x = x if not isinstance(x, list | tuple) else array(x)
    y = y if not isinstance(y, list | tuple) else array(y)
    if aval_of(x).weak and aval_of(y).weak:
        x, y = strong(x), strong(y)
    return select(condition, x, y)


@implements(np.clip)
def clip(a: Any, a_min: Any = np._NoValue, a_max: Any = np._NoValue, out: Any = None, *,
         min: Any = np._NoValue, max: Any = np._NoValue, **kwargs: Any) -> Any:
    refuse("np.clip", out=out)
    low = a_min if a_min is not np._NoValue else (None if min is np._NoValue else min)
    high = a_max if a_max is not np._NoValue else (None if max is np._NoValue else max)
    a = strong(a)
    if low is not None:
        a = maximum(a, low)
    if high is not None:
        a = minimum(a, high)
    return a


def _clip_ufunc(a: Any, low: Any, high: Any) -> Any:
    return clip(a, low, high)


@implements(np.round, np.around)
def round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    refuse("np.round", out=out)
    a = strong(a)
    if a.dtype.kind in "iub":
        if decimals >= 0:
            return a
        scale = 10 ** (-decimals)
        return cast(np.rint(a / scale) * scale, a.dtype)
    if a.dtype.kind == "c":
        return complex_ops.make(round(a.real, decimals), round(a.imag, decimals))
    if decimals == 0:
        return math_ops.rint(a)
    scale = 10.0 ** builtin_abs(decimals)
    if decimals > 0:
        return math_ops.rint(a * scale) / scale
    return math_ops.rint(a / scale) * scale


builtin_abs = abs


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    refuse("np.fix", out=out)
    return math_ops.trunc(strong(x))


@implements(np.sinc)
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), by its series near zero so that every derivative is right there."""
    x = strong(x)
    x = x if x.dtype.kind in "fc" else cast(x, np.dtype(np.float64))
    small = abs(x) < 0.05
    z = (np.pi * np.where(small, x, 0)) ** 2
    series = 1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110 * (1 - z / 156)))))
    far = np.pi * np.where(small, 1, x)
    return np.where(small, series, np.sin(far) / far)


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None,
               neginf: Any = None) -> Any:
    x = strong(x)
    if x.dtype.kind == "c":
        parts = [nan_to_num(p, copy, nan, posinf, neginf) for p in (x.real, x.imag)]
        return complex_ops.make(*parts)
    if x.dtype.kind != "f":
        return x
    info = np.finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, info.max if posinf is None else posinf, x)
    return np.where(x == -np.inf, info.min if neginf is None else neginf, x)


@implements(np.real)
def real(val: Any) -> Any:
    x = strong(val)
    return complex_ops.real(x) if x.dtype.kind == "c" else x


@implements(np.imag)
def imag(val: Any) -> Any:
    x = strong(val)
    return complex_ops.imag(x) if x.dtype.kind == "c" else x * 0


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    out = complex_ops.angle(strong(z))
    return out * (180 / np.pi) if deg else out


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    return strong(a)


@implements(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    return aval_of(x).dtype.kind == "c"


@implements(np.isrealobj)
def isrealobj(x: Any) -> bool:
    return aval_of(x).dtype.kind != "c"


@implements(np.iscomplex)
def iscomplex(x: Any) -> Any:
    return imag(x) != 0


@implements(np.isreal)
def isreal(x: Any) -> Any:
    return imag(x) == 0


@implements(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Any:
    refuse("np.isposinf", out=out)
    return strong(x) == np.inf


@implements(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Any:
    refuse("np.isneginf", out=out)
    return strong(x) == -np.inf


@implements(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    a, b = strong(a), strong(b)
    close = (abs(a - b) <= atol + rtol * abs(b)) & np.isfinite(b) | (a == b)
    return close | (np.isnan(a) & np.isnan(b)) if equal_nan else close


@implements(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Any:
    return np.all(isclose(a, b, rtol, atol, equal_nan))


@implements(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    a, b = strong(a1), strong(a2)
    if tuple(a.shape) != tuple(b.shape):
        return False
    same = (a == b) | (np.isnan(a) & np.isnan(b)) if equal_nan else a == b
    return np.all(same)


@implements(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    a, b = strong(a1), strong(a2)
    try:
        np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    except ValueError:
        return False
    return np.all(a == b)


@implements(np.zeros_like)
def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True,
               shape: Any = None, *, device: Any = None) -> Any:
    return full_like(a, 0, dtype, order, subok, shape)


@implements(np.ones_like)
def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = True,
              shape: Any = None, *, device: Any = None) -> Any:
    return full_like(a, 1, dtype, order, subok, shape)


@implements(np.empty_like)
def empty_like(prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True,
               shape: Any = None, *, device: Any = None) -> Any:
    return full_like(prototype, 0, dtype, order, subok, shape)


@implements(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
              shape: Any = None, *, device: Any = None) -> Any:
    aval = aval_of(a)
    target = aval.shape if shape is None else shape
    kind = aval.dtype if dtype is None else np.dtype(dtype)
    if isinstance(fill_value, Tracer):
        return np.broadcast_to(cast(fill_value, kind), target)
    return np.full(target, fill_value, kind)[()]


@implements(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
             dtype: Any = None, axis: int = 0, *, device: Any = None) -> Any:
    start, stop = strong(start) * 1.0, strong(stop) * 1.0
    start, stop = np.broadcast_arrays(start, stop)
    parts = num - 1 if endpoint else num
    step = (stop - start) / parts if parts > 0 else np.nan * start
    weights = (np.arange(num) / parts if parts > 0 else np.zeros(num)).reshape(
        (num,) + (1,) * len(start.shape)
    )
    out = start * (1 - weights) + stop * weights
    out = np.moveaxis(out, 0, axis)
    out = out if dtype is None else cast(out, np.dtype(dtype))
    return (out, step) if retstep else out


@implements(np.logspace)
def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0,
             dtype: Any = None, axis: int = 0) -> Any:
    out = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return out if dtype is None else cast(out, np.dtype(dtype))


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None,
              axis: int = 0) -> Any:
    out = np.exp(linspace(np.log(start), np.log(stop), num, endpoint, axis=axis))
    return out if dtype is None else cast(out, np.dtype(dtype))


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = strong(f)
    axes = tuple(range(len(f.shape))) if axis is None else (
        (axis,) if isinstance(axis, int) else tuple(axis)
    )
    spacing = varargs * len(axes) if len(varargs) == 1 else (varargs or (1.0,) * len(axes))
    if any(np.ndim(h) for h in spacing) or edge_order != 1:
        raise ValueError("np.gradient of a traced value needs scalar spacings and edge_order=1")
    out = []
    for k, h in zip(axes, spacing, strict=True):
        g = np.moveaxis(f, k, 0)
        inner = (g[2:] - g[:-2]) / (2 * h)
        d = np.concatenate([(g[1:2] - g[:1]) / h, inner, (g[-1:] - g[-2:-1]) / h])
        out.append(np.moveaxis(d, 0, k))
    return out[0] if len(out) == 1 else out


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue,
         append: Any = np._NoValue) -> Any:
    a = np.moveaxis(strong(a), axis, 0)
    ends = []
    for end in (prepend, append):
        if end is np._NoValue:
            ends.append(None)
            continue
        e = strong(end)
        shape = (1, *a.shape[1:])
        ends.append(np.broadcast_to(e, shape) if not len(e.shape) else np.moveaxis(e, axis, 0))
    a = np.concatenate([x for x in (ends[0], a, ends[1]) if x is not None])
    for _ in range(n):
        a = a[1:] != a[:-1] if a.dtype.kind == "b" else a[1:] - a[:-1]
    return np.moveaxis(a, 0, axis)


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    out = diff(np.ravel(strong(ary)))
    parts = [p if p is None else np.ravel(strong(p)) for p in (to_begin, out, to_end)]
    return np.concatenate([p for p in parts if p is not None])


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None,
           period: Any = None) -> Any:
    x, xp, fp = strong(x), strong(xp), strong(fp)
    if period is not None:
        raise ValueError("np.interp of traced values does not support period=")
    i = np.clip(np.searchsorted(xp, x, side="right"), 1, xp.shape[0] - 1)
    x0, x1, f0, f1 = xp[i - 1], xp[i], fp[i - 1], fp[i]
    width = x1 - x0
    slope = np.where(width == 0, 0, (f1 - f0) / np.where(width == 0, 1, width))
    out = f0 + (x - x0) * slope
    out = np.where(x < xp[0], fp[0] if left is None else left, out)
    return np.where(x > xp[-1], fp[-1] if right is None else right, out)


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    p, x = strong(p), strong(x)
    out = x * 0 + p[0] * 0
    for i in range(p.shape[0]):
        out = out * x + p[i]
    return out


@implements(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = strong(x)
    n = x.shape[0] if N is None else N
    columns = [x**k for k in (range(n) if increasing else range(n - 1, -1, -1))]
    return np.stack(columns, 1)


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = strong(a), strong(v)
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    wide = np.pad(a, (m - 1, m - 1))
    windows = wide[np.arange(n + m - 1)[:, None] + np.arange(m)[None, :]]
    full = windows @ v[::-1]
    if mode == "full":
        return full
    start, length = (m - 1, n - m + 1) if mode == "valid" else ((m - 1) // 2, n)
    return full[start : start + length]


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = strong(a), strong(v)
    if a.shape[0] < v.shape[0]:
        return np.conj(convolve(v, np.conj(a)[::-1], mode))[::-1]
    return convolve(a, np.conj(v)[::-1], mode)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    p = strong(p)
    steps = diff(p, axis=axis)
    half = period / 2
    jump = period * np.round((np.remainder(steps + half, period) - half - steps) / period)
    jump = np.where(abs(steps) < (half if discont is None else discont), 0, jump)
    total = np.cumsum(jump, axis=axis)
    first = np.zeros_like(np.take(p, np.arange(1), axis=axis))
    return p + np.concatenate([first, total], axis=axis)


def float_power(x: Any, y: Any) -> Any:
    """Power in floating point, whatever the operands are."""
    return np.power(strong(x) * 1.0, y)


def divmod_(x: Any, y: Any) -> Any:
    """Floor quotient and remainder."""
    return np.floor_divide(x, y), np.remainder(x, y)


def modf(x: Any) -> Any:
    """Fractional and integral part."""
    whole = math_ops.trunc(x)
    return x - whole, whole


def frexp(x: Any) -> Any:
    """Mantissa in [0.5, 1) and exponent of base 2."""
    zero = x == 0
    exponent = np.floor(np.log2(np.where(zero, 1, abs(x)))) + 1
    mantissa = np.where(zero, 0, x / np.exp2(exponent))
    carry = abs(mantissa) >= 1
    mantissa = np.where(carry, mantissa / 2, mantissa)
    exponent = np.where(zero, 0, exponent + carry)
    return mantissa, cast(exponent, np.dtype(np.int32))


UFUNCS.update({
    np.float_power: float_power, np.divmod: divmod_, np.modf: modf, np.frexp: frexp,
    np._core.umath.clip: _clip_ufunc,
})
