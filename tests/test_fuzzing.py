"""Random programs with bodies and closures, against the same programs in plain Python over NumPy.

A program's number is its seed: ``python benchmarks/fuzzing.py --seed 17`` tries number 17 alone.
"""

import numpy as np
import pytest
from effort import examples
from fuzzing import operations, plain, traced
from fuzzing.campaign import Finding, campaign
from fuzzing.comparison import AGREE, MISMATCH, UNDECIDED, Subject
from fuzzing.generation import ERRORS, Case, Generator, function, generate
from fuzzing.program import KINDS, Body, Program, Step, all_steps
from fuzzing.shrinking import shrunk, standalone

import funcgrad as fg
import funcgrad.numpy as fnp

CHUNK = 25
CHUNKS = range(0, examples(300), CHUNK)


@pytest.mark.parametrize("start", CHUNKS)
def test_programs(start):
    tally = campaign(range(start, start + CHUNK))
    assert tally.outcomes["undecided"] <= 0.1 * sum(tally.outcomes.values()) + 2, tally.undecided
    if tally.findings:
        pytest.fail(
            f"{len(tally.findings)} mismatches, of programs "
            f"{sorted({f.case.seed for f in tally.findings})}; the first one, made small:\n\n"
            f"{standalone(shrunk(tally.findings[0], tries=300))}"
        )


def test_every_public_function_is_in_programs_or_has_a_reason():
    exempt = {name for names in operations.NOT_IN_PROGRAMS.values() for name in names.split()}
    assert operations.missing() == set()
    assert exempt & operations.covered() <= {"nan"}
    assert exempt <= set(fnp.__all__)
    assert operations.covered_of("linalg") == set(fnp.linalg.__all__) - {"LinAlgError"}


@pytest.mark.parametrize("formula", operations.FORMULAS)
def test_formulas_apply(formula):
    """A formula that never applies would cover nothing."""
    values = {
        "x0": np.float64(0.7), "x1": np.array([0.4, -1.2, 1.7]),
        "x2": np.array([[0.3, -0.8], [1.4, 0.6]]), "x3": np.array([[[0.2, -0.7], [1.3, 0.5]]]),
    }  # fmt: skip
    scope = dict(plain.SCOPE)
    for seed in range(60):
        text = Generator(np.random.default_rng(seed)).filled(formula, values)
        try:
            with np.errstate(all="raise", under="ignore"):
                eval(text, scope, values)
        except ERRORS:
            continue
        return
    pytest.fail("it never applies")


def test_a_number_is_a_program():
    for seed in range(20):
        again, first = generate(seed), generate(seed)
        assert first.program == again.program
        for a, b in zip(first.args, again.args, strict=True):
            np.testing.assert_array_equal(a, b)


def test_operands_passed_mean_the_same():
    """The two ways of writing a program agree in plain Python."""
    for seed in range(150):
        case = generate(seed)
        closed, passed = (function(case.program, plain.SCOPE, passed=p) for p in (False, True))
        for a, b in zip(closed(*case.args), passed(*case.args), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12)


def test_all_kinds_of_bodies_occur_and_nest():
    kinds, nested = set(), 0
    for seed in range(150):
        for step in all_steps(generate(seed).program.steps):
            if isinstance(step, Body):
                kinds.add(step.kind)
                inner = (s for b in step.branches for s in b.steps)
                nested += any(isinstance(s, Body) for s in inner)
    assert kinds == set(KINDS)
    assert nested > 30


def losing(fun):
    """A wrong jit: what the function returns has no derivative."""
    return lambda *xs: fg.tree.map(fg.stop_gradient, fg.jit(fun)(*xs))


def scaling(fun):
    """A wrong checkpoint: the derivative is a little too large."""
    return lambda *xs: fg.tree.map(
        lambda o: o + 0.01 * (o - fg.stop_gradient(o)), fg.checkpoint(fun)(*xs)
    )


@pytest.mark.parametrize(("name", "wrong"), [("jit", losing), ("checkpoint", scaling)])
def test_planted_mistakes_are_found_and_made_small(monkeypatch, name, wrong):
    monkeypatch.setitem(traced.SCOPE, name, wrong)
    for seed in range(200):
        case = generate(seed)
        kinds = {s.kind for s in all_steps(case.program.steps) if isinstance(s, Body)}
        if name not in kinds or kinds & {"custom_jvp", "custom_vjp"}:
            continue
        verdict = Subject(case).judged("vjp")
        if verdict.outcome == MISMATCH and verdict.kind in ("zero", "value"):
            small = shrunk(Finding(case, "vjp", verdict))
            steps = list(all_steps(small.case.program.steps))
            assert any(isinstance(s, Body) and s.kind == name for s in steps)
            assert len(steps) <= 3
            return
    pytest.fail("not found among 200 programs")


def kinked(formula, x):
    """The verdict on one formula at a point."""
    program = Program(("x0",), (Step("v1", formula),), ("v1",))
    return Subject(Case(program, (np.float64(x),), (0,), 0)).judged("grad")


def test_kinks_and_jumps_are_told_from_mistakes():
    for formula in ("np.where(x0 > 0, x0, 3.0 * x0)", "np.floor(x0) * 3.0 + x0"):
        assert kinked(formula, 0.0).outcome == UNDECIDED
        assert kinked(formula, 0.3).outcome == AGREE
    assert kinked("lax.stop_gradient(x0) * x0", 0.3).kind == "value"
    assert kinked("lax.stop_gradient(x0)", 0.3).kind == "zero"
