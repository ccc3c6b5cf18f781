"""Groups of equations that run as one kernel, whatever it is written in.

A map is a set of elementwise equations over one shape. It reads arrays that broadcast to the
shape, and may have several results. Equations that are in no group stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ..core.jaxpr import Eqn, Jaxpr, Literal, Var
from ..ops.families import Elementwise
from ..ops.shape import convert


class Map:
    """Elementwise equations over one shape, with what they read and what is read of them.

    Attributes:
        shape: of each result.
        eqns: in an order in which they can be computed.
        inputs: variables from outside, each once; their shapes broadcast to that of the map.
        outputs: the results that are read outside of it.
    """

    __slots__ = ("eqns", "inputs", "outputs", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape: tuple[int, ...] = shape
        self.eqns: list[Eqn] = []
        self.inputs: list[Var] = []
        self.outputs: list[Var] = []

    def jaxpr(self) -> Jaxpr:
        """The map as a function of its inputs; what it returns is to be broadcast to the shape."""
        return Jaxpr([], self.inputs, self.eqns, self.outputs)


Step: TypeAlias = Map | Eqn


def grouped(jaxpr: Jaxpr, takes: Callable[[Eqn], bool]) -> list[Step]:
    """The equations of a jaxpr in groups, in an order in which they can be computed.

    An equation joins the first map of its shape that comes after, or is, all that it reads.

    Args:
        jaxpr: what is to be computed.
        takes: whether the back end can compute an equation as part of a map.
    """
    steps: list[Step] = []
    made_by: dict[Any, int] = {}
    repeated: dict[Any, Any] = {}
    for e in jaxpr.eqns:
        at = len(steps)
        if _is_repetition(e):
            a = e.inputs[0]
            repeated[e.outvars[0]] = repeated.get(a, a)
            steps.append(e)
        elif _is_map(e) and takes(e):
            e = _reading_originals(e, repeated)
            earliest = max([made_by[a] for a in e.inputs if a in made_by], default=0)
            at = _place(steps, e.outvars[0].aval.shape, earliest)
            if at == len(steps):
                steps.append(Map(e.outvars[0].aval.shape))
            found = steps[at]
            assert isinstance(found, Map)
            found.eqns.append(e)
        else:
            steps.append(e)
        made_by.update((v, at) for v in e.outvars)
    steps = _without_unread_repetitions(steps, jaxpr.outvars)
    _connect(steps, jaxpr.outvars)
    return steps


def _is_map(e: Eqn) -> bool:
    """True for elementwise equations of shapes that are known."""
    if any(a.aval.symbolic for a in (*e.inputs, *e.outvars)):
        return False
    return isinstance(e.primitive, Elementwise) or e.primitive is convert


def _is_repetition(e: Eqn) -> bool:
    """True for a broadcast: a map reads the elements where they are."""
    return e.primitive.broadcasts and not e.outvars[0].aval.symbolic


def _reading_originals(e: Eqn, repeated: dict[Any, Any]) -> Eqn:
    """The equation with what is repeated in the place of repetitions."""
    inputs = [repeated.get(a, a) if type(a) is Var else a for a in e.inputs]
    return Eqn(e.primitive, inputs, e.params, e.outvars, e.source)


def _without_unread_repetitions(steps: Sequence[Step], results: Sequence[Any]) -> list[Step]:
    read = {a for a in results if type(a) is Var}
    kept: list[Step] = []
    for step in reversed(steps):
        if isinstance(step, Map):
            read.update(a for e in step.eqns for a in e.inputs if type(a) is Var)
        elif _is_repetition(step) and step.outvars[0] not in read:
            continue
        else:
            read.update(a for a in step.inputs if type(a) is Var)
        kept.append(step)
    return kept[::-1]


def _place(steps: Sequence[Step], shape: tuple[int, ...], earliest: int) -> int:
    """The number of the first map of a shape from a step on; that of a new step without one."""
    for at in range(earliest, len(steps)):
        step = steps[at]
        if isinstance(step, Map) and step.shape == shape:
            return at
    return len(steps)


def _connect(steps: Sequence[Step], results: Sequence[Any]) -> None:
    """Find out what each map reads, and what is read of it."""
    owner = {
        v: step for step in steps if isinstance(step, Map) for e in step.eqns for v in e.outvars
    }
    read: dict[Map, dict[Var, None]] = {}
    wanted: dict[Map, dict[Var, None]] = {}

    def note(a: Any, reader: Map | None) -> None:
        if type(a) is Literal:
            return
        maker = owner.get(a)
        if maker is not None and maker is not reader:
            wanted.setdefault(maker, {})[a] = None
        if reader is not None and maker is not reader:
            read.setdefault(reader, {})[a] = None

    for step in steps:
        if isinstance(step, Map):
            for e in step.eqns:
                for a in e.inputs:
                    note(a, step)
        else:
            for a in step.inputs:
                note(a, None)
    for a in results:
        note(a, None)
    for step in steps:
        if isinstance(step, Map):
            step.inputs = list(read.get(step, ()))
            step.outputs = list(wanted.get(step, ()))
