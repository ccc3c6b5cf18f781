"""Loops of derivatives compute again what takes less time to compute than to keep."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compiler.passes.cuts import Choice, cheapest
from funcgrad.compiler.passes.recompute import recompute_rows
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.jaxpr import Jaxpr, eval_jaxpr

RNG = np.random.default_rng(0)
INF = float("inf")


# --- cuts ----------------------------------------------------------------------------------------


def least(choices: dict[Any, Choice], wanted: list[Any]) -> float:
    """The least cost, by trying all ways to keep."""
    found = INF
    for flags in itertools.product((False, True), repeat=len(choices)):
        kept = {v for v, flag in zip(choices, flags, strict=True) if flag}
        cost, made, waiting = sum(choices[v].keep for v in kept), set(), list(wanted)
        while waiting:
            v = waiting.pop()
            if v not in kept and v not in made:
                made.add(v)
                cost += choices[v].compute
                waiting += choices[v].needs
        found = min(found, cost)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_cuts_cost_least(seed: int) -> None:
    rng = np.random.default_rng(seed)
    choices: dict[Any, Choice] = {}
    for v in range(8):
        needs = [u for u in range(v) if rng.random() < 0.4]
        keep = INF if v > 2 and rng.random() < 0.1 else float(rng.integers(1, 9))
        compute = INF if v < 2 else float(rng.integers(0, 6))
        choices[v] = Choice(keep, compute, needs)
    wanted = [7, int(rng.integers(2, 7))]
    kept, made = cheapest(choices, wanted)
    assert not kept & made
    assert {*wanted}.union(*(choices[v].needs for v in made)) == kept | made
    cost = sum(choices[v].keep for v in kept) + sum(choices[v].compute for v in made)
    assert cost == least(choices, wanted)


def test_what_can_neither_be_kept_nor_made_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither"):
        cheapest({0: Choice(INF, INF, ())}, [0])


# --- loops ---------------------------------------------------------------------------------------


def stacked_bytes(jaxpr: Jaxpr) -> int:
    return sum(
        v.aval.size * v.aval.dtype.itemsize
        for e in jaxpr.eqns
        if e.primitive.name == "scan"
        for v in e.outvars[e.params["layout"].carry :]
    )


def products(w: Any, xs: Any) -> Any:
    """A loop whose derivative needs much that is simply made of little."""

    def step(h: Any, x: Any) -> Any:
        d = h[:, None] - h[None, :]
        h = np.sin(h + w * np.sum(d / np.sqrt(1 + d * d), axis=1) + x)
        return h, 2 * h

    h, ys = fg.lax.scan(step, xs[0], xs)
    return np.sum(h) + np.sum(ys**2)


XS = RNG.normal(size=(20, 12))
W = 0.01 * RNG.normal(size=12)


def test_only_the_carry_is_kept() -> None:
    program = optimized(fg.jit(fg.grad(products, (0, 1))).lower(W, XS).jaxpr())
    rows = 20 * 12 * 8
    assert stacked_bytes(program) < 6 * rows  # one matrix a step would be twelve
    found = fg.jit(fg.grad(products, (0, 1)))(W, XS)
    for a, b in zip(found, fg.grad(products, (0, 1))(W, XS), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_results_are_the_same_bit_for_bit(reverse: bool, by_numpy: None) -> None:
    w2 = RNG.normal(size=(12, 12))

    def first(h: Any, x: Any) -> Any:
        y = np.exp(-((w2 * h) ** 2) + x)
        z = np.sqrt(y) * w2
        return np.tanh(y[0]), (z, y, x * h, np.ones(3), h)

    def second(t: Any, row: Any) -> Any:
        z, y, p, ones, h = row
        return t * 0.5 + np.sum(z * y, axis=0) + p + h, np.sum(ones) * t

    def fun(h: Any, xs: Any) -> Any:
        h, rows = fg.lax.scan(first, h, xs, reverse=reverse)
        return h, fg.lax.scan(second, h, rows, reverse=not reverse), rows[2]

    jaxpr = fg.jit(fun).lower(W, XS).jaxpr()
    changed = recompute_rows(jaxpr, lambda inner: inner)
    assert stacked_bytes(changed) < 0.6 * stacked_bytes(jaxpr)
    given = [W, XS]
    for a, b in zip(
        eval_jaxpr(changed, changed.consts, given),
        eval_jaxpr(jaxpr, jaxpr.consts, given),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(fg.tree.leaves(fg.jit(fun)(W, XS)), fg.tree.leaves(fun(W, XS)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_read_elsewhere_or_small_stays() -> None:
    def fun(xs: Any) -> Any:
        h, rows = fg.lax.scan(lambda h, x: (h + x, x * h), 0.0, xs)
        return fg.lax.scan(lambda t, row: (t * row, None), h, rows)[0]

    jaxpr = fg.jit(fun).lower(np.arange(5.0)).jaxpr()
    assert recompute_rows(jaxpr, lambda inner: inner) is jaxpr


def test_random_numbers_are_not_drawn_twice() -> None:
    def fun(key: Any, x: Any) -> Any:
        def step(key: Any, _: Any) -> Any:
            key, this = fg.random.split(key)
            return key, fg.random.normal(this, (40,))

        _, rows = fg.lax.scan(step, key, None, length=50)
        return fg.lax.scan(lambda t, row: (np.sin(t) * row, None), x, rows)[0]

    key, x = fg.random.key(0), RNG.normal(size=40)
    program = optimized(fg.jit(fun).lower(key, x).jaxpr())
    assert stacked_bytes(program) == 50 * 40 * 8
    np.testing.assert_allclose(fg.jit(fun)(key, x), fun(key, x), rtol=1e-12)
