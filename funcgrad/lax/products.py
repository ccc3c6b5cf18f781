"""Contractions, under the names of JAX's lax."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import arrays
from ..core.avals import Aval
from ..core.blame import describe
from ..core.dtypes import result_type
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops.contraction.dot_general import check_sizes
from ..ops.contraction.dot_general import dot_general as dot_general_p
from ..ops.pointwise.comparison import select
from ..ops.shape import cast, definite, zeros
from ..ops.structural.indexing import index
from ..ops.structural.joining import concatenate
from ..typing import Array, ArrayLike, DTypeLike
from .conventions import (
    DotAlgorithm,
    DotAlgorithmPreset,
    DotDimensionNumbers,
    PrecisionLike,
    RaggedDotDimensionNumbers,
)
from .operands import INTEGERS, axis_of, operand, strong


@user_facing
def dot_general(
    lhs: ArrayLike,
    rhs: ArrayLike,
    dimension_numbers: DotDimensionNumbers,
    precision: PrecisionLike | DotAlgorithm | DotAlgorithmPreset = None,
    preferred_element_type: DTypeLike | None = None,
    *,
    out_sharding: None = None,
) -> Array:
    """General contraction: ((lhs contracting, rhs contracting), (lhs batch, rhs batch)) axes.

    Args:
        lhs: array.
        rhs: array.
        dimension_numbers: the pairs of axes.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the result.
        out_sharding: must be None: arrays are on one device.

    Returns:
        Array of shape (batch..., free axes of lhs..., free axes of rhs...).

    >>> dot_general(np.ones((2, 3)), np.ones((3, 4)), (((1,), (0,)), ((), ()))).shape
    (2, 4)
    """
    given = operand("dot_general", lhs), operand("dot_general", rhs)
    left, right = map(definite, given)
    try:
        (lc, rc), (lb, rb) = dimension_numbers
        contract = (_axes(lc, left), _axes(rc, right))
        batch = (_axes(lb, left), _axes(rb, right))
    except (TypeError, ValueError) as error:
        if isinstance(error, ShapeError):
            raise
        raise TypeError(
            "dot_general: dimension_numbers must be ((lhs contracting, rhs contracting), (lhs "
            f"batch, rhs batch)), tuples of axes; got {dimension_numbers!r}"
        ) from None
    check_sizes(left, right, contract, batch)
    dtype = np.dtype(preferred_element_type or result_type(*map(_promoted_as, given)))
    return dot_general_p(
        cast(left, dtype),
        cast(right, dtype),
        contract=contract,
        batch=batch,
        strong=None,
    )


def _promoted_as(x: Any) -> Any:
    """The dtype of an operand; for Python's numbers, one of their kind."""
    aval = aval_of(x)
    return aval.dtype.type(0).item() if aval.weak else aval.dtype


def _axes(axes: Any, x: Array) -> tuple[int, ...]:
    return tuple(axis_of(int(a), len(x.shape)) for a in axes)


@user_facing
def dot(
    lhs: ArrayLike,
    rhs: ArrayLike,
    *,
    dimension_numbers: DotDimensionNumbers | None = None,
    precision: PrecisionLike | DotAlgorithm | DotAlgorithmPreset = None,
    preferred_element_type: DTypeLike | None = None,
    out_sharding: None = None,
) -> Array:
    """The product of vectors and matrices, or a general contraction.

    Args:
        lhs: vector or matrix.
        rhs: vector or matrix; its first axis is summed over with the last one of lhs.
        dimension_numbers: the axes of other contractions, as for ``dot_general``.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the result.
        out_sharding: must be None: arrays are on one device.

    Returns:
        The product.

    Raises:
        ShapeError: an operand has no or more than two axes, or sizes differ.

    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    lhs, rhs = strong("dot", lhs), strong("dot", rhs)
    if dimension_numbers is None:
        if not (1 <= len(lhs.shape) <= 2 and 1 <= len(rhs.shape) <= 2):
            raise ShapeError(
                f"dot takes vectors and matrices, got {aval_of(lhs)} and {aval_of(rhs)}; give "
                "dimension_numbers, or use mul for scalars and batch_matmul for stacks"
            )
        dimension_numbers = (((len(lhs.shape) - 1,), (0,)), ((), ()))
    return dot_general(lhs, rhs, dimension_numbers, precision, preferred_element_type)


@user_facing
def batch_matmul(lhs: ArrayLike, rhs: ArrayLike, precision: PrecisionLike = None) -> Array:
    """The products of two stacks of matrices with the same leading axes.

    >>> batch_matmul(np.ones((5, 2, 3)), np.ones((5, 3, 4))).shape
    (5, 2, 4)
    """
    lhs, rhs = strong("batch_matmul", lhs), strong("batch_matmul", rhs)
    n = len(lhs.shape)
    if n < 2 or len(rhs.shape) != n:
        raise ShapeError(
            "batch_matmul takes stacks of matrices with one number of axes, got "
            f"{aval_of(lhs)} and {aval_of(rhs)}"
        )
    lead = tuple(range(n - 2))
    return dot_general(lhs, rhs, (((n - 1,), (n - 2,)), (lead, lead)), precision)


@user_facing
def ragged_dot(
    lhs: ArrayLike,
    rhs: ArrayLike,
    group_sizes: ArrayLike,
    precision: PrecisionLike = None,
    preferred_element_type: DTypeLike | None = None,
    group_offset: None = None,
    out_sharding: None = None,
) -> Array:
    """Products of groups of rows with a matrix each.

    Args:
        lhs: array of shape (m, k), whose rows are in consecutive groups.
        rhs: array of shape (g, k, n), a matrix for each group.
        group_sizes: g integers, numbers of rows; rows behind the last group give zero.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the result.
        group_offset: must be None.
        out_sharding: must be None: arrays are on one device.

    Returns:
        An array of shape (m, n).

    >>> x, w = np.ones((3, 2)), np.array([1.0, 10.0]).reshape(2, 1, 1) * np.ones((2, 2, 1))
    >>> ragged_dot(x, w, np.array([2, 1]))[:, 0]
    array([ 2.,  2., 20.])
    """
    numbers = RaggedDotDimensionNumbers((((1,), (1,)), ((), ())), (0,), (0,))
    return ragged_dot_general(
        lhs, rhs, group_sizes, numbers, precision, preferred_element_type, group_offset
    )


@user_facing
def ragged_dot_general(
    lhs: ArrayLike,
    rhs: ArrayLike,
    group_sizes: ArrayLike,
    ragged_dot_dimension_numbers: RaggedDotDimensionNumbers,
    precision: PrecisionLike = None,
    preferred_element_type: DTypeLike | None = None,
    group_offset: None = None,
    out_sharding: None = None,
) -> Array:
    """A contraction in which one axis of lhs is divided into consecutive groups.

    Args:
        lhs: array.
        rhs: array; where the divided axis is not summed over, it has an axis of groups.
        group_sizes: sizes of the groups, a vector of integers.
        ragged_dot_dimension_numbers: the axes.
        precision: ignored; products are computed in the dtype of the operands.
        preferred_element_type: dtype of the result.
        group_offset: must be None.
        out_sharding: must be None: arrays are on one device.

    Returns:
        The contraction, group by group. Where the divided axis is summed over, the result has a
        leading axis of groups; where it is a batch axis, groups make no difference.

    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> numbers = RaggedDotDimensionNumbers((((1,), (0,)), ((), ())), (1,), ())
    >>> ragged_dot_general(x, np.ones((3, 1)), np.array([2, 1]), numbers)[:, 0, 0]
    array([3., 3.])
    """
    if group_offset is not None:
        raise TypeError("ragged_dot: group_offset is not supported; give all groups")
    if not isinstance(ragged_dot_dimension_numbers, RaggedDotDimensionNumbers):
        raise TypeError(
            "ragged_dot_general: ragged_dot_dimension_numbers must be a RaggedDotDimensionNumbers, "
            f"got {describe(ragged_dot_dimension_numbers)}"
        )
    lhs, rhs = strong("ragged_dot", lhs), strong("ragged_dot", rhs)
    sizes = strong("ragged_dot", group_sizes, INTEGERS)
    if len(sizes.shape) != 1:
        raise ShapeError(f"ragged_dot: group_sizes must be a vector, got {aval_of(sizes)}")
    dims, ragged, groups = ragged_dot_dimension_numbers
    (lc, rc), (lb, rb) = dims
    (axis,) = (axis_of(a, len(lhs.shape)) for a in ragged)
    options = (precision, preferred_element_type)
    if axis in lb:
        return dot_general(lhs, rhs, dims, *options)
    count = sizes.shape[0]
    if axis in lc:
        if not count:
            return index(dot_general(lhs, rhs, dims, *options), key=(None,))[:0]
        parts = [
            dot_general(part, rhs, dims, *options) for part in _masked_groups(lhs, axis, sizes)
        ]
        return np.stack(parts)
    (group_axis,) = (axis_of(a, len(rhs.shape)) for a in groups)
    if rhs.shape[group_axis] != count:
        raise ShapeError(
            f"ragged_dot: {count} group_sizes for {rhs.shape[group_axis]} groups of rhs"
        )
    inner = (
        (lc, [a - (a > group_axis) for a in rc]),
        (lb, [a - (a > group_axis) for a in rb]),
    )
    if not count:
        shape = tuple(d for i, d in enumerate(rhs.shape) if i != group_axis)
        return dot_general(lhs, zeros(Aval(shape, rhs.dtype)), inner, *options)
    matrices = [index(rhs, key=((None, None, None),) * group_axis + (i,)) for i in range(count)]
    if type(sizes) is np.ndarray:
        return _by_slices(lhs, axis, matrices, sizes, inner, options)
    total: Any = 0
    for part, matrix in zip(_masked_groups(lhs, axis, sizes), matrices, strict=True):
        total = total + dot_general(part, matrix, inner, *options)
    return total


def _by_slices(
    lhs: Array, axis: int, matrices: list[Array], sizes: Array, dims: Any, options: Any
) -> Array:
    """The groups one after the other, where their sizes are known."""
    place = len(dims[1][0]) + sum(i not in (*dims[0][0], *dims[1][0]) for i in range(axis))
    ends = np.minimum(np.cumsum(sizes), lhs.shape[axis]).tolist()
    front = ((None, None, None),) * axis
    parts = []
    start = 0
    for matrix, end in zip(matrices, ends, strict=True):
        rows = index(lhs, key=(*front, (start, end, None)))
        parts.append(dot_general(rows, matrix, dims, *options))
        start = end
    shape = list(parts[0].shape)
    shape[place] = lhs.shape[axis] - start
    parts.append(np.zeros(shape, aval_of(parts[0]).dtype))
    return concatenate(*parts, axis=place)


def _masked_groups(x: Array, axis: int, sizes: Array) -> list[Array]:
    """The array once for each group, with zeros outside of it along the axis."""
    ends = np.cumsum(sizes)
    places = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (len(x.shape) - axis - 1))
    places = arrays.like(ends, places)
    zero = np.zeros((), aval_of(x).dtype)[()]
    masks = [(places >= ends[i] - sizes[i]) & (places < ends[i]) for i in range(sizes.shape[0])]
    return [select(mask, x, zero) for mask in masks]
