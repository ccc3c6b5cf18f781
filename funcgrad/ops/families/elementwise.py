"""Elementwise operators: they broadcast and promote as NumPy's ufuncs do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from ... import arrays
from ...core import hooks, small_floats
from ...core.avals import WEAK_DTYPES, WEAK_SAMPLES, Aval
from ...core.dtypes import MODULES
from ...core.lowering import NumpyText
from ...core.primitive import Algebra, Case, Primitive, check_declared, check_operands
from ...core.records import derived
from ...core.small_floats import has_small
from ...core.tracing import Tracer, newest_trace, shape_of
from ...errors import ShapeError
from .cases import elementwise_cases
from .formulas import by_formula
from .partials import FUNCTION, NEGATIVE, SAME, SCALING, Quotient, partial_kind, partial_needs
from .rules import Joint, Rules, as_rules, carries_no_tangent, sum_of_rules
from .transposing import pull_back_one

LARGE = 1 << 14
"""Arrays of so many elements are large: below, a call of native code costs more than it saves."""

_EXACT = frozenset(
    [
        np.add, np.subtract, np.multiply, np.true_divide, np.negative, np.sqrt, np.square,
        np.reciprocal, np.absolute, np.copysign, np.ldexp, np.spacing, np.nextafter, np.sign,
    ]
)  # fmt: skip
"""Functions that NumPy computes in an instruction or two."""

_PLAIN = frozenset([np.ndarray, np.float64, np.float32, np.bool_, float, int])


class Elementwise(Primitive):
    """An operator that does the same with every element.

    Attributes:
        partials: one per operand: 1, -1, None, function(out, *operands), or Scaling.
        run: ``evaluate`` as it is called on plain arrays: large ones may be left to native code.
        jvp: rules in the place of partials, for maps that are only real-linear.
        arity: number of operands.
        ufunc: NumPy's function, where ``evaluate`` is Python's operator.
        smooth: its tangent is a sum over its operands, into which no zeros are put.
    """

    partials: tuple[Any, ...] = ()
    jvp: Rules | Joint | None = None
    arity: int = 0
    ufunc: Any = None
    partial_kinds: tuple[int, ...] = derived(())
    partial_needs: tuple[int, ...] = derived(())
    partial_table: tuple[tuple[int, Any], ...] = derived(())
    composed: bool = derived(False)
    smooth: bool = derived(False)
    run: Callable[..., Any] = derived(None)

    def complete(self) -> None:
        kinds = tuple(map(partial_kind, self.partials))
        table = tuple(
            (k, getattr(p, "scale", p)) for k, p in zip(kinds, self.partials, strict=True)
        )
        needs = tuple(map(partial_needs, self.partials))
        composed = isinstance(self.evaluate, FunctionType) and self.scalar is not None
        self.derive(
            partial_kinds=kinds,
            partial_needs=needs,
            partial_table=table,
            composed=composed or self.rounded is not None,
            smooth=self.jvp is None and not self.masks and self.nondifferentiable is None,
            run=self._looking_at_sizes() if self._is_rounded() else self.evaluate,
        )
        super().complete()

    def _is_rounded(self) -> bool:
        """True for functions that are computed in more than an instruction or two."""
        return (self.scalar or self.rounded) is not None and self.ufunc not in _EXACT

    def _looking_at_sizes(self) -> Callable[..., Any]:
        """``evaluate``, but for large arrays."""
        evaluate = self.evaluate

        def unary(x: Any) -> Any:
            if type(x) is np.ndarray and x.size >= LARGE:
                out = hooks.large(self, (x,))
                if out is not NotImplemented:
                    return out
            return evaluate(x)

        def binary(x: Any, y: Any) -> Any:
            if (type(x) is np.ndarray and x.size >= LARGE) or (
                type(y) is np.ndarray and y.size >= LARGE
            ):
                return run(x, y)
            return evaluate(x, y)

        def run(*xs: Any) -> Any:
            for x in xs:
                if type(x) is np.ndarray and x.size >= LARGE:
                    out = hooks.large(self, xs)
                    return evaluate(*xs) if out is NotImplemented else out
            return evaluate(*xs)

        return unary if self.arity == 1 else binary if self.arity == 2 else run

    def has_derivative(self) -> bool:
        return self.jvp is not None or any(self.partial_kinds) or self.transpose is not None

    def __call__(self, *args: Any, **params: Any) -> Any:
        for a in args:
            if type(a) not in _PLAIN:
                break
        else:
            if "ml_dtypes" in MODULES and not self.any_dtype and has_small(args, params):
                return self.compute(args, params)
            return self.run(*args)
        if params or self.bodily:
            return Primitive.__call__(self, *args, **params)
        trace = newest_trace(args)
        if trace is None:
            return self.compute(args, params)
        if trace.quick and len(args) <= 2:
            return trace.unary(self, *args) if len(args) == 1 else trace.binary(self, *args)
        return trace.handle(self, args, params)

    def compute(self, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate on plain arrays."""
        if "ml_dtypes" in MODULES and not self.any_dtype and has_small(args, params):
            return small_floats.compute(self, args, params)
        check_operands(self, args)
        return arrays.compute_there(lambda xp, given: self.evaluate_on(xp, given, params), args)

    def evaluate_on(self, xp: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Evaluate on arrays of one array module and one device, which is the current one.

        On a GPU an operator that is composed of NumPy's functions is its formula: that looks at
        no values from the host.
        """
        if xp is np:
            return self.run(*args)
        if self.on_gpu is not None:
            return self.on_gpu(xp, *args)
        if not self.composed:
            return self.evaluate(*args)
        return by_formula(self, xp, args)

    def unary(self, x: Any) -> Any:
        """Call an operator of one operand."""
        if isinstance(x, Tracer):
            return x._trace.unary(self, x)
        if type(x) in _PLAIN and ("ml_dtypes" not in MODULES or not has_small((x,), {})):
            return self.run(x)
        return self.compute((x,), {})

    def binary(self, x: Any, y: Any) -> Any:
        """Call an operator of two operands."""
        if isinstance(x, Tracer):
            trace = x._trace
            if isinstance(y, Tracer) and y._trace.level > trace.level:
                trace = y._trace
        elif isinstance(y, Tracer):
            trace = y._trace
        elif (
            type(x) in _PLAIN
            and type(y) in _PLAIN
            and ("ml_dtypes" not in MODULES or not has_small((x, y), {}))
        ):
            return self.run(x, y)
        else:
            return self.compute((x, y), {})
        return trace.binary(self, x, y)

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
            return None
        primals = algebra.definite_where_needed(primals, tangents)
        out = algebra.definite(out)
        total: Any
        if isinstance(self.jvp, Joint):
            total = self.jvp.tangent(algebra, out, primals, tangents, params)
        elif self.jvp is not None:
            none: tuple[dict[str, Any], ...] = ({},) * len(primals)
            total = sum_of_rules(algebra, self.jvp, out, primals, tangents, none, False)
        else:
            total = None
            for i, t in enumerate(tangents):
                kind = self.partial_kinds[i]
                if t is None or not kind:
                    continue
                flag = bool(strong) and strong[i]
                part = self.scaled_tangent(algebra, i, kind, t, out, primals, flag)
                total = part if total is None else algebra.add(total, part)
        return None if total is None else algebra.fit(total, out)

    def scaled_tangent(
        self, algebra: Algebra, i: int, kind: int, t: Any, out: Any, primals: Any, strong: bool
    ) -> Any:
        """The tangent of operand i times its partial derivative."""
        if kind == SAME:
            return t
        if kind == NEGATIVE:
            return algebra.negative(t)
        partial = self.partials[i]
        if kind == SCALING:
            if strong:
                return partial.scale(algebra.strong_tangent(t), out, *primals).value
            part = partial.scale(t, out, *primals)
            if type(partial) is Quotient and isinstance(part, Tracer):
                part.quotient_of = (t, partial.denominator(*primals))
            return part
        assert kind == FUNCTION
        return algebra.times(t, partial(out, *primals), strong=strong, masks=bool(self.masks))

    def pull_back(
        self,
        algebra: Algebra,
        cts: Sequence[Any],
        flags: Sequence[bool],
        operands: Sequence[Any],
        outs: Sequence[Aval],
        params: dict[str, Any],
    ) -> tuple[Sequence[Any], Sequence[bool]]:
        return pull_back_one(self, cts, flags, operands, params)

    def batched(
        self, trace: Any, values: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
    ) -> Any:
        return self(*trace.align(values, batched))


def elementwise(
    name: str,
    evaluate: Callable[..., Any],
    *partials: Any,
    operator: Callable[..., Any] | None = None,
    jvp: Rules | Joint | None = None,
    domain: tuple[Any, ...] = (-2.0, 2.0),
    kinds: str = "fc",
    arity: int | None = None,
    cases: Callable[[Any], Iterable[Case]] | None = None,
    source: Callable[..., str] | None = None,
    numpy: NumpyText | None = None,
    **declared: Any,
) -> Elementwise:
    """An operator that broadcasts and promotes as NumPy's ufuncs do.

    Args:
        name: name in jaxprs.
        evaluate: NumPy ufunc or function of arrays.
        partials: one per operand: 1, -1, None, function(out, *operands), or Scaling.
        operator: Python's operator of the same meaning, used for evaluation, so that Python
            scalars stay Python scalars.
        jvp: rules per operand (t, out, *operands), for maps that are only real-linear.
        domain: interval the cases are drawn from; one interval per operand, or one for all.
        kinds: dtype kinds of the cases: f, c, i, u, b.
        arity: number of operands, where partials do not tell.
        cases: replaces the derived cases.
        source: template of the generated source.
        numpy: how the NumPy back end writes it.
        declared: other fields of ``Primitive``: transpose, masks, fills, nondifferentiable, ...

    Returns:
        The registered record.
    """
    check_declared(name, Elementwise, declared)
    rules = jvp if isinstance(jvp, tuple) else ()
    count: int = arity or len(partials) or len(rules) or int(getattr(evaluate, "nin", 1))
    run = operator or evaluate
    return Elementwise(
        name=name,
        evaluate=run,
        abstract=_abstract(name, run),
        cases=cases or elementwise_cases(count, domain, kinds),
        jvp=as_rules(jvp),
        numpy=numpy or NumpyText(template=source),
        partials=partials or (None,) * count,
        arity=count,
        ufunc=evaluate,
        **declared,
    )


def _abstract(name: str, run: Callable[..., Any]) -> Callable[..., Aval]:
    known: dict[Any, tuple[np.dtype, bool]] = {}

    def abstract(*avals: Aval) -> Aval:
        operands = tuple([(a.dtype, a.weak) for a in avals])
        found = known.get(operands)
        if found is None:
            found = known[operands] = _result_type(run, operands)
        dtype, weak = found
        first = avals[0].shape
        for a in avals:
            if a.shape != first:
                break
        else:
            return Aval(first, dtype, weak)
        return Aval(broadcast_shapes(name, *[a.shape for a in avals]), dtype, weak)

    return abstract


def _result_type(
    run: Callable[..., Any], operands: tuple[tuple[np.dtype, bool], ...]
) -> tuple[np.dtype, bool]:
    """Dtype and weakness of a result from those of the operands."""
    samples = [WEAK_SAMPLES[dt] if weak else np.ones((1,), dt) for dt, weak in operands]
    with np.errstate(all="ignore"):
        out = run(*samples)
    weak = WEAK_DTYPES.get(type(out))
    return (weak, True) if weak is not None else (out.dtype, False)


def broadcast_shapes(what: str, *shapes: tuple[Any, ...]) -> tuple[Any, ...]:
    """NumPy's broadcasting of shapes, with symbolic leading dimensions, or an error that names all.

    >>> broadcast_shapes("add", (3, 1), (2,))
    (3, 2)
    """
    ndim = max(map(len, shapes))
    out: list[Any] = [1] * ndim
    for shape in shapes:
        offset = ndim - len(shape)
        for i, d in enumerate(shape):
            if out[offset + i] == 1:
                out[offset + i] = d
            elif d not in (1, out[offset + i]):
                listed = " and ".join(map(str, shapes))
                raise ShapeError(f"{what}: shapes {listed} do not broadcast together")
    return tuple(out)


def expand_rank(x: Any, ndim: int, reshape: Callable[..., Any]) -> Any:
    """Insert axes of one after the batch axis, so that x has ``ndim`` axes behind it."""
    missing = ndim - (len(x.shape) - 1)
    if missing == 0:
        return x
    return reshape(x, shape=(x.shape[0],) + (1,) * missing + tuple(x.shape[1:]))


def align(values: Sequence[Any], batched: Sequence[bool], reshape: Callable[..., Any]) -> list[Any]:
    """Give batched operands axes of one behind the batch axis, so that ranks agree."""
    ndim = max(len(shape_of(v)) - b for v, b in zip(values, batched, strict=True))
    return [expand_rank(v, ndim, reshape) if b else v for v, b in zip(values, batched, strict=True)]
