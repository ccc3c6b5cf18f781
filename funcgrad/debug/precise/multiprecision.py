"""Numbers of any number of digits, by mpmath."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...typing import Array, ArrayLike, DTypeLike

MpNumber: TypeAlias = Any
"""A real or complex number of mpmath, which has no types."""


def load_mpmath() -> Any:
    """The package, or an error that says how to install it."""
    try:
        return importlib.import_module("mpmath")
    except ImportError as error:
        raise ImportError(
            "evaluation at any number of digits needs mpmath: pip install mpmath"
        ) from error


class ManyDigitFunctions:
    """The basic functions of formulas for single numbers of mpmath: see ``core.facts.Scalars``.

    Most are those of mpmath's context, by the same names.
    """

    def __init__(self, context: Any) -> None:
        self.context = context
        self.ln2: MpNumber = context.ln2
        self.ln10: MpNumber = context.ln10
        self.abs: Callable[[MpNumber], MpNumber] = abs
        self.real: Callable[[MpNumber], MpNumber] = context.re
        self.imag: Callable[[MpNumber], MpNumber] = context.im
        self.complex: Callable[[MpNumber, MpNumber], MpNumber] = context.mpc
        self.erf_inv: Callable[[MpNumber], MpNumber] = context.erfinv

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)

    def where(self, condition: bool, x: MpNumber, y: MpNumber) -> Any:
        """One of two numbers."""
        return x if condition else y

    def cbrt(self, x: MpNumber) -> Any:
        """The real root of third order."""
        return self.context.cbrt(x) if x >= 0 else -self.context.cbrt(-x)

    def copysign(self, x: MpNumber, y: MpNumber) -> Any:
        """The size of x with the sign of y."""
        return -abs(x) if y < 0 else abs(x)

    def ldexp(self, x: MpNumber, n: MpNumber) -> Any:
        """Times a power of two."""
        return self.context.ldexp(x, int(n))

    def polygamma(self, n: MpNumber, x: MpNumber) -> Any:
        """The derivative of order n of digamma."""
        return self.context.polygamma(int(n), x)

    def lgamma(self, x: MpNumber) -> Any:
        """The logarithm of the absolute value of the gamma function."""
        m = self.context
        return m.re(m.loggamma(x)) if x > 0 else m.log(abs(m.gamma(x)))


class Multiprecision:
    """mpmath's numbers of any number of digits, one by one in arrays of objects."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.context: Any = load_mpmath().mp.clone()
        self.context.dps = digits + 5
        self.functions: ManyDigitFunctions = ManyDigitFunctions(self.context)

    def number(self, x: MpNumber) -> Any:
        """One number, exactly."""
        if isinstance(x, complex | np.complexfloating):
            return self.context.mpc(float(x.real), float(x.imag))
        if isinstance(x, bool | int | np.bool_ | np.integer):
            return self.context.mpf(int(x))
        return self.context.mpf(float(x))

    def lift(self, x: ArrayLike) -> Any:
        """A float, complex or integer array, exactly."""
        return objects(self.number, np.asarray(x))

    def nearest(self, x: Array, dtype: DTypeLike) -> Any:
        """The nearest array of a dtype."""
        kind = complex if np.dtype(dtype).kind == "c" else float
        return objects(kind, x).astype(dtype)[()]

    def terms(self, x: Array) -> list[Any]:
        """Arrays of float64 (or complex128) with this sum."""
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
        """The sum of arrays of float64."""
        result = self.lift(terms[0])
        for t in terms[1:]:
            result = objects(lambda a, b: a + b, result, self.lift(t))
        return result

    def is_finite(self, x: Array) -> bool:
        """True if all elements are finite."""
        return all(self.context.isfinite(v) for v in x.flat)

    def exponent(self, x: Array) -> int:
        """The power of two next to the largest of finite elements."""
        return max((int(self.context.mag(v)) for v in x.flat if v != 0), default=0)

    def scaled(self, x: Array, exponent: int) -> Any:
        """Times a power of two."""
        factor = self.context.mpf(2) ** exponent
        return objects(lambda v: v * factor, x)

    def choose(self, operands: Sequence[Any], places: Array) -> Any:
        """Elements by their places among those of all operands."""
        return as_objects(np.concatenate([x.ravel() for x in operands])[places])

    def calculate(self, formula: Callable[..., Any], computed: Array, *operands: Array) -> Any:
        """The value of a formula, and ``computed`` where it is not finite."""
        complex_result = np.asarray(computed).dtype.kind == "c"

        def one(limit: ArrayLike, *xs: MpNumber) -> Any:
            try:
                found = formula(self.functions, *xs)
            except (ArithmeticError, ValueError):
                return self.number(limit)
            if isinstance(found, int | float):
                found = self.number(found)
            if hasattr(found, "_mpc_") and not complex_result:
                return self.number(limit)
            return found if self.context.isfinite(found) else self.number(limit)

        return objects(one, np.asarray(computed), *operands)


def objects(function: Callable[..., Any], *arrays: ArrayLike) -> Any:
    """A Python function element by element, as an array of objects."""
    with np.errstate(all="ignore"):
        return as_objects(np.frompyfunc(function, len(arrays), 1)(*arrays))


def as_objects(x: object) -> Any:
    """An array of objects also where NumPy returns a single one."""
    if isinstance(x, np.ndarray):
        return x
    out = np.empty((), object)
    out[()] = x
    return out
