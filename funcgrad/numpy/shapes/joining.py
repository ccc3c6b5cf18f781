"""Joining and splitting, on tracers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...ops import shape as ops
from ...ops.shape import cast
from ...ops.structural import joining, stacking
from ...ops.structural.indexing import FULL, index
from ...typing import Array, ArrayLike, DTypeLike
from ..protocol import array, as_operand, axis_of, implements, promoted, refuse


@implements(np.concatenate)
def concatenate(
    arrays: Sequence[ArrayLike],
    axis: int | None = 0,
    out: None = None,
    *,
    dtype: DTypeLike | None = None,
    casting: str = "same_kind",
) -> Array:
    """Join arrays along an axis they have."""
    if out is not None:
        refuse("np.concatenate", out=out)
    common = np.dtype(dtype) if dtype is not None else promoted(*map(array, arrays))
    for part in arrays if dtype is not None else ():
        if not np.can_cast(as_operand(part).dtype, common, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"np.concatenate: {as_operand(part).dtype} cannot be {common} by "
                f"casting={casting!r}"
            )
    if axis is None:
        common = promoted(*arrays) if dtype is None else common
        arrays, axis = [np.ravel(as_operand(p)) for p in arrays], 0
    parts = [as_operand(a) for a in arrays]
    if not parts:
        raise ValueError("need at least one array to concatenate")
    if not parts[0].shape:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    parts = [cast(p, common) for p in parts]
    return joining.concatenate(*parts, axis=axis_of(axis, len(parts[0].shape)))


@implements(np.stack)
def stack(
    arrays: Sequence[ArrayLike],
    axis: int = 0,
    out: None = None,
    *,
    dtype: DTypeLike | None = None,
    casting: str = "same_kind",
) -> Array:
    """Join arrays of one shape along a new axis."""
    parts = [as_operand(a) for a in arrays]
    if not parts:
        raise ValueError("need at least one array to stack")
    shapes = {tuple(p.shape) for p in parts}
    if len(shapes) > 1:
        raise ShapeError(f"stack: arrays differ in shape: {sorted(shapes)}")
    axis = axis_of(axis, len(parts[0].shape) + 1)
    if axis == 0 and out is None and dtype is None:
        return stacking.stack(*parts)
    return concatenate(
        [np.expand_dims(p, axis) for p in parts], axis, out, dtype=dtype, casting=casting
    )


@implements(np.vstack)
def vstack(
    tup: Sequence[ArrayLike], *, dtype: DTypeLike | None = None, casting: str = "same_kind"
) -> Array:
    """Join arrays along the first axis; vectors are rows."""
    return concatenate([np.atleast_2d(a) for a in tup], 0, dtype=dtype, casting=casting)


@implements(np.hstack)
def hstack(
    tup: Sequence[ArrayLike], *, dtype: DTypeLike | None = None, casting: str = "same_kind"
) -> Array:
    """Join arrays along the second axis, vectors along their only one."""
    parts = [np.atleast_1d(a) for a in tup]
    axis = 0 if len(parts[0].shape) == 1 else 1
    return concatenate(parts, axis, dtype=dtype, casting=casting)


@implements(np.dstack)
def dstack(tup: Sequence[ArrayLike]) -> Array:
    """Join arrays along the third axis."""
    return concatenate([np.atleast_3d(a) for a in tup], 2)


@implements(np.column_stack)
def column_stack(tup: Sequence[ArrayLike]) -> Array:
    """Join vectors and matrices as columns."""
    parts = [as_operand(a) for a in tup]
    return concatenate([np.atleast_2d(p).T if len(p.shape) < 2 else p for p in parts], 1)


@implements(np.append)
def append(arr: ArrayLike, values: ArrayLike, axis: int | None = None) -> Array:
    """Join values to the end of an array, flat unless axis= is given."""
    return concatenate([as_operand(arr), as_operand(values)], axis)


@implements(np.block)
def block(arrays: ArrayLike) -> Array:
    """Join nested lists of arrays, the innermost along the last axis."""

    def depth_of(x: ArrayLike) -> int:
        return 1 + max(map(depth_of, x)) if isinstance(x, list) else 0

    def join(x: ArrayLike, depth: int, ndim: int) -> Array:
        if isinstance(x, list):
            return concatenate([join(e, depth - 1, ndim) for e in x], axis=-depth)
        x = as_operand(x)
        return ops.reshape(x, shape=(1,) * (ndim - len(x.shape)) + tuple(x.shape))

    def ndim_of(x: ArrayLike) -> int:
        return max(map(ndim_of, x)) if isinstance(x, list) else len(array(x).shape)

    depth = depth_of(arrays)
    return join(arrays, depth, max(depth, ndim_of(arrays)))


def _split_points(n: int, sections: int | Sequence[int], *, equal: bool) -> list[int]:
    if not isinstance(sections, int | np.integer):
        points = [int(p) for p in sections]
        return [0, *(min(p if p >= 0 else max(p + n, 0), n) for p in points), n]
    if equal and n % sections:
        raise ValueError(f"an axis of size {n} cannot be split into {sections} equal parts")
    size, extra = divmod(n, int(sections))
    points = [0]
    for i in range(int(sections)):
        points.append(points[-1] + size + (i < extra))
    return points


def _split(a: ArrayLike, sections: int | Sequence[int], axis: int, *, equal: bool) -> list[Any]:
    a = as_operand(a)
    axis = axis_of(axis, len(a.shape))
    points = _split_points(a.shape[axis], sections, equal=equal)
    if points == sorted(points) and len(points) > 2:
        return list(joining.split(a, ends=tuple(points), axis=axis))
    return [
        index(a, key=(FULL,) * axis + ((start, max(start, stop), None),))
        for start, stop in itertools.pairwise(points)
    ]


@implements(np.split)
def split(ary: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """Split along an axis into equal parts, or at positions."""
    return _split(ary, indices_or_sections, axis, equal=True)


@implements(np.array_split)
def array_split(
    ary: ArrayLike, indices_or_sections: int | Sequence[int], axis: int = 0
) -> list[Array]:
    """Split along an axis into parts that differ by one at most, or at positions."""
    return _split(ary, indices_or_sections, axis, equal=False)


@implements(np.hsplit)
def hsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Array]:
    """Split along the second axis, a vector along its only one."""
    return split(ary, indices_or_sections, 0 if len(array(ary).shape) == 1 else 1)


@implements(np.vsplit)
def vsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Array]:
    """Split along the first axis of two or more."""
    if len(array(ary).shape) < 2:
        raise ValueError("np.vsplit needs two axes or more")
    return split(ary, indices_or_sections, 0)


@implements(np.dsplit)
def dsplit(ary: ArrayLike, indices_or_sections: int | Sequence[int]) -> list[Array]:
    """Split along the third axis."""
    return split(ary, indices_or_sections, 2)


@implements("unstack")
def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices along an axis, as a tuple."""
    return tuple(np.moveaxis(x, axis, 0))
