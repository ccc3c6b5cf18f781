"""Numbers that are functions of one uniform number: quantiles of their distributions."""

from __future__ import annotations

from math import erf as erf_of_number
from math import sqrt

import numpy as np

from ..core.dtypes import finfo
from ..core.tracebacks import user_facing
from ..ops.pointwise.special import erf, erf_inv
from ..ops.structural.stop import stop
from ..typing import Array, ArrayLike, DTypeLike, Key, Shape
from .arguments import check_dtype, check_key, check_shape, parameters
from .drawing import random_uniform
from .normal_tail import TAIL, tail_quantile
from .samplers import exponentials, uniform_from


@user_facing
def exponential(
    key: Key, shape: Shape = (), dtype: DTypeLike = float, *, out_sharding: None = None
) -> Array:
    """Draw from the standard exponential distribution, exp(-x) on [0, inf).

    Returns:
        Array of this shape and dtype: -log(1 - u) for uniform u in [0, 1).

    >>> from funcgrad import random
    >>> random.exponential(random.key(0), (2,)).round(4)
    array([0.5421, 0.2437])
    """
    check_key("exponential", key)
    dtype = check_dtype("exponential", dtype, "f")
    return exponentials(key, check_shape("exponential", shape), dtype)


@user_facing
def laplace(
    key: Key, shape: Shape = (), dtype: DTypeLike = float, *, out_sharding: None = None
) -> Array:
    """Draw from the standard Laplace distribution, exp(-abs(x)) / 2.

    Returns:
        Array of this shape and dtype: sign(u) log(1 - abs(u)) for uniform u in (-1, 1).

    >>> from funcgrad import random
    >>> random.laplace(random.key(0), (2,)).round(4)
    array([0.178, 0.838])
    """
    check_key("laplace", key)
    dtype = check_dtype("laplace", dtype, "f")
    low = -1 + finfo(dtype).epsneg
    u = uniform_from(key, check_shape("laplace", shape), dtype, low)
    return np.sign(u) * np.log1p(-abs(u))


@user_facing
def logistic(
    key: Key, shape: Shape = (), dtype: DTypeLike = float, *, out_sharding: None = None
) -> Array:
    """Draw from the standard logistic distribution, exp(-x) / (1 + exp(-x))**2.

    Returns:
        Array of this shape and dtype: log(u / (1 - u)) for uniform u in (0, 1).

    >>> from funcgrad import random
    >>> random.logistic(random.key(0), (2,)).round(4)
    array([-0.3291, -1.2874])
    """
    check_key("logistic", key)
    dtype = check_dtype("logistic", dtype, "f")
    u = uniform_from(key, check_shape("logistic", shape), dtype, finfo(dtype).tiny)
    return np.log(u) - np.log1p(-u)


@user_facing
def cauchy(
    key: Key, shape: Shape = (), dtype: DTypeLike = float, *, out_sharding: None = None
) -> Array:
    """Draw from the standard Cauchy distribution, 1 / (pi (1 + x**2)).

    Returns:
        Array of this shape and dtype: tan(pi (u - 1/2)) for uniform u in (0, 1).

    >>> from funcgrad import random
    >>> random.cauchy(random.key(0), (2,)).round(4)
    array([-0.2619, -1.2378])
    """
    check_key("cauchy", key)
    dtype = check_dtype("cauchy", dtype, "f")
    u = uniform_from(key, check_shape("cauchy", shape), dtype, finfo(dtype).eps)
    return np.tan(dtype.type(np.pi) * (u - dtype.type(0.5)))


@user_facing
def pareto(
    key: Key,
    b: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from Pareto distributions, b / x**(b + 1) on [1, inf).

    Parameters:
        b: positive exponents.

    Returns:
        Array of this shape and dtype: exp(e / b) for exponential e.

    >>> from funcgrad import random
    >>> random.pareto(random.key(0), 2.0, (2,)).round(4)
    array([1.3113, 1.1296])
    """
    check_key("pareto", key)
    dtype = check_dtype("pareto", dtype, "f")
    shape, key, (b,) = parameters("pareto", key, shape, dtype, b=b)
    e = exponentials(key, shape, dtype)
    with np.errstate(over="ignore"):
        return np.exp(e / b)


@user_facing
def rayleigh(
    key: Key,
    scale: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from Rayleigh distributions, x / scale**2 exp(-x**2 / (2 scale**2)) on [0, inf).

    Parameters:
        scale: positive scales.

    Returns:
        Array of this shape and dtype: scale sqrt(-2 log(u)) for uniform u in (0, 1).

    >>> from funcgrad import random
    >>> random.rayleigh(random.key(0), 2.0, (2,)).round(4)
    array([2.64  , 3.4998])
    """
    check_key("rayleigh", key)
    dtype = check_dtype("rayleigh", dtype, "f")
    shape, key, (scale,) = parameters("rayleigh", key, shape, dtype, scale=scale)
    u = np.maximum(random_uniform(key, shape=shape, dtype=dtype), finfo(dtype).tiny)
    return scale * np.sqrt(np.log(u) * dtype.type(-2))


@user_facing
def weibull_min(
    key: Key,
    scale: ArrayLike,
    concentration: ArrayLike,
    shape: Shape = (),
    dtype: DTypeLike = float,
) -> Array:
    """Draw from Weibull distributions, of density ~ x**(c - 1) exp(-(x / scale)**c) on [0, inf).

    Parameters:
        scale: positive scales.
        concentration: positive exponents c.

    Returns:
        Array of this shape and dtype: scale e**(1 / c) for exponential e.

    >>> from funcgrad import random
    >>> random.weibull_min(random.key(0), 2.0, 1.5, (2,)).round(4)
    array([1.3296, 0.7804])
    """
    check_key("weibull_min", key)
    dtype = check_dtype("weibull_min", dtype, "f")
    shape, key, (scale, concentration) = parameters(
        "weibull_min", key, shape, dtype, scale=scale, concentration=concentration
    )
    return exponentials(key, shape, dtype) ** (1 / concentration) * scale


@user_facing
def triangular(
    key: Key,
    left: ArrayLike,
    mode: ArrayLike,
    right: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from triangular distributions, whose densities rise from left to mode and fall to right.

    Parameters:
        left: lower ends.
        mode: where densities are largest, from left to right.
        right: upper ends, above left.

    Returns:
        Array of this shape and dtype: the quantiles of uniform numbers.

    >>> from funcgrad import random
    >>> random.triangular(random.key(0), 0.0, 1.0, 4.0, (2,)).round(4)
    array([1.3583, 0.9302])
    """
    check_key("triangular", key)
    dtype = check_dtype("triangular", dtype, "f")
    shape, key, (left, mode, right) = parameters(
        "triangular", key, shape, dtype, left=left, mode=mode, right=right
    )
    u = random_uniform(key, shape=shape, dtype=dtype)
    width = right - left
    rising = left + np.sqrt(u * width * (mode - left))
    falling = right - np.sqrt((1 - u) * width * (right - mode))
    return np.where(u < (mode - left) / width, rising, falling)[()]


def _erf(x: Array) -> Array:
    """The error function; of a number it needs no SciPy, which arrays do."""
    return np.float64(erf_of_number(x)) if isinstance(x, np.generic) else erf(x)


@user_facing
def truncated_normal(
    key: Key,
    lower: ArrayLike,
    upper: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from the standard normal distribution, restricted to the interval (lower, upper).

    Parameters:
        lower: lower ends, which may be -inf.
        upper: upper ends, which may be inf.

    Returns:
        Array of this shape and dtype: sqrt(2) erf_inv(u) for u that are uniform between
        erf(lower / sqrt(2)) and erf(upper / sqrt(2)). Where the interval begins 3 or more standard
        deviations away from 0, quantiles of the tail are computed from logarithms. NaN where lower
        is above upper, or one of them is NaN.

    Raises:
        ValueError: if ends that are known are NaN, or a lower one is above the upper one.

    >>> from funcgrad import random
    >>> random.truncated_normal(random.key(0), -2.0, 2.0, (2,)).round(4)
    array([-0.1964, -0.7415])
    """
    check_key("truncated_normal", key)
    dtype = check_dtype("truncated_normal", dtype, "f")
    shape, key, (lower, upper) = parameters(
        "truncated_normal", key, shape, dtype, lower=lower, upper=upper
    )
    known = all(isinstance(x, np.ndarray | np.generic) for x in (lower, upper))
    if known and not np.all(lower <= upper):
        raise ValueError(
            f"truncated_normal: lower must not be above upper, nor NaN; got {lower} and {upper}"
        )
    least, most = (_erf(x / sqrt(2)).astype(dtype) for x in (lower, upper))
    drawn = random_uniform(key, shape=shape, dtype=dtype)
    u = np.maximum(least, drawn * (most - least) + least)
    x = dtype.type(sqrt(2)) * erf_inv(u).astype(dtype)
    if not known or np.any((lower >= TAIL) | (upper <= -TAIL)):
        x = _with_tails(x, drawn, lower, upper)
    x = np.maximum(x, np.nextafter(stop(lower), dtype.type(np.inf)))
    x = np.minimum(x, np.nextafter(stop(upper), dtype.type(-np.inf)))
    return x if known else np.where(lower <= upper, x, np.nan)[()]


def _with_tails(x: Array, u: Array, lower: Array, upper: Array) -> Array:
    """Numbers in the place of which quantiles of a tail are put where the interval is in one."""
    right, left = lower >= TAIL, upper <= -TAIL
    u, low, high = (y.astype(np.float64) for y in (u, lower, upper))
    near = np.where(right, low, np.where(left, -high, TAIL))
    far = np.where(right, high, np.where(left, -low, np.inf))
    quantile = tail_quantile(u, near, np.maximum(near, far))
    tail = np.where(left, -quantile, quantile).astype(x.dtype)
    return np.where(right | left, tail, x)
