"""Reports: verdicts, subgradients, whole Jacobians, symmetry and holomorphy."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.testing import (
    GradientCheckError,
    InconclusiveCheckError,
    check_gradient,
    check_grads,
    check_pair,
)
from funcgrad.testing.checks import new_session
from funcgrad.testing.derivatives import laws as law_checks

X = np.array([0.3, -0.7, 1.1])
Z = X + 1j * X[::-1]


def test_a_report_instead_of_an_error():
    wrong = fg.custom_jvp(np.sin)
    wrong.defjvp(lambda p, t: (np.sin(*p), -np.cos(*p) * t[0]))
    report = check_grads(wrong, (X,), raises=False)
    assert report.verdict == "fail"
    assert "sign" in report.finding.diagnosis
    assert "sign" in str(report)
    report = check_grads(np.linalg.norm, (np.zeros(2),), order=2, raises=False)
    assert report.verdict == "inconclusive"
    with pytest.raises(InconclusiveCheckError):
        check_grads(np.linalg.norm, (np.zeros(2),), order=2)
    assert check_grads(np.sin, (X,), raises=False).verdict == "pass"


@pytest.mark.parametrize(
    ("f", "x", "sides"),
    [
        (np.abs, np.array([0.0]), (-1, 1)),
        (lambda x: np.maximum(x, 0), np.array([0.0]), (0, 1)),
        (fg.nn.relu, np.array([0.0]), (0, 1)),
        (lambda x: np.clip(x, 0, 1), np.array([1.0]), (0, 1)),
        (lambda x: np.where(x > 0, 2 * x, -3 * x), np.array([0.0]), (-3, 2)),
    ],
)
def test_derivatives_at_kinks_are_reported_as_subgradients(f, x, sides):
    report = check_grads(f, (x,), modes="fwd", directions=1)
    (text,) = report.subgradients
    low, high = (float(part) for part in text.split("between ")[1].split(",")[0].split(" and "))
    assert np.isclose(min(abs(low), abs(high)) / max(abs(low), abs(high)),
                      min(map(abs, sides)) / max(map(abs, sides)), atol=1e-6)  # fmt: skip
    assert "subgradient" in str(report)
    assert check_grads(f, (x + 0.3,), modes="fwd").subgradients == []


def test_outside_of_the_two_sides_is_wrong():
    for slope, verdict in ((-1.2, "fail"), (-1.0, "pass"), (0.3, "pass"), (1.2, "fail")):
        f = fg.custom_jvp(np.abs)
        f.defjvp(lambda p, t, slope=slope: (np.abs(*p), slope * t[0]))
        found = check_grads(f, (np.array([0.0]),), modes="fwd", laws=False, raises=False)
        assert (found.verdict == "pass") == (verdict == "pass"), (slope, found)


@pytest.mark.parametrize("x", [X, Z, X.astype(np.float32)])
def test_whole_jacobians(x):
    def f(x):
        return {"a": np.sin(x) * np.sum(x), "b": x[1] ** 2}

    report = check_grads(f, (x,), jacobian=True)
    assert "order 1, mode 'rev': every element of the Jacobian" in report.passed
    assert "order 1, mode 'fwd': every column of the Jacobian" in report.passed


def test_one_wrong_element_among_many_is_found_in_the_whole_jacobian():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(12)
    w = rng.standard_normal((12, 12))
    almost = w.copy()
    almost[7, 5] *= 1 + 1e-6
    f = fg.custom_jvp(lambda x: w @ x)
    f.defjvp(lambda p, t: (w @ p[0], almost @ t[0]))
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, (x,), jacobian=True, rtol=1e-9)
    assert caught.value.finding.index == (7,)


def test_second_derivatives_are_symmetric():
    report = check_grads(lambda x: np.prod(np.sin(x)), (X,), order=2)
    assert "order 2, mode 'fwd' of 'rev' (jvp of the vjp): symmetric" in report.passed
    skew = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    f = fg.custom_vjp(lambda x: np.sum(x))
    f.defvjp(lambda x: (np.sum(x), x), lambda x, ct: (ct * (1 + skew @ x),))
    with pytest.raises(GradientCheckError):
        check_grads(f, (np.zeros(3),), order=2, modes="rev")


def test_the_law_of_symmetry_by_itself():
    skew = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    f = fg.custom_vjp(lambda x: np.sum(x))
    f.defvjp(lambda x: (np.sum(x), x), lambda x, ct: (ct * (1 + skew @ x),))
    session = new_session("check_grads", None, None, None, 3, 0)
    flat = session.flatten(f, (X,))
    with pytest.raises(GradientCheckError, match="not symmetric"):
        law_checks.check_symmetric(session, flat, ("rev",))


def test_holomorphy():
    report = check_grads(lambda z: np.exp(z) * z, (Z,), holomorphic=True)
    assert "holomorphic: jvp(i t) = i jvp(t)" in report.passed
    for f in (np.conj, lambda z: z * np.abs(z), lambda z: np.real(z) + 0j):
        with pytest.raises(GradientCheckError, match="not holomorphic"):
            check_grads(f, (Z,), holomorphic=True)
    with pytest.raises(TypeError, match="needs complex arguments"):
        check_grads(np.sin, (X,), holomorphic=True)


def test_complex_steps_of_functions_that_are_not_analytic_excuse_nothing():
    x = np.arange(1.0, 7.0)
    with pytest.raises(GradientCheckError) as caught:
        check_gradient(lambda x: np.vdot(x, x), lambda x: 0 * x, (x,))
    assert not isinstance(caught.value, InconclusiveCheckError)
    with pytest.raises(GradientCheckError, match=r"0\.5 everywhere"):
        check_gradient(lambda x: np.sum(np.real(x) * x), lambda x: x, (x,))


@pytest.mark.parametrize("f", [np.sort, np.median])
def test_ties_of_three_are_kinks_that_no_line_shows(f):
    report = check_grads(f, (np.zeros(3),), raises=False)
    assert report.verdict != "fail"
    if report.verdict == "inconclusive":
        assert "several kinks meet" in report.finding.diagnosis


def test_single_precision_inside():
    def f(x):
        return np.sin(x), np.tanh(x.astype(np.float32)).astype(float)

    assert check_grads(f, (X,), raises=False).verdict == "pass"


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200])
def test_arguments_of_any_scale(scale):
    check_grads(lambda x: np.sin(x / scale), (X * scale,), laws=False)


def test_a_backward_pass_that_writes_into_its_cotangent():
    def backward(ct, x):
        ct *= 2 * x
        return ct

    with pytest.raises(GradientCheckError, match="overwrites the cotangent"):
        check_pair(lambda x: (x**2, x), backward, (X,))


def test_functions_that_change_what_they_are_given():
    with pytest.raises(GradientCheckError, match="other parts after a call"):
        check_grads(lambda d: d.pop("a"), ({"a": 1.0, "b": 2.0},))

    def counting(x, n):
        n[0] += 1
        return 2 * x

    with pytest.raises(GradientCheckError, match="overwritten by a call"):
        check_grads(counting, (X, np.array([1, 2])))


def test_gradients_of_arguments_that_are_tuples():
    def loss(p, x):
        return np.sum(x @ p[0] + p[1])

    def gradient(p, x):
        return np.repeat(x.sum(0)[:, None], 2, 1), np.full(2, float(len(x)))

    args = (np.ones((3, 2)), np.ones(2)), np.arange(12.0).reshape(4, 3)
    check_gradient(loss, gradient, args)
    check_gradient(loss, gradient, args, argnums=0)
    check_gradient(lambda p: np.sum(p[0] ** 2) + p[1], lambda p: [2 * p[0], 1.0], ([X, 0.5],))


def test_one_triangle_is_explained():
    a = np.array([[2.0, 0.5], [0.5, 1.0]])
    with pytest.raises(GradientCheckError, match="NumPy reads one triangle"):
        check_grads(np.linalg.cholesky, (a,))
    check_grads(lambda a: np.linalg.cholesky((a + a.T) / 2), (a,), order=2)


def test_a_thousand_numbers_of_which_some_are_compared():
    a = np.random.default_rng(3).standard_normal((30, 30))
    with pytest.raises(GradientCheckError) as caught:
        check_gradient(lambda w: np.sum(np.sin(w) * a), lambda w: (np.cos(w) * a).T, (a.T + 1,))
    assert "of 900 were compared" in caught.value.finding.spread
    assert "the others agree" not in str(caught.value)
