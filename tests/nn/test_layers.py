"""Laws of all layers, and each layer's numbers against its definition."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn, random
from funcgrad.errors import ShapeError

LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Dense": (nn.Dense(4), (5, 3)),
    "Dense, no bias, 3 axes": (nn.Dense(4, bias=False), (2, 5, 3)),
    "Conv 1-d": (nn.Conv(4, 3), (2, 7, 3)),
    "Conv 1-d strided, dilated": (nn.Conv(4, 2, strides=2, dilation=2, padding="VALID"), (2, 9, 3)),
    "Conv 2-d": (nn.Conv(2, (3, 2), padding=((1, 0), (2, 1))), (2, 4, 5, 3)),
    "Conv 2-d grouped": (nn.Conv(6, 3, groups=2, strides=(2, 1)), (2, 5, 4, 4)),
    "Conv 2-d depthwise": (nn.Conv(3, 3, groups=3, bias=False), (2, 5, 4, 3)),
    "Conv 3-d": (nn.Conv(2, 2, strides=2), (2, 4, 3, 5, 2)),
    "ConvTranspose 1-d": (nn.ConvTranspose(2, 3, strides=2), (2, 4, 3)),
    "ConvTranspose 2-d": (nn.ConvTranspose(2, 2, strides=2, padding="VALID"), (2, 3, 4, 3)),
    "MaxPool": (nn.MaxPool(2), (2, 4, 7, 3)),
    "MaxPool overlapping": (nn.MaxPool(3, strides=1, padding="SAME"), (2, 5, 3)),
    "AvgPool": (nn.AvgPool((2, 3), strides=(1, 2)), (2, 4, 7, 3)),
    "AvgPool padded": (
        nn.AvgPool(3, strides=2, padding="SAME", count_include_pad=False), (2, 5, 3),
    ),
    "GlobalMaxPool": (nn.GlobalMaxPool, (2, 3, 4, 5)),
    "GlobalAvgPool": (nn.GlobalAvgPool, (2, 3, 4, 5)),
    "Flatten": (nn.Flatten, (2, 3, 4)),
    "Reshape": (nn.Reshape((4, 3)), (2, 6, 2)),
    "Dropout": (nn.Dropout(0.4), (3, 4)),
    "Dropout of channels": (nn.Dropout(0.4, broadcast=(1,)), (3, 4, 2)),
    "BatchNorm": (nn.BatchNorm(), (6, 3)),
    "BatchNorm images": (nn.BatchNorm(momentum=0.5, scale=False), (3, 2, 4, 3)),
    "LayerNorm": (nn.LayerNorm(), (3, 5)),
    "GroupNorm": (nn.GroupNorm(2), (2, 3, 2, 4)),
    "RMSNorm": (nn.RMSNorm(), (3, 5)),
    "Identity": (nn.Identity, (3, 5)),
    "Lambda": (nn.Lambda(lambda x: np.sin(x).sum(axis=1)), (3, 5)),
    "Residual": (nn.Residual(nn.Dense(5), np.tanh), (3, 5)),
    "Residual with shortcut": (nn.Residual(nn.Dense(4), np.tanh, shortcut=nn.Dense(4)), (3, 5)),
    "serial": (nn.serial(nn.Dense(4), np.tanh, nn.BatchNorm(), nn.Dense(2)), (5, 3)),
    "fan": (
        nn.serial(nn.FanOut(2), nn.parallel(nn.Dense(4), nn.Dense(3)), nn.FanInConcat()), (5, 3),
    ),
    "RNN": (nn.RNN(4), (2, 5, 3)),
    "GRU": (nn.GRU(4), (2, 5, 3)),
    "LSTM": (nn.LSTM(4), (2, 5, 3)),
    "LSTM last": (nn.LSTM(4, return_sequences=False), (2, 5, 3)),
    "LSTM stateful": (nn.LSTM(4, stateful=True), (2, 5, 3)),
    "stacked, bidirectional": (
        nn.serial(nn.RNN(2), nn.Bidirectional(nn.GRU(2), nn.GRU(1, reverse=True))), (2, 3, 2),
    ),
    "MultiHeadAttention": (nn.MultiHeadAttention(2), (2, 5, 4)),
    "MultiHeadAttention causal": (
        nn.MultiHeadAttention(3, size=6, features=5, is_causal=True, bias=False), (2, 5, 4),
    ),
    "TransformerBlock": (nn.TransformerBlock(2, 4, hidden=6, dropout=0.3), (2, 3, 4)),
    "TransformerBlock after": (
        nn.TransformerBlock(2, 4, hidden=6, norm_first=False, is_causal=True), (2, 3, 4),
    ),
    "SinusoidalPositions": (nn.SinusoidalPositions, (2, 5, 4)),
    "LearnedPositions": (nn.LearnedPositions(9), (2, 5, 4)),
}  # fmt: skip

HAVE_STATISTICS = ("BatchNorm", "BatchNorm images", "serial")

ALL = pytest.mark.parametrize("name", LAYERS)
MODES = pytest.mark.parametrize("train", [False, True])
KEY = random.key(7)


def batched(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    return shape if "stateful" in name else (-1, *shape[1:])


def made(name: str, dtype: Any = float) -> Any:
    """A layer, its output shape, params, state and inputs."""
    layer, shape = LAYERS[name]
    out, params, state = layer.init(random.key(3), batched(shape, name), dtype)
    x = random.normal(random.key(4), shape, dtype)
    return layer, out, params, state, x


def assert_trees_close(a: Any, b: Any, **tolerance: Any) -> None:
    assert fg.tree.structure(a) == fg.tree.structure(b)
    for x, y in zip(fg.tree.leaves(a), fg.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, **({"rtol": 1e-9, "atol": 1e-12} | tolerance))


@ALL
@MODES
def test_output_shape_is_what_init_says(name: str, train: bool) -> None:
    layer, out, params, state, x = made(name)
    y, new_state = layer.apply(params, state, x, key=KEY, train=train)
    assert y.shape == (x.shape[0], *out[1:])
    assert out[0] == batched(x.shape, name)[0]
    assert fg.tree.structure(new_state) == fg.tree.structure(state)
    assert [np.shape(s) for s in fg.tree.leaves(new_state)] == [
        np.shape(s) for s in fg.tree.leaves(state)
    ]


@ALL
@MODES
def test_float32_stays_float32(name: str, train: bool) -> None:
    layer, _, params, state, x = made(name, np.float32)
    assert {leaf.dtype for leaf in fg.tree.leaves((params, state))} <= {np.dtype(np.float32)}

    def run(params: Any, state: Any, x: Any) -> Any:
        return layer.apply(params, state, x, key=KEY, train=train)

    grads = fg.grad(lambda p, x: np.sum(run(p, state, x)[0]), argnums=(0, 1))(params, x)
    stacked = fg.tree.map(lambda a: np.stack([a, a]), (params, state, x))
    for result in (
        run(params, state, x), fg.jit(run)(params, state, x), grads, fg.vmap(run)(*stacked),
    ):  # fmt: skip
        assert {leaf.dtype for leaf in fg.tree.leaves(result)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("name", "train"), [*((n, True) for n in LAYERS), *((n, False) for n in HAVE_STATISTICS)]
)
def test_gradients(name: str, train: bool) -> None:
    layer, _, params, state, x = made(name)
    assert fg.tree.leaves((params, x))
    fg.testing.check_grads(
        lambda p, x: layer.apply(p, state, x, key=KEY, train=train)[0], (params, x), order=2
    )


@pytest.mark.parametrize("name", HAVE_STATISTICS)
def test_gradients_of_the_new_state(name: str) -> None:
    layer, _, params, state, x = made(name)
    fg.testing.check_grads(
        lambda p, s, x: layer.apply(p, s, x, key=KEY, train=True)[1], (params, state, x), order=2
    )


@ALL
@MODES
def test_jit_equals_eager(name: str, train: bool) -> None:
    layer, _, params, state, x = made(name)

    def run(params: Any, state: Any, x: Any) -> Any:
        return layer.apply(params, state, x, key=KEY, train=train)

    assert_trees_close(fg.jit(run)(params, state, x), run(params, state, x))


@ALL
@MODES
def test_vmap_equals_loop(name: str, train: bool) -> None:
    layer, _, params, state, x = made(name)
    xs = random.normal(random.key(8), (3, *x.shape))
    keys = random.split(random.key(9), 3)
    many = fg.tree.map(lambda p: np.stack([p, 2 * p, -p]), params)

    def run(params: Any, x: Any, key: Any) -> Any:
        return layer.apply(params, state, x, key=key, train=train)

    got = fg.vmap(run)(many, xs, keys)
    for i in range(3):
        one = run(fg.tree.map(lambda p, i=i: p[i], many), xs[i], keys[i])
        assert_trees_close(fg.tree.map(lambda g, i=i: g[i], got), one)


@ALL
def test_initial_numbers_depend_on_the_key(name: str) -> None:
    layer, shape = LAYERS[name]
    first = layer.init(random.key(0), batched(shape, name))[1]
    again = layer.init(random.key(0), batched(shape, name))[1]
    other = layer.init(random.key(1), batched(shape, name))[1]
    assert_trees_close(first, again, rtol=0, atol=0)
    for a, b in zip(fg.tree.leaves(first), fg.tree.leaves(other), strict=True):
        if a.ndim > 1:
            assert np.abs(a - b).max() > 1e-3


def rng_array(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def test_dense_is_an_affine_map() -> None:
    w, b, x = rng_array(3, 4), rng_array(4, seed=1), rng_array(5, 3, seed=2)
    np.testing.assert_allclose(
        nn.dense({"w": w, "b": b}, x), np.einsum("ni,ij->nj", x, w) + b, rtol=1e-12
    )


def test_embedding_gathers_and_its_gradient_scatters() -> None:
    layer = nn.Embedding(6, 3)
    shape, params, _ = layer.init(random.key(0), (-1, 4))
    assert shape == (-1, 4, 3)
    ids = np.array([[1, 1, 5, 0], [2, 1, 0, 0]])
    np.testing.assert_array_equal(layer.apply(params, (), ids)[0][1, 0], params["table"][2])
    grad = fg.grad(lambda p: layer.apply(p, (), ids)[0].sum())(params)
    np.testing.assert_array_equal(grad["table"][:, 0], np.bincount(ids.ravel(), minlength=6))
    fg.testing.check_grads(lambda p: np.sin(nn.embedding(p, ids)), (params,), order=2)
    with pytest.raises(TypeError, match="integer"):
        nn.embedding(params, np.ones(3))


@pytest.mark.parametrize("layer", [nn.Embedding(6, 4), nn.Tied(6, 4, np.tanh)])
def test_embeddings_keep_float32(layer: Any) -> None:
    _, params, state = layer.init(random.key(0), (-1, 3), np.float32)
    ids = np.array([[0, 5, 2]])

    def loss(params: Any) -> Any:
        return np.sum(np.sin(layer.apply(params, state, ids)[0]))

    for f in (fg.value_and_grad(loss), fg.jit(fg.value_and_grad(loss))):
        assert {x.dtype for x in fg.tree.leaves(f(params))} == {np.dtype(np.float32)}


def test_tied_weights_are_one_table() -> None:
    layer = nn.Tied(5, 4, nn.Dense(4), np.tanh)
    shape, params, state = layer.init(random.key(0), (-1, 3))
    assert shape == (-1, 3, 5)
    ids = np.array([[0, 4, 2]])
    hidden = np.tanh(params[0]["table"][ids] @ params[1]["w"] + params[1]["b"])
    np.testing.assert_allclose(
        layer.apply(params, state, ids)[0], hidden @ params[0]["table"].T, rtol=1e-12
    )
    fg.testing.check_grads(lambda p: layer.apply(p, state, ids)[0], (params,), order=2)
    with pytest.raises(ShapeError, match="4 features back"):
        nn.Tied(5, 4, nn.Dense(3)).init(random.key(0), (-1, 3))


def looped_conv(x: Any, w: Any, stride: int, dilation: int, groups: int) -> Any:
    """A 1-d convolution by its definition, padded by 2 and 1."""
    x = np.pad(x, ((0, 0), (2, 1), (0, 0)))
    taps, per_group, features = w.shape
    span = (taps - 1) * dilation + 1
    count = (x.shape[1] - span) // stride + 1
    out = np.zeros((x.shape[0], count, features))
    for q, k, c, o in itertools.product(
        range(count), range(taps), range(per_group), range(features)
    ):
        channel = (o // (features // groups)) * per_group + c
        out[:, q, o] += x[:, q * stride + k * dilation, channel] * w[k, c, o]
    return out


@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 2), (1, 2, 4)])
def test_conv_by_definition(stride: int, dilation: int, groups: int) -> None:
    x, w, b = rng_array(2, 9, 4), rng_array(3, 4 // groups, 8, seed=1), rng_array(8, seed=2)
    got = nn.conv(
        {"w": w, "b": b}, x, strides=stride, dilation=dilation, groups=groups, padding=((2, 1),)
    )
    np.testing.assert_allclose(got, looped_conv(x, w, stride, dilation, groups) + b, rtol=1e-11)


def test_conv_2d_of_same_padding() -> None:
    signal = pytest.importorskip("scipy.signal")
    x, w = rng_array(1, 6, 7, 1), rng_array(3, 3, 1, 1, seed=1)
    expected = signal.correlate2d(x[0, :, :, 0], w[:, :, 0, 0], mode="same")
    np.testing.assert_allclose(nn.conv({"w": w}, x)[0, :, :, 0], expected, rtol=1e-11)


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_transpose_spreads_each_input(stride: int, padding: str) -> None:
    x, w = rng_array(2, 4, 3), rng_array(3, 3, 2, seed=1)
    full = np.zeros((2, max((4 - 1) * stride + 3, 4 * stride), 2))
    for i, k in itertools.product(range(4), range(3)):
        full[:, i * stride + k] += x[:, i] @ w[2 - k]  # cross-correlation: taps are reversed
    got = nn.conv_transpose({"w": w}, x, strides=stride, padding=padding)
    if padding == "SAME":
        assert got.shape[1] == 4 * stride
        start = next(s for s in range(3) if np.allclose(full[:, s : s + got.shape[1]], got))
        assert start == (3 - stride) // 2 if stride < 3 else start == 0
    else:
        np.testing.assert_allclose(got, full, rtol=1e-11)


def test_pooling_by_definition() -> None:
    x = rng_array(2, 6, 4, 3)
    windows = x.reshape(2, 3, 2, 2, 2, 3)
    np.testing.assert_array_equal(nn.max_pool(x, 2), windows.max(axis=(2, 4)))
    np.testing.assert_allclose(nn.avg_pool(x, 2), windows.mean(axis=(2, 4)), rtol=1e-12)
    np.testing.assert_array_equal(nn.global_max_pool(x), x.max(axis=(1, 2)))
    np.testing.assert_allclose(nn.global_avg_pool(x), x.mean(axis=(1, 2)), rtol=1e-12)


def test_normalisations_by_definition() -> None:
    x, scale, offset = rng_array(3, 5, 4), rng_array(4, seed=1), rng_array(4, seed=2)
    params = {"scale": scale, "offset": offset}
    centered = x - x.mean(-1, keepdims=True)
    np.testing.assert_allclose(
        nn.layer_norm(params, x),
        centered / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * scale + offset,
        rtol=1e-11,
    )
    np.testing.assert_allclose(
        nn.rms_norm({"scale": scale}, x),
        x / np.sqrt(np.mean(x**2, -1, keepdims=True) + 1e-6) * scale,
        rtol=1e-11,
    )
    parts = [x[..., :2], x[..., 2:]]
    expected = np.concatenate(
        [
            (p - p.mean((1, 2), keepdims=True)) / np.sqrt(p.var((1, 2), keepdims=True) + 1e-5)
            for p in parts
        ],
        axis=-1,
    )
    np.testing.assert_allclose(
        nn.group_norm(params, x, groups=2), expected * scale + offset, rtol=1e-11
    )


def test_batch_norm_keeps_running_statistics() -> None:
    layer = nn.BatchNorm(momentum=0.8)
    _, params, state = layer.init(None, (-1, 4, 3))
    mean, var = np.zeros(3), np.ones(3)
    for seed in range(3):
        x = rng_array(5, 4, 3, seed=seed)
        y, state = layer.apply(params, state, x, train=True)
        np.testing.assert_allclose(y.mean((0, 1)), 0, atol=1e-12)
        np.testing.assert_allclose(
            y.var((0, 1)), x.var((0, 1)) / (x.var((0, 1)) + 1e-5), rtol=1e-11
        )
        mean = 0.8 * mean + 0.2 * x.mean((0, 1))
        var = 0.8 * var + 0.2 * x.var((0, 1))
    np.testing.assert_allclose(state["mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(state["var"], var, rtol=1e-12)
    y, same = layer.apply(params, state, x)
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(var + 1e-5), rtol=1e-11)
    assert same is state


def test_batch_norm_over_a_mapped_axis_sees_the_whole_batch() -> None:
    layer = nn.BatchNorm(axis_name="devices")
    whole = nn.BatchNorm()
    _, params, state = layer.init(None, (-1, 3))
    x = rng_array(4, 5, 3)
    y, states = fg.vmap(lambda x: layer.apply(params, state, x, train=True), axis_name="devices")(x)
    expected, new = whole.apply(params, state, x.reshape(20, 3), train=True)
    np.testing.assert_allclose(y.reshape(20, 3), expected, rtol=1e-11)
    np.testing.assert_allclose(states["var"], np.tile(new["var"], (4, 1)), rtol=1e-11)


def test_dropout_keeps_the_mean_and_drops_the_rate() -> None:
    y = nn.dropout(random.key(0), np.ones(100_000), 0.3)
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert abs(np.mean(y == 0) - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 100_000)
    z = nn.dropout(random.key(0), np.ones((20, 5, 3)), 0.5, broadcast=1)
    np.testing.assert_array_equal(z, np.broadcast_to(z[:, :1], z.shape))
    assert len(np.unique(z[:, 0])) == 2


def test_dropout_has_explicit_modes() -> None:
    layer = nn.Dropout(0.5)
    x = np.ones((4, 100))
    assert layer.apply((), (), x, key=KEY)[0] is x
    with pytest.raises(TypeError, match=r"needs a key when it trains"):
        layer.apply((), (), x, train=True)
    with pytest.raises(ValueError, match="less than 1; got 1"):
        nn.Dropout(1.0)
    both = nn.serial(layer, layer)
    y = both.apply(*both.init(None, (-1, 100))[1:], x, key=KEY, train=True)[0]
    assert set(np.unique(y)) == {0.0, 4.0}
    assert 0.15 < np.mean(y == 4) < 0.35  # the two layers draw from different keys


def test_stateless_gives_two_arguments() -> None:
    init, apply = nn.stateless(nn.serial(nn.Dense(4), np.tanh, nn.Residual(nn.Dense(4))))
    shape, params = init(random.key(0), (-1, 3))
    assert shape == (-1, 4)
    x = rng_array(5, 3)
    h = np.tanh(x @ params[0]["w"])
    np.testing.assert_allclose(apply(params, x), h + h @ params[2][0][0]["w"], rtol=1e-12)
    with pytest.raises(TypeError, match="has state"):
        nn.stateless(nn.BatchNorm())[0](random.key(0), (-1, 3))


def test_pairs_of_functions_are_layers() -> None:
    init, apply = nn.Dense(2)
    pair = (init, apply)

    def own_init(key: Any, input_shape: Any) -> Any:
        return input_shape, 3.0, ()

    def own_apply(params: Any, state: Any, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return params * x, state

    model = nn.serial(pair, (own_init, own_apply))
    shape, params, state = model.init(random.key(0), (-1, 3))
    assert (shape, params[1]) == ((-1, 2), 3.0)
    x = rng_array(4, 3)
    np.testing.assert_allclose(
        model.apply(params, state, x)[0], 3 * (x @ params[0]["w"]), rtol=1e-12
    )


def test_parameters_are_not_changed() -> None:
    layer, _, params, state, x = made("serial")
    before = fg.tree.map(np.copy, (params, state, x))
    layer.apply(params, state, x, train=True)
    assert_trees_close((params, state, x), before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.Dense(2), (-1,), "last axis"),
        (nn.Dense(2), (3, -1), "last axis"),
        (nn.Dense(2), 3, "tuple of integers"),
        (nn.Conv(4, 3), (-1, 5), "spatial"),
        (nn.Conv(4, (3, 3)), (-1, 5, 2), "kernel_size needs 1 integers"),
        (nn.Conv(4, 3, groups=3), (-1, 5, 5, 4), "divisible by the 3 groups"),
        (nn.GroupNorm(3), (-1, 5, 4), "divisible"),
        (nn.Reshape((5, 2)), (-1, 3, 3), "cannot give"),
        (nn.Flatten, (2, -1, 3), "needs all sizes"),
        (nn.LSTM(4), (-1, 3), "3 axes"),
        (nn.LSTM(4, stateful=True), (-1, 5, 3), "needs the batch size"),
        (nn.MultiHeadAttention(3), (-1, 5, 4), "3 heads do not divide"),
        (nn.LearnedPositions(3), (-1, 5, 4), "longer than the table"),
        (nn.Residual(nn.Dense(4)), (-1, 3), "shortcut"),
        (nn.parallel(nn.Dense(4), nn.Dense(3)), ((-1, 3),), "tuple of 2"),
        (nn.FanInSum, ((-1, 3), (-1, 4)), "differ"),
        (nn.FanInConcat(1), ((-1, 3), (-2, 4)), "positive"),
    ],
)
def test_wrong_input_shapes(layer: Any, shape: Any, message: str) -> None:
    with pytest.raises((ShapeError, TypeError), match=message):
        layer.init(random.key(0), shape)


def test_wrong_params_and_layers() -> None:
    model = nn.serial(nn.Dense(2), np.tanh)
    _, params, state = model.init(random.key(0), (-1, 3))
    with pytest.raises(TypeError, match="needs params as a tuple of 2"):
        model.apply(params[:1], state, np.ones((1, 3)))
    with pytest.raises(ShapeError, match=r"weights of shape \(3, 2\) take inputs whose last axis"):
        model.apply(params, state, np.ones((1, 4)))
    with pytest.raises(TypeError, match="pair of functions"):
        nn.serial(3)
    with pytest.raises(TypeError, match="must return"):
        nn.serial((lambda key, shape: shape, np.sin)).init(None, (-1, 3))
    with pytest.raises(ShapeError, match="kernel of shape"):
        nn.conv({"w": np.ones((3, 2, 2))}, np.ones((4, 4, 4, 2)))
