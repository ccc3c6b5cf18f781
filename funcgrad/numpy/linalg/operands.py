"""Operands of ``funcgrad.numpy.linalg`` as arrays of one inexact dtype, and as matrices."""

from __future__ import annotations

import numpy as np

from ...core.dtypes import result_type
from ...errors import ShapeError
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from ..protocol import as_operand


def inexact(x: ArrayLike) -> Array:
    """An operand as an array of a dtype that LAPACK works in."""
    return of_one_dtype(x)[0]


def of_one_dtype(*xs: ArrayLike) -> list[Array]:
    """Operands as arrays of one dtype that LAPACK works in."""
    operands = [as_operand(x) for x in xs]
    dtype = result_type(*[x.dtype for x in operands])
    if dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    if dtype.char not in "fdFD":
        raise TypeError(f"linear algebra works in float32, float64 and complex, not in {dtype}")
    return [cast(x, dtype) for x in operands]


def matrices(name: str, x: ArrayLike) -> Array:
    """An operand of which the last two axes are matrices."""
    x = inexact(x)
    if len(x.shape) < 2:
        raise ShapeError(f"{name} needs matrices in the last two axes, got shape {tuple(x.shape)}")
    return x


def square(name: str, x: ArrayLike) -> Array:
    """An operand of which the last two axes are square matrices."""
    x = matrices(name, x)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{name} needs square matrices, got shape {tuple(x.shape)}")
    return x
