"""Complex numbers as pairs of real ones, with their arithmetic."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ...core.tracing import shape_of
from ...ops.pointwise.complex import product_imag, product_real

Real: TypeAlias = Any
"""A real array, traced, or a number."""


def is_complex(a: Any) -> bool:
    """True for variables and literals of complex numbers."""
    return bool(a.aval.dtype.kind == "c")


def part_of(dtype: np.dtype) -> np.dtype:
    """The dtype of the parts of complex numbers; of real ones that of those made of them."""
    return np.result_type(dtype, np.complex64).type(0).real.dtype


class NoPairsError(NotImplementedError):
    """A function has no form for pairs."""


class Pair:
    """The complex number re + i im."""

    __slots__ = ("im", "re")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, re: Real, im: Real) -> None:
        self.re: Real = re
        self.im: Real = im

    def __add__(self, other: Pair | Real) -> Pair:
        if not isinstance(other, Pair):
            return Pair(self.re + other, self.im)
        return Pair(self.re + other.re, self.im + other.im)

    __radd__ = __add__

    def __sub__(self, other: Pair | Real) -> Pair:
        if not isinstance(other, Pair):
            return Pair(self.re - other, self.im)
        return Pair(self.re - other.re, self.im - other.im)

    def __rsub__(self, other: Real) -> Pair:
        return Pair(other - self.re, -self.im)

    def __neg__(self) -> Pair:
        return Pair(-self.re, -self.im)

    def __mul__(self, other: Pair | Real) -> Pair:
        if not isinstance(other, Pair):
            return Pair(self.re * other, self.im * other)
        a, b, c, d = self.re, self.im, other.re, other.im
        if any(map(shape_of, (a, b, c, d))):
            return Pair(product_real(a, b, c, d), product_imag(a, b, c, d))
        return Pair(a * c - b * d, a * d + b * c)  # as NumPy has it of single numbers

    __rmul__ = __mul__

    def __truediv__(self, other: Pair | Real) -> Pair:
        if not isinstance(other, Pair):
            return Pair(self.re / other, self.im / other)
        return _quotient(self, other)

    def __rtruediv__(self, other: Real) -> Pair:
        return _quotient(Pair(other, other * 0), self)

    def __eq__(self, other: object) -> Any:  # type: ignore[override]
        c, d = (other.re, other.im) if isinstance(other, Pair) else (other, 0)
        return (self.re == c) & (self.im == d)

    def __ne__(self, other: object) -> Any:  # type: ignore[override]
        c, d = (other.re, other.im) if isinstance(other, Pair) else (other, 0)
        return (self.re != c) | (self.im != d)


def chosen(condition: Real, x: Real, y: Real) -> Real:
    """X where the condition holds, y elsewhere; one of them if that is known."""
    if isinstance(condition, np.bool_):
        return x if condition else y
    return np.where(condition, x, y)


def _quotient(x: Pair, y: Pair) -> Pair:
    """The quotient by R. L. Smith's algorithm (Comm. ACM 5, 1962), with NumPy's operations."""
    across = np.abs(y.re)
    is_real = isinstance(y.im, np.floating) and y.im == 0
    flat = np.True_ if is_real else across >= np.abs(y.im)
    larger, lesser = chosen(flat, y.re, y.im), chosen(flat, y.im, y.re)
    ratio = lesser / larger
    scale = 1 / (larger + lesser * ratio)
    a, b = chosen(flat, x.re, x.im), chosen(flat, x.im, x.re)
    im = chosen(flat, x.im - x.re * ratio, x.im * ratio - x.re)
    by_zero = y.re == 0 if is_real else (y.re == 0) & (y.im == 0)
    return Pair(
        chosen(by_zero, x.re / across, (a + b * ratio) * scale),
        chosen(by_zero, x.im / across, im * scale),
    )
