"""Convolutions in one, two and three dimensions: images NHWC, kernels HWIO."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from ... import lax, random
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array, DTypeLike, Key, PyTree
from ..initializers import glorot_normal, zeros
from ..typing import Initializer, Padding, Spatial
from .layer import Layer, feature_size, output_shape, sized, stateless_layer

__all__ = ["Conv", "ConvTranspose", "conv", "conv_transpose"]

_NUMBERS = {
    1: ("NWC", "WIO", "NWC"),
    2: ("NHWC", "HWIO", "NHWC"),
    3: ("NDHWC", "DHWIO", "NDHWC"),
}


def spatial(name: str, what: str, value: Spatial, rank: int) -> tuple[int, ...]:
    """One integer for each spatial axis."""
    sizes = (value,) * rank if isinstance(value, int | np.integer) else tuple(value)
    if len(sizes) != rank:
        raise ShapeError(f"{name}: {what} needs {rank} integers, or one; got {value}")
    return tuple(int(v) for v in sizes)


def _dimension_numbers(name: str, x: Array, w: Array) -> tuple[str, str, str]:
    if x.ndim != w.ndim or w.ndim - 2 not in _NUMBERS:
        raise ShapeError(
            f"{name} needs an image of shape (batch, *space, channels) and a kernel of shape "
            f"(*taps, channels, features) with one to three spatial axes; got {x.shape} and "
            f"{w.shape}"
        )
    return _NUMBERS[w.ndim - 2]


@user_facing
def conv(
    params: PyTree,
    x: Array,
    *,
    strides: Spatial = 1,
    padding: Padding = "SAME",
    dilation: Spatial = 1,
    groups: int = 1,
) -> Array:
    """A convolution (cross-correlation, as networks mean it) in one to three dimensions.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"w": (*taps, channels / groups, features), "b": (features,)}``, the bias being
            optional.
        groups: number of separate groups of channels; as many as channels is a depthwise one.

    Returns:
        An array of shape (batch, *positions, features).

    Raises:
        ShapeError: axes or channels do not fit.

    >>> conv({"w": np.ones((2, 1, 1))}, np.arange(4.0).reshape(1, 4, 1), padding="VALID").ravel()
    array([1., 3., 5.])
    """
    w = params["w"]
    numbers = _dimension_numbers("conv", x, w)
    rank = w.ndim - 2
    y = lax.conv_general_dilated(
        x,
        w,
        spatial("conv", "strides", strides, rank),
        padding,
        rhs_dilation=spatial("conv", "dilation", dilation, rank),
        dimension_numbers=numbers,
        feature_group_count=groups,
    )
    return y + params["b"] if "b" in params else y


@user_facing
def conv_transpose(
    params: PyTree, x: Array, *, strides: Spatial = 1, padding: Padding = "SAME"
) -> Array:
    """A fractionally strided convolution, which enlarges an image.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"w": (*taps, channels, features), "b": (features,)}``, the bias being optional.
        strides: factor by which space grows, one integer or one for each spatial axis.

    Returns:
        An array of shape (batch, *positions, features).

    >>> conv_transpose({"w": np.ones((2, 1, 1))}, np.ones((1, 2, 1)), strides=2).ravel()
    array([1., 1., 1., 1.])
    """
    w = params["w"]
    numbers = _dimension_numbers("conv_transpose", x, w)
    steps = spatial("conv_transpose", "strides", strides, w.ndim - 2)
    y = lax.conv_transpose(x, w, steps, padding, dimension_numbers=numbers)
    return y + params["b"] if "b" in params else y


def _convolution_layer(
    label: str,
    f: Callable[[PyTree, Array], Array],
    features: int,
    kernel_size: Spatial,
    w_init: Initializer | None,
    b_init: Initializer | None,
    groups: int = 1,
) -> Layer:
    """A layer that applies f to parameters and an image; without b_init it has no bias."""
    draw_kernel = w_init or glorot_normal()

    def init(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        channels, rank = feature_size(label, shape), len(shape) - 2
        if rank not in _NUMBERS:
            raise ShapeError(
                f"{label} needs the shape (batch, *space, channels) with one to three spatial "
                f"axes; got {shape}"
            )
        if channels % groups or features % groups:
            raise ShapeError(
                f"{label}: {channels} channels and {features} features must both be divisible by "
                f"the {groups} groups"
            )
        taps = spatial(label, "kernel_size", kernel_size, rank)
        w_key, b_key = random.split(key)
        params = {"w": draw_kernel(w_key, (*taps, channels // groups, features), dtype)}
        if b_init is not None:
            params["b"] = b_init(b_key, (features,), dtype)
        return output_shape(lambda x: f(params, x), shape, dtype), params

    return stateless_layer(label, init, f)


@sized("features", "groups")
@user_facing
def Conv(
    features: int,
    kernel_size: Spatial,
    *,
    strides: Spatial = 1,
    padding: Padding = "SAME",
    dilation: Spatial = 1,
    groups: int = 1,
    bias: bool = True,
    w_init: Initializer | None = None,
    b_init: Initializer = zeros,
) -> Layer:
    """A convolution, from (batch, *space, channels) to (batch, *positions, features).

    Args besides the common ones (``help(nn.layers)``):
        features: number of features.
        kernel_size: number of taps, one integer or one for each spatial axis; how many axes there
            are (one to three) is known from the input's shape.
        groups: number of separate groups of channels.
        w_init: initializer of the kernel, by default glorot_normal.

    Returns:
        The layer; its params are those of ``conv``.

    >>> shape, params, _ = Conv(8, 3, strides=2).init(random.key(0), (-1, 28, 28, 1))
    >>> shape, params["w"].shape
    ((-1, 14, 14, 8), (3, 3, 1, 8))
    """
    convolve = functools.partial(
        conv, strides=strides, padding=padding, dilation=dilation, groups=groups
    )
    label, drawn_bias = f"Conv({features}, {kernel_size})", b_init if bias else None
    return _convolution_layer(label, convolve, features, kernel_size, w_init, drawn_bias, groups)


@sized("features")
@user_facing
def ConvTranspose(
    features: int,
    kernel_size: Spatial,
    *,
    strides: Spatial = 1,
    padding: Padding = "SAME",
    bias: bool = True,
    w_init: Initializer | None = None,
    b_init: Initializer = zeros,
) -> Layer:
    """A fractionally strided convolution, from (batch, *space, channels) to larger images.

    Args besides the common ones (``help(nn.layers)``):
        features: number of features.
        kernel_size: number of taps, one integer or one for each spatial axis.
        strides: factor by which space grows.
        w_init: initializer of the kernel, by default glorot_normal.

    Returns:
        The layer; its params are those of ``conv_transpose``.

    >>> ConvTranspose(1, 3, strides=2).init(random.key(0), (-1, 7, 7, 8))[0]
    (-1, 14, 14, 1)
    """
    enlarge = functools.partial(conv_transpose, strides=strides, padding=padding)
    label, drawn_bias = f"ConvTranspose({features}, {kernel_size})", b_init if bias else None
    return _convolution_layer(label, enlarge, features, kernel_size, w_init, drawn_bias)
