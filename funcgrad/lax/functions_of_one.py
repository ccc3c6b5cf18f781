"""Elementwise functions of one argument, under the names of JAX's lax."""

from __future__ import annotations

import numpy as np

from ..core.dtypes import result_type
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .conventions import Accuracy, RoundingMethod
from .operands import FLOATING, FLOATS, NUMBERS, operand


@user_facing
def abs(x: ArrayLike) -> Array:
    """The absolute value of x, elementwise.

    >>> abs(-2.0)
    np.float64(2.0)
    """
    return np.abs(operand("abs", x, NUMBERS))


@user_facing
def acos(x: ArrayLike) -> Array:
    """The inverse cosine of x, elementwise.

    >>> acos(1.0)
    np.float64(0.0)
    """
    return np.arccos(operand("acos", x, FLOATING))


@user_facing
def acosh(x: ArrayLike) -> Array:
    """The inverse hyperbolic cosine of x, elementwise.

    >>> acosh(1.0)
    np.float64(0.0)
    """
    return np.arccosh(operand("acosh", x, FLOATING))


@user_facing
def asin(x: ArrayLike) -> Array:
    """The inverse sine of x, elementwise.

    >>> asin(0.0)
    np.float64(0.0)
    """
    return np.arcsin(operand("asin", x, FLOATING))


@user_facing
def asinh(x: ArrayLike) -> Array:
    """The inverse hyperbolic sine of x, elementwise.

    >>> asinh(0.0)
    np.float64(0.0)
    """
    return np.arcsinh(operand("asinh", x, FLOATING))


@user_facing
def atan(x: ArrayLike) -> Array:
    """The inverse tangent of x, elementwise.

    >>> atan(0.0)
    np.float64(0.0)
    """
    return np.arctan(operand("atan", x, FLOATING))


@user_facing
def atanh(x: ArrayLike) -> Array:
    """The inverse hyperbolic tangent of x, elementwise.

    >>> atanh(0.0)
    np.float64(0.0)
    """
    return np.arctanh(operand("atanh", x, FLOATING))


@user_facing
def cbrt(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The cube root of x, elementwise.

    >>> cbrt(8.0)
    np.float64(2.0)
    """
    return np.cbrt(operand("cbrt", x, FLOATS))


@user_facing
def ceil(x: ArrayLike) -> Array:
    """The smallest whole number that is not below x, elementwise.

    >>> ceil(1.5)
    np.float64(2.0)
    """
    return np.ceil(operand("ceil", x, FLOATS))


@user_facing
def conj(x: ArrayLike) -> Array:
    """The complex conjugate of x, elementwise: complex for real numbers too, as JAX's.

    >>> conj(2 + 1j)
    np.complex128(2-1j)
    """
    value = operand("conj", x, FLOATING)
    return np.conj(cast(value, result_type(aval_of(value).dtype, np.complex64)))


@user_facing
def cos(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The cosine of x, elementwise.

    >>> cos(0.0)
    np.float64(1.0)
    """
    return np.cos(operand("cos", x, FLOATING))


@user_facing
def cosh(x: ArrayLike) -> Array:
    """The hyperbolic cosine of x, elementwise.

    >>> cosh(0.0)
    np.float64(1.0)
    """
    return np.cosh(operand("cosh", x, FLOATING))


@user_facing
def exp(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """E to the power of x, elementwise.

    >>> exp(0.0)
    np.float64(1.0)
    """
    return np.exp(operand("exp", x, FLOATING))


@user_facing
def exp2(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """2 to the power of x, elementwise.

    >>> exp2(3.0)
    np.float64(8.0)
    """
    return np.exp2(operand("exp2", x, FLOATING))


@user_facing
def expm1(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """exp(x) - 1, exact next to 0, elementwise.

    >>> expm1(0.0)
    np.float64(0.0)
    """
    return np.expm1(operand("expm1", x, FLOATING))


@user_facing
def floor(x: ArrayLike) -> Array:
    """The largest whole number that is not above x, elementwise.

    >>> floor(1.5)
    np.float64(1.0)
    """
    return np.floor(operand("floor", x, FLOATS))


@user_facing
def imag(x: ArrayLike) -> Array:
    """The imaginary part of x, elementwise.

    >>> imag(2 + 1j)
    1.0
    """
    return np.imag(operand("imag", x))


@user_facing
def is_finite(x: ArrayLike) -> Array:
    """True where x is neither infinite nor NaN, elementwise.

    >>> is_finite(1.0)
    np.True_
    """
    return np.isfinite(operand("is_finite", x))


@user_facing
def log(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The natural logarithm of x, elementwise.

    >>> log(1.0)
    np.float64(0.0)
    """
    return np.log(operand("log", x, FLOATING))


@user_facing
def log1p(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """log(1 + x), exact next to 0, elementwise.

    >>> log1p(0.0)
    np.float64(0.0)
    """
    return np.log1p(operand("log1p", x, FLOATING))


@user_facing
def neg(x: ArrayLike) -> Array:
    """-x, elementwise.

    >>> neg(2.0)
    np.float64(-2.0)
    """
    return np.negative(operand("neg", x, NUMBERS))


@user_facing
def real(x: ArrayLike) -> Array:
    """The real part of x, elementwise.

    >>> real(2 + 1j)
    2.0
    """
    return np.real(operand("real", x))


@user_facing
def reciprocal(x: ArrayLike) -> Array:
    """1 / x, elementwise.

    >>> reciprocal(4.0)
    np.float64(0.25)
    """
    return np.reciprocal(operand("reciprocal", x, FLOATING))


@user_facing
def round(x: ArrayLike, rounding_method: RoundingMethod = RoundingMethod.AWAY_FROM_ZERO) -> Array:
    """X rounded to a whole number, elementwise.

    Args:
        x: floating-point numbers.
        rounding_method: where the middle between two goes: away from zero, or
            ``RoundingMethod.TO_NEAREST_EVEN``, which is what ``np.round`` does.

    Returns:
        Whole numbers of the dtype of x.

    >>> round(2.5), round(2.5, RoundingMethod.TO_NEAREST_EVEN)
    (np.float64(3.0), np.float64(2.0))
    """
    x = operand("round", x, FLOATS)
    if rounding_method is RoundingMethod.TO_NEAREST_EVEN:
        return np.rint(x)
    if rounding_method is not RoundingMethod.AWAY_FROM_ZERO:
        raise TypeError(f"round: rounding_method must be a RoundingMethod, got {rounding_method!r}")
    below_half = np.nextafter(aval_of(x).dtype.type(0.5), 0)  # so that 0.5 - eps stays below 1
    return np.trunc(np.add(x, np.copysign(below_half, x)))


@user_facing
def rsqrt(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """1 / sqrt(x), elementwise.

    >>> rsqrt(4.0)
    np.float64(0.5)
    """
    return 1 / np.sqrt(operand("rsqrt", x, FLOATING))


@user_facing
def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1: the sign of x, elementwise.

    >>> sign(-2.0)
    np.float64(-1.0)
    """
    return np.sign(operand("sign", x, NUMBERS))


@user_facing
def sin(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The sine of x, elementwise.

    >>> sin(0.0)
    np.float64(0.0)
    """
    return np.sin(operand("sin", x, FLOATING))


@user_facing
def sinh(x: ArrayLike) -> Array:
    """The hyperbolic sine of x, elementwise.

    >>> sinh(0.0)
    np.float64(0.0)
    """
    return np.sinh(operand("sinh", x, FLOATING))


@user_facing
def sqrt(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The square root of x, elementwise.

    >>> sqrt(4.0)
    np.float64(2.0)
    """
    return np.sqrt(operand("sqrt", x, FLOATING))


@user_facing
def square(x: ArrayLike) -> Array:
    """X times x, elementwise.

    >>> square(3.0)
    np.float64(9.0)
    """
    return np.square(operand("square", x, NUMBERS))


@user_facing
def tan(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The tangent of x, elementwise.

    >>> tan(0.0)
    np.float64(0.0)
    """
    return np.tan(operand("tan", x, FLOATING))


@user_facing
def tanh(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """The hyperbolic tangent of x, elementwise.

    >>> tanh(0.0)
    np.float64(0.0)
    """
    return np.tanh(operand("tanh", x, FLOATING))
