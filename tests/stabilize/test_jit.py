"""jit replaces naive formulas, before derivatives are taken; stabilize=False keeps them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax


def naive_softplus(x):
    return np.log(1 + np.exp(x))


def naive_log_softmax(x):
    return np.log(np.exp(x) / np.sum(np.exp(x)))[0]


X, V = np.float64(800.0), np.array([-800.0, 0.0])
BOTH = np.stack([V, V])

FIRST = {
    "jit": (fg.jit(naive_softplus), X, 800.0),
    "jit of grad": (fg.jit(fg.grad(naive_softplus)), X, 1.0),
    "grad of jit": (fg.grad(fg.jit(naive_softplus)), X, 1.0),
    "jit of grad of grad": (fg.jit(fg.grad(fg.grad(naive_softplus))), np.float64(0.0), 0.25),
    "jit of jvp": (fg.jit(lambda x: fg.jvp(naive_softplus, (x,), (x,))[1]), X, 800.0),
    "jit of linearize": (fg.jit(lambda x: fg.linearize(naive_softplus, x)[1](x)), X, 800.0),
    "jit of vjp": (fg.jit(lambda x: fg.vjp(naive_softplus, x)[1](x)[0]), X, 800.0),
    "vector": (fg.jit(fg.grad(naive_log_softmax)), V, [1.0, -1.0]),
    "jacfwd": (fg.jit(fg.jacfwd(naive_log_softmax)), V, [1.0, -1.0]),
    "vmap": (fg.jit(fg.vmap(fg.grad(naive_log_softmax))), BOTH, [[1.0, -1.0]] * 2),
    "vmap of jit": (fg.vmap(fg.jit(fg.grad(naive_log_softmax))), BOTH, [[1.0, -1.0]] * 2),
    "hessian": (fg.jit(fg.hessian(naive_log_softmax)), V, np.zeros((2, 2))),
    "jit inside": (fg.jit(lambda x: fg.grad(fg.jit(naive_softplus))(x) + 1), X, 2.0),
    "checkpoint": (fg.jit(fg.grad(fg.checkpoint(naive_softplus))), X, 1.0),
    "scan": (
        fg.jit(fg.grad(lambda x: lax.scan(lambda c, _: (naive_softplus(c), None), x, None,
                                          length=3)[0])), X, 1.0,
    ),
    "while": (
        fg.jit(fg.grad(lambda x: lax.while_loop(lambda c: c[1] < 2,
                                                lambda c: (naive_softplus(c[0]), c[1] + 1),
                                                (x, 0))[0])), X, 1.0,
    ),
    "cond": (
        fg.jit(fg.grad(lambda x: lax.cond(x > 0, naive_softplus, lambda x: x, x))), X, 1.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIRST)
def test_naive_formulas_come_out_stable(name):
    f, x, expected = FIRST[name]
    assert_allclose(f(x), expected, rtol=1e-14)


def test_it_can_be_switched_off():
    plain = fg.jit(naive_softplus, stabilize=False)
    assert plain(X) == np.inf
    assert np.isnan(fg.jit(fg.grad(naive_softplus), stabilize=False)(X))
    assert np.isnan(fg.grad(plain)(X))
    stable = fg.jit(naive_softplus)
    assert fg.jit(lambda x: stable(x), stabilize=False)(X) == np.inf
    assert stable(X) == 800.0


def test_it_stays_switched_off_inside_of_others():
    plain = fg.jit(lambda x: np.exp(x) - 1, stabilize=False)
    assert fg.jit(lambda x: plain(x) + 0.0)(1e-20) == 0
    assert fg.stabilize(plain)(1e-20) == 0
    assert fg.jit(fg.vmap(plain))(np.full(2, 1e-20))[0] == 0
    assert fg.jit(lambda x: plain(x) + (np.exp(x) - 1))(1e-20) == 1e-20
    assert fg.jit(lambda x: fg.jvp(plain, (x,), (1.0,))[0])(1e-20) == 0
    assert (
        fg.jit(lambda x: lax.scan(lambda c, _: (plain(c), None), x, None, length=1)[0])(1e-20) == 0
    )


ONES = np.ones((3, 1))
BROADCAST = [
    lambda x: np.log(np.sum(np.exp(x) * ONES, axis=0)),
    lambda x: np.log(np.sum(np.exp(x) * ONES)),
    lambda x: np.log((np.exp(x) * ONES).reshape(12)),
    lambda x: np.log((np.exp(x) * ONES).T),
    lambda x: np.log((np.exp(x) * ONES)[0]),
    lambda x: np.log(np.sum(np.full((3, 1), 1 / 3) * np.exp(-0.5 * (x - 1) ** 2), 0)),
    lambda x: np.log(ONES + np.exp(x)).sum(1),
    lambda x: np.log(np.exp(x) / np.full((4, 1), 2.0)).sum(1),
    lambda x: np.log(np.full((3, 1), np.e) ** x).sum(0),
    lambda x: np.log(ONES / (1 + np.exp(-x))).T,
    lambda x: np.log(0.5 * (ONES + np.tanh(x)))[1],
    lambda x: np.log(np.exp(x) ** np.full((3, 1), 2.0)).T,
    lambda x: np.log(fg.nn.softmax(x) * ONES).sum(0),
    lambda x: np.log((np.exp(x) * ONES) @ np.arange(1.0, 5.0)),
    lambda x: np.log(np.take(np.exp(x) * ONES, np.array([2, 0]), axis=0)),
]


@pytest.mark.parametrize("k", range(len(BROADCAST)))
def test_uniform_arrays_that_broadcast(k):
    f, x = BROADCAST[k], np.array([0.3, -1.2, 2.0, 0.5])
    assert_allclose(fg.jit(f)(x), f(x), rtol=1e-12)
    assert_allclose(fg.jit(fg.jacrev(f))(x), fg.jacrev(f)(x), rtol=1e-12, atol=1e-14)


def test_infinities():
    ends = np.array([-np.inf, np.inf])
    assert np.array_equal(fg.jit(lambda x: np.log(1 - np.tanh(x) ** 2))(ends), [-np.inf] * 2)
    found = fg.jit(lambda x: x - np.log(np.sum(np.exp(x))))(np.array([np.inf, 0.0]))
    assert np.array_equal(found, [np.nan, -np.inf], equal_nan=True)
    assert fg.jit(lambda x: np.log(np.exp(x) ** 0.0))(np.inf) == 0


def test_a_decorator_takes_the_option_too():
    @fg.jit(stabilize=False)
    def f(x):
        return np.exp(x) - 1

    assert f(1e-20) == 0
    assert fg.jit(lambda x: np.exp(x) - 1)(1e-20) == 1e-20


def test_stabilize_goes_before_derivatives_as_jit_does():
    for derived, at, expected in (
        (fg.grad(naive_softplus), X, 1.0),
        (lambda x: fg.jvp(naive_softplus, (x,), (x,))[1], X, 800.0),
        (fg.grad(fg.grad(naive_softplus)), np.float64(0.0), 0.25),
    ):
        f = fg.stabilize(derived)
        assert_allclose(f(at), expected, rtol=1e-14)
        assert "log(1 + exp(x)) -> softplus(x)" in str(f.report(at))


def test_functions_are_traced_once():
    calls = []

    def f(x):
        calls.append(x)
        return np.sum(naive_softplus(x))

    fg.jit(fg.grad(f))(V)
    assert len(calls) == 1


def test_control_flow_on_values_that_jit_does_not_hide_still_works():
    @fg.jit
    def f(x):
        def inner(scale, offset):
            return scale * 2 if offset > 0 else scale * 3

        return fg.grad(inner)(x, 1.0) + fg.grad(lambda s: s * 5 if s > 1 else s)(2.0)

    assert f(np.float64(1.0)) == 7.0


def test_auxiliary_values_of_any_kind_pass():
    def f(x):
        return naive_softplus(x), {"name": "n", "count": 3, "none": None, "value": 2 * x}

    @fg.jit
    def run(x):
        (value, aux), gradient = fg.value_and_grad(f, has_aux=True)(x)
        assert aux["name"] == "n"
        assert aux["count"] == 3
        return value, aux["value"], gradient

    assert_allclose(run(X), (800.0, 1600.0, 1.0))


def test_a_closure_over_a_differentiated_value():
    @fg.jit
    def f(x):
        return fg.grad(lambda y: fg.grad(lambda z: naive_softplus(z * y))(y))(x)

    def slope(y):  # d/dz softplus(z y) at z = y
        return y / (1 + np.exp(-y * y))

    h = 1e-5
    assert_allclose(f(np.float64(0.7)), (slope(0.7 + h) - slope(0.7 - h)) / (2 * h), rtol=1e-8)


def test_to_source_shows_the_stable_program():
    text = fg.to_source(naive_softplus)(X)
    assert "softplus" in text
    assert "softplus" not in fg.to_source(fg.jit(naive_softplus, stabilize=False))(X)


def test_collectives_over_named_axes():
    f = fg.vmap(fg.jit(fg.grad(lambda x: naive_softplus(x) * lax.psum(x, "i"))), axis_name="i")
    plain = fg.vmap(fg.grad(lambda x: naive_softplus(x) * lax.psum(x, "i")), axis_name="i")
    x = np.array([0.5, 1.5])
    assert_allclose(f(x), plain(x))
