"""Transformer blocks."""

from __future__ import annotations

from collections.abc import Callable

from ...core.tracebacks import user_facing
from ...typing import Array, PyTree
from ..activations import gelu
from .attention import MultiHeadAttention, multi_head_attention
from .containers import Residual, serial
from .dense import Dense, dense
from .layer import Layer, LayerLike, sized
from .normalization import Dropout, LayerNorm, layer_norm

__all__ = ["TransformerBlock", "transformer_block"]


@user_facing
def transformer_block(
    params: PyTree,
    x: Array,
    *,
    heads: int,
    mask: Array | None = None,
    is_causal: bool = False,
    activation: Callable[[Array], Array] = gelu,
    norm: Callable[[PyTree, Array], Array] = layer_norm,
    norm_first: bool = True,
) -> Array:
    """The outputs of a ``TransformerBlock`` that does not train.

    Args besides the common ones (``help(nn.layers)``):
        params: parameters that the layer's init made.
        x: array of shape (batch, time, features).
        mask: booleans of shape (batch, time) that tell real positions from padding.
        activation: function of the inner layer.
        norm: function (params, x) that normalises.
        norm_first: True if the layer normalises first.

    >>> import numpy as np
    >>> from funcgrad import random
    >>> _, params, _ = TransformerBlock(2, 4).init(random.key(0), (-1, 7, 4))
    >>> transformer_block(params, np.ones((3, 7, 4)), heads=2).shape
    (3, 7, 4)
    """

    def attention(p: PyTree, x: Array) -> Array:
        return multi_head_attention(p, x, heads=heads, mask=mask, is_causal=is_causal)

    def network(one: PyTree, two: PyTree, x: Array) -> Array:
        return dense(two, activation(dense(one, x)))

    if norm_first:
        (first, attend, *_), (second, one, _, two, *_) = params[0][0], params[1][0]
        x = x + attention(attend, norm(first, x))
        return x + network(one, two, norm(second, x))
    (attend, *_), (one, _, two, *_) = params[0][0], params[2][0]
    x = norm(params[1], x + attention(attend, x))
    return norm(params[3], x + network(one, two, x))


@sized("heads", "features", "hidden")
@user_facing
def TransformerBlock(
    heads: int,
    features: int,
    *,
    hidden: int | None = None,
    is_causal: bool = False,
    dropout: float = 0.0,
    activation: Callable[[Array], Array] = gelu,
    norm: Callable[[], Layer] = LayerNorm,
    norm_first: bool = True,
) -> Layer:
    """Attention and a dense network of two layers, each added to its input.

    Args besides the common ones (``help(nn.layers)``):
        features: size of the inputs and outputs.
        hidden: size of the dense network's inner layer; None is 4 * features.
        dropout: probability that a weight or an activation is dropped when training.
        activation: function of the inner layer.
        norm: maker of the normalising layers.
        norm_first: normalise the input of each part (as is usual today), or each sum.

    Returns:
        A layer from (batch, time, features) to the same shape, whose apply takes ``mask=``,
        booleans of shape (batch, time).

    Source: Vaswani et al. (2017), "Attention is all you need"; normalising first: Xiong et al.
    (2020), "On layer normalization in the transformer architecture".

    >>> from funcgrad import random
    >>> block = TransformerBlock(2, 4)
    >>> block.init(random.key(0), (-1, 7, 4))[0]
    (-1, 7, 4)
    """
    attention: list[LayerLike] = [
        MultiHeadAttention(heads, is_causal=is_causal, dropout=dropout),
        *([Dropout(dropout)] if dropout else []),
    ]
    network: list[LayerLike] = [
        Dense(4 * features if hidden is None else hidden),
        activation,
        Dense(features),
        *([Dropout(dropout)] if dropout else []),
    ]
    parts: tuple[Layer, ...]
    if norm_first:
        parts = (Residual(norm(), *attention), Residual(norm(), *network))
    else:
        parts = (Residual(*attention), norm(), Residual(*network), norm())
    block = serial(*parts)
    return Layer(block.init, block.apply, f"TransformerBlock({heads})", block.layers, block.route)
