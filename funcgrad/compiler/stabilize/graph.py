"""A jaxpr by what the rewrites ask: the equation that made a value, and if two are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

import numpy as np

from ...core.dtypes import kind_of
from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var, has_effect
from ...core.primitive import Primitive
from ...core.source import INTERNAL
from ...core.tracing import Tracer
from ...ops.pointwise.arithmetic import pos
from ...ops.shape import broadcast, reshape
from ..passes.inline import called_jaxpr
from ..passes.share import atom_key


class NoMatch(Exception):
    """Raised where a rewrite turns out not to apply."""


def operators(jaxpr: Jaxpr) -> frozenset[Primitive]:
    """The operators of a jaxpr, and of what it calls."""
    found = jaxpr.cache.get("operators")
    if found is None:
        own = {e.primitive for e in jaxpr.eqns}
        if any(p.transparent for p in own):
            for e in jaxpr.eqns:
                inner = called_jaxpr(e)
                if inner is not None and not inner.as_written:
                    own |= operators(inner)
        found = jaxpr.cache["operators"] = frozenset(own)
    return found


def is_transparent(prim: Primitive) -> bool:
    """True if results of an operator may be those of other equations."""
    return prim is pos or prim.identity or prim.transparent


class Graph:
    """The equations of a jaxpr by what they define; calls are looked through when needed."""

    def __init__(self, jaxpr: Jaxpr) -> None:
        self.transparent: set[Primitive] = {p for p in operators(jaxpr) if is_transparent(p)}
        self.made: dict[Atom, Eqn] = {v: e for e in jaxpr.eqns for v in e.outvars}
        self.known: dict[Atom, Any] = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))
        self.alias: dict[Atom, Atom] = {}
        self.opened: set[int] = set()
        self.within: dict[Var, bool] = {}
        self.numbers: dict[Atom, int] = {}
        self.keys: dict[Hashable, int] = {}
        self.uniforms: dict[Atom, Any] = {}
        self.jaxpr = jaxpr
        self.counts: dict[Atom, int] | None = None

    # --- definitions ---

    def resolve(self, a: Atom) -> Atom:
        """The atom behind names for the same value: identities, and results of calls."""
        while isinstance(a, Var):
            found = self.alias.get(a)
            if found is None:
                e = self.made.get(a)
                if e is None or e.primitive not in self.transparent:
                    return a
                if e.primitive is pos or (
                    e.primitive.identity and e.inputs[0].aval.matches(a.aval)
                ):
                    found = e.inputs[0]
                elif e.primitive.transparent and self.open(e):
                    continue
                else:
                    return a
            a = found
        return a

    def eqn(self, a: Atom) -> Eqn | None:
        """The equation that computes an atom."""
        e = self.made.get(a)
        if e is not None and e.primitive not in self.transparent:
            return e
        a = self.resolve(a)
        return self.made.get(a) if isinstance(a, Var) else None

    def open(self, e: Eqn) -> bool:
        """Add the equations of a call, so that its results are defined by them."""
        jaxpr = called_jaxpr(e)
        if jaxpr is None or jaxpr.as_written or id(e) in self.opened:
            return False
        exported = not e.primitive.user_rule
        if not exported and not own_rule(e.params["rule"]):
            return False
        self.opened.add(id(e))
        exported = exported and all(self.within.get(v, True) for v in e.outvars)
        inside: dict[Atom, Atom] = dict(zip(jaxpr.invars, e.inputs, strict=True))
        for v, c in zip(jaxpr.constvars, jaxpr.consts, strict=True):
            inside[v] = new = Var(v.aval)
            self.known[new] = c
            self.within[new] = exported
        for inner in jaxpr.eqns:
            inputs = [a if type(a) is Literal else inside[a] for a in inner.inputs]
            outvars = [Var(v.aval) for v in inner.outvars]
            copy = Eqn(inner.primitive, inputs, inner.params, outvars, inner.source)
            for old, new in zip(inner.outvars, outvars, strict=True):
                inside[old] = new
                self.made[new] = copy
                self.within[new] = exported
        for v, a in zip(e.outvars, jaxpr.outvars, strict=True):
            self.alias[v] = a if type(a) is Literal else inside[a]
        return True

    def cone(self, a: Var, done: set[Var]) -> tuple[list[Eqn], list[Var]]:
        """The equations inside calls that a value needs, in order, and constants from there."""
        eqns: list[Eqn] = []
        constants: list[Var] = []
        stack: list[tuple[Var, bool]] = [(a, False)]
        while stack:
            v, ready = stack.pop()
            if v in done or v not in self.within:
                continue
            if not self.within[v]:
                raise NoMatch
            e = self.made.get(v)
            if e is None:
                done.add(v)
                constants.append(v)
            elif ready:
                done.update(e.outvars)
                eqns.append(e)
            else:
                if has_effect(e):
                    raise NoMatch
                stack.append((v, True))
                stack += [(b, False) for b in e.inputs if isinstance(b, Var)]
        return eqns, constants

    def uses(self, a: Atom) -> int:
        """The number of times that equations and results read an atom; 0 inside of calls."""
        if self.counts is None:
            read = (a for e in self.jaxpr.eqns for a in e.inputs)
            self.counts = Counter([*read, *self.jaxpr.outvars])
        return self.counts.get(a, 0)

    # --- values ---

    def constant(self, a: Atom) -> Any:
        """The array or number that an atom stands for; None if it is not constant."""
        a = self.resolve(a)
        if type(a) is Literal:
            return a.value
        found = self.known.get(a)
        return None if isinstance(found, Tracer) else found

    def uniform(self, a: Atom) -> float | None:
        """The real number that every element of an atom is; None if there is none."""
        if type(a) is Literal:
            return self._uniform(a)
        found = self.uniforms.get(a, self)
        if found is self:
            found = self.uniforms[a] = self._uniform(a)
        return found

    def _uniform(self, a: Atom) -> float | None:
        value = self.constant(a)
        if value is None:
            e = self.eqn(a)
            if e is None or e.primitive not in (broadcast, reshape):
                return None
            return self.uniform(e.inputs[0])
        if isinstance(value, bool | int | float):
            return value
        if not isinstance(value, np.ndarray | np.generic) or kind_of(value.dtype) not in "iuf":
            return None
        if not value.size:
            return None
        first = value.flat[0] if isinstance(value, np.ndarray) else value
        if isinstance(value, np.ndarray) and any(value.strides) and not (value == first).all():
            return None
        return float(first)

    # --- equality ---

    def same(self, a: Atom, b: Atom) -> bool:
        """True if two atoms are the same value: equal operations on equal operands."""
        a, b = self.resolve(a), self.resolve(b)
        return a is b or self.number(a) == self.number(b)

    def number(self, a: Atom) -> int:
        """A number that equal values share."""
        a = self.resolve(a)
        if type(a) is Literal:
            return self.keyed(atom_key(a))
        stack = [a]
        while stack:
            v = stack[-1]
            e = self.made.get(v)
            if v in self.numbers or e is None:
                self.numbers.setdefault(v, self.keyed(v))
                stack.pop()
                continue
            inputs = [self.resolve(b) for b in e.inputs]
            todo = [b for b in inputs if isinstance(b, Var) and b not in self.numbers]
            if todo:
                stack += todo
                continue
            stack.pop()
            self.numbers[v] = self.keyed(self._key(v, e, inputs))
        return self.numbers[a]

    def _key(self, v: Atom, e: Eqn, inputs: list[Atom]) -> Hashable:
        if e.primitive.multiple or e.primitive.effect or e.primitive.opaque:
            return v
        parts = tuple(
            self.numbers[b] if isinstance(b, Var) else (atom_key(b), "literal") for b in inputs
        )
        return (e.primitive, parts, tuple(sorted(e.params.items())))

    def keyed(self, key: Hashable) -> int:
        """The number of a key: equal keys share one; keys without a hash have one of their own."""
        try:
            return self.keys.setdefault(key, len(self.keys))
        except TypeError:
            return self.keys.setdefault(object(), len(self.keys))


def own_rule(rule: Any) -> bool:
    """True if a derivative rule is funcgrad's own: such rules are the derivative, exactly."""
    codes = [getattr(f, "__code__", None) for f in rule.roots[:1]]
    return bool(codes) and all(c is not None and INTERNAL[c.co_filename] for c in codes)
