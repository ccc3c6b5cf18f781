"""Inside jit, naive formulas are replaced before derivatives are taken.

Afterwards it is too late: the derivative of ``log(1 + exp(x))`` is ``exp(x) / (1 + exp(x))``, and
no longer a formula that can be recognised in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..compiler.stabilize import stabilize_jaxpr
from ..control.custom import must_stage
from ..core.jaxpr import eval_jaxpr
from ..core.tracing import Tracer, aval_of
from ..transforms.staging import lift_tracers, stage

Call = Callable[[Sequence[Any]], Any]


def stable_call(call: Call, leaves: Sequence[Any], owner: str) -> Call:
    """A function of leaves with its naive formulas replaced, where jit is staging it anyway.

    Args:
        call: from a list of leaves to a pytree of arrays, and of anything else.
        leaves: at which it will be called. If one of them has a value, Python's control flow may
            depend on it, and the function is returned as it is.
        owner: the transformation, for messages.
    """
    if not leaves or not all(must_stage((x,)) for x in leaves):
        return call
    box: list[Any] = []

    def flat(*xs: Any) -> list[Any]:
        outs, out_tree = tree.flatten(call(xs))
        traced = [isinstance(o, Tracer) for o in outs]
        box[:] = [out_tree, outs, traced]
        return [o for o, t in zip(outs, traced, strict=True) if t]

    jaxpr, captured = lift_tracers(stage(flat, [aval_of(x) for x in leaves], owner))
    jaxpr, _ = stabilize_jaxpr(jaxpr)
    out_tree, template, traced = box

    def stable(xs: Sequence[Any]) -> Any:
        found = iter(eval_jaxpr(jaxpr, jaxpr.consts, [*captured, *xs]))
        outs = [next(found) if t else o for o, t in zip(template, traced, strict=True)]
        return tree.unflatten(out_tree, outs)

    return stable
