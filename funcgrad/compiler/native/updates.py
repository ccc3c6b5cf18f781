"""Results that may stand in the memory of an operand: it is changed in place.

That goes where nothing reads the operand, or a part of it that is looked at in place, later on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal
from ...transforms.loop_layout import Layout
from . import kernels, registers
from .blocks import blocked
from .pieces import read_in_pieces
from .places import is_small
from .steps import is_control, native_form, steps_of


class Updates:
    """What the results of a jaxpr's steps may overwrite."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.results: set[Any] = {a for a in jaxpr.outvars if type(a) is not Literal}
        self.makers: dict[Any, Eqn] = {v: e for e in jaxpr.eqns for v in e.outvars}
        self.looks: dict[Any, list[Any]] = {}
        for e in jaxpr.eqns:
            if _looks(e) and type(e.inputs[0]) is not Literal:
                self.looks.setdefault(e.inputs[0], []).extend(e.outvars)
        every = blocked(steps_of(jaxpr), jaxpr.outvars)
        may = any(_updated(e, v) is not None for v, e in self.makers.items())
        for v in read_in_pieces(every, jaxpr.outvars):
            for a in self.makers[v].inputs:
                self.looks.setdefault(a, []).append(v)
        # As they are written. What is kept of them holds nothing that holds the jaxpr.
        steps = every if may else []
        self.last: dict[Any, int] = {
            a: i for i, s in enumerate(steps) for a in s.inputs if type(a) is not Literal
        }
        self.number: dict[int, int] = {id(s): i for i, s in enumerate(steps) if isinstance(s, Eqn)}

    def overwritten(self, v: Any) -> Any:
        """The operand whose memory a result may take over; None if there is none."""
        e = self.makers.get(v)
        x = None if e is None else _updated(e, v)
        if e is None or type(x) is Literal or list(e.inputs).count(x) != 1:
            return None
        at = self.number.get(id(e), -1)
        if x in self.results or self.last.get(x, at + 1) > at:
            return None
        seen = [self._whole(x)]  # of which it may be one view of several
        while seen:
            part = seen.pop()
            if part is not x and (part in self.results or self.last.get(part, -1) >= at):
                return None
            seen += self.looks.get(part, ())
        return x

    def _whole(self, x: Any) -> Any:
        """The variable in whose memory another one may be seen: itself, if it is no view."""
        e = self.makers.get(x)
        while e is not None and _looks(e) and type(e.inputs[0]) is not Literal:
            x = e.inputs[0]
            e = self.makers.get(x)
        return x

    def reaches(self, old: Any, new: Any) -> bool:
        """Whether a result is an argument that is changed in place, step by step."""
        v = new
        while v is not None and v is not old:
            v = self.overwritten(v)
        return v is old


def _looks(e: Eqn) -> bool:
    kernel = kernels.KERNELS.get(e.primitive.name)
    looking = isinstance(kernel, kernels.Placing) and kernel.looks
    return bool(e.primitive.view or e.primitive.reshapes or looking)


def _updated(e: Eqn, v: Any) -> Any:
    """The operand as which a result begins; None if there is none."""
    if registers.takes(e):
        return None
    if is_control(e):
        for a, made, in_place in zip(*_carried(e), strict=True):
            if made is v and in_place:
                return a
        return None
    kernel = kernels.KERNELS.get(e.primitive.name)
    updates = isinstance(kernel, kernels.Placing) and kernel.updates
    return e.inputs[0] if updates else None


def _carried(e: Eqn) -> tuple[Sequence[Any], Sequence[Any], Sequence[bool]]:
    """What a loop carries: where it comes from, goes to, and whether it is changed in place."""
    if e.primitive.name not in ("scan", "while"):
        return (), (), ()
    layout: Layout = e.params["layout"]
    body = e.params["jaxpr" if e.primitive.name == "scan" else "body"]
    inputs = e.inputs[e.params.get("tests", 0) :]
    changed = in_place(body, layout)
    return layout.split(inputs)[1], e.outvars[: layout.carry], changed


def updates_of(jaxpr: Jaxpr) -> Updates:
    """What the results of an optimised jaxpr's steps may overwrite."""
    found = jaxpr.cache.get("updates")
    if found is None:
        found = jaxpr.cache["updates"] = Updates(jaxpr)
    return found  # type: ignore[no-any-return]


def in_place(body: Jaxpr, layout: Layout) -> list[bool]:
    """For each part of a loop's carry, whether a turn only changes it, and it is not small.

    Args:
        body: as it is written.
        layout: of the loop.
    """
    body = native_form(body)
    olds = body.invars[layout.consts : layout.first_x]
    news = body.outvars[: layout.carry]
    return [
        new is not old and not is_small(old.aval.shape) and updates_of(body).reaches(old, new)
        for old, new in zip(olds, news, strict=True)
    ]


__all__ = ["in_place", "updates_of"]
