"""Paths through a backward pass: left out, counted twice, or of another sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from .linear_programs import CLOSE, MOST, BackwardPass, ForwardPass, with_eqns
from .lines import Vector

TRIPLES = 16
"""Up to how many uses of values are tried three at a time."""

LARGEST_FACTOR = 8


@dataclass
class Paths:
    """The uses of values whose paths, times whole numbers, make up what is wrong."""

    right_pass: BackwardPass
    picked: Callable[[Sequence[Vector]], Vector]
    right: Vector
    gap: Vector
    tolerance: float
    count: list[int] = field(default_factory=list)
    multiplied: list[str] = field(default_factory=list)

    @cached_property
    def parts(self) -> list[tuple[Eqn, Vector]]:
        """Uses of values, and what goes through them; equal uses of one place are one."""
        parts: list[tuple[Eqn, Vector]] = []
        found = terms if isinstance(self.right_pass, ForwardPass) else cuts
        whole = [] if isinstance(self.right_pass, ForwardPass) else [self.right]  # no path of many
        for e, program in list(found(self.right_pass.program))[:MOST]:
            part = self.right - self.picked(self.right_pass.pull(program))
            if not np.max(np.abs(part), initial=0) > self.tolerance:
                continue
            if any(np.max(np.abs(part - other)) <= self.tolerance for other in whole):
                continue
            same = next((k for k, (_, p) in enumerate(parts)
                         if np.max(np.abs(part - p)) <= self.tolerance), None)  # fmt: skip
            if same is None:
                parts.append((e, part))
                self.count.append(1)
            elif parts[same][0] is not e and str(parts[same][0].source) == str(e.source):
                self.count[same] += 1
        return parts

    def single(self) -> Iterator[str]:
        """One path that is missing, has the wrong sign, or a factor of its own."""
        for (e, part), count in zip(self.parts, self.count, strict=True):
            ratio = float(part @ self.gap) / float(part @ part)
            if np.max(np.abs(ratio * part - self.gap)) > self.tolerance:
                continue
            whole = ratio / count
            if abs(whole - round(whole)) < CLOSE and 0 < abs(round(whole)) <= LARGEST_FACTOR:
                yield f"{path_at(e)} {mistake(round(whole))}"
            elif count == 2 and abs(ratio - 1) < CLOSE:
                yield f"one of two paths through {e.primitive.name} at {e.source} is missing"
            elif count == 1 and 1e-3 < abs(ratio) and abs(1 - ratio) < LARGEST_FACTOR:
                self.multiplied.append(f"{path_at(e)} has a wrong factor, {1 - ratio:.4g}")

    def several(self) -> Iterator[str]:
        """Two or three paths: missing ones first."""
        groups = [
            group
            for number in ((2, 3) if len(self.parts) <= TRIPLES else (2,))
            for group in combinations(self.parts, number)
        ]
        for group in groups:
            total = np.sum([part for _, part in group], axis=0)
            if np.max(np.abs(total - self.gap)) <= self.tolerance:
                yield " and ".join(missing(Counter(path_at(e) for e, _ in group)))
                return
        for group in groups:
            factors = whole_factors(group, self.gap, self.tolerance)
            if factors is not None:
                pairs = zip(group, factors, strict=True)
                text = " and ".join(f"{path_at(e)} {mistake(k)}" for (e, _), k in pairs)
                yield text + swapped(factors)
                return


def missing(paths: Counter[str]) -> Iterator[str]:
    """Paths that are missing, those through the same place together."""
    for path, count in paths.items():
        several = f"{count} {path.removeprefix('the ').replace('path', 'paths', 1)} are missing"
        yield f"{path} is missing" if count == 1 else several


def swapped(factors: Sequence[int]) -> str:
    """A hint where one path counts twice in the place of another one."""
    if sorted(factors) == [-1, 1]:
        return " (one stands for the other, as if a matrix were symmetric)"
    return ""


def path_at(e: Eqn) -> str:
    """The path through an equation, in words."""
    return f"the path through {e.primitive.name} at {e.source}"


def whole_factors(
    group: Sequence[tuple[Eqn, Vector]], gap: Vector, tolerance: float
) -> list[int] | None:
    """The small whole numbers, none zero, times which the parts make up the gap."""
    matrix = np.stack([part for _, part in group], axis=1)
    whole = np.rint(np.asarray(np.linalg.lstsq(matrix, gap, rcond=None)[0]))
    if np.any(whole == 0) or np.any(np.abs(whole) > LARGEST_FACTOR):
        return None
    if np.max(np.abs(matrix @ whole - gap)) > tolerance:
        return None
    return [int(k) for k in whole]


def mistake(k: int) -> str:
    """The meaning of found = right - k * part."""
    if k == 1:
        return "is missing"
    if k == 2:
        return "has the wrong sign"
    return "is counted twice" if k == -1 else f"is counted {1 - k} times"


def terms(program: Jaxpr) -> Iterator[tuple[Eqn, Jaxpr]]:
    """For each term of a sum the equation that makes it, and the program without the term."""
    made = {v: e for e in program.eqns for v in e.outvars}
    linear = set(program.invars)
    for number, e in enumerate(program.eqns):
        places = [k for k, a in enumerate(e.inputs) if type(a) is not Literal and a in linear]
        if places:
            linear.update(e.outvars)
        for place in places if len(places) > 1 else ():
            a = e.inputs[place]
            nowhere = Var(a.aval)
            inputs = [nowhere if i == place else x for i, x in enumerate(e.inputs)]
            eqns = list(program.eqns)
            eqns[number] = Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
            yield made.get(a, e), with_eqns(program, eqns, [nowhere])


def cuts(program: Jaxpr) -> Iterator[tuple[Eqn, Jaxpr]]:
    """For each use of a value that is used several times, the program where it leads nowhere."""
    linear = set(program.invars)
    count: dict[Any, int] = {}
    for e in program.eqns:
        inside = [a for a in e.inputs if type(a) is not Literal and a in linear]
        if inside:
            linear.update(e.outvars)
        for a in inside:
            count[a] = count.get(a, 0) + 1
    for number, e in enumerate(program.eqns):
        for place, a in enumerate(e.inputs):
            if type(a) is Literal or count.get(a, 0) < 2:
                continue
            nowhere = Var(a.aval)
            inputs = [nowhere if i == place else x for i, x in enumerate(e.inputs)]
            eqns = list(program.eqns)
            eqns[number] = Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
            yield e, with_eqns(program, eqns, [nowhere])
