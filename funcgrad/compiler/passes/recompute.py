"""Rows that a loop stacks for a later one, and that this one computes again instead.

The loop of a derivative reads what the loop before it has stacked. Much of that are simple
functions of other rows: to write them to memory and to read them again takes longer than to compute
them twice. What is kept is chosen so that all of it costs least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.families import Elementwise
from ...transforms.loop_layout import Layout, Parts
from ..costs import nbytes, work_of
from .cuts import Choice, cheapest
from .prune import drop_dead_code

Optimize = Callable[[Jaxpr], Jaxpr]

MOST_EQNS = 1000
"""Bodies with more equations stay as they are."""

LEAST_SAVED = 1 << 14
"""So many bytes must become less."""

NEAR = 1 << 19
"""Bytes that stay in the cache: to write and to read them costs less."""

WRITE, READ, FLOP, TRANSCENDENTAL = 0.09, 0.03, 0.01, 0.1
"""Nanoseconds for a byte: written, read, and computed by one operation."""

STEP = 2.0
"""Nanoseconds for a row, and for an equation, whatever its size."""

MOVED = 0.1
"""The share of its cost that an equation has which the first loop then no longer computes."""


class _Loop(NamedTuple):
    """A scan with the optimised form of its body."""

    eqn: Eqn
    body: Jaxpr
    layout: Layout

    @property
    def given(self) -> Parts:
        """Its operands."""
        return self.layout.split(self.eqn.inputs)

    @property
    def inside(self) -> Parts:
        """What stands for them in its body."""
        return self.layout.split(self.body.invars)

    @property
    def stacked(self) -> dict[Any, Any]:
        """What it stacks, and what of its body that is."""
        carry = self.layout.carry
        return dict(zip(self.eqn.outvars[carry:], self.body.outvars[carry:], strict=True))


def recompute_rows(jaxpr: Jaxpr, optimized: Optimize) -> Jaxpr:
    """Let loops compute rows again that are cheaper to compute than to keep.

    Args:
        jaxpr: with loops of which one reads what another one has stacked.
        optimized: gives the optimised form of a jaxpr inside.
    """
    eqns = list(jaxpr.eqns)
    scans = [i for i, e in enumerate(eqns) if _is_scan(e)]
    changed = False
    for k, i in enumerate(scans):
        for j in scans[k + 1 :]:
            if eqns[i].params["length"] != eqns[j].params["length"]:
                continue
            if set(eqns[i].outvars).isdisjoint(_variables(eqns[j].inputs)):
                continue
            maker, reader = (
                _Loop(e, optimized(e.params["jaxpr"]), e.params["layout"])
                for e in (eqns[i], eqns[j])
            )
            found = _changed(maker, reader, _read(jaxpr.outvars, eqns, j, reader))
            if found is not None:
                eqns[i], eqns[j] = found
                changed = True
    if not changed:
        return jaxpr
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)


def _is_scan(e: Eqn) -> bool:
    return e.primitive.name == "scan" and isinstance(e.params["length"], int)


def _variables(atoms: Sequence[Any]) -> list[Any]:
    return [a for a in atoms if type(a) is not Literal]


def _read(results: Sequence[Any], eqns: Sequence[Eqn], j: int, reader: _Loop) -> set[Any]:
    """What is read by others than as rows by one loop."""
    read = {*_variables(results), *_variables(reader.eqn.inputs[: reader.layout.first_x])}
    for k, e in enumerate(eqns):
        if k != j:
            read.update(_variables(e.inputs))
    return read


# --- what to keep --------------------------------------------------------------------------------


def _changed(maker: _Loop, reader: _Loop, elsewhere: set[Any]) -> tuple[Eqn, Eqn] | None:
    """Both loops after the change, if there is something to gain."""
    if max(len(maker.body.eqns), len(reader.body.eqns)) > MOST_EQNS:
        return None
    stacked = maker.stacked
    read = [(stacked[v], v) for v in _variables(reader.given.xs) if v in stacked]
    rows = {a: v for a, v in read if type(a) is not Literal and not a.aval.weak}
    if not rows:
        return None
    wanted = list(rows)
    free = {*maker.body.constvars, *maker.inside.consts}
    choices = _choices(maker, wanted, free, rows, elsewhere)
    keep, made = cheapest(choices, [a for a in wanted if a not in free])
    kept = {a: None for a in choices if a in keep}
    gone = [a for a in wanted if a not in kept and rows[a] not in elsewhere]
    new = [a for a in kept if a not in rows and a not in maker.inside.xs]
    saved = sum(map(nbytes, gone)) - sum(map(nbytes, new))
    if saved * maker.eqn.params["length"] < LEAST_SAVED:
        return None
    return _rewritten(maker, reader, rows, kept, made, elsewhere)


def _choices(
    maker: _Loop, wanted: Sequence[Var], free: set[Any], rows: dict[Any, Any], elsewhere: set[Any]
) -> dict[Any, Choice]:
    """The costs of all that the wanted variables are made of."""
    makers = {v: e for e in maker.body.eqns for v in e.outvars}
    xs = set(maker.inside.xs)
    total = sum(map(nbytes, wanted)) * maker.eqn.params["length"]
    far = 1.0 if total > NEAR else 1 / 3
    needed = _needed(maker, set(wanted), rows, elsewhere)
    choices: dict[Any, Choice] = {}
    waiting = [a for a in wanted if a not in free]
    while waiting:
        v = waiting.pop()
        if v in choices:
            continue
        stays = v in xs or (v in rows and rows[v] in elsewhere)
        keep = STEP + far * nbytes(v) * (READ if stays else WRITE + READ)
        e = makers.get(v)
        if e is None or not _is_simple(e):
            choices[v] = Choice(keep, float("inf"), ())
            continue
        needs = [a for a in _variables(e.inputs) if a not in free]
        cost = _cost(e) if v in needed else MOVED * _cost(e)
        choices[v] = Choice(float("inf") if v.aval.weak else keep, cost, needs)
        waiting += needs
    return choices


def _needed(maker: _Loop, wanted: set[Any], rows: dict[Any, Any], elsewhere: set[Any]) -> set[Any]:
    """What the first loop computes in any case."""
    stacked = maker.stacked
    outs = [*maker.body.outvars[: maker.layout.carry]]
    outs += [a for v, a in stacked.items() if a not in wanted or v in elsewhere]
    needed = set(_variables(outs))
    for e in reversed(maker.body.eqns):
        if not needed.isdisjoint(e.outvars):
            needed.update(_variables(e.inputs))
    return needed


def _is_simple(e: Eqn) -> bool:
    """True for equations that may be computed twice, and of which the cost is known."""
    prim = e.primitive
    if prim.bodily or prim.opaque or prim.multiple or any(v.aval.symbolic for v in e.outvars):
        return False
    if isinstance(prim, Elementwise) or _is_look(e):
        return True
    return work_of([e]).flops > 0


def _is_look(e: Eqn) -> bool:
    return bool(e.primitive.view or e.primitive.reshapes or e.primitive.broadcasts)


def _cost(e: Eqn) -> float:
    work, size = work_of([e]), e.outvars[0].aval.dtype.itemsize
    return STEP + size * (FLOP * work.flops + TRANSCENDENTAL * work.transcendentals)


# --- the loops after it --------------------------------------------------------------------------


def _rewritten(
    maker: _Loop,
    reader: _Loop,
    rows: dict[Any, Any],
    kept: dict[Any, None],
    made: set[Any],
    elsewhere: set[Any],
) -> tuple[Eqn, Eqn]:
    first, places = _stacking(maker, rows, kept, elsewhere)
    constants = dict(zip(maker.inside.consts, maker.given.consts, strict=True))
    again = [e for e in maker.body.eqns if not made.isdisjoint(e.outvars)]
    stands: dict[Any, Any] = {}
    consts: list[tuple[Var, Any]] = []
    xs: list[tuple[Var, Any]] = []
    given = dict(zip(maker.body.constvars, maker.body.consts, strict=True))
    constvars, values = list(reader.body.constvars), list(reader.body.consts)

    def stand_in(a: Any) -> Any:
        """The variable of the second loop for one of the first."""
        if type(a) is Literal or a in stands:
            return stands.get(a, a)
        stands[a] = new = Var(a.aval)
        if a in constants:
            consts.append((new, constants[a]))
        elif a in given:
            constvars.append(new)
            values.append(given[a])
        else:
            xs.append((new, places[a]))
        return new

    olds = {v: a for a, v in rows.items()}
    gone: dict[Any, Any] = {}
    for v, a in zip(reader.inside.xs, reader.given.xs, strict=True):
        row = olds.get(a) if type(a) is not Literal else None
        if row is None or places.get(row) is a:
            xs.append((v, a))
            stands.update({} if row is None else {row: v})
        else:
            gone[v] = row
    eqns = []
    for e in again:
        inputs = [stand_in(a) for a in e.inputs]
        stands[e.outvars[0]] = Var(e.outvars[0].aval)
        eqns.append(Eqn(e.primitive, inputs, e.params, [stands[e.outvars[0]]], e.source))
    env = {v: stand_in(row) for v, row in gone.items()}
    for e in reader.body.eqns:
        inputs = [a if type(a) is Literal else env.get(a, a) for a in e.inputs]
        eqns.append(Eqn(e.primitive, inputs, e.params, e.outvars, e.source))
    outs = [a if type(a) is Literal else env.get(a, a) for a in reader.body.outvars]
    fixed, state = reader.inside.consts, reader.inside.carry
    invars = [*fixed, *(v for v, _ in consts), *state, *(v for v, _ in xs)]
    body = Jaxpr(constvars, invars, eqns, outs, values, reader.body.as_written)
    operands = [*reader.given.consts, *(a for _, a in consts), *reader.given.carry]
    operands += [a for _, a in xs]
    layout = Layout(reader.layout.consts + len(consts), reader.layout.carry)
    params = {**reader.eqn.params, "jaxpr": body, "layout": layout}
    e = reader.eqn
    return first, Eqn(e.primitive, operands, params, e.outvars, e.source)


def _stacking(
    maker: _Loop, rows: dict[Any, Any], kept: dict[Any, None], elsewhere: set[Any]
) -> tuple[Eqn, dict[Any, Any]]:
    """The first loop, which stacks what is kept, and where that is found by the second one."""
    e, carry = maker.eqn, maker.layout.carry
    places: dict[Any, Any] = dict(zip(maker.inside.xs, maker.given.xs, strict=True))
    outs = list(maker.body.outvars[:carry])
    made = list(e.outvars[:carry])
    read = set(rows.values())
    for v, a in maker.stacked.items():
        stays = a in kept and a not in places
        if v in elsewhere or v not in read or stays:
            outs.append(a)
            made.append(v)
            if stays:
                places[a] = v
    for a in kept:
        if a not in places:
            places[a] = v = Var(Aval((e.params["length"], *a.aval.shape), a.aval.dtype))
            outs.append(a)
            made.append(v)
    old = maker.body
    body = drop_dead_code(
        Jaxpr(old.constvars, old.invars, old.eqns, outs, old.consts, old.as_written)
    )
    params = {**e.params, "jaxpr": body}
    return Eqn(e.primitive, e.inputs, params, made, e.source), places


__all__ = ["recompute_rows"]
