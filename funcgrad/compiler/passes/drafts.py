"""A scan that is being rewritten: what goes in, what comes out, and what happens in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...transforms.loop_layout import Layout
from .prune import drop_dead_code


class Given(NamedTuple):
    """An operand of a loop, and what stands for it inside."""

    inside: Var
    operand: Any


class Carried(NamedTuple):
    """A part of the carry: as a step begins, before the first one, as a step ends, at last."""

    inside: Var
    operand: Any
    new: Any
    result: Var


class Stacked(NamedTuple):
    """What each step gives out, and the array of all of it."""

    inside: Any
    result: Var


class Draft:
    """The parts of a scan, to be changed one by one."""

    def __init__(self, e: Eqn, body: Jaxpr) -> None:
        layout: Layout = e.params["layout"]
        inside, given = layout.split(body.invars), layout.split(e.inputs)
        made, outs = layout.results.split(e.outvars), layout.results.split(body.outvars)
        self.origin: Eqn = e
        self.as_written: bool = body.as_written
        self.consts: list[Given] = list(map(Given, inside.consts, given.consts))
        self.carry: list[Carried] = list(
            map(Carried, inside.carry, given.carry, outs.carry, made.carry)
        )
        self.xs: list[Given] = list(map(Given, inside.xs, given.xs))
        self.ys: list[Stacked] = list(map(Stacked, outs.xs, made.xs))
        self.eqns: list[Eqn] = list(body.eqns)
        self.known: list[tuple[Var, Any]] = list(zip(body.constvars, body.consts, strict=True))

    @property
    def length(self) -> Any:
        """The number of steps; it may be unknown."""
        return self.origin.params["length"]

    @property
    def fixed(self) -> set[Any]:
        """What is the same in every step."""
        return {*(v for v, _ in self.known), *(c.inside for c in self.consts)}

    def stack_of(self, a: Any) -> Var:
        """A variable for what all steps give out."""
        return Var(Aval((self.length, *a.aval.shape), a.aval.dtype))

    def rename(self, names: dict[Any, Any]) -> None:
        """Read other variables in the places of some."""
        if not names:
            return

        def atom(a: Any) -> Any:
            return a if type(a) is Literal else names.get(a, a)

        self.eqns = renamed(self.eqns, names)
        self.carry = [c._replace(new=atom(c.new)) for c in self.carry]
        self.ys = [y._replace(inside=atom(y.inside)) for y in self.ys]

    def eqn(self) -> Eqn:
        """The scan, without equations that nothing needs."""
        body = drop_dead_code(
            Jaxpr(
                [v for v, _ in self.known],
                [*_inside(self.consts), *(c.inside for c in self.carry), *_inside(self.xs)],
                self.eqns,
                [*(c.new for c in self.carry), *(y.inside for y in self.ys)],
                [value for _, value in self.known],
                self.as_written,
            )
        )
        body.as_written = self.as_written
        e, layout = self.origin, Layout(len(self.consts), len(self.carry))
        inputs = [g.operand for g in self.consts]
        inputs += [*(c.operand for c in self.carry), *(g.operand for g in self.xs)]
        outs = [*(c.result for c in self.carry), *(y.result for y in self.ys)]
        return Eqn(
            e.primitive, inputs, {**e.params, "jaxpr": body, "layout": layout}, outs, e.source
        )


def _inside(given: Sequence[Given]) -> list[Var]:
    return [g.inside for g in given]


def renamed(eqns: Sequence[Eqn], names: dict[Any, Any]) -> list[Eqn]:
    """Equations that read other variables in the places of some."""
    return [
        Eqn(
            e.primitive,
            [a if type(a) is Literal else names.get(a, a) for a in e.inputs],
            e.params,
            e.outvars,
            e.source,
        )
        for e in eqns
    ]


def variables(atoms: Sequence[Any]) -> list[Any]:
    """The atoms that are no literals."""
    return [a for a in atoms if type(a) is not Literal]


__all__ = ["Carried", "Draft", "Given", "Stacked", "renamed", "variables"]
