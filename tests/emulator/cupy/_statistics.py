"""What a program did to the device: launches, synchronisations, copies, allocations, and where.

    >>> import cupy
    >>> cupy.statistics.reset()
    >>> x = cupy.asarray([1.0, 2.0])
    >>> bool((x + 1).sum() > 2)
    True
    >>> cupy.statistics.launches, cupy.statistics.syncs, cupy.statistics.uploads
    (3, 1, 1)

Launches are a lower bound: functions that the real CuPy builds from several kernels count as the
tables beside them say, everything else as one, views as none.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NUMPYS_OWN = f"{os.sep}numpy{os.sep}"


class Event(NamedTuple):
    """One kind of event at one place."""

    kind: str
    """launch, sync, upload, download or allocation."""
    what: str
    """The kernel, or what asked for it."""
    place: str
    """file:line of the innermost frame outside of this package and of NumPy."""


class Statistics:
    """Counters of the events that cost time on a GPU."""

    def __init__(self) -> None:
        self.watchers: list[Callable[[str, str], None]] = []
        """Called with kind and what of each event, before it is counted; captures refuse here."""
        self.reset()

    def reset(self) -> None:
        """Set everything to zero."""
        self.launches = self.syncs = self.uploads = self.downloads = self.allocations = 0
        self.bytes_uploaded = self.bytes_downloaded = self.bytes_allocated = 0
        self.events: Counter[Event] = Counter()

    def launch(self, name: str, count: int = 1) -> None:
        """One kernel, or a few."""
        if count:
            self._count("launch", name, count)
            self.launches += count

    def sync(self, reason: str) -> None:
        """The host waits for the device."""
        self._count("sync", reason)
        self.syncs += 1

    def upload(self, size: int) -> None:
        """A copy from host to device."""
        self._count("upload", "")
        self.uploads += 1
        self.bytes_uploaded += size

    def download(self, size: int) -> None:
        """A copy from device to host."""
        self._count("download", "")
        self.downloads += 1
        self.bytes_downloaded += size

    def allocate(self, size: int) -> None:
        """Memory from the pool."""
        self._count("allocation", "")
        self.allocations += 1
        self.bytes_allocated += size

    def places(self, kind: str) -> dict[str, int]:
        """How often something of a kind happened: {"what at file:line": count}, most first."""
        found: Counter[str] = Counter()
        for event, count in self.events.items():
            if event.kind == kind:
                found[f"{event.what} at {event.place}".removeprefix(" at ")] += count
        return dict(found.most_common())

    def _count(self, kind: str, what: str, count: int = 1) -> None:
        for watch in self.watchers:
            watch(kind, what)
        frame = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            if not name.startswith(_HERE) and _NUMPYS_OWN not in name:
                self.events[Event(kind, what, f"{name}:{frame.f_lineno}")] += count
                return
            frame = frame.f_back  # type: ignore[assignment]


statistics = Statistics()
