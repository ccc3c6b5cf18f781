"""What the backward pass of ``checkpoint`` keeps, where a policy says what is worth it.

The values of a linearized jaxpr are computed by its known part. Those that the policy picks are
results of the forward pass; the others are computed again from them and from the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from ..compiler.passes.inline import inline_calls
from ..core.avals import is_inexact
from ..core.jaxpr import Eqn, Jaxpr, Literal, Var, eval_jaxpr
from ..ops.structural.naming import named
from ..transforms.jaxprs import OWNER, Flags, cached, closed, linearize_jaxpr
from ..transforms.staging import stage

Policy: TypeAlias = Callable[..., bool]
"""(operator, *abstract operands, **params) -> whether the results of an operation are kept."""


class SavingForm(NamedTuple):
    """A jaxpr split by a policy.

    Attributes:
        forward: invars -> outputs and what is kept.
        recomputed: (the invars that are used, what is kept, tangents) -> tangents of outputs.
        used: the numbers of the invars that are used.
        saved: how many values are kept.
        out_nonzero: which outputs have a tangent.
        known: the equations that compute the values of the linear part; for those who look at it.
        kept: the variables of ``known`` that are kept.
    """

    forward: Jaxpr
    recomputed: Jaxpr
    used: tuple[int, ...]
    saved: int
    out_nonzero: Flags
    known: Jaxpr
    kept: tuple[Var, ...]


def saving_form(jaxpr: Jaxpr, nonzero: Flags, policy: Policy) -> SavingForm:
    """Split a jaxpr at tangents of some invars by what a policy keeps."""
    return cached(jaxpr, ("saving", nonzero, policy), lambda: _split(jaxpr, nonzero, policy))


def _split(jaxpr: Jaxpr, nonzero: Flags, policy: Policy) -> SavingForm:
    form = linearize_jaxpr(jaxpr, nonzero)
    known = inline_calls(form.known)
    m = len(jaxpr.outvars)
    residuals = known.outvars[m:]
    kept, eqns, needed = _needed_again(known, residuals, _picked(known, policy))
    used = tuple(i for i, v in enumerate(known.invars) if v in needed)
    forward = Jaxpr(
        known.constvars, known.invars, known.eqns, [*known.outvars[:m], *kept], known.consts
    )
    again = Jaxpr(
        known.constvars, [*(known.invars[i] for i in used), *kept], eqns, residuals, known.consts
    )
    n = len(again.invars)

    def run(*args: Any) -> list[Any]:
        values = eval_jaxpr(again, again.consts, args[:n])
        return eval_jaxpr(form.linear, form.linear.consts, [*values, *args[n:]])

    tangents = [v.aval for v in form.linear.invars[form.residuals :]]
    recomputed = closed(stage(run, [*again.in_avals, *tangents], OWNER))
    return SavingForm(forward, recomputed, used, len(kept), form.out_nonzero, known, tuple(kept))


def _picked(known: Jaxpr, policy: Policy) -> set[Var]:
    """The results that a policy keeps; those of unknown length are always computed again."""
    found: set[Var] = set()
    for e in known.eqns:
        if policy(e.primitive, *(a.aval for a in e.inputs), **e.params):
            found.update(v for v in e.outvars if not v.aval.symbolic)
    return found


def _needed_again(
    known: Jaxpr, residuals: Sequence[Any], picked: set[Var]
) -> tuple[list[Var], list[Eqn], set[Var]]:
    """What is kept, the equations that compute the residuals from it, and all that is needed."""
    needed = {v for v in residuals if not isinstance(v, Literal)}
    kept: list[Var] = []
    eqns: list[Eqn] = []
    for e in reversed(known.eqns):
        wanted = [v for v in e.outvars if v in needed]
        if not wanted:
            continue
        if all(v in picked for v in wanted):
            kept.extend(wanted)
            continue
        eqns.append(e)
        needed.update(a for a in e.inputs if not isinstance(a, Literal))
    return kept[::-1], eqns[::-1], needed


def saved_residuals(jaxpr: Jaxpr, labels: Sequence[str]) -> list[str]:
    """What a function of floats keeps for its backward pass, in words.

    ``labels`` are those of the invars.
    """
    nonzero = tuple(is_inexact(a.dtype) for a in jaxpr.in_avals)
    form = linearize_jaxpr(jaxpr, nonzero)
    known = inline_calls(form.known)
    made = {v: e for e in known.eqns for v in e.outvars}
    arguments = dict(zip(known.invars, labels, strict=True))
    lines: list[str] = []
    for v in dict.fromkeys(known.outvars[len(jaxpr.outvars) :]):
        if isinstance(v, Literal):
            continue
        e = made.get(v)
        origin = arguments.get(v, "a constant") if e is None else _origin(e, v)
        lines.append(f"{v.aval} {origin}")
    return lines


def _origin(e: Eqn, v: Var) -> str:
    """Where a result of an equation comes from, in words."""
    inner = e.params.get("jaxpr")
    if isinstance(inner, Jaxpr):
        inner = inline_calls(inner)
        out = inner.outvars[list(e.outvars).index(v)]
        for within in inner.eqns:
            if not isinstance(out, Literal) and out in within.outvars:
                return _origin(within, out)
    where = f" from {e.source}" if e.source is not None else ""
    if e.primitive is named:
        return f"named {e.params['name']!r}{where}"
    return f"output of {e.primitive.name}{where}"
