"""Types for annotations: arrays, what becomes one, pytrees, keys, shapes and dtypes.

``Array`` is for ``isinstance``, too: NumPy's arrays and scalars, CuPy's arrays and traced values
are instances. For a type checker it is NumPy's array: plain arrays go in and come out, and what is
traced behaves like one.

>>> import numpy as np
>>> isinstance(np.ones(2), Array), isinstance(np.float64(1.0), Array), isinstance(1.0, Array)
(True, True, False)
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from . import arrays

__all__ = ["Array", "ArrayLike", "Axes", "DTypeLike", "Key", "PyTree", "Shape"]

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray
    from optree import PyTreeSpec as PyTreeSpec

    Array: TypeAlias = NDArray[Any]
else:
    DTypeLike = Any
    PyTreeSpec = Any

    class Array(ABC):  # noqa: B024
        """The class of NumPy's arrays and scalars, CuPy's arrays and traced values, for isinstance.

        It has no instances of its own: arrays stay plain. ``funcgrad.Array`` and
        ``funcgrad.numpy.ndarray`` are the same class.

        >>> isinstance(np.ones(2), Array), isinstance(1.0, Array)
        (True, False)
        """

        def __new__(cls, *args: object, **kwargs: object) -> Any:
            """Raise: arrays are made by functions."""
            raise TypeError("funcgrad.Array is for isinstance; make arrays with fnp.array")

        @classmethod
        def __subclasshook__(cls, other: type) -> Any:
            cupy = arrays.loaded_cupy()
            return True if cupy is not None and issubclass(other, cupy.ndarray) else NotImplemented

    Array.register(np.ndarray)
    Array.register(np.generic)

ArrayLike: TypeAlias = Array | np.generic | bool | int | float | complex | Sequence[Any]
"""All that functions take for an array: arrays, Python numbers, and nested sequences of these."""

PyTree: TypeAlias = Any
"""Containers of containers of leaves, such as parameters: tuples, lists, dicts, dataclasses."""

Key: TypeAlias = Array
"""A key of random numbers: two unsigned integers of 32 bits."""

Shape: TypeAlias = int | Sequence[int]
"""The size of each axis; an int for one axis."""

Axes: TypeAlias = int | Sequence[int] | None
"""One axis, several, or all of them for None."""
