"""Files that are replaced as a whole: there is the old one or the new one, never a part.

A new file is written beside the old one, flushed to the disk, and renamed. Its temporary name
``.funcgrad-HASH-N.tmp`` has a hash of the file's name, and the first number N that no other writer
holds. It is made exclusively, so that no link is followed, and locked while it is written: the
system lifts the lock when a process ends in whatever way, and the next writer removes what is not
locked, under its own name and the numbers that follow. So there are never more of them than there
were writers at one time. Where files cannot be locked, those go that are a day old.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from typing import TypeAlias

from ..errors import FileError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

POSIX = os.name == "posix"
"""True where open files can be renamed and removed, and folders flushed."""

MAX_WRITERS = 10_000
SWEPT = 16
"""The number of names, after a writer's own, that are searched for files left behind."""

ABANDONED_AFTER = 24 * 3600.0
"""Seconds after which a temporary file counts as left behind where files cannot be locked."""


def text_path(path: PathLike, argument: str) -> str:
    """A path as text; argument names it in messages."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise TypeError(
            f"{argument} must be a str, bytes or os.PathLike; got {path!r:.80} of type "
            f"{type(path).__name__}"
        ) from None
    if not text or "\0" in text:
        raise ValueError(f"{argument} must name a file; got {path!r}")
    return text


def check_regular(path: str | int, argument: str, name: str | None = None) -> os.stat_result | None:
    """The status of the file at a path, None if there is none; only a regular one is accepted."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        kinds = {
            stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
            stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
        }  # fmt: skip
        kind = kinds.get(stat.S_IFMT(found.st_mode), "something else")
        raise FileError(f"{argument}: {name or path} is {kind}, not a regular file")
    return found


def place_of(path: PathLike, argument: str) -> str:
    """The path to write a file at, links followed. Raises now what would be raised there later."""
    text = text_path(path, argument)
    if text.endswith(("/", os.sep)):
        raise FileError(f"{argument}: {text} names a folder, not a file")
    check_regular(text, argument)
    place = os.path.realpath(text)
    folder = os.path.dirname(place)
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            errno.ENOENT, f"{argument}: the folder {folder} of the file does not exist", text
        )
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            errno.EACCES, f"{argument}: no file can be made in the folder {folder}", text
        )
    return place


@contextlib.contextmanager
def replacing(path: PathLike, argument: str) -> Iterator[int]:
    """The descriptor of a new file, which takes the place of an old one if nothing is raised."""
    place = place_of(path, argument)
    old = check_regular(place, argument)
    descriptor, temporary = _new_file(place, 0o666 if old is None else 0o600)
    try:
        try:
            if old is not None and POSIX:
                _inherit(descriptor, old)
            yield descriptor
            os.fsync(descriptor)
            if POSIX:
                os.replace(temporary, place)
        except BaseException:
            if POSIX and _is_named(descriptor, temporary):
                os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)  # and give up the lock, without which nothing is done to a name
        if not POSIX:
            os.replace(temporary, place)
    except BaseException:
        if not POSIX:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise
    _flush_folder(os.path.dirname(place))


def _inherit(descriptor: int, old: os.stat_result) -> None:
    """Owner, group and permissions of the file that is replaced."""
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & 0o777)


def _flush_folder(folder: str) -> None:
    if not POSIX:
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder may be writable and not readable
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new_file(place: str, mode: int) -> tuple[int, str]:
    """A new locked file in the folder of another, and its name."""
    folder, name = os.path.split(place)
    stem = f".funcgrad-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    number = 0
    while number < MAX_WRITERS:
        temporary = os.path.join(folder, f"{stem}-{number}.tmp")
        try:
            descriptor = os.open(temporary, flags, mode)
        except FileExistsError:
            if not _removed_abandoned(temporary):
                number += 1
            continue
        if _lock(descriptor) is not False and _is_named(descriptor, temporary):
            _sweep(os.path.join(folder, stem), number + 1)
            return descriptor, temporary
        os.close(descriptor)  # another writer took it for abandoned before it was locked
    raise FileExistsError(
        errno.EEXIST, f"there are {MAX_WRITERS} temporary files {stem}-*.tmp; remove them", folder
    )


def _sweep(stem: str, first: int) -> None:
    for number in range(first, first + SWEPT):
        name = f"{stem}-{number}.tmp"
        if os.path.lexists(name):
            _removed_abandoned(name)


def _lock(descriptor: int) -> bool | None:
    """Lock a file. Return False if another has the lock, None if the system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_named(descriptor: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(name))
    except FileNotFoundError:
        return False


def _removed_abandoned(name: str) -> bool:
    """Remove the temporary file of a writer that is dead; whether the name is free now."""
    try:
        found = os.lstat(name)
        if not stat.S_ISREG(found.st_mode):
            return False
        flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(name, flags)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        locked = _lock(descriptor)
        old = time.time() - found.st_mtime > ABANDONED_AFTER
        if locked is False or (locked is None and not old):
            return False
        if POSIX and _is_named(descriptor, name):
            os.unlink(name)  # only who holds the lock on a file takes its name away
    except OSError:
        return False
    finally:
        os.close(descriptor)
    if not POSIX:  # an open file cannot be removed
        with contextlib.suppress(OSError):
            os.unlink(name)
    return not os.path.lexists(name)
