"""Reductions that leave out NaN, on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import like
from ...core.dtypes import is_inexact
from ...errors import ConcretizationError
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..protocol import as_operand, given, implements
from . import cumulative, moments, sums_and_extrema
from .quantiles import asking, asking_for_half
from .sums_and_extrema import Reduction

_NONE: Any = np._NoValue


def _filled(a: ArrayLike, value: float) -> Array:
    """The array with a number in place of every NaN."""
    a = as_operand(a)
    return np.where(np.isnan(a), a.dtype.type(value), a) if is_inexact(a.dtype) else a


def _present(a: Array, where: ArrayLike) -> ArrayLike:
    """The mask of the elements that count."""
    if not is_inexact(a.dtype):
        return where
    keep = ~np.isnan(a)
    return keep if where is True or not given(where) else keep & like(keep, where)


def _total(reduce: Reduction, nothing: float) -> Reduction:
    """A sum or product in which NaN counts as nothing."""

    def total(
        a: ArrayLike,
        axis: Axes = None,
        dtype: DTypeLike | None = None,
        out: None = None,
        keepdims: bool = False,
        initial: ArrayLike = _NONE,
        where: ArrayLike = True,
    ) -> Array:
        return reduce(_filled(a, nothing), axis, dtype, out, keepdims, initial, where)

    return total


nansum: Reduction = implements(np.nansum)(_total(sums_and_extrema.sum, 0))
nanprod: Reduction = implements(np.nanprod)(_total(sums_and_extrema.prod, 1))


def _running(accumulate: Reduction, nothing: float) -> Reduction:
    """A cumulative sum or product in which NaN counts as nothing."""

    def running(
        a: ArrayLike,
        axis: int | None = None,
        dtype: DTypeLike | None = None,
        out: None = None,
    ) -> Array:
        return accumulate(_filled(a, nothing), axis, dtype, out)

    return running


nancumsum: Reduction = implements(np.nancumsum)(_running(cumulative.cumsum, 0))
nancumprod: Reduction = implements(np.nancumprod)(_running(cumulative.cumprod, 1))


@implements(np.nanmean)
def nanmean(
    a: ArrayLike,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: ArrayLike = True,
) -> Array:
    """The mean of the elements that are not NaN."""
    a = as_operand(a)
    return moments.mean(a, axis, dtype, out, keepdims, where=_present(a, where))


def _spread(moment: Reduction) -> Reduction:
    """A variance or standard deviation, NaN where there are no more numbers than ``ddof``."""

    def spread(
        a: ArrayLike,
        axis: Axes = None,
        dtype: DTypeLike | None = None,
        out: None = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: ArrayLike = True,
        mean: ArrayLike = _NONE,
        correction: float = _NONE,
    ) -> Array:
        a = as_operand(a)
        keep = _present(a, where)
        ddof = correction if given(correction) else ddof
        numbers = _filled(a, 0)
        result = moment(numbers, axis, dtype, out, ddof, keepdims, where=keep, mean=mean)
        if not is_inexact(a.dtype):
            return result
        keepdims = bool(given(keepdims) and keepdims)
        count = sums_and_extrema.sum(np.broadcast_to(keep, a.shape), axis=axis, keepdims=keepdims)
        return np.where(count <= ddof, result.dtype.type(np.nan), result)

    return spread


nanvar: Reduction = implements(np.nanvar)(_spread(moments.var))
nanstd: Reduction = implements(np.nanstd)(_spread(moments.std))


def _extremum(reduce: Reduction, fill: float) -> Reduction:
    def extremum(
        a: ArrayLike,
        axis: Axes = None,
        out: None = None,
        keepdims: bool = False,
        initial: ArrayLike = _NONE,
        where: ArrayLike = True,
    ) -> Array:
        a = as_operand(a)
        result = reduce(_filled(a, fill), axis, out, keepdims, initial, where)
        if not is_inexact(a.dtype) or given(initial):
            return result
        empty = sums_and_extrema.all(np.isnan(a), axis=axis, keepdims=keepdims)
        return np.where(empty, a.dtype.type(np.nan), result)

    return extremum


nanmax: Reduction = implements(np.nanmax)(_extremum(sums_and_extrema.max, -np.inf))
nanmin: Reduction = implements(np.nanmin)(_extremum(sums_and_extrema.min, np.inf))


def _refuse_empty_slices(a: Array, axis: Axes) -> None:
    """Raise for slices where everything is NaN, if that can be known."""
    try:
        empty = bool(np.any(sums_and_extrema.all(np.isnan(a), axis=axis)))
    except ConcretizationError:
        return
    if empty:
        raise ValueError("there is a slice in which all numbers are NaN")


def _position(find: Reduction, fill: float) -> Reduction:
    def position(
        a: ArrayLike, axis: int | None = None, out: None = None, *, keepdims: bool = False
    ) -> Array:
        a = as_operand(a)
        if is_inexact(a.dtype):
            _refuse_empty_slices(a, axis)
        return find(_filled(a, fill), axis, out, keepdims=keepdims)

    return position


nanargmax: Reduction = implements(np.nanargmax)(_position(sums_and_extrema.argmax, -np.inf))
nanargmin: Reduction = implements(np.nanargmin)(_position(sums_and_extrema.argmin, np.inf))


nanquantile: Reduction = implements(np.nanquantile)(asking("np.nanquantile", skip_nan=True))
nanpercentile: Reduction = implements(np.nanpercentile)(
    asking("np.nanpercentile", 100, skip_nan=True)
)
nanmedian: Reduction = implements(np.nanmedian)(asking_for_half("np.nanmedian", skip_nan=True))
