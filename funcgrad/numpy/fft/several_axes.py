"""Fourier transforms along several axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ...core.tracebacks import user_facing
from ...typing import Array, ArrayLike
from ..protocol import as_operand, is_plain, refuse
from .lengths import (
    Lengths,
    Norm,
    axes_and_lengths,
    full_transform,
    half_transform,
    inverse_half_transform,
    norm_of,
)

Axes: TypeAlias = Sequence[int] | None
"""Axes of a transform; None are all of them, or the last ones that there are lengths for."""


def _full(
    name: str, a: ArrayLike, s: Lengths, axes: Axes, norm: Norm, out: Any, *, inverse: bool
) -> Array:
    x = as_operand(a)
    if is_plain(x):
        return getattr(np.fft, name)(x, s, axes, norm, out)
    refuse(name, out=out)
    places, lengths = axes_and_lengths(x, s, axes)
    return full_transform(x, places, lengths, norm_of(norm), inverse=inverse) if places else x


def _half(
    name: str, a: ArrayLike, s: Lengths, axes: Axes, norm: Norm, out: Any, *, inverse: bool
) -> Array:
    x = as_operand(a)
    if is_plain(x):
        return getattr(np.fft, name)(x, s, axes, norm, out)
    refuse(name, out=out)
    places, lengths = axes_and_lengths(x, s, axes)
    run = inverse_half_transform if inverse else half_transform
    return run(name, x, places, lengths, norm_of(norm))


@user_facing
def fft2(
    a: ArrayLike, s: Lengths = None, axes: Axes = (-2, -1), norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform along two axes.

    Args:
        a: array, real or complex.
        s: lengths that the axes are cut or filled with zeros to.
        axes: the axes, the last two by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The spectrum, with axes of these lengths.

    Raises:
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> fft2([[1.0, 0.0], [0.0, 0.0]]).real
    array([[1., 1.],
           [1., 1.]])
    """
    return _full("fft2", a, s, axes, norm, out, inverse=False)


@user_facing
def ifft2(
    a: ArrayLike, s: Lengths = None, axes: Axes = (-2, -1), norm: Norm = None, out: Any = None
) -> Array:
    """Inverse discrete Fourier transform along two axes.

    Args:
        a: array, real or complex.
        s: lengths that the axes are cut or filled with zeros to.
        axes: the axes, the last two by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The array of which ``fft2`` is a.

    Raises:
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> ifft2([[1.0, 1.0], [1.0, 1.0]]).real
    array([[1., 0.],
           [0., 0.]])
    """
    return _full("ifft2", a, s, axes, norm, out, inverse=True)


@user_facing
def fftn(
    a: ArrayLike, s: Lengths = None, axes: Axes = None, norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform along several axes.

    Args:
        a: array, real or complex.
        s: lengths that the axes are cut or filled with zeros to.
        axes: the axes, all by default; one that is given twice is transformed twice.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The spectrum, with axes of these lengths.

    Raises:
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> fftn(np.ones((2, 2, 2)))[0, 0, 0]
    np.complex128(8+0j)
    """
    return _full("fftn", a, s, axes, norm, out, inverse=False)


@user_facing
def ifftn(
    a: ArrayLike, s: Lengths = None, axes: Axes = None, norm: Norm = None, out: Any = None
) -> Array:
    """Inverse discrete Fourier transform along several axes.

    Args:
        a: array, real or complex.
        s: lengths that the axes are cut or filled with zeros to.
        axes: the axes, all by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The array of which ``fftn`` is a.

    Raises:
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> ifftn(np.ones((2, 2)))[0, 0]
    np.complex128(1+0j)
    """
    return _full("ifftn", a, s, axes, norm, out, inverse=True)


@user_facing
def rfft2(
    a: ArrayLike, s: Lengths = None, axes: Axes = (-2, -1), norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform of real numbers along two axes, half of it along the last one.

    Args:
        a: real array.
        s: lengths that the axes are cut or filled with zeros to.
        axes: the axes, the last two by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The spectrum, of which the last axis has n // 2 + 1 elements.

    Raises:
        TypeError: a is complex.
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> rfft2(np.ones((2, 4))).real
    array([[8., 0., 0.],
           [0., 0., 0.]])
    """
    return _half("rfft2", a, s, axes, norm, out, inverse=False)


@user_facing
def irfft2(
    a: ArrayLike, s: Lengths = None, axes: Axes = (-2, -1), norm: Norm = None, out: Any = None
) -> Array:
    """Real numbers from half of their discrete Fourier transform along two axes.

    Args:
        a: array.
        s: lengths of the result; by default twice the length less 2 along the last axis.
        axes: the axes, the last two by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The real numbers of which ``rfft2`` is a.

    Raises:
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> irfft2([[8.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    array([[1., 1., 1., 1.],
           [1., 1., 1., 1.]])
    """
    return _half("irfft2", a, s, axes, norm, out, inverse=True)


@user_facing
def rfftn(
    a: ArrayLike, s: Lengths = None, axes: Axes = None, norm: Norm = None, out: Any = None
) -> Array:
    """Discrete Fourier transform of real numbers along several axes, half of it along the last.

    Args:
        a: real array.
        s: lengths that the axes are cut or filled with zeros to.
        axes: the axes, all by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The spectrum, of which the last of the axes has n // 2 + 1 elements.

    Raises:
        TypeError: a is complex.
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> rfftn(np.ones((2, 3, 4))).shape
    (2, 3, 3)
    """
    return _half("rfftn", a, s, axes, norm, out, inverse=False)


@user_facing
def irfftn(
    a: ArrayLike, s: Lengths = None, axes: Axes = None, norm: Norm = None, out: Any = None
) -> Array:
    """Real numbers from half of their discrete Fourier transform along several axes.

    Args:
        a: array.
        s: lengths of the result; by default twice the length less 2 along the last of the axes.
        axes: the axes, all by default.
        norm: as of ``fft``.
        out: array for the result, on plain arrays only.

    Returns:
        The real numbers of which ``rfftn`` is a.

    Raises:
        ValueError: a length below 1, no such norm, or another number of axes than of lengths.

    >>> irfftn(np.ones((2, 3, 3))).shape
    (2, 3, 4)
    """
    return _half("irfftn", a, s, axes, norm, out, inverse=True)
