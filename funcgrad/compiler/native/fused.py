"""Maps of a jaxpr as single equations that call native kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.avals import Aval
from ...core.jaxpr import Eqn, Jaxpr, eval_jaxpr
from ...ops.families import Control, control
from ..groups import Map, grouped
from . import cache, llvm, operations
from .entry import Signature, Spec, bound, entry_text
from .kinds import kind_of
from .maps import map_text


def fused(jaxpr: Jaxpr) -> Jaxpr:
    """The jaxpr with each of its maps as one equation, the call of a native kernel."""
    found = jaxpr.cache.get("native")
    if found is None:
        steps = grouped(jaxpr, operations.takes)
        eqns = [_call(step) if isinstance(step, Map) else step for step in steps]
        found = Jaxpr(
            jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts, jaxpr.as_written
        )
        jaxpr.cache["native"] = found
    return found


def _call(group: Map) -> Eqn:
    source = group.eqns[-1].source
    return Eqn(native_map, group.inputs, {"jaxpr": group.jaxpr()}, group.outputs, source)


def kernel(jaxpr: Jaxpr) -> Callable[..., Any]:
    """The native function of a map, on arrays."""
    found = jaxpr.cache.get("kernel")
    if found is None:
        found = jaxpr.cache["kernel"] = _kernel(jaxpr)
    return found


def _kernel(jaxpr: Jaxpr) -> Callable[..., Any]:
    group = Map(jaxpr.out_avals[0].shape)
    group.eqns, group.inputs, group.outputs = jaxpr.eqns, jaxpr.invars, jaxpr.outvars  # type: ignore[assignment]
    signature = Signature(
        tuple(_spec(a) for a in jaxpr.in_avals), tuple(_spec(a) for a in jaxpr.out_avals)
    )
    body = map_text(group, "kernel", llvm.vector_bits())
    code = cache.compiled("\n".join([body, entry_text("entry", "kernel", signature)]))
    library = llvm.Library(code, ("entry", "kernel"))

    def slow(*args: Any) -> Any:
        """Arrays in another order of memory are copied, and other numbers converted."""
        given = [
            np.ascontiguousarray(np.asarray(a, s.kind.dtype)).reshape(s.shape)
            for a, s in zip(args, signature.ins, strict=True)
        ]
        return fast(*given)

    fast = bound(
        library.addresses["entry"], library.addresses["kernel"], signature, slow, keep=library
    )
    return fast


def _spec(a: Aval) -> Spec:
    found = kind_of(a.dtype)
    assert found is not None
    return Spec(a.shape, found)


def _evaluate(xp: Any, *args: Any, jaxpr: Jaxpr) -> Any:
    outs = eval_jaxpr(jaxpr, jaxpr.consts, args)
    return tuple(
        np.array(np.broadcast_to(o, a.shape)) for o, a in zip(outs, jaxpr.out_avals, strict=True)
    )


def _refuse(*_args: Any, **_params: Any) -> Any:
    raise TypeError("a native map is made after vmap")


def _emit(module: Any, e: Eqn, ins: list[str]) -> tuple[str, list[bool]]:
    name = module.callee(kernel(e.params["jaxpr"]))
    return f"{name}({', '.join(ins)})", [True] * len(e.outvars)


native_map: Control = control(
    "native_map",
    _evaluate,
    abstract=lambda *_avals, jaxpr: tuple(jaxpr.out_avals),
    batch=_refuse,
    no_cases="made by the compiler: tested with it",
    nondifferentiable="made by the compiler after derivatives are taken",
    statement=_emit,
)
