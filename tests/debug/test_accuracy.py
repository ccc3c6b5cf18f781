"""Reported digits against mpmath's closed forms, and losses at the lines that cause them."""

import sys

import mpmath
import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import funcgrad as fg
from funcgrad import accuracy

BOTH = [{}, {"precision": "mpmath"}]
FULL = -np.log10(np.finfo(np.float64).eps / 2)


def line_of(text):
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {text}"))


def right_digits(computed, exact, full=FULL):
    """Of the worst element."""
    worst = full
    with mpmath.workdps(60):
        for x, y in zip(np.ravel(computed), np.ravel(np.asarray(exact, object)), strict=True):
            error = abs((mpmath.mpf(float(x)) - y) / y)
            worst = min(worst, full if error == 0 else float(-mpmath.log10(error)))
    return max(worst, 0.0)


def exactly(values):
    return [mpmath.mpf(float(v)) for v in values]


def variance(x):
    squares = np.mean(x**2)
    return squares - np.mean(x) ** 2  # variance


def exact_variance(x):
    x = exactly(x)
    mean = sum(x) / len(x)
    return sum((v - mean) ** 2 for v in x) / len(x)


def half_angle(x):
    c = np.cos(x)
    return (1 - c) / x**2  # half angle


def log_of_one_and(x):
    return np.log(1 + x)  # logarithm


def pairs(x):
    return np.sum(x)  # sum that cancels


OFFSET = 1e8 + np.random.default_rng(3).normal(size=20)
CLASSICS = {
    "variance": (variance, OFFSET, exact_variance, "variance", "sub"),
    "variance near 1e4": (variance, OFFSET - 1e8 + 1e4, exact_variance, "variance", "sub"),
    "half angle": (half_angle, 1e-8, lambda x: (1 - mpmath.cos(x)) / x**2, "half angle", "sub"),
    "half angle at 1e-3": (
        half_angle, 1e-3, lambda x: (1 - mpmath.cos(x)) / mpmath.mpf(x) ** 2, "half angle", "sub"
    ),
    "logarithm": (log_of_one_and, 1e-12, mpmath.log1p, "logarithm", "log"),
    "sum": (
        pairs, np.array([1e10, 1 / 3, -1e10, 1e-7]), lambda x: sum(exactly(x)), "sum that cancels",
        "reduce_sum",
    ),
}  # fmt: skip


@pytest.mark.parametrize("options", BOTH, ids=["double-double", "mpmath"])
@pytest.mark.parametrize("name", CLASSICS)
def test_classics(name, options):
    f, x, exact, marker, operator = CLASSICS[name]
    report = accuracy(f, **options)(x)
    with mpmath.workdps(60):
        expected = right_digits(f(x), exact(x))
    assert report.digits == pytest.approx(expected, abs=1e-3)
    worst = report.rows[0]
    assert worst.operator == operator
    assert worst.source.line == line_of(marker)
    assert worst.lost == pytest.approx(FULL - expected, abs=1.0)
    assert f"{report.digits:.1f} of 16.0 digits of the result are right" in str(report)
    assert f"test_accuracy.py:{line_of(marker)}" in str(report)


def test_rows_are_sorted_and_finite_programs_lose_nothing():
    report = accuracy(lambda x: np.sum(np.sqrt(x) * np.exp(-x)))(np.linspace(0.1, 3, 7))
    lost = [r.lost for r in report.rows]
    assert lost == sorted(lost, reverse=True)
    assert {r.operator for r in report.rows} == {"sqrt", "neg", "exp", "mul", "reduce_sum"}
    assert report.digits > 15
    assert "no operation loses a digit" in str(report)


def test_an_operation_is_not_blamed_for_what_its_operands_lost():
    def f(x):
        y = (1 + x) - 1  # first loss
        return np.sqrt(y) * 3

    report = accuracy(f)(1e-10)
    by_name = {r.operator: r for r in report.rows}
    assert by_name["sub"].lost > 5
    assert by_name["sqrt"].lost < 0.5
    assert by_name["sqrt"].digits == pytest.approx(by_name["sub"].digits, abs=0.5)


def test_backward_passes_are_named():
    report = accuracy(fg.grad(variance))(OFFSET)
    mean = sum(exactly(OFFSET)) / len(OFFSET)
    with mpmath.workdps(60):
        exact = [2 * (v - mean) / len(OFFSET) for v in exactly(OFFSET)]
        expected = right_digits(fg.grad(variance)(OFFSET), exact)
    assert report.digits == pytest.approx(expected, abs=0.3)
    row = next(r for r in report.rows if r.backward)
    assert row.source.line == line_of("variance") or row.source.line == line_of("variance") - 1
    assert "the backward pass of test_accuracy.py" in str(report)


def test_float32_has_seven_digits():
    x = np.array([1e-3], np.float32)
    report = accuracy(half_angle)(x)
    full = -np.log10(np.finfo(np.float32).eps / 2)
    with mpmath.workdps(40):
        exact = (1 - mpmath.cos(float(x[0]))) / mpmath.mpf(float(x[0])) ** 2
        expected = right_digits(half_angle(x), [exact], full)
    assert report.full == pytest.approx(7.2, abs=0.05)
    assert report.digits == pytest.approx(expected, abs=1e-3)


def test_turns_of_loops():
    def f(x):
        def step(carry, t):
            return carry - t, None  # cancels in the last turn

        return fg.lax.scan(step, 1.0, x)[0]

    report = accuracy(fg.jit(f))(np.array([0.1, 0.2, 0.7 - 1e-13]))
    worst = report.rows[0]
    assert worst.source.line == line_of("cancels in the last turn")
    assert [t.number for t in worst.turns] == [2]
    with mpmath.workdps(40):
        exact = 1 - sum(exactly([0.1, 0.2, 0.7 - 1e-13]))
    assert report.digits == pytest.approx(right_digits(f(np.array([0.1, 0.2, 0.7 - 1e-13])), exact),
                                          abs=1e-3)  # fmt: skip


@pytest.mark.parametrize("options", BOTH, ids=["double-double", "mpmath"])
def test_ill_conditioned_systems(options):
    """Hilbert's matrix: its inverse is known in integers."""
    n = 6
    a = np.array([[1.0 / (i + j + 1) for j in range(n)] for i in range(n)])
    with mpmath.workdps(60):
        exact = mpmath.matrix(a.tolist()) ** -1
        expected = right_digits(np.linalg.inv(a), list(exact))
    report = accuracy(np.linalg.inv, **options)(a)
    assert report.digits == pytest.approx(expected, abs=1e-3)
    assert report.digits < 12
    assert accuracy(np.linalg.det, **options)(a).digits < 14


def test_matrix_products_see_cancellation_between_rows_of_other_sizes():
    a = np.array([[1e8, -1e8, 1.0], [1e-40, 1e-40, 3e-40]])
    b = np.array([[1.0], [1 + 2.0**-30], [1.0]])
    report = accuracy(np.matmul)(a, b)
    exact = [sum(x * y for x, y in zip(exactly(row), exactly(b[:, 0]), strict=True)) for row in a]
    assert report.digits == pytest.approx(right_digits(a @ b, exact), abs=1e-3)


def test_decisions_stay_those_of_the_program():
    def f(x):
        y = (x + 1e8) - 1e8
        return np.sort(np.where(y > 0.3, y, x)), np.floor(y), np.argmax(y)

    report = accuracy(f)(np.array([0.25, 0.3000000001, 0.7]))
    assert report.digits == pytest.approx(8, abs=2)
    assert {r.operator: r.lost for r in report.rows}["sort"] == 0


def test_choices_among_arrays_and_python_numbers():
    def f(x):
        return np.where(x > 1, np.maximum(x, 2), 5) + np.clip(x, 0, 1)

    x = np.array([-0.5, 0.5, 1.5, 3.0])
    report = accuracy(f)(x)
    assert report.digits == report.full
    gradient = accuracy(fg.grad(lambda x: np.sum(f(x) ** 2)))(x)
    assert gradient.digits > 15.5


def test_complex_numbers():
    z = np.array([1e-9 + 2e-9j])
    report = accuracy(lambda z: (1 + z) * (1 - z) - 1 + z * z + z)(z)
    row = {r.operator: r for r in report.rows}["sub"]
    assert row.lost > 5
    exact = accuracy(lambda z: (1 + z) * (1 - z) - 1 + z * z + z, precision="mpmath")(z)
    assert report.digits == pytest.approx(exact.digits, abs=1e-3)


def test_rewrites_of_stabilize_are_named():
    report = accuracy(log_of_one_and)(1e-12)
    assert report.rows[0].rewrite == "log(1 + x) -> log1p(x)"
    assert "stabilize: log(1 + x) -> log1p(x)" in str(report)
    stable = accuracy(fg.stabilize(log_of_one_and))(1e-12)
    assert stable.digits > 15.5


def test_jitted_functions_are_judged_by_what_they_return():
    report = accuracy(fg.jit(log_of_one_and))(1e-12)
    with mpmath.workdps(40):
        expected = right_digits(fg.jit(log_of_one_and)(1e-12), mpmath.log1p(1e-12))
        assert report.digits == pytest.approx(expected, abs=1e-3)
    assert report.rows[0].source.line == line_of("logarithm")


def test_numbers_of_python_where_the_precise_operand_is_zero():
    report = accuracy(lambda x: 1 / ((1.0 + x) - 1.0 - x))(2.0**-60)
    assert report.digits == 0
    assert {r.operator: r.lost for r in report.rows}["sub"] > 15


def test_large_integers_are_exact():
    report = accuracy(lambda x: x + np.array([2**62 + 1]))(np.array([1.0]))
    assert report.digits > 15.9


def test_overflow_is_seen_by_mpmath():
    def f(x):
        return np.log(np.sum(np.exp(x)))

    report = accuracy(f, precision="mpmath")(np.array([1000.0, 1.0]))
    assert report.digits == 0
    assert "explain_nan" in str(report)


def test_python_control_flow_and_other_arguments():
    def f(x, *, mode, power):
        if mode == "cubed" and x > 1:
            return x**power
        raise AssertionError

    assert accuracy(f)(1.5, mode="cubed", power=3).digits > 15


def test_random_numbers_are_taken_as_they_are():
    def f(key, x):
        return x + fg.random.normal(key, (3,))

    assert accuracy(f)(fg.random.key(0), np.ones(3)).digits > 14


def test_operators_without_a_precise_form_are_named():
    report = accuracy(lambda a: np.linalg.svd(a)[1])(np.eye(3) + 0.1)
    (note,) = report.notes
    assert note.startswith("not evaluated with more digits than float64: svd (an iteration")


def test_without_mpmath(monkeypatch):
    import scipy.special

    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(ImportError, match="pip install mpmath"):
        accuracy(np.sin, precision="mpmath")
    report = accuracy(lambda x: scipy.special.erf(x))(0.5)
    assert report.notes == ["not evaluated with more digits than float64: erf"]
    assert accuracy(np.sin)(0.5).notes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [({"precision": "quad"}, "precision is 'quad'"), ({"digits": 30}, "precision='mpmath' only")],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        accuracy(np.sin, **options)


def test_wrong_functions():
    with pytest.raises(TypeError, match="no real or complex array"):
        accuracy(lambda x: x > 0)(1.0)
    with pytest.raises(TypeError, match="needs a function"):
        accuracy(3)(1.0)


FUNCTIONS = [
    ("sum(x) of both signs", lambda x: np.sum(x), lambda x: mpmath.fsum(exactly(x))),
    ("dot", lambda x: np.dot(x, x), lambda x: mpmath.fdot(exactly(x), exactly(x))),
    ("cumsum", lambda x: np.cumsum(x)[-1], lambda x: mpmath.fsum(exactly(x))),
    ("prod", lambda x: np.prod(x), lambda x: mpmath.fprod(exactly(x))),
    ("norm", lambda x: np.sqrt(np.sum(x * x)), lambda x: mpmath.norm(exactly(x))),
]  # fmt: skip


@given(
    st.lists(st.floats(-1e10, 1e10).filter(lambda v: abs(v) > 1e-10), min_size=2, max_size=6),
    st.sampled_from(FUNCTIONS),
)
@settings(max_examples=examples(60), deadline=None)
def test_digits_of_reductions(values, function):
    _, f, exact = function
    x = np.array(values)
    with mpmath.workdps(80):
        y = exact(x)
    if abs(y) < 1e-12 * np.max(np.abs(x)) ** 2:
        return
    report = accuracy(f)(x)
    assert report.digits == pytest.approx(right_digits(f(x), y), abs=0.01)


def forward_recurrence(x, before, here, n):
    for k in range(1, n):
        before, here = here, 2 * k / x * here - before
    return here


def test_rounded_constants_and_functions_of_float64_decide_few_digits():
    """By forward recurrence Bessel functions lose digits to the other solution."""
    start = float(mpmath.besselj(0, 1)), float(mpmath.besselj(1, 1))
    for n in (4, 8, 20):
        with mpmath.workdps(40):
            exact = mpmath.besselj(n, 1)
        expected = right_digits(forward_recurrence(1.0, *start, n), exact)
        by_constants = accuracy(lambda x: forward_recurrence(x, *start, n))(1.0)  # noqa: B023
        assert by_constants.digits == pytest.approx(expected, abs=1.5)
        special = fg.scipy.special
        by_functions = accuracy(
            lambda x: forward_recurrence(x, special.j0(x), special.j1(x), n)  # noqa: B023
        )(1.0)
        assert by_functions.digits == pytest.approx(expected, abs=1.5)
        given = accuracy(lambda x, a, b: forward_recurrence(x, a, b, n))(1.0, *start)  # noqa: B023
        assert given.digits > 13
    assert by_constants.notes == [
        "constants count as right to their last digit: that decides no more than 0.0 digits of the "
        "result"
    ]
    assert "results of j0, j1 count as right to their last digit" in str(by_functions)
    assert "arguments count as exact; if they are rounded, 0.0 digits" in str(given)


def test_exact_constants_and_harmless_ones_cost_no_digits():
    x = np.array([0.5, 1.25])
    for f in (lambda x: x * 0.1 + 0.3, lambda x: np.sin(3.7 * x), lambda x: (x + 1e8) - 1e8):
        report = accuracy(f)(x)
        assert "count as" not in str(report)
    assert accuracy(lambda x: np.sin(np.pi * x))(1.0).digits == 0
    wide = np.array([1.0, 0.1, 1e16, 2.5], np.float32)
    report = accuracy(lambda x: np.sum(x * np.float32(1 / 3)) - np.float32(3.3333333e15))(wide)
    assert report.digits < 2
