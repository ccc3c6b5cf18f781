"""What is said of a wrong derivative, from its whole Jacobian and at several points."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.testing import GradientCheckError, check_grads, check_pair, gradcheck
from funcgrad.testing.reports.maps import explanations
from funcgrad.testing.reports.parts import Part

RNG = np.random.default_rng(3)
E, X = RNG.standard_normal((4, 4)), RNG.standard_normal(4)
LOWER = np.tril(np.ones((4, 4)))


def said(expected, found, shape=(4,), outputs=((4,),), **more):
    part = Part("x", expected, found, shape, outputs, 1e-6, {"x": X}, **more)
    return min(explanations(part), key=lambda e: e.rank).text


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        (E, -E, "the sign is flipped"),
        (E, 0 * E, "found is zero everywhere"),
        (E, E.T, "the Jacobian times the cotangent, where its transpose belongs"),
        (E, np.diag(np.diagonal(E)), "only the diagonal of the Jacobian is there"),
        (E, E - np.diag(np.diagonal(E)), "the diagonal of the Jacobian is missing"),
        (LOWER, LOWER - np.eye(4), "shifted by one place"),
        (E, E[:, ::-1], "in reverse along axis 0"),
        (E, np.roll(E, 1, 1), "shifted by 1 along axis 0"),
        (np.diag(np.exp(X)), np.diag(np.exp(X) * X), "expected times x"),
        (np.diag(np.exp(X)), np.diag(np.exp(X) / X), "expected divided by x"),
        (np.diag(np.exp(X)), np.diag(np.exp(X) + 0.5), "expected plus 0.5 everywhere"),
        (np.diag(X), np.diag(np.abs(X)), "where x is negative; "),
        (E, E + RNG.standard_normal((4, 1)), "the same along axis 0: the term of a mean or a sum"),
        (np.diag(X), np.diag(np.where(X > 0, X, 0)), "found is zero where x is negative"),
        (np.diag(1.0 * (X > 0)), np.diag(1.0 * (X < 0)), "replaced by its opposite"),
    ],
)
def test_a_jacobian_in_words(expected, found, words):
    first, _, second = words.partition("; ")
    text = said(expected, found)
    assert first in text
    assert second in text


def test_lengths_and_other_arguments():
    part = {"sizes": {5: "the length of axis 0 of data"}}
    assert "one over the length of axis 0 of data" in said(E, E / 5, **part)
    other = RNG.standard_normal((4, 4))
    text = said(E, other, others={"y": other}, given={"y": E})
    assert text == "found is the cotangent of y: two arguments are exchanged"
    assert "exchanged" not in said(E, other, others={"y": other}, given={"y": other})


def test_nothing_is_said_of_what_has_no_pattern():
    found = list(explanations(Part("x", E, RNG.standard_normal((4, 4)), (4,), [(4,)], 1e-6)))
    assert found == []


def ruled(forward, backward):
    f = fg.custom_vjp(forward)
    f.defvjp(lambda *xs: (forward(*xs), xs), lambda xs, ct: backward(ct, *xs))
    return f


def finding(check, *args, **options):
    with pytest.raises(GradientCheckError) as caught:
        check(*args, **options)
    return caught.value.finding


def test_a_search_is_explained_at_a_larger_point():
    f = ruled(lambda x: np.sum(np.sin(x)), lambda ct, x: (ct * np.cos(x) / x.size,))
    text = finding(gradcheck, f, "n m", max_examples=5).diagnosis
    assert "a mean taken for a sum" in text
    assert "at a larger point, f64[" in text


def test_a_first_derivative_that_is_right_at_zeros_is_told_to_be_wrong_at_order_one():
    f = ruled(lambda x, y: x * y, lambda ct, x, y: (2 * ct * y, ct * x))
    found = finding(gradcheck, lambda x, y: f(x, y) + x * x, "n", "n", max_examples=5)
    assert found.order == 1
    assert "right up to order" not in found.diagnosis


CALLS = iter(range(10_000))


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda ct, x: (np.cos(x),), "the cotangent is left out"),
        (lambda ct, x: (ct * ct * np.cos(x),), "quadratic in the cotangent"),
        (lambda ct, x: (np.abs(ct) * np.cos(x),), "a modulus, a sign or a mask"),
        (lambda ct, x: (ct * np.cos(x) * (1 + next(CALLS) % 2),), "keeps hidden state"),
        (lambda ct, x: (ct * np.cos(np.sin(x)),), "the derivative at the output"),
    ],
)
def test_rules_that_are_no_linear_functions_or_of_another_point(backward, words):
    text = finding(check_grads, ruled(np.sin, backward), (X,)).diagnosis
    assert words in text


def test_a_rule_at_a_shifted_point():
    f = ruled(np.log, lambda ct, x: (ct / (x + 0.125),))
    text = finding(check_grads, f, (np.array([0.7, 1.9, 3.2]),)).diagnosis
    assert "args[0] shifted by 0.125" in text


def test_the_line_of_a_rule_that_would_be_right():
    def normalised(x):
        size = np.sqrt(np.sum(x * x, axis=-1, keepdims=True))
        return x / size, (x / size, size)

    def backward(ct, cache):
        y, size = cache
        return (ct - y * np.mean(ct * y, axis=-1, keepdims=True)) / size

    text = finding(check_pair, normalised, backward, (RNG.standard_normal((3, 4)),)).diagnosis
    assert "it should be 4 times as large (a mean taken for a sum?)" in text
    assert "test_explanations.py" in text
