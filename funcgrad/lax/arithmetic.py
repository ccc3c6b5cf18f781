"""Elementwise arithmetic, comparisons and operations on bits, under the names of JAX's lax."""

from __future__ import annotations

import numpy as np

from ..core.tracebacks import user_facing
from ..typing import Array, ArrayLike


@user_facing
def add(x: ArrayLike, y: ArrayLike) -> Array:
    """X + y, elementwise.

    >>> add(1.0, 2.0)
    np.float64(3.0)
    """
    return np.add(x, y)


@user_facing
def atan2(x: ArrayLike, y: ArrayLike) -> Array:
    """The angle of the point (y, x), which lies y to the right and x up, elementwise.

    >>> atan2(1.0, 0.0)
    np.float64(1.5707963267948966)
    """
    return np.arctan2(x, y)


@user_facing
def div(x: ArrayLike, y: ArrayLike) -> Array:
    """X / y, elementwise.

    >>> div(1.0, 2.0)
    np.float64(0.5)
    """
    return np.divide(x, y)


@user_facing
def max(x: ArrayLike, y: ArrayLike) -> Array:
    """The larger of x and y, elementwise.

    >>> max(1.0, 2.0)
    np.float64(2.0)
    """
    return np.maximum(x, y)


@user_facing
def min(x: ArrayLike, y: ArrayLike) -> Array:
    """The smaller of x and y, elementwise.

    >>> min(1.0, 2.0)
    np.float64(1.0)
    """
    return np.minimum(x, y)


@user_facing
def mul(x: ArrayLike, y: ArrayLike) -> Array:
    """X * y, elementwise.

    >>> mul(3.0, 2.0)
    np.float64(6.0)
    """
    return np.multiply(x, y)


@user_facing
def nextafter(x: ArrayLike, y: ArrayLike) -> Array:
    """The float next to x in the direction of y, elementwise.

    >>> nextafter(0.0, 1.0)
    np.float64(5e-324)
    """
    return np.nextafter(x, y)


@user_facing
def pow(x: ArrayLike, y: ArrayLike) -> Array:
    """X to the power of y, elementwise.

    >>> pow(3.0, 2.0)
    np.float64(9.0)
    """
    return np.power(x, y)


@user_facing
def rem(x: ArrayLike, y: ArrayLike) -> Array:
    """The remainder of x / y, with the sign of x, elementwise.

    >>> rem(-3.0, 2.0)
    np.float64(-1.0)
    """
    return np.fmod(x, y)


@user_facing
def sub(x: ArrayLike, y: ArrayLike) -> Array:
    """X - y, elementwise.

    >>> sub(3.0, 2.0)
    np.float64(1.0)
    """
    return np.subtract(x, y)


@user_facing
def eq(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x == y, elementwise.

    >>> eq(1.0, 2.0)
    np.False_
    """
    return np.equal(x, y)


@user_facing
def ge(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x >= y, elementwise.

    >>> ge(1.0, 2.0)
    np.False_
    """
    return np.greater_equal(x, y)


@user_facing
def gt(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x > y, elementwise.

    >>> gt(1.0, 2.0)
    np.False_
    """
    return np.greater(x, y)


@user_facing
def le(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x <= y, elementwise.

    >>> le(1.0, 2.0)
    np.True_
    """
    return np.less_equal(x, y)


@user_facing
def lt(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x < y, elementwise.

    >>> lt(1.0, 2.0)
    np.True_
    """
    return np.less(x, y)


@user_facing
def ne(x: ArrayLike, y: ArrayLike) -> Array:
    """True where x != y, elementwise.

    >>> ne(1.0, 2.0)
    np.True_
    """
    return np.not_equal(x, y)


@user_facing
def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in x and in y, elementwise.

    >>> bitwise_and(6, 3)
    np.int64(2)
    """
    return np.bitwise_and(x, y)


@user_facing
def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in x or in y, elementwise.

    >>> bitwise_or(6, 3)
    np.int64(7)
    """
    return np.bitwise_or(x, y)


@user_facing
def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that are set in one of x and y, elementwise.

    >>> bitwise_xor(6, 3)
    np.int64(5)
    """
    return np.bitwise_xor(x, y)


@user_facing
def shift_left(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved y places up, elementwise.

    >>> shift_left(1, 3)
    np.int64(8)
    """
    return np.left_shift(x, y)


@user_facing
def shift_right_arithmetic(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits of x moved y places down; the sign is kept, elementwise.

    >>> shift_right_arithmetic(-8, 1)
    np.int64(-4)
    """
    return np.right_shift(x, y)


@user_facing
def clamp(min: ArrayLike, x: ArrayLike, max: ArrayLike) -> Array:
    """X limited to between min and max, elementwise.

    >>> clamp(0.0, np.array([-1.0, 0.5]), 1.0)
    array([0. , 0.5])
    """
    return np.clip(x, min, max)


@user_facing
def bitwise_not(x: ArrayLike) -> Array:
    """The bits of x, each inverted, elementwise.

    >>> bitwise_not(5)
    np.int64(-6)
    """
    return np.invert(x)


@user_facing
def population_count(x: ArrayLike) -> Array:
    """The number of bits that are set in abs(x), elementwise.

    >>> population_count(5)
    np.uint8(2)
    """
    return np.bitwise_count(x)
