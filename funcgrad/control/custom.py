"""Functions with derivative rules of their own: ``custom_jvp`` and ``custom_vjp`` calls.

Rules run eagerly under plain derivatives of concrete values, and are staged otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..compiler.program import program
from ..context import Place, current, within
from ..core.avals import Aval, is_inexact
from ..core.jaxpr import Jaxpr
from ..core.primitive import Primitive
from ..core.small_floats import lifted, plain
from ..core.source import IN_BACKWARD_RULE, source_of_equation
from ..core.symbolic_zeros import CustomVJPPrimal, SymbolicZero
from ..core.tracing import Tracer, aval_of, newest_trace, value_unknown
from ..errors import DifferentiationError
from ..ops.families import Control, control
from ..ops.shape import cast, zeros
from ..transforms.algebra import instantiate
from ..transforms.jaxprs import batch_jaxpr, bind_on_tape, linear_operands, spread
from ..transforms.jvp import JVPTracer, OnTape
from ..transforms.linearize import LinearizeTracer
from ..transforms.staging import StagingTracer
from ..transforms.vmap import BatchTrace, BatchTracer, add_batch_axis, running_lanes
from .call import call
from .custom_rule import Rule, stage_rule


def belongs_to_body(args: Sequence[Any]) -> bool:
    """True if traced operands come from outside of a function that is being staged."""
    body = current().body
    if body is None:
        return False
    trace = newest_trace(args)
    return trace is not None and trace.level < body.level


def ignoring_rules() -> AbstractContextManager[None]:
    """Differentiate functions that have rules of their own as if they had none."""
    return within(rules_ignored=True)


def call_with_rule(prim: Primitive, rule: Rule, args: Sequence[Any]) -> Sequence[Any]:
    """Call a function with a rule on flat arguments."""
    if current().rules_ignored:
        return rule.call(*args)
    if not any(isinstance(a, Tracer) for a in args):
        outs = rule.call(*args)
        for o in outs:
            if isinstance(o, LinearizeTracer | JVPTracer):
                raise closure_error(rule)
        return outs
    if any(map(value_unknown, args)) or belongs_to_body(args):
        rule, captured = stage_rule(rule, [aval_of(a) for a in args])
        return prim(*captured, *args, rule=rule)
    return prim(*args, rule=rule)


def closure_error(rule: Rule) -> DifferentiationError:
    """The error about a rule whose function closes over what is differentiated."""
    return DifferentiationError(
        f"{rule.__name__} has a derivative rule of its own, but closes over a value that is being "
        "differentiated; the rule says nothing about that value. Pass it as an argument."
    )


def _check_captured(trace: Any, rule: Rule, outs: Sequence[Any]) -> bool:
    """Raise if outputs depend on a differentiated value that the function closed over; True if on
    a tracer of a newer trace, so that the rule has to be staged.
    """
    for o in outs:
        if isinstance(o, Tracer):
            if o._trace is trace:
                raise closure_error(rule)
            if o._trace.level > trace.level:
                return True
    return False


def _restage(prim: Primitive, trace: Any, rule: Rule, primals: Any, tangents: Any) -> Any:
    staged, captured = stage_rule(rule, [aval_of(p) for p in primals])
    args = [trace.join(p, t) for p, t in zip(primals, tangents, strict=True)]
    outs = prim(*captured, *args, rule=staged)
    return outs, [None] * len(outs)


def _evaluate(xp: Any, *args: Any, rule: Rule) -> Any:
    if isinstance(rule.call, Jaxpr):
        return tuple(program(rule.call, xp)(*args))
    return tuple(map(plain, rule.call(*map(lifted, args))))


def _abstract(*avals: Aval, rule: Rule) -> tuple[Aval, ...]:
    return tuple(rule.out_avals)


def _check_consts(rule: Rule, tangents: Sequence[Any]) -> None:
    if any(t is not None for t in tangents[: rule.consts]):
        raise closure_error(rule)


def _jvp_rule(trace: Any, primals: Any, tangents: Any, *, rule: Rule) -> Any:
    _check_consts(rule, tangents)
    symbolic = rule.symbolic and not isinstance(rule.forward, Jaxpr)
    directions = [
        SymbolicZero(_plain(p)) if t is None and symbolic else instantiate(t, p)
        for t, p in zip(tangents[rule.consts :], primals[rule.consts :], strict=True)
        if is_inexact(aval_of(p).dtype)
    ]
    results = list(rule.forward(*primals, *directions))
    if not rule.consts and _check_captured(trace, rule, results):
        return _restage(custom_jvp_call, trace, rule, primals, tangents)
    n = _primal_count(results)
    outs = results[:n]
    if any(type(o) is StagingTracer and o._trace.is_tape for o in outs):  # type: ignore[attr-defined]
        raise DifferentiationError(
            f"the value that the jvp rule of {rule.__name__} returns depends on the tangents; only "
            "the tangent may"
        )
    flags = [is_inexact(aval_of(o).dtype) for o in outs]
    return outs, spread(results[n:], flags)


def _plain(x: Any) -> Aval:
    """The aval of the tangent of a value."""
    aval = aval_of(x)
    return Aval(aval.shape, aval.dtype)


def _primal_count(results: Sequence[Any]) -> int:
    """The number of outs among (*outs, *tangents of the inexact outs)."""
    for n in range(len(results) + 1):
        if n + sum(is_inexact(aval_of(r).dtype) for r in results[:n]) == len(results):
            if all(is_inexact(aval_of(r).dtype) for r in results[n:]):
                return n
    raise AssertionError("a jvp rule returned an odd number of results")


def _in_lane(trace: BatchTrace, x: Any) -> Any:
    """What a function gets for a batch of something: a traced example, or the zero of one."""
    if isinstance(x, SymbolicZero):
        return x.of_one_lane()
    if isinstance(x, CustomVJPPrimal):
        return CustomVJPPrimal(BatchTracer(trace, x.value), x.perturbed)
    return BatchTracer(trace, x)


def _batched(fun: Any, trace: Any, flags: Sequence[bool] | None) -> Any:
    """A flat function over batches; all its results are batched, without flags all arguments."""
    if isinstance(fun, Jaxpr):
        if flags is None:
            flags = (True,) * len(fun.invars)
        return batch_jaxpr(fun, trace, flags, force=(True,) * len(fun.outvars))[0]
    size, owner, axis_name = trace.size, trace.owner, trace.axis_name

    def run(*args: Any) -> list[Any]:
        inner = BatchTrace(size, owner, axis_name)
        try:
            with running_lanes(inner):
                given = zip(args, itertools.repeat(True) if flags is None else flags, strict=False)
                outs = fun(*[_in_lane(inner, a) if b else a for a, b in given])
            return [inner.materialize(o) for o in outs]
        finally:
            inner.alive = False

    return run


def _batch_rule(rule: Rule, trace: Any, batched: Sequence[bool]) -> Rule:
    call = _batched(rule.call, trace, batched)
    inexact = [is_inexact(v.aval.dtype) for v in call.invars[rule.consts :]]
    flags = batched if rule.backward is not None else [*batched, *(True for f in inexact if f)]
    forward = _batched(rule.forward, trace, flags)
    backward = None if rule.backward is None else _batched(rule.backward, trace, None)
    parts = (call, forward, backward, rule.consts, call.out_avals, rule.roots, rule.symbolic)
    return Rule(rule.__name__, *parts, rule.through)


def _batch(trace: Any, values: Any, batched: Any, *, rule: Rule, prim: Primitive) -> Any:
    if not isinstance(rule.call, Jaxpr):
        args = [BatchTracer(trace, v) if b else v for v, b in zip(values, batched, strict=True)]
        staged, captured = stage_rule(rule, [aval_of(a) for a in args])
        outs = prim(*captured, *args, rule=staged)
        return [trace.materialize(o) for o in outs]
    values = [
        add_batch_axis(v, trace.size)
        if not b and is_inexact(aval_of(v).dtype) and i >= rule.consts
        else v
        for i, (v, b) in enumerate(zip(values, batched, strict=True))
    ]
    flags = [
        b or (is_inexact(a.aval.dtype) and i >= rule.consts)
        for i, (b, a) in enumerate(zip(batched, rule.call.invars, strict=True))
    ]
    return prim(*values, rule=_batch_rule(rule, trace, flags))


def _transpose_linear(
    cts: Any, ct_flags: Any, operands: Any, *, rule: Rule
) -> tuple[list[Any], list[bool]]:
    """The function itself is transposed: its rule says nothing that a linear function does not."""
    assert call.transpose is not None
    assert isinstance(rule.call, Jaxpr)
    return call.transpose(cts, ct_flags, operands, jaxpr=rule.call, name=rule.__name__)


class UserRule(Control):
    """A function with a derivative rule of the user's."""

    __slots__ = ()

    transparent = True
    user_rule = True

    def called(self, params: dict[str, Any]) -> Jaxpr | None:
        call = params["rule"].call
        return call if isinstance(call, Jaxpr) else None


def _rule_operator(
    name: str, itself: Callable[[], Control], forward: Any, linearize: Any, transpose: Any
) -> Control:
    """An operator that calls a function with a rule; ``itself`` returns the operator."""

    def batch(trace: Any, values: Any, batched: Any, *, rule: Rule) -> Any:
        return _batch(trace, values, batched, rule=rule, prim=itself())

    return control(
        name,
        _evaluate,
        abstract=_abstract,
        batch=batch,
        no_cases="holds functions: tested with custom rules",
        kind=UserRule,
        forward=forward,
        linearize=linearize,
        transpose=transpose,
        open=lambda opener, args, *, rule: opener.run(rule.call, args),
    )


custom_jvp_call: Control = _rule_operator(
    "custom_jvp_call", lambda: custom_jvp_call, _jvp_rule, _jvp_rule, _transpose_linear
)


# --- custom_vjp ----------------------------------------------------------------------------------


def _refuse_forward(_trace: Any, _primals: Any, _tangents: Any, *, rule: Rule) -> Any:
    raise DifferentiationError(
        f"{rule.__name__} has a custom_vjp rule, so it has no forward derivative (jvp, linearize, "
        "jacfwd). Use reverse mode, or give it a custom_jvp rule, which serves both."
    )


def _forward_through(trace: Any, primals: Any, tangents: Any, *, rule: Rule) -> Any:
    """Forward mode of the function itself, where the rule allows it."""
    if not rule.through:
        _refuse_forward(trace, primals, tangents, rule=rule)
    args = [trace.join(p, t) for p, t in zip(primals, tangents, strict=True)]
    return trace.split(rule.call(*args))


def _vjp_rule(trace: Any, primals: Any, tangents: Any, *, rule: Rule) -> Any:
    _check_consts(rule, tangents)
    given = primals
    if rule.symbolic and not isinstance(rule.forward, Jaxpr):
        given = [CustomVJPPrimal(p, t is not None) for p, t in zip(primals, tangents, strict=True)]
    results = list(rule.forward(*given))
    own = trace.trace if isinstance(trace, OnTape) else trace
    if not rule.consts and _check_captured(own, rule, results):
        return _restage(custom_vjp_call, own, rule, primals, tangents)
    n = len(rule.out_avals) if rule.out_avals else rule.forward.out_count  # type: ignore[attr-defined]
    outs, residuals = results[:n], results[n:]
    given = [t for t in tangents if t is not None]
    inexact = [
        t is not None
        for t, p in zip(tangents[rule.consts :], primals[rule.consts :], strict=True)
        if is_inexact(aval_of(p).dtype)
    ]
    avals = tuple(Aval(aval_of(o).shape, aval_of(o).dtype) for o in outs)
    out_avals = tuple(a for a in avals if is_inexact(a.dtype))
    outs_t = bind_on_tape(
        trace,
        custom_vjp_linear,
        [*residuals, *given],
        rule=rule,
        residuals=len(residuals),
        nonzero=tuple(inexact),
        out_avals=out_avals,
    )
    return outs, spread(outs_t, [is_inexact(a.dtype) for a in avals])


custom_vjp_call: Control = _rule_operator(
    "custom_vjp_call", lambda: custom_vjp_call, _forward_through, _vjp_rule, _transpose_linear
)


def _linear_evaluate(xp: Any, *args: Any, rule: Rule, **_: Any) -> Any:
    _refuse_forward(None, None, None, rule=rule)


def _linear_transpose(
    cts: Any,
    ct_flags: Any,
    operands: Any,
    *,
    rule: Rule,
    residuals: int,
    nonzero: tuple[bool, ...],
    out_avals: tuple[Aval, ...],
) -> tuple[list[Any], list[bool]]:
    assert rule.backward is not None
    symbolic = rule.symbolic and not isinstance(rule.backward, Jaxpr)
    none = SymbolicZero if symbolic else zeros
    full = [none(a) if c is None else c for c, a in zip(cts, out_avals, strict=True)]
    named = source_of_equation() is not None
    with within(place=Place(IN_BACKWARD_RULE)) if named else nullcontext():
        found = rule.backward(*operands[:residuals], *full)
    used = [c for c, nz in zip(found, nonzero, strict=True) if nz]
    # A tangent that a rule further out was given as zeros is a value, not something linear.
    given = operands[residuals:]
    used = [
        cast(c, a.dtype) if c is not None and linear else None
        for c, a, linear in zip(used, given, linear_operands(given), strict=True)
    ]
    strong = any(f and c is not None for f, c in zip(ct_flags, cts, strict=True))
    return [*(None,) * residuals, *used], [False] * residuals + [strong] * len(used)


def _linear_batch(
    trace: Any,
    values: Any,
    batched: Any,
    *,
    rule: Rule,
    residuals: int,
    nonzero: tuple[bool, ...],
    out_avals: tuple[Aval, ...],
) -> Any:
    values = [
        v if b else add_batch_axis(v, trace.size) for v, b in zip(values, batched, strict=True)
    ]
    backward = _batched(rule.backward, trace, (True,) * (residuals + len(out_avals)))
    parts = (rule.call, rule.forward, backward, rule.consts, rule.out_avals, rule.roots)
    wide = Rule(rule.__name__, *parts, rule.symbolic, rule.through)
    avals = tuple(Aval((trace.size, *a.shape), a.dtype) for a in out_avals)
    return custom_vjp_linear(
        *values, rule=wide, residuals=residuals, nonzero=nonzero, out_avals=avals
    )


custom_vjp_linear: Control = control(
    "custom_vjp_linear",
    _linear_evaluate,
    abstract=lambda *_, out_avals, **__: out_avals,
    batch=_linear_batch,
    no_cases="stands for a linear map of which only the transpose is known",
    forward=lambda _trace, _primals, _tangents, *, rule, **__: _refuse_forward(
        None, None, None, rule=rule
    ),
    transpose=_linear_transpose,
)
