"""Layers, losses, activations, metrics, optimizers and samplers: on a device as on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload
from nn.test_layers import KEY, LAYERS, made
from nn.test_losses import CASES as LOSSES
from optim.table import OPTIMIZERS, loss, params_of
from sampler_calls import SAMPLERS
from test_random import SAMPLERS as DRAWS

import funcgrad as fg
from funcgrad import nn, optim, random

WRAPS: dict[str, Callable[..., Any]] = {"eager": lambda f: f, "jit": fg.jit}
WRAPPED = pytest.mark.parametrize("wrap", WRAPS)

ACTIVATIONS = [
    "celu", "elu", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log1mexp",
    "log_sigmoid", "log_softmax", "logsumexp", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_sign", "softmax", "softplus", "sparse_plus", "sparse_sigmoid", "squareplus",
    "standardize", "tanh",
]  # fmt: skip


def domain_of(name: str) -> Any:
    """Negative numbers; positive ones for log(1 - exp(-x)), of others NumPy warns."""
    x = np.abs(np.random.default_rng(1).standard_normal((3, 4))) + 0.1
    return x if name == "log1mexp" else -x


def same_on_device(xp: Any, run: Callable[..., Any], args: Any, rtol: float | None = None) -> None:
    assert_same(run(*upload(xp, args)), run(*args), rtol)


@WRAPPED
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_layers(xp: Any, name: str, train: bool, wrap: str) -> None:
    layer, _, params, state, x = made(name)

    def run(params: Any, state: Any, x: Any, key: Any) -> Any:
        def total(params: Any, x: Any) -> Any:
            y, new = layer.apply(params, state, x, key=key, train=train)
            return np.sum(np.sin(y)), (y, new)

        grads, (y, new) = fg.grad(total, argnums=(0, 1), has_aux=True)(params, x)
        return y, new, grads

    same_on_device(xp, WRAPS[wrap](run), (params, state, x, KEY), 1e-8)


@WRAPPED
@pytest.mark.parametrize("name", LOSSES)
def test_losses(xp: Any, name: str, wrap: str) -> None:
    function, args, _ = LOSSES[name]
    gradients = fg.value_and_grad(function, tuple(range(len(args))))
    same_on_device(xp, WRAPS[wrap](gradients), args)


@WRAPPED
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(xp: Any, name: str, wrap: str) -> None:
    x = domain_of(name)

    def run(x: Any) -> Any:
        value, pull = fg.vjp(getattr(nn, name), x)
        return value, pull(value)

    same_on_device(xp, WRAPS[wrap](run), (x,))


METRICS: dict[str, Callable[..., Any]] = {
    "accuracy": nn.accuracy,
    "top_k_accuracy": lambda x, y: nn.top_k_accuracy(x, y, 2),
    "confusion_matrix": lambda x, y: nn.confusion_matrix(y, np.argmax(x, -1), 5),
    "perplexity": nn.perplexity,
    "f1_score": lambda x, y: nn.f1_score(y, np.argmax(x, -1), 5),
}


@WRAPPED
@pytest.mark.parametrize("name", METRICS)
def test_metrics(xp: Any, name: str, wrap: str) -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 5, 20)
    logits = np.log(rng.dirichlet(np.ones(5), 20))
    same_on_device(xp, WRAPS[wrap](METRICS[name]), (logits, labels))


@WRAPPED
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(xp: Any, name: str, wrap: str) -> None:
    tx = OPTIMIZERS[name]

    def step(params: Any, state: Any) -> Any:
        updates, state = tx.update(fg.grad(loss)(params), state, params)
        return optim.apply_updates(params, updates), state

    def run(params: Any) -> Any:
        state, take = tx.init(params), WRAPS[wrap](step)
        for _ in range(4):
            params, state = take(params, state)
        return params

    same_on_device(xp, run, (params_of(np.float64),), 1e-8)


@WRAPPED
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(xp: Any, name: str, wrap: str) -> None:
    same_on_device(xp, WRAPS[wrap](SAMPLERS[name]), (random.key(77),), 1e-5)


@WRAPPED
@pytest.mark.parametrize("name", DRAWS)
def test_plain_samplers(xp: Any, name: str, wrap: str) -> None:
    same_on_device(xp, WRAPS[wrap](DRAWS[name]), (random.key(5),), 1e-5)


@WRAPPED
@pytest.mark.parametrize("draw", [random.normal, random.uniform, random.bits, random.permutation])
def test_plain_draws(xp: Any, draw: Any, wrap: str) -> None:
    shape = 5 if draw is random.permutation else (5,)
    same_on_device(xp, WRAPS[wrap](lambda key: draw(key, shape)), (random.key(3),))
    run = fg.vmap(lambda k: draw(k, shape))
    same_on_device(xp, WRAPS[wrap](run), (random.split(random.key(3), 3),))


@pytest.mark.parametrize("name", LAYERS)
def test_layers_alone(xp: Any, name: str) -> None:
    """Without a transformation, where NumPy's functions get arrays of the device themselves."""
    layer, _, params, state, x = made(name)
    for train in (False, True):
        run = lambda p, s, x, k: layer.apply(p, s, x, key=k, train=train)[0]  # noqa: B023, E731
        same_on_device(xp, run, (params, state, x, KEY), 1e-8)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_alone(xp: Any, name: str) -> None:
    function, args, _ = LOSSES[name]
    same_on_device(xp, function, args)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_alone(xp: Any, name: str) -> None:
    same_on_device(xp, getattr(nn, name), (domain_of(name),))


MOVING: dict[str, Callable[..., Any]] = {
    "gamma": lambda k, a: random.gamma(k, a),
    "loggamma": lambda k, a: random.loggamma(k, a, (4, 3)),
    "beta": lambda k, a: random.beta(k, a, 2.0),
    "dirichlet": lambda k, a: random.dirichlet(k, a),
    "t": lambda k, a: random.t(k, a),
    "wald": lambda k, a: random.wald(k, a),
    "truncated_normal": lambda k, a: random.truncated_normal(k, -a, a),
    "triangular": lambda k, a: random.triangular(k, -a, 0.1 * a, a),
}


@WRAPPED
@pytest.mark.parametrize("name", MOVING)
def test_numbers_move_with_parameters(xp: Any, name: str, wrap: str) -> None:
    def run(key: Any, a: Any) -> Any:
        value, pull = fg.vjp(lambda a: MOVING[name](key, a), a)
        return value, pull(np.cos(value))

    args = (random.key(4), np.array([0.3, 1.7, 9.0]))
    same_on_device(xp, WRAPS[wrap](run), args, 1e-7)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_counts_are_those_of_the_cpu(xp: Any, dtype: Any) -> None:
    """Keys share the rounds of their own elements, whose numbers depend on the slowest of them."""
    rng = np.random.default_rng(0)
    keys = random.split(random.key(1), 3)
    p = rng.uniform(0, 1, (3, 300)).astype(dtype)
    n = np.floor(np.exp(rng.uniform(0, 6, (3, 300)))).astype(dtype)
    n[0, :3], p[1, :3] = (0, -1, np.inf), (0, 1, np.nan)
    rate = np.exp(rng.uniform(-3, 7, (3, 300)))
    rate[0, :4] = 0, -1, np.nan, np.inf
    run = fg.vmap(lambda key, n, p: random.binomial(key, n, p))
    assert_same(run(*upload(xp, (keys, n, p))), run(keys, n, p), 0.0)
    run = fg.vmap(lambda key, rate, _: random.poisson(key, rate))
    assert_same(run(*upload(xp, (keys, rate, p))), run(keys, rate, p), 0.0)
    run = fg.vmap(lambda key, n, p: random.multinomial(key, n[5], p[5:9]))
    assert_same(run(*upload(xp, (keys, n, p))), run(keys, n, p), 0.0)
