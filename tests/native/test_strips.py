"""Maps across the memory of large arrays, in strips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler import program
from funcgrad.compiler.native import orders, strips

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops as of large arrays, and caches as small as for distances of a power of two."""
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")
    monkeypatch.setattr(program, "_kernels", {})
    monkeypatch.setattr(orders, "MOST_ORDERS", 0)
    monkeypatch.setattr(strips, "FEWEST", 64)
    monkeypatch.setattr(strips, "WAY", 1 << 8)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "transposed": lambda x: np.swapaxes(x, -1, -2) * 2,
    "with the original's sum": lambda x: np.swapaxes(x, -1, -2) + np.sum(x, -1)[..., None, :],
    "two of them": lambda x: (np.swapaxes(x, -1, -2) + 1, np.sqrt(np.abs(x))),
    "reversed": lambda x: np.swapaxes(x[..., ::-1, :], -1, -2) + 1,
    "reduced": lambda x: np.sum(np.swapaxes(x, -1, -2) * 3, axis=-1),
}


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "?", "c8", "f2"])
@pytest.mark.parametrize("shape", [(64, 48), (67, 50), (3, 80, 33), (17, 600), (25, 16)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_element_is_at_its_place(name: str, shape: tuple[int, ...], dtype: str) -> None:
    x = (4 * RNG.normal(size=shape)).astype(dtype)
    if dtype == "c8":
        x = x + x[..., ::-1] * np.complex64(1j)
    fun = FUNCTIONS[name]
    expected = fg.tree.leaves(fun(x))
    found = fg.tree.leaves(fg.jit(lambda x: fun(x))(x))
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        rtol = 0.0 if a.dtype.kind in "ib" or name == "transposed" else 1e-5
        if dtype == "f2":
            rtol = 0.02
        np.testing.assert_allclose(a, b, rtol=rtol, atol=10 * rtol)


def test_a_result_of_which_the_layout_is_given() -> None:
    """The result stands in a part of another, or in the memory of an argument."""
    x, y = RNG.normal(size=(80, 80)), RNG.normal(size=(80, 80))
    np.testing.assert_array_equal(
        fg.jit(lambda x, y: np.concatenate([x.T * 2, y]))(x, y), np.concatenate([x.T * 2, y])
    )
    expected = y + x.T
    found = fg.jit(lambda x, y: y + x.T, donate_argnums=1)(x, y)
    np.testing.assert_array_equal(found, expected)
    assert found is y


def test_strips_cover_all_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fg.jit(lambda x: x.T * 2).lower(np.ones((200, 100))).llvm_ir()
    monkeypatch.setattr(strips, "FEWEST", 1 << 30)
    whole = fg.jit(lambda x: x.T * 2).lower(np.ones((200, 100))).llvm_ir()
    assert found.count("call void @step") == 2
    assert whole.count("call void @step") == 1
