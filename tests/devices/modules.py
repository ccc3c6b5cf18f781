"""The CuPy of a test: the emulated one, or the real one where it finds a GPU."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from funcgrad import arrays

FOLDER = Path(__file__).parents[1] / "emulator"
PACKAGES = ("cupy", "cupyx", "cupy_backends")

_emulated: dict[str, ModuleType] = {}


def real_cupy() -> ModuleType | None:
    """The real CuPy, if it is installed and finds a GPU."""
    for xp in arrays.usable_modules():
        if xp.__name__ == "cupy" and not hasattr(xp, "emulated"):
            return xp
    return None


def _taken_out() -> dict[str, ModuleType]:
    """Remove CuPy from the modules that are imported."""
    names = [name for name in sys.modules if name.split(".")[0] in PACKAGES]
    return {name: sys.modules.pop(name) for name in names}


@contextlib.contextmanager
def emulated_cupy() -> Iterator[ModuleType]:
    """The emulator under the name ``cupy``; what was imported under it before comes back.

    funcgrad asks ``sys.modules`` for CuPy at every call, so that tests of one process can use
    the real one, the emulated one and none in turn.
    """
    before = _taken_out()
    sys.path.insert(0, str(FOLDER))
    sys.modules.update(_emulated)
    try:
        yield importlib.import_module("cupy")
    finally:
        _emulated.update(_taken_out())
        sys.path.remove(str(FOLDER))
        sys.modules.update(before)


def real_cupy_is_installed(python: str) -> bool:
    """Whether an interpreter has the real CuPy; that needs no GPU."""
    code = (
        "import importlib.metadata as m\n"
        "names = {d.metadata['Name'] for d in m.distributions()}\n"
        "raise SystemExit(not any(n == 'cupy' or n.startswith('cupy-') for n in names if n))"
    )
    return subprocess.run([python, "-I", "-c", code], capture_output=True).returncode == 0


def has_compiler() -> bool:
    """Whether kernels can be compiled for the CPU: their threads are fibres of glibc."""
    return sys.platform == "linux" and bool(os.environ.get("CXX") or shutil.which("g++"))
