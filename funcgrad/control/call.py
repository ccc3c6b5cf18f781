"""Calls: ``jit`` of a jaxpr, and ``checkpoint``, which is a call whose residuals are recomputed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..compiler.pipeline import optimized
from ..compiler.program import program
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.primitive import Unbatched
from ..ops.families import Control, control
from ..transforms.jaxprs import (
    OWNER,
    Flags,
    batch_jaxpr,
    bind_on_tape,
    cached,
    closed,
    jvp_jaxpr,
    keep_as_written,
    known_values,
    linear_operands,
    linearize_jaxpr,
    nonzero_flags,
    spread,
    transpose_jaxpr,
)
from ..transforms.staging import stage
from .saving import Policy, SavingForm, saving_form


def _evaluate(xp: Any, *args: Any, jaxpr: Jaxpr, name: str, **_: Any) -> Any:
    return tuple(program(jaxpr, xp)(*args))


def _abstract(*avals: Aval, jaxpr: Jaxpr, name: str, **_: Any) -> tuple[Aval, ...]:
    return tuple(jaxpr.out_avals)


class InlinedCall(Control):
    """A call whose equations may take its place."""

    __slots__ = ()

    transparent = True

    def called(self, params: dict[str, Any]) -> Jaxpr | None:
        return params["jaxpr"]


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of a call that is not inlined."""
    name = module.function(optimized(e.params["jaxpr"]))
    return f"{name}({', '.join(ins)})", [False] * len(e.outvars)


def _call_operator(
    name: str,
    itself: Callable[[], Control],
    linearize: Callable[..., Any],
    kind: type[Control] = Control,
    **declared: Any,
) -> Control:
    """An operator that evaluates its one jaxpr; ``itself`` returns the operator.

    It may have other parameters, which its derivatives and batched forms have, too.
    """

    def forward(
        trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str, **more: Any
    ) -> Any:
        nonzero = nonzero_flags(tangents)
        both, flags = jvp_jaxpr(jaxpr, nonzero, strong=trace.strong)
        given = [t for t in tangents if t is not None]
        outs = itself()(*primals, *given, jaxpr=both, name=name, **more)
        n = len(jaxpr.outvars)
        return outs[:n], spread(outs[n:], flags)

    def transpose(
        cts: Any, ct_flags: Any, operands: Any, *, jaxpr: Jaxpr, name: str, **more: Any
    ) -> tuple[list[Any], list[bool]]:
        linear = linear_operands(operands)
        nonzero = nonzero_flags(cts)
        backward, found, flags = transpose_jaxpr(jaxpr, linear, nonzero, tuple(ct_flags), False)
        given = [c for c in cts if c is not None]
        outs = itself()(*known_values(operands), *given, jaxpr=backward, name=name, **more)
        return spread(spread(outs, found), linear), spread(flags, linear, False)

    def batch(
        trace: Any, values: Any, batched: Any, *, jaxpr: Jaxpr, name: str, **more: Any
    ) -> Any:
        masked = trace.active is not None
        inner, flags = batch_jaxpr(jaxpr, trace, batched, active=masked)
        lead = [trace.active] if masked else []
        outs = itself()(*lead, *values, jaxpr=inner, name=name, **more)
        if jaxpr.as_written:
            keep_as_written(inner)
        return [o if f else Unbatched(o) for o, f in zip(outs, flags, strict=True)]

    return control(
        name,
        _evaluate,
        abstract=_abstract,
        batch=batch,
        no_cases="holds a jaxpr: tested with the transformations of functions",
        kind=kind,
        forward=forward,
        linearize=linearize,
        transpose=transpose,
        statement=_emit,
        open=lambda opener, args, *, jaxpr, name, **_: opener.run(jaxpr, args),
        **declared,
    )


def _linearize(trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str) -> Any:
    form = linearize_jaxpr(jaxpr, nonzero_flags(tangents))
    outs = call(*primals, jaxpr=form.known, name=name)
    n = len(jaxpr.outvars)
    given = [t for t in tangents if t is not None]
    outs_t = bind_on_tape(trace, call, [*outs[n:], *given], jaxpr=form.linear, name=name)
    return outs[:n], spread(outs_t, form.out_nonzero)


call: Control = _call_operator("jit", lambda: call, _linearize, InlinedCall)


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
    trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str, policy: Policy | None
) -> Any:
    nonzero = nonzero_flags(tangents)
    if policy is not None:
        return _linearize_saving(
            trace, primals, tangents, saving_form(jaxpr, nonzero, policy), name
        )
    outs = checkpoint_call(*primals, jaxpr=jaxpr, name=name, policy=None)
    recomputed, out_nonzero = _recomputed_form(jaxpr, nonzero)
    given = [t for t in tangents if t is not None]
    outs_t = bind_on_tape(
        trace, checkpoint_call, [*primals, *given], jaxpr=recomputed, name=name, policy=None
    )
    return outs, spread(outs_t, out_nonzero)


def _linearize_saving(trace: Any, primals: Any, tangents: Any, form: SavingForm, name: str) -> Any:
    outs = checkpoint_call(*primals, jaxpr=form.forward, name=name, policy=None)
    n = len(outs) - form.saved
    operands = [*(primals[i] for i in form.used), *outs[n:]]
    given = [t for t in tangents if t is not None]
    outs_t = bind_on_tape(
        trace,
        checkpoint_call,
        [*operands, *given],
        jaxpr=form.recomputed,
        name=name,
        policy=None,
    )
    return outs[:n], spread(outs_t, form.out_nonzero)


checkpoint_call: Control = _call_operator(
    "checkpoint", lambda: checkpoint_call, _linearize_checkpoint, opaque=True
)
