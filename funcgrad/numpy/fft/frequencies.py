"""The frequencies of spectra, and spectra with the frequency 0 in the middle."""

from __future__ import annotations

import operator

import numpy as np

from ...arrays import Device, like, moved
from ...core.tracebacks import user_facing
from ...ops.shape import cast
from ...typing import Array, ArrayLike, Axes, DTypeLike
from ..protocol import as_operand, axes_of, is_plain
from ..shapes.shaping import roll


def _number_of_points(name: str, n: int) -> int:
    try:
        n = operator.index(n)
    except TypeError:
        raise ValueError(f"{name}: n must be an integer, got {n!r}") from None
    if n < 1:
        raise ValueError(f"{name}: n must be positive, got {n}")
    return n


def _spaced(
    counts: Array, n: int, d: ArrayLike, dtype: DTypeLike | None, device: Device | None
) -> Array:
    d = as_operand(d)
    found = like(d, moved(counts, device)) * (1.0 / (n * d))
    return found if dtype is None else cast(found, np.dtype(dtype))


@user_facing
def fftfreq(
    n: int,
    d: ArrayLike = 1.0,
    device: Device | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Array:
    """Frequencies of the elements of ``fft``, in cycles for each unit of ``d``.

    Args:
        n: number of points.
        d: distance of points, which may be traced.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.
        dtype: dtype of the result.

    Returns:
        n frequencies: 0 and the positive ones, then the negative ones.

    Raises:
        ValueError: n is not a positive integer.

    >>> fftfreq(4, 0.5)
    array([ 0. ,  0.5, -1. , -0.5])
    """
    n = _number_of_points("fftfreq", n)
    positive = (n + 1) // 2
    counts = np.concatenate([np.arange(positive), np.arange(positive - n, 0)])
    return _spaced(counts, n, d, dtype, device)


@user_facing
def rfftfreq(
    n: int,
    d: ArrayLike = 1.0,
    device: Device | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Array:
    """Frequencies of the elements of ``rfft``, in cycles for each unit of ``d``.

    Args:
        n: number of points.
        d: distance of points, which may be traced.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.
        dtype: dtype of the result.

    Returns:
        n // 2 + 1 frequencies from 0 on.

    Raises:
        ValueError: n is not a positive integer.

    >>> rfftfreq(4, 0.5)
    array([0. , 0.5, 1. ])
    """
    n = _number_of_points("rfftfreq", n)
    return _spaced(np.arange(n // 2 + 1), n, d, dtype, device)


def _turned(x: ArrayLike, axes: Axes, *, back: bool) -> Array:
    x = as_operand(x)
    if is_plain(x):
        return (np.fft.ifftshift if back else np.fft.fftshift)(x, axes)
    places = axes_of(axes, len(x.shape))
    middles = [x.shape[axis] // 2 for axis in places]
    return roll(x, [-m for m in middles] if back else middles, places) if places else x


@user_facing
def fftshift(x: ArrayLike, axes: Axes = None) -> Array:
    """A spectrum with the frequency 0 moved to the middle.

    Args:
        x: array.
        axes: axes to do so along; None are all.

    Returns:
        The array, rolled by half of the length of each axis.

    >>> fftshift(np.array([0, 1, -2, -1]))
    array([-2, -1,  0,  1])
    """
    return _turned(x, axes, back=False)


@user_facing
def ifftshift(x: ArrayLike, axes: Axes = None) -> Array:
    """A spectrum with the frequency 0 moved from the middle to the front: undoes ``fftshift``.

    Args:
        x: array.
        axes: axes to do so along; None are all.

    Returns:
        The array, rolled back by half of the length of each axis.

    >>> ifftshift(np.array([-2, -1, 0, 1]))
    array([ 0,  1, -2, -1])
    """
    return _turned(x, axes, back=True)
