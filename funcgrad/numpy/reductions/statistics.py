"""Covariance and counts, on tracers."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...core.dtypes import kind_of, result_type
from ...core.tracing import Tracer, aval_of
from ...ops.shape import cast
from ...ops.structural.gather import scatter_add
from ...typing import Array, ArrayLike, DTypeLike
from ..indexing.taking import diagonal
from ..protocol import as_operand, implements
from .moments import weighted_average


def _rows(m: Array, rowvar: bool, dtype: np.dtype) -> Array:
    """Variables as rows."""
    x = cast(np.atleast_2d(m), dtype)
    return x if rowvar or len(m.shape) < 2 else x.T


def _frequencies(fweights: ArrayLike | None, aweights: ArrayLike | None) -> Array | None:
    """The product of the weights that are given."""
    given = [cast(as_operand(w), np.dtype(float)) for w in (fweights, aweights) if w is not None]
    if len(given) < 2:
        return given[0] if given else None
    return given[0] * given[1]


def _at_least_zero(free: float | Array) -> float | Array:
    known = not isinstance(free, Tracer)
    return builtins.max(free, 0) if known else np.where(free <= 0, 0.0, free)


def _reciprocal(free: float | Array) -> float | Array:
    """One over the degrees of freedom, infinite if there are none."""
    known = not isinstance(free, Tracer)
    return np.inf if known and not free else 1 / free


@implements(np.cov)
def cov(
    m: ArrayLike,
    y: ArrayLike | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: ArrayLike | None = None,
    aweights: ArrayLike | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Array:
    """The matrix of covariances of variables, which are rows or columns."""
    m = as_operand(m)
    parts = [m] if y is None else [m, as_operand(y)]
    for part in parts:
        if len(part.shape) > 2:
            raise ValueError(f"np.cov: an array of shape {tuple(part.shape)} has too many axes")
    common = result_type(*(p.dtype for p in parts), np.float64)
    common = common if dtype is None else np.dtype(dtype)
    rows = [_rows(p, rowvar, common) for p in parts]
    if not rows[0].shape[0]:
        return np.zeros((0, 0))
    x = np.concatenate(rows)
    ddof = ddof if ddof is not None else (0 if bias else 1)
    weights = _frequencies(fweights, aweights)
    free: Any
    if weights is None:
        center, free = np.mean(x, axis=1), x.shape[1] - ddof
    else:
        center, total = weighted_average(x, weights, 1)
        free = total[0]
        if ddof and aweights is None:
            free = free - ddof
        elif ddof:
            free = free - ddof * np.sum(weights * aweights) / free
    free = _at_least_zero(free)
    x = x - center[:, None]
    scaled = x if weights is None else x * weights
    c = cast(x @ np.conj(scaled.T) * _reciprocal(free), common)
    return np.reshape(c, tuple(d for d in c.shape if d != 1))


@implements(np.corrcoef)
def corrcoef(
    x: ArrayLike,
    y: ArrayLike | None = None,
    rowvar: bool = True,
    *,
    dtype: DTypeLike | None = None,
) -> Array:
    """The matrix of correlations of variables, which are rows or columns."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not len(c.shape):
        return c / c
    d = np.sqrt(np.real(diagonal(c)))
    return c / d[:, None] / d[None, :]


@implements(np.bincount)
def bincount(x: ArrayLike, /, weights: ArrayLike | None = None, minlength: int = 0) -> Array:
    """The number of times that each integer occurs, or the sum of its weights."""
    places = np.asarray(x.concrete("np.bincount") if isinstance(x, Tracer) else x)
    if weights is None:
        return np.bincount(places, minlength=minlength)
    weights = weights_of("np.bincount", weights)
    if places.ndim == 1 and not len(places):
        return np.bincount(places, minlength=minlength)
    if places.ndim != 1 or tuple(weights.shape) != places.shape:
        raise ValueError(
            f"np.bincount: places of shape {places.shape} and weights of shape "
            f"{tuple(weights.shape)} need one axis of one length"
        )
    if places.min() < 0:
        return np.bincount(places, minlength=minlength)
    size = builtins.max(int(np.max(places, initial=-1)) + 1, minlength)
    return scatter_add(weights, places, shape=(size,))


def weights_of(name: str, weights: ArrayLike) -> Array:
    """Weights in float64; what that cannot hold is refused, as NumPy does."""
    found = as_operand(weights)
    if kind_of(found.dtype) not in "biuf":
        raise TypeError(f"{name}: weights must be real numbers, got {aval_of(found)}")
    return cast(found, np.dtype(float))
