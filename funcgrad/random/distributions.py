"""Numbers from the uniform distributions and from those that are functions of a uniform number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .. import arrays
from ..core.boundary import user_facing
from ..ops.special import erf_inv
from ..ops.threefry import random_uniform
from .arguments import (
    as_floats,
    as_integers,
    check_dtype,
    check_key,
    check_shape,
    is_scalar,
    real_parameter,
)
from .keys import split

_UNSIGNED = {size: np.dtype(f"u{size}") for size in (1, 2, 4, 8)}


@user_facing
def bits(key: Any, shape: Any = (), dtype: Any = np.uint64) -> Any:
    """Draw unsigned integers, all values of the type being equally likely.

    Args:
        key: a key.
        shape: shape of the result.
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
    key: Any, shape: Any = (), dtype: Any = float, minval: Any = 0.0, maxval: Any = 1.0
) -> Any:
    """Draw from the uniform distribution on [minval, maxval).

    Args:
        key: a key.
        shape: shape of the result.
        dtype: float16, float32 or float64.
        minval: lower bound, which may be drawn; broadcasts to shape.
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
    if is_scalar(low) and is_scalar(high):
        u = _scale(u, high - low, low)
        return u if low <= high else np.maximum(low, u)
    u, low, high = arrays.harmonize((u, low, high))[1]
    return np.maximum(low, u * (high - low) + low)


def _scale(u: Any, factor: Any, shift: Any = None) -> Any:
    """Return u * factor + shift for NumPy scalars; an array u is overwritten."""
    u *= factor
    if shift is not None:
        u += shift
    return u


@user_facing
def randint(key: Any, shape: Any, minval: Any, maxval: Any, dtype: Any = int) -> Any:
    """Draw integers from minval to maxval - 1.

    Args:
        key: a key.
        shape: shape of the result.
        minval: smallest integer; broadcasts to shape.
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
    wide = np.dtype(np.int32) if dtype.itemsize < 4 else dtype
    unsigned = _UNSIGNED[wide.itemsize]
    low = as_integers(real_parameter("randint", "minval", minval, shape))
    high = as_integers(real_parameter("randint", "maxval", maxval, shape))
    if is_scalar(low) and is_scalar(high):
        low, span = _integer_range(int(low), int(high), np.iinfo(dtype))
        modulus = unsigned.type(span) if span < 2 ** (8 * wide.itemsize) else None
        low = wide.type(low)
    else:
        low, modulus = _integer_ranges(low, high, dtype, wide)
        low, modulus = arrays.harmonize((low, modulus, key))[1][:2]
    keys = split(key)
    lower = _remainder(random_uniform(keys[1], shape=shape, dtype=unsigned), modulus)
    # 2**bits modulo the span, where 0 leaves the upper bits without influence.
    factor = _remainder(unsigned.type(2 ** (4 * wide.itemsize)), modulus)
    factor = _remainder(np.multiply(factor, factor), modulus)
    if is_scalar(factor) and factor == 0:
        offset = lower
    else:
        upper = _remainder(random_uniform(keys[0], shape=shape, dtype=unsigned), modulus)
        offset = _remainder(np.add(np.multiply(upper, factor), lower), modulus)
    return np.add(offset.astype(wide), low).astype(dtype)


def _integer_range(low: int, high: int, info: Any) -> tuple[int, int]:
    """The lowest integer, and how many there are from it on."""
    low = min(max(low, info.min), info.max)
    high = min(max(high, info.min), info.max + 1)
    return low, max(high - low, 1)


def _integer_ranges(low: Any, high: Any, dtype: np.dtype, wide: np.dtype) -> Any:
    """As ``_integer_range`` for arrays; the unsigned number of integers is 0 for all of them."""
    unsigned = _UNSIGNED[wide.itemsize]
    info = np.iinfo(dtype)
    clipped = []
    for x in (low, high):  # most is that of high in the end
        own = np.iinfo(x.dtype)
        least, most = x.dtype.type(max(info.min, own.min)), x.dtype.type(min(info.max, own.max))
        clipped.append(np.minimum(np.maximum(x, least), most).astype(wide))
    beyond = high > most
    some = (clipped[1] > clipped[0]) | beyond
    span = np.subtract(clipped[1].astype(unsigned), clipped[0].astype(unsigned))
    span = np.add(span, beyond.astype(unsigned))
    return clipped[0], np.where(some, span, unsigned.type(1))


def _remainder(x: Any, modulus: Any) -> Any:
    """The remainder of x by an unsigned modulus, where None and 0 stand for 2**bits."""
    if modulus is None:
        return x
    if is_scalar(modulus):
        return np.remainder(x, modulus)
    whole = modulus == 0
    return np.where(whole, x, np.remainder(x, np.where(whole, modulus.dtype.type(1), modulus)))


@user_facing
def bernoulli(key: Any, p: Any = 0.5, shape: Any = None) -> Any:
    """Draw booleans that are True with probability p.

    Args:
        key: a key.
        p: probabilities, floats whose dtype sets the resolution.
        shape: shape of the result, to which p broadcasts; None is the shape of p.

    Returns:
        Boolean array: uniform numbers less than p.

    >>> from funcgrad import random
    >>> random.bernoulli(random.key(0), 0.3, (4,))
    array([False,  True, False, False])
    """
    check_key("bernoulli", key)
    if shape is not None:
        shape = check_shape("bernoulli", shape)
    p = as_floats(real_parameter("bernoulli", "p", p, shape))
    u = random_uniform(key, shape=p.shape if shape is None else shape, dtype=p.dtype)
    u, p = arrays.harmonize((u, p))[1]
    return u < p


@user_facing
def normal(key: Any, shape: Any = (), dtype: Any = float) -> Any:
    """Draw from the standard normal distribution.

    Args:
        key: a key.
        shape: shape of the result.
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
    if dtype.kind == "f":
        return _normal(key, shape, dtype)
    keys = split(key)
    part = np.dtype(f"f{dtype.itemsize // 2}")
    real, imag = (_normal(keys[i], shape, part) for i in (0, 1))
    return (real + 1j * imag) / part.type(np.sqrt(2))


def _normal(key: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    low, scale, sqrt2 = _normal_constants(dtype)
    x = erf_inv(_scale(random_uniform(key, shape=shape, dtype=dtype), scale, low))
    if x.dtype != dtype:
        x = x.astype(dtype)
    return _scale(x, sqrt2)


@lru_cache
def _normal_constants(dtype: np.dtype) -> tuple[Any, Any, Any]:
    one = dtype.type(1)
    low = np.nextafter(-one, one)
    return low, one - low, dtype.type(np.sqrt(2))


@user_facing
def gumbel(key: Any, shape: Any = (), dtype: Any = float) -> Any:
    """Draw from the standard Gumbel distribution, exp(-(x + exp(-x))).

    Args:
        key: a key.
        shape: shape of the result.
        dtype: float16, float32 or float64.

    Returns:
        Array of this shape and dtype: -log(-log(u)) for uniform u in (0, 1).

    >>> from funcgrad import random
    >>> random.gumbel(random.key(0), (2,), np.float32).round(4)
    array([2.9234, 3.8326], dtype=float32)
    """
    check_key("gumbel", key)
    dtype = check_dtype("gumbel", dtype, "f")
    tiny = np.finfo(dtype).tiny
    u = random_uniform(key, shape=check_shape("gumbel", shape), dtype=dtype) + tiny
    return -np.log(-np.log(u))
