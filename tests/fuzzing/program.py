"""Random programs as trees of statements, and how they are written.

A body is a Python function inside of the program. It uses variables of the scopes around it, and
``jit(body)``, ``lax.scan(body, ...)`` and so on call it. The same program can also be written so
that bodies are passed whatever they use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

VARIABLE = re.compile(r"\b[xvp]\d+\b")

CALLED = ("jit", "checkpoint", "custom_jvp", "custom_vjp")
"""Kinds of bodies that are called with an operand."""

LOOPS = ("scan", "fori_loop", "while_loop", "map", "vmap")
BRANCHES = ("cond", "switch")
KINDS = (*CALLED, *LOOPS, *BRANCHES)
RULES = ("custom_jvp", "custom_vjp")
"""Bodies that must be passed what they use: their rules say nothing of anything else."""


@dataclass(frozen=True)
class Step:
    """A variable and the formula it is set to; ``formula`` names what the text was made of."""

    name: str
    text: str
    formula: str = ""

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.name,)


@dataclass(frozen=True)
class Branch:
    """A function inside of a program."""

    params: tuple[str, ...]
    steps: tuple[Any, ...]
    result: str


@dataclass(frozen=True)
class Body:
    """A call of a transformation or of control flow: the variables it sets, and its functions.

    ``operands`` are what parameters stand for: a value; the first carry and the rows of a scan;
    the first carry of loops; the rows of map and vmap; predicate or index, and a value.
    ``count`` is the number of steps of a loop, as text.
    """

    targets: tuple[str, ...]
    kind: str
    branches: tuple[Branch, ...]
    operands: tuple[str, ...]
    count: str = "2"


Statement = Step | Body


@dataclass(frozen=True)
class Program:
    """A function of arrays that returns a tuple."""

    arguments: tuple[str, ...]
    steps: tuple[Statement, ...]
    results: tuple[str, ...]

    def text(self, *, passed: bool = False) -> str:
        """The program as Python code."""
        writer = Writer(passed)
        lines = writer.block(self.steps)
        lines.append(f"return ({', '.join(self.results)},)")
        return f"def program({', '.join(self.arguments)}):\n" + indented(lines) + "\n"


def indented(lines: Iterable[str]) -> str:
    return "\n".join(f"    {line}" for part in lines for line in part.splitlines())


def variables(text: str) -> list[str]:
    return list(dict.fromkeys(VARIABLE.findall(text)))


def tupled(parts: Iterable[str]) -> str:
    parts = list(parts)
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


class Writer:
    """Writes statements; ``passed``: bodies get what they use as arguments."""

    def __init__(self, passed: bool) -> None:
        self.passed = passed

    def block(self, steps: Iterable[Statement]) -> list[str]:
        return [line for step in steps for line in self.statement(step)]

    def statement(self, step: Statement) -> list[str]:
        if isinstance(step, Step):
            return [f"{step.name} = {step.text}"]
        return self.body(step)

    def body(self, body: Body) -> list[str]:
        names = [f"f{body.targets[0][1:]}_{i}" for i in range(len(body.branches))]
        extra: list[str] = []
        if self.passed or body.kind in RULES:
            frees = [sorted(free(b)) for b in body.branches]
            if body.kind == "while_loop":
                frees.append(variables(body.count))
            extra = list(dict.fromkeys(name for free in frees for name in free))
        lines = []
        for name, branch in zip(names, body.branches, strict=True):
            lines += self.function(name, body.kind, branch, extra)
        return [*lines, *self.call(names, body, extra)]

    def function(self, name: str, kind: str, branch: Branch, extra: list[str]) -> list[str]:
        """A function whose parameters or carry also hold ``extra``."""
        params, result, first = list(branch.params), branch.result, []
        if not extra or kind not in ("scan", "fori_loop", "while_loop"):
            params += extra
        if kind == "while_loop":
            first = [f"{tupled([*branch.params, *extra])} = t"]
            params, result = ["t"], tupled([f"{branch.params[0]} + 1", result, *extra])
        elif extra and kind == "fori_loop":
            first = [f"{tupled([branch.params[1], *extra])} = t"]
            params, result = [branch.params[0], "t"], tupled([result, *extra])
        elif extra and kind == "scan":
            first = [f"{tupled([branch.params[0], *extra])} = t"]
            carry, y = result.split(" ; ")
            params, result = ["t", branch.params[1]], f"{tupled([carry, *extra])}, {y}"
        if kind == "scan":
            result = result.replace(" ; ", ", ")
        inner = [*first, *self.block(branch.steps), f"return {result}"]
        return [f"def {name}({', '.join(params)}):", indented(inner)]

    def call(self, names: list[str], body: Body, extra: list[str]) -> list[str]:
        kind, name, operands = body.kind, names[0], body.operands
        target = body.targets[0]
        args = ", ".join([*operands, *extra])
        if kind in CALLED:
            return [f"{target} = {kind}({name})({args})"]
        if kind == "scan":
            both = ", ".join(body.targets)
            if not extra:
                return [f"{both} = lax.scan({name}, {operands[0]}, {operands[1]})"]
            carry = tupled([operands[0], *extra])
            return [f"({target}, *_), {body.targets[1]} = lax.scan({name}, {carry}, {operands[1]})"]
        if kind == "fori_loop":
            carry = tupled([operands[0], *extra]) if extra else operands[0]
            last = "[0]" if extra else ""
            return [f"{target} = lax.fori_loop(0, {body.count}, {name}, {carry}){last}"]
        if kind == "while_loop":
            count = body.count
            if count in extra:
                count = f"t[{2 + extra.index(count)}]"
            carry = tupled(["0", operands[0], *extra])
            return [f"{target} = lax.while_loop(lambda t: t[0] < {count}, {name}, {carry})[1]"]
        if kind == "map":
            if not extra:
                return [f"{target} = lax.map({name}, {operands[0]})"]
            rows = f"[np.stack([e] * len({operands[0]})) for e in {tupled(extra)}]"
            return [f"{target} = lax.map(lambda t: {name}(*t), ({operands[0]}, *{rows}))"]
        if kind == "vmap":
            axes = f", in_axes={tupled(['0', *['None'] * len(extra)])}" if extra else ""
            return [f"{target} = vmap({name}{axes})({args})"]
        rest = ", ".join([*operands[1:], *extra])
        if kind == "cond":
            return [f"{target} = lax.cond({operands[0]}, {names[0]}, {names[1]}, {rest})"]
        return [f"{target} = lax.switch({operands[0]}, [{', '.join(names)}], {rest})"]


def uses(step: Statement) -> set[str]:
    """The variables that a statement depends on."""
    if isinstance(step, Step):
        return set(variables(step.text))
    used = set(variables(" ".join([*step.operands, step.count])))
    return used.union(*(free(branch) for branch in step.branches))


def free(branch: Branch) -> set[str]:
    """What a function uses of the scopes around it."""
    inner = set(variables(branch.result)).union(*(uses(s) for s in branch.steps))
    return inner - {*branch.params, *(name for s in branch.steps for name in s.targets)}


def pruned(steps: tuple[Statement, ...], wanted: Iterable[str]) -> tuple[Statement, ...]:
    """The statements that some variables depend on, within bodies too."""
    needed, kept = set(wanted), []
    for step in reversed(steps):
        if needed.isdisjoint(step.targets):
            continue
        if isinstance(step, Body):
            branches = tuple(
                replace(b, steps=pruned(b.steps, variables(b.result))) for b in step.branches
            )
            step = replace(step, branches=branches)
        kept.append(step)
        needed |= uses(step)
    return tuple(reversed(kept))


def live(program: Program) -> Program:
    return replace(program, steps=pruned(program.steps, program.results))


def all_steps(steps: Iterable[Statement]) -> Iterator[Statement]:
    for step in steps:
        yield step
        if isinstance(step, Body):
            for branch in step.branches:
                yield from all_steps(branch.steps)
