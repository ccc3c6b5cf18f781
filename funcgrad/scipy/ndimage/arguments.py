"""Arguments that functions of images have in common: axes, one value for each, and ``output``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy.protocol import as_operand, axis_of
from ...ops.shape import cast
from ...typing import Array, DTypeLike


def of_dtype(name: str, x: Array, output: DTypeLike | None) -> Array:
    """A result in the dtype that ``output`` says, as it is for None; arrays are refused."""
    if output is None:
        return x
    if isinstance(output, Tracer | np.ndarray) or hasattr(output, "__array_function__"):
        raise TypeError(
            f"{name}: output must be a dtype or None: results are new arrays, none is written into"
        )
    return cast(as_operand(x), np.dtype(output))


def places_of(name: str, axes: Sequence[int] | None, rank: int) -> list[int]:
    """The axes that a filter works along, each once."""
    places = [axis_of(a, rank) for a in (range(rank) if axes is None else axes)]
    if len(set(places)) != len(places):
        raise ValueError(f"{name}: axes {tuple(axes or ())} has an axis twice")
    return places


def per_axis(name: str, given: Any, count: int) -> list[Any]:
    """One value for each axis, from one for all or from a sequence."""
    values = list(given) if isinstance(given, tuple | list) else [given] * count
    if len(values) != count:
        raise ShapeError(f"{name}: {len(values)} values for {count} axes")
    return values
