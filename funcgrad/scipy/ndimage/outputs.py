"""The argument ``output`` of SciPy's functions of images: a dtype, and never memory to write to."""

from __future__ import annotations

import numpy as np

from ...core.tracing import Tracer
from ...numpy.protocol import as_operand
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
