"""Parameters of reductions over sliding windows, and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...arrays import like
from ...core.dtypes import sum_dtype
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of, shape_of
from ...errors import ShapeError
from ...typing import Array, ArrayLike
from ..shape import cast
from .extrema import reduce_window_max, reduce_window_min
from .geometry import GEOMETRY, dilated_size, per_axis, window_padding
from .linear import overlap_add, reduce_window_sum, window_patches, window_sum_eval

__all__ = [
    "avg_pool",
    "max_pool",
    "overlap_add",
    "reduce_window_max",
    "reduce_window_min",
    "reduce_window_sum",
    "window_params",
    "window_patches",
]


def window_params(
    shape: tuple[int, ...],
    window: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: str | Sequence[tuple[int, int]],
    base: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] | None = None,
) -> dict[str, Any]:
    """Parameters of the operators above, checked and in their normal form."""
    rank = len(shape)
    window = per_axis("window_dimensions", window, rank)
    strides = per_axis("window_strides", strides, rank)
    base = per_axis("base_dilation", base, rank)
    dilation = per_axis("window_dilation", dilation, rank)
    spans = [dilated_size(n, d) for n, d in zip(window, dilation, strict=True)]
    pads = window_padding(padding, shape, spans, strides)
    return dict(zip(GEOMETRY, (window, strides, pads, base, dilation), strict=True))


def _pool_params(
    x: ArrayLike,
    window_shape: Sequence[int],
    strides: int | Sequence[int] | None,
    padding: str | Sequence[tuple[int, int]],
) -> dict[str, Any]:
    """A window over the spatial axes of (*batch, *space, channels)."""
    rank, shape = len(window_shape), shape_of(x)
    if len(shape) < rank + 1:
        raise ShapeError(
            f"pooling with the window {tuple(window_shape)} needs an array (*batch, *space, "
            f"channels) with {rank} spatial axes, not one of shape {tuple(shape)}"
        )
    ones = (1,) * (len(shape) - rank - 1)
    if not isinstance(padding, str):
        padding = (*((0, 0) for _ in ones), *padding, (0, 0))
    strides = per_axis("strides", strides, rank)
    return window_params(shape, (*ones, *window_shape, 1), (*ones, *strides, 1), padding)


@user_facing
def max_pool(
    x: ArrayLike,
    window_shape: Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str | Sequence[tuple[int, int]] = "VALID",
) -> Array:
    """The maximum of each window of an image.

    Elements that attain the maximum share its derivative equally.

    Args:
        x: array of shape (*batch, *space, channels).
        window_shape: size of the window along each spatial axis.
        strides: step of the window along each spatial axis; None is 1.
        padding: "SAME", "SAME_LOWER", "VALID" or a (low, high) pair for each spatial axis;
            padding is never the maximum.

    Returns:
        An array of shape (*batch, *positions, channels).

    Raises:
        ShapeError: the window does not fit the array's rank.

    >>> max_pool(np.array([[[1.0], [4.0], [2.0], [3.0]]]), (2,), strides=(2,))[0, :, 0]
    array([4., 3.])
    """
    return reduce_window_max(x, **_pool_params(x, window_shape, strides, padding))


@user_facing
def avg_pool(
    x: ArrayLike,
    window_shape: Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str | Sequence[tuple[int, int]] = "VALID",
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window of an image.

    Args:
        x: array of shape (*batch, *space, channels).
        window_shape: size of the window along each spatial axis.
        strides: step of the window along each spatial axis; None is 1.
        padding: "SAME", "SAME_LOWER", "VALID" or a (low, high) pair for each spatial axis, of
            zeros.
        count_include_pad: whether the mean counts padding.

    Returns:
        An array of shape (*batch, *positions, channels).

    Raises:
        ShapeError: the window does not fit the array's rank.

    >>> avg_pool(np.array([[[1.0], [4.0], [2.0], [3.0]]]), (2,), strides=(2,))[0, :, 0]
    array([2.5, 2.5])
    """
    params = _pool_params(x, window_shape, strides, padding)
    dtype = aval_of(x).dtype
    total = reduce_window_sum(cast(x, sum_dtype(dtype)), **params)
    if count_include_pad or not any(any(pair) for pair in params["padding"]):
        count: Array | int = int(np.prod(window_shape))
    else:
        shape = shape_of(x)
        lead = len(shape) - len(window_shape) - 1
        ones = np.ones((*(1,) * lead, *shape[lead:-1], 1), aval_of(total).dtype)
        count = like(total, window_sum_eval(np, ones, **params))
    return cast(total / count, dtype) if dtype == np.float16 else total / count
