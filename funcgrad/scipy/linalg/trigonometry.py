"""Trigonometric and hyperbolic functions of matrices, by exponentials."""

from __future__ import annotations

from ...core.dtypes import is_floating
from ...core.tracebacks import user_facing
from ...numpy.linalg.operands import square
from ...ops.linalg.exponential import expm
from ...ops.linalg.solving import solve
from ...ops.pointwise.complex import imag, real
from ...typing import Array, ArrayLike


def _cos_and_sin(a: Array) -> tuple[Array, Array]:
    ahead = expm(1j * a)
    if is_floating(a.dtype):
        return real(ahead), imag(ahead)
    back = expm(-1j * a)
    return 0.5 * (ahead + back), -0.5j * (ahead - back)


def _cosh_and_sinh(a: Array) -> tuple[Array, Array]:
    ahead, back = expm(a), expm(-a)
    return 0.5 * (ahead + back), 0.5 * (ahead - back)


@user_facing
def cosm(A: ArrayLike) -> Array:
    """The cosine of matrices, ``(expm(iA) + expm(-iA)) / 2``.

    Args:
        A: (..., n, n).

    >>> cosm([[0.0, 1.0], [0.0, 0.0]])
    array([[1., 0.],
           [0., 1.]])
    """
    return _cos_and_sin(square("cosm", A))[0]


@user_facing
def sinm(A: ArrayLike) -> Array:
    """The sine of matrices, ``(expm(iA) - expm(-iA)) / 2i``.

    Args:
        A: (..., n, n).

    >>> sinm([[0.0, 1.0], [0.0, 0.0]])
    array([[0., 1.],
           [0., 0.]])
    """
    return _cos_and_sin(square("sinm", A))[1]


@user_facing
def tanm(A: ArrayLike) -> Array:
    """The tangent of matrices, ``cosm(A)^-1 sinm(A)``.

    Args:
        A: (..., n, n).

    Raises:
        LinAlgError: a cosine has no inverse.

    >>> tanm([[0.0, 1.0], [0.0, 0.0]])
    array([[0., 1.],
           [0., 0.]])
    """
    return solve(*_cos_and_sin(square("tanm", A)))


@user_facing
def coshm(A: ArrayLike) -> Array:
    """The hyperbolic cosine of matrices, ``(expm(A) + expm(-A)) / 2``.

    Args:
        A: (..., n, n).

    >>> coshm([[0.0, 1.0], [0.0, 0.0]])
    array([[1., 0.],
           [0., 1.]])
    """
    return _cosh_and_sinh(square("coshm", A))[0]


@user_facing
def sinhm(A: ArrayLike) -> Array:
    """The hyperbolic sine of matrices, ``(expm(A) - expm(-A)) / 2``.

    Args:
        A: (..., n, n).

    >>> sinhm([[0.0, 1.0], [0.0, 0.0]])
    array([[0., 1.],
           [0., 0.]])
    """
    return _cosh_and_sinh(square("sinhm", A))[1]


@user_facing
def tanhm(A: ArrayLike) -> Array:
    """The hyperbolic tangent of matrices, ``coshm(A)^-1 sinhm(A)``.

    Args:
        A: (..., n, n).

    Raises:
        LinAlgError: a hyperbolic cosine has no inverse.

    >>> tanhm([[0.0, 1.0], [0.0, 0.0]])
    array([[0., 1.],
           [0., 0.]])
    """
    return solve(*_cosh_and_sinh(square("tanhm", A)))
