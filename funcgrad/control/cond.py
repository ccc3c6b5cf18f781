"""Branches: run one of several jaxprs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiler.pipeline import optimized
from ..compiler.program import program
from ..compiler.source import call_arguments
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr, eval_jaxpr
from ..core.primitive import Unbatched
from ..core.tracing import shape_of
from ..ops.families import Control, control
from ..ops.pointwise.comparison import equal, select
from ..ops.shape import cast, reshape, zeros
from ..transforms.jaxprs import (
    OWNER,
    Flags,
    batch_jaxpr,
    bind_on_tape,
    cached,
    closed,
    jvp_jaxpr,
    known_values,
    linear_operands,
    nonzero_flags,
    spread,
    stackable_form,
    transpose_jaxpr,
)
from ..transforms.staging import stage
from ..transforms.vmap import BatchTrace, BatchTracer, running_lanes

Branches = tuple[Jaxpr, ...]


def clamp_index(index: Any, count: int) -> int:
    """A branch number, clamped into range."""
    return min(max(int(index), 0), count - 1)


def _evaluate(xp: Any, index: Any, *args: Any, branches: Branches) -> Any:
    return tuple(program(branches[clamp_index(index, len(branches))], xp)(*args))


def _abstract(_index: Aval, *avals: Aval, branches: Branches) -> tuple[Aval, ...]:
    columns = zip(*(b.out_avals for b in branches), strict=True)
    return tuple(Aval(c[0].shape, c[0].dtype, all(a.weak for a in c)) for c in columns)


def _union(flags: Sequence[Flags]) -> Flags:
    return tuple(any(column) for column in zip(*flags, strict=True))


def _forward(trace: Any, primals: Any, tangents: Any, *, branches: Branches) -> Any:
    nonzero = nonzero_flags(tangents[1:])
    strong = trace.strong
    force = _union([jvp_jaxpr(b, nonzero, strong=strong)[1] for b in branches])
    both = tuple(jvp_jaxpr(b, nonzero, force, strong=strong)[0] for b in branches)
    outs = cond(*primals, *(t for t in tangents if t is not None), branches=both)
    n = len(branches[0].outvars)
    return outs[:n], spread(outs[n:], force)


def _linear_branches(branches: Branches, nonzero: Flags) -> tuple[Branches, Branches, Flags, int]:
    """Known and linear branches with the residuals of all of them side by side."""
    force = _union([stackable_form(b, nonzero).out_nonzero for b in branches])
    forms = [stackable_form(b, nonzero, force) for b in branches]
    n = len(branches[0].outvars)
    avals = [a for f in forms for a in f.residual_avals]
    known, linear = [], []
    start = 0
    for b, f in zip(branches, forms, strict=True):
        stop = start + f.residuals
        known.append(_known_branch(b, f, avals, start, stop, n))
        linear.append(_linear_branch(f, avals, start, stop))
        start = stop
    return tuple(known), tuple(linear), force, len(avals)


def _known_branch(branch: Jaxpr, form: Any, avals: Any, start: int, stop: int, n: int) -> Jaxpr:
    def run(*args: Any) -> list[Any]:
        outs = eval_jaxpr(form.known, form.known.consts, args)
        before = [zeros(Aval(a.shape, a.dtype)) for a in avals[:start]]
        after = [zeros(Aval(a.shape, a.dtype)) for a in avals[stop:]]
        return [*outs[:n], *before, *outs[n:], *after]

    return closed(stage(run, branch.in_avals, OWNER))


def _linear_branch(form: Any, avals: Any, start: int, stop: int) -> Jaxpr:
    def run(*args: Any) -> list[Any]:
        return eval_jaxpr(form.linear, form.linear.consts, [*args[start:stop], *args[len(avals) :]])

    tangent_avals = [v.aval for v in form.linear.invars[form.residuals :]]
    strong = [Aval(a.shape, a.dtype) for a in avals]
    return closed(stage(run, [*strong, *tangent_avals], OWNER))


def _linearize(trace: Any, primals: Any, tangents: Any, *, branches: Branches) -> Any:
    nonzero = nonzero_flags(tangents[1:])
    key = ("linear branches", branches[1:], nonzero)
    known, linear, force, _ = cached(branches[0], key, lambda: _linear_branches(branches, nonzero))
    outs = cond(*primals, branches=known)
    n = len(branches[0].outvars)
    given = [t for t in tangents[1:] if t is not None]
    outs_t = bind_on_tape(trace, cond, [primals[0], *outs[n:], *given], branches=linear)
    return outs[:n], spread(outs_t, force)


def _transpose(
    cts: Any, ct_flags: Any, operands: Any, *, branches: Branches
) -> tuple[list[Any], list[bool]]:
    index, operands = operands[0], operands[1:]
    linear, nonzero = linear_operands(operands), nonzero_flags(cts)
    backward = tuple(
        transpose_jaxpr(b, linear, nonzero, tuple(ct_flags), True)[0] for b in branches
    )
    given = [c for c in cts if c is not None]
    outs = cond(index, *known_values(operands), *given, branches=backward)
    return [None, *spread(outs, linear)], [False] + [True] * len(operands)


def _batch(trace: Any, values: Any, batched: Any, *, branches: Branches) -> Any:
    index, args = values[0], values[1:]
    if batched[0]:
        return _batch_select(trace, index, args, batched[1:], branches)
    active = trace.active
    masked = active is not None
    lead = [active] if masked else []
    force = _union([tuple(batch_jaxpr(b, trace, batched[1:], active=masked)[1]) for b in branches])
    inner = tuple(
        batch_jaxpr(b, trace, batched[1:], force=force, active=masked)[0] for b in branches
    )
    outs = cond(index, *lead, *args, branches=inner)
    return [o if f else Unbatched(o) for o, f in zip(outs, force, strict=True)]


def _batch_select(trace: BatchTrace, index: Any, args: Any, batched: Any, branches: Any) -> Any:
    """A predicate per lane: run every branch on all lanes, and pick."""
    last = len(branches) - 1
    index = select(index < 0, 0, select(index > last, last, index))
    results: list[Any] = []
    for k, branch in enumerate(branches):
        here = equal(index, k)
        active = here if trace.active is None else np.logical_and(here, trace.active)
        inner = BatchTrace(trace.size, trace.owner, trace.axis_name, active)
        try:
            with running_lanes(inner):
                tracers = [
                    BatchTracer(inner, a) if b else a for a, b in zip(args, batched, strict=True)
                ]
                outs = eval_jaxpr(branch, branch.consts, tracers)
            outs = [inner.materialize(o) for o in outs]
        finally:
            inner.alive = False
        if not results:
            results = outs
            continue
        results = [
            select(reshape(here, shape=(trace.size,) + (1,) * (len(shape_of(o)) - 1)), o, r)
            for o, r in zip(outs, results, strict=True)
        ]
    return results


def as_index(predicate: Any) -> Any:
    """A boolean predicate as a branch number."""
    return cast(predicate, np.dtype(np.int64))


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of the choice: the branches as functions, picked from a tuple."""
    branches = e.params["branches"]
    names = [module.function(optimized(b)) for b in branches]
    pick = f"{module.callee(clamp_index)}({ins[0]}, {len(branches)})"
    text = f"{call_arguments(names)}[{pick}]({', '.join(ins[1:])})"
    return text, [False] * len(e.outvars)


cond: Control = control(
    "cond",
    _evaluate,
    abstract=_abstract,
    batch=_batch,
    no_cases="holds jaxprs: tested with control flow",
    forward=_forward,
    linearize=_linearize,
    transpose=_transpose,
    statement=_emit,
    open=lambda opener, args, *, branches: opener.run(
        branches[clamp_index(args[0], len(branches))], args[1:]
    ),
)
