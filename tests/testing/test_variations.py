"""What checks vary beyond random directions: kinds, constants, layouts, calls, sizes and dtypes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import funcgrad as fg
from funcgrad.testing import GradientCheckError, check_grads, check_pair, gradcheck
from funcgrad.testing import strategies as fst
from funcgrad.testing.derivatives.layouts import columns_first, copied, copied_leaves, turned
from funcgrad.testing.derivatives.staged import Staged
from funcgrad.testing.extras import has_rules, of_complex_numbers
from funcgrad.testing.points import shares
from funcgrad.testing.profiles import PROFILES

X = np.array([0.3, -0.7, 1.1])


def ruled(f: Any, backward: Any) -> Any:
    wrapped = fg.custom_vjp(f)
    wrapped.defvjp(lambda *args: (f(*args), args), lambda args, ct: backward(*args, ct))
    return wrapped


def message_of(f: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, args, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda ct: np.clip(ct, -50.0, 50.0), "1.04858e+06 times as large"),
        (lambda ct: np.where(np.abs(ct) < 1e-7, 0.0, ct), "9.31323e-10 times as large"),
        (lambda ct: ct + 1e-12, "the vjp of a zero cotangent is not zero"),
        (lambda ct: np.where(np.sum(ct != 0) == 1, 0.0, ct), "with one number beside zeros"),
        (lambda ct: np.where(ct == np.round(ct), 0.0, ct), "of whole numbers"),
    ],
)
def test_a_kind_of_cotangent_is_named(damage: Any, words: str) -> None:
    assert words in message_of(ruled(np.sin, lambda x, ct: (np.cos(x) * damage(ct),)), X)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: np.clip(t, -9.0, 9.0), "1.04858e+06 times as large does not add up"),
        (lambda t: np.where(np.abs(t) < 1e-7, 0.0, t), "9.31323e-10 times as large"),
        (lambda t: np.where(np.max(np.abs(t)) > 1e3, 0.5 * t, t), "1.04858e+06 times as large"),
        (lambda t: np.where(t == 0, 1.0, t), "the jvp of a zero tangent is not zero"),
        (lambda t: np.where(np.sum(t != 0) == 1, 0.0, t), "with one number beside zeros"),
    ],
)
def test_a_rule_that_is_not_linear_fails_before_it_is_transposed(damage: Any, words: str) -> None:
    f = fg.custom_jvp(np.sin)
    f.defjvp(lambda xs, ts: (np.sin(xs[0]), np.cos(xs[0]) * damage(ts[0])))
    assert words in message_of(f, X)


def test_copies_lie_in_memory_as_what_is_copied() -> None:
    x = np.arange(24.0).reshape(4, 6)
    for view in (x[::-1, ::2], x.T, x[1:3, ::-1], np.asfortranarray(x), x[:, :1]):
        copy = copied(view)
        assert_array_equal(copy, view)
        assert copy.strides == view.strides
        assert not np.shares_memory(copy, view)
    x.flags.writeable = False
    assert not copied(x).flags.writeable
    assert_array_equal(copied(np.broadcast_to(x[0], (3, 6))), np.broadcast_to(x[0], (3, 6)))
    first, second, third = copied_leaves([x, x, x.copy()])
    assert first is second is not third
    assert copied(2.0) == 2.0


def test_layouts_hold_the_same_numbers() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert_array_equal(turned(x), x)
    assert_array_equal(columns_first(x), x)
    assert max(turned(x).strides) < 0
    assert columns_first(x).flags.f_contiguous


def test_the_layout_that_is_given_is_checked() -> None:
    seen = []

    def f(x: Any) -> Any:
        if type(x) is np.ndarray:
            seen.append(x.strides)
        return np.sum(x * x)

    check_grads(f, (np.asfortranarray(np.ones((2, 3))),))
    assert (8, 16) in seen[:3]


def test_a_backward_pass_that_reads_memory_is_found() -> None:
    def forward(x: Any) -> Any:
        return x**3, x

    def backward(ct: Any, x: Any) -> Any:
        return 3 * np.ravel(x, "K").reshape(x.shape) ** 2 * ct

    with pytest.raises(GradientCheckError, match="read-only arrays in Fortran's order"):
        check_pair(forward, backward, (np.arange(1.0, 7.0).reshape(2, 3),))


def test_what_a_function_itself_does_not_take_is_left_out() -> None:
    def f(x: Any) -> Any:
        if type(x) is np.ndarray and not x.flags.c_contiguous:
            raise BufferError("not contiguous")
        return x**2

    check_grads(f, (np.ones((2, 3)),))


def test_a_rule_that_writes_into_a_read_only_array_is_told() -> None:
    def backward(x: Any, ct: Any) -> Any:
        if type(ct) is np.ndarray:
            ct.flags.writeable or ct.fill(0.0)
        return (2 * x * ct,)

    assert "a rule may not write into what it is given" in message_of(
        ruled(lambda x: x * x, backward), X
    )


def test_one_array_as_two_arguments() -> None:
    f = fg.custom_vjp(lambda x, y: x * y)

    def backward(saved: Any, ct: Any) -> Any:
        x, y, same = saved
        return (2 * y * ct, 0 * x) if same else (y * ct, x * ct)

    f.defvjp(lambda x, y: (x * y, (x, y, x is y)), backward)
    assert "if one array is given as two arguments" in message_of(f, X, X + 1)


def test_residuals_of_another_call() -> None:
    last = {}

    def forward(x: Any) -> Any:
        last["x"] = x
        return np.sin(x), x

    f = fg.custom_vjp(np.sin)
    f.defvjp(
        forward,
        lambda x, ct: (np.cos(last["x"] if type(x) is np.ndarray else x) * ct,),
    )
    assert "the vjp" in message_of(f, X)


def test_a_layer_that_keeps_its_last_point_is_right_by_hand() -> None:
    class Layer:
        def forward(self, x: Any) -> Any:
            self.x = x
            return np.tanh(x), None

        def backward(self, ct: Any, cache: None) -> Any:
            return (1 - np.tanh(self.x) ** 2) * ct

    layer = Layer()
    check_pair(layer.forward, layer.backward, (X,))


def test_staged_programs_are_plain_calls_where_values_decide() -> None:
    staged = Staged(lambda xs: [np.sin(xs[0]) * xs[0]], [X])
    assert_array_equal(staged([X])[0], np.sin(X) * X)
    assert staged.program is not None
    deciding = Staged(lambda xs: [xs[0] if xs[0][0] > 0 else -xs[0]], [X])
    assert_array_equal(deciding([-X])[0], X)
    assert deciding.program is None
    assert_array_equal(staged([X[:2]])[0], np.sin(X[:2]) * X[:2])


def test_staged_programs_that_differ_are_not_used() -> None:
    calls = []

    def drifting(xs: Any) -> Any:
        calls.append(1)
        return [xs[0] * len(calls)]

    staged = Staged(drifting, [X])
    staged([X])
    assert staged.program is None


def test_points_have_long_dimensions_in_every_profile() -> None:
    seen: set[int] = set()

    def f(x: Any, w: Any) -> Any:
        seen.update((np.shape(x)[-1], np.shape(w)[-1]) if np.ndim(w) == 2 else ())
        return np.sum(x @ w)

    gradcheck(f, "b n", "n m", order=1, domain=(-2, 2), profile="quick")
    assert max(seen) >= 9
    for profile in PROFILES.values():
        counts = dict(shares(profile.max_examples))
        assert counts["long"] >= 1
        assert sum(counts.values()) == profile.max_examples
    assert dict(shares(1)) == {"short": 1}


def test_a_mistake_behind_the_eighth_element_shrinks_to_nine() -> None:
    def backward(x: Any, ct: Any) -> Any:
        return (np.cos(x) * ct * np.where(np.arange(x.shape[0]) < 8, 1.0, 0.0),)

    with pytest.raises(GradientCheckError) as caught:
        gradcheck(ruled(np.sin, backward), "n", order=1, domain=(-3, 3))
    assert "np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])" in str(caught.value)


def test_no_time_is_left_for_long_dimensions() -> None:
    longest = []

    def f(x: Any) -> Any:
        longest.append(np.shape(x)[-1])
        return x * 2

    gradcheck(f, "n", order=1, max_examples=5, seconds=0)
    assert max(longest) <= 8  # twice the longest short one


def test_single_precision_is_tried_where_there_is_a_rule() -> None:
    def backward(x: Any, ct: Any) -> Any:
        return (2 * x * ct * x.dtype.type(0.5 if x.dtype == np.float32 else 1.0),)

    wrong = ruled(lambda x: x * x, backward)
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(wrong, "3", domain=(1, 2), order=1)
    program = str(caught.value).split("as a program:\n\n")[1]
    assert "dtype=np.float32" in program

    def annotated(x: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        return wrong(x)

    gradcheck(annotated, "3", domain=(1, 2), order=1)


def test_rules_are_seen_inside_and_complex_points_are_analytic_ones() -> None:
    square = ruled(lambda x: x * x, lambda x, ct: (2 * x * ct,))
    assert has_rules(lambda x: np.sum(square(x)), (X,))
    assert not has_rules(np.sin, (X,))
    assert of_complex_numbers(np.sin, (X,)) is not None
    assert of_complex_numbers(np.abs, (X,)) is None


def test_one_wrong_of_many_is_found_soon() -> None:
    n, wrong = 100_000, 1234
    mask = np.where(np.arange(n) == wrong, 1.25, 1.0)
    f = ruled(lambda x: np.sum(np.sin(x)), lambda x, ct: (ct * np.cos(x) * mask,))
    start = time.process_time()
    message = message_of(f, np.random.default_rng(0).standard_normal(n))
    assert f"index ({wrong},)" in message
    assert time.process_time() - start < 20


@pytest.mark.parametrize("domain", ["real", "positive", (-1, 1), "unit_interval"])
def test_arrays_stay_in_their_domain(domain: Any) -> None:
    from hypothesis import find, settings

    inside = fst.arrays((16,), domain=domain)
    seen = []
    find(
        inside.map(lambda x: seen.append(x) or x),
        lambda x: len(seen) >= 200,
        settings=settings(max_examples=400, database=None),
    )
    checked = fst.domains.as_domain(domain)
    assert all(checked.contains(x) for x in seen)


def test_numbers_between_five_and_eighteen_are_common() -> None:
    from hypothesis import given, settings

    counts = [0, 0]

    @settings(max_examples=300, database=None, deadline=None)
    @given(fst.arrays((4,)), st.just(0))
    def draw(x: Any, _: int) -> None:
        counts[0] += int(np.sum((np.abs(x) > 5) & (np.abs(x) < 18)))
        counts[1] += x.size

    draw()
    assert counts[0] > 0.05 * counts[1]


def test_functions_that_compare_numbers_are_not_checked_for_complex_ones() -> None:
    """NumPy compares complex numbers by their real parts: such a function is for real ones."""
    value = fg.custom_jvp(lambda x: np.maximum(x, 0.25 * (np.clip(x, -1.0, 1.0) + 1) ** 2))
    value.defjvp(lambda xs, ts: (value(*xs), 0.5 * np.clip(xs[0] + 1, 0.0, 2.0) * ts[0]))
    ones = np.ones((3, 4))
    assert of_complex_numbers(value, (ones,)) is None
    assert of_complex_numbers(ruled(np.sin, lambda x, ct: (np.cos(x) * ct,)), (ones,)) is not None


def test_equal_numbers_that_constants_put_in_another_order():
    def weighted_ranks(x, y):  # NumPy's order of equal numbers is not that of traced ones
        return np.sum(x * fg.stop_gradient(np.argsort(np.argsort(x))) * y)

    x = np.repeat([0.0, 1.0, 0.0], [6, 3, 8])
    report = check_grads(weighted_ranks, (x, np.zeros(17)))
    assert "one argument alone" in report.left_out
