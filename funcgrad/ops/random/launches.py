"""Random numbers on a GPU: what the operators on keys do with the kernels of the table."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...arrays import ArrayModule
from ...typing import Array
from .kernels import kernel

_HALF = np.dtype(np.float16)


def threefry2x32_there(xp: ArrayModule, *operands: Array | int) -> tuple[Array, Array]:
    """Two random words for each pair of counter words."""
    x0, x1 = kernel(xp, "threefry2x32")(*operands)
    return x0, x1


def random_uniform_there(
    xp: Any, key: Array, *, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Array:
    """Random bits or uniform numbers: each element knows its counter."""
    rank = (1,) * len(shape)
    key0, key1 = (key[..., i].reshape(key.shape[:-1] + rank) for i in (0, 1))
    each = prod(shape)
    out: Array = xp.empty(key.shape[:-1] + shape, dtype)
    if dtype == _HALF:
        words = out.view(xp.uint16)
        kernel(xp, "random_integers")(key0, key1, each, words)
        words >>= 6
        words |= 0x3C00
        out -= 1
    else:
        kind = "random_integers" if dtype.kind == "u" else "random_floats"
        kernel(xp, kind)(key0, key1, each, out)
    return out


def random_gamma_there(xp: ArrayModule, key: Array, a: Array, *, log_space: bool) -> Array:
    """Gamma numbers: a thread's rejections keep nobody waiting."""
    key0, key1, each, (flat,) = _by_keys(key, a)
    drawn: Array = kernel(xp, "random_gamma")(key0, key1, flat, each, int(log_space))
    return drawn.reshape(a.shape).astype(a.dtype, copy=False)


def random_poisson_there(xp: Any, key: Array, rate: Array) -> Array:
    """Poisson numbers: how many rounds each key needs, then the numbers."""
    if not rate.size:
        found: Array = xp.empty(rate.shape, xp.int64)
        return found
    key0, key1, each, (flat,) = _by_keys(key, rate)
    rounds = kernel(xp, "poisson_rounds")(key0, key1, flat, each).max(axis=1, keepdims=True)
    drawn: Array = kernel(xp, "random_poisson")(key0, key1, flat, each, rounds)
    return drawn.reshape(rate.shape)


def random_binomial_there(xp: Any, key: Array, n: Array, p: Array) -> Array:
    """Binomial numbers: how many rounds each key needs, then the numbers."""
    if not p.size:
        found: Array = xp.empty(p.shape, p.dtype)
        return found
    key0, key1, each, operands = _by_keys(key, n, p)
    rounds = kernel(xp, "binomial_rounds")(key0, key1, *operands, each).max(axis=1, keepdims=True)
    drawn: Array = kernel(xp, "random_binomial")(key0, key1, *operands, each, rounds)
    return drawn.reshape(p.shape).astype(p.dtype, copy=False)


def _by_keys(key: Array, *operands: Array) -> tuple[Array, Array, int, list[Array]]:
    """Words of keys as columns, how many elements each draws, and operands with them in rows.

    The kernels have no arithmetic of float16: it is computed in float32.
    """
    words = key.reshape(-1, 2)
    each = prod(operands[0].shape[key.ndim - 1 :])
    rows = [x.reshape(words.shape[0], each) for x in operands]
    rows = [x.astype(np.float32) if x.dtype == _HALF else x for x in rows]
    return words[:, :1], words[:, 1:], each, rows
