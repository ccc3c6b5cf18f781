"""Reports: verdicts, subgradients, whole Jacobians, symmetry and holomorphy."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad.scipy.integrate import solve_ivp
from funcgrad.testing import (
    GradientCheckError,
    InconclusiveCheckError,
    check_gradient,
    check_grads,
    check_jvp,
    check_pair,
    check_vjp,
    gradcheck,
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


# --- precision -----------------------------------------------------------------------------------


def ruled(f, rule):
    """A function whose tangent is ``rule(x, t)``."""
    wrapped = fg.custom_jvp(f)
    wrapped.defjvp(lambda p, t: (f(*p), rule(*p, *t)))
    return wrapped


@pytest.mark.parametrize("dtype", ["f4", "c8"])
@pytest.mark.parametrize("factor", [1 + 4e-4, 1 - 2e-4])
def test_single_precision_is_judged_by_its_rounding(dtype, factor):
    x = (Z if dtype == "c8" else X).astype(dtype)
    with pytest.raises(GradientCheckError):
        check_grads(ruled(np.sin, lambda x, t: np.cos(x) * t * x.dtype.type(factor)), (x,))
    check_grads(ruled(np.sin, lambda x, t: np.cos(x) * t), (x,))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x * x),
        fg.nn.softmax,
        lambda x: (x - x.mean()) / np.sqrt(x.var() + 1e-5),
        lambda x: np.mean(x * x) - np.mean(x) ** 2,
        lambda x: 1 - np.cos(1e-2 * x),
        np.cumsum,
    ],
)
@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_right_functions_of_thousands_in_single_precision(f, shift):
    x = (np.random.default_rng(5).standard_normal(2000) + shift).astype(np.float32)
    assert check_grads(f, (x,), raises=False).verdict == "pass"


def test_two_percent_of_one_among_thousands_in_single_precision():
    x = np.random.default_rng(6).uniform(0.5, 1.5, 2000).astype(np.float32)
    factor = np.where(np.arange(2000) == 700, 1.02, 1.0).astype(np.float32)
    wrong = ruled(lambda x: np.sum(np.sin(x)), lambda x, t: np.sum(np.cos(x) * factor * t))
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (x,))


@pytest.mark.parametrize("tiny", [1e-9, -1e-7])
def test_slopes_of_tiny_entries(tiny):
    x = np.array([1.0, tiny, 2.0])
    wrong = ruled(
        lambda x: np.sum(np.tanh(x)),
        lambda x, t: np.sum(np.where(np.abs(x) < 1e-5, 0.5, 1 - np.tanh(x) ** 2) * t),
    )
    with pytest.raises(GradientCheckError):
        check_grads(wrong, (x,))
    for f in (np.tanh, lambda x: np.sum(1 / x), lambda x: np.log(np.abs(x)), np.cbrt):
        assert check_grads(f, (x,), order=2, raises=False).verdict == "pass"


def test_digits_that_rounding_takes_are_told():
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    a = q @ np.diag([1.0, 1e-3, 1e-7]) @ q.T
    verdicts = [
        check_grads(np.linalg.inv, (a,), order=2, seed=seed, raises=False).verdict
        for seed in range(4)
    ]
    assert "fail" not in verdicts
    x = np.array([360.0, 355.0])
    for seed in range(4):
        check_grads(lambda x: np.log(np.sum(np.exp(x))), (x,), order=2, seed=seed)


def test_a_solver_with_a_tolerance_passes_and_says_how_many_digits_it_has():
    def value(a):
        y = 1.0
        while abs(y**3 + y - a) > 1e-5:
            y = y - (y**3 + y - a) / (3 * y * y + 1)
        return y

    def solved(a):
        return np.array([value(float(a[0]))])

    def jvp(primals, tangents):
        (a,), (t,) = primals, tangents
        return solved(a), t / (3 * solved(a) ** 2 + 1)

    reports = [check_jvp(solved, jvp, (np.array([a]),)) for a in (1.3, 1.7, 2.6)]
    assert any("tolerance of a solver" in str(report) for report in reports)
    with pytest.raises(GradientCheckError):
        check_jvp(solved, lambda p, t: (solved(p[0]), 1.01 * jvp(p, t)[1]), (np.array([1.3]),))


# --- kinks ---------------------------------------------------------------------------------------

FIVE = np.array([0.0, 1.0, -2.0, 0.0, 3.0])


@pytest.mark.parametrize("at", [7.0, 1.2, -0.3])
@pytest.mark.parametrize("summed", [False, True])
def test_wrong_slopes_at_kinks_fail(at, summed):
    relu = ruled(fg.nn.relu, lambda x, t: np.where(x == 0, at, x > 0) * t)
    f = (lambda x: np.sum(relu(x))) if summed else relu
    report = check_grads(f, (FIVE,), raises=False)
    assert report.verdict == "fail", report


@pytest.mark.parametrize("at", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("n", [1, 4, 9])
def test_all_slopes_between_pass_however_many_kinks_meet(at, n):
    relu = ruled(fg.nn.relu, lambda x, t: np.where(x == 0, at, x > 0) * t)
    weights = np.resize([1.0, -2.0, 0.5], n)
    for f in (relu, lambda x: np.sum(relu(x) * weights)):
        assert check_grads(f, (np.zeros(n),), raises=False).verdict == "pass"


@pytest.mark.parametrize(
    ("weight", "verdict"),
    [(lambda n: 1 / n, "pass"), (lambda n: 1.0, "fail"), (lambda n: 0.5, "fail")],
)
def test_weights_of_ties_add_up_to_one(weight, verdict):
    def rule(x, t):
        return np.sum((x == np.max(x)) * t) * weight(np.sum(x == np.max(x)))

    f = ruled(lambda x: np.max(x), rule)
    found = check_grads(f, (np.array([2.0, 2.0, 1.0, 2.0, -700.0]),), raises=False)
    assert found.verdict == verdict, found


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: np.where(x > 0, x, x * x), (FIVE,)),
        (lambda x: np.where(x > 0, x, x * x), (np.zeros(1),)),
        (lambda x, a: np.where(x > 0, x, a * x), (FIVE, np.array(0.0))),
        (lambda x: fg.nn.leaky_relu(x, 0.0), (FIVE,)),
        (np.max, (np.array([300.0, 300.0, -12.0, 40.0]),)),
        (lambda x, y: np.maximum(x, y), (np.array([900.0, 3.0]), np.array([2.0, 3.0]))),
        (lambda x: np.sum(np.abs(np.diff(x))), (np.ones(4),)),
        (lambda x: fg.nn.relu(x) - fg.nn.relu(-x), (np.zeros(2),)),
        (lambda x, a: fg.nn.relu(x) - a * fg.nn.relu(-x), (FIVE, np.array(0.25))),
    ],
)
def test_right_choices_at_kinks_pass(f, args):
    for seed in range(3):
        assert check_grads(f, args, seed=seed, raises=False).verdict == "pass"


def test_a_kink_nearby_does_not_mislead():
    def f(x):
        return np.arctan(np.maximum(x, 0.1 * x**3 + 0.0119))

    for x in (-0.0187, -0.01529685, 0.0113):
        check_grads(f, (np.array(x),), order=2)


def test_what_is_inconclusive_does_not_end_the_check():
    @fg.custom_vjp
    def f(x):
        return np.floor(x) + x

    f.defvjp(lambda x: (f(x), None), lambda _, ct: (ct * ct,))
    report = check_grads(f, (np.array([1.0, 2.5]),), modes="rev", raises=False)
    assert report.verdict == "fail"


def test_numbers_that_overflow_inside_are_inconclusive():
    def f(x):
        return np.exp(-((x / np.exp(710.0 * x)) ** 2))

    with np.errstate(all="ignore"):
        report = check_grads(f, (np.ones(1),), raises=False)
    assert report.verdict != "fail"


# --- functions that are not deterministic to the last bit -----------------------------------------


def unsteady_sine(size):
    calls = [0]

    def f(x):
        calls[0] += 1
        return np.sin(x) * (1 + size * (calls[0] % 3))

    return f


def test_nondet_tol_is_named_and_suffices():
    with pytest.raises(GradientCheckError, match="nondet_tol="):
        check_grads(unsteady_sine(1e-13), (X,))
    assert check_grads(unsteady_sine(1e-13), (X,), nondet_tol=1e-12).verdict == "pass"
    with pytest.raises(GradientCheckError, match="nondet_tol="):
        check_grads(unsteady_sine(1e-9), (X,), nondet_tol=1e-12)
    gradcheck(unsteady_sine(1e-13), "3", domain=(-2, 2), nondet_tol=1e-12, max_examples=3, order=1)
    with pytest.raises(ValueError, match="nondet_tol must be finite"):
        check_grads(np.sin, (X,), nondet_tol=-1.0)


def test_wrong_rules_of_such_functions_fail():
    f = unsteady_sine(1e-13)
    check_jvp(f, lambda p, t: (f(*p), np.cos(*p) * t[0]), (X,), nondet_tol=1e-12)
    with pytest.raises(GradientCheckError):
        check_jvp(f, lambda p, t: (f(*p), 1.001 * np.cos(*p) * t[0]), (X,), nondet_tol=1e-12)
    with pytest.raises(GradientCheckError):
        check_vjp(f, lambda x: (f(x), lambda ct: (ct * np.sin(x),)), (X,), nondet_tol=1e-12)


def test_at_a_jump_the_slope_of_the_side_that_the_value_belongs_to_passes():
    x = np.array([1.0, 2.5])
    assert check_grads(lambda x: np.floor(x) + x, (x,), modes="fwd", raises=False).verdict == "pass"
    wrong = ruled(lambda x: np.floor(x) + x, lambda x, t: np.where(x == 1, 3.0, 1.0) * t)
    assert check_grads(wrong, (x,), modes="fwd", raises=False).verdict != "pass"


def test_eigenvalues_that_nearly_meet_are_not_failed_by_long_steps():
    """Steps longer than the gap see the crossing, and differences settle there."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        a = q @ np.diag([1.0, 1.0 + 1e-5, 3.0]) @ q.T
        report = check_grads(
            lambda a: np.linalg.eigvalsh((a + a.T) / 2), (a,), seed=seed, raises=False
        )
        assert report.verdict != "fail"


def crossing(x):
    """Two curves that come as close as 1e-6 to each other."""
    return np.sqrt(x * x + 1e-12)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (2.0, "fail")])
def test_slopes_between_curves_that_nearly_meet_are_those_of_short_steps(factor, verdict):
    f = ruled(crossing, lambda x, t: factor * x / crossing(x) * t)
    report = check_grads(lambda x: f(x - 1.0), (np.array([1 + 7e-7]),), modes="fwd", raises=False)
    assert report.verdict == verdict


@pytest.mark.parametrize("f", [
    lambda x: (x.astype("f4") * 2).astype("f8") + x,
    lambda x: x.astype("f4") * 2 + np.sum(x) * np.float32(0),
])  # fmt: skip
def test_single_precision_inside_is_no_mistake_at_zeros(f):
    for seed in range(5):
        assert check_grads(f, (np.zeros(4),), order=2, seed=seed).verdict == "pass"


def test_numbers_that_overflow_along_large_tangents_alone_are_no_mistake():
    x = np.array([3.0, 3.0, -700.0, -0.5])
    assert check_grads(lambda x: 1 / (1 + np.exp(-x)), (x,), raises=False).verdict == "pass"


@pytest.mark.parametrize("x", [30.0, 120.0, 210.0])
def test_right_rules_that_round_in_single_precision_are_linear(x):
    """The difference of two numbers close to 1 keeps few digits; these differ along directions."""

    def f(x):
        return np.sqrt(x * x + 1) - np.abs(x)

    for point in (np.float32(x), np.full(3, x, "f")):
        for seed in range(4):
            check_grads(f, (point,), order=1, seed=seed)


@pytest.mark.parametrize("x", [100.0, 210.0, 500.0])
def test_what_underflows_in_single_precision_is_no_mistake(x):
    for point in (np.float32(x), np.full(3, x, "f")):
        for seed in range(4):
            check_grads(lambda x: np.log(1 + np.exp(-x)), (point,), order=2, seed=seed)


def conjugate_gradients(a, b):
    x, r = np.zeros(3), b
    p = r
    for _ in range(3):
        ap = a @ p
        alpha = (r @ r) / (p @ ap)
        x = x + alpha * p
        new = r - alpha * ap
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x


def logistic_map(x):
    for _ in range(90):
        x = 3.99 * x * (1 - x)
    return x


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (conjugate_gradients, (np.full((3, 3), 0.98), np.array([0.0, 1.0, 2.0]))),
        (logistic_map, (np.array([0.3, 0.2, 0.7]),)),
    ],
)
def test_laws_of_functions_without_digits_are_inconclusive(f, args):
    for seed in range(4):
        assert check_grads(f, args, seed=seed, raises=False).verdict != "fail"


def test_chaos_is_no_kink():
    """Differences between points beside do not shrink, but a complex step is what was found."""

    def newton(a):
        y = np.ones_like(a)
        for _ in range(40):
            y = 0.5 * (y + a / y)
        return y

    for seed in range(4):
        args = (np.array([-2.0, -0.00263, -2.0]),)
        assert check_grads(newton, args, order=1, seed=seed, raises=False).verdict != "fail"


def test_laws_that_do_not_hold_are_failures_where_values_have_digits():
    f = ruled(lambda x: np.sum(x) ** 2 - x, lambda x, t: 2 * np.sum(x) * np.sum(t) - np.abs(t))
    report = check_grads(lambda x: f(x * 1e5), (np.array([0.3, 0.2]),), modes="fwd", raises=False)
    assert report.verdict == "fail"


def test_rules_that_are_not_linear_in_single_precision():
    @fg.custom_jvp
    def f(x):
        return np.sin(x)

    @f.defjvp
    def _(primals, tangents):
        (x,), (t,) = primals, tangents
        return np.sin(x), t * np.cos(x) * (1 + np.float32(1e-3) * t)

    with pytest.raises(GradientCheckError):
        check_grads(f, (np.float32(0.7),), order=1, modes=("fwd",))


@pytest.mark.parametrize(
    ("rtol", "factor", "verdict"), [(1e-3, 1.0, "pass"), (1e-3, 1.3, "fail"), (1e-5, 1.0, "pass")]
)
def test_what_the_tolerance_of_a_solver_inside_explains(rtol, factor, verdict):
    """Derivatives hold the steps constant, but what is computed may be smooth all the same."""
    scaled = ruled(lambda y: y, lambda y, t: factor * t)

    def pendulum(y, k):
        def slope(t, y):
            return np.stack([y[1], -k * np.sin(y[0])])

        return solve_ivp(slope, (0.0, 3.0), scaled(y), rtol=rtol, atol=rtol * 1e-3).y[:, -1]

    args = (np.array([1.0, 0.3]), 2.0)
    for seed in range(2):
        report = check_grads(
            pendulum, args, order=1, modes="fwd", seed=seed, raises=False, locate=False
        )
        assert report.verdict == verdict


IN_HALF = [
    lambda x: (x.astype("e") * 2).astype("d"),
    lambda x: np.sin(x.astype("e")).astype("d") * x,
    lambda x: (np.outer(x, x).astype("e") @ np.ones(4, "e")).astype("f"),
    lambda x: np.sum(np.tanh(x.astype("e")) ** 2),
]


@pytest.mark.parametrize("f", IN_HALF)
def test_half_precision_inside_is_no_mistake(f):
    wrong = ruled(lambda x: x, lambda x, t: 1.3 * t)
    for seed, x in enumerate((np.array([0.5, 1.0, 2.0, -3.0]), np.array([0.34, 0.78, -0.41, 2.2]))):
        report = check_grads(f, (x,), order=2, seed=seed)
        assert report.verdict == "pass"
        assert "f computes in f16 inside" in str(report) or "rounding" not in str(report)
        report = check_grads(lambda x: f(wrong(x)), (x,), order=1, seed=seed, raises=False)
        assert report.verdict == "fail"


def test_bfloat16_inside_is_no_mistake():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    w = np.array([[0.3, -1.2], [0.8, 0.1], [-0.5, 2.0]], np.float32)

    def layer(w, x):
        half = np.tanh(x.astype(bfloat16) @ w.astype(bfloat16))
        return np.mean(half.astype(np.float32) ** 2)

    x = np.array([[1.0, 0.5, -0.3], [0.2, -0.7, 1.1]], np.float32)
    assert check_grads(layer, (w, x), order=1).verdict == "pass"
    wrong = ruled(lambda x: x, lambda x, t: -t)
    assert check_grads(lambda w: layer(wrong(w), x), (w,), raises=False).verdict == "fail"


@pytest.mark.parametrize("dtype", [np.int64, np.int8])
def test_many_kinks_around_a_point_hide_no_mistake(dtype):
    ordered = fg.custom_vjp(lambda x: np.sort(x))

    def forward(x):
        return np.sort(x), np.argsort(np.argsort(x)).astype(dtype)  # int8 wraps around

    ordered.defvjp(forward, lambda places, ct: (ct[places],))
    x = np.random.default_rng(0).standard_normal(1000)
    assert check_grads(ordered, (x,), raises=False).verdict == (
        "pass" if dtype == np.int64 else "fail"
    )
