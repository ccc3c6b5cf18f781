"""Discrete cosine transforms of types 1 to 4, by Fourier transforms.

Makhoul, "A fast cosine transform in one and two dimensions", 1980: the transform of type 2 of n
numbers is a Fourier transform of n numbers in another order, that of type 3 its inverse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import like
from ...core.dtypes import result_type
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy import fft as fourier
from ...numpy.protocol import as_operand
from ...typing import Array, ArrayLike
from .axes import along, axes_and_sizes, checked, sized


@user_facing
def dct(
    x: ArrayLike,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
) -> Array:
    """The discrete cosine transform along an axis.

    Args:
        x: array.
        type: 1, 2, 3 or 4.
        n: the length; a longer axis is cut, a shorter one filled with zeros.
        axis: the axis.
        norm: None or "backward" scales nothing, "forward" by the inverse's factor, and "ortho"
            makes the transform orthogonal (that of type 1, too, as in SciPy).

    Returns:
        An array like ``x``; complex numbers are transformed in both parts.

    >>> dct(np.array([1.0, 1.0]), norm="ortho").round(6)
    array([1.414214, 0.      ])
    """
    kind = checked("dct", type, norm)
    return along(sized("dct", x, n, axis), axis, lambda v: scaled(v, kind, norm, False))


@user_facing
def idct(
    x: ArrayLike,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
) -> Array:
    """The inverse of ``dct`` with the same arguments.

    >>> idct(dct(np.array([1.0, 3.0]), type=1), type=1)
    array([1., 3.])
    """
    kind = checked("idct", type, norm)
    return along(sized("idct", x, n, axis), axis, lambda v: scaled(v, kind, norm, True))


@user_facing
def dctn(
    x: ArrayLike,
    type: int = 2,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str | None = None,
) -> Array:
    """The discrete cosine transform along several axes; arguments are those of ``dct``.

    Args:
        x: array.
        type: 1, 2, 3 or 4.
        s: a length for each axis.
        axes: the axes; None for all, or, with ``s``, for the last ones.
        norm: as for ``dct``.

    >>> dctn(np.ones((2, 2)))
    array([[16.,  0.],
           [ 0.,  0.]])
    """
    for axis, n in axes_and_sizes("dctn", x, s, axes):
        x = dct(x, type, n, axis, norm)
    return as_operand(x)


@user_facing
def idctn(
    x: ArrayLike,
    type: int = 2,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: str | None = None,
) -> Array:
    """The inverse of ``dctn`` with the same arguments.

    >>> idctn(dctn(np.ones((2, 2))))
    array([[1., 1.],
           [1., 1.]])
    """
    for axis, n in axes_and_sizes("idctn", x, s, axes):
        x = idct(x, type, n, axis, norm)
    return as_operand(x)


# --- transforms along the last axis of real arrays -----------------------------------------------


def scaled(x: Array, kind: int, norm: str | None, inverse: bool) -> Array:
    """A transform or its inverse: types 2 and 3 are inverse to each other, others to themselves."""
    n = x.shape[-1]
    if kind == 1 and n < 2:
        raise ShapeError("dct: a transform of type 1 needs at least two numbers")
    full = 2 * (n - 1) if kind == 1 else 2 * n
    if norm == "ortho":
        return _orthogonal(x, {2: 3, 3: 2}.get(kind, kind) if inverse else kind, full)
    out = _TRANSFORMS[{2: 3, 3: 2}.get(kind, kind) if inverse else kind](x)
    return out / full if inverse == (norm != "forward") else out


def _orthogonal(x: Array, kind: int, full: int) -> Array:
    ends = np.ones(x.shape[-1], x.dtype)
    root = np.sqrt(2.0)
    if kind == 1:
        ends[0] = ends[-1] = root
        ends = like(x, ends)
        return _TRANSFORMS[1](x * ends) / ends / np.sqrt(full).astype(x.dtype)
    ends[0] = root
    ends = like(x, ends)
    if kind == 2:
        return _TRANSFORMS[2](x) / ends / np.sqrt(full).astype(x.dtype)
    if kind == 3:
        return _TRANSFORMS[3](x * ends) / np.sqrt(full).astype(x.dtype)
    return _TRANSFORMS[4](x) / np.sqrt(full).astype(x.dtype)


def _first(x: Array) -> Array:
    """2 sum of x_k cos(pi j k / (n - 1)), the ends once: the transform of the even extension."""
    mirrored = np.concatenate([x, np.flip(x[..., 1:-1], -1)], axis=-1)
    return fourier.rfft(mirrored).real.astype(x.dtype)


def _turns(n: int, dtype: np.dtype) -> Array:
    """exp(-i pi k / (2 n))."""
    return np.exp(-0.5j * np.pi * np.arange(n) / n).astype(result_type(dtype, np.complex64))


def _order(n: int) -> Array:
    """Even places in order, then odd ones backwards."""
    return np.concatenate([np.arange(0, n, 2), np.arange(1, n, 2)[::-1]])


def _second(x: Array) -> Array:
    n = x.shape[-1]
    reordered = x[..., like(x, _order(n))]
    return 2 * (fourier.fft(reordered) * like(x, _turns(n, x.dtype))).real.astype(x.dtype)


def _third(x: Array) -> Array:
    n = x.shape[-1]
    ends = np.ones(n, x.dtype)
    ends[0] = 0.5
    spectrum = x * like(x, ends * _turns(n, x.dtype).conj())
    places = np.argsort(_order(n))
    return (2 * n * fourier.ifft(spectrum).real.astype(x.dtype))[..., like(x, places)]


def _fourth(x: Array) -> Array:
    """2 sum of x_k cos(pi (2 j + 1) (2 k + 1) / (4 n)), by a Fourier transform of length 2 n."""
    n = x.shape[-1]
    k = np.arange(n)
    dtype = result_type(x.dtype, np.complex64)
    before = like(x, np.exp(-0.5j * np.pi * k / n).astype(dtype))
    after = like(x, np.exp(-0.25j * np.pi * (2 * k + 1) / n).astype(dtype))
    return 2 * (fourier.fft(x * before, 2 * n)[..., :n] * after).real.astype(x.dtype)


_TRANSFORMS = {1: _first, 2: _second, 3: _third, 4: _fourth}
