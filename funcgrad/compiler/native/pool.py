"""The pool of threads: how many there are, and what happens to them at a fork and at the end."""

from __future__ import annotations

import atexit
import ctypes
import functools
import math
import os

from . import cache, llvm, pool_text

NAME = "parallel"
"""The function that kernels call, by its name in their text."""

_QUOTA = "/sys/fs/cgroup/cpu.max"


def threads() -> int:
    """The number of threads that compute: FUNCGRAD_NUM_THREADS, else the processors we may use.

    Those are the ones of the process's affinity, and no more than a container is granted.

    Raises:
        ValueError: FUNCGRAD_NUM_THREADS is no positive integer.
    """
    asked = os.environ.get("FUNCGRAD_NUM_THREADS")
    if asked is None:
        return min(_processors(), pool_text.MOST_THREADS)
    if not (asked.isascii() and asked.isdigit() and int(asked)):
        raise ValueError(
            f"FUNCGRAD_NUM_THREADS={asked!r} is no number of threads: set it to 1 or more, or "
            "unset it for as many as there are processors"
        )
    return min(int(asked), pool_text.MOST_THREADS)


def _processors() -> int:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(count or 1, _granted()))


def _granted() -> int:
    """So many processors a container may use; very many if nothing is said."""
    try:
        with open(_QUOTA) as f:
            quota, period = f.read().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # there is no such file, or it says "max"
        return pool_text.MOST_THREADS


class Pool:
    """The threads of this process; made once, started by the first kernel that has parts for them.

    Attributes:
        library: the code, which must stay as long as kernels that call it.
    """

    def __init__(self, count: int) -> None:
        names = (NAME, "hold", "let_go", "started") if pool_text.has_threads() else (NAME,)
        self.library: llvm.Library = llvm.Library(cache.compiled(pool_text.text()), names)
        self._others: int = count - 1
        if not pool_text.has_threads():
            return
        found = self.library.addresses
        self._hold = ctypes.CFUNCTYPE(None)(found["hold"])
        self._let_go = ctypes.CFUNCTYPE(None, ctypes.c_int64)(found["let_go"])
        self._started = ctypes.CFUNCTYPE(ctypes.c_int64)(found["started"])
        self._let_go(self._others)
        atexit.register(self._end)
        os.register_at_fork(
            before=self._hold, after_in_parent=self._again, after_in_child=self._again
        )

    @property
    def address(self) -> int:
        """Where the function is that kernels call."""
        return self.library.addresses[NAME]

    def started(self) -> int:
        """The number of threads that run, beside those of callers."""
        return self._started() if pool_text.has_threads() else 0

    def use(self, count: int) -> None:
        """Let so many threads compute from now on, the caller's among them."""
        self._others = count - 1
        if pool_text.has_threads():
            self._hold()
            self._let_go(self._others)

    def _again(self) -> None:
        self._let_go(self._others)

    def _end(self) -> None:
        """At the end of the process, when code is about to be taken from memory."""
        self.use(1)


@functools.cache
def pool() -> Pool:
    """The pool of this process."""
    return Pool(threads())


def loaded(code: bytes, text: str) -> llvm.Library:
    """The machine code of a module's text in memory, with the pool if it calls it."""
    imported = {NAME: pool().address} if f"@{NAME}(" in text else {}
    return llvm.Library(code, ("kernel",), imported)


__all__ = ["NAME", "Pool", "loaded", "pool", "threads"]
