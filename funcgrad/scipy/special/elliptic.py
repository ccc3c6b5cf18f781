"""Elliptic integrals of the first and second kind, of the parameter m."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise import elliptic
from ...typing import Array, ArrayLike


@user_facing
def ellipk(m: ArrayLike) -> Array:
    """The complete integral of the first kind, elementwise.

    >>> ellipk(0.5).round(6)
    np.float64(1.854075)
    """
    return elliptic.ellipk(*real_floats("ellipk", m))


@user_facing
def ellipkm1(p: ArrayLike) -> Array:
    """The complete integral of the first kind at m = 1 - p, elementwise.

    >>> ellipkm1(0.5).round(6)
    np.float64(1.854075)
    """
    return elliptic.ellipkm1(*real_floats("ellipkm1", p))


@user_facing
def ellipe(m: ArrayLike) -> Array:
    """The complete integral of the second kind, elementwise.

    >>> ellipe(0.5).round(6)
    np.float64(1.350644)
    """
    return elliptic.ellipe(*real_floats("ellipe", m))


@user_facing
def ellipkinc(phi: ArrayLike, m: ArrayLike) -> Array:
    """The integral of the first kind up to the angle phi, elementwise.

    >>> ellipkinc(1.0, 0.5).round(6)
    np.float64(1.083217)
    """
    return elliptic.ellipkinc(*real_floats("ellipkinc", phi, m))


@user_facing
def ellipeinc(phi: ArrayLike, m: ArrayLike) -> Array:
    """The integral of the second kind up to the angle phi, elementwise.

    >>> ellipeinc(1.0, 0.5).round(6)
    np.float64(0.92733)
    """
    return elliptic.ellipeinc(*real_floats("ellipeinc", phi, m))
