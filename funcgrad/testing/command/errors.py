"""The error of a command that cannot be carried out."""

from __future__ import annotations


class CommandError(Exception):
    """Something on the command line, or in a file that it names, is wrong; the text is one line."""


def first_line(error: BaseException) -> str:
    """The type and the first line of an error."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
