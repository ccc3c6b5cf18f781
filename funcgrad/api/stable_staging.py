"""Staging with naive formulas replaced, inside of derivatives before these are taken.

Afterwards it is too late: the derivative of ``log(1 + exp(x))`` is ``exp(x) / (1 + exp(x))``, and
no longer a formula that can be recognised in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from .. import tree
from ..compiler.stabilize import Rewrite, stabilize_jaxpr
from ..control.custom import must_stage
from ..control.jit_settings import stabilizing
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.tracing import Tracer, aval_of
from ..transforms.staging import lift_tracers, stage
from ..typing import Array, PyTree, PyTreeSpec
from .staging import stage_call

Call: TypeAlias = Callable[[Sequence[Array]], PyTree]


def stage_stable(
    fun: Callable[..., PyTree],
    args: tuple[PyTree, ...],
    kwargs: Mapping[str, PyTree],
    owner: str,
    stabilize: bool = True,
) -> tuple[Jaxpr, PyTreeSpec, tuple[Rewrite, ...]]:
    """The jaxpr of a call, the structure of its output, and the formulas that were replaced.

    None are with ``stabilize=False``, and inside of a function that is staged so.
    """
    stable = stabilize and stabilizing.get() is not False
    inner: list[Rewrite] = []
    token = stabilizing.set(stable and partial(stable_call, inner))
    try:
        jaxpr, out_tree = stage_call(fun, args, kwargs, owner)
    finally:
        stabilizing.reset(token)
    if not stable:
        return jaxpr, out_tree, ()
    jaxpr, outer = stabilize_jaxpr(jaxpr)
    return jaxpr, out_tree, (*inner, *outer)


def stable_call(rewrites: list[Rewrite], call: Call, leaves: Sequence[Array], owner: str) -> Call:
    """A function of leaves with its naive formulas replaced, where it is being staged anyway.

    Args:
        rewrites: what is replaced is added to it.
        call: from a list of leaves to a pytree of arrays, and of anything else.
        leaves: at which it will be called. If one of them has a value, Python's control flow may
            depend on it, and the function is returned as it is.
        owner: the transformation, for messages.
    """
    if not leaves or not all(must_stage((x,)) for x in leaves):
        return call
    box: list[tuple[PyTreeSpec, list[Array], list[bool]]] = []

    def flat(*xs: Array) -> list[Array]:
        outs, out_tree = tree.flatten(call(xs))
        traced = [isinstance(o, Tracer) for o in outs]
        box[:] = [(out_tree, outs, traced)]
        return [o for o, t in zip(outs, traced, strict=True) if t]

    jaxpr, captured = lift_tracers(stage(flat, [aval_of(x) for x in leaves], owner))
    jaxpr, found = stabilize_jaxpr(jaxpr)
    rewrites.extend(found)
    ((out_tree, template, traced),) = box

    def stable(xs: Sequence[Array]) -> PyTree:
        results = iter(eval_jaxpr(jaxpr, jaxpr.consts, [*captured, *xs]))
        outs = [next(results) if t else o for o, t in zip(template, traced, strict=True)]
        return tree.unflatten(out_tree, outs)

    return stable
