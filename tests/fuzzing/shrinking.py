"""Making a program that shows a mismatch small, and writing it as code to copy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from . import plain
from .campaign import Finding
from .comparison import MISMATCH, Subject, Verdict
from .generation import ERRORS, LETTER, Case, admissible, function, kind_of
from .program import (
    CALLED,
    VARIABLE,
    Body,
    Branch,
    Program,
    Statement,
    Step,
    live,
    uses,
    variables,
)
from .traced import PREAMBLE
from .transforming import simpler

TRIES = 1500

Steps = tuple[Statement, ...]


def shrunk(finding: Finding, tries: int = TRIES) -> Finding:
    """The smallest finding of the same kind that small changes lead to."""
    changes: list[Callable[[Finding], Iterator[Finding]]] = [
        with_simpler_transformation, with_fewer_statements, with_simpler_bodies,
        with_simpler_text, with_simpler_arguments,
    ]  # fmt: skip
    again = True
    while again and tries > 0:
        again = False
        for change in changes:
            for candidate in change(finding):
                tries -= 1
                found = confirmed(candidate, finding.verdict)
                if found is not None:
                    finding, again = found, True
                    break
                if tries <= 0:
                    return finding
            if again:
                break
    return finding


def confirmed(candidate: Finding, like: Verdict) -> Finding | None:
    """The candidate with its own verdict, if that is of the same kind."""
    try:
        case = tidied(candidate.case)
        with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            outs = function(case.program, plain.SCOPE)(*case.args)
            if not all(admissible(o) and kind_of(o) == "f" for o in outs):
                return None
        passed = like.kind == "closed over" or like.kind.startswith("passed")
        verdict = Subject(case).judged(candidate.transformation, passed=passed)
    except (*ERRORS, NameError, UnboundLocalError, SyntaxError, KeyError):
        return None
    if verdict.outcome == MISMATCH and family(verdict) == family(like):
        return Finding(case, candidate.transformation, verdict)
    return None


def family(verdict: Verdict) -> str:
    return "value" if verdict.kind in ("zero", "value", "not finite") else verdict.kind


def tidied(case: Case) -> Case:
    """Without statements and arguments that nothing depends on."""
    program = live(case.program)
    used = set(program.results).union(*(uses(s) for s in program.steps))
    kept = [i for i, n in enumerate(program.arguments) if n in used]
    wanted = tuple(kept.index(i) for i in case.wanted if i in kept)
    if not wanted:
        raise ValueError("no argument is left")
    program = replace(program, arguments=tuple(program.arguments[i] for i in kept))
    return Case(program, tuple(case.args[i] for i in kept), wanted, case.seed)


def with_simpler_transformation(finding: Finding) -> Iterator[Finding]:
    for name in simpler(finding.transformation):
        yield replace(finding, transformation=name)


def with_program(finding: Finding, program: Program) -> Finding:
    return replace(finding, case=replace(finding.case, program=program))


def with_fewer_statements(finding: Finding) -> Iterator[Finding]:
    program = finding.case.program
    if len(program.results) > 1:
        for name in program.results:
            yield with_program(finding, replace(program, results=(name,)))
    for step in program.steps:
        for name in step.targets:
            yield with_program(finding, replace(program, results=(name,)))
    for steps in shorter(program.steps, program.arguments):
        yield with_program(finding, replace(program, steps=steps))


def shorter(steps: Steps, scope: tuple[str, ...]) -> Iterator[Steps]:
    """Statements without one of them, whose variable becomes another one; within bodies, too."""
    for i, step in enumerate(steps):
        before, after = steps[:i], steps[i + 1 :]
        known = (*scope, *(n for s in before for n in s.targets))
        if isinstance(step, Step):
            for name in dict.fromkeys((*variables(step.text), *reversed(known[-4:]))):
                yield (*before, *renamed(after, {step.name: name}))
            continue
        yield from ((*before, *inlined, *after) for inlined in unnested(step))
        for name in (*variables(" ".join(step.operands)), *reversed(known[-4:])):
            yield (*before, *renamed(after, dict.fromkeys(step.targets, name)))
        for j, branch in enumerate(step.branches):
            for inner in shorter_branch(branch, known):
                branches = (*step.branches[:j], inner, *step.branches[j + 1 :])
                yield (*before, replace(step, branches=branches), *after)


def shorter_branch(branch: Branch, known: tuple[str, ...]) -> Iterator[Branch]:
    scope = (*known, *branch.params)
    for i, step in enumerate(branch.steps):
        for steps in shorter(branch.steps[i:], (*scope, *(
            n for s in branch.steps[:i] for n in s.targets))):  # fmt: skip
            kept = {n for s in (*branch.steps[:i], *steps) for n in s.targets}
            for name in step.targets:
                result = branch.result
                if name in variables(result) and name not in kept:
                    result = re_named(result, {name: (variables_of(step) or scope[-1:])[0]})
                yield Branch(branch.params, (*branch.steps[:i], *steps), result)
    for name in (*branch.params, *(n for s in branch.steps for n in s.targets)):
        if name != branch.result:
            yield replace(branch, result=name)


def variables_of(step: Statement) -> tuple[str, ...]:
    return tuple(sorted(uses(step)))


def unnested(body: Body) -> Iterator[Steps]:
    """The statements of a body in its place, its parameter replaced by the operand."""
    for branch in body.branches:
        operand = body.operands[-1]
        if body.kind in CALLED or body.kind in ("cond", "switch"):
            names = {branch.params[0]: operand}
        elif body.kind in ("map", "vmap"):
            names = {branch.params[0]: f"{operand}[0]"}
        else:
            continue
        inner = renamed(branch.steps, names)
        result = re_named(branch.result, names)
        yield (*inner, *(Step(n, result) for n in body.targets))


def re_named(text: str, names: dict[str, str]) -> str:
    return VARIABLE.sub(lambda m: names.get(m.group(), m.group()), text)


def renamed(steps: Steps, names: dict[str, str]) -> Steps:
    found: list[Statement] = []
    for step in steps:
        if isinstance(step, Step):
            found.append(replace(step, text=re_named(step.text, names)))
            continue
        branches = tuple(
            Branch(b.params, renamed(b.steps, names), re_named(b.result, names))
            for b in step.branches
        )
        operands = tuple(re_named(o, names) for o in step.operands)
        count = re_named(step.count, names)
        found.append(replace(step, branches=branches, operands=operands, count=count))
    return tuple(found)


def with_simpler_bodies(finding: Finding) -> Iterator[Finding]:
    """Loops of fewer steps, and jit instead of other bodies."""
    program = finding.case.program
    for steps in simpler_bodies(program.steps):
        yield with_program(finding, replace(program, steps=steps))


def simpler_bodies(steps: Steps) -> Iterator[Steps]:
    for i, step in enumerate(steps):
        if not isinstance(step, Body):
            continue
        others = []
        if step.kind in CALLED and step.kind != "jit":
            others.append(replace(step, kind="jit"))
        if step.kind in ("cond", "switch"):
            operands = step.operands[1:]
            others += [replace(step, kind="jit", branches=(b,), operands=operands)
                       for b in step.branches]  # fmt: skip
            if len(step.branches) > 2:
                others.append(replace(step, branches=step.branches[:2]))
        if step.count != "1" and step.kind in ("fori_loop", "while_loop"):
            others.append(replace(step, count="1"))
        for j, branch in enumerate(step.branches):
            for inner in simpler_bodies(branch.steps):
                new = replace(branch, steps=inner)
                others.append(replace(step, branches=(
                    *step.branches[:j], new, *step.branches[j + 1 :])))  # fmt: skip
        yield from ((*steps[:i], other, *steps[i + 1 :]) for other in others)


def with_simpler_text(finding: Finding) -> Iterator[Finding]:
    """Formulas without their arithmetic: an operand alone instead of a longer expression."""
    program = finding.case.program
    for steps in simpler_texts(program.steps):
        yield with_program(finding, replace(program, steps=steps))


def simpler_texts(steps: Steps) -> Iterator[Steps]:
    for i, step in enumerate(steps):
        if isinstance(step, Step):
            for text in simpler_text(step):
                yield (*steps[:i], replace(step, text=text), *steps[i + 1 :])
            continue
        for j, branch in enumerate(step.branches):
            for inner in simpler_texts(branch.steps):
                new = replace(branch, steps=inner)
                branches = (*step.branches[:j], new, *step.branches[j + 1 :])
                yield (*steps[:i], replace(step, branches=branches), *steps[i + 1 :])
            for name in variables(branch.result):
                if name != branch.result and " ; " not in branch.result:
                    branches = (*step.branches[:j], replace(branch, result=name),
                                *step.branches[j + 1 :])  # fmt: skip
                    yield (*steps[:i], replace(step, branches=branches), *steps[i + 1 :])


def simpler_text(step: Step) -> list[str]:
    """The formula with a plain variable wherever it has an expression as an operand."""
    letters = LETTER.findall(step.formula)
    names = variables(step.text)
    found = []
    for name in names:
        text = LETTER.sub(name, step.formula)
        if letters and text != step.text and len(text) < len(step.text):
            found.append(text)
    return [*found, *(name for name in names if step.text != name)]


def with_simpler_arguments(finding: Finding) -> Iterator[Finding]:
    case = finding.case
    for i, x in enumerate(case.args):
        for other in simpler_arrays(x):
            args = (*case.args[:i], other, *case.args[i + 1 :])
            yield replace(finding, case=replace(case, args=args))
    if case.dtype == np.float32:
        args = tuple(np.asarray(x, np.float64)[()] for x in case.args)
        yield replace(finding, case=replace(case, args=args))


def simpler_arrays(x: Any) -> Iterator[Any]:
    for axis in range(np.ndim(x)):
        yield np.take(x, 0, axis=axis)
        if x.shape[axis] > 1:
            yield np.take(x, range(x.shape[axis] - 1), axis=axis)
    for digits in (0, 1):
        rounded = np.round(x, digits)
        if not np.array_equal(rounded, x) and np.unique(rounded).size == np.size(x):
            yield rounded


def code(finding: Finding) -> str:
    """A finding as Python code."""
    case = finding.case
    program = case.program
    args = "\n".join(
        f"{n} = np.array({np.asarray(x).tolist()!r}, {np.asarray(x).dtype.name!r})"
        f".reshape({np.shape(x)})[()]"
        for n, x in zip(program.arguments, case.args, strict=True)
    )
    wanted = ", ".join(program.arguments[i] for i in case.wanted)
    detail = finding.verdict.detail.splitlines()[0] if finding.verdict.detail else ""
    return "\n".join([
        f"# program {case.seed}: {finding.transformation} with respect to {wanted}",
        f"# {finding.verdict.kind}: {detail}",
        program.text().rstrip(),
        "",
        "",
        args,
    ])  # fmt: skip


def standalone(finding: Finding) -> str:
    """The same with the imports that it needs."""
    return f"{PREAMBLE}\n\n{code(finding)}"
