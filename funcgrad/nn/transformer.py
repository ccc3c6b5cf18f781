"""Transformer blocks."""

from __future__ import annotations

from typing import Any

from .activations import gelu
from .attention import MultiHeadAttention
from .containers import Residual, serial
from .dense import Dense
from .layer import Layer
from .normalization import Dropout, LayerNorm

__all__ = ["TransformerBlock"]


def TransformerBlock(
    heads: int,
    features: int,
    *,
    hidden: int | None = None,
    is_causal: bool = False,
    dropout: float = 0.0,
    activation: Any = gelu,
    norm: Any = LayerNorm,
    norm_first: bool = True,
) -> Layer:
    """Attention and a dense network of two layers, each added to its input.

    Args:
        heads: number of heads.
        features: size of the inputs and outputs.
        hidden: size of the dense network's inner layer; None is 4 * features.
        is_causal: let no position see a later one.
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
    attention = [
        MultiHeadAttention(heads, is_causal=is_causal, dropout=dropout),
        *([Dropout(dropout)] if dropout else []),
    ]
    network = [
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
    return Layer(
        block.init, block.apply, f"TransformerBlock({heads})", block.layers, block.route
    )
