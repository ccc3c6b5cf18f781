"""Values of arrays between their elements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import beside_each_other, like
from ...core.dtypes import kind_of
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.protocol import as_operand
from ...numpy.replacements import pad
from ...ops.pointwise.comparison import select
from ...ops.shape import broadcast_to, cast
from ...ops.structural.gather import gather
from ...typing import Array, ArrayLike
from .splines import check_mode, check_order, coefficients, weights

LARGEST = 2.0**52
"""Indices up to here are whole numbers of floats and of integers."""

BORDER = 12
"""Elements around an array, as in SciPy, where the spline has no continuation of its own."""


@user_facing
def map_coordinates(
    input: ArrayLike,
    coordinates: Sequence[ArrayLike] | ArrayLike,
    order: int = 3,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
    prefilter: bool = True,
) -> Array:
    """An array at places that need not be whole numbers, with derivatives in both.

    Args:
        input: array.
        coordinates: for each axis of it an array of places, all of one shape.
        order: 0 for the nearest element, 1 for linear interpolation, up to 5 for splines.
        mode: what is beyond the ends: "constant" for ``cval``, "nearest" for the last element,
            "mirror" for a mirror in the middle of that, "reflect" for one at its edge, "wrap" for
            the other end. With splines and "constant" the array ends at the middle of its last
            elements, and with "wrap" these coincide, as in SciPy; "grid-constant" and "grid-wrap"
            are what these modes are with the orders 0 and 1, as in JAX.
        cval: the value with "constant".
        prefilter: False if ``input`` has the coefficients of ``spline_filter``.

    Returns:
        An array like each of the coordinates, of the dtype of ``input``; of integers, rounded.

    Raises:
        ShapeError: there is not one array for each axis, or the array has no elements and the mode
            needs some.

    >>> map_coordinates(np.array([0.0, 1.0, 4.0]), [np.array([0.5, 2.5])], 1, mode="nearest")
    array([0.5, 4. ])
    """
    x = as_operand(input)
    places = [as_operand(c) for c in coordinates]  # type: ignore[union-attr]
    if len(places) != len(x.shape):
        raise ShapeError(
            f"map_coordinates: {len(places)} coordinates for {aval_of(x)}; give one array for each "
            "axis"
        )
    degree = check_order("map_coordinates", order)
    check_mode("map_coordinates", mode)
    if any(kind_of(p.dtype) not in "iuf" for p in places):
        raise TypeError("map_coordinates: coordinates must be real numbers")
    if degree < 2 and mode in ("constant", "wrap"):
        mode = f"grid-{mode}"
    return sampled(x, places, degree, mode, cval, prefilter)


def sampled(
    x: Array, places: list[Array], order: int, mode: str, cval: ArrayLike, prefilter: bool = True
) -> Array:
    """An array at places of its first axes, with SciPy's modes."""
    x, *places = beside_each_other([x, *places])
    whole = x.dtype.kind in "biu"
    values = cast(x, np.dtype(float)) if whole else x
    count = len(places)
    shape = np.broadcast_shapes(*(tuple(p.shape) for p in places))
    fill = cast(as_operand(cval), values.dtype)
    sizes = x.shape[:count]
    if 0 in sizes:
        return _of_nothing(x, (*shape, *x.shape[count:]), mode, fill)
    border = 0
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            border = BORDER
            widths = [(border, border)] * count + [(0, 0)] * (len(x.shape) - count)
            values = _with_border(values, widths, fill, mode)
        for axis in range(count):
            values = coefficients(values, order, axis, mode)
    rest = (1,) * (len(x.shape) - count)
    corners = [
        _corners(p + border if border else p, n + 2 * border, order, mode)
        for p, n in zip(places, sizes, strict=True)
    ]
    total: Any = None
    for chosen in itertools.product(*corners):
        at = [np.broadcast_to(i, shape) for i, _, _ in chosen]
        part = gather(values, *at) if at else values
        for _, inside, _ in chosen:
            if inside is not None:
                part = np.where(np.reshape(inside, (*np.shape(inside), *rest)), part, fill)
        for _, _, weight in chosen:
            if weight is not None:
                weight = cast(weight, values.real.dtype)
                part = part * np.reshape(weight, (*weight.shape, *rest))
        total = part if total is None else total + part
    assert total is not None
    if mode == "constant":
        within: Any = True
        for p, n in zip(places, sizes, strict=True):
            within = within & (p >= 0) & (p <= n - 1)
        total = np.where(np.reshape(within, (*np.shape(within), *rest)), total, fill)
    return _as_whole(total, x.dtype) if whole else cast(total, x.dtype)


def _as_whole(x: Array, dtype: np.dtype) -> Array:
    """Whole numbers next to x as SciPy has them: halves away from 0, no sign where there is none.

    Truth is not rounded.
    """
    if dtype.kind == "b":
        return np.abs(x) >= 1
    x = select(x == x, x, 0)
    found = np.trunc(x + np.copysign(0.5, x))
    if dtype.kind == "u":
        found = select(found > 0, found, 0)
        top = float(np.iinfo(dtype).max)
        end = found >= top
        return select(end, np.iinfo(dtype).max, cast(select(end, 0, found), dtype))
    return cast(found, dtype)


def _of_nothing(x: Array, shape: tuple[int, ...], mode: str, fill: Array) -> Array:
    """An array without elements at places: the fill value where there is one."""
    if 0 not in shape and mode not in ("constant", "grid-constant"):
        raise ShapeError(f"{aval_of(x)} has no elements to continue with mode={mode!r}")
    return cast(like(x, broadcast_to(fill, shape)), x.dtype)


def _with_border(x: Array, widths: list[tuple[int, int]], fill: Array, mode: str) -> Array:
    if mode == "nearest":
        return np.pad(x, widths, "edge")
    return pad(x, widths, "constant", constant_values=fill)


def _corners(place: Array, n: int, order: int, mode: str) -> list[tuple[Any, Any, Any]]:
    """Elements next to places: (index, whether there is one, weight) for each."""
    size = np.abs(place)
    place = select(size > LARGEST, select(place > 0, LARGEST, -LARGEST), place)
    place = _brought_inside(place, n, mode)
    found: list[tuple[Array, Any]]
    if order == 0:
        found = [(np.floor(place + 0.5), None)]
    else:
        moved = place + 0.5 if order % 2 == 0 else place
        low = np.floor(moved)
        first = low - order // 2
        found = [(first + k, w) for k, w in enumerate(weights(moved - low, order))]
    out = []
    for at, weight in found:
        # Of a place that is no number, the weights are none either.
        i = cast(select(at == at, at, 0), np.dtype(np.intp))
        inside = (i >= 0) & (i < n) if mode == "grid-constant" else None
        out.append((_within(i, n, mode), inside, weight))
    return out


def _brought_inside(place: Array, n: int, mode: str) -> Array:
    """Places whose values are the same, next to the array."""
    if mode == "wrap":
        inside = (place >= 0) & (place <= n - 1)
        return np.where(inside, place, np.mod(place, max(n - 1, 1)))
    if mode == "constant":
        return np.where((place >= 0) & (place <= n - 1), place, 0)
    return place


def _within(i: Array, n: int, mode: str) -> Array:
    """Indices that are brought into the array, where the spline is continued."""
    if mode in ("grid-constant", "nearest"):
        return np.clip(i, 0, n - 1)
    if mode == "grid-wrap":
        return np.mod(i, n)
    if mode in ("mirror", "constant", "wrap"):
        period = max(2 * (n - 1), 1)
        i = np.mod(i, period)
        return np.where(i > n - 1, period - i, i)
    i = np.mod(i, 2 * n)
    return np.where(i > n - 1, 2 * n - 1 - i, i)
