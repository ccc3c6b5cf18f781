"""The checker raises no false alarm over the right functions."""

from __future__ import annotations

from collections import Counter

import pytest
from effort import examples

from .catalogue import AT_SPECIAL_POINTS, FUNCTIONS, planned
from .right import run

RUNS, CHUNK = examples(200), 50
STRIDE = 997
"""Coprime to the number of functions: every chunk takes them from all files."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers overflow at points of all scales
@pytest.mark.parametrize("start", range(0, RUNS, CHUNK))
def test_right_functions_raise_no_alarm(start: int) -> None:
    alarms = []
    for number in range(start, start + CHUNK):
        function, seed = planned(number * STRIDE % (2 * len(FUNCTIONS)))
        verdict, why = run(function, seed)
        if verdict == "fail":
            alarms.append(f"{function.name}, seed {seed}: {why}")
    assert not alarms, "\n".join(alarms)


def test_there_are_enough_functions() -> None:
    names = Counter(f"{type(f).__name__} {f.name}" for f in FUNCTIONS)
    assert len(FUNCTIONS) >= 1500
    assert len(AT_SPECIAL_POINTS) >= 400
    assert len(names) > 0.97 * len(FUNCTIONS)
