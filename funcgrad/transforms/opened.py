"""Recording with loops, branches and custom rules opened: one flat list of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.source import current_source
from ..core.tracing import aval_of
from ..ops.families import Control
from ..ops.shape import cast, definite, reshape
from ..ops.structural.joining import concatenate
from .recording import Operation, RecordTrace, run_recorded


class Turn(NamedTuple):
    """One turn of a loop: the loop's name and line, and the number of the turn from 0."""

    loop: str
    number: int
    source: Any

    def __str__(self) -> str:
        at = f" at {self.source}" if self.source else ""
        return f"turn {self.number} of the {self.loop}{at}"


@dataclass
class Recording:
    """The operations of a function that was run.

    ``origins`` says which result of which operation each of ``outs`` is, as in ``Operation``;
    ``turns`` in which turns of loops an operation was carried out, outermost first.
    """

    operations: list[Operation]
    outs: list[Any]
    origins: list[Any]
    turns: dict[Operation, tuple[Turn, ...]]


class OpeningTrace(RecordTrace):
    """Records the operations inside of loops, branches and custom rules in place of these.

    ``most`` turns of each loop; None for all.
    """

    __slots__ = ("most", "running", "turns")

    def __init__(self, owner: str, most: int | None = None) -> None:
        super().__init__(owner)
        self.most: int | None = most
        self.running: tuple[Turn, ...] = ()
        self.turns: dict[Operation, tuple[Turn, ...]] = {}

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        if isinstance(prim, Control) and prim.open is not None:
            return tuple(prim.open(self, args, **params))
        before = len(self.operations)
        outs = super().process(prim, args, params)
        if self.running:
            self.turns.update(dict.fromkeys(self.operations[before:], self.running))
        return outs

    def run(self, fun: Any, args: Sequence[Any]) -> list[Any]:
        """Evaluate a jaxpr or call a flat function."""
        return eval_jaxpr(fun, fun.consts, args) if isinstance(fun, Jaxpr) else list(fun(*args))

    def stacked(self, rows: list[Any], avals: Sequence[Any]) -> list[Any]:
        """The results of the turns of a loop, one array per output."""
        return stacked(rows, avals)

    @contextmanager
    def turn(self, loop: str, number: int) -> Iterator[None]:
        """Operations inside belong to one turn of a loop."""
        outer, source = self.running, current_source(4)
        self.running = (*outer, Turn(loop, number, source))
        try:
            yield
        finally:
            self.running = outer


def stacked(rows: list[Any], avals: Sequence[Any]) -> list[Any]:
    """The results of the turns of a loop, one array per output."""
    if not rows:
        return [np.empty((0, *a.shape), a.dtype) for a in avals]
    results: list[Any] = []
    for column in zip(*rows, strict=True):
        parts = [reshape(definite(x), shape=(1, *aval_of(x).shape)) for x in column]
        results.append(concatenate(*parts, axis=0))
    return [cast(x, a.dtype) for x, a in zip(results, avals, strict=True)]


def record_opened(fun: Callable[..., Sequence[Any]], args: Sequence[Any], owner: str) -> Recording:
    """Run a function of flat arguments and keep what it does, also inside of loops and branches.

    Args:
        fun: flat arguments to flat results.
        args: its arguments: arrays and numbers.
        owner: of the function, for messages.

    Returns:
        The recording. Operations of loops are repeated, turn by turn.
    """
    trace = OpeningTrace(owner)
    values, origins = run_recorded(trace, fun, args)
    return Recording(trace.operations, values, origins, trace.turns)


class PeekingTrace(OpeningTrace):
    """Records loops and branches as they are, and before them what is done in their first turns."""

    __slots__ = ()

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if isinstance(prim, Control) and prim.open is not None and not prim.user_rule:
            prim.open(self, args, **params)
        return RecordTrace.process(self, prim, args, params)


def record_inside(operation: Operation, owner: str, most: int) -> list[Operation]:
    """The operations of the function that a custom rule belongs to, which may have rules, too."""
    trace = PeekingTrace(owner, most)
    prim, params = operation.primitive, operation.params
    run_recorded(trace, lambda *xs: prim.open(trace, xs, **params), operation.operands)
    return trace.operations


def record_peeking(
    fun: Callable[..., Sequence[Any]], args: Sequence[Any], owner: str, most: int
) -> list[Operation]:
    """The operations of a function, with those of the first turns of loops before the loops."""
    trace = PeekingTrace(owner, most)
    run_recorded(trace, fun, args)
    return trace.operations
