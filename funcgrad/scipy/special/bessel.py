"""Bessel functions of real arguments and orders, and those of Airy."""

from __future__ import annotations

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...numpy import scipy_ufuncs
from ...numpy.protocol import as_operand
from ...numpy.scipy_ufuncs import real_floats, whole_numbers
from ...ops.pointwise import bessel_i0_i1, bessel_orders
from ...typing import Array, ArrayLike


def _order_and_argument(name: str, order: ArrayLike, x: ArrayLike) -> tuple[Array, Array]:
    """Orders as they are, and arguments as floats, whose precision is that of the result."""
    (argument,) = real_floats(name, x)
    real_floats(name, order)
    return as_operand(order), argument


@user_facing
def j0(x: ArrayLike) -> Array:
    """The Bessel function of the first kind of order 0, elementwise.

    >>> j0(1.0).round(6)
    np.float64(0.765198)
    """
    return bessel_orders.j0(*real_floats("j0", x))


@user_facing
def j1(x: ArrayLike) -> Array:
    """The Bessel function of the first kind of order 1, elementwise.

    >>> j1(1.0).round(6)
    np.float64(0.440051)
    """
    return bessel_orders.j1(*real_floats("j1", x))


@user_facing
def y0(x: ArrayLike) -> Array:
    """The Bessel function of the second kind of order 0, elementwise.

    >>> y0(1.0).round(6)
    np.float64(0.088257)
    """
    return bessel_orders.y0(*real_floats("y0", x))


@user_facing
def y1(x: ArrayLike) -> Array:
    """The Bessel function of the second kind of order 1, elementwise.

    >>> y1(1.0).round(6)
    np.float64(-0.781213)
    """
    return bessel_orders.y1(*real_floats("y1", x))


@user_facing
def i0(x: ArrayLike) -> Array:
    """The modified Bessel function of the first kind of order 0, elementwise.

    >>> i0(1.0).round(6)
    np.float64(1.266066)
    """
    return bessel_i0_i1.i0(*real_floats("i0", x))


@user_facing
def i0e(x: ArrayLike) -> Array:
    """exp(-|x|) times the modified Bessel function of the first kind of order 0, elementwise.

    >>> i0e(1.0).round(6)
    np.float64(0.46576)
    """
    return scipy_ufuncs.i0e(x)


@user_facing
def i1(x: ArrayLike) -> Array:
    """The modified Bessel function of the first kind of order 1, elementwise.

    >>> i1(1.0).round(6)
    np.float64(0.565159)
    """
    return bessel_i0_i1.i1(*real_floats("i1", x))


@user_facing
def i1e(x: ArrayLike) -> Array:
    """exp(-|x|) times the modified Bessel function of the first kind of order 1, elementwise.

    >>> i1e(1.0).round(6)
    np.float64(0.20791)
    """
    return scipy_ufuncs.i1e(x)


@user_facing
def k0(x: ArrayLike) -> Array:
    """The modified Bessel function of the second kind of order 0, elementwise.

    >>> k0(1.0).round(6)
    np.float64(0.421024)
    """
    return bessel_orders.k0(*real_floats("k0", x))


@user_facing
def k0e(x: ArrayLike) -> Array:
    """exp(x) times the modified Bessel function of the second kind of order 0, elementwise.

    >>> k0e(1.0).round(6)
    np.float64(1.144463)
    """
    return bessel_orders.k0e(*real_floats("k0e", x))


@user_facing
def k1(x: ArrayLike) -> Array:
    """The modified Bessel function of the second kind of order 1, elementwise.

    >>> k1(1.0).round(6)
    np.float64(0.601907)
    """
    return bessel_orders.k1(*real_floats("k1", x))


@user_facing
def k1e(x: ArrayLike) -> Array:
    """exp(x) times the modified Bessel function of the second kind of order 1, elementwise.

    >>> k1e(1.0).round(6)
    np.float64(1.636153)
    """
    return bessel_orders.k1e(*real_floats("k1e", x))


@user_facing
def jv(v: ArrayLike, z: ArrayLike) -> Array:
    """The Bessel function of the first kind of order v, elementwise.

    >>> jv(2, 1.0).round(6)
    np.float64(0.114903)
    """
    return bessel_orders.jv(*_order_and_argument("jv", v, z))


@user_facing
def jn(n: ArrayLike, z: ArrayLike) -> Array:
    """The Bessel function of the first kind of whole order n, elementwise.

    >>> jn(2, 1.0).round(6)
    np.float64(0.114903)
    """
    return bessel_orders.jv(*_order_and_argument("jn", n, z))


@user_facing
def yv(v: ArrayLike, z: ArrayLike) -> Array:
    """The Bessel function of the second kind of order v, elementwise.

    >>> yv(2, 1.0).round(6)
    np.float64(-1.650683)
    """
    return bessel_orders.yv(*_order_and_argument("yv", v, z))


@user_facing
def yn(n: ArrayLike, x: ArrayLike) -> Array:
    """The Bessel function of the second kind of whole order n, elementwise.

    >>> yn(2, 1.0).round(6)
    np.float64(-1.650683)
    """
    (x,) = real_floats("yn", x)
    (order,) = whole_numbers("yn", n)
    return bessel_orders.yn(order, x)


@user_facing
def kn(n: ArrayLike, x: ArrayLike) -> Array:
    """The modified Bessel function of the second kind of whole order n, elementwise.

    >>> kn(2, 1.0).round(6)
    np.float64(1.624839)
    """
    return bessel_orders.kv(*_order_and_argument("kn", n, x))


@user_facing
def iv(v: ArrayLike, z: ArrayLike) -> Array:
    """The modified Bessel function of the first kind of order v, elementwise.

    >>> iv(2, 1.0).round(6)
    np.float64(0.135748)
    """
    return bessel_orders.iv(*_order_and_argument("iv", v, z))


@user_facing
def ive(v: ArrayLike, z: ArrayLike) -> Array:
    """exp(-|z|) times the modified Bessel function of the first kind of order v, elementwise.

    >>> ive(2, 1.0).round(6)
    np.float64(0.049939)
    """
    return bessel_orders.ive(*_order_and_argument("ive", v, z))


@user_facing
def kv(v: ArrayLike, z: ArrayLike) -> Array:
    """The modified Bessel function of the second kind of order v, elementwise.

    >>> kv(2, 1.0).round(6)
    np.float64(1.624839)
    """
    return bessel_orders.kv(*_order_and_argument("kv", v, z))


@user_facing
def kve(v: ArrayLike, z: ArrayLike) -> Array:
    """exp(z) times the modified Bessel function of the second kind of order v, elementwise.

    >>> kve(2, 1.0).round(6)
    np.float64(4.41677)
    """
    return bessel_orders.kve(*_order_and_argument("kve", v, z))


@user_facing
def airy(z: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """The functions of Airy with their derivatives: Ai, Ai', Bi, Bi', elementwise.

    >>> airy(1.0)[0].round(6)
    np.float64(0.135292)
    """
    return scipy_ufuncs.airy(z)


@user_facing
def bessel_jn(z: ArrayLike, *, v: int, n_iter: int = 50) -> Array:
    """The Bessel functions of the first kind of the orders 0 to v: JAX's function.

    Args:
        z: numbers.
        v: the last order, a whole number of at least 0.
        n_iter: is not used: results have full precision.

    Returns:
        An array whose first axis has the v + 1 orders.

    Raises:
        ValueError: v is no such order.

    >>> bessel_jn(1.0, v=1).round(6)
    array([0.765198, 0.440051])
    """
    if not is_integer(v) or v < 0:
        raise ValueError(f"bessel_jn: v must be a whole number of at least 0, got {describe(v)}")
    (x,) = real_floats("bessel_jn", z)
    return np.stack([bessel_orders.jv(order, x) for order in range(int(v) + 1)])
