"""Compiled programs in many threads, in forked and second processes, and for a long time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="native code needs llvmlite")

import funcgrad as fg
from funcgrad.compiler.native import llvm

SIZES = (3, 100, 30_000, 1_000_000)
"""Small arrays, those for which the lock of the interpreter is kept, and larger ones."""


@pytest.fixture(autouse=True)
def _native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCGRAD_NATIVE", "1")


def made(k: int) -> Any:
    """A function that is compiled anew: it has a number of its own."""
    return lambda x: {"out": np.sqrt(x * (k + 1) + 1), "sum": np.sum(x * x)}


def check(k: int, x: np.ndarray, found: Any) -> None:
    np.testing.assert_allclose(found["out"], np.sqrt(x * (k + 1) + 1), rtol=1e-14)
    np.testing.assert_allclose(found["sum"], np.sum(x * x), rtol=1e-12)


@pytest.mark.parametrize("same", [True, False])
def test_eight_threads_compile_and_call_at_once(same: bool) -> None:
    """The first calls, which compile, and others, of one program or of one each."""
    together, failed = threading.Barrier(8), []
    shared = fg.jit(made(0))

    def run(i: int) -> None:
        rng = np.random.default_rng(i)
        k = 0 if same else i
        f = shared if same else fg.jit(made(k))
        try:
            together.wait(30)
            for n in (*SIZES, *SIZES[:3] * 5):
                x = rng.uniform(0.1, 1.0, n)
                check(k, x, f(x))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert not failed
    assert not any(t.is_alive() for t in threads)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_calls_programs_and_compiles_new_ones() -> None:
    old = fg.jit(made(1))
    for n in SIZES:
        old(np.ones(n))
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(60)
            for k, f in ((1, old), (2, fg.jit(made(2)))):
                for n in SIZES:
                    x = np.linspace(0.1, 1.0, n)
                    check(k, x, f(x))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0
    x = np.linspace(0.1, 1.0, 1000)
    check(1, x, old(x))


PROGRAM = """
import sys
import numpy as np, funcgrad as fg
from funcgrad.compiler.native import llvm
compile_ = llvm.object_code
count = 0
def object_code(text):
    global count
    count += 1
    return compile_(text)
llvm.object_code = object_code
f = fg.jit(lambda x: (np.sin(x) * 2, np.sum(x)))
y, total = f(np.ones(100))
assert np.allclose(y, 2 * np.sin(1.0)) and total == 100
print(count)
"""


def compilations(folder: Path) -> int:
    """How often LLVM compiles when a program runs in a process of its own."""
    env = {**os.environ, "FUNCGRAD_CACHE_DIR": str(folder), "FUNCGRAD_NATIVE": "1"}
    env.pop("FUNCGRAD_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.usefixtures("native_entry")
def test_second_processes_and_damaged_files(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert compilations(folder) == 2  # the program, and what calls it
    assert compilations(folder) == 0
    for path in folder.iterdir():
        held = path.read_bytes()
        path.write_bytes(held[: len(held) // 2])
    assert compilations(folder) == 2


LONG = """
import gc, os
import numpy as np, funcgrad as fg
from funcgrad.compiler import program
program.MOST_KERNELS = 4

def held():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"), len(gc.get_objects())

def calls(count):
    for _ in range(count):
        f(x, y, 2.0)
        f(x, y.T, 2)  # which needs a copy, and another program

def compile_some(count):
    for k in range(count):
        fg.jit(lambda x: np.sum(x * (k + 0.5)))(np.ones(20))

f = fg.jit(lambda x, y, k: (np.sqrt(x) * k, np.sum(y), {"a": (x, None)}))
x, y = np.ones(100), np.ones((30, 30))
for run, before, count, bytes_each in ((calls, 500, 10000, 20), (compile_some, 10, 60, 40000)):
    run(before)
    memory, objects = held()
    run(count)
    more, more_objects = held()
    assert more - memory < 300_000 + count * bytes_each, (run, more - memory)
    assert more_objects - objects < 100, (run, more_objects - objects)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it asks Linux for the memory of a process")
def test_memory_does_not_grow() -> None:
    """LLVM keeps 9 kB of each library that is gone, whatever its code was; calls keep nothing."""
    env = {**os.environ, "FUNCGRAD_CACHE": "0", "FUNCGRAD_NATIVE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LONG], env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_an_old_llvmlite_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba may have brought it, and programs are NumPy's then."""
    import llvmlite.binding

    monkeypatch.setattr(llvmlite.binding, "llvm_version_info", (15, 0, 7))
    llvm.binding.cache_clear()
    try:
        with pytest.raises(ImportError, match=r"0\.45 or newer: pip install"):
            fg.jit(np.sin)(np.ones(3))
        monkeypatch.delenv("FUNCGRAD_NATIVE")
        np.testing.assert_array_equal(fg.jit(np.sin)(np.ones(3)), np.sin(np.ones(3)))
    finally:
        llvm.binding.cache_clear()
