"""Every case of every operator gives on a device what it gives on the CPU, in every mode."""

from __future__ import annotations

import warnings
from typing import Any

import laws
import numpy as np
import pytest
from devices import transforming
from devices.placing import assert_same, upload
from effort import THOROUGH

from funcgrad.core.primitive import REGISTRY, Primitive

CASES = laws.all_cases()


def differentiable(name: str, i: int) -> bool:
    prim = REGISTRY[name]
    inexact = laws.inexact_positions(laws.cases_of(prim)[i].args)
    return bool(inexact) and prim.has_derivative()


DIFFERENTIABLE = [case for case in CASES if differentiable(*case)]


def in_modes(cases: list[tuple[str, int]], modes: dict[str, Any]) -> list[tuple[str, int, str]]:
    """The first case of each operator in all modes; others in one of them, in turn."""
    chosen, count = [], len(modes)
    for number, (name, i) in enumerate(cases):
        every = list(modes)
        if i and not THOROUGH:
            every = [every[number % count]]
        chosen += [(name, i, mode) for mode in every]
    return chosen


def compare(xp: Any, run: transforming.Run, prim: Primitive, i: int) -> None:
    case = laws.cases_of(prim)[i]
    there = [upload(xp, a) for a in case.args]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what NumPy says of the same numbers
        expected = run(prim, case, lambda a: a)
        found = run(prim, case, lambda a: upload(xp, a))
    assert_same(found, expected)
    for a, b in zip(there, case.args, strict=True):
        np.testing.assert_array_equal(a.get() if hasattr(a, "get") else a, b)


@pytest.mark.parametrize(("name", "i", "mode"), in_modes(CASES, transforming.OF_ALL))
def test_values(xp: Any, name: str, i: int, mode: str) -> None:
    compare(xp, transforming.OF_ALL[mode], REGISTRY[name], i)


@pytest.mark.parametrize(("name", "i", "mode"), in_modes(DIFFERENTIABLE, transforming.OF_INEXACT))
def test_derivatives(xp: Any, name: str, i: int, mode: str) -> None:
    compare(xp, transforming.OF_INEXACT[mode], REGISTRY[name], i)
