"""Operators that are linear in their one operand, and in each of two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from ...core.avals import Aval
from ...core.dtypes import MODULES
from ...core.lowering import NumpyText
from ...core.primitive import Algebra, Case, Primitive, check_declared
from ...core.small_floats import has_small
from ...core.tracing import Tracer
from .batching import ByBatchRule
from .rules import carries_no_tangent
from .transposing import pull_back_one, rule_of


class LinearTranspose(Protocol):
    """The adjoint of a linear operator: the cotangent of x, which is given as an Aval."""

    def __call__(self, ct: Any, x: Aval, /, **params: Any) -> Any: ...


class BilinearTranspose(Protocol):
    """The adjoint in one factor, which is given as an Aval, at the value of the other.

    Returns a cotangent for each, None for the value. ``flagged`` says that the zeros of ``ct``
    are strong.
    """

    def __call__(self, ct: Any, x: Any, y: Any, /, *, flagged: bool, **params: Any) -> Any: ...


class Linear(ByBatchRule):
    """An operator that is linear in its one operand: its tangent is itself.

    Attributes:
        accumulate: (array, ct, **params) adds the cotangent of the operand to an array in place.
    """

    accumulate: Callable[..., None] | None = None

    linear: ClassVar[bool] = True

    def __call__(self, x: Any, **params: Any) -> Any:
        if type(x) is np.ndarray or type(x) is np.float64:
            if "ml_dtypes" in MODULES and not self.any_dtype and has_small((x,), params):
                return self.compute((x,), params)
            return self.evaluate(np, x, **params)
        if isinstance(x, Tracer) and not self.bodily:
            return x._trace.linear(self, x, params)
        return Primitive.__call__(self, x, **params)

    def tangent(
        self,
        algebra: Algebra,
        out: Any,
        primals: Sequence[Any],
        tangents: Sequence[Any],
        params: dict[str, Any],
        strong: Sequence[bool],
    ) -> Any:
        return None if carries_no_tangent(self, out) else self(tangents[0], **params)

    def pull_back(
        self,
        algebra: Algebra,
        cts: Sequence[Any],
        flags: Sequence[bool],
        operands: Sequence[Any],
        outs: Sequence[Aval],
        params: dict[str, Any],
    ) -> tuple[Sequence[Any], Sequence[bool]]:
        result = rule_of(self)(cts[0], operands[0], **params)
        return (result,), (flags[0] or bool(self.masks),)


def linear(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    transpose: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]],
    source: Callable[..., str] | None = None,
    numpy: NumpyText | None = None,
    **declared: Any,
) -> Linear:
    """An operator that is linear in its one operand: its tangent is itself.

    Args:
        name: name in jaxprs.
        evaluate: (xp, x, **params) -> result.
        abstract: (Aval, **params) -> Aval.
        transpose: see LinearTranspose.
        batch: see ``batching.Batch``.
        cases: rng -> cases.
        source: template of the generated source.
        numpy: how the NumPy back end writes it.
        declared: other fields of ``Primitive``: view, masks, ...

    Returns:
        The registered record.
    """
    check_declared(name, Linear, declared)
    return Linear(
        name=name,
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        cases=cases,
        transpose=transpose,
        numpy=numpy or NumpyText(template=source),
        **declared,
    )


class Bilinear(ByBatchRule):
    """An operator that is linear in each of two operands.

    A parameter ``strong`` says which factor's zeros win over infinities of the other: 0, 1 or
    None; operators without such a parameter have no strong form.
    """

    linear: ClassVar[bool] = True

    def __call__(self, x: Any, y: Any, **params: Any) -> Any:
        if type(x) is np.ndarray and type(y) is np.ndarray:
            if "ml_dtypes" in MODULES and has_small((x, y), params):
                return self.compute((x, y), params)
            return self.evaluate(np, x, y, **params)
        if not self.bodily:
            if isinstance(x, Tracer):
                trace = x._trace
                if isinstance(y, Tracer) and y._trace.level > trace.level:
                    trace = y._trace
                return trace.bilinear(self, x, y, params)
            if isinstance(y, Tracer):
                return y._trace.bilinear(self, x, y, params)
        return Primitive.__call__(self, x, y, **params)

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
        x, y = algebra.definite_where_needed(primals, tangents)
        t, u = tangents
        first = None if t is None else self(t, y, **self._given(params, 0, strong))
        second = None if u is None else self(x, u, **self._given(params, 1, strong))
        return algebra.add_or_none(first, second)

    def _given(self, params: dict[str, Any], i: int, strong: Sequence[bool]) -> dict[str, Any]:
        return self.with_strong(params, i) if strong and strong[i] else params

    def with_strong(self, params: dict[str, Any], which: int) -> dict[str, Any]:
        return {**params, "strong": which} if params.get("strong", which) is None else params

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


def bilinear(
    name: str,
    evaluate: Callable[..., Any],
    *,
    abstract: Callable[..., Any],
    transpose: Callable[..., Any],
    batch: Callable[..., Any],
    cases: Callable[[Any], Iterable[Case]],
    source: Callable[..., str] | None = None,
    numpy: NumpyText | None = None,
    **declared: Any,
) -> Bilinear:
    """An operator that is linear in each of two operands; the jvp follows.

    Args:
        name: name in jaxprs.
        evaluate: (xp, x, y, **params) -> result.
        abstract: (Aval, Aval, **params) -> Aval.
        transpose: see BilinearTranspose.
        batch: see ``batching.Batch``.
        cases: rng -> cases.
        source: template of the generated source.
        numpy: how the NumPy back end writes it.
        declared: other fields of ``Primitive``.

    Returns:
        The registered record.
    """
    check_declared(name, Bilinear, declared)
    return Bilinear(
        name=name,
        evaluate=evaluate,
        abstract=abstract,
        batch=batch,
        cases=cases,
        transpose=transpose,
        numpy=numpy or NumpyText(template=source),
        **declared,
    )
