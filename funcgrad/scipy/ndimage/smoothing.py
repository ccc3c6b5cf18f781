"""Filters with Gaussian weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import like
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...numpy.protocol import as_operand, axis_of, inexact
from ...numpy.replacements import pad
from ...ops.shape import cast
from ...typing import Array, ArrayLike, DTypeLike
from ..signal.convolving import correlate
from .arguments import of_dtype

PAD = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge",
    "constant": "constant", "grid-constant": "constant", "wrap": "wrap", "grid-wrap": "wrap",
}  # fmt: skip
"""SciPy's names of what is beyond the ends, and NumPy's."""


@user_facing
def gaussian_filter1d(
    input: ArrayLike,
    sigma: ArrayLike,
    axis: int = -1,
    order: int = 0,
    output: DTypeLike | None = None,
    mode: str = "reflect",
    cval: ArrayLike = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | None = None,
) -> Array:
    """An array averaged along an axis with the weights of a normal distribution.

    Args:
        input: array; integers give floating-point numbers.
        sigma: standard deviation, in elements; it may be traced where ``radius`` is given.
        axis: the axis.
        order: which derivative of the weights; 0 for themselves.
        output: the dtype of the result; None for that of the computation.
        mode: what is beyond the ends: "reflect", "mirror", "nearest", "constant" or "wrap".
        cval: the value with "constant".
        truncate: at how many standard deviations the weights end.
        radius: at how many elements they end.

    Returns:
        An array like ``input``.

    >>> gaussian_filter1d(np.array([0.0, 0.0, 1.0, 0.0, 0.0]), 1.0, radius=1).round(3)
    array([0.   , 0.274, 0.452, 0.274, 0.   ])
    """
    x = inexact(input)
    if mode not in PAD:
        raise ValueError(
            f"gaussian_filter1d: mode must be one of {', '.join(map(repr, PAD))}, got "
            f"{describe(mode)}"
        )
    if not is_integer(order) or order < 0:
        raise ValueError(
            f"gaussian_filter1d: order must be a non-negative int, got {describe(order)}"
        )
    k = axis_of(axis, len(x.shape))
    if radius is None:
        if isinstance(sigma, Tracer):
            raise ValueError("gaussian_filter1d: a traced sigma needs radius=, where weights end")
        radius = int(truncate * float(sigma) + 0.5)  # type: ignore[arg-type]
    elif not is_integer(radius) or radius < 0:
        raise ValueError(
            f"gaussian_filter1d: radius must be a non-negative int, got {describe(radius)}"
        )
    width = cast(as_operand(sigma), np.dtype(np.float64))
    places = like(width, np.arange(-radius, radius + 1))
    weights = np.exp(-0.5 * (places / width) ** 2)
    weights = weights / np.sum(weights)
    if order:
        weights = weights * _hermite(places / width, int(order)) / width**order
    shape = [1] * len(x.shape)
    shape[k] = 2 * radius + 1
    widths = [(radius, radius) if i == k else (0, 0) for i in range(len(x.shape))]
    filled = {"constant_values": cval} if PAD[mode] == "constant" else {}
    padded = pad(x, widths, PAD[mode], **filled)
    found = correlate(padded, cast(weights, x.dtype).reshape(shape), "valid")
    return of_dtype("gaussian_filter1d", found, output)


def _hermite(t: Array, order: int) -> Array:
    """Hermite's polynomial, by which derivatives of exp(-t**2 / 2) differ from it (DLMF 18.9.1)."""
    before, here = 0 * t, 0 * t + 1
    for k in range(order):
        before, here = here, t * here - k * before
    return here


@user_facing
def gaussian_filter(
    input: ArrayLike,
    sigma: ArrayLike | Sequence[ArrayLike],
    order: int | Sequence[int] = 0,
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
    truncate: float = 4.0,
    *,
    radius: int | Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
) -> Array:
    """An array averaged along several axes with the weights of a normal distribution.

    Args:
        input: array.
        sigma: standard deviation, one or one for each axis, as a sequence or a vector.
        order: as for ``gaussian_filter1d``, one or one for each axis.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``gaussian_filter1d``, one or one for each axis.
        cval: the value with "constant".
        truncate: at how many standard deviations the weights end.
        radius: at how many elements they end, one or one for each axis.
        axes: the axes; None for all.

    Returns:
        An array like ``input``.

    >>> gaussian_filter(np.eye(3), 0.5).round(2)
    array([[0.81, 0.18, 0.01],
           [0.18, 0.64, 0.18],
           [0.01, 0.18, 0.81]])
    """
    x = inexact(input)
    rank = len(x.shape)
    places = [axis_of(a, rank) for a in (range(rank) if axes is None else axes)]
    columns = []
    names = ("sigma", "order", "mode", "radius")
    for name, given in zip(names, (sigma, order, mode, radius), strict=True):
        one = not isinstance(given, tuple | list) and not getattr(given, "shape", ())
        values = [given] * len(places) if one else list(given)  # type: ignore[arg-type]
        if len(values) != len(places):
            raise ShapeError(
                f"gaussian_filter: {len(values)} values of {name} for {len(places)} axes"
            )
        columns.append(values)
    for axis, s, o, m, r in zip(places, *columns, strict=True):
        if not isinstance(s, Tracer) and not float(s) > 1e-15:
            continue
        x = gaussian_filter1d(x, s, axis, o, None, m, cval, truncate, radius=r)
    return of_dtype("gaussian_filter", x, output)
