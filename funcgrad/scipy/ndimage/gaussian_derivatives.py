"""Derivatives of arrays that are smoothed by Gaussian weights, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.tracebacks import user_facing
from ...numpy.protocol import inexact
from ...typing import Array, ArrayLike, DTypeLike
from .arguments import of_dtype, per_axis, places_of
from .smoothing import gaussian_filter


def _gaussian_parts(
    name: str,
    x: Array,
    sigma: ArrayLike | Sequence[ArrayLike],
    order: int,
    mode: Any,
    cval: ArrayLike,
    axes: Sequence[int] | None,
    options: dict[str, Any],
) -> list[Array]:
    """The derivatives of this order along each of the axes of the smoothed array.

    The mode of an axis is, as in SciPy, that of all axes for the derivative along it.
    """
    places = places_of(name, axes, len(x.shape))
    modes = per_axis(name, mode, len(places))
    parts = []
    for k, m in enumerate(modes):
        orders = [order if i == k else 0 for i in range(len(places))]
        parts.append(gaussian_filter(x, sigma, orders, None, m, cval, axes=places, **options))
    return parts


@user_facing
def gaussian_laplace(
    input: ArrayLike,
    sigma: ArrayLike | Sequence[ArrayLike],
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
    *,
    axes: Sequence[int] | None = None,
    **kwargs: Any,
) -> Array:
    """The sum of second derivatives along all axes of an array that is smoothed.

    Args:
        input: array; integers give floating-point numbers.
        sigma: as for ``gaussian_filter``.
        output: the dtype of the result; None for that of the computation.
        mode: as for ``gaussian_filter``; of several, each is that of the derivative along its axis.
        cval: the value with "constant".
        axes: the axes; None for all.
        kwargs: ``truncate`` and ``radius`` of ``gaussian_filter``.

    Returns:
        An array like ``input``.

    >>> gaussian_laplace(np.array([0.0, 0.0, 1.0, 0.0, 0.0]), 1.0, radius=1).round(3)
    array([ 0.   ,  0.   , -0.452,  0.   ,  0.   ])
    """
    x = inexact(input)
    parts = _gaussian_parts("gaussian_laplace", x, sigma, 2, mode, cval, axes, kwargs)
    return of_dtype("gaussian_laplace", sum(parts[1:], parts[0]) if parts else x, output)


@user_facing
def gaussian_gradient_magnitude(
    input: ArrayLike,
    sigma: ArrayLike | Sequence[ArrayLike],
    output: DTypeLike | None = None,
    mode: str | Sequence[str] = "reflect",
    cval: ArrayLike = 0.0,
    *,
    axes: Sequence[int] | None = None,
    **kwargs: Any,
) -> Array:
    """The length of the gradient of an array that is smoothed.

    The arguments are those of ``gaussian_laplace``.

    >>> gaussian_gradient_magnitude(np.array([0.0, 0.0, 1.0, 0.0, 0.0]), 1.0, radius=1).round(3)
    array([0.   , 0.274, 0.   , 0.274, 0.   ])
    """
    name = "gaussian_gradient_magnitude"
    x = inexact(input)
    parts = _gaussian_parts(name, x, sigma, 1, mode, cval, axes, kwargs)
    found = np.sqrt(sum((p * p for p in parts[1:]), parts[0] * parts[0])) if parts else x
    return of_dtype(name, found, output)
