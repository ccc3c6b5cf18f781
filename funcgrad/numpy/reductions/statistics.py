"""Order statistics, covariance and counts, on tracers."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ...core.tracing import Tracer, aval_of, shape_of
from ...ops.reductions import sorting
from ...ops.shape import cast, convert, wider
from ...ops.structural.gather import scatter_add
from ..indexing.taking import diagonal
from ..protocol import array, axis_of, given, holds_tracer, implements, inexact, refuse, strong
from .reducing import average

# Hyndman and Fan, Sample Quantiles in Statistical Packages (1996): the continuous definitions.
PLOTTING_POSITIONS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
DISCRETE = ("lower", "higher", "nearest")
"""The definitions that give one of the numbers, in its own type."""
BETWEEN = (*DISCRETE, "midpoint")


def _last_axis(a: Any, axis: Any) -> tuple[Any, Any]:
    """The array with reduced axes merged into the last one, and the shape with them kept."""
    ndim = len(a.shape)
    axes = range(ndim) if axis is None else ([axis] if isinstance(axis, int | np.integer) else axis)
    places = [axis_of(k, ndim) for k in axes]
    kept = tuple(1 if i in places else d for i, d in enumerate(a.shape))
    rest = [i for i in range(ndim) if i not in places]
    moved = np.transpose(a, (*rest, *places))
    size = 1
    for k in places:
        size *= a.shape[k]
    return np.reshape(moved, (*(a.shape[i] for i in rest), size)), kept


def _neighbours(q: Any, n: Any, method: str) -> tuple[Any, Any, Any]:
    """Positions among n sorted elements below and above a quantile, and the share of the upper."""
    if method in PLOTTING_POSITIONS:
        low, high = PLOTTING_POSITIONS[method]
        at = q * (n - 1)
        if low + high < 2:
            at = np.clip(n * q + low + q * (1 - low - high) - 1, 0, np.maximum(n - 1, 0))
    elif method in BETWEEN:
        at = q * (n - 1)
    else:
        known = ", ".join([*PLOTTING_POSITIONS, *BETWEEN])
        raise ValueError(f"quantile of traced values: unknown method {method!r}; known: {known}")
    below, above = np.floor(at), np.ceil(at)
    if method == "nearest":
        below = above = np.rint(at)
    elif method == "lower":
        above = below
    elif method == "higher":
        below = above
    share = at - below
    if method == "midpoint":
        share = np.where(below == above, 0.0, 0.5)
    below, above = (cast(np.maximum(i, 0), np.dtype(np.intp)) for i in (below, above))
    return below, above, share


def _is_discrete(q: Any, method: str) -> bool:
    """Whether quantiles are elements, not values between them."""
    return method in DISCRETE or (method == "linear" and aval_of(q).dtype.kind in "iub")


def check_order(name: str, a: Any, q: Any, method: str, largest: int = 1) -> None:
    """Raise for what has no quantiles; of traced q it is not known whether they are in range."""
    if not holds_tracer(q) and not np.all((np.asarray(q) >= 0) & (np.asarray(q) <= largest)):
        raise ValueError(f"{name}: q must be in the range [0, {largest}], got {q}")
    kind = aval_of(array(a)).dtype.kind
    if kind == "c":
        raise TypeError(f"{name}: complex numbers have no order")
    if kind == "b" and not _is_discrete(q if largest == 1 else 0.5, method):
        raise TypeError(f"{name}: truth values cannot be interpolated; use method='nearest'")
    if len(shape_of(q)) > 2:
        raise ValueError(f"{name}: q has shape {shape_of(q)}, but at most two axes are possible")


def quantile_of(
    name: str,
    a: Any,
    q: Any,
    axis: Any,
    method: str,
    keepdims: Any,
    *,
    skip_nan: bool = False,
    empty_is_nan: bool = False,
    out: Any = None,
    weights: Any = None,
) -> Any:
    """Quantiles along axes, of all elements or of those that are not NaN."""
    refuse(name, out=out, weights=weights)
    a, discrete = strong(a), _is_discrete(q, method)
    a = a if discrete else inexact(a)
    real = np.dtype(a.dtype.char.lower()) if a.dtype.kind in "fc" else np.dtype(float)
    q, share_dtype = (q, real) if aval_of(q).weak else (inexact(q), inexact(q).dtype)
    q = convert(q, dtype=wider(share_dtype))
    x, kept = _last_axis(a, axis)
    rest = tuple(x.shape[:-1])
    if not x.shape[-1]:
        if not empty_is_nan:
            raise IndexError(f"{name} of no elements")
        nothing = np.full((*shape_of(q), *(kept if given(keepdims) and keepdims else rest)), np.nan)
        return nothing.astype(a.dtype)[()]
    ordered = sorting.sort(x, axis=len(rest), descending=False)
    flat = given_q = np.reshape(q, (-1,))
    if isinstance(q, Tracer):
        flat = np.clip(given_q, 0, 1)
    if skip_nan:
        count = np.sum(~np.isnan(x), axis=-1, keepdims=True)
        below, above, share = _neighbours(flat, cast(count, q.dtype), method)
        low, high = (sorting.take_along(ordered, i, len(rest)) for i in (below, above))
        result = low if discrete else _between(low, high, cast(share, share_dtype))
    else:
        below, above, share = _neighbours(flat, x.shape[-1], method)
        low, high = (np.take(ordered, i, -1) for i in (below, above))
        result = low if discrete else _between(low, high, cast(share, share_dtype))
        if a.dtype.kind in "fc":
            last = np.take(ordered, np.arange(x.shape[-1] - 1, x.shape[-1]), -1)
            result = np.where(np.isnan(last), a.dtype.type(np.nan), result)
    if isinstance(q, Tracer) and result.dtype.kind in "fc":
        result = np.where(given_q == flat, result, result.dtype.type(np.nan))
    result = np.moveaxis(result, -1, 0)
    return np.reshape(result, tuple(q.shape) + (kept if given(keepdims) and keepdims else rest))


def _between(low: Any, high: Any, share: Any) -> Any:
    """Linear interpolation, without the difference of equal infinities."""
    endless = np.isinf(low) & (low == high)
    gap = np.where(endless, 0, high - low)
    return np.where(share < 0.5, low + gap * share, high - gap * (1 - share))


def percent(a: Any, q: Any) -> Any:
    """Percents as fractions, in the precision in which NumPy divides them."""
    if aval_of(q).weak:
        return q / 100
    dtype = aval_of(a).dtype
    return strong(q) / (dtype.type(100) if dtype.kind == "f" else 100)


@implements(np.quantile)
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
    interpolation: Any = None,
) -> Any:
    check_order("np.quantile", a, q, method)
    return quantile_of("np.quantile", a, q, axis, method, keepdims, out=out, weights=weights)


@implements(np.percentile)
def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
    interpolation: Any = None,
) -> Any:
    check_order("np.percentile", a, q, method, 100)
    return quantile_of(
        "np.percentile", a, percent(a, q), axis, method, keepdims, out=out, weights=weights
    )


@implements(np.median)
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    return quantile_of("np.median", a, 0.5, axis, "linear", keepdims, out=out, empty_is_nan=True)


def _rows(m: Any, rowvar: bool, dtype: np.dtype) -> Any:
    """Variables as rows."""
    x = cast(np.atleast_2d(m), dtype)
    return x if rowvar or len(m.shape) < 2 else x.T


def _frequencies(fweights: Any, aweights: Any) -> Any:
    weights = None
    for w in (fweights, aweights):
        if w is not None:
            w = cast(strong(w), np.dtype(float))
            weights = w if weights is None else weights * w
    return weights


def _at_least_zero(free: Any) -> Any:
    known = not isinstance(free, Tracer)
    return builtins.max(free, 0) if known else np.where(free <= 0, 0.0, free)


def _reciprocal(free: Any) -> Any:
    """One over the degrees of freedom, infinite if there are none."""
    known = not isinstance(free, Tracer)
    return np.inf if known and not free else 1 / free


@implements(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    m = strong(m)
    parts = [m] if y is None else [m, strong(y)]
    for part in parts:
        if len(part.shape) > 2:
            raise ValueError(f"np.cov: an array of shape {tuple(part.shape)} has too many axes")
    common = np.result_type(*(p.dtype for p in parts), np.float64)
    common = common if dtype is None else np.dtype(dtype)
    rows = [_rows(p, rowvar, common) for p in parts]
    if not rows[0].shape[0]:
        return np.zeros((0, 0))
    x = np.concatenate(rows)
    ddof = ddof if ddof is not None else (0 if bias else 1)
    weights = _frequencies(fweights, aweights)
    if weights is None:
        center, free = np.mean(x, axis=1), x.shape[1] - ddof
    else:
        center, total = average(x, 1, weights, True)
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
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = cov(x, y, rowvar, dtype=dtype)
    if not len(c.shape):
        return c / c
    d = np.sqrt(np.real(diagonal(c)))
    return c / d[:, None] / d[None, :]


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    places: Any = np.asarray(x.concrete("np.bincount") if isinstance(x, Tracer) else x)
    if weights is None:
        return np.bincount(places, minlength=minlength)
    weights = strong(weights)
    if places.ndim == 1 and not len(places):
        return np.bincount(places, minlength=minlength)
    if places.ndim != 1 or tuple(weights.shape) != places.shape:
        raise ValueError(
            f"np.bincount: places of shape {places.shape} and weights of shape "
            f"{tuple(weights.shape)} need one axis of one length"
        )
    if places.min() < 0:
        return np.bincount(places, minlength=minlength)
    size = max(int(np.max(places, initial=-1)) + 1, minlength)
    return scatter_add(cast(weights, np.dtype(float)), places, shape=(size,))
