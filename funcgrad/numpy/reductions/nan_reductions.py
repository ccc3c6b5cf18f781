"""Reductions that leave out NaN, on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ConcretizationError
from ..protocol import given, implements, strong
from . import reducing
from .statistics import check_order, percent, quantile_of

_NONE = np._NoValue


def _filled(a: Any, value: float) -> Any:
    """The array with a number in place of every NaN."""
    a = strong(a)
    return np.where(np.isnan(a), a.dtype.type(value), a) if a.dtype.kind in "fc" else a


def _present(a: Any, where: Any) -> Any:
    """The mask of the elements that count."""
    if a.dtype.kind not in "fc":
        return where
    keep = ~np.isnan(a)
    return keep if where is True or not given(where) else keep & where


@implements(np.nansum)
def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = _NONE,
    where: Any = True,
) -> Any:
    return reducing.sum(_filled(a, 0), axis, dtype, out, keepdims, initial, where)


@implements(np.nanprod)
def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = _NONE,
    where: Any = True,
) -> Any:
    return reducing.prod(_filled(a, 1), axis, dtype, out, keepdims, initial, where)


@implements(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return reducing.cumsum(_filled(a, 0), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return reducing.cumprod(_filled(a, 1), axis, dtype, out)


@implements(np.nanmean)
def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    a = strong(a)
    return reducing.mean(a, axis, dtype, out, keepdims, where=_present(a, where))


def _nan_without_freedom(
    result: Any, a: Any, keep: Any, axis: Any, keepdims: Any, ddof: Any
) -> Any:
    """A variance, NaN where there are no more numbers than ``ddof``."""
    if a.dtype.kind not in "fc":
        return result
    keepdims = bool(given(keepdims) and keepdims)
    count = reducing.sum(np.broadcast_to(keep, a.shape), axis=axis, keepdims=keepdims)
    return np.where(count <= ddof, result.dtype.type(np.nan), result)


@implements(np.nanvar)
def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    a, keep = strong(a), _present(strong(a), where)
    result = reducing.var(
        _filled(a, 0),
        axis,
        dtype,
        out,
        ddof,
        keepdims,
        where=keep,
        mean=mean,
        correction=correction,
    )
    return _nan_without_freedom(
        result, a, keep, axis, keepdims, correction if given(correction) else ddof
    )


@implements(np.nanstd)
def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = _NONE,
    correction: Any = _NONE,
) -> Any:
    a, keep = strong(a), _present(strong(a), where)
    result = reducing.std(
        _filled(a, 0),
        axis,
        dtype,
        out,
        ddof,
        keepdims,
        where=keep,
        mean=mean,
        correction=correction,
    )
    return _nan_without_freedom(
        result, a, keep, axis, keepdims, correction if given(correction) else ddof
    )


def _extremum(reduce: Any, fill: float) -> Any:
    def extremum(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _NONE,
        where: Any = True,
    ) -> Any:
        a = strong(a)
        result = reduce(_filled(a, fill), axis, out, keepdims, initial, where)
        if a.dtype.kind not in "fc" or given(initial):
            return result
        empty = reducing.all(np.isnan(a), axis=axis, keepdims=keepdims)
        return np.where(empty, a.dtype.type(np.nan), result)

    return extremum


nanmax = implements(np.nanmax)(_extremum(reducing.max, -np.inf))
nanmin = implements(np.nanmin)(_extremum(reducing.min, np.inf))


def _refuse_empty_slices(a: Any, axis: Any) -> None:
    """Raise for slices where everything is NaN, if that can be known."""
    try:
        empty = bool(np.any(reducing.all(np.isnan(a), axis=axis)))
    except ConcretizationError:
        return
    if empty:
        raise ValueError("there is a slice in which all numbers are NaN")


def _argument(find: Any, fill: float) -> Any:
    def argument(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        a = strong(a)
        if a.dtype.kind in "fc":
            _refuse_empty_slices(a, axis)
        return find(_filled(a, fill), axis, out, keepdims=keepdims)

    return argument


nanargmax = implements(np.nanargmax)(_argument(reducing.argmax, -np.inf))
nanargmin = implements(np.nanargmin)(_argument(reducing.argmin, np.inf))


@implements(np.nanquantile)
def nanquantile(
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
    check_order("np.nanquantile", a, q, method)
    return quantile_of(
        "np.nanquantile",
        a,
        q,
        axis,
        method,
        keepdims,
        skip_nan=True,
        empty_is_nan=True,
        out=out,
        weights=weights,
    )


@implements(np.nanpercentile)
def nanpercentile(
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
    check_order("np.nanpercentile", a, q, method, 100)
    return quantile_of(
        "np.nanpercentile",
        a,
        percent(a, q),
        axis,
        method,
        keepdims,
        skip_nan=True,
        empty_is_nan=True,
        out=out,
        weights=weights,
    )


@implements(np.nanmedian)
def nanmedian(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    return quantile_of(
        "np.nanmedian", a, 0.5, axis, "linear", keepdims, skip_nan=True, empty_is_nan=True, out=out
    )
