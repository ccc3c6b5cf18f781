"""Recurrent cells by their equations; masks, directions and carried state by loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn, random
from funcgrad.errors import ShapeError

CELLS = {"rnn": nn.rnn, "gru": nn.gru, "lstm": nn.lstm}
ALL = pytest.mark.parametrize("name", CELLS)
LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def rnn_by_hand(p: Any, h: Any, x: Any) -> Any:
    h = np.tanh(x @ p["wi"] + h @ p["wh"] + p["b"])
    return h, h


def gru_by_hand(p: Any, h: Any, x: Any) -> Any:
    wr, wu, wc = np.split(p["wi"], 3, axis=1)
    vr, vu, vc = np.split(p["wh"], 3, axis=1)
    br, bu, bc = np.split(p["b"], 3)
    r = sigmoid(x @ wr + h @ vr + br)
    u = sigmoid(x @ wu + h @ vu + bu)
    c = np.tanh(x @ wc + bc + r * (h @ vc + p["bh"]))
    h = (1 - u) * c + u * h
    return h, h


def lstm_by_hand(p: Any, carry: Any, x: Any) -> Any:
    h, c = carry
    i, f, o, g = np.split(x @ p["wi"] + h @ p["wh"] + p["b"], 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return (h, c), h


BY_HAND = {"rnn": rnn_by_hand, "gru": gru_by_hand, "lstm": lstm_by_hand}
STEPS = {"rnn": nn.rnn_cell, "gru": nn.gru_cell, "lstm": nn.lstm_cell}


def setup(name: str, n: int = 4) -> Any:
    """Parameters with random biases, a random carry and inputs (batch 3, time 6, size 2)."""
    params = CELLS[name].init(random.key(0), 2, n, float)
    params = fg.tree.map(lambda w: w + 0.3 * random.normal(random.key(w.size), w.shape), params)
    h, c = random.normal(random.key(1), (2, 3, n))
    x = random.normal(random.key(2), (3, 6, 2))
    return params, (h, c) if name == "lstm" else h, x


@ALL
def test_a_step_follows_the_equations(name: str) -> None:
    params, carry, x = setup(name)
    got, expected = STEPS[name](params, carry, x[:, 0]), BY_HAND[name](params, carry, x[:, 0])
    for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@ALL
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_is_a_loop(name: str, reverse: bool) -> None:
    params, carry, x = setup(name)
    last, y = nn.scan_cell(CELLS[name], params, x, carry, reverse=reverse)
    expected = np.zeros_like(y)
    for t in reversed(range(6)) if reverse else range(6):
        carry, expected[:, t] = BY_HAND[name](params, carry, x[:, t])
    np.testing.assert_allclose(y, expected, rtol=1e-11)
    for a, b in zip(fg.tree.leaves(last), fg.tree.leaves(carry), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11)


@ALL
def test_gradients_of_a_masked_scan(name: str) -> None:
    params, carry, x = setup(name, 3)
    mask = np.arange(6) < np.array([[6], [2], [4]])
    fg.testing.check_grads(
        lambda p, c, x: nn.scan_cell(CELLS[name], p, x, c, mask=mask), (params, carry, x), order=2
    )


LENGTHS = np.array([6, 2, 4])
MASK = np.arange(6) < LENGTHS[:, None]


@ALL
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_masks_cut_sequences_to_their_lengths(name: str, reverse: bool, sequences: bool) -> None:
    layer = LAYERS[name](4, reverse=reverse, return_sequences=sequences)
    _, params, state = layer.init(random.key(0), (-1, 6, 2))
    x = random.normal(random.key(1), (3, 6, 2))
    y, _ = layer.apply(params, state, x, mask=MASK)
    for i, n in enumerate(LENGTHS):
        alone, _ = layer.apply(params, state, x[i : i + 1, :n])
        if sequences:
            np.testing.assert_allclose(y[i, :n], alone[0], rtol=1e-12)
            np.testing.assert_array_equal(y[i, n:], 0)
        else:
            np.testing.assert_allclose(y[i], alone[0], rtol=1e-12)


@pytest.mark.parametrize("padding", [1e6, np.inf, np.nan])
def test_what_padding_holds_changes_nothing(padding: float) -> None:
    model = nn.serial(
        nn.Bidirectional(nn.LSTM(3), nn.GRU(3, reverse=True)), nn.RNN(4, return_sequences=False)
    )
    _, params, state = model.init(random.key(0), (-1, 6, 2))
    x = random.normal(random.key(1), (3, 6, 2))
    other = np.where(MASK[:, :, None], x, padding)

    def loss(params: Any, x: Any) -> Any:
        return np.sum(np.sin(model.apply(params, state, x, mask=MASK)[0]))

    with np.errstate(invalid="ignore"):
        got = fg.value_and_grad(loss, argnums=(0, 1))(params, other)
    expected = fg.value_and_grad(loss, argnums=(0, 1))(params, x)
    for a, b in zip(fg.tree.leaves(got), fg.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(got[1][1][~MASK], 0)


def test_bidirectional_joins_both_directions() -> None:
    forward, backward = nn.LSTM(3), nn.LSTM(2, reverse=True)
    both = nn.Bidirectional(forward, backward)
    shape, params, state = both.init(random.key(0), (-1, 6, 2))
    assert shape == (-1, 6, 5)
    x = random.normal(random.key(1), (3, 6, 2))
    y, _ = both.apply(params, state, x)
    one, _ = forward.apply(params[0], (), x)
    flipped, _ = nn.LSTM(2).apply(params[1], (), x[:, ::-1])
    np.testing.assert_allclose(y, np.concatenate([one, flipped[:, ::-1]], -1), rtol=1e-12)


@ALL
def test_carried_state_continues_and_stops_gradients(name: str) -> None:
    layer = LAYERS[name](4, stateful=True)
    _, params, state = layer.init(random.key(0), (3, 6, 2))
    x = random.normal(random.key(1), (3, 6, 2))
    whole, _ = LAYERS[name](4).apply(params, (), x)
    first, middle = layer.apply(params, state, x[:, :4])
    second, _ = layer.apply(params, middle, x[:, 4:])
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, rtol=1e-12)

    def loss_of_second(params: Any, x: Any) -> Any:
        _, carried = layer.apply(params, state, x[:, :4])
        return np.sum(layer.apply(params, carried, x[:, 4:])[0])

    def loss_from_constant(params: Any) -> Any:
        return np.sum(layer.apply(params, middle, x[:, 4:])[0])

    gp, gx = fg.grad(loss_of_second, argnums=(0, 1))(params, x)
    np.testing.assert_array_equal(gx[:, :4], 0)
    assert np.abs(gx[:, 4:]).max() > 0.01
    for a, b in zip(
        fg.tree.leaves(gp), fg.tree.leaves(fg.grad(loss_from_constant)(params)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_scan_of_a_new_length_needs_no_python_loop() -> None:
    layer = nn.LSTM(4)
    _, params, _ = layer.init(random.key(0), (-1, 6, 2))
    sizes = [
        len(fg.make_jaxpr(lambda p, x: layer.apply(p, (), x)[0])(params, np.ones((3, t, 2))).eqns)
        for t in (5, 50)
    ]
    assert sizes[0] == sizes[1] < 30


def test_initial_parameters() -> None:
    params = nn.lstm.init(random.key(0), 3, 5, np.float32)
    assert params["b"].dtype == np.float32
    np.testing.assert_array_equal(params["b"], np.repeat([0, 1, 0, 0], 5))
    for block in np.split(params["wh"], 4, axis=1):
        np.testing.assert_allclose(block @ block.T, np.eye(5), atol=1e-6)
    assert np.abs(params["wi"]).max() <= np.sqrt(6 / 8)


def test_wrong_shapes() -> None:
    params, _, x = setup("lstm")
    with pytest.raises(ShapeError, match="inputs of size 2"):
        nn.scan_cell(nn.lstm, params, np.ones((3, 6, 5)))
    with pytest.raises(ShapeError, match="batch, time, features"):
        nn.scan_cell(nn.lstm, params, x[0])
    with pytest.raises(ShapeError, match=r"a mask of shape \(3, 6\)"):
        nn.scan_cell(nn.lstm, params, x, mask=np.ones((3, 5), bool))
    with pytest.raises(ShapeError, match="different shapes"):
        nn.Bidirectional(nn.LSTM(3), nn.LSTM(3, return_sequences=False)).init(
            random.key(0), (-1, 6, 2)
        )
