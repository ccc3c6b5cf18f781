"""Arrays of numbers as NumPy makes them, on the default device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import arrays, tree
from ..arrays import Device
from ..context import current
from ..core.tracebacks import user_facing
from ..typing import Array, ArrayLike, DTypeLike

_numpy: Any = np
"""Without the types of its overloads, which differ from version to version."""


def _placed(made: Any, device: Device | None) -> Any:
    """What NumPy has made, on a device, the default one if none is given."""
    if device is None and current().device is None:
        return made
    return tree.map(lambda x: arrays.moved(x, device), made)


@user_facing
def bartlett(M: int, *, device: Device | None = None) -> Array:
    """A triangle whose ends are 0, as ``numpy.bartlett``.

    Args:
        M: number of points.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> bartlett(3)
    array([0., 1., 0.])
    """
    return _placed(_numpy.bartlett(M), device)


@user_facing
def blackman(M: int, *, device: Device | None = None) -> Array:
    """The Blackman window, as ``numpy.blackman``.

    Args:
        M: number of points.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> blackman(3).round(3)
    array([-0.,  1., -0.])
    """
    return _placed(_numpy.blackman(M), device)


@user_facing
def hamming(M: int, *, device: Device | None = None) -> Array:
    """The Hamming window, as ``numpy.hamming``.

    Args:
        M: number of points.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> hamming(3)
    array([0.08, 1.  , 0.08])
    """
    return _placed(_numpy.hamming(M), device)


@user_facing
def hanning(M: int, *, device: Device | None = None) -> Array:
    """The Hann window, as ``numpy.hanning``.

    Args:
        M: number of points.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> hanning(3)
    array([0., 1., 0.])
    """
    return _placed(_numpy.hanning(M), device)


@user_facing
def kaiser(M: int, beta: float, *, device: Device | None = None) -> Array:
    """The Kaiser window, as ``numpy.kaiser``.

    Args:
        M: number of points.
        beta: its shape.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> kaiser(3, 0.0)
    array([1., 1., 1.])
    """
    return _placed(_numpy.kaiser(M, beta), device)


@user_facing
def diag_indices(n: int, ndim: int = 2, *, device: Device | None = None) -> tuple[Array, ...]:
    """The places of the main diagonal, as ``numpy.diag_indices``.

    Args:
        n: size of each axis.
        ndim: number of axes.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> diag_indices(2)
    (array([0, 1]), array([0, 1]))
    """
    return _placed(_numpy.diag_indices(n, ndim), device)


@user_facing
def indices(
    dimensions: Sequence[int],
    dtype: DTypeLike = int,
    sparse: bool = False,
    *,
    device: Device | None = None,
) -> Any:
    """The numbers of all places along each axis, as ``numpy.indices``.

    Args:
        dimensions: shape of the array that they are places of.
        dtype: dtype of the numbers.
        sparse: axes of one where numbers repeat, as a tuple of arrays.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> indices((2,))
    array([[0, 1]])
    """
    return _placed(_numpy.indices(dimensions, dtype, sparse), device)


@user_facing
def tril_indices(
    n: int, k: int = 0, m: int | None = None, *, device: Device | None = None
) -> tuple[Array, Array]:
    """The places at and below a diagonal, as ``numpy.tril_indices``.

    Args:
        n: number of rows.
        k: the diagonal.
        m: number of columns; None is n.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> tril_indices(2)
    (array([0, 1, 1]), array([0, 0, 1]))
    """
    return _placed(_numpy.tril_indices(n, k, m), device)


@user_facing
def triu_indices(
    n: int, k: int = 0, m: int | None = None, *, device: Device | None = None
) -> tuple[Array, Array]:
    """The places at and above a diagonal, as ``numpy.triu_indices``.

    Args:
        n: number of rows.
        k: the diagonal.
        m: number of columns; None is n.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> triu_indices(2)
    (array([0, 0, 1]), array([0, 1, 1]))
    """
    return _placed(_numpy.triu_indices(n, k, m), device)


@user_facing
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
    *,
    device: Device | None = None,
) -> Any:
    """Numbers at equal distances along a new axis, as ``numpy.linspace``.

    Args:
        start: the first, an array or number, which may be traced.
        stop: the last, or the one after that.
        num: how many.
        endpoint: whether stop is among them.
        retstep: return the distance as well.
        dtype: their dtype.
        axis: where the new axis is.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> linspace(0, 1, 3)
    array([0. , 0.5, 1. ])
    """
    return _placed(_numpy.linspace(start, stop, num, endpoint, retstep, dtype, axis), device)


@user_facing
def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: ArrayLike = 10.0,
    dtype: DTypeLike | None = None,
    axis: int = 0,
    *,
    device: Device | None = None,
) -> Array:
    """Powers of a base whose exponents have equal distances, as ``numpy.logspace``.

    Args:
        start: the first exponent, an array or number, which may be traced.
        stop: the last, or the one after that.
        num: how many.
        endpoint: whether stop is among them.
        base: the base.
        dtype: their dtype.
        axis: where the new axis is.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> logspace(0, 2, 3)
    array([  1.,  10., 100.])
    """
    return _placed(_numpy.logspace(start, stop, num, endpoint, base, dtype, axis), device)


@user_facing
def geomspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: DTypeLike | None = None,
    axis: int = 0,
    *,
    device: Device | None = None,
) -> Array:
    """Numbers with equal ratios along a new axis, as ``numpy.geomspace``.

    Args:
        start: the first, an array or number, which may be traced.
        stop: the last, or the one after that.
        num: how many.
        endpoint: whether stop is among them.
        dtype: their dtype.
        axis: where the new axis is.
        device: 'cpu', 'gpu', 'gpu:1' or a CuPy device; None is the default device.

    >>> geomspace(1, 100, 3)
    array([  1.,  10., 100.])
    """
    return _placed(_numpy.geomspace(start, stop, num, endpoint, dtype, axis), device)
