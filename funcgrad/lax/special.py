"""Special functions, under the names of JAX's lax. All of them need SciPy, but for ``logistic``."""

from __future__ import annotations

import numpy as np

from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..ops.pointwise import bessel, incomplete, special
from ..ops.pointwise import zeta as zetas
from ..ops.random.gamma_slope import gamma_slope
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .conventions import Accuracy
from .operands import FLOATING, FLOATS, alike, common_dtype, operand, strong


@user_facing
def digamma(x: ArrayLike) -> Array:
    """The derivative of lgamma at x, elementwise.

    >>> digamma(1.0).round(6)
    np.float64(-0.577216)
    """
    return special.digamma(operand("digamma", x, FLOATS))


@user_facing
def erf(x: ArrayLike) -> Array:
    """The error function of x, elementwise.

    >>> erf(0.0)
    np.float64(0.0)
    """
    return special.erf(operand("erf", x, FLOATS))


@user_facing
def erf_inv(x: ArrayLike) -> Array:
    """The number whose error function is x, elementwise.

    >>> erf_inv(0.0)
    np.float64(0.0)
    """
    return special.erf_inv(operand("erf_inv", x, FLOATS))


@user_facing
def erfc(x: ArrayLike) -> Array:
    """One minus the error function of x, elementwise.

    >>> erfc(0.0)
    np.float64(1.0)
    """
    return special.erfc(operand("erfc", x, FLOATS))


@user_facing
def lgamma(x: ArrayLike) -> Array:
    """The logarithm of the absolute value of the gamma function of x, elementwise.

    >>> lgamma(1.0)
    np.float64(0.0)
    """
    return special.lgamma(operand("lgamma", x, FLOATS))


@user_facing
def logistic(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """1 / (1 + exp(-x)), elementwise.

    >>> logistic(0.0)
    np.float64(0.5)
    """
    return special.logistic(operand("logistic", x, FLOATING))


@user_facing
def polygamma(m: ArrayLike, x: ArrayLike) -> Array:
    """The derivative of order m of digamma at x, elementwise.

    Args:
        m: whole numbers; there is no derivative with respect to them.
        x: floating-point numbers.

    Returns:
        The derivatives, in the dtype of x.

    >>> polygamma(1.0, 1.0).round(6)
    np.float64(1.644934)
    """
    x = strong("polygamma", x, FLOATS)
    order = operand("polygamma", m, "iuf")
    return special.polygamma(cast(order, np.dtype(np.int64)), x)


@user_facing
def bessel_i0e(x: ArrayLike) -> Array:
    """exp(-|x|) times the modified Bessel function of order 0, elementwise.

    >>> bessel_i0e(0.0)
    np.float64(1.0)
    """
    return bessel.scaled_bessel(strong("bessel_i0e", x, FLOATS), order=0)


@user_facing
def bessel_i1e(x: ArrayLike) -> Array:
    """exp(-|x|) times the modified Bessel function of order 1, elementwise.

    >>> bessel_i1e(0.0)
    np.float64(0.0)
    """
    return bessel.scaled_bessel(strong("bessel_i1e", x, FLOATS), order=1)


def _floats(name: str, *xs: ArrayLike) -> list[Array]:
    found = alike(name, *xs, kinds=FLOATS)
    dtype = common_dtype(name, *found)
    return [cast(x, dtype) for x in found]


@user_facing
def igamma(a: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a gamma number of shape a is below x, elementwise.

    That is the lower incomplete gamma function, divided by gamma(a).

    >>> igamma(1.0, 2.0).round(6)
    np.float64(0.864665)
    """
    a, x = _floats("igamma", a, x)
    return cast(incomplete.igamma(a, x), aval_of(x).dtype)


@user_facing
def igammac(a: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a gamma number of shape a is above x, elementwise.

    >>> igammac(1.0, 2.0).round(6)
    np.float64(0.135335)
    """
    a, x = _floats("igammac", a, x)
    return cast(incomplete.igammac(a, x), aval_of(x).dtype)


@user_facing
def igamma_grad_a(a: ArrayLike, x: ArrayLike) -> Array:
    """The derivative of ``igamma`` with respect to a, elementwise.

    >>> igamma_grad_a(1.0, 2.0).round(6)
    np.float64(-0.220825)
    """
    a, x = _floats("igamma_grad_a", a, x)
    return cast(incomplete.shape_slope(a, x), aval_of(x).dtype)


@user_facing
def random_gamma_grad(a: ArrayLike, x: ArrayLike) -> Array:
    """The slope of a gamma random number x in its shape a, at constant probability, elementwise.

    Figurnov, Mohamed and Mnih, Implicit reparameterization gradients, 2018.

    >>> random_gamma_grad(1.0, 2.0).round(6)
    np.float64(1.631691)
    """
    a, x = _floats("random_gamma_grad", a, x)
    return x * gamma_slope(a, np.log(x), order=0)


@user_facing
def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a beta number of shape a, b is below x, elementwise.

    That is the regularised incomplete beta function.

    >>> betainc(1.0, 2.0, 0.5)
    np.float64(0.75)
    """
    a, b, x = _floats("betainc", a, b, x)
    return cast(incomplete.betainc(a, b, x), aval_of(x).dtype)


@user_facing
def zeta(x: ArrayLike, q: ArrayLike) -> Array:
    """The sum of (k + q)**-x over k = 0, 1, ..., elementwise: the zeta function of Hurwitz.

    >>> zeta(2.0, 1.0).round(6)
    np.float64(1.644934)
    """
    x, q = _floats("zeta", x, q)
    return cast(zetas.zeta(x, q), aval_of(q).dtype)
