"""Rows that a loop stacks for a later one, and that this one computes again instead.

The loop of a derivative reads what the loop before it has stacked. Much of that are simple
functions of other rows: to write them to memory and to read them again takes longer than to compute
them twice. What is kept is chosen so that all of it costs least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.families import Elementwise
from ..costs import nbytes, work_of
from .cuts import Choice, cheapest
from .drafts import Draft, Given, Stacked, variables

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
            if set(eqns[i].outvars).isdisjoint(variables(eqns[j].inputs)):
                continue
            maker, reader = (Draft(eqns[n], optimized(eqns[n].params["jaxpr"])) for n in (i, j))
            found = _changed(maker, reader, _read(jaxpr.outvars, eqns, j, reader))
            if found is not None:
                eqns[i], eqns[j] = found
                changed = True
    if not changed:
        return jaxpr
    return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)


def _is_scan(e: Eqn) -> bool:
    return e.primitive.name == "scan" and isinstance(e.params["length"], int)


def _read(results: Sequence[Any], eqns: Sequence[Eqn], j: int, reader: Draft) -> set[Any]:
    """What is read by others than as rows by one loop."""
    operands = [g.operand for g in reader.consts] + [c.operand for c in reader.carry]
    read = {*variables(results), *variables(operands)}
    for k, e in enumerate(eqns):
        if k != j:
            read.update(variables(e.inputs))
    return read


# --- what to keep --------------------------------------------------------------------------------


def _changed(maker: Draft, reader: Draft, elsewhere: set[Any]) -> tuple[Eqn, Eqn] | None:
    """Both loops after the change, if there is something to gain."""
    if max(len(maker.eqns), len(reader.eqns)) > MOST_EQNS:
        return None
    stacked = {y.result: y.inside for y in maker.ys}
    read = [(stacked[v], v) for v in variables([g.operand for g in reader.xs]) if v in stacked]
    rows = {a: v for a, v in read if type(a) is not Literal and not a.aval.weak}
    if not rows:
        return None
    free = maker.fixed
    choices = _choices(maker, rows, free, elsewhere)
    keep, made = cheapest(choices, [a for a in rows if a not in free])
    kept = [a for a in choices if a in keep]
    gone = [a for a in rows if a not in keep and rows[a] not in elsewhere]
    there = {*rows, *(g.inside for g in maker.xs)}
    saved = sum(map(nbytes, gone)) - sum(nbytes(a) for a in kept if a not in there)
    if saved * maker.length < LEAST_SAVED:
        return None
    places = _stack(maker, rows, kept, elsewhere)
    _compute_again(maker, reader, rows, made, places)
    return maker.eqn(), reader.eqn()


def _choices(
    maker: Draft, rows: dict[Any, Any], free: set[Any], elsewhere: set[Any]
) -> dict[Any, Choice]:
    """The costs of all that the rows are made of."""
    makers = {v: e for e in maker.eqns for v in e.outvars}
    xs = {g.inside for g in maker.xs}
    far = 1.0 if sum(map(nbytes, rows)) * maker.length > NEAR else 1 / 3
    needed = _needed(maker, rows, elsewhere)
    choices: dict[Any, Choice] = {}
    waiting = [a for a in rows if a not in free]
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
        needs = [a for a in variables(e.inputs) if a not in free]
        cost = _cost(e) if v in needed else MOVED * _cost(e)
        choices[v] = Choice(float("inf") if v.aval.weak else keep, cost, needs)
        waiting += needs
    return choices


def _needed(maker: Draft, rows: dict[Any, Any], elsewhere: set[Any]) -> set[Any]:
    """What the first loop computes in any case."""
    stays = [y.inside for y in maker.ys if y.inside not in rows or y.result in elsewhere]
    needed = set(variables([*(c.new for c in maker.carry), *stays]))
    for e in reversed(maker.eqns):
        if not needed.isdisjoint(e.outvars):
            needed.update(variables(e.inputs))
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


def _stack(
    maker: Draft, rows: dict[Any, Any], kept: Sequence[Any], elsewhere: set[Any]
) -> dict[Any, Any]:
    """Let the first loop stack what is kept; returns where the second one finds rows."""
    places: dict[Any, Any] = {g.inside: g.operand for g in maker.xs}
    read, ys = set(rows.values()), []
    for y in maker.ys:
        stays = y.inside in kept and y.inside not in places
        if y.result in elsewhere or y.result not in read or stays:
            ys.append(y)
        if stays:
            places[y.inside] = y.result
    for a in kept:
        if a not in places:
            places[a] = maker.stack_of(a)
            ys.append(Stacked(a, places[a]))
    maker.ys = ys
    return places


def _compute_again(
    maker: Draft, reader: Draft, rows: dict[Any, Any], made: set[Any], places: dict[Any, Any]
) -> None:
    """Let the second loop read what is kept, and compute the rest."""
    constants = {g.inside: g.operand for g in maker.consts}
    known = dict(maker.known)
    atoms = {v: a for a, v in rows.items()}
    given, reader.xs = reader.xs, []
    stands: dict[Any, Any] = {}
    gone: dict[Any, Any] = {}
    for g in given:
        row = atoms.get(g.operand) if type(g.operand) is not Literal else None
        if row is None or places.get(row) is g.operand:
            reader.xs.append(g)
            stands.update({} if row is None else {row: g.inside})
        else:
            gone[g.inside] = row

    def stand_in(a: Any) -> Any:
        """The variable of the second loop for one of the first."""
        if type(a) is Literal or a in stands:
            return stands.get(a, a)
        stands[a] = new = Var(a.aval)
        if a in constants:
            reader.consts.append(Given(new, constants[a]))
        elif a in known:
            reader.known.append((new, known[a]))
        else:
            reader.xs.append(Given(new, places[a]))
        return new

    eqns = []
    for e in maker.eqns:
        if not made.isdisjoint(e.outvars):
            inputs = [stand_in(a) for a in e.inputs]
            stands[e.outvars[0]] = Var(e.outvars[0].aval)
            eqns.append(Eqn(e.primitive, inputs, e.params, [stands[e.outvars[0]]], e.source))
    reader.rename({v: stand_in(row) for v, row in gone.items()})
    reader.eqns = [*eqns, *reader.eqns]


__all__ = ["recompute_rows"]
