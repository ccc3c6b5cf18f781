"""Numbers of higher precision than float64, behind one interface."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from .double_double import DoubleDouble, as_pair, complex_of
from .elementary import ARITHMETIC, FUNCTIONS
from .multiprecision import SCALAR_FUNCTIONS

Array = Any
"""An array of precise numbers: a DoubleDouble, or an array of objects."""


class Numbers(Protocol):
    """A kind of precise numbers. Their arrays have ``shape``, indices and + - * /."""

    digits: int

    def lift(self, x: Any) -> Array:
        """A float, complex or integer array, exactly."""

    def nearest(self, x: Array, dtype: Any) -> Any:
        """The nearest array of a dtype."""

    def terms(self, x: Array) -> list[Any]:
        """Arrays of float64 (or complex128) with this sum."""

    def total(self, terms: Sequence[Any]) -> Array:
        """The sum of arrays of float64."""

    def is_finite(self, x: Array) -> bool:
        """Whether all elements are finite."""

    def exponent(self, x: Array) -> int:
        """The power of two next to the largest of finite elements."""

    def scaled(self, x: Array, exponent: int) -> Array:
        """Times a power of two."""

    def choose(self, operands: Sequence[Array], places: Any) -> Array:
        """Elements by their places among those of all operands, one after the other."""

    def elementwise(self, name: str, is_complex: bool) -> Callable[..., Array] | None:
        """An operator as a function (computed, *operands); None if there is none.

        Where the function has no finite value, ``computed`` is taken.
        """


def load_mpmath() -> Any:
    """The package, or an error that says how to install it."""
    try:
        return importlib.import_module("mpmath")
    except ImportError as error:
        raise ImportError(
            "evaluation at any number of digits needs mpmath: pip install mpmath"
        ) from error


class DoubleDoubles:
    """Pairs of float64; operators without a form for them go through mpmath if it is installed."""

    digits = 31

    def lift(self, x: Any) -> DoubleDouble:
        return as_pair(x)

    def nearest(self, x: DoubleDouble, dtype: Any) -> Any:
        return x.hi.astype(dtype)[()]

    def terms(self, x: DoubleDouble) -> list[Any]:
        return [x.hi, x.lo]

    def total(self, terms: Sequence[Any]) -> DoubleDouble:
        result = as_pair(terms[0])
        for t in terms[1:]:
            result = result + t
        return result

    def is_finite(self, x: DoubleDouble) -> bool:
        return bool(np.isfinite(x.hi).all())

    def exponent(self, x: DoubleDouble) -> int:
        parts = (x.hi.real, x.hi.imag)
        return int(np.frexp(max(float(np.abs(p).max(initial=0.0)) for p in parts))[1])

    def scaled(self, x: DoubleDouble, exponent: int) -> DoubleDouble:
        half = exponent // 2  # in two steps: the power of two itself may be out of range
        first, second = np.ldexp(1.0, half), np.ldexp(1.0, exponent - half)
        return DoubleDouble(x.hi * first * second, x.lo * first * second)

    def choose(self, operands: Sequence[DoubleDouble], places: Any) -> DoubleDouble:
        hi = np.concatenate([x.hi.ravel() for x in operands])
        lo = np.concatenate([x.lo.ravel() for x in operands])
        return DoubleDouble(hi[places], lo[places])

    def elementwise(self, name: str, is_complex: bool) -> Callable[..., DoubleDouble] | None:
        function = ARITHMETIC.get(name) or (None if is_complex else FUNCTIONS.get(name))
        if function is not None:
            return with_limits(function)
        try:
            slow = Multiprecision(40)
        except ImportError:
            return None
        inner = slow.elementwise(name, is_complex)
        if inner is None:
            return None

        def through_mpmath(computed: Any, *operands: DoubleDouble) -> DoubleDouble:
            given = [slow.total(self.terms(x)) for x in operands]
            return self.total(slow.terms(inner(computed, *given))[:2])

        return through_mpmath


def with_limits(function: Callable[..., DoubleDouble]) -> Callable[..., DoubleDouble]:
    """A function that is right at infinities and poles, too: as computed."""

    def limited(computed: Any, *operands: DoubleDouble) -> DoubleDouble:
        found = function(*operands)
        good = np.isfinite(found.hi)
        return DoubleDouble(np.where(good, found.hi, computed), np.where(good, found.lo, 0.0))

    return limited


class Multiprecision:
    """mpmath's numbers of any number of digits, one by one in arrays of objects."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.context = load_mpmath().mp.clone()
        self.context.dps = digits + 5

    def number(self, x: Any) -> Any:
        """One number, exactly."""
        if isinstance(x, complex | np.complexfloating):
            return self.context.mpc(float(x.real), float(x.imag))
        if isinstance(x, bool | int | np.bool_ | np.integer):
            return self.context.mpf(int(x))
        return self.context.mpf(float(x))

    def lift(self, x: Any) -> Any:
        return objects(self.number, np.asarray(x))

    def nearest(self, x: Any, dtype: Any) -> Any:
        kind = complex if np.dtype(dtype).kind == "c" else float
        return objects(kind, x).astype(dtype)[()]

    def terms(self, x: Any) -> list[Any]:
        found = []
        is_complex = any(hasattr(v, "_mpc_") for v in x.flat)
        for _ in range(self.digits // 15 + 1):
            head = objects(complex if is_complex else float, x)
            head = head.astype(np.complex128 if is_complex else np.float64)
            found.append(head)
            finite = np.where(np.isfinite(head), head, 0)
            x = objects(lambda a, b: a - self.number(b), x, finite)
        return found

    def total(self, terms: Sequence[Any]) -> Any:
        result = self.lift(terms[0])
        for t in terms[1:]:
            result = objects(lambda a, b: a + b, result, self.lift(t))
        return result

    def is_finite(self, x: Any) -> bool:
        return all(self.context.isfinite(v) for v in x.flat)

    def exponent(self, x: Any) -> int:
        return max((int(self.context.mag(v)) for v in x.flat if v != 0), default=0)

    def scaled(self, x: Any, exponent: int) -> Any:
        factor = self.context.mpf(2) ** exponent
        return objects(lambda v: v * factor, x)

    def choose(self, operands: Sequence[Any], places: Any) -> Any:
        return as_objects(np.concatenate([x.ravel() for x in operands])[places])

    def elementwise(self, name: str, is_complex: bool) -> Callable[..., Any] | None:
        function = SCALAR_FUNCTIONS.get(name)
        if function is None:
            return None

        def apply(computed: Any, *operands: Any) -> Any:
            complex_result = np.asarray(computed).dtype.kind == "c"

            def one(limit: Any, *xs: Any) -> Any:
                try:
                    found = function(self.context, *xs)
                except (ArithmeticError, ValueError):
                    return self.number(limit)
                if hasattr(found, "_mpc_") and not complex_result:
                    return self.number(limit)
                return found if self.context.isfinite(found) else self.number(limit)

            return objects(one, np.asarray(computed), *operands)

        return apply


def objects(function: Callable[..., Any], *arrays: Any) -> Any:
    """A Python function element by element, as an array of objects."""
    with np.errstate(all="ignore"):
        return as_objects(np.frompyfunc(function, len(arrays), 1)(*arrays))


def as_objects(x: Any) -> Any:
    """An array of objects also where NumPy returns a single one."""
    if isinstance(x, np.ndarray):
        return x
    out = np.empty((), object)
    out[()] = x
    return out


def joined(numbers: Numbers, real: Any, imag: Any) -> Any:
    """A complex array from its parts."""
    if isinstance(real, DoubleDouble):
        return complex_of(real, imag)
    return objects(lambda a, b: a + 1j * b, real, imag)
