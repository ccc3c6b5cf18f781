"""A failed check names the operation inside the function whose own rule is wrong."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.core.primitive import REGISTRY, Case
from funcgrad.ops.families import elementwise
from funcgrad.testing import GradientCheckError, check_grads

X = np.array([0.3, -0.7, 1.1])


def line_of(text):
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {text}"))


@pytest.fixture(scope="module")
def wrong():
    cases = lambda rng: [Case(rng.standard_normal(3))]  # noqa: E731
    yield elementwise("wrong_tanh", np.tanh, lambda y, _x: 1 - y, cases=cases)
    del REGISTRY["wrong_tanh"]


def cause_of(f, *args, **settings):
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, args, **settings)
    assert "cause" in str(caught.value)
    return caught.value.finding.cause


@fg.custom_vjp
def softplus(x):
    return np.log1p(np.exp(x))


softplus.defvjp(lambda x: (softplus(x), x), lambda x, ct: (-ct / (1 + np.exp(-x)),))


@fg.custom_jvp
def cube(x):
    return x**3


cube.defjvp(lambda p, t: (cube(p[0]), fg.stop_gradient(3 * p[0] ** 2) * t[0]))


def test_an_operator(wrong):
    def model(x):
        y = np.sin(x) * 2
        z = wrong(y)  # operator
        return np.sum(np.exp(z) * y)

    for order, modes in ((1, "fwd"), (1, "rev"), (2, ("fwd", "rev"))):
        cause = cause_of(model, X, order=order, modes=modes)
        assert "the operator wrong_tanh" in cause
        assert f"test_localisation.py:{line_of('operator')} (model)" in cause
        assert "f64[3]" in cause


def test_inside_jit_loops_and_branches(wrong):
    @fg.jit
    def inner(x):
        return wrong(x) + 1  # jitted

    def scanned(x):
        c, _ = fg.lax.scan(lambda c, t: (wrong(c) * t, None), x, np.arange(1.0, 4.0))  # scan
        return c

    def looped(x):
        return fg.lax.while_loop(
            lambda c: c[1] < 3,
            lambda c: (wrong(c[0]) + 1, c[1] + 1),  # while
            (x, 0),
        )[0]

    def branched(x):
        return fg.lax.cond(x[0] > 0, lambda x: wrong(x), np.cos, x)  # cond

    for f, mark in ((inner, "jitted"), (scanned, "scan"), (looped, "while"), (branched, "cond")):
        cause = cause_of(f, X)
        assert "the operator wrong_tanh" in cause
        assert f":{line_of(mark)} " in cause


def test_a_custom_rule():
    def model(x):
        return np.sum(softplus(np.sin(x)) * x)  # custom rule

    cause = cause_of(model, X)
    line = softplus.fun.__code__.co_firstlineno
    assert f"the rule of softplus (test_localisation.py:{line})" in cause
    assert f":{line_of('custom rule')} (model)" in cause
    assert "the sign is flipped" in cause


def test_right_at_order_one_and_wrong_at_order_two():
    check_grads(lambda x: np.sin(cube(x)), (X,), order=1)
    with pytest.raises(GradientCheckError) as caught:
        check_grads(lambda x: np.sin(cube(x)), (X,), order=2)
    assert "right up to order 1, wrong at order 2" in caught.value.finding.diagnosis
    assert "the rule of cube" in caught.value.finding.cause


def test_where_nothing_inside_is_wrong_it_says_so():
    frozen = np.sin(X) * np.exp(X)

    def model(x):
        same = np.sin(x) * np.exp(x) if type(x) is np.ndarray else frozen
        return np.sum(same * x)

    assert "none of the operations inside fails" in cause_of(model, X, laws=False)


def test_a_stopped_gradient():
    def model(x):
        y = np.sin(x)
        return fg.stop_gradient(y) * x  # stopped

    assert f"stop_gradient at test_localisation.py:{line_of('stopped')}" in cause_of(model, X)
    assert cause_of(model, X).endswith("without it the derivative would be right")


def test_a_gradient_that_is_stopped_beside_another_mistake():
    """Then it is not said that the derivative would be right without it."""

    def model(x):
        return np.sin(x) * fg.stop_gradient(np.exp(x)) + np.where(x > 0.4, fg.stop_gradient(x), 0)

    def scaled(x):
        return x / fg.stop_gradient(np.sqrt(np.sum(x * x)))

    assert "without it the derivative would be right" in cause_of(model, X)
    with pytest.raises(GradientCheckError, match="a gradient is stopped"):
        check_grads(scaled, (X,), order=1)
    rule = fg.custom_jvp(lambda x: np.where(x > 0, x, 0.0) ** 3)
    rule.defjvp(lambda p, t: (rule(p[0]), 2.9 * p[0] ** 2 * t[0]))
    both = cause_of(lambda x: rule(np.abs(x) + 1) + fg.stop_gradient(x), X)
    assert "the derivative would be right" not in both
    assert "rule of" in both


def test_a_function_that_cannot_be_recorded_fails_without_a_cause():
    @fg.custom_jvp
    def opaque(x):
        return np.asarray([float(v) ** 2 for v in x])

    opaque.defjvp(lambda p, t: (opaque(p[0]), p[0] * t[0]))
    with pytest.raises(GradientCheckError) as caught:
        check_grads(opaque, (X,), laws=False)
    assert "0.5 everywhere" in caught.value.finding.diagnosis


def test_a_rule_inside_of_another_is_named_by_its_own_name():
    @fg.custom_jvp
    def innermost_rule(x):
        return np.sin(x)

    innermost_rule.defjvp(lambda p, t: (np.sin(p[0]), -np.cos(p[0]) * t[0]))

    @fg.custom_vjp
    def around(x):
        return 2 * innermost_rule(x)

    around.defvjp(
        lambda x: (around(x), x), lambda x, ct: fg.vjp(lambda x: 2 * innermost_rule(x), x)[1](ct)
    )

    @fg.custom_jvp
    def outermost(x):
        return around(x) * x

    outermost.defjvp(lambda p, t: fg.jvp(lambda x: 2 * innermost_rule(x) * x, p, t))
    for f in (lambda x: np.sum(around(x) ** 2), lambda x: np.sum(outermost(x))):
        with pytest.raises(GradientCheckError) as caught:
            check_grads(f, (np.array([0.3, 0.5]),))
        assert caught.value.finding.cause.startswith("the rule of innermost_rule (")


def test_one_wrong_number_of_many_costs_few_calls():
    """About as many as a right derivative, of which more laws are checked."""
    x, mask = np.random.default_rng(0).standard_normal(300_000), np.ones(300_000)
    calls = []

    def value(x):
        calls.append(x)
        return np.sum(np.sin(x))

    f = fg.custom_vjp(value)
    f.defvjp(lambda x: (value(x), x), lambda x, ct: (ct * np.cos(x) * mask,))
    check_grads(f, (x,))
    right = len(calls)
    mask[123_456] = 1.1
    with pytest.raises(GradientCheckError, match="123456"):
        check_grads(f, (x,))
    assert len(calls) - right < 1.6 * right
