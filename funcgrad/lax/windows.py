"""Reductions over sliding windows, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.arguments import check_function
from ..core.primitive import Primitive
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer, shape_of
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.reductions.reducing import reduce_prod
from ..ops.structural.joining import pad
from ..ops.windows.extrema import reduce_window_max, reduce_window_min
from ..ops.windows.geometry import per_axis, window_counts, window_padding
from ..ops.windows.linear import reduce_window_sum, window_patches
from ..ops.windows.reduce_window import window_params
from ..typing import Array, PyTree
from .making import shape_of_sizes
from .reductions import (
    elementwise_of,
    folded,
    greatest,
    least,
    operands_and_starts,
    operation_of,
)

_NAMED: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum,
}  # fmt: skip

_WINDOWS: dict[str, tuple[Primitive, Callable[[np.dtype], Any]]] = {
    "add": (reduce_window_sum, lambda dtype: dtype.type(0)),
    "max": (reduce_window_max, least),
    "min": (reduce_window_min, greatest),
}


@user_facing
def reduce_window(
    operand: PyTree,
    init_value: PyTree,
    computation: Callable[[PyTree, PyTree], PyTree] | str,
    window_dimensions: int | Sequence[int],
    window_strides: int | Sequence[int] | None = None,
    padding: str | Sequence[tuple[int, int]] = "VALID",
    base_dilation: int | Sequence[int] | None = None,
    window_dilation: int | Sequence[int] | None = None,
) -> PyTree:
    """Combine the elements of each window of an array.

    Elements that attain the extremum of their window share its derivative equally.

    Args:
        operand: an array, or a pytree of arrays of one shape.
        init_value: a scalar for each, which is combined with every window; it should be what
            changes nothing, as 0 for sums and -inf for maxima, since padding consists of it.
        computation: function of two scalars (or pytrees of scalars), associative and commutative,
            such as np.maximum, np.minimum, np.add; or "max", "min", "add", "mul".
        window_dimensions: size of the window along each axis.
        window_strides: step of the window along each axis; None is 1.
        padding: "SAME", "SAME_LOWER", "VALID", or a (low, high) pair for each axis.
        base_dilation: distance of the array's elements, with padding in between; None is 1.
        window_dilation: distance of the window's elements; None is 1.

    Returns:
        An array with one element for each position of the window, or a pytree of them.

    Raises:
        ShapeError: the window's parameters do not fit the array's rank.
        TypeError: the computation is no function.

    >>> reduce_window(np.array([1.0, 4.0, 2.0, 3.0]), -np.inf, np.maximum, (2,), (1,), "VALID")
    array([4., 4., 3.])
    >>> reduce_window(np.array([1.0, 4.0, 2.0, 3.0]), 1.0, lambda a, b: a * b, (2,), (2,))
    array([4., 6.])
    """
    leaves, spec = tree.flatten(operand)
    combine = _function_of(computation)
    xs, starts = operands_and_starts("reduce_window", leaves, spec, init_value)
    params = window_params(
        shape_of(xs[0]),
        window_dimensions,
        window_strides,
        padding,
        base_dilation,
        window_dilation,
    )
    if spec == tree.structure(0):
        name = operation_of(combine, xs[0].dtype)
        if name is not None:
            return _of_monoid(name, combine, xs[0], starts[0], params)
    patches = [_patches(x, s, params) for x, s in zip(xs, starts, strict=True)]
    places = tuple(range(len(xs[0].shape)))
    together = elementwise_of(combine, spec)
    outs = folded(patches, places, together, starts)
    wide = [shape_ops.broadcast_to(s, tuple(o.shape)) for s, o in zip(starts, outs, strict=True)]
    return tree.unflatten(spec, together(wide, outs) if outs[0].size else outs)


def _function_of(computation: Any) -> Callable[[Any, Any], Any]:
    if isinstance(computation, str):
        found = _NAMED.get(computation.removesuffix("imum"))
        if found is None:
            raise TypeError(
                f'reduce_window: computation {computation!r} is unknown: use "max", "min", "add", '
                '"mul" or a function of two scalars'
            )
        return found
    check_function(computation, "reduce_window", "computation")
    return computation


def _of_monoid(
    name: str, combine: Callable[[Any, Any], Any], x: Array, start: Any, params: dict[str, Any]
) -> Array:
    """Windows combined by an operator that has an identity: padding does not count."""
    if name == "mul":
        places = tuple(range(len(x.shape)))
        out = reduce_prod(_patches(x, x.dtype.type(1), params), axes=places)
        identity: Any = 1
    else:
        operator, least_or_greatest = _WINDOWS[name]
        out = operator(x, **params)
        identity = least_or_greatest(x.dtype)
    out = shape_ops.cast(out, x.dtype)
    if not isinstance(start, Tracer) and start == identity:
        return out
    return combine(out, start)


def _patches(x: Array, start: Any, params: dict[str, Any]) -> Array:
    """The elements of all windows, with ``start`` for padding."""
    rank = len(x.shape)
    config = [
        (low, high, base - 1)
        for (low, high), base in zip(params["padding"], params["base_dilation"], strict=True)
    ]
    if any(c != (0, 0, 0) for c in config):
        x = pad(x, start, tuple(config))
    plain = {"padding": ((0, 0),) * rank, "base_dilation": (1,) * rank}
    return window_patches(x, **{**params, **plain})


@user_facing
def padtype_to_pads(
    in_shape: Sequence[int],
    window_shape: Sequence[int],
    window_strides: Sequence[int],
    padding: str,
) -> list[tuple[int, int]]:
    """The padding that a name stands for, as a (low, high) pair for each axis.

    >>> padtype_to_pads((8, 8), (3, 3), (2, 2), "SAME")
    [(0, 1), (0, 1)]
    """
    if not isinstance(padding, str):
        raise TypeError(f"padtype_to_pads: padding must be a name such as 'SAME', got {padding!r}")
    sizes = shape_of_sizes("padtype_to_pads", "in_shape", in_shape)
    window = shape_of_sizes("padtype_to_pads", "window_shape", window_shape)
    strides = per_axis("window_strides", window_strides, len(sizes))
    if len(window) != len(sizes):
        raise ShapeError(f"padtype_to_pads: window {window} does not fit the shape {sizes}")
    return list(window_padding(padding, sizes, window, strides))


@user_facing
def reduce_window_shape_tuple(
    operand_shape: Sequence[int],
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
) -> tuple[int, ...]:
    """The shape of the result of ``reduce_window``.

    >>> reduce_window_shape_tuple((8, 8), (3, 3), (2, 2), [(1, 1), (0, 0)])
    (4, 3)
    """
    shape = shape_of_sizes("reduce_window_shape_tuple", "operand_shape", operand_shape)
    params = window_params(
        shape, window_dimensions, window_strides, padding, base_dilation, window_dilation
    )
    return window_counts(shape, params)
