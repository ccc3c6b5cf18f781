"""Operators that hold jaxprs or functions: calls, branches, loops, custom rules, callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from ...core.avals import Aval
from ...core.lowering import NumpyText
from ...core.primitive import Algebra, Primitive, check_declared
from ...core.records import derived
from .transposing import rule_of


class ForwardRule(Protocol):
    """(outs, tangents of outs) from primals and tangents; zeros are None."""

    def __call__(
        self, trace: Any, primals: Sequence[Any], tangents: Sequence[Any], /, **params: Any
    ) -> tuple[Sequence[Any], Sequence[Any]]: ...


class ControlTranspose(Protocol):
    """(cotangents of operands, whether each has passed a select) from those of the results."""

    def __call__(
        self,
        cts: Sequence[Any],
        flags: Sequence[bool],
        operands: Sequence[Any],
        /,
        **params: Any,
    ) -> tuple[Sequence[Any], Sequence[bool]]: ...


class ControlBatch(Protocol):
    """Results for a whole batch, on behalf of the trace that batches."""

    def __call__(
        self, trace: Any, values: Sequence[Any], batched: Sequence[bool], /, **params: Any
    ) -> Sequence[Any]: ...


class Opening(Protocol):
    """The results, with what the operator holds carried out operation by operation.

    ``run`` evaluates a jaxpr or calls a flat function, and ``turn(loop, number)`` is a context
    for one turn of a loop. None where there is nothing to open.
    """

    def __call__(self, opener: Any, args: Sequence[Any], /, **params: Any) -> Any: ...


class Control(Primitive):
    """An operator that holds jaxprs or functions; it has several results.

    Attributes:
        batch: see ControlBatch.
        forward: see ForwardRule; with a trace of forward mode.
        linearize: likewise, for one whose tangents are on a tape.
        open: see Opening.
    """

    batch: Callable[..., Any]
    forward: Callable[..., Any] | None = None
    linearize: Callable[..., Any] | None = None
    open: Callable[..., Any] | None = None
    multiple: bool = derived(True)
    any_dtype: bool = derived(True)

    asks_for_lanes: ClassVar[bool] = True

    def handed_on(self, params: dict[str, Any]) -> slice:
        """The inputs of its jaxprs that a step hands on to the next: its first outputs."""
        return slice(0)

    def has_derivative(self) -> bool:
        return self.forward is not None or self.transpose is not None

    def complete(self) -> None:
        super().complete()
        self.derive(bodily=True)

    def push_forward(
        self, trace: Any, primals: Any, tangents: Any, strong: Sequence[bool], params: Any
    ) -> Any:
        if self.forward is None:
            return self(*primals, **params)
        return trace.push_through(self, primals, tangents, any(strong), params)

    def linearize_on(self, trace: Any, primals: Any, tangents: Any, params: Any) -> Any:
        rule = self.linearize or self.forward
        if rule is None:
            return self(*primals, **params)
        outs, outs_t = rule(trace, primals, tangents, **params)
        return tuple(trace.join(o, t) for o, t in zip(outs, outs_t, strict=True))

    def pull_back(
        self,
        algebra: Algebra,
        cts: Sequence[Any],
        flags: Sequence[bool],
        operands: Sequence[Any],
        outs: Sequence[Aval],
        params: dict[str, Any],
    ) -> tuple[Sequence[Any], Sequence[bool]]:
        return rule_of(self)(cts, flags, operands, **params)

    def batched(
        self, trace: Any, values: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
    ) -> Any:
        return self.batch(trace, values, batched, **params)


def control(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    batch: Callable[..., Any],
    no_cases: str,
    statement: Any = None,
    kind: type[Control] = Control,
    **declared: Any,
) -> Control:
    """An operator that holds jaxprs or functions.

    Args:
        name: name in jaxprs.
        evaluate: (xp, *operands, **params) -> tuple of results.
        abstract: (*Avals, **params) -> tuple of Avals.
        batch: see ControlBatch.
        no_cases: how it is tested, since no cases can be drawn.
        statement: how the NumPy back end writes it: see ``lowering.StatementWriter``.
        kind: the class of the record.
        declared: other fields of ``Control`` and ``Primitive``: forward, linearize, transpose, ...

    Returns:
        The registered record.
    """
    check_declared(name, kind, declared)
    return kind(
        name=name,
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        no_cases=no_cases,
        numpy=NumpyText(statement=statement),
        **declared,
    )
