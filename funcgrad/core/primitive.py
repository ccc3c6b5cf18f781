"""The record that defines an operator, and the one table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import arrays
from .jaxpr import has_effects, jaxprs_among
from .plain_arrays import check_plain
from .tracing import Running, Trace, Tracer, at_source, newest_trace, running

REGISTRY: dict[str, Primitive] = {}
"""Every operator by name."""


class Case:
    """One test case of an operator: operands and parameters."""

    __slots__ = ("args", "check", "params")

    def __init__(self, *args: Any, check: tuple[str, ...] = (), **params: Any) -> None:
        self.args = args
        self.params = params
        self.check = check

    def __repr__(self) -> str:
        from_args = [f"{a.dtype}{list(a.shape)}" if hasattr(a, "shape") else a for a in self.args]
        return f"Case({', '.join(map(str, from_args))}, {self.params})"


class Joint:
    """A jvp rule that needs all operands' tangents at once, zeros included.

    ``rule(tangents, out, *operands, **params)``; tangents of integer operands are None, and so
    are zeros with ``zeros=False``.
    """

    __slots__ = ("rule", "zeros")

    def __init__(self, rule: Callable[..., Any], *, zeros: bool = True) -> None:
        self.rule = rule
        self.zeros = zeros


class Unbatched:
    """What a batching rule wraps an output in that does not depend on the batched operands."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


TRAITS = frozenset(
    [
        "masks",  # the transpose drops cotangents
        "fills",  # puts zeros into its tangent where an operand has none
        "parts",  # the results are parts of the operand: one without cotangent masks its part
        "residual",  # the transpose multiplies with an operand, and takes ``flagged``
        "view",  # the result may share memory with the first operand
        "identity",  # a result of the operand's own abstract value is the operand
        "broadcasts",  # only repeats elements along axes
        "reshapes",  # of two in a row only the last counts
        "fails",  # takes ``failing``: raise, or NaN in the lane that fails
        "indexes",  # raises on indices out of range
        "effect",  # must run even if nothing reads its result
        "opaque",  # must not be merged with an equal equation
        "linear",
        "commutative",
        "cheap",
    ]
)
"""Facts about operators that interpreters and passes read."""


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One operator: everything that funcgrad knows of it.

    Arrays are positional, parameters keyword-only, hashable and normalised before the call.
    """

    name: str
    family: str
    evaluate: Callable[..., Any]
    abstract: Callable[..., Any]
    batch: Callable[..., Any] | None
    cases: Callable[[Any], Iterable[Case]]
    jvp: tuple[Any, ...] | Joint | None = None
    transpose: Callable[..., Any] | None = None
    linearize: Callable[..., Any] | None = None
    forward: Callable[..., Any] | None = None
    multiple: bool = False
    nondifferentiable: str | None = None
    no_cases: str | None = None
    traits: frozenset[str] = frozenset()
    source: Callable[..., str] | None = None
    # The elementwise family only:
    partials: tuple[Any, ...] = ()
    partial_kinds: tuple[int, ...] = ()
    partial_needs: tuple[int, ...] = ()
    partial_table: tuple[tuple[int, Any], ...] = ()
    arity: int = 0
    ufunc: Any = None
    masks: bool = False
    # What single passes or interpreters know of the operator, by their own names.
    extra: dict[str, Any] = field(default_factory=dict)
    bodily: bool = False
    pythonic: bool = False

    def __post_init__(self) -> None:
        unknown = self.traits - TRAITS
        if unknown:
            raise TypeError(f"operator {self.name}: unknown traits {sorted(unknown)}")
        if self.name in REGISTRY:
            raise TypeError(f"operator {self.name} is defined twice")
        has_rule = self.jvp or self.transpose or self.linearize or self.partials
        if not has_rule and not self.nondifferentiable:
            raise TypeError(
                f"operator {self.name} has no derivative; give jvp, or nondifferentiable='why'"
            )
        if self.batch is None and self.family != "elementwise":
            raise TypeError(f"operator {self.name} has no batching rule")
        if self.cases is None and not self.no_cases:
            raise TypeError(f"operator {self.name} has no test cases")
        object.__setattr__(self, "bodily", bool(self.traits & {"indexes", "fails", "effect"}))
        object.__setattr__(self, "pythonic", self.evaluate is not self.ufunc)
        REGISTRY[self.name] = self

    def __call__(self, *args: Any, **params: Any) -> Any:
        trace = newest_trace(args)
        if self.bodily or self.extra:
            here = running.get()
            if here is not None:
                trace = self.taken_up(here, trace, params)
        if trace is None:
            return self.compute(args, params)
        return trace.handle(self, args, params)

    def taken_up(self, here: Running, trace: Trace | None, params: dict[str, Any]) -> Trace | None:
        """The trace that handles an operation, which may be that of the function that is run."""
        level = 0 if trace is None else trace.level
        if level >= here.level:
            return trace
        effects = "effect" in self.traits or any(map(has_effects, jaxprs_among(params)))
        body, lanes = here.body, here.lanes
        if body is not None and level < body.level:
            if effects or (trace is not None and (self.bodily or "control" in self.extra)):
                trace, level = body, body.level
        if effects and lanes is not None and level < lanes.level:
            return lanes
        return trace

    def compute(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate on plain arrays."""
        for a in args:
            if type(a) is not np.ndarray and isinstance(a, np.ndarray):
                check_plain(a, f"an operand of {self.name}{at_source()}")
        xp, args = arrays.harmonize(args)
        if self.family == "elementwise":
            return self.evaluate(*args)
        return self.evaluate(xp, *args, **params)

    def unary(self, x: Any) -> Any:
        """Call an elementwise operator of one operand."""
        if isinstance(x, Tracer):
            return x._trace.unary(self, x)
        return self.evaluate(x)

    def binary(self, x: Any, y: Any) -> Any:
        """Call an elementwise operator of two operands."""
        if isinstance(x, Tracer):
            trace = x._trace
            if isinstance(y, Tracer) and y._trace.level > trace.level:
                trace = y._trace
        elif isinstance(y, Tracer):
            trace = y._trace
        else:
            try:
                return self.evaluate(x, y)
            except TypeError:
                return self.compute((x, y), {})
        return trace.binary(self, x, y)

    def __repr__(self) -> str:
        return f"<operator {self.name}>"

    def __reduce__(self) -> Any:
        return (operator_named, (self.name,))


def operator_named(name: str) -> Primitive:
    """The operator of a name.

    >>> operator_named("sin")
    <operator sin>
    """
    return REGISTRY[name]
