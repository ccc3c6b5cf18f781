"""Positions in the flat array and along each axis, on tracers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.tracing import aval_of
from ...errors import ConcretizationError
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from ..protocol import array, implements

_INTP = np.dtype(np.intp)


def _shape_of(shape: Any, name: str) -> tuple[int, ...]:
    dims = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if any(d < 0 for d in dims):
        raise ValueError(f"{name}: a shape has no negative lengths, got {dims}")
    return tuple(map(int, dims))


def _steps(dims: tuple[int, ...], order: str, name: str) -> list[int]:
    """How far elements next to each other along each axis are apart in the flat array."""
    if order not in ("C", "F"):
        raise ValueError(f"{name}: order must be 'C' or 'F', got {order!r}")
    if order == "C":
        return [math.prod(dims[i + 1 :]) for i in range(len(dims))]
    return [math.prod(dims[:i]) for i in range(len(dims))]


def _places(x: ArrayLike, name: str) -> Array:
    found = array(x)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{name} needs integers, got {aval_of(found)}")
    return cast(found, _INTP)


@implements(np.unravel_index)
def unravel_index(indices: ArrayLike, shape: Any, order: str = "C") -> tuple[Array, ...]:
    """The position along each axis of positions in the flat array.

    Traced ones cannot be looked at: negative ones count from the end, and what is out of range is
    the nearest one.
    """
    dims = _shape_of(shape, "np.unravel_index")
    flat = _places(indices, "np.unravel_index")
    total = math.prod(dims)
    flat = np.clip(np.where(flat < 0, flat + total, flat), 0, max(total - 1, 0))
    steps = _steps(dims, order, "np.unravel_index")
    return tuple(flat // max(s, 1) % max(d, 1) for s, d in zip(steps, dims, strict=True))


@implements(np.ravel_multi_index)
def ravel_multi_index(
    multi_index: Sequence[ArrayLike] | Array,
    dims: Any,
    mode: str | Sequence[str] = "raise",
    order: str = "C",
) -> Array:
    """The position in the flat array of positions along each axis.

    Raises:
        ConcretizationError: with mode 'raise', as traced positions cannot be looked at.
    """
    name = "np.ravel_multi_index"
    sizes = _shape_of(dims, name)
    places = [_places(x, name) for x in multi_index]
    modes = [mode] * len(sizes) if isinstance(mode, str) else list(mode)
    if not len(places) == len(sizes) == len(modes):
        raise ValueError(f"{name}: {len(places)} arrays of positions for {len(sizes)} axes")
    total: Any = 0
    for x, d, how, step in zip(places, sizes, modes, _steps(sizes, order, name), strict=True):
        if how == "raise":
            raise ConcretizationError(
                f"{name} with mode='raise' looks at positions, which are traced; give "
                "mode='clip' or mode='wrap'"
            )
        if how not in ("clip", "wrap"):
            raise ValueError(f"{name}: mode must be 'raise', 'clip' or 'wrap', got {how!r}")
        total = total + (np.clip(x, 0, d - 1) if how == "clip" else x % d) * step
    return total  # type: ignore[no-any-return]
