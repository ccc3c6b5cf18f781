"""The engine: finds formulas by their last operation, and splices in what replaces them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...context import leave
from ...core.avals import Aval
from ...core.dtypes import is_floating
from ...core.jaxpr import Atom, Eqn, Jaxpr, Literal, Var
from ...core.primitive import Primitive
from ...core.tracing import enter_body
from ...ops.families import Elementwise
from ...ops.shape import broadcast_to, cast, convert, definite
from ...transforms.staging import StagingTrace
from ...typing import Array
from ..passes.prune import drop_dead_code
from .graph import Graph, NoMatch

REALS = frozenset([np.dtype(np.float32), np.dtype(np.float64)])


class _Expression(StagingTrace):
    """Records an expression; what is not elementwise takes Python's numbers as NumPy's."""

    __slots__ = ()

    def process(self, prim: Primitive, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if not isinstance(prim, Elementwise) and prim is not convert:
            args = tuple(map(definite, args))
        return super().process(prim, args, params)


class Builder:
    """Stages an expression of atoms, with the abstract value of the equation it replaces."""

    def __init__(self, graph: Graph, out: Var, kind: str) -> None:
        self.graph = graph
        self.out: Aval = out.aval
        self.kind = kind
        self.trace: StagingTrace = _Expression("stabilize")
        self.operands: dict[Var, Any] = {}

    def __call__(self, a: Atom) -> Array:
        """The value of an atom, in the dtype of the result."""
        aval = self.graph.resolve(a).aval
        if not is_floating(aval.dtype) and aval.dtype.kind != self.kind:
            raise NoMatch
        x = self.as_it_is(a)
        return x if aval.weak else cast(x, self.out.dtype)

    def as_it_is(self, a: Atom) -> Array:
        """The value of an atom of any dtype."""
        a = self.graph.resolve(a)
        if isinstance(a, Literal):
            return a.value
        if a not in self.operands:
            self.operands[a] = self.trace.new(a.aval)
        return self.operands[a]

    def build(self, expression: Expression) -> tuple[Jaxpr, list[Var]]:
        """The jaxpr of an expression and the variables that it is a function of."""
        token = enter_body(self.trace)
        try:
            with np.errstate(all="ignore"):
                out = expression(self)
                if not self.out.weak:
                    out = broadcast_to(definite(out), self.out.shape)
                    out = cast(out, self.out.dtype)
        finally:
            leave(token)
            self.trace.alive = False
        jaxpr = self.trace.finish([x._var for x in self.operands.values()], [out])
        if jaxpr.out_avals[0] != self.out:
            raise NoMatch
        return jaxpr, list(self.operands)


Expression: TypeAlias = Callable[[Builder], Array]
"""A function of ``get``, which turns atoms of the jaxpr into traced values."""


def value_of(graph: Graph, get: Builder, a: Atom) -> Array | float:
    """An operand, or the number that it is, of whatever dtype."""
    number = graph.uniform(a)
    return get(a) if number is None else number


class Match(NamedTuple):
    """A formula that was found: its name, and how to compute the result instead."""

    name: str
    build: Expression


class Rule(NamedTuple):
    """Formulas with one last operation.

    ``find(graph, eqn)`` is asked where one of the operators ``needs`` is in the jaxpr, too.
    """

    root: Primitive
    needs: frozenset[Primitive]
    find: Callable[[Graph, Eqn], Match | None]
    complex: bool = False


@dataclass(frozen=True)
class Rewrite:
    """One formula that was replaced.

    Attributes:
        name: the identity, such as ``log(1 + x) -> log1p(x)``.
        before: the equations of the formula, from its operands.
        after: the equations in their place.
        source: the user's line of the last operation.
    """

    name: str
    before: Jaxpr
    after: Jaxpr
    source: Any

    def __str__(self) -> str:
        return f"{self.name}  at {self.source}" if self.source else self.name


class Rewriter:
    """One pass over the equations of a jaxpr."""

    def __init__(self, jaxpr: Jaxpr, rules: Mapping[Primitive, Sequence[Rule]]) -> None:
        self.jaxpr = jaxpr
        self.rules = rules
        self.graph: Graph = Graph(jaxpr)
        self.env: dict[Atom, Atom] = {}
        self.eqns: list[Eqn] = []
        self.consts: dict[Var, Any] = dict(zip(jaxpr.constvars, jaxpr.consts, strict=True))
        self.outside: set[Var] = set()
        self.found: list[tuple[Var, Rewrite]] = []

    def run(self) -> tuple[Jaxpr, tuple[Rewrite, ...]]:
        """The rewritten jaxpr and what was replaced; the jaxpr itself if nothing was."""
        for e in self.jaxpr.eqns:
            rules = self.rules.get(e.primitive)
            if rules is None or not self.replace(e, rules):
                self.keep(e)
        if not self.found:
            return self.jaxpr, ()
        outvars = [self.named(a) for a in self.jaxpr.outvars]
        consts = list(self.consts.items())
        jaxpr = drop_dead_code(
            Jaxpr(
                [v for v, _ in consts],
                self.jaxpr.invars,
                self.eqns,
                outvars,
                [c for _, c in consts],
            )
        )
        live = {v for e in jaxpr.eqns for v in (*e.outvars, *e.inputs) if isinstance(v, Var)}
        live.update(v for v in outvars if isinstance(v, Var))
        rewrites = tuple(r for v, r in self.found if self.named(v) in live or v in self.env)
        return jaxpr, rewrites

    def named(self, a: Atom) -> Atom:
        """The atom in the new jaxpr that stands for an atom of the old one."""
        return self.env.get(a, a) if isinstance(a, Var) else a

    def keep(self, e: Eqn) -> None:
        """Append an equation, with its operands renamed."""
        if self.env and any(a in self.env for a in e.inputs if isinstance(a, Var)):
            inputs = [self.named(a) for a in e.inputs]
            e = Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
        self.eqns.append(e)

    def replace(self, e: Eqn, rules: Sequence[Rule]) -> bool:
        """Try the rules on an equation; True if one replaced it."""
        out = e.outvars[0]
        kind = out.aval.dtype.kind
        if out.aval.dtype not in REALS and kind != "c":
            return False
        for rule in rules:
            if kind == "c" and not rule.complex:
                continue
            match = rule.find(self.graph, e)
            if match is None or out.aval.symbolic:
                continue
            try:
                self.splice(e, match, Builder(self.graph, out, kind).build(match.build))
            except NoMatch:
                continue
            return True
        return False

    def splice(self, e: Eqn, match: Match, after: tuple[Jaxpr, list[Var]]) -> None:
        """Append the equations that compute the result of another one, in its place."""
        jaxpr, operands = after
        for v in operands:
            eqns, constants = self.graph.cone(v, self.outside)
            for inner in eqns:
                self.keep(inner)
            self.consts.update((c, self.graph.known[c]) for c in constants)
        self.consts.update(zip(jaxpr.constvars, jaxpr.consts, strict=True))
        env: dict[Any, Any] = dict(zip(jaxpr.invars, operands, strict=True))
        (result,), out = jaxpr.outvars, e.outvars[0]
        for inner in jaxpr.eqns:
            if result in inner.outvars:
                env[result] = out
            inputs = [a if type(a) is Literal else env.get(a, a) for a in inner.inputs]
            outvars = [env.get(v, v) for v in inner.outvars]
            self.keep(Eqn(inner.primitive, inputs, inner.params, outvars, e.source))
        if type(result) is Literal or env.get(result) is not out:
            self.env[out] = self.named(env.get(result, result))
        before = formula(self.graph, e, operands)
        self.found.append((out, Rewrite(match.name, before, jaxpr, e.source)))


def formula(graph: Graph, root: Eqn, operands: Sequence[Var]) -> Jaxpr:
    """The equations from operands to a result, as a jaxpr of their own."""
    eqns: dict[Var, Eqn] = {}
    invars: dict[Var, None] = dict.fromkeys(operands)
    consts: dict[Var, Any] = {}
    stack: list[tuple[Var, bool]] = [(root.outvars[0], False)]

    def behind(a: Atom) -> Atom:
        found = graph.resolve(a)
        return found if found.aval == a.aval else a

    while stack:
        v, ready = stack.pop()
        e = graph.made.get(v)
        if v in invars or v in eqns:
            continue
        if v in graph.known:
            consts[v] = graph.known[v]
        elif e is None:
            invars[v] = None
        elif not ready:
            stack.append((v, True))
            stack += [(a, False) for a in map(behind, e.inputs) if isinstance(a, Var)]
        else:
            inputs = [behind(a) for a in e.inputs]
            new = Eqn(e.primitive, inputs, e.params, e.outvars, e.source)
            eqns.update(dict.fromkeys(e.outvars, new))
    lines = list(dict.fromkeys(eqns.values()))
    return Jaxpr(list(consts), list(invars), lines, root.outvars, list(consts.values()))
