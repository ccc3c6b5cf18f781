"""Finding keys of random numbers that are consumed twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .. import arrays
from ..context import current, within
from ..core.source import Source, current_source
from ..core.tracing import Tracer
from ..errors import KeyReuseError
from ..transforms.vmap import BatchTracer, UnmappedTracer
from ..typing import Key


class KeyUses:
    """The keys that were consumed, and those that fold_in has made, with where that was."""

    def __init__(self) -> None:
        self.consumed: dict[int, tuple[str, Source | None]] = {}
        self.made: dict[int, tuple[str, Source | None]] = {}

    def consume(self, name: str, key: Key) -> None:
        """Remember that a function consumed a key; raise if one did before."""
        self.record(self.consumed, name, key, "consumes", "consumed")

    def make(self, name: str, key: Key) -> None:
        """Remember that a function made a key; raise if it did before."""
        self.record(self.made, name, key, "makes", "made")

    def record(
        self, seen: dict[int, tuple[str, Source | None]], name: str, key: Key, now: str, before: str
    ) -> None:
        """Add keys to those that were seen, each of them for the first time."""
        here = (name, current_source(3))
        added: dict[int, tuple[str, Source | None]] = {}
        for number in _numbers(key):
            first = seen.get(number) or added.get(number)
            if first is not None:
                raise KeyReuseError(
                    f"{name} at {here[1]} {now} the key [{number >> 32} {number & 0xFFFFFFFF}], "
                    f"which {first[0]} at {first[1]} has {before} already: equal keys give equal "
                    "numbers. Get new keys with funcgrad.random.split, or with fold_in and other "
                    "data; or say that equal numbers are meant, with funcgrad.random.clone(key)."
                )
            added[number] = here
        seen.update(added)

    def forget(self, key: Key) -> None:
        """Let keys be consumed once more."""
        for number in _numbers(key):
            self.consumed.pop(number, None)


def _numbers(key: Key) -> list[int]:
    """Keys as integers: one key, or all of a batch; none where values are not known."""
    if current().body is not None:
        return []
    while isinstance(key, BatchTracer | UnmappedTracer):
        key = key.value
    if isinstance(key, Tracer):
        return []
    words = np.asarray(arrays.device_get(key), np.uint64).reshape(-1, 2)
    numbers: list[int] = (words[:, 0] << np.uint64(32) | words[:, 1]).tolist()
    return numbers


@contextmanager
def key_reuse() -> Iterator[None]:
    """Inside this context, consuming a key of random numbers twice raises.

    A key is consumed by ``funcgrad.random.split`` and by every function that draws numbers, and
    equal keys are the same key, wherever they come from. ``fold_in`` does not consume its key, but
    may make each new key once. Under ``vmap``, the keys of all examples are looked at. Code that is
    staged, by ``jit`` or as the body of a loop, is not: its keys have no values yet.

    A context inside another one belongs to it. Threads that are started inside have contexts of
    their own.

    Raises:
        KeyReuseError: if a key is consumed twice, naming both places.

    >>> from funcgrad import random
    >>> with key_reuse():
    ...     key = random.key(0)
    ...     weights, noise = random.split(key)
    ...     x = random.normal(key)
    Traceback (most recent call last):
        ...
    funcgrad.errors.KeyReuseError: normal at ... consumes the key [0 0], which split at ...
    """
    with within(key_uses=current().key_uses or KeyUses()):
        yield
