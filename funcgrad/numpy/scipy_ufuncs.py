"""The ufuncs of scipy.special on tracers, by name, so that SciPy is not imported for them.

Those that are no operator are composed of operators; zero times a logarithm of zero is zero.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import beside_each_other
from ..core.blame import describe
from ..core.dtypes import HALF, kind_of
from ..ops.pointwise import (
    bessel,
    bessel_i0_i1,
    bessel_orders,
    box_cox,
    complex_gammas,
    error_integrals,
    exponentials,
    gammas,
    hypergeometric,
    incomplete,
    integrals,
    powers,
    special,
)
from ..ops.pointwise.comparison import filled_like, select
from ..ops.pointwise.elliptic import ellipe, ellipeinc, ellipk, ellipkinc, ellipkm1
from ..ops.pointwise.polynomials import power_sum
from ..ops.pointwise.student import stdtr, stdtrit
from ..ops.pointwise.zeta import riemann_zeta, zeta
from ..ops.shape import cast
from ..typing import Array, ArrayLike
from .protocol import SCIPY_UFUNCS, array, as_operand, promoted

SINGLE = np.dtype(np.float32)


def floats(name: str, *xs: ArrayLike) -> list[Array]:
    """Operands on one device in one dtype that SciPy computes in: float64 for integers, float16."""
    found = [x if isinstance(x, int | float | complex) else array(x) for x in xs]
    for x, given in zip(found, xs, strict=True):
        if kind_of(getattr(x, "dtype", SINGLE)) not in "biufc":
            raise TypeError(f"{name} takes numbers, got {describe(given)}")
    dtype = promoted(*found)
    if dtype.kind in "biu" or dtype == HALF:
        dtype = np.dtype(np.float64)
    return beside_each_other([cast(as_operand(x), dtype) for x in found])


def real_floats(name: str, *xs: ArrayLike) -> list[Array]:
    """Operands as ``floats`` makes them, none of which may be complex."""
    found = floats(name, *xs)
    if found[0].dtype.kind == "c":
        raise TypeError(f"{name} takes real numbers, got {found[0].dtype}")
    return found


def whole_numbers(name: str, *xs: ArrayLike) -> list[Array]:
    """Orders and degrees, as integers."""
    return [cast(x, np.dtype(np.int64)) for x in real_floats(name, *xs)]


def gamma(z: ArrayLike) -> Array:
    """The gamma function."""
    (z,) = floats("gamma", z)
    return (complex_gammas.complex_gamma if z.dtype.kind == "c" else gammas.gamma)(z)


def loggamma(z: ArrayLike) -> Array:
    """The principal branch of the logarithm of the gamma function."""
    (z,) = floats("loggamma", z)
    return (complex_gammas.complex_loggamma if z.dtype.kind == "c" else gammas.loggamma)(z)


def rgamma(z: ArrayLike) -> Array:
    """One over the gamma function."""
    (z,) = floats("rgamma", z)
    return (complex_gammas.complex_rgamma if z.dtype.kind == "c" else gammas.rgamma)(z)


def digamma(z: ArrayLike) -> Array:
    """The derivative of the logarithm of the gamma function."""
    (z,) = floats("digamma", z)
    return (complex_gammas.complex_digamma if z.dtype.kind == "c" else special.digamma)(z)


def log_expit(x: ArrayLike) -> Array:
    """The logarithm of the sigmoid, without overflow."""
    (x,) = real_floats("log_expit", x)
    return -np.logaddexp(filled_like(x, 0), -x)


def ndtr(x: ArrayLike) -> Array:
    """The distribution function of the standard normal distribution."""
    (x,) = real_floats("ndtr", x)
    return 0.5 * special.erfc(x * -math.sqrt(0.5))


def xlogy(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(y), 0 where x is 0."""
    x, y = floats("xlogy", x, y)
    free = (x == 0) & ((y <= 0) | (y == np.inf))
    return x * np.log(select(free, 1, y))


def xlog1py(x: ArrayLike, y: ArrayLike) -> Array:
    """The product x * log(1 + y), 0 where x is 0."""
    x, y = floats("xlog1py", x, y)
    free = (x == 0) & ((y <= -1) | (y == np.inf))
    return x * np.log1p(select(free, 0, y))


_ARTANH = [2 / (2 * k + 3) for k in range(10)]
"""What 2 artanh(s) has beyond 2 s, over s**3, as a polynomial in s * s."""


def kl_div(x: ArrayLike, y: ArrayLike) -> Array:
    """The term x * log(x / y) - x + y of a divergence.

    That is x * (u - log1p(u)) with u = (y - x) / x, and log1p(u) = 2 artanh(u / (2 + u)): so
    numbers that are close to one another do not cancel.
    """
    x, y = real_floats("kl_div", x, y)
    close = np.abs(y - x) < 0.25 * x
    u = select(close, y - x, 0) / select(close, x, 1)
    s = u / (2 + u)
    near = select(close, x, 0) * s * (u - s * s * power_sum(s * s, _ARTANH))
    entropy = special.relative_entropy(x, select(close, 1, y))
    return select(close, near, select(entropy == np.inf, entropy, entropy - x + y))


def gammasgn(x: ArrayLike) -> Array:
    """The sign of the gamma function."""
    (x,) = real_floats("gammasgn", x)
    one = x.dtype.type(1)
    negative = (x < 0) & (x > -np.inf)
    at = select(negative, x, 0.5)
    down = np.floor(at)
    # At 0 the sign is that of the zero, and at the other poles there is none.
    of_zero = select(np.signbit(x), -one, one)
    left = select(at == down, x.dtype.type(np.nan), select(down % 2 == 0, one, -one))
    return select(negative, left, select(x >= 0, of_zero, x.dtype.type(np.nan)))


def exp10(x: ArrayLike) -> Array:
    """Ten to the power of x."""
    (x,) = floats("exp10", x)
    return np.power(10.0, x)


_NEAR = 0.25
_TERMS = 14
_EXPREL = [1 / math.factorial(k + 1) for k in range(_TERMS)]


def fresnel(z: ArrayLike) -> tuple[Array, Array]:
    """Fresnel's sine and cosine integrals."""
    (z,) = real_floats("fresnel", z)
    return error_integrals.fresnel_sine(z), error_integrals.fresnel_cosine(z)


def sici(x: ArrayLike) -> tuple[Array, Array]:
    """The sine and cosine integrals."""
    (x,) = real_floats("sici", x)
    return integrals.sine_integral(x), integrals.cosine_integral(x)


def shichi(x: ArrayLike) -> tuple[Array, Array]:
    """The hyperbolic sine and cosine integrals."""
    (x,) = real_floats("shichi", x)
    return integrals.hyperbolic_sine_integral(x), integrals.hyperbolic_cosine_integral(x)


def airy(z: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """The functions of Airy, Ai and Bi, each with its derivative behind it."""
    (x,) = real_floats("airy", z)
    first = bessel_orders.airy_ai(x), bessel_orders.airy_ai_slope(x)
    return (*first, bessel_orders.airy_bi(x), bessel_orders.airy_bi_slope(x))


def wofz(z: ArrayLike) -> Array:
    """Faddeeva's function exp(-z**2) erfc(-i z), complex."""
    (z,) = floats("wofz", z)
    return error_integrals.wofz(cast(z, np.result_type(z.dtype, np.complex64)))


def exprel(x: ArrayLike) -> Array:
    """The quotient (exp(x) - 1) / x."""
    (x,) = real_floats("exprel", x)
    near = np.abs(x) < _NEAR
    series = power_sum(select(near, x, 0), _EXPREL)
    end = x == np.inf
    safe = select(near | end, 1, x)
    return select(end, x, select(near, series, np.expm1(safe) / safe))


def cosm1(x: ArrayLike) -> Array:
    """The difference cos(x) - 1."""
    (x,) = real_floats("cosm1", x)
    half = np.sin(0.5 * x)
    return -2 * half * half


def huber(delta: ArrayLike, r: ArrayLike) -> Array:
    """Half of the square of r, where that is above delta a line."""
    delta, r = real_floats("huber", delta, r)
    size = np.abs(r)
    inside = size <= delta
    value = select(inside, 0.5 * r * r, delta * (size - 0.5 * delta))
    return select(delta < 0, np.inf, value)


def pseudo_huber(delta: ArrayLike, r: ArrayLike) -> Array:
    """The function delta**2 (sqrt(1 + (r / delta)**2) - 1), without its cancellation."""
    delta, r = real_floats("pseudo_huber", delta, r)
    some = delta > 0
    quotient = r / select(some, delta, 1)
    far = np.abs(quotient) > 1
    inside = select(far, 0, quotient)
    small = select(far, 0, r)
    near = small * small / (1 + np.sqrt(1 + inside * inside))
    inverse = 1 / np.abs(select(far, quotient, 1))
    outside = np.abs(r) / (inverse + np.sqrt(1 + inverse * inverse))
    value = select(far, delta * outside, near)
    return select(some, value, select(delta < 0, np.inf, 0 * delta))


def chdtr(v: ArrayLike, x: ArrayLike) -> Array:
    """The probability of chi-square numbers up to x."""
    v, x = real_floats("chdtr", v, x)
    return incomplete.igamma(0.5 * v, 0.5 * x)


def chdtrc(v: ArrayLike, x: ArrayLike) -> Array:
    """The probability of chi-square numbers above x."""
    v, x = real_floats("chdtrc", v, x)
    return incomplete.igammac(0.5 * v, 0.5 * x)


def _where_defined(share: Array, x: Array, *parameters: Array) -> Array:
    """A probability of positive parameters and of numbers that are not negative; NaN elsewhere."""
    defined = x >= 0
    for p in parameters:
        defined = defined & (p > 0)
    return select(defined, share, np.nan)


def gdtr(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability of gamma numbers of rate a and shape b up to x."""
    a, b, x = real_floats("gdtr", a, b, x)
    return _where_defined(incomplete.igamma(b, a * x), x)


def gdtrc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """The probability of gamma numbers of rate a and shape b above x."""
    a, b, x = real_floats("gdtrc", a, b, x)
    return _where_defined(incomplete.igammac(b, a * x), x)


def pdtr(k: ArrayLike, m: ArrayLike) -> Array:
    """The probability of Poisson numbers of mean m up to k."""
    k, m = real_floats("pdtr", k, m)
    return incomplete.igammac(np.floor(k) + 1, m)


def pdtrc(k: ArrayLike, m: ArrayLike) -> Array:
    """The probability of Poisson numbers of mean m above k."""
    k, m = real_floats("pdtrc", k, m)
    return incomplete.igamma(np.floor(k) + 1, m)


def _f_parts(dfn: Array, dfd: Array, x: Array) -> tuple[Array, Array, Array]:
    """Whether an F number's beta number is above 1/2; it, if not; what it lacks to 1, if so."""
    end = x == np.inf
    product = select(end, 0, dfn * x)
    total = dfd + product
    late = (product > dfd) | end
    total = select(total == 0, 1, total)
    below = select(late, 0.5, product / total)
    above = select(end, 0, select(late, dfd / total, 0.5))
    return late, below, above


def f_share(dfn: Array, dfd: Array, x: Array) -> Array:
    """The probability of F numbers up to x, of a beta number that is not next to 1."""
    late, below, above = _f_parts(dfn, dfd, x)
    half, other = 0.5 * dfn, 0.5 * dfd
    upper = incomplete.betaincc(other, half, above)
    return select(late, upper, incomplete.betainc(half, other, below))


def f_rest(dfn: Array, dfd: Array, x: Array) -> Array:
    """The probability of F numbers above x."""
    late, below, above = _f_parts(dfn, dfd, x)
    half, other = 0.5 * dfn, 0.5 * dfd
    upper = incomplete.betainc(other, half, above)
    return select(late, upper, incomplete.betaincc(half, other, below))


def fdtr(dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike) -> Array:
    """The probability of numbers of the F distribution up to x."""
    dfn, dfd, x = real_floats("fdtr", dfn, dfd, x)
    return _where_defined(f_share(dfn, dfd, x), x, dfn, dfd)


def fdtrc(dfn: ArrayLike, dfd: ArrayLike, x: ArrayLike) -> Array:
    """The probability of numbers of the F distribution above x."""
    dfn, dfd, x = real_floats("fdtrc", dfn, dfd, x)
    return _where_defined(f_rest(dfn, dfd, x), x, dfn, dfd)


def lambertw(z: ArrayLike, k: ArrayLike = 0, tol: ArrayLike = 1e-8) -> Array:
    """The branch k of the inverse of w * exp(w), complex128."""
    (z,) = floats("lambertw", z)
    return integrals.lambertw(cast(z, np.dtype(np.complex128)), as_operand(k))


def i0e(x: ArrayLike) -> Array:
    """The modified Bessel function of order 0 times exp(-|x|)."""
    (x,) = real_floats("i0e", x)
    return bessel.scaled_bessel(x, order=0)


def i1e(x: ArrayLike) -> Array:
    """The modified Bessel function of order 1 times exp(-|x|)."""
    (x,) = real_floats("i1e", x)
    return bessel.scaled_bessel(x, order=1)


SCIPY_UFUNCS.update(special.UFUNC_NAMES)
SCIPY_UFUNCS.update(
    {
        "_lambertw": lambertw,
        "_riemann_zeta": riemann_zeta,
        "_zeta": zeta,
        "airy": airy,
        "betainc": incomplete.betainc,
        "betaincc": incomplete.betaincc,
        "betainccinv": incomplete.betainccinv,
        "betaincinv": incomplete.betaincinv,
        "cbrt": powers.cbrt,
        "chdtr": chdtr,
        "chdtrc": chdtrc,
        "cosm1": cosm1,
        "exp10": exp10,
        "exp2": exponentials.exp2,
        "expm1": exponentials.expm1,
        "exprel": exprel,
        "digamma": digamma,
        "fdtr": fdtr,
        "fdtrc": fdtrc,
        "fresnel": fresnel,
        "gamma": gamma,
        "gammainc": incomplete.igamma,
        "gammaincc": incomplete.igammac,
        "gammainccinv": incomplete.gammainccinv,
        "gammaincinv": incomplete.gammaincinv,
        "gammasgn": gammasgn,
        "gdtr": gdtr,
        "gdtrc": gdtrc,
        "huber": huber,
        "i0": bessel_i0_i1.i0,
        "i1": bessel_i0_i1.i1,
        "i0e": i0e,
        "i1e": i1e,
        "jn": bessel_orders.jv,
        "kl_div": kl_div,
        "log1p": exponentials.log1p,
        "loggamma": loggamma,
        "log_expit": log_expit,
        "ndtr": ndtr,
        "pdtr": pdtr,
        "pdtrc": pdtrc,
        "pseudo_huber": pseudo_huber,
        "psi": digamma,
        "rel_entr": special.relative_entropy,
        "rgamma": rgamma,
        "shichi": shichi,
        "sici": sici,
        "wofz": wofz,
        "xlog1py": xlog1py,
        "xlogy": xlogy,
    }
)
SCIPY_UFUNCS.update(
    {
        operator.name: operator
        for operator in (
            *(error_integrals.erfcx, error_integrals.erfcinv, error_integrals.ndtri),
            *(error_integrals.log_ndtr, error_integrals.dawsn, error_integrals.owens_t),
            *(integrals.exp1, integrals.expi, integrals.expn, integrals.spence),
            *(gammas.beta, gammas.betaln, gammas.poch, gammas.binom),
            *(hypergeometric.hyp0f1, hypergeometric.hyp1f1, hypergeometric.hyp2f1),
            *(box_cox.boxcox, box_cox.boxcox1p, box_cox.inv_boxcox, box_cox.inv_boxcox1p),
            *(error_integrals.erfi, error_integrals.ndtri_exp),
            *(ellipk, ellipkm1, ellipe, ellipkinc, ellipeinc, stdtr, stdtrit),
            *(bessel_orders.jv, bessel_orders.yv, bessel_orders.yn, bessel_orders.iv),
            *(bessel_orders.ive, bessel_orders.kv, bessel_orders.kve),
            *(bessel_orders.j0, bessel_orders.j1, bessel_orders.y0, bessel_orders.y1),
            *(bessel_orders.k0, bessel_orders.k1),
            *(bessel_orders.k0e, bessel_orders.k1e),
        )
    }
)
