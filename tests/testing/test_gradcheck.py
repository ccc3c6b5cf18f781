"""gradcheck: what passes, what it finds, what it shrinks to, and what it prints."""

import dataclasses
import functools
import math
import re
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import assume
from numpy.testing import assert_array_equal

import funcgrad as fg
from funcgrad.testing import (
    PROFILES,
    GradientCheckError,
    InconclusiveCheckError,
    active_profile,
    check_grads,
    gradcheck,
    profile_of,
)
from funcgrad.testing import strategies as fst
from funcgrad.testing.reports.literals import Literals


@fg.custom_vjp
def cubed(x):
    """The derivative is wrong above 1."""
    return x**3


def cubed_forward(x):
    return x**3, x


def cubed_backward(x, ct):
    return (ct * np.where(x > 1, 2.0, 3.0) * x**2,)


cubed.defvjp(cubed_forward, cubed_backward)


class Layer(NamedTuple):
    w: Annotated[np.ndarray, "n m"]
    b: Annotated[np.ndarray, "m"]


@dataclasses.dataclass
class Batch:
    x: Annotated[np.ndarray, "batch n"]
    weight: Annotated[np.ndarray, fst.spec("batch", domain="positive")]
    kind: str = dataclasses.field(default="mean", metadata={"static": True})


def loss(layer: Layer, batch: Batch, power=2):
    out = np.tanh(batch.x @ layer.w + layer.b) ** power
    return np.mean(np.sum(out, axis=1) * np.log(batch.weight))


def wrong_loss(layer: Layer, batch: Batch):
    return np.sum(cubed(layer.b)) + loss(layer, batch)


def test_right_derivatives_pass_and_are_counted():
    report = gradcheck(loss, max_examples=6, seed=4, domain=(-2, 2))
    assert (report.passed, report.points, report.inconclusive, report.rejected) == (6, 6, 0, 0)
    assert (report.order, report.modes, report.left_out) == (2, ("fwd", "rev"), {})
    assert re.fullmatch(
        r"loss \(test_gradcheck.py:\d+\): 6 points passed \(order 2, modes fwd, rev, seed 4\)",
        str(report),
    )


def example_of(message: str) -> str:
    """The program at the end of a message."""
    return message.split("the smallest point found, as a program:\n\n")[1]


def test_a_wrong_derivative_is_found_and_shrunk_to_one_element():
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(cubed, "n m", modes="rev", domain=(-5, 5))
    message = str(caught.value)
    assert "the vjp differs from finite differences" in message
    assert "args = (np.array([[2.0]]),)" in message
    assert "found/expected is 0.666" in message
    assert caught.value.finding.order == 1
    program = example_of(message)
    call = f"check_grads({__name__}.cubed, args, order=2, modes=('rev',), seed=0)"
    assert program.endswith(call)
    with pytest.raises(GradientCheckError, match="the vjp differs"):
        exec(program, {})


def test_the_printed_program_imports_what_it_needs():
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(wrong_loss, order=1, modes="rev", sizes={"n": 1, "m": 1, "batch": 1})
    program = example_of(str(caught.value))
    assert f"import {__name__}\n" in program
    assert f"{__name__}.Layer(w=np.array([[" in program
    assert f"check_grads({__name__}.wrong_loss, args, order=1" in program
    assert ".Batch(x=np.array([[0.0]]), weight=np.array([1.0]), kind='mean')" in program
    with pytest.raises(GradientCheckError):
        exec(program, {})


def test_arguments_by_keyword():
    def model(x, *, scale=1.0, shift):
        return np.sin(x) * scale + cubed(shift)

    assert gradcheck(model, "3", shift="3", domain=(-1, 1), modes="rev", max_examples=3).passed == 3
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(model, "3", scale=np.array(2.0), shift="3", modes="rev")
    program = example_of(str(caught.value))
    call = "lambda x, scale, shift: model(x, scale=scale, shift=shift)"
    assert f"check_grads({call}, args" in program
    with pytest.raises(GradientCheckError):
        exec(program, {"model": model})


def test_the_source_of_a_failing_program_is_printed():
    text = "import numpy as np\n\n\ndef program(x):\n    return np.abs(np.round(x) - x)\n"
    program = fst.Program(text + "\nimport math\n", (np.float64(0.25),))
    program.function.__globals__["np"] = ShiftedNumpy()
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(program, fst.numbers(domain=(0.1, 0.4)), order=1)
    assert "def program(x):" in str(caught.value)
    assert "check_grads(program, args, order=1" in str(caught.value)


class ShiftedNumpy:
    """NumPy, but for a round that has a wrong derivative."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def round(x):
        return fg.stop_gradient(x) * 2


def test_points_outside_the_domain_are_drawn_anew():
    def root(x):
        if x < 0:
            raise ValueError("negative")
        return np.sqrt(x)

    report = gradcheck(root, "", domain=fst.away_from(0), max_examples=10)
    assert report.passed == 10
    assert report.rejected > 0
    assert "outside the domain" in str(report)
    report = gradcheck(np.log, "3", max_examples=10, domain=(-1, 4))
    assert (report.passed, report.rejected > 0) == (10, True)


def test_too_few_points_in_the_domain_are_an_error():
    with pytest.raises(ValueError, match=r"points are outside the domain of .*LinAlgError"):
        gradcheck(lambda x: np.linalg.inv(x), "3")
    with pytest.raises(ValueError, match=r"outside the domain .* its value is not finite"):
        gradcheck(lambda x: np.log(x), "3", domain=(-2, -1))


def test_assumptions_of_the_function_count():
    seen = []

    def above_two(x):
        if isinstance(x, float):
            assume(x > 2)
            seen.append(x)
        return x * x

    assert gradcheck(above_two, "", order=1, max_examples=5).passed == 5
    assert min(seen) > 2


def test_inconclusive_points_are_counted():
    at_a_jump = fst.arrays((2,), domain=fst.whole_numbers(1, 9))
    with pytest.raises(InconclusiveCheckError, match=r"settled at none of the \d+ points drawn"):
        gradcheck(lambda x: np.floor(x) + x, at_a_jump, order=1, max_examples=4)

    def sometimes(x):  # at a jump the value is neither that of the left nor of the right
        return np.floor(x) + np.ceil(x) + x

    domain = fst.whole_numbers(1, 9) | fst.interval(1.1, 1.9)
    report = gradcheck(sometimes, fst.arrays((1,), domain=domain), order=1, max_examples=12)
    assert report.inconclusive > 0
    assert report.passed > 0
    assert f"{report.inconclusive} inconclusive" in str(report)


def test_shrinking_ends_in_time(monkeypatch):
    monkeypatch.setattr("funcgrad.testing.points.SHRINKING", 0.0)
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(cubed, "3 4", modes="rev", order=1)
    with pytest.raises(GradientCheckError):
        exec(example_of(str(caught.value)), {})


def test_other_errors_come_with_the_smallest_point():
    def stored(x):
        return np.asarray(float(np.sum(x)))

    with pytest.raises(fg.errors.TracerError) as caught:
        gradcheck(stored, "n")
    assert "args = (np.array([0.0]),)" in caught.value.__notes__[-1]


def test_points_are_the_same_for_the_same_seed():
    def collected(seed):
        points = []

        def f(x):
            if isinstance(x, np.ndarray) and x.shape == (3,):
                points.append(x.copy())
            return x * 2

        gradcheck(f, "3", order=1, seed=seed, max_examples=5)
        return np.stack(points)

    assert_array_equal(collected(0), collected(0))
    assert not np.array_equal(collected(0), collected(1))


def test_plain_values_are_constants():
    seen = []

    def f(x, power, unit):
        seen.append(power)
        return x**power * unit

    report = gradcheck(f, "2", 3, np.ones(2), max_examples=4, order=1)
    assert report.passed == 4
    assert set(seen) == {3}


def test_functions_without_signature_or_source():
    assert gradcheck(np.sin, "3", max_examples=3).passed == 3
    double = functools.partial(np.multiply, 2.0)
    assert gradcheck(double, "3", max_examples=3).passed == 3


def test_wrong_options_are_refused():
    for options, text in [
        ({"order": 0}, "order must be at least 1"),
        ({"modes": "back"}, "unknown mode 'back'"),
        ({"max_examples": 0}, "max_examples must be at least 1"),
        ({"profile": "slow"}, "unknown profile 'slow'; the profiles are quick, ci, thorough"),
        ({"domain": "none"}, "unknown domain 'none'"),
    ]:
        with pytest.raises(ValueError, match=text):
            gradcheck(np.sin, "3", **options)
    with pytest.raises(TypeError, match="the described arguments do not fit"):
        gradcheck(loss, "3", "4", "5", "6")
    with pytest.raises(TypeError, match="f must be a function"):
        gradcheck(3)


def test_profiles():
    assert [p.max_examples for p in PROFILES.values()] == [5, 20, 200]
    assert profile_of().name == "ci"
    with active_profile("quick"):
        assert gradcheck(np.sin, "2", order=1).passed == 5
        with active_profile("thorough"):
            assert profile_of().name == "thorough"
        assert profile_of().name == "quick"
    assert gradcheck(np.sin, "2", order=1, profile="quick").passed == 5
    with pytest.raises(ZeroDivisionError), active_profile("quick"):
        raise ZeroDivisionError
    assert profile_of().name == "ci"


RNG = np.random.default_rng(0)

VALUES = [
    np.array([0.1, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1 / 3]),
    RNG.standard_normal((2, 3)) * 1e-7,
    RNG.standard_normal((2, 2)).astype(np.float32),
    np.array(0.5),
    np.float64(0.1),
    np.float32(0.1),
    np.complex64(1 / 3 - 2j),
    np.array([complex(-0.0, math.nan), complex(math.inf, -0.0)]),
    np.array([], np.float32).reshape(0, 3),
    np.arange(4, dtype=np.int32),
    np.array([2**64 - 1], np.uint64),
    np.array([True, False]),
    math.inf,
    -0.0,
    complex(-0.0, math.inf),
    (1,),
    [1.5, (True, None), {"a": np.ones(2), 3: "text"}],
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_literals_give_values_back_exactly(value):
    text = Literals().text(value)
    again = eval(text, {"np": np})
    assert same(again, value), text


def same(a: Any, b: Any) -> bool:
    """Whether two pytrees are the same to the last bit."""
    if isinstance(b, np.ndarray | np.generic):
        kind = type(a) is type(b) and (a.shape, a.dtype) == (b.shape, b.dtype)
        real = all(np.array_equal(p, q, equal_nan=True) for p, q in parts(a, b))
        return kind and real and all(np.array_equal(*map(sign, pq)) for pq in parts(a, b))
    if isinstance(b, list | tuple):
        return type(a) is type(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in b)
    return repr(a) == repr(b) or same(np.asarray(a), np.asarray(b))


def parts(a, b):
    return [(np.real(a), np.real(b)), (np.imag(a), np.imag(b))]


def sign(x):
    return np.signbit(np.nan_to_num(x.astype(float), nan=1.0))


def test_literals_of_records_need_their_modules():
    literals = Literals()
    text = literals.text(Layer(np.ones(1), None))
    assert text == f"{__name__}.Layer(w=np.array([1.0]), b=None)"
    assert literals.imports() == f"import numpy as np\nimport {__name__}"


def test_the_check_itself_is_check_grads():
    """A point that passes gradcheck passes check_grads with the same options."""
    points = []
    gradcheck(lambda x: (points.append(x), np.sin(x))[1], fst.arrays((2,)), max_examples=2)
    for x in [p for p in points if isinstance(p, np.ndarray)][:2]:
        assert check_grads(np.sin, (x,), order=2).passed
