"""Unit vectors: a part over the whole, in range wherever the numbers are, and at infinity."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from ...core.facts import FloatScalars, Hazard
from ...core.lowering import NumpyText
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise


def infinite_part(x: Array) -> Array:
    """The sign of an infinite real number, 0 for a finite one, and NaN for NaN."""
    return np.where(np.isinf(x), np.sign(x), 0 * x)


def share_values(x: Array, whole: Array, out: Array | None = None) -> Array:
    """The quotient x / whole; 0 where the whole is 0, a unit where both are infinite."""
    with np.errstate(all="ignore"):
        out = np.divide(x, whole, out=out)
        if np.isfinite(np.vdot(out, out)):
            return out
        ends = infinite_part(x.real), infinite_part(x.imag)
        unit = ends[0] if x.dtype.kind == "f" else ends[0] + 1j * ends[1]
        unit = unit / np.maximum(np.hypot(*ends), 1)
        nothing = np.equal(whole, 0)
        rare, unit = nothing | np.isinf(whole), np.where(nothing, 0, unit).astype(out.dtype)
    if out.ndim == 0:
        return np.where(rare, unit, out)[()]
    np.copyto(out, unit, where=rare)
    return out


def cosine_values(x: Array, y: Array) -> Array:
    """The cosine x / hypot(x, y) of the angle between (x, y) and the first axis; 0 at (0, 0)."""
    dtype = np.result_type(x, y)
    wide = np.float32 if dtype == np.float16 else dtype
    x, y = np.asarray(x, wide), np.asarray(y, wide)
    with np.errstate(all="ignore"):
        square = x * x + y * y
        info = np.finfo(square.dtype)
        low = float(info.tiny / info.eps)
        clear = np.min(square, initial=low) >= low and np.max(square, initial=low) < np.inf
        out = x / np.sqrt(square) if clear else scaled_cosine(x, y)
    return out.astype(dtype, copy=False)[()]


def scaled_cosine(x: Array, y: Array) -> Array:
    """The cosine from numbers divided by the larger one."""
    largest = np.maximum(np.abs(x), np.abs(y))
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1).astype(largest.dtype)
    endless = np.isinf(largest)
    a = np.where(endless, infinite_part(x), x / scale)
    b = np.where(endless, infinite_part(y), y / scale)
    length = np.sqrt(a * a + b * b)
    return a / np.where(length == 0, np.ones_like(length), length)


def one_minus_square_of(x: Array) -> Array:
    """The difference 1 - x**2, accurate also near 1 and -1."""
    return (1 - x) * (1 + x)


def length_of(x: Array) -> Array:
    """The distance of (x, 1) from the origin."""
    with np.errstate(over="ignore"):
        out = np.sqrt(1 + x * x)
    return out if np.isfinite(np.vdot(out, out)) else np.hypot(x, x.dtype.type(1))


def over(t: Array, whole: Array) -> Array:
    """A tangent divided by a length, and 0 where that is 0."""
    return t / np.where(whole == 0, np.inf, whole)


def share_formula(m: FloatScalars, x: Any, whole: Any) -> Any:
    """The quotient x / whole; 0 where the whole is 0, a unit where both are infinite."""
    if m.is_complex(x):
        real, imag = _infinite_sign(m, m.real(x)), _infinite_sign(m, m.imag(x))
        parts = m.abs(real) + m.abs(imag)
        unit = m.complex(real, imag) / m.sqrt(m.where(parts == 0, 1, parts))
    else:
        unit = _infinite_sign(m, x)
    return m.where(whole == 0, 0, m.where(m.abs(whole) == inf, unit, x / whole))


def _infinite_sign(m: FloatScalars, x: Any) -> Any:
    return m.where(m.abs(x) == inf, m.copysign(1, x), m.where(x == x, 0, x))


def _cosine_formula(m: FloatScalars, x: Any, y: Any) -> Any:
    across, up = m.abs(x), m.abs(y)
    largest = m.where(across < up, up, across)
    endless = largest == inf
    scale = m.where((largest > 0) & (largest < inf), largest, 1)
    a = m.where(endless, _infinite_sign(m, x), x / scale)
    b = m.where(endless, _infinite_sign(m, y), y / scale)
    length = m.sqrt(a * a + b * b)
    return a / m.where(length == 0, 1, length)


def _cosine_scale_x(t: Array, _o: Array, x: Array, y: Array) -> Array:
    sine = cosine(y, x)
    return over(t, np.hypot(x, y)) * sine * sine


def _cosine_scale_y(t: Array, o: Array, x: Array, y: Array) -> Array:
    return over(t, np.hypot(x, y)) * -o * cosine(y, x)


share: Elementwise = elementwise(
    "share",
    share_values,
    Scaling(lambda t, _o, _x, whole: over(t, whole)),
    Scaling(lambda t, o, _x, whole: over(t, whole) * -o),
    domain=((-2, 2), (0.3, 2)),
    numpy=NumpyText(into=True, overwrites=()),
    scalar=lambda m, x, whole: m.where(whole == 0, whole, x / whole),
    rounded=share_formula,
    hazard=Hazard.DIVISION,
)
cosine: Elementwise = elementwise(
    "cosine",
    cosine_values,
    Scaling(_cosine_scale_x),
    Scaling(_cosine_scale_y),
    kinds="f",
    scalar=lambda m, x, y: m.where(x == 0, x, x / m.hypot(x, y)),
    rounded=_cosine_formula,
    hazard=Hazard.NONE,
)
one_minus_square: Elementwise = elementwise(
    "one_minus_square",
    one_minus_square_of,
    lambda _o, x: -2 * x,
    scalar=lambda _m, x: (1 - x) * (1 + x),
    hazard=Hazard.PRODUCT,
)
length: Elementwise = elementwise(
    "length",
    length_of,
    lambda _o, x: cosine(x, x.dtype.type(1)),
    kinds="f",
    scalar=lambda m, x: m.hypot(x, 1),
    hazard=Hazard.SUM,
)
