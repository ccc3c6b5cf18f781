"""scatter in its general form, under the names of JAX's lax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.arguments import check_function
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops import shape as shape_ops
from ..ops.shape import cast, reshape, transpose
from ..ops.structural import gather as gather_ops
from ..ops.structural.indexing import index
from ..ops.structural.joining import pad
from ..typing import Array, ArrayLike
from .conventions import ScatterDimensionNumbers
from .gathering import Mode
from .making import shape_of_sizes
from .operands import axes_of, strong
from .windows_at import (
    Places,
    check_mode,
    check_numbers,
    checked_indices,
    places_of,
    window_axes,
    window_order,
)

_SCATTER_NAMES = (
    "inserted_window_dims", "scatter_dims_to_operand_dims", "operand_batching_dims",
    "scatter_indices_batching_dims",
)  # fmt: skip


def _scattered(
    name: str,
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    mode: Mode,
    apply: Callable[[Array, Any, tuple[Array, ...]], Array],
) -> Array:
    """The operand with windows at indices updated: ``apply(operand, updates, index arrays)``."""
    check_numbers(name, dimension_numbers, ScatterDimensionNumbers)
    x = strong(name, operand)
    v = strong(name, updates)
    if v.dtype != x.dtype:
        raise TypeError(
            f"{name}: updates of {aval_of(v)} for an operand of {aval_of(x)}; convert one of them"
        )
    window_dims, inserted, starts, along, along_indices = dimension_numbers
    indices = checked_indices(name, scatter_indices, len(starts))
    shape = tuple(x.shape)
    axes = window_axes(
        name,
        len(shape),
        len(indices.shape) - 1,
        (inserted, starts, along, along_indices),
        _SCATTER_NAMES,
    )
    own = [i for i in range(len(shape)) if i not in (*axes.dropped, *axes.along)]
    places = axes_of(name, "update_window_dims", window_dims, len(v.shape))
    batch = tuple(indices.shape[:-1])
    rest = [i for i in range(len(v.shape)) if i not in places]
    if len(places) != len(own) or tuple(v.shape[i] for i in rest) != batch:
        raise ShapeError(
            f"{name}: updates of shape {tuple(v.shape)} do not have the {len(own)} axes of windows "
            f"at update_window_dims {places} and else the shape {batch} of the indices"
        )
    sizes = [1] * len(shape)
    for i, p in zip(own, places, strict=True):
        sizes[i] = v.shape[p]
    where = places_of(shape, indices, tuple(sizes), axes, check_mode(mode))
    v = reshape(
        transpose(v, perm=(*rest, *places)),
        shape=(*batch, *(sizes[i] for i in own), *(1,) * (len(shape) - len(own))),
    )
    n = len(batch)
    order = window_order(where.window, n + len(shape), n)
    v = transpose(v, perm=shape_ops.inverse_permutation(order))
    moved = transpose(x, perm=where.axes)
    if not where.arrays:
        return _on_whole(name, moved, v, n, apply, where)
    if where.valid is None:
        out = apply(moved, v, where.arrays)
    else:
        out = _dropping(moved, v, where, apply)
    return transpose(out, perm=shape_ops.inverse_permutation(where.axes))


def _on_whole(
    name: str, x: Array, v: Array, batch: int, apply: Callable[..., Array], where: Places
) -> Array:
    """Updates of all of the operand, one for each index."""
    row = reshape(x, shape=(1, *x.shape))
    v = reshape(v, shape=(int(np.prod(where.batch, dtype=int)), *x.shape))
    out = apply(row, v, (np.zeros(v.shape[0], np.intp),))
    out = index(out, key=(0,))
    return transpose(out, perm=shape_ops.inverse_permutation(where.axes))


def _dropping(x: Array, v: Array, where: Places, apply: Callable[..., Array]) -> Array:
    """Updates of which some are dropped: they go to a row that is cut off again."""
    first, *others = where.arrays
    valid = reshape(
        where.valid, shape=(*where.batch, *(1,) * (len(first.shape) - len(where.batch)))
    )
    n = x.shape[0]
    wide = pad(x, 0, ((0, 1, 0), *((0, 0, 0),) * (len(x.shape) - 1)))
    out = apply(wide, v, (np.where(valid, first, n), *others))
    return index(out, key=((0, n, None),))


@user_facing
def scatter(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: ArrayLike,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with windows at many indices replaced; of equal places the last one wins.

    Args:
        operand: array.
        scatter_indices: integers of shape (*batch, components): where windows start.
        updates: array of the windows, of the operand's dtype.
        dimension_numbers: the axes, as ScatterDimensionNumbers.
        indices_are_sorted: ignored.
        unique_indices: ignored.
        mode: None or "drop" leaves windows out that are not wholly inside; "clip" moves them
            inside; "promise_in_bounds" says that there are none.

    Returns:
        A new array like the operand.

    >>> rows = ScatterDimensionNumbers((1,), (0,), (0,))
    >>> scatter(np.zeros((3, 2)), np.array([[2], [0]]), np.ones((2, 2)), rows)
    array([[1., 1.],
           [0., 0.],
           [1., 1.]])
    """
    return _scattered(
        "scatter", operand, scatter_indices, updates, dimension_numbers, mode, _setting("set")
    )


def _setting(op: str) -> Callable[[Array, Any, tuple[Array, ...]], Array]:
    return lambda x, v, idx: gather_ops.scatter(x, v, *idx, op=op)


def _adding(x: Array, v: Any, idx: tuple[Array, ...]) -> Array:
    return gather_ops.index_add(x, v, *idx)


@user_facing
def scatter_add(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: ArrayLike,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with windows at many indices added to; the arguments are those of ``scatter``.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_add(np.zeros(3), np.array([[2], [0], [2]]), np.ones(3), numbers)
    array([1., 0., 2.])
    """
    return _scattered(
        "scatter_add", operand, scatter_indices, updates, dimension_numbers, mode, _adding
    )


@user_facing
def scatter_sub(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: ArrayLike,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with windows at many indices subtracted from; see ``scatter``.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_sub(np.zeros(3), np.array([[2], [0], [2]]), np.ones(3), numbers)
    array([-1.,  0., -2.])
    """
    return _scattered(
        "scatter_sub",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        mode,
        lambda x, v, idx: _adding(x, np.negative(v), idx),
    )


@user_facing
def scatter_mul(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: ArrayLike,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with windows at many indices multiplied; see ``scatter``.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_mul(np.ones(3), np.array([[2], [0], [2]]), np.full(3, 2.0), numbers)
    array([2., 1., 4.])
    """
    return _scattered(
        "scatter_mul",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        mode,
        _setting("mul"),
    )


@user_facing
def scatter_min(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: ArrayLike,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with the smaller of its elements and of windows at many indices; see ``scatter``.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_min(np.ones(3), np.array([[2], [0]]), np.array([5.0, -5.0]), numbers)
    array([-5.,  1.,  1.])
    """
    return _scattered(
        "scatter_min",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        mode,
        _setting("min"),
    )


@user_facing
def scatter_max(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    updates: ArrayLike,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with the larger of its elements and of windows at many indices; see ``scatter``.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_max(np.ones(3), np.array([[2], [0]]), np.array([5.0, -5.0]), numbers)
    array([1., 1., 5.])
    """
    return _scattered(
        "scatter_max",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        mode,
        _setting("max"),
    )


@user_facing
def scatter_apply(
    operand: ArrayLike,
    scatter_indices: ArrayLike,
    func: Callable[[Array], Array],
    dimension_numbers: ScatterDimensionNumbers,
    *,
    update_shape: Sequence[int] = (),
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Array:
    """The array with a function applied to windows at many indices, at equal places once.

    Args:
        operand: array.
        scatter_indices: integers of shape (*batch, components): where windows start.
        func: elementwise function.
        dimension_numbers: the axes, as ScatterDimensionNumbers.
        update_shape: the shape that updates would have, which says how large windows are.
        indices_are_sorted: ignored.
        unique_indices: ignored.
        mode: as for ``scatter``.

    Returns:
        A new array like the operand.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_apply(np.ones(3), np.array([[2]]), lambda x: x + 4, numbers, update_shape=(1,))
    array([1., 1., 5.])
    """
    check_function(func, "scatter_apply", "func")
    x = strong("scatter_apply", operand)
    sizes = shape_of_sizes("scatter_apply", "update_shape", update_shape)

    def apply(moved: Array, _: Any, idx: tuple[Array, ...]) -> Array:
        values = func(gather_ops.gather(moved, *idx))
        return gather_ops.scatter(moved, cast(values, moved.dtype), *idx, op="set")

    holder = np.zeros(sizes, x.dtype)
    return _scattered("scatter_apply", x, scatter_indices, holder, dimension_numbers, mode, apply)
