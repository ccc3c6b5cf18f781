"""Means, on tracers, and what variances have in common with them."""

from __future__ import annotations

import numpy as np

from ...core.dtypes import is_inexact, real_dtype, sum_dtype
from ...ops.shape import cast, reduce_sum
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..protocol import array, as_operand, axes_of, axes_or_none, given, implements, inexact, refuse
from .sums_and_extrema import count_along, plain_axes, sum, with_kept_axes


def counted(a: Array, axes: tuple[int, ...], where: ArrayLike, keepdims: bool) -> int | Array:
    """The number of elements of which each result of a reduction is made."""
    if where is True or not given(where):
        return count_along(a, axes)
    mask = np.broadcast_to(array(where), a.shape)
    count = with_kept_axes(reduce_sum(mask, axes=axes), a, axes, keepdims)
    return cast(count, real_dtype(a.dtype))


def inexact_or(a: ArrayLike, dtype: DTypeLike | None) -> Array:
    """The array in a dtype that was asked for, by default in floating point."""
    return inexact(a) if dtype is None else cast(as_operand(a), np.dtype(dtype))


def in_wide(a: Array) -> Array:
    """The array in the type in which its sums and counts are formed."""
    return cast(a, sum_dtype(a.dtype))


def axes_of_moment(axis: Axes, a: Array, where: ArrayLike) -> tuple[int, ...]:
    """The axes of a mean or variance, of which NumPy takes axis=0 of a number with where= only."""
    is_masked = where is not True and given(where)
    return (axes_or_none if is_masked else axes_of)(axis, len(a.shape))


@implements(np.mean)
def mean(
    a: ArrayLike,
    axis: Axes = None,
    dtype: DTypeLike | None = None,
    out: None = None,
    keepdims: bool = False,
    *,
    where: ArrayLike = True,
) -> Array:
    """The mean over axes; float16 is summed in float32."""
    axes = plain_axes(a, axis)
    if axes is not None and dtype is out is None and keepdims is False and where is True:
        if is_inexact(a.dtype) and a.dtype.itemsize > 2:  # type: ignore[union-attr]
            return reduce_sum(a, axes=axes) / count_along(a, axes)  # type: ignore[arg-type,return-value]
    refuse("np.mean", out=out)
    a = inexact_or(a, dtype)
    axes = axes_of_moment(axis, a, where)
    wide = in_wide(a)
    total = sum(wide, axis=axes, keepdims=keepdims, where=where)
    if not is_inexact(a.dtype):
        total = cast(total, a.dtype)
    return cast(total / counted(wide, axes, where, keepdims), a.dtype)
