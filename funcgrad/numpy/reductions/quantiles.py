"""Quantiles and medians, on tracers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...arrays import like
from ...core.dtypes import is_floating, is_inexact, real_dtype, sum_dtype
from ...core.small_floats import lifted
from ...core.tracing import Tracer, aval_of, shape_of
from ...ops.reductions import sorting
from ...ops.shape import cast, convert
from ...typing import Array, ArrayLike, Axes
from ..indexing.taking import take
from ..protocol import (
    array,
    as_operand,
    axis_of,
    given,
    holds_tracer,
    implements,
    inexact,
    refuse,
)
from .sums_and_extrema import Reduction

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


class Asked(NamedTuple):
    """The quantiles that a function was asked for.

    Attributes:
        function: its name, for messages.
        q: probabilities.
        axis: the reduced axes.
        method: the definition.
        keepdims: whether the reduced axes stay, as ones.
        skip_nan: whether NaN are left out, or make the quantile NaN.
        empty_is_nan: whether no elements have the quantile NaN, or none.
    """

    function: str
    q: ArrayLike
    axis: Axes = None
    method: str = "linear"
    keepdims: bool = False
    skip_nan: bool = False
    empty_is_nan: bool = False


def _last_axis(a: Array, axis: Axes) -> tuple[Array, tuple[int, ...]]:
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


def _neighbours(q: Array, n: int | Array, method: str) -> tuple[Array, Array, Array]:
    """Positions among n sorted elements below and above a quantile, and the share of the upper."""
    q = like(n, q)
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


def _is_discrete(q: ArrayLike, method: str) -> bool:
    """True if quantiles are elements, not values between them."""
    return method in DISCRETE or (method == "linear" and aval_of(q).dtype.kind in "iub")


def check_order(name: str, a: ArrayLike, q: ArrayLike, method: str, largest: int = 1) -> None:
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


def quantiles(a: ArrayLike, asked: Asked) -> Array:
    """Quantiles along axes, of all elements or of those that are not NaN."""
    a = as_operand(a)
    a = a if _is_discrete(asked.q, asked.method) else inexact(a)
    q, share_dtype = _probabilities(asked.q, a)
    x, kept = _last_axis(a, asked.axis)
    keepdims = given(asked.keepdims) and asked.keepdims
    shape = tuple(q.shape) + (kept if keepdims else tuple(x.shape[:-1]))
    if not x.shape[-1]:
        if not asked.empty_is_nan:
            raise IndexError(f"{asked.function} of no elements")
        return np.full(shape, np.nan).astype(a.dtype)[()]
    flat = given_q = np.reshape(q, (-1,))
    if isinstance(q, Tracer):
        flat = np.clip(given_q, 0, 1)
    result = _quantiles_of_rows(x, flat, share_dtype, asked)
    if isinstance(q, Tracer) and is_inexact(result.dtype):
        result = np.where(given_q == flat, result, result.dtype.type(np.nan))
    return np.reshape(np.moveaxis(result, -1, 0), shape)


def _probabilities(q: ArrayLike, a: Array) -> tuple[Array, np.dtype]:
    """Probabilities in a wide type, and the type in which NumPy interpolates with them."""
    real = real_dtype(a.dtype) if is_inexact(a.dtype) else np.dtype(float)
    given_q, dtype = (q, real) if aval_of(q).weak else (inexact(q), inexact(q).dtype)
    return convert(given_q, dtype=sum_dtype(dtype)), dtype


def _quantiles_of_rows(x: Array, q: Array, share_dtype: np.dtype, asked: Asked) -> Array:
    """Quantiles along the last axis: those of several probabilities side by side."""
    axis = len(x.shape) - 1
    ordered = sorting.sort(x, axis=axis, descending=False)
    if asked.skip_nan:
        count = np.sum(~np.isnan(x), axis=-1, keepdims=True)
        below, above, share = _neighbours(q, cast(count, q.dtype), asked.method)
        low, high = (sorting.take_along(ordered, i, axis) for i in (below, above))
    else:
        below, above, share = _neighbours(q, x.shape[-1], asked.method)
        low, high = (take(ordered, i, -1) for i in (below, above))
    discrete = _is_discrete(asked.q, asked.method)
    result = low if discrete else _between(low, high, lifted(cast(share, share_dtype)))
    if not asked.skip_nan and is_inexact(x.dtype):
        last = take(ordered, np.arange(x.shape[-1] - 1, x.shape[-1]), -1)
        result = np.where(np.isnan(last), x.dtype.type(np.nan), result)
    return result


def _between(low: Array, high: Array, share: Array) -> Array:
    """Linear interpolation, without the difference of equal infinities."""
    endless = np.isinf(low) & (low == high)
    gap = np.where(endless, 0, high - low)
    return np.where(share < 0.5, low + gap * share, high - gap * (1 - share))


def percent(a: ArrayLike, q: ArrayLike) -> Array:
    """Percents as fractions, in the precision in which NumPy divides them."""
    if aval_of(q).weak:
        number: Any = q
        return number / 100
    dtype = aval_of(a).dtype
    return as_operand(q) / (dtype.type(100) if is_floating(dtype) else 100)


def asking(name: str, largest: int = 1, *, skip_nan: bool = False) -> Reduction:
    """A function with the arguments of NumPy's quantiles, where q is in [0, ``largest``]."""

    def ask(
        a: ArrayLike,
        q: ArrayLike,
        axis: Axes = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        *,
        weights: None = None,
    ) -> Array:
        check_order(name, a, q, method, largest)
        refuse(name, out=out, weights=weights)
        q = q if largest == 1 else percent(a, q)
        return quantiles(a, Asked(name, q, axis, method, keepdims, skip_nan, skip_nan))

    ask.__name__ = ask.__qualname__ = name.removeprefix("np.")
    return ask


def asking_for_half(name: str, *, skip_nan: bool = False) -> Reduction:
    """A function with the arguments of NumPy's medians; the median of no elements is NaN."""

    def ask(
        a: ArrayLike,
        axis: Axes = None,
        out: None = None,
        overwrite_input: bool = False,
        keepdims: bool = False,
    ) -> Array:
        refuse(name, out=out)
        return quantiles(a, Asked(name, 0.5, axis, "linear", keepdims, skip_nan, True))

    ask.__name__ = ask.__qualname__ = name.removeprefix("np.")
    return ask


quantile: Reduction = implements(np.quantile)(asking("np.quantile"))
percentile: Reduction = implements(np.percentile)(asking("np.percentile", 100))
median: Reduction = implements(np.median)(asking_for_half("np.median"))
