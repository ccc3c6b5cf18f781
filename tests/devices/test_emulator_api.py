"""The emulator has the names, arguments and loops of the real CuPy, and none besides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from devices import host_arguments
from devices.modules import FOLDER, real_cupy_is_installed

TABLE = json.loads((FOLDER / "cupy" / "_api.json").read_text())
PYTHON = os.environ.get("FUNCGRAD_PYTHON_WITH_CUPY", sys.executable)
"""The real CuPy may be in an environment of its own; it imports without a GPU."""

OWN = {"cupy": {"emulated", "statistics", "settings"}}
"""What the real package does not have, on purpose."""


NEEDS_CUPY = pytest.mark.skipif(
    not real_cupy_is_installed(PYTHON),
    reason="CuPy is not installed: pip install cupy-cuda12x, or set FUNCGRAD_PYTHON_WITH_CUPY",
)


def told_by_the_real_package(program: str) -> Any:
    """What a program beside this file prints, where ``cupy`` is the real one."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(
        [PYTHON, "-W", "ignore", str(Path(__file__).with_name(program))],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


@NEEDS_CUPY
def test_the_table_is_that_of_the_real_package() -> None:
    found = told_by_the_real_package("describe_cupy.py")
    assert found["version"] == TABLE["version"], "write the table anew: describe_cupy.py says how"
    for name, names in TABLE["modules"].items():
        assert found["modules"][name] == names, name
    assert found["ndarray"] == TABLE["ndarray"]


@NEEDS_CUPY
def test_host_arguments_are_taken_as_the_real_package_does(cupy: Any) -> None:
    real = told_by_the_real_package("host_arguments.py")
    told = {call: outcome for call, outcome in real.items() if outcome != "device"}
    assert len(told) > 50
    found = host_arguments.outcomes(cupy)
    assert {call: found[call] for call in told} == told


@pytest.mark.parametrize("name", ["cupy", "cupy.linalg", "cupy.fft", "cupyx", "cupyx.scipy.special",
                                  "cupyx.scipy.linalg"])  # fmt: skip
def test_no_other_names(cupy: Any, name: str) -> None:
    public = {n for n in dir(import_module(name)) if not n.startswith("_")}
    submodules = {"scipy", "linalg", "special", "cuda"}
    assert public - set(TABLE["modules"][name]) - OWN.get(name, set()) <= submodules


def test_no_other_methods(cupy: Any) -> None:
    slots = {"_a", "_base", "_device", "_fetch", "_fill", "__weakref__", "__annotations__"}
    assert set(dir(cupy.ndarray)) - set(TABLE["ndarray"]) - set(dir(object)) <= slots


def test_public_methods_are_there(cupy: Any) -> None:
    """All but those for exchange of memory, which nobody needs on a CPU."""
    missing = {n for n in TABLE["ndarray"] if not n.startswith("_")} - set(dir(cupy.ndarray))
    assert missing <= {
        "cstruct", "mdspan", "reduced_view", "scatter_add", "scatter_max", "scatter_min",
        "toDlpack", "ptp",
    }  # fmt: skip


def test_ufuncs_have_the_loops_of_the_table(cupy: Any) -> None:
    ufuncs = {n: d for n, d in TABLE["modules"]["cupy"].items() if d["kind"] == "ufunc"}
    assert len(ufuncs) > 100
    for name, described in ufuncs.items():
        found = getattr(cupy, name)
        if hasattr(found, "types"):
            assert (found.nin, found.nout) == (described["nin"], described["nout"])
            assert set(found.types) <= set(described["types"])
