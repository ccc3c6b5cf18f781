"""The training loop: what it returns, records, keeps and resumes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import nn, optim, random, train
from funcgrad.errors import FileError, ShapeError

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 0.7


def mse(params: Any, batch: Any) -> Any:
    x, y = batch
    return np.mean((x @ params["w"] + params["b"] - y) ** 2)


def start() -> Any:
    return {"w": np.zeros(3), "b": np.zeros(())}


def same(a: Any, b: Any) -> bool:
    return fg.tree.all(
        fg.tree.map(lambda x, y: np.asarray(x).tobytes() == np.asarray(y).tobytes(), a, b)
    )


def test_batches_cover_the_examples_once_per_epoch() -> None:
    b = train.Batches((X, np.arange(40)), 7, key=random.key(0))
    assert len(b) == 5
    orders = [np.concatenate([i for _, i in b.epoch(e)]) for e in (0, 1, 0)]
    np.testing.assert_array_equal(orders[0], orders[2])
    assert len(set(orders[0])) == 35
    assert not np.array_equal(orders[0], orders[1])
    for x, i in b.epoch(3):
        np.testing.assert_array_equal(x, X[i])
    rest = [i for _, i in b.epoch(0, start=3)]
    np.testing.assert_array_equal(np.concatenate(rest), orders[0][21:])
    whole = train.Batches(np.arange(40), 7, key=random.key(0), drop_last=False)
    assert sorted(np.concatenate(list(whole))) == list(range(40))
    assert [len(x) for x in train.Batches(np.arange(5), 2)] == [2, 2, 1]


def test_wrong_batches() -> None:
    with pytest.raises(ShapeError, match="equal leading axes"):
        train.Batches((X, Y[:3]), 4)
    with pytest.raises(ShapeError, match="batches of 50"):
        train.Batches(X, 50, key=random.key(0))
    with pytest.raises(ShapeError, match="equal leading axes"):
        train.Batches(3.0, 1)


def test_fit_is_a_loop_of_gradient_steps() -> None:
    batches = train.Batches((X, Y), 8, key=random.key(1))
    before = start()
    done = train.fit(mse, before, optim.sgd(0.1), batches, epochs=3, progress=False)
    params, losses = start(), []
    for epoch in range(3):
        for batch in batches.epoch(epoch):
            loss, grads = fg.value_and_grad(mse)(params, batch)
            params = fg.tree.map(lambda p, g: p - 0.1 * g, params, grads)
            losses.append(loss)
    np.testing.assert_allclose(done.params["w"], params["w"], rtol=1e-12)
    np.testing.assert_allclose(done.history.losses, losses, rtol=1e-12)
    assert (done.training.step, done.training.epoch, done.interrupted) == (15, 3, False)
    assert done.history.epochs[1]["step"] == 10
    np.testing.assert_allclose(done.history.epochs[2]["loss"], np.mean(losses[10:]), rtol=1e-12)
    assert same(before, start())


def mse_with_state(params: Any, batch: Any, *, state: Any) -> Any:
    return mse(params, batch)


def test_the_step_is_one_program_traced_once() -> None:
    traces = []

    def loss(params: Any, batch: Any, *, state: Any, key: Any) -> Any:
        traces.append(1)
        y, state = model.apply(params, state, batch, key=key, train=True)
        return np.mean(y**2), state, {"largest": np.max(y)}

    model = nn.serial(nn.Dense(4), nn.BatchNorm(), nn.Dropout(0.5), nn.Dense(1))
    _, params, state = model.init(random.key(0), (-1, 3))
    optimizer = optim.chain(
        optim.clip_by_global_norm(1.0), optim.adamw(optim.cosine_decay_schedule(1e-2, 50))
    )
    done = train.fit(
        loss,
        params,
        optimizer,
        train.Batches(X, 8, key=random.key(1)),
        epochs=6,
        state=state,
        key=random.key(2),
        progress=False,
    )
    assert done.training.step == 30
    assert len(traces) == 1
    step = train.training_step(loss, optimizer)
    args = (params, state, optimizer.init(params), X[:8], random.key(2), 0)
    assert fg.make_jaxpr(step)(*args).eqns[0].primitive.name == "jit"
    assert len(fg.make_jaxpr(step)(*args).eqns) == 1
    assert set(done.history.steps) == {"loss", "largest"}
    assert not np.array_equal(done.state[1]["mean"], state[1]["mean"])


def test_each_step_has_its_own_key() -> None:
    def loss(params: Any, batch: Any, *, key: Any) -> Any:
        return np.sum(params) * 0.0 + random.uniform(key)

    done = train.fit(
        loss, np.zeros(2), optim.sgd(1.0), [X, X, X], epochs=2, key=random.key(5), progress=False
    )
    expected = [random.uniform(random.fold_in(random.key(5), i)) for i in range(6)]
    np.testing.assert_array_equal(done.history.losses, expected)


def test_accumulation_averages_gradients() -> None:
    small = train.Batches((X, Y), 4)
    large = train.Batches((X, Y), 8)
    one = train.fit(mse, start(), optim.adam(0.1), small, accumulate=2, epochs=2, progress=False)
    two = train.fit(mse, start(), optim.adam(0.1), large, epochs=2, progress=False)
    np.testing.assert_allclose(one.params["w"], two.params["w"], rtol=1e-9)


@pytest.mark.parametrize(
    ("optimizer", "epochs"),
    [(optim.lbfgs(), 20), (optim.polyak_sgd(), 300),
     (optim.sam(optim.sgd(0.1), optim.sgd(0.01), opaque_mode=True), 300)],
)  # fmt: skip
def test_optimizers_that_evaluate_the_loss(optimizer: Any, epochs: int) -> None:
    done = train.fit(mse, start(), optimizer, [(X, Y)], epochs=epochs, progress=False)
    np.testing.assert_allclose(done.params["w"], [1.0, -2.0, 0.5], atol=0.02)


def test_early_stopping_returns_the_best() -> None:
    scores = iter([5.0, 3.0, 4.0, 3.5, 2.0, 9.0])
    seen: list[Any] = []

    def evaluate(params: Any) -> Any:
        seen.append(params)
        return {"score": next(scores), "other": 1.0}

    done = train.fit(
        mse,
        start(),
        optim.sgd(0.05),
        train.Batches((X, Y), 8),
        epochs=20,
        evaluate=evaluate,
        patience=2,
        progress=False,
    )
    assert done.training.epoch == 4
    assert same(done.params, seen[1])
    assert not same(done.params, done.training.params)
    assert done.training.best.score == 3.0
    assert [e["evaluation.score"] for e in done.history.epochs] == [5.0, 3.0, 4.0, 3.5]


@pytest.mark.parametrize(
    ("scores", "maximize", "best"),
    [([1, 3, 2, 2], True, 3), ([np.nan, 5, 6, 7], False, 5), ([4, np.nan, np.nan, 1], False, 4)],
)
def test_the_best_score(scores: list[float], maximize: bool, best: float) -> None:
    it = iter(scores)
    done = train.fit(
        mse,
        start(),
        optim.sgd(0.05),
        train.Batches((X, Y), 20),
        epochs=4,
        patience=2,
        evaluate=lambda p: next(it),
        maximize=maximize,
        progress=False,
    )
    assert done.training.best.score == best


def test_callbacks_may_stop() -> None:
    calls = []

    def callback(training: Any, history: Any) -> bool:
        calls.append((training.epoch, len(history)))
        return training.epoch == 2

    train.fit(
        mse,
        start(),
        optim.sgd(0.1),
        train.Batches((X, Y), 8),
        epochs=9,
        callbacks=[callback],
        progress=False,
    )
    assert calls == [(1, 5), (2, 10)]


def test_evaluate_weighs_batches_by_their_size() -> None:
    got = train.evaluate(mse, start(), batches=train.Batches((X, Y), 7))
    np.testing.assert_allclose(got, mse(start(), (X, Y)), rtol=1e-12)
    with pytest.raises(ValueError, match="at least one batch"):
        train.evaluate(mse, start(), batches=[])


class Interrupting:
    """Batches that raise KeyboardInterrupt before the n-th of them."""

    def __init__(self, batches: Any, n: int) -> None:
        self.batches, self.left = batches, n

    def __call__(self, epoch: int) -> Any:
        for batch in self.batches.epoch(epoch):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield batch


MODEL = nn.serial(nn.Dense(5), nn.BatchNorm(), np.tanh, nn.Dropout(0.3), nn.Dense(1))


def noisy_loss(params: Any, batch: Any, *, state: Any, key: Any) -> Any:
    x, y = batch
    out, state = MODEL.apply(params, state, x, key=key, train=True)
    return np.mean((out[:, 0] - y) ** 2), state, {"size": np.mean(np.abs(out))}


def run(batches: Any, checkpoint: Any = None, **options: Any) -> Any:
    _, params, state = MODEL.init(random.key(0), (-1, 3))
    return train.fit(
        noisy_loss,
        params,
        optim.adam(0.05),
        batches,
        state=state,
        key=random.key(3),
        checkpoint=checkpoint,
        progress=False,
        **{"epochs": 4, **options},
    )


BATCHES = train.Batches((X, Y), 8, key=random.key(1))


@pytest.mark.parametrize("n", [0, 1, 4, 5, 13])
def test_an_interruption_returns_what_was_trained_and_resumes(tmp_path: Path, n: int) -> None:
    whole = run(BATCHES)
    part = run(Interrupting(BATCHES, n), tmp_path / "c")
    assert part.interrupted
    assert part.training.step == n == len(part.history)
    np.testing.assert_array_equal(part.history.losses, whole.history.losses[:n])
    rest = run(BATCHES, tmp_path / "c")
    assert not rest.interrupted
    assert same(rest.training._replace(key=None), whole.training._replace(key=None))
    assert rest.history.epochs == whole.history.epochs
    np.testing.assert_array_equal(rest.history.steps["size"], whole.history.steps["size"])


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Python's own handler, which a process that was started in the background does not have."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_real_signal_interrupts() -> None:
    def evaluate(params: Any, state: Any) -> float:
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        calls.append(params)
        return 0.0

    calls: list[Any] = []
    done = run(BATCHES, evaluate=evaluate)
    assert done.interrupted
    assert (done.training.epoch, done.training.step) == (2, 15)


def test_early_stopping_resumes(tmp_path: Path) -> None:
    def evaluate(params: Any, state: Any) -> float:
        return float(abs(np.sum(params[0]["w"]) - 0.3))

    options = {"evaluate": evaluate, "patience": 3, "epochs": 12}
    whole = run(BATCHES, **options)
    run(Interrupting(BATCHES, 17), tmp_path / "c", **options)
    rest = run(BATCHES, tmp_path / "c", **options)
    assert same(rest.params, whole.params)
    assert rest.training.best.epoch == whole.training.best.epoch
    again = run(BATCHES, tmp_path / "c", **options)
    assert same(again.params, whole.params)
    assert again.training.step == whole.training.step


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    run(BATCHES, tmp_path / "c", epochs=1)
    with pytest.raises(FileError, match=r"at params/w there is|params has the keys|a tuple"):
        train.fit(mse, start(), optim.adam(0.1), BATCHES, checkpoint=tmp_path / "c", progress=False)
    fresh = run(BATCHES, tmp_path / "c", epochs=1, resume=False)
    assert fresh.training.step == 5


def test_the_progress_bar_shows_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    train.fit(
        mse,
        start(),
        optim.sgd(0.1),
        train.Batches((X, Y), 8),
        epochs=3,
        evaluate=lambda p: {"accuracy": 0.5},
        progress="linear",
    )
    shown = " ".join(capsys.readouterr().out.split())
    for text in ("linear epoch 3/3", "15/15", "loss 0.", "accuracy 0.5", "examples/s", "ETA"):
        assert text in shown


def test_history_draws_itself(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = run(BATCHES, evaluate=lambda p, s: {"accuracy": 0.5})
    figure = done.history.plot(tmp_path / "h.png")
    assert [a.get_ylabel() for a in figure.axes] == ["loss", "size", "accuracy"]
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert labels == ["steps", "training"]
    np.testing.assert_allclose(
        figure.axes[0].lines[1].get_ydata(), [e["loss"] for e in done.history.epochs]
    )
    assert (tmp_path / "h.png").stat().st_size > 10_000


def test_wrong_use(tmp_path: Path) -> None:
    def bad(params: Any, batch: Any) -> Any:
        return params["b"], 3

    def residuals(params: Any, batch: Any) -> Any:
        return batch[0] @ params["w"] - batch[1]

    with pytest.raises(TypeError, match=r"bad must return a value or \(value, metrics\)"):
        train.fit(bad, start(), optim.sgd(0.1), [X], progress=False)
    with pytest.raises(TypeError, match=r"\(value, state\)"):
        train.fit(mse_with_state, start(), optim.sgd(0.1), [(X, Y)], state=(), progress=False)
    with pytest.raises(ValueError, match="no batches"):
        train.fit(mse, start(), optim.sgd(0.1), [], progress=False)
    with pytest.raises(ValueError, match="no batches"):
        train.fit(mse, start(), optim.sgd(0.1), iter([(X, Y)]), epochs=2, progress=False)
    with pytest.raises(ValueError, match="no 'accuracy' to monitor"):
        train.fit(
            mse, start(), optim.sgd(0.1), [(X, Y)], monitor="accuracy", patience=1, progress=False
        )
    with pytest.raises(ShapeError, match=r"residuals must return a number .*; got f64\[40"):
        train.fit(residuals, start(), optim.sgd(0.1), [(X, Y)], progress=False)
    place = tmp_path / "nowhere" / "c"
    with pytest.raises(FileNotFoundError, match=r"the folder .*nowhere of the file"):
        train.fit(mse, start(), optim.sgd(0.1), [(X, Y)], checkpoint=place, progress=False)
    with pytest.raises(ValueError, match="accumulate >= 1"):
        train.fit(mse, start(), optim.sgd(0.1), [(X, Y)], accumulate=0, progress=False)
