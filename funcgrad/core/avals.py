"""Abstract values: what is known of an array before it is computed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .dtypes import is_inexact as is_inexact
from .dtypes import is_small_float, result_type, small_floats

float0: np.dtype[np.void] = np.dtype([("float0", np.void, 0)])

TRACEABLE: frozenset[np.dtype[Any]] = frozenset([*map(np.dtype, "?bBhHiIlLqQefdFD"), float0])
"""The dtypes of what can be traced: numbers that all machines have, in this one's byte order."""


def is_traceable(dtype: np.dtype[Any]) -> bool:
    """True if values of a dtype can be traced: those of ``TRACEABLE``, and small floats."""
    return dtype in TRACEABLE or is_small_float(dtype)


WEAK_DTYPES: dict[type[Any], np.dtype[Any]] = {
    bool: np.dtype(bool),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
    complex: np.dtype(np.complex128),
}
"""Python's own scalar types, whose values promote weakly, and the dtype each stands for."""

WEAK_SAMPLES: dict[np.dtype[Any], Any] = {
    WEAK_DTYPES[bool]: True,
    WEAK_DTYPES[int]: 1,
    WEAK_DTYPES[float]: 1.0,
    WEAK_DTYPES[complex]: 1j,
}


def inexact_dtype(*avals: Aval) -> np.dtype[Any]:
    """The dtype of numbers computed by division: float64 for integers, as NumPy has it."""
    dtype = result_type(*[a.dtype for a in avals])
    return dtype if is_inexact(dtype) else np.dtype(np.float64)


_symbol_numbers = itertools.count()


class SymbolicDim:
    """The unknown trip count of one while loop, as the leading dimension of what it stacks."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number: int = next(_symbol_numbers)

    def __repr__(self) -> str:
        return "n?"


class Aval:
    """Shape, dtype and weakness of a value."""

    __slots__ = ("dtype", "shape", "weak")

    def __init__(self, shape: tuple[Any, ...], dtype: Any, weak: bool = False) -> None:
        self.shape: tuple[Any, ...] = tuple(shape)
        self.dtype: np.dtype[Any] = dtype if type(dtype) is np.dtype else np.dtype(dtype)
        self.weak: bool = weak

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for d in self.shape:
            size *= d
        return size

    @property
    def symbolic(self) -> bool:
        """True if a dimension is the unknown trip count of a while loop."""
        for d in self.shape:  # asked for every operand by every pass: a loop is faster than any()
            if type(d) is SymbolicDim:
                return True
        return False

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Aval)
            and self.shape == other.shape
            and self.dtype == other.dtype
            and self.weak == other.weak
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.weak))

    def matches(self, other: Aval) -> bool:
        """Equal but for weakness."""
        return self.shape == other.shape and self.dtype == other.dtype

    def __repr__(self) -> str:
        star = "*" if self.weak else ""
        return f"{dtype_name(self.dtype)}{star}[{','.join(map(str, self.shape))}]"


def dtype_name(dtype: np.dtype) -> str:
    """The short name of a dtype in a printed jaxpr: f64, i32, bool, c128."""
    if dtype == float0:
        return "float0"
    short = small_floats().get(dtype)
    if short is not None:
        return short
    if dtype.kind in "fiuc":
        return f"{dtype.kind}{8 * dtype.itemsize}"
    return dtype.name


def tangent_aval(aval: Aval) -> Aval:
    """The aval of tangents of a value: of the same shape and dtype, and strong."""
    return Aval(aval.shape, aval.dtype if is_inexact(aval.dtype) else float0)
