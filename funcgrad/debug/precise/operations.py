"""The evaluation of any operator on precise numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.dtypes import is_inexact
from ...core.facts import ByRule, Decided, Float64, Moves, Picks, Scalars
from ...core.primitive import Primitive
from ...core.tracing import aval_of
from ...ops.families import Bilinear, Elementwise, Linear
from ...ops.pointwise import rounding
from ...ops.shape import convert
from ...transforms.recording import Operation
from ...typing import Array, ArrayLike, DTypeLike, PyTree
from .choices import choice_of, moved_operands, sources_of
from .exact_sums import summed
from .matrices import RULES, Calculator, NoPreciseFormError, SingularError, as_array
from .numbers import Numbers, Precise

WRAPPING = frozenset([rounding.remainder, rounding.fmod])
"""Operators that take a whole multiple of the second operand off, which the program has chosen."""

ROUNDED_TO: dict[str, np.dtype[Any]] = {"f": np.dtype(np.float64), "c": np.dtype(np.complex128)}


class Evaluation(NamedTuple):
    """Precise results of an operation; ``exact`` is False where they are those of float64."""

    outs: list[Precise]
    exact: bool


def inexact(x: PyTree) -> bool:
    """True if x is a real or complex array, number or result."""
    return is_inexact(aval_of(x).dtype)


def evaluate(
    numbers: Numbers[Any], operation: Operation, operands: Sequence[Precise]
) -> Evaluation:
    """The results of an operation on precise operands.

    Decisions are the program's own: results that are integers or booleans, the order of elements,
    functions that are piecewise constant, and numbers drawn at random stay as they were computed.
    Elements that are equal as computed are ordered by what they are precisely.

    Args:
        numbers: the kind of numbers.
        operation: what was carried out.
        operands: precise operands in the place of its real and complex ones; others as they are.
    """
    decided = isinstance(operation.primitive.elements, Decided)
    if decided or not any(map(inexact, operation.outputs)):
        return Evaluation([numbers.lift(o) for o in operation.outputs], True)
    with np.errstate(all="ignore"):
        try:
            outs = _exactly(numbers, operation, operands)
        except (SingularError, NoPreciseFormError):
            outs = None
        if outs is not None:
            return Evaluation(list(outs), True)
        pairs = zip(operation.operands, operands, strict=True)
        wide = tuple(rounded(numbers, x, p) for x, p in pairs)
        found = operation.primitive.compute(wide, operation.params)
    found = found if operation.primitive.multiple else (found,)
    return Evaluation([numbers.lift(o) for o in found], False)


def rounded(
    numbers: Numbers[Any], computed: ArrayLike, precise: Precise, dtype: DTypeLike | None = None
) -> Any:
    """The array next to a precise operand: of float64 or complex128, or of the given dtype."""
    if not inexact(computed):
        return computed
    kind = aval_of(computed).dtype.kind
    return numbers.nearest(precise, dtype or ROUNDED_TO[kind])


def _exactly(numbers: Numbers[Any], operation: Operation, operands: Sequence[Precise]) -> Any:
    """The results, or None if there is no precise form of the operator."""
    prim, params = operation.primitive, operation.params
    real = [inexact(x) for x in operation.operands]
    lifted = [
        p if r else numbers.lift(x)
        for x, p, r in zip(operation.operands, operands, real, strict=True)
    ]
    if prim is convert:
        return [lifted[0]] if keeps_value(operation) else None
    if (fact := choice_of(prim, params)) is not None:
        return _chosen(numbers, operation, fact, lifted)
    if isinstance(prim, Elementwise):
        if prim.nondifferentiable:
            return [numbers.lift(o) for o in operation.outputs]
        return _elementwise(numbers, operation, prim, lifted)
    rule = prim.elements.rule if isinstance(prim.elements, ByRule) else RULES.get(prim)
    if rule is not None and all(np.isfinite(o).all() for o in operation.outputs):
        found = rule(Calculator(numbers), *lifted, **params)
        return None if found is None else list(map(as_array, found))
    if isinstance(prim.elements, Float64):
        return None
    if isinstance(prim, Linear | Bilinear) or _is_linear_in_one(prim, real):
        return _linear(numbers, operation, lifted, real)
    return None


def _is_linear_in_one(prim: Primitive, real: Sequence[bool]) -> bool:
    """True if an operator only adds and moves elements of its one operand that is no integer."""
    return prim.transpose is not None and prim.elements is None and sum(real) == 1


def keeps_value(operation: Operation) -> bool:
    """True if a conversion of type keeps the value: not from complex to real numbers."""
    before, after = aval_of(operation.operands[0]).dtype, aval_of(operation.outputs[0]).dtype
    return before.kind != "c" or after.kind == "c"


def _chosen(
    numbers: Numbers[Any], operation: Operation, fact: Moves | Picks, lifted: Sequence[Precise]
) -> list[Precise]:
    moved = moved_operands(fact, len(lifted))
    elements = [x for x, m in zip(lifted, moved, strict=True) if m]

    def errors() -> list[Array]:
        operands = [x for x, m in zip(operation.operands, moved, strict=True) if m]
        pairs = zip(elements, operands, strict=True)
        return [numbers.nearest(x - numbers.lift(o), np.dtype(np.float64)) for x, o in pairs]

    found = sources_of(operation.primitive, fact, operation.operands, operation.params, errors)
    size = sum(int(np.prod(x.shape)) for x in elements)
    outs = []
    for places, computed in zip(found, operation.outputs, strict=True):
        if places is None:
            outs.append(numbers.lift(computed))
            continue
        fillings = np.asarray(computed)
        own = np.where(places < 0, size + np.arange(places.size).reshape(places.shape), places)
        outs.append(numbers.choose([*elements, numbers.lift(fillings)], own))
    return outs


def _elementwise(
    numbers: Numbers[Any], operation: Operation, prim: Elementwise, lifted: Sequence[Precise]
) -> list[Precise] | None:
    shape = np.shape(operation.outputs[0])
    given = tuple(rounded(numbers, x, p) for x, p in zip(operation.operands, lifted, strict=True))
    lifted = [numbers.choose([x], _spread(x.shape, shape)) for x in lifted]
    if prim in WRAPPING:
        times = np.rint((np.asarray(given[0]) - operation.outputs[0]) / given[1])
        found = numbers.calculate(_wrapped, operation.outputs[0], *lifted, numbers.lift(times))
    elif prim.scalar is not None:
        computed = np.broadcast_to(prim.compute(given, {}), shape)
        found = numbers.calculate(prim.scalar, computed, *lifted)
    else:
        return None
    return None if found is None else [found]


def _wrapped(_m: Scalars, x: Precise, y: Precise, times: Precise) -> Precise:
    return x - y * times


def _spread(shape: tuple[int, ...], full: tuple[int, ...]) -> Any:
    return np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), full)


def _linear(
    numbers: Numbers[Any], operation: Operation, lifted: Sequence[Precise], real: Sequence[bool]
) -> Any:
    prim = operation.primitive
    places = [i for i, r in enumerate(real) if r]
    if not all(numbers.is_finite(lifted[i]) for i in places):
        return None
    if len(places) != len(real) and isinstance(prim, Bilinear):
        return None
    full = list(operation.operands)

    def apply(*pieces: Array) -> Any:
        for i, piece in zip(places, pieces, strict=True):
            full[i] = piece
        return prim.compute(tuple(full), operation.params)

    complex_out = aval_of(operation.outputs[0]).dtype.kind == "c"
    found = summed(numbers, apply, [lifted[i] for i in places], complex_out)
    return None if found is None else [found]
