"""Options of loops, branches and collectives that JAX has; numbers as operands everywhere."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import funcgrad as fg
from funcgrad import lax


@pytest.mark.parametrize("n", [0, 1, 4, 5])
@pytest.mark.parametrize("batch_size", [2, 5])
def test_map_in_batches(n, batch_size):
    xs = {"a": np.arange(2.0 * n).reshape(n, 2), "b": np.arange(float(n))}
    f = lambda x: (x["a"] * x["b"], np.sum(x["a"]))  # noqa: E731
    expected = (xs["a"] * xs["b"][:, None], xs["a"].sum(1))
    for run in (lambda: lax.map(f, xs, batch_size=batch_size),
                lambda: fg.jit(lambda xs: lax.map(f, xs, batch_size=batch_size))(xs)):  # fmt: skip
        for x, y in zip(run(), expected, strict=True):
            assert_array_equal(x, y)


def test_map_in_batches_calls_once_for_a_batch():
    shapes = []

    def f(x):
        shapes.append(x.shape)
        return x**2

    xs = np.arange(12.0).reshape(6, 2)
    assert_array_equal(lax.map(f, xs, batch_size=3), xs**2)
    assert_array_equal(lax.map(f, xs), xs**2)
    assert_array_equal(lax.map(f, xs.reshape(2, 3, 2), batch_size=1), xs.reshape(2, 3, 2) ** 2)
    grads = fg.grad(lambda xs: np.sum(lax.map(f, xs, batch_size=4)))(xs)
    assert_array_equal(grads, 2 * xs)
    with pytest.raises(ValueError, match="at least 1"):
        lax.map(f, xs, batch_size=0)


@pytest.mark.parametrize("unroll", [None, 1, 2, 5, True, False])
def test_for_loops_are_unrolled(unroll):
    f = lambda x: lax.fori_loop(1, 6, lambda i, x: x * 1.5 + i, x, unroll=unroll)  # noqa: E731
    expected = 2.0
    for i in range(1, 6):
        expected = expected * 1.5 + i
    assert fg.jit(f)(2.0) == f(2.0) == expected
    assert fg.grad(f)(2.0) == 1.5**5


def test_unknown_bounds_cannot_be_unrolled():
    f = lambda n: lax.fori_loop(0, n, lambda i, x: x + i, 0, unroll=2)  # noqa: E731
    with pytest.raises(ValueError, match="bounds that are known"):
        fg.jit(f)(3)


def test_carries_of_numbers_take_the_type_of_the_body():
    assert lax.fori_loop(0, 3, lambda i, x: x + 1.5, 0) == 4.5
    assert lax.while_loop(lambda x: x < 3, lambda x: x + 1.5, 0) == 3.0
    last: Any
    last, ys = lax.scan(lambda c, x: (c + x, c), 0, np.ones(3, np.float32))
    assert (last, last.dtype) == (3.0, np.float32)
    assert_array_equal(ys, np.arange(3, dtype=np.float32))
    total = fg.jit(lambda x: lax.fori_loop(0, 2, lambda i, c: (c[0] + x, c[1] + 1), (0, 0)))(1.5)
    assert total == (3.0, 2)
    assert lax.scan(lambda c, _: (c * 1j, None), 1, length=2)[0] == -1


def test_branches_take_numbers_and_both_older_forms():
    for pred in (True, False):
        expected = 2.5 if pred else -2.5
        assert lax.cond(pred, lambda x: x, lambda x: -x, 2.5) == expected
        assert lax.cond(pred, lambda x: x, lambda x: -x, operand=2.5) == expected
        assert lax.cond(pred, 2.5, lambda x: x, -2.5, lambda x: x) == expected
        staged = fg.jit(lambda p: lax.cond(p, 2.5, lambda x: x, -2, lambda x: x * 1.25))
        assert staged(pred) == expected
    assert lax.switch(7, [np.sin, np.cos], operand=0.5) == np.cos(0.5)
    assert fg.jit(lambda i: lax.switch(i, [lambda x: 1.0, lambda x: x], operand=3.0))(0) == 1.0
    assert fg.grad(lambda x: lax.cond(x > 0, lambda x: x * 2.0, lambda x: 1.0, x))(3.0) == 2.0


def test_products_of_numbers():
    none = (((), ()), ((), ()))
    assert lax.dot_general(2.0, 3.0, none) == 6.0
    assert fg.grad(lambda x: lax.dot_general(x, x, none))(3.0) == 6.0
    assert fg.jit(lambda x: lax.dot_general(x, 2.0, none))(3.0) == 6.0
    assert_array_equal(fg.vmap(lambda x: lax.mul(x, 2.0))(np.ones(2)), [2.0, 2.0])
    with pytest.raises(fg.errors.ShapeError, match="use mul for scalars"):
        lax.dot(2.0, 3.0)


def test_more_collectives():
    x = np.array([1.0, 3.0, 5.0])
    run = lambda f, x=x: fg.vmap(f, axis_name="i")(x)  # noqa: E731
    assert_array_equal(run(lambda x: lax.pshuffle(x, "i", [2, 0, 1])), x[[2, 0, 1]])
    assert_array_equal(run(lambda x: lax.pbroadcast(x, "i", 1)), [3.0, 3.0, 3.0])
    square = np.arange(9.0).reshape(3, 3)
    assert_array_equal(run(lambda x: lax.pswapaxes(x, "i", 0), square), square.T)
    weighted = fg.grad(lambda x: np.sum(run(lambda x: lax.pshuffle(x, "i", [2, 0, 1]), x) * square))
    assert_array_equal(weighted(x), square.sum(0)[[1, 2, 0]])
    two = fg.vmap(fg.vmap(lambda x: lax.pbroadcast(x, ("i", "j"), 3), axis_name="j"), axis_name="i")
    assert_array_equal(two(np.arange(6.0).reshape(2, 3)), np.full((2, 3), 3.0))
    with pytest.raises(fg.errors.ShapeError, match="no permutation"):
        run(lambda x: lax.pshuffle(x, "i", [0, 0, 1]))


NAMES = {
    "psum": lambda x, n: lax.psum(x, n),
    "pmean": lambda x, n: lax.pmean(x, n),
    "pmax": lambda x, n: lax.pmax(x, n),
    "pmin": lambda x, n: lax.pmin(x, n),
}


@pytest.mark.parametrize("name", NAMES)
def test_collectives_over_tuples_of_names(name):
    x = np.arange(6.0).reshape(2, 3) ** 2
    reference = getattr(np, {"psum": "sum", "pmean": "mean"}.get(name, name[1:]))
    f = fg.vmap(fg.vmap(lambda x: NAMES[name](x, ("i", "j")), axis_name="j"), axis_name="i")
    assert_array_equal(f(x), np.full((2, 3), reference(x)))


@pytest.mark.parametrize("name", "psum pmean pmax pmin all_gather".split())
def test_groups_of_examples_are_refused(name):
    f = lambda x: getattr(lax, name)(x, "i", axis_index_groups=[[0, 1], [2]])  # noqa: E731
    with pytest.raises(TypeError, match=rf"{name}: axis_index_groups must be None"):
        fg.vmap(f, axis_name="i")(np.ones(3))
