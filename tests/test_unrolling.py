"""Scans that do several steps at a time: the same results and derivatives, and a shorter loop."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax

W = np.random.default_rng(0).normal(size=(3, 3))


def run(c, xs, unroll, reverse=False):
    def step(carry, x):
        vector, total = carry
        vector = np.tanh(W @ vector + x["a"])
        return (vector, total + x["b"]), {"v": vector, "n": np.sum(vector) * x["b"]}

    return lax.scan(step, (c, 0), xs, reverse=reverse, unroll=unroll)


def operands(n):
    rng = np.random.default_rng(n)
    return rng.normal(size=3), {"a": rng.normal(size=(n, 3)), "b": np.arange(float(n))}


def assert_equal(a, b):
    assert fg.tree.structure(a) == fg.tree.structure(b)
    for x, y in zip(fg.tree.leaves(a), fg.tree.leaves(b), strict=True):
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-15, strict=True)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("unroll", [1, 2, 3, 7, 8, 100, True, False])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 12])
def test_results_do_not_depend_on_it(n, unroll, reverse):
    c, xs = operands(n)
    expected = run(c, xs, 1, reverse)
    assert_equal(run(c, xs, unroll, reverse), expected)
    assert_equal(fg.jit(run, static_argnums=(2, 3))(c, xs, unroll, reverse), expected)


@pytest.mark.parametrize("unroll", [3, True])
def test_derivatives_and_lanes_do_not_depend_on_it(unroll):
    c, xs = operands(7)

    def value(c, xs, unroll):
        (vector, total), ys = run(c, xs, unroll)
        return np.sum(vector) * total + np.sum(ys["v"] ** 2) + np.sum(ys["n"])

    for derive in (
        fg.grad,
        lambda f: fg.hessian(f),
        lambda f: fg.jit(fg.grad(f), static_argnums=2),
    ):
        assert_equal(derive(value)(c, xs, unroll), derive(value)(c, xs, 1))
    both = fg.vmap(value, in_axes=(0, None, None))
    many = np.stack([c, -c])
    assert_equal(both(many, xs, unroll), both(many, xs, 1))


@pytest.mark.parametrize(("unroll", "lengths"), [(1, [8]), (2, [4]), (3, [2, 2]), (True, [1])])
def test_the_loop_gets_shorter(unroll, lengths):
    c, xs = operands(8)
    jaxpr = fg.make_jaxpr(lambda c, xs: run(c, xs, unroll))(c, xs)
    scans = [e.params for e in jaxpr.eqns if e.primitive.name == "scan"]
    assert [s["length"] for s in scans] == lengths
    steps = [sum(e.primitive.name == "tanh" for e in s["jaxpr"].eqns) for s in scans]
    assert [s * n for s, n in zip(steps, lengths, strict=True)] == (
        [8] if len(lengths) == 1 else [6, 2]
    )


@pytest.mark.parametrize(("unroll", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_unroll_is_a_number_of_steps(unroll, error):
    with pytest.raises(error, match="unroll must be a number of steps, at least 1"):
        run(*operands(3), unroll)  # type: ignore[call-arg]
