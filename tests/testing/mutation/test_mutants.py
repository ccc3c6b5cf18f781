"""Every planted mistake is caught, is a mistake, and its right counterpart passes."""

from __future__ import annotations

from collections import Counter

import pytest

from .catalogue import BY_HAND, MUTANTS, OF_RULES, SEARCHED
from .mutant import Mutant, distance, outcome

ROUNDING = 1e-9
CHECKED = [m for m in MUTANTS if m not in SEARCHED]
FEW = SEARCHED[::9]
"""Of those that need a search; benchmarks/mutation_score.py runs them all."""

WITH_COUNTERPART = [*BY_HAND, *[m for m in OF_RULES if m not in SEARCHED][::4], *FEW[::3]]


def name_of(mutant: Mutant) -> str:
    return mutant.name


@pytest.mark.parametrize("mutant", [*CHECKED, *FEW], ids=name_of)
def test_a_planted_mistake_is_caught(mutant: Mutant) -> None:
    assert distance(mutant, 0) > ROUNDING
    assert outcome(mutant, mutant.wrong, 0) == "fail"


@pytest.mark.parametrize("mutant", WITH_COUNTERPART, ids=name_of)
def test_the_right_counterpart_passes_the_same_check(mutant: Mutant) -> None:
    assert outcome(mutant, mutant.right, 0) == "pass"


def test_names_tell_mutants_apart_and_there_are_enough() -> None:
    assert max(Counter(map(name_of, MUTANTS)).values()) == 1
    assert len(MUTANTS) >= 780
    assert len({mutant.kind for mutant in MUTANTS}) >= 40
