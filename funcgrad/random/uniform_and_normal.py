"""Numbers from the uniform distributions and from those that are functions of a uniform number."""

from __future__ import annotations

import numpy as np

from .. import arrays
from ..core.dtypes import finfo
from ..core.tracebacks import user_facing
from ..typing import Array, ArrayLike, DTypeLike, Key, Shape
from .arguments import (
    as_floats,
    as_integers,
    check_choice,
    check_dtype,
    check_gumbel_mode,
    check_key,
    check_shape,
    is_scalar,
    real_parameter,
)
from .drawing import random_uniform
from .samplers import gumbels, integers, normals, scaled


@user_facing
def bits(
    key: Key, shape: Shape = (), dtype: DTypeLike = np.uint64, *, out_sharding: None = None
) -> Array:
    """Draw unsigned integers, all values of the type being equally likely.

    Parameters:
        dtype: uint8, uint16, uint32 or uint64.

    Returns:
        Array of this shape and dtype.

    >>> from funcgrad import random
    >>> random.bits(random.key(0), (2,), np.uint32)
    array([4070199207, 4202968722], dtype=uint32)
    """
    check_key("bits", key)
    dtype = check_dtype("bits", dtype, "u")
    return random_uniform(key, shape=check_shape("bits", shape), dtype=dtype)


@user_facing
def uniform(
    key: Key,
    shape: Shape = (),
    dtype: DTypeLike = float,
    minval: ArrayLike = 0.0,
    maxval: ArrayLike = 1.0,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from the uniform distribution on [minval, maxval).

    Parameters:
        minval: lower bound, which may be drawn.
        maxval: upper bound, which is not drawn but by rounding.

    Returns:
        Array of this shape and dtype: minval + (maxval - minval) u for equidistant u in [0, 1).

    >>> from funcgrad import random
    >>> random.uniform(random.key(0), (2,), np.float32)
    array([0.947667 , 0.9785799], dtype=float32)
    """
    check_key("uniform", key)
    dtype = check_dtype("uniform", dtype, "f")
    shape = check_shape("uniform", shape)
    u = random_uniform(key, shape=shape, dtype=dtype)
    if type(minval) is float and type(maxval) is float and minval == 0 and maxval == 1:
        return u
    low = real_parameter("uniform", "minval", minval, shape).astype(dtype)
    high = real_parameter("uniform", "maxval", maxval, shape).astype(dtype)
    if is_scalar(low) and is_scalar(high) and np.isfinite(0.5 * high - 0.5 * low):
        with np.errstate(over="ignore"):
            wide = not np.isfinite(high - low)
        if wide:
            return (u * (0.5 * high - 0.5 * low) + 0.5 * low).astype(dtype) * dtype.type(2)
        u = scaled(u, high - low, low)
        return u if low <= high else np.maximum(low, u)
    u, low, high = arrays.harmonize((u, low, high))[1]
    return np.maximum(low, u * (high - low) + low)


@user_facing
def randint(
    key: Key,
    shape: Shape,
    minval: ArrayLike,
    maxval: ArrayLike,
    dtype: DTypeLike = int,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw integers from minval to maxval - 1.

    Parameters:
        minval: smallest integer.
        maxval: smallest integer above the range; where it is not above minval, minval is drawn.
        dtype: integer type of the result; bounds are clipped to its range.

    Returns:
        Array of this shape and dtype: minval plus the remainder of twice as many random bits as
        the dtype has (at least 64), which leaves no noticeable bias for ranges up to 2**32.

    >>> from funcgrad import random
    >>> random.randint(random.key(0), (4,), 0, 10)
    array([5, 1, 5, 7])
    """
    check_key("randint", key)
    dtype = check_dtype("randint", dtype, "iu")
    shape = check_shape("randint", shape)
    low = as_integers(real_parameter("randint", "minval", minval, shape))
    high = as_integers(real_parameter("randint", "maxval", maxval, shape))
    return integers(key, shape, low, high, dtype)


@user_facing
def bernoulli(
    key: Key,
    p: ArrayLike = 0.5,
    shape: Shape | None = None,
    mode: str = "low",
    *,
    out_sharding: None = None,
) -> Array:
    """Draw booleans that are True with probability p.

    Parameters:
        p: probabilities, floats whose dtype sets the resolution.
        shape: shape of the result, to which p broadcasts; None is the shape of p.
        mode: "low", or "high" for twice as many random bits, which tell smaller p apart: with
            "low" a float32 p below 1e-7 is drawn as 0 or 1.2e-7.

    Returns:
        Boolean array: uniform numbers less than p. Where p is 1 or more they are all True, where
        it is 0 or less, or NaN, all False.

    >>> from funcgrad import random
    >>> random.bernoulli(random.key(0), 0.3, (4,))
    array([False,  True, False, False])
    """
    check_key("bernoulli", key)
    if shape is not None:
        shape = check_shape("bernoulli", shape)
    chance = as_floats(real_parameter("bernoulli", "p", p, shape))
    shape = chance.shape if shape is None else shape
    check_choice("bernoulli", "mode", mode, ("low", "high"))
    key, chance = arrays.harmonize((key, chance))[1]
    if mode == "low":
        return random_uniform(key, shape=shape, dtype=chance.dtype) < chance
    u = random_uniform(key, shape=(2, *shape), dtype=chance.dtype)
    return u[1] * float(finfo(chance.dtype).eps) < chance - u[0]


@user_facing
def normal(
    key: Key, shape: Shape = (), dtype: DTypeLike = float, *, out_sharding: None = None
) -> Array:
    """Draw from the standard normal distribution.

    Parameters:
        dtype: float or complex type; complex numbers have variance 1, half of it in each part.

    Returns:
        Array of this shape and dtype: sqrt(2) erf_inv(u) for uniform u in (-1, 1).

    >>> from funcgrad import random
    >>> random.normal(random.key(0), (2,), np.float32).round(4)
    array([1.6226, 2.0253], dtype=float32)
    """
    check_key("normal", key)
    dtype = check_dtype("normal", dtype, "fc")
    shape = check_shape("normal", shape)
    return normals(key, shape, dtype)


@user_facing
def gumbel(
    key: Key,
    shape: Shape = (),
    dtype: DTypeLike = float,
    mode: str | None = None,
    *,
    out_sharding: None = None,
) -> Array:
    """Draw from the standard Gumbel distribution, exp(-(x + exp(-x))).

    Parameters:
        mode: how many random bits are used: "low" (as many as the dtype has, which bounds float32
            numbers by 16; None is this too), "high" (twice as many), or "highest" (twice as many,
            of which float32 numbers use all).

    Returns:
        Array of this shape and dtype: -log(-log(u)) for uniform u in (0, 1).

    >>> from funcgrad import random
    >>> random.gumbel(random.key(0), (2,), np.float32).round(4)
    array([2.9234, 3.8326], dtype=float32)
    """
    check_key("gumbel", key)
    dtype = check_dtype("gumbel", dtype, "f")
    shape = check_shape("gumbel", shape)
    return gumbels(key, shape, dtype, check_gumbel_mode("gumbel", mode))
