"""CUDA C++ on the CPU: kernels are compiled as plain C++ by g++, once per text.

Blocks run one after the other, and the threads of a block in turns from barrier to barrier: a
missing ``__syncthreads`` shows as a wrong result whenever a thread reads what a later one writes.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HEADER = Path(__file__).with_name("_cuda_on_cpu.h").read_text()
OPTIONS = [
    "-std=c++17", "-O1", "-w", "-fno-strict-aliasing", "-ffp-contract=off", "-shared", "-fPIC",
]  # fmt: skip
_loaded: dict[str, ctypes.CDLL] = {}


class CompileException(Exception):
    """A kernel does not compile."""

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source

    def get_message(self) -> str:
        return str(self)


def compiler() -> str | None:
    """The C++ compiler of this machine."""
    return os.environ.get("CXX") or shutil.which("g++")


def folder() -> Path:
    """Where compiled kernels are kept for later runs, readable by this user alone."""
    path = Path(tempfile.gettempdir()) / f"emulated_kernels_{getattr(os, 'getuid', int)()}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def build(source: str) -> ctypes.CDLL:
    """A shared library of a C++ source, with the header before it."""
    text = HEADER + source
    key = hashlib.sha256(text.encode()).hexdigest()[:24]
    if key not in _loaded:
        library = folder() / f"{key}.so"
        if not library.exists():
            compile_to(library, text)
        _loaded[key] = ctypes.CDLL(str(library))
    return _loaded[key]


def compile_to(library: Path, text: str) -> None:
    """Run the compiler; the library appears whole or not at all."""
    program = compiler()
    if program is None:
        raise RuntimeError("kernels need a C++ compiler here: install g++ or set CXX")
    source = library.with_suffix(f".{os.getpid()}.cpp")
    source.write_text(text)
    made = source.with_suffix(".so")
    done = subprocess.run(
        [program, *OPTIONS, str(source), "-o", str(made)], capture_output=True, text=True
    )
    source.unlink()
    if done.returncode:
        raise CompileException(done.stderr, text)
    os.replace(made, library)


def dynamic_arrays(code: str) -> str:
    """Arrays of dynamic shared memory as pointers into it."""
    return re.sub(
        r"extern\s+__shared__\s+(?:__align__\(\d+\)\s*)?([\w: ]+?)\s+(\w+)\s*\[\s*\]\s*;",
        r"\1* \2 = (\1*)shim::dynamic_shared;",
        code,
    )
