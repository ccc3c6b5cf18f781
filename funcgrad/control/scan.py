"""Loops that carry state: ``scan``, of known length or of that of a while loop's residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..compiler.pipeline import optimized
from ..compiler.program import program
from ..compiler.source import call_arguments
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr
from ..core.primitive import Unbatched
from ..ops.families import Control, control
from ..ops.shape import move_axis
from ..transforms.algebra import fills_inside, instantiate
from ..transforms.jaxprs import (
    Flags,
    batch_jaxpr,
    bind_on_tape,
    cached,
    jvp_jaxpr,
    linear_operands,
    nonzero_flags,
    spread,
    stackable_form,
)
from ..transforms.loop_layout import Layout
from ..transforms.staging import with_vars
from ..transforms.vmap import BatchTrace, add_batch_axis
from .hoisted_products import add_products
from .loop_bodies import backward_loop, linear_body, zero
from .transposed_constants import transpose_invariants


def _evaluate(xp: Any, *args: Any, jaxpr: Jaxpr, layout: Layout, reverse: bool, length: Any) -> Any:
    n = trip_count(length, args[layout.first_x :])
    ys = [(v.aval.shape, v.aval.dtype) for v in jaxpr.outvars[layout.carry :]]
    return tuple(run_scan(xp, program(jaxpr, xp), args, *layout, n, reverse, ys))


def trip_count(length: Any, xs: Sequence[Any]) -> int:
    """The number of steps; a length known only at run time is that of the inputs."""
    return length if isinstance(length, int) else len(xs[0])


def run_scan(
    xp: Any, body: Any, args: Any, consts: int, carry: int, n: int, reverse: bool, ys: Any
) -> list[Any]:
    """Run a loop with a carry, stacking what each step gives out."""
    fixed, state, xs = args[:consts], list(args[consts : consts + carry]), args[consts + carry :]
    stacked = [xp.empty((n, *shape), dtype) for shape, dtype in ys]
    for i in range(n - 1, -1, -1) if reverse else range(n):
        outs = body(*fixed, *state, *[x[i] for x in xs])
        state = outs[:carry]
        for y, v in zip(stacked, outs[carry:]):
            y[i] = v
    return [*state, *stacked]


def _abstract(
    *avals: Aval, jaxpr: Jaxpr, layout: Layout, reverse: bool, length: Any
) -> tuple[Aval, ...]:
    outs = layout.results.split(jaxpr.out_avals)
    carry = (Aval(a.shape, a.dtype) for a in outs.carry)
    return (*carry, *(Aval((length, *a.shape), a.dtype) for a in outs.xs))


def _forward(
    trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, layout: Layout, **params: Any
) -> Any:
    strong = trace.strong or fills_inside(jaxpr)
    nonzero, made = layout.settled(
        nonzero_flags(tangents), lambda flags: jvp_jaxpr(jaxpr, flags, strong=strong)[1]
    )
    both, _ = jvp_jaxpr(jaxpr, nonzero.flat, made.flat, strong=strong)
    body = with_vars(
        both,
        layout.with_derivatives(both.invars, nonzero).flat,
        layout.results.with_derivatives(both.outvars, made).flat,
    )
    given = given_tangents(primals, tangents, nonzero.flat)
    operands = layout.with_derivatives([*primals, *given], nonzero)
    outs = scan(*operands.flat, jaxpr=body, layout=operands.layout, **params)
    values, derivatives = layout.results.without_derivatives(outs, made)
    return values, spread(derivatives, made.flat)


def given_tangents(primals: Any, tangents: Any, nonzero: Flags) -> list[Any]:
    """The tangents that are not zero in every step; they may be so in the first."""
    return [instantiate(t, p) for t, p, nz in zip(tangents, primals, nonzero, strict=True) if nz]


def _linearize(
    trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, layout: Layout, **params: Any
) -> Any:
    nonzero, made = layout.settled(
        nonzero_flags(tangents), lambda flags: stackable_form(jaxpr, flags).out_nonzero
    )
    form = stackable_form(jaxpr, nonzero.flat, made.flat)
    linear = linear_body(form, layout, nonzero)
    n = len(jaxpr.outvars)
    sources = {i: s for i in linear.stacked if (s := form.sources[i]) is not None}
    rows = {i: s for i, s in sources.items() if s >= layout.first_x}
    computed = [i for i in linear.stacked if i not in rows]
    kept = [form.known.outvars[n + i] for i in computed]
    known = with_vars(form.known, form.known.invars, [*form.known.outvars[:n], *kept])
    outs = scan(*primals, jaxpr=known, layout=layout, **params)
    residuals = {i: primals[s] for i, s in rows.items()}
    residuals.update(zip(computed, outs[n:], strict=True))
    operands = linear.operands(
        [primals[s] for s in linear.fixed],
        [residuals[i] for i in linear.stacked],
        given_tangents(primals, tangents, nonzero.flat),
    )
    outs_t = bind_on_tape(
        trace, scan, operands.flat, jaxpr=linear.jaxpr, layout=operands.layout, **params
    )
    return outs[:n], spread(outs_t, made.flat)


def _transpose(
    cts: Any,
    ct_flags: Any,
    operands: Any,
    *,
    jaxpr: Jaxpr,
    layout: Layout,
    reverse: bool,
    length: Any,
) -> tuple[list[Any], list[bool]]:
    # A carry counts as linear even where its tangent started as a constant zero.
    declared = layout.split(linear_operands(operands))
    linear = declared._replace(carry=(True,) * layout.carry)
    given = layout.results.split(cts)
    nonzero = nonzero_flags(cts)
    flags = tuple(f and nz for f, nz in zip(ct_flags, nonzero, strict=True))
    fixed_length = isinstance(length, int)
    key = ("scan transpose", layout, linear, nonzero, flags, fixed_length)
    hoisted, found_flags = cached(
        jaxpr, key, lambda: backward_loop(jaxpr, layout, linear, nonzero, flags, fixed_length)
    )
    known = layout.split(operands).where(linear, False)
    body = layout.split(jaxpr.in_avals)
    gone = {p.place for p in hoisted.products}
    sums = [a for i, a in enumerate(body.where(linear).consts) if i not in gone]
    carried = [zero(a) if c is None else c for c, a in zip(given.carry, body.carry, strict=True)]
    xs = [*known.xs, *(c for c in given.xs if c is not None)]
    outs = scan(
        *known.consts,
        *map(zero, sums),
        *carried,
        *xs,
        jaxpr=hoisted.body,
        layout=Layout(len(known.consts), len(sums) + layout.carry),
        reverse=not reverse,
        length=length,
    )
    made = Layout(len(sums), layout.carry).split(outs)
    totals = add_products(hoisted, made.consts, xs, made.xs)
    rows = made.xs[: len(made.xs) - hoisted.extra]
    found = spread([*totals, *made.carry, *rows], linear.flat)
    wanted = [c if lin else None for c, lin in zip(found, declared.flat, strict=True)]
    return wanted, spread(found_flags, linear.flat, False)


def _batch(
    trace: BatchTrace, values: Any, batched: Any, *, jaxpr: Jaxpr, layout: Layout, **params: Any
) -> Any:
    masked = trace.active is not None
    given, made = layout.settled(
        batched, lambda flags: batch_jaxpr(jaxpr, trace, flags, active=masked)[1]
    )
    force = (*made.carry, *(False for _ in made.xs))
    body, out_flags = batch_jaxpr(jaxpr, trace, given.flat, force=force, active=masked)
    lanes = [trace.active] if masked else []
    outs = scan(
        *lanes,
        *batched_operands(trace, layout, values, batched, given.flat),
        jaxpr=body,
        layout=layout._replace(consts=layout.consts + len(lanes)),
        **params,
    )
    return batched_results(layout, outs, out_flags)


def batched_operands(
    trace: BatchTrace, layout: Layout, values: Any, batched: Any, wanted: Flags
) -> list[Any]:
    """A loop's operands, with a batch axis where one is wanted, which stands after the steps."""
    first = layout.first_x
    rows = [move_axis(v, 0, 1) if b else v for v, b in zip(values[first:], batched[first:])]
    fixed = zip(values[:first], batched[:first], wanted[:first], strict=True)
    return [*(add_batch_axis(v, trace.size) if w and not b else v for v, b, w in fixed), *rows]


def batched_results(layout: Layout, outs: Any, flags: Sequence[bool]) -> list[Any]:
    """The opposite for the results."""
    carry = layout.carry
    moved = [
        o if i < carry or not f else move_axis(o, 1, 0)
        for i, (o, f) in enumerate(zip(outs, flags, strict=True))
    ]
    return [o if f else Unbatched(o) for o, f in zip(moved, flags, strict=True)]


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of the loop: the body as a function, called by ``run_scan``."""
    jaxpr, layout, length = e.params["jaxpr"], e.params["layout"], e.params["length"]
    loop, turned = cached(
        jaxpr,
        ("transposed", layout.consts, length),
        lambda: transpose_invariants(optimized(jaxpr), layout.consts, length),
    )
    body = module.function(loop, owned=layout.carry)  # run_scan copies the rest
    ins = [f"np.ascontiguousarray({x}.T)" if i in turned else x for i, x in enumerate(ins)]
    n = str(length) if isinstance(length, int) else f"len({ins[layout.first_x]})"
    ys = stacked_text(jaxpr.outvars[layout.carry :])
    text = (
        f"{module.callee(run_scan)}(np, {body}, {call_arguments(ins)}, {layout.consts}, "
        f"{layout.carry}, {n}, {e.params['reverse']}, {ys})"
    )
    return text, [i >= layout.carry for i in range(len(e.outvars))]


def stacked_text(outvars: Any) -> str:
    """Shapes and dtypes of stacked outputs, as source text."""
    items = [f"({v.aval.shape}, np.dtype('{v.aval.dtype.name}'))" for v in outvars]
    return f"[{', '.join(items)}]"


def _open(
    opener: Any, args: Any, *, jaxpr: Jaxpr, layout: Layout, reverse: bool, length: Any
) -> list[Any]:
    fixed, state, xs = layout.split(args)
    n = trip_count(length, xs)
    rows: dict[int, Any] = {}
    for i in (range(n - 1, -1, -1) if reverse else range(n))[: opener.most]:
        with opener.turn("scan", i):
            outs = opener.run(jaxpr, [*fixed, *state, *(x[i] for x in xs)])
        state, rows[i] = outs[: layout.carry], outs[layout.carry :]
    avals = jaxpr.out_avals[layout.carry :]
    return [*state, *opener.stacked([rows[i] for i in sorted(rows)], avals)]


class Scan(Control):
    """A loop of known length."""

    __slots__ = ()

    def handed_on(self, params: dict[str, Any]) -> slice:
        layout = params["layout"]
        return slice(layout.consts, layout.first_x)


scan: Control = control(
    "scan",
    _evaluate,
    abstract=_abstract,
    batch=_batch,
    no_cases="holds a jaxpr: tested with control flow",
    kind=Scan,
    forward=_forward,
    linearize=_linearize,
    transpose=_transpose,
    statement=_emit,
    open=_open,
)
