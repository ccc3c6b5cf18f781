"""Attention, and the encodings of positions that go with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import arrays, random
from ...core.arguments import check_function
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy import zeros
from ...typing import Array, DTypeLike, Key, PyTree
from ..activations import softmax
from ..initializers import glorot_uniform, normal
from ..rescaled import narrowed, widened
from ..typing import Initializer
from .layer import InitResult, Layer, check_shape, feature_size, sized, stateless_layer
from .normalization import check_rate, dropout

__all__ = [
    "LearnedPositions",
    "MultiHeadAttention",
    "SinusoidalPositions",
    "causal_mask",
    "dot_product_attention",
    "learned_positions",
    "multi_head_attention",
    "rotary_positions",
    "sinusoidal_positions",
]


@user_facing
def causal_mask(queries: int, keys: int | None = None) -> Array:
    """True where a key's position is not after the query's, of shape (queries, keys).

    >>> causal_mask(3)
    array([[ True, False, False],
           [ True,  True, False],
           [ True,  True,  True]])
    """
    keys = queries if keys is None else keys
    return arrays.created(lambda xp: _causal(xp, queries, keys))


def _causal(xp: Any, queries: int, keys: int) -> Array:
    return xp.arange(keys) <= xp.arange(queries)[:, None] + (keys - queries)


@user_facing
def dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    bias: Array | None = None,
    mask: Array | None = None,
    *,
    scale: float | None = None,
    is_causal: bool = False,
    dropout_key: Key | None = None,
    dropout_rate: float = 0.0,
) -> Array:
    """Averages of values, weighted by the softmax of the products of queries and keys.

    Args besides the common ones (``help(nn.layers)``):
        query: array of shape (batch, queries, heads, n).
        key: array of shape (batch, keys, heads, n).
        value: array of shape (batch, keys, heads, m).
        bias: added to the logits; broadcasts to (batch, heads, queries, keys).
        mask: booleans that broadcast to (batch, heads, queries, keys); False keys get no weight,
            and a query without any key gives 0.
        scale: factor of the logits; None is 1/sqrt(n).

    Returns:
        An array of shape (batch, queries, heads, m).

    Raises:
        ShapeError: shapes do not fit.

    Source: Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin (2017),
    "Attention is all you need".

    >>> x = np.ones((1, 4, 2, 3))
    >>> dot_product_attention(x, x, x, is_causal=True).shape
    (1, 4, 2, 3)
    """
    if not (query.ndim == key.ndim == value.ndim == 4) or key.shape[:3] != value.shape[:3]:
        raise ShapeError(
            "dot_product_attention needs query, key and value of shape (batch, time, heads, "
            f"size); got {query.shape}, {key.shape} and {value.shape}"
        )
    if scale is None:
        scale = 1 / math.sqrt(query.shape[-1])
    q, v = np.swapaxes(query, 1, 2), np.swapaxes(value, 1, 2)
    # float16 products and sums may be out of its range, though the weights are not.
    logits = (widened(q) * scale) @ widened(np.transpose(key, (0, 2, 3, 1)))
    if bias is not None:
        logits = logits + bias
    if mask is not None:
        v = _silenced(v, mask)
    if is_causal:
        causal = arrays.like(logits, _causal(np, query.shape[1], key.shape[1]))
        mask = causal if mask is None else np.logical_and(mask, causal)
    weights = softmax(logits, where=mask)
    if dropout_key is not None:
        weights = dropout(dropout_key, weights, dropout_rate)
    return narrowed(np.swapaxes(weights @ widened(v), 1, 2), value)


def _silenced(v: Array, mask: Array) -> Array:
    """Values of which no query may see anything are 0, so that not even a NaN gets through."""
    shape = (1,) * (4 - mask.ndim) + mask.shape
    seen: Any = mask.reshape(shape).any(axis=2)
    return np.where(seen[..., None], v, 0.0)


@user_facing
def multi_head_attention(
    params: PyTree,
    query: Array,
    key_value: Array | None = None,
    *,
    heads: int,
    mask: Array | None = None,
    is_causal: bool = False,
    dropout_key: Key | None = None,
    dropout_rate: float = 0.0,
) -> Array:
    """Attention of several heads, between linear maps.

    Args besides the common ones (``help(nn.layers)``):
        params: ``{"wq": (d, h), "wk": (e, h), "wv": (e, h), "wo": (h, o)}`` and, optionally, the
            biases "bq", "bk", "bv" (h,) and "bo" (o,).
        query: array of shape (batch, queries, d).
        key_value: array of shape (batch, keys, e); None is query, for self-attention.
        heads: number of heads, a divisor of h.
        mask: booleans of shape (batch, keys) that tell real keys from padding, or of a shape of
            four axes that broadcasts to (batch, heads, queries, keys).

    Returns:
        An array of shape (batch, queries, o).

    Raises:
        ShapeError: shapes do not fit.

    >>> layer = MultiHeadAttention(2)
    >>> _, params, _ = layer.init(random.key(0), (-1, 7, 4))
    >>> multi_head_attention(params, np.ones((3, 7, 4)), heads=2).shape
    (3, 7, 4)
    """
    source = query if key_value is None else key_value
    if query.ndim != 3 or source.ndim != 3:
        raise ShapeError(
            "multi_head_attention needs arrays of shape (batch, time, features); got "
            f"{query.shape} and {source.shape}"
        )
    if mask is not None and mask.ndim == 2:
        mask = mask[:, None, None, :]

    def split_heads(name: str, x: Array) -> Array:
        y = x @ params[f"w{name}"]
        if f"b{name}" in params:
            y = y + params[f"b{name}"]
        if y.shape[-1] % heads:
            raise ShapeError(
                f"multi_head_attention: {heads} heads do not divide the size {y.shape[-1]}"
            )
        return y.reshape(*y.shape[:2], heads, y.shape[-1] // heads)

    out = dot_product_attention(
        split_heads("q", query), split_heads("k", source), split_heads("v", source), mask=mask,
        is_causal=is_causal, dropout_key=dropout_key, dropout_rate=dropout_rate,
    )  # fmt: skip
    y = out.reshape(*out.shape[:2], out.shape[2] * out.shape[3]) @ params["wo"]
    return y + params["bo"] if "bo" in params else y


def _query_and_source(label: str, shape: PyTree) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of both sequences; a layer that gets one shape attends to its own input."""
    pair = bool(shape) and isinstance(shape[0], tuple | list)
    query, source = shape if pair else (shape, shape)
    return check_shape(label, query, 3), check_shape(label, source, 3)


def _linear_maps(
    key: Key, shapes: dict[str, tuple[int, int]], w_init: Initializer, bias: bool, dtype: DTypeLike
) -> dict[str, Array]:
    """Weights "wq", ... of the linear maps "q", ..., and biases "bq", ... if they have some."""
    keys = random.split(key, len(shapes))
    params = {
        f"w{name}": w_init(k, shape, dtype)
        for (name, shape), k in zip(shapes.items(), keys, strict=True)
    }
    if bias:
        params |= {f"b{name}": zeros(shape[1:], dtype) for name, shape in shapes.items()}
    return params


@sized("heads", "size", "features")
@user_facing
def MultiHeadAttention(
    heads: int,
    *,
    size: int | None = None,
    features: int | None = None,
    is_causal: bool = False,
    bias: bool = True,
    dropout: float = 0.0,
    w_init: Initializer | None = None,
) -> Layer:
    """A layer of attention, of a sequence to itself or of one sequence to another.

    Args besides the common ones (``help(nn.layers)``):
        size: size of all heads together; None is the input's size.
        features: size of the output; None is the input's size.
        bias: False for linear maps without biases.
        dropout: probability that a weight is dropped when training.
        w_init: initializer of the weights, by default glorot_uniform.

    Returns:
        A layer from (batch, time, d) to (batch, time, features), or from a pair (queries, keys) of
        such arrays; its params are those of ``multi_head_attention``, and its apply takes
        ``mask=``, booleans of shape (batch, keys).

    >>> shape, params, _ = MultiHeadAttention(2).init(random.key(0), (-1, 7, 4))
    >>> shape, params["wq"].shape
    ((-1, 7, 4), (4, 4))
    """
    check_rate(dropout)
    if w_init is not None:
        check_function(w_init, "MultiHeadAttention", "w_init")
    weights = w_init or glorot_uniform()
    label = f"MultiHeadAttention({heads})"

    def init(key: Key, input_shape: PyTree, dtype: DTypeLike = float) -> InitResult:
        query, source = _query_and_source(label, input_shape)
        d, e = feature_size(label, query), feature_size(label, source)
        inner, out = size or d, features or d
        if inner % heads:
            raise ShapeError(f"{label}: {heads} heads do not divide the size {inner}")
        shapes = {"q": (d, inner), "k": (e, inner), "v": (e, inner), "o": (inner, out)}
        return (*query[:2], out), _linear_maps(key, shapes, weights, bias, dtype), ()

    def apply(
        params: PyTree,
        state: PyTree,
        inputs: PyTree,
        *,
        key: Key | None = None,
        train: bool = False,
        mask: Array | None = None,
    ) -> tuple[PyTree, PyTree]:
        query, source = inputs if isinstance(inputs, tuple | list) else (inputs, None)
        if train and dropout and key is None:
            raise TypeError(f"{label} drops weights when it trains and needs key=")
        y = multi_head_attention(
            params, query, source, heads=heads, mask=mask, is_causal=is_causal,
            dropout_key=key if train and dropout else None, dropout_rate=dropout,
        )  # fmt: skip
        return y, state

    return Layer(init, apply, label, takes_mask=True)


@user_facing
def sinusoidal_positions(length: int, features: int, dtype: DTypeLike = float) -> Array:
    """Sines and cosines of positions at geometrically spaced wavelengths from 2 pi to 10000 * 2 pi.

    Args:
        length: number of positions.
        features: number of features that encode a position; even.
        dtype: float type.

    Returns:
        An array of shape (length, features): sines in the even columns, cosines in the odd ones.

    Source: Vaswani et al. (2017), section 3.5.

    >>> sinusoidal_positions(2, 2).round(3)
    array([[0.   , 1.   ],
           [0.841, 0.54 ]])
    """
    angles = _angles(length, features)
    pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return pairs.reshape(length, features).astype(dtype)


def _angles(length: int, features: int) -> Array:
    if features % 2:
        raise ShapeError(f"positions need an even number of features; got {features}")
    rates = np.exp(np.arange(0, features, 2) * (-math.log(10000.0) / features))
    return np.arange(length)[:, None] * rates


@user_facing
def rotary_positions(x: Array, *, time_axis: int = 1) -> Array:
    """Rotate pairs of features by angles proportional to the position.

    Products of rotated queries and keys depend on the difference of their positions only.

    Args:
        x: queries or keys of shape (batch, time, heads, n), n even; feature i pairs with i + n/2.
        time_axis: the axis of the positions.

    Source: Su, Lu, Pan, Murtadha, Wen and Liu (2021), "RoFormer".

    >>> rotary_positions(np.ones((1, 2, 1, 2)))[0, :, 0].round(3)
    array([[ 1.   ,  1.   ],
           [-0.301,  1.382]])
    """
    n, axis = x.shape[-1], time_axis % x.ndim
    angles = _angles(x.shape[axis], n).reshape(
        *(x.shape[axis] if i == axis else 1 for i in range(x.ndim - 1)), n // 2
    )
    cos, sin = (arrays.like(x, f(angles).astype(x.dtype)) for f in (np.cos, np.sin))
    a, b = x[..., : n // 2], x[..., n // 2 :]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


SinusoidalPositions: Layer = stateless_layer(
    "SinusoidalPositions",
    lambda key, shape, dtype: (check_shape("SinusoidalPositions", shape, 3), ()),
    lambda params, x: x + arrays.like(x, sinusoidal_positions(x.shape[1], x.shape[2], x.dtype)),
)


@user_facing
def learned_positions(params: PyTree, x: Array) -> Array:
    """Add a learned vector for each position.

    Args:
        params: ``{"table": (length, features)}``.
        x: array of shape (batch, time, features).

    Raises:
        ShapeError: the sequence is longer than the table.

    >>> learned_positions({"table": np.eye(3)}, np.zeros((1, 2, 3)))[0]
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    length = params["table"].shape[0]
    if x.shape[1] > length:
        raise ShapeError(
            f"learned_positions: a sequence of {x.shape[1]} is longer than the table of {length}"
        )
    return x + params["table"][: x.shape[1]]


@sized("length")
@user_facing
def LearnedPositions(length: int, *, init: Initializer | None = None) -> Layer:
    """A layer that adds a learned vector for each position to (batch, time, features).

    Args:
        length: the largest number of positions.
        init: initializer of the table, by default normal with standard deviation 0.02.

    Returns:
        The layer; its params are ``{"table": (length, features)}``.

    >>> LearnedPositions(16).init(random.key(0), (-1, 7, 4))[1]["table"].shape
    (16, 4)
    """
    if init is not None:
        check_function(init, "LearnedPositions", "init")
    table_init = init or normal(0.02)
    label = f"LearnedPositions({length})"

    def layer_init(key: Key, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[PyTree, PyTree]:
        check_shape(label, shape, 3)
        if shape[1] > length:
            raise ShapeError(f"{label}: a sequence of {shape[1]} is longer than the table")
        return shape, {"table": table_init(key, (length, feature_size(label, shape)), dtype)}

    return stateless_layer(label, layer_init, learned_positions)
