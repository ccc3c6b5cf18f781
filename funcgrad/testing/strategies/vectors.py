"""Vectors with a property, along the last axis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...typing import DTypeLike
from .arrays import arrays
from .domains import interval
from .matrices import Size, side

WEIGHTS = interval(0.05, 1.0, closed=True)
ENTRIES = interval(-2.0, 2.0, closed=True)


def simplex_vectors(
    n: Size = None, *, dtype: DTypeLike = np.float64, batch_shape: tuple[int, ...] = ()
) -> SearchStrategy[np.ndarray]:
    """Vectors of positive numbers whose sum is 1.

    Args:
        n: number of entries, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: a real dtype.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n,).

    >>> from hypothesis import find
    >>> float(np.sum(find(simplex_vectors(2), lambda p: True)))
    1.0
    """

    def build(draw: DrawFn) -> np.ndarray:
        w = draw(arrays((*batch_shape, side(draw, n)), np.float64, WEIGHTS))
        return np.asarray(w / np.sum(w, axis=-1, keepdims=True)).astype(dtype)

    return st.composite(build)()


def unit_vectors(
    n: Size = None, *, dtype: DTypeLike = np.float64, batch_shape: tuple[int, ...] = ()
) -> SearchStrategy[np.ndarray]:
    """Vectors of length 1.

    Args:
        n: number of entries, or a strategy for it; by default 1 to 4, and
            in ``gradcheck`` more at some points.
        dtype: real or complex.
        batch_shape: leading dimensions.

    Returns:
        A strategy for arrays of shape batch_shape + (n,).

    >>> from hypothesis import find
    >>> find(unit_vectors(2), lambda v: True)
    array([1., 0.])
    """

    def build(draw: DrawFn) -> np.ndarray:
        shape = (*batch_shape, side(draw, n))
        v = np.asarray(draw(arrays(shape, np.dtype(dtype), ENTRIES)))
        length = np.sqrt(np.sum(np.abs(v) ** 2, axis=-1, keepdims=True))
        first = np.zeros(shape, v.dtype)
        first[..., 0] = 1
        long = length > 1e-3
        return np.where(long, v / np.where(long, length, 1), first).astype(dtype)

    return st.composite(build)()
