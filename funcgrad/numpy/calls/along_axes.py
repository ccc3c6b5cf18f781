"""Functions applied along axes, over axes, and on pieces of a domain, on tracers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...api.vmap import vmap
from ...core.tracing import aval_of
from ...ops.pointwise.comparison import select
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from ..protocol import array, as_operand, axis_of, implements


@implements(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., ArrayLike], axis: int, arr: ArrayLike, *args: Any, **kwargs: Any
) -> Array:
    """A function of vectors, applied to all vectors along an axis at once."""
    x = as_operand(arr)
    k = axis_of(axis, len(x.shape))

    def of_vector(v: Array) -> Array:
        return as_operand(func1d(v, *args, **kwargs))

    rows = np.moveaxis(x, k, -1)
    lead = tuple(rows.shape[:-1])
    if 0 in lead:
        raise ValueError(
            f"np.apply_along_axis needs vectors, but an array of shape {tuple(x.shape)} has none "
            f"along axis {axis}"
        )
    if not lead:
        return of_vector(rows)
    flat = np.reshape(rows, (math.prod(lead), rows.shape[-1]))
    out = vmap(of_vector)(flat)
    made = tuple(out.shape[1:])
    out = np.reshape(out, (*lead, *made))
    order = (*range(k), *range(len(lead), len(lead) + len(made)), *range(k, len(lead)))
    return np.transpose(out, order)


@implements(np.apply_over_axes)
def apply_over_axes(
    func: Callable[[Array, int], Array], a: ArrayLike, axes: int | Sequence[int]
) -> Array:
    """A function of an array and an axis, applied for each of some axes, which are kept."""
    out = as_operand(a)
    ndim = len(out.shape)
    for axis in np.ravel(axes).tolist():
        k = axis_of(axis, ndim)
        found = func(out, k)
        if len(found.shape) != ndim:
            found = np.expand_dims(found, k)
            if len(found.shape) != ndim:
                raise ValueError(
                    f"np.apply_over_axes: the function gave an array of {len(found.shape) - 1} "
                    f"axes for one of {ndim}"
                )
        out = found
    return out


@implements(np.piecewise)
def piecewise(
    x: ArrayLike, condlist: ArrayLike, funclist: Sequence[Any], *args: Any, **kw: Any
) -> Array:
    """Of some functions of all of x, for each element that of its last true condition."""
    x = as_operand(x)
    conditions = _conditions(condlist, x)
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        none = ~np.any(np.stack([np.broadcast_to(c, x.shape) for c in conditions]), axis=0)
        conditions.append(none)
    if len(functions) != len(conditions):
        raise ValueError(
            f"np.piecewise: {len(conditions)} conditions need as many functions, or one more; got "
            f"{len(functions)}"
        )
    out: Any = np.zeros_like(x)
    for condition, function in zip(conditions, functions, strict=True):
        values = function(x, *args, **kw) if callable(function) else function
        out = select(condition, cast(as_operand(values), x.dtype), out)
    return out


def _conditions(condlist: Any, x: Array) -> list[Any]:
    """The conditions as booleans; one that stands alone is a list of one."""
    alone = not isinstance(condlist, list | tuple)
    if alone:
        alone = len(aval_of(condlist).shape) <= (1 if len(x.shape) else 0)
    elif not any(isinstance(c, list | tuple) or aval_of(c).shape for c in condlist):
        alone = len(x.shape) != 0  # a list of booleans is one condition
    found = [array(condlist)] if alone else [array(c) for c in condlist]
    found = [c if c.dtype.kind == "b" else c != 0 for c in found]
    shape = tuple(x.shape)
    for i, c in enumerate(found):
        own = tuple(c.shape)
        if own != shape[: len(own)]:
            raise IndexError(
                f"np.piecewise: condition {i} of shape {own} does not fit x of shape {shape}"
            )
    return [np.reshape(c, tuple(c.shape) + (1,) * (len(shape) - len(c.shape))) for c in found]
