"""Sums, products, extrema, means and their cumulative forms, on tracers."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ...core.tracing import Tracer
from ...errors import ConcretizationError
from ...ops.linalg.norms import vector_norm
from ...ops.reductions import cumulative
from ...ops.reductions import reducing as reductions
from ...ops.shape import cast, convert, kept_shape, reduce_sum, reduced_shape, reshape, wider
from ..protocol import (
    ACCUMULATIONS,
    REDUCTIONS,
    array,
    axes_of,
    axes_or_none,
    axis_of,
    given,
    implements,
    inexact,
    promoted,
    refuse,
    strong,
    with_axis,
)

_NONE = np._NoValue


def _masked(a: Any, where: Any, identity: Any) -> Any:
    """Elements that ``where=`` leaves out, replaced by the identity of the reduction."""
    if where is True or not given(where):
        return a
    return np.where(_mask_of(where, a), a, a.dtype.type(identity))


def _mask_of(where: Any, a: Any) -> Any:
    """The mask that ``where=`` gives, which must not have more axes than the array."""
    mask = array(where)
    if np.broadcast_shapes(tuple(mask.shape), tuple(a.shape)) != tuple(a.shape):
        raise ValueError(
            f"where= of shape {tuple(mask.shape)} does not fit an array of shape {tuple(a.shape)}"
        )
    return mask


def _finish(out: Any, a: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    if keepdims is True or (given(keepdims) and keepdims):
        return reshape(out, shape=kept_shape(a.shape, axes))
    return out


def all_sizes(a: Any, axes: tuple[int, ...]) -> int:
    """The number of elements along some axes."""
    return math.prod(a.shape[i] for i in axes)


_PLAIN_AXES = frozenset([type(None), int])

_COMBINE = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def _reduction(prim: Any, name: str, identity: Any = None) -> Any:
    def reduce(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _NONE,
        where: Any = True,
    ) -> Any:
        if (
            type(axis) in _PLAIN_AXES
            and dtype is out is None
            and keepdims is False
            and initial is _NONE
            and where is True
            and isinstance(a, Tracer)
            and not a.weak
        ):
            ndim = len(a.shape)
            if axis is None:
                return prim(a, axes=tuple(range(ndim)))
            if 0 <= axis < ndim:
                return prim(a, axes=(axis,))
        refuse(f"np.{name}", out=out)
        a = strong(a)
        if dtype is not None:
            a = cast(a, np.dtype(dtype))
        if identity is not None:
            a = _masked(a, where, identity)
        elif where is not True and given(where):
            if not given(initial):
                raise ValueError(f"np.{name} with where= needs initial=, as NumPy's does")
            a = np.where(_mask_of(where, a), a, convert(initial, dtype=a.dtype))
        axes = axes_or_none(axis, len(a.shape))
        if identity is None and given(initial) and not all_sizes(a, axes):
            shape = reduced_shape(a.shape, axes)
            result = np.broadcast_to(convert(initial, dtype=a.dtype), shape)
            return _finish(result if shape else strong(result)[()], a, axes, keepdims)
        result = _finish(prim(a, axes=axes), a, axes, keepdims)
        if given(initial):
            result = _COMBINE[name](result, convert(initial, dtype=result.dtype))
        return result

    reduce.__name__ = reduce.__qualname__ = name
    return reduce


sum = _reduction(reduce_sum, "sum", 0)
prod = _reduction(reductions.reduce_prod, "prod", 1)
_max = _reduction(reductions.reduce_max, "max")
_min = _reduction(reductions.reduce_min, "min")
implements(np.sum)(sum)
implements(np.prod)(prod)


def _extremum(reduce: Any) -> Any:
    def extremum(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _NONE,
        where: Any = True,
    ) -> Any:
        return reduce(a, axis, None, out, keepdims, initial, where)

    return extremum


max = implements(np.max, np.amax)(_extremum(_max))
min = implements(np.min, np.amin)(_extremum(_min))


def _truth(prim: Any, name: str, identity: bool) -> Any:
    def reduce(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, where: Any = True
    ) -> Any:
        refuse(f"np.{name}", out=out)
        a = strong(a)
        a = a if a.dtype.kind == "b" else a != 0
        a = _masked(a, where, identity)
        axes = axes_or_none(axis, len(a.shape))
        return _finish(prim(a, axes=axes), a, axes, keepdims)

    return reduce


any = implements(np.any)(_truth(reductions.reduce_any, "any", False))
all = implements(np.all)(_truth(reductions.reduce_all, "all", True))


def _counted(a: Any, axes: tuple[int, ...], where: Any, keepdims: Any) -> Any:
    """How many elements each result of a reduction is made of."""
    if where is True or not given(where):
        return all_sizes(a, axes)
    mask = np.broadcast_to(array(where), a.shape)
    real = np.dtype(a.dtype.char.lower())
    return cast(_finish(reduce_sum(mask, axes=axes), a, axes, keepdims), real)


def _float(a: Any, dtype: Any = None) -> Any:
    return inexact(a) if dtype is None else cast(a, np.dtype(dtype))


def _wide(a: Any) -> Any:
    """The array in the type in which its sums and counts are formed."""
    return cast(a, wider(a.dtype))


def _axes_of_moment(axis: Any, a: Any, where: Any) -> tuple[int, ...]:
    """The axes of a mean or variance, of which NumPy takes axis=0 of a number with where= only."""
    masked = where is not True and given(where)
    return (axes_or_none if masked else axes_of)(axis, len(a.shape))


@implements(np.mean)
def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    refuse("np.mean", out=out)
    a = _float(strong(a), dtype)
    axes = _axes_of_moment(axis, a, where)
    wide = _wide(a)
    total = sum(wide, axis=axes, keepdims=keepdims, where=where)
    return cast(total / _counted(wide, axes, where, keepdims), a.dtype)


def _weights_along(weights: Any, a: Any, axis: Any) -> Any:
    """Weights of some axes as an array of the shape of a."""
    given_axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis or ())
    places = [axis_of(k, len(a.shape)) for k in given_axes]
    if tuple(weights.shape) != tuple(a.shape[k] for k in places):
        raise ValueError(
            f"np.average: weights of shape {tuple(weights.shape)} need axis= the axes of "
            f"{tuple(a.shape)} that they belong to"
        )
    weights = np.transpose(weights, np.argsort(places))
    shape = tuple(d if k in places else 1 for k, d in enumerate(a.shape))
    return np.broadcast_to(reshape(weights, shape=shape), a.shape)


def _check_weights(scale: Any, none: bool) -> None:
    """Raise for weights whose sum is zero, if that can be known."""
    try:
        zero = none or (scale.size and bool(np.any(scale == 0)))
    except ConcretizationError:
        return
    if zero:
        raise ZeroDivisionError("np.average: weights sum to zero, can't be normalized")


@implements(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    a = strong(a)
    keepdims = bool(given(keepdims) and keepdims)
    if weights is None:
        out = mean(a, axis, keepdims=keepdims)
        if not out.size:
            raise ZeroDivisionError("np.average: the result has no elements")
        if not returned:
            return out
        count = _counted(a, axes_of(axis, len(a.shape)), True, False)
        return out, np.full(out.shape, count, out.dtype)[()]
    axes = axes_of(axis, len(a.shape))
    weights = strong(weights)
    short = weights.shape != a.shape
    if short:
        weights = _weights_along(weights, a, axis)
    dtype = promoted(a, weights)
    a, weights = _wide(a), _wide(weights)
    scale = sum(weights, axis=axis, keepdims=keepdims)
    _check_weights(scale, not all_sizes(a, axes) and (short or bool(scale.size)))
    out = sum(a * weights, axis=axis, keepdims=keepdims) / scale
    if dtype == np.float16:
        out, scale = cast(out, dtype), cast(scale, dtype)
    return (out, scale) if returned else out


@implements(np.var)
def var(
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
    refuse("np.var", out=out)
    a = _float(strong(a), dtype)
    axes = _axes_of_moment(axis, a, where)
    away, free = _deviations(a, axes, ddof, keepdims, where, mean, correction)
    squares = (away * np.conj(away)).real if away.dtype.kind == "c" else away * away
    total = sum(squares, axis=axes, keepdims=keepdims, where=where)
    return cast(total / free, np.dtype(a.dtype.char.lower()))


def _mean(a: Any, axes: tuple[int, ...], where: Any) -> Any:
    return mean(a, axis=axes, keepdims=True, where=where)


def _deviations(
    a: Any,
    axes: tuple[int, ...],
    ddof: Any,
    keepdims: Any,
    where: Any,
    center: Any,
    correction: Any,
) -> tuple[Any, Any]:
    """What is left of an array without its mean, and its degrees of freedom."""
    a = _wide(a)
    away = a - (center if given(center) else _mean(a, axes, where))
    free = _counted(a, axes, where, keepdims) - (correction if given(correction) else ddof)
    return away, np.maximum(free, 0) if hasattr(free, "dtype") else builtins.max(free, 0)


@implements(np.std)
def std(
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
    refuse("np.std", out=out)
    a = _float(strong(a), dtype)
    axes = _axes_of_moment(axis, a, where)
    away, free = _deviations(a, axes, ddof, keepdims, where, mean, correction)
    away = _masked(away, where, 0)
    if isinstance(free, int | float) and free > 0:
        out = vector_norm(away, axes=axes, order=2, count=free)
        return cast(_finish(out, a, axes, keepdims), np.dtype(a.dtype.char.lower()))
    length = _finish(vector_norm(away, axes=axes, order=2), a, axes, keepdims)
    return cast(length / np.sqrt(free), np.dtype(a.dtype.char.lower()))


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    refuse("np.ptp", out=out)
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


@implements(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return sum(cast(array(a) != 0, np.dtype(np.int64)), axis=axis, keepdims=keepdims)


def _arg(prim: Any, name: str) -> Any:
    def arg(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        refuse(f"np.{name}", out=out)
        a = strong(a)
        x, k = with_axis(a, axis)
        result = prim(x, axis=k)
        if given(keepdims) and keepdims:
            return reshape(result, shape=kept_shape(a.shape, axes_or_none(axis, len(a.shape))))
        return result

    return arg


argmax = implements(np.argmax)(_arg(reductions.argmax, "argmax"))
argmin = implements(np.argmin)(_arg(reductions.argmin, "argmin"))


def _cumulative(prim: Any, name: str) -> Any:
    def accumulate(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        refuse(f"np.{name}", out=out)
        a = strong(a)
        if dtype is not None:
            a = cast(a, np.dtype(dtype))
        a, k = with_axis(a, axis)
        return prim(a, axis=k, reverse=False)

    return accumulate


cumsum = implements(np.cumsum)(_cumulative(cumulative.cumsum, "cumsum"))
cumprod = implements(np.cumprod)(_cumulative(cumulative.cumprod, "cumprod"))


def _cumulative_all(accumulate: Any, name: str, first: int) -> Any:
    def cumulative(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        refuse(f"np.{name}", out=out)
        x = np.atleast_1d(strong(x))
        if axis is None:
            if len(x.shape) > 1:
                raise ValueError(f"np.{name} of an array with several axes needs axis=")
            axis = 0
        total = accumulate(x, axis, dtype)
        if not include_initial:
            return total
        shape = list(x.shape)
        shape[axis] = 1
        return np.concatenate([np.full(shape, first, total.dtype), total], axis=axis)

    return cumulative


implements("cumulative_sum")(_cumulative_all(cumsum, "cumulative_sum", 0))
implements("cumulative_prod")(_cumulative_all(cumprod, "cumulative_prod", 1))
cummax = _cumulative(cumulative.cummax, "maximum.accumulate")
cummin = _cumulative(cumulative.cummin, "minimum.accumulate")


def logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(a))), computed without overflow.

    Args:
        a: real array.
        axis: axis or axes to sum over; None is all.
        keepdims: keep the reduced axes as ones.

    Returns:
        The array of results.

    >>> logsumexp(np.array([1000.0, 1000.0]))
    np.float64(1000.6931471805599)
    """
    a = _float(strong(a))
    axes = axes_or_none(axis, len(a.shape))
    return _finish(reductions.logsumexp(a, axes=axes), a, axes, keepdims)


def _ufunc_reduce(reduce: Any) -> Any:
    def method(
        a: Any,
        axis: Any = 0,
        dtype: Any = None,
        keepdims: Any = False,
        initial: Any = _NONE,
        where: Any = True,
    ) -> Any:
        return reduce(a, axis, dtype, None, keepdims, initial, where)

    return method


REDUCTIONS.update(
    {
        np.add: _ufunc_reduce(sum),
        np.multiply: _ufunc_reduce(prod),
        np.maximum: _ufunc_reduce(_max),
        np.minimum: _ufunc_reduce(_min),
        np.logical_and: lambda a, axis=0, keepdims=False, **_: all(a, axis, keepdims=keepdims),
        np.logical_or: lambda a, axis=0, keepdims=False, **_: any(a, axis, keepdims=keepdims),
        np.logaddexp: lambda a, axis=0, keepdims=False, **_: logsumexp(a, axis, keepdims),
    }
)
ACCUMULATIONS.update(
    {
        np.add: lambda a, axis=0, dtype=None: cumsum(a, axis, dtype),
        np.multiply: lambda a, axis=0, dtype=None: cumprod(a, axis, dtype),
        np.maximum: lambda a, axis=0, dtype=None: cummax(a, axis, dtype),
        np.minimum: lambda a, axis=0, dtype=None: cummin(a, axis, dtype),
    }
)
