"""What a step of training may cost on a device: launches, and no look at values from the host.

A step is a jitted function of parameters, states and a batch that live on the device, counted
after it has run twice. A number of launches may fall, and is then lowered here; it may not grow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from devices.placing import upload
from devices.test_no_waiting import FAILURES
from sampler_calls import SAMPLERS

import funcgrad as fg
from funcgrad import nn, optim, random, train


class Budget(NamedTuple):
    """A network with its input, and the launches that a step may take with an optimizer."""

    layers: Any
    shape: tuple[int, ...]
    optimizer: Any
    launches: int


def classifier(*layers: Any) -> Any:
    return nn.serial(*layers, nn.Dense(3))


MLP = classifier(nn.Dense(16), nn.relu, nn.Dense(16), nn.relu)
CNN = classifier(
    nn.Conv(4, 3), nn.relu, nn.MaxPool(2), nn.Conv(4, 3), nn.relu, nn.MaxPool(2), nn.Flatten
)
SIZE = 6

BUDGETS = {
    "MLP, sgd": Budget(MLP, (8, 6), optim.sgd(0.1), 75),
    "MLP, momentum": Budget(MLP, (8, 6), optim.sgd(0.1, momentum=0.9), 87),
    "MLP, adam": Budget(MLP, (8, 6), optim.adam(0.1), 159),
    "MLP, clip and adamw": Budget(
        MLP, (8, 6), optim.chain(optim.clip_by_global_norm(1.0), optim.adamw(0.1)), 257
    ),
    "MLP, lion": Budget(MLP, (8, 6), optim.lion(0.1), 129),
    "CNN, adam": Budget(CNN, (4, 8, 8, 2), optim.adam(0.1), 215),
    "LSTM, adam": Budget(
        classifier(nn.LSTM(5, return_sequences=False)), (4, SIZE, 3), optim.adam(0.1), 495
    ),
    "GRU, sgd": Budget(
        classifier(nn.GRU(5, return_sequences=False)), (4, SIZE, 3), optim.sgd(0.1), 385
    ),
    "transformer block, adamw": Budget(
        classifier(nn.TransformerBlock(2, 4, hidden=8), nn.GlobalAvgPool), (4, SIZE, 4),
        optim.adamw(0.1), 495,
    ),
    "batch norm, adam": Budget(
        classifier(nn.Dense(8), nn.BatchNorm(), nn.gelu), (8, 6), optim.adam(0.1), 198
    ),
    "layer norm, adam": Budget(
        classifier(nn.Dense(8), nn.LayerNorm(), nn.gelu), (8, 6), optim.adam(0.1), 190
    ),
    "group norm, adam": Budget(
        classifier(nn.GroupNorm(2), nn.GlobalAvgPool), (4, 3, 3, 4), optim.adam(0.1), 114
    ),
    "RMS norm, adam": Budget(
        classifier(nn.Dense(8), nn.RMSNorm()), (8, 6), optim.adam(0.1), 135
    ),
    "dropout, adam": Budget(
        classifier(nn.Dense(8), nn.relu, nn.Dropout(0.3)), (8, 6), optim.adam(0.1), 122
    ),
    "embedding, sgd": Budget(
        classifier(nn.Embedding(9, 4), nn.Flatten), (8, 3), optim.sgd(0.1), 40
    ),
}  # fmt: skip


def inputs(budget: Budget) -> Any:
    """Parameters, state, optimizer's state, a batch and a key, on the CPU."""
    rng = np.random.default_rng(0)
    _, params, state = budget.layers.init(random.key(1), (-1, *budget.shape[1:]))
    embeds = "Embedding" in repr(budget.layers)
    x = rng.integers(0, 9, budget.shape) if embeds else rng.normal(size=budget.shape)
    y = rng.integers(0, 3, budget.shape[0])
    return params, state, budget.optimizer.init(params), (x, y), random.key(2)


def step_of(budget: Budget) -> Callable[..., Any]:
    def loss(params: Any, batch: Any, *, state: Any, key: Any) -> Any:
        x, y = batch
        logits, state = budget.layers.apply(params, state, x, key=key, train=True)
        return nn.softmax_cross_entropy_with_integer_labels(logits, y), state

    return train.training_step(loss, budget.optimizer)


def counted(cupy: Any, budget: Budget) -> Any:
    """The counts of a step, after one that compiles."""
    params, state, opt_state, batch, key = upload(cupy, inputs(budget))
    step = step_of(budget)
    for number in range(3):
        cupy.statistics.reset()
        params, state, opt_state, *_ = step(params, state, opt_state, batch, key, number)
    return cupy.statistics


@pytest.mark.parametrize("name", BUDGETS)
def test_launches(cupy: Any, name: str) -> None:
    statistics = counted(cupy, BUDGETS[name])
    most = BUDGETS[name].launches
    assert statistics.launches <= most, "\n".join(
        f"{n:5d} {place}" for place, n in list(statistics.places("launch").items())[:20]
    )
    assert 2 * statistics.launches > most, f"{statistics.launches} now: lower the budget of {name}"


@pytest.mark.parametrize("name", BUDGETS)
def test_no_synchronisation(cupy: Any, name: str) -> None:
    statistics = counted(cupy, BUDGETS[name])
    assert statistics.syncs == 0, statistics.places("sync")


@pytest.mark.parametrize("name", BUDGETS)
def test_no_copies(cupy: Any, name: str) -> None:
    """Constants are on the device before; a step's number may be sent there."""
    statistics = counted(cupy, BUDGETS[name])
    assert statistics.downloads == 0, statistics.places("download")
    assert statistics.uploads <= 1, statistics.places("upload")


@pytest.mark.parametrize("name", BUDGETS)
def test_a_graph_can_hold_the_step(cupy: Any, name: str) -> None:
    params, state, opt_state, batch, key = upload(cupy, inputs(BUDGETS[name]))
    step, number = step_of(BUDGETS[name]), cupy.asarray(0)
    args = (params, state, opt_state, batch, key, number)
    step(*args)
    step(*args)
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        try:
            step(*args)
        finally:
            graph = stream.end_capture()
    assert graph.launches > 0


def test_an_epoch_looks_at_its_losses_once(cupy: Any) -> None:
    """The loop waits for the device at the end of epochs, not at each step."""
    layers = MLP
    _, params, _ = layers.init(random.key(1), (-1, 6))
    rng = np.random.default_rng(0)
    data = upload(cupy, (rng.normal(size=(64, 6)), rng.integers(0, 3, 64)))
    counts = []
    for size in (16, 4):  # 4 and 16 steps

        def loss(params: Any, batch: Any) -> Any:
            logits = layers.apply(params, ((),) * 5, batch[0], key=None, train=True)[0]
            return nn.softmax_cross_entropy_with_integer_labels(logits, batch[1])

        run = lambda: train.fit(  # noqa: E731
            loss, upload(cupy, params), optim.sgd(0.1), train.Batches(data, size), epochs=2,  # noqa: B023
            progress=False,
        )  # fmt: skip
        run()
        cupy.statistics.reset()
        run()
        counts.append(cupy.statistics.syncs)
    assert counts[1] <= counts[0] + 2, cupy.statistics.places("sync")


DRAWS: dict[str, Callable[[Any], Any]] = SAMPLERS | {
    "normal": lambda k: random.normal(k, (100,)),
    "uniform": lambda k: random.uniform(k, (100,)),
    "half": lambda k: random.uniform(k, (100,), np.float16),
    "bernoulli": lambda k: random.bernoulli(k, 0.3, (100,)),
    "gamma": lambda k: random.gamma(k, 2.5, (100,)),
    "permutation": lambda k: random.permutation(k, 100),
    "choice": lambda k: random.choice(k, 10, (4,), p=np.arange(10.0)),
    "choice without replacement": lambda k: random.choice(k, 10, (4,), replace=False),
    "fold_in": lambda k: random.fold_in(k, 7),
    "split": lambda k: random.split(k, 7),
}


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
@pytest.mark.parametrize("sampler", DRAWS)
def test_samplers_do_not_wait(cupy: Any, sampler: str, wrap: Any) -> None:
    key, draw = upload(cupy, random.key(0)), wrap(DRAWS[sampler])
    draw(key)
    cupy.statistics.reset()
    draw(key)
    looks = cupy.statistics.places("sync")
    assert not {k for k in looks if not k.startswith(FAILURES)}, looks


LAUNCHES = {"uniform": 1, "half": 4, "gamma_large": 1, "poisson_large": 5, "permutation": 10}


@pytest.mark.parametrize("sampler", LAUNCHES)
def test_launches_of_samplers(cupy: Any, sampler: str) -> None:
    key, draw = upload(cupy, random.key(0)), fg.jit(DRAWS[sampler])
    draw(key)
    cupy.statistics.reset()
    draw(key)
    assert cupy.statistics.launches <= LAUNCHES[sampler], cupy.statistics.places("launch")
