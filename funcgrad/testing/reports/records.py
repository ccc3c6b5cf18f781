"""Records of recent checks, for those who sum them up: the pytest plugin and the command line."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Record:
    """The findings of one check, in plain values that can be sent to another process.

    ``verdict`` is 'pass', 'fail', 'inconclusive', or 'error' where something else was raised;
    ``fits`` says whether the function could be called at all with the arguments that it was
    given. ``example`` is a program that repeats the check where it failed.
    """

    function: str
    order: int
    modes: tuple[str, ...]
    verdict: str
    passed: int = 0
    inconclusive: int = 0
    rejected: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    example: str = ""
    fits: bool = True


_recent: deque[Record] = deque(maxlen=1000)


def note(record: Record) -> None:
    """Keep a record until someone takes it, or until many newer ones are there."""
    _recent.append(record)


def take() -> list[Record]:
    """The records kept so far; they are forgotten.

    >>> note(Record("sin", 2, ("fwd",), "pass"))
    >>> [r.function for r in take()][-1:], take()
    (['sin'], [])
    """
    taken = []
    while _recent:
        taken.append(_recent.popleft())
    return taken
