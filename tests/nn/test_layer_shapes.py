"""Gradients of every layer to second order, at shapes and settings that are drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import examples

import funcgrad as fg
from funcgrad import nn, random

Draw = Callable[..., int]


def images(n: Draw, rank: int, channels: int) -> tuple[int, ...]:
    return (n(1, 2), *(n(3, 5) for _ in range(rank)), channels)


def convolution(n: Draw) -> Any:
    groups = n(1, 2)
    layer = nn.Conv(
        groups * n(1, 2), n(1, 3), strides=n(1, 2), dilation=n(1, 2), groups=groups,
        padding=["SAME", "VALID"][n(0, 1)] if n(0, 1) else "SAME", bias=bool(n(0, 1)),
    )  # fmt: skip
    return layer, images(n, n(1, 2), groups * n(1, 2))


def transposed(n: Draw) -> Any:
    layer = nn.ConvTranspose(n(1, 2), n(1, 3), strides=n(1, 3), padding=["SAME", "VALID"][n(0, 1)])
    return layer, images(n, n(1, 2), n(1, 2))


def pooling(n: Draw) -> Any:
    pool = [nn.MaxPool, nn.AvgPool][n(0, 1)]
    layer = pool(n(1, 3), strides=n(1, 3), padding=["SAME", "VALID"][n(0, 1)])
    return nn.serial(layer, [nn.GlobalMaxPool, nn.GlobalAvgPool, nn.Flatten][n(0, 2)]), images(
        n, n(1, 2), n(1, 2)
    )


def normalisation(n: Draw) -> Any:
    groups = n(1, 2)
    layer = [nn.LayerNorm(), nn.RMSNorm(), nn.GroupNorm(groups), nn.BatchNorm()][n(0, 3)]
    return layer, (n(2, 3), *(n(2, 3) for _ in range(n(0, 2))), 2 * groups)


def recurrent(n: Draw) -> Any:
    cell = [nn.RNN, nn.GRU, nn.LSTM][n(0, 2)]
    layer = cell(n(1, 3), reverse=bool(n(0, 1)), return_sequences=bool(n(0, 1)))
    return layer, (n(1, 2), n(1, 3), n(1, 3))


def attention(n: Draw) -> Any:
    heads = n(1, 2)
    layer = nn.MultiHeadAttention(
        heads, size=heads * n(1, 2), features=n(1, 3), is_causal=bool(n(0, 1)), bias=bool(n(0, 1))
    )
    return layer, (n(1, 2), n(1, 4), n(1, 3))


def sequence(n: Draw) -> Any:
    heads = n(1, 2)
    size = 2 * heads
    block = nn.TransformerBlock(
        heads, size, hidden=n(1, 3), is_causal=bool(n(0, 1)), dropout=0.3 * n(0, 1),
        norm_first=bool(n(0, 1)),
    )  # fmt: skip
    both = nn.Bidirectional(nn.GRU(n(1, 2)), nn.RNN(n(1, 2), reverse=True))
    positions = [nn.LearnedPositions(5), nn.SinusoidalPositions][n(0, 1)]
    layer = nn.serial(positions, [block, both][n(0, 1)])
    return layer, (n(1, 2), n(1, 3), size)


def dense(n: Draw) -> Any:
    size = n(1, 4)
    layers = nn.serial(
        nn.Dense(size, bias=bool(n(0, 1))), np.tanh, nn.Dropout(0.3), nn.Residual(nn.Dense(size))
    )
    chosen = [layers, nn.serial(nn.FanOut(2), nn.parallel(layers, nn.Dense(size)), nn.FanInSum)]
    return chosen[n(0, 1)], (*(n(1, 3) for _ in range(n(1, 2))), n(1, 4))


KINDS = [convolution, transposed, pooling, normalisation, recurrent, attention, sequence, dense]


@pytest.mark.parametrize("seed", range(examples(3)))
@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind: Callable[[Draw], Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer, shape = kind(lambda low, high: int(rng.integers(low, high + 1)))
    out, params, state = layer.init(random.key(seed), (-1, *shape[1:]))
    x = rng.normal(size=shape)
    key = random.key(seed + 1)

    def run(params: Any, x: Any) -> Any:
        return layer.apply(params, state, x, key=key, train=True)[0]

    assert run(params, x).shape == (shape[0], *out[1:])
    fg.testing.check_grads(run, (params, x), order=2)


@pytest.mark.parametrize("seed", range(examples(3)))
@pytest.mark.parametrize("tied", [False, True])
def test_gradients_of_embeddings(tied: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, features = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    layer = nn.Tied(count, features, np.tanh) if tied else nn.Embedding(count, features)
    ids = rng.integers(0, count, rng.integers(1, 4, 2))
    _, params, state = layer.init(random.key(seed), (-1, *ids.shape[1:]))
    fg.testing.check_grads(
        lambda params: np.sin(layer.apply(params, state, ids)[0]), (params,), order=2
    )
