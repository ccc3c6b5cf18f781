"""Untaken branches never give NaN; taken ones keep theirs; the rule is right at every order."""

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax
from funcgrad import numpy as fnp

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

WRAPS = {
    "grad": lambda f: fg.grad(f),
    "jit grad": lambda f: fg.jit(fg.grad(f)),
    "grad jit": lambda f: fg.grad(fg.jit(f)),
    "jvp": lambda f: lambda x: fg.jvp(f, (x,), (1.0,))[1],
    "jit jvp": lambda f: fg.jit(lambda x: fg.jvp(fg.jit(f), (x,), (1.0,))[1]),
    "vmap": lambda f: lambda x: fg.vmap(fg.grad(f))(np.array([x, x]))[0],
    "linearize": lambda f: lambda x: fg.linearize(f, x)[1](1.0),
}

SECOND_ONLY = np.array([False, True])

CASES = {
    "sqrt": (lambda x: np.where(x > 1.0, np.sqrt(x), x), 0.0, 1.0),
    "log": (lambda x: np.where(x > 0.0, np.log(x), 0.0), 0.0, 0.0),
    "div": (lambda x: np.where(x == 0.0, 2 * x, np.sin(x) / x), 0.0, 2.0),
    "arccos": (lambda x: np.where(x < 0.5, np.arccos(x), 3 * x), 1.0, 3.0),
    "power": (lambda x: np.where(x > 0.0, x**0.3, x), 0.0, 1.0),
    "maximum": (lambda x: np.maximum(np.sqrt(x) - 1.0, x - 0.5), 0.0, 1.0),
    "clip": (lambda x: np.clip(np.log(x), -3.0, 3.0) + x, 0.0, 1.0),
    "nested": (
        lambda x: np.where(x > 0, np.log(np.where(x > 0.5, np.sqrt(x - 0.5), x)), x),
        0.0, 1.0,
    ),
    "index": (lambda x: (np.sqrt(fnp.array([x, x + 4.0])))[1], 0.0, 0.25),
    "max": (lambda x: np.max(np.sqrt(fnp.array([x, x + 4.0]))), 0.0, 0.25),
    "matmul": (
        lambda x: np.sum(np.where(SECOND_ONLY, np.log(fnp.array([x, x + 1.0])) @ np.eye(2), 1.0)),
        0.0, 1.0,
    ),
    "boolean": (lambda x: (x > 1.0) * np.sqrt(x) + x, 0.0, 1.0),
    "cond": (lambda x: lax.cond(x > 1.0, np.sqrt, lambda x: 5 * x, x), 0.0, 5.0),
}  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("case", CASES)
def test_untaken_branches(case, wrap):
    if case == "matmul" and wrap in ("jvp", "jit jvp", "linearize"):
        wrap = "grad"  # forward mode meets 0 * inf inside the product, before the select
    f, x, expected = CASES[case]
    assert_allclose(WRAPS[wrap](f)(x), expected)


def test_residual_of_a_matrix_product():
    """d/dw of where(mask, log(x) @ w, 0): log(0) meets cotangents that are zero."""
    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    mask = np.array([[False], [True]])
    w = np.ones((2, 2))

    def f(w):
        return np.sum(np.where(mask, np.log(x) @ w, 0.0))

    expected = np.outer(np.log(x[1]), np.ones(2))
    assert_allclose(fg.grad(f)(w), expected)
    assert_allclose(fg.jit(fg.grad(f))(w), expected)


SECOND = {
    "fwd-rev": lambda f: lambda x: fg.jvp(fg.grad(f), (x,), (1.0,))[1],
    "rev-rev": lambda f: fg.grad(fg.grad(f)),
    "rev-fwd": lambda f: fg.grad(lambda x: fg.jvp(f, (x,), (1.0,))[1]),
    "fwd-fwd": lambda f: lambda x: fg.jvp(lambda y: fg.jvp(f, (y,), (1.0,))[1], (x,), (1.0,))[1],
}


@pytest.mark.parametrize("jit", ["plain", "inside", "outside", "both", "vmap"])
@pytest.mark.parametrize("mode", SECOND)
def test_second_order(mode, jit):
    def f(x):
        return np.where(x > 1.0, np.sqrt(x), x * x)

    g = SECOND[mode](fg.jit(f) if jit in ("inside", "both") else f)
    g = fg.jit(g) if jit in ("outside", "both") else g
    g = (lambda x, g=g: fg.vmap(g)(np.array([x, x]))[1]) if jit == "vmap" else g
    assert_allclose(g(0.0), 2.0)
    assert_allclose(g(4.0), -1 / 32)


@pytest.mark.parametrize("mode", SECOND)
def test_a_taken_cotangent_that_happens_to_be_zero(mode):
    """sin(x)**2 at 0 behind a select: a rule by value (zero where ct == 0) gives 0 instead of 2."""

    def f(x):
        return np.where(x > -1.0, np.sin(x), 0.0) ** 2

    assert_allclose(SECOND[mode](f)(0.0), 2.0)
    assert_allclose(fg.jit(SECOND[mode](f))(0.0), 2.0)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_nested_selects_at_higher_order(order):
    def f(x):
        return np.where(x > 0, np.log(np.where(x > 0.5, np.sqrt(x - 0.5), x)), x**3)

    g = f
    for _ in range(order):
        g = fg.grad(g)
    assert_allclose(g(0.0), [0.0, 0.0, 6.0][order - 1], atol=1e-12)
    # 0.5 log(x - 0.5) at 1: derivatives 1, -2, 8.
    assert_allclose(g(1.0), [1.0, -2.0, 8.0][order - 1])


def test_nans_of_taken_branches_stay():
    assert np.isnan(fg.grad(lambda x: np.where(x > -1.0, np.sqrt(x), 0.0))(-0.5))
    assert fg.grad(lambda x: np.where(x >= 0.0, np.sqrt(x), 0.0))(0.0) == np.inf
    assert np.isnan(fg.grad(lambda x: np.where(x > 0, x * np.nan, 0.0))(1.0))


SINGULAR = [np.sqrt, np.log, lambda x: 1 / x, np.arccos, lambda x: x**0.25, np.log1p, np.arctanh,
            lambda x: np.exp(1 / x), np.reciprocal, np.arccosh]  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(
    st.sampled_from(SINGULAR), st.sampled_from(SINGULAR), st.sampled_from([0.0, 1.0, -1.0, 5.0]),
    st.sampled_from(["grad", "jit grad", "jvp", "vmap"]),
)  # fmt: skip
def test_any_singular_function_in_an_untaken_branch(outer, inner, x, wrap):
    def f(x):
        return np.where(x > 1e6, outer(inner(x)), 3.0 * x)

    assert_allclose(WRAPS[wrap](f)(np.float64(x)), 3.0)


def test_sinc_to_fourth_order_at_zero():
    g = np.sinc
    values = []
    for _ in range(4):
        g = fg.grad(g)
        values.append(g(0.0))
    assert_allclose(values, [0, -(np.pi**2) / 3, 0, np.pi**4 / 5], atol=1e-9)


@pytest.mark.parametrize(("zero", "expected"), [(0.0, np.inf), (-0.0, -np.inf), (0, np.inf)])
def test_division_by_the_number_zero_has_numpys_slope(zero, expected):
    def f(x):
        return x / zero

    with np.errstate(divide="ignore"):
        assert fg.grad(f)(np.float64(1.0)) == expected
        assert fg.jit(fg.grad(f))(np.float64(1.0)) == expected
        assert fg.jvp(f, (np.float64(1.0),), (np.float64(1.0),))[1] == expected
        assert fg.grad(lambda x: np.where(x > 2, f(x), x))(np.float64(1.0)) == 1.0


PRODUCTS_OF_STRONG_ZEROS = {
    "carried select": (lambda x: lax.fori_loop(
        0, 1, lambda i, c: np.where(c > 0, np.sqrt(c) * c, c), x), (1.0, 0.0, 0.0)),
    "log times sqrt": (
        lambda x: np.where(x > 0, np.log(x) * np.sqrt(x), 0.0) ** 2, (0.0, 0.0, 0.0)),
    "power of 3/2": (lambda x: np.where(x > 0, x * np.sqrt(x), x), (1.0, 0.0, 0.0)),
    "sine over x": (lambda x: np.where(x > 0, np.sin(x) / x, 1.0), (0.0, 0.0, 0.0)),
}  # fmt: skip


@pytest.mark.parametrize("jit", [lambda f: f, fg.jit], ids=["plain", "jit"])
@pytest.mark.parametrize("name", PRODUCTS_OF_STRONG_ZEROS)
def test_products_of_two_strong_zeros_at_high_order(name, jit):
    f, expected = PRODUCTS_OF_STRONG_ZEROS[name]
    forward = lambda h: lambda x: fg.jvp(h, (x,), (1.0,))[1]  # noqa: E731
    for derive in (fg.grad, forward):
        g = f
        for value in expected:
            g = derive(g)
            assert_allclose(jit(g)(0.0), value, atol=1e-12)
    assert_allclose(jit(fg.grad(forward(f)))(0.0), expected[1], atol=1e-12)
    assert_allclose(jit(forward(fg.grad(f)))(0.0), expected[1], atol=1e-12)
    assert_allclose(jit(fg.grad(fg.grad(forward(f))))(0.0), expected[2], atol=1e-12)
