"""The error function, the normal distribution, and the integrals beside them."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy import scipy_ufuncs
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise import error_integrals, special
from ...typing import Array, ArrayLike


@user_facing
def erf(z: ArrayLike) -> Array:
    """The error function, elementwise.

    >>> erf(0.0)
    np.float64(0.0)
    """
    return special.erf(*real_floats("erf", z))


@user_facing
def erfc(x: ArrayLike) -> Array:
    """One minus the error function, elementwise.

    >>> erfc(0.0)
    np.float64(1.0)
    """
    return special.erfc(*real_floats("erfc", x))


@user_facing
def erfcx(x: ArrayLike) -> Array:
    """exp(x**2) times ``erfc(x)``, elementwise.

    >>> erfcx(0.0)
    np.float64(1.0)
    """
    return error_integrals.erfcx(*real_floats("erfcx", x))


@user_facing
def erfinv(y: ArrayLike) -> Array:
    """The number whose error function is y, elementwise.

    >>> erfinv(0.0)
    np.float64(0.0)
    """
    return special.erf_inv(*real_floats("erfinv", y))


@user_facing
def erfcinv(y: ArrayLike) -> Array:
    """The number whose complementary error function is y, elementwise.

    >>> erfcinv(0.5).round(6)
    np.float64(0.476936)
    """
    return error_integrals.erfcinv(*real_floats("erfcinv", y))


@user_facing
def ndtr(x: ArrayLike) -> Array:
    """The probability of a standard normal number below x, elementwise.

    >>> ndtr(0.0)
    np.float64(0.5)
    """
    return scipy_ufuncs.ndtr(x)


@user_facing
def ndtri(y: ArrayLike) -> Array:
    """The number below which standard normal numbers are with probability y, elementwise.

    >>> ndtri(0.5)
    np.float64(0.0)
    """
    return error_integrals.ndtri(*real_floats("ndtri", y))


@user_facing
def log_ndtr(x: ArrayLike) -> Array:
    """The logarithm of ``ndtr(x)``, also where that underflows, elementwise.

    >>> log_ndtr(-40.0).round(6)
    np.float64(-804.608442)
    """
    return error_integrals.log_ndtr(*real_floats("log_ndtr", x))


@user_facing
def dawsn(x: ArrayLike) -> Array:
    """Dawson's integral exp(-x**2) times that of exp(t**2) from 0 to x, elementwise.

    >>> dawsn(1.0).round(6)
    np.float64(0.53808)
    """
    return error_integrals.dawsn(*real_floats("dawsn", x))


@user_facing
def owens_t(h: ArrayLike, a: ArrayLike) -> Array:
    """Owen's T: exp(-h**2 (1 + t**2) / 2) / (1 + t**2) / (2 pi), integrated up to a, elementwise.

    >>> owens_t(0.0, 1.0)
    np.float64(0.125)
    """
    return error_integrals.owens_t(*real_floats("owens_t", h, a))


@user_facing
def fresnel(z: ArrayLike) -> tuple[Array, Array]:
    """Fresnel's integrals of sin(pi t**2 / 2) and of cos(pi t**2 / 2) from 0 to z, elementwise.

    >>> fresnel(0.0)
    (np.float64(0.0), np.float64(0.0))
    """
    return scipy_ufuncs.fresnel(z)


@user_facing
def erfi(z: ArrayLike) -> Array:
    """The imaginary error function -i erf(i z), elementwise.

    >>> erfi(1.0).round(6)
    np.float64(1.650426)
    """
    return error_integrals.erfi(*real_floats("erfi", z))


@user_facing
def wofz(z: ArrayLike) -> Array:
    """Faddeeva's function exp(-z**2) erfc(-i z), complex, elementwise.

    >>> wofz(1.0).round(6)
    np.complex128(0.367879+0.607158j)
    """
    return scipy_ufuncs.wofz(z)


@user_facing
def ndtri_exp(y: ArrayLike) -> Array:
    """The number up to which normal ones are with the probability exp(y), elementwise.

    >>> ndtri_exp(-2.0).round(6)
    np.float64(-1.10152)
    """
    return error_integrals.ndtri_exp(*real_floats("ndtri_exp", y))
