"""Steps over the same rows go through them a few at a time, with the same results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from native.row_programs import layer_norm, softmax

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.groups import Map
from funcgrad.compiler.native import blocks, steps

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def cross_entropy(x: Any) -> Any:
    d = x - np.max(x, axis=-1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(d), axis=-1)) - d[..., 0])


def columns(x: Any) -> Any:
    """Totals along rows and columns, and what follows from both."""
    y = x * 2 + np.sum(x, axis=-1, keepdims=True)
    return np.sum(y, axis=0), np.max(y * x, axis=0), y / (1 + np.sum(y * y, axis=-1, keepdims=True))


def totals_of_totals(x: Any) -> Any:
    y = np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)
    total = np.sum(y, axis=0)
    return np.sum(y * total), y + total


def products(x: Any) -> Any:
    y = 1 + x / (2 + np.max(np.abs(x), axis=-1, keepdims=True))
    return np.prod(y, axis=0), np.min(y, axis=0), np.any(y > 1.3, axis=0), np.all(y > 0.6, axis=0)


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    f.__name__: f for f in (softmax, layer_norm, cross_entropy, columns, totals_of_totals, products)
}


def weighted(out: Any) -> Any:
    """A sum with weights: without them, derivatives cancel."""
    return np.sum(out * np.cos(np.arange(out.size)).reshape(out.shape))


for _name in ("softmax", "layer_norm", "cross_entropy"):
    PROGRAMS[f"gradient of {_name}"] = fg.grad(
        lambda x, f=PROGRAMS[_name]: weighted(f(x))  # type: ignore[misc]
    )


def found(fun: Any, *args: Any) -> list[blocks.Block]:
    """The blocks of a program."""
    jaxpr = steps.native_form(fg.jit(fun).lower(*args).jaxpr())
    every = blocked(jaxpr)
    return [s for s in every if isinstance(s, blocks.Block)]


def blocked(jaxpr: Any) -> list[Any]:
    return blocks.blocked(steps.steps_of(jaxpr), jaxpr.outvars)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(
    "shape", [(300, 257), (1000, 64), (4, 5, 60, 50), (3, 40000), (37, 2, 700)]
)
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_results_are_those_of_steps(name: str, shape: tuple[int, ...], dtype: str) -> None:
    x = RNG.normal(size=shape).astype(dtype)
    fun = PROGRAMS[name]
    with np.errstate(all="ignore"):
        expected = fg.tree.leaves(fun(x.astype("d")))
    eps = float(np.finfo(dtype).eps)
    for a, b in zip(fg.tree.leaves(fg.jit(fun)(x)), expected, strict=True):
        assert a.shape == b.shape
        scale = float(np.max(np.abs(b))) or 1.0
        np.testing.assert_allclose(a, b, rtol=2000 * eps, atol=200 * eps * scale)


@pytest.mark.parametrize("name", PROGRAMS)
def test_rows_go_through_together(name: str) -> None:
    x = np.ones((1000, 300))
    (block,) = found(PROGRAMS[name], x)
    assert block.lead == (1000,)
    assert len([s for s in block.steps if isinstance(s, Map)]) > 1
    assert 1 <= block.rows() < 1000


def test_every_order_of_memory_is_read() -> None:
    x = RNG.normal(size=(256, 300))
    fun = fg.jit(softmax)
    for y in (np.asfortranarray(x), x[::-1], x[:, ::-1], np.repeat(x, 2, axis=1)[:, ::2]):
        np.testing.assert_allclose(fun(y), softmax(y), rtol=1e-12)


def test_small_arrays_are_not_taken_apart() -> None:
    assert found(softmax, np.ones((16, 16))) == []


def test_what_reads_a_total_comes_after_the_rows() -> None:
    x = np.ones((1000, 300))
    jaxpr = steps.native_form(fg.jit(totals_of_totals).lower(x).jaxpr())
    every = blocked(jaxpr)
    for i, step in enumerate(every):
        if isinstance(step, blocks.Block):
            inside = {v for s in step.steps for v in s.inputs}
            assert not inside & step.totals
            later = {v for s in every[i + 1 :] for v in s.inputs}
            assert not step.totals or step.totals & (later | set(jaxpr.outvars))
