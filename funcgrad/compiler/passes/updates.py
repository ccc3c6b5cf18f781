"""Sums with arrays that are zero but for some elements, as updates of those elements.

Where nothing else reads the array, it is updated in place, in a time that does not grow with it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, Literal
from ...ops.pointwise.arithmetic import add
from ...transforms.staging import Formulas, stage
from .inline import inline_calls


def find_updates(jaxpr: Jaxpr) -> Jaxpr:
    """Replace ``x + u`` by updates of x, where u is made for that sum alone."""
    if all(e.primitive.onto is None for e in jaxpr.eqns):
        return jaxpr
    return _Sums(jaxpr).replaced()


class _Sums:
    """The sums of a jaxpr, and what is added in them.

    Attributes:
        makers: of arrays that only one sum reads, and that are zero but for some elements: the
            equations whose results they are the sum of.
    """

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.jaxpr: Jaxpr = jaxpr
        self.makers: dict[Any, list[Eqn]] = {}
        every = [a for e in jaxpr.eqns for a in e.inputs]
        self.reads: Counter[Any] = Counter(
            a for a in (*every, *jaxpr.outvars) if type(a) is not Literal
        )
        self.reader: dict[Any, Eqn] = {
            a: e for e in jaxpr.eqns for a in e.inputs if type(a) is not Literal
        }

    def replaced(self) -> Jaxpr:
        """The jaxpr with updates in the place of sums."""
        jaxpr, written = self.jaxpr, {}
        eqns = list(jaxpr.eqns)
        for i, e in enumerate(eqns):
            if e.primitive.onto is not None and self.is_term(e.outvars[0]):
                self.makers[e.outvars[0]] = [e]
            if e.primitive is not add:
                continue
            x, makers = self.update(e)
            if makers and x in self.makers and self.is_term(e.outvars[0]):
                self.makers[e.outvars[0]] = [*self.makers[x], *makers]
            elif makers:
                operands = [a for maker in makers for a in maker.inputs]
                eqns[i] = Eqn(add, [x, *operands], {}, e.outvars, e.source)
                written[id(eqns[i])] = _written(x, makers)
        if not written:
            return jaxpr
        changed = Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)
        return inline_calls(changed, lambda e: written.get(id(e)))

    def is_term(self, u: Any) -> bool:
        """True if an array is read once, by a sum with another array."""
        e = self.reader.get(u)
        if e is None or self.reads[u] != 1 or e.primitive is not add:
            return False
        avals = [a.aval for a in (*e.inputs, *e.outvars)]
        plain = not any(a.weak or a.symbolic for a in avals)
        return plain and len({(a.shape, a.dtype) for a in avals}) == 1

    def update(self, e: Eqn) -> tuple[Any, list[Eqn]]:
        """The array that a sum updates, and what makes that which is added to it, if anything."""
        x, u = e.inputs
        if u not in self.makers:
            x, u = u, x
        return (x, self.makers[u]) if u in self.makers and type(x) is not Literal else (x, [])


def _written(x: Any, makers: list[Eqn]) -> Jaxpr:
    """The updates of an array, as a function of it and of the operands of what is added."""

    def run(x: Any, *operands: Any) -> list[Any]:
        given = iter(operands)
        for maker in makers:
            write = maker.primitive.onto
            assert write is not None
            x = write(x, *[next(given) for _ in maker.inputs], **maker.params)
        return [x]

    avals = [a.aval for maker in makers for a in maker.inputs]
    owner = f"the update of {makers[-1].primitive.name}"
    return stage(run, [x.aval, *avals], owner, Formulas(None))
