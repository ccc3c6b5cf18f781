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
    assert caught.value.finding.diagnosis.count("the path through") == 2


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
    def wrong(ct, cache):
        rows = np.sum(ct * cache[3] ** 2, 1, keepdims=True)
        return np.sin(cache[0]) * rows, *backward(ct, cache)[1:]

    assert diagnosis(wrong) is None


M = RNG.standard_normal((3, 3)) + 3 * np.eye(3)
B = RNG.standard_normal(3)


def ruled(f, rule):
    wrapped = fg.custom_jvp(f)
    wrapped.defjvp(rule)
    return wrapped


def affine(x, w):
    return np.tanh(x @ w)


def affine_tangent(primals, tangents):
    (x, w), (dx, _) = primals, tangents
    y = np.tanh(x @ w)
    return y, (1 - y * y) * (dx @ w)


def solved(a, b):
    return np.linalg.solve(a, b)


def solved_tangent(primals, tangents):
    (a, b), (da, db) = primals, tangents
    x = np.linalg.solve(a, b)
    return x, np.linalg.solve(a.T, db - da @ x)


def squared_tanh(x):
    return np.tanh(x) ** 2


def squared_tanh_tangent(primals, tangents):
    y = np.tanh(primals[0])
    return y**2, 2 * y * tangents[0]


@pytest.mark.parametrize(
    ("f", "rule", "args", "text"),
    [
        (affine, affine_tangent, (X, W), "the path through dot_general at"),
        (solved, solved_tangent, (M, B), "args[0] is transposed in solve at"),
        (squared_tanh, squared_tanh_tangent, (B,), "the factor is left out in mul at"),
    ],
)
def test_rules_of_forward_mode(f, rule, args, text):
    with pytest.raises(GradientCheckError) as caught:
        check_grads(ruled(f, rule), args)
    assert text in caught.value.finding.diagnosis


SYSTEMS = {
    "solve": (
        lambda a, b: (np.linalg.solve(a, b), (a, np.linalg.solve(a, b))),
        lambda ct, c: (
            -np.outer(np.linalg.solve(c[0], ct), c[1]),
            np.linalg.solve(c[0], ct),
        ),
        (M, B),
        "args[0] is transposed in solve at",
    ),
    "inv": (
        lambda a: (np.linalg.inv(a), np.linalg.inv(a)),
        lambda ct, x: -x @ ct @ x,
        (M,),
        "the factor is transposed in dot_general at",
    ),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_matrix_in_the_place_of_its_transpose(name):
    forward, wrong, args, text = SYSTEMS[name]
    with pytest.raises(GradientCheckError) as caught:
        check_pair(forward, wrong, args)
    assert text in caught.value.finding.diagnosis


@pytest.mark.parametrize("error", [1e-7, -3e-8])
def test_small_errors_are_no_permutations(error):
    x = np.array([0.3, 0.7, 1.1, 1.9])
    with pytest.raises(GradientCheckError) as caught:
        check_gradient(lambda x: np.sum(x**3), lambda x: 3 * x**2 * (1 + error * x / 2), (x,))
    text = caught.value.finding.diagnosis or ""
    assert "in other places" not in text
    assert "is 1 everywhere" not in text
    with pytest.raises(GradientCheckError) as caught:
        check_gradient(lambda x: np.sum(x**3), lambda x: 3 * x**2 * (1 + 20 * error), (x,))
    sign = "+" if error > 0 else "-"
    assert f"found/expected is 1 {sign} {abs(20 * error):.0e}" in caught.value.finding.diagnosis
