"""Integrals of exponentials and sines, Spence's function and Lambert's W."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy import scipy_ufuncs
from ...numpy.scipy_ufuncs import real_floats, whole_numbers
from ...ops.pointwise import integrals
from ...typing import Array, ArrayLike


@user_facing
def exp1(x: ArrayLike) -> Array:
    """The integral of exp(-t) / t from x to infinity, elementwise.

    >>> exp1(1.0).round(6)
    np.float64(0.219384)
    """
    return integrals.exp1(*real_floats("exp1", x))


@user_facing
def expi(x: ArrayLike) -> Array:
    """The integral of exp(t) / t from -infinity to x, elementwise.

    >>> expi(1.0).round(6)
    np.float64(1.895118)
    """
    return integrals.expi(*real_floats("expi", x))


@user_facing
def expn(n: ArrayLike, x: ArrayLike) -> Array:
    """The integral of exp(-x t) / t**n from 1 to infinity, elementwise; n are whole numbers.

    >>> expn(2, 1.0).round(6)
    np.float64(0.148496)
    """
    (x,) = real_floats("expn", x)
    (order,) = whole_numbers("expn", n)
    return integrals.expn(order, x)


@user_facing
def sici(x: ArrayLike) -> tuple[Array, Array]:
    """The integrals of sin(t) / t from 0, and of cos(t) / t from infinity, to x, elementwise.

    >>> sici(1.0)[0].round(6)
    np.float64(0.946083)
    """
    return scipy_ufuncs.sici(x)


@user_facing
def shichi(x: ArrayLike) -> tuple[Array, Array]:
    """The integrals of sinh(t) / t from 0 to x, and of cosh(t) / t, elementwise.

    >>> shichi(1.0)[0].round(6)
    np.float64(1.057251)
    """
    return scipy_ufuncs.shichi(x)


@user_facing
def spence(z: ArrayLike) -> Array:
    """The integral of log(t) / (1 - t) from 1 to z, elementwise.

    >>> spence(1.0)
    np.float64(0.0)
    """
    return integrals.spence(*real_floats("spence", z))


@user_facing
def lambertw(z: ArrayLike, k: ArrayLike = 0, tol: float = 1e-8) -> Array:
    """A branch of the inverse of w * exp(w), elementwise.

    Args:
        z: numbers, real or complex.
        k: the branch, whole numbers; 0 is the principal one, real for z above -1/e.
        tol: is not used: results have full precision.

    Returns:
        The values, complex128.

    >>> import numpy as np
    >>> lambertw(np.e).real.round(6)
    np.float64(1.0)
    """
    return scipy_ufuncs.lambertw(z, k)
