"""Diagnoses by the smallest edit of the right backward pass."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.testing import GradientCheckError, check_gradient, check_grads, check_pair

RNG = np.random.default_rng(0)
X, W, V = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 3)), RNG.standard_normal((3, 3))


def line_of(text):
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {text}"))


def layer(x, w, v):
    h = np.tanh(x @ w)  # inner
    return h @ v + x * h, (x, w, v, h)  # outer


def backward(ct, cache, *, skip=1.0, w=None, direct=1.0, examples=slice(None)):
    x, right, v, h = cache
    dz = (ct @ v.T * skip + ct * x) * (1 - h * h)
    dw, dv = x[examples].T @ dz[examples], h.T @ ct
    return dz @ (right if w is None else w).T + direct * ct * h, dw, dv


def diagnosis(wrong):
    with pytest.raises(GradientCheckError) as caught:
        check_pair(layer, wrong, (X, W, V))
    return caught.value.finding.diagnosis


def test_the_right_one_passes():
    check_pair(layer, backward, (X, W, V))


@pytest.mark.parametrize(
    ("options", "text", "line"),
    [
        ({"skip": 0.0}, "the path through dot_general at {} is missing", "outer"),
        ({"direct": 0.0}, "the path through mul at {} is missing", "outer"),
        ({"direct": -1.0}, "the path through mul at {} has the wrong sign", "outer"),
        ({"direct": 2.0}, "the path through mul at {} is counted twice", "outer"),
        ({"direct": 5.0}, "the path through mul at {} is counted 5 times", "outer"),
        ({"w": V}, "args[1] is replaced by args[2] in dot_general at {}", "inner"),
        ({"w": W.T}, "args[1] is transposed in dot_general at {}", "inner"),
        ({"w": W[::-1]}, "args[1] is turned around along axis 0 in dot_general at {}", "inner"),
    ],
)
def test_one_mistake_is_named_with_its_line(options, text, line):
    found = diagnosis(lambda ct, cache: backward(ct, cache, **options))
    assert text.format(f"test_edits.py:{line_of(line)} (layer)") in found


def test_a_sum_over_examples():
    found = diagnosis(lambda ct, cache: backward(ct, cache, examples=slice(1)))
    assert "in the cotangent of args[1]: only the first part along axis 0" in found
    assert "a sum is missing" in found


def test_a_derivative_of_a_nonlinearity_left_out():
    def linear(ct, cache):
        x, w, v, h = cache
        dz = ct @ v.T + ct * x
        return dz @ w.T + ct * h, x.T @ dz, h.T @ ct

    assert f"the factor is left out in mul at test_edits.py:{line_of('inner')}" in diagnosis(linear)


def test_a_number_left_out():
    with pytest.raises(GradientCheckError) as caught:
        check_gradient(lambda x: 0.37 * np.sum(x**3) + np.sum(x),
                       lambda x: 3 * x**2 + 1, (X,))  # fmt: skip
    assert "the factor 0.37 is left out" in caught.value.finding.diagnosis


def test_two_statistics_held_constant():
    def normalised(x):
        z = (x - np.mean(x, axis=0)) / np.std(x, axis=0)
        return z, np.std(x, axis=0)

    with pytest.raises(GradientCheckError) as caught:
        check_pair(normalised, lambda ct, deviation: ct / deviation, (X,))
    assert caught.value.finding.diagnosis.count("is missing") == 2


def test_custom_rules_are_compared_with_their_own_function():
    @fg.custom_vjp
    def f(x, w):
        return np.sin(x) * w + x * x  # custom

    f.defvjp(lambda x, w: (f(x, w), (x, w)), lambda c, ct: (ct * np.cos(c[0]) * c[1],
                                                           ct * np.sin(c[0])))  # fmt: skip
    with pytest.raises(GradientCheckError) as caught:
        check_grads(lambda x: f(2 * x, x), (X[0],))
    assert caught.value.finding.cause.startswith("the rule of f ")
    assert f"test_edits.py:{line_of('custom')}" in str(caught.value)


def test_something_else_altogether_has_no_diagnosis():
    assert diagnosis(lambda ct, cache: (np.sin(cache[0]), *backward(ct, cache)[1:])) is None
