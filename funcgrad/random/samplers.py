"""The numbers behind the public functions, for arguments that have been checked."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from .. import arrays
from ..core.dtypes import finfo, is_floating, is_narrow
from ..ops.pointwise.special import erf_inv
from ..ops.random.gamma import following, random_gamma, slope_of_gamma, slope_of_loggamma
from ..ops.random.threefry import threefry2x32
from ..typing import Array, Key
from .arguments import UINT32, is_scalar
from .drawing import random_uniform

_UNSIGNED = {size: np.dtype(f"u{size}") for size in (1, 2, 4, 8)}


def split_key(key: Key, shape: tuple[int, ...] = (2,)) -> Array:
    """New keys from a key: an array of keys of this shape."""
    xp = arrays.namespace((key,))
    counters = xp.arange(prod(shape), dtype=UINT32).reshape(shape)
    return np.stack(threefry2x32(key[0], key[1], word_beside(key, 0), counters), axis=-1)


def word_beside(key: Key, number: int) -> Array:
    """A word of 32 bits where a key is: made there, not copied to there."""
    xp: Any = arrays.namespace((key,))
    word: Any = UINT32.type(number) if xp is np else xp.full((), number, UINT32)
    return word


def scaled(u: Array, factor: Array, shift: Array | None = None) -> Array:
    """Return u * factor + shift for scalars; an array u is overwritten."""
    u *= factor
    if shift is not None:
        u += shift
    return u


def uniform_from(key: Key, shape: tuple[int, ...], dtype: np.dtype, low: float) -> Array:
    """Uniform numbers from low to 1."""
    bound = dtype.type(low)
    return scaled(random_uniform(key, shape=shape, dtype=dtype), dtype.type(1) - bound, bound)


def exponentials(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Numbers from the standard exponential distribution."""
    return -np.log1p(-random_uniform(key, shape=shape, dtype=dtype))


def normals(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Numbers from the standard normal distribution, real or complex."""
    if is_floating(dtype):
        return _real_normals(key, shape, dtype)
    keys = split_key(key)
    part = np.dtype(f"f{dtype.itemsize // 2}")
    real, imag = (_real_normals(keys[i], shape, part) for i in (0, 1))
    return (real + 1j * imag) / part.type(np.sqrt(2))


def _real_normals(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    low, scale, sqrt2 = _normal_constants(dtype)
    x = erf_inv(scaled(random_uniform(key, shape=shape, dtype=dtype), scale, low))
    if x.dtype != dtype:
        x = x.astype(dtype)
    return scaled(x, sqrt2)


@lru_cache
def _normal_constants(dtype: np.dtype) -> tuple[Any, Any, Any]:
    one = dtype.type(1)
    low = np.nextafter(-one, one)
    return low, one - low, dtype.type(np.sqrt(2))


def single_for_half(dtype: np.dtype) -> np.dtype:
    """The type in which numbers of a type are computed whose logarithms leave that of float16."""
    return np.dtype(np.float32) if is_narrow(dtype) else dtype


def rounded(x: Array, dtype: np.dtype) -> Array:
    """Numbers in the type that is asked for; those of float16 that are too large are infinite."""
    if x.dtype == dtype:
        return x
    with np.errstate(over="ignore"):
        return x.astype(dtype)


def signs(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Numbers that are 1 or -1."""
    positive = random_uniform(key, shape=shape, dtype=np.dtype(np.float64)) < 0.5
    return scaled(positive.astype(dtype), dtype.type(2)) - dtype.type(1)


def gammas(key: Key, a: Array, shape: tuple[int, ...]) -> Array:
    """Numbers from gamma distributions."""
    a = np.broadcast_to(a, shape)
    return following(random_gamma(key, a, log_space=False), a, slope=slope_of_gamma)


def log_gammas(key: Key, a: Array, shape: tuple[int, ...]) -> Array:
    """Logarithms of numbers from gamma distributions."""
    a = np.broadcast_to(a, shape)
    return following(random_gamma(key, a, log_space=True), a, slope=slope_of_loggamma)


def gumbels(key: Key, shape: tuple[int, ...], dtype: np.dtype, mode: str) -> Array:
    """Numbers from the standard Gumbel distribution."""
    tiny = finfo(dtype).tiny
    if mode == "low":
        return -np.log(-np.log(random_uniform(key, shape=shape, dtype=dtype) + tiny))
    if mode == "highest" and dtype == np.float32:
        return _finest_gumbels(key, shape)
    pair = random_uniform(key, shape=(2, *shape), dtype=dtype)
    high, low = pair[0], pair[1]
    u = np.where(high >= 0.5, high, high + float(finfo(dtype).eps) * low + tiny)
    return -np.log(-np.log1p(-u))


def _finest_gumbels(key: Key, shape: tuple[int, ...]) -> Array:
    """float32 numbers from 64 random bits: all bits count next to 0 and next to 1."""
    words = random_uniform(key, shape=(2, *shape), dtype=UINT32).astype(np.uint64)
    bits = np.bitwise_or(np.left_shift(words[0], np.uint64(32)), words[1])
    lower = bits < np.uint64(2**63)
    # The distance from the nearer end, cut to the 24 leading bits.
    distance = np.where(lower, bits, np.add(np.invert(bits), np.uint64(1)))
    wide = np.bitwise_and(distance, np.uint64(2**64 - 2**11)).astype(np.float64)
    wide = np.where(distance < np.uint64(2**53), distance.astype(np.float64), wide)
    x = wide.astype(np.float32)
    x = np.where(x.astype(np.float64) > wide, np.nextafter(x, np.float32(0)), x)
    x = np.maximum(x, np.float32(0.5)) * np.float32(2.0**-64)
    return np.where(lower, -np.log(-np.log1p(-x)), -np.log(-np.log(x)))


def integers(key: Key, shape: tuple[int, ...], low: Array, high: Array, dtype: np.dtype) -> Array:
    """Integers from low to high - 1."""
    wide = np.dtype(np.int32) if dtype.itemsize < 4 else dtype
    unsigned = _UNSIGNED[wide.itemsize]
    modulus: Array | None
    if is_scalar(low) and is_scalar(high):
        first, span = _integer_range(int(low), int(high), np.iinfo(dtype))
        least = np.array(first, wide)[()]
        modulus = np.array(span, unsigned)[()] if span < 2 ** (8 * wide.itemsize) else None
    else:
        least, modulus = _integer_ranges(low, high, dtype, wide)
        least, modulus = arrays.harmonize((least, modulus, key))[1][:2]
    keys = split_key(key)
    lower = _remainder(random_uniform(keys[1], shape=shape, dtype=unsigned), modulus)
    # 2**bits modulo the span, where 0 leaves the upper bits without influence.
    factor = _remainder(np.array(2 ** (4 * wide.itemsize), unsigned)[()], modulus)
    factor = _remainder(np.multiply(factor, factor), modulus)
    if is_scalar(factor) and factor == 0:
        offset = lower
    else:
        upper = _remainder(random_uniform(keys[0], shape=shape, dtype=unsigned), modulus)
        offset = _remainder(np.add(np.multiply(upper, factor), lower), modulus)
    return np.add(offset.astype(wide), least).astype(dtype)


def _integer_range(low: int, high: int, info: np.iinfo) -> tuple[int, int]:
    """The lowest integer, and how many there are from it on."""
    low = min(max(low, info.min), info.max)
    high = min(max(high, info.min), info.max + 1)
    return low, max(high - low, 1)


def _integer_ranges(
    low: Array, high: Array, dtype: np.dtype, wide: np.dtype
) -> tuple[Array, Array]:
    """The lowest integers, and how many there are; 0 stands for all that the type has."""
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


def _remainder(x: Array, modulus: Array | None) -> Array:
    """The remainder of x by an unsigned modulus, where None and 0 stand for 2**bits."""
    if modulus is None:
        return x
    if is_scalar(modulus):
        return np.remainder(x, modulus)
    whole = modulus == 0
    return np.where(whole, x, np.remainder(x, np.where(whole, modulus.dtype.type(1), modulus)))
