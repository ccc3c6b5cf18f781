"""Compiled scans have nothing that is not read, and nothing that is the same in every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.compiler.pipeline import optimized
from funcgrad.core.jaxpr import Eqn, Jaxpr

RNG = np.random.default_rng(0)
XS = RNG.normal(size=(5, 3))
C = RNG.normal(size=(2, 2))


def compiled(fun: Any, *args: Any) -> Jaxpr:
    return optimized(fg.jit(fun).lower(*args).jaxpr())


def the_scan(jaxpr: Jaxpr) -> tuple[Eqn, list[str]]:
    """The only scan of a jaxpr, and the operators of its body."""
    (e,) = [e for e in jaxpr.eqns if e.primitive.name == "scan"]
    return e, [inner.primitive.name for inner in optimized(e.params["jaxpr"]).eqns]


def check(fun: Any, *args: Any) -> None:
    expected = fg.tree.leaves(fun(*args))
    for a, b in zip(fg.tree.leaves(fg.jit(fun)(*args)), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_unread_results_are_not_made() -> None:
    def fun(xs: Any) -> Any:
        def body(state: Any, x: Any) -> Any:
            h, unread = state
            h = np.tanh(h + x)
            return (h, np.exp(unread)), (np.sin(h), np.cos(x), h)

        (h, _), (_, _, rows) = fg.lax.scan(body, (np.zeros(3), np.zeros(2)), xs)
        return h, rows

    e, names = the_scan(compiled(fun, XS))
    assert sorted(names) == ["add", "tanh"]
    assert e.params["layout"].carry == 1
    assert len(e.outvars) == 2
    check(fun, XS)


def test_a_carry_that_another_one_reads_stays() -> None:
    def fun(xs: Any) -> Any:
        def body(state: Any, x: Any) -> Any:
            a, b, c = state
            return (a + b, b + c, c * x[0]), None

        return fg.lax.scan(body, (0.0, 1.0, 2.0), xs)[0][0]

    e, _ = the_scan(compiled(fun, XS))
    assert e.params["layout"].carry == 3
    check(fun, XS)


def test_what_is_the_same_in_every_step_comes_before() -> None:
    step = fg.jit(lambda h, x, c: np.tanh(h * (np.exp(c) @ c.T)[0, 1] + x))

    def fun(xs: Any, c: Any) -> Any:
        return fg.lax.scan(lambda h, x: (step(h, x, c), None), np.zeros(3), xs)[0]

    jaxpr = compiled(fun, XS, C)
    _, names = the_scan(jaxpr)
    assert not {"exp", "dot_general"} & set(names)
    assert {"exp", "dot_general"} <= {e.primitive.name for e in jaxpr.eqns}
    check(fun, XS, C)
    check(fg.grad(lambda xs, c: np.sum(fun(xs, c)), (0, 1)), XS, C)


@pytest.mark.parametrize("length", [0, 1])
def test_loops_of_no_step_or_one_keep_their_constants(length: int) -> None:
    step = fg.jit(lambda h, c: h + np.exp(c))

    def fun(c: Any) -> Any:
        return fg.lax.scan(lambda h, _: (step(h, c), h), c, None, length=length)

    _, names = the_scan(compiled(fun, C))
    assert "exp" in names
    check(fun, C)


def test_large_repetitions_are_not_stored() -> None:
    step = fg.jit(lambda h, c: h + np.sum(np.broadcast_to(c, (1000, 2, 2)) * 2, axis=0)[0])

    def fun(c: Any) -> Any:
        return fg.lax.scan(lambda h, _: (step(h, c), None), np.zeros(2), None, length=4)[0]

    jaxpr = compiled(fun, C)
    largest = max(v.aval.size for e in jaxpr.eqns for v in e.outvars)
    assert largest <= 16
    check(fun, C)


def test_effects_stay() -> None:
    seen: list[float] = []

    def fun(xs: Any) -> Any:
        def body(h: Any, x: Any) -> Any:
            fg.debug.callback(lambda v: seen.append(float(v)), x[0])
            return h + 1.0, h

        return fg.lax.scan(body, 0.0, xs)[0]

    fg.jit(fun)(XS)
    np.testing.assert_array_equal(seen, XS[:, 0])


def test_what_numpy_refuses_is_refused_in_its_step() -> None:
    step = fg.jit(lambda h, n: h + fg.numpy.take(np.array([1, 2]), n, axis=0))

    def fun(n: Any) -> Any:
        return fg.lax.scan(lambda h, _: (step(h, n), None), 0, None, length=3)[0]

    assert fg.jit(fun)(1) == 6
    with pytest.raises(IndexError):
        fg.jit(fun)(5)


def test_gradients_of_while_loops_keep_their_rows() -> None:
    def fun(x: Any) -> Any:
        return fg.lax.while_loop(
            lambda s: s[0] < 5, lambda s: (s[0] + 1, np.sin(s[1]) * np.exp(x)), (0, x)
        )[1]

    x = np.float64(0.3)
    found = fg.jit(fg.grad(fun))(x)
    near = (fun(x + 1e-6) - fun(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(found, near, rtol=1e-8)


# --- what is there already -----------------------------------------------------------------------


def test_operands_and_rows_are_there_once() -> None:
    def fun(c: Any, xs: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            h, same = state
            u, v = x
            z = np.tanh(h * c + u * v)
            return (z, same), (z, z, same, u, 2 * v)

        (h, same), (a, b, d, e, f) = fg.lax.scan(step, (c, 2 * c), (xs, xs))
        return np.sum(h + same), a * b, d + e, f * 1.5

    c = RNG.normal(size=3)
    e, _ = the_scan(compiled(fun, c, XS))
    assert e.params["layout"] == (1, 1)
    assert (len(e.inputs), len(e.outvars)) == (3, 3)
    check(fun, c, XS)


def test_results_share_no_memory() -> None:
    def fun(c: Any, xs: Any) -> Any:
        (h, same), rows = fg.lax.scan(lambda s, x: ((s[0] + x, s[1]), (x, s[1], x)), (c, c), xs)
        return h, same, rows

    c, xs = RNG.normal(size=3), XS.copy()
    outs = fg.tree.leaves(fg.jit(fun)(c, xs))
    for k, out in enumerate(outs):
        others = [o for j, o in enumerate(outs) if j != k]
        assert not any(np.shares_memory(out, other) for other in [*others, xs, c])


# --- while loops ---------------------------------------------------------------------------------


def until(limit: Any, c: Any, x: Any) -> Any:
    test = fg.jit(lambda s, limit: np.sum(s) < np.sum(np.exp(limit)))
    step = fg.jit(lambda s, c: s + 1 + np.exp(-c @ c))
    return fg.lax.while_loop(lambda s: test(s, limit), lambda s: step(s, c), x)


def bodies(jaxpr: Jaxpr) -> tuple[list[str], list[str]]:
    (e,) = [e for e in jaxpr.eqns if e.primitive.name == "while"]
    test, step = (
        [inner.primitive.name for inner in optimized(e.params[k]).eqns] for k in ("cond", "body")
    )
    return test, step


@pytest.mark.parametrize("turns", [0, 5])
def test_while_loops_compute_constants_before(turns: int) -> None:
    limit, c, x = np.array([np.log(5.0), np.log(4.0)]), C, np.zeros((2, 2)) if turns else 9 + C
    test, step = bodies(compiled(until, limit, c, x))
    assert sorted(test) == ["lt", "reduce_sum"]
    assert not {"exp", "dot_general"} & set(step)
    check(until, limit, c, x)


def test_what_takes_long_waits_for_a_turn() -> None:
    big = RNG.normal(size=(100, 100)) / 1000
    _, step = bodies(compiled(until, np.zeros(2), big, np.ones((100, 100))))
    assert "dot_general" in step
    check(until, np.zeros(2), big, np.ones((100, 100)))


def test_what_may_raise_waits_for_a_turn() -> None:
    step = fg.jit(lambda s, n: s + fg.numpy.take(np.array([1, 2]), n, axis=0))

    def fun(n: Any, start: Any) -> Any:
        return fg.lax.while_loop(lambda s: s < 6, lambda s: step(s, n), start)

    assert fg.jit(fun)(5, 7) == 7
    assert fg.jit(fun)(1, 0) == 6
    with pytest.raises(IndexError):
        fg.jit(fun)(5, 0)
