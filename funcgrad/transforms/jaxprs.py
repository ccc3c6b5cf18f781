"""Transformations of whole jaxprs, for the operators that hold them: jvp, linearize, transpose,
vmap, and what they leave out when they recompute.

They are the ordinary traces run over staging tracers. Results are cached on the jaxpr.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.avals import Aval
from ..core.containers import is_tuple
from ..core.jaxpr import Eqn, Jaxpr, eval_jaxpr, has_effects, map_jaxprs
from ..core.primitive import Primitive
from ..core.tracing import Tracer, newest_trace
from ..ops.shape import zeros
from .algebra import instantiate
from .jvp import JVPTrace, JVPTracer, OnTape
from .linearize import LinearizeTrace, LinearizeTracer
from .staging import stage, stage_aux
from .tape import tape_jaxpr
from .transpose import transpose_values
from .vmap import BatchTrace, BatchTracer, running_lanes

Flags = tuple[bool, ...]

OWNER = "a staged function"


def cached(jaxpr: Jaxpr, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """A derived form of a jaxpr, made once."""
    found = jaxpr.cache.get(key)
    if found is None:
        found = jaxpr.cache[key] = make()
        if jaxpr.as_written:
            keep_as_written(found)
    return found


def keep_as_written(derived: Any) -> None:
    """Keep the formulas of what is derived from a jaxpr whose formulas are to be kept."""
    if isinstance(derived, Jaxpr):
        derived.as_written = True
    elif isinstance(derived, LinearForm):
        derived.known.as_written = derived.linear.as_written = True
    elif is_tuple(derived):
        for part in derived:
            keep_as_written(part)


def without_effects(jaxpr: Jaxpr) -> Jaxpr:
    """A jaxpr that computes the same without effects, for what is computed a second time."""
    if not has_effects(jaxpr):
        return jaxpr

    def make() -> Jaxpr:
        eqns = [
            Eqn(e.primitive, e.inputs, map_jaxprs(without_effects, e.params), e.outvars, e.source)
            for e in jaxpr.eqns
            if not e.primitive.effect
        ]
        return Jaxpr(jaxpr.constvars, jaxpr.invars, eqns, jaxpr.outvars, jaxpr.consts)

    return cached(jaxpr, ("silent",), make)


def closed(jaxpr: Jaxpr) -> Jaxpr:
    """Check that a jaxpr made from a closed one captured no tracer."""
    assert not any(isinstance(c, Tracer) for c in jaxpr.consts)
    return jaxpr


def nonzero_flags(tangents: Sequence[Any]) -> Flags:
    """Flags of the tangents that are not symbolic zeros."""
    return tuple(t is not None for t in tangents)


def jvp_jaxpr(
    jaxpr: Jaxpr, nonzero: Flags, force: Flags | None = None, *, strong: bool
) -> tuple[Jaxpr, Flags]:
    """The forward derivative of a jaxpr.

    Args:
        jaxpr: closed jaxpr.
        nonzero: which invars have a tangent.
        force: outputs whose tangent must be there even if it is zero.
        strong: whether zeros of the tangents are strong.

    Returns:
        (primals, tangents of nonzero invars) -> (outputs, tangents of nonzero outputs), and which
        outputs have a tangent.
    """

    def make() -> tuple[Jaxpr, Flags]:
        n = len(jaxpr.invars)

        def run(*args: Any) -> tuple[list[Any], Flags]:
            trace = JVPTrace(OWNER)
            given = iter(args[n:])
            inputs = [
                JVPTracer(trace, p, next(given), strong) if nz else p
                for p, nz in zip(args[:n], nonzero, strict=True)
            ]
            try:
                outs, tangents = trace.split(eval_jaxpr(jaxpr, jaxpr.consts, inputs))
            finally:
                trace.alive = False
            if force is not None:
                tangents = [
                    instantiate(t, o) if must else t
                    for t, o, must in zip(tangents, outs, force, strict=True)
                ]
            return [*outs, *(t for t in tangents if t is not None)], nonzero_flags(tangents)

        avals = jaxpr.in_avals
        tangent_avals = [Aval(a.shape, a.dtype) for a, nz in zip(avals, nonzero, strict=True) if nz]
        result, flags = stage_aux(run, [*avals, *tangent_avals], OWNER)
        return closed(result), flags

    return cached(jaxpr, ("jvp", nonzero, force, strong), make)


class LinearForm:
    """A jaxpr split into values and a linear part.

    ``known``: invars -> outputs and residuals. ``linear``: (residuals, tangents of nonzero
    invars) -> tangents of nonzero outputs. ``sources[i]`` is the invar that residual i is, if any.
    """

    __slots__ = ("known", "linear", "out_nonzero", "residuals", "sources")

    def __init__(self, known: Jaxpr, linear: Jaxpr, residuals: int, out_nonzero: Flags) -> None:
        self.known: Jaxpr = known
        self.linear: Jaxpr = linear
        self.residuals: int = residuals
        self.out_nonzero: Flags = out_nonzero
        place = {v: i for i, v in enumerate(known.invars)}
        n = len(known.outvars) - residuals
        self.sources: list[int | None] = [place.get(v) for v in known.outvars[n:]]  # type: ignore[arg-type]

    @property
    def residual_avals(self) -> list[Aval]:
        """The abstract values of the residuals."""
        return [v.aval for v in self.linear.invars[: self.residuals]]

    @property
    def ragged(self) -> bool:
        """True if a residual has the unknown length of a while loop."""
        return any(a.symbolic for a in self.residual_avals)


def linearize_jaxpr(jaxpr: Jaxpr, nonzero: Flags, force: Flags | None = None) -> LinearForm:
    """Split a jaxpr into values and a linear part at tangents of some invars."""

    def make() -> LinearForm:
        def run(*args: Any) -> tuple[list[Any], tuple[Jaxpr, int, Flags]]:
            trace = LinearizeTrace(OWNER)
            inputs = [trace.input(x) if nz else x for x, nz in zip(args, nonzero, strict=True)]
            try:
                outs = eval_jaxpr(jaxpr, jaxpr.consts, inputs)
                mine = [type(o) is LinearizeTracer and o._trace is trace for o in outs]
                values = [o.primal if m else o for o, m in zip(outs, mine, strict=True)]
                tangents = [o.tangent if m else None for o, m in zip(outs, mine, strict=True)]
            finally:
                entries = trace.close()
            if force is not None:
                tangents = [
                    zeros(Aval(a.shape, a.dtype)) if must and t is None else t
                    for t, must, a in zip(tangents, force, jaxpr.out_avals, strict=True)
                ]
            in_vars = [t.tangent for t, nz in zip(inputs, nonzero, strict=True) if nz]
            linear = tape_jaxpr(in_vars, entries, [t for t in tangents if t is not None])
            residuals, linear = _residual_inputs(linear)
            return [*values, *residuals], (linear, len(residuals), nonzero_flags(tangents))

        known, parts = stage_aux(run, jaxpr.in_avals, OWNER)
        return LinearForm(closed(known), *parts)

    return cached(jaxpr, ("linearize", nonzero, force), make)


def _residual_inputs(linear: Jaxpr) -> tuple[list[Any], Jaxpr]:
    """Residuals that are traced become leading inputs; constant arrays stay constants."""
    pairs = list(zip(linear.constvars, linear.consts, strict=True))
    traced = [(v, c) for v, c in pairs if isinstance(c, Tracer)]
    fixed = [(v, c) for v, c in pairs if not isinstance(c, Tracer)]
    jaxpr = Jaxpr(
        [v for v, _ in fixed],
        [v for v, _ in traced] + linear.invars,
        linear.eqns,
        linear.outvars,
        [c for _, c in fixed],
    )
    return [c for _, c in traced], jaxpr


def linearize_recomputing(jaxpr: Jaxpr, nonzero: Flags, force: Flags | None = None) -> LinearForm:
    """Like ``linearize_jaxpr``, with the inputs as residuals: the linear part recomputes."""

    def make() -> LinearForm:
        form = linearize_jaxpr(jaxpr, nonzero, force)
        n = len(jaxpr.invars)
        m = len(jaxpr.outvars)

        def values(*args: Any) -> list[Any]:
            return [*eval_jaxpr(jaxpr, jaxpr.consts, args), *args]

        again = without_effects(form.known)

        def tangents(*args: Any) -> list[Any]:
            residuals = eval_jaxpr(again, again.consts, args[:n])[m:]
            return eval_jaxpr(form.linear, form.linear.consts, [*residuals, *args[n:]])

        avals = jaxpr.in_avals
        tangent_avals = [v.aval for v in form.linear.invars[form.residuals :]]
        known = closed(stage(values, avals, OWNER))
        linear = closed(stage(tangents, [*avals, *tangent_avals], OWNER))
        return LinearForm(known, linear, n, form.out_nonzero)

    return cached(jaxpr, ("recompute", nonzero, force), make)


def stackable_form(jaxpr: Jaxpr, nonzero: Flags, force: Flags | None = None) -> LinearForm:
    """A linear form whose residuals all have known shapes."""
    form = linearize_jaxpr(jaxpr, nonzero, force)
    return linearize_recomputing(jaxpr, nonzero, force) if form.ragged else form


def transpose_jaxpr(
    jaxpr: Jaxpr, linear: Flags, ct_nonzero: Flags, ct_flags: Flags, instantiate_all: bool
) -> tuple[Jaxpr, Flags, Flags]:
    """The transpose of a jaxpr with respect to some invars.

    Args:
        jaxpr: closed, linear in the invars that ``linear`` names.
        linear: which invars are linear.
        ct_nonzero: which outputs have a cotangent.
        ct_flags: which of those (among all outputs) have passed a select.
        instantiate_all: return zeros for linear invars that get no cotangent.

    Returns:
        (known invars, nonzero cotangents) -> cotangents of linear invars; which linear invars got
        one; and their flags.
    """

    def make() -> tuple[Jaxpr, Flags, Flags]:
        known_vars = [v for v, lin in zip(jaxpr.invars, linear, strict=True) if not lin]
        linear_vars = [v for v, lin in zip(jaxpr.invars, linear, strict=True) if lin]

        def run(*args: Any) -> tuple[list[Any], tuple[Flags, Flags]]:
            known = dict(zip(known_vars, args, strict=False))
            given = iter(args[len(known_vars) :])
            cts = [next(given) if nz else None for nz in ct_nonzero]
            found, flags = transpose_values(jaxpr, jaxpr.consts, known, cts, ct_flags)
            if instantiate_all:
                found = [
                    zeros(Aval(v.aval.shape, v.aval.dtype)) if c is None else c
                    for c, v in zip(found, linear_vars, strict=True)
                ]
            return [c for c in found if c is not None], (nonzero_flags(found), tuple(flags))

        avals = [v.aval for v in known_vars] + [
            Aval(a.shape, a.dtype) for a, nz in zip(jaxpr.out_avals, ct_nonzero, strict=True) if nz
        ]
        backward, facts = stage_aux(run, avals, OWNER)
        return (closed(backward), *facts)

    key = ("transpose", linear, ct_nonzero, ct_flags, instantiate_all)
    return cached(jaxpr, key, make)


def batch_jaxpr(
    jaxpr: Jaxpr,
    trace: BatchTrace,
    batched: Sequence[bool],
    force: Sequence[bool] | None = None,
    active: bool = False,
) -> tuple[Jaxpr, list[bool]]:
    """The batched form of a jaxpr.

    Args:
        jaxpr: without captured tracers.
        trace: the batching trace on whose behalf this is done (size, axis name).
        batched: which invars have a batch axis at 0.
        force: outputs that must be batched whether they depend on batched inputs or not.
        active: take one more leading argument, a batched boolean that says which lanes are
            active; indices of lanes that are not become 0.

    Returns:
        The jaxpr and which of its outputs are batched.
    """
    key = ("batch", trace.size, trace.axis_name, tuple(batched), force and tuple(force), active)
    known = jaxpr.cache.get(key)
    if known is not None:
        return known
    size = trace.size

    def run(*args: Any) -> tuple[list[Any], list[bool]]:
        inner = BatchTrace(size, trace.owner, trace.axis_name)
        if active:
            inner.active, args = args[0], args[1:]
        try:
            with running_lanes(inner):
                tracers = [
                    BatchTracer(inner, a) if b else a for a, b in zip(args, batched, strict=True)
                ]
                outs = eval_jaxpr(jaxpr, jaxpr.consts, tracers)
            flags = [inner.unwrap(o)[1] for o in outs]
            if force is not None:
                flags = [f or must for f, must in zip(flags, force, strict=True)]
            values = [
                inner.materialize(o) if f else inner.unwrap(o)[0]
                for o, f in zip(outs, flags, strict=True)
            ]
            return values, flags
        finally:
            inner.alive = False

    avals = [
        Aval((size, *v.aval.shape), v.aval.dtype) if b else v.aval
        for v, b in zip(jaxpr.invars, batched, strict=True)
    ]
    if active:
        avals = [Aval((size,), bool), *avals]
    result, flags = stage_aux(run, avals, trace.owner)
    jaxpr.cache[key] = (closed(result), flags)
    return result, flags


def linear_operands(operands: Sequence[Any]) -> Flags:
    """Flags of the operands of a transposed control operator that are linear (given as Avals)."""
    return tuple(isinstance(x, Aval) for x in operands)


def known_values(operands: Sequence[Any]) -> list[Any]:
    """The operands of a transposed control operator that are not linear."""
    return [x for x in operands if not isinstance(x, Aval)]


def spread(values: Sequence[Any], flags: Sequence[bool], default: Any = None) -> list[Any]:
    """Values at the positions where flags are true, the default elsewhere."""
    it = iter(values)
    return [next(it) if f else default for f in flags]


def bind_on_tape(
    trace: LinearizeTrace | OnTape, prim: Primitive, args: Sequence[Any], **params: Any
) -> tuple[Any, ...]:
    """Record a linear equation of a control operator on a tape, unless the operands have nothing
    to do with it, or a newer trace has to do with them first.
    """
    if newest_trace(args) is trace.tape:
        return trace.tape.process(prim, tuple(args), params)
    return prim(*args, **params)
