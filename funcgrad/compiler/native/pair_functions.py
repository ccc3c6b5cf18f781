"""Functions that formulas of operators use, of complex numbers as pairs of real ones."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log, pi
from typing import Any

import numpy as np

from ...ops.families.formulas import ArrayFunctions
from .pair_numbers import NoPairsError, Pair, Real, chosen


def _exp(z: Pair) -> Pair:
    size, far = _growth(z.re)
    cos, sin = np.cos(z.im), np.sin(z.im)
    nothing = z.re == -inf  # whatever the direction is
    re = chosen(nothing, 0 * np.copysign(1, cos), size * cos * far)
    im = chosen(nothing, 0 * np.copysign(1, sin), size * sin * far)
    # NaN and an infinity in no direction stay what they are
    ends = (z.re == inf) & _is_endless(z)
    return Pair(chosen(ends, inf, re), chosen(z.im == 0, z.im, im))


def _growth(x: Real) -> tuple[Real, Real]:
    """The exponential as a product, which may be out of range where the factors are not."""
    step = 64.0 if x.dtype.itemsize == 4 else 512.0
    far = x > step
    return np.exp(chosen(far, x - step, x)), chosen(far, x.dtype.type(exp(step)), 1)


def _expm1(z: Pair) -> Pair:
    half = np.sin(z.im / 2)
    im = np.exp(z.re) * np.sin(z.im)
    return Pair(np.expm1(z.re) * np.cos(z.im) - 2 * half * half, chosen(z.im == 0, z.im, im))


def _log(z: Pair) -> Pair:
    return Pair(_log_of_size(z), np.arctan2(z.im, z.re))


def _log_of_size(z: Pair) -> Real:
    """The logarithm of the absolute value, near 1 by that of its square less 1."""
    x, y = np.abs(z.re), np.abs(z.im)
    larger, lesser = chosen(x > y, x, y), chosen(x > y, y, x)
    near = (larger > 0.5) & (larger < 2)
    beside = chosen(near, larger, 1)
    square = (beside - 1) * (beside + 1) + chosen(near, lesser * lesser, 0)
    return chosen(near, 0.5 * np.log1p(square), np.log(np.hypot(x, y)))


def _log1p(z: Pair) -> Pair:
    near = np.abs(z.re) + np.abs(z.im) < 0.25
    x, y = chosen(near, z.re, 0), chosen(near, z.im, 0)
    size = _log_of_size(Pair(z.re + 1, z.im))
    return Pair(chosen(near, 0.5 * np.log1p(x * (2 + x) + y * y), size), np.arctan2(z.im, z.re + 1))


def _sqrt(z: Pair) -> Pair:
    """The root of the larger part first, in a scale where the sum is in range."""
    x, y = np.abs(z.re), np.abs(z.im)
    single = x.dtype.itemsize == 4
    big, small, up = (2.0**126, 2.0**-80, 2.0**60) if single else (2.0**1022, 2.0**-900, 2.0**600)
    largest = chosen(x > y, x, y)
    one = np.ones_like(largest)
    scale = chosen(largest > big, 0.25, chosen(largest < small, up, one))
    back = chosen(largest > big, 2.0, chosen(largest < small, up**-0.5, one))
    x, y = x * scale, y * scale
    major = np.sqrt(0.5 * (x + np.hypot(x, y)))
    minor = chosen(major == 0, major, 0.5 * y / chosen(major == 0, 1, major)) * back
    major = major * back
    right = z.re >= 0
    re, im = chosen(right, major, minor), chosen(right, minor, major)
    im = chosen(z.im != z.im, z.im, np.copysign(im, z.im))
    endless = np.abs(z.im) == inf
    far = np.abs(z.re) == inf
    axis = Pair(chosen(right, inf, 0), chosen(right, 0, inf))
    unsure = z.im != z.im
    re = chosen(far, chosen(unsure & ~right, z.im, axis.re), chosen(z.re != z.re, z.re, re))
    side = chosen(unsure, chosen(right, z.im, inf), np.copysign(axis.im, z.im))
    im = chosen(far, side, chosen(z.re != z.re, z.re, im))
    return Pair(chosen(endless, inf, re), chosen(endless, z.im, im))


def _hyperbolic(x: Real) -> tuple[Real, Real, Real]:
    """Cosh and sinh as products with one factor, so that they overflow no sooner than they must."""
    step = 64.0 if x.dtype.itemsize == 4 else 512.0
    a = np.abs(x)
    far = a > step
    near = chosen(far, 0 * x, x)
    half = 0.5 * np.exp(chosen(far, a - step, 0))
    factor = chosen(far, x.dtype.type(exp(step)), 1)
    cosh = chosen(far, half, np.cosh(near))
    return cosh, chosen(far, np.copysign(half, x), np.sinh(near)), factor


def _is_endless(z: Pair) -> Real:
    """True of infinities in no direction, of which the sign of the real part is known."""
    return (np.abs(z.re) == inf) & ~np.isfinite(z.im)


def _cosh(z: Pair) -> Pair:
    cosh, sinh, far = _hyperbolic(z.re)
    im = chosen(z.re == 0, z.re * np.copysign(1, z.im), sinh * np.sin(z.im) * far)
    re = chosen(_is_endless(z), inf, cosh * np.cos(z.im) * far)
    return Pair(re, chosen(z.im == 0, z.im * np.copysign(1, z.re), im))


def _sinh(z: Pair) -> Pair:
    cosh, sinh, far = _hyperbolic(z.re)
    im = chosen(z.im == 0, z.im, cosh * np.sin(z.im) * far)
    re = chosen((z.re == 0) | _is_endless(z), z.re, sinh * np.cos(z.im) * far)
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
    inside = chosen(far, 0 * y, x)
    t, s = np.tan(y), np.sinh(inside)
    beta = 1 + t * t
    below = 1 + beta * s * s
    steep = np.abs(t) == inf
    re = chosen(steep, 1 / chosen(s == 0, 1, s), beta * np.sqrt(1 + s * s) * s / below)
    im = chosen(steep, 0 * t, t / below)
    small = np.exp(-2 * np.abs(chosen(far, x, 0)))
    im_far = 4 * np.sin(y) * np.cos(y) * small
    endless = np.abs(x) == inf
    im_far = chosen(np.isfinite(y) | ~endless, im_far, np.copysign(0, y))
    re_far = chosen(np.isfinite(y) | endless, np.copysign(1, x), np.nan)
    re, im = chosen(x == 0, x, re), chosen(y == 0, y, im)
    return Pair(chosen(far, re_far, re), chosen(far, im_far, im))


def _tan(z: Pair) -> Pair:
    turned = _tanh(Pair(-z.im, z.re))
    return Pair(turned.im, -turned.re)


def _from_foci(z: Pair) -> tuple[Real, Real, Real]:
    """What arcsine and arccosine are made of: the sides of a triangle with their angle, and size.

    The number lies on an ellipse and on a hyperbola with the foci -1 and 1 (T. E. Hull, T. F.
    Fairgrieve, P. T. P. Tang: Implementing the complex arcsine and arccosine functions using
    exception handling. ACM TOMS 23, 1997); written so that nothing cancels, and squares of tiny
    numbers are factors of nothing that is not tiny.
    """
    x, y = np.abs(z.re), np.abs(z.im)
    big = 2.0**24 if x.dtype.itemsize == 4 else 2.0**54
    far = (x > big) | (y > big)
    near_x, near_y = chosen(far, 0 * x, x), chosen(far, 1 + 0 * y, y)
    right, left = 1 + near_x, 1 - near_x
    r, s = np.hypot(right, near_y), np.hypot(left, near_y)
    major = 0.5 * (r + s)
    inside = near_x <= 1
    outer, inner = r + right, s + np.abs(left)
    inner = chosen(inner == 0, 1, inner)  # at the focus, where its numerators are 0 too
    total = major + near_x
    steep = near_y * near_y / outer
    cos = chosen(
        inside,
        np.sqrt(0.5 * total * (steep + (s + left))),
        near_y * np.sqrt(0.5 * (total / outer + total / inner)),
    )
    between = 0.5 * (1 / outer + 1 / inner)
    beyond = 0.5 * (steep + (s - left))
    strictly = near_x < 1
    less_one = chosen(strictly, near_y * near_y * between, beyond)
    root = chosen(strictly, near_y * np.sqrt(between * (major + 1)), np.sqrt(beyond * (major + 1)))
    size = np.log1p(less_one + root)
    size_far = np.log(np.hypot(0.5 * x, 0.5 * y)) + 2 * log(2)
    return x, chosen(far, y, cos), chosen(far, size_far, size)


def _asin(z: Pair) -> Pair:
    x, cos, size = _from_foci(z)
    re = chosen(x == 0, z.re, np.copysign(np.arctan2(x, cos), z.re))
    return Pair(re, np.copysign(size, z.im))


def _acos(z: Pair) -> Pair:
    x, cos, size = _from_foci(z)
    acute = chosen(x == 0, pi / 2, np.arctan2(cos, x))
    return Pair(chosen(z.re < 0, pi - acute, acute), np.copysign(size, -z.im))


def _asinh(z: Pair) -> Pair:
    turned = _asin(Pair(z.im, -z.re))
    return Pair(-turned.im, turned.re)


def _acosh(z: Pair) -> Pair:
    turned = _acos(z)
    return Pair(np.abs(turned.im), np.copysign(turned.re, z.im))


def _atanh(z: Pair) -> Pair:
    """A quarter of log1p(4x / ((1 - x)^2 + y^2)), and half of an angle."""
    x, y = np.abs(z.re), np.abs(z.im)
    single = x.dtype.itemsize == 4
    big, small = (2.0**60, 2.0**-60) if single else (2.0**500, 2.0**-500)
    far = (x > big) | (y > big)
    near_x, near_y = chosen(far, 0 * x, x), chosen(far, 1 + 0 * y, y)
    beside = 1 - near_x
    square = near_y * near_y
    at_pole = (near_x == 1) & (near_y < small)
    distance = chosen(at_pole, 1, beside * beside + square)
    size = chosen(at_pole, 0.5 * (log(2) - np.log(near_y)), 0.25 * np.log1p(4 * near_x / distance))
    angle = 0.5 * np.arctan2(2 * near_y, beside * (1 + near_x) - square)
    half = np.hypot(0.5 * x, 0.5 * y)
    endless = half == inf
    size_far = chosen(endless, 0, 0.5 * (0.5 * x / chosen(endless, 1, half)) / half)
    right = chosen((y != y) | (half != half), np.nan, pi / 2)
    size = chosen(far, size_far, size)
    re = chosen(z.re == 0, z.re, np.copysign(size, z.re))
    return Pair(re, np.copysign(chosen(far, right, angle), z.im))


def _atan(z: Pair) -> Pair:
    turned = _atanh(Pair(-z.im, z.re))
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
    "asin": _asin,
    "acos": _acos,
    "atan": _atan,
    "asinh": _asinh,
    "acosh": _acosh,
    "atanh": _atanh,
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
        return Pair(chosen(condition, x.re, y.re), chosen(condition, x.im, y.im))

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
        nothing = chosen(y.re > 0, self.number(0), np.nan)
        out = self.where(zero, Pair(nothing, nothing), out)
        return self.where(y == 0, Pair(self.number(1), self.number(0)), out)
