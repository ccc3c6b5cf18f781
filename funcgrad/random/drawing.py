"""The random bits of a key: those of many numbers by native code, where there is some."""

from __future__ import annotations

import math

import numpy as np

from ..core import hooks
from ..core.dtypes import SINGLE, finfo, is_small_float
from ..ops.families.elementwise import LARGE
from ..ops.random import threefry
from ..ops.shape import cast
from ..typing import Array, Key

UINT32 = np.dtype(np.uint32)


def random_uniform(key: Key, *, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Element i comes from counter i: any integer of an unsigned type, or a float in [0, 1)."""
    if is_small_float(dtype):
        return _uniform_small(key, shape, dtype)
    if type(key) is np.ndarray:
        size = math.prod(shape)
        if LARGE <= size <= 2**32:
            drawn = hooks.draws(key, size, dtype)
            if drawn is not NotImplemented:
                return drawn.reshape(shape)
    return threefry.random_uniform(key, shape=shape, dtype=dtype)


def _uniform_small(key: Key, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """All multiples below 1 of the distance of small floats there, which no rounding makes 1."""
    drop = 31 - int(finfo(dtype).nmant)
    words = random_uniform(key, shape=shape, dtype=UINT32) >> np.uint32(drop)
    return cast(cast(words, SINGLE) * np.float32(2.0 ** (drop - 32)), dtype)
