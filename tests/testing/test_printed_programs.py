"""Programs that repeat a failure run by themselves, also those of functions without a name."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("hypothesis", reason="gradcheck draws with it")

MODULE = '''
import math
from functools import partial

import numpy as np
import numpy.linalg as algebra

import funcgrad as fg

SCALE = np.array([1.0, 2.0])


@fg.custom_jvp
def wrong(x):
    return np.sin(x)


wrong.defjvp(lambda p, t: (np.sin(p[0]), -np.cos(p[0]) * t[0]))


def nested(k):
    def inner(x):
        """With two lines."""
        return np.sum(x * SCALE) * k

    return lambda x, y: inner(x) + algebra.norm(y) + wrong(y)


def local(options):
    def f(x):
        total = sum(v for v in options["terms"])
        return wrong(x) * total + math.pi

    return f


same_line = [lambda x: np.cos(x), lambda x: 2 * wrong(x)]
CASES = {
    "nested": (nested(2.5), ("2", "3")),
    "local": (local({"terms": [1.0, 2.5]}), ("2",)),
    "one of a line": (same_line[1], ("2",)),
    "several lines": (
        lambda x: (
            wrong(x)
            + 1.0
        ),
        ("2",),
    ),
    "no text": (partial(wrong), ("2",)),
    "of an object": ((lambda o: lambda x: wrong(x) if o else x)(object()), ("2",)),
}
'''
RUN = """
import sys
from funcgrad.testing import GradientCheckError, gradcheck
from functions_to_print import CASES
f, described = CASES[sys.argv[1]]
try:
    gradcheck(f, *described, max_examples=2)
except GradientCheckError as error:
    print(str(error).partition("as a program:")[2])
"""


def run(folder, *arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("programs")
    (path / "functions_to_print.py").write_text(MODULE)
    return path


@pytest.mark.parametrize("name", ["nested", "local", "one of a line", "several lines"])
def test_programs_run_by_themselves(name, folder, tmp_path):
    printed = run(folder, "-c", RUN, name)
    assert printed.returncode == 0, printed.stderr
    program = tmp_path / "program.py"
    program.write_text(f"import sys\nsys.path.insert(0, {str(folder)!r})\n{printed.stdout}")
    repeated = run(tmp_path, str(program))
    assert "GradientCheckError" in repeated.stderr, printed.stdout + repeated.stderr
    assert "the sign" in repeated.stderr or "differs from" in repeated.stderr


@pytest.mark.parametrize("name", ["no text", "of an object"])
def test_what_has_no_text_is_named_with_its_place(name, folder):
    printed = run(folder, "-c", RUN, name)
    assert "functions_to_print.py" in printed.stdout or "wrong" in printed.stdout
    assert "<lambda> = " not in printed.stdout
