"""Elementwise arithmetic and comparisons, under the names of JAX's lax.

Operands are of one dtype and, unless they are scalars, of one rank, as in JAX; NumPy's functions
promote and broadcast. Python's numbers take the dtype of what they meet.
"""

from __future__ import annotations

import numpy as np

from ..core.arguments import is_integer
from ..core.blame import describe
from ..core.tracebacks import user_facing
from ..core.tracing import aval_of
from ..errors import ShapeError
from ..ops.pointwise import complex as complex_ops
from ..ops.pointwise.rounding import floor_divide
from ..ops.shape import cast
from ..typing import Array, ArrayLike, DTypeLike
from .operands import (
    FLOATING,
    FLOATS,
    INTEGERS,
    NUMBERS,
    REAL,
    alike,
    common_dtype,
    operand,
    strong,
)


@user_facing
def add(x: ArrayLike, y: ArrayLike) -> Array:
    """X + y, elementwise.

    >>> add(1.0, 2.0)
    np.float64(3.0)
    """
    return np.add(*alike("add", x, y, kinds=NUMBERS))


@user_facing
def atan2(x: ArrayLike, y: ArrayLike) -> Array:
    """The angle of the point (y, x), which lies y to the right and x up, elementwise.

    >>> atan2(1.0, 0.0)
    np.float64(1.5707963267948966)
    """
    return np.arctan2(*alike("atan2", x, y, kinds=FLOATS))


@user_facing
def max(x: ArrayLike, y: ArrayLike) -> Array:
    """The larger of x and y, elementwise.

    >>> max(1.0, 2.0)
    np.float64(2.0)
    """
    return np.maximum(*alike("max", x, y))


@user_facing
def min(x: ArrayLike, y: ArrayLike) -> Array:
    """The smaller of x and y, elementwise.

    >>> min(1.0, 2.0)
    np.float64(1.0)
    """
    return np.minimum(*alike("min", x, y))


@user_facing
def nextafter(x: ArrayLike, y: ArrayLike) -> Array:
    """The float next to x in the direction of y, elementwise.

    >>> nextafter(0.0, 1.0)
    np.float64(5e-324)
    """
    return np.nextafter(*alike("nextafter", x, y, kinds=FLOATS))


@user_facing
def rem(x: ArrayLike, y: ArrayLike) -> Array:
    """The remainder of x / y, with the sign of x, elementwise.

    >>> rem(-3.0, 2.0)
    np.float64(-1.0)
    """
    return np.fmod(*alike("rem", x, y, kinds="iuf"))


@user_facing
def sub(x: ArrayLike, y: ArrayLike) -> Array:
    """X - y, elementwise.

    >>> sub(3.0, 2.0)
    np.float64(1.0)
    """
    return np.subtract(*alike("sub", x, y, kinds=NUMBERS))


@user_facing
def eq(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x == y, elementwise.

    >>> eq(1.0, 2.0)
    np.False_
    """
    return np.equal(*alike("eq", x, y))


@user_facing
def ge(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x >= y, elementwise.

    >>> ge(1.0, 2.0)
    np.False_
    """
    return np.greater_equal(*alike("ge", x, y, kinds=REAL))


@user_facing
def gt(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x > y, elementwise.

    >>> gt(1.0, 2.0)
    np.False_
    """
    return np.greater(*alike("gt", x, y, kinds=REAL))


@user_facing
def le(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x <= y, elementwise.

    >>> le(1.0, 2.0)
    np.True_
    """
    return np.less_equal(*alike("le", x, y, kinds=REAL))


@user_facing
def lt(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x < y, elementwise.

    >>> lt(1.0, 2.0)
    np.True_
    """
    return np.less(*alike("lt", x, y, kinds=REAL))


@user_facing
def ne(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x != y, elementwise.

    >>> ne(1.0, 2.0)
    np.True_
    """
    return np.not_equal(*alike("ne", x, y))


@user_facing
def mul(x: ArrayLike, y: ArrayLike, *, out_dtype: DTypeLike | None = None) -> Array:
    """X * y, elementwise.

    Args:
        x: array.
        y: array of that dtype.
        out_dtype: dtype in which to multiply, if not that of the operands.

    Returns:
        The products.

    >>> mul(3.0, 2.0)
    np.float64(6.0)
    """
    x, y = alike("mul", x, y, kinds=NUMBERS)
    if out_dtype is not None:
        x, y = (cast(a, np.dtype(out_dtype)) for a in (x, y))
    return np.multiply(x, y)


@user_facing
def div(x: ArrayLike, y: ArrayLike) -> Array:
    """X / y, elementwise; of integers the quotient without its fraction.

    >>> div(1.0, 2.0), div(-7, 2)
    (np.float64(0.5), np.int64(-3))
    """
    x, y = alike("div", x, y, kinds=NUMBERS)
    if common_dtype("div", x, y).kind in INTEGERS:
        return floor_divide(np.subtract(x, np.fmod(x, y)), y)
    return np.divide(x, y)


@user_facing
def pow(x: ArrayLike, y: ArrayLike) -> Array:
    """X to the power of y, elementwise.

    Args:
        x: floating-point or complex numbers; ``integer_pow`` takes integers, too.
        y: numbers of that dtype, or integers.

    Returns:
        The powers, in the dtype of x.

    >>> pow(3.0, 2.0)
    np.float64(9.0)
    """
    x, y = operand("pow", x, FLOATING), operand("pow", y, NUMBERS)
    if aval_of(y).dtype.kind in INTEGERS:
        if not aval_of(y).weak:
            y = cast(y, aval_of(x).dtype)
        return np.power(x, y)
    return np.power(*alike("pow", x, y))


@user_facing
def integer_pow(x: ArrayLike, y: int) -> Array:
    """X to the power of one integer, which is static, elementwise.

    Args:
        x: numbers.
        y: a Python integer; not negative where x are integers.

    Returns:
        The powers, in the dtype of x.

    >>> integer_pow(3, 2), integer_pow(2.0, -1)
    (np.int64(9), np.float64(0.5))
    """
    x = strong("integer_pow", x, NUMBERS)
    if not is_integer(y):
        raise TypeError(f"integer_pow: the power must be an integer, got {describe(y)}")
    if y < 0:
        if aval_of(x).dtype.kind in INTEGERS:
            raise TypeError(f"integer_pow: integers have no power {y}; convert x to floats")
        return np.reciprocal(np.power(x, -int(y)))
    return np.power(x, int(y))


@user_facing
def complex(x: ArrayLike, y: ArrayLike) -> Array:
    """The complex numbers with these real and imaginary parts, elementwise.

    >>> complex(1.0, 2.0)
    np.complex128(1+2j)
    """
    x, y = alike("complex", x, y, kinds=FLOATS)
    dtype = common_dtype("complex", x, y)
    if dtype.itemsize not in (4, 8):
        raise TypeError(f"complex takes float32 or float64, got {dtype}")
    return complex_ops.make(*(cast(a, dtype) for a in (x, y)))


@user_facing
def clamp(min: ArrayLike, x: ArrayLike, max: ArrayLike) -> Array:
    """X limited to between min and max, elementwise.

    Args:
        min: lower bounds, a scalar or of the shape of x.
        x: array.
        max: upper bounds, a scalar or of the shape of x.

    Returns:
        The limited numbers.

    Raises:
        TypeError: dtypes differ, or are complex.
        ShapeError: bounds have another shape.

    >>> clamp(0.0, np.array([-1.0, 0.5]), 1.0)
    array([0. , 0.5])
    """
    min, x, max = (operand("clamp", a, REAL) for a in (min, x, max))
    common_dtype("clamp", min, x, max)
    shape = aval_of(x).shape
    for name, bound in (("min", min), ("max", max)):
        if aval_of(bound).shape not in ((), shape):
            raise ShapeError(
                f"clamp: {name} has shape {aval_of(bound).shape}; it must be a scalar or have the "
                f"shape {shape} of x"
            )
    return np.clip(x, min, max)
