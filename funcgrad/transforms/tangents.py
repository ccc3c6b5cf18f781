"""The output tangent of one operation, whatever the family of its operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.avals import is_inexact
from ..core.jaxpr import Jaxpr, subjaxprs
from ..core.primitive import Joint, Primitive
from ..core.tracing import Tracer, aval_of, shape_of
from ..errors import DifferentiationError
from ..ops.elementwise.arithmetic import Mask, StrongTangent, add, mul, mul_strong, neg
from ..ops.elementwise.comparison import filled_like
from ..ops.families import FUNCTION, NEGATIVE, SAME, SCALING, Quotient
from ..ops.shape import broadcast_to, cast, strong_scalar, zeros


def fills(prim: Primitive, operands: Any) -> bool:
    """Whether an operation puts zeros into its tangent; operands have shapes and dtypes."""
    if "fills" in prim.traits:
        return True
    return prim is mul and any(out_dtype(x).kind == "b" for x in operands)


def fills_inside(jaxpr: Jaxpr) -> bool:
    """Whether an equation of a jaxpr, or of one that it holds, fills."""
    found = jaxpr.cache.get("fills")
    if found is None:
        found = any(
            fills(e.primitive, [a.aval for a in e.inputs]) or any(map(fills_inside, subjaxprs(e)))
            for e in jaxpr.eqns
        )
        jaxpr.cache["fills"] = found
    return found


def tangent_out(
    prim: Primitive,
    out: Any,
    primals: Any,
    tangents: Any,
    params: dict[str, Any],
    strong: Sequence[bool] = (),
) -> Any:
    """The tangent of ``out = prim(*primals)``; zeros are None, in and out.

    A tuple for operators with several outputs. ``strong`` says whose zeros are strong, of the
    tangents; nobody's if it is empty.
    """
    if prim.nondifferentiable is not None:
        return (None,) * len(out) if prim.multiple else None
    if not prim.multiple and not is_inexact(out_dtype(out)):
        return None
    if prim.family == "linear":
        return prim(tangents[0], **params)
    primals = [p if t is None else strong_scalar(p) for p, t in zip(primals, tangents, strict=True)]
    out = out if prim.multiple else strong_scalar(out)
    if isinstance(prim.jvp, Joint):
        if prim.jvp.zeros:
            tangents = [
                instantiate(t, p) if is_inexact(aval_of(p).dtype) else None
                for t, p in zip(tangents, primals, strict=True)
            ]
        result = prim.jvp.rule(tangents, out, *primals, **params)
        if prim.multiple:
            return _without_integers(result, out)
        return fit_tangent(result, out) if prim.family == "elementwise" else result
    if prim.jvp is not None:
        return _sum_of_rules(prim, out, primals, tangents, params, strong)
    if prim.partials:
        return _elementwise_tangent(prim, out, primals, tangents, strong)
    raise DifferentiationError(f"{prim.name} has no forward derivative")


def out_dtype(out: Any) -> Any:
    """The dtype of an operation's result, which may be a Python scalar."""
    return out.dtype if hasattr(out, "dtype") else aval_of(out).dtype


def instantiate(t: Any, primal: Any) -> Any:
    """A tangent as an array: zeros of the primal's shape for None."""
    if t is not None:
        return t
    aval = aval_of(primal)
    return filled_like(primal, 0) if aval.symbolic else zeros(aval)


def _without_integers(result: Any, out: Any) -> tuple[Any, ...]:
    return tuple(t if is_inexact(out_dtype(o)) else None for t, o in zip(result, out, strict=True))


def _sum_of_rules(
    prim: Primitive,
    out: Any,
    primals: Any,
    tangents: Any,
    params: dict[str, Any],
    strong: Sequence[bool],
) -> Any:
    total: Any = None
    weighs = prim.family == "bilinear" and params["strong"] is None and any(strong)
    for i, (rule, t) in enumerate(zip(prim.jvp, tangents, strict=True)):  # type: ignore[arg-type]
        if t is None or rule is None:
            continue
        given = {**params, "strong": i} if weighs and strong[i] else params
        part = rule(t, out, *primals, **given)
        if part is None:
            continue
        if total is None:
            total = part
        elif prim.multiple:
            total = tuple(add_tangents(a, b) for a, b in zip(total, part, strict=True))
        else:
            total = add(total, part)
    if prim.multiple:
        return _without_integers(total or (None,) * len(out), out)
    if total is not None and prim.family == "elementwise":
        total = fit_tangent(total, out)
    return total


def fit_tangent(t: Any, out: Any) -> Any:
    """A tangent of an elementwise operation with the shape and dtype of its output."""
    return cast(broadcast_to(t, shape_of(out)), out_dtype(out))


def add_tangents(a: Any, b: Any) -> Any:
    """The sum of two tangents of which either may be a symbolic zero."""
    if a is None:
        return b
    return a if b is None else add(a, b)


def _elementwise_tangent(
    prim: Primitive, out: Any, primals: Any, tangents: Any, strong: Sequence[bool]
) -> Any:
    total: Any = None
    for i, t in enumerate(tangents):
        kind = prim.partial_kinds[i]
        if t is None or not kind:
            continue
        part = factor(prim, i, kind, t, out, primals, bool(strong) and strong[i])
        total = part if total is None else add(total, part)
    if total is None:
        return None
    return fit_tangent(total, out)


def factor(prim: Primitive, i: int, kind: int, t: Any, out: Any, primals: Any, strong: bool) -> Any:
    """The contribution of operand i's tangent: the tangent times the partial derivative."""
    if kind == SAME:
        return t
    if kind == NEGATIVE:
        return neg(t)
    if kind == SCALING:
        partial = prim.partials[i]
        if strong:
            return partial.scale(StrongTangent(t), out, *primals).value
        part = partial.scale(t, out, *primals)
        if type(partial) is Quotient and isinstance(part, Tracer):
            part.quotient_of = (t, partial.denominator(*primals))
        return part
    assert kind == FUNCTION
    return scaled(prim, t, prim.partials[i](out, *primals), strong)


def scaled(prim: Primitive, t: Any, d: Any, strong: bool = False) -> Any:
    """A tangent times a partial derivative, which may be a mask."""
    if type(d) is Mask:
        return mul_strong(d.values, t)
    if strong and not prim.masks:
        return mul_strong(t, d)
    return mul_strong(d, t) if prim.masks else product(t, d)


def product(t: Any, d: Any) -> Any:
    """The product of a tangent and a partial derivative; of a quotient t / d, its numerator t.

    The derivative of log(y) is t / y. Its own derivative, t / y**2, leaves the range of the type
    long before its product with y does.
    """
    parts = getattr(t, "quotient_of", None)
    if parts is not None and parts[1] is d and aval_of(parts[0]).matches(t.aval):
        return parts[0]
    return mul(t, d)
