"""Transposes and triangles of matrices, and NaN for those on which an operator fails.

All operators of linear algebra need these. Matrices are the last two axes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ...arrays import ArrayModule, raising_linalg
from ...core.avals import Aval
from ...core.dtypes import finfo
from ...errors import ShapeError
from ...typing import Array
from ..families import sample
from ..pointwise.arithmetic import mul
from ..pointwise.comparison import select
from ..pointwise.complex import conj
from ..shape import reshape, transpose
from ..structural.indexing import FULL, index


def swap(x: Array) -> Array:
    """The transpose of each matrix."""
    n = len(x.shape)
    return transpose(x, perm=(*range(n - 2), n - 1, n - 2))


def adjoint(x: Array) -> Array:
    """The conjugate transpose of each matrix."""
    return conj(swap(x)) if x.dtype.kind == "c" else swap(x)


def real_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype of absolute values."""
    return finfo(dtype).dtype


def triangle(x: Array, *, lower: bool = True, diagonal: float = 1.0) -> Array:
    """One triangle of each square matrix, with the diagonal times a factor."""
    n = x.shape[-1]
    make = _triangle_mask if n <= 64 else _triangle_mask.__wrapped__
    return mul(x, make(n, real_dtype(x.dtype), lower, diagonal))


@lru_cache(maxsize=64)
def _triangle_mask(n: int, dtype: np.dtype, lower: bool, diagonal: float) -> np.ndarray:
    mask = np.tri(n, dtype=dtype)
    mask.flat[:: n + 1] = diagonal
    mask = mask if lower else mask.T
    mask.flags.writeable = False
    return mask


def diagonal_of(x: Array) -> Array:
    """The diagonal of each square matrix."""
    *lead, n, _ = x.shape
    flat = reshape(x, shape=(*lead, n * n))
    return index(flat, key=(*(FULL for _ in lead), (0, n * n, n + 1)))


def safe_reciprocal(x: Array, small: Array) -> Array:
    """The reciprocal 1 / x, and 0 where ``small``, without warnings."""
    return select(small, 0, 1 / select(small, 1, x))


def check_square(name: str, a: Aval) -> None:
    """Raise unless the last two axes are square matrices."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{name} needs square matrices in the last two axes, got shape {a.shape}")


# --- failing lanes -------------------------------------------------------------------------------


def by_lanes(
    xp: ArrayModule, function: Callable[..., Any], operands: tuple[Array, ...], failing: str
) -> Any:
    """Apply a function to stacks of matrices.

    With failing="nan" a matrix on which it raises gives NaN, and only that one.
    """
    try:
        with raising_linalg(xp):
            return function(xp, *operands)
    except np.linalg.LinAlgError:
        if failing == "raise":
            raise
    lead = operands[0].shape[:-2]
    good = np.ones(lead, bool)
    for lane in np.ndindex(*lead):
        try:
            with raising_linalg(xp):
                function(xp, *[x[lane] for x in operands])
        except np.linalg.LinAlgError:
            good[lane] = False
    good = xp.asarray(good)
    harmless = [
        xp.where(good[..., None, None], x, xp.eye(*x.shape[-2:], dtype=x.dtype)) for x in operands
    ]
    out = function(xp, *harmless)
    if isinstance(out, tuple):
        return tuple(nan_unless(xp, good, x) for x in out)
    return nan_unless(xp, good, out)


def nan_unless(xp: ArrayModule, good: Array, x: Array) -> Array:
    """Return x with NaN in the lanes that are not good."""
    mask = xp.reshape(good, good.shape + (1,) * (x.ndim - good.ndim))
    return xp.where(mask, x, xp.asarray(np.nan, x.dtype))[()]


# --- cases ---------------------------------------------------------------------------------------


def random_matrix(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Matrices for cases: far from singular, singular values well apart."""
    x = sample(rng, shape, dtype, (-1, 1)) / 2
    steps = np.zeros(shape[-2:])
    np.fill_diagonal(steps, 1.5 + 1.3 * np.arange(min(shape[-2:])))
    return (x + steps).astype(dtype)


def each_matrix(function: Callable[..., Array], shape: tuple[int, ...], *stacks: Array) -> Array:
    """A function of single matrices on each of stacks of them; NaN of those that are not finite.

    SciPy raises for these, which would spoil the other matrices of a stack.
    """
    dtype = np.result_type(*stacks)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)

    def one(*xs: Array) -> Array:
        if all(np.isfinite(x).all() for x in xs):
            return function(*xs)
        return np.full(shape[-2:], np.nan, dtype)

    lead = shape[:-2]
    if not lead:
        return one(*stacks)
    found = [one(*(x[lane] for x in stacks)) for lane in np.ndindex(*lead)]
    return np.stack(found).reshape(shape) if found else np.empty(shape, dtype)
