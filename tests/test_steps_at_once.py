"""Compiled scans leave products that need no order to larger ones, before and after them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compiler.passes.at_once import FEW_ROWS, LEAST_STEPS
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.jaxpr import Jaxpr

RNG = np.random.default_rng(0)
N, STEPS = 80, LEAST_STEPS + 2
W, U, V = (RNG.normal(size=(N, N)) / N**0.5 for _ in range(3))
XS = RNG.normal(size=(STEPS, N))


def products(fun: Any, *args: Any) -> tuple[list[int], list[int]]:
    """The sizes of products outside of loops, and of those inside."""
    jaxpr = optimized(fg.jit(fun).lower(*args).jaxpr())
    bodies = [optimized(e.params["jaxpr"]) for e in jaxpr.eqns if e.primitive.name == "scan"]
    return _sizes(jaxpr), [size for body in bodies for size in _sizes(body)]


def _sizes(jaxpr: Jaxpr) -> list[int]:
    return [e.outvars[0].aval.size for e in jaxpr.eqns if e.primitive.name == "dot_general"]


def check(fun: Any, *args: Any, rtol: float = 1e-10) -> None:
    found, expected = fg.tree.leaves(fg.jit(fun)(*args)), fg.tree.leaves(fun(*args))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


def recurrent(w: Any, u: Any, v: Any, xs: Any) -> Any:
    """A network that needs one product in order, and two that are done at once."""

    def step(h: Any, x: Any) -> Any:
        h = np.tanh(w @ h + u @ x + 1)
        return h, np.exp(-(v @ h))

    h, ys = fg.lax.scan(step, np.zeros(N), xs)
    return np.sum(h) + np.sum(ys**2)


def test_a_recurrent_network() -> None:
    assert products(recurrent, W, U, V, XS) == ([STEPS * N, STEPS * N], [N])
    check(recurrent, W, U, V, XS)


def test_its_gradient() -> None:
    fun = fg.value_and_grad(recurrent, (0, 1, 2, 3))
    outside, inside = products(fun, W, U, V, XS)
    assert inside == [N, N]  # w @ h, and its transpose
    assert sorted(outside) == sorted([STEPS * N] * 4 + [N * N] * 3)
    check(fun, W, U, V, XS)


@pytest.mark.parametrize("reverse", [False, True])
def test_reversed_loops_keep_their_order(reverse: bool) -> None:
    def fun(u: Any, v: Any, xs: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            h = 0.5 * h + u @ x
            return h, (v @ h, x, h[0])

        return fg.lax.scan(step, np.ones(N), xs, reverse=reverse)

    assert products(fun, U, V, XS) == ([STEPS * N, STEPS * N], [])
    check(fun, U, V, XS)


@pytest.mark.parametrize("rows", [FEW_ROWS, FEW_ROWS + 1])
def test_products_of_many_rows_stay(rows: int) -> None:
    xs = RNG.normal(size=(STEPS, rows, N))

    def fun(u: Any, xs: Any) -> Any:
        return fg.lax.scan(lambda h, x: (np.sin(h + x @ u), None), np.ones((rows, N)), xs)[0]

    outside, inside = products(fun, U, xs)
    assert (outside, inside) == (([STEPS * rows * N], []) if rows == FEW_ROWS else ([], [rows * N]))
    check(fun, U, xs)


def test_short_loops_stay() -> None:
    assert products(recurrent, W, U, V, XS[: LEAST_STEPS - 1])[0] == []
    check(recurrent, W, U, V, XS[: LEAST_STEPS - 1])


def test_functions_of_few_numbers() -> None:
    def fun(ts: Any) -> Any:
        return fg.lax.scan(lambda h, t: (h * np.exp(-t) + np.sin(t), h), 1.0, ts)

    ts = RNG.random(STEPS)
    jaxpr = optimized(fg.jit(fun).lower(ts).jaxpr())
    assert [e.outvars[0].aval.shape for e in jaxpr.eqns if e.primitive.name == "exp"] == [(STEPS,)]
    check(fun, ts)


# --- sums of products ----------------------------------------------------------------------------


def sums(xs: Any, start: Any) -> Any:
    def step(state: Any, x: Any) -> Any:
        h, total = state
        h = np.tanh(0.5 * h + x)
        return (h, total + np.outer(h, x)), None

    return fg.lax.scan(step, (xs[0], start), xs)[0]


def test_sums_of_products_are_products() -> None:
    assert products(sums, XS, W) == ([N * N], [])
    check(sums, XS, W)


@pytest.mark.parametrize("spec", ["bi,bj->ij", "bi,bj->ji", "i,j->ij", "i,j->ji", "i,j->ikj"])
def test_kinds_of_products(spec: str) -> None:
    shape = (STEPS, 2, N) if "b" in spec else (STEPS, N)
    rows = RNG.normal(size=shape)
    square = (N, 1, N) if "k" in spec else (N, N)

    def product(x: Any, y: Any) -> Any:
        if "k" in spec:
            return x[:, None, None] * y[None, None]
        if spec.startswith("i"):
            return x[:, None] * y if spec.endswith("ij") else x * y[:, None]
        return np.einsum(spec, x, y)

    def fun(xs: Any, start: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            h, total = state
            return (np.sin(h + x), product(np.cos(h), x) + total), h

        return fg.lax.scan(step, (xs[0], start), xs)

    start = RNG.normal(size=square)
    outside, inside = products(fun, rows, start)
    assert (outside, inside) == ([N * N], [])
    check(fun, rows, start)


def test_sums_that_a_step_reads_stay() -> None:
    def fun(xs: Any) -> Any:
        def step(total: Any, x: Any) -> Any:
            return total + x.T @ x, total[0]

        return fg.lax.scan(step, np.zeros((N, N)), xs)

    rows = RNG.normal(size=(STEPS, 2, N))
    assert products(fun, rows) == ([], [N * N])
    check(fun, rows)


def test_infinities_and_nan_stay() -> None:
    xs = XS.copy()
    xs[1, 0], xs[2, 1], xs[3, 2] = np.inf, np.nan, -np.inf
    check(sums, xs, W)
    with np.errstate(all="ignore"):
        check(recurrent, W, U, V, xs)
