"""Interpolation in a grid with an axis of places for each dimension."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.blame import describe
from ...core.tracebacks import Facing, user_facing
from ...core.tracing import Tracer, aval_of
from ...errors import ShapeError
from ...numpy import take
from ...numpy.protocol import as_operand, inexact
from ...ops.structural.gather import gather
from ...typing import Array, ArrayLike
from ..arguments import one_of

METHODS = ("linear", "nearest")


class RegularGridInterpolator(Facing[..., Array]):
    """Interpolation of values on a grid, with derivatives in values, grid and places.

    Args:
        points: for each dimension a vector of increasing places, or of decreasing ones if they are
            known; of one place, which is all there is along its axis.
        values: array whose first axes are those of the grid.
        method: "linear" or "nearest".
        bounds_error: ignored under tracing; else, if true, places outside of the grid raise.
        fill_value: what is outside of the grid; None extrapolates.

    At places that are NaN there is NaN. A call may give another method for its places,
    ``f(places, method="nearest")``.

    >>> grid = (np.array([0.0, 1.0]), np.array([0.0, 2.0]))
    >>> f = RegularGridInterpolator(grid, np.array([[0.0, 2.0], [1.0, 3.0]]))
    >>> f(np.array([[0.5, 1.0], [3.0, 0.0]]))
    array([1.5, nan])
    """

    __slots__ = ("bounds_error", "fill_value", "grid", "method", "values")

    @user_facing
    def __init__(
        self,
        points: Sequence[ArrayLike],
        values: ArrayLike,
        method: str = "linear",
        bounds_error: bool = False,
        fill_value: ArrayLike | None = np.nan,
    ) -> None:
        name = "RegularGridInterpolator"
        one_of(name, "method", method, METHODS)
        if not isinstance(points, tuple | list):
            raise TypeError(f"{name}: points must be a sequence of vectors, got {describe(points)}")
        known = inexact(values)
        self.method: str = method
        self.bounds_error: bool = bounds_error
        self.fill_value: ArrayLike | None = fill_value
        shape = tuple(known.shape)
        grid = []
        for i, p in enumerate(map(inexact, points)):
            if len(p.shape) != 1 or i >= len(shape) or p.shape[0] != shape[i] or not p.shape[0]:
                raise ShapeError(
                    f"{name}: points[{i}] of shape {tuple(p.shape)} for values of shape {shape}; "
                    "it needs one place for each element along that axis, and at least 1"
                )
            if not isinstance(p, Tracer) and not bool((p[1:] > p[:-1]).all()):
                if not bool((p[1:] < p[:-1]).all()):
                    raise ValueError(f"{name}: points[{i}] must be increasing or decreasing")
                p, known = np.flip(p), np.flip(known, i)
            grid.append(p)
        self.grid: tuple[Array, ...] = tuple(grid)
        self.values: Array = known

    def run(self, xi: ArrayLike, method: str | None = None) -> Array:
        """Values at places: the last axis of xi has a number for each dimension."""
        if method is not None:
            one_of("RegularGridInterpolator", "method", method, METHODS)
        how = self.method if method is None else method
        places = inexact(_joined(xi))
        count = len(self.grid)
        if not places.shape or places.shape[-1] != count:
            raise ShapeError(
                f"RegularGridInterpolator: places {aval_of(places)} need {count} numbers along the "
                "last axis"
            )
        columns = [places[..., i] for i in range(count)]
        outside: Any = False
        unknown: Any = False
        for p, x in zip(self.grid, columns, strict=True):
            outside = outside | (x < p[0]) | (x > p[-1])
            unknown = unknown | np.isnan(x)
        if self.bounds_error and not isinstance(outside, Tracer) and bool(np.any(outside)):
            raise ValueError("RegularGridInterpolator: places are outside of the grid")
        corners = [_corners(p, x, how) for p, x in zip(self.grid, columns, strict=True)]
        trailing = (1,) * (len(self.values.shape) - count)
        total: Any = None
        for chosen in itertools.product(*corners):
            part = gather(self.values, *(i for i, _ in chosen))
            for _, weight in chosen:
                if weight is not None:
                    part = part * np.reshape(weight, (*weight.shape, *trailing))
            total = part if total is None else total + part
        if self.fill_value is not None:
            outside = np.reshape(outside, (*outside.shape, *trailing))
            total = np.where(outside, self.fill_value, total)
        return np.where(np.reshape(unknown, (*unknown.shape, *trailing)), np.nan, total)


def _corners(p: Array, x: Array, method: str) -> list[tuple[Array, Any]]:
    """The elements next to a place along one axis, with their weights."""
    if p.shape[0] == 1:
        return [(np.searchsorted(p, x) * 0, None)]
    i = np.clip(np.searchsorted(p, x, side="right") - 1, 0, p.shape[0] - 2)
    low, high = take(p, i, axis=0), take(p, i + 1, axis=0)
    share = (x - low) / (high - low)
    if method == "nearest":
        return [(np.where(share <= 0.5, i, i + 1), None)]
    return [(i, 1 - share), (i + 1, share)]


def _joined(xi: ArrayLike) -> Array:
    """Places as one array; a tuple of arrays has one for each dimension."""
    if isinstance(xi, tuple):
        return np.stack(np.broadcast_arrays(*map(as_operand, xi)), axis=-1)
    return as_operand(xi)
