"""The regularised incomplete gamma and beta functions.

SciPy evaluates them on NumPy's arrays and CuPy on its own. Derivatives: NIST Digital Library of
Mathematical Functions, 8.8 and 8.17; that of the gamma function in its shape parameter is made of
the slope of gamma random numbers, see ``ops.random.gamma_slope``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from ...arrays import ArrayModule, special_functions
from ...core.facts import Float64, Hazard
from ...core.primitive import Case
from ...errors import DifferentiationError
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise, sample
from ..random.gamma_slope import gamma_slope
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


def _refuse(*_: Any) -> NoReturn:
    raise DifferentiationError(
        "betainc has no derivative with respect to a and b here; that with respect to x is there. "
        "Stop the others with stop_gradient if they are meant to be constants"
    )


def _limit(exponent: Array, factor: Array) -> Array:
    """The density at an end, where it is factor * 0**(exponent - 1)."""
    limit = np.where(exponent < 1, np.inf, 0)[()]
    return np.where(exponent == 1, factor, limit)[()]


def _beta_tangent(t: Array, _out: Array, a: Array, b: Array, x: Array) -> Array:
    log_beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    inside = (x > 0) & (x < 1)
    safe = np.where(inside, x, 0.5)
    density = np.exp((a - 1) * np.log(safe) + (b - 1) * np.log1p(-safe) - log_beta)
    at_zero = _limit(a, b)
    at_one = _limit(b, a)
    ends = np.where(x == 0, at_zero, np.where(x == 1, at_one, 0))
    return t * np.where(inside, density, ends)


def _beta_cases(rng: np.random.Generator) -> Iterator[Case]:
    shapes = np.array([1, 2, 4]), np.array([[2], [3]])
    for dtype in ("f8", "f4"):
        yield Case(*shapes, sample(rng, (2, 3), dtype, (0.1, 0.9)))
    yield Case(2, 3, sample(rng, (), "f8", (0.1, 0.9)))


betainc: Elementwise = elementwise(
    "betainc",
    beta_share,
    jvp=(_refuse, _refuse, _beta_tangent),
    cases=_beta_cases,
    on_gpu=lambda xp, a, b, x: special_functions(xp).betainc(*_one_dtype(xp, a, b, x)),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)


def _one_dtype(xp: ArrayModule, *xs: Array) -> list[Array]:
    """Operands as floats, which is all that CuPy's function takes."""
    dtype = np.result_type(*xs, np.float32)
    return [xp.asarray(x, dtype) for x in xs]


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


def _refuse_inverse(*_: Any) -> NoReturn:
    raise DifferentiationError(
        "betaincinv has no derivative with respect to a and b here; that with respect to the "
        "probability is there. Stop the others with stop_gradient if they are meant to be constants"
    )


betaincinv: Elementwise = elementwise(
    "betaincinv",
    inverse_share,
    jvp=(
        _refuse_inverse,
        _refuse_inverse,
        lambda t, o, a, b, _p: t / _beta_tangent(np.ones_like(o), o, a, b, o),
    ),
    cases=_beta_cases,
    on_gpu=lambda xp, a, b, p: special_functions(xp).betaincinv(*_one_dtype(xp, a, b, p)),
    elements=SCIPY,
    hazard=Hazard.DOMAIN,
)
