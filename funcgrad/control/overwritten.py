"""Checking that arrays which a derivative needs were not changed before it was computed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import arrays
from ..context import current, within
from ..core.deferred import Deferred
from ..core.source import Source
from ..errors import MutationError

if TYPE_CHECKING:
    import zlib
else:
    zlib = Deferred("zlib", globals())


def _checksum(x: Any) -> int:
    return zlib.adler32(np.ascontiguousarray(arrays.device_get(x)).tobytes())


def _arrays(entry: Any) -> list[Any]:
    if type(entry) is not tuple:
        values = entry.inputs
    else:
        values = entry[2] if entry[0].jointly else entry[4:7]
    return [v for v in values if isinstance(v, np.ndarray) or arrays.is_gpu_array(v)]


class CheckedTape(list[Any]):
    """A tape that remembers what its arrays held when they were recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: list[tuple[Any, list[tuple[Any, int]]]] = []

    def append(self, entry: Any) -> None:
        super().append(entry)
        self.sums.append((entry, [(x, _checksum(x)) for x in _arrays(entry)]))

    def verify(self) -> None:
        """Raise if an array no longer holds what it did."""
        for entry, sums in self.sums:
            for x, before in sums:
                if _checksum(x) != before:
                    source = Source(entry[7], entry[8]) if type(entry) is tuple else entry.source
                    raise MutationError(
                        f"an array of shape {x.shape} that the operation at {source} needs for its "
                        "derivative was changed in place before the derivative was computed. "
                        "Pass a copy of it."
                    )


def new_tape() -> list[Any] | None:
    """A checked tape inside ``check_mutation``, else None."""
    return CheckedTape() if current().checks_mutation else None


def verify(tape: list[Any]) -> None:
    """Check a tape, if it is a checked one."""
    if isinstance(tape, CheckedTape):
        tape.verify()


def check_mutation() -> AbstractContextManager[None]:
    """Inside this context, derivatives raise if an array they need was changed in place.

    Large arrays that a function uses are kept by reference until its derivative is computed, so
    they must not change before. This context verifies it, by checksums.

    >>> with check_mutation():
    ...     pass
    """
    return within(checks_mutation=True)
