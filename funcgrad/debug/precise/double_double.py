"""Double-double arithmetic: a number as an unevaluated sum of two float64, about 31 digits.

Sources: Dekker, A floating-point technique for extending the available precision (1971), for the
splitting, the product and the quotient; Knuth, The Art of Computer Programming 2, section 4.2.2,
for the exact sum; Hida, Li and Bailey, Algorithms for quad-double precision floating point
arithmetic (2001), for the sum of two pairs; Karp and Markstein, High-precision division and square
root (1997).
"""

from __future__ import annotations

from types import EllipsisType
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ...typing import Array, ArrayLike

Index: TypeAlias = "int | slice | EllipsisType | Array | tuple[int | slice | Array, ...] | None"
"""An index of an array."""

Operand: TypeAlias = "DoubleDouble | ArrayLike"
"""A double-double array, or one that is exact."""

SPLITTER = 2.0**27 + 1


def two_sum(a: Array, b: Array) -> tuple[Any, Any]:
    """The rounded sum, and its rounding error."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def quick_two_sum(a: Array, b: Array) -> tuple[Any, Any]:
    """The same for a of the larger magnitude."""
    s = a + b
    return s, b - (s - a)


def split(a: Array) -> tuple[Any, Any]:
    """Two halves of 26 bits."""
    t = SPLITTER * a
    high = t - (t - a)
    return high, a - high


def two_product(a: Array, b: Array) -> tuple[Any, Any]:
    """The rounded product, and its rounding error."""
    p = a * b
    error = product_error(a, b, p)
    lost = np.isfinite(p) & ~np.isfinite(error)
    if np.any(lost):  # the splitting has overflowed
        (ma, ea), (mb, eb) = np.frexp(a), np.frexp(b)
        m = ma * mb
        error = np.where(lost, np.ldexp(product_error(ma, mb, m), ea + eb), error)
    return p, error


def product_error(a: Array, b: Array, p: Array) -> Any:
    """The rounding error of the product p of a and b."""
    (ah, al), (bh, bl) = split(a), split(b)
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl


class UnavailableError(ArithmeticError):
    """A function that double-double numbers do not have."""


class DoubleDouble:
    """An array of real or complex numbers ``hi + lo``, where hi is the sum rounded."""

    __slots__ = ("hi", "lo")
    __array_ufunc__ = None

    def __init__(self, hi: ArrayLike, lo: ArrayLike = 0.0) -> None:
        self.hi: np.ndarray = np.asarray(hi)
        self.lo: np.ndarray = np.where(np.isfinite(self.hi), lo, 0.0).astype(
            self.hi.dtype, copy=False
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.hi.shape

    @property
    def is_complex(self) -> bool:
        """True if the numbers are complex."""
        return self.hi.dtype.kind == "c"

    @property
    def real(self) -> DoubleDouble:
        """The real part."""
        return DoubleDouble(np.real(self.hi), np.real(self.lo))

    @property
    def imag(self) -> DoubleDouble:
        """The imaginary part."""
        return DoubleDouble(np.imag(self.hi), np.imag(self.lo))

    def __getitem__(self, key: Index) -> DoubleDouble:
        return DoubleDouble(self.hi[key], self.lo[key])

    def __setitem__(self, key: Index, value: Operand) -> None:
        value = as_pair(value)
        self.hi[key], self.lo[key] = value.hi, value.lo

    def copy(self) -> DoubleDouble:
        """A copy that can be written into."""
        return DoubleDouble(self.hi.copy(), self.lo.copy())

    def reshape(self, *shape: int) -> DoubleDouble:
        """The same elements in another shape."""
        return DoubleDouble(self.hi.reshape(*shape), self.lo.reshape(*shape))

    def scaled(self, exponent: ArrayLike) -> DoubleDouble:
        """Times a power of two."""
        return DoubleDouble(np.ldexp(self.hi, exponent), np.ldexp(self.lo, exponent))

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.hi, -self.lo)

    def __add__(self, other: Operand) -> DoubleDouble:
        other = as_pair(other)
        s, e = two_sum(self.hi, other.hi)
        t, f = two_sum(self.lo, other.lo)
        s2, e2 = quick_two_sum(s, e + t)
        total, rest = quick_two_sum(s2, e2 + f)
        return DoubleDouble(np.where(np.isfinite(total), total, s), rest)

    def __sub__(self, other: Operand) -> DoubleDouble:
        return self + -as_pair(other)

    def __mul__(self, other: Operand) -> DoubleDouble:
        other = as_pair(other)
        if self.is_complex or other.is_complex:
            return complex_product(self, other)
        p, e = two_product(self.hi, other.hi)
        e = e + (self.hi * other.lo + self.lo * other.hi)
        total, rest = quick_two_sum(p, e)
        return DoubleDouble(np.where(np.isfinite(total), total, p), rest)

    def __truediv__(self, other: Operand) -> DoubleDouble:
        other = as_pair(other)
        if self.is_complex or other.is_complex:
            return complex_quotient(self, other)
        first = self.hi / other.hi
        rest = self - other * first
        second = rest.hi / other.hi
        rest = rest - other * second
        third = rest.hi / other.hi
        total, error = quick_two_sum(first, second)
        result = DoubleDouble(total, error) + third
        good = np.isfinite(result.hi) & np.isfinite(other.hi)
        return DoubleDouble(np.where(good, result.hi, first), np.where(good, result.lo, 0.0))

    def __radd__(self, other: Operand) -> DoubleDouble:
        return self + other

    def __rsub__(self, other: Operand) -> DoubleDouble:
        return -self + other

    def __rmul__(self, other: Operand) -> DoubleDouble:
        return self * other

    def __rtruediv__(self, other: Operand) -> DoubleDouble:
        return as_pair(other) / self

    def __lt__(self, other: Operand) -> Any:
        return difference(self, other) < 0

    def __gt__(self, other: Operand) -> Any:
        return difference(self, other) > 0

    def __le__(self, other: Operand) -> Any:
        return difference(self, other) <= 0

    def __ge__(self, other: Operand) -> Any:
        return difference(self, other) >= 0

    def __eq__(self, other: Operand) -> Any:  # type: ignore[override]
        other = as_pair(other)
        return (self.hi == other.hi) & (self.lo == other.lo)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]


def difference(x: DoubleDouble, y: Operand) -> Any:
    """A float64 array with the sign of x - y."""
    y = as_pair(y)
    if x.is_complex or y.is_complex:
        raise UnavailableError("complex numbers have no order")
    return np.where(x.hi == y.hi, x.lo - y.lo, x.hi - y.hi)


def as_pair(x: Operand) -> DoubleDouble:
    """A number or array as a double-double one."""
    if isinstance(x, DoubleDouble):
        return x
    x = np.asarray(x)
    if x.dtype.kind in "iu" and x.size and np.abs(hi := x.astype(np.float64)).max() > 2.0**53:
        rest = [int(i) - int(h) for i, h in zip(x.flat, hi.flat, strict=True)]
        return DoubleDouble(hi, np.array(rest, np.float64).reshape(x.shape))
    return DoubleDouble(x.astype(np.complex128 if x.dtype.kind == "c" else np.float64))


def complex_of(real: DoubleDouble, imag: DoubleDouble) -> DoubleDouble:
    """A complex array from its parts."""
    hi = np.empty(np.broadcast_shapes(real.shape, imag.shape), np.complex128)
    lo = np.empty_like(hi)
    hi.real, hi.imag, lo.real, lo.imag = real.hi, imag.hi, real.lo, imag.lo
    return DoubleDouble(hi, lo)


def complex_product(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The product of two arrays of which one may be complex."""
    return complex_of(x.real * y.real - x.imag * y.imag, x.real * y.imag + x.imag * y.real)


def complex_quotient(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The quotient of two arrays of which one may be complex."""
    size = y.real * y.real + y.imag * y.imag
    conjugate = complex_of(y.real, -y.imag)
    product = complex_product(x, conjugate)
    return complex_of(product.real / size, product.imag / size)


def select(condition: Array, x: Operand, y: Operand) -> DoubleDouble:
    """X where the condition holds, y elsewhere."""
    x, y = as_pair(x), as_pair(y)
    return DoubleDouble(np.where(condition, x.hi, y.hi), np.where(condition, x.lo, y.lo))


def magnitude(x: DoubleDouble) -> DoubleDouble:
    """The absolute value of real numbers."""
    return select(np.signbit(x.hi), -x, x)


def square_root(x: DoubleDouble) -> DoubleDouble:
    """One step of Newton's iteration in working precision for the rest, twice."""
    exponent = np.where(x.hi > 0, np.frexp(x.hi)[1] & ~1, 0)
    x = x.scaled(-exponent)
    inverse = 1.0 / np.sqrt(x.hi)
    y = as_pair(x.hi * inverse)
    for _ in range(2):
        y = y + (x - y * y).hi * inverse * 0.5
    return y.scaled(exponent // 2)
