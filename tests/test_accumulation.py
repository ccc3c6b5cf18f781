"""Sums of products over the steps of a loop become one product after it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def eqns_of(jaxpr: Any, name: str) -> list[Any]:
    return [e for e in jaxpr.eqns if e.primitive.name == name]


def recurrence(w: Any, h: Any, xs: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        h = np.tanh(h @ w + x)
        return h, h

    return np.sum(np.sin(fg.lax.scan(step, h, xs)[1]))


def recurrence_by_loop(w: Any, h: Any, xs: Any) -> Any:
    total = 0.0
    for x in xs:
        h = np.tanh(h @ w + x)
        total = total + np.sum(np.sin(h))
    return total


ARGS = draw(4, 4), draw(3, 4, seed=1), draw(6, 3, 4, seed=2)


def test_the_loop_keeps_no_accumulator() -> None:
    jaxpr = fg.make_jaxpr(fg.grad(recurrence))(*ARGS)
    backward = eqns_of(jaxpr, "scan")[1]
    assert backward.params["layout"].carry == 1
    (product,) = eqns_of(jaxpr, "dot_general")
    assert product.params["contract"] == ((0, 1), (0, 1))
    inner = eqns_of(backward.params["jaxpr"], "dot_general")
    assert len(inner) == 1


@pytest.mark.parametrize("transform", ["eager", "jit", "vmap"])
def test_gradients_are_those_of_the_loop(transform: str) -> None:
    f = fg.grad(recurrence, argnums=(0, 1, 2))
    expected = fg.grad(recurrence_by_loop, argnums=(0, 1, 2))(*ARGS)
    if transform == "vmap":
        many = [np.stack([a, 2 * a]) for a in ARGS]
        got = [g[0] for g in fg.vmap(f)(*many)]
    else:
        got = (fg.jit(f) if transform == "jit" else f)(*ARGS)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


def test_second_derivatives() -> None:
    fg.testing.check_grads(recurrence, ARGS, order=2)


def test_parameters_only() -> None:
    """The other factor is not stacked yet, and is no larger than the product."""
    expected = fg.grad(recurrence_by_loop)(*ARGS)
    np.testing.assert_allclose(fg.grad(recurrence)(*ARGS), expected, rtol=1e-10)


def test_factors_larger_than_the_product_are_not_stacked() -> None:
    def f(w: Any, xs: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            return c + np.sum(np.sin(x @ w) * np.cos(c)), None

        return fg.lax.scan(step, 0.0, xs)[0]

    w, xs = draw(2, 1), draw(5, 100, 2)
    jaxpr = fg.make_jaxpr(fg.grad(f))(w, xs)
    assert not eqns_of(jaxpr, "dot_general")
    fg.testing.check_grads(lambda w: f(w, xs), (w,), order=2)


def test_a_product_that_is_used_twice_stays() -> None:
    def f(w: Any, v: Any, xs: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            y = c @ w + x @ w + v
            return np.tanh(y), np.sin(y)

        return np.sum(fg.lax.scan(step, np.zeros((3, 4)), xs)[1])

    fg.testing.check_grads(f, (draw(4, 4), draw(4, seed=3), draw(5, 3, 4)), order=2)


def test_several_matrices_in_nested_loops() -> None:
    def f(w: Any, u: Any, xs: Any) -> Any:
        def inner(h: Any, x: Any) -> Any:
            h = np.tanh(h @ w + x)
            return h, h @ u

        def outer(h: Any, xs: Any) -> Any:
            h, ys = fg.lax.scan(inner, h, xs, reverse=True)
            return h, np.sum(ys, axis=0)

        return np.sum(fg.lax.scan(outer, np.zeros((3, 4)), xs)[1] ** 2)

    def by_loop(w: Any, u: Any, xs: Any) -> Any:
        h, total = np.zeros((3, 4)), 0.0
        for group in xs:
            ys = 0.0
            for x in group[::-1]:
                h = np.tanh(h @ w + x)
                ys = ys + h @ u
            total = total + np.sum(ys**2)
        return total

    args = draw(4, 4), draw(4, 2, seed=1), draw(2, 3, 3, 4, seed=2)
    got, expected = (fg.jit(fg.grad(g, argnums=(0, 1)))(*args) for g in (f, by_loop))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


def test_parts_without_a_cotangent_are_masked() -> None:
    """np.split drops what is not used: no 0 * inf from the derivative of the unused part."""

    def f(x: Any) -> Any:
        used, _ = np.split(np.sqrt(x), [2])
        return np.sum(used)

    for g in (fg.grad(f), fg.jit(fg.grad(f))):
        np.testing.assert_allclose(g(np.array([1.0, 4.0, 0.0])), [0.5, 0.25, 0.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(40, 9, 30), (3000, 3), (20, 1000, 1), (8200,)])
def test_sums_of_many_short_rows(dtype: Any, shape: tuple[int, ...]) -> None:
    x = draw(*shape).astype(dtype)
    axes = tuple(range(len(shape) - 1)) or (0,)

    def f(x: Any) -> Any:
        return np.sum(x * x, axis=axes)

    exact = np.sum(x.astype(np.float64) ** 2, axis=axes)
    for got in (fg.jit(f)(x), fg.jit(f)(np.asfortranarray(x)), fg.vjp(f, x)[0]):
        assert got.dtype == dtype
        np.testing.assert_allclose(got, exact, rtol=2e-5 if dtype == np.float32 else 1e-13)
    assert ("sum_values" in fg.to_source(f)(x)) == (len(shape) > 1)
    bad = np.copy(x)
    bad[-1] = np.nan
    assert np.isnan(fg.jit(f)(bad)).all()


def test_infinite_elements_stay_in_their_columns() -> None:
    x = np.ones((3000, 4))
    x[5, 2], x[7, 3], x[9, 3] = np.inf, np.inf, -np.inf
    np.testing.assert_array_equal(
        fg.jit(lambda x: np.sum(x * 1.5, axis=0))(x), [4500, 4500, np.inf, np.nan]
    )


@pytest.mark.parametrize(("steps", "turned"), [(20, True), (3, False)])
def test_matrices_are_turned_once_before_a_long_loop(steps: int, turned: bool) -> None:
    args = draw(70, 70) / 9, draw(3, 70, seed=1), draw(steps, 3, 70, seed=2)
    gradient = fg.grad(recurrence, argnums=(0, 1, 2))
    text = fg.to_source(gradient)(*args)
    assert ("np.ascontiguousarray(" in text) == turned
    expected = fg.grad(recurrence_by_loop, argnums=(0, 1, 2))(*args)
    for a, b in zip(fg.jit(gradient)(*args), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_matrix_that_is_used_both_ways_is_not_turned() -> None:
    def f(w: Any, h: Any) -> Any:
        def step(h: Any, _: Any) -> Any:
            return np.tanh(h @ w.T + np.cos(h) @ w), None

        return np.sum(fg.lax.scan(step, h, None, length=20)[0])

    args = draw(70, 70) / 9, draw(3, 70)
    assert "np.ascontiguousarray(" not in fg.to_source(f)(*args)
    h = args[1]
    for _ in range(20):
        h = np.tanh(h @ args[0].T + np.cos(h) @ args[0])
    np.testing.assert_allclose(fg.jit(f)(*args), h.sum(), rtol=1e-10)


def test_turned_matrices_behind_a_selection() -> None:
    """Cotangents that have passed a select keep their zeros strong in the turned product."""

    def f(w: Any, h: Any, xs: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            h = np.where(x > 0, np.tanh(h @ w + x), 0.0)
            return h, h

        return np.sum(np.sin(fg.lax.scan(step, h, xs)[1]))

    def by_loop(w: Any, h: Any, xs: Any) -> Any:
        total = 0.0
        for x in xs:
            h = np.where(x > 0, np.tanh(h @ w + x), 0.0)
            total = total + np.sum(np.sin(h))
        return total

    args = draw(70, 70) / 9, draw(3, 70, seed=1), draw(20, 3, 70, seed=2)
    gradient = fg.grad(f, argnums=(0, 1))
    assert "np.ascontiguousarray(" in fg.to_source(gradient)(*args)
    for a, b in zip(fg.jit(gradient)(*args), fg.grad(by_loop, argnums=(0, 1))(*args), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
