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
    all_steps,
    live,
    uses,
    variables,
)
from .traced import PREAMBLE
from .transforming import simpler

TRIES = 1200

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
                if weight(candidate) >= weight(finding):
                    continue
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


def weight(finding: Finding) -> float:
    """How much there is to read; what is tried must be less, so that shrinking ends."""
    try:
        case = tidied(finding.case)
    except ValueError:
        return np.inf
    steps = list(all_steps(case.program.steps))
    bodies = sum(isinstance(s, Body) for s in steps)
    formulas = sum(len(s.text) for s in steps if isinstance(s, Step))
    results = sum(len(b.result) for s in steps if isinstance(s, Body) for b in s.branches)
    kinds = sum(2 + (s.kind != "jit") for s in steps if isinstance(s, Body))
    digits = sum(len(repr(np.asarray(x).tolist())) for x in case.args)
    words = 10 * len(finding.transformation.split())
    return 40 * len(steps) + 60 * bodies + formulas + results + kinds + 0.3 * digits + words


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
    program = live(without_copies(case.program))
    used = set(program.results).union(*(uses(s) for s in program.steps))
    kept = [i for i, n in enumerate(program.arguments) if n in used]
    wanted = tuple(kept.index(i) for i in case.wanted if i in kept)
    if not wanted:
        raise ValueError("no argument is left")
    program = replace(program, arguments=tuple(program.arguments[i] for i in kept))
    return Case(program, tuple(case.args[i] for i in kept), wanted, case.seed)


def without_copies(program: Program) -> Program:
    """Variables that only repeat another one are that one."""
    steps, names = copies_followed(program.steps)
    results = tuple(dict.fromkeys(re_named(r, names) for r in program.results))
    return replace(program, steps=steps, results=results)


def copies_followed(steps: Steps) -> tuple[Steps, dict[str, str]]:
    names: dict[str, str] = {}
    found: list[Statement] = []
    for step in steps:
        (step,) = renamed((step,), names)
        if isinstance(step, Step) and VARIABLE.fullmatch(step.text):
            names[step.name] = step.text
            continue
        if isinstance(step, Body):
            branches = []
            for b in step.branches:
                inner, inner_names = copies_followed(b.steps)
                branches.append(Branch(b.params, inner, re_named(b.result, inner_names)))
            step = replace(step, branches=tuple(branches))
        found.append(step)
    return tuple(found), names


def with_simpler_transformation(finding: Finding) -> Iterator[Finding]:
    for name in simpler(finding.transformation):
        yield replace(finding, transformation=name)


def with_program(finding: Finding, program: Program) -> Finding:
    return replace(finding, case=replace(finding.case, program=program))


def values_of(case: Case) -> dict[str, Any]:
    """The last value of every variable, within bodies too, in plain Python."""
    lines, found = [], {}
    for line in case.program.text().splitlines():
        lines.append(line)
        left, separator, _ = line.partition(" = ")
        if separator:
            indent = len(line) - len(line.lstrip())
            names = variables(left)
            lines.append(" " * indent + f"record({dict_of(names)})")
        elif line.lstrip().startswith("def "):
            indent = len(line) - len(line.lstrip()) + 4
            lines.append(" " * indent + f"record({dict_of(variables(line))})")
    scope = {**plain.SCOPE, "record": found.update}
    with np.errstate(all="ignore"):
        exec("\n".join(lines), scope)
        scope["program"](*case.args)
    return found


def dict_of(names: list[str]) -> str:
    return "{" + ", ".join(f"{n!r}: {n}" for n in names) + "}"


def with_fewer_statements(finding: Finding) -> Iterator[Finding]:
    program = finding.case.program
    values = values_of(finding.case)
    if len(program.results) > 1:
        for name in program.results:
            yield with_program(finding, replace(program, results=(name,)))
    for step in program.steps:
        for name in step.targets:
            yield with_program(finding, replace(program, results=(name,)))
    for steps in shorter(program.steps, program.arguments, values):
        yield with_program(finding, replace(program, steps=steps))


def stand_ins(name: str, scope: tuple[str, ...], values: dict[str, Any]) -> list[str]:
    """What may stand for a variable: others of its shape, or a constant."""
    value = values.get(name)
    if value is None:
        return list(scope[-2:])
    like = np.asarray(value)
    same = [
        n for n in scope
        if n in values and np.shape(values[n]) == like.shape
        and np.asarray(values[n]).dtype == like.dtype
    ]  # fmt: skip
    constant = (
        f"np.full({like.shape}, 0.7)"
        if like.dtype == np.float64
        else (f"np.full({like.shape}, {like.flat[0] if like.size else 0}, np.{like.dtype.name})")
    )
    return [*dict.fromkeys((*same[:2], *same[-2:])), f"{constant}[()]"]


def shorter(steps: Steps, scope: tuple[str, ...], values: dict[str, Any]) -> Iterator[Steps]:
    """Statements without one of them, whose variable becomes another one; within bodies, too."""
    for i, step in reversed(list(enumerate(steps))):
        before, after = steps[:i], steps[i + 1 :]
        known = (*scope, *(n for s in before for n in s.targets))
        for target in step.targets:
            for text in stand_ins(target, known, values):
                if isinstance(step, Body) or text != step.text:
                    others = [Step(n, text if n == target else known[0]) for n in step.targets]
                    yield (*before, *others, *after)
        if isinstance(step, Step):
            continue
        yield from ((*before, *inlined, *after) for inlined in unnested(step))
        for j, branch in enumerate(step.branches):
            inside = (*known, *branch.params)
            for inner in shorter(branch.steps, inside, values):
                branches = (*step.branches[:j], replace(branch, steps=inner),
                            *step.branches[j + 1 :])  # fmt: skip
                yield (*before, replace(step, branches=branches), *after)
            for name in (*branch.params, *known, *(n for s in branch.steps for n in s.targets)):
                if " ; " not in branch.result and name != branch.result:
                    branches = (*step.branches[:j], replace(branch, result=name),
                                *step.branches[j + 1 :])  # fmt: skip
                    yield (*before, replace(step, branches=branches), *after)


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


def simpler_arrays(x: Any) -> Iterator[Any]:
    for axis in range(np.ndim(x)):
        if not x.shape[axis]:
            continue
        yield np.take(x, 0, axis=axis)
        if x.shape[axis] > 1:
            yield np.take(x, range(x.shape[axis] - 1), axis=axis)
    for digits in (0, 1):
        rounded = np.round(x, digits)
        distinct = np.unique(np.abs(rounded)).size == np.size(x) and np.all(rounded != 0)
        if distinct and not np.array_equal(rounded, x):
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
