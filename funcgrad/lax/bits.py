"""Operations on bits, under the names of JAX's lax."""

from __future__ import annotations

import numpy as np

from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..ops.representation import bitcast, bits_aval, rounded_to
from ..ops.shape import cast
from ..typing import Array, ArrayLike, DTypeLike
from .operands import ANY, BITS, FLOATS, INTEGERS, alike, operand, strong, together


def _unsigned(x: Array) -> Array:
    """The bits of integers as those of unsigned ones."""
    return bitcast(x, dtype=np.dtype(f"u{x.dtype.itemsize}"))


@user_facing
def bitwise_not(x: ArrayLike) -> Array:
    """The bits of x, each inverted, elementwise.

    >>> bitwise_not(5)
    np.int64(-6)
    """
    return np.invert(operand("bitwise_not", x, BITS))


@user_facing
def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in x and in y, elementwise.

    >>> bitwise_and(6, 3)
    np.int64(2)
    """
    return np.bitwise_and(*alike("bitwise_and", x, y, kinds=BITS))


@user_facing
def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in x or in y, elementwise.

    >>> bitwise_or(6, 3)
    np.int64(7)
    """
    return np.bitwise_or(*alike("bitwise_or", x, y, kinds=BITS))


@user_facing
def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in one of x and y, elementwise.

    >>> bitwise_xor(6, 3)
    np.int64(5)
    """
    return np.bitwise_xor(*alike("bitwise_xor", x, y, kinds=BITS))


@user_facing
def shift_left(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved y places up, elementwise.

    >>> shift_left(1, 3)
    np.int64(8)
    """
    return np.left_shift(*alike("shift_left", x, y, kinds=INTEGERS))


@user_facing
def shift_right_arithmetic(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved y places down; the sign is kept, elementwise.

    >>> shift_right_arithmetic(-8, 1)
    np.int64(-4)
    """
    return np.right_shift(*alike("shift_right_arithmetic", x, y, kinds=INTEGERS))


@user_facing
def shift_right_logical(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved y places down, with zeros above them, elementwise.

    >>> shift_right_logical(np.int8(-8), np.int8(1))
    np.int8(124)
    """
    x, y = together("shift_right_logical", x, y, kinds=INTEGERS)
    return bitcast(np.right_shift(_unsigned(x), _unsigned(y)), dtype=x.dtype)


@user_facing
def population_count(x: ArrayLike) -> Array:
    """The number of bits that are set, elementwise, in the dtype of x.

    >>> population_count(5), population_count(np.int8(-1))
    (np.int64(2), np.int8(8))
    """
    x = strong("population_count", x, INTEGERS)
    return cast(np.bitwise_count(_unsigned(x)), x.dtype)


@user_facing
def clz(x: ArrayLike) -> Array:
    """The number of zero bits above the highest that is set, elementwise, in the dtype of x.

    >>> clz(np.array([0, 1, 5], np.int8))
    array([8, 7, 5], dtype=int8)
    """
    x = strong("clz", x, INTEGERS)
    bits = _unsigned(x)
    size = 8 * x.dtype.itemsize
    step = 1
    while step < size:
        bits = np.bitwise_or(bits, np.right_shift(bits, step))
        step *= 2
    return cast(size - cast(np.bitwise_count(bits), np.dtype(np.int64)), x.dtype)


@user_facing
def mulhi(x: ArrayLike, y: ArrayLike) -> Array:
    """The upper half of the bits of x * y, elementwise.

    Args:
        x: integers.
        y: integers of that dtype.

    Returns:
        The products divided by two to the number of bits of the dtype, rounded down.

    >>> mulhi(np.int32(2**30), np.int32(8))
    np.int32(2)
    """
    x, y = together("mulhi", x, y, kinds=INTEGERS)
    dtype = x.dtype
    size = 8 * dtype.itemsize
    if size < 64:
        wide = np.dtype(f"{dtype.kind}{2 * dtype.itemsize}")
        return cast(np.right_shift(cast(x, wide) * cast(y, wide), size), dtype)
    # Halves a = 2**32 * a1 + a0: the carries of the middle products go up.
    low = np.asarray(0xFFFFFFFF, dtype)[()]
    x0, y0, x1, y1 = x & low, y & low, x >> 32, y >> 32
    if dtype.kind == "u":
        middle = x1 * y0 + (x0 * y0 >> 32)
        other = x0 * y1 + (middle & low)
        return x1 * y1 + (middle >> 32) + (other >> 32)
    first = cast(x0, np.dtype(np.uint64)) * cast(y0, np.dtype(np.uint64))
    middle = x1 * y0 + cast(first >> np.uint64(32), dtype)
    other = x0 * y1 + (middle & low)
    return x1 * y1 + (middle >> 32) + (other >> 32)


@user_facing
def bitcast_convert_type(operand: ArrayLike, new_dtype: DTypeLike) -> Array:
    """The bits of an array, read as numbers of another dtype.

    Args:
        operand: array.
        new_dtype: dtype; of another size, it divides each number into several along a new last
            axis, or joins those along the last axis.

    Returns:
        An array of that dtype. It has no derivative.

    >>> bitcast_convert_type(np.float32(1), np.int32)
    np.int32(1065353216)
    """
    x = strong("bitcast_convert_type", operand, ANY)
    bits_aval(aval_of(x), dtype=np.dtype(new_dtype))
    return bitcast(x, dtype=np.dtype(new_dtype))


@user_facing
def reduce_precision(operand: ArrayLike, exponent_bits: int, mantissa_bits: int) -> Array:
    """Numbers rounded to a format with fewer bits, in the dtype that they have.

    Numbers that are too large for the format become infinite, those below its normal ones zero.

    Args:
        operand: floating-point numbers.
        exponent_bits: bits of the format's exponent, at least 1.
        mantissa_bits: bits of its fraction, at least 0.

    Returns:
        The rounded numbers. Derivatives are rounded in the same way.

    >>> reduce_precision(np.array([1.2345678, 1e10]), 5, 10)
    array([1.234375,      inf])
    """
    x = strong("reduce_precision", operand, FLOATS)
    for name, value, least in (("exponent", exponent_bits, 1), ("mantissa", mantissa_bits, 0)):
        if not is_integer(value):
            raise TypeError(f"reduce_precision: {name}_bits must be an int, got {describe(value)}")
        if value < least:
            raise ValueError(f"reduce_precision: {name}_bits must be at least {least}, got {value}")
    return rounded_to(x, exponent_bits=int(exponent_bits), mantissa_bits=int(mantissa_bits))
