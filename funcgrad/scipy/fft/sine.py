"""Discrete sine transforms of types 1 to 4.

Those of types 2 to 4 are cosine transforms in the other order, with alternating signs: the sine of
an angle is the cosine of what is left to a right angle. That of type 1 is a Fourier transform.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import like
from ...core.tracebacks import user_facing
from ...numpy import fft as fourier
from ...numpy.protocol import as_operand
from ...typing import Array, ArrayLike
from .axes import along, axes_and_sizes, checked, sized
from .cosine import scaled


@user_facing
def dst(
    x: ArrayLike,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
) -> Array:
    """The discrete sine transform along an axis.

    Args:
        x: array.
        type: 1, 2, 3 or 4.
        n: the length; a longer axis is cut, a shorter one filled with zeros.
        axis: the axis.
        norm: None or "backward" scales nothing, "forward" by the inverse's factor, and "ortho"
            makes the transform orthogonal.

    Returns:
        An array like ``x``; complex numbers are transformed in both parts.

    >>> dst(np.array([1.0, 1.0]), norm="ortho").round(6) + 0
    array([1.414214, 0.      ])
    """
    kind = checked("dst", type, norm)
    return along(sized("dst", x, n, axis), axis, lambda v: _scaled_sine(v, kind, norm, False))


@user_facing
def idst(
    x: ArrayLike,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
) -> Array:
    """The inverse of ``dst`` with the same arguments.

    >>> idst(dst(np.array([1.0, 3.0]), type=1), type=1)
    array([1., 3.])
    """
    kind = checked("idst", type, norm)
    return along(sized("idst", x, n, axis), axis, lambda v: _scaled_sine(v, kind, norm, True))


@user_facing
def dstn(
    x: ArrayLike,
    type: int = 2,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str | None = None,
) -> Array:
    """The discrete sine transform along several axes; arguments are those of ``dst``.

    Args:
        x: array.
        type: 1, 2, 3 or 4.
        s: a length for each axis.
        axes: the axes; None for all, or, with ``s``, for the last ones.
        norm: as for ``dst``.

    >>> dstn(np.ones((2, 2))).round(6) + 0
    array([[8., 0.],
           [0., 0.]])
    """
    for axis, n in axes_and_sizes("dstn", x, s, axes):
        x = dst(x, type, n, axis, norm)
    return as_operand(x)


@user_facing
def idstn(
    x: ArrayLike,
    type: int = 2,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str | None = None,
) -> Array:
    """The inverse of ``dstn`` with the same arguments.

    >>> idstn(dstn(np.ones((2, 2)))).round(6)
    array([[1., 1.],
           [1., 1.]])
    """
    for axis, n in axes_and_sizes("idstn", x, s, axes):
        x = idst(x, type, n, axis, norm)
    return as_operand(x)


def _scaled_sine(x: Array, kind: int, norm: str | None, inverse: bool) -> Array:
    if kind == 1:
        full = 2 * (x.shape[-1] + 1)
        if norm == "ortho":
            return _first(x) / np.sqrt(full).astype(x.dtype)
        return _first(x) / full if inverse == (norm != "forward") else _first(x)
    signs = np.ones(x.shape[-1], x.dtype)
    signs[1::2] = -1
    signs = like(x, signs)
    # types 2 and 3 are inverse to each other, and the order changes on the side of frequencies
    if kind == 4 or inverse == (kind == 2):
        return scaled(np.flip(x, -1), kind, norm, inverse) * signs
    return np.flip(scaled(x * signs, kind, norm, inverse), -1)


def _first(x: Array) -> Array:
    """2 sum of x_k sin(pi (j + 1) (k + 1) / (n + 1)): the transform of the odd extension."""
    zero = np.zeros_like(x[..., :1])
    extended = np.concatenate([zero, x, zero, -np.flip(x, -1)], axis=-1)
    return -fourier.rfft(extended).imag[..., 1:-1].astype(x.dtype)
