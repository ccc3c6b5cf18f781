"""Everything runs on the device of its arguments, whichever device is current, and leaves that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import laws
import numpy as np
import pytest
from devices import transforming
from devices.placing import assert_same, upload
from devices.test_control import ARGUMENTS, LEFT_OUT, MODES, PROGRAMS, X
from nn.test_layers import KEY, LAYERS, made
from optim.table import OPTIMIZERS, loss, params_of
from sampler_calls import SAMPLERS

import funcgrad as fg
from funcgrad import arrays, nn, optim, random
from funcgrad.core.primitive import REGISTRY

NAMES = sorted({name for name, _ in laws.all_cases()})
RUNS = transforming.OF_ALL | transforming.OF_INEXACT


def upload_to_second(xp: Any, x: Any) -> Any:
    with xp.cuda.Device(1):
        return upload(xp, x)


def assert_on_second(xp: Any, found: Any, expected: Any, rtol: float | None = None) -> None:
    assert xp.cuda.runtime.getDevice() == 0
    for leaf in fg.tree.leaves(found):
        if arrays.is_gpu_array(leaf):
            assert leaf.device.id == 1, f"the result is on device {leaf.device.id}"
    assert_same(found, expected, rtol)


@pytest.mark.parametrize("mode", ["value", "jit", "vjp", "jit vjp", "vmap"])
@pytest.mark.parametrize("name", NAMES)
def test_operators(two_devices: Any, name: str, mode: str) -> None:
    prim, xp = REGISTRY[name], two_devices
    case = laws.cases_of(prim)[0]
    if mode in transforming.OF_INEXACT and not (
        prim.has_derivative() and laws.inexact_positions(case.args)
    ):
        return
    run = RUNS[mode]
    found = run(prim, case, lambda a: upload_to_second(xp, a))
    assert_on_second(xp, found, run(prim, case, lambda a: a))


TRANSFORMED = [m for m in MODES if m != "value"]
"""Without a transformation CuPy computes alone, and refuses arrays of another device."""


@pytest.mark.parametrize(
    ("name", "mode"),
    [(n, m) for n in PROGRAMS for m in TRANSFORMED if m not in LEFT_OUT.get(n, ())],
)
def test_programs(two_devices: Any, name: str, mode: str) -> None:
    run, x = MODES[mode](PROGRAMS[name]), ARGUMENTS[mode]
    assert_on_second(two_devices, run(upload_to_second(two_devices, x)), run(x), 1e-9)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(two_devices: Any, name: str) -> None:
    layer, _, params, state, x = made(name)

    @fg.jit
    def run(params: Any, state: Any, x: Any, key: Any) -> Any:
        def total(params: Any, x: Any) -> Any:
            y, new = layer.apply(params, state, x, key=key, train=True)
            return np.sum(np.sin(y)), new

        return fg.grad(total, argnums=(0, 1), has_aux=True)(params, x)

    args = (params, state, x, KEY)
    found = run(*upload_to_second(two_devices, args))
    assert_on_second(two_devices, found, run(*args), 1e-8)


@pytest.mark.parametrize("wrap", [lambda f: f, fg.jit])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(two_devices: Any, name: str, wrap: Callable[..., Any]) -> None:
    tx = OPTIMIZERS[name]

    def run(params: Any) -> Any:
        state = tx.init(params)
        updates, state = wrap(tx.update)(fg.grad(loss)(params), state, params)
        return optim.apply_updates(params, updates)

    params = params_of(np.float64)
    found = run(upload_to_second(two_devices, params))
    assert_on_second(two_devices, found, run(params), 1e-8)


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(two_devices: Any, name: str) -> None:
    key = random.key(77)
    found = SAMPLERS[name](upload_to_second(two_devices, key))
    assert_on_second(two_devices, found, SAMPLERS[name](key), 1e-5)


def test_one_program_runs_on_each(two_devices: Any) -> None:
    """One jitted function, called with arrays of the CPU and of each device in turn."""
    xp, c = two_devices, np.arange(3.0)
    f = fg.jit(fg.grad(lambda x: np.sum(np.sin(x) * c)))
    x = np.array([0.1, 0.2, 0.3])
    for _ in range(2):
        for number in (0, 1):
            with xp.cuda.Device(number):
                there = xp.asarray(x)
            found = f(there)
            assert found.device.id == number
            np.testing.assert_allclose(found.get(), f(x))


def test_arrays_of_two_devices_are_refused(two_devices: Any) -> None:
    a, b = upload(two_devices, X), upload_to_second(two_devices, X)
    for f in (fg.jit(np.add), lambda a, b: fg.grad(lambda a: np.sum(a * b))(a)):
        with pytest.raises(ValueError, match=r"GPUs \[0, 1\].*device_put"):
            f(a, b)


def test_new_arrays_are_on_the_default_device(two_devices: Any) -> None:
    xp = two_devices
    with fg.default_device("gpu:1"):
        assert xp.cuda.runtime.getDevice() == 1  # what CuPy alone computes is there, too
        made = [
            fg.numpy.zeros(3), fg.numpy.arange(4), fg.numpy.linspace(0, 1, 5), fg.numpy.eye(2),
            random.key(0), random.normal(random.key(0), (2,)), fg.device_put(np.ones(2)),
        ]  # fmt: skip
    assert xp.cuda.runtime.getDevice() == 0
    for x in made:
        assert arrays.is_gpu_array(x)
        assert x.device.id == 1  # type: ignore[attr-defined]
    assert isinstance(fg.numpy.zeros(3), np.ndarray)


def test_parameters_are_on_the_default_device(two_devices: Any) -> None:
    """Those of layers by their initializers, and the states of optimizers where parameters are.

    Counters and hyper-parameters begin as numbers of the CPU, which eager updates decide by.
    """
    layers = [nn.Dense(2), nn.Conv(2, 3), nn.LSTM(2), nn.BatchNorm(), nn.TransformerBlock(1, 4)]
    shapes = [(-1, 3), (-1, 5, 5, 2), (-1, 4, 3), (-1, 3), (-1, 4, 4)]
    with fg.default_device("gpu:1"):
        key = random.key(0)
        made = [la.init(key, s)[1:] for la, s in zip(layers, shapes, strict=True)]
    params = upload_to_second(two_devices, params_of(np.float64))
    states = [OPTIMIZERS[name].init(params) for name in OPTIMIZERS]
    for x in fg.tree.leaves((made, states)):
        if np.shape(x):
            assert arrays.is_gpu_array(x), type(x)
            assert x.device.id == 1  # type: ignore[attr-defined]


def test_put_and_get(two_devices: Any) -> None:
    devices: list[Any] = ["gpu:1", 1, two_devices.cuda.Device(1)]
    for device in devices:
        x: Any = fg.device_put({"a": X, "b": (2.0,)}, device)
        assert x["a"].device.id == x["b"][0].device.id == 1
        back = fg.device_put(x, "gpu:0")
        assert back["a"].device.id == 0
        np.testing.assert_array_equal(fg.device_get(back)["a"], X)


def test_devices_that_there_are_not(xp: Any) -> None:
    for use in (
        lambda: fg.device_put(X, "gpu:9"),
        lambda: fg.numpy.zeros(2, device="gpu:9"),
        lambda: fg.default_device("gpu:9"),
    ):
        with pytest.raises(ValueError, match=r"there is no GPU 9.*CuPy finds"):
            use()
    for device in ("tpu", "gpu:x", "gpu:-1"):
        with pytest.raises(ValueError, match="unknown device"):
            fg.device_put(X, device)
    with pytest.raises(TypeError, match="a device is"):
        fg.device_put(X, 1.5)  # type: ignore[call-overload]


def test_files(two_devices: Any, tmp_path: Path) -> None:
    tree = upload_to_second(two_devices, {"w": X, "k": np.arange(3)})
    fg.save(tmp_path / "f", tree)
    assert isinstance(fg.load(tmp_path / "f")["w"], np.ndarray)
    back = fg.load(tmp_path / "f", tree)
    assert_on_second(two_devices, back, {"w": X, "k": np.arange(3)})
