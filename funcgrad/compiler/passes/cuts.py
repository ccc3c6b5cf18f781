"""Which variables to keep, and which to compute again: a cut of least cost."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

Node: TypeAlias = Hashable

SOURCE: Node = ("source",)
SINK: Node = ("sink",)


class Choice(NamedTuple):
    """What it takes to have a variable.

    Attributes:
        keep: the cost of keeping it.
        compute: the cost of computing it again from ``needs``.
        needs: the variables that it is computed from.
    """

    keep: float
    compute: float
    needs: Sequence[Hashable]


def cheapest(
    choices: Mapping[Hashable, Choice], wanted: Iterable[Hashable]
) -> tuple[set[Hashable], set[Hashable]]:
    """The variables to keep and those to compute so that all that are wanted are there.

    Each node has two ends: between them flows what keeping costs, into the first what computing
    costs. A computed one needs the second ends of what it is made of.

    Returns:
        The variables to keep, and those to compute, of least cost together.
    """
    room: dict[Node, dict[Node, float]] = {}

    def edge(a: Node, b: Node, most: float) -> None:
        room.setdefault(a, {})[b] = room.get(a, {}).get(b, 0.0) + most
        room.setdefault(b, {}).setdefault(a, 0.0)

    for v, choice in choices.items():
        edge(SOURCE, (v, "made"), choice.compute)
        edge((v, "made"), (v, "there"), choice.keep)
        for need in choice.needs:
            edge((need, "there"), (v, "made"), float("inf"))
    waiting = list(wanted)
    for v in waiting:
        edge((v, "there"), SINK, float("inf"))
    near = _source_side(room)
    kept: set[Hashable] = set()
    made: set[Hashable] = set()
    while waiting:
        v = waiting.pop()
        if v in kept or v in made:
            continue
        if (v, "made") in near:
            kept.add(v)
        else:
            made.add(v)
            waiting += choices[v].needs
    return kept, made


def _source_side(room: dict[Node, dict[Node, float]]) -> set[Node]:
    """The nodes that a largest flow leaves within reach of the source."""
    while True:
        before = _reached(room)
        if SINK not in before:
            return set(before)
        path = [SINK]
        while path[-1] != SOURCE:
            path.append(before[path[-1]])
        steps = [(b, a) for a, b in itertools.pairwise(path)]
        flow = min(room[a][b] for a, b in steps)
        if flow == float("inf"):
            raise ValueError("something is wanted that can neither be kept nor computed")
        for a, b in steps:
            room[a][b] -= flow
            room[b][a] += flow


def _reached(room: dict[Node, dict[Node, float]]) -> dict[Node, Node]:
    """The nodes that more can flow to, each with the one before it; stops at the sink."""
    before: dict[Node, Node] = {SOURCE: SOURCE}
    waiting = deque([SOURCE])
    while waiting:
        a = waiting.popleft()
        for b, most in room.get(a, {}).items():
            if most > 1e-9 and b not in before:
                before[b] = a
                if b == SINK:
                    return before
                waiting.append(b)
    return before
