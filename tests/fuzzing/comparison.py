"""A program transformed by funcgrad, against the same program in plain Python over NumPy."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from funcgrad.core.tracing import Tracer

from . import plain, traced
from .generation import Case, function
from .transforming import Directions, Outcome, contract, nearby, order_of, outcome

AGREE, MISMATCH, UNDECIDED = "agree", "mismatch", "undecided"
ALLOWED = {0: 1e-9, 1: 1e-5, 2: 1e-3}
"""Relative distances from differences that count as none, by order."""
SINGLE = {0: 2e-4, 1: 1e-2, 2: 3e-2}
"""The same where programs compute in single precision."""
SAFETY = 20.0


@dataclass(frozen=True)
class Verdict:
    """What was found of one transformation of a program; ``kind`` tells mismatches apart."""

    outcome: str
    kind: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Estimate:
    """A derivative by differences, the bound of its error, and the size of its terms."""

    value: float
    error: float
    size: float


REFUSALS = {
    "so it has no forward derivative": "a rule for reverse mode only",
    "custom_vjp_linear has no forward derivative": "a rule for reverse mode only",
    "cannot index a plain array": "a plain array at a traced index",
}
"""What errors say that are no mistakes: NumPy or a rule leaves no other way."""


def judged_error(error: Exception, before: str = "") -> Verdict:
    """An error of funcgrad where plain Python has none."""
    text = str(error)
    for part, why in REFUSALS.items():
        if part in text:
            return Verdict(UNDECIDED, f"refused: {why}")
    words = re.sub(r"\S*\d\S*|<\w+>", "#", text.split(" at ")[0])[:40]
    return Verdict(MISMATCH, f"{before}{type(error).__name__}: {words}", text)


class Unclear(Exception):
    """The plain program has no derivative that differences find."""


class Reference:
    """The plain program as a function of the arguments that are differentiated."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.program = function(case.program, plain.SCOPE)
        self.args = [np.asarray(x, np.float64)[()] for x in case.args]
        self.xs = tuple(case.args[i] for i in case.wanted)
        self.outs = self.program(*case.args)
        self.directions = Directions.like(self.xs, self.outs, case.seed)

    def values(self, xs: Sequence[Any], *, exact: bool = False) -> Any:
        args = list(self.case.args if exact else self.args)
        for i, x in zip(self.case.wanted, xs, strict=True):
            args[i] = x
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outs = self.program(*args)
        return outs

    def along(self, xs: Sequence[Any], *steps: tuple[float, Sequence[Any]]) -> float:
        """The weighted sum of the results at a point some steps away."""
        point = [np.asarray(x, np.float64) for x in xs]
        for h, t in steps:
            point = [x + h * np.asarray(v, np.float64) for x, v in zip(point, t, strict=True)]
        try:
            outs = self.values([p[()] for p in point])
        except (ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError) as error:
            raise Unclear("the plain program fails nearby") from error
        value = contract(outs, self.directions.ct)
        if not np.isfinite(value):
            raise Unclear("the plain program is not finite nearby")
        return value

    def first(self, xs: Sequence[Any], h: float = 2e-4) -> Estimate:
        t = self.directions.t
        up, down = self.along(xs, (h, t)), self.along(xs, (-h, t))
        half = self.along(xs, (h / 2, t)), self.along(xs, (-h / 2, t))
        coarse, fine = (up - down) / (2 * h), (half[0] - half[1]) / h
        size = abs(up) + abs(fine)
        error = abs(fine - coarse) / 3 + 1e-14 * abs(up) / h
        return Estimate((4 * fine - coarse) / 3, error, size)

    def second(self, xs: Sequence[Any], h: float = 1e-3) -> Estimate:
        d = self.directions

        def mixed(h: float) -> float:
            corners = [
                sign * other * self.along(xs, (sign * h, d.t), (other * h, d.u))
                for sign in (1, -1)
                for other in (1, -1)
            ]
            return sum(corners) / (4 * h * h)

        coarse, fine = mixed(2 * h), mixed(h)
        here = abs(self.along(xs))
        error = abs(fine - coarse) / 3 + 1e-15 * here / (h * h)
        return Estimate((4 * fine - coarse) / 3, error, here + abs(fine))

    def smooth(self, xs: Sequence[Any], order: int, scale: float) -> bool:
        """Whether differences with several steps, to both sides, agree."""
        t = self.directions.t
        try:
            if order == 2:
                found = [self.second(xs, h).value for h in (3e-4, 1e-3, 4e-3)]
                return max(found) - min(found) < 0.03 * scale and self.smooth(xs, 1, scale)
            here = self.along(xs)
            found = [
                side * (self.along(xs, (side * h, t)) - here) / h
                for h in (1e-4, 1e-5, 1e-6)
                for side in (1.0, -1.0)
            ]
        except Unclear:
            return False
        return max(found) - min(found) < 3e-3 * scale


class Subject:
    """One case with what it is compared with."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.reference = Reference(case)
        self.made: dict[bool, Callable[..., Any]] = {}

    def traced(self, passed: bool) -> Callable[..., Any]:
        """The program with funcgrad's meaning, of the arguments that are differentiated."""
        if passed not in self.made:
            self.made[passed] = function(self.case.program, traced.SCOPE, passed=passed)
        program, case = self.made[passed], self.case

        def restricted(*xs: Any) -> Any:
            args = list(case.args)
            for i, x in zip(case.wanted, xs, strict=True):
                args[i] = x
            return program(*args)

        return restricted

    def run(self, name: str, passed: bool = False) -> Outcome:
        reference = self.reference
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = outcome(name, self.traced(passed), reference.xs, reference.directions)
        if any(isinstance(a, Tracer) for a in found.arrays):
            raise TypeError("a result is a tracer")
        return found

    def judged(self, name: str, *, passed: bool = False) -> Verdict:
        """One transformation against plain Python; ``passed``: against passed operands, too."""
        try:
            found = self.run(name)
        except Exception as error:
            return judged_error(error)
        try:
            verdict = self.compared(name, found)
        except Unclear as why:
            verdict = Verdict(UNDECIDED, str(why))
        if passed and verdict.outcome != MISMATCH:
            return self.against_passed(name, found, verdict)
        return verdict

    def against_passed(self, name: str, found: Outcome, verdict: Verdict) -> Verdict:
        try:
            other = self.run(name, passed=True)
        except Exception as error:
            return judged_error(error, "passed: ")
        rtol = 1e-7 if self.case.dtype == np.float64 else 1e-2
        sizes = [float(np.max(np.abs(a), initial=0)) for a in other.arrays]
        scale = max([1.0, *(size for size in sizes if np.isfinite(size))])
        for a, b in zip(found.arrays, other.arrays, strict=True):
            if not np.allclose(a, b, rtol=rtol, atol=rtol * scale, equal_nan=True):
                if verdict.outcome == UNDECIDED:
                    return verdict
                return Verdict(MISMATCH, "closed over", f"{a} closed over, {b} passed")
        return verdict

    def compared(self, name: str, found: Outcome) -> Verdict:
        order = order_of(name)
        allowed = (ALLOWED if self.case.dtype == np.float64 else SINGLE)[order]
        if order == 0:
            return self.values_compared(name, found, allowed)
        reference = self.reference
        rows = [reference.xs, nearby(reference.xs)]
        estimate = reference.first if order == 1 else reference.second
        if name.endswith(" of vmap"):
            both = [estimate(xs) for xs in rows]
            expected = [Estimate(*(sum(e) for e in zip(*map(fields, both), strict=True)))]
            points = [rows]
        else:
            used = rows if name.startswith("vmap of ") else rows[:1]
            expected, points = [estimate(xs) for xs in used], [[xs] for xs in used]
        for number, e, xss in zip(found.numbers, expected, points, strict=True):
            scale = 1.0 + e.size
            if e.error > 0.01 * scale:
                raise Unclear("differences do not settle")
            if abs(number - e.value) <= allowed * scale + SAFETY * e.error:
                continue
            if not all(reference.smooth(xs, order, scale) for xs in xss):
                raise Unclear("a kink or a jump")
            kind = "not finite" if not np.isfinite(number) else "zero" if number == 0 else "value"
            return Verdict(MISMATCH, kind, f"{number!r}, by differences {e.value!r}")
        return Verdict(AGREE)

    def values_compared(self, name: str, found: Outcome, allowed: float) -> Verdict:
        reference = self.reference
        if "vmap" in name:
            rows = [reference.values(xs, exact=True) for xs in (reference.xs, nearby(reference.xs))]
            expected = [np.stack(column) for column in zip(*rows, strict=True)]
            if name == "vmap of vmap":
                expected = [np.stack([e, e]) for e in expected]
        else:
            expected = reference.outs
        for a, b in zip(found.arrays, expected, strict=True):
            a, b = np.asarray(a), np.asarray(b)
            if a.shape != b.shape or a.dtype != b.dtype:
                found_is = f"{a.dtype}{list(a.shape)}, NumPy's is {b.dtype}{list(b.shape)}"
                return Verdict(MISMATCH, "shape or dtype", found_is)
            scale = 1.0 + float(np.max(np.abs(b), initial=0))
            if not np.allclose(a, b, rtol=allowed, atol=allowed * scale, equal_nan=True):
                if self.jumps():
                    raise Unclear("a jump")
                return Verdict(MISMATCH, "value", f"{a}, NumPy's is {b}")
        return Verdict(AGREE)

    def jumps(self) -> bool:
        """Whether values change much between neighbouring arguments: rounding may decide."""
        reference = self.reference
        for xs in (reference.xs, nearby(reference.xs)):
            try:
                here = reference.along(xs)
                near = [reference.along(xs, (h, reference.directions.t)) for h in (1e-9, -1e-9)]
            except Unclear:
                return True
            if max(abs(v - here) for v in near) > 1e-6 * (1 + abs(here)):
                return True
        return False


def fields(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.error, estimate.size
