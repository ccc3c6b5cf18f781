"""Whole random programs: functions with their source and example arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...typing import PyTree
from .arrays import arrays
from .dimensions import Sizes
from .domains import interval
from .operations import PLAIN, WITH_CONTROL_FLOW, Operation, Value, candidates
from .shapes import shapes
from .trees import recipe_of

ARGUMENTS = interval(-2.0, 2.0)
"""The domain that arguments are drawn from."""

CHOICES: SearchStrategy[tuple[int, ...]] = st.tuples(*[st.integers(0, 839)] * 4)
"""The choice of an operation: its operands, its family and which of the family."""

NAMES = ("x", "y", "z")
"""Names of up to three arguments."""


@dataclass(frozen=True, repr=False)
class Program:
    """A function made of single operations, with arguments to call it with.

    It is called as ``program(*program.args)``; printing it shows its source.
    """

    text: str
    args: tuple[np.ndarray, ...]
    function: Any = field(init=False, compare=False)

    def __post_init__(self) -> None:
        scope: dict[str, Any] = {}
        exec(compile(self.text, "<random program>", "exec"), scope)
        object.__setattr__(self, "function", scope["program"])

    def __call__(self, *args: PyTree) -> Any:
        """Run the program."""
        return self.function(*args)

    def source(self) -> str:
        """The program as text: imports, and a function named ``program``."""
        return self.text

    def __repr__(self) -> str:
        return self.text


def programs(
    max_size: int = 8, *, inputs: PyTree = None, control_flow: bool = False
) -> SearchStrategy[Program]:
    """Programs of NumPy operations that can be differentiated at their arguments.

    Elementwise functions, broadcasting, reductions, reshapes, indexing, joins, sorts, products
    and linear algebra on positive definite matrices, all on float64 and away from singular
    points. They shrink to few operations on small arrays.

    Args:
        max_size: greatest number of operations.
        inputs: a tuple that describes the arguments, as in ``from_spec``: real arrays, of
            magnitudes up to 30. By default one or two arrays with elements between -2 and 2.
        control_flow: whether there are also loops and branches of ``funcgrad.lax``.

    Returns:
        A strategy for ``Program`` objects.

    >>> from hypothesis import find
    >>> program = find(programs(), lambda program: "np.sum" in program.source())
    >>> program.source().splitlines()[0]
    'import numpy as np'
    """

    def build(draw: DrawFn) -> Program:
        steps = draw(st.lists(CHOICES, min_size=1, max_size=max_size))
        args = arguments(draw, inputs)
        names = [NAMES[i] if i < len(NAMES) else f"x{i}" for i in range(len(args))]
        values = [
            Value(name, np.shape(x), float(np.min(x)), float(np.max(x)))
            for name, x in zip(names, args, strict=True)
        ]
        families = WITH_CONTROL_FLOW if control_flow else PLAIN
        lines: list[tuple[str, str]] = []
        for choices in steps:
            made = operation(values, families, choices)
            name = f"v{len(lines)}"
            lines.append((name, made.text))
            values.append(made._replace(text=name))
        used = live(lines)
        kept = [i for i, name in enumerate(names) if name in used or inputs is not None]
        text = written([names[i] for i in kept], [line for line in lines if line[0] in used])
        return Program(text, tuple(args[i] for i in kept))

    return st.composite(build)()


def operation(
    values: list[Value], families: tuple[Operation, ...], choices: tuple[int, ...]
) -> Value:
    """The operation that a few numbers choose; 0 chooses the first value, family and member."""
    latest = values[-1:]
    a = picked([*values, *latest * (3 * len(values))], choices[0])
    b = picked([*values, *latest * 2], choices[1])
    first = choices[2] % len(families)
    return picked(candidates(families[first:] + families[:first], a, b), choices[3])


def picked(options: Sequence[Any], choice: int) -> Any:
    """One of several objects."""
    return options[choice % len(options)]


def arguments(draw: DrawFn, inputs: PyTree) -> tuple[Any, ...]:
    """The arguments of a program."""
    if inputs is not None:
        return tuple(recipe_of(tuple(inputs))(draw, Sizes(draw)))
    array = arrays(shapes(min_dims=0, max_dims=2, max_side=3), np.float64, ARGUMENTS)
    first = draw(array)
    if not draw(st.booleans()):
        return (first,)
    same = arrays(np.shape(first), np.float64, ARGUMENTS)
    return first, draw(st.one_of(same, array))


def live(lines: list[tuple[str, str]]) -> set[str]:
    """The names that the last line depends on, itself included."""
    used = {lines[-1][0]}
    for name, text in reversed(lines):
        if name in used:
            used.update(re.findall(r"\b[a-z]\d*\b", text))
    return used


def written(names: list[str], lines: list[tuple[str, str]]) -> str:
    """The source of a program."""
    order = {name: f"v{i}" for i, (name, _) in enumerate(lines)}
    renamed = [
        (order[name], re.sub(r"\bv\d+\b", lambda m: order[m.group()], text)) for name, text in lines
    ]
    imports = "import numpy as np\n"
    if any("lax." in text for _, text in lines):
        imports += "from funcgrad import lax\n"
    body = [f"    {name} = {text}\n" for name, text in renamed[:-1]]
    result = f"    return {renamed[-1][1]}\n"
    return f"{imports}\n\ndef program({', '.join(names)}):\n{''.join(body)}{result}"
