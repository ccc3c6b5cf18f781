"""Naive formulas replaced inside of derivatives, before these are taken.

Afterwards it is too late: the derivative of ``log(1 + exp(x))`` is ``exp(x) / (1 + exp(x))``, and
no longer a formula that can be recognised in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from .. import tree
from ..compiler.pipeline import as_staged
from ..compiler.stabilize import Rewrite
from ..context import current
from ..control.custom import must_stage
from ..core.jaxpr import eval_jaxpr
from ..core.tracing import Tracer, aval_of
from ..transforms.staging import Formulas, lift_tracers, stage_aux
from ..typing import Array, PyTree, PyTreeSpec
from .flat_function import OnLeaves, Staged
from .staging import stage_call

Call: TypeAlias = Callable[[Sequence[Any]], PyTree]


def stage_stable(
    fun: Callable[..., PyTree],
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
    owner: str,
    stabilize: bool,
) -> tuple[Staged, tuple[Rewrite, ...]]:
    """A call staged with its naive formulas replaced, and what was replaced.

    Nothing is with ``stabilize=False``, nor inside of a function that is staged so.
    """
    formulas = Formulas(stabilize and not as_written())
    staged = stage_call(fun, args, kwargs, owner, formulas)
    if not formulas.stable:
        return staged, ()
    jaxpr, found = as_staged(staged.jaxpr)
    return staged._replace(jaxpr=jaxpr), (*formulas.replaced, *found)


def as_written() -> bool:
    """Whether a function is being staged in which formulas are not to be replaced."""
    formulas = current_formulas()
    return formulas is not None and not formulas.stable


def current_formulas() -> Formulas | None:
    """What the function that is being staged, if there is one, says about formulas."""
    body = current().body
    return None if body is None else body.formulas


def stable_where_staged(flat: OnLeaves, leaves: Sequence[Array]) -> Call:
    """A function of leaves, with its naive formulas replaced if it is being staged anyway.

    Where one of the leaves has a value, Python's control flow may depend on it, and the function
    is called as it is.
    """
    formulas = current_formulas()
    if formulas is None or not formulas.stable:
        return flat.call
    if not leaves or not all(must_stage((x,)) for x in leaves):
        return flat.call

    def run(*xs: Array) -> tuple[list[Array], tuple[PyTreeSpec, list[Any]]]:
        outs, out_tree = tree.flatten(flat.call(xs))
        fixed = [None if isinstance(o, Tracer) else Fixed(o) for o in outs]
        return [o for o, f in zip(outs, fixed, strict=True) if f is None], (out_tree, fixed)

    jaxpr, (out_tree, fixed) = stage_aux(run, [aval_of(x) for x in leaves], flat.owner)
    jaxpr, captured = lift_tracers(jaxpr)
    jaxpr, found = as_staged(jaxpr)
    formulas.replaced += found

    def stable(xs: Sequence[Array]) -> PyTree:
        results = iter(eval_jaxpr(jaxpr, jaxpr.consts, [*captured, *xs]))
        return tree.unflatten(out_tree, [next(results) if f is None else f.value for f in fixed])

    return stable


class Fixed(NamedTuple):
    """A leaf of a result that is no traced value."""

    value: Any
