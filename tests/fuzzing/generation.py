"""Random programs, made statement by statement on the values that NumPy computes meanwhile.

Program number n is always the same: the number is the seed of its generator.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import plain
from .operations import CONVERSIONS, FLOATS, PLAIN
from .program import (
    BRANCHES,
    CALLED,
    KINDS,
    Body,
    Branch,
    Program,
    Statement,
    Step,
    Writer,
    live,
    uses,
)

SHAPES = (
    (), (1,), (2,), (3,), (3,), (4,), (2, 3), (3, 2), (2, 2), (3, 3), (1, 3), (2, 1), (2, 1, 2),
    (2, 2, 3), (0,), (1, 1),
)  # fmt: skip
LARGEST = 50.0
MOST_ELEMENTS = 36
DEPTH = 3
CLOSED_OVER = 0.6
"""How often a formula in a body takes a variable from outside of it, if there is one."""
LETTER = re.compile(r"\{([a-z])\}")

Values = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A program with arguments, and which of them are differentiated."""

    program: Program
    args: tuple[Any, ...]
    wanted: tuple[int, ...]
    seed: int

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.asarray(self.args[0]).dtype


class Rejected(Exception):
    """No statement of a kind was found that applies."""


def kind_of(x: Any) -> str:
    return np.asarray(x).dtype.kind


FITS: dict[str, Callable[[Any], bool]] = {
    "s": lambda x: kind_of(x) == "f" and np.ndim(x) == 0,
    "v": lambda x: kind_of(x) == "f" and np.ndim(x) == 1,
    "w": lambda x: kind_of(x) == "f" and np.ndim(x) == 1,
    "r": lambda x: kind_of(x) == "f" and np.ndim(x) == 2,
    "q": lambda x: kind_of(x) == "f" and np.ndim(x) == 2 and x.shape[0] == x.shape[1],
    "p": lambda x: kind_of(x) == "f" and np.min(x, initial=9.0) > 0.2,
    "m": lambda x: kind_of(x) == "b",
    "n": lambda x: kind_of(x) == "b",
    "i": lambda x: kind_of(x) in "iu",
    "j": lambda x: kind_of(x) in "iu",
    "k": lambda x: kind_of(x) in "iu" and np.ndim(x) == 0,
    "d": lambda x: False,
}
"""Which values may be an operand of a kind; those without an entry may be any float array."""


def admissible(x: Any) -> bool:
    """Whether a value is one that programs may go on with."""
    dtype = np.asarray(x).dtype
    if dtype.kind not in "fbi" or np.size(x) > MOST_ELEMENTS or np.ndim(x) > 3:
        return False
    if dtype.kind != "f":
        return True
    return bool(np.all(np.isfinite(x)) and np.max(np.abs(x), initial=0) < LARGEST)


def generate(seed: int) -> Case:
    """Program number ``seed``."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        while True:
            case = Generator(rng).case(seed)
            if case is not None:
                return case


class Generator:
    """The state of making one program.

    It knows the random numbers, how many names there are, and which are outside of the function
    that is being made.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.names = 0
        self.outside: tuple[str, ...] = ()

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def pick(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def name(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names - 1}"

    def case(self, seed: int) -> Case | None:
        dtype = np.float32 if self.chance(0.1) else np.float64
        count = 1 + int(self.chance(0.5)) + int(self.chance(0.15))
        shape = self.pick(SHAPES)
        values: Values = {}
        for _ in range(count):
            values[self.name("x")] = self.rng.uniform(-2, 2, shape).astype(dtype)[()]
            if self.chance(0.5):
                shape = self.pick(SHAPES)
        arguments = tuple(values)
        steps = self.statements(values, 1 + int(self.rng.integers(5)), 0)
        floats = [n for n, x in values.items() if kind_of(x) == "f" and n not in arguments]
        if not floats:
            return None
        results = [floats[-1]]
        if self.chance(0.3):
            results.append(self.pick(floats))
        program = live(Program(arguments, tuple(steps), tuple(dict.fromkeys(results))))
        used = set().union(*(uses(s) for s in program.steps))
        kept = [n for n in arguments if n in used]
        if not kept:
            return None
        program = Program(tuple(kept), program.steps, program.results)
        wanted = tuple(range(len(kept)))
        if len(kept) > 1 and self.chance(0.3):
            wanted = (int(self.rng.integers(len(kept))),)
        case = Case(program, tuple(values[n] for n in kept), wanted, seed)
        return case if runs(case) else None

    # --- statements -------------------------------------------------------------------------------

    def statements(self, values: Values, count: int, depth: int) -> list[Statement]:
        """Statements that were run on some values, to which they add theirs."""
        found: list[Statement] = []
        for _ in range(count):
            try:
                nested = depth < DEPTH and self.chance(0.6 if depth == 0 else 0.3)
                found.append(self.body(values, depth) if nested else self.step(values))
            except Rejected:
                continue
        return found

    def step(self, values: Values) -> Step:
        for _ in range(12):
            groups = FLOATS if self.chance(0.78) else PLAIN
            formula = self.pick(self.pick(groups))
            text = self.filled(formula, values)
            value = evaluated(text, values)
            if value is not None and admissible(value):
                name = self.name("v")
                values[name] = value
                return Step(name, text, formula)
        raise Rejected

    def filled(self, formula: str, values: Values) -> str:
        """A formula with variables for its letters, the same for the same letter."""
        chosen: dict[str, str] = {}

        def operand(match: Any) -> str:
            letter = match.group(1)
            if letter not in chosen:
                chosen[letter] = self.operand(letter, values)
            return chosen[letter]

        return LETTER.sub(operand, formula)

    def operand(self, letter: str, values: Values) -> str:
        fits = FITS.get(letter, lambda x: kind_of(x) == "f")
        names = [n for n, x in values.items() if fits(x)]
        if names and (letter not in CONVERSIONS or self.chance(0.7)):
            closed_over = [n for n in names if n in self.outside]
            if closed_over and self.chance(CLOSED_OVER):
                return self.pick(closed_over)
            return names[-1] if self.chance(0.35) else self.pick(names)
        return self.filled(self.pick(CONVERSIONS[letter]), values)

    # --- bodies -----------------------------------------------------------------------------------

    def body(self, values: Values, depth: int) -> Body:
        for _ in range(4):
            kind = self.pick(KINDS)
            made = self.attempt(kind, values, depth)
            if made is None:
                continue
            results = executed(made, values)
            if results is not None and all(map(admissible, results)):
                values.update(zip(made.targets, results, strict=True))
                return made
        raise Rejected

    def attempt(self, kind: str, values: Values, depth: int) -> Body | None:
        if kind in CALLED:
            return self.called(kind, values, depth)
        if kind in BRANCHES:
            return self.branching(kind, values, depth)
        return self.loop(kind, values, depth)

    def floats(self, values: Values, min_ndim: int = 0) -> str | None:
        names = [
            n
            for n, x in values.items()
            if kind_of(x) == "f" and np.ndim(x) >= min_ndim and (not min_ndim or 0 < len(x) < 5)
        ]
        return self.pick(names) if names else None

    def inner(self, values: Values, params: Values, depth: int) -> tuple[tuple[Any, ...], str, Any]:
        """The statements of a function, the name of a float among its variables and its value."""
        scope = {**values, **params}
        before, self.outside = self.outside, tuple(values)
        steps = self.statements(scope, 1 + int(self.rng.integers(2)), depth + 1)
        self.outside = before
        made = [n for s in steps for n in s.targets if kind_of(scope[n]) == "f"]
        result = made[-1] if made else list(params)[-1]
        return tuple(steps), result, scope[result]

    def called(self, kind: str, values: Values, depth: int) -> Body | None:
        operand = self.floats(values)
        if operand is None:
            return None
        param = self.name("p")
        steps, result, _ = self.inner(values, {param: values[operand]}, depth)
        branch = Branch((param,), steps, result)
        return Body((self.name("v"),), kind, (branch,), (operand,))

    def branching(self, kind: str, values: Values, depth: int) -> Body | None:
        operand = self.floats(values)
        if operand is None:
            return None
        if kind == "cond":
            scalar = self.filled(self.pick(("np.sum({a}) > 0.0317", "np.any({m})")), values)
        else:
            scalar = self.filled(self.pick(("{k}", "{k} % 2", "np.argmax({v})")), values)
        branches: list[Branch] = []
        like = None
        for _ in range(2 if kind == "cond" else 2 + int(self.chance(0.3))):
            param = self.name("p")
            steps, result, value = self.inner(values, {param: values[operand]}, depth)
            like = value if like is None else like
            branches.append(Branch((param,), steps, shaped(result, value, like)))
        return Body((self.name("v"),), kind, tuple(branches), (scalar, operand))

    def loop(self, kind: str, values: Values, depth: int) -> Body | None:
        rows = self.floats(values, 1) if kind in ("scan", "map", "vmap") else None
        if kind in ("map", "vmap"):
            if rows is None:
                return None
            param = self.name("p")
            steps, result, _ = self.inner(values, {param: values[rows][0]}, depth)
            return Body((self.name("v"),), kind, (Branch((param,), steps, result),), (rows,))
        carry = self.floats(values)
        if carry is None or (kind == "scan" and rows is None):
            return None
        c, other = self.name("p"), self.name("p")
        start = {c: values[carry], other: values[rows][0] if rows else np.int64(0)}
        steps, result, value = self.inner(values, start, depth)
        fitted = carried(result, value, c, values[carry])
        if kind == "scan":
            branch = Branch((c, other), steps, f"{fitted} ; {result}")
            return Body((self.name("v"), self.name("v")), kind, (branch,), (carry, str(rows)))
        branch = Branch((other, c), steps, fitted)
        count = str(1 + int(self.rng.integers(3)))
        counts = [n for n, x in values.items() if FITS["k"](x) and 0 <= x < 4]
        if kind == "while_loop" and counts and self.chance(0.5):
            count = self.pick(counts)
        return Body((self.name("v"),), kind, (branch,), (carry,), count)


def carried(result: str, value: Any, carry: str, like: Any) -> str:
    """A next carry that a result has a part in."""
    part = result if np.shape(value) == np.shape(like) else f"np.sum({result})"
    text = f"0.5 * {carry} + 0.5 * np.sin({part})"
    if np.asarray(value).dtype != np.asarray(like).dtype:
        text = f"({text}).astype({carry}.dtype)"
    return text


def shaped(result: str, value: Any, like: Any) -> str:
    """A result in the shape and dtype of another."""
    value, like = np.asarray(value), np.asarray(like)
    if value.shape == like.shape and value.dtype == like.dtype:
        return result
    text = f"np.sin(np.sum({result})) + np.zeros({like.shape})"
    return text if like.dtype == np.float64 else f"({text}).astype(np.{like.dtype})"


# --- evaluation -----------------------------------------------------------------------------------

ERRORS = (ValueError, TypeError, IndexError, ArithmeticError, AttributeError, Warning,
          np.linalg.LinAlgError)  # fmt: skip


def evaluated(text: str, values: Values) -> Any:
    """The value of an expression by NumPy, or None if it has none."""
    try:
        value = eval(text, dict(plain.SCOPE), values)
    except ERRORS:
        return None
    return value[()] if isinstance(value, np.ndarray) else value


def executed(body: Body, values: Values) -> list[Any] | None:
    """The values that a body sets by plain Python, or None."""
    scope = {**plain.SCOPE, **values}
    try:
        exec("\n".join(Writer(False).statement(body)), scope)
    except ERRORS:
        return None
    return [scope[name][()] for name in body.targets]


def runs(case: Case) -> bool:
    """Whether the program runs in plain Python, with finite results."""
    try:
        outs = function(case.program, plain.SCOPE)(*case.args)
    except ERRORS:
        return False
    return all(admissible(o) and kind_of(o) == "f" for o in outs)


def function(program: Program, scope: Values, *, passed: bool = False) -> Callable[..., Any]:
    """The function that a program's text defines among some names."""
    names = dict(scope)
    exec(compile(program.text(passed=passed), "<program>", "exec"), names)
    made: Callable[..., Any] = names["program"]
    return made
