"""Object code on disk: found by the next process, and never loaded if it could be another's."""

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

pytest.importorskip("llvmlite", reason="object code is made by llvmlite")

from funcgrad.compiler.native import cache, llvm

posix = pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")


def text(number=1):
    return f"define i64 @f() {{\n  ret i64 {number}\n}}\n"


@pytest.fixture(autouse=True)
def where(tmp_path, monkeypatch):
    chosen = tmp_path / "above" / "cache"
    monkeypatch.setenv("FUNCGRAD_CACHE_DIR", str(chosen))
    for name in ("FUNCGRAD_CACHE", "FUNCGRAD_CACHE_SIZE", "FUNCGRAD_CPU", "FUNCGRAD_CPU_FEATURES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cache, "_written", {})
    return chosen


@pytest.fixture
def compilations(monkeypatch):
    """Texts that were compiled."""
    seen, compile_ = [], llvm.object_code

    def object_code(text):
        seen.append(text)
        return compile_(text)

    monkeypatch.setattr(llvm, "object_code", object_code)
    return seen


def entries(where):
    return sorted(where.glob("*"))


def test_a_text_is_compiled_once(where, compilations):
    code = cache.compiled(text())
    assert cache.compiled(text()) == code
    assert compilations == [text()]
    assert len(entries(where)) == 1
    cache.compiled(text(2))
    assert len(entries(where)) == 2


def test_a_second_process_compiles_nothing(where):
    program = (
        "from funcgrad.compiler.native import cache, llvm\n"
        "import ctypes\n"
        "def refuse(text): raise AssertionError('compiled')\n"
        "llvm.object_code = refuse\n"
        f"library = llvm.Library(cache.compiled({text(41)!r}), ('f',))\n"
        "print(ctypes.CFUNCTYPE(ctypes.c_int64)(library.addresses['f'])())\n"
    )
    command = [sys.executable, "-c", program]
    first = subprocess.run(command, capture_output=True, text=True)
    assert "AssertionError: compiled" in first.stderr
    cache.compiled(text(41))
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert second.stdout.strip() == "41"


ENTRY = """
import sys
import numpy as np
from funcgrad.compiler.native import cache, entry, llvm
from funcgrad.compiler.native.kinds import DOUBLE
if sys.argv[1] == "again":
    def refuse(text): raise AssertionError("compiled")
    llvm.object_code = refuse
kernel = (
    "define i32 @kernel(ptr %p) {\\n %x = load ptr, ptr %p\\n %v = load double, ptr %x\\n"
    " %q = getelementptr ptr, ptr %p, i64 1\\n %y = load ptr, ptr %q\\n"
    " store double %v, ptr %y\\n ret i32 0\\n}\\n"
)
signature = entry.Signature((entry.Spec((1,), DOUBLE),), (entry.Spec((), DOUBLE),))
library = llvm.Library(cache.compiled(kernel), ("kernel",))
f = entry.bound(library.addresses["kernel"], signature, lambda *arrays: "slow", None, library)
print(type(f).__name__, f(np.array([2.5])) == (2.5,), f(1))
"""


def test_an_entry_of_another_process_is_called(where, native_entry):
    """Addresses differ from process to process, and object code has none."""
    for time_ in ("first", "again"):
        command = [sys.executable, "-c", ENTRY, time_]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["builtin_function_or_method", "True", "slow"]


def test_what_object_code_depends_on_is_in_the_key(monkeypatch):
    found = {cache.key(text()), cache.key(text(2))}
    with monkeypatch.context() as m:
        m.setattr(cache, "EMITTER", cache.EMITTER + 1)
        found.add(cache.key(text()))
    with monkeypatch.context() as m:
        m.setenv("FUNCGRAD_CPU", "skylake")
        found.add(cache.key(text()))
    with monkeypatch.context() as m:
        m.setenv("FUNCGRAD_CPU_FEATURES", "+sse2")
        found.add(cache.key(text()))
    with monkeypatch.context() as m:
        import llvmlite

        m.setattr(llvmlite, "__version__", "0.1")
        found.add(cache.key(text()))
    assert len(found) == 6


DAMAGE = {
    "empty": lambda held: b"",
    "truncated": lambda held: held[:-1],
    "truncated head": lambda held: held[:20],
    "longer": lambda held: held + b"\0",
    "a changed bit": lambda held: held[:-9] + bytes([held[-9] ^ 4]) + held[-8:],
    "a changed head": lambda held: b"x" + held[1:],
    "not ours": lambda held: b"\x7fELF" + bytes(300),
    "code alone": lambda held: held[50:],
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_entry_is_thrown_away(how, where, compilations):
    code = cache.compiled(text())
    (path,) = entries(where)
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    assert cache.read(where, cache.key(text())) is None
    assert not path.exists()
    assert cache.compiled(text()) == code
    assert len(compilations) == 2
    assert cache.compiled(text()) == code
    assert len(compilations) == 2


def test_an_entry_under_another_name_is_thrown_away(where, compilations):
    cache.compiled(text())
    (path,) = entries(where)
    path.rename(where / (cache.key(text(2)) + path.suffix))
    assert cache.compiled(text(2)) != cache.compiled(text())
    assert compilations == [text(), text(2), text()]


@posix
def test_the_folder_is_the_users_alone(where):
    cache.compiled(text())
    assert stat.S_IMODE(where.stat().st_mode) == 0o700
    (path,) = entries(where)
    assert not path.stat().st_mode & 0o077


@posix
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_write_to_is_not_used(mode, where, compilations):
    cache.compiled(text())
    where.chmod(mode)
    assert cache.folder() is None
    cache.compiled(text())
    cache.compiled(text(2))
    assert len(compilations) == 3
    assert len(entries(where)) == 1
    where.chmod(0o755)  # others may read
    assert cache.folder() == where


@posix
def test_a_folder_of_somebody_else_is_not_used(where, compilations, monkeypatch):
    cache.compiled(text())
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert cache.folder() is None
    cache.compiled(text())
    assert len(compilations) == 2


@posix
def test_links_and_files_that_others_write_to_are_not_read(where, compilations, tmp_path):
    cache.compiled(text())
    (path,) = entries(where)
    path.chmod(0o666)
    cache.compiled(text())
    assert len(compilations) == 2
    moved = tmp_path / "moved"
    path.rename(moved)
    path.symlink_to(moved)
    cache.compiled(text())
    assert len(compilations) == 3
    path.unlink()
    os.mkfifo(path)  # reading must not wait
    cache.compiled(text())
    assert len(compilations) == 4


def test_it_can_be_switched_off(where, monkeypatch):
    monkeypatch.setenv("FUNCGRAD_CACHE", "0")
    assert cache.compiled(text()) == llvm.object_code(text())
    assert not where.exists()


@pytest.mark.parametrize("call", ["write", "replace", "mkstemp", "scandir"])
def test_a_full_disk_is_no_error(call, where, compilations, monkeypatch):
    def fail(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def __init__(self, descriptor, mode):
            os.close(descriptor)

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            pass

        write = fail

    with monkeypatch.context() as m:
        if call == "write":
            m.setattr(cache, "open", Full, raising=False)
        elif call == "mkstemp":
            m.setattr(cache.tempfile, "mkstemp", fail)
        else:
            m.setattr(os, call, fail)
        code = cache.compiled(text())
    assert code == llvm.object_code(text())
    assert len(entries(where)) == (call == "scandir")  # nothing half-written is left


def test_a_folder_that_cannot_be_made_is_no_error(where, monkeypatch):
    where.parent.parent.mkdir(exist_ok=True)
    where.parent.write_text("a file")
    assert cache.folder() is None
    assert cache.compiled(text()) == llvm.object_code(text())


def test_without_a_home_there_is_no_cache(monkeypatch):
    monkeypatch.delenv("FUNCGRAD_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache.Path, "home", home)
    assert cache.folder() is None


def test_the_entries_not_used_for_longest_go_first(where, monkeypatch):
    cache.folder()
    names = [f"{i:064}" for i in range(6)]
    for age, name in enumerate(names):
        cache.write(where, name, bytes(1000))
        os.utime(where / (name + ".object"), (10**9 + age, 10**9 + age))
    assert cache.read(where, names[0]) == bytes(1000)  # now it is the youngest
    size = (where / (names[0] + ".object")).stat().st_size
    monkeypatch.setenv("FUNCGRAD_CACHE_SIZE", str(3 * size))
    cache.prune(where)
    assert [path.stem for path in entries(where)] == [names[0], names[4], names[5]]


def test_the_folder_stays_below_its_limit(where, monkeypatch):
    monkeypatch.setenv("FUNCGRAD_CACHE_SIZE", "20000")
    cache.folder()
    for i in range(100):
        cache.write(where, f"{i:064}", bytes(1000))
    held = sum(path.stat().st_size for path in entries(where))
    assert 10_000 < held < 20_000 * 17 / 16 + 2000


def test_what_a_killed_process_left_is_removed_and_nothing_else(where):
    cache.folder()
    old, new, foreign = where / "a.unfinished", where / "b.unfinished", where / "notes.txt"
    for path in (old, new, foreign):
        path.write_bytes(b"x")
    for path in (old, foreign):
        os.utime(path, (time.time() - 8000,) * 2)
    cache.prune(where)
    assert entries(where) == [new, foreign]


def test_processes_that_write_the_same_entry_do_not_disturb_each_other(where):
    program = (
        "from funcgrad.compiler.native import cache\n"
        "where = cache.folder()\n"
        "for i in range(200):\n"
        "    cache.write(where, 'same', bytes(50_000))\n"
        "    assert cache.read(where, 'same') == bytes(50_000)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
