"""The gamma function and what is made of it."""

from __future__ import annotations

from math import log, pi

import numpy as np

from ...arrays import special_functions
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...numpy import scipy_ufuncs
from ...numpy.scipy_ufuncs import real_floats, whole_numbers
from ...ops.pointwise import gammas, special
from ...ops.pointwise import zeta as zetas
from ...ops.pointwise.comparison import select
from ...typing import Array, ArrayLike


@user_facing
def gamma(x: ArrayLike) -> Array:
    """The gamma function, of complex numbers too, elementwise.

    >>> gamma(5.0)
    np.float64(24.0)
    """
    return scipy_ufuncs.gamma(x)


@user_facing
def gammaln(x: ArrayLike) -> Array:
    """The logarithm of the absolute value of the gamma function, elementwise.

    >>> gammaln(1.0)
    np.float64(0.0)
    """
    return special.lgamma(*real_floats("gammaln", x))


@user_facing
def loggamma(z: ArrayLike) -> Array:
    """The principal branch of the logarithm of the gamma function, elementwise.

    Of real numbers it is real, and NaN where the gamma function is negative; complex numbers give
    complex ones.

    >>> loggamma(3.0).round(6)
    np.float64(0.693147)
    >>> loggamma(-0.5 + 0j).round(6)
    np.complex128(1.265512-3.141593j)
    """
    return scipy_ufuncs.loggamma(z)


@user_facing
def rgamma(z: ArrayLike) -> Array:
    """One over the gamma function, of complex numbers too, 0 at its poles, elementwise.

    >>> rgamma(3.0)
    np.float64(0.5)
    """
    return scipy_ufuncs.rgamma(z)


@user_facing
def gammasgn(x: ArrayLike) -> Array:
    """The sign of the gamma function, elementwise.

    >>> gammasgn(-0.5)
    np.float64(-1.0)
    """
    return scipy_ufuncs.gammasgn(x)


@user_facing
def digamma(x: ArrayLike) -> Array:
    """The derivative of ``gammaln``, and of ``loggamma`` of complex numbers, elementwise.

    >>> digamma(1.0).round(6)
    np.float64(-0.577216)
    """
    return scipy_ufuncs.digamma(x)


@user_facing
def psi(x: ArrayLike) -> Array:
    """The derivative of ``gammaln``, elementwise: another name of ``digamma``.

    >>> psi(1.0).round(6)
    np.float64(-0.577216)
    """
    return scipy_ufuncs.digamma(x)


@user_facing
def polygamma(n: ArrayLike, x: ArrayLike) -> Array:
    """The derivative of order n of ``digamma`` at x, elementwise; n are whole numbers.

    >>> polygamma(1, 1.0).round(6)
    np.float64(1.644934)
    """
    (x,) = real_floats("polygamma", x)
    (order,) = whole_numbers("polygamma", n)
    return special.polygamma(order, x)


@user_facing
def zeta(x: ArrayLike, q: ArrayLike | None = None) -> Array:
    """The sum of (k + q)**-x over k = 0, 1, ..., elementwise: the zeta function of Hurwitz.

    Args:
        x: exponents, above 1 where q is given.
        q: the first term; None for 1, which is Riemann's zeta function, also below 1.

    Returns:
        The sums.

    >>> zeta(2.0).round(6)
    np.float64(1.644934)
    """
    if q is None:
        return zetas.riemann_zeta(*real_floats("zeta", x))
    return zetas.zeta(*real_floats("zeta", x, q))


@user_facing
def betaln(a: ArrayLike, b: ArrayLike) -> Array:
    """The logarithm of the absolute value of the beta function, elementwise.

    >>> betaln(1.0, 1.0)
    np.float64(0.0)
    """
    return gammas.betaln(*real_floats("betaln", a, b))


@user_facing
def beta(a: ArrayLike, b: ArrayLike) -> Array:
    """The beta function gamma(a) gamma(b) / gamma(a + b), elementwise.

    >>> beta(1.0, 2.0)
    np.float64(0.5)
    """
    return gammas.beta(*real_floats("beta", a, b))


@user_facing
def poch(z: ArrayLike, m: ArrayLike) -> Array:
    """The quotient gamma(z + m) / gamma(z), elementwise.

    >>> poch(2.0, 3.0)
    np.float64(24.0)
    """
    return gammas.poch(*real_floats("poch", z, m))


@user_facing
def binom(n: ArrayLike, k: ArrayLike) -> Array:
    """The binomial coefficient, also of numbers that are not whole, elementwise.

    >>> binom(4.0, 2.0)
    np.float64(6.0)
    """
    return gammas.binom(*real_floats("binom", n, k))


@user_facing
def multigammaln(a: ArrayLike, d: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension d, elementwise.

    Args:
        a: numbers above (d - 1) / 2.
        d: the dimension, a whole number of at least 1.

    Returns:
        The sum of ``gammaln(a - j / 2)`` over j < d, and log(pi) d (d - 1) / 4.

    Raises:
        ValueError: d is no dimension.

    >>> multigammaln(3.0, 1).round(6)
    np.float64(0.693147)
    """
    if not is_integer(d) or d < 1:
        raise ValueError(f"multigammaln: d must be a whole number of at least 1, got {describe(d)}")
    (x,) = real_floats("multigammaln", a)
    total = special.lgamma(x) + 0.25 * int(d) * (int(d) - 1) * log(pi)
    for j in range(1, int(d)):
        total = total + special.lgamma(x - 0.5 * j)
    return total


@user_facing
def factorial(n: ArrayLike, exact: bool = False) -> Array:
    """The factorial gamma(n + 1), 0 for negative numbers, elementwise.

    Args:
        n: numbers.
        exact: must be False: results are floats.

    Returns:
        The factorials.

    Raises:
        ValueError: exact integers are asked for.

    >>> factorial(4.0)
    np.float64(24.0)
    """
    if exact:
        raise ValueError("factorial: exact=True makes integers, which scipy.special.factorial does")
    (x,) = real_floats("factorial", n)
    return select(x < 0, 0, gammas.gamma(select(x < 0, 0, x) + 1))


@user_facing
def comb(N: ArrayLike, k: ArrayLike, *, exact: bool = False, repetition: bool = False) -> Array:
    """The number of ways to choose k of N things, elementwise.

    Args:
        N: numbers of things.
        k: numbers of chosen ones.
        exact: must be False: results are floats.
        repetition: each thing may be chosen several times.

    Returns:
        The binomial coefficients; 0 where k is above N, or one of them is negative.

    Raises:
        ValueError: exact integers are asked for.

    >>> comb(4, 2)
    np.float64(6.0)
    """
    if exact:
        raise ValueError("comb: exact=True makes integers, which scipy.special.comb does")
    n, k = real_floats("comb", N, k)
    none = (n < 0) | (k < 0)
    if repetition:
        n = select(k == 0, 0, n + k - 1)  # there is one way to choose nothing, also of nothing
        none = none | (k > n)
    else:
        none = none | (k > n)
    return select(none, 0, gammas.binom(select(none, 1, n), select(none, 1, k)))


@user_facing
def bernoulli(n: int) -> Array:
    """The Bernoulli numbers from 0 to n, as a plain array.

    Args:
        n: the index of the last one.

    Returns:
        n + 1 numbers; that of index 1 is -1/2.

    Raises:
        ValueError: n is no such index.

    >>> bernoulli(2).round(6)
    array([ 1.      , -0.5     ,  0.166667])
    """
    if not is_integer(n) or n < 0:
        raise ValueError(f"bernoulli: n must be a whole number of at least 0, got {describe(n)}")
    return special_functions(np).bernoulli(max(int(n), 2))[: int(n) + 1]
