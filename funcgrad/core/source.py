"""Where in the user's program an equation comes from, captured cheaply and resolved when shown."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from ..context import current

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


_SITE = os.path.dirname(os.path.dirname(os.path.abspath(np.__file__)))
LIBRARIES = tuple(
    os.path.join(_SITE, name) + os.sep for name in ("numpy", "scipy", "cupy", "cupyx", "optree")
)


class _FilesBelow(dict[str, bool]):
    def __init__(self, *folders: str) -> None:
        super().__init__()
        self.folders: tuple[str, ...] = folders

    def __missing__(self, filename: str) -> bool:
        below = self[filename] = filename.startswith(self.folders)
        return below


OURS: dict[str, bool] = _FilesBelow(PACKAGE)
"""Maps a file name to whether the file belongs to funcgrad."""

INTERNAL: dict[str, bool] = _FilesBelow(PACKAGE, *LIBRARIES)
"""Maps a file name to whether it belongs to funcgrad or to a library that calls it for a user."""


class Source(NamedTuple):
    """A position in the user's program: a code object and the offset of an instruction."""

    code: CodeType
    offset: int

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.code.co_filename

    @property
    def line(self) -> int:
        """The number of the line."""
        positions = iter(self.code.co_positions())
        for _ in range(self.offset // 2):
            next(positions, None)
        found = next(positions, None)
        return (found and found[0]) or self.code.co_firstlineno

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.code.co_name

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line} ({self.function})"

    def __reduce__(self) -> Any:
        return (ResolvedSource, (self.file, self.line, self.function))


class Transposed(NamedTuple):
    """The position of the equation that a backward pass is at."""

    forward: Any

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.forward.file

    @property
    def line(self) -> int:
        """The number of the line."""
        return self.forward.line

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.forward.function

    def __str__(self) -> str:
        return str(self.forward)


IN_BACKWARD_RULE = object()
"""As the source of the equation: a user's rule for the backward pass is running, line by line."""


class ResolvedSource(NamedTuple):
    """A position in the user's program as text; what a Source becomes when it is pickled."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line} ({self.function})"


def as_source(code: Any, offset: int | None) -> Any:
    """A position from its parts; without an offset ``code`` is a source already."""
    return code if offset is None else Source(code, offset)


def user_frame(depth: int = 1) -> FrameType | None:
    """The innermost frame on the stack that is the user's."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None and INTERNAL[frame.f_code.co_filename]:
        frame = frame.f_back
    return frame


def source_of_equation() -> Any:
    """The source of the equation that is being evaluated, for someone who records it, or None."""
    place = current().place
    return None if place is None else place.source


def current_source(depth: int = 2) -> Any:
    """The source of the equation being evaluated, or the position from which funcgrad is called."""
    found = source_of_equation()
    if found is not None and found is not IN_BACKWARD_RULE:
        return found
    frame = user_frame(depth)
    if frame is None:
        return None
    here = Source(frame.f_code, frame.f_lasti)
    return here if found is None else Transposed(here)


def where_defined(fun: Any) -> str:
    """Name, file and line of a function, for messages: ``loss (train.py:12)``."""
    while hasattr(fun, "__wrapped__"):
        fun = fun.__wrapped__
    func: Any = getattr(fun, "func", fun)
    name: str = getattr(func, "__name__", type(func).__name__)
    code: CodeType | None = getattr(func, "__code__", None)
    if code is None:
        return name
    return f"{name} ({os.path.basename(code.co_filename)}:{code.co_firstlineno})"
