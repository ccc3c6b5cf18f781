"""Large results in memory that earlier ones have left.

Memory of 32 MiB and more goes back to the system when it is freed (``mallopt(3)``,
M_MMAP_THRESHOLD), and what the system gives out it clears first, page by page: for a formula of few
operations that takes several times as long as the formula.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from functools import partial

import numpy as np

LARGE: int = 2**25
"""From how many bytes on."""

ALIGNMENT: int = 64
"""Of arrays, a line of the cache."""

SHARE: int = 16
"""What part of the machine's memory may be kept."""


def _most() -> int:
    """How many bytes are kept at most while no array is in them."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not a system of POSIX
        return 2**28
    return min(2**28, there // SHARE)


class Kept:
    """Memory that no array is in, the latest last.

    Args:
        most: how many bytes of it there are at most.
    """

    def __init__(self, most: int) -> None:
        self.most: int = most
        self.rooms: list[np.ndarray] = []
        # The collector may run while the lock is held, and free an array of this memory.
        self._lock: threading.RLock = threading.RLock()

    def take(self, size: int) -> np.ndarray:
        """Memory of at least so many bytes, and not of many more."""
        with self._lock:
            for i in range(len(self.rooms) - 1, -1, -1):
                if size <= self.rooms[i].nbytes <= size + size // 8:
                    return self.rooms.pop(i)
        try:
            return np.empty(size, np.uint8)
        except MemoryError:
            self.clear()
            return np.empty(size, np.uint8)

    def give(self, memory: np.ndarray) -> None:
        """Keep memory that no array is in any more."""
        with self._lock:
            self.rooms.append(memory)
            while sum(room.nbytes for room in self.rooms) > self.most:
                self.rooms.pop(0)

    def clear(self) -> None:
        """Keep none of it."""
        with self._lock:
            self.rooms.clear()


KEPT = Kept(_most())


class _Tenant:
    """What arrays in some memory hold, so that it is kept when the last of them goes."""

    def __init__(self, memory: np.ndarray, kept: Kept) -> None:
        self.memory: np.ndarray = memory
        self._give: Callable[[np.ndarray], None] = kept.give
        self.__array_interface__ = memory.__array_interface__

    def __del__(self) -> None:
        self._give(self.memory)


def empty(shape: tuple[int, ...], dtype: np.dtype, kept: Kept = KEPT) -> np.ndarray:
    """A new array like ``numpy.empty``, in memory that is kept after it."""
    size = math.prod(shape) * dtype.itemsize
    tenant = _Tenant(kept.take(size + ALIGNMENT), kept)
    held = np.asarray(tenant)
    start = -held.ctypes.data % ALIGNMENT
    return np.ndarray(shape, dtype, held, start)


def maker(shape: tuple[int, ...], dtype: np.dtype) -> Callable[[], np.ndarray] | None:
    """What makes an array in such memory, None if it is not large."""
    return partial(empty, shape, dtype) if math.prod(shape) * dtype.itemsize >= LARGE else None
