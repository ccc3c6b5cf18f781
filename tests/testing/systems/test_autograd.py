"""Rules of HIPS autograd: every right one passes, every planted mistake is named, in one line."""

import numpy as np
import pytest

from funcgrad.testing import GradientCheckError, check_gradient, check_grads

anp = pytest.importorskip("autograd.numpy", reason="autograd is not installed")
extend = pytest.importorskip("autograd.extend")

X = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])
W = np.array([[0.5, -0.25], [2.0, 0.1], [-0.3, 0.8]])


def softplus(*rules, jvp=None):
    @extend.primitive
    def softplus(x):
        return np.log1p(np.exp(x))

    extend.defvjp(softplus, *rules)
    if jvp:
        extend.defjvp(softplus, jvp)
    return softplus


def right_rule(ans, x):
    return lambda ct: ct * (1 - np.exp(-ans))


def double_rule(ans, x):
    return lambda ct: ct * (1 - anp.exp(-ans))


RIGHT = {
    "primitive": (softplus(right_rule), (X,)),
    "in a function": (lambda x: anp.sum(softplus(double_rule)(x) ** 2), (X,)),
    "with a tangent": (softplus(double_rule, jvp=lambda t, ans, x: t * (1 - np.exp(-ans))), (X,)),
    "containers": (
        lambda p, x: anp.tanh(anp.dot(x, p[0]["w"]) + p[1][0]),
        ([{"w": W, "name": "dense"}, (np.zeros(2),)], X),
    ),
    "several outputs": (lambda x: (anp.sin(x), x * 2), (X,)),
    "a number": (lambda x: anp.sin(x) ** 2, (0.3,)),
    "complex": (lambda z: anp.abs(z) ** 2 + anp.real(z * z), (X + 1j * X[::-1],)),
    "an integer": (lambda x, n: x**n, (X, 3)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_function_passes(name):
    f, args = RIGHT[name]
    assert check_grads(f, args).verdict == "pass"


@pytest.mark.parametrize("name", ["in a function", "containers"])
def test_a_right_function_passes_to_order_two(name):
    f, args = RIGHT[name]
    assert any("(of the vjp)" in text for text in check_grads(f, args, order=2).passed)


@extend.primitive
def product(x, w):
    return np.dot(x, w)


def test_an_argument_without_a_rule_is_left_out():
    extend.defvjp(product, lambda ans, x, w: lambda ct: np.dot(ct, w.T))
    report = check_grads(product, (X, W))
    assert "not defined" in report.left_out["args[1]"]


MISTAKES = {
    "no factor": (softplus(lambda ans, x: lambda ct: ct), (X,), ""),
    "half": (softplus(lambda ans, x: lambda ct: ct * (1 - np.exp(-ans)) / 2), (X,), "0.5"),
    "turned": (softplus(lambda ans, x: lambda ct: (ct * (1 - np.exp(-ans))).T), (X[:, :2],), ""),
    "wrong shape": (softplus(lambda ans, x: lambda ct: (ct * (1 - np.exp(-ans))).sum(0)), (X,), ""),
    "tangent": (softplus(right_rule, jvp=lambda t, ans, x: -t * (1 - np.exp(-ans))), (X,), "sign"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_found_and_named(name):
    f, args, words = MISTAKES[name]
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, args)
    assert words in str(caught.value)


def test_one_line_for_a_loss():
    assert check_gradient(lambda x: anp.mean(anp.tanh(x) ** 2), X).verdict == "pass"
    wrong = softplus(lambda ans, x: lambda ct: ct * np.exp(-ans))
    with pytest.raises(GradientCheckError):
        check_gradient(lambda x: anp.sum(wrong(x)), X)


def test_functions_that_name_a_system_are_its_own():
    from funcgrad.testing.adapters import system_of

    def named(x):
        return anp.sin(x)

    def calls_it(x):
        return named(x) * 2

    def ours(x):
        return np.sin(x)

    def attribute(x):
        return x.anp

    assert [system_of(f, (X,)) for f in (named, calls_it, ours, attribute, anp.sin)] == [
        "autograd",
        "autograd",
        None,
        None,
        "autograd",
    ]
