"""The incomplete gamma and beta functions, their complements and inverses."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise import incomplete
from ...typing import Array, ArrayLike


@user_facing
def gammainc(a: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a gamma number of shape a is below x, elementwise.

    >>> gammainc(1.0, 2.0).round(6)
    np.float64(0.864665)
    """
    return incomplete.igamma(*real_floats("gammainc", a, x))


@user_facing
def gammaincc(a: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a gamma number of shape a is above x, elementwise.

    >>> gammaincc(1.0, 2.0).round(6)
    np.float64(0.135335)
    """
    return incomplete.igammac(*real_floats("gammaincc", a, x))


@user_facing
def gammaincinv(a: ArrayLike, y: ArrayLike) -> Array:
    """The number below which a gamma number of shape a is with probability y, elementwise.

    >>> gammaincinv(1.0, 0.5).round(6)
    np.float64(0.693147)
    """
    return incomplete.gammaincinv(*real_floats("gammaincinv", a, y))


@user_facing
def gammainccinv(a: ArrayLike, y: ArrayLike) -> Array:
    """The number above which a gamma number of shape a is with probability y, elementwise.

    >>> gammainccinv(1.0, 0.5).round(6)
    np.float64(0.693147)
    """
    return incomplete.gammainccinv(*real_floats("gammainccinv", a, y))


@user_facing
def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a beta number of shape a, b is below x, elementwise.

    >>> betainc(1.0, 2.0, 0.5).round(6)
    np.float64(0.75)
    """
    return incomplete.betainc(*real_floats("betainc", a, b, x))


@user_facing
def betaincc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability that a beta number of shape a, b is above x, elementwise.

    >>> betaincc(1.0, 2.0, 0.5).round(6)
    np.float64(0.25)
    """
    return incomplete.betaincc(*real_floats("betaincc", a, b, x))


@user_facing
def betaincinv(a: ArrayLike, b: ArrayLike, y: ArrayLike) -> Array:
    """The number below which a beta number of shape a, b is with probability y.

    >>> betaincinv(1.0, 2.0, 0.5).round(6)
    np.float64(0.292893)
    """
    return incomplete.betaincinv(*real_floats("betaincinv", a, b, y))


@user_facing
def betainccinv(a: ArrayLike, b: ArrayLike, y: ArrayLike) -> Array:
    """The number above which a beta number of shape a, b is with probability y.

    >>> betainccinv(1.0, 2.0, 0.5).round(6)
    np.float64(0.292893)
    """
    return incomplete.betainccinv(*real_floats("betainccinv", a, b, y))
