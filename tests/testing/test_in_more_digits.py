"""Functions of which rounding leaves few digits: right ones pass, and wrong rules are found."""

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.scipy.special
from funcgrad.testing import (
    Claim,
    GradientCheckError,
    InconclusiveCheckError,
    check_claim,
    check_grads,
)


def versine(x):
    return np.sum((1 - np.cos(x)) / x**2)


def catenary(x):
    return (np.cosh(x) - 1) / x**2


def offset(x):
    return (1e12 + x) - 1e12


def cancelling(x):
    return 1e16 * x[0] + x[1] - 1e16 * x[0] + x[2]


def root(a, b, c):
    return (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)


def squares(x):
    return np.sum((x + 1) ** 2 - (x - 1) ** 2 - 4 * x)


def circle(x):
    return np.sum(np.sin(x) ** 2 + np.cos(x) ** 2)


def interest(rate, n):
    return (1 + rate / n) ** n


def distance(p, q):
    return np.arccos(
        np.sin(p[0]) * np.sin(q[0]) + np.cos(p[0]) * np.cos(q[0]) * np.cos(p[1] - q[1])
    )


CANCELLING = {
    "versine": (versine, (np.array([1e-8, 1e-4, 1.0]),)),
    "catenary": (catenary, (1e-8,)),
    "offset": (offset, (1e-8,)),
    "large terms": (cancelling, (np.array([1.0, 2.0, 3.0]),)),
    "quadratic root": (root, (1e-8, 3.0, 1e-4)),
    "difference of squares": (squares, (np.array([1.0, 1e-8, 1e8]),)),
    "constant": (circle, (np.array([0.3, 2e5, 1e12]),)),
    "compound interest": (interest, (0.01, 1e8)),
    "law of cosines": (distance, (np.array([0.5, 0.3]), np.array([0.50001, 0.29999]))),
}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", CANCELLING)
def test_right_derivatives_pass(name, order):
    f, args = CANCELLING[name]
    assert check_grads(f, args, order).rounding


CONSTANT = {"constant", "difference of squares"}
"""Their derivatives are zero, of which all factors are right."""

COMPUTED_AS_CONSTANT = {"catenary", "offset"}


@pytest.mark.parametrize("factor", [1.01, -1.0, 0.0])
@pytest.mark.parametrize("name", CANCELLING)
def test_wrong_derivatives_do_not(name, factor):
    f, args = CANCELLING[name]
    wrong = fg.custom_jvp(f)

    @wrong.defjvp
    def rule(primals, tangents):
        out, tangent = fg.jvp(f, primals, tangents)
        return out, factor * tangent

    if name in CONSTANT or (name in COMPUTED_AS_CONSTANT and not factor):
        assert check_grads(wrong, args).passed
        return
    with pytest.raises(GradientCheckError):
        check_grads(wrong, args)


@pytest.mark.parametrize("name", ["versine", "large terms"])
def test_rules_that_are_not_linear_do_not_pass(name):
    f, args = CANCELLING[name]
    wrong = fg.custom_vjp(f)

    def backward(point, ct):
        return (fg.vjp(f, *point)[1](ct)[0] * np.where(np.abs(ct) > 100, 0.5, 1.0),)

    wrong.defvjp(lambda *point: (f(*point), point), backward)
    with pytest.raises(GradientCheckError):
        check_grads(wrong, args)


def test_rules_that_compute_in_single_precision_do_not_pass():
    wrong = fg.custom_jvp(np.sin)
    wrong.defjvp(lambda p, t: (np.sin(p[0]), (np.cos(p[0]) * t[0]).astype(np.float32)))
    with pytest.raises(GradientCheckError, match="differs from finite differences"):
        check_grads(wrong, (np.array([0.3, 1.2]),))


@pytest.mark.parametrize("x", [1e12, 3e12])
def test_waves_of_large_arguments_are_settled_by_many_digits(x):
    assert check_grads(lambda x: np.sin(x) * np.cos(x), (np.array([x]),), 2).rounding


def test_jumps_stay_open():
    with pytest.raises(InconclusiveCheckError):
        check_grads(lambda x: np.sign(x) + x, (np.array([0.0]),))


def test_derivatives_that_change_with_last_places_are_inconclusive():
    def f(a):
        values, vectors = np.linalg.eigh(a @ a.T)
        return np.sum(vectors * np.sqrt(values) @ vectors.T)

    nearly_singular = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-5]])
    report = check_grads(f, (nearly_singular,), 2, raises=False)
    assert report.verdict != "fail"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("f", "x"),
    [(lambda x: np.sum(np.exp(x)), [709.0, 1.0]), (lambda x: np.exp(x) - x, [709.5])],
)
def test_sums_of_infinite_derivatives_are_left_out(f, x):
    assert check_grads(f, (np.array(x),), raises=False).verdict != "fail"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_that_only_plain_calls_lose_are_inconclusive():
    with pytest.raises(InconclusiveCheckError, match="called plainly f is not finite"):
        check_grads(lambda x: x / np.linalg.norm(x), (np.array([1e-200, 2e-200]),))


def norm_with_rule(at_zero):
    f = fg.custom_jvp(lambda x: np.sqrt(np.sum(x * x)))

    @f.defjvp
    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        size = f(x)
        slope = np.sum(x * t) / np.where(size > 0, size, at_zero)
        return size, slope

    return f


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rule_without_a_number_at_a_kink_is_wrong():
    with pytest.raises(GradientCheckError, match="a rule returns nan at a kink") as caught:
        check_grads(norm_with_rule(0.0), (np.zeros(2),))
    assert not isinstance(caught.value, InconclusiveCheckError)
    assert check_grads(norm_with_rule(1.0), (np.zeros(2),)).subgradients
    with pytest.raises(InconclusiveCheckError):  # a formula without a rule may have none there
        check_grads(lambda x: np.sqrt(np.sum(x * x)), (np.zeros(2),))


def test_tails_in_single_precision_are_rounded():
    tanh = Claim(np.tanh, vjp=lambda x: (np.tanh(x), lambda ct: ((1 - np.tanh(x) ** 2) * ct,)))
    for x in (4.0, 8.0, 9.5, 10.5):
        assert check_claim(tanh, (np.array([x, -x, x + 0.25]),)).passed
    wrong = Claim(np.tanh, vjp=lambda x: (np.tanh(x), lambda ct: ((x - x + 0.5) * ct,)))
    with pytest.raises(GradientCheckError):
        check_claim(wrong, (np.array([8.0]),))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("point", [[920.0], [0.0, 920.0], [-2.0, 0.0, 920.0, 0.0]])
def test_rules_that_overflow_do_not_pass(point):
    def log_cosh(x):
        return np.logaddexp(x, -x) - np.log(2.0)

    overflowing = fg.custom_jvp(log_cosh)
    overflowing.defjvp(lambda p, t: (log_cosh(p[0]), np.sinh(p[0]) / np.cosh(p[0]) * t[0]))
    assert check_grads(overflowing, (np.array(point),), raises=False).verdict != "pass"
    assert check_grads(log_cosh, (np.array(point),)).passed


@pytest.mark.parametrize("slopes", [(1.0, 0.01), (1.0, 0.3), (-0.05, 0.0)])
@pytest.mark.parametrize("point", [[0.0], [0.0, 1.0, -2.0], [0.0, 0.0, 0.0]])
def test_both_sides_of_a_kink_at_once_do_not_pass(point, slopes):
    def leaky(x):
        return np.where(x > 0, x, 0.01 * x)

    above, below = slopes
    wrong = fg.custom_jvp(leaky)
    wrong.defjvp(
        lambda p, t: (
            leaky(p[0]),
            np.where(p[0] == 0, above + below, np.where(p[0] > 0, 1.0, 0.01)) * t[0],
        )
    )
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (np.array(point),))


def test_derivatives_beyond_the_largest_number_are_inconclusive():
    with pytest.raises(InconclusiveCheckError, match="may be infinite"):
        check_grads(fg.scipy.special.gammaln, (np.array([1e-300, 2.0]),), order=2)


def slerp(a, b, t):
    angle = np.arccos(np.sum(a * b))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def test_digits_beside_the_edge_of_a_domain():
    a, b = np.array([1.0, 0.0]), np.array([1.0, 1e-5]) / np.sqrt(1 + 1e-10)
    report = check_grads(slerp, (a, b, 0.3))
    assert "with 100 digits" in report.rounding[-1]
