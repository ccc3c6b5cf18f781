"""Object code on disk, so that a program is compiled once per machine.

Loading object code is as good as running a program, so a folder that others can write to is not
used, and a file that is not what was written is thrown away. The cache is a convenience: where
it cannot be used, code is compiled.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import time
from pathlib import Path

from . import llvm

EMITTER = 1
"""Raised when the same text is to become other object code."""

_MAGIC = b"funcgrad object 1\n"
_SUFFIX = ".object"
_UNFINISHED = ".unfinished"
_HOUR = 3600


def compiled(text: str) -> bytes:
    """Object code of a module's text: that of an earlier process, or compiled now.

    Switched off by FUNCGRAD_CACHE=0. The folder is FUNCGRAD_CACHE_DIR, or one in the user's folder
    of caches; FUNCGRAD_CACHE_SIZE is the number of bytes that it may hold (256 MiB).

    Args:
        text: LLVM's text of a module.

    Returns:
        The object file.
    """
    where = folder()
    if where is None:
        return llvm.object_code(text)
    name = key(text)
    code = read(where, name)
    if code is None:
        code = llvm.object_code(text)
        write(where, name, code)
    return code


def key(text: str) -> str:
    """The name of an entry: a hash of all that object code depends on."""
    binding = llvm.binding()
    package = sys.modules[binding.__name__.partition(".")[0]]
    said = (
        f"emitter {EMITTER}",
        f"package {package.__version__}",
        f"llvm {binding.llvm_version_info}",
        f"target {binding.get_default_triple()}",
        *llvm.processor(),
        text,
    )
    parts = [f"{len(part)}:{part}" for part in said]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


# --- the folder --------------------------------------------------------------------------------


def folder() -> Path | None:
    """The folder of entries, made if need be; None if there is none that is safe to use."""
    if os.environ.get("FUNCGRAD_CACHE") == "0":
        return None
    try:
        where = _chosen()
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        return where if _is_ours(os.stat(where)) else None
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None


def _chosen() -> Path:
    chosen = os.environ.get("FUNCGRAD_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "funcgrad"


def _is_ours(found: os.stat_result) -> bool:
    """Whether nobody else can have put something there. Windows keeps users' folders apart."""
    if sys.platform == "win32":
        return True
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.geteuid() and not found.st_mode & others


# --- entries --------------------------------------------------------------------------------


def _checksum(name: str, code: bytes) -> bytes:
    return hashlib.sha256(name.encode() + code).digest()


def read(where: Path, name: str) -> bytes | None:
    """The object code of an entry; None if there is none. One that is damaged is removed."""
    path = where / (name + _SUFFIX)
    try:
        descriptor = os.open(path, os.O_RDONLY | _flags("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    except OSError:
        return None
    try:
        with open(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            held = file.read() if stat.S_ISREG(found.st_mode) and _is_ours(found) else b""
    except OSError:
        return None
    code = _unpacked(name, held)
    if code is None:
        _remove(path)
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # those not used for longest go first
    return code


def _unpacked(name: str, held: bytes) -> bytes | None:
    start = len(_MAGIC) + hashlib.sha256().digest_size
    code = held[start:]
    return code if held[:start] == _MAGIC + _checksum(name, code) else None


def _flags(*names: str) -> int:
    """Flags of os.open, of which each system has some."""
    return sum(getattr(os, name, 0) for name in names)


def write(where: Path, name: str, code: bytes) -> None:
    """Keep object code; other processes see all of it or nothing. Nothing is raised."""
    unfinished = None
    try:
        descriptor, unfinished = tempfile.mkstemp(_UNFINISHED, dir=where)
        with open(descriptor, "wb") as file:
            file.write(_MAGIC + _checksum(name, code) + code)
        os.replace(unfinished, where / (name + _SUFFIX))
        unfinished = None
        _make_room(where, len(code))
    except OSError:
        pass  # a full disk, or one that cannot be written to
    finally:
        if unfinished is not None:
            _remove(Path(unfinished))


# --- its size --------------------------------------------------------------------------------

_written: dict[Path, int] = {}


def limit() -> int:
    """How many bytes a folder may hold."""
    chosen = os.environ.get("FUNCGRAD_CACHE_SIZE", "")
    return int(chosen) if chosen.isdecimal() else 256 << 20


def _make_room(where: Path, size: int) -> None:
    """Remove entries beyond the limit: at the first one written, and after each sixteenth of it."""
    sizes = _written.get(where)
    _written[where] = (sizes or 0) + size
    if sizes is None or _written[where] > limit() // 16:
        _written[where] = 0
        prune(where)


def prune(where: Path) -> None:
    """Remove the entries not used for longest, down to the limit, and what was left unfinished."""
    entries, total = [], 0
    with os.scandir(where) as found:
        for item in found:
            if not item.name.endswith((_SUFFIX, _UNFINISHED)):
                continue
            try:
                about = item.stat(follow_symlinks=False)
            except OSError:  # another process was faster
                continue
            if item.name.endswith(_UNFINISHED):
                if about.st_mtime < time.time() - _HOUR:
                    _remove(Path(item.path))
                continue
            entries.append((about.st_mtime_ns, item.path, about.st_size))
            total += about.st_size
    for _, path, size in sorted(entries):
        if total <= limit():
            break
        _remove(Path(path))
        total -= size


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


__all__ = ["compiled", "folder", "key", "limit", "prune", "read", "write"]
