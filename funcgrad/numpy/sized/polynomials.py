"""Products and quotients of polynomials, of sizes that do not depend on values unless asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import first_on_gpu
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...typing import Array, ArrayLike
from .. import polynomial_algebra
from ..protocol import array, holds_tracer

_numpy: Any = np

ROUNDED = 1e-8
"""A remainder's leading coefficients up to this size count as zero, as for ``numpy.polydiv``."""


@user_facing
def polymul(a1: ArrayLike, a2: ArrayLike, *, trim_leading_zeros: bool = False) -> Array:
    """The product of two polynomials, as ``numpy.polymul``.

    Args:
        a1: coefficients of one, the highest power first.
        a2: coefficients of the other.
        trim_leading_zeros: whether leading zeros are left out, as NumPy leaves them out of plain
            arrays. Of traced values they must be known then.

    Raises:
        ConcretizationError: for traced values with ``trim_leading_zeros``, if they are not known.

    >>> polymul(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0]))
    array([1., 5., 6.])
    """
    if trim_leading_zeros:
        a1, a2 = _trimmed(a1, "a1 of polymul"), _trimmed(a2, "a2 of polymul")
    return _numpy.polymul(a1, a2)  # type: ignore[no-any-return]


@user_facing
def polydiv(u: ArrayLike, v: ArrayLike, *, trim_leading_zeros: bool = False) -> tuple[Array, Array]:
    """The quotient and the remainder of two polynomials, as ``numpy.polydiv``.

    Args:
        u: coefficients of the polynomial that is divided, the highest power first.
        v: coefficients of the divisor.
        trim_leading_zeros: whether leading zeros are left out of the remainder, as NumPy leaves
            them out of that of plain arrays. Of traced values it must be known then.

    Returns:
        Both; the remainder of traced ones has as many coefficients as its degree can need.

    Raises:
        ConcretizationError: for traced values with ``trim_leading_zeros``, if they are not known.

    >>> polydiv(np.array([3.0, 5.0, 2.0]), np.array([2.0, 1.0]))
    (array([1.5 , 1.75]), array([0.25]))
    """
    if first_on_gpu((u, v)) is None and not holds_tracer((u, v)):
        return _numpy.polydiv(u, v)  # type: ignore[no-any-return]
    quotient, rest = polynomial_algebra.polydiv(u, v)
    if trim_leading_zeros:
        rest = _trimmed(rest, "the remainder of polydiv, with trim_leading_zeros,", ROUNDED)
    return quotient, rest


def _trimmed(p: ArrayLike, what: str, atol: float = 0.0) -> Array:
    """The coefficients from the first that is larger than atol on, or the last one."""
    p = array(p)
    known = p.concrete(what) if isinstance(p, Tracer) else p
    places = np.flatnonzero(np.abs(known) > atol)
    return p[int(places[0]) if len(places) else len(p) - 1 :]
