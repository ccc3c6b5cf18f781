"""Replacing naive formulas by numerically stable ones.

Each family of rewrites is a table in a file of its own: of ``Rule(root, needs, find)``, the last
operation of a formula, operators of which one must be there, too, and a function that recognises
it. The engine asks the rules about the equations of a jaxpr in order, looks through calls, and
goes into the jaxprs of loops and branches.

What is kept: shapes, dtypes and weakness; integers; NaN of operands that are NaN (but for
``hypot``, which is infinite where one operand is, as NumPy's is).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...core.jaxpr import Eqn, Jaxpr, map_jaxprs
from ...core.primitive import Primitive
from ...ops.families import Control
from . import conjugates, exponentials, logs, matrices, products, squares
from .graph import operators
from .rewriting import Rewrite, Rewriter, Rule

__all__ = ["Rewrite", "add_rules", "stabilize_jaxpr"]

TABLES = (
    products.RULES,
    logs.RULES,
    exponentials.RULES,
    squares.RULES,
    conjugates.RULES,
    matrices.RULES,
)
"""In this order the rules of one root are tried."""

RULES: dict[Primitive, tuple[Rule, ...]] = {}


def add_rules(table: Iterable[Rule]) -> None:
    """Try the rules of a table, too, after those that are there."""
    for rule in table:
        RULES[rule.root] = (*RULES.get(rule.root, ()), rule)


for _table in TABLES:
    add_rules(_table)


def stabilize_jaxpr(jaxpr: Jaxpr) -> tuple[Jaxpr, tuple[Rewrite, ...]]:
    """Replace the naive formulas of a jaxpr by stable ones.

    Args:
        jaxpr: the jaxpr; it is not changed.

    Returns:
        The jaxpr with the same inputs and outputs, and what was replaced. It is the same object if
        nothing was.

    >>> import numpy as np
    >>> from funcgrad import make_jaxpr
    >>> stabilize_jaxpr(make_jaxpr(lambda x: np.log(1 + np.exp(x)))(1.0))[0]
    { lambda ; a:f64*[]. let b:f64[] = softplus a in (b,) }
    """
    if jaxpr.as_written:
        return jaxpr, ()
    found = jaxpr.cache.get("stabilized")
    if found is None:
        found = jaxpr.cache["stabilized"] = _stabilize(jaxpr)
        if found:
            found[0].cache["stabilized"] = ()
    return found or (jaxpr, ())


def _stabilize(jaxpr: Jaxpr) -> tuple[Any, ...]:
    """The new jaxpr and the rewrites; () if nothing is replaced."""
    present = operators(jaxpr)
    active: dict[Primitive, list[Rule]] = {}
    for root in present & RULES.keys():
        rules = [rule for rule in RULES[root] if not present.isdisjoint(rule.needs)]
        if rules:
            active[root] = rules
    outer: tuple[Rewrite, ...] = ()
    if active:
        jaxpr, outer = Rewriter(jaxpr, active).run()
    inner: tuple[Rewrite, ...] = ()
    if any(isinstance(p, Control) for p in present):
        jaxpr, inner = _inside(jaxpr)
    return (jaxpr, outer + inner) if outer or inner else ()


def _inside(jaxpr: Jaxpr) -> tuple[Jaxpr, tuple[Rewrite, ...]]:
    """Stabilize the jaxprs in parameters: bodies of loops, branches, calls."""
    rewrites: list[Rewrite] = []
    eqns: list[Eqn] = []

    def stable(inner: Jaxpr) -> Jaxpr:
        new, found = stabilize_jaxpr(inner)
        rewrites.extend(found)
        return new

    for e in jaxpr.eqns:
        if isinstance(e.primitive, Control):
            params = map_jaxprs(stable, e.params)
            if any(params[k] is not v for k, v in e.params.items()):
                e = Eqn(e.primitive, e.inputs, params, e.outvars, e.source)
        eqns.append(e)
    if not rewrites:
        return jaxpr, ()
    return (
        Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts),
        tuple(rewrites),
    )
