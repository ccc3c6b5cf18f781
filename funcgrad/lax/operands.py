"""The arrays and axes that the functions of ``funcgrad.lax`` are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.dtypes import kind_of
from ..core.tracing import Tracer, aval_of
from ..errors import ShapeError
from ..ops.shape import cast, definite
from ..typing import Array, ArrayLike

ANY = "biufc"
NUMBERS = "iufc"
REAL = "biuf"
INTEGERS = "iu"
BITS = "biu"
FLOATING = "fc"
FLOATS = "f"

_WORDS = {
    ANY: "numbers", NUMBERS: "numbers, not truth values", REAL: "real numbers",
    "iuf": "real numbers, not truth values", INTEGERS: "integers",
    BITS: "integers or truth values", FLOATING: "floating-point or complex numbers",
    FLOATS: "floating-point numbers", "c": "complex numbers",
}  # fmt: skip

_ORDER = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}
"""Kinds of dtypes, each of which a Python number of a lower one may become."""


def as_array(x: ArrayLike) -> Array:
    """An argument as an array or traced value: what has a dtype is one."""
    return x if isinstance(x, Tracer) or hasattr(x, "dtype") else np.asarray(x)  # type: ignore[return-value]


def axis_of(axis: int, ndim: int) -> int:
    """A non-negative axis; a ShapeError if there is none."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"axis {axis} is out of range for an array of {ndim} dimensions")
    return int(axis) % ndim


def axes_of(name: str, argument: str, axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Axes, each once, as non-negative numbers in the order in which they were given."""
    found = tuple(axis_of(a, ndim) for a in integers(name, argument, axes))
    if len(set(found)) != len(found):
        raise ValueError(f"{name}: {argument} {tuple(axes)} has an axis twice")
    return found


def integers(name: str, argument: str, values: Any) -> tuple[int, ...]:
    """A sequence of integers as a tuple."""
    if type(values) is tuple:
        for v in values:
            if type(v) is not int:
                break
        else:
            return values
    if isinstance(values, Sequence | np.ndarray) and not isinstance(values, str):
        if all(map(is_integer, values)):
            return tuple(int(v) for v in values)
    raise TypeError(f"{name}: {argument} must be a sequence of integers, got {describe(values)}")


def operand(name: str, x: Any, kinds: str = ANY) -> Array:
    """An operand of one of some kinds of dtypes; Python's numbers stay what they are."""
    if type(x) is np.ndarray:
        if x.dtype.kind in kinds:
            return x
    elif not isinstance(x, Tracer | int | float | complex):
        x = as_array(x)
    kind = kind_of(x.dtype if type(x) is np.ndarray else aval_of(x).dtype)
    if kind not in kinds:
        found = f"{aval_of(x)}" if kind in ANY else describe(x)
        raise TypeError(f"{name} takes {_WORDS[kinds]}, got {found}")
    return x


def strong(name: str, x: Any, kinds: str = ANY) -> Array:
    """An operand as an array, scalar or tracer with a dtype that is definite."""
    return definite(operand(name, x, kinds))


def alike(name: str, *xs: Any, kinds: str = ANY) -> Sequence[Array]:
    """Operands of one dtype and rank; Python's numbers go with any that can hold them.

    Raises:
        TypeError: dtypes differ, or are not of one of the kinds.
        ShapeError: neither of two arrays is a scalar, and they differ in rank or size.
    """
    if len(xs) == 2 and _go_together(*xs, kinds):
        return xs  # type: ignore[return-value]
    found = [operand(name, x, kinds) for x in xs]
    common_dtype(name, *found)
    ranks = {len(aval_of(x).shape) for x in found} - {0}
    if len(ranks) > 1:
        listed = " and ".join(str(aval_of(x).shape) for x in found)
        raise ShapeError(
            f"{name}: operands need one number of axes, unless they are scalars; got shapes "
            f"{listed}. NumPy's function of that kind broadcasts."
        )
    return found


def _go_together(x: Any, y: Any, kinds: str) -> bool:
    """True for what most calls are: arrays of one dtype and shape, or one and a number."""
    if type(x) is not np.ndarray:
        x, y = y, x
        if type(x) is not np.ndarray:
            return False
    kind = x.dtype.kind
    if kind not in kinds:
        return False
    if type(y) is np.ndarray:
        return x.dtype is y.dtype and x.shape == y.shape
    return (type(y) is float and kind in "fc") or (type(y) is int and kind in "iufc")


def common_dtype(name: str, *xs: Any) -> np.dtype:
    """The one dtype of operands, which Python's numbers take.

    Raises:
        TypeError: there are several, or a number is of a higher kind.
    """
    avals = [aval_of(x) for x in xs]
    dtypes = {a.dtype for a in avals if not a.weak}
    if len(dtypes) > 1:
        listed = " and ".join(map(str, avals))
        raise TypeError(
            f"{name} takes operands of one dtype, got {listed}; convert one, for example with "
            f".astype({avals[0].dtype.name!r}), or call NumPy's function, which promotes"
        )
    if not dtypes:
        return max((a.dtype for a in avals), key=lambda d: _ORDER[kind_of(d)])
    (dtype,) = dtypes
    for x, a in zip(xs, avals, strict=True):
        if a.weak and _ORDER[kind_of(a.dtype)] > _ORDER[kind_of(dtype)]:
            raise TypeError(f"{name}: {describe(x)} does not become {dtype}; convert the array")
    return dtype


def together(name: str, *xs: Any, kinds: str = ANY) -> list[Array]:
    """Operands as arrays of their one dtype, whatever their shapes."""
    found = [operand(name, x, kinds) for x in xs]
    dtype = common_dtype(name, *found)
    return [cast(x, dtype) for x in found]
