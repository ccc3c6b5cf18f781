"""Sorting, searching and order statistics on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tracing import Tracer
from ..ops import sorting
from ..ops.indexing import scatter_add
from ..ops.shape import cast
from ..ops.sorting import searchsorted as searchsorted_p
from .protocol import axis_of, implements, refuse, strong


@implements(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    a = strong(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    return sorting.sort(a, axis=axis_of(axis, len(a.shape)), descending=False)


@implements(np.argsort)
def argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *,
            stable: Any = None) -> Any:
    a = strong(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    return sorting.argsort(a, axis=axis_of(axis, len(a.shape)), descending=False)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect",
              order: Any = None) -> Any:
    return sort(a, axis)


@implements(np.argpartition)
def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect",
                 order: Any = None) -> Any:
    return argsort(a, axis)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    a = strong(a)
    return sort(a if a.dtype.kind == "c" else cast(a, np.dtype(complex)))


@implements(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Any:
    keys = [strong(k) for k in keys]
    axis = axis_of(axis, len(keys[0].shape))
    order: Any = None
    for key in keys:
        column = key if order is None else sorting.take_along(key, order, axis)
        step = sorting.argsort(column, axis=axis, descending=False)
        order = step if order is None else sorting.take_along(order, step, axis)
    return order


@implements(np.searchsorted)
def searchsorted(a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    a, v = strong(a), strong(v)
    if sorter is not None:
        a = np.take(a, sorter)
    return searchsorted_p(a, v, side=side)


@implements(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    return searchsorted(bins, x, "left" if right else "right")


@implements(np.median)
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
           keepdims: bool = False) -> Any:
    return quantile(a, 0.5, axis, out, keepdims=keepdims)


def _flatten_axes(a: Any, axis: Any) -> tuple[Any, Any]:
    """The array with reduced axes merged into the last one, and the shape with them kept."""
    ndim = len(a.shape)
    axes = range(ndim) if axis is None else ([axis] if isinstance(axis, int | np.integer) else axis)
    places = [axis_of(k, ndim) for k in axes]
    kept = tuple(1 if i in places else d for i, d in enumerate(a.shape))
    rest = [i for i in range(ndim) if i not in places]
    moved = np.transpose(a, (*rest, *places))
    return np.reshape(moved, (*(a.shape[i] for i in rest), -1)), kept


@implements(np.quantile)
def quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
             method: str = "linear", keepdims: bool = False, *, weights: Any = None,
             interpolation: Any = None) -> Any:
    refuse("np.quantile", out=out, weights=weights)
    a, q = strong(a), strong(q)
    a = a if a.dtype.kind == "f" else cast(a, np.dtype(np.float64))
    x, kept = _flatten_axes(a, axis)
    n = x.shape[-1]
    ordered = sorting.sort(x, axis=len(x.shape) - 1, descending=False)
    at = q * (n - 1)
    low = np.clip(np.floor(at), 0, n - 1)
    high = np.clip(np.ceil(at), 0, n - 1)
    share = at - low
    if method == "lower":
        high = low
    elif method == "higher":
        low = high
    elif method == "nearest":
        low = high = np.rint(at)
    elif method == "midpoint":
        share = np.where(low == high, 0.0, 0.5)
    elif method != "linear":
        raise ValueError(f"np.quantile of traced values: unknown method {method!r}")
    low, high = (cast(i, np.dtype(np.int64)) for i in (low, high))
    below, above = ordered[..., low], ordered[..., high]
    weight = cast(share, a.dtype) if isinstance(share, Tracer) else a.dtype.type(1) * share
    result = below + (above - below) * weight
    nq = len(q.shape)
    if nq:
        result = np.moveaxis(result, range(-nq, 0), range(nq))
    return np.reshape(result, (*q.shape, *kept)) if keepdims else result


@implements(np.percentile)
def percentile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
               method: str = "linear", keepdims: bool = False, *, weights: Any = None,
               interpolation: Any = None) -> Any:
    return quantile(a, strong(q) / 100, axis, out, overwrite_input, method, keepdims,
                    weights=weights)


@implements(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
        fweights: Any = None, aweights: Any = None, *, dtype: Any = None) -> Any:
    refuse("np.cov", fweights=fweights, aweights=aweights)
    x = np.atleast_2d(strong(m))
    x = x if rowvar or x.shape[0] == 1 else x.T
    if y is not None:
        other = np.atleast_2d(strong(y))
        x = np.concatenate([x, other if rowvar or other.shape[0] == 1 else other.T])
    x = x - np.mean(x, axis=1, keepdims=True)
    free = x.shape[1] - (ddof if ddof is not None else (0 if bias else 1))
    return np.squeeze(x @ np.conj(x.T) / free)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = cov(x, y, rowvar)
    if not len(c.shape):
        return c / c
    d = np.sqrt(np.diagonal(c).real)
    return c / d[:, None] / d[None, :]


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if isinstance(x, Tracer):
        x = x.concrete("np.bincount")
    size = max(int(np.max(x, initial=-1)) + 1, minlength)
    if weights is None:
        return np.bincount(x, minlength=minlength)
    return scatter_add(strong(weights), np.asarray(x), shape=(size,))
