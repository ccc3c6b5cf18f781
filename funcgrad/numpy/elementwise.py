"""Elementwise functions of NumPy that are not one operator, on tracers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dtypes import finfo, is_floating, result_type
from ..core.tracing import Tracer, all_weak, aval_of
from ..ops.pointwise import bessel_i0_i1, rounding
from ..ops.pointwise import complex as complex_ops
from ..ops.pointwise.comparison import filled_like, maximum, minimum, select
from ..ops.pointwise.rounding import exponent_of
from ..ops.shape import cast
from ..ops.structural.stop import stop
from ..typing import Array, ArrayLike, DTypeLike, Shape
from .protocol import UFUNCS, array, as_operand, implements, in_loop, inexact, promoted, refuse

_NONE: Any = np._NoValue


@implements(np.where)
def where(
    condition: ArrayLike, x: ArrayLike | None = None, y: ArrayLike | None = None, /
) -> Array | tuple[Array, ...]:
    """Choose from two arrays by a condition; without them, the indices where it is true."""
    if x is None and y is None:
        return np.nonzero(array(condition))
    if x is None or y is None:
        raise ValueError("np.where needs both of x and y, or neither")
    condition = array(condition)
    if condition.dtype.kind != "b":
        condition = condition != 0
    x = x if not isinstance(x, list | tuple) else array(x)
    y = y if not isinstance(y, list | tuple) else array(y)
    if all_weak((x, y)):
        x, y = as_operand(x), as_operand(y)
    return select(condition, x, y)


@implements(np.clip)
def clip(
    a: ArrayLike,
    a_min: ArrayLike | None = _NONE,
    a_max: ArrayLike | None = _NONE,
    out: None = None,
    *,
    min: ArrayLike | None = _NONE,
    max: ArrayLike | None = _NONE,
    **kwargs: object,
) -> Array:
    """Limit values to an interval, of which either end may be left out."""
    unknown = {k: v for k, v in kwargs.items() if k not in ("casting", "order", "subok")}
    refuse("np.clip", out=out, **{k: v for k, v in unknown.items() if v is not True})
    low = a_min if a_min is not np._NoValue else (None if min is np._NoValue else min)
    high = a_max if a_max is not np._NoValue else (None if max is np._NoValue else max)
    x = as_operand(a)
    if x.dtype.kind in "iu":
        ends = np.iinfo(x.dtype)
        low = None if type(low) is int and low <= ends.min else low
        high = None if type(high) is int and high >= ends.max else high
    if low is None and high is None:
        return np.positive(x)
    if low is not None:
        x = maximum(x, low)
    if high is not None:
        x = minimum(x, high)
    return x


def _clip_ufunc(a: ArrayLike, low: ArrayLike | None, high: ArrayLike | None) -> Array:
    return clip(a, low, high)


@implements(np.round, np.around)
def round(a: ArrayLike, decimals: int = 0, out: None = None) -> Array:
    """Round to decimals, to the even neighbour in the middle, by NumPy's scaling."""
    refuse("np.round", out=out)
    a = as_operand(a)
    if a.dtype.kind == "b":
        if decimals:
            raise TypeError("np.round: truth values have no decimals")
        return np.rint(a)
    if a.dtype.kind in "iu":
        if decimals >= 0:
            return a
        scale = 10.0 ** (-decimals)
        return cast(np.rint(a / scale) * scale, a.dtype)
    if a.dtype.kind == "c":
        return complex_ops.make(round(a.real, decimals), round(a.imag, decimals))
    if decimals == 0:
        return rounding.rint(a)
    scale = 10.0 ** builtin_abs(decimals)
    if decimals > 0:
        return rounding.rint(a * scale) / scale
    return rounding.rint(a / scale) * scale


builtin_abs = abs


@implements(np.fix)
def fix(x: ArrayLike, out: None = None) -> Array:
    """Round towards zero."""
    refuse("np.fix", out=out)
    return rounding.trunc(as_operand(x))


_SINC_SERIES = [(-1) ** k / math.factorial(2 * k + 1) for k in range(11)]


@implements(np.sinc)
def sinc(x: ArrayLike) -> Array:
    """sin(pi x) / (pi x), by its series near zero so that every derivative is right there."""
    x = inexact(x)
    small = abs(x) < 0.3
    z = (np.pi * np.where(small, x, 0)) ** 2
    series = z * _SINC_SERIES[-1]
    for c in reversed(_SINC_SERIES[1:-1]):
        series = z * (series + c)
    series = 1 + series
    far = np.where(small, 1, x)
    turns = 2 * np.rint(far / 2) if is_floating(x.dtype) else 0
    return np.where(small, series, np.sin(np.pi * (far - turns)) / np.pi / far)


@implements(np.nan_to_num)
def nan_to_num(
    x: ArrayLike,
    copy: bool = True,
    nan: ArrayLike = 0.0,
    posinf: ArrayLike | None = None,
    neginf: ArrayLike | None = None,
) -> Array:
    """Replace NaN and infinities by finite numbers."""
    x = as_operand(x)
    if x.dtype.kind == "c":
        parts = [nan_to_num(p, copy, nan, posinf, neginf) for p in (x.real, x.imag)]
        return complex_ops.make(*parts)
    if not is_floating(x.dtype):
        return x
    info = finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, info.max if posinf is None else posinf, x)
    return np.where(x == -np.inf, info.min if neginf is None else neginf, x)


def _part_of(x: ArrayLike) -> Array:
    """An operand whose parts are asked for: those of Python's truth values are integers."""
    aval = aval_of(x)
    return (
        cast(as_operand(x), np.dtype(int))
        if aval.weak and aval.dtype.kind == "b"
        else as_operand(x)
    )


@implements(np.real)
def real(val: ArrayLike) -> Array:
    """The real part; a real array is its own."""
    x = _part_of(val)
    return complex_ops.real(x) if x.dtype.kind == "c" else x


@implements(np.imag)
def imag(val: ArrayLike) -> Array:
    """The imaginary part, zero for a real array."""
    x = _part_of(val)
    return complex_ops.imag(x) if x.dtype.kind == "c" else filled_like(x, 0)


@implements(np.angle)
def angle(z: ArrayLike, deg: bool = False) -> Array:
    """The argument of complex numbers, in radians or degrees."""
    out = complex_ops.angle(as_operand(z))
    return out * (180 / np.pi) if deg else out


@implements(np.real_if_close)
def real_if_close(a: ArrayLike, tol: float = 100) -> Array:
    """The array itself: its type cannot depend on its values."""
    return as_operand(a)


@implements(np.iscomplexobj)
def iscomplexobj(x: ArrayLike) -> bool:
    """True if the type is complex, whatever the values are."""
    return aval_of(x).dtype.kind == "c"


@implements(np.isrealobj)
def isrealobj(x: ArrayLike) -> bool:
    """True if the type is not complex, whatever the values are."""
    return aval_of(x).dtype.kind != "c"


@implements(np.iscomplex)
def iscomplex(x: ArrayLike) -> Array:
    """True where the imaginary part is not zero."""
    return imag(x) != 0


@implements(np.isreal)
def isreal(x: ArrayLike) -> Array:
    """True where the imaginary part is zero."""
    return imag(x) == 0


def _ordered(name: str, x: ArrayLike) -> Array:
    x = as_operand(x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name}: complex numbers are infinite in no one direction")
    return x


@implements(np.isposinf)
def isposinf(x: ArrayLike, out: None = None) -> Array:
    """True where a real number is positive infinity."""
    refuse("np.isposinf", out=out)
    return _ordered("np.isposinf", x) == np.inf


@implements(np.isneginf)
def isneginf(x: ArrayLike, out: None = None) -> Array:
    """True where a real number is negative infinity."""
    refuse("np.isneginf", out=out)
    return _ordered("np.isneginf", x) == -np.inf


@implements(np.isclose)
def isclose(
    a: ArrayLike,
    b: ArrayLike,
    rtol: float | Array = 1e-05,
    atol: float | Array = 1e-08,
    equal_nan: bool = False,
) -> Array:
    """True where two arrays agree within tolerances."""
    x, y = as_operand(a), as_operand(b)
    y = cast(y, promoted(y, 1.0))
    close = (abs(x - y) <= atol + rtol * abs(y)) & np.isfinite(y) | (x == y)
    return close | (np.isnan(x) & np.isnan(y)) if equal_nan else close


@implements(np.allclose)
def allclose(
    a: ArrayLike,
    b: ArrayLike,
    rtol: float | Array = 1e-05,
    atol: float | Array = 1e-08,
    equal_nan: bool = False,
) -> Array | np.bool:
    """True if two arrays agree everywhere within tolerances."""
    return np.all(isclose(a, b, rtol, atol, equal_nan))


@implements(np.array_equal)
def array_equal(a1: ArrayLike, a2: ArrayLike, equal_nan: bool = False) -> Array | np.bool | bool:
    """True if two arrays have one shape and equal elements."""
    a, b = as_operand(a1), as_operand(a2)
    if tuple(a.shape) != tuple(b.shape):
        return False
    same = (a == b) | (np.isnan(a) & np.isnan(b)) if equal_nan else a == b
    return np.all(same)


@implements(np.array_equiv)
def array_equiv(a1: ArrayLike, a2: ArrayLike) -> Array | np.bool | bool:
    """True if two arrays are equal when they are broadcast."""
    a, b = as_operand(a1), as_operand(a2)
    try:
        np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    except ValueError:
        return False
    return np.all(a == b)


@implements(np.zeros_like)
def zeros_like(
    a: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> Array:
    """Zeros with the shape and dtype of an array, unless others are given."""
    return full_like(a, 0, dtype, order, subok, shape)


@implements(np.ones_like)
def ones_like(
    a: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> Array:
    """Ones with the shape and dtype of an array, unless others are given."""
    return full_like(a, 1, dtype, order, subok, shape)


@implements(np.empty_like)
def empty_like(
    prototype: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> Array:
    """Zeros, as empty memory has no values that could be traced."""
    return full_like(prototype, 0, dtype, order, subok, shape)


@implements(np.full_like)
def full_like(
    a: ArrayLike,
    fill_value: ArrayLike,
    dtype: DTypeLike | None = None,
    order: str = "K",
    subok: bool = True,
    shape: Shape | None = None,
    *,
    device: str | None = None,
) -> Array:
    """An array of one value, which may be traced, like another array."""
    aval = aval_of(a)
    target = aval.shape if shape is None else shape
    kind = aval.dtype if dtype is None else np.dtype(dtype)
    if isinstance(fill_value, Tracer):
        return np.broadcast_to(cast(fill_value, kind), target)
    return np.full(target, fill_value, kind)[()]


@implements(np.i0)
def i0(x: ArrayLike) -> Array:
    """The modified Bessel function of order 0."""
    x = as_operand(x)
    if x.dtype.kind == "c":
        raise TypeError("np.i0 is not supported for complex numbers")
    return bessel_i0_i1.i0(inexact(x))


def float_power(x: ArrayLike, y: ArrayLike) -> Array:
    """Power in double precision, whatever the operands are."""
    dtype = result_type(promoted(x, y), np.float64)
    return np.power(cast(as_operand(x), dtype), cast(as_operand(y), dtype))


def fabs(x: ArrayLike) -> Array:
    """The absolute value in floating point."""
    return complex_ops.absolute(in_loop(np.fabs, x))


def divmod_(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Floor quotient and remainder."""
    return np.floor_divide(x, y), np.remainder(x, y)


def modf(x: ArrayLike) -> tuple[Array, Array]:
    """Fractional and integral part."""
    x = in_loop(np.modf, x)
    whole = rounding.trunc(x)
    part = np.where(np.signbit(x), -(whole - x), x - whole)
    return np.where(np.isinf(x), np.copysign(x.dtype.type(0), stop(x)), part), whole


def frexp(x: ArrayLike) -> tuple[Array, Array]:
    """Mantissa in [0.5, 1) and exponent of base 2."""
    x = in_loop(np.frexp, x)
    exponent = exponent_of(x)
    half = exponent // 2
    return np.ldexp(np.ldexp(x, -half), half - exponent), exponent


UFUNCS.update(
    {
        np.float_power: float_power,
        np.divmod: divmod_,
        np.modf: modf,
        np.frexp: frexp,
        np.fabs: fabs,
        np._core.umath.clip: _clip_ufunc,  # type: ignore[attr-defined]
    }
)
