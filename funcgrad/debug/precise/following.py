"""Recorded programs, evaluated with more digits at points beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...transforms.opened import Recording
from .numbers import Numbers, Precise
from .operations import evaluate, inexact


def precise_results(
    numbers: Numbers[Any], recording: Recording, given: Mapping[int, Precise]
) -> tuple[list[Any], bool]:
    """What a program returns, computed with more digits, and whether all of it could be.

    Args:
        numbers: the kind of numbers.
        recording: the program. Its constants count as exact, and its decisions stay as they are.
        given: arguments by the ids of those that it was recorded with.
    """
    known: dict[Any, Sequence[Any]] = {}
    exact = True

    def value(x: Any, origin: Any) -> Any:
        if origin is not None:
            return known[origin[0]][origin[1]]
        if id(x) in given:
            return given[id(x)]
        return numbers.lift(x) if inexact(x) else x

    for operation in recording.operations:
        pairs = zip(operation.operands, operation.origins, strict=True)
        found = evaluate(numbers, operation, [value(x, origin) for x, origin in pairs])
        known[operation] = found.outs
        exact = exact and found.exact
    return [value(*pair) for pair in zip(recording.outs, recording.origins, strict=True)], exact
