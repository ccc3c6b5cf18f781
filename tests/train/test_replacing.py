"""A file is replaced as a whole, whoever else writes there, and nothing else is touched."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import examples

import funcgrad as fg
from funcgrad import optim, train
from funcgrad.errors import FileError
from funcgrad.train import replacing

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, permissions, locks")

SAVED_BY_ANOTHER = """
import sys, numpy as np, funcgrad as fg
path, value, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
for i in range(count):
    fg.save(path, {"w": np.full(100_000, value), "value": value})
    if i == 0:
        print("begun", flush=True)
"""


def python(code: str, *arguments: Any) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(fg.__file__).parent.parent)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def temporaries(folder: Path) -> list[str]:
    return [n for n in os.listdir(folder) if n.startswith(".funcgrad-")]


def first_temporary(path: Path) -> Path:
    """The name under which a file is written that nobody else writes."""
    descriptor, name = replacing._new_file(str(path), 0o600)
    os.close(descriptor)
    os.unlink(name)
    return Path(name)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_paths_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = ["t", b"t", Path("t"), "./t", b"\xff\xfe", "n" * 255, "é" * 127, ".t"]
    for i, path in enumerate(paths):
        fg.save(path, i)
        assert fg.load(path) == i
        assert os.path.exists(path)
    assert not temporaries(tmp_path)


@pytest.mark.usefixtures("umask")
def test_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "t"
    fg.save(path, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    for mode in (0o600, 0o666, 0o444, 0o755):
        path.chmod(mode)
        fg.save(path, mode)
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert fg.load(path) == mode


def test_a_secret_file_is_secret_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, modes = tmp_path / "t", []
    fg.save(path, 1)
    path.chmod(0o600)
    write = os.write

    def seen(descriptor: int, data: Any) -> int:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", seen)
    fg.save(path, {"w": np.ones(3)})
    monkeypatch.undo()
    assert set(modes) == {0o600}


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link, second = tmp_path / "real" / "model", tmp_path / "link", tmp_path / "second"
    link.symlink_to("real/model")
    second.symlink_to(link)
    fg.save(link, 1)  # its target does not exist yet
    assert fg.load(target) == 1
    fg.save(second, 2)
    assert (fg.load(target), fg.load(link), fg.load(second)) == (2, 2, 2)
    assert link.is_symlink()
    assert second.is_symlink()
    assert not temporaries(tmp_path)
    assert os.listdir(tmp_path / "real") == ["model"]
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        fg.save(tmp_path / "a", 1)


@pytest.mark.parametrize("planted", ["link", "dangling link", "folder", "pipe", "hard link"])
def test_what_is_at_a_temporary_name_is_not_written_to(tmp_path: Path, planted: str) -> None:
    """Another user who foresees the name gains nothing."""
    path, victim = tmp_path / "t", tmp_path / "victim"
    victim.write_text("precious")
    names = [first_temporary(path), tmp_path / "t.tmp"]
    for name in names:
        if planted == "link":
            name.symlink_to(victim)
        elif planted == "dangling link":
            name.symlink_to(tmp_path / "made")
        elif planted == "folder":
            name.mkdir()
        elif planted == "pipe":
            os.mkfifo(name)
        else:
            os.link(victim, name)
    fg.save(path, {"w": np.ones(5)})
    assert fg.load(path)["w"].sum() == 5
    assert victim.read_text() == "precious"
    assert not (tmp_path / "made").exists()
    assert path.stat().st_ino != victim.stat().st_ino


def make_special(kind: str, path: Path) -> Any:
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        return server
    else:
        path.symlink_to("/dev/null" if kind == "device" else "/dev/full")
    return None


def loss(p: Any, batch: Any) -> Any:
    return np.sum((p - batch) ** 2)


@pytest.mark.parametrize("kind", ["folder", "pipe", "socket", "device", "full device"])
def test_only_regular_files_are_read_and_replaced(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    path = Path("special")
    server = make_special(kind, path)
    before = path.stat()
    with pytest.raises(FileError, match=r"save: path: special is a .*not a regular file"):
        fg.save(path, 1)
    with pytest.raises(FileError, match=r"load: path: special is a .*not a regular file"):
        fg.load(path)
    with pytest.raises(FileError, match=r"fit: checkpoint: special is a .*not a regular file"):
        train.fit(loss, np.ones(2), optim.sgd(0.1), [np.ones(2)], checkpoint=path, progress=False)
    after = path.stat()
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert os.listdir() == ["special"]
    if server is not None:
        server.close()


def test_a_pipe_that_comes_late_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path is looked at, and then becomes a pipe, before it is opened."""
    path = tmp_path / "t"
    fg.save(path, 1)
    opened = os.open

    def swapped(name: Any, *arguments: Any, **keywords: Any) -> int:
        os.unlink(path)
        os.mkfifo(path)
        return opened(name, *arguments, **keywords)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(FileError, match="is a pipe"):
        fg.load(path)


@pytest.mark.parametrize("name", ["missing/t", "t/", "missing/", "."])
def test_places_where_no_file_can_be(tmp_path: Path, name: str) -> None:
    with pytest.raises((FileNotFoundError, FileError)):
        fg.save(f"{tmp_path}/{name}", 1)
    assert os.listdir(tmp_path) == []


def test_a_failing_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    fg.save(path, 1)

    def no_space(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    for name in ("fsync", "write", "replace", "lseek", "fchmod"):
        monkeypatch.setattr(os, name, no_space)
        with pytest.raises(OSError, match="No space"):
            fg.save(path, {"w": np.ones(3)})
        monkeypatch.undo()
        assert fg.load(path) == 1
        assert os.listdir(tmp_path) == ["t"]


def test_a_write_in_small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may write less than it was asked to."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    fg.save(tmp_path / "t", np.arange(100))
    monkeypatch.undo()
    np.testing.assert_array_equal(fg.load(tmp_path / "t"), np.arange(100))


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    fg.save(tmp_path / "t", 1)
    code = """
import resource, sys, numpy as np, funcgrad as fg
for limit in (1, 100, 1 << 12, 1 << 19, 790_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        fg.save(sys.argv[1], {"w": np.ones(100_000), "v": np.ones(3, np.int8)})
        sys.exit("saved")
    except OSError as error:
        assert error.errno == 27, error
"""
    process = python(code, tmp_path / "t")
    assert process.communicate()[1] == b""
    assert process.returncode == 0
    assert fg.load(tmp_path / "t") == 1
    assert os.listdir(tmp_path) == ["t"]


def check_whole(path: Path) -> float:
    found = fg.load(path)
    assert np.unique(found["w"]).tolist() == [found["value"]]
    return found["value"]


def test_threads_may_save_to_one_path(tmp_path: Path) -> None:
    path, errors = tmp_path / "t", []
    count, rounds = 8, examples(12)

    def writer(value: float) -> None:
        try:
            for _ in range(rounds):
                fg.save(path, {"w": np.full(20_000, value), "value": value})
        except BaseException as error:
            errors.append(error)

    fg.save(path, {"w": np.zeros(20_000), "value": 0.0})
    threads = [threading.Thread(target=writer, args=(float(i),)) for i in range(count)]
    for thread in threads:
        thread.start()
    seen = set()
    while any(t.is_alive() for t in threads):
        seen.add(check_whole(path))
        assert len(temporaries(tmp_path)) <= count
    for thread in threads:
        thread.join()
    assert not errors
    assert len(seen) > 1
    assert os.listdir(tmp_path) == ["t"]


@pytest.mark.slow
def test_processes_may_save_to_one_path_and_be_killed(tmp_path: Path) -> None:
    """Some writers are killed; every file that is seen is whole, and nothing stays behind."""
    path, random = tmp_path / "t", np.random.default_rng(0)
    for _ in range(examples(1)):
        processes = [python(SAVED_BY_ANOTHER, path, i, 10_000) for i in range(4)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
        seen = set()
        for process in processes:
            end = time.monotonic() + random.uniform(0.1, 0.3)
            while time.monotonic() < end:
                seen.add(check_whole(path))
            assert process.poll() is None
            process.kill()
            process.communicate()
        assert len(seen) > 1
        assert len(temporaries(tmp_path)) <= 4
    fg.save(path, {"w": np.ones(3), "value": 1.0})
    assert check_whole(path) == 1
    assert os.listdir(tmp_path) == ["t"]


def test_what_killed_writers_leave_is_removed(tmp_path: Path) -> None:
    """A hundred killed writers leave one file, and the next one that saves removes it."""
    path = tmp_path / "t"
    code = """
import os, sys, funcgrad as fg
fg.save
for _ in range(100):
    if os.fork() == 0:
        os.fsync = lambda descriptor: os._exit(9)  # ends as if it were killed
        fg.save(sys.argv[1], 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 9
"""
    process = python(code, path)
    assert process.communicate()[1] == b""
    assert len(temporaries(tmp_path)) == 1
    fg.save(path, 2)
    assert os.listdir(tmp_path) == ["t"]


def test_a_living_writer_keeps_its_temporary(tmp_path: Path) -> None:
    """However old it is: a writer may be suspended."""
    path = tmp_path / "t"
    with replacing.replacing(path, "path") as descriptor:
        (temporary,) = temporaries(tmp_path)
        os.utime(tmp_path / temporary, (0, 0))
        fg.save(path, 1)
        fg.save(path, 2)
        assert temporaries(tmp_path) == [temporary]
        assert fg.load(path) == 2
        os.write(descriptor, b"whole")
    assert path.read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["t"]


def test_without_locks_only_old_leftovers_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t"
    left = first_temporary(path)

    def no_locks(*_: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(replacing.fcntl, "flock", no_locks)
    left.write_text("")
    fg.save(path, 1)
    assert left.exists()
    os.utime(left, (0, 0))
    fg.save(path, 2)
    assert not left.exists()
    assert fg.load(path) == 2


def test_an_array_that_changes_while_it_is_saved_makes_a_file_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread trains on: the checksum is that of what was written."""
    x, write = np.zeros(200_000), os.write

    def changing(descriptor: int, data: Any) -> int:
        x[:] += 1
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", changing)
    fg.save(tmp_path / "t", {"x": x})
    monkeypatch.undo()
    back = fg.load(tmp_path / "t")["x"]
    assert back[0] == 0
    assert back[-1] > 1
