"""Fourier transforms along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tracebacks import user_facing
from ...typing import Array, ArrayLike
from ..protocol import as_operand, axis_of, is_plain, refuse
from .lengths import (
    Length,
    Norm,
    checked_length,
    conjugate,
    full_transform,
    half_transform,
    inverse_half_transform,
    norm_of,
    opposite,
)


def _lengths(n: Length) -> tuple[int | None]:
    return (None if n is None else checked_length(n),)


def _axes(x: Array, axis: int) -> tuple[int]:
    return (axis_of(axis, len(x.shape)),)


@user_facing
def fft(
    a: ArrayLike, n: Length = None, axis: int = -1, norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform along one axis.

    Args:
        a: array, real or complex.
        n: length that the axis is cut or filled with zeros to; None is its own.
        axis: the axis.
        norm: 'backward' (None), 'ortho' or 'forward': whether the inverse transform is divided by
            n, both by the square root of n, or this one by n.
        out: array for the result, on plain arrays only.

    Returns:
        The sums of a_j exp(-2 pi i j k / n), for k from 0 to n - 1.

    Raises:
        ValueError: a length below 1, or no such norm.

    >>> fft([1.0, 2.0]).real
    array([ 3., -1.])
    """
    x = as_operand(a)
    if is_plain(x):
        return np.fft.fft(x, n, axis, norm, out)
    refuse("fft", out=out)
    return full_transform(x, _axes(x, axis), _lengths(n), norm_of(norm), inverse=False)


@user_facing
def ifft(
    a: ArrayLike, n: Length = None, axis: int = -1, norm: Norm = None, out: Any = None
) -> Array:
    """Inverse discrete Fourier transform along one axis.

    Args:
        a: array, real or complex.
        n: length that the axis is cut or filled with zeros to; None is its own.
        axis: the axis.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The means of a_k exp(2 pi i j k / n), for j from 0 to n - 1.

    Raises:
        ValueError: a length below 1, or no such norm.

    >>> ifft([3.0, -1.0]).real
    array([1., 2.])
    """
    x = as_operand(a)
    if is_plain(x):
        return np.fft.ifft(x, n, axis, norm, out)
    refuse("ifft", out=out)
    return full_transform(x, _axes(x, axis), _lengths(n), norm_of(norm), inverse=True)


@user_facing
def rfft(
    a: ArrayLike, n: Length = None, axis: int = -1, norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform of real numbers along one axis, without what is redundant.

    Args:
        a: real array.
        n: length that the axis is cut or filled with zeros to; None is its own.
        axis: the axis.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The first n // 2 + 1 elements of ``fft``; the others are conjugates of these.

    Raises:
        TypeError: a is complex.
        ValueError: a length below 1, or no such norm.

    >>> rfft([1.0, 2.0, 3.0, 2.0]).real
    array([ 8., -2.,  0.])
    """
    x = as_operand(a)
    if is_plain(x):
        return np.fft.rfft(x, n, axis, norm, out)
    refuse("rfft", out=out)
    return half_transform("rfft", x, _axes(x, axis), _lengths(n), norm_of(norm))


@user_facing
def irfft(
    a: ArrayLike, n: Length = None, axis: int = -1, norm: Norm = None, out: Any = None
) -> Array:
    """Real numbers from half of their discrete Fourier transform along one axis.

    Args:
        a: array, of which the first n // 2 + 1 elements count. Imaginary parts of the first one,
            and of the last one for even n, do not count either.
        n: length of the result; None is twice the length of the axis less 2.
        axis: the axis.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The real numbers of which ``rfft`` is a.

    Raises:
        ValueError: a length below 1, or no such norm.

    >>> irfft([8.0, -2.0, 0.0])
    array([1., 2., 3., 2.])
    """
    x = as_operand(a)
    if is_plain(x):
        return np.fft.irfft(x, n, axis, norm, out)
    refuse("irfft", out=out)
    return inverse_half_transform("irfft", x, _axes(x, axis), _lengths(n), norm_of(norm))


@user_facing
def hfft(
    a: ArrayLike, n: Length = None, axis: int = -1, norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform, which is real, of a Hermitian signal that is given by half.

    Args:
        a: array, the signal from its middle on.
        n: length of the result; None is twice the length of the axis less 2.
        axis: the axis.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The real spectrum.

    Raises:
        ValueError: a length below 1, or no such norm.

    >>> hfft([1.0, 2.0, 3.0])
    array([ 8., -2.,  0., -2.])
    """
    x = as_operand(a)
    if is_plain(x):
        return np.fft.hfft(x, n, axis, norm, out)
    refuse("hfft", out=out)
    x = conjugate(x)
    return inverse_half_transform("hfft", x, _axes(x, axis), _lengths(n), opposite(norm))


@user_facing
def ihfft(
    a: ArrayLike, n: Length = None, axis: int = -1, norm: Norm = None, out: Any = None
) -> Array:
    """Half of the Hermitian signal that has a real spectrum, along one axis.

    Args:
        a: real array.
        n: length that the axis is cut or filled with zeros to; None is its own.
        axis: the axis.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The signal from its middle on, n // 2 + 1 elements.

    Raises:
        TypeError: a is complex.
        ValueError: a length below 1, or no such norm.

    >>> ihfft([8.0, -2.0, 0.0, -2.0]).real
    array([1., 2., 3.])
    """
    x = as_operand(a)
    if is_plain(x):
        return np.fft.ihfft(x, n, axis, norm, out)
    refuse("ihfft", out=out)
    return conjugate(half_transform("ihfft", x, _axes(x, axis), _lengths(n), opposite(norm)))
