"""Naive formulas replaced inside of a function that is about to be differentiated.

Afterwards it is too late: the derivative of ``log(1 + exp(x))`` is ``exp(x) / (1 + exp(x))``, and
no longer a formula that can be recognised in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from .. import tree
from ..context import within
from ..core.jaxpr import eval_jaxpr
from ..core.restarts import Rewrite
from ..core.tracing import Tracer, aval_of, value_unknown
from ..transforms.staging import current_formulas, lift_tracers, stage_aux
from ..typing import Array, PyTree, PyTreeSpec
from .flat_function import OnLeaves

Call: TypeAlias = Callable[[Sequence[Any]], PyTree]


def stable_where_staged(flat: OnLeaves, leaves: Sequence[Array]) -> Call:
    """A function of leaves, with its naive formulas replaced if it is being staged anyway.

    Where one of the leaves has a value, Python's control flow may depend on it, and the function
    is called as it is.
    """
    formulas = current_formulas()
    if formulas is None or formulas.rewrite is None:
        return flat.call
    if not leaves or not all(map(value_unknown, leaves)):
        return flat.call
    stable, found = _rewritten(flat, leaves, formulas.rewrite)
    formulas.replaced += found
    return stable


def begun_again(flat: OnLeaves, leaves: Sequence[Array], rewrite: Rewrite) -> Call:
    """A function of leaves of which a rule asked for the whole formula, see ``Restart``.

    It is differentiated as it is if it cannot be staged, or has no formula that is replaced.
    """
    try:
        call, found = _rewritten(flat, leaves, rewrite)
    except Exception:  # of Python's control flow, or the same error as below
        call, found = flat.call, ()

    def run(xs: Sequence[Array]) -> PyTree:
        with within(restarted=True):
            return (call if found else flat.call)(xs)

    return run


def _rewritten(
    flat: OnLeaves, leaves: Sequence[Array], rewrite: Rewrite
) -> tuple[Call, Sequence[Any]]:
    """A function of leaves with its formulas replaced, and what was replaced."""

    def run(*xs: Array) -> tuple[list[Array], tuple[PyTreeSpec, list[Any]]]:
        outs, out_tree = tree.flatten(flat.call(xs))
        fixed = [None if isinstance(o, Tracer) else Fixed(o) for o in outs]
        return [o for o, f in zip(outs, fixed, strict=True) if f is None], (out_tree, fixed)

    jaxpr, (out_tree, fixed) = stage_aux(run, [aval_of(x) for x in leaves], flat.owner)
    jaxpr, captured = lift_tracers(jaxpr)
    jaxpr, found = rewrite(jaxpr)

    def stable(xs: Sequence[Array]) -> PyTree:
        results = iter(eval_jaxpr(jaxpr, jaxpr.consts, [*captured, *xs]))
        return tree.unflatten(out_tree, [next(results) if f is None else f.value for f in fixed])

    return stable, found


class Fixed(NamedTuple):
    """A leaf of a result that is no traced value."""

    value: Any
