"""Logistic functions, entropies, products with logarithms, differences, and losses."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy import scipy_ufuncs
from ...numpy.scipy_ufuncs import floats, real_floats
from ...ops.pointwise import box_cox, special
from ...typing import Array, ArrayLike


@user_facing
def expit(x: ArrayLike) -> Array:
    """The logistic function 1 / (1 + exp(-x)), elementwise.

    >>> expit(0.0)
    np.float64(0.5)
    """
    return special.logistic(*floats("expit", x))


@user_facing
def logit(x: ArrayLike) -> Array:
    """The inverse log(x / (1 - x)) of ``expit``, elementwise.

    >>> logit(0.5)
    np.float64(0.0)
    """
    return special.logit(*real_floats("logit", x))


@user_facing
def log_expit(x: ArrayLike) -> Array:
    """The logarithm of ``expit(x)``, without overflow, elementwise.

    >>> log_expit(0.0).round(6)
    np.float64(-0.693147)
    """
    return scipy_ufuncs.log_expit(x)


@user_facing
def xlogy(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(y), 0 where x is 0, elementwise.

    >>> xlogy(0.0, 0.0)
    np.float64(0.0)
    """
    return scipy_ufuncs.xlogy(x, y)


@user_facing
def xlog1py(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(1 + y), 0 where x is 0, elementwise.

    >>> xlog1py(0.0, -1.0)
    np.float64(0.0)
    """
    return scipy_ufuncs.xlog1py(x, y)


@user_facing
def entr(x: ArrayLike) -> Array:
    """The product -x * log(x); 0 at 0, and -inf below, elementwise.

    >>> entr(1.0)
    np.float64(-0.0)
    """
    return special.entropy(*real_floats("entr", x))


@user_facing
def rel_entr(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(x / y); 0 where x is 0, inf where one is negative, elementwise.

    >>> rel_entr(1.0, 1.0)
    np.float64(0.0)
    """
    return special.relative_entropy(*real_floats("rel_entr", x, y))


@user_facing
def kl_div(x: ArrayLike, y: ArrayLike) -> Array:
    """The term x * log(x / y) - x + y of a divergence, elementwise.

    >>> kl_div(1.0, 1.0)
    np.float64(0.0)
    """
    return scipy_ufuncs.kl_div(x, y)


@user_facing
def boxcox(x: ArrayLike, lmbda: ArrayLike) -> Array:
    """The transformation (x**lmbda - 1) / lmbda; log(x) where lmbda is 0, elementwise.

    >>> boxcox(2.0, 2.0).round(6)
    np.float64(1.5)
    """
    return box_cox.boxcox(*real_floats("boxcox", x, lmbda))


@user_facing
def boxcox1p(x: ArrayLike, lmbda: ArrayLike) -> Array:
    """The transformation ``boxcox`` of 1 + x, elementwise.

    >>> boxcox1p(1.0, 2.0).round(6)
    np.float64(1.5)
    """
    return box_cox.boxcox1p(*real_floats("boxcox1p", x, lmbda))


@user_facing
def inv_boxcox(y: ArrayLike, lmbda: ArrayLike) -> Array:
    """The inverse of ``boxcox``, elementwise.

    >>> inv_boxcox(1.5, 2.0).round(6)
    np.float64(2.0)
    """
    return box_cox.inv_boxcox(*real_floats("inv_boxcox", y, lmbda))


@user_facing
def inv_boxcox1p(y: ArrayLike, lmbda: ArrayLike) -> Array:
    """The inverse of ``boxcox1p``, elementwise.

    >>> inv_boxcox1p(1.5, 2.0).round(6)
    np.float64(1.0)
    """
    return box_cox.inv_boxcox1p(*real_floats("inv_boxcox1p", y, lmbda))


@user_facing
def exprel(x: ArrayLike) -> Array:
    """The quotient (exp(x) - 1) / x, 1 at 0, elementwise.

    >>> exprel(0.0)
    np.float64(1.0)
    """
    return scipy_ufuncs.exprel(x)


@user_facing
def cosm1(x: ArrayLike) -> Array:
    """The difference cos(x) - 1, without cancellation, elementwise.

    >>> cosm1(1e-6)
    np.float64(-4.999999999999583e-13)
    """
    return scipy_ufuncs.cosm1(x)


@user_facing
def huber(delta: ArrayLike, r: ArrayLike) -> Array:
    """Huber's loss: r**2 / 2 up to the size delta, and a line from there, elementwise.

    >>> huber(1.0, [0.5, 3.0])
    array([0.125, 2.5  ])
    """
    return scipy_ufuncs.huber(delta, r)


@user_facing
def pseudo_huber(delta: ArrayLike, r: ArrayLike) -> Array:
    """The smooth form of ``huber``: delta**2 (sqrt(1 + (r / delta)**2) - 1), elementwise.

    >>> pseudo_huber(1.0, 3.0).round(6)
    np.float64(2.162278)
    """
    return scipy_ufuncs.pseudo_huber(delta, r)
