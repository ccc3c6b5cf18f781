"""Arrays that are moved, turned, and drawn in another size, by interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from typing import Any

import numpy as np

from ...arrays import beside_each_other, like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer, aval_of
from ...errors import ShapeError
from ...numpy.protocol import as_operand, axis_of
from ...typing import Array, ArrayLike, DTypeLike
from .arguments import of_dtype
from .coordinates import sampled
from .splines import check_mode, check_order


def _positive(x: Any) -> bool:
    return (is_integer(x) or isinstance(x, float | np.floating)) and x > 0


def _grid(sizes: Sequence[int]) -> list[Array]:
    """The indices of each axis, which broadcast."""
    return [
        np.arange(n, dtype=float).reshape([-1 if i == k else 1 for i in range(len(sizes))])
        for k, n in enumerate(sizes)
    ]


@user_facing
def zoom(
    input: ArrayLike,
    zoom: float | Sequence[float],
    output: DTypeLike | None = None,
    order: int = 3,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Array:
    """An array in another size, with its first and last elements at the ends.

    Args:
        input: array.
        zoom: how many times larger, for each axis or for all; sizes are rounded.
        output: the dtype of the result; None for that of the computation.
        order: as for ``map_coordinates``.
        mode: what is beyond the ends, by SciPy's names.
        cval: the value with "constant".
        prefilter: as for ``map_coordinates``.
        grid_mode: True if elements have an extent, whose edges are at the ends.

    Returns:
        An array of the dtype of ``input``.

    >>> zoom(np.array([0.0, 1.0, 4.0]), 5 / 3, order=1)
    array([0. , 0.5, 1. , 2.5, 4. ])
    """
    x = as_operand(input)
    rank = len(x.shape)
    factors = list(zoom) if isinstance(zoom, tuple | list) else [zoom] * rank
    if len(factors) != rank or not all(_positive(f) for f in factors):
        raise ValueError(
            f"zoom: zoom must be a positive number, or one for each axis of {aval_of(x)}, got "
            f"{describe(zoom)}"
        )
    check_mode("zoom", mode)
    degree = check_order("zoom", order)
    sizes = [max(1, round(n * f)) for n, f in zip(x.shape, factors, strict=True)]
    places = []
    for at, n, m in zip(_grid(sizes), x.shape, sizes, strict=True):
        if grid_mode:
            places.append((at + 0.5) * (n / m) - 0.5)
        else:
            # Rounding must not lead beyond the last element.
            places.append(np.minimum(at * ((n - 1) / (m - 1) if m > 1 else 0.0), float(n - 1)))
    return of_dtype("zoom", sampled(x, places, degree, mode, cval, prefilter), output)


@user_facing
def shift(
    input: ArrayLike,
    shift: ArrayLike,
    output: DTypeLike | None = None,
    order: int = 3,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
    prefilter: bool = True,
) -> Array:
    """An array whose elements are moved, with a derivative in the distances.

    Args:
        input: array.
        shift: how far, for each axis or for all.
        output: the dtype of the result; None for that of the computation.
        order: as for ``map_coordinates``.
        mode: what is beyond the ends, by SciPy's names.
        cval: the value with "constant".
        prefilter: as for ``map_coordinates``.

    Returns:
        An array like ``input``.

    Raises:
        ShapeError: there is not one distance for each axis.

    >>> shift(np.array([0.0, 1.0, 4.0]), 0.5, order=1)
    array([0. , 0.5, 2.5])
    """
    x, by = as_operand(input), as_operand(shift)
    rank = len(x.shape)
    if tuple(by.shape) not in ((), (rank,)):
        raise ShapeError(f"shift: shift of shape {tuple(by.shape)} for {aval_of(x)}")
    check_mode("shift", mode)
    degree = check_order("shift", order)
    grid = [like(by, at) for at in _grid(x.shape)]
    places = [at - (by[k] if by.shape else by) for k, at in enumerate(grid)]
    return of_dtype("shift", sampled(x, places, degree, mode, cval, prefilter), output)


@user_facing
def affine_transform(
    input: ArrayLike,
    matrix: ArrayLike,
    offset: ArrayLike = 0.0,
    output_shape: Sequence[int] | None = None,
    output: DTypeLike | None = None,
    order: int = 3,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
    prefilter: bool = True,
) -> Array:
    """An array at the places ``matrix @ index + offset`` of each index of the result.

    Args:
        input: array of d axes.
        matrix: (d, d), or (d,) for a diagonal one, or (d, d + 1) or (d + 1, d + 1) with the offset
            in the last column.
        offset: (d,), or a number for all axes; ignored where the matrix has it.
        output_shape: the shape of the result; that of ``input`` by default.
        output: the dtype of the result; None for that of the computation.
        order: as for ``map_coordinates``.
        mode: what is beyond the ends, by SciPy's names.
        cval: the value with "constant".
        prefilter: as for ``map_coordinates``.

    Returns:
        An array of the dtype of ``input``, with derivatives in the matrix and the offset, too.

    Raises:
        ShapeError: the shapes do not fit.

    >>> affine_transform(np.array([0.0, 1.0, 4.0]), np.array([[0.5]]), order=1)
    array([0. , 0.5, 1. ])
    """
    x, m, start = as_operand(input), as_operand(matrix), as_operand(offset)
    rank = len(x.shape)
    sizes = tuple(x.shape) if output_shape is None else tuple(output_shape)
    known = ((rank,), (rank, rank), (rank, rank + 1), (rank + 1, rank + 1))
    if tuple(m.shape) not in known or len(sizes) != rank or tuple(start.shape) not in (
        (), (rank,)
    ):  # fmt: skip
        raise ShapeError(
            f"affine_transform: a matrix of shape {tuple(m.shape)}, an offset of shape "
            f"{tuple(start.shape)} and output_shape={sizes} do not fit {aval_of(x)}"
        )
    check_mode("affine_transform", mode)
    degree = check_order("affine_transform", order)
    if len(m.shape) == 2 and m.shape[1] == rank + 1:
        m, start = m[:rank, :rank], m[:rank, rank]
    m, start = beside_each_other([m, start])
    grid = [like(m, at) for at in _grid(sizes)]
    places = []
    for k in range(rank):
        first: Any = start[k] if start.shape else start
        row = [(k, m[k])] if len(m.shape) == 1 else [(j, m[k, j]) for j in range(rank)]
        for j, factor in row:
            first = first + factor * grid[j]
        places.append(first)
    return of_dtype("affine_transform", sampled(x, places, degree, mode, cval, prefilter), output)


@user_facing
def rotate(
    input: ArrayLike,
    angle: ArrayLike,
    axes: Sequence[int] = (1, 0),
    reshape: bool = True,
    output: DTypeLike | None = None,
    order: int = 3,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
    prefilter: bool = True,
) -> Array:
    """An array that is turned in the plane of two axes, with a derivative in the angle.

    Args:
        input: array.
        angle: in degrees; with ``reshape`` it must not be traced.
        axes: the two axes.
        reshape: make the result large enough for the whole array.
        output: the dtype of the result; None for that of the computation.
        order: as for ``map_coordinates``.
        mode: what is beyond the ends, by SciPy's names.
        cval: the value with "constant".
        prefilter: as for ``map_coordinates``.

    Returns:
        An array of the dtype of ``input``.

    Raises:
        ValueError: there are not two axes, or the angle is traced.

    >>> rotate(np.array([[1.0, 2.0], [3.0, 4.0]]), 90.0, order=1)
    array([[2., 4.],
           [1., 3.]])
    """
    x = as_operand(input)
    rank = len(x.shape)
    plane = sorted({axis_of(a, rank) for a in axes})
    if len(plane) != 2 or len(axes) != 2:
        raise ValueError(f"rotate: axes must be two different ones, got {describe(axes)}")
    check_mode("rotate", mode)
    degree = check_order("rotate", order)
    if reshape and isinstance(angle, Tracer):
        raise ValueError("rotate: the size of the result depends on the angle; use reshape=False")
    x = np.moveaxis(x, plane, (0, 1))
    c, s = _cosine_and_sine(angle)
    sizes = [int(n) for n in x.shape[:2]]
    out = list(sizes)
    if reshape:
        ys, xs = np.array([0, 0, sizes[0], sizes[0]]), np.array([0, sizes[1], 0, sizes[1]])
        out = [int(np.ptp(c * ys + s * xs) + 0.5), int(np.ptp(c * xs - s * ys) + 0.5)]
    middle = [(n - 1) / 2 for n in out]
    start = [
        (sizes[0] - 1) / 2 - (c * middle[0] + s * middle[1]),
        (sizes[1] - 1) / 2 - (c * middle[1] - s * middle[0]),
    ]
    down, right = _grid(out)
    places = [c * down + s * right + start[0], c * right - s * down + start[1]]
    found = np.moveaxis(sampled(x, places, degree, mode, cval, prefilter), (0, 1), plane)
    return of_dtype("rotate", found, output)


def _cosine_and_sine(angle: ArrayLike) -> tuple[Any, Any]:
    """Exact ones of right angles in degrees."""
    if isinstance(angle, Tracer):
        radians: Any = as_operand(angle) * (pi / 180)
        return np.cos(radians), np.sin(radians)
    degrees = float(np.remainder(angle, 360.0))  # type: ignore[arg-type]
    if degrees % 90 == 0:
        turns = int(degrees // 90)
        return (1.0, 0.0, -1.0, 0.0)[turns], (0.0, 1.0, 0.0, -1.0)[turns]
    return cos(degrees * pi / 180), sin(degrees * pi / 180)
