"""Legendre functions and spherical harmonics, of whole degrees and orders.

Derivatives are in the argument or the angles.
"""

from __future__ import annotations

from math import pi

import numpy as np

from ...arrays import beside_each_other, like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...numpy.protocol import as_operand
from ...numpy.scipy_ufuncs import real_floats, whole_numbers
from ...ops.pointwise.comparison import select
from ...ops.pointwise.legendre import legendre_derivative, lpmv_function, spherical_legendre
from ...ops.pointwise.special import lgamma
from ...ops.shape import cast
from ...typing import Array, ArrayLike


@user_facing
def legendre_p(n: ArrayLike, z: ArrayLike) -> Array:
    """The Legendre polynomial of degree n, elementwise.

    Args:
        n: degrees, whole numbers of at least 0.
        z: arguments.

    Returns:
        The values.

    >>> legendre_p(2, 0.5)
    np.float64(-0.125)
    """
    (x,) = real_floats("legendre_p", z)
    (degree,) = whole_numbers("legendre_p", n)
    return legendre_derivative(degree, 0, x)


@user_facing
def eval_legendre(n: ArrayLike, x: ArrayLike) -> Array:
    """The Legendre polynomial of whole degree n, elementwise: another name of ``legendre_p``.

    >>> eval_legendre(2, 0.5)
    np.float64(-0.125)
    """
    (x,) = real_floats("eval_legendre", x)
    (degree,) = whole_numbers("eval_legendre", n)
    return legendre_derivative(degree, 0, x)


@user_facing
def assoc_legendre_p(n: ArrayLike, m: ArrayLike, z: ArrayLike, *, norm: bool = False) -> Array:
    """The associated Legendre function of degree n and order m, with the phase (-1)**m.

    Args:
        n: degrees, whole numbers of at least 0.
        m: orders, whole numbers, also negative ones.
        z: arguments between -1 and 1.
        norm: True for those whose squares have the integral 1.

    Returns:
        The values; 0 where the order is larger than the degree.

    >>> assoc_legendre_p(2, 1, 0.5).round(6)
    np.float64(-1.299038)
    """
    (x,) = real_floats("assoc_legendre_p", z)
    degree, order = whole_numbers("assoc_legendre_p", n, m)
    return _associated(degree, order, x, norm)


def _associated(degree: Array, order: Array, x: Array, norm: bool) -> Array:
    """By the derivative of the polynomial (NIST DLMF 14.7.8 and 14.9.3)."""
    degree, order, x = beside_each_other([degree, order, x])
    size = np.abs(order)
    inner = legendre_derivative(degree, size, x)
    none, odd = size == 0, size % 2 == 1
    root = select(none, 1.0, select(none, 1.0, 1 - x * x) ** (0.5 * size))
    value = inner * cast(root, inner.dtype)
    fits = size <= degree
    apart = cast(select(fits, degree - size, 0), np.dtype(np.float64))
    total = cast(select(fits, degree + size, 0), np.dtype(np.float64))
    logs = lgamma(apart + 1) - lgamma(total + 1)
    # Negative orders without a norm have the quotient of factorials and not the phase.
    phase = select(odd & ((order > 0) | norm), -1.0, 1.0)
    phase = select(odd & (order < 0) & norm, 1.0, phase)
    if norm:
        scale = np.sqrt((degree + 0.5) * np.exp(logs))
    else:
        scale = select(order < 0, np.exp(logs), 1.0)
    return value * cast(phase * scale, inner.dtype)


@user_facing
def sph_legendre_p(n: ArrayLike, m: ArrayLike, theta: ArrayLike) -> Array:
    """The factor of a spherical harmonic that depends on the polar angle, elementwise.

    Args:
        n: degrees, whole numbers of at least 0.
        m: orders, whole numbers.
        theta: polar angles, from 0 to pi.

    Returns:
        The values; 0 where the order is larger than the degree.

    >>> sph_legendre_p(1, 0, 0.0).round(6)
    np.float64(0.488603)
    """
    (angle,) = real_floats("sph_legendre_p", theta)
    return spherical_legendre(*whole_numbers("sph_legendre_p", n, m), angle)


@user_facing
def sph_harm_y(
    n: ArrayLike,
    m: ArrayLike,
    theta: ArrayLike,
    phi: ArrayLike,
    diff_n: int | None = None,
    n_max: int | None = None,
) -> Array:
    """The spherical harmonic of degree n and order m, elementwise.

    Args:
        n: degrees, whole numbers of at least 0.
        m: orders, whole numbers from -n to n.
        theta: polar angles, from 0 to pi.
        phi: azimuthal angles.
        diff_n: must be None or 0: derivatives are those of transformations.
        n_max: is not used; the largest degree, as in JAX.

    Returns:
        Complex numbers; 0 where the order is larger than the degree.

    Raises:
        ValueError: derivatives are asked for by ``diff_n``.

    >>> sph_harm_y(1, 1, 1.0, 0.0).round(6)
    np.complex128(-0.290723+0j)
    """
    if diff_n:
        raise ValueError(
            f"sph_harm_y: diff_n must be None or 0, got {describe(diff_n)}; use funcgrad.grad"
        )
    polar, azimuth = real_floats("sph_harm_y", theta, phi)
    given = [*whole_numbers("sph_harm_y", n, m), polar, azimuth]
    degree, order, polar, azimuth = beside_each_other(given)
    turned = cast(order, azimuth.dtype) * azimuth
    return spherical_legendre(degree, order, polar) * (np.cos(turned) + 1j * np.sin(turned))


@user_facing
def lpmv(m: ArrayLike, v: ArrayLike, x: ArrayLike) -> Array:
    """The associated Legendre function of whole order m and real degree v, elementwise.

    Args:
        m: orders, whole numbers.
        v: degrees, which have no derivative.
        x: arguments between -1 and 1.

    Returns:
        The values.

    >>> lpmv(1, 2.0, 0.5).round(6)
    np.float64(-1.299038)
    """
    (x,) = real_floats("lpmv", x)
    real_floats("lpmv", m, v)
    return lpmv_function(as_operand(m), as_operand(v), x)


def _grid(name: str, m: int, n: int) -> tuple[Array, Array]:
    for label, value in (("m", m), ("n", n)):
        if not is_integer(value) or value < 0:
            raise ValueError(
                f"{name}: {label} must be a whole number of at least 0, got {describe(value)}"
            )
    return np.arange(m + 1)[:, None, None], np.arange(n + 1)[:, None]


@user_facing
def lpmn_values(m: int, n: int, z: ArrayLike, is_normalized: bool) -> Array:
    """Associated Legendre functions of all orders up to m and degrees up to n: JAX's function.

    Args:
        m: the last order.
        n: the last degree.
        z: (k,), arguments between -1 and 1.
        is_normalized: True for those of spherical harmonics.

    Returns:
        (m + 1, n + 1, k), 0 where the order is larger than the degree.

    Raises:
        ValueError: m or n is negative.

    >>> lpmn_values(1, 1, [0.5], False)[:, :, 0].round(6)
    array([[ 1.      ,  0.5     ],
           [-0.      , -0.866025]])
    """
    orders, degrees = _grid("lpmn_values", m, n)
    (x,) = real_floats("lpmn_values", z)
    found = _associated(degrees, orders, x, is_normalized)
    return found * x.dtype.type((2 * pi) ** -0.5) if is_normalized else found


@user_facing
def lpmn(m: int, n: int, z: ArrayLike) -> tuple[Array, Array]:
    """Associated Legendre functions of all orders up to m and degrees up to n, with derivatives.

    Args:
        m: the last order.
        n: the last degree.
        z: (k,), arguments inside of -1 and 1, as in JAX.

    Returns:
        The values and their derivatives in z, each (m + 1, n + 1, k).

    Raises:
        ValueError: m or n is negative.

    >>> lpmn(1, 1, [0.5])[1][:, :, 0].round(6)
    array([[-0.     ,  1.     ],
           [-0.     ,  0.57735]])
    """
    orders, degrees = _grid("lpmn", m, n)
    (x,) = real_floats("lpmn", z)
    size = like(x, orders.astype(x.dtype))
    values = _associated(degrees, orders, x, False)
    upper = _associated(degrees, orders + 1, x, False)
    square = 1 - x * x
    # NIST DLMF 14.10.5 without the neighbouring degree.
    return values, -(upper / np.sqrt(square) + size * x / square * values)
