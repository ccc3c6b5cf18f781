"""Elementary functions of double-double numbers.

The argument is reduced by the identities of the function and halved, a Taylor series is summed, and
the reduction is undone; logarithms and inverse functions correct the float64 value by a step of
Halley's or Newton's iteration. Identities: Abramowitz and Stegun, Handbook of Mathematical
Functions, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import NoReturn, TypeAlias

import numpy as np

from .double_double import (
    DoubleDouble,
    Operand,
    UnavailableError,
    as_pair,
    complex_of,
    magnitude,
    select,
    square_root,
)

LN2 = DoubleDouble(0.6931471805599453, 2.3190468138462996e-17)
LN10 = DoubleDouble(2.302585092994046, -2.1707562233822494e-16)
PI = DoubleDouble(3.141592653589793, 1.2246467991473532e-16)
FAR = 1500.0
"""The exponential of more than this overflows, and that of less than its negative is 0."""
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
    """The exponential, from the remainder of a division by log(2)."""
    x = select(np.abs(x.hi) > FAR, np.copysign(FAR, x.hi), x)  # 0 or infinity in either case
    k = np.nan_to_num(np.rint(x.hi / LN2.hi))
    return (small_expm1(x - LN2 * k) + 1.0).scaled(k.astype(np.int64))


def expm1(x: DoubleDouble) -> DoubleDouble:
    """exp(x) - 1, by its series near 0."""
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
    """The natural logarithm, by log1p near 1."""
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
    """The quotient of sine and cosine."""
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
    """The cosine of the angle whose sine is x."""
    return square_root((1.0 - x) * (1.0 + x))


def sinh(x: DoubleDouble) -> DoubleDouble:
    """The hyperbolic sine, from expm1."""
    u = expm1(magnitude(x))
    far = u.hi > 1e40
    result = select(far, u, u + u / (u + 1.0)) * 0.5
    return select(np.signbit(x.hi), -result, result)


def cosh(x: DoubleDouble) -> DoubleDouble:
    """The hyperbolic cosine, from the exponential of |x| - log(2)."""
    e = exp(magnitude(x) - LN2)
    return e + 0.25 / e


def tanh(x: DoubleDouble) -> DoubleDouble:
    """The hyperbolic tangent, from expm1."""
    u = expm1(magnitude(x) * -2.0)
    result = -u / (u + 2.0)
    return select(np.signbit(x.hi), -result, result)


def arcsinh(x: DoubleDouble) -> DoubleDouble:
    """The inverse of sinh, from log1p."""
    a = magnitude(x)
    large = a.hi > 1e20
    small = select(large, 1.0, a)
    result = log1p(small + small * small / (square_root(small * small + 1.0) + 1.0))
    result = select(large, log(a) + LN2, result)
    return select(np.signbit(x.hi), -result, result)


def arccosh(x: DoubleDouble) -> DoubleDouble:
    """The inverse of cosh, from log1p."""
    large = x.hi > 1e20
    t = select(large, 1.0, x - 1.0)
    return select(large, log(x) + LN2, log1p(t + square_root(t * (t + 2.0))))


def arctanh(x: DoubleDouble) -> DoubleDouble:
    """The inverse of tanh, from log1p."""
    return log1p(x * 2.0 / (1.0 - x)) * 0.5


def cbrt(x: DoubleDouble) -> DoubleDouble:
    """The cube root, by two steps of Newton's iteration."""
    y = as_pair(np.cbrt(x.hi))
    for _ in range(2):
        y = y - (y * y * y - x) / (y * y * 3.0)
    return y


def hypot(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The length of (x, y), scaled so that squares do not overflow."""
    exponent = np.frexp(np.maximum(np.abs(x.hi), np.abs(y.hi)))[1]
    x, y = x.scaled(-exponent), y.scaled(-exponent)
    return square_root(x * x + y * y).scaled(exponent)


def power(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The power x**y, with the sign of odd powers of negative numbers."""
    result = exp(y * log(magnitude(x)))
    odd = np.mod(y.hi, 2) == 1
    whole = np.rint(y.hi) == y.hi
    result = select((x.hi < 0) & odd, -result, result)
    return select((x.hi < 0) & ~whole, np.nan, result)


def with_sign_of(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """The size of x with the sign of y."""
    return select(np.signbit(x.hi) == np.signbit(y.hi), x, -x)


def absolute(x: DoubleDouble) -> DoubleDouble:
    """The absolute value of real or complex numbers."""
    return hypot(x.real, x.imag) if x.is_complex else magnitude(x)


def rotated(x: DoubleDouble) -> DoubleDouble:
    """The complex conjugate."""
    return complex_of(x.real, -x.imag) if x.is_complex else x


PairFunction: TypeAlias = Callable[..., DoubleDouble]
"""A function of one or several double-double numbers."""


def of_real(function: PairFunction) -> PairFunction:
    """A function of real numbers, which complex ones do not have."""

    def checked(*operands: Operand) -> DoubleDouble:
        pairs = [as_pair(x) for x in operands]
        if any(x.is_complex for x in pairs):
            raise UnavailableError("complex")
        return function(*pairs)

    return staticmethod(checked)  # type: ignore[return-value]


def unavailable(*_: object) -> NoReturn:
    """Refuse a function."""
    raise UnavailableError


class PairFunctions:
    """The basic functions of formulas for double-double numbers: see ``core.facts.Scalars``."""

    pi: DoubleDouble = PI
    ln2: DoubleDouble = LN2
    ln10: DoubleDouble = LN10
    where: PairFunction = staticmethod(select)
    abs: PairFunction = staticmethod(absolute)
    conj: PairFunction = staticmethod(rotated)
    complex: PairFunction = staticmethod(complex_of)
    copysign: PairFunction = of_real(
        lambda x, y: select(np.signbit(x.hi) == np.signbit(y.hi), x, -x)
    )
    sqrt: PairFunction = of_real(square_root)
    cbrt: PairFunction = of_real(cbrt)
    hypot: PairFunction = of_real(hypot)
    power: PairFunction = of_real(power)
    exp: PairFunction = of_real(exp)
    expm1: PairFunction = of_real(expm1)
    log: PairFunction = of_real(log)
    log1p: PairFunction = of_real(log1p)
    sin: PairFunction = of_real(lambda x: sine_and_cosine(x)[0])
    cos: PairFunction = of_real(lambda x: sine_and_cosine(x)[1])
    tan: PairFunction = of_real(tan)
    asin: PairFunction = of_real(lambda x: arctan2(x, cosine_of_asin(x)))
    acos: PairFunction = of_real(lambda x: arctan2(cosine_of_asin(x), x))
    atan: PairFunction = of_real(arctan)
    atan2: PairFunction = of_real(arctan2)
    sinh: PairFunction = of_real(sinh)
    cosh: PairFunction = of_real(cosh)
    tanh: PairFunction = of_real(tanh)
    asinh: PairFunction = of_real(arcsinh)
    acosh: PairFunction = of_real(arccosh)
    atanh: PairFunction = of_real(arctanh)
    erf: PairFunction = staticmethod(unavailable)
    erfc: PairFunction = staticmethod(unavailable)
    erf_inv: PairFunction = staticmethod(unavailable)
    lgamma: PairFunction = staticmethod(unavailable)
    digamma: PairFunction = staticmethod(unavailable)
    polygamma: PairFunction = staticmethod(unavailable)

    @staticmethod
    def ldexp(x: DoubleDouble, n: DoubleDouble) -> DoubleDouble:
        """Times a power of two."""
        return x.scaled(np.clip(n.hi, -5000, 5000).astype(np.int64))

    @staticmethod
    def real(x: DoubleDouble) -> DoubleDouble:
        """The real part."""
        return x.real if x.is_complex else x

    @staticmethod
    def imag(x: DoubleDouble) -> DoubleDouble:
        """The imaginary part."""
        return x.imag if x.is_complex else select(x.hi == x.hi, 0.0, x * 0.0)
