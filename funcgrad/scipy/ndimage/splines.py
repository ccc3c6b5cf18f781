"""Coefficients of splines through the elements of an array."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...numpy import fft as fourier
from ...numpy.protocol import axis_of, inexact
from ...ops.shape import cast
from ...typing import Array, ArrayLike, DTypeLike
from .arguments import of_dtype

MODES = (
    "reflect", "grid-mirror", "constant", "grid-constant", "nearest", "mirror", "grid-wrap", "wrap",
)  # fmt: skip
"""SciPy's names of what is beyond the ends."""


def check_mode(name: str, mode: Any) -> None:
    """Refuse what is no mode."""
    if not isinstance(mode, str) or mode not in MODES:
        raise ValueError(
            f"{name}: mode must be one of {', '.join(map(repr, MODES))}, got {describe(mode)}"
        )


def check_order(name: str, order: Any, least: int = 0) -> int:
    """The order of splines, from 0 to 5."""
    if not is_integer(order) or not least <= order <= 5:
        raise ValueError(
            f"{name}: order must be a whole number from {least} to 5, got {describe(order)}"
        )
    return int(order)


def weights(share: Any, order: int) -> list[Any]:
    """The B-splines that are not 0 between two knots, at a share of the way, from the first on.

    By the recurrence of Cox and de Boor for knots at distances of 1.
    """
    found: list[Any] = [1]
    for k in range(1, order + 1):
        saved: Any = 0
        following = []
        for r, w in enumerate(found):
            part = w / k
            following.append(saved + (r + 1 - share) * part)
            saved = (share + (k - 1 - r)) * part
        found = [*following, saved]
    return found


def _samples(order: int) -> list[float]:
    """The B-spline at 0, 1, ..., as far as it is not 0: whole numbers are its knots or middles."""
    share = Fraction(1, 2) if order % 2 == 0 else Fraction(0)
    found = [w for w in weights(share, order) if w]
    return [float(w) for w in found[len(found) // 2 :]]


def coefficients(x: Array, order: int, axis: int, mode: str) -> Array:
    """The coefficients along an axis of the spline through elements.

    The B-spline's samples are divided out of the Fourier transform of the array and its
    continuation, which repeats (Unser, Aldroubi and Eden, B-spline signal processing, 1993).
    """
    n = x.shape[axis]
    if order < 2 or n < 2:
        return x
    x = np.moveaxis(x, axis, -1)
    if mode == "grid-wrap":
        extended = x
    elif mode in ("reflect", "grid-mirror", "nearest"):
        extended = np.concatenate([x, x[..., ::-1]], axis=-1)
    else:
        extended = np.concatenate([x, x[..., -2:0:-1]], axis=-1)
    period = extended.shape[-1]
    middle, *others = _samples(order)
    angles = 2 * np.pi * np.arange(period) / period
    transfer = middle + sum(2 * b * np.cos((k + 1) * angles) for k, b in enumerate(others))
    transfer = like(x, transfer)
    if x.dtype.kind == "c":
        found = fourier.ifft(fourier.fft(extended) / transfer)
    else:
        half = transfer[: period // 2 + 1]
        found = fourier.irfft(fourier.rfft(extended) / half, n=period)
    return np.moveaxis(cast(found[..., :n], x.dtype), -1, axis)


@user_facing
def spline_filter1d(
    input: ArrayLike,
    order: int = 3,
    axis: int = -1,
    output: DTypeLike | None = None,
    mode: str = "mirror",
) -> Array:
    """The coefficients of the spline through elements, along an axis.

    Args:
        input: array.
        order: of the spline, from 0 to 5.
        axis: the axis.
        output: the dtype of the result; None for that of the computation.
        mode: what is beyond the ends, as for ``map_coordinates``.

    Returns:
        An array like ``input``.

    >>> spline_filter1d(np.array([0.0, 1.0, 0.0])).round(6)
    array([-1.,  2., -1.])
    """
    x = inexact(input)
    check_mode("spline_filter1d", mode)
    degree = check_order("spline_filter1d", order)
    found = coefficients(x, degree, axis_of(axis, len(x.shape)), mode)
    return of_dtype("spline_filter1d", found, output)


@user_facing
def spline_filter(
    input: ArrayLike, order: int = 3, output: DTypeLike | None = None, mode: str = "mirror"
) -> Array:
    """The coefficients of the spline through elements, along all axes.

    Args:
        input: array.
        order: of the spline, from 2 to 5.
        output: the dtype of the result; None for that of the computation.
        mode: what is beyond the ends, as for ``map_coordinates``.

    Returns:
        An array like ``input``.

    >>> spline_filter(np.array([0.0, 1.0, 0.0])).round(6)
    array([-1.,  2., -1.])
    """
    x = inexact(input)
    check_mode("spline_filter", mode)
    degree = check_order("spline_filter", order, 2)
    for axis in range(len(x.shape)):
        x = coefficients(x, degree, axis, mode)
    return of_dtype("spline_filter", x, output)
