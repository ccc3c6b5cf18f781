"""Pooling over windows and over whole images (batch, *space, channels)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import lax
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array
from ..rescaled import narrowed, widened
from ..typing import Padding, Spatial
from .convolution import spatial
from .layer import Layer, output_shape, stateless_layer

__all__ = [
    "AvgPool",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "MaxPool",
    "avg_pool",
    "global_avg_pool",
    "global_max_pool",
    "max_pool",
]


@user_facing
def max_pool(
    x: Array, window_shape: Spatial, strides: Spatial | None = None, padding: Padding = "VALID"
) -> Array:
    """The maximum of each window; elements that attain it share its derivative equally.

    Common arguments: ``help(nn.layers)``.

    Returns:
        An array of shape (batch, *positions, channels).

    >>> max_pool(np.arange(6.0).reshape(1, 6, 1), 2).ravel()
    array([1., 3., 5.])
    """
    window, steps = _window("max_pool", x.ndim, window_shape, strides)
    return lax.max_pool(x, window, steps, padding)


@user_facing
def avg_pool(
    x: Array,
    window_shape: Spatial,
    strides: Spatial | None = None,
    padding: Padding = "VALID",
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window.

    Args besides the common ones (``help(nn.layers)``):
        padding: "SAME", "VALID" or a (low, high) pair for each spatial axis, of zeros.
        count_include_pad: True to count the padding in the mean.

    Returns:
        An array of shape (batch, *positions, channels).

    >>> avg_pool(np.arange(6.0).reshape(1, 6, 1), 2).ravel()
    array([0.5, 2.5, 4.5])
    """
    window, steps = _window("avg_pool", x.ndim, window_shape, strides)
    return narrowed(lax.avg_pool(widened(x), window, steps, padding, count_include_pad), x)


def _window(
    name: str, ndim: int, shape: Spatial, strides: Spatial | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if ndim < 3:
        raise ShapeError(f"{name} needs an array (batch, *space, channels); got {ndim} axes")
    window = spatial(name, "window_shape", shape, ndim - 2)
    return window, window if strides is None else spatial(name, "strides", strides, ndim - 2)


@user_facing
def global_max_pool(x: Array) -> Array:
    """The maximum of x over all spatial axes, from (batch, *space, channels) to (batch, channels).

    >>> global_max_pool(np.arange(6.0).reshape(1, 3, 2))
    array([[4., 5.]])
    """
    return np.max(x, axis=tuple(range(1, x.ndim - 1)))


@user_facing
def global_avg_pool(x: Array) -> Array:
    """The mean of x over all spatial axes, from (batch, *space, channels) to (batch, channels).

    >>> global_avg_pool(np.arange(6.0).reshape(1, 3, 2))
    array([[2., 3.]])
    """
    return narrowed(np.mean(widened(x), axis=tuple(range(1, x.ndim - 1))), x)


def _pooling_layer(label: str, f: Callable[[Array], Array]) -> Layer:
    return stateless_layer(
        label,
        lambda key, shape, dtype: (output_shape(f, shape, dtype), ()),
        lambda params, x: f(x),
    )


@user_facing
def MaxPool(
    window_shape: Spatial, *, strides: Spatial | None = None, padding: Padding = "VALID"
) -> Layer:
    """A layer that takes the maximum of each window; its arguments are those of ``max_pool``.

    >>> MaxPool(2).init(None, (-1, 28, 28, 8))[0]
    (-1, 14, 14, 8)
    """
    return _pooling_layer(
        f"MaxPool({window_shape})", lambda x: max_pool(x, window_shape, strides, padding)
    )


@user_facing
def AvgPool(
    window_shape: Spatial,
    *,
    strides: Spatial | None = None,
    padding: Padding = "VALID",
    count_include_pad: bool = True,
) -> Layer:
    """A layer that takes the mean of each window; its arguments are those of ``avg_pool``.

    >>> AvgPool(3, strides=1, padding="SAME").init(None, (-1, 28, 28, 8))[0]
    (-1, 28, 28, 8)
    """
    return _pooling_layer(
        f"AvgPool({window_shape})",
        lambda x: avg_pool(x, window_shape, strides, padding, count_include_pad),
    )


GlobalMaxPool: Layer = _pooling_layer("GlobalMaxPool", global_max_pool)
GlobalAvgPool: Layer = _pooling_layer("GlobalAvgPool", global_avg_pool)
