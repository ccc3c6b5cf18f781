"""The smallest edit of a wrong derivative rule that makes it right.

A rule in NumPy is a program, linear in cotangents or tangents, that can be traced. A path that
has the wrong sign or a wrong factor there, or one array in place of another, is named by its line.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ...api.jvp import linearize
from ...core.jaxpr import Eqn, Jaxpr, eval_jaxpr
from .edits import ENOUGH, SECONDS, edited_constants, edited_numbers
from .leaves import host
from .linear_programs import CLOSE, MOST, BackwardPass
from .lines import Vector, pack
from .paths import cuts, terms

MOST_TIMES = 32
"""Whole factors, and parts, up to this one are told."""


class RulePass(BackwardPass):
    """A rule as a program of its cotangents or tangents, open to edits."""

    def __init__(
        self,
        claimed: Callable[[Sequence[Any]], Sequence[Any]],
        seeds: Sequence[Any],
        names: dict[str, np.ndarray],
    ) -> None:
        _, f_jvp = linearize(lambda *xs: list(claimed(xs)), *seeds)
        self.program: Jaxpr = f_jvp.program
        self.consts: list[Any] = list(f_jvp.consts)
        self.point: list[np.ndarray] = list(names.values())
        self.paths: list[str] = list(names)
        self.cts: list[np.ndarray] = [host(s) for s in seeds]
        self.right: list[Vector] = self.pull()

    def run(self, program: Jaxpr, consts: Sequence[Any], cts: Sequence[Any]) -> list[Vector]:
        """What the rule, or an edit of it, returns."""
        more = [np.zeros(v.aval.shape) for v in program.invars[len(self.cts) :]]
        return [pack([t]) for t in eval_jaxpr(program, consts, [*cts, *more])]


def mended(
    claimed: Callable[[Sequence[Any]], Sequence[Any]],
    seeds: Sequence[Any],
    names: dict[str, np.ndarray],
    expected: Vector,
    picked: Callable[[Sequence[Vector]], Vector],
    wanted: Sequence[str] | None = None,
) -> list[str]:
    """The edits of a rule, in words, that give what is expected.

    Args:
        claimed: the rule, as a function of cotangents or tangents.
        seeds: of these, random ones.
        names: arrays that stand in formulas.
        expected: what the rule should return.
        picked: that part of all that it returns.
        wanted: the words that matter; None for all.
    """
    try:
        rule = RulePass(claimed, seeds, names)
    except Exception:  # what cannot be traced is not edited
        return []
    given = picked(rule.right)
    gap = given - expected
    size = float(np.max(np.abs(expected), initial=0.0))
    tolerance = min(CLOSE * size, float(np.max(np.abs(gap), initial=0.0)) / 20)
    if not tolerance or np.max(np.abs(given), initial=0.0) == 0:
        return []
    found: list[str] = []
    for text in chain(paths(rule, picked, given, gap, tolerance),
                      changes(rule, picked, expected, tolerance)):  # fmt: skip
        if len(found) < ENOUGH and text not in found and (wanted is None or text in wanted):
            found.append(text)
    return found


def paths(
    rule: RulePass,
    picked: Callable[[Sequence[Vector]], Vector],
    given: Vector,
    gap: Vector,
    tolerance: float,
) -> Iterator[str]:
    """A path that has a wrong sign or factor, or that is one too many."""
    seen: list[Vector] = []
    for e, program in list(chain(terms(rule.program), cuts(rule.program)))[:MOST]:
        part = given - picked(rule.pull(program))
        largest = np.max(np.abs(part), initial=0.0)
        whole = np.max(np.abs(part - given), initial=0.0) <= tolerance
        if largest <= tolerance or whole or any(np.allclose(part, p) for p in seen):
            continue
        seen.append(part)
        ratio = float(part @ gap) / float(part @ part)
        if np.max(np.abs(ratio * part - gap), initial=0.0) <= tolerance:
            text = of_path(e, ratio, {n for x in rule.point for n in x.shape})
            if text is not None:
                yield text


def of_path(e: Eqn, ratio: float, lengths: set[int]) -> str | None:
    """The meaning of: right = found - ratio * part; none for factors that nobody writes."""
    name = f"in the rule, the path through {e.primitive.name} at {e.source}"
    if abs(ratio - 1) < CLOSE:
        return f"{name} is one too many"
    if abs(ratio - 2) < CLOSE:
        return f"{name} has the wrong sign"
    times = 1 - ratio
    hint = ""
    if any(n > 2 and abs(times / n - 1) < CLOSE for n in lengths):
        hint = " (a mean taken for a sum?)"
    elif any(n > 2 and abs(times * n - 1) < CLOSE for n in lengths):
        hint = " (a sum taken for a mean?)"
    if not hint and not (is_whole(times) or (times and is_whole(1 / times))):
        return None
    return f"{name} has a wrong factor: it should be {times:.5g} times as large{hint}"


def is_whole(number: float) -> bool:
    """True for small numbers, not negative, that are whole up to rounding."""
    return abs(number - round(number)) < CLOSE and 0 <= number <= MOST_TIMES


def changes(
    rule: RulePass,
    picked: Callable[[Sequence[Vector]], Vector],
    expected: Vector,
    tolerance: float,
) -> Iterator[str]:
    """A number or an array that should be left out, transposed or another one."""
    end = time.monotonic() + SECONDS
    for text, pulled in chain(edited_numbers(rule), edited_constants(rule)):
        if time.monotonic() > end:
            return
        try:
            edited = picked(pulled())
        except (ArithmeticError, np.linalg.LinAlgError, ValueError, TypeError):
            continue
        if edited.shape == expected.shape and np.max(np.abs(edited - expected)) <= tolerance:
            yield "the rule would be right if " + re.sub(r" is ", " were ", text, count=1)
