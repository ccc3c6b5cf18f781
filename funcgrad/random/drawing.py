"""The random bits of a key: those of many numbers by native code, where there is some."""

from __future__ import annotations

import math

import numpy as np

from ..core import hooks
from ..ops.families.elementwise import LARGE
from ..ops.random import threefry
from ..typing import Array, Key


def random_uniform(key: Key, *, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Element i comes from counter i: any integer of an unsigned type, or a float in [0, 1)."""
    if type(key) is np.ndarray:
        size = math.prod(shape)
        if LARGE <= size <= 2**32:
            drawn = hooks.draws(key, size, dtype)
            if drawn is not NotImplemented:
                return drawn.reshape(shape)
    return threefry.random_uniform(key, shape=shape, dtype=dtype)
