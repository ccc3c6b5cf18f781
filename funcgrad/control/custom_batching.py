"""A function with a batching rule of the user's: ``custom_vmap``.

Its operands are the values that it closes over, and then its arguments. Derivatives are those of
the function; where a batch outside of a derivative is, the values of the function are those of the
rule all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..compiler.program import program
from ..core.avals import Aval
from ..core.jaxpr import Jaxpr
from ..core.primitive import Unbatched
from ..core.tracing import Tracer
from ..ops.families import Control, control
from ..transforms.jaxprs import batch_jaxpr
from .call import InlinedCall, call

Rule = Callable[[int, Sequence[bool], Sequence[Any]], Sequence[tuple[Any, bool]]]
"""From the size of a batch, which arguments have one, and the arguments, to results with flags."""


def _evaluate(xp: Any, *args: Any, jaxpr: Jaxpr, rule: Rule, name: str, consts: int) -> Any:
    return tuple(program(jaxpr, xp)(*args))


def _abstract(*_: Aval, jaxpr: Jaxpr, **__: Any) -> tuple[Aval, ...]:
    return tuple(jaxpr.out_avals)


def _batch(
    trace: Any, values: Any, batched: Any, *, jaxpr: Jaxpr, rule: Rule, name: str, consts: int
) -> Any:
    if any(batched[:consts]) or trace.active is not None:
        # The rule does not know of these values, nor that some examples are not there.
        masked = trace.active is not None
        inner, flags = batch_jaxpr(jaxpr, trace, batched, active=masked)
        lead = [trace.active] if masked else []
        outs = call(*lead, *values, jaxpr=inner, name=name)
        return [o if f else Unbatched(o) for o, f in zip(outs, flags, strict=True)]
    found = rule(trace.size, batched[consts:], values[consts:])
    return [o if f else Unbatched(o) for o, f in found]


def _forward(trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str, **_: Any) -> Any:
    assert call.forward is not None
    return call.forward(trace, primals, tangents, jaxpr=jaxpr, name=name)


def _linearize(
    trace: Any, primals: Any, tangents: Any, *, jaxpr: Jaxpr, name: str, **more: Any
) -> Any:
    assert call.linearize is not None
    outs, outs_t = call.linearize(trace, primals, tangents, jaxpr=jaxpr, name=name)
    if any(isinstance(p, Tracer) for p in primals):
        outs = custom_vmap_call(*primals, jaxpr=jaxpr, name=name, **more)
    return outs, outs_t


def _transpose(cts: Any, flags: Any, operands: Any, *, jaxpr: Jaxpr, name: str, **_: Any) -> Any:
    assert call.transpose is not None
    return call.transpose(cts, flags, operands, jaxpr=jaxpr, name=name)


custom_vmap_call: Control = control(
    "custom_vmap_call",
    _evaluate,
    abstract=_abstract,
    batch=_batch,
    no_cases="holds functions: tested with rules of users",
    kind=InlinedCall,
    forward=_forward,
    linearize=_linearize,
    transpose=_transpose,
    open=lambda opener, args, *, jaxpr, **_: opener.run(jaxpr, args),
)
