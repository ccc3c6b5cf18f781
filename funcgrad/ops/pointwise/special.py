"""Special functions: error functions, the gamma family, the logistic function.

SciPy evaluates them on NumPy arrays and CuPy on its own; the logistic function needs neither.
Derivatives: NIST Digital Library of Mathematical Functions, 7.2, 5.2 and 5.15.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan, pi, sqrt
from typing import Any

import numpy as np

from ...arrays import special_functions
from ...core.facts import LEFT_OUT, FloatScalars, Hazard, Steep
from ...core.lowering import NumpyText
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise, sample
from .erf_inverse import inverse_error_function

TWO_OVER_ROOT_PI = 2 / sqrt(pi)
HALF_ROOT_PI = sqrt(pi) / 2


def erf_values(x: Array) -> Array:
    """The error function."""
    return special_functions(np).erf(x)[()]


def erfc_values(x: Array) -> Array:
    """The difference 1 - erf(x), accurate where that is small."""
    return special_functions(np).erfc(x)[()]


def gaussian_values(x: Array, out: Array | None = None) -> Array:
    """The exponential exp(-x * x)."""
    square = np.multiply(x, x, out=out)
    if not square.ndim or square.dtype.kind not in "fc":
        return np.exp(-square)
    np.negative(square, out=square)
    return np.exp(square, out=square)


def erf_inv_values(x: Array) -> Array:
    """The inverse of the error function."""
    return inverse_error_function(x)


def logit_values(x: Array) -> Array:
    """The inverse of the logistic function, log(x / (1 - x))."""
    return special_functions(np).logit(x)[()]


def entropy_values(x: Array) -> Array:
    """The product -x * log(x), 0 at 0, and -inf below."""
    return special_functions(np).entr(x)[()]


def relative_entropy_values(x: Array, y: Array) -> Array:
    """The product x * log(x / y); 0 where x is 0 and y is not negative, inf outside."""
    return special_functions(np).rel_entr(x, y)[()]


def lgamma_values(x: Array) -> Array:
    """The logarithm of the absolute value of the gamma function."""
    return special_functions(np).gammaln(x)[()]


def digamma_values(x: Array) -> Array:
    """The derivative of lgamma."""
    return special_functions(np).digamma(x)[()]


def polygamma_values(n: Array | int, x: Array) -> Array:
    """The derivative of order n of digamma, with the precision of x."""
    out = special_functions(np).polygamma(n, x)
    dtype = getattr(x, "dtype", out.dtype)
    return out.astype(dtype if dtype.kind == "f" else out.dtype, copy=False)[()]


def own(x: Array) -> Array | None:
    """An array of floats as a place for results, None for other things: for ufuncs' ``out``."""
    return x if getattr(x, "ndim", 0) and x.dtype.kind == "f" else None


def logistic_values(x: Array, out: Array | None = None) -> Array:
    """The quotient 1 / (1 + exp(-x)), less than any normal number where that overflows."""
    if np.iscomplexobj(x):
        positive = np.real(x) >= 0
        e = np.exp(np.where(positive, -x, x))
        return np.divide(np.where(positive, 1, e), 1 + e, out=out)[()]
    with np.errstate(over="ignore"):
        out = np.negative(x, out=out)
        out = np.exp(out, out=own(out))
        out = np.add(1, out, out=own(out))
        return np.reciprocal(out, out=own(out))


def squared_sech(x: Array) -> Array:
    """The square of sech(x), from the exponential that does not overflow."""
    away = np.where(np.real(x) < 0, x, -x) if np.iscomplexobj(x) else -np.abs(x)
    e = np.exp(2 * away)
    half = 0.5 * (1 + e)
    return e / half / half


FEW = 64
"""Elements up to which all are computed in less time than those that are needed are found."""


def tanh_slope_values(y: Array, x: Array, out: Array | None = None) -> Array:
    """The derivative of y = tanh(x): 1 - y * y, but from x where that cancels. ``out`` may be y."""
    if y.dtype.kind == "c":
        return np.positive(squared_sech(x), out=out)
    if x.shape != y.shape:
        x, y = np.broadcast_arrays(x, y)
    out = y * y if out is None else np.multiply(y, y, out)
    if not out.ndim:
        out = 1 - out
        return np.where(out < 1 / 16, sech_squared(x, False), out)[()]
    out = np.subtract(1, out, out)
    if not out.size:
        return out
    # The position of the smallest is found faster than the smallest.
    least = out.item(out.argmin())
    if least >= 1 / 16:
        return out
    rare = out < 1 / 16
    if out.size <= FEW:
        np.putmask(out, rare, sech_squared(x, least > 0))
        return out
    # Places, and in-place steps on what is there, cost a third of what masks do.
    places = np.flatnonzero(rare)
    put_at(out, places, sech_squared(x.take(places), least > 0))
    return out


def sech_squared(x: Array, moderate: bool) -> Array:
    """The square of sech of real numbers; ``moderate`` says that their cosh is in range."""
    if moderate:
        out = 1 / np.cosh(x)
    else:
        with np.errstate(over="ignore"):
            out = 1 / np.cosh(x)
    out *= out
    return out


def put_at(out: Array, places: Array, values: Array) -> None:
    """Write values at places counted as in ``ravel``; indices are faster than np.put."""
    if out.flags.c_contiguous:
        out.reshape(-1)[places] = values
    else:
        np.put(out, places, values)


def logistic_slope_values(x: Array, out: Array | None = None) -> Array:
    """The derivative of the logistic function, exp(-|x|) / (1 + exp(-|x|))**2."""
    if np.iscomplexobj(x):
        return np.multiply(0.25, squared_sech(0.5 * x), out=out)
    out = np.abs(x, out=out)
    out = np.negative(out, out=own(out))
    out = np.exp(out, out=own(out))
    below = np.add(1, out)
    below = np.multiply(below, below, out=own(below))
    return np.divide(out, below, out=own(out))


def _tanh_slope_formula(m: FloatScalars, y: Any, x: Any) -> Any:
    if m.is_complex(y):
        return _squared_sech_formula(m, x)
    far = 1 / m.cosh(x)
    near = 1 - y * y
    return m.where(near < 1 / 16, far * far, near)


def _squared_sech_formula(m: FloatScalars, x: Any) -> Any:
    e = m.exp(2 * m.where(m.real(x) < 0, x, -x))
    half = 0.5 * (1 + e)
    return e / half / half


def _logistic_slope_formula(m: FloatScalars, x: Any) -> Any:
    if m.is_complex(x):
        return 0.25 * _squared_sech_formula(m, 0.5 * x)
    e = m.exp(-m.abs(x))
    return e / ((1 + e) * (1 + e))


def _logistic_formula(m: FloatScalars, x: Any) -> Any:
    if not m.is_complex(x):
        e = m.exp(-m.abs(x))  # which the slope needs, too
        return m.where(x < 0, e, 1) / (1 + e)
    positive = m.real(x) >= 0
    e = m.exp(m.where(positive, -x, x))
    return m.where(positive, 1, e) / (1 + e)


def _entropy_formula(m: FloatScalars, x: Any) -> Any:
    inside = m.where(x == 0, x, -x * m.log(x))
    return m.where(x < 0, -inf, inside)


def _relative_entropy_formula(m: FloatScalars, x: Any, y: Any) -> Any:
    inside = m.where(x == 0, m.where(y == y, x, y), xlogratio_formula(m, x, y))
    outside = (x < 0) | (y < 0) | ((y == 0) & (x > 0))
    return m.where(outside & (x == x) & (y == y), inf, inside)


def xlogratio_formula(m: FloatScalars, x: Any, y: Any) -> Any:
    """The product x * log(x / y), also where the ratio of two normal numbers is none."""
    ratio = x / y
    size = m.abs(ratio)
    spoiled = (size < m.tiny(ratio)) | (size == inf)
    spoiled = spoiled & (x != 0) & (y != 0) & (m.abs(x) < inf) & (m.abs(y) < inf)
    apart = m.where((x < 0) == (y < 0), m.log(m.abs(x)) - m.log(m.abs(y)), nan)
    zero = (x == 0) & ((y < 0) | (y > 0))
    return m.where(zero, x, x * m.where(spoiled, apart, m.log(ratio)))


def _tanh_slope_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4"):
        x = sample(rng, (2, 3), dtype, (-1.5, 1.5))
        yield Case(np.tanh(x), x)


def _polygamma_cases(rng: np.random.Generator) -> Iterator[Case]:
    orders = np.array([1, 2, 3])
    for dtype in ("f8", "f4"):
        yield Case(1, sample(rng, (2, 3), dtype, (0.4, 4)))
        yield Case(orders, sample(rng, (2, 3), dtype, (0.4, 4)))
    yield Case(np.array([[0], [2]]), sample(rng, (3,), "f8", (0.4, 4)))
    yield Case(2, sample(rng, (), "f8", (0.4, 4)))


# Where the value is 0, so are all derivatives; the chain rule through x * x would give inf * 0.
gaussian: Elementwise = elementwise(
    "gaussian",
    gaussian_values,
    lambda o, x: -2 * (np.where(o == 0, 0, x) * o),
    numpy=NumpyText(into=True),
    scalar=lambda m, x: m.exp(-x * x),
    hazard=Hazard.NONE,
)
erf: Elementwise = elementwise(
    "erf",
    erf_values,
    lambda _o, x: TWO_OVER_ROOT_PI * gaussian(x),
    kinds="f",
    scalar=lambda m, x: m.erf(x),
    hazard=Hazard.NONE,
)
erfc: Elementwise = elementwise(
    "erfc",
    erfc_values,
    lambda _o, x: -TWO_OVER_ROOT_PI * gaussian(x),
    kinds="f",
    scalar=lambda m, x: m.erfc(x),
    hazard=Hazard.NONE,
)
erf_inv: Elementwise = elementwise(
    "erf_inv",
    erf_inv_values,
    lambda o, _x: HALF_ROOT_PI * np.exp(o * o),
    domain=(-0.9, 0.9),
    kinds="f",
    scalar=lambda m, x: m.erf_inv(x),
    hazard=Hazard.DOMAIN,
)
lgamma: Elementwise = elementwise(
    "lgamma",
    lgamma_values,
    lambda _o, x: digamma(x),
    domain=(0.4, 4),
    kinds="f",
    scalar=lambda m, x: m.lgamma(x),
    hazard=Hazard.DOMAIN,
)
digamma: Elementwise = elementwise(
    "digamma",
    digamma_values,
    lambda _o, x: polygamma(1, x),
    domain=(0.4, 4),
    kinds="f",
    scalar=lambda m, x: m.digamma(x),
    hazard=Hazard.DOMAIN,
)
polygamma: Elementwise = elementwise(
    "polygamma",
    polygamma_values,
    None,
    lambda _o, n, x: polygamma(n + 1, x),
    cases=_polygamma_cases,
    scalar=lambda m, n, x: m.polygamma(n, x),
    hazard=Hazard.DOMAIN,
)
# As a function of y, which carries the derivative, it is 1 - y * y.
tanh_slope: Elementwise = elementwise(
    "tanh_slope",
    tanh_slope_values,
    lambda _o, y, _x: -2 * y,
    None,
    cases=_tanh_slope_cases,
    numpy=NumpyText(into=True, overwrites=(0,)),
    scalar=lambda _m, y, _x: (1 - y) * (1 + y),
    rounded=_tanh_slope_formula,
    hazard=Hazard.PRODUCT,
)
logistic_slope: Elementwise = elementwise(
    "logistic_slope",
    logistic_slope_values,
    lambda o, x: -o * np.tanh(0.5 * x),
    kinds="fc",
    numpy=NumpyText(into=True),
    scalar=lambda m, x: 1 / (1 + m.exp(x)) / (1 + m.exp(-x)),
    rounded=_logistic_slope_formula,
    hazard=Hazard.NONE,
)
logistic: Elementwise = elementwise(
    "logistic",
    logistic_values,
    lambda _o, x: logistic_slope(x),
    kinds="fc",
    numpy=NumpyText(into=True),
    scalar=lambda m, x: 1 / (1 + m.exp(-x)),
    rounded=_logistic_formula,
    hazard=Hazard.NONE,
)

logit: Elementwise = elementwise(
    "logit",
    logit_values,
    Scaling(lambda t, _o, x: t / x + t / (1 - x)),
    domain=(0.1, 0.9),
    kinds="f",
    scalar=lambda m, x: m.where(
        m.abs(x - 0.5) < 0.25, m.log1p((2 * x - 1) / (1 - x)), m.log(x / (1 - x))
    ),
    hazard=Hazard.LOGARITHM,
)


def _entropy_slope(_o: Array, x: Array) -> Array:
    outside = x < 0
    return np.where(outside, 0, -1 - np.log(np.where(outside, 1, x)))


def _relative_slope_x(_o: Array, x: Array, y: Array) -> Array:
    outside = (x < 0) | (y <= 0)
    logs = np.log(np.where(outside, 1, x)) - np.log(np.where(outside, 1, y))
    return np.where(outside, 0, 1 + logs)


def _relative_scale_y(t: Array, _o: Array, x: Array, y: Array) -> Array:
    outside = (x < 0) | (y <= 0)
    return t * np.where(outside, 0, -x) / np.where(outside, 1, y)


entropy: Elementwise = elementwise(
    "entr",
    entropy_values,
    _entropy_slope,
    domain=(0.1, 3),
    kinds="f",
    scalar=lambda m, x: m.where(x == 0, x, -x * m.log(x)),
    rounded=_entropy_formula,
    hazard=Hazard.DOMAIN,
    steep=Steep(0.0, f"the derivative of x * log(x) is infinite at 0; {LEFT_OUT}"),
)
relative_entropy: Elementwise = elementwise(
    "rel_entr",
    relative_entropy_values,
    _relative_slope_x,
    Scaling(_relative_scale_y),
    domain=(0.1, 3),
    kinds="f",
    scalar=lambda m, x, y: m.where(x == 0, x, x * m.log(x / y)),
    rounded=_relative_entropy_formula,
    hazard=Hazard.DOMAIN,
)

UFUNC_NAMES = {
    "erf": erf,
    "erfc": erfc,
    "erfinv": erf_inv,
    "gammaln": lgamma,
    "psi": digamma,
    "digamma": digamma,
    "entr": entropy,
    "expit": logistic,
    "logit": logit,
}
"""Operators by the names of SciPy's ufuncs, which reach tracers through NumPy's protocol."""
