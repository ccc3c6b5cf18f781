"""Every planted mistake is caught, is a mistake, and its right counterpart passes."""

from __future__ import annotations

from collections import Counter

import pytest
from effort import THOROUGH

from .catalogue import BY_HAND, MUTANTS, OF_RULES, SEARCHED, VARIED
from .grading import CLAIMS, KINDS, NAMED, grade
from .mutant import Mutant, distance, found, outcome

ROUNDING = 1e-9
PLAIN = [m for m in OF_RULES if m not in SEARCHED]
CHECKED = [*PLAIN, *BY_HAND] if THOROUGH else [*PLAIN[::6], *BY_HAND[::9]]
FEW = SEARCHED if THOROUGH else SEARCHED[::32]
"""Of those that need a search; benchmarks/mutation_score.py runs them all, and so do the tests if
they are to be thorough."""

WITH_COUNTERPART = [*BY_HAND[::8], *PLAIN[::16], *FEW[::3]]


def name_of(mutant: Mutant) -> str:
    return mutant.name


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("mutant", [*CHECKED, *FEW], ids=name_of)
def test_a_planted_mistake_is_caught(mutant: Mutant) -> None:
    assert distance(mutant, 0) > ROUNDING
    verdict, finding = found(mutant, mutant.wrong, 0)
    assert verdict == "fail"
    assert grade(mutant, finding) in ("right", "unspecific", "misleading")


@pytest.mark.parametrize("mutant", WITH_COUNTERPART, ids=name_of)
def test_the_right_counterpart_passes_the_same_check(mutant: Mutant) -> None:
    assert outcome(mutant, mutant.right, 0) == "pass"


def test_names_tell_mutants_apart_and_there_are_enough() -> None:
    assert max(Counter(map(name_of, MUTANTS)).values()) == 1
    assert len(MUTANTS) >= 900
    assert len({mutant.kind for mutant in MUTANTS}) >= 250
    assert len(VARIED) >= 150


def test_what_has_to_be_said_of_each_kind_is_known() -> None:
    assert {m.kind for m in MUTANTS} == set(KINDS)
    assert {claim for claims in KINDS.values() for claim in claims} <= set(CLAIMS)
    assert set(NAMED) <= set(map(name_of, MUTANTS))
