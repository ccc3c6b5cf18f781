"""Dense layers, embeddings, weight tying, and changes of shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import arrays, random
from ...core.arguments import check_function
from ...core.tracebacks import user_facing
from ...core.tracing import Tracer
from ...errors import ShapeError
from ...ops.structural.gather import gather
from ...typing import Array, DTypeLike, Key, PyTree
from ..initializers import glorot_normal, normal, zeros
from ..typing import Initializer
from .containers import serial
from .layer import (
    InitResult,
    Layer,
    LayerLike,
    check_shape,
    feature_size,
    init_layer,
    sized,
    stateless_layer,
)

__all__ = [
    "Dense",
    "Embedding",
    "Flatten",
    "Reshape",
    "Tied",
    "attend",
    "dense",
    "embedding",
    "flatten",
]


@user_facing
def dense(params: PyTree, x: Array) -> Array:
    """The affine map x @ w + b.

    Args:
        params: ``{"w": (m, n), "b": (n,)}``, the bias being optional.
        x: array of shape (..., m).

    Returns:
        An array of shape (..., n).

    Raises:
        ShapeError: the inputs have another size than the weights take.

    >>> dense({"w": np.ones((3, 2)), "b": np.array([0.0, 1.0])}, np.ones(3))
    array([3., 4.])
    """
    w = params["w"]
    if x.shape[-1:] != w.shape[:1]:
        raise ShapeError(
            f"dense: the weights of shape {w.shape} take inputs whose last axis has size "
            f"{w.shape[0]}; got inputs of shape {x.shape}"
        )
    y = x @ w
    return y + params["b"] if "b" in params else y


@sized("features")
@user_facing
def Dense(
    features: int,
    *,
    bias: bool = True,
    w_init: Initializer | None = None,
    b_init: Initializer = zeros,
) -> Layer:
    """A dense layer, from (..., m) to (..., features).

    Args besides the common ones (``help(nn.layers)``):
        features: size of the output's last axis.
        w_init: initializer of the weights, by default glorot_normal.

    Returns:
        The layer; its params are those of ``dense``.

    >>> shape, params, state = Dense(2).init(random.key(0), (-1, 3))
    >>> shape, params["w"].shape, params["b"].shape
    ((-1, 2), (3, 2), (2,))
    """
    w_init = w_init or glorot_normal()

    def init(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        size = feature_size("Dense", shape)
        w_key, b_key = random.split(key)
        params = {"w": w_init(w_key, (size, features), dtype)}
        if bias:
            params["b"] = b_init(b_key, (features,), dtype)
        return (*shape[:-1], features), params

    return stateless_layer(f"Dense({features})", init, dense)


@user_facing
def embedding(params: PyTree, indices: Array) -> Array:
    """Rows of a table: table[indices].

    Args:
        params: ``{"table": (count, features)}``.
        indices: integers of any shape, from 0 to count - 1.

    Returns:
        An array of shape (*indices.shape, features).

    Raises:
        TypeError: indices are not integers.

    >>> embedding({"table": np.eye(3)}, np.array([2, 0]))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    if not isinstance(indices, Tracer):
        indices = np.asarray(indices) if not hasattr(indices, "dtype") else indices
    if indices.dtype.kind not in "iu":
        raise TypeError(f"embedding needs integer indices; got {indices.dtype}")
    table = params["table"]
    # CuPy itself would read another row for an index out of range.
    return gather(table, indices) if arrays.is_gpu_array(table) else table[indices]


@user_facing
def attend(params: PyTree, x: Array) -> Array:
    """Products of vectors with all rows of an embedding's table, for tied output weights.

    Args:
        params: ``{"table": (count, features)}``.
        x: array of shape (..., features).

    Returns:
        Logits of shape (..., count).

    >>> attend({"table": np.eye(3)}, np.array([1.0, 2.0, 3.0]))
    array([1., 2., 3.])
    """
    return x @ params["table"].T


@sized("count", "features")
@user_facing
def Embedding(count: int, features: int, *, init: Initializer | None = None) -> Layer:
    """A layer that maps integers to vectors, from (...) to (..., features).

    Args:
        count: number of different integers.
        features: size of a vector.
        init: initializer of the table, by default normal with standard deviation 1/sqrt(features),
            so that vectors have length 1; recurrent networks often learn faster from normal(1.0).

    Returns:
        The layer; its params are those of ``embedding``.

    >>> shape, params, state = Embedding(10, 4).init(random.key(0), (-1, 7))
    >>> shape, params["table"].shape
    ((-1, 7, 4), (10, 4))
    """
    if init is not None:
        check_function(init, "Embedding", "init")
    table_init = init or normal(1 / math.sqrt(features))

    def layer_init(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        return (*shape, features), {"table": table_init(key, (count, features), dtype)}

    return stateless_layer(f"Embedding({count}, {features})", layer_init, embedding)


@sized("count", "features")
@user_facing
def Tied(count: int, features: int, *layers: LayerLike, init: Initializer | None = None) -> Layer:
    """Embed integers, apply layers, and multiply by the transposed table: tied weights.

    Args:
        count: number of different integers.
        features: size of a vector, which the layers must give back.
        *layers: layers from (..., features) to (..., features).
        init: initializer of the table.

    Returns:
        A layer from integers (...) to logits (..., count); params[0] holds the one table.

    Source: Press and Wolf (2017), "Using the output embedding to improve language models".

    >>> layer = Tied(10, 4, np.tanh)
    >>> shape, params, state = layer.init(random.key(0), (-1, 7))
    >>> shape, params[0]["table"].shape
    ((-1, 7, 10), (10, 4))
    """
    model = serial(Embedding(count, features, init=init), *layers)

    def layer_init(key: Key, input_shape: Sequence[int], dtype: DTypeLike = float) -> InitResult:
        shape, params, state = init_layer(model, key, input_shape, dtype)
        if shape[-1] != features:
            raise ShapeError(
                f"Tied: the layers must give {features} features back; they give {shape[-1]}"
            )
        return (*shape[:-1], count), params, state

    def layer_apply(
        params: PyTree, state: PyTree, inputs: PyTree, **options: Any
    ) -> tuple[PyTree, PyTree]:
        x, state = model.apply(params, state, inputs, **options)
        return attend(params[0], x), state

    return Layer(layer_init, layer_apply, "Tied", model.layers, "serial")


@user_facing
def flatten(x: Array) -> Array:
    """Join all axes of x after the first.

    >>> flatten(np.zeros((2, 3, 4))).shape
    (2, 12)
    """
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))


def _flatten_init(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
    if any(d < 0 for d in shape[1:]):
        raise ShapeError(f"Flatten needs all sizes after the first axis; got {shape}")
    return (shape[0], math.prod(shape[1:])), ()


Flatten: Layer = stateless_layer("Flatten", _flatten_init, lambda params, x: flatten(x))


@user_facing
def Reshape(shape: tuple[int, ...]) -> Layer:
    """A layer that gives all axes after the first a new shape.

    Args:
        shape: the new shape, without the batch axis.

    Returns:
        The layer.

    >>> Reshape((2, 6)).init(None, (-1, 3, 4))[0]
    (-1, 2, 6)
    """
    new = check_shape("Reshape", shape)

    def init(key: Key, old: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        if math.prod(old[1:]) != math.prod(new) or any(d < 0 for d in (*old[1:], *new)):
            raise ShapeError(f"Reshape: cannot give {old[1:]} the shape {new}")
        return (old[0], *new), ()

    return stateless_layer(f"Reshape{new}", init, lambda params, x: x.reshape(x.shape[0], *new))
