"""The arrays and axes that the functions of ``funcgrad.lax`` are given."""

from __future__ import annotations

import numpy as np

from ..core.tracing import Tracer
from ..errors import ShapeError
from ..typing import Array, ArrayLike


def as_array(x: ArrayLike) -> Array:
    """An argument as an array or traced value: what has a dtype is one."""
    return x if isinstance(x, Tracer) or hasattr(x, "dtype") else np.asarray(x)  # type: ignore[return-value]


def axis_of(axis: int, ndim: int) -> int:
    """A non-negative axis; a ShapeError if there is none."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} is out of range for an array of {ndim} dimensions")
    return int(axis) % ndim
