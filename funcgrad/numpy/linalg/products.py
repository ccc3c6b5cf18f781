"""Products and powers of matrices, transposes and diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...ops.contraction.dot_general import dot_general
from ...ops.contraction.dot_general import matmul as product
from ...ops.linalg import inverses, matrices
from ...ops.pointwise.arithmetic import mul
from ...ops.pointwise.complex import conj
from ...ops.shape import broadcast, cast, move_axis, reduce_sum, reshape
from ...ops.structural.indexing import FULL, index
from ...ops.structural.joining import concatenate
from ...typing import Array, ArrayLike, DTypeLike
from ..protocol import as_operand, axis_of, is_plain
from .operands import inexact


@user_facing
def matmul(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """Matrix product, as ``numpy.matmul``.

    Args:
        x1: (n,) or (..., m, n).
        x2: (n,) or (..., n, k).

    Returns:
        The products.

    >>> matmul(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return product(as_operand(x1), as_operand(x2))


@user_facing
def matrix_power(a: ArrayLike, n: int) -> Array:
    """Integer power of square matrices.

    Args:
        a: (..., m, m).
        n: exponent; a negative one takes the inverse.

    Returns:
        The powers, of a's shape.

    Raises:
        LinAlgError: negative power of a singular matrix.

    >>> matrix_power(np.array([[1, 1], [0, 1]]), 3)
    array([[1, 3],
           [0, 1]])
    """
    base = as_operand(a)
    if is_plain(base):
        return np.linalg.matrix_power(base, n)
    matrices.check_square("matrix_power", aval_of(base))
    if type(n) is not int and not hasattr(n, "__index__"):
        raise TypeError(f"matrix_power needs an integer exponent, got {n!r}")
    if n == 0:
        eye = like(base, np.eye(base.shape[-1], dtype=base.dtype))
        return broadcast(eye, shape=tuple(base.shape))
    if n < 0:
        base, n = inverses.inv(inexact(base)), -n
    if n == 3:  # NumPy multiplies in this order, too
        return product(product(base, base), base)
    power = base
    while not n & 1:
        power, n = product(power, power), n >> 1
    out = power
    while n := n >> 1:
        power = product(power, power)
        if n & 1:
            out = product(out, power)
    return out


@user_facing
def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Array:
    """Product of several matrices, in the order that needs the fewest multiplications.

    Args:
        arrays: at least two matrices that fit; the first and the last may be vectors.
        out: not supported; must be None.

    Returns:
        The product.

    >>> multi_dot([np.ones(2), np.eye(2), np.ones(2)])
    np.float64(2.0)
    """
    if out is not None:
        raise TypeError("multi_dot: out= is not supported; use the returned array")
    operands = [as_operand(a) for a in arrays]
    if len(operands) < 2:
        raise ValueError(f"multi_dot needs at least two arrays, got {len(operands)}")
    if len(operands) == 2:
        return product(*operands)
    first, last = len(operands[0].shape) == 1, len(operands[-1].shape) == 1
    if first:
        operands[0] = reshape(operands[0], shape=(1, *operands[0].shape))
    if last:
        operands[-1] = reshape(operands[-1], shape=(*operands[-1].shape, 1))
    if any(len(a.shape) != 2 for a in operands):
        raise ShapeError("multi_dot needs matrices; only the first and the last may be vectors")
    result = _chain(operands, _split_points([tuple(a.shape) for a in operands]), 0, -1)
    shape = tuple(result.shape)[first : 2 - last]
    return result if not (first or last) else reshape(result, shape=shape)


def _split_points(shapes: list[tuple[int, ...]]) -> dict[tuple[int, int], int]:
    """The best places to split the parts of a chain, by dynamic programming (Cormen, 14.2)."""
    count = len(shapes)
    cost = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [
                (cost[i, k] + cost[k + 1, j] + shapes[i][0] * shapes[k][1] * shapes[j][1], k)
                for k in range(i, j)
            ]
            cost[i, j], split[i, j] = min(options)
    return split


def _chain(operands: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Array:
    j = j % len(operands)
    if i == j:
        return operands[i]
    k = split[i, j]
    return product(_chain(operands, split, i, k), _chain(operands, split, k + 1, j))


@user_facing
def outer(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """All products of the elements of two vectors.

    Args:
        x1: (m,).
        x2: (n,).

    Returns:
        (m, n).

    >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    x1, x2 = as_operand(x1), as_operand(x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ShapeError(f"outer needs two vectors, got {tuple(x1.shape)} and {tuple(x2.shape)}")
    return mul(reshape(x1, shape=(*x1.shape, 1)), x2)


def _vectors(x: ArrayLike, axis: int) -> Array:
    """The operand with the axis of its vectors as the last one."""
    a = as_operand(x)
    return move_axis(a, axis_of(axis, len(a.shape)), -1)


@user_facing
def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Array:
    """Dot products of vectors, with the complex conjugate of the first.

    Args:
        x1: array.
        x2: array that broadcasts against x1.
        axis: the vectors' axis in each operand.

    Returns:
        The products; leading axes broadcast.

    >>> vecdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    x, y = _vectors(x1, axis), _vectors(x2, axis)
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(f"vecdot: vectors of {x.shape[-1]} and of {y.shape[-1]} elements")
    both = mul(conj(x) if x.dtype.kind == "c" else x, y)
    return cast(reduce_sum(both, axes=(len(both.shape) - 1,)), both.dtype)


@user_facing
def cross(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Array:
    """Cross products of vectors of three elements.

    Args:
        x1: array.
        x2: array that broadcasts against x1.
        axis: the vectors' axis, of size 3.

    Returns:
        The products.

    >>> cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    x, y = _vectors(x1, axis), _vectors(x2, axis)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ShapeError(f"cross needs vectors of 3 elements, got {x.shape[-1]}, {y.shape[-1]}")
    a, b = (
        [index(v, key=(FULL,) * (len(v.shape) - 1) + ((i, i + 1, None),)) for i in range(3)]
        for v in (x, y)
    )
    parts = [mul(a[i], b[j]) - mul(a[j], b[i]) for i, j in ((1, 2), (2, 0), (0, 1))]
    out = concatenate(*parts, axis=len(parts[0].shape) - 1)
    return move_axis(out, -1, axis)


@user_facing
def tensordot(
    x1: ArrayLike, x2: ArrayLike, /, *, axes: int | Sequence[int | Sequence[int]] = 2
) -> Array:
    """Sum of products over some axes of each operand.

    Args:
        x1: array.
        x2: array.
        axes: how many axes to contract, the last of x1 and the first of x2, or a pair of the axes
            of each.

    Returns:
        An array with the remaining axes of x1, then those of x2.

    >>> tensordot(np.ones((2, 3)), np.ones((3, 2)))
    Traceback (most recent call last):
    funcgrad.errors.ShapeError: tensordot: axes (0, 1) of shape (2, 3) and (0, 1) of (3, 2) differ
    >>> tensordot(np.ones((2, 3)), np.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    x1, x2 = as_operand(x1), as_operand(x2)
    n1, n2 = len(x1.shape), len(x2.shape)
    if isinstance(axes, int | np.integer):
        left, right = tuple(range(n1 - axes, n1)), tuple(range(axes))
    else:
        left, right = (
            tuple(a % n for a in (group if isinstance(group, tuple | list) else (group,)))
            for group, n in zip(axes, (n1, n2), strict=True)
        )
    if [x1.shape[i] for i in left] != [x2.shape[j] for j in right]:
        raise ShapeError(
            f"tensordot: axes {left} of shape {tuple(x1.shape)} and {right} of {tuple(x2.shape)} "
            "differ"
        )
    return dot_general(x1, x2, contract=(left, right), batch=((), ()), strong=None)


@user_facing
def matrix_transpose(x: ArrayLike, /) -> Array:
    """Exchange the last two axes.

    Args:
        x: (..., m, n).

    Returns:
        (..., n, m).

    >>> matrix_transpose(np.ones((4, 2, 3))).shape
    (4, 3, 2)
    """
    x = as_operand(x)
    if len(x.shape) < 2:
        raise ShapeError(f"matrix_transpose needs two axes at least, got shape {tuple(x.shape)}")
    return matrices.swap(x)


@user_facing
def diagonal(x: ArrayLike, /, *, offset: int = 0) -> Array:
    """Diagonals of matrices.

    Args:
        x: (..., m, n).
        offset: which diagonal, counted upwards from the main one.

    Returns:
        The diagonals, along the last axis.

    >>> diagonal(np.array([[1, 2], [3, 4]]))
    array([1, 4])
    """
    x = as_operand(x)
    if is_plain(x):
        return np.linalg.diagonal(x, offset=offset)
    if len(x.shape) < 2:
        raise ShapeError(f"diagonal needs matrices in the last two axes, got {tuple(x.shape)}")
    *lead, m, n = x.shape
    size = max(0, min(m, n - offset) if offset >= 0 else min(m + offset, n))
    first = offset if offset >= 0 else -offset * n
    flat = reshape(x, shape=(*lead, m * n))
    step = (first, first + (size - 1) * (n + 1) + 1, n + 1) if size else (0, 0, None)
    return index(flat, key=(FULL,) * len(lead) + (step,))


@user_facing
def trace(x: ArrayLike, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Array:
    """Sums of the diagonals of matrices.

    Args:
        x: (..., m, n).
        offset: which diagonal, counted upwards from the main one.
        dtype: dtype in which to add.

    Returns:
        The sums, of shape (...).

    >>> trace(np.array([[1, 2], [3, 4]]))
    np.int64(5)
    """
    x = as_operand(x)
    if is_plain(x):
        return np.linalg.trace(x, offset=offset, dtype=dtype)
    d = diagonal(x, offset=offset)
    if dtype is None:
        return reduce_sum(d, axes=(len(d.shape) - 1,))
    return np.sum(d, axis=-1, dtype=dtype)
