"""``while``: a loop whose length the data decide, differentiable in both modes.

Linearized, a while loop becomes the same operator with residual outputs of leading dimension
``n?``, and a linear scan of that length. The first residual is ``active``, which is True;
batching sets every residual of a finished lane to zero, so the linear body is
``select(active, body(t), t)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiler.pipeline import optimized
from ..compiler.program import program
from ..compiler.source import call_arguments
from ..core.avals import Aval, SymbolicDim
from ..core.jaxpr import Jaxpr, Literal, Var, eval_jaxpr
from ..core.tracing import shape_of
from ..ops.families import Control, control
from ..ops.pointwise.comparison import logical_and, select
from ..ops.reductions.reducing import reduce_any
from ..ops.shape import reshape
from ..transforms.algebra import fills_inside
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
from ..transforms.loop_layout import Layout, Parts, Settled
from ..transforms.staging import stage, with_vars
from ..transforms.vmap import BatchTrace
from .loop_bodies import LinearBody, linear_body
from .scan import batched_operands, batched_results, given_tangents, scan, stacked_text


def _evaluate(
    xp: Any, *args: Any, cond: Jaxpr, body: Jaxpr, tests: int, layout: Layout, length: Any
) -> Any:
    ys = [(v.aval.shape, v.aval.dtype) for v in body.outvars[layout.carry :]]
    return tuple(
        run_while(xp, program(cond, xp), program(body, xp), args, tests, layout.consts, ys)
    )


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
    *avals: Aval, cond: Jaxpr, body: Jaxpr, tests: int, layout: Layout, length: Any
) -> tuple[Aval, ...]:
    outs = layout.results.split(body.out_avals)
    carry = (Aval(a.shape, a.dtype) for a in outs.carry)
    return (*carry, *(Aval((length, *a.shape), a.dtype) for a in outs.xs))


def _forward(
    trace: Any,
    primals: Any,
    tangents: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    tests: int,
    layout: Layout,
    length: Any,
) -> Any:
    strong = trace.strong or fills_inside(body)
    nonzero, made = layout.settled(
        nonzero_flags(tangents[tests:]), lambda flags: jvp_jaxpr(body, flags, strong=strong)[1]
    )
    both, _ = jvp_jaxpr(body, nonzero.flat, made.flat, strong=strong)
    wide = with_vars(
        both,
        layout.with_derivatives(both.invars, nonzero).flat,
        layout.results.with_derivatives(both.outvars, made).flat,
    )
    carried = layout.split(body.in_avals).where(nonzero).carry
    extra = [Var(Aval(a.shape, a.dtype)) for a in carried]
    test = cached(
        cond, ("wider", nonzero.carry), lambda: with_vars(cond, [*cond.invars, *extra])
    )  # fmt: skip
    given = given_tangents(primals[tests:], tangents[tests:], nonzero.flat)
    operands = layout.with_derivatives([*primals[tests:], *given], nonzero)
    outs = while_(
        *primals[:tests],
        *operands.flat,
        cond=test,
        body=wide,
        tests=tests,
        layout=operands.layout,
        length=length,
    )
    values, derivatives = layout.results.without_derivatives(outs, made)
    return values, spread(derivatives, made.flat)


def _linear_parts(body: Jaxpr, layout: Layout, flags: Settled) -> tuple[Jaxpr, LinearBody]:
    """The body with residual outputs, and the linear body that skips finished lanes: the first
    row that it takes says which go on.
    """
    nonzero, made = flags
    form = stackable_form(body, nonzero.flat, made.flat)
    linear = linear_body(form, layout, nonzero)
    n = len(body.outvars)
    active = Literal(np.True_, Aval((), bool))
    kept = [form.known.outvars[n + i] for i in linear.stacked]
    known = with_vars(form.known, form.known.invars, [*form.known.outvars[:n], active, *kept])
    inner = Layout(len(linear.fixed) + linear.tangents.consts, linear.tangents.carry)

    def run(*args: Any) -> list[Any]:
        consts, carry, (here, *rows) = inner.split(args)
        outs = eval_jaxpr(linear.jaxpr, linear.jaxpr.consts, [*consts, *carry, *rows])
        before = [*carry, *(0 for _ in outs[inner.carry :])]
        return [select(here, new, old) for new, old in zip(outs, before, strict=True)]

    avals = inner.split(linear.jaxpr.in_avals)
    avals = avals._replace(xs=(Aval((), bool), *avals.xs))
    step = closed(stage(run, [Aval(a.shape, a.dtype) for a in avals.flat], OWNER))
    return known, linear._replace(jaxpr=step)


def _linearize(
    trace: Any,
    primals: Any,
    tangents: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    tests: int,
    layout: Layout,
    length: Any,
) -> Any:
    args = primals[tests:]
    flags = layout.settled(
        nonzero_flags(tangents[tests:]), lambda flags: stackable_form(body, flags).out_nonzero
    )
    known, linear = cached(
        body, ("while linear", layout, flags), lambda: _linear_parts(body, layout, flags)
    )
    length = length or SymbolicDim()
    outs = while_(*primals, cond=cond, body=known, tests=tests, layout=layout, length=length)
    n = len(body.outvars)
    given = given_tangents(args, tangents[tests:], flags.operands.flat)
    operands = linear.operands([args[s] for s in linear.fixed], outs[n:], given)
    outs_t = bind_on_tape(
        trace,
        scan,
        operands.flat,
        jaxpr=linear.jaxpr,
        layout=operands.layout,
        reverse=False,
        length=length,
    )
    return outs[:n], spread(outs_t, flags.results.flat)


def _batch(
    trace: BatchTrace,
    values: Any,
    batched: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    tests: int,
    layout: Layout,
    length: Any,
) -> Any:
    masked = trace.active is not None
    in_cond = tuple(batched[:tests])
    given, made = layout.settled(
        batched[tests:], lambda flags: batch_jaxpr(body, trace, flags, active=masked)[1]
    )
    test, (varies,) = batch_jaxpr(cond, trace, (*in_cond, *given.carry), active=masked)
    state = values[tests:], batched[tests:]
    if not varies and not masked:
        force = (*made.carry, *(False for _ in made.xs))
        step, out_flags = batch_jaxpr(body, trace, given.flat, force=force)
        outs = while_(
            *values[:tests],
            *batched_operands(trace, layout, *state, given.flat),
            cond=test,
            body=step,
            tests=tests,
            layout=layout,
            length=length,
        )
        return batched_results(layout, outs, out_flags)
    every = given._replace(carry=(True,) * layout.carry)
    operands = layout.split(batched_operands(trace, layout, *state, every.flat))
    first, test, step = _masked_jaxprs(trace, cond, body, in_cond, every)
    here = np.ones(trace.size, bool) if trace.active is None else trace.active
    going = eval_jaxpr(first, first.consts, [here, *values[:tests], *operands.carry])[0]
    outs = while_(
        *values[:tests],
        *operands.consts,
        logical_and(here, going),
        *operands.carry,
        cond=test,
        body=step,
        tests=0,
        layout=Layout(tests + layout.consts, 1 + layout.carry),
        length=length,
    )
    return batched_results(layout, outs[1:], [True] * (len(outs) - 1))


def _masked_jaxprs(
    trace: BatchTrace, cond: Jaxpr, body: Jaxpr, in_cond: Flags, batched: Parts
) -> tuple[Jaxpr, Jaxpr, Jaxpr]:
    """The loop whose lanes finish at different times, with (which lanes go on, state) as carry.

    A finished lane keeps its state, and its other outputs are zero. The condition is evaluated
    once per turn, and for the lanes only that go on.

    Returns:
        The batched condition with the lanes that count in front; condition and body of the loop.
    """
    size = trace.size
    nt, nb, carry = len(in_cond), len(batched.consts), len(batched.carry)

    def make() -> tuple[Jaxpr, Jaxpr, Jaxpr]:
        test = batch_jaxpr(cond, trace, (*in_cond, *batched.carry), force=(True,), active=True)[0]
        step, _ = batch_jaxpr(
            body, trace, batched.flat, force=(True,) * len(body.outvars), active=True
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

    return cached(cond, ("masked", size, trace.axis_name, in_cond, batched, body), make)


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of the loop: condition and body as functions, called by ``run_while``."""
    p = e.params
    tests, (consts, carry) = p["tests"], p["layout"]
    test, body = module.function(optimized(p["cond"])), module.function(optimized(p["body"]))
    ys = stacked_text(p["body"].outvars[carry:])
    text = (
        f"{module.callee(run_while)}(np, {test}, {body}, {call_arguments(ins)}, "
        f"{tests}, {consts}, {ys})"
    )
    return text, [i >= carry for i in range(len(e.outvars))]


def _open(
    opener: Any,
    args: Any,
    *,
    cond: Jaxpr,
    body: Jaxpr,
    tests: int,
    layout: Layout,
    length: Any,
) -> list[Any]:
    held, (fixed, state, _) = args[:tests], layout.split(args[tests:])
    rows: list[Any] = []
    while len(rows) != opener.most and bool(opener.run(cond, [*held, *state])[0]):
        with opener.turn("while loop", len(rows)):
            outs = opener.run(body, [*fixed, *state])
        _, state, row = layout.results.split(outs)
        rows.append(row)
    return [*state, *opener.stacked(rows, body.out_avals[layout.carry :])]


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
