"""Loops and branches over pairs: the parts of what they carry stand side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ...core.jaxpr import Eqn, Jaxpr
from ...transforms.loop_layout import Layout

Inside: TypeAlias = Callable[[Jaxpr], "Jaxpr | None"]
"""The function of parts that a jaxpr inside is; None if something in it stays complex."""


Params: TypeAlias = dict[str, Any]


def _width(atoms: Sequence[Any]) -> int:
    """The number of atoms once complex ones are pairs."""
    return sum(1 + (a.aval.dtype.kind == "c") for a in atoms)


def _layout(layout: Layout, operands: Sequence[Any]) -> Layout:
    first, last = layout.consts, layout.first_x
    return Layout(_width(operands[:first]), _width(operands[first:last]))


def _scan(e: Eqn, inside: Inside) -> Params | None:
    body = inside(e.params["jaxpr"])
    if body is None:
        return None
    return {**e.params, "jaxpr": body, "layout": _layout(e.params["layout"], e.inputs)}


def _while(e: Eqn, inside: Inside) -> Params | None:
    test, body = inside(e.params["cond"]), inside(e.params["body"])
    if test is None or body is None:
        return None
    tests = e.params["tests"]
    layout = _layout(e.params["layout"], e.inputs[tests:])
    more = {"cond": test, "body": body, "layout": layout, "tests": _width(e.inputs[:tests])}
    return {**e.params, **more}


def _cond(e: Eqn, inside: Inside) -> Params | None:
    branches = [inside(b) for b in e.params["branches"]]
    if any(b is None for b in branches):
        return None
    return {**e.params, "branches": tuple(branches)}


LOOPS: dict[str, Callable[[Eqn, Inside], Params | None]] = {
    "scan": _scan,
    "while": _while,
    "cond": _cond,
}
"""By the names of operators."""


def over_pairs(e: Eqn, inside: Inside) -> Params | None:
    """The parameters of a loop or branch over pairs; None where something stays complex."""
    return LOOPS[e.primitive.name](e, inside)
