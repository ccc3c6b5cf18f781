"""Operators of which every rule is given by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from ...core.avals import Aval
from ...core.lowering import NumpyText
from ...core.primitive import Algebra, Case, Primitive, check_declared
from ...errors import DifferentiationError
from .batching import ByBatchRule
from .rules import (
    Joint,
    Rules,
    as_rules,
    carries_no_tangent,
    sum_of_rules,
    without_integers,
)
from .transposing import pull_back_many, pull_back_one


class GeneralTranspose(Protocol):
    """The adjoint in the operands that are given as Avals, at the values of the others.

    Returns a cotangent for each operand, None for values. ``flagged`` says that the zeros of
    ``ct`` are strong; of operators with several results ``ct`` is a list.
    """

    def __call__(self, ct: Any, /, *operands: Any, flagged: bool, **params: Any) -> Any: ...


class General(ByBatchRule):
    """An operator with a jvp rule and, where it is linear in an operand, a transpose.

    Attributes:
        jvp: the rules.
        slope: an operator that is linear in its first operand: the tangent of ``out = self(x)`` is
            ``slope(t, x, out)``, with the same parameters.
    """

    jvp: Rules | Joint | None = None
    slope: Primitive | None = None  # type: ignore[misc]

    def has_derivative(self) -> bool:
        return self.jvp is not None

    def tangent(
        self,
        algebra: Algebra,
        out: Any,
        primals: Sequence[Any],
        tangents: Sequence[Any],
        params: dict[str, Any],
        strong: Sequence[bool],
    ) -> Any:
        if carries_no_tangent(self, out):
            return (None,) * len(out) if self.multiple else None
        if len(primals) == 1 and not self.multiple and type(self.jvp) is tuple:
            rule = self.jvp[0]
            if rule is None or tangents[0] is None:
                return None
            return rule(tangents[0], algebra.definite(out), algebra.definite(primals[0]), **params)
        primals = algebra.definite_where_needed(primals, tangents)
        out = out if self.multiple else algebra.definite(out)
        if isinstance(self.jvp, Joint):
            total = self.jvp.tangent(algebra, out, primals, tangents, params)
        elif self.jvp is not None:
            given = (params,) * len(primals)
            total = sum_of_rules(algebra, self.jvp, out, primals, tangents, given, self.multiple)
        else:
            raise DifferentiationError(f"{self.name} has no forward derivative")
        if not self.multiple:
            return total
        return without_integers(total or (None,) * len(out), out)

    def pull_back(
        self,
        algebra: Algebra,
        cts: Sequence[Any],
        flags: Sequence[bool],
        operands: Sequence[Any],
        outs: Sequence[Aval],
        params: dict[str, Any],
    ) -> tuple[Sequence[Any], Sequence[bool]]:
        if self.multiple:
            return pull_back_many(self, algebra, cts, flags, operands, outs, params)
        return pull_back_one(self, cts, flags, operands, params)


def general(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]] | None,
    jvp: Any = None,
    slope: Primitive | None = None,
    source: Callable[..., str] | None = None,
    numpy: NumpyText | None = None,
    **declared: Any,
) -> General:
    """An operator with every rule given by name.

    Args:
        name: name in jaxprs.
        evaluate: (xp, *operands, **params) -> result, or a tuple with ``multiple=True``.
        abstract: (*Avals, **params) -> Aval, or a tuple.
        batch: see ``batching.Batch``.
        cases: rng -> cases.
        jvp: a JvpRule per operand, one alone for one operand, or Joint.
        slope: in its place: see ``General``.
        source: template of the generated source.
        numpy: how the NumPy back end writes it.
        declared: other fields of ``Primitive``: transpose, multiple, nondifferentiable, masks, ...

    Returns:
        The registered record.
    """
    if batch is None:
        raise TypeError(f"operator {name} has no batching rule; give batch")
    if slope is not None:
        if jvp is not None or not slope.jointly or slope.linear_in != (0,):
            raise TypeError(
                f"operator {name}: slope stands for jvp, and is jointly linear in its first operand"
            )
        jvp = _rule_of_slope(slope)
    check_declared(name, General, declared)
    return General(
        name=name,
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        cases=cases,
        jvp=as_rules(jvp),
        slope=slope,
        numpy=numpy or NumpyText(template=source),
        **declared,
    )


def _rule_of_slope(slope: Primitive) -> Any:
    def rule(t: Any, out: Any, x: Any, **params: Any) -> Any:
        return slope(t, x, out, **params)

    return rule
