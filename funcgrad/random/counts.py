"""Random counts: how often something happens, and how long it takes."""

from __future__ import annotations

import numpy as np

from .. import arrays
from ..core.dtypes import finfo, is_floating, result_type
from ..core.tracebacks import user_facing
from ..errors import ShapeError
from ..ops.random.counts import random_binomial, random_multinomial, random_poisson
from ..typing import Array, ArrayLike, DTypeLike, Key, Shape
from .arguments import as_floats, check_dtype, check_key, check_shape, parameters, real_parameter
from .drawing import random_uniform
from .samplers import signs, single_for_half


@user_facing
def rademacher(
    key: Key, shape: Shape = (), dtype: DTypeLike = int, *, out_sharding: None = None
) -> Array:
    """Draw numbers that are 1 or -1, each with probability 1/2.

    Parameters:
        dtype: signed integer or float type.

    Returns:
        Array of this shape and dtype.

    >>> from funcgrad import random
    >>> random.rademacher(random.key(0), (4,))
    array([ 1,  1, -1, -1])
    """
    check_key("rademacher", key)
    dtype = check_dtype("rademacher", dtype, "if")
    return signs(key, check_shape("rademacher", shape), dtype)


@user_facing
def geometric(
    key: Key,
    p: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = int,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw how many trials it takes until the first success.

    Parameters:
        p: probabilities of success, floats whose dtype sets the resolution.
        dtype: integer type of the result, to whose largest number longer waits are cut.

    Returns:
        Array of this shape and dtype: floor(log(u) / log(1 - p)) + 1 for uniform u in (0, 1]; 0
        where p is outside of [0, 1] or NaN.

    >>> from funcgrad import random
    >>> random.geometric(random.key(0), 0.1, (4,))
    array([ 9, 15,  1,  6])
    """
    check_key("geometric", key)
    dtype = check_dtype("geometric", dtype, "iu")
    p = as_floats(real_parameter("geometric", "p", p))
    shape, key, (p,) = parameters("geometric", key, shape, p.dtype, p=p)
    u = random_uniform(key, shape=shape, dtype=p.dtype)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        failures = np.floor(np.log(np.where(u == 0, 1, u)) / np.log1p(-p))
        waits = np.minimum(failures + 1, _largest_below(dtype, p.dtype))
        waits = np.where(p == 0, _largest_below(dtype, p.dtype), waits)
        return np.where((p >= 0) & (p <= 1), waits, 0).astype(dtype)[()]


def _largest_below(dtype: np.dtype, precision: np.dtype) -> np.floating:
    """The largest float of a type that an integer type can hold."""
    most = int(np.iinfo(dtype).max)
    limit = precision.type(min(most, float(finfo(precision).max)))
    return limit if int(limit) <= most else np.nextafter(limit, precision.type(0))


@user_facing
def poisson(
    key: Key,
    lam: ArrayLike,
    shape: Shape | None = None,
    dtype: DTypeLike = int,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from Poisson distributions.

    Parameters:
        lam: rates (means), which are rounded to float32.
        dtype: integer type of the result.

    Returns:
        Array of this shape and dtype; -1 where the rate is negative or NaN. Numbers that the dtype
        cannot hold are its largest one, and so are all of rates from 2**62 on.

    Source: Knuth, The art of computer programming, volume 2, for rates below 10; Hoermann, The
    transformed rejection method for generating Poisson random variables (1993), for larger ones.

    >>> from funcgrad import random
    >>> random.poisson(random.key(0), np.array([0.0, 3.0, 1e4])).shape
    (3,)
    """
    check_key("poisson", key)
    dtype = check_dtype("poisson", dtype, "iu")
    shape, key, (lam,) = parameters("poisson", key, shape, np.float32, lam=lam)
    huge = lam >= 2.0**62
    drawn = random_poisson(key, np.broadcast_to(np.minimum(lam, np.float32(2.0**62)), shape))
    most = min(np.iinfo(dtype).max, np.iinfo(np.int64).max)
    drawn = np.minimum(drawn, most) if most < np.iinfo(np.int64).max else drawn
    return np.where(huge, most, drawn).astype(dtype)[()]


@user_facing
def binomial(
    key: Key, n: ArrayLike, p: ArrayLike, shape: Shape | None = None, dtype: DTypeLike = float
) -> Array:
    """Draw how many of n trials succeed.

    Parameters:
        n: numbers of trials.
        p: probabilities of success, floats whose dtype sets the resolution; numbers of float16 are
            computed in float32.

    Returns:
        Array of this shape and dtype; NaN where n is negative or p outside of [0, 1].

    Source: Devroye, Non-uniform random variate generation (1986), X.4.3, where n p or n (1 - p) is
    at most 10; else Hoermann, The generation of binomial random variates (1993).

    >>> from funcgrad import random
    >>> random.binomial(random.key(0), 10, 0.5, (4,)).shape
    (4,)
    """
    check_key("binomial", key)
    dtype = check_dtype("binomial", dtype, "f")
    p = as_floats(real_parameter("binomial", "p", p))
    shape, key, (n, p) = parameters("binomial", key, shape, single_for_half(p.dtype), n=n, p=p)
    n, p = np.broadcast_to(n, shape), np.broadcast_to(p, shape)
    return random_binomial(key, n, p).astype(dtype)


@user_facing
def multinomial(
    key: Key,
    n: ArrayLike,
    p: ArrayLike,
    *,
    shape: Shape | None = None,
    dtype: DTypeLike = float,
    unroll: int | bool = 1,
) -> Array:
    """Draw how often each of several outcomes happens in n trials.

    Parameters:
        n: numbers of trials; broadcasts to the leading axes of shape.
        p: probabilities of the outcomes, which are along the last axis.
        shape: shape of the result, the axis of outcomes included; None is the shape of p.
        unroll: ignored: there is no loop that could be unrolled.

    Returns:
        Array of this shape and dtype: one outcome after the other, binomial numbers of the trials
        that are left.

    Raises:
        ShapeError: if p has no axis of outcomes, or the shapes do not fit.

    >>> from funcgrad import random
    >>> random.multinomial(random.key(0), 10, np.array([0.2, 0.3, 0.5])).sum()
    np.float64(10.0)
    """
    check_key("multinomial", key)
    dtype = check_dtype("multinomial", dtype, "f")
    n = real_parameter("multinomial", "n", n)
    p = as_floats(real_parameter("multinomial", "p", p))
    shape = p.shape if shape is None else check_shape("multinomial", shape)
    if p.ndim < 1 or not shape or p.shape[-1] != shape[-1]:
        raise ShapeError(
            "multinomial needs probabilities along the last axis of p and of shape; got shapes "
            f"{p.shape} and {shape}"
        )
    precision = result_type(n.dtype, p.dtype) if is_floating(n.dtype) else p.dtype
    precision = single_for_half(precision)
    _, key, (p,) = parameters("multinomial", key, shape, precision, p=p)
    _, _, (n,) = parameters("multinomial", key, shape[:-1], precision, n=n)
    n, p = arrays.harmonize((np.broadcast_to(n, shape[:-1]), np.broadcast_to(p, shape)))[1]
    return random_multinomial(key, n, p).astype(dtype)
