"""``while``: a loop whose length the data decide, differentiable in both modes.

Linearized, a while loop becomes the same operator with residual outputs of leading dimension
``n?``, and a linear scan of that length. The first residual is ``active``, which is True;
batching sets every residual of a finished lane to zero, so the linear body is
``select(active, body(t), t)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiler.program import optimized, program
from ..compiler.source import call_arguments
from ..core.avals import Aval, SymbolicDim
from ..core.jaxpr import Jaxpr, Literal, Var, eval_jaxpr
from ..core.primitive import Unbatched
from ..core.tracing import shape_of
from ..ops.families import Control, control
from ..ops.pointwise.comparison import logical_and, select
from ..ops.reductions.reducing import reduce_any
from ..ops.shape import move_axis, reshape
from ..transforms.algebra import fills_inside, instantiate
from ..transforms.jaxprs import (
    OWNER,
    Flags,
    batch_jaxpr,
    bind_on_tape,
    cached,
    closed,
    jvp_jaxpr,
    nonzero_flags,
    spread,
    stackable_form,
)
from ..transforms.staging import stage, with_vars
from ..transforms.vmap import BatchTrace, add_batch_axis
from .scan import carry_fixpoint, interleave, linear_body, scan, stacked_text


def _evaluate(
    xp: Any, *args: Any, cond: Jaxpr, body: Jaxpr, cond_consts: int, body_consts: int, length: Any
) -> Any:
    start = cond_consts + body_consts
    ys = [(v.aval.shape, v.aval.dtype) for v in body.outvars[len(args) - start :]]
    return tuple(run_while(xp, program(cond), program(body), args, cond_consts, body_consts, ys))


def run_while(
    xp: Any, cond: Any, body: Any, args: Any, cond_consts: int, body_consts: int, ys: Any
) -> list[Any]:
    """Run a loop while its condition holds, stacking what each step gives out."""
    start = cond_consts + body_consts
    tests, fixed, state = args[:cond_consts], args[cond_consts:start], list(args[start:])
    n = len(state)
    rows: list[list[Any]] = [[] for _ in ys]
    while cond(*tests, *state)[0]:
        outs = body(*fixed, *state)
        state = list(outs[:n])
        for row, v in zip(rows, outs[n:]):
            row.append(v)
    stacked = []
    for row, (shape, dtype) in zip(rows, ys):
        out = xp.empty((len(row), *shape), dtype)
        for i, v in enumerate(row):
            out[i] = v
        stacked.append(out)
    return [*state, *stacked]


def _abstract(
    *avals: Aval, cond: Jaxpr, body: Jaxpr, cond_consts: int, body_consts: int, length: Any
) -> tuple[Aval, ...]:
    carry = len(avals) - cond_consts - body_consts
    return tuple(
        Aval(a.shape, a.dtype) if i < carry else Aval((length, *a.shape), a.dtype)
        for i, a in enumerate(body.out_avals)
    )


def _carry_count(args: Sequence[Any], cond_consts: int, body_consts: int) -> int:
    return len(args) - cond_consts - body_consts


def _grown_flags(step: Any, tangents: Any, body_consts: int) -> tuple[Flags, Flags]:
    """Flags of the body's constants, and of its carry after the fixed point."""
    start = nonzero_flags(tangents)
    fixed = start[:body_consts]
    flags = carry_fixpoint(lambda f: step((*fixed, *f))[: len(f)], start[body_consts:])
    return fixed, flags


def _forward(
    trace: Any,
    primals: Any,
    tangents: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    cond_consts: int,
    body_consts: int,
    length: Any,
) -> Any:
    tests, args = primals[:cond_consts], primals[cond_consts:]
    tangents = tangents[cond_consts:]
    carry = _carry_count(primals, cond_consts, body_consts)
    strong = trace.strong or fills_inside(body)
    fixed, flags = _grown_flags(
        lambda nz: jvp_jaxpr(body, nz, strong=strong)[1], tangents, body_consts
    )
    nonzero = (*fixed, *flags)
    ys = jvp_jaxpr(body, nonzero, strong=strong)[1][carry:]
    out_nonzero = (*flags, *ys)
    both, _ = jvp_jaxpr(body, nonzero, out_nonzero, strong=strong)
    order_in = interleave((body_consts, carry), nonzero)
    order_out = interleave((carry, len(ys)), out_nonzero)
    wide = with_vars(both, [both.invars[i] for i in order_in], [both.outvars[i] for i in order_out])
    extra = [Var(a) for a, f in zip(body.in_avals[body_consts:], flags, strict=True) if f]
    extra = [Var(Aval(v.aval.shape, v.aval.dtype)) for v in extra]
    test = cached(cond, ("wider", flags), lambda: with_vars(cond, [*cond.invars, *extra]))
    full = list(args) + [
        instantiate(t, p) for t, p, nz in zip(tangents, args, nonzero, strict=True) if nz
    ]
    outs = while_(
        *tests,
        *[full[i] for i in order_in],
        cond=test,
        body=wide,
        cond_consts=cond_consts,
        body_consts=body_consts + sum(fixed),
        length=length,
    )
    back = [outs[order_out.index(i)] for i in range(len(order_out))]
    n = len(body.outvars)
    return back[:n], spread(back[n:], out_nonzero)


def _linear_parts(body: Jaxpr, body_consts: int, carry: int, fixed: Flags, flags: Flags) -> Any:
    """The body with residual outputs, the linear body that skips finished lanes, and how the
    residuals reach it.
    """
    nonzero = (*fixed, *flags)
    ys = stackable_form(body, nonzero).out_nonzero[carry:]
    out_nonzero = (*flags, *ys)
    form = stackable_form(body, nonzero, out_nonzero)
    linear, held, stacked = linear_body(form, body_consts, carry, nonzero)
    n = len(body.outvars)
    active = Literal(np.True_, Aval((), bool))
    kept = [form.known.outvars[n + i] for i in stacked]
    known = with_vars(form.known, form.known.invars, [*form.known.outvars[:n], active, *kept])
    head = len(held) + sum(fixed)
    nk = sum(flags)

    def run(*args: Any) -> list[Any]:
        here, rest = args[head + nk], (*args[: head + nk], *args[head + nk + 1 :])
        outs = eval_jaxpr(linear, linear.consts, rest)
        before = [*args[head : head + nk], *(0 for _ in outs[nk:])]
        return [select(here, new, old) for new, old in zip(outs, before, strict=True)]

    avals = linear.in_avals
    avals = [*avals[: head + nk], Aval((), bool), *avals[head + nk :]]
    avals = [Aval(a.shape, a.dtype) for a in avals]
    step = closed(stage(run, avals, OWNER))
    sources = [form.sources[i] for i in held]
    return known, step, sources, out_nonzero


def _linearize(
    trace: Any,
    primals: Any,
    tangents: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    cond_consts: int,
    body_consts: int,
    length: Any,
) -> Any:
    args, tangents = primals[cond_consts:], tangents[cond_consts:]
    carry = _carry_count(primals, cond_consts, body_consts)
    fixed, flags = _grown_flags(
        lambda nz: stackable_form(body, nz).out_nonzero, tangents, body_consts
    )
    known, step, sources, out_nonzero = cached(
        body,
        ("while linear", body_consts, fixed, flags),
        lambda: _linear_parts(body, body_consts, carry, fixed, flags),
    )
    length = length or SymbolicDim()
    outs = while_(
        *primals,
        cond=cond,
        body=known,
        cond_consts=cond_consts,
        body_consts=body_consts,
        length=length,
    )
    n = len(body.outvars)
    full = [
        instantiate(t, p) for t, p, nz in zip(tangents, args, (*fixed, *flags), strict=True) if nz
    ]
    outs_t = bind_on_tape(
        trace,
        scan,
        [*(args[s] for s in sources), *full, *outs[n:]],
        jaxpr=step,
        consts=len(sources) + sum(fixed),
        carry=sum(flags),
        reverse=False,
        length=length,
        unroll=1,
    )
    return outs[:n], spread(outs_t, out_nonzero)


def _batch(
    trace: BatchTrace,
    values: Any,
    batched: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    cond_consts: int,
    body_consts: int,
    length: Any,
) -> Any:
    start = cond_consts + body_consts
    carry = len(values) - start
    masked = trace.active is not None
    in_cond, in_body = tuple(batched[:cond_consts]), tuple(batched[cond_consts:start])

    def step(flags: Flags) -> Flags:
        return tuple(batch_jaxpr(body, trace, (*in_body, *flags), active=masked)[1][:carry])

    flags = carry_fixpoint(step, tuple(batched[start:]))
    test, (test_batched,) = batch_jaxpr(cond, trace, (*in_cond, *flags), active=masked)
    ys = len(body.outvars) - carry
    if not test_batched and not masked:
        step_body, out_flags = batch_jaxpr(
            body, trace, (*in_body, *flags), force=(*flags, *(False,) * ys)
        )
        values = [*values[:start], *_with_batch_axis(trace, values[start:], batched[start:], flags)]
        outs = while_(
            *values,
            cond=test,
            body=step_body,
            cond_consts=cond_consts,
            body_consts=body_consts,
            length=length,
        )
        return _results(outs, out_flags, carry)
    every = (True,) * carry
    values = [*values[:start], *_with_batch_axis(trace, values[start:], batched[start:], every)]
    first, test, step_body = _masked_jaxprs(trace, cond, body, in_cond, in_body, carry)
    here = np.ones(trace.size, bool) if trace.active is None else trace.active
    tests, state = values[:cond_consts], values[start:]
    going = eval_jaxpr(first, first.consts, [here, *tests, *state])[0]
    outs = while_(
        *values[:start],
        logical_and(here, going),
        *state,
        cond=test,
        body=step_body,
        cond_consts=0,
        body_consts=start,
        length=length,
    )
    return _results(outs[1:], [True] * (len(outs) - 1), carry)


def _with_batch_axis(trace: BatchTrace, values: Any, batched: Any, wanted: Any) -> list[Any]:
    return [
        add_batch_axis(v, trace.size) if w and not b else v
        for v, b, w in zip(values, batched, wanted, strict=True)
    ]


def _results(outs: Any, flags: Sequence[bool], carry: int) -> list[Any]:
    moved = [
        o if i < carry or not f else move_axis(o, 1, 0)
        for i, (o, f) in enumerate(zip(outs, flags, strict=True))
    ]
    return [o if f else Unbatched(o) for o, f in zip(moved, flags, strict=True)]


def _masked_jaxprs(
    trace: BatchTrace,
    cond: Jaxpr,
    body: Jaxpr,
    in_cond: Flags,
    in_body: Flags,
    carry: int,
) -> tuple[Jaxpr, Jaxpr, Jaxpr]:
    """The loop whose lanes finish at different times, with (which lanes go on, state) as carry.

    A finished lane keeps its state, and its other outputs are zero. The condition is evaluated
    once per turn, and for the lanes only that go on.

    Returns:
        The batched condition with the lanes that count in front; condition and body of the loop.
    """
    size = trace.size
    every = (True,) * carry
    nt, nb = len(in_cond), len(in_body)

    def make() -> tuple[Jaxpr, Jaxpr, Jaxpr]:
        test = batch_jaxpr(cond, trace, (*in_cond, *every), force=(True,), active=True)[0]
        step, _ = batch_jaxpr(
            body, trace, (*in_body, *every), force=(True,) * len(body.outvars), active=True
        )

        def run_body(*args: Any) -> list[Any]:
            tests, fixed = args[:nt], args[nt : nt + nb]
            here, state = args[nt + nb], args[nt + nb + 1 :]
            outs = eval_jaxpr(step, step.consts, [here, *fixed, *state])
            old = [*state, *(0 for _ in outs[carry:])]
            kept = [
                select(reshape(here, shape=(size,) + (1,) * (len(shape_of(new)) - 1)), new, before)
                for new, before in zip(outs, old, strict=True)
            ]
            going = eval_jaxpr(test, test.consts, [here, *tests, *kept[:carry]])[0]
            return [logical_and(here, going), *kept]

        lanes, state_avals = Aval((size,), bool), step.in_avals[1 + nb :]
        avals = [*test.in_avals[1 : 1 + nt], *step.in_avals[1 : 1 + nb], lanes, *state_avals]
        return (
            test,
            closed(stage(lambda *s: [reduce_any(s[0], axes=(0,))], [lanes, *state_avals], OWNER)),
            closed(stage(run_body, avals, OWNER)),
        )

    key = ("masked", size, trace.axis_name, in_cond, in_body, body)
    return cached(cond, key, make)


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of the loop: condition and body as functions, called by ``run_while``."""
    p = e.params
    test, body = module.function(optimized(p["cond"])), module.function(optimized(p["body"]))
    carry = _carry_count(ins, p["cond_consts"], p["body_consts"])
    ys = stacked_text(p["body"].outvars[carry:])
    text = (
        f"{module.callee(run_while)}(np, {test}, {body}, {call_arguments(ins)}, "
        f"{p['cond_consts']}, {p['body_consts']}, {ys})"
    )
    return text, [i >= carry for i in range(len(e.outvars))]


def _open(
    opener: Any,
    args: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    cond_consts: int,
    body_consts: int,
    length: Any,
) -> list[Any]:
    start = cond_consts + body_consts
    tests, fixed, state = args[:cond_consts], args[cond_consts:start], list(args[start:])
    n = len(state)
    rows: list[list[Any]] = []
    while len(rows) != opener.most and bool(opener.run(cond, [*tests, *state])[0]):
        with opener.turn("while loop", len(rows)):
            outs = opener.run(body, [*fixed, *state])
        state = outs[:n]
        rows.append(outs[n:])
    return [*state, *opener.stacked(rows, body.out_avals[n:])]


while_: Control = control(
    "while",
    _evaluate,
    abstract=_abstract,
    batch=_batch,
    no_cases="holds jaxprs: tested with control flow",
    forward=_forward,
    linearize=_linearize,
    statement=_emit,
    open=_open,
)
