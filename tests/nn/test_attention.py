"""Attention by its definition, and what masks hide."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn, random
from funcgrad.errors import ShapeError


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def attention_by_loops(q: Any, k: Any, v: Any, allowed: Any, scale: float) -> Any:
    """Each query by itself: a softmax over the keys that it may see."""
    batch, queries, heads, _ = q.shape
    out = np.zeros((batch, queries, heads, v.shape[-1]))
    for b in range(batch):
        for h in range(heads):
            for i in range(queries):
                seen = [j for j in range(k.shape[1]) if allowed[b, h, i, j]]
                logits = [scale * float(q[b, i, h] @ k[b, j, h]) for j in seen]
                weights = [math.exp(z - max(logits)) for z in logits]
                for w, j in zip(weights, seen, strict=True):
                    out[b, i, h] += w / sum(weights) * v[b, j, h]
    return out


QKV = draw(2, 4, 3, 5), draw(2, 6, 3, 5, seed=1), draw(2, 6, 3, 2, seed=2)
RANDOM_MASK = np.random.default_rng(3).random((2, 3, 4, 6)) < 0.6
PADDING = np.arange(6) < np.array([[4], [6]])


@pytest.mark.parametrize(
    ("options", "allowed", "scale"),
    [
        ({}, np.ones((2, 3, 4, 6), bool), 1 / math.sqrt(5)),
        ({"mask": RANDOM_MASK}, RANDOM_MASK, 1 / math.sqrt(5)),
        ({"scale": 0.7, "mask": PADDING[:, None, None]},
         np.broadcast_to(PADDING[:, None, None], (2, 3, 4, 6)), 0.7),
        ({"is_causal": True}, np.broadcast_to(np.tri(4, 6, 2, bool), (2, 3, 4, 6)),
         1 / math.sqrt(5)),
        ({"is_causal": True, "mask": RANDOM_MASK}, RANDOM_MASK & np.tri(4, 6, 2, dtype=bool),
         1 / math.sqrt(5)),
    ],
)  # fmt: skip
def test_attention_is_a_softmax_over_visible_keys(options: Any, allowed: Any, scale: Any) -> None:
    got = nn.dot_product_attention(*QKV, **options)
    np.testing.assert_allclose(got, attention_by_loops(*QKV, allowed, scale), rtol=1e-11)


def test_bias_is_added_to_the_logits() -> None:
    bias = draw(3, 4, 6, seed=5)
    very_negative = np.where(RANDOM_MASK, 0.0, -1e30)
    np.testing.assert_allclose(
        nn.dot_product_attention(*QKV, bias=very_negative + bias),
        nn.dot_product_attention(*QKV, bias=bias, mask=RANDOM_MASK),
        rtol=1e-11,
        atol=1e-15,
    )


def test_a_query_without_keys_gives_zero_and_no_nan() -> None:
    mask = RANDOM_MASK.copy()
    mask[1, :, 2] = False

    def f(q: Any, k: Any, v: Any) -> Any:
        return nn.dot_product_attention(q, k, v, mask=mask)

    np.testing.assert_array_equal(f(*QKV)[1, 2], 0)
    fg.testing.check_grads(f, QKV, order=2)


@pytest.mark.parametrize("padding", [1e6, np.inf, np.nan])
def test_what_padding_holds_changes_nothing(padding: float) -> None:
    block = nn.serial(nn.MultiHeadAttention(2), nn.Dense(3))
    _, params, state = block.init(random.key(0), (-1, 6, 4))
    x = draw(2, 6, 4)
    other = np.where(PADDING[:, :, None], x, padding)

    def loss(params: Any, x: Any) -> Any:
        y, _ = block.apply(params, state, x, mask=PADDING)
        return np.sum(np.where(PADDING[:, :, None], np.sin(y), 0.0))

    with np.errstate(invalid="ignore", over="ignore"):
        value, (_, gx) = fg.value_and_grad(loss, argnums=(0, 1))(params, other)
    expected, (_, ex) = fg.value_and_grad(loss, argnums=(0, 1))(params, x)
    assert value == expected
    np.testing.assert_array_equal(ex[~PADDING], 0)
    if padding == 1e6:
        np.testing.assert_array_equal(gx, ex)


def test_causal_attention_does_not_look_ahead() -> None:
    model = nn.serial(
        nn.Embedding(7, 4),
        nn.SinusoidalPositions,
        nn.TransformerBlock(2, 4, is_causal=True),
        nn.TransformerBlock(2, 4, is_causal=True),
        nn.Dense(7),
    )
    _, params, state = model.init(random.key(0), (-1, 6))
    ids = np.array([[1, 2, 3, 4, 5, 6]])
    changed = np.array([[1, 2, 3, 0, 0, 0]])
    a, b = (model.apply(params, state, i)[0] for i in (ids, changed))
    np.testing.assert_array_equal(a[:, :3], b[:, :3])
    assert np.abs(a[:, 3:] - b[:, 3:]).min() > 0


def test_multi_head_attention_by_its_parts() -> None:
    layer = nn.MultiHeadAttention(3, size=6, features=5)
    shape, params, _ = layer.init(random.key(0), ((-1, 4, 2), (-1, 7, 3)))
    assert shape == (-1, 4, 5)
    params = {k: v + 0.1 * draw(*v.shape) for k, v in params.items()}
    x, source = draw(2, 4, 2), draw(2, 7, 3, seed=1)
    q = (x @ params["wq"] + params["bq"]).reshape(2, 4, 3, 2)
    k = (source @ params["wk"] + params["bk"]).reshape(2, 7, 3, 2)
    v = (source @ params["wv"] + params["bv"]).reshape(2, 7, 3, 2)
    heads = attention_by_loops(q, k, v, np.ones((2, 3, 4, 7), bool), 1 / math.sqrt(2))
    expected = heads.reshape(2, 4, 6) @ params["wo"] + params["bo"]
    np.testing.assert_allclose(layer.apply(params, (), (x, source))[0], expected, rtol=1e-11)


def test_dropout_of_weights_needs_a_key_and_keeps_the_mean() -> None:
    layer = nn.MultiHeadAttention(2, dropout=0.5)
    _, params, state = layer.init(random.key(0), (-1, 6, 4))
    x = draw(2, 6, 4)
    with pytest.raises(TypeError, match="needs key="):
        layer.apply(params, state, x, train=True)
    keys = random.split(random.key(1), 4000)
    many = fg.vmap(lambda k: layer.apply(params, state, x, key=k, train=True)[0])(keys)
    exact = layer.apply(params, state, x)[0]
    spread = many.std(axis=0) / math.sqrt(4000)
    assert np.max(np.abs(many.mean(axis=0) - exact) / spread) < 5


def test_transformer_block_by_its_parts() -> None:
    block = nn.TransformerBlock(2, 4, hidden=5)
    _, params, state = block.init(random.key(0), (-1, 6, 4))
    (norm1, attention), _ = params[0]
    (norm2, one, _, two), _ = params[1]
    x = draw(2, 6, 4)
    h = x + nn.multi_head_attention(attention, nn.layer_norm(norm1, x), heads=2)
    inner = nn.gelu(nn.layer_norm(norm2, h) @ one["w"] + one["b"])
    np.testing.assert_allclose(
        block.apply(params, state, x)[0], h + inner @ two["w"] + two["b"], rtol=1e-12
    )


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_the_block_as_a_function(norm_first: bool, dropout: float) -> None:
    block = nn.TransformerBlock(2, 4, dropout=dropout, norm_first=norm_first, is_causal=True)
    _, params, state = block.init(random.key(0), (-1, 6, 4))
    x = draw(2, 6, 4)
    got = nn.transformer_block(
        params, x, heads=2, is_causal=True, mask=PADDING, norm_first=norm_first
    )
    np.testing.assert_array_equal(got, block.apply(params, state, x, mask=PADDING)[0])


def test_learned_positions_are_added() -> None:
    table = draw(9, 4)
    x = draw(2, 6, 4, seed=1)
    np.testing.assert_array_equal(nn.learned_positions({"table": table}, x), x + table[:6])
    with pytest.raises(ShapeError, match="a sequence of 10 is longer than the table of 9"):
        nn.learned_positions({"table": table}, draw(1, 10, 4))


def test_sinusoidal_positions_by_definition() -> None:
    table = nn.sinusoidal_positions(50, 6)
    for p, i in [(0, 0), (3, 1), (49, 2)]:
        angle = p / 10000 ** (2 * i / 6)
        np.testing.assert_allclose(table[p, 2 * i], math.sin(angle), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(table[p, 2 * i + 1], math.cos(angle), rtol=1e-12)
    with pytest.raises(ShapeError, match="even"):
        nn.sinusoidal_positions(5, 3)


def test_rotary_products_depend_on_differences_of_positions() -> None:
    q, k = draw(1, 1, 1, 8), draw(1, 1, 1, 8, seed=1)
    rq = nn.rotary_positions(np.tile(q, (1, 9, 1, 1)))[0, :, 0]
    rk = nn.rotary_positions(np.tile(k, (1, 9, 1, 1)))[0, :, 0]
    products = rq @ rk.T
    for d in range(-8, 9):
        diagonal = np.diagonal(products, d)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-11)
    assert np.ptp(products[0]) > 0.1
    np.testing.assert_allclose(np.linalg.norm(rq, axis=1), np.linalg.norm(q), rtol=1e-12)
    assert nn.rotary_positions(q.astype(np.float32)).dtype == np.float32
    fg.testing.check_grads(nn.rotary_positions, (np.tile(q, (1, 3, 2, 1)),), order=1)


def test_wrong_shapes() -> None:
    with pytest.raises(ShapeError, match="batch, time, heads"):
        nn.dot_product_attention(np.ones((2, 3, 4)), *QKV[1:])
    layer = nn.MultiHeadAttention(2)
    _, params, _ = layer.init(random.key(0), (-1, 6, 4))
    with pytest.raises(ShapeError, match="batch, time, features"):
        nn.multi_head_attention(params, np.ones((6, 4)), heads=2)
    with pytest.raises(ShapeError, match="3 heads do not divide the size 4"):
        nn.multi_head_attention(params, np.ones((1, 6, 4)), heads=3)
