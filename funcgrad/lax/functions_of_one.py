"""Elementwise functions of one argument, under the names of JAX's lax."""

from __future__ import annotations

import numpy as np

from ..core.tracebacks import user_facing
from ..ops.pointwise import special
from ..typing import Array, ArrayLike


@user_facing
def abs(x: ArrayLike) -> Array:
    """The absolute value of x, elementwise.

    >>> abs(-2.0)
    np.float64(2.0)
    """
    return np.abs(x)


@user_facing
def acos(x: ArrayLike) -> Array:
    """The inverse cosine of x, elementwise.

    >>> acos(1.0)
    np.float64(0.0)
    """
    return np.arccos(x)


@user_facing
def acosh(x: ArrayLike) -> Array:
    """The inverse hyperbolic cosine of x, elementwise.

    >>> acosh(1.0)
    np.float64(0.0)
    """
    return np.arccosh(x)


@user_facing
def asin(x: ArrayLike) -> Array:
    """The inverse sine of x, elementwise.

    >>> asin(0.0)
    np.float64(0.0)
    """
    return np.arcsin(x)


@user_facing
def asinh(x: ArrayLike) -> Array:
    """The inverse hyperbolic sine of x, elementwise.

    >>> asinh(0.0)
    np.float64(0.0)
    """
    return np.arcsinh(x)


@user_facing
def atan(x: ArrayLike) -> Array:
    """The inverse tangent of x, elementwise.

    >>> atan(0.0)
    np.float64(0.0)
    """
    return np.arctan(x)


@user_facing
def atanh(x: ArrayLike) -> Array:
    """The inverse hyperbolic tangent of x, elementwise.

    >>> atanh(0.0)
    np.float64(0.0)
    """
    return np.arctanh(x)


@user_facing
def cbrt(x: ArrayLike) -> Array:
    """The cube root of x, elementwise.

    >>> cbrt(8.0)
    np.float64(2.0)
    """
    return np.cbrt(x)


@user_facing
def ceil(x: ArrayLike) -> Array:
    """The smallest whole number that is not below x, elementwise.

    >>> ceil(1.5)
    np.float64(2.0)
    """
    return np.ceil(x)


@user_facing
def conj(x: ArrayLike) -> Array:
    """The complex conjugate of x, elementwise.

    >>> conj(2 + 1j)
    np.complex128(2-1j)
    """
    return np.conj(x)


@user_facing
def cos(x: ArrayLike) -> Array:
    """The cosine of x, elementwise.

    >>> cos(0.0)
    np.float64(1.0)
    """
    return np.cos(x)


@user_facing
def cosh(x: ArrayLike) -> Array:
    """The hyperbolic cosine of x, elementwise.

    >>> cosh(0.0)
    np.float64(1.0)
    """
    return np.cosh(x)


@user_facing
def digamma(x: ArrayLike) -> Array:
    """The derivative of lgamma at x, elementwise.

    >>> digamma(1.0).round(6)
    np.float64(-0.577216)
    """
    return special.digamma(x)


@user_facing
def erf(x: ArrayLike) -> Array:
    """The error function of x, elementwise.

    >>> erf(0.0)
    np.float64(0.0)
    """
    return special.erf(x)


@user_facing
def erf_inv(x: ArrayLike) -> Array:
    """The number whose error function is x, elementwise.

    >>> erf_inv(0.0)
    np.float64(0.0)
    """
    return special.erf_inv(x)


@user_facing
def erfc(x: ArrayLike) -> Array:
    """One minus the error function of x, elementwise.

    >>> erfc(0.0)
    np.float64(1.0)
    """
    return special.erfc(x)


@user_facing
def exp(x: ArrayLike) -> Array:
    """E to the power of x, elementwise.

    >>> exp(0.0)
    np.float64(1.0)
    """
    return np.exp(x)


@user_facing
def exp2(x: ArrayLike) -> Array:
    """2 to the power of x, elementwise.

    >>> exp2(3.0)
    np.float64(8.0)
    """
    return np.exp2(x)


@user_facing
def expm1(x: ArrayLike) -> Array:
    """exp(x) - 1, exact next to 0, elementwise.

    >>> expm1(0.0)
    np.float64(0.0)
    """
    return np.expm1(x)


@user_facing
def floor(x: ArrayLike) -> Array:
    """The largest whole number that is not above x, elementwise.

    >>> floor(1.5)
    np.float64(1.0)
    """
    return np.floor(x)


@user_facing
def imag(x: ArrayLike) -> Array:
    """The imaginary part of x, elementwise.

    >>> imag(2 + 1j)
    1.0
    """
    return np.imag(x)


@user_facing
def is_finite(x: ArrayLike) -> Array:
    """True where x is neither infinite nor NaN, elementwise.

    >>> is_finite(1.0)
    np.True_
    """
    return np.isfinite(x)


@user_facing
def lgamma(x: ArrayLike) -> Array:
    """The logarithm of the absolute value of the gamma function of x, elementwise.

    >>> lgamma(1.0)
    np.float64(0.0)
    """
    return special.lgamma(x)


@user_facing
def log(x: ArrayLike) -> Array:
    """The natural logarithm of x, elementwise.

    >>> log(1.0)
    np.float64(0.0)
    """
    return np.log(x)


@user_facing
def log1p(x: ArrayLike) -> Array:
    """log(1 + x), exact next to 0, elementwise.

    >>> log1p(0.0)
    np.float64(0.0)
    """
    return np.log1p(x)


@user_facing
def logistic(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x)), elementwise.

    >>> logistic(0.0)
    np.float64(0.5)
    """
    return special.logistic(x)


@user_facing
def neg(x: ArrayLike) -> Array:
    """-x, elementwise.

    >>> neg(2.0)
    np.float64(-2.0)
    """
    return np.negative(x)


@user_facing
def real(x: ArrayLike) -> Array:
    """The real part of x, elementwise.

    >>> real(2 + 1j)
    2.0
    """
    return np.real(x)


@user_facing
def reciprocal(x: ArrayLike) -> Array:
    """1 / x, elementwise.

    >>> reciprocal(4.0)
    np.float64(0.25)
    """
    return np.reciprocal(x)


@user_facing
def round(x: ArrayLike) -> Array:
    """X rounded to a whole number, from the middle between two to the even one, elementwise.

    >>> round(2.5)
    np.float64(2.0)
    """
    return np.rint(x)


@user_facing
def rsqrt(x: ArrayLike) -> Array:
    """1 / sqrt(x), elementwise.

    >>> rsqrt(4.0)
    np.float64(0.5)
    """
    return 1 / np.sqrt(x)


@user_facing
def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1: the sign of x, elementwise.

    >>> sign(-2.0)
    np.float64(-1.0)
    """
    return np.sign(x)


@user_facing
def sin(x: ArrayLike) -> Array:
    """The sine of x, elementwise.

    >>> sin(0.0)
    np.float64(0.0)
    """
    return np.sin(x)


@user_facing
def sinh(x: ArrayLike) -> Array:
    """The hyperbolic sine of x, elementwise.

    >>> sinh(0.0)
    np.float64(0.0)
    """
    return np.sinh(x)


@user_facing
def sqrt(x: ArrayLike) -> Array:
    """The square root of x, elementwise.

    >>> sqrt(4.0)
    np.float64(2.0)
    """
    return np.sqrt(x)


@user_facing
def square(x: ArrayLike) -> Array:
    """X times x, elementwise.

    >>> square(3.0)
    np.float64(9.0)
    """
    return np.square(x)


@user_facing
def tan(x: ArrayLike) -> Array:
    """The tangent of x, elementwise.

    >>> tan(0.0)
    np.float64(0.0)
    """
    return np.tan(x)


@user_facing
def tanh(x: ArrayLike) -> Array:
    """The hyperbolic tangent of x, elementwise.

    >>> tanh(0.0)
    np.float64(0.0)
    """
    return np.tanh(x)
