"""Polynomials, and convolution, which multiplies them, on tracers."""

from __future__ import annotations

import numpy as np

from ..core.dtypes import result_type
from ..ops.pointwise.comparison import filled_like
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .indexing.taking import take
from .protocol import as_operand, implements


@implements(np.polyval)
def polyval(p: ArrayLike, x: ArrayLike) -> Array:
    """The values of a polynomial, by Horner's scheme."""
    p, x = as_operand(p), as_operand(x)
    out = filled_like(x, 0)
    for i in range(p.shape[0]):
        out = out * x + p[i]
    return out


@implements(np.vander)
def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Array:
    """The matrix of powers of a vector, one column for each exponent."""
    points = as_operand(x)
    if len(points.shape) != 1:
        raise ValueError(f"np.vander needs one axis, got shape {tuple(points.shape)}")
    points = cast(points, result_type(points.dtype, int))
    n = points.shape[0] if N is None else N
    powers = [points**k for k in (range(n) if increasing else range(n - 1, -1, -1))]
    return np.stack(powers, 1) if n else np.zeros((points.shape[0], 0), points.dtype)


@implements(np.convolve)
def convolve(a: ArrayLike, v: ArrayLike, mode: str = "full") -> Array:
    """The convolution of two vectors, which are the coefficients of polynomials."""
    a, v = (np.atleast_1d(as_operand(x)) for x in (a, v))
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
def correlate(a: ArrayLike, v: ArrayLike, mode: str = "valid") -> Array:
    """The correlation of two vectors: the convolution with one conjugated and reversed."""
    a, v = as_operand(a), as_operand(v)
    if a.shape[0] < v.shape[0]:
        return np.conj(correlate(v, a, mode))[::-1]
    return convolve(a, np.conj(v)[::-1], mode)
