"""Every kind of index, of the host and of the device, reads and writes what it does on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload

import funcgrad as fg
import funcgrad.numpy as fnp

X = np.arange(24.0).reshape(2, 3, 4) ** 1.5

KEYS: dict[str, Any] = {
    "int": 1, "ints": (1, 2), "slice": slice(1, None), "new axis": (None, 0), "ellipsis": (..., 2),
    "array": np.array([1, 0, 1]), "small": np.array([1, 0, -1], np.int8),
    "two": (np.array([[0], [1]]), np.array([2, 0])),
    "apart": (np.array([0, 1]), slice(None), np.array([3, 1])),
    "int and array": (1, np.array([0, 2])), "array and int": (np.array([0, 1]), 2),
    "0-d": np.array(1), "0-d and int": (np.array(1), 2), "NumPy's int": np.int64(1),
    "list": [1, 0], "empty": np.zeros(0, int), "mask": X > 20.0,
    "mask of rows": np.array([True, False]),
    "mask and int": (np.array([True, True]), 1), "row of mask": (0, X[0] > 5.0),
    "slice and array": (slice(None), np.array([2, 0])),
    "three": (np.array([0, 1]), np.array([1, 2]), np.array([3, 0])),
}  # fmt: skip


def total(x: Any, key: Any) -> Any:
    return np.sum(np.sin(x[key]))


MODES: dict[str, Callable[[Any, Any], Any]] = {
    "vjp": lambda x, key: fg.vjp(lambda x: x[key], x)[0],
    "grad": lambda x, key: fg.grad(total)(x, key),
    "jit": lambda x, key: fg.jit(lambda x: (x * 2)[key])(x),
    "jit grad": lambda x, key: fg.jit(fg.grad(lambda x: total(x, key)))(x),
    "set": lambda x, key: fg.jit(lambda x: fnp.at(x)[key].set(7.0))(x),
    "add": lambda x, key: fg.jit(lambda x: fnp.at(x)[key].add(7.0))(x),
    "max": lambda x, key: fg.jit(lambda x: fnp.at(x)[key].max(7.0))(x),
    "eager set": lambda x, key: fnp.at(x)[key].set(7.0),
}


@pytest.mark.parametrize("on_host", [True, False])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("key", KEYS)
def test_keys(xp: Any, key: str, mode: str, on_host: bool) -> None:
    k = KEYS[key] if on_host else upload(xp, KEYS[key])
    assert_same(MODES[mode](upload(xp, X), k), MODES[mode](X, KEYS[key]))


@pytest.mark.parametrize("name", ["segment_sum", "segment_prod", "segment_max", "segment_min"])
def test_derivatives_of_segments(xp: Any, name: str) -> None:
    """What they start from has no tangent, and is on the device."""
    segments = getattr(fg.ops, name)
    numbers = np.array([0, 2, 0])

    def run(x: Any, at: Any) -> list[Any]:
        def f(x: Any) -> Any:
            return np.sum(np.sin(segments(x, at, num_segments=3)[::2]))

        slope = fg.jvp(f, (x,), (x * 2,))[1]
        return [fg.grad(f)(x), fg.jit(fg.grad(f))(x), slope, fg.hessian(f)(x)]

    x = np.array([4.0, 2.0, 3.0])
    for found, expected in zip(
        run(upload(xp, x), upload(xp, numbers)), run(x, numbers), strict=True
    ):
        assert_same(found, expected)
