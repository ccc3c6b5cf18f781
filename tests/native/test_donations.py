"""Results in the memory of arguments that are given away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad import lax

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 30)), RNG.normal(size=(40, 30))
ROWS = np.array([3, 1, 39])


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def momentum(x: Any, y: Any) -> Any:
    y = 0.9 * y + np.sin(x)
    return x - 0.1 * y, y


IN_PLACE: dict[str, tuple[Callable[..., Any], list[tuple[int, int]]]] = {
    "elementwise": (lambda x, y: x * 2 + y, [(0, 0)]),
    "two results": (momentum, [(0, 0), (1, 1)]),
    "crossed": (lambda x, y: (y * 2, x + 1), [(0, 0), (1, 1)]),
    "read before": (lambda x, y: y * np.sum(x @ y.T), [(0, 0)]),
    "less its mean": (lambda x, y: x - np.mean(x, axis=0), [(0, 0)]),
    "a slice set": (lambda x, y: lax.dynamic_update_slice(x, y[:5], (3, 0)), [(0, 0)]),
    "a loop": (lambda x, y: lax.fori_loop(0, 5, lambda i, x: lax.dynamic_update_slice(
        x, y[:2] + x[:2], (i, 0)), x), [(0, 0)]),
}  # fmt: skip
"""Functions, and which results stand in the memory of which arguments."""

NOT_IN_PLACE: dict[str, Callable[..., Any]] = {
    "read later": lambda x, y: (x + y, np.sin(x.T) @ x),
    "in another order": lambda x, y: x[::-1] + y,
    "returned": lambda x, y: (x, x * 2.0),
    "a part returned": lambda x, y: (x[:3], x * 2.0),
    "another type": lambda x, y: (x * 2).astype("f"),
    "rows set": lambda x, y: x.at[ROWS].set(y[:3]),
    "a product": lambda x, y: x - x @ (y.T @ y),
}


def given() -> tuple[np.ndarray, np.ndarray]:
    return X.copy(), Y.copy()


def results(out: Any) -> list[Any]:
    return [np.array(a) for a in fg.tree.leaves(out)]


@pytest.mark.parametrize("name", [*IN_PLACE, *NOT_IN_PLACE])
@pytest.mark.parametrize("general", [False, True])
def test_values_are_those_without_donation(name: str, general: bool) -> None:
    fun = IN_PLACE[name][0] if name in IN_PLACE else NOT_IN_PLACE[name]
    expected = results(fg.jit(fun)(*given()))
    donating = fg.jit(fun, donate_argnums=(0, 1))
    for _ in range(3):
        x, y = given()
        out = donating(x, y=y) if general else donating(x, y)
        for a, b in zip(results(out), expected, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NOT_IN_PLACE)
def test_arguments_that_are_read_stay(name: str) -> None:
    x, y = given()
    fg.jit(NOT_IN_PLACE[name], donate_argnums=0)(x, y)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("name", IN_PLACE)
def test_memory_of_arguments_is_used(name: str) -> None:
    fun, pairs = IN_PLACE[name]
    donating = fg.jit(fun, donate_argnums=(0, 1))
    for _ in range(3):
        args = given()
        outs = fg.tree.leaves(donating(*args))
        for k, j in pairs:
            assert outs[k] is args[j]
        for k, out in enumerate(outs):
            for other in outs[:k]:
                assert not np.shares_memory(out, other)


@pytest.mark.parametrize("name", IN_PLACE)
def test_what_is_not_given_away_stays(name: str) -> None:
    """Views, read-only arrays, one array as two arguments, and other orders of memory."""
    fun = IN_PLACE[name][0]
    plain, donating = fg.jit(fun), fg.jit(fun, donate_argnums=0)
    expected = results(plain(*given()))
    owner = np.stack([X, Y])
    frozen = X.copy()
    frozen.flags.writeable = False
    turned = np.asfortranarray(X)
    y = Y.copy()
    for _ in range(2):
        for x in (owner[0], frozen, turned if turned.flags.owndata else turned.copy("F")):
            for a, b in zip(results(donating(x, y)), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-13)
        np.testing.assert_array_equal(owner, np.stack([X, Y]))
        np.testing.assert_array_equal(frozen, X)
        np.testing.assert_array_equal(y, Y)
        turned = np.asfortranarray(X)
    both = X.copy()
    twice = results(donating(both, both))
    for a, b in zip(twice, results(plain(X, X)), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(both, X)
    view = both[::-1]
    for a, b in zip(results(donating(both, view)), results(plain(X, X[::-1])), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(both, X)


def test_what_may_fail_overwrites_nothing() -> None:
    update = fg.jit(lambda x, i, y: 2 * x + y[i], donate_argnums=0)
    x = X.copy()
    np.testing.assert_allclose(update(x, np.array(3), Y), 2 * X + Y[3])
    x = X.copy()
    with pytest.raises(IndexError):
        update(x, np.array(40), Y)
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("sizes", [(64, 48, 32), (67, 50, 30), (8, 100, 3), (128, 10, 64)])
@pytest.mark.parametrize("bits", ["128", "512"])
def test_products_that_update_what_they_read(
    sizes: tuple[int, int, int], bits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tiles may overlap, and then read what they have written."""
    monkeypatch.setenv("FUNCGRAD_VECTOR_BITS", bits)
    n, m, k = sizes
    x, y, w, v = (RNG.normal(size=s) for s in ((k, n), (k, m), (n, m), (n, m)))

    def update(w: Any, v: Any, x: Any, y: Any) -> Any:
        v = 0.9 * v + x.T @ y
        return w - 0.1 * np.tanh(v), v

    expected = fg.jit(update)(w, v, x, y)
    donated = fg.jit(update, donate_argnums=(0, 1))
    for _ in range(2):
        given = w.copy(), v.copy()
        found = donated(*given, x, y)
        for a, b, c in zip(found, expected, given, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a is c


def test_a_training_step_that_fails_leaves_its_state() -> None:
    """Whether an index is out of range is known before anything is overwritten."""

    def loss(w: Any, x: Any, labels: Any) -> Any:
        return -np.mean(np.log(fg.nn.softmax(x @ w))[np.arange(8), labels])

    def step(w: Any, x: Any, labels: Any) -> Any:
        return w - 0.1 * fg.grad(loss)(w, x, labels)

    w, x, labels = RNG.normal(size=(32, 16)), RNG.normal(size=(8, 32)), np.arange(8)
    donating = fg.jit(step, donate_argnums=0)
    for _ in range(2):
        given = w.copy()
        found = donating(given, x, labels)
        assert found is given
        np.testing.assert_allclose(found, step(w, x, labels), rtol=1e-10)
        given = w.copy()
        with pytest.raises(IndexError):
            donating(given, x, labels + 10)
        np.testing.assert_array_equal(given, w)


def test_a_state_is_updated_without_new_memory() -> None:
    """A long array of which one element changes is not copied."""
    one = np.ones(1)
    update = fg.jit(lambda x, i: lax.dynamic_update_slice(x, one, (i,)), donate_argnums=0)
    x = first = np.zeros(100_000)
    for i in range(5):
        x = update(x, np.array(i))
    np.testing.assert_array_equal(x[:6], [1, 1, 1, 1, 1, 0])
    assert x is first


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("looped", [False, True])
def test_another_view_of_what_is_updated_is_read(late: bool, looped: bool) -> None:
    """An array is updated through one view of it, and read through another one, later or before."""

    def fun(x: Any, d: Any) -> Any:
        q = np.sum(x, axis=2)
        other = np.reshape(q, (20,))
        before = np.cumsum(np.sort(other))
        updated = lax.dynamic_update_slice(np.reshape(q, (2, 10)), d, (0, 1))
        after = np.cumsum(np.sort(other[::-1]))
        return updated, after if late else before

    def turns(x: Any, d: Any) -> Any:
        def body(i: Any, c: Any) -> Any:
            updated, sums = fun(c[:, :, None] + x, d)
            return np.reshape(updated, (5, 4)) + np.reshape(sums, (5, 4)) * 1e-3

        return lax.fori_loop(0, 3, body, np.sum(x, axis=2)), d

    x, d = RNG.normal(size=(5, 4, 3)), RNG.normal(size=(2, 8))
    run = turns if looped else fun
    for found, expected in zip(fg.jit(run)(x, d), run(x, d), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
