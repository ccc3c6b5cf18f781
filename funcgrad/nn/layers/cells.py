"""Recurrent cells: one step in time as a pure function."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ... import lax, random
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy import concatenate, full, zeros
from ...typing import Array, DTypeLike, Key, PyTree
from ..initializers import glorot_uniform, orthogonal

__all__ = [
    "Cell",
    "gru",
    "gru_cell",
    "lstm",
    "lstm_cell",
    "rnn",
    "rnn_cell",
]


class Cell(NamedTuple):
    """A recurrent cell, one step in time.

    Attributes:
        name: the cell's name.
        init: from (key, input size, hidden size, dtype) to params.
        start: from (batch shape, hidden size, dtype) to the first carry.
        project: from (params, inputs (..., m)) to what the steps need of them, (..., k); it is
            called once, for all steps.
        step: from (params, carry, projected inputs) to (carry, output).
    """

    name: str
    init: Callable[[Key, int, int, DTypeLike], PyTree]
    start: Callable[[tuple[int, ...], int, DTypeLike], PyTree]
    project: Callable[[PyTree, Array], Array]
    step: Callable[[PyTree, PyTree, Array], tuple[PyTree, Array]]


def _cell_init(gates: int, key: Key, size: int, hidden: int, dtype: DTypeLike) -> dict[str, Array]:
    """Input weights by Glorot, recurrent weights orthogonal gate by gate, biases of zero."""
    wi_key, *wh_keys = random.split(key, gates + 1)
    blocks = [orthogonal()(k, (hidden, hidden), dtype) for k in wh_keys]
    wi_blocks = [glorot_uniform()(k, (size, hidden), dtype) for k in random.split(wi_key, gates)]
    return {
        "wi": concatenate(wi_blocks, axis=1),
        "wh": concatenate(blocks, axis=1),
        "b": zeros((gates * hidden,), dtype),
    }


def _project(params: PyTree, x: Array) -> Array:
    if x.shape[-1] != params["wi"].shape[0]:
        raise ShapeError(
            f"the cell's parameters are for inputs of size {params['wi'].shape[0]}; "
            f"got inputs of shape {x.shape}"
        )
    return x @ params["wi"] + params["b"]


def _hidden_start(batch: tuple[int, ...], hidden: int, dtype: DTypeLike) -> Array:
    return zeros((*batch, hidden), dtype)


def _rnn_init(key: Key, size: int, hidden: int, dtype: DTypeLike) -> dict[str, Array]:
    return _cell_init(1, key, size, hidden, dtype)


def _rnn_step(params: PyTree, h: Array, z: Array) -> tuple[PyTree, Array]:
    h = np.tanh(z + h @ params["wh"])
    return h, h


rnn: Cell = Cell("RNN", _rnn_init, _hidden_start, _project, _rnn_step)


@user_facing
def rnn_cell(params: PyTree, h: Array, x: Array) -> tuple[PyTree, Array]:
    """One step of a simple recurrent network: h' = tanh(x @ wi + h @ wh + b).

    Args:
        params: ``{"wi": (m, n), "wh": (n, n), "b": (n,)}``.
        h: carry of shape (..., n).
        x: inputs of shape (..., m).

    Returns:
        (h', h').

    Source: Elman (1990), "Finding structure in time".

    >>> params = rnn.init(random.key(0), 3, 2, float)
    >>> rnn_cell(params, np.zeros(2), np.zeros(3))[0]
    array([0., 0.])
    """
    return _rnn_step(params, h, _project(params, x))


def _gru_init(key: Key, size: int, hidden: int, dtype: DTypeLike) -> dict[str, Array]:
    return _cell_init(3, key, size, hidden, dtype) | {"bh": zeros((hidden,), dtype)}


def _gru_step(params: PyTree, h: Array, z: Array) -> tuple[PyTree, Array]:
    n = h.shape[-1]
    gates, candidate = np.split(h @ params["wh"], [2 * n], axis=-1)
    z_gates, z_candidate = np.split(z, [2 * n], axis=-1)
    r, u = np.split(lax.logistic(z_gates + gates), 2, axis=-1)
    candidate = np.tanh(z_candidate + r * (candidate + params["bh"]))
    h = candidate + u * (h - candidate)
    return h, h


gru: Cell = Cell("GRU", _gru_init, _hidden_start, _project, _gru_step)


@user_facing
def gru_cell(params: PyTree, h: Array, x: Array) -> tuple[PyTree, Array]:
    """One step of a gated recurrent unit, its reset gate applied after the product with h.

    r, u = sigmoid of their gates; c = tanh(x wi_c + b_c + r * (h wh_c + bh)); h' = (1 - u) c + u h.

    Args:
        params: ``{"wi": (m, 3n), "wh": (n, 3n), "b": (3n,), "bh": (n,)}``, the gates in the order
            reset, update, candidate.
        h: carry of shape (..., n).
        x: inputs of shape (..., m).

    Returns:
        (h', h').

    Source: Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk and Bengio (2014),
    "Learning phrase representations using RNN encoder-decoder", in the variant that cuDNN has.

    >>> params = gru.init(random.key(0), 3, 2, float)
    >>> gru_cell(params, np.zeros(2), np.zeros(3))[0]
    array([0., 0.])
    """
    return _gru_step(params, h, _project(params, x))


def _lstm_init(key: Key, size: int, hidden: int, dtype: DTypeLike) -> dict[str, Array]:
    params = _cell_init(4, key, size, hidden, dtype)
    n = hidden
    bias = concatenate([zeros((n,), dtype), full((n,), 1.0, dtype), zeros((2 * n,), dtype)])
    return params | {"b": bias}


def _lstm_start(batch: tuple[int, ...], hidden: int, dtype: DTypeLike) -> tuple[Array, Array]:
    return zeros((*batch, hidden), dtype), zeros((*batch, hidden), dtype)


def _lstm_step(params: PyTree, carry: PyTree, z: Array) -> tuple[PyTree, Array]:
    h, c = carry
    gates, g = np.split(z + h @ params["wh"], [3 * h.shape[-1]], axis=-1)
    i, f, o = np.split(lax.logistic(gates), 3, axis=-1)
    c = f * c + i * np.tanh(g)
    h = o * np.tanh(c)
    return (h, c), h


lstm: Cell = Cell("LSTM", _lstm_init, _lstm_start, _project, _lstm_step)


@user_facing
def lstm_cell(params: PyTree, carry: PyTree, x: Array) -> tuple[PyTree, Array]:
    """One step of a long short-term memory.

    i, f, o = sigmoid of their gates; c' = f * c + i * tanh(x wi_g + h wh_g + b_g);
    h' = o * tanh(c').

    Args:
        params: ``{"wi": (m, 4n), "wh": (n, 4n), "b": (4n,)}``, the gates in the order input,
            forget, output, cell; the forget gate's bias is initially 1.
        carry: (h, c), of shape (..., n) each.
        x: inputs of shape (..., m).

    Returns:
        ((h', c'), h').

    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000); the bias of 1:
    Jozefowicz, Zaremba and Sutskever (2015).

    >>> params = lstm.init(random.key(0), 3, 2, float)
    >>> (h, c), y = lstm_cell(params, (np.zeros(2), np.ones(2)), np.zeros(3))
    >>> c.round(3)
    array([0.731, 0.731])
    """
    return _lstm_step(params, carry, _project(params, x))
