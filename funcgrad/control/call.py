"""Calls: ``jit`` of a jaxpr, and ``checkpoint``, which is a call whose residuals are recomputed."""

from __future__ import annotations

from typing import Any

from ..compiler.program import optimized, program
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.primitive import Primitive, Unbatched
from ..ops.families import general
from ..transforms.staging import stage
from ..transforms.vmap import batch_jaxpr
from .jaxprs import (
    OWNER,
    Flags,
    bind_on_tape,
    cached,
    closed,
    jvp_jaxpr,
    known_values,
    linear_operands,
    linearize_jaxpr,
    mark_plain,
    nonzero_flags,
    spread,
    transpose_jaxpr,
)


def _evaluate(xp: Any, *args: Any, jaxpr: Jaxpr, name: str) -> Any:
    return tuple(program(jaxpr)(*args))


def _abstract(*avals: Aval, jaxpr: Jaxpr, name: str) -> tuple[Aval, ...]:
    return tuple(jaxpr.out_avals)


def _forward_rule(holder: list[Primitive]) -> Any:
    def forward(trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str) -> Any:
        nonzero = nonzero_flags(tangents)
        both, flags = jvp_jaxpr(jaxpr, nonzero, strong=trace.strong)
        outs = holder[0](*primals, *(t for t in tangents if t is not None), jaxpr=both, name=name)
        n = len(jaxpr.outvars)
        return outs[:n], spread(outs[n:], flags)

    return forward


def _linearize(trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str) -> Any:
    form = linearize_jaxpr(jaxpr, nonzero_flags(tangents))
    outs = call(*primals, jaxpr=form.known, name=name)
    n = len(jaxpr.outvars)
    given = [t for t in tangents if t is not None]
    outs_t = bind_on_tape(trace, call, [*outs[n:], *given], jaxpr=form.linear, name=name)
    return outs[:n], spread(outs_t, form.out_nonzero)


def _transpose_rule(holder: list[Primitive]) -> Any:
    def transpose(
        cts: Any, ct_flags: Any, operands: Any, *, jaxpr: Jaxpr, name: str
    ) -> tuple[list[Any], list[bool]]:
        linear = linear_operands(operands)
        nonzero = nonzero_flags(cts)
        backward, found, flags = transpose_jaxpr(jaxpr, linear, nonzero, tuple(ct_flags), False)
        outs = holder[0](
            *known_values(operands), *(c for c in cts if c is not None), jaxpr=backward, name=name
        )
        return spread(spread(outs, found), linear), spread(flags, linear, False)

    return transpose


def _batch_rule(holder: list[Primitive]) -> Any:
    def batch(trace: Any, values: Any, batched: Any, *, jaxpr: Jaxpr, name: str) -> Any:
        if trace.active is not None:
            inner, flags = batch_jaxpr(jaxpr, trace, batched, active=True)
            outs = holder[0](trace.active, *values, jaxpr=inner, name=name)
        else:
            inner, flags = batch_jaxpr(jaxpr, trace, batched)
            outs = holder[0](*values, jaxpr=inner, name=name)
        if jaxpr.cache.get("plain"):
            mark_plain(inner)
        return [o if f else Unbatched(o) for o, f in zip(outs, flags, strict=True)]

    return batch


def _make(name: str, linearize: Any, traits: tuple[str, ...] = ()) -> Primitive:
    holder: list[Primitive] = []
    prim = general(
        name,
        _evaluate,
        abstract=_abstract,
        batch=_batch_rule(holder),
        cases=None,
        no_cases="holds a jaxpr: tested with the transformations of functions",
        forward=_forward_rule(holder),
        linearize=linearize,
        transpose=_transpose_rule(holder),
        multiple=True,
        traits=traits,
    )
    prim.extra["control"] = True
    holder.append(prim)
    return prim


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of a call that is not inlined."""
    name = module.function(optimized(e.params["jaxpr"]))
    return f"{name}({', '.join(ins)})", [False] * len(e.outvars)


call: Primitive = _make("jit", _linearize)
call.extra["inline"] = True
call.extra["emit"] = _emit


def _recomputed_form(jaxpr: Jaxpr, nonzero: Flags) -> tuple[Jaxpr, Flags]:
    """(primals, tangents) -> tangents of outputs: everything recomputed from the primals."""

    def make() -> tuple[Jaxpr, Flags]:
        form = linearize_jaxpr(jaxpr, nonzero)
        n, m = len(jaxpr.invars), len(jaxpr.outvars)

        def run(*args: Any) -> list[Any]:
            residuals = eval_jaxpr(form.known, form.known.consts, args[:n])[m:]
            return eval_jaxpr(form.linear, form.linear.consts, [*residuals, *args[n:]])

        tangent_avals = [v.aval for v in form.linear.invars[form.residuals :]]
        return closed(stage(run, [*jaxpr.in_avals, *tangent_avals], OWNER)), form.out_nonzero

    return cached(jaxpr, ("checkpoint", nonzero), make)


def _linearize_checkpoint(
    trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str
) -> Any:
    nonzero = nonzero_flags(tangents)
    outs = checkpoint_call(*primals, jaxpr=jaxpr, name=name)
    recomputed, out_nonzero = _recomputed_form(jaxpr, nonzero)
    given = [t for t in tangents if t is not None]
    outs_t = bind_on_tape(trace, checkpoint_call, [*primals, *given], jaxpr=recomputed, name=name)
    return outs, spread(outs_t, out_nonzero)


checkpoint_call: Primitive = _make("checkpoint", _linearize_checkpoint, ("opaque",))
checkpoint_call.extra["emit"] = _emit
