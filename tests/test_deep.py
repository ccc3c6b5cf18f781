"""What is nested deeply, or long, works or raises one clear error, and soon."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from effort import examples

PROGRAM = Path(__file__).with_name("deep_programs.py")
WORKS = {
    "functions": {"jit, 20", "vmap", "checkpoint", "stabilize", "grad beside grad"},
    "data": {f"{what}, {k}" for what in ("grad", "tree.map") for k in ("list", "dict", "tuple")},
    "control": {"20 conds", "10 scans"},
    "equations": {"printed", "pickled", "evaluated", "checked", "jit", "grad", "to_source"},
}  # fmt: skip
"""What must work; the rest may raise a DepthError, whose class the program below checks."""


@pytest.mark.parametrize(
    ("part", "size"),
    [("functions", 100), ("data", 1000), ("control", 1000),
     ("equations", min(5_000 * examples(1), 100_000))],
)  # fmt: skip
def test_deep_programs(part, size):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), part, str(size)],
        env=os.environ, capture_output=True, text=True, timeout=60 * examples(1),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    *lines, last = done.stdout.splitlines()
    assert last == "done"
    works = set()
    for line in lines:
        name, seconds, found = re.fullmatch(r"(.*): ([\d.]+) (.*)", line).groups()
        assert float(seconds) < 30 * examples(1), line
        kind, *rest = found.split()
        if kind == "works":
            works.add(name)
            continue
        error, length, printed = rest
        assert kind == "clear", line
        assert error in ("DepthError", "ValueError", "TreeError", "TracerError"), line
        assert int(length) < 2000, line
        assert int(printed) < 700, line
    assert works >= WORKS[part]
