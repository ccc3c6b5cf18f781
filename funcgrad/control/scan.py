"""Loops that carry state: ``scan``, of known length or of that of a while loop's residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..compiler.program import optimized, program
from ..compiler.source import call_arguments
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr
from ..core.primitive import Unbatched
from ..core.tracing import aval_of
from ..ops.families import Control, control
from ..ops.pointwise.arithmetic import add
from ..ops.shape import move_axis, zeros
from ..transforms.algebra import fills_inside, instantiate
from ..transforms.jaxprs import (
    OWNER,
    Flags,
    LinearForm,
    batch_jaxpr,
    bind_on_tape,
    cached,
    closed,
    jvp_jaxpr,
    linear_operands,
    nonzero_flags,
    spread,
    stackable_form,
)
from ..transforms.staging import stage, with_vars
from ..transforms.transpose import transpose_values
from ..transforms.vmap import add_batch_axis
from .hoisted_products import Hoisted, add_products, hoist_products
from .transposed_constants import transpose_invariants


def _evaluate(
    xp: Any,
    *args: Any,
    jaxpr: Jaxpr,
    consts: int,
    carry: int,
    reverse: bool,
    length: Any,
    unroll: int,
) -> Any:
    n = trip_count(length, args[consts + carry :])
    outs = run_scan(
        xp,
        program(jaxpr),
        args,
        consts,
        carry,
        n,
        reverse,
        [(v.aval.shape, v.aval.dtype) for v in jaxpr.outvars[carry:]],
    )
    return tuple(outs)


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
    *avals: Aval, jaxpr: Jaxpr, consts: int, carry: int, reverse: bool, length: Any, unroll: int
) -> tuple[Aval, ...]:
    outs = jaxpr.out_avals
    return tuple(
        Aval(a.shape, a.dtype) if i < carry else Aval((length, *a.shape), a.dtype)
        for i, a in enumerate(outs)
    )


def carry_fixpoint(step: Any, start: Flags) -> Flags:
    """Grow the flags of a carry until a step no longer adds to them."""
    flags = start
    while True:
        after = step(flags)
        grown = tuple(a or b for a, b in zip(flags, after, strict=True))
        if grown == flags:
            return flags
        flags = grown


def interleave(groups: Sequence[int], nonzero: Flags) -> list[int]:
    """Positions of (primals, tangents) regrouped as (primals, tangents) per group."""
    n = len(nonzero)
    place: dict[int, int] = {}
    for i, nz in enumerate(nonzero):
        if nz:
            place[i] = n + len(place)
    order, start = [], 0
    for size in groups:
        stop = start + size
        order += list(range(start, stop))
        order += [place[i] for i in range(start, stop) if i in place]
        start = stop
    return order


def _forward(
    trace: Any,
    primals: Any,
    tangents: Any,
    *,
    jaxpr: Jaxpr,
    consts: int,
    carry: int,
    **params: Any,
) -> Any:
    start = nonzero_flags(tangents)
    nk = slice(consts, consts + carry)
    strong = trace.strong or fills_inside(jaxpr)

    def step(flags: Flags) -> Flags:
        nonzero = (*start[:consts], *flags, *start[consts + carry :])
        return jvp_jaxpr(jaxpr, nonzero, strong=strong)[1][:carry]

    flags = carry_fixpoint(step, start[nk])
    nonzero = (*start[:consts], *flags, *start[consts + carry :])
    ys = jvp_jaxpr(jaxpr, nonzero, strong=strong)[1][carry:]
    out_nonzero = (*flags, *ys)
    both, _ = jvp_jaxpr(jaxpr, nonzero, out_nonzero, strong=strong)
    order_in = interleave((consts, carry, len(primals) - consts - carry), nonzero)
    order_out = interleave((carry, len(ys)), out_nonzero)
    body = with_vars(both, [both.invars[i] for i in order_in], [both.outvars[i] for i in order_out])
    full = list(primals) + [
        instantiate(t, p) for t, p, nz in zip(tangents, primals, nonzero, strict=True) if nz
    ]
    outs = scan(
        *[full[i] for i in order_in],
        jaxpr=body,
        consts=consts + sum(nonzero[:consts]),
        carry=carry + sum(flags),
        **params,
    )
    back = [outs[order_out.index(i)] for i in range(len(order_out))]
    n = len(jaxpr.outvars)
    return back[:n], spread(back[n:], out_nonzero)


def linear_body(
    form: LinearForm, consts: int, carry: int, nonzero: Flags
) -> tuple[Jaxpr, list[int], list[int]]:
    """The body of the linear scan: (const residuals, const tangents, carry tangents, stacked
    residuals, x tangents), and which residuals are loop constants and which are stacked.
    """
    linear = form.linear
    fixed = [i for i, s in enumerate(form.sources) if s is not None and s < consts]
    stacked = [i for i in range(form.residuals) if i not in fixed]
    res, ts = linear.invars[: form.residuals], linear.invars[form.residuals :]
    nc, nk = sum(nonzero[:consts]), sum(nonzero[consts : consts + carry])
    invars = [
        *(res[i] for i in fixed),
        *ts[:nc],
        *ts[nc : nc + nk],
        *(res[i] for i in stacked),
        *ts[nc + nk :],
    ]
    return with_vars(linear, invars), fixed, stacked


def _linearize(
    trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, consts: int, carry: int, **params: Any
) -> Any:
    start = nonzero_flags(tangents)

    def step(flags: Flags) -> Flags:
        nz = (*start[:consts], *flags, *start[consts + carry :])
        return stackable_form(jaxpr, nz).out_nonzero[:carry]

    flags = carry_fixpoint(step, start[consts : consts + carry])
    nonzero = (*start[:consts], *flags, *start[consts + carry :])
    ys = stackable_form(jaxpr, nonzero).out_nonzero[carry:]
    form = stackable_form(jaxpr, nonzero, (*flags, *ys))
    body, fixed, stacked = linear_body(form, consts, carry, nonzero)
    n = len(jaxpr.outvars)
    first_x = consts + carry
    given = {i: primals[s] for i in stacked if (s := form.sources[i]) is not None and s >= first_x}
    made = [i for i in stacked if i not in given]
    kept = [form.known.outvars[n + i] for i in made]
    known = with_vars(form.known, form.known.invars, [*form.known.outvars[:n], *kept])
    outs = scan(*primals, jaxpr=known, consts=consts, carry=carry, **params)
    given.update(zip(made, outs[n:], strict=True))
    full = [instantiate(t, p) for t, p, nz in zip(tangents, primals, nonzero, strict=True) if nz]
    nc, nk = sum(nonzero[:consts]), sum(flags)
    args = [
        *(primals[form.sources[i]] for i in fixed),
        *full[: nc + nk],  # type: ignore[index]
        *(given[i] for i in stacked),
        *full[nc + nk :],
    ]
    outs_t = bind_on_tape(trace, scan, args, jaxpr=body, consts=len(fixed) + nc, carry=nk, **params)
    return outs[:n], spread(outs_t, (*flags, *ys))


def _transpose(
    cts: Any,
    ct_flags: Any,
    operands: Any,
    *,
    jaxpr: Jaxpr,
    consts: int,
    carry: int,
    reverse: bool,
    length: Any,
    unroll: int,
) -> tuple[list[Any], list[bool]]:
    linear = linear_operands(operands)
    in_avals = [aval_of(x) if not isinstance(x, Aval) else x for x in operands]
    flags_carry = tuple(
        f and c is not None for f, c in zip(ct_flags[:carry], cts[:carry], strict=True)
    )
    ys_nonzero = nonzero_flags(cts[carry:])
    ys_flags = tuple(ct_flags[carry:])
    key = ("scan transpose", linear, consts, carry, flags_carry, ys_nonzero, ys_flags)

    def make() -> Any:
        body, flags = _backward_body(
            jaxpr, consts, carry, linear, flags_carry, ys_nonzero, ys_flags
        )
        nl = sum(linear[:consts])
        if not isinstance(length, int):
            return Hoisted(body, (), 0), flags
        return hoist_products(body, consts - nl, nl, carry), flags

    hoisted, flags = cached(jaxpr, (*key, isinstance(length, int)), make)
    known_consts = [x for x, lin in zip(operands[:consts], linear, strict=False) if not lin]
    lin_consts = [a for a, lin in zip(in_avals[:consts], linear, strict=False) if lin]
    known_xs = [
        x
        for x, lin in zip(operands[consts + carry :], linear[consts + carry :], strict=True)
        if not lin
    ]
    carry_avals = [jaxpr.invars[consts + i].aval for i in range(carry)]
    ct_carry = [
        zeros(Aval(a.shape, a.dtype)) if c is None else c
        for c, a in zip(cts[:carry], carry_avals, strict=True)
    ]
    xs = [*known_xs, *(c for c in cts[carry:] if c is not None)]
    gone = {p.place for p in hoisted.products}
    summed = [a for k, a in enumerate(lin_consts) if k not in gone]
    outs = scan(
        *known_consts,
        *(zeros(Aval(a.shape, a.dtype)) for a in summed),
        *ct_carry,
        *xs,
        jaxpr=hoisted.body,
        consts=len(known_consts),
        carry=len(summed) + carry,
        reverse=not reverse,
        length=length,
        unroll=unroll,
    )
    nl = len(summed)
    ys = outs[nl + carry :]
    totals = add_products(hoisted, outs[:nl], xs, ys)
    order = [*totals, *outs[nl : nl + carry], *ys[: len(ys) - hoisted.extra]]
    found = spread(order, (*linear[:consts], *(True,) * carry, *linear[consts + carry :]))
    result_flags = spread(
        flags, (*linear[:consts], *(True,) * carry, *linear[consts + carry :]), False
    )
    found = [c if lin else None for c, lin in zip(found, linear, strict=True)]
    return found, result_flags


def _backward_body(
    jaxpr: Jaxpr,
    consts: int,
    carry: int,
    linear: Flags,
    flags_carry: Flags,
    ys_nonzero: Flags,
    ys_flags: Flags,
) -> tuple[Jaxpr, list[bool]]:
    """The step of the transposed loop: (known consts, accumulators, carry cotangents, known xs,
    ys cotangents) -> (accumulators, carry cotangents, x cotangents).

    A carry counts as linear even where its tangent started as a constant zero.
    """
    nk = slice(consts, consts + carry)
    lin = (*linear[:consts], *(True,) * carry, *linear[consts + carry :])
    invars = jaxpr.invars
    known_c = [v for v, f in zip(invars[:consts], linear, strict=False) if not f]
    lin_c = [v for v, f in zip(invars[:consts], linear, strict=False) if f]
    known_x = [
        v for v, f in zip(invars[consts + carry :], linear[consts + carry :], strict=True) if not f
    ]
    lin_vars = [v for v, f in zip(invars, lin, strict=True) if f]
    carries = invars[nk]
    box: list[Any] = []

    def attempt(flags: Flags) -> Jaxpr:
        def run(*args: Any) -> list[Any]:
            it = iter(args)
            known = {v: next(it) for v in known_c}
            totals = [next(it) for _ in lin_c]
            ct_carry = [next(it) for _ in carries]
            known.update({v: next(it) for v in known_x})
            ct_ys = [next(it) if nz else None for nz in ys_nonzero]
            found, got = transpose_values(
                jaxpr, jaxpr.consts, known, [*ct_carry, *ct_ys], [*flags, *ys_flags]
            )
            box[:] = [got]
            full = [
                zeros(Aval(v.aval.shape, v.aval.dtype)) if c is None else c
                for c, v in zip(found, lin_vars, strict=True)
            ]
            nl = len(lin_c)
            sums = [t if c is None else add(t, c) for t, c in zip(totals, found[:nl], strict=True)]
            return [*sums, *full[nl:]]

        avals = [v.aval for v in (*known_c, *lin_c, *carries, *known_x)]
        avals = [Aval(a.shape, a.dtype, a.weak and i < len(known_c)) for i, a in enumerate(avals)]
        ys_avals = jaxpr.out_avals[carry:]
        avals += [Aval(a.shape, a.dtype) for a, nz in zip(ys_avals, ys_nonzero, strict=True) if nz]
        return closed(stage(run, avals, OWNER))

    flags = flags_carry
    while True:
        body = attempt(flags)
        got = box[0]
        after = tuple(
            a or b for a, b in zip(flags, got[len(lin_c) : len(lin_c) + carry], strict=True)
        )
        if after == flags:
            return body, got
        flags = after


def _batch(
    trace: Any, values: Any, batched: Any, *, jaxpr: Jaxpr, consts: int, carry: int, **params: Any
) -> Any:
    masked = trace.active is not None
    values = [
        move_axis(v, 0, 1) if b and i >= consts + carry else v
        for i, (v, b) in enumerate(zip(values, batched, strict=True))
    ]
    rest = tuple(batched[consts + carry :])
    ys = (False,) * (len(jaxpr.outvars) - carry)

    def step(flags: Flags) -> Flags:
        given = (*batched[:consts], *flags, *rest)
        return tuple(batch_jaxpr(jaxpr, trace, given, active=masked)[1][:carry])

    flags = carry_fixpoint(step, tuple(batched[consts : consts + carry]))
    given = (*batched[:consts], *flags, *rest)
    body, out_flags = batch_jaxpr(jaxpr, trace, given, force=(*flags, *ys), active=masked)
    values = [
        add_batch_axis(v, trace.size) if f and not b else v
        for v, b, f in zip(values, batched, given, strict=True)
    ]
    lead = [trace.active] if masked else []
    outs = scan(*lead, *values, jaxpr=body, consts=consts + masked, carry=carry, **params)
    result = [
        o if i < carry or not f else move_axis(o, 1, 0)
        for i, (o, f) in enumerate(zip(outs, out_flags, strict=True))
    ]
    return [o if f else Unbatched(o) for o, f in zip(result, out_flags, strict=True)]


def _emit(module: Any, e: Any, ins: list[str]) -> tuple[str, list[bool]]:
    """Source of the loop: the body as a function, called by ``run_scan``."""
    p = e.params
    loop, turned = cached(
        p["jaxpr"],
        ("transposed", p["consts"], p["length"]),
        lambda: transpose_invariants(optimized(p["jaxpr"]), p["consts"], p["length"]),
    )
    body = module.function(loop, owned=p["carry"])  # run_scan copies the rest
    ins = [f"np.ascontiguousarray({x}.T)" if i in turned else x for i, x in enumerate(ins)]
    start = p["consts"] + p["carry"]
    n = str(p["length"]) if isinstance(p["length"], int) else f"len({ins[start]})"
    ys = stacked_text(p["jaxpr"].outvars[p["carry"] :])
    text = (
        f"{module.callee(run_scan)}(np, {body}, {call_arguments(ins)}, {p['consts']}, "
        f"{p['carry']}, {n}, {p['reverse']}, {ys})"
    )
    return text, [i >= p["carry"] for i in range(len(e.outvars))]


def stacked_text(outvars: Any) -> str:
    """Shapes and dtypes of stacked outputs, as source text."""
    items = [f"({v.aval.shape}, np.dtype('{v.aval.dtype.name}'))" for v in outvars]
    return f"[{', '.join(items)}]"


def _open(
    opener: Any,
    args: Any,
    *,
    jaxpr: Jaxpr,
    consts: int,
    carry: int,
    reverse: bool,
    length: Any,
    unroll: int,
) -> list[Any]:
    fixed, state, xs = args[:consts], args[consts : consts + carry], args[consts + carry :]
    n = trip_count(length, xs)
    rows: dict[int, Any] = {}
    for i in (range(n - 1, -1, -1) if reverse else range(n))[: opener.most]:
        with opener.turn("scan", i):
            outs = opener.run(jaxpr, [*fixed, *state, *[x[i] for x in xs]])
        state, rows[i] = outs[:carry], outs[carry:]
    return [*state, *opener.stacked([rows[i] for i in sorted(rows)], jaxpr.out_avals[carry:])]


scan: Control = control(
    "scan",
    _evaluate,
    abstract=_abstract,
    batch=_batch,
    no_cases="holds a jaxpr: tested with control flow",
    forward=_forward,
    linearize=_linearize,
    transpose=_transpose,
    statement=_emit,
    open=_open,
)
