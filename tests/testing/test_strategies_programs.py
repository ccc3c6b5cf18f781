"""Random programs: they compute, can be differentiated, and print as what they are."""

import numpy as np
import pytest
from effort import examples
from hypothesis import HealthCheck, given, seed, settings
from numpy.testing import assert_array_equal
from shrinking import smallest

import funcgrad as fg
from funcgrad.testing import InconclusiveCheckError, check_grads
from funcgrad.testing import strategies as fst

slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
some = settings(max_examples=examples(60), deadline=None, suppress_health_check=slow)


few = settings(max_examples=examples(12), deadline=None, suppress_health_check=slow)


@some
@given(fst.programs(control_flow=True))
def test_values_are_finite_and_the_source_gives_them_again(program):
    value = program(*program.args)
    assert np.all(np.isfinite(value))
    assert np.max(np.abs(value)) <= 30
    scope = {}
    exec(program.source(), scope)
    assert_array_equal(scope["program"](*program.args), value)
    assert repr(program) == program.source()


def check(program, order):
    try:
        check_grads(program, program.args, order=order)
    except InconclusiveCheckError:
        return False
    return True


@few
@given(fst.programs(max_size=5))
def test_programs_are_differentiable(program):
    check(program, 2)


@few
@given(fst.programs(max_size=4, control_flow=True))
def test_programs_with_loops_are_differentiable(program):
    check(program, 1)


def test_most_programs_can_be_checked_conclusively():
    results = []

    @few
    @given(fst.programs(max_size=5))
    def collect(program):
        results.append(check(program, 1))

    collect()
    assert np.mean(results) > 0.8


def test_every_family_of_operations_occurs():
    families = ["np.sin", " / ", ".T", "np.sum", "np.sqrt", "np.where", " @ ", "np.linalg.solve",
                "np.sort", "np.concatenate", "[[0, -1, 0]]", "lax.scan", "lax.cond"]  # fmt: skip
    seen = ""

    @seed(0)
    @settings(max_examples=1500, database=None, deadline=None)
    @given(fst.programs(control_flow=True))
    def collect(program):
        nonlocal seen
        seen += program.source()

    collect()
    assert [text for text in families if text not in seen] == []


@pytest.mark.parametrize("text", ["np.sort", "lax.scan"])
def test_programs_shrink_to_few_operations(text):
    every = fst.programs(control_flow=True)
    found = (smallest(every, lambda p: text in p.source(), 2000, seed) for seed in (1, 2))
    sources = [program.source() for program in found]  # hypothesis stops after 500 steps
    assert min(source.count("\n") for source in sources) <= 6, sources


def test_programs_shrink_to_one_operation():
    program = smallest(fst.programs())
    assert program.source() == ("import numpy as np\n\n\ndef program(x):\n    return np.sin(x)\n")
    assert program.args == (0.0,)


@few
@given(fst.programs(inputs=("2 3", fst.spec("3", domain="positive"))))
def test_inputs_can_be_described(program):
    assert [np.shape(x) for x in program.args] == [(2, 3), (3,)]
    assert "def program(x, y):" in program.source()
    assert np.all(program.args[1] > 0)
    fg.make_jaxpr(program)(*program.args)
