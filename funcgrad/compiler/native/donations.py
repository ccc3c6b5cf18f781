"""Results that may stand in the memory of arguments that callers give away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...core.jaxpr import Eqn, Jaxpr, Literal
from ..groups import Map
from .blocks import Block, blocked
from .places import is_small
from .steps import steps_of
from .updates import updates_of


class Donations(NamedTuple):
    """What a program overwrites.

    Attributes:
        arguments: by the numbers of results those of the arguments in which they stand.
        first: the number of the first step that overwrites something.
    """

    arguments: dict[int, int]
    first: int = -1


def in_place(jaxpr: Jaxpr, donated: Iterable[int]) -> Donations:
    """Which arguments results may overwrite, no argument twice.

    Args:
        jaxpr: as it is written, all of its steps native.
        donated: numbers of arguments whose memory is nobody else's.
    """
    steps = blocked(steps_of(jaxpr), jaxpr.outvars)
    made_by = {v: i for i, s in enumerate(steps) for v in _results(s)}
    last = {a: i for i, s in enumerate(steps) for a in s.inputs if type(a) is not Literal}
    updates = updates_of(jaxpr)
    results = [a for a in jaxpr.outvars if type(a) is not Literal]

    def is_over(x: Any, v: Any) -> bool:
        """True if nothing reads an argument later than the result is written."""
        at = made_by[v]
        step = steps[at]
        reads = [last.get(part, -1) for part in seen(x)]
        if not isinstance(step, Map) or any(part in results for part in seen(x)):
            return False
        alone = x in step.beside and x.aval.shape == step.shape
        alone = alone and (step.first is None or x not in step.first.inputs)
        return max(reads[1:], default=-1) < at and (reads[0] < at or (reads[0] == at and alone))

    def seen(x: Any) -> Iterator[Any]:
        """A variable, and all that stands in its memory."""
        yield x
        for part in updates.looks.get(x, ()):
            yield from seen(part)

    def begun(x: Any, v: Any) -> int:
        """The first step that changes an argument on the way to a result."""
        before = updates.overwritten(v)
        while before is not None and before is not x:
            v, before = before, updates.overwritten(before)
        return made_by[v]

    found: dict[int, int] = {}
    first = len(steps)
    for j in donated:
        x = jaxpr.invars[j]
        for k, v in enumerate(jaxpr.outvars):
            if k in found or v not in made_by or jaxpr.outvars.count(v) > 1:
                continue
            if v.aval.shape != x.aval.shape or v.aval.dtype != x.aval.dtype:
                continue
            if not is_small(x.aval.shape) and (updates.reaches(x, v) or is_over(x, v)):
                found[k] = j
                first = min(first, begun(x, v))
                break
    return Donations(found, first)


def _results(step: Map | Block | Eqn) -> Sequence[Any]:
    return step.outvars if isinstance(step, Eqn) else step.results


__all__ = ["Donations", "in_place"]
