"""Values of arrays between their elements."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.dtypes import kind_of
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.protocol import as_operand
from ...ops.shape import cast
from ...ops.structural.gather import gather
from ...typing import Array, ArrayLike

MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


@user_facing
def map_coordinates(
    input: ArrayLike,
    coordinates: Sequence[ArrayLike] | ArrayLike,
    order: int,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
) -> Array:
    """An array at places that need not be whole numbers, with derivatives in both.

    Args:
        input: array.
        coordinates: for each axis of it an array of places, all of one shape.
        order: 0 for the nearest element, 1 for linear interpolation.
        mode: what is beyond the ends: "constant" for ``cval``, "nearest" for the last element,
            "mirror" for a mirror in the middle of that, "reflect" for one at its edge, "wrap" for
            the other end.
        cval: the value with "constant".

    Returns:
        An array like each of the coordinates, of the dtype of ``input``; of integers, rounded.

    Raises:
        ShapeError: there is not one array for each axis.

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
    if order not in (0, 1):
        raise ValueError(f"map_coordinates: order must be 0 or 1, got {describe(order)}")
    if mode not in MODES:
        raise ValueError(
            f"map_coordinates: mode must be one of {', '.join(map(repr, MODES))}, got "
            f"{describe(mode)}"
        )
    if any(kind_of(p.dtype) not in "iuf" for p in places):
        raise TypeError("map_coordinates: coordinates must be real numbers")
    shape = np.broadcast_shapes(*(tuple(p.shape) for p in places))
    whole = x.dtype.kind in "biu"
    values = cast(x, np.dtype(float)) if whole else x
    corners = [_corners(p, n, order, mode) for p, n in zip(places, x.shape, strict=True)]
    fill = cast(as_operand(cval), values.dtype)
    total = None
    for chosen in itertools.product(*corners):
        at = [np.broadcast_to(i, shape) for i, _, _ in chosen]
        part = gather(values, *at) if at else values
        for _, inside, _ in chosen:
            if inside is not None:
                part = np.where(inside, part, fill)
        for _, _, weight in chosen:
            if weight is not None:
                part = part * cast(weight, values.real.dtype)
        total = part if total is None else total + part
    assert total is not None
    return cast(np.round(total) if whole else total, x.dtype)


def _corners(place: Array, n: int, order: int, mode: str) -> list[tuple[Any, Any, Any]]:
    """Elements next to places: (index, whether there is one, weight) for each."""
    found: list[tuple[Array, Any]]
    if order == 0:
        found = [(np.floor(place + 0.5), None)]
    else:
        low = np.floor(place)
        above = place - low
        found = [(low, 1.0 - above), (low + 1.0, above)]
    out = []
    for at, weight in found:
        i = cast(at, np.dtype(np.intp))
        inside = (i >= 0) & (i < n) if mode == "constant" else None
        out.append((_within(i, n, mode), inside, weight))
    return out


def _within(i: Array, n: int, mode: str) -> Array:
    """Indices that are brought into the array."""
    if mode in ("constant", "nearest"):
        return np.clip(i, 0, n - 1)
    if mode == "wrap":
        return np.mod(i, n)
    if mode == "mirror":
        period = max(2 * (n - 1), 1)
        i = np.mod(i, period)
        return np.where(i > n - 1, period - i, i)
    i = np.mod(i, 2 * n)
    return np.where(i > n - 1, 2 * n - 1 - i, i)


@user_facing
def zoom(
    input: ArrayLike,
    zoom: float | Sequence[float],
    order: int = 1,
    mode: str = "constant",
    cval: ArrayLike = 0.0,
) -> Array:
    """An array in another size, with its first and last elements at the ends.

    Args:
        input: array.
        zoom: how many times larger, for each axis or for all; sizes are rounded.
        order: 0 for the nearest element, 1 for linear interpolation.
        mode: as for ``map_coordinates``.
        cval: the value with "constant".

    Returns:
        An array of the dtype of ``input``.

    >>> zoom(np.array([0.0, 1.0, 4.0]), 5 / 3)
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
    sizes = [max(1, round(n * f)) for n, f in zip(x.shape, factors, strict=True)]
    scales = [(n - 1) / (m - 1) if m > 1 else 0.0 for n, m in zip(x.shape, sizes, strict=True)]
    # Rounding must not lead beyond the last element.
    grids = [
        np.minimum(np.arange(m) * s, float(n - 1))
        for m, s, n in zip(sizes, scales, x.shape, strict=True)
    ]
    return map_coordinates(x, np.meshgrid(*grids, indexing="ij"), order, mode, cval)


def _positive(x: Any) -> bool:
    return (is_integer(x) or isinstance(x, float | np.floating)) and x > 0
