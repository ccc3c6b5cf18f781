"""Tangents from rules per operand, or from one rule for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ...core.avals import is_inexact
from ...core.primitive import Algebra
from ...core.tracing import aval_of


class JvpRule(Protocol):
    """The part of the tangent that comes from one operand's tangent ``t``; None for zero."""

    def __call__(self, t: Any, out: Any, /, *operands: Any, **params: Any) -> Any: ...


class JointRule(Protocol):
    """The tangent from those of all operands."""

    def __call__(self, tangents: Any, out: Any, /, *operands: Any, **params: Any) -> Any: ...


class Joint:
    """A jvp rule that needs all operands' tangents at once, zeros included.

    ``rule(tangents, out, *operands, **params)``; tangents of integer operands are None, and so
    are zeros with ``zeros=False``.
    """

    __slots__ = ("rule", "zeros")

    def __init__(self, rule: Callable[..., Any], *, zeros: bool = True) -> None:
        self.rule: Callable[..., Any] = rule
        self.zeros: bool = zeros

    def tangent(
        self,
        algebra: Algebra,
        out: Any,
        primals: Sequence[Any],
        tangents: Sequence[Any],
        params: dict[str, Any],
    ) -> Any:
        """The tangent, with zeros in the place of None where the rule wants them."""
        if self.zeros:
            tangents = [
                algebra.instantiate(t, p) if is_inexact(aval_of(p).dtype) else None
                for t, p in zip(tangents, primals, strict=True)
            ]
        return self.rule(tangents, out, *primals, **params)


Rules = tuple[Any, ...]
"""One JvpRule per operand, or None for an operand without tangents."""


def as_rules(jvp: Any) -> Rules | Joint | None:
    """Rules as they are stored: one alone is that of the only operand."""
    return jvp if jvp is None or isinstance(jvp, tuple | Joint) else (jvp,)


def sum_of_rules(
    algebra: Algebra,
    rules: Rules,
    out: Any,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    params: Sequence[dict[str, Any]],
    multiple: bool,
) -> Any:
    """The sum of what the rules make of each tangent; ``params`` has those for each operand."""
    total: Any = None
    for rule, t, given in zip(rules, tangents, params, strict=True):
        if t is None or rule is None:
            continue
        part = rule(t, out, *primals, **given)
        if part is None:
            continue
        if total is None:
            total = part
        elif multiple:
            total = tuple(algebra.add_or_none(a, b) for a, b in zip(total, part, strict=True))
        else:
            total = algebra.add(total, part)
    return total


def out_dtype(out: Any) -> Any:
    """The dtype of an operation's result, which may be a Python scalar."""
    return out.dtype if hasattr(out, "dtype") else aval_of(out).dtype


def without_integers(result: Any, out: Any) -> tuple[Any, ...]:
    """Tangents of several results, of which integers have none."""
    return tuple(t if is_inexact(out_dtype(o)) else None for t, o in zip(result, out, strict=True))


def carries_no_tangent(prim: Any, out: Any) -> bool:
    """True if a result has no tangent: of operators without derivative, and of integers."""
    return prim.nondifferentiable is not None or not (prim.multiple or is_inexact(out_dtype(out)))
