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
from ..ops.shape import cast, reshape, strengthen
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
    """What a function did.

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
        self.most = most
        self.running: tuple[Turn, ...] = ()
        self.turns: dict[Operation, tuple[Turn, ...]] = {}

    def process(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not self.alive:
            self.check_alive(prim)
        if "control" in prim.extra:
            outs = self.open(prim, args, params)
            if outs is not None:
                return tuple(outs)
        before = len(self.operations)
        outs = super().process(prim, args, params)
        if self.running:
            self.turns.update(dict.fromkeys(self.operations[before:], self.running))
        return outs

    def open(self, prim: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The results of an operation that holds jaxprs or functions; None if it holds none."""
        if "branches" in params:
            branches = params["branches"]
            k = min(max(int(args[0]), 0), len(branches) - 1)
            return run(branches[k], args[1:])
        if "carry" in params:
            return self.scan(args, **params)
        if "body" in params:
            return self.loop(args, **params)
        if "rule" in params and prim.evaluate is not None and "inline" in prim.extra:
            return run(params["rule"].call, args)
        if isinstance(params.get("jaxpr"), Jaxpr):
            return run(params["jaxpr"], args)
        return None

    @contextmanager
    def turn(self, loop: str, number: int, source: Any) -> Iterator[None]:
        """Operations inside belong to one turn of a loop."""
        outer = self.running
        self.running = (*outer, Turn(loop, number, source))
        try:
            yield
        finally:
            self.running = outer

    def scan(
        self,
        args: Any,
        *,
        jaxpr: Jaxpr,
        consts: int,
        carry: int,
        reverse: bool,
        length: Any,
        **_: Any,
    ) -> list[Any]:
        source = current_source(3)
        fixed, state, xs = args[:consts], args[consts : consts + carry], args[consts + carry :]
        n = length if isinstance(length, int) else len(xs[0])
        rows: dict[int, Any] = {}
        for i in (range(n - 1, -1, -1) if reverse else range(n))[: self.most]:
            with self.turn("scan", i, source):
                outs = run(jaxpr, [*fixed, *state, *[x[i] for x in xs]])
            state, rows[i] = outs[:carry], outs[carry:]
        return [*state, *stacked([rows[i] for i in sorted(rows)], jaxpr.out_avals[carry:])]

    def loop(
        self, args: Any, *, cond: Jaxpr, body: Jaxpr, cond_consts: int, body_consts: int, **_: Any
    ) -> list[Any]:
        source = current_source(3)
        start = cond_consts + body_consts
        tests, fixed, state = args[:cond_consts], args[cond_consts:start], list(args[start:])
        n = len(state)
        rows: list[list[Any]] = []
        while len(rows) != self.most and bool(run(cond, [*tests, *state])[0]):
            with self.turn("while loop", len(rows), source):
                outs = run(body, [*fixed, *state])
            state = outs[:n]
            rows.append(outs[n:])
        return [*state, *stacked(rows, body.out_avals[n:])]


def run(fun: Any, args: Sequence[Any]) -> list[Any]:
    """Evaluate a jaxpr or call a flat function."""
    return eval_jaxpr(fun, fun.consts, args) if isinstance(fun, Jaxpr) else list(fun(*args))


def stacked(rows: list[Any], avals: Sequence[Any]) -> list[Any]:
    """What the turns of a loop gave out, one array per output."""
    if not rows:
        return [np.empty((0, *a.shape), a.dtype) for a in avals]
    results = []
    for column in zip(*rows, strict=True):
        parts = [reshape(strengthen(x), shape=(1, *aval_of(x).shape)) for x in column]
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
        if "control" in prim.extra and "rule" not in params:
            self.open(prim, args, params)
        return RecordTrace.process(self, prim, args, params)


def record_peeking(
    fun: Callable[..., Sequence[Any]], args: Sequence[Any], owner: str, most: int
) -> list[Operation]:
    """The operations of a function, with those of the first turns of loops before the loops."""
    trace = PeekingTrace(owner, most)
    run_recorded(trace, fun, args)
    return trace.operations
