"""gather in its general form, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ..core.dtypes import is_inexact
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.pointwise.comparison import select
from ..ops.shape import cast, reshape, transpose
from ..ops.structural import gather as gather_ops
from ..typing import Array, ArrayLike
from .conventions import GatherDimensionNumbers, GatherScatterMode
from .making import shape_of_sizes
from .operands import axes_of, strong
from .windows_at import (
    check_mode,
    check_numbers,
    checked_indices,
    placed,
    places_of,
    window_axes,
    window_order,
)

Mode: TypeAlias = str | GatherScatterMode | None

_GATHER_NAMES = (
    "collapsed_slice_dims", "start_index_map", "operand_batching_dims",
    "start_indices_batching_dims",
)  # fmt: skip


@user_facing
def gather(
    operand: ArrayLike,
    start_indices: ArrayLike,
    dimension_numbers: GatherDimensionNumbers,
    slice_sizes: Sequence[int],
    *,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    mode: Mode = None,
    fill_value: ArrayLike | None = None,
) -> Array:
    """Windows of an array at many indices; NumPy's indexing is shorter for most of it.

    Args:
        operand: array.
        start_indices: integers of shape (*batch, components): where windows start.
        dimension_numbers: the axes, as GatherDimensionNumbers.
        slice_sizes: the size of a window along each axis of the operand.
        unique_indices: ignored.
        indices_are_sorted: ignored.
        mode: None or "clip" moves windows inside; "fill" gives ``fill_value`` for those that are
            not wholly inside; "promise_in_bounds" says that there are none.
        fill_value: a scalar; None is NaN, for integers the least number or, of unsigned ones, the
            greatest, and True.

    Returns:
        An array whose axes are those of the windows, at ``offset_dims``, and those of batch.

    >>> x = np.arange(12.0).reshape(3, 4)
    >>> rows = GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,),
    ...                               start_index_map=(0,))
    >>> gather(x, np.array([[2], [0]]), rows, slice_sizes=(1, 2))
    array([[8., 9.],
           [0., 1.]])
    """
    check_numbers("gather", dimension_numbers, GatherDimensionNumbers)
    x = strong("gather", operand)
    offset_dims, dropped, starts, along, along_indices = dimension_numbers
    indices = checked_indices("gather", start_indices, len(starts))
    sizes = shape_of_sizes("gather", "slice_sizes", slice_sizes)
    shape = tuple(x.shape)
    if len(sizes) != len(shape):
        raise ShapeError(f"gather: slice_sizes {sizes} need one size for each axis of {aval_of(x)}")
    numbers = (dropped, starts, along, along_indices)
    axes = window_axes("gather", len(shape), len(indices.shape) - 1, numbers, _GATHER_NAMES)
    where = places_of(shape, indices, sizes, axes, check_mode("clip" if mode is None else mode))
    out = transpose(x, perm=where.axes)
    if where.arrays:
        out = gather_ops.gather(out, *where.arrays)
    elif where.batch:
        out = shape_ops.broadcast_to(out, where.shape)
    if where.valid is not None:
        valid = reshape(where.valid, shape=(*where.batch, *(1,) * len(shape)))
        out = select(valid, out, _fill(fill_value, x.dtype))
    n = len(where.batch)
    out = transpose(out, perm=window_order(where.window, n + len(shape), n))
    own = tuple(sizes[i] for i in range(len(shape)) if i not in (*axes.dropped, *axes.along))
    out = reshape(out, shape=(*where.batch, *own))
    if len(offset_dims) != len(own):
        raise ShapeError(
            f"gather: offset_dims {offset_dims} need one axis for each of {len(own)} that windows "
            "have"
        )
    return transpose(
        out, perm=placed(own, n, axes_of("gather", "offset_dims", offset_dims, n + len(own)))
    )


def _fill(value: Any, dtype: np.dtype) -> Any:
    if value is not None:
        return cast(strong("gather", value), dtype)
    if is_inexact(dtype):
        return dtype.type(np.nan)
    if dtype.kind == "b":
        return dtype.type(True)
    info = np.iinfo(dtype)
    return dtype.type(info.min if dtype.kind == "i" else info.max)


@user_facing
def index_take(src: ArrayLike, idxs: Sequence[ArrayLike], axes: Sequence[int]) -> Array:
    """Slices of an array at several indices along some axes.

    Args:
        src: array.
        idxs: a vector of integers for each of the axes, all of one length.
        axes: the axes.

    Returns:
        An array whose first axis numbers the indices, without these axes.

    >>> index_take(np.arange(6.0).reshape(2, 3), (np.array([1, 0]), np.array([2, 0])), (0, 1))
    array([5., 0.])
    """
    x = strong("index_take", src)
    places = axes_of("index_take", "axes", axes, len(x.shape))
    arrays = [strong("index_take", i, "iu") for i in idxs]
    if len(arrays) != len(places):
        raise ShapeError(f"index_take: {len(arrays)} index arrays for {len(places)} axes")
    rest = tuple(i for i in range(len(x.shape)) if i not in places)
    sizes = [x.shape[i] for i in places]
    kept = [
        np.clip(np.where(a < 0, a + n, a), 0, n - 1) for a, n in zip(arrays, sizes, strict=True)
    ]
    return gather_ops.gather(transpose(x, perm=(*places, *rest)), *kept)
