"""Hypergeometric functions of real numbers."""

from __future__ import annotations

from ...core.tracebacks import user_facing
from ...numpy.scipy_ufuncs import real_floats
from ...ops.pointwise import hypergeometric
from ...typing import Array, ArrayLike


@user_facing
def hyp0f1(v: ArrayLike, z: ArrayLike) -> Array:
    """The confluent limit function 0F1, elementwise.

    >>> hyp0f1(1.5, 0.5).round(6)
    np.float64(1.368299)
    """
    return hypergeometric.hyp0f1(*real_floats("hyp0f1", v, z))


@user_facing
def hyp1f1(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Kummer's function 1F1, elementwise.

    >>> hyp1f1(1.0, 1.0, 1.0).round(6)
    np.float64(2.718282)
    """
    return hypergeometric.hyp1f1(*real_floats("hyp1f1", a, b, x))


@user_facing
def hyp2f1(a: ArrayLike, b: ArrayLike, c: ArrayLike, z: ArrayLike) -> Array:
    """Gauss' function 2F1, elementwise.

    Derivatives in a, b and c are sums of a power series; they are NaN where that needs more than
    20000 terms, for z above 0.998 or below -500.

    >>> hyp2f1(1.0, 1.0, 1.0, 0.5).round(6)
    np.float64(2.0)
    """
    return hypergeometric.hyp2f1(*real_floats("hyp2f1", a, b, c, z))
