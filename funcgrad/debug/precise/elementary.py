"""Elementary functions of double-double numbers.

The argument is reduced by the identities of the function and halved, a Taylor series is summed, and
the reduction is undone; logarithms and inverse functions correct the float64 value by a step of
Halley's or Newton's iteration. Identities: Abramowitz and Stegun, Handbook of Mathematical
Functions, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np

from .double_double import DoubleDouble, as_pair, complex_of, magnitude, select, square_root

LN2 = DoubleDouble(0.6931471805599453, 2.3190468138462996e-17)
LN10 = DoubleDouble(2.302585092994046, -2.1707562233822494e-16)
PI = DoubleDouble(3.141592653589793, 1.2246467991473532e-16)
DEGREE = DoubleDouble(0.017453292519943295, 2.9486522708701687e-19)
HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
"""Half of pi as a sum of three float64."""


def taylor(x: DoubleDouble, first: int, step: int, sign: int, terms: int) -> DoubleDouble:
    """The sum of sign**k * x**k / (first + k * step)! over k below ``terms``."""
    total = as_pair(np.zeros(x.shape))
    for k in range(terms - 1, -1, -1):
        total = total * x + as_pair(float(sign**k)) / as_pair(float(factorial(first + k * step)))
    return total


def small_expm1(x: DoubleDouble) -> DoubleDouble:
    """exp(x) - 1 for |x| < 0.4: the series at x / 512, doubled nine times."""
    r = x * 2.0**-9
    s = r * taylor(r, 1, 1, 1, 9)
    for _ in range(9):
        s = s + s + s * s
    return s


def exp(x: DoubleDouble) -> DoubleDouble:
    k = np.clip(np.nan_to_num(np.rint(x.hi / LN2.hi)), -2200, 2200)
    return (small_expm1(x - LN2 * k) + 1.0).scaled(k.astype(np.int64))


def expm1(x: DoubleDouble) -> DoubleDouble:
    near = np.abs(x.hi) < 0.3
    return select(near, small_expm1(select(near, x, 0.0)), exp(x) - 1.0)


def log1p(x: DoubleDouble) -> DoubleDouble:
    """2 artanh(x / (2 + x)) by series near 0."""
    near = np.abs(x.hi) < 0.25
    inside = select(near, x, 0.0)
    s = inside / (inside + 2.0)
    square, total = s * s, as_pair(np.zeros(x.shape))
    for k in range(20, -1, -1):
        total = total * square + 1 / as_pair(2.0 * k + 1.0)
    return select(near, s * total * 2.0, log_far(select(near, 1.0, x + 1.0)))


def log_far(x: DoubleDouble) -> DoubleDouble:
    """A step of Halley's iteration for exp(y) = x, for x away from 1."""
    exponent = np.where(x.hi > 0, np.frexp(x.hi)[1], 0)
    m = x.scaled(-exponent)
    y = np.log(m.hi)
    z = m * exp(as_pair(-y))
    return (z - 1.0) / (z + 1.0) * 2.0 + y + LN2 * exponent.astype(np.float64)


def log(x: DoubleDouble) -> DoubleDouble:
    near = np.abs(x.hi - 1) < 0.2
    return select(near, log1p(select(near, x - 1.0, 0.0)), log_far(select(near, 2.0, x)))


def sine_and_cosine(x: DoubleDouble) -> tuple[DoubleDouble, DoubleDouble]:
    """By series on [-pi/4, pi/4]; quadrants of pi/2 = three float64 are taken off before."""
    k = np.where(np.isfinite(x.hi), np.rint(x.hi / HALF_PI[0]), 0.0)
    r = x
    for part in HALF_PI:
        r = r - as_pair(part) * k
    square = r * r
    s, c = r * taylor(square, 1, 2, -1, 14), taylor(square, 0, 2, -1, 15)
    quadrant = np.mod(k, 4)
    odd = (quadrant == 1) | (quadrant == 3)
    sine, cosine = select(odd, c, s), select(odd, s, c)
    sine = select(quadrant >= 2, -sine, sine)
    return sine, select((quadrant == 1) | (quadrant == 2), -cosine, cosine)


def tan(x: DoubleDouble) -> DoubleDouble:
    s, c = sine_and_cosine(x)
    return s / c


def arctan(x: DoubleDouble) -> DoubleDouble:
    """The float64 value y, plus the arctangent of (x - tan y) / (1 + x tan y)."""
    large = np.abs(x.hi) > 1
    z = select(large, -1.0 / select(large, x, 1.0), x)
    y = np.arctan(z.hi)
    t = tan(as_pair(y))
    small = (z - t) / (z * t + 1.0) + y
    turn = DoubleDouble(*HALF_PI[:2])
    return select(large, select(x.hi > 0, small + turn, small - turn), small)


def arctan2(y: DoubleDouble, x: DoubleDouble) -> DoubleDouble:
    """The angle of (x, y), from the arctangent of the smaller quotient."""
    steep = np.abs(y.hi) > np.abs(x.hi)
    angle = arctan(select(steep, x, y) / select(steep, y, x))
    turn = DoubleDouble(*HALF_PI[:2])
    up = select(y.hi > 0, turn, -turn) - angle
    back = select(np.signbit(y.hi), angle - PI, angle + PI)
    return select(steep, up, select(x.hi < 0, back, angle))


def cosine_of_asin(x: DoubleDouble) -> DoubleDouble:
    return square_root((1.0 - x) * (1.0 + x))


def sinh(x: DoubleDouble) -> DoubleDouble:
    u = expm1(magnitude(x))
    far = u.hi > 1e40
    result = select(far, u, u + u / (u + 1.0)) * 0.5
    return select(np.signbit(x.hi), -result, result)


def cosh(x: DoubleDouble) -> DoubleDouble:
    e = exp(magnitude(x) - LN2)
    return e + 0.25 / e


def tanh(x: DoubleDouble) -> DoubleDouble:
    u = expm1(magnitude(x) * -2.0)
    result = -u / (u + 2.0)
    return select(np.signbit(x.hi), -result, result)


def arcsinh(x: DoubleDouble) -> DoubleDouble:
    a = magnitude(x)
    large = a.hi > 1e20
    small = select(large, 1.0, a)
    result = log1p(small + small * small / (square_root(small * small + 1.0) + 1.0))
    result = select(large, log(a) + LN2, result)
    return select(np.signbit(x.hi), -result, result)


def arccosh(x: DoubleDouble) -> DoubleDouble:
    large = x.hi > 1e20
    t = select(large, 1.0, x - 1.0)
    return select(large, log(x) + LN2, log1p(t + square_root(t * (t + 2.0))))


def arctanh(x: DoubleDouble) -> DoubleDouble:
    return log1p(x * 2.0 / (1.0 - x)) * 0.5


def cbrt(x: DoubleDouble) -> DoubleDouble:
    y = as_pair(np.cbrt(x.hi))
    for _ in range(2):
        y = y - (y * y * y - x) / (y * y * 3.0)
    return y


def hypot(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    exponent = np.frexp(np.maximum(np.abs(x.hi), np.abs(y.hi)))[1]
    x, y = x.scaled(-exponent), y.scaled(-exponent)
    return square_root(x * x + y * y).scaled(exponent)


def power(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    result = exp(y * log(magnitude(x)))
    odd = np.mod(y.hi, 2) == 1
    whole = np.rint(y.hi) == y.hi
    result = select((x.hi < 0) & odd, -result, result)
    return select((x.hi < 0) & ~whole, np.nan, result)


def larger(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    return select((x - y).hi >= 0, x, y)


def logaddexp(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    return larger(x, y) + log1p(exp(-magnitude(x - y)))


def softplus(x: DoubleDouble) -> DoubleDouble:
    return logaddexp(x, as_pair(0.0))


def log1mexp(x: DoubleDouble) -> DoubleDouble:
    near = x.hi > -LN2.hi
    return select(near, log(-expm1(select(near, x, -0.5))), log1p(-exp(select(near, -2.0, x))))


def log_expm1(x: DoubleDouble) -> DoubleDouble:
    large = x.hi > 1
    return select(large, x + log1p(-exp(-select(large, x, 2.0))), log(expm1(select(large, 0.5, x))))


def logistic(x: DoubleDouble) -> DoubleDouble:
    e = exp(-magnitude(x))
    return select(x.hi < 0, e, 1.0) / (e + 1.0)


def logit(x: DoubleDouble) -> DoubleDouble:
    middle = np.abs(x.hi - 0.5) < 0.25
    near = log1p((x * 2.0 - 1.0) / (1.0 - x))
    return select(middle, near, log(x / (1.0 - x)))


def product_with_log(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """X log(y), and 0 where x is."""
    zero = x.hi == 0
    return select(zero, 0.0, x * log(select(zero, 1.0, y)))


def strong_product(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    return select(x.hi == 0, np.zeros((), x.hi.dtype), x * y)


def strong_product_of_both(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    return select((x.hi == 0) | (y.hi == 0), np.zeros((), x.hi.dtype), x * y)


def absolute(x: DoubleDouble) -> DoubleDouble:
    return hypot(x.real, x.imag) if x.is_complex else magnitude(x)


def rotated(x: DoubleDouble) -> DoubleDouble:
    """The complex conjugate."""
    return complex_of(x.real, -x.imag) if x.is_complex else x


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "mul_strong": strong_product,
    "mul_both_strong": strong_product_of_both,
    "div": lambda x, y: x / y,
    "div_strong": lambda x, y: select(x.hi == 0, np.zeros((), x.hi.dtype), x / y),
    "neg": lambda x: -x,
    "pos": lambda x: x,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "abs": absolute,
    "conj": rotated,
    "real": lambda x: x.real if x.is_complex else x,
    "imag": lambda x: x.imag if x.is_complex else select(x.hi == x.hi, 0.0, x * 0.0),
    "complex": complex_of,
}
"""Operators of real and complex numbers."""

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": square_root,
    "cbrt": cbrt,
    "exp": exp,
    "exp2": lambda x: exp(x * LN2),
    "expm1": expm1,
    "log": log,
    "log2": lambda x: log(x) / LN2,
    "log10": lambda x: log(x) / LN10,
    "log1p": log1p,
    "logaddexp": logaddexp,
    "logaddexp2": lambda x, y: logaddexp(x * LN2, y * LN2) / LN2,
    "sin": lambda x: sine_and_cosine(x)[0],
    "cos": lambda x: sine_and_cosine(x)[1],
    "tan": tan,
    "asin": lambda x: arctan2(x, cosine_of_asin(x)),
    "acos": lambda x: arctan2(cosine_of_asin(x), x),
    "atan": arctan,
    "atan2": arctan2,
    "hypot": hypot,
    "difference_of_squares": lambda x, y: (x - y) * (x + y),
    "sinh": sinh,
    "cosh": cosh,
    "tanh": tanh,
    "asinh": arcsinh,
    "acosh": arccosh,
    "atanh": arctanh,
    "deg2rad": lambda x: x * DEGREE,
    "rad2deg": lambda x: x / DEGREE,
    "pow": power,
    "softplus": softplus,
    "log1mexp": log1mexp,
    "log_expm1": log_expm1,
    "xlogx": lambda x: product_with_log(x, x),
    "xlogratio": lambda x, y: product_with_log(x, x / y),
    "rel_entr": lambda x, y: product_with_log(x, x / y),
    "entr": lambda x: -product_with_log(x, x),
    "copysign": lambda x, y: select(np.signbit(x.hi) == np.signbit(y.hi), x, -x),
    "ldexp": lambda x, n: x.scaled(np.clip(n.hi, -5000, 5000).astype(np.int64)),
    "logistic": logistic,
    "logit": logit,
    "gaussian": lambda x: exp(-(x * x)),
    "one_minus_square": lambda x: (1.0 - x) * (x + 1.0),
    "logistic_slope": lambda x: logistic(x) * logistic(-x),
    "length": lambda x: hypot(x, as_pair(1.0)),
}
"""Operators of real numbers."""
