"""Cumulative sums, products and extrema, on tracers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.primitive import Primitive
from ...ops.reductions import cumulative
from ...ops.shape import cast
from ...typing import Array, ArrayLike, DTypeLike
from ..protocol import ACCUMULATIONS, as_operand, implements, refuse, with_axis

Accumulation = Callable[..., Array]
"""A function with the arguments of NumPy's cumulative functions."""


def _cumulative(prim: Primitive, name: str) -> Accumulation:
    def accumulate(
        a: ArrayLike,
        axis: int | None = None,
        dtype: DTypeLike | None = None,
        out: None = None,
    ) -> Array:
        refuse(f"np.{name}", out=out)
        x = as_operand(a)
        if dtype is not None:
            x = cast(x, np.dtype(dtype))
        x, k = with_axis(x, axis)
        total = prim(x, axis=k, reverse=False)
        return total if dtype is None else cast(total, np.dtype(dtype))

    return accumulate


cumsum: Accumulation = implements(np.cumsum)(_cumulative(cumulative.cumsum, "cumsum"))
cumprod: Accumulation = implements(np.cumprod)(_cumulative(cumulative.cumprod, "cumprod"))
cummax: Accumulation = _cumulative(cumulative.cummax, "maximum.accumulate")
cummin: Accumulation = _cumulative(cumulative.cummin, "minimum.accumulate")


def _with_initial(accumulate: Accumulation, name: str, first: int) -> Accumulation:
    """A cumulative function of the array API, which may begin with the value for no elements."""

    def cumulative(
        x: ArrayLike,
        /,
        *,
        axis: int | None = None,
        dtype: DTypeLike | None = None,
        out: None = None,
        include_initial: bool = False,
    ) -> Array:
        refuse(f"np.{name}", out=out)
        x = np.atleast_1d(as_operand(x))
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


implements("cumulative_sum")(_with_initial(cumsum, "cumulative_sum", 0))
implements("cumulative_prod")(_with_initial(cumprod, "cumulative_prod", 1))

ACCUMULATIONS.update(
    {
        np.add: lambda a, axis=0, dtype=None: cumsum(a, axis, dtype),
        np.multiply: lambda a, axis=0, dtype=None: cumprod(a, axis, dtype),
        np.maximum: lambda a, axis=0, dtype=None: cummax(a, axis, dtype),
        np.minimum: lambda a, axis=0, dtype=None: cummin(a, axis, dtype),
    }
)
