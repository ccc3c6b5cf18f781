"""Normalisation over batches, features and groups, and dropout."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ... import lax, random
from ...core.dtypes import is_narrow
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...typing import Array, DTypeLike, Key, PyTree
from ..initializers import ones, zeros
from ..rescaled import narrowed, over_deviation, widened
from .layer import InitResult, Layer, check_shape, feature_size, sized, stateless_layer

__all__ = [
    "BatchNorm",
    "Dropout",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
    "batch_norm",
    "dropout",
    "group_norm",
    "layer_norm",
    "rms_norm",
]


def _affine(params: PyTree, x: Array) -> Array:
    if "scale" in params:
        x = x * params["scale"]
    return x + params["offset"] if "offset" in params else x


def _standardized(x: Array, axis: int | tuple[int, ...], epsilon: float) -> Array:
    wide = widened(x)
    centered = wide - np.mean(wide, axis=axis, keepdims=True)
    return narrowed(over_deviation(centered, axis, epsilon)[0], x)


def _check_momentum(name: str, momentum: float) -> None:
    if isinstance(momentum, int | float) and not 0 <= momentum <= 1:
        raise ValueError(f"{name}: momentum must be from 0 to 1; got {momentum}")


def _check_epsilon(name: str, epsilon: float) -> None:
    if isinstance(epsilon, int | float) and not 0 <= epsilon < math.inf:
        raise ValueError(f"{name}: epsilon must not be negative; got {epsilon}")


@user_facing
def layer_norm(params: PyTree, x: Array, *, epsilon: float = 1e-5) -> Array:
    """Standardize the last axis of each example, then scale and shift it.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"scale": (n,), "offset": (n,)}``, both being optional.
        x: array of shape (..., n).

    Source: Ba, Kiros and Hinton (2016), "Layer normalization".

    >>> layer_norm({}, np.array([1.0, 3.0]), epsilon=0.0)
    array([-1.,  1.])
    """
    _check_epsilon("layer_norm", epsilon)
    return _affine(params, _standardized(x, -1, epsilon))


@user_facing
def rms_norm(params: PyTree, x: Array, *, epsilon: float = 1e-6) -> Array:
    """Divide the last axis by its root mean square, then scale it.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"scale": (n,)}``, which is optional.
        x: array of shape (..., n).

    Source: Zhang and Sennrich (2019), "Root mean square layer normalization".

    >>> rms_norm({}, np.array([3.0, 3.0]), epsilon=0.0)
    array([1., 1.])
    """
    _check_epsilon("rms_norm", epsilon)
    return _affine(params, narrowed(over_deviation(widened(x), -1, epsilon)[0], x))


@user_facing
def group_norm(params: PyTree, x: Array, *, groups: int, epsilon: float = 1e-5) -> Array:
    """Standardize groups of channels over space, example by example, then scale and shift.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"scale": (channels,), "offset": (channels,)}``, both being optional.
        groups: number of groups; 1 is one for all channels, as many as channels is instance norm.

    Raises:
        ShapeError: the channels are not divisible by the groups.

    Source: Wu and He (2018), "Group normalization".

    >>> group_norm({}, np.array([[1.0, 3.0, 5.0, 9.0]]), groups=2, epsilon=0.0)
    array([[-1.,  1., -1.,  1.]])
    """
    _check_epsilon("group_norm", epsilon)
    channels = x.shape[-1]
    if isinstance(groups, bool) or not groups >= 1:
        raise ValueError(f"group_norm: groups must be a positive integer; got {groups!r}")
    if x.ndim < 2 or channels % groups:
        raise ShapeError(
            f"group_norm needs (batch, *space, channels), the channels divisible by {groups} "
            f"groups; got {x.shape}"
        )
    grouped = x.reshape(x.shape[0], math.prod(x.shape[1:-1]), groups, channels // groups)
    return _affine(params, _standardized(grouped, (1, 3), epsilon).reshape(x.shape))


@user_facing
def batch_norm(
    params: PyTree,
    state: PyTree,
    x: Array,
    *,
    train: bool,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    axis_name: str | None = None,
) -> tuple[Array, PyTree]:
    """Standardize each channel over the batch and over space, then scale and shift it.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"scale": (channels,), "offset": (channels,)}``, both being optional.
        state: ``{"mean": (channels,), "var": (channels,)}``, the running statistics.
        train: True: use the statistics of this batch and update the running ones; False: use the
            running ones.
        momentum: fraction of the running statistics that is kept in an update.

    Returns:
        (an array of the shape of x, the new state). Variances are those of the batch, without
        Bessel's correction. The state keeps its dtype; ``BatchNorm`` makes that of float16
        parameters in float32.

    Source: Ioffe and Szegedy (2015), "Batch normalization".

    >>> state = {"mean": np.zeros(1), "var": np.ones(1)}
    >>> y, state = batch_norm({}, state, np.array([[1.0], [3.0]]), train=True, epsilon=0.0)
    >>> y.ravel(), state["mean"]
    (array([-1.,  1.]), array([0.2]))
    """
    _check_epsilon("batch_norm", epsilon)
    _check_momentum("batch_norm", momentum)
    wide = widened(x)
    if not train:
        y = (wide - state["mean"]) * lax.rsqrt(widened(state["var"]) + epsilon)
        return _affine(params, narrowed(y, x)), state
    axes = tuple(range(x.ndim - 1))

    mean = np.mean(wide, axis=axes, keepdims=True)
    if axis_name is not None:
        mean = lax.pmean(mean, axis_name)
    y, var = over_deviation(wide - mean, axes, epsilon, axis_name)
    new = {
        name: (momentum * old + (1 - momentum) * value.reshape(old.shape)).astype(old.dtype)
        for name, old, value in (("mean", state["mean"], mean), ("var", state["var"], var))
    }
    return _affine(params, narrowed(y, x)), new


def _affine_params(key: Key, size: int, dtype: DTypeLike, scale: bool, offset: bool) -> PyTree:
    params = {"scale": ones(key, (size,), dtype)} if scale else {}
    return params | {"offset": zeros(key, (size,), dtype)} if offset else params


@user_facing
def BatchNorm(
    *,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    scale: bool = True,
    offset: bool = True,
    axis_name: str | None = None,
) -> Layer:
    """A batch normalisation, whose state holds the running mean and variance.

    Args besides the common ones (``help(nn.layers)``):
        momentum: fraction of the running statistics that is kept in a step of training.

    Returns:
        The layer; its params and state are those of ``batch_norm``.

    >>> _, params, state = BatchNorm().init(None, (-1, 8, 8, 3))
    >>> sorted(params), sorted(state), state["var"]
    (['offset', 'scale'], ['mean', 'var'], array([1., 1., 1.]))
    """
    _check_epsilon("BatchNorm", epsilon)
    _check_momentum("BatchNorm", momentum)

    def init(key: Key, input_shape: Sequence[int], dtype: DTypeLike = float) -> InitResult:
        shape = check_shape("BatchNorm", input_shape)
        size = feature_size("BatchNorm", shape)
        held = np.float32 if is_narrow(np.dtype(dtype)) else dtype
        state = {"mean": zeros(key, (size,), held), "var": ones(key, (size,), held)}
        return shape, _affine_params(key, size, dtype, scale, offset), state

    def apply(
        params: PyTree, state: PyTree, inputs: Array, *, key: Key | None = None, train: bool = False
    ) -> tuple[PyTree, PyTree]:
        return batch_norm(
            params, state, inputs, train=train, momentum=momentum, epsilon=epsilon,
            axis_name=axis_name,
        )  # fmt: skip

    return Layer(init, apply, "BatchNorm")


def _norm_layer(
    name: str, f: Callable[[PyTree, Array], Array], scale: bool, offset: bool, groups: int = 1
) -> Layer:
    def init(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        size = feature_size(name, shape)
        if size % groups:
            raise ShapeError(f"{name}: {size} channels are not divisible by {groups} groups")
        return shape, _affine_params(key, size, dtype, scale, offset)

    return stateless_layer(name, init, f)


@user_facing
def LayerNorm(*, epsilon: float = 1e-5, scale: bool = True, offset: bool = True) -> Layer:
    """A layer normalisation of the last axis; its params are those of ``layer_norm``.

    >>> LayerNorm().init(None, (-1, 7, 3))[1]
    {'scale': array([1., 1., 1.]), 'offset': array([0., 0., 0.])}
    """
    _check_epsilon("LayerNorm", epsilon)
    return _norm_layer(
        "LayerNorm", lambda params, x: layer_norm(params, x, epsilon=epsilon), scale, offset
    )


@user_facing
def RMSNorm(*, epsilon: float = 1e-6, scale: bool = True) -> Layer:
    """A root-mean-square normalisation of the last axis; its params are those of ``rms_norm``.

    >>> RMSNorm().init(None, (-1, 3))[1]
    {'scale': array([1., 1., 1.])}
    """
    _check_epsilon("RMSNorm", epsilon)
    return _norm_layer(
        "RMSNorm", lambda params, x: rms_norm(params, x, epsilon=epsilon), scale, False
    )


@sized("groups")
@user_facing
def GroupNorm(
    groups: int, *, epsilon: float = 1e-5, scale: bool = True, offset: bool = True
) -> Layer:
    """A group normalisation of channels over space; its params are those of ``group_norm``.

    >>> sorted(GroupNorm(2).init(None, (-1, 8, 8, 4))[1])
    ['offset', 'scale']
    """
    _check_epsilon("GroupNorm", epsilon)
    return _norm_layer(
        f"GroupNorm({groups})",
        lambda params, x: group_norm(params, x, groups=groups, epsilon=epsilon),
        scale, offset, groups,
    )  # fmt: skip


def check_rate(rate: float) -> float:
    """The rate of a dropout, if it is one."""
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: the rate must be at least 0 and less than 1; got {rate}")
    return float(rate)


@user_facing
def dropout(key: Key, x: Array, rate: float, *, broadcast: int | Sequence[int] = ()) -> Array:
    """Set a random part of an array to zero and scale up the rest, so that the mean stays.

    Args:
        key: a key.
        x: array.
        rate: probability that an element is dropped, at least 0 and less than 1.
        broadcast: axes along which all elements are dropped together, as (1, 2) for whole channels
            of an image.

    Returns:
        An array of the shape of x: 0 with probability rate, else x / (1 - rate).

    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), "Dropout".

    >>> dropout(random.key(0), np.ones(6), 0.5)
    array([2., 2., 0., 0., 0., 2.])
    """
    rate = check_rate(rate)
    if rate == 0:
        return x
    together = {a % x.ndim for a in ((broadcast,) if isinstance(broadcast, int) else broadcast)}
    shape = tuple(1 if i in together else d for i, d in enumerate(x.shape))
    kept = random.bernoulli(key, x.dtype.type(1 - rate), shape)
    return np.where(kept, x * (1 / (1 - rate)), 0.0)


@user_facing
def Dropout(rate: float, *, broadcast: int | Sequence[int] = ()) -> Layer:
    """A layer that drops elements when training, and is the identity otherwise.

    Args:
        rate: probability that an element is dropped.
        broadcast: axes along which all elements are dropped together.

    Returns:
        The layer; with train=True its apply needs a key, and raises TypeError without one.

    >>> layer = Dropout(0.5)
    >>> layer.apply((), (), np.ones(3))[0]
    array([1., 1., 1.])
    """
    rate = check_rate(rate)

    def init(key: Key, input_shape: Sequence[int], dtype: DTypeLike = float) -> InitResult:
        return check_shape("Dropout", input_shape), (), ()

    def apply(
        params: PyTree, state: PyTree, inputs: Array, *, key: Key | None = None, train: bool = False
    ) -> tuple[PyTree, PyTree]:
        if not train:
            return inputs, state
        if key is None:
            raise TypeError(
                f"Dropout({rate}) needs a key when it trains: apply(..., key=random.key(0), "
                "train=True), a new key for each step"
            )
        return dropout(key, inputs, rate, broadcast=broadcast), state

    return Layer(init, apply, f"Dropout({rate})")
