"""A derivative rule of a user's function, and how it is staged.

A rule holds flat functions. Under plain derivatives of concrete values they run eagerly; otherwise
they are staged when called, with the tracers they capture as leading operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..context import current, enter, leave
from ..core.avals import Aval, is_inexact
from ..core.jaxpr import Jaxpr
from ..core.pickling import taken
from ..core.tracing import Tracer
from ..errors import DifferentiationError
from ..transforms.staging import join_captured, lift_tracers, stage, with_vars
from .closures import closes_over_tracer

Flat = Callable[..., Sequence[Any]]


class Rule:
    """A function with a derivative rule.

    ``call(*args) -> outs``. For a jvp rule ``forward(*primals, *tangents) -> (*outs, *tangents)``,
    over the inexact ones. For a vjp rule ``forward(*args) -> (*outs, *residuals)`` and
    ``backward(*residuals, *cts) -> cts of the inexact args``. ``consts`` counts leading operands
    that are captured, not differentiated. ``symbolic`` says that zeros are given as SymbolicZero,
    and primals of a vjp rule as CustomVJPPrimal, to functions that are no jaxprs. ``through`` says
    that forward mode differentiates ``call`` itself, where the rule is one of reverse mode.
    """

    __slots__ = (
        "__name__",
        "backward",
        "call",
        "consts",
        "forward",
        "out_avals",
        "roots",
        "symbolic",
        "through",
    )

    def __init__(
        self,
        name: str,
        call: Flat,
        forward: Flat,
        backward: Flat | None = None,
        consts: int = 0,
        out_avals: Sequence[Aval] = (),
        roots: tuple[Any, ...] = (),
        symbolic: bool = False,
        through: bool = False,
    ) -> None:
        self.__name__: str = name
        self.call: Flat = call
        self.forward: Flat = forward
        self.backward: Flat | None = backward
        self.consts: int = consts
        self.out_avals: list[Aval] = list(out_avals)
        self.roots: tuple[Any, ...] = roots
        self.symbolic: bool = symbolic
        self.through: bool = through

    def __reduce__(self) -> Any:
        parts = (self.call, self.forward, self.backward)
        rest = (self.consts, self.out_avals, taken(self.roots), self.symbolic, self.through)
        return (Rule, (self.__name__, *map(taken, parts), *rest))


def _join(jaxprs: Sequence[Jaxpr]) -> tuple[list[Jaxpr], list[Any]]:
    """The jaxprs with the tracers that any of them captures as leading inputs, and these."""
    return join_captured([lift_tracers(jaxpr) for jaxpr in jaxprs])


def _tangent_avals(avals: Sequence[Aval]) -> list[Aval]:
    return [Aval(a.shape, a.dtype) for a in avals if is_inexact(a.dtype)]


def stage_rule(rule: Rule, avals: Sequence[Aval]) -> tuple[Rule, list[Any]]:
    """The rule with a jaxpr for its function, and the tracers it captured.

    The derivative functions stay Python functions, to be run when they are needed, unless they
    close over tracers, which are gone by then: in that case they are staged now, too.
    """
    call = stage(rule.call, avals, rule.__name__)
    captured = [c for c in call.consts if isinstance(c, Tracer)]
    if not captured and not closes_over_tracer(rule.roots, set()):
        out_avals = call.out_avals
        parts = (call, rule.forward, rule.backward, 0, out_avals, rule.roots, rule.symbolic)
        return Rule(rule.__name__, *parts, rule.through), []
    return _stage_with_captured(rule, call, avals)


def _stage_with_captured(rule: Rule, call: Jaxpr, avals: Sequence[Aval]) -> tuple[Rule, list[Any]]:
    mark = id(rule.roots[0])
    here = current()
    if mark in here.rules_staged:
        # A rule that calls its own function: the value is staged, its derivative cannot be.
        (call,), captured = _join([call])
        refuse = _refuse_recursion(rule.__name__)
        return (
            Rule(
                rule.__name__,
                call,
                refuse,
                refuse,
                len(captured),
                call.out_avals,
                rule.roots,
                through=rule.through,
            ),
            captured,
        )
    token = enter(here.having(rules_staged=here.rules_staged | {mark}))
    try:
        if rule.backward is None:
            forward = stage(rule.forward, [*avals, *_tangent_avals(avals)], rule.__name__)
            (call, forward), captured = _join([call, forward])
            n = len(captured)
            return Rule(rule.__name__, call, forward, None, n, call.out_avals, rule.roots), captured
        forward = stage(rule.forward, avals, rule.__name__)
        n = len(call.outvars)
        backward_avals = [*forward.out_avals[n:], *_tangent_avals(call.out_avals)]
        backward = stage(rule.backward, backward_avals, rule.__name__)
    finally:
        leave(token)
    (call, forward, backward), captured = _join([call, forward, backward])
    # The backward function needs the captured values too: they travel among the residuals.
    among = [*forward.outvars[:n], *forward.invars[: len(captured)], *forward.outvars[n:]]
    forward = with_vars(forward, forward.invars, among)
    n = len(captured)
    parts = (call, forward, backward, n, call.out_avals, rule.roots)
    rule = Rule(rule.__name__, *parts, through=rule.through)
    return rule, captured


def _refuse_recursion(name: str) -> Flat:
    def refuse(*_: Any) -> Any:
        raise DifferentiationError(
            f"the rule of {name} calls {name} itself and closes over traced values, so it has no "
            "second derivative inside jit; pass those values as arguments"
        )

    return refuse
