"""Numbers of higher precision than float64, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from ...typing import Array, ArrayLike, DTypeLike
from .double_double import DoubleDouble, UnavailableError, as_pair, complex_of
from .elementary import PairFunctions
from .multiprecision import Multiprecision, objects


class Precise(Protocol):
    """An array of precise numbers: a DoubleDouble, or an array of objects."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        ...

    def copy(self) -> Any:
        """Return an array in memory of its own."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __setitem__(self, key: Any, value: Any, /) -> None: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...


P = TypeVar("P")

Formula = Callable[..., Any]
"""(basic functions, *numbers) -> number."""


class Numbers(Protocol[P]):
    """A kind of precise numbers. Their arrays have ``shape``, indices and + - * /."""

    digits: int

    def lift(self, x: ArrayLike) -> P:
        """A float, complex or integer array, exactly."""
        ...

    def nearest(self, x: P, dtype: DTypeLike) -> Any:
        """The nearest array of a dtype."""
        ...

    def terms(self, x: P) -> list[Any]:
        """Arrays of float64 (or complex128) with this sum."""
        ...

    def total(self, terms: Sequence[Any]) -> P:
        """The sum of arrays of float64."""
        ...

    def is_finite(self, x: P) -> bool:
        """True if all elements are finite."""
        ...

    def exponent(self, x: P) -> int:
        """The power of two next to the largest of finite elements."""
        ...

    def scaled(self, x: P, exponent: int) -> P:
        """Times a power of two."""
        ...

    def choose(self, operands: Sequence[P], places: Array) -> P:
        """Elements by their places among those of all operands, one after the other."""
        ...

    def calculate(self, formula: Formula, computed: Array, *operands: P) -> P | None:
        """The value of a formula over ``core.facts.Scalars``; None if it cannot be told.

        Where it is not finite, ``computed`` is taken.
        """
        ...


class DoubleDoubles:
    """Pairs of float64; functions without a form for them go through mpmath if it is installed."""

    digits = 31
    functions: PairFunctions = PairFunctions()

    def lift(self, x: ArrayLike) -> DoubleDouble:
        """A float, complex or integer array, exactly."""
        return as_pair(x)

    def nearest(self, x: DoubleDouble, dtype: DTypeLike) -> Any:
        """The nearest array of a dtype."""
        return x.hi.astype(dtype)[()]

    def terms(self, x: DoubleDouble) -> list[Any]:
        """Arrays of float64 (or complex128) with this sum."""
        return [x.hi, x.lo]

    def total(self, terms: Sequence[Any]) -> DoubleDouble:
        """The sum of arrays of float64."""
        result = as_pair(terms[0])
        for t in terms[1:]:
            result = result + t
        return result

    def is_finite(self, x: DoubleDouble) -> bool:
        """True if all elements are finite."""
        return bool(np.isfinite(x.hi).all())

    def exponent(self, x: DoubleDouble) -> int:
        """The power of two next to the largest of finite elements."""
        parts = (np.real(x.hi), np.imag(x.hi))
        return int(np.frexp(max(float(np.abs(p).max(initial=0.0)) for p in parts))[1])

    def scaled(self, x: DoubleDouble, exponent: int) -> DoubleDouble:
        """Times a power of two."""
        half = exponent // 2  # in two steps: the power of two itself may be out of range
        first, second = np.ldexp(1.0, half), np.ldexp(1.0, exponent - half)
        return DoubleDouble(x.hi * first * second, x.lo * first * second)

    def choose(self, operands: Sequence[DoubleDouble], places: Array) -> DoubleDouble:
        """Elements by their places among those of all operands."""
        hi = np.concatenate([x.hi.ravel() for x in operands])
        lo = np.concatenate([x.lo.ravel() for x in operands])
        return DoubleDouble(hi[places], lo[places])

    def calculate(
        self, formula: Formula, computed: Array, *operands: DoubleDouble
    ) -> DoubleDouble | None:
        """The value of a formula, and ``computed`` where it is not finite."""
        try:
            found = as_pair(formula(self.functions, *operands))
        except UnavailableError:
            return self.through_mpmath(formula, computed, operands)
        good = np.isfinite(found.hi)
        return DoubleDouble(np.where(good, found.hi, computed), np.where(good, found.lo, 0.0))

    def through_mpmath(
        self, formula: Formula, computed: Array, operands: Sequence[DoubleDouble]
    ) -> DoubleDouble | None:
        """The value of a formula with functions that pairs do not have; None without mpmath."""
        try:
            slow = Multiprecision(40)
        except ImportError:
            return None
        given = [slow.total(self.terms(x)) for x in operands]
        return self.total(slow.terms(slow.calculate(formula, computed, *given))[:2])


def joined(numbers: Numbers[Any], real: Any, imag: Any) -> Any:
    """A complex array from its parts."""
    if isinstance(real, DoubleDouble):
        return complex_of(real, imag)
    return objects(lambda a, b: a + 1j * b, real, imag)
