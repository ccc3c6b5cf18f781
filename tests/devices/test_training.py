"""The training loop and files with arrays of a device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload

import funcgrad as fg
from funcgrad import nn, optim, random, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def network() -> tuple[Any, Any, Any]:
    layers = nn.serial(nn.Dense(8), nn.relu, nn.BatchNorm(), nn.Dropout(0.3), nn.Dense(3))
    _, params, state = layers.init(random.key(1), (-1, 6))
    return layers, params, state


def losses_of(layers: Any) -> Any:
    def loss(params: Any, batch: Any, *, state: Any, key: Any) -> Any:
        x, y = batch
        logits, state = layers.apply(params, state, x, key=key, train=True)
        metrics = {"accuracy": nn.accuracy(logits, y)}
        return nn.softmax_cross_entropy_with_integer_labels(logits, y), state, metrics

    return loss


def trained(put: Any, **arguments: Any) -> train.Fitted:
    """Three epochs, of arrays that are where ``put`` puts them."""
    layers, params, state = network()
    batches = train.Batches(put((X, Y)), 8, key=random.key(1))
    return train.fit(
        losses_of(layers), put(params), optim.adam(0.01), batches, epochs=3, state=put(state),
        key=put(random.key(2)), progress=False, **arguments,
    )  # fmt: skip


def test_fit(xp: Any) -> None:
    expected, found = trained(lambda x: x), trained(lambda x: upload(xp, x))
    assert_same(found.params, expected.params, 1e-8)
    np.testing.assert_allclose(found.history.losses, expected.history.losses, rtol=1e-8)
    assert found.history.epochs[-1].keys() == expected.history.epochs[-1].keys()


def test_fit_with_batches_of_the_cpu(xp: Any) -> None:
    layers, params, state = network()
    expected = trained(lambda x: x)
    batches = train.Batches((X, Y), 8, key=random.key(1))
    found = train.fit(
        losses_of(layers), upload(xp, params), optim.adam(0.01), batches, epochs=3,
        state=upload(xp, state), key=random.key(2), progress=False,
    )  # fmt: skip
    assert_same(found.params, expected.params, 1e-8)


def test_an_interrupted_run_goes_on(xp: Any, tmp_path: Path) -> None:
    """Bit for bit as if it had not been interrupted."""
    whole = trained(lambda x: upload(xp, x))
    arguments: Any = {"checkpoint": tmp_path / "run", "save_every": 2}

    class Stop(Exception):
        pass

    def stop(training: Any, history: Any) -> None:
        if training.epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        trained(lambda x: upload(xp, x), callbacks=[stop], **arguments)
    again = trained(lambda x: upload(xp, x), **arguments)
    assert again.training.step == whole.training.step
    assert_same(again.params, fg.device_get(whole.params), 0.0)


def test_evaluate(xp: Any) -> None:
    batches = train.Batches(upload(xp, (X, Y)), 8)
    mean = train.evaluate(
        lambda p, b: {"mean": np.mean(b[0] * p)}, upload(xp, np.ones(6)), batches=batches
    )
    np.testing.assert_allclose(float(mean["mean"]), X.mean())


def test_batches_hold_arrays_of_the_device(xp: Any) -> None:
    on_cpu = list(train.Batches((X, Y), 7, key=random.key(0)))
    for key in (random.key(0), upload(xp, random.key(0))):
        there = list(train.Batches(upload(xp, (X, Y)), 7, key=key))
        assert_same(there, on_cpu)
        for (x, y), (x0, y0) in zip(
            train.Batches((X, upload(xp, Y)), 7, key=key), on_cpu, strict=True
        ):
            np.testing.assert_array_equal(x, x0)
            assert_same(y, y0)


def test_batches_of_arrays_of_the_device_copy_nothing(cupy: Any) -> None:
    batches = train.Batches(upload(cupy, (X, Y)), 7, key=upload(cupy, random.key(0)))
    list(batches)
    cupy.statistics.reset()
    list(batches)
    assert cupy.statistics.syncs == cupy.statistics.downloads == cupy.statistics.uploads == 0


def test_files(xp: Any, tmp_path: Path) -> None:
    tree: Any = {"w": X, "n": np.float32(2), "steps": 3, "of": (Y, X[:, :2].T)}
    there: Any = upload(xp, tree)
    fg.save(tmp_path / "f", there)
    plain: Any = fg.load(tmp_path / "f")
    np.testing.assert_array_equal(plain["of"][1], tree["of"][1])
    assert_same(fg.load(tmp_path / "f", there), tree)
