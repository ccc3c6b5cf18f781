"""Which transformations a program is tried under, and what many programs show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .comparison import AGREE, MISMATCH, Subject, Verdict
from .generation import Case, generate
from .program import Body, all_steps
from .transforming import FIRST, SECOND, VALUES, WRAPPED


@dataclass(frozen=True)
class Finding:
    """A mismatch: the program, the transformation, and what was found."""

    case: Case
    transformation: str
    verdict: Verdict


@dataclass
class Tally:
    """Figures of many programs."""

    programs: int = 0
    formulas: Counter[str] = field(default_factory=Counter)
    bodies: Counter[str] = field(default_factory=Counter)
    transformations: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.programs += other.programs
        for name in ("formulas", "bodies", "transformations", "outcomes", "undecided"):
            getattr(self, name).update(getattr(other, name))
        self.findings += other.findings


REVERSE = [name for name in FIRST if name in ("vjp", "grad", "jacrev")]
REVERSE_TWICE = [name for name in SECOND if set(name.split(" of ")) <= set(REVERSE)]
"""What a function with a rule for reverse mode only lets through."""


def transformations(case: Case) -> list[tuple[str, bool]]:
    """The transformations of a program, and whether passed operands are compared with, too."""
    rng = np.random.default_rng([case.seed, 3])
    reverse = any(isinstance(s, Body) and s.kind == "custom_vjp"
                  for s in all_steps(case.program.steps))  # fmt: skip
    first, second = (REVERSE, REVERSE_TWICE) if reverse else (list(FIRST), list(SECOND))

    def derivative(names: list[str]) -> str:
        wrapped = WRAPPED[int(rng.integers(len(WRAPPED)))] if rng.random() < 0.7 else "{}"
        return wrapped.format(names[int(rng.integers(len(names)))])

    chosen = [(derivative(first), bool(rng.random() < 0.25))]
    if rng.random() < 0.35:
        chosen.append((VALUES[int(rng.integers(len(VALUES)))], False))
    if rng.random() < 0.25:
        chosen.append((derivative(second), bool(rng.random() < 0.2)))
    return chosen


def tried(seed: int) -> tuple[Case, list[tuple[str, Verdict]]]:
    """Program number ``seed`` under its transformations."""
    case = generate(seed)
    subject = Subject(case)
    return case, [(name, subject.judged(name, passed=p)) for name, p in transformations(case)]


def campaign(seeds: Iterator[int] | range) -> Tally:
    """Many programs."""
    tally = Tally()
    for seed in seeds:
        case, verdicts = tried(seed)
        tally.programs += 1
        for step in all_steps(case.program.steps):
            if isinstance(step, Body):
                tally.bodies[step.kind] += 1
            else:
                tally.formulas[step.formula] += 1
        for name, verdict in verdicts:
            tally.transformations[name] += 1
            tally.outcomes[verdict.outcome] += 1
            if verdict.outcome == MISMATCH:
                tally.findings.append(Finding(case, name, verdict))
            elif verdict.outcome != AGREE:
                tally.undecided[verdict.kind] += 1
    return tally
