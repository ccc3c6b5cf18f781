"""Probabilities of distributions, by SciPy's names."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy import scipy_ufuncs
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise import student
from ...typing import Array, ArrayLike


@user_facing
def stdtr(df: ArrayLike, t: ArrayLike) -> Array:
    """The probability of numbers up to t in Student's t distribution, elementwise.

    >>> stdtr(3.0, 1.0).round(6)
    np.float64(0.804499)
    """
    return student.stdtr(*real_floats("stdtr", df, t))


@user_facing
def stdtrit(df: ArrayLike, p: ArrayLike) -> Array:
    """The number up to which others are with probability p in Student's t distribution.

    >>> stdtrit(3.0, 0.8).round(6)
    np.float64(0.978472)
    """
    return student.stdtrit(*real_floats("stdtrit", df, p))


@user_facing
def chdtr(v: ArrayLike, x: ArrayLike) -> Array:
    """The probability of chi-square numbers up to x, elementwise.

    >>> chdtr(3.0, 1.0).round(6)
    np.float64(0.198748)
    """
    return scipy_ufuncs.chdtr(v, x)


@user_facing
def chdtrc(v: ArrayLike, x: ArrayLike) -> Array:
    """The probability of chi-square numbers above x, elementwise.

    >>> chdtrc(3.0, 1.0).round(6)
    np.float64(0.801252)
    """
    return scipy_ufuncs.chdtrc(v, x)


@user_facing
def gdtr(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability of gamma numbers of rate a and shape b up to x, elementwise.

    >>> gdtr(1.0, 2.0, 3.0).round(6)
    np.float64(0.800852)
    """
    return scipy_ufuncs.gdtr(a, b, x)


@user_facing
def gdtrc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability of gamma numbers of rate a and shape b above x, elementwise.

    >>> gdtrc(1.0, 2.0, 3.0).round(6)
    np.float64(0.199148)
    """
    return scipy_ufuncs.gdtrc(a, b, x)


@user_facing
def pdtr(k: ArrayLike, m: ArrayLike) -> Array:
    """The probability of Poisson numbers of mean m up to k, elementwise.

    >>> pdtr(2, 1.5).round(6)
    np.float64(0.808847)
    """
    return scipy_ufuncs.pdtr(k, m)


@user_facing
def pdtrc(k: ArrayLike, m: ArrayLike) -> Array:
    """The probability of Poisson numbers of mean m above k, elementwise.

    >>> pdtrc(2, 1.5).round(6)
    np.float64(0.191153)
    """
    return scipy_ufuncs.pdtrc(k, m)


@user_facing
def fdtr(dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike) -> Array:
    """The probability of numbers of the F distribution up to x, elementwise.

    >>> fdtr(2.0, 3.0, 1.0).round(6)
    np.float64(0.535242)
    """
    return scipy_ufuncs.fdtr(dfn, dfd, x)


@user_facing
def fdtrc(dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike) -> Array:
    """The probability of numbers of the F distribution above x, elementwise.

    >>> fdtrc(2.0, 3.0, 1.0).round(6)
    np.float64(0.464758)
    """
    return scipy_ufuncs.fdtrc(dfn, dfd, x)
