"""The record that defines an operator, and the one table of all of them.

What an operator is, is said by declared fields; how it is evaluated, differentiated, transposed
and batched, by its family, which is a subclass (``funcgrad.ops.families``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from .. import arrays
from ..context import Running, current
from . import hooks, small_floats
from .avals import Aval
from .dtypes import MODULES
from .jaxpr import Jaxpr, has_effects, jaxprs_among
from .lowering import NumpyText
from .plain_arrays import check_plain
from .records import Record, derived
from .small_floats import has_small
from .tracing import Trace, at_source, newest_trace

REGISTRY: dict[str, Primitive] = {}
"""Every operator by name."""

FUSED: dict[Primitive, dict[Primitive, Primitive]] = {}
"""outer -> the operator that makes its first operand -> the operator that does both."""


_HOST = frozenset([np.ndarray, np.float64, np.float32, np.bool_, float, int])
"""Frequent types of values that are NumPy's and plain."""


class Case:
    """One test case of an operator: operands and parameters."""

    __slots__ = ("args", "check", "params")

    def __init__(self, *args: Any, check: tuple[str, ...] = (), **params: Any) -> None:
        self.args: tuple[Any, ...] = args
        self.params: dict[str, Any] = params
        self.check: tuple[str, ...] = check

    def __repr__(self) -> str:
        from_args = [f"{a.dtype}{list(a.shape)}" if hasattr(a, "shape") else a for a in self.args]
        return f"Case({', '.join(map(str, from_args))}, {self.params})"


class Unbatched:
    """An output of a batching rule that does not depend on the batched operands."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: Any = value


class Evaluate(Protocol):
    """Results on plain arrays of the module ``xp``: NumPy or CuPy."""

    def __call__(self, xp: Any, /, *operands: Any, **params: Any) -> Any: ...


class Abstract(Protocol):
    """Shapes and dtypes of the results from those of the operands."""

    def __call__(self, *operands: Aval, **params: Any) -> Any: ...


class Cases(Protocol):
    """Test cases, drawn from a random number generator."""

    def __call__(self, rng: np.random.Generator, /) -> Iterable[Case]: ...


class Algebra(Protocol):
    """The operations by which rules combine tangents; an interpreter hands it in."""

    def add(self, x: Any, y: Any) -> Any: ...
    def add_or_none(self, x: Any, y: Any) -> Any: ...
    def negative(self, t: Any) -> Any: ...
    def times(self, t: Any, d: Any, *, strong: bool, masks: bool) -> Any: ...
    def strong_tangent(self, t: Any) -> Any: ...
    def fit(self, t: Any, out: Any) -> Any: ...
    def definite(self, x: Any) -> Any: ...
    def definite_where_needed(
        self, primals: Sequence[Any], tangents: Sequence[Any]
    ) -> list[Any]: ...
    def instantiate(self, t: Any, primal: Any) -> Any: ...
    def zeros(self, aval: Aval) -> Any: ...


class Primitive(Record):
    """One operator: everything that funcgrad knows of it.

    Arrays are positional, parameters keyword-only, hashable and normalised before the call.

    Attributes:
        name: in jaxprs.
        evaluate: results on plain arrays.
        on_gpu: likewise on arrays of a GPU, where that needs another way than ``evaluate``.
        abstract: shapes and dtypes of results.
        cases: test cases, on which all laws are checked.
        no_cases: why there are none.
        nondifferentiable: why there is no derivative.
        transpose: the adjoint, of an operator that is linear in operands.
        jointly: it is linear in several operands at once, at the values of the others, whose
            derivatives are zero.
        linear_in: in which operands, if not in all.
        multiple: it returns a tuple of results.
        masks: its transpose drops cotangents, so that their zeros are strong. Must be said of
            elementwise operators whose partial derivatives are 0 at generic points.
        fills: it puts zeros into its tangent where an operand has none; a function of the
            operands where that depends on them.
        parts: its results are parts of the operand: one without cotangent masks its part.
        view: its result may share memory with the first operand.
        identity: a result of the operand's own abstract value is the operand.
        broadcasts: it only repeats elements along axes.
        reshapes: of two in a row only the last counts.
        fails: it takes ``failing``: raise, or NaN in the lane that fails.
        mask_indices: it raises for indices out of range; this makes those of lanes that are not
            active 0: ``(operands, batched, active, params) -> operands``.
        effect: it must run even if nothing reads its result.
        opaque: it must not be merged with an equal equation.
        unit: the number that changes nothing as an operand.
        right_unit: the number that changes nothing as the second operand.
        involution: done twice, it changes nothing.
        idempotent: the second time, it changes nothing.
        even: it does not see the sign of its operand, not even that of a zero.
        single: it reduces, and what it makes of a single element is that element.
        any_dtype: it takes small floats as they are; others compute with them in float32.
        fuses: pairs of operators of which it does both, without the array in between: the outer
            one, and the one that makes its first operand.
        numpy: how the NumPy back end writes it.
        elements: that its results are elements of operands, and which.
        steep: where its derivative is infinite although it has a value.
        hazard: how it makes infinities and NaN of finite numbers.
        scalar: an elementwise operator as a formula ``(m, *numbers)`` over the basic functions of
            ``facts.Scalars``.
        rounded: the formula for floating-point numbers, where ``scalar`` overflows or cancels.
        formula: an operator on whole arrays as one expression ``(np, *operands, **params)`` of
            other functions of arrays, for compilers; NotImplemented where it has none.
        onto: its result is zeros but for some elements; this adds it to an array, as an update of
            those: ``(x, *operands, **params)``.
    """

    name: str
    evaluate: Callable[..., Any]
    abstract: Callable[..., Any]
    cases: Callable[[Any], Iterable[Case]] | None = None
    on_gpu: Callable[..., Any] | None = None
    no_cases: str | None = None
    nondifferentiable: str | None = None
    transpose: Callable[..., Any] | None = None
    jointly: bool = False
    linear_in: tuple[int, ...] | None = None
    multiple: bool = False
    masks: bool | None = None
    fills: bool | Callable[[Sequence[Any]], bool] = False
    parts: bool = False
    view: bool = False
    identity: bool = False
    broadcasts: bool = False
    reshapes: bool = False
    fails: bool = False
    mask_indices: Callable[..., Any] | None = None
    effect: bool = False
    opaque: bool = False
    unit: int | None = None
    right_unit: int | None = None
    involution: bool = False
    idempotent: bool = False
    even: bool = False
    single: bool = False
    any_dtype: bool = False
    fuses: tuple[tuple[Primitive, Primitive], ...] = ()
    numpy: NumpyText = NumpyText()
    elements: Any = None
    steep: Any = None
    hazard: Any = None
    scalar: Callable[..., Any] | None = None
    rounded: Callable[..., Any] | None = None
    formula: Callable[..., Any] | None = None
    onto: Callable[..., Any] | None = None
    bodily: bool = derived(False)
    recorded: bool = derived(False)

    asks_for_lanes: ClassVar[bool] = False
    """True if vmap concerns it even where no operand is batched."""
    linear: ClassVar[bool] = False
    """True if its family is linear in an operand at the value of the other."""
    transparent: ClassVar[bool] = False
    """True if ``called`` may name a jaxpr."""
    slope: ClassVar[Any] = None
    """The operator that its tangent is, if the family knows it: see ``General``."""
    user_rule: ClassVar[bool] = False
    """True if it stands for a function with a derivative rule of the user's."""

    def complete(self) -> None:
        if self.name in REGISTRY:
            raise TypeError(f"operator {self.name} is defined twice")
        if self.cases is None and not self.no_cases:
            raise TypeError(
                f"operator {self.name} has no test cases; give cases, or no_cases='why'"
            )
        if not self.nondifferentiable and not self.has_derivative():
            raise TypeError(
                f"operator {self.name} has no derivative; give jvp, or nondifferentiable='why'"
            )
        self.derive(
            bodily=self.mask_indices is not None or self.fails or self.effect,
            # A tape keeps operations that are linear as they are, with their parameters.
            recorded=self.linear or self.jointly,
        )
        REGISTRY[self.name] = self
        for outer, first in self.fuses:
            FUSED.setdefault(outer, {})[first] = self

    def has_derivative(self) -> bool:
        """True if a rule says what its derivative is."""
        return self.transpose is not None

    # --- calls ------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **params: Any) -> Any:
        trace = newest_trace(args)
        if self.bodily:
            here = current().running
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
        effects = self.effect or any(map(has_effects, jaxprs_among(params)))
        body, lanes = here.body, here.lanes
        if body is not None and level < body.level and (effects or trace is not None):
            trace, level = body, body.level
        if effects and lanes is not None and level < lanes.level:
            return lanes
        return trace

    def compute(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate on plain arrays."""
        if "ml_dtypes" in MODULES and not self.any_dtype and has_small(args, params):
            return small_floats.compute(self, args, params)
        for a in args:
            if type(a) not in _HOST:
                break
        else:
            return self.evaluate(np, *args, **params)
        check_operands(self, args)
        return arrays.compute_there(lambda xp, given: self.evaluate_on(xp, given, params), args)

    def evaluate_on(self, xp: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Evaluate on arrays of one array module and one device, which is the current one."""
        run = self.evaluate if xp is np or self.on_gpu is None else self.on_gpu
        return run(xp, *args, **params)

    # --- what interpreters ask of a family -------------------------------------------------------

    def fills_tangent(self, operands: Sequence[Any]) -> bool:
        """True if an operation puts zeros into its tangent; operands have shapes and dtypes."""
        return self.fills(operands) if callable(self.fills) else self.fills

    def push_forward(
        self, trace: Any, primals: Any, tangents: Any, strong: Sequence[bool], params: Any
    ) -> Any:
        """Results and their tangents, joined by a trace of forward mode."""
        out = self(*primals, **params)
        return self.push_beside(trace, out, primals, tangents, strong, params)

    def push_beside(
        self,
        trace: Any,
        out: Any,
        primals: Any,
        tangents: Any,
        strong: Sequence[bool],
        params: Any,
    ) -> Any:
        """Results that are known and their tangents, joined by a trace of forward mode."""
        primals, tangents = beside_result(out, primals), beside_result(out, tangents)
        with np.errstate(all="ignore"):
            tangent = self.tangent(trace.algebra, out, primals, tangents, params, strong)
        flag = any(strong) or self.fills_tangent(primals)
        if self.multiple:
            return tuple(trace.join(o, t, flag) for o, t in zip(out, tangent, strict=True))
        if type(out) is bool:
            return np.bool_(out)  # of which ~ is the negation
        return trace.join(out, tangent, flag)

    def linearize_on(self, trace: Any, primals: Any, tangents: Any, params: Any) -> Any:
        """Results, and their tangents on the tape of a trace."""
        out = self(*primals, **params)
        primals = beside_result(out, primals)
        with np.errstate(all="ignore"):
            tangent = self.tangent(trace.algebra, out, primals, tangents, params, ())
        if self.multiple:
            return tuple(trace.join(o, t) for o, t in zip(out, tangent, strict=True))
        return trace.join(out, tangent)

    def tangent(
        self,
        algebra: Algebra,
        out: Any,
        primals: Sequence[Any],
        tangents: Sequence[Any],
        params: dict[str, Any],
        strong: Sequence[bool],
    ) -> Any:
        """The tangent of ``out = self(*primals)``; zeros are None, in and out.

        A tuple for operators with several results. ``strong`` says of which tangents the zeros
        are strong; of none if it is empty.
        """
        return (None,) * len(out) if self.multiple else None

    def pull_back(
        self,
        algebra: Algebra,
        cts: Sequence[Any],
        flags: Sequence[bool],
        operands: Sequence[Any],
        outs: Sequence[Aval],
        params: dict[str, Any],
    ) -> tuple[Sequence[Any], Sequence[bool]]:
        """Cotangents of linear operands, and whether each has passed a select.

        Operands are Avals where they are linear, values elsewhere; cotangents that are zero are
        None, in and out.
        """
        raise TypeError(f"{self.name} cannot be transposed")

    def batched(
        self, trace: Any, values: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
    ) -> Any:
        """Results for a whole batch; ``trace`` knows its size, and which lanes are active."""
        raise TypeError(f"{self.name} cannot be batched")

    def with_strong(self, params: dict[str, Any], which: int) -> dict[str, Any]:
        """Parameters of a product whose factor ``which`` is a tangent with strong zeros."""
        return params

    def called(self, params: dict[str, Any]) -> Jaxpr | None:
        """The jaxpr that an operation merely calls, if it does no more."""
        return None

    @property
    def source(self) -> Callable[..., str] | None:
        """The template of its NumPy text, if it has one."""
        return self.numpy.template

    def __repr__(self) -> str:
        return f"<operator {self.name}>"

    def __reduce__(self) -> Any:
        return (operator_named, (self.name,))


def beside_result(out: Any, values: Sequence[Any]) -> Sequence[Any]:
    """Values as the derivative of an operation needs them: where its result is."""
    if type(out) in _HOST:
        return values
    first = arrays.first_on_gpu((out,))
    if first is None:
        return values
    with arrays.current_on(first):
        return [arrays.like(first, v) for v in values]


def check_operands(prim: Primitive, args: Sequence[Any]) -> None:
    """Raise if an operand is of a subclass of NumPy's array with a meaning of its own."""
    for a in args:
        if type(a) is not np.ndarray and isinstance(a, np.ndarray):
            check_plain(a, f"an operand of {prim.name}{at_source()}")


def check_declared(owner: str, kind: type[Primitive], declared: dict[str, Any]) -> None:
    """Raise if an operator declares what no record has."""
    unknown = sorted(declared.keys() - kind.given)
    if unknown:
        raise TypeError(
            f"operator {owner}: unknown {', '.join(unknown)}; a record of {kind.__name__} can say "
            f"{', '.join(sorted(kind.given))}"
        )


def operator_named(name: str) -> Primitive:
    """The operator of a name.

    >>> import funcgrad.numpy
    >>> operator_named("sin")
    <operator sin>
    """
    if name not in REGISTRY:
        hooks.complete()
    return REGISTRY[name]
