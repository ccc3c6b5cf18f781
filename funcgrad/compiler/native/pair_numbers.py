"""Complex numbers as pairs of real ones, with the functions that formulas of operators use."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log
from typing import Any, TypeAlias

import numpy as np

from ...core.tracing import shape_of
from ...ops.families.formulas import ArrayFunctions
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


def _chosen(condition: Real, x: Real, y: Real) -> Real:
    """X where the condition holds, y elsewhere; one of them if that is known."""
    if isinstance(condition, np.bool_):
        return x if condition else y
    return np.where(condition, x, y)


def _quotient(x: Pair, y: Pair) -> Pair:
    """The quotient by R. L. Smith's algorithm (Comm. ACM 5, 1962), with NumPy's operations."""
    across = np.abs(y.re)
    is_real = isinstance(y.im, np.floating) and y.im == 0
    flat = np.True_ if is_real else across >= np.abs(y.im)
    larger, lesser = _chosen(flat, y.re, y.im), _chosen(flat, y.im, y.re)
    ratio = lesser / larger
    scale = 1 / (larger + lesser * ratio)
    a, b = _chosen(flat, x.re, x.im), _chosen(flat, x.im, x.re)
    im = _chosen(flat, x.im - x.re * ratio, x.im * ratio - x.re)
    by_zero = y.re == 0 if is_real else (y.re == 0) & (y.im == 0)
    return Pair(
        _chosen(by_zero, x.re / across, (a + b * ratio) * scale),
        _chosen(by_zero, x.im / across, im * scale),
    )


# --- functions -----------------------------------------------------------------------------------


def _exp(z: Pair) -> Pair:
    size, far = _growth(z.re)
    cos, sin = np.cos(z.im), np.sin(z.im)
    nothing = z.re == -inf  # whatever the direction is
    re = _chosen(nothing, 0 * np.copysign(1, cos), size * cos * far)
    im = _chosen(nothing, 0 * np.copysign(1, sin), size * sin * far)
    # NaN and an infinity in no direction stay what they are
    ends = (z.re == inf) & _is_endless(z)
    return Pair(_chosen(ends, inf, re), _chosen(z.im == 0, z.im, im))


def _growth(x: Real) -> tuple[Real, Real]:
    """The exponential as a product, which may be out of range where the factors are not."""
    step = 64.0 if x.dtype.itemsize == 4 else 512.0
    far = x > step
    return np.exp(_chosen(far, x - step, x)), _chosen(far, x.dtype.type(exp(step)), 1)


def _expm1(z: Pair) -> Pair:
    half = np.sin(z.im / 2)
    im = np.exp(z.re) * np.sin(z.im)
    return Pair(np.expm1(z.re) * np.cos(z.im) - 2 * half * half, _chosen(z.im == 0, z.im, im))


def _log(z: Pair) -> Pair:
    return Pair(_log_of_size(z), np.arctan2(z.im, z.re))


def _log_of_size(z: Pair) -> Real:
    """The logarithm of the absolute value, near 1 by that of its square less 1."""
    x, y = np.abs(z.re), np.abs(z.im)
    larger, lesser = _chosen(x > y, x, y), _chosen(x > y, y, x)
    near = (larger > 0.5) & (larger < 2)
    beside = _chosen(near, larger, 1)
    square = (beside - 1) * (beside + 1) + _chosen(near, lesser * lesser, 0)
    return _chosen(near, 0.5 * np.log1p(square), np.log(np.hypot(x, y)))


def _log1p(z: Pair) -> Pair:
    near = np.abs(z.re) + np.abs(z.im) < 0.25
    x, y = _chosen(near, z.re, 0), _chosen(near, z.im, 0)
    size = _log_of_size(Pair(z.re + 1, z.im))
    return Pair(
        _chosen(near, 0.5 * np.log1p(x * (2 + x) + y * y), size), np.arctan2(z.im, z.re + 1)
    )


def _sqrt(z: Pair) -> Pair:
    """The root of the larger part first, in a scale where the sum is in range."""
    x, y = np.abs(z.re), np.abs(z.im)
    single = x.dtype.itemsize == 4
    big, small, up = (2.0**126, 2.0**-80, 2.0**60) if single else (2.0**1022, 2.0**-900, 2.0**600)
    largest = _chosen(x > y, x, y)
    one = np.ones_like(largest)
    scale = _chosen(largest > big, 0.25, _chosen(largest < small, up, one))
    back = _chosen(largest > big, 2.0, _chosen(largest < small, up**-0.5, one))
    x, y = x * scale, y * scale
    major = np.sqrt(0.5 * (x + np.hypot(x, y)))
    minor = _chosen(major == 0, major, 0.5 * y / _chosen(major == 0, 1, major)) * back
    major = major * back
    right = z.re >= 0
    re, im = _chosen(right, major, minor), _chosen(right, minor, major)
    im = _chosen(z.im != z.im, z.im, np.copysign(im, z.im))
    endless = np.abs(z.im) == inf
    far = np.abs(z.re) == inf
    axis = Pair(_chosen(right, inf, 0), _chosen(right, 0, inf))
    unsure = z.im != z.im
    re = _chosen(far, _chosen(unsure & ~right, z.im, axis.re), _chosen(z.re != z.re, z.re, re))
    side = _chosen(unsure, _chosen(right, z.im, inf), np.copysign(axis.im, z.im))
    im = _chosen(far, side, _chosen(z.re != z.re, z.re, im))
    return Pair(_chosen(endless, inf, re), _chosen(endless, z.im, im))


def _hyperbolic(x: Real) -> tuple[Real, Real, Real]:
    """Cosh and sinh as products with one factor, so that they overflow no sooner than they must."""
    step = 64.0 if x.dtype.itemsize == 4 else 512.0
    a = np.abs(x)
    far = a > step
    near = _chosen(far, 0 * x, x)
    half = 0.5 * np.exp(_chosen(far, a - step, 0))
    factor = _chosen(far, x.dtype.type(exp(step)), 1)
    cosh = _chosen(far, half, np.cosh(near))
    return cosh, _chosen(far, np.copysign(half, x), np.sinh(near)), factor


def _is_endless(z: Pair) -> Real:
    """True of infinities in no direction, of which the sign of the real part is known."""
    return (np.abs(z.re) == inf) & ~np.isfinite(z.im)


def _cosh(z: Pair) -> Pair:
    cosh, sinh, far = _hyperbolic(z.re)
    im = _chosen(z.re == 0, z.re * np.copysign(1, z.im), sinh * np.sin(z.im) * far)
    re = _chosen(_is_endless(z), inf, cosh * np.cos(z.im) * far)
    return Pair(re, _chosen(z.im == 0, z.im * np.copysign(1, z.re), im))


def _sinh(z: Pair) -> Pair:
    cosh, sinh, far = _hyperbolic(z.re)
    im = _chosen(z.im == 0, z.im, cosh * np.sin(z.im) * far)
    re = _chosen((z.re == 0) | _is_endless(z), z.re, sinh * np.cos(z.im) * far)
    return Pair(re, im)


def _cos(z: Pair) -> Pair:
    return _cosh(Pair(-z.im, z.re))


def _sin(z: Pair) -> Pair:
    turned = _sinh(Pair(-z.im, z.re))
    return Pair(turned.im, -turned.re)


def _tanh(z: Pair) -> Pair:
    """W. Kahan's form (Branch cuts for complex elementary functions, 1987)."""
    x, y = z.re, z.im
    limit = 11.0 if x.dtype.itemsize == 4 else 22.0
    far = np.abs(x) > limit
    inside = _chosen(far, 0 * y, x)
    t, s = np.tan(y), np.sinh(inside)
    beta = 1 + t * t
    below = 1 + beta * s * s
    steep = np.abs(t) == inf
    re = _chosen(steep, 1 / _chosen(s == 0, 1, s), beta * np.sqrt(1 + s * s) * s / below)
    im = _chosen(steep, 0 * t, t / below)
    small = np.exp(-2 * np.abs(_chosen(far, x, 0)))
    im_far = 4 * np.sin(y) * np.cos(y) * small
    endless = np.abs(x) == inf
    im_far = _chosen(np.isfinite(y) | ~endless, im_far, np.copysign(0, y))
    re_far = _chosen(np.isfinite(y) | endless, np.copysign(1, x), np.nan)
    re, im = _chosen(x == 0, x, re), _chosen(y == 0, y, im)
    return Pair(_chosen(far, re_far, re), _chosen(far, im_far, im))


def _tan(z: Pair) -> Pair:
    turned = _tanh(Pair(-z.im, z.re))
    return Pair(turned.im, -turned.re)


FUNCTIONS: dict[str, Callable[[Pair], Pair]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
}
"""By the names of the basic functions of formulas."""


class PairFunctions(ArrayFunctions):
    """The basic functions of formulas, of pairs and of real arrays.

    Args:
        dtype: of the parts.
    """

    def __init__(self, dtype: np.dtype) -> None:
        super().__init__(np)
        self.dtype: np.dtype = dtype

    def __getattr__(self, name: str) -> Any:
        of_reals, of_pairs = super().__getattr__(name), FUNCTIONS.get(name)

        def function(*xs: Any) -> Any:
            if not any(isinstance(x, Pair) for x in xs):
                return of_reals(*xs)
            if of_pairs is None:
                raise NoPairsError(f"no formula for pairs of numbers: {name}")
            return of_pairs(*xs)

        return function

    def number(self, x: Real) -> Real:
        """A number in the dtype of the parts; arrays as they are."""
        return self.dtype.type(x) if isinstance(x, bool | int | float) else x

    def pair(self, x: Pair | Real) -> Pair:
        """A number as a pair."""
        if isinstance(x, Pair):
            return x
        if isinstance(x, complex | np.complexfloating):
            return Pair(self.dtype.type(x.real), self.dtype.type(x.imag))
        x = self.number(x)
        return Pair(x.astype(self.dtype), self.dtype.type(0))

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """X where the condition holds, y elsewhere."""
        if isinstance(condition, bool | np.bool_):
            return x if condition else y
        if not (isinstance(x, Pair) or isinstance(y, Pair)):
            return np.where(condition, self.number(x), self.number(y))
        x, y = self.pair(x), self.pair(y)
        return Pair(_chosen(condition, x.re, y.re), _chosen(condition, x.im, y.im))

    def abs(self, x: Any) -> Any:
        """The absolute value."""
        return np.hypot(x.re, x.im) if isinstance(x, Pair) else np.abs(x)

    def copysign(self, x: Any, y: Any) -> Any:
        """The size of x with the sign of y."""
        return np.copysign(self.number(x), y)

    def real(self, x: Any) -> Any:
        """The real part."""
        return x.re if isinstance(x, Pair) else x

    def imag(self, x: Any) -> Any:
        """The imaginary part."""
        return x.im if isinstance(x, Pair) else 0 * x

    def conj(self, x: Any) -> Any:
        """The conjugate."""
        return Pair(x.re, -x.im) if isinstance(x, Pair) else x

    def complex(self, x: Any, y: Any) -> Pair:
        """The number x + iy."""
        return Pair(x, y)

    def tiny(self, x: Any) -> float:
        """The least normal number of the type of x."""
        return float(np.finfo(self.dtype).tiny)

    def is_complex(self, x: Any) -> bool:
        """True of pairs."""
        return isinstance(x, Pair)

    def exp2(self, x: Any) -> Any:
        """2**x."""
        return _exp(x * log(2)) if isinstance(x, Pair) else np.exp2(x)

    def power(self, x: Any, y: Any) -> Any:
        """X**y by the logarithm of x."""
        if not (isinstance(x, Pair) or isinstance(y, Pair)):
            return np.power(x, y)
        x, y = self.pair(x), self.pair(y)
        zero = (x.re == 0) & (x.im == 0)
        z = _log(self.where(zero, Pair(self.number(1), self.number(0)), x))
        out = _exp(z * y)
        nothing = _chosen(y.re > 0, self.number(0), np.nan)
        out = self.where(zero, Pair(nothing, nothing), out)
        return self.where(y == 0, Pair(self.number(1), self.number(0)), out)
