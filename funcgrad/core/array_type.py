"""The one type that plain arrays and traced values have in common, for ``isinstance``."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import arrays
from ..errors import TracerError
from .tracing import Tracer


def check_plain(x: Any, what: str) -> None:
    """Raise if an array is of a subclass of NumPy's, whose meaning would be lost.

    Masks, matrix products and units are what subclasses are for; a derivative knows nothing of
    them. ``np.memmap`` is an array like others.
    """
    if isinstance(x, np.ndarray) and type(x) is not np.ndarray and type(x) is not np.memmap:
        masked = isinstance(x, np.ma.MaskedArray)
        repair = "x.filled(value), and the mask as another one" if masked else "np.array(x)"
        raise TracerError(
            f"{what} is a {type(x).__name__} of shape {x.shape}, a subclass of NumPy's array with "
            f"rules of its own, which would be lost. Pass a plain array: {repair}."
        )


class _Virtual(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, Tracer) or arrays.is_array(x)

    def __subclasscheck__(cls, other: Any) -> bool:
        if other is cls or issubclass(other, Tracer | np.ndarray | np.generic):
            return True
        cupy = arrays.loaded_cupy()
        return cupy is not None and issubclass(other, cupy.ndarray)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("funcgrad.Array is for isinstance; make arrays with fnp.array")


class Array(metaclass=_Virtual):
    """What NumPy's arrays and scalars, CuPy's arrays and traced values are instances of.

    It has no instances of its own: arrays stay plain. ``funcgrad.numpy.ndarray`` is the same class.

    >>> isinstance(np.ones(2), Array), isinstance(np.float64(1.0), Array), isinstance(1.0, Array)
    (True, True, False)
    """
