"""The limits of dtypes, asked for by a dtype or by an array that has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import dtypes
from ..core.tracebacks import user_facing
from ..core.tracing import Tracer


def _dtype_of(what: Any) -> Any:
    return what.dtype if isinstance(what, Tracer | np.ndarray) else what


@user_facing
def finfo(dtype: Any) -> Any:
    """The limits of a type of floating-point numbers, as ``numpy.finfo``.

    Args:
        dtype: the dtype, or an array of it, which may be traced.

    Returns:
        NumPy's ``finfo``; of bfloat16 and float8 that of ``ml_dtypes``, with the same attributes.

    Raises:
        ValueError: it is no type of floating-point numbers.

    >>> finfo(np.float32).bits, finfo(np.ones(2)).bits
    (32, 64)
    """
    return dtypes.finfo(_dtype_of(dtype))


@user_facing
def iinfo(type: Any) -> np.iinfo[Any]:
    """The limits of a type of integers, as ``numpy.iinfo``.

    Args:
        type: the dtype, or an array of it, which may be traced.

    Raises:
        ValueError: it is no type of integers.

    >>> iinfo(np.int8).max, iinfo(np.arange(2)).bits
    (127, 64)
    """
    return np.iinfo(_dtype_of(type))
