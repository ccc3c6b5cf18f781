"""custom_vmap: its rule is used wherever the function is mapped over; derivatives fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad import custom_batching, lax

X = np.array([0.5, -1.5, 2.0])


def with_rule(seen=None):
    """A sine that is ten times as large in a batch, so that one sees whether the rule was used."""
    f = custom_batching.custom_vmap(lambda x, y: np.sin(x) * y)

    @f.def_vmap
    def rule(axis_size, in_batched, x, y):
        if seen is not None:
            seen.append((axis_size, list(in_batched)))
        return 10 * np.sin(x) * y, any(in_batched)

    return f


f = with_rule()
WRAPS = {
    "vmap": lambda x: fg.vmap(f, in_axes=(0, None))(x, 2.0),
    "jit of vmap": lambda x: fg.jit(fg.vmap(f, in_axes=(0, None)))(x, 2.0),
    "vmap of jit": lambda x: fg.vmap(fg.jit(f), in_axes=(0, None))(x, 2.0),
    "vmap of cond": lambda x: fg.vmap(lambda x: lax.cond(np.sum(X) > 0, lambda: f(x, 2.0),
                                                         lambda: x))(x),
    "vmap of scan": lambda x: fg.vmap(lambda x: lax.scan(lambda c, _: (c, f(x, 2.0)), 0.0,
                                                         length=1)[1][0])(x),
    "value of grad in vmap": lambda x: fg.vmap(lambda x: fg.value_and_grad(f)(x, 2.0)[0])(x),
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPS)
def test_the_rule_is_used(wrap):
    assert_allclose(WRAPS[wrap](X), 20 * np.sin(X))
    assert f(0.5, 2.0) == 2 * np.sin(0.5)
    assert fg.jit(f)(0.5, 2.0) == 2 * np.sin(0.5)


def test_the_rule_is_told_what_is_batched():
    seen = []
    g = with_rule(seen)
    fg.vmap(g)(X, X)
    fg.vmap(g, in_axes=(None, 0))(2.0, X)
    two = fg.vmap(fg.vmap(g, in_axes=(0, None)), in_axes=(None, 0))(X, np.arange(2.0))
    assert two.shape == (2, 3)
    assert seen[:2] == [(3, [True, True]), (3, [False, True])]
    assert (3, [True, False]) in seen[2:]


def test_derivatives():
    assert_allclose(fg.grad(f)(0.5, 2.0), 2 * np.cos(0.5))
    assert_allclose(fg.jvp(lambda x: f(x, 2.0), (0.5,), (1.0,))[1], 2 * np.cos(0.5))
    assert_allclose(fg.jit(fg.grad(f))(0.5, 2.0), 2 * np.cos(0.5))
    # What the rule computes is differentiated, ten times as large.
    total = fg.grad(lambda x: np.sum(fg.vmap(f, in_axes=(0, None))(x, 2.0)))
    assert_allclose(total(X), 20 * np.cos(X))
    assert_allclose(fg.jit(total)(X), 20 * np.cos(X))
    assert_allclose(fg.grad(fg.grad(f))(0.5, 2.0), -2 * np.sin(0.5))


def test_results_without_a_batch_and_pytrees():
    g = custom_batching.custom_vmap(lambda p: {"a": p["x"] * 2, "b": p["y"]})

    @g.def_vmap
    def rule(axis_size, in_batched, p):
        assert in_batched == [{"x": True, "y": False}]
        return {"a": p["x"] * 2, "b": p["y"]}, {"a": True, "b": False}

    out = fg.vmap(g, in_axes=({"x": 0, "y": None},))({"x": X, "y": 3.0})
    assert_array_equal(out["a"], 2 * X)
    assert_array_equal(out["b"], [3.0, 3.0, 3.0])


def test_values_that_are_closed_over():
    def outer(scale, x):
        g = custom_batching.custom_vmap(lambda x: x * scale)
        g.def_vmap(lambda size, flags, x: (x * scale, flags[0]))
        return g(x)

    assert_array_equal(fg.vmap(outer)(X, X), X * X)
    assert_array_equal(fg.vmap(outer, in_axes=(None, 0))(2.0, X), 2 * X)
    assert_allclose(fg.grad(outer)(2.0, 3.0), 3.0)
    assert_allclose(fg.jit(fg.vmap(outer))(X, X), X * X)


def test_one_after_the_other():
    shapes = []

    def g(x, y):
        shapes.append(np.shape(x))
        return x**2 * y, np.sum(y)

    wrapped = custom_batching.sequential_vmap(g)
    a, b = fg.vmap(wrapped, in_axes=(0, None))(X, 2.0)
    assert_array_equal(a, 2 * X**2)
    assert_array_equal(b, [2.0, 2.0, 2.0])
    assert set(shapes) == {()}
    grads = fg.grad(lambda x: np.sum(fg.vmap(wrapped, in_axes=(0, None))(x, 2.0)[0]))(X)
    assert_allclose(grads, 4 * X)


def test_messages():
    g = custom_batching.custom_vmap(np.sin)
    with pytest.raises(TypeError, match="no rule yet"):
        fg.vmap(g)(X)
    with pytest.raises(TypeError, match="arguments by position"):
        g(x=0.5)  # type: ignore[call-arg]
    cases = {
        "a pair": lambda n, b, x: x,
        "returns": lambda n, b, x: ((x, x), True),
        "a batch of 3 examples": lambda n, b, x: (x[:2], True),
        "out_batched": lambda n, b, x: (x, (True, True)),
    }
    for words, rule in cases.items():
        g.def_vmap(rule)
        with pytest.raises((TypeError, ValueError), match=words):
            fg.vmap(g)(X)


def test_arguments_by_name_are_given_by_position():
    @fg.custom_batching.custom_vmap
    def product(x, y=2.0):
        return x * y

    @product.def_vmap
    def rule(axis_size, in_batched, x, y):
        return x * y + 1, True

    x = np.arange(3.0)
    np.testing.assert_array_equal(fg.vmap(lambda x: product(x, y=3.0))(x), 3 * x + 1)
    np.testing.assert_array_equal(fg.vmap(lambda x: product(y=3.0, x=x))(x), 3 * x + 1)
    np.testing.assert_array_equal(fg.vmap(product)(x), 2 * x + 1)
