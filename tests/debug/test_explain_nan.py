"""Planted infinities and NaN are found at their line, element and turn."""

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.debug import explain_nan

CASES = {}


def line_of(text):
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if line.rstrip().endswith(f"# {text}"))


def planted(operator, kind, *args, marker=None, derive=None, **expected):
    """A program with a value that is not finite: made by an operator, at a marked line."""

    def declare(fun):
        name = fun.__name__ if derive is None else f"{fun.__name__}, derived"
        assert name not in CASES
        where = marker or fun.__name__
        CASES[name] = (derive(fun) if derive else fun, args, operator, kind, where, expected)
        return fun

    return declare


@planted("div", "nan", np.array([1.0, 0.0, 2.0]), element=(1,), says="0 / 0")
def zero_by_zero(x):
    y = 2 * x
    return y / x  # zero_by_zero


@planted("div", "inf", np.array([1.0, 0.0]), np.array([0.0, 1.0]), element=(0,), says="by 0")
def by_zero(x, y):
    return np.sum(x / y)  # by_zero


@planted("log", "inf", {"w": [np.array([[1.0, 2.0], [0.0, 3.0]])]}, element=(1, 0), says="of 0")
def inside_a_pytree(tree):
    return {"loss": np.log(tree["w"][0]).sum(axis=0)}  # inside_a_pytree


@planted("div", "inf", np.array([4, 0]), np.array([0, 1]), np.array([False, True]), element=(0,))
def of_integers(n, order, kept):
    return 1 / n[order][kept]  # of_integers


@planted("log", "nan", np.array([2.0, -3.0]), element=(1,), says="negative")
def of_a_negative(x):
    return np.log(x)  # of_a_negative


@planted("exp", "inf", np.array([1.0, 800.0]), element=(1,), says="709.78")
def overflow(x):
    y = np.exp(x)  # overflow
    return np.sum(y / (1 + y))


@planted("exp", "inf", np.array([1.0, 200.0], np.float32), element=(1,), says="88.72")
def overflow_in_float32(x):
    return np.exp(x)  # overflow_in_float32


@planted("exp", "inf", np.array([1000.0, 0.0]), element=(0,), says="logsumexp")
def naive_logsumexp(x):
    exponentials = np.exp(x)  # naive_logsumexp
    return np.log(np.sum(exponentials))


@planted("div", "inf", np.zeros(3), derive=fg.grad, backward=True, says="np.linalg.norm")
def root_of_squares(x):
    s = np.sum(x**2)
    return np.sqrt(s)  # root_of_squares


@planted("div", "inf", np.array([0.5, 1.0]), derive=fg.grad, backward=True, says="arccos")
def angle(x):
    return np.sum(np.arccos(x))  # angle


@planted("div", "inf", np.array([4.0, 0.0]), derive=fg.grad, backward=True, says="sqrt is infinite")
def root(x):
    return np.sum(np.sqrt(x))  # root


@planted("pow", "inf", np.array([1.0, 0.0]), derive=fg.grad, backward=True, says="y < 1")
def small_power(x):
    return np.sum(x**0.5)  # small_power


@planted("pow", "inf", np.array([1.0, 0.0]), element=(1,), says="negative power")
def negative_power(x):
    return x ** np.array([-1.5])  # negative_power


@planted("div", "inf", np.array([1.0, 2.0, 4.0, 0.0, 5.0]), turns=(3,), says="division by 0")
def in_a_scan(x):
    def step(carry, t):
        return carry / t, None  # in_a_scan

    return fg.lax.scan(step, 1.0, x)[0]


@planted("div", "inf", np.array([1.0, 2.0, 0.0]), derive=fg.jit, turns=(1, 2))
def in_a_scan_in_a_scan(x):
    def step(carry, _):
        def inner(c, t):
            return c + 1 / (t - carry + 1), None  # in_a_scan_in_a_scan

        return carry + 1, fg.lax.scan(inner, 0.0, x)[0]

    return fg.lax.scan(step, 0.0, None, length=2)[1][1]


@planted("log", "nan", 3.5, turns=(4,), says="negative")
def in_a_while_loop(x):
    def body(carry):
        i, y, total = carry
        return i + 1, y - 1, total + np.log(y)  # in_a_while_loop

    return fg.lax.while_loop(lambda c: c[0] < 6, body, (0, x, 0.0))[2]


@planted("sqrt", "nan", -2.0, derive=fg.jit)
def in_a_branch(x):
    return fg.lax.cond(
        x > 0,
        lambda x: x,
        lambda x: 1 + np.sqrt(x),  # in_a_branch
        x,
    )


@planted("div", "nan", np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]]), element=(2, 0))
def in_a_lane(xs):
    def normalised(x):
        return x / np.sum(x)  # in_a_lane

    return fg.vmap(normalised)(xs)


@planted("reciprocal", "inf", np.array([1.0, 0.0]), element=(1,), marker="in a jitted function")
def calls_a_jitted_function(x):
    return 3 * inverse(x)


@fg.jit
def inverse(x):
    return np.reciprocal(x)  # in a jitted function


@fg.custom_vjp
def with_a_rule(x):
    return np.abs(x)


def with_a_rule_backward(x, ct):
    return (ct * (x / np.abs(x)),)  # in a rule


with_a_rule.defvjp(lambda x: (np.abs(x), x), with_a_rule_backward)


@planted(
    "div", "nan", np.array([1.0, 0.0]),
    derive=fg.grad, backward=True, element=(1,), marker="in a rule",
)  # fmt: skip
def uses_a_rule(x):
    return np.sum(with_a_rule(x))


@planted(
    "div", "nan", np.array([1.0, 0.0]),
    derive=lambda f: fg.jit(fg.grad(f)), backward=True, marker="in a rule",
)  # fmt: skip
def uses_a_rule_under_jit(x):
    return np.sum(with_a_rule(x))


@planted("cholesky", "nan", np.diag([1.0, -1.0]), derive=fg.jit, says="not positive definite")
def indefinite(a):
    return np.linalg.cholesky(a)[0, 0]  # indefinite


@planted("solve", "nan", np.zeros((2, 2)), derive=fg.jit, says="singular")
def singular(a):
    return np.linalg.solve(a, np.ones(2))  # singular


@planted("mul", "inf", 1e200, says="product overflows")
def too_large(x):
    y = x * x  # too_large
    return 1 + y


@planted("div", "inf", np.array([2.0, 0.0]), element=(1, 1), derive=fg.jacrev, backward=True)
def in_a_jacobian(x):
    return np.sqrt(x)  # in_a_jacobian


@pytest.mark.parametrize("name", CASES)
def test_the_operation_is_found(name):
    fun, args, operator, kind, marker, expected = CASES[name]
    report = explain_nan(fun)(*args)
    event = report.events[0]
    assert not report.finite
    assert event.operation.primitive.name == operator
    assert event.kind == kind
    assert event.source.line == line_of(marker)
    assert event.line.endswith(f"# {marker}")
    assert not event.from_infinity
    if expected.get("backward", False) is not None:
        assert event.backward == expected.get("backward", False)
    if "element" in expected:
        assert event.element == expected["element"]
    assert tuple(t.number for t in event.turns) == expected.get("turns", ())
    assert expected.get("says", "") in report.remedies[0]
    text = str(report)
    assert f"test_explain_nan.py:{line_of(marker)}" in text
    assert all(f"turn {n} of the" in text for n in expected.get("turns", ()))


def test_an_infinity_that_becomes_nan_is_named_with_the_nan():
    def f(x):
        y = np.exp(x)  # becomes infinite
        return y - 2 * y  # becomes NaN

    report = explain_nan(f)(np.array([0.0, 1000.0]))
    assert report.first_infinite.source.line == line_of("becomes infinite")
    assert report.first_nan.source.line == line_of("becomes NaN")
    assert report.first_nan.from_infinity
    assert report.first_nan.element == (1,)
    assert [e.operation.primitive.name for e in report.events] == ["exp", "sub"]
    assert "the difference of two infinities" in str(report)
    assert report.backward is None


def test_zero_times_infinity_in_the_backward_pass():
    report = explain_nan(fg.grad(norm_in_two_lines))(np.zeros(2))
    assert report.forward is None
    assert report.backward is report.first_infinite
    assert report.first_nan.operation.primitive.name == "mul"
    assert report.first_nan.source.line == line_of("squares")
    assert sorted(map(str, report.first_nan.operands)) == ["0.0", "inf"]


def norm_in_two_lines(x):
    s = np.sum(x**2)  # squares
    return np.sqrt(s)


def test_forward_and_backward_are_named_apart():
    def f(x):
        a = np.sqrt(x[0])  # root at 0
        return a + x[1] / x[2]  # quotient

    value_and_gradient = explain_nan(fg.value_and_grad(f))(np.array([0.0, 1.0, 0.0]))
    assert value_and_gradient.forward.source.line == line_of("quotient")
    assert value_and_gradient.backward.backward
    assert len(value_and_gradient.results) == 2


@pytest.mark.parametrize(
    ("fun", "x"),
    [
        (lambda x: np.where(x > 0, np.log(x), 0.0), np.arange(3.0)),
        (fg.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0))), np.arange(3.0)),
        (lambda x: 1 / (1 + np.exp(x)), 1000.0),
        (lambda x: np.exp(-1 / x), np.zeros(2)),
    ],
)
def test_finite_results_have_nothing_to_explain(fun, x):
    report = explain_nan(fun)(x)
    assert report.finite
    assert report.events == []
    assert str(report).endswith("the result is finite, no NaN")


def test_elements_that_are_not_chosen_do_not_count():
    """The first element's NaN comes from the square root; the logarithm's is left out."""

    def f(x):
        a = np.log(x)
        b = np.sqrt(x)  # the one that is chosen
        return np.where(x > 0, a, b)

    report = explain_nan(f)(np.array([-1.0, 2.0]))
    assert report.forward.source.line == line_of("the one that is chosen")
    assert [e.operation.primitive.name for e in report.events] == ["sqrt"]


def test_other_rows_of_sums_products_and_moves_do_not_count():
    """Only row 1 gets into the result; rows 0 and 2 are NaN, too, by an earlier line."""

    def f(x):
        y = np.array([[0.0], [1.0], [0.0]]) / np.array([[0.0], [1.0], [0.0]]) + x * 0
        z = fnp.concatenate([y, x / (x - x)])  # in the row that counts
        rows = np.flip(np.sum(z @ np.eye(2), axis=1))
        return fnp.sort(rows.reshape(2, 3)[0, :2])

    with np.errstate(all="ignore"):
        report = explain_nan(f)(np.ones((3, 2)))
    assert report.first_infinite.source.line == line_of("in the row that counts")
    assert all(e.source.line >= line_of("in the row that counts") for e in report.events)


def test_arguments_that_are_not_finite_come_first():
    x = {"a": np.ones(2), "b": [np.array([[1.0, np.nan], [2.0, 3.0]])]}
    report = explain_nan(lambda t, *, scale: scale * (t["a"] + t["b"][0]))(x, scale=np.inf)
    assert report.arguments == [
        "argument args[0]['b'][0] is nan at [0, 1], one of 1 of 4 elements",
        "argument kwargs['scale'] is inf",
    ]
    assert report.forward is None
    assert str(report).splitlines()[2:] == report.arguments


def test_constants_that_are_not_finite_are_named():
    scale = np.array([1.0, np.inf])
    report = explain_nan(lambda x: np.sum(scale * x))(np.ones(2))
    assert report.events == []
    (note,) = report.notes
    assert note.startswith("a constant that is not finite enters at test_explain_nan.py")


def test_results_are_named_by_their_path():
    report = explain_nan(lambda x: {"loss": [x, np.log(x - 1)]})(1.0)
    assert report.results == ["result['loss'][1] is -inf"]


def test_stabilize_is_named_where_it_helps():
    report = explain_nan(lambda x: np.log(1 + np.exp(x)))(1000.0)
    assert "softplus" in report.remedies[0]
    assert any("funcgrad.stabilize" in note for note in report.notes)
    gone = explain_nan(fg.stabilize(lambda x: np.log(1 + np.exp(x))))(1000.0)
    assert gone.finite


def test_a_jitted_function_that_only_jit_makes_finite():
    report = explain_nan(fg.jit(lambda x: np.log(1 + np.exp(x))))(1000.0)
    assert report.finite
    assert any("without jit" in note or "as jit runs it" in note for note in report.notes)


def test_functions_that_raise_still_raise():
    with pytest.raises(np.linalg.LinAlgError):
        explain_nan(np.linalg.cholesky)(-np.eye(2))
    with pytest.raises(TypeError, match="needs a function"):
        explain_nan(3)(1.0)


def test_traced_arguments_are_refused():
    with pytest.raises(TypeError, match="traced value"):
        fg.grad(lambda x: explain_nan(np.sin)(x) and x)(1.0)


def test_the_derivative_of_a_jitted_function_is_no_division_of_the_user():
    report = explain_nan(fg.grad(fg.jit(lambda x: np.sum(np.sqrt(x) * x))))(np.array([0.0, 1.0]))
    assert "the derivative of sqrt is infinite at 0" in str(report)
    assert "division" not in str(report)


def test_a_result_of_constants_alone():
    with np.errstate(divide="ignore"):
        assert "made of constants alone" in str(explain_nan(lambda: np.log(0.0))())
