"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import CommandError


def check_writable(path: Path, option: str) -> None:
    """Raise now if a file could not be written after all the checks."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise CommandError(f"{option}: there is no folder {str(folder)!r}")
    if path.is_dir():
        raise CommandError(f"{option}: {str(path)!r} is a folder; name a file")
    if path.exists() and not path.is_file():
        raise CommandError(f"{option}: {str(path)!r} is not a regular file; name another")
    if not os.access(folder, os.W_OK):
        raise CommandError(f"{option}: cannot write to the folder {str(folder)!r}")


def write(path: Path, text: str) -> None:
    """Write a file: there is the whole text in the end, or what was there before."""
    path = path.resolve()  # a link stays a link
    descriptor, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o666 & ~umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def umask() -> int:
    """The permissions that new files do not get."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
