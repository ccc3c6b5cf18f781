"""Steps that go through the same rows one after the other, so that rows stay in the cache.

Softmax, normalisations and their gradients are maps and reductions over one shape. Done one by one
over a large array each of them reads and writes memory; here a few rows go through all of them,
then the next few.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ...core.jaxpr import Eqn, Literal
from ..groups import Map, Step
from . import reductions
from .places import is_small, kind_of_var, size_of
from .steps import is_reshape

LEAST_BYTES = 1 << 17
"""Arrays that are smaller altogether stay in the cache anyway."""

MOST_BYTES = 1 << 17
"""Bytes of the rows that go through the steps together, if one row is not more."""

LONGEST = 1 << 19
"""Rows of more bytes are not taken one by one."""


class Block:
    """Steps that are done for a few rows at a time.

    A row is what belongs to one index of the leading axes. Within the block every value is read
    in the row in which it is made; reductions along the leading axes are complete after it.

    Attributes:
        lead: the lengths of the leading axes.
        steps: maps, some of them of nothing but a reduction, and reshapes that keep those axes.
        inputs: variables from outside.
        results: variables that are read outside.
    """

    __slots__ = ("inputs", "lead", "made", "results", "steps", "totals")

    def __init__(self, lead: tuple[int, ...]) -> None:
        self.lead: tuple[int, ...] = lead
        self.steps: list[Step] = []
        self.inputs: list[Any] = []
        self.results: list[Any] = []
        self.made: set[Any] = set()
        self.totals: set[Any] = set()

    def takes(self, step: Step) -> bool:
        """True if a step can be the next one."""
        lead, k = self.lead, len(self.lead)
        if not isinstance(step, Map):
            x, out = step.inputs[0].aval.shape, step.outvars[0].aval.shape
            return is_reshape(step) and x[:k] == lead == out[:k] and step.inputs[0] in self.made
        if step.first or step.shape[:k] != lead or not size_of(step.shape):
            return False
        if step.reductions:
            axes = set(step.reductions[0].params["axes"])
            if axes & set(range(k)) and not axes >= set(range(k)):
                return False
        inside = [v for v in step.inputs if v in self.made]
        if not self.totals.isdisjoint(inside):
            return False
        shapes = [v.aval.shape for v in inside]
        return all(len(s) == len(step.shape) and s[:k] == lead for s in shapes)

    def add(self, step: Step) -> None:
        """Append a step that is taken."""
        self.steps.append(step)
        made = step.results if isinstance(step, Map) else step.outvars
        self.made.update(made)
        if isinstance(step, Map) and step.reductions and 0 in step.reductions[0].params["axes"]:
            self.totals.update(e.outvars[0] for e in step.reductions)

    def reads(self, step: Any) -> bool:
        """True if a step reads what is made here."""
        return any(a in self.made for a in step.inputs if type(a) is not Literal)

    def row_bytes(self) -> int:
        """Bytes of one row of all arrays."""
        k = len(self.lead)
        variables = {v for step in self.steps for v in (*_inputs(step), *_results(step))}
        shapes = [(v.aval.shape, kind_of_var(v).size) for v in variables - self.totals]
        return sum(size_of(s[k:]) * n for s, n in shapes if s[:k] == self.lead)

    def is_worth_it(self) -> bool:
        """True if there is something to be kept in the cache, and rows fit there."""
        maps = [s for s in self.steps if isinstance(s, Map)]
        row = self.row_bytes()
        return len(maps) > 1 and row * size_of(self.lead) > LEAST_BYTES and row <= LONGEST

    def rows(self) -> int:
        """So many rows along the last of the leading axes are taken together."""
        length = self.lead[-1]
        wanted = max(1, min(length, MOST_BYTES // max(1, self.row_bytes())))
        even = [n for n in range(1, wanted + 1) if length % n == 0]
        return even[-1] if 2 * even[-1] >= wanted else wanted


def _inputs(step: Step) -> list[Any]:
    return [a for a in step.inputs if type(a) is not Literal]


def _results(step: Any) -> Sequence[Any]:
    return step.outvars if isinstance(step, Eqn) else step.results  # type: ignore[no-any-return]


def blocked(steps: Sequence[Step], results: Sequence[Any]) -> list[Any]:
    """Steps, those of them in blocks that go through the same rows.

    Args:
        steps: in an order in which they can be done.
        results: what is read after them.
    """
    done: list[Any] = []
    later: list[Step] = []
    opened: Block | None = None

    def close() -> None:
        nonlocal opened
        if opened is not None:
            done.extend(_settled(opened))
        done.extend(later)
        later.clear()
        opened = None

    for given in steps:
        step = given if _is_small(given) else as_map(given)
        waits = _reads(step, later)
        if opened is not None and not waits and opened.takes(step):
            opened.add(step)
        elif opened is not None and not _can_open(step, _size(opened.steps[0])):
            if waits or opened.reads(step):
                later.append(step)
            else:
                done.append(step)
        else:
            close()
            if _can_open(step):
                opened = _opened(step)
            else:
                done.append(step)
    close()
    _connect(done, results)
    return done


def as_map(step: Step) -> Step:
    """A reduction as a map that reduces what it reads."""
    if isinstance(step, Map) or not reductions.takes(step) or type(step.inputs[0]) is Literal:
        return step
    made = Map(step.inputs[0].aval.shape)
    made.beside, made.reductions = [step.inputs[0]], [step]
    return made


def _is_small(step: Step) -> bool:
    return not isinstance(step, Map) and all(is_small(a.aval.shape) for a in step.inputs)


def _size(step: Step) -> int:
    return size_of(step.shape) if isinstance(step, Map) else 0


def _can_open(step: Step, more_than: int = LEAST_BYTES // 16) -> bool:
    """True for maps of many elements, with rows."""
    if not isinstance(step, Map) or step.first:
        return False
    return len(step.shape) > 1 and _size(step) > more_than


def _reads(step: Step, others: Sequence[Step]) -> bool:
    """True if a step reads what others make."""
    made = {v for other in others for v in _results(other)}
    return not made.isdisjoint(_inputs(step))


def _opened(step: Any) -> Block:
    """A block that begins with a map, with so many leading axes that rows are short."""
    k = 1
    while k < len(step.shape) - 1 and size_of(step.shape[k:]) * 4 > MOST_BYTES:
        k += 1
    for lead in (step.shape[:j] for j in range(k, 0, -1)):
        block = Block(lead)
        if block.takes(step):
            block.add(step)
            return block
    raise AssertionError("a map has a leading axis")  # reductions of all axes are taken


def _settled(block: Block) -> list[Any]:
    """A block, or its steps where it is not worth it."""
    while block.steps and not isinstance(block.steps[-1], Map):
        rest = block.steps.pop()
        return [*_settled(_rebuilt(block)), rest]
    return [block] if block.is_worth_it() else list(block.steps)


def _rebuilt(block: Block) -> Block:
    made = Block(block.lead)
    for step in block.steps:
        made.add(step)
    return made


def _connect(steps: Sequence[Any], results: Sequence[Any]) -> None:
    """Find out what blocks read, and what is read of them."""
    wanted = {a for a in results if type(a) is not Literal}
    for step in reversed(steps):
        if isinstance(step, Block):
            inputs = itertools.chain.from_iterable(map(_inputs, step.steps))
            step.inputs = [v for v in dict.fromkeys(inputs) if v not in step.made]
            step.results = [v for s in step.steps for v in _results(s) if v in wanted]
        wanted.update(a for a in step.inputs if type(a) is not Literal)


__all__ = ["Block", "as_map", "blocked"]
