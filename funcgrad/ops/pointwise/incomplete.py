"""The regularised incomplete gamma and beta functions.

SciPy evaluates them on NumPy's arrays and CuPy on its own. Derivatives: NIST Digital Library of
Mathematical Functions, 8.8 and 8.17; that of the gamma function in its shape parameter is made of
the slope of gamma random numbers, see ``ops.random.gamma_slope``; those of the beta function in its
shape parameters are in ``beta_slopes``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import ArrayModule, special_functions
from ...core.facts import Float64, Hazard
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise
from ..random.gamma_slope import gamma_slope
from .beta_slopes import beta_density, beta_slope
from .parameter_slopes import few_cases
from .special import lgamma

SCIPY = Float64("a function of SciPy for float64")


def lower_gamma(a: Array, x: Array) -> Array:
    """The probability that a gamma number of shape a is below x."""
    return special_functions(np).gammainc(a, x)[()]


def upper_gamma(a: Array, x: Array) -> Array:
    """The probability that a gamma number of shape a is above x."""
    return special_functions(np).gammaincc(a, x)[()]


def beta_share(a: Array, b: Array, x: Array) -> Array:
    """The probability that a beta number of shape a, b is below x."""
    return special_functions(np).betainc(a, b, x)[()]


def beta_rest(a: Array, b: Array, x: Array) -> Array:
    """The probability that a beta number of shape a, b is above x."""
    return special_functions(np).betaincc(a, b, x)[()]


def _gamma_density(a: Array, x: Array) -> Array:
    """The density of the logarithm of a gamma number: x times its own density."""
    return np.exp(a * np.log(x) - x - lgamma(a))


def _inside(x: Array) -> Array:
    return (x > 0) & (x < np.inf)


def shape_slope(a: Array, x: Array) -> Array:
    """The derivative of the lower function with respect to a; 0 at 0 and infinity.

    At constant probability the logarithm y of x moves by the slope dy/da, so that the derivative
    at constant x is -dy/da times the density of y.
    """
    inside = _inside(x)
    safe = np.where(inside, x, 1)
    slope = gamma_slope(a, np.log(safe), order=0)
    return np.where(inside, -slope * _gamma_density(a, safe), 0)


def _density(a: Array, x: Array) -> Array:
    """The derivative with respect to x: exp(-x) x**(a - 1) / gamma(a), also at 0."""
    at_zero = np.where(a == 1, 1, np.where(a < 1, np.inf, 0))
    inside = _inside(x)
    safe = np.where(inside, x, 1)
    return np.where(inside, _gamma_density(a, safe) / safe, np.where(x == 0, at_zero, 0))


igamma: Elementwise = elementwise(
    "igamma",
    lower_gamma,
    lambda _o, a, x: shape_slope(a, x),
    lambda _o, a, x: _density(a, x),
    domain=((0.4, 4), (0.3, 5)),
    kinds="f",
    on_gpu=lambda xp, a, x: special_functions(xp).gammainc(a, x),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)
igammac: Elementwise = elementwise(
    "igammac",
    upper_gamma,
    lambda _o, a, x: -shape_slope(a, x),
    lambda _o, a, x: -_density(a, x),
    domain=((0.4, 4), (0.3, 5)),
    kinds="f",
    on_gpu=lambda xp, a, x: special_functions(xp).gammaincc(a, x),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)


def _limit(exponent: Array, factor: Array) -> Array:
    """The density at an end, where it is factor * 0**(exponent - 1)."""
    limit = np.where(exponent < 1, np.inf, 0)[()]
    return np.where(exponent == 1, factor, limit)[()]


def beta_density_and_ends(a: Array, b: Array, x: Array) -> Array:
    """The density of beta numbers, with its limits at 0 and 1, and 0 outside."""
    inside = (x > 0) & (x < 1)
    ends = np.where(x == 0, _limit(a, b), np.where(x == 1, _limit(b, a), 0))
    return np.where(inside, beta_density(a, b, np.where(inside, x, 0.5)), ends)


SHAPES_AND_SHARE = ((0.6, 4), (0.6, 4), (0.1, 0.9))


def _slope(i: int, a: Array, b: Array, x: Array) -> Array:
    return beta_slope(a, b, x, orders=(1 - i, i))


def _of_beta(name: str, sign: int, evaluate: Callable[..., Array], there: Any) -> Elementwise:
    """The probability of smaller or larger beta numbers."""
    return elementwise(
        name,
        evaluate,
        lambda _o, a, b, x: sign * _slope(0, a, b, x),
        lambda _o, a, b, x: sign * _slope(1, a, b, x),
        lambda _o, a, b, x: sign * beta_density_and_ends(a, b, x),
        cases=few_cases(SHAPES_AND_SHARE),
        on_gpu=lambda xp, a, b, x: there(special_functions(xp), *_one_dtype(xp, a, b, x)),
        elements=SCIPY,
        hazard=Hazard.DOMAIN,
    )


def _one_dtype(xp: ArrayModule, *xs: Array) -> list[Array]:
    """Operands as floats, which is all that CuPy's function takes."""
    dtype = np.result_type(*xs, np.float32)
    return [xp.asarray(x, dtype) for x in xs]


betainc: Elementwise = _of_beta(
    "betainc", 1, beta_share, lambda special, a, b, x: special.betainc(a, b, x)
)
betaincc: Elementwise = _of_beta(
    "betaincc", -1, beta_rest, lambda special, a, b, x: special.betainc(b, a, 1 - x)
)


# --- inverses: dx/dp is one over the density, and dx/da = -(dp/da) / density ---------------------

gammaincinv: Elementwise = elementwise(
    "gammaincinv",
    lambda a, p: special_functions(np).gammaincinv(a, p)[()],
    lambda o, a, _p: -shape_slope(a, o) / _density(a, o),
    Scaling(lambda t, o, a, _p: t / _density(a, o)),
    domain=((0.6, 4), (0.1, 0.9)),
    kinds="f",
    on_gpu=lambda xp, a, p: special_functions(xp).gammaincinv(a, p),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)
gammainccinv: Elementwise = elementwise(
    "gammainccinv",
    lambda a, p: special_functions(np).gammainccinv(a, p)[()],
    lambda o, a, _p: -shape_slope(a, o) / _density(a, o),
    Scaling(lambda t, o, a, _p: -t / _density(a, o)),
    domain=((0.6, 4), (0.1, 0.9)),
    kinds="f",
    on_gpu=lambda xp, a, p: special_functions(xp).gammainccinv(a, p),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)


def inverse_share(a: Array, b: Array, p: Array) -> Array:
    """The number below which a beta number is with probability p."""
    return special_functions(np).betaincinv(a, b, p)[()]


def inverse_rest(a: Array, b: Array, p: Array) -> Array:
    """The number above which a beta number is with probability p."""
    return special_functions(np).betainccinv(a, b, p)[()]


def _inverse_of_beta(
    name: str, sign: int, evaluate: Callable[..., Array], there: Any
) -> Elementwise:
    """The beta number with a probability of smaller or larger ones.

    What lacks to 1 is a beta number with exchanged parameters, of which derivatives are where the
    number is next to 1.
    """

    def far(o: Array, a: Array, b: Array, p: Array) -> tuple[Array, Array, Array, Array]:
        late = o > 0.5
        rest = (betainccinv if sign > 0 else betaincinv)(b, a, p)
        return late, np.where(late, b, a), np.where(late, a, b), np.where(late, rest, o)

    def density(o: Array, a: Array, b: Array, p: Array) -> Array:
        return beta_density_and_ends(*far(o, a, b, p)[1:])

    def slope(i: int, o: Array, a: Array, b: Array, p: Array) -> Array:
        late, first, second, x = far(o, a, b, p)
        share = np.where(late, -_slope(1 - i, first, second, x), _slope(i, first, second, x))
        return -share / beta_density_and_ends(first, second, x)

    return elementwise(
        name,
        evaluate,
        lambda o, a, b, p: slope(0, o, a, b, p),
        lambda o, a, b, p: slope(1, o, a, b, p),
        Scaling(lambda t, o, a, b, p: t / (sign * density(o, a, b, p))),
        cases=few_cases(SHAPES_AND_SHARE),
        on_gpu=lambda xp, a, b, p: there(special_functions(xp), *_one_dtype(xp, a, b, p)),
        elements=SCIPY,
        hazard=Hazard.DOMAIN,
    )


betaincinv: Elementwise = _inverse_of_beta(
    "betaincinv", 1, inverse_share, lambda special, a, b, p: special.betaincinv(a, b, p)
)
betainccinv: Elementwise = _inverse_of_beta(
    "betainccinv", -1, inverse_rest, lambda special, a, b, p: 1 - special.betaincinv(b, a, p)
)
