"""Random programs in a process of their own: what native code gives is what the interpreter gives.

``python benchmarks/fuzzing_native.py --seed 17`` tries program number 17 alone.
"""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from effort import examples
from native_fuzzing import campaign as campaigns
from native_fuzzing import worker
from native_fuzzing.campaign import campaign
from native_fuzzing.judging import AGREE, MISMATCH, UNDECIDED, judged, machine, settings
from native_fuzzing.reference import EXACT, SUMS, evaluated
from native_fuzzing.steps import DEPENDENT, NOT_IN_PROGRAMS, WEIGHTS, cases_in_programs

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import operations
from funcgrad.compiler.native.kinds import DOUBLE
from funcgrad.compiler.program import compiled as program_of
from funcgrad.core.primitive import REGISTRY

PROGRAMS = examples(120)


def test_programs() -> None:
    tally = campaign(0, PROGRAMS)
    assert not tally.findings, "\n\n".join(
        f"program {f.seed} {f.kind}:\n{f.text}" for f in tally.findings[:3]
    )
    assert tally.programs == PROGRAMS
    assert tally.outcomes[UNDECIDED] <= 0.05 * PROGRAMS + 6
    assert tally.outcomes["refused"] <= 0.02 * PROGRAMS + 2, tally.refused
    assert len(tally.operators) > 95


def test_names_are_those_of_operators() -> None:
    assert set(REGISTRY) >= EXACT | SUMS | set(DEPENDENT) | set(NOT_IN_PROGRAMS)
    assert len(cases_in_programs()) > 150


@pytest.mark.usefixtures("native_entry")
def test_some_programs_are_called_by_generated_python() -> None:
    """So they are where the objects of an interpreter are not as assumed."""
    chosen = [seed for seed in range(PROGRAMS) if "FUNCGRAD_NATIVE_ENTRY" in machine(seed)]
    assert len(chosen) > PROGRAMS / 10
    with settings(**machine(chosen[0]), FUNCGRAD_NATIVE="1"):
        call = program_of(fg.jit(np.sin).lower(np.ones(3)).jaxpr())
    assert type(call).__name__ == "function"
    with settings(FUNCGRAD_NATIVE="1"):
        call = program_of(fg.jit(np.sin).lower(np.ones(3)).jaxpr())
    assert type(call).__name__ == "builtin_function_or_method"


def test_a_number_is_a_program() -> None:
    for seed in range(10):
        with np.errstate(all="ignore"):
            first, again = (re.sub("0x[0-9a-f]+|steps .*", "", worker.text(seed)) for _ in "12")
        assert first == again


def inexact_exp(b, x):
    return operations.VectorFunctions(b).exp(x) * (1 + 1e-5)


def product_with_an_error(b, x, y):
    u, v = b.common(x, y)
    return u * v * (1 + 4e-16) if u.kind is DOUBLE else u * v


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("exp", inexact_exp), ("mul", product_with_an_error)],
)
def test_mistakes_are_found(monkeypatch, name, wrong) -> None:
    monkeypatch.setitem(operations.OPERATIONS, name, wrong)
    monkeypatch.setattr(operations, "_KNOWN", {})
    assert any(judged(seed).outcome == MISMATCH for seed in range(300))


@pytest.mark.parametrize(
    ("does", "kind"),
    [("os.abort()", "dies with"), ("time.sleep(60)", "hangs")],
)
def test_processes_that_die_or_hang_are_findings(tmp_path, monkeypatch, does, kind) -> None:
    """Program 2 of 4 does; the others are tried nevertheless."""
    worker = tmp_path / "worker.py"
    worker.write_text(
        "import json, os, sys, time\n"
        "if sys.argv[1] == '--text': print('the program', sys.argv[2]); sys.exit()\n"
        "for seed in range(int(sys.argv[1]), int(sys.argv[2])):\n"
        "    print(json.dumps({'begin': seed}), flush=True)\n"
        f"    if seed == 2: {does}\n"
        "    found = {'seed': seed, 'outcome': 'agree', 'native': []}\n"
        "    print(json.dumps(found), flush=True)\n"
    )
    monkeypatch.setattr(campaigns, "command", lambda *words: [sys.executable, str(worker), *words])
    tally = campaign(0, 4, limit=3.0)
    assert (tally.programs, tally.outcomes[AGREE]) == (4, 3)
    (finding,) = tally.findings
    assert finding.seed == 2
    assert finding.kind.startswith(kind)
    assert finding.text.startswith("the program 2")


def test_other_roundings_are_other_numbers_of_the_same_size() -> None:
    x = np.linspace(-2.0, 2.0, 50).reshape(5, 10)
    jaxpr = fg.jit(lambda x: (np.exp(x), np.sum(x, 1), -x, x > 0)).lower(x).jaxpr()
    plain = evaluated(jaxpr, [x])
    other = evaluated(jaxpr, [x], np.random.default_rng(0))
    assert [k.exact for k in plain] == [False, False, True, True]
    for a, b in zip(plain[:2], other[:2], strict=True):
        assert (a.value != b.value).all()
        np.testing.assert_allclose(a.value, b.value, rtol=1e-14, atol=1e-14)
    for a, b in zip(plain[2:], other[2:], strict=True):
        np.testing.assert_array_equal(a.value, b.value)


def test_every_step_makes_something() -> None:
    from native_fuzzing.bodies import Body
    from native_fuzzing.steps import ERRORS

    for maker in WEIGHTS:
        for seed in range(60):
            body = Body((seed,), [np.ones((3, 4)), np.arange(3), np.float32(2)], 2, 5000)
            try:
                if maker(body):
                    break
            except ERRORS:
                continue
        else:
            pytest.fail(f"{maker.__name__} never does")
