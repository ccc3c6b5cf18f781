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

MOST_EQNS = 400
"""So many equations may be in a map: compilers take more than twice as long for twice as many."""


class Map:
    """Elementwise equations over one shape, with what they read and what is read of them.

    Attributes:
        shape: of each result.
        eqns: in an order in which they can be computed.
        first: an equation that is no map, of which only this one reads the result; it has the shape
            of the map.
        turned: an equation between that and the map which only changes the order of axes.
        beside: what the elementwise equations read from outside, each variable once; their shapes
            broadcast to that of the map.
        outputs: the results that are read outside of it.
        reductions: equations that reduce a result, or an input, all along the same axes.
    """

    __slots__ = ("beside", "eqns", "first", "outputs", "reductions", "shape", "turned")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape: tuple[int, ...] = shape
        self.eqns: list[Eqn] = []
        self.first: Eqn | None = None
        self.turned: Eqn | None = None
        self.beside: list[Var] = []
        self.outputs: list[Var] = []
        self.reductions: list[Eqn] = []

    @property
    def inputs(self) -> list[Var]:
        """All variables from outside, each once."""
        first = self.first.inputs if self.first else []
        return list(dict.fromkeys([*self.beside, *(a for a in first if type(a) is not Literal)]))

    @property
    def results(self) -> list[Var]:
        """All that is read outside of it: outputs, and what is reduced."""
        return [*self.outputs, *(e.outvars[0] for e in self.reductions)]

    @property
    def every_eqn(self) -> list[Eqn]:
        """All equations, in an order in which they can be computed."""
        return [*self.before, *self.eqns, *self.reductions]

    @property
    def before(self) -> list[Eqn]:
        """The equations that are not elementwise, in order."""
        return [e for e in (self.first, self.turned) if e is not None]

    def jaxpr(self) -> Jaxpr:
        """The map as a function of its inputs; what it returns is to be broadcast to the shape."""
        return Jaxpr([], self.inputs, self.every_eqn, self.results)


Step: TypeAlias = Map | Eqn


def _never(_e: Eqn) -> bool:
    return False


def grouped(
    jaxpr: Jaxpr,
    takes: Callable[[Eqn], bool],
    reduces: Callable[[Eqn], bool] = _never,
    begins: Callable[[Eqn], bool] = _never,
    turns: Callable[[Eqn], bool] = _never,
) -> list[Step]:
    """The equations of a jaxpr in groups, in an order in which they can be computed.

    An equation joins the first map of its shape that comes after, or is, all that it reads.

    Args:
        jaxpr: what is to be computed.
        takes: whether the back end can compute an equation as part of a map.
        reduces: whether it can compute a reduction as part of the map that makes the operand.
        begins: whether it can compute a map of the result as part of an equation.
        turns: whether an equation only changes the order of axes.
    """
    steps: list[Step] = []
    made_by: dict[Any, int] = {}
    repeated: dict[Any, Any] = {}
    for e in _moves_first(jaxpr.eqns):
        at = len(steps)
        if _is_repetition(e):
            a = e.inputs[0]
            repeated[e.outvars[0]] = repeated.get(a, a)
            steps.append(e)
        elif _is_map(e) and takes(e):
            e = _reading_originals(e, repeated) if repeated else e
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
    steps = _with_reductions(steps, jaxpr.outvars, reduces)
    steps = _with_beginnings(steps, jaxpr.outvars, begins, turns)
    _connect(steps, jaxpr.outvars)
    return steps


def _moves_first(eqns: Sequence[Eqn]) -> list[Eqn]:
    """What only moves elements right after what it reads, so that no map is divided by it."""
    kept: list[Eqn] = []
    before: list[Eqn] = []
    behind: dict[int, list[Eqn]] = {}
    anchor: dict[Any, int] = {}
    for e in eqns:
        if e.primitive.view or e.primitive.name == "concatenate":
            at = max([anchor[a] for a in e.inputs if a in anchor], default=-1)
            (behind.setdefault(at, []) if at >= 0 else before).append(e)
        else:
            at = len(kept)
            kept.append(e)
        anchor.update((v, at) for v in e.outvars)
    found = before
    for k, e in enumerate(kept):
        found.append(e)
        found += behind.get(k, ())
    return found


def _is_map(e: Eqn) -> bool:
    """True for elementwise equations of shapes that are known."""
    if not isinstance(e.primitive, Elementwise) and e.primitive is not convert:
        return False
    return not any(a.aval.symbolic for a in (*e.inputs, *e.outvars))


def _is_repetition(e: Eqn) -> bool:
    """True for a broadcast: a map reads the elements where they are."""
    return e.primitive.broadcasts and not e.outvars[0].aval.symbolic


def _reading_originals(e: Eqn, repeated: dict[Any, Any]) -> Eqn:
    """The equation with what is repeated in the place of repetitions."""
    inputs = [repeated.get(a, a) if type(a) is not Literal else a for a in e.inputs]
    return Eqn(e.primitive, inputs, e.params, e.outvars, e.source)


def _without_unread_repetitions(steps: Sequence[Step], results: Sequence[Any]) -> list[Step]:
    read = {a for a in results if type(a) is not Literal}
    kept: list[Step] = []
    for step in reversed(steps):
        if isinstance(step, Map):
            read.update(a for e in step.eqns for a in e.inputs if type(a) is not Literal)
        elif _is_repetition(step) and step.outvars[0] not in read:
            continue
        else:
            read.update(a for a in step.inputs if type(a) is not Literal)
        kept.append(step)
    return kept[::-1]


def _with_reductions(
    steps: Sequence[Step], results: Sequence[Any], reduces: Callable[[Eqn], bool]
) -> list[Step]:
    """Reductions join the map of which they alone read a result."""
    owner = {v: m for m in steps if isinstance(m, Map) for e in m.eqns for v in e.outvars}
    count = _readers(steps, results)
    kept: list[Step] = []
    for step in steps:
        if not isinstance(step, Map) and len(step.inputs) == 1 and step.inputs[0] in owner:
            a = step.inputs[0]
            joined = owner[a].reductions
            if count[a] == 1 and reduces(step) and _reduce_alike([*joined, step]):
                joined.append(step)
                continue
        kept.append(step)
    return kept


def _readers(steps: Sequence[Step], results: Sequence[Any]) -> dict[Any, int]:
    """How often each variable is read."""
    count: dict[Any, int] = {}
    for a in results:
        count[a] = count.get(a, 0) + 1
    for step in steps:
        for e in step.every_eqn if isinstance(step, Map) else [step]:
            for a in e.inputs:
                if type(a) is not Literal:
                    count[a] = count.get(a, 0) + 1
    return count


def _with_beginnings(
    steps: Sequence[Step],
    results: Sequence[Any],
    begins: Callable[[Eqn], bool],
    turns: Callable[[Eqn], bool],
) -> list[Step]:
    """Equations join the map that alone reads their result, one of them each map."""
    count = _readers(steps, results)
    made = {s.outvars[0]: s for s in steps if not isinstance(s, Map) and len(s.outvars) == 1}
    joined: set[int] = set()
    for step in steps:
        if not isinstance(step, Map) or step.reductions:
            continue
        reads = [a for e in step.eqns for a in e.inputs if type(a) is not Literal]
        for a in dict.fromkeys(reads):
            if a not in made or reads.count(a) != count[a] or a.aval.shape != step.shape:
                continue
            first, turned = made[a], None
            if turns(first) and count[first.inputs[0]] == 1 and first.inputs[0] in made:
                first, turned = made[first.inputs[0]], first
            if begins(first):
                step.first, step.turned = first, turned
                joined.update(map(id, step.before))
                break
    return [s for s in steps if id(s) not in joined]


def _reduce_alike(eqns: Sequence[Eqn]) -> bool:
    return len({tuple(sorted(e.params["axes"])) for e in eqns}) == 1


def _place(steps: Sequence[Step], shape: tuple[int, ...], earliest: int) -> int:
    """The number of the first map of a shape from a step on; that of a new step without one."""
    for at in range(earliest, len(steps)):
        step = steps[at]
        if isinstance(step, Map) and step.shape == shape and len(step.eqns) < MOST_EQNS:
            return at
    return len(steps)


def _connect(steps: Sequence[Step], results: Sequence[Any]) -> None:
    """Find out what each map reads, and what is read of it."""
    owner = {
        v: step
        for step in steps
        if isinstance(step, Map)
        for e in (*step.eqns, *step.before)
        for v in e.outvars
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
            for e in (*step.eqns, *step.reductions):
                for a in e.inputs:
                    note(a, step)
            for a in step.first.inputs if step.first else []:
                note(a, None)
        else:
            for a in step.inputs:
                note(a, None)
    for a in results:
        note(a, None)
    for step in steps:
        if isinstance(step, Map):
            step.beside = list(read.get(step, ()))
            step.outputs = list(wanted.get(step, ()))
