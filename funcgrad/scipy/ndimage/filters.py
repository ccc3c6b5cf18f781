"""Filters: sums of neighbouring elements with weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...errors import ShapeError
from ...numpy.protocol import as_operand, axis_of, inexact
from ...numpy.replacements import pad
from ...ops.shape import cast
from ...typing import Array, ArrayLike, DTypeLike
from ..signal import convolving
from .arguments import of_dtype, per_axis, places_of
from .smoothing import PAD
from .splines import check_mode


def _weighted(
    name: str, x: Array, w: Array, mode: str, cval: ArrayLike, origins: Sequence[int]
) -> Array:
    """Sums of elements times weights around each element, for axes of one number."""
    check_mode(name, mode)
    widths = []
    for size, origin in zip(w.shape, origins, strict=True):
        before = size // 2 + origin
        if not is_integer(origin) or not 0 <= before < max(size, 1):
            raise ValueError(
                f"{name}: origin must keep the middle inside of {size} weights, got "
                f"{describe(origin)}"
            )
        widths.append((before, size - 1 - before))
    filled = {"constant_values": cval} if PAD[mode] == "constant" else {}
    padded = pad(x, widths, PAD[mode], **filled)
    return convolving.correlate(padded, np.conj(w), "valid")


def _flipped(size: int, origin: int) -> int:
    """The origin of weights in reverse order."""
    return -origin - (1 if size % 2 == 0 else 0)


def _all_axes(
    name: str,
    input: ArrayLike,
    weights: ArrayLike,
    mode: str,
    cval: ArrayLike,
    origin: int | Sequence[int],
    axes: Sequence[int] | None,
    *,
    flip: bool,
) -> Array:
    x, w = inexact(input), as_operand(weights)
    rank = len(x.shape)
    places = places_of(name, axes, rank)
    if len(w.shape) != len(places):
        raise ShapeError(
            f"{name}: weights of shape {tuple(w.shape)} for {len(places)} axes of {aval_of(x)}"
        )
    given = dict(zip(places, per_axis(name, origin, len(places)), strict=True))
    origins = [given.get(k, 0) for k in range(rank)]
    if axes is not None:
        sizes = dict(zip(places, w.shape, strict=True))
        w = np.transpose(w, np.argsort(places).tolist())
        w = np.reshape(w, [sizes.get(k, 1) for k in range(rank)])
    w = cast(w, np.result_type(x.dtype, w.dtype) if w.dtype.kind == "c" else x.dtype)
    if flip:
        w = w[(slice(None, None, -1),) * rank]
        origins = [_flipped(n, o) for n, o in zip(w.shape, origins, strict=True)]
    return _weighted(name, x, w, mode, cval, origins)


@user_facing
def correlate(
    input: ArrayLike,
    weights: ArrayLike,
    output: DTypeLike | None = None,
    mode: str = "reflect",
    cval: ArrayLike = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: Sequence[int] | None = None,
) -> Array:
    """The sum of weights times elements around each element.

    Args:
        input: array; integers give floating-point numbers.
        weights: array of as many axes, or of as many as ``axes`` names.
        output: the dtype of the result; None for that of the computation.
        mode: what is beyond the ends: "reflect", "mirror", "nearest", "constant" or "wrap".
        cval: the value with "constant".
        origin: how far the middle of the weights is moved, for each axis or for all.
        axes: the axes that the weights belong to; None for all.

    Returns:
        An array like ``input``.

    Raises:
        ShapeError: the numbers of axes differ.

    >>> correlate(np.array([0.0, 1.0, 4.0]), np.array([-1.0, 0.0, 1.0]))
    array([1., 4., 3.])
    """
    found = _all_axes("correlate", input, weights, mode, cval, origin, axes, flip=False)
    return of_dtype("correlate", found, output)


@user_facing
def convolve(
    input: ArrayLike,
    weights: ArrayLike,
    output: DTypeLike | None = None,
    mode: str = "reflect",
    cval: ArrayLike = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: Sequence[int] | None = None,
) -> Array:
    """The sum of weights, in reverse order, times elements around each element.

    The arguments are those of ``correlate``.

    >>> convolve(np.array([0.0, 1.0, 4.0]), np.array([-1.0, 0.0, 1.0]))
    array([-1., -4., -3.])
    """
    found = _all_axes("convolve", input, weights, mode, cval, origin, axes, flip=True)
    return of_dtype("convolve", found, output)


def _one_axis(
    name: str,
    input: ArrayLike,
    weights: ArrayLike,
    axis: int,
    mode: str,
    cval: ArrayLike,
    origin: int,
    flip: bool,
) -> Array:
    x, w = inexact(input), as_operand(weights)
    if len(w.shape) != 1:
        raise ShapeError(f"{name}: weights must be a vector, got shape {tuple(w.shape)}")
    rank = len(x.shape)
    k = axis_of(axis, rank)
    w = cast(w, np.result_type(x.dtype, w.dtype) if w.dtype.kind == "c" else x.dtype)
    if flip:
        w, origin = w[::-1], _flipped(w.shape[0], origin)
    shape = [w.shape[0] if i == k else 1 for i in range(rank)]
    origins = [origin if i == k else 0 for i in range(rank)]
    return _weighted(name, x, np.reshape(w, shape), mode, cval, origins)


@user_facing
def correlate1d(
    input: ArrayLike,
    weights: ArrayLike,
    axis: int = -1,
    output: DTypeLike | None = None,
    mode: str = "reflect",
    cval: ArrayLike = 0.0,
    origin: int = 0,
) -> Array:
    """The sum of weights times elements around each element along an axis.

    Args:
        input: array; integers give floating-point numbers.
        weights: vector.
        axis: the axis.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``correlate``.
        cval: the value with "constant".
        origin: how far the middle of the weights is moved.

    Returns:
        An array like ``input``.

    >>> correlate1d(np.array([0.0, 1.0, 4.0]), np.array([-1.0, 0.0, 1.0]))
    array([1., 4., 3.])
    """
    found = _one_axis("correlate1d", input, weights, axis, mode, cval, origin, False)
    return of_dtype("correlate1d", found, output)


@user_facing
def convolve1d(
    input: ArrayLike,
    weights: ArrayLike,
    axis: int = -1,
    output: DTypeLike | None = None,
    mode: str = "reflect",
    cval: ArrayLike = 0.0,
    origin: int = 0,
) -> Array:
    """The sum of weights, in reverse order, times elements along an axis; see ``correlate1d``.

    >>> convolve1d(np.array([0.0, 1.0, 4.0]), np.array([-1.0, 0.0, 1.0]))
    array([-1., -4., -3.])
    """
    found = _one_axis("convolve1d", input, weights, axis, mode, cval, origin, True)
    return of_dtype("convolve1d", found, output)


@user_facing
def uniform_filter1d(
    input: ArrayLike,
    size: int,
    axis: int = -1,
    output: DTypeLike | None = None,
    mode: str = "reflect",
    cval: ArrayLike = 0.0,
    origin: int = 0,
) -> Array:
    """The mean of ``size`` elements around each element along an axis.

    Args:
        input: array; integers give floating-point numbers.
        size: how many elements.
        axis: the axis.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``correlate``.
        cval: the value with "constant".
        origin: how far the middle is moved.

    Returns:
        An array like ``input``.

    >>> uniform_filter1d(np.array([0.0, 3.0, 6.0]), 3)
    array([1., 3., 5.])
    """
    if not is_integer(size) or size < 1:
        raise ValueError(f"uniform_filter1d: size must be a positive int, got {describe(size)}")
    x = inexact(input)
    weights = np.full(int(size), 1 / size, x.real.dtype)
    found = _one_axis("uniform_filter1d", x, weights, axis, mode, cval, origin, False)
    return of_dtype("uniform_filter1d", found, output)


@user_facing
def uniform_filter(
    input: ArrayLike,
    size: int | Sequence[int] = 3,
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
    origin: int | Sequence[int] = 0,
    *,
    axes: Sequence[int] | None = None,
) -> Array:
    """The mean of the elements around each element.

    Args:
        input: array; integers give floating-point numbers.
        size: how many elements, for each axis or for all.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``correlate``, for each axis or for all.
        cval: the value with "constant".
        origin: how far the middle is moved, for each axis or for all.
        axes: the axes; None for all.

    Returns:
        An array like ``input``.

    >>> uniform_filter(np.eye(3) * 9).round(6)
    array([[5., 3., 1.],
           [3., 3., 3.],
           [1., 3., 5.]])
    """
    x = inexact(input)
    places = places_of("uniform_filter", axes, len(x.shape))
    columns = [per_axis("uniform_filter", v, len(places)) for v in (size, mode, origin)]
    for axis, n, m, o in zip(places, *columns, strict=True):
        x = uniform_filter1d(x, n, axis, None, m, cval, o)
    return of_dtype("uniform_filter", x, output)


def _edges(
    name: str, input: ArrayLike, axis: int, mode: Any, cval: ArrayLike, smooth: list[float]
) -> Array:
    """A difference along an axis, and weights along the others."""
    x = inexact(input)
    rank = len(x.shape)
    k = axis_of(axis, rank)
    modes = per_axis(name, mode, rank)
    out = correlate1d(x, np.array([-1.0, 0.0, 1.0]), k, None, modes[k], cval)
    for other in range(rank):
        if other != k:
            out = correlate1d(out, np.array(smooth), other, None, modes[other], cval)
    return out


@user_facing
def sobel(
    input: ArrayLike,
    axis: int = -1,
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
) -> Array:
    """Sobel's filter: differences along an axis, and weights 1, 2, 1 along the others.

    Args:
        input: array; integers give floating-point numbers.
        axis: the axis.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``correlate``, for each axis or for all.
        cval: the value with "constant".

    Returns:
        An array like ``input``.

    >>> sobel(np.array([0.0, 1.0, 4.0]))
    array([1., 4., 3.])
    """
    return of_dtype("sobel", _edges("sobel", input, axis, mode, cval, [1.0, 2.0, 1.0]), output)


@user_facing
def prewitt(
    input: ArrayLike,
    axis: int = -1,
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
) -> Array:
    """Prewitt's filter: differences along an axis, and sums along the others; see ``sobel``.

    >>> prewitt(np.array([0.0, 1.0, 4.0]))
    array([1., 4., 3.])
    """
    found = _edges("prewitt", input, axis, mode, cval, [1.0, 1.0, 1.0])
    return of_dtype("prewitt", found, output)


@user_facing
def laplace(
    input: ArrayLike,
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
    *,
    axes: Sequence[int] | None = None,
) -> Array:
    """The sum of second differences along all axes.

    Args:
        input: array; integers give floating-point numbers.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``correlate``, for each axis or for all.
        cval: the value with "constant".
        axes: the axes; None for all.

    Returns:
        An array like ``input``.

    >>> laplace(np.array([0.0, 1.0, 4.0]))
    array([ 1.,  2., -3.])
    """
    x = inexact(input)
    places = places_of("laplace", axes, len(x.shape))
    modes = per_axis("laplace", mode, len(places))
    weights = np.array([1.0, -2.0, 1.0])
    pairs = zip(places, modes, strict=True)
    parts = [correlate1d(x, weights, k, None, m, cval) for k, m in pairs]
    return of_dtype("laplace", sum(parts[1:], parts[0]) if parts else x, output)
