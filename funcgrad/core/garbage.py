"""Fewer runs of the garbage collector while many objects are made that will stay."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

RARE = (100_000, 50, 100)
"""Thresholds of the collector while a function is staged and compiled."""

_lock = threading.Lock()
_inside = 0
_usual = (700, 10, 10)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for cycles rarely: jaxprs have none, and half of the time would go into looking."""
    global _inside, _usual
    with _lock:
        if not _inside:
            _usual = gc.get_threshold()
            if 0 < _usual[0] < RARE[0]:
                gc.set_threshold(*RARE)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_usual)
