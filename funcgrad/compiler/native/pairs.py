"""Complex numbers as pairs of real ones: jaxprs in which nothing else is complex.

Elementwise operators are written by the formulas of their records, on pairs. What moves elements
or is linear is done to both parts. What is complex in memory, arguments and results, is looked at
by ``real`` and ``imag``, and made by ``complex``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, Literal, Var
from ...ops.pointwise.complex import imag, make, real
from ...ops.shape import convert
from .pair_forms import pair_form
from .pair_loops import LOOPS, over_pairs
from .pair_numbers import is_complex, part_of


class Native(NamedTuple):
    """What is known of native code of real numbers.

    Attributes:
        fits: whether it computes all of a jaxpr.
        loops: whether it computes a loop or branch.
        inside: the function of parts that a jaxpr inside is; None if something stays complex.
    """

    fits: Callable[[Jaxpr], bool]
    loops: Callable[[Eqn], bool]
    inside: Callable[[Jaxpr], Jaxpr | None]


def as_pairs(jaxpr: Jaxpr, native: Native) -> Jaxpr:
    """A jaxpr with pairs of real numbers in the place of complex ones, where that can be."""
    every = (*jaxpr.constvars, *jaxpr.invars, *(v for e in jaxpr.eqns for v in e.outvars))
    if not any(map(is_complex, every)):
        return jaxpr
    writer = _Writer(jaxpr, native)
    for e in jaxpr.eqns:
        writer.write(e)
    outvars = [writer.whole(a) for a in jaxpr.outvars]
    return writer.jaxpr(jaxpr.invars, outvars)


def of_pairs(jaxpr: Jaxpr, native: Native) -> Jaxpr | None:
    """The function of the parts of what a jaxpr takes, to the parts of what it returns.

    None if something inside stays complex.
    """
    writer = _Writer(jaxpr, native)
    invars: list[Var] = []
    for v in jaxpr.invars:
        if is_complex(v):
            made = tuple(Var(Aval(v.aval.shape, part_of(v.aval.dtype))) for _ in range(2))
            writer.parts[v] = made
            writer.wholes.discard(v)
            invars += made
        else:
            invars.append(v)
    for e in jaxpr.eqns:
        writer.write(e)
    outvars = [b for a in jaxpr.outvars for b in writer.flat(a)]
    atoms = [a for e in writer.eqns for a in (*e.inputs, *e.outvars)]
    return None if any(map(is_complex, atoms)) else writer.jaxpr(invars, outvars)


class _Writer:
    """A jaxpr of pairs under construction."""

    def __init__(self, jaxpr: Jaxpr, native: Native) -> None:
        self.native: Native = native
        self.eqns: list[Eqn] = []
        self.constvars: list[Var] = []
        self.consts: list[Any] = []
        self.parts: dict[Any, tuple[Any, ...]] = {}
        self.wholes: set[Any] = {v for v in jaxpr.invars if is_complex(v)}
        self.constants: dict[Any, Any] = {}
        for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True):
            if is_complex(v):
                self.constants[v] = c
            else:
                self.constvars.append(v)
                self.consts.append(c)

    def jaxpr(self, invars: Sequence[Var], outvars: Sequence[Any]) -> Jaxpr:
        """What has been written."""
        return Jaxpr(self.constvars, list(invars), self.eqns, list(outvars), self.consts)

    # --- atoms

    def constant(self, value: Any, aval: Aval) -> Var:
        v = Var(aval)
        self.constvars.append(v)
        self.consts.append(value)
        return v

    def whole(self, a: Any) -> Any:
        """A complex atom as such."""
        if type(a) is Literal or not is_complex(a) or a in self.wholes:
            return a
        if a in self.constants:
            self.constvars.append(a)
            self.consts.append(self.constants[a])
        else:
            self.eqns.append(Eqn(make, list(self.parts[a]), {}, [a]))
        self.wholes.add(a)
        return a

    def flat(self, a: Any) -> tuple[Any, ...]:
        """The parts of a complex atom; a real one alone."""
        if not is_complex(a):
            return (a,)
        part = part_of(a.aval.dtype)
        if type(a) is Literal:
            numbers = (complex(a.value).real, complex(a.value).imag)
            return tuple([Literal(part.type(x), Aval((), part)) for x in numbers])
        found = self.parts.get(a)
        if found is None:
            aval = Aval(a.aval.shape, part)
            if a in self.constants:
                c = self.constants[a]
                found = tuple([self.constant(_laid_out(p), aval) for p in (c.real, c.imag)])
            else:
                found = (Var(aval), Var(aval))
                for read, v in zip((real, imag), found, strict=True):
                    self.eqns.append(Eqn(read, [a], {}, [v]))
            self.parts[a] = found
        return found

    # --- equations

    def write(self, e: Eqn) -> None:
        """Append an equation, in whichever form."""
        if not any(map(is_complex, (*e.inputs, *e.outvars))):
            self.eqns.append(e)
        elif not self._in_parts(e):
            inputs = [self.whole(a) for a in e.inputs]
            self.eqns.append(Eqn(e.primitive, inputs, e.params, e.outvars, e.source))
            self.wholes.update(filter(is_complex, e.outvars))

    def _in_parts(self, e: Eqn) -> bool:
        if any(a.aval.weak and type(a) is not Literal for a in (*e.inputs, *e.outvars)):
            return False
        outs = self._results(e)
        if e.primitive.name in LOOPS:
            params = over_pairs(e, self.native.inside)
            if params is None:
                return False
            inputs = [b for a in e.inputs for b in self.flat(a)]
            made = Eqn(e.primitive, inputs, params, [b for o in outs for b in o], e.source)
            if not self.native.loops(made):
                return False
            self.eqns.append(made)
        else:
            form = pair_form(e, self.native.fits)
            if form is None:
                return False
            given = [b for a in e.inputs if type(a) is not Literal for b in self.flat(a)]
            self._inline(form, given, [b for o in outs for b in o], e)
        self.parts.update({v: o for v, o in zip(e.outvars, outs, strict=True) if is_complex(v)})
        return True

    def _results(self, e: Eqn) -> list[tuple[Var, ...]]:
        return [
            (Var(a := Aval(v.aval.shape, part_of(v.aval.dtype))), Var(a)) if is_complex(v) else (v,)
            for v in e.outvars
        ]

    def _inline(self, form: Jaxpr, given: Sequence[Any], outs: Sequence[Var], e: Eqn) -> None:
        known: dict[Any, Any] = dict(zip(form.invars, given, strict=True))
        for v, c in zip(form.constvars, form.consts, strict=True):
            known[v] = self.constant(c, v.aval)
        made = {v for inner in form.eqns for v in inner.outvars}
        for a, out in zip(form.outvars, outs, strict=True):
            if a in made and a not in known:
                known[a] = out
        for inner in form.eqns:
            for v in inner.outvars:
                known.setdefault(v, Var(v.aval))
            inputs = [a if type(a) is Literal else known[a] for a in inner.inputs]
            outvars = [known[v] for v in inner.outvars]
            self.eqns.append(Eqn(inner.primitive, inputs, inner.params, outvars, e.source))
        for a, out in zip(form.outvars, outs, strict=True):
            found = a if type(a) is Literal else known[a]
            if found is not out:
                self.eqns.append(Eqn(convert, [found], {"dtype": out.aval.dtype}, [out], e.source))


def _laid_out(x: Any) -> Any:
    """A part of a constant, side by side; one number repeated stays so."""
    if x.size and x.ndim and not any(x.strides):
        return np.broadcast_to(x.flat[0], x.shape)
    return np.ascontiguousarray(x)
