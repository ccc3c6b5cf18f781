"""The ufuncs of scipy.special on tracers, by name, so that SciPy is not imported for them.

Those that are no operator are composed of operators; zero times a logarithm of zero is zero.
"""

from __future__ import annotations

import math

import numpy as np

from ..ops.pointwise import bessel_i0_i1, exponentials, powers, special
from ..ops.pointwise.comparison import filled_like
from ..typing import Array, ArrayLike
from .protocol import SCIPY_UFUNCS, inexact


def log_expit(x: ArrayLike) -> Array:
    """The logarithm of the sigmoid, without overflow."""
    x = inexact(x)
    return -np.logaddexp(filled_like(x, 0), -x)


def ndtr(x: ArrayLike) -> Array:
    """The distribution function of the standard normal distribution."""
    return 0.5 * special.erfc(inexact(x) * -math.sqrt(0.5))


def xlogy(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(y), 0 where x is 0."""
    x, y = inexact(x), inexact(y)
    free = (x == 0) & ((y <= 0) | (y == np.inf))
    return x * np.log(np.where(free, 1, y))


def xlog1py(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(1 + y), 0 where x is 0."""
    x, y = inexact(x), inexact(y)
    free = (x == 0) & ((y <= -1) | (y == np.inf))
    return x * np.log1p(np.where(free, 0, y))


def kl_div(x: ArrayLike, y: ArrayLike) -> Array:
    """The term x * log(x / y) - x + y of a divergence."""
    x, y = inexact(x), inexact(y)
    entropy = special.relative_entropy(x, y)
    return np.where(entropy == np.inf, entropy, entropy - x + y)


def gammasgn(x: ArrayLike) -> Array:
    """The sign of the gamma function."""
    x = inexact(x)
    return np.where((x > 0) | (np.floor(x) % 2 == 0), x.dtype.type(1), x.dtype.type(-1))


def gamma(x: ArrayLike) -> Array:
    """The gamma function, from the logarithm of its size and its sign."""
    x = inexact(x)
    return gammasgn(x) * np.exp(special.lgamma(x))


def betaln(a: ArrayLike, b: ArrayLike) -> Array:
    """The logarithm of the size of the beta function."""
    a, b = inexact(a), inexact(b)
    return special.lgamma(a) + special.lgamma(b) - special.lgamma(a + b)


def exp10(x: ArrayLike) -> Array:
    """Ten to the power of x."""
    return np.power(10.0, inexact(x))


SCIPY_UFUNCS.update(special.UFUNC_NAMES)
SCIPY_UFUNCS.update(
    {
        "betaln": betaln,
        "cbrt": powers.cbrt,
        "exp10": exp10,
        "exp2": exponentials.exp2,
        "expm1": exponentials.expm1,
        "gamma": gamma,
        "gammasgn": gammasgn,
        "i0": bessel_i0_i1.i0,
        "i1": bessel_i0_i1.i1,
        "kl_div": kl_div,
        "log1p": exponentials.log1p,
        "log_expit": log_expit,
        "ndtr": ndtr,
        "rel_entr": special.relative_entropy,
        "xlog1py": xlog1py,
        "xlogy": xlogy,
    }
)
