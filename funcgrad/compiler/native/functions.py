"""The basic functions of formulas, on vectors: what ``core.facts.FloatScalars`` declares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .builder import Builder, Number, Value
from .halves import as_float
from .kinds import BOOL, DOUBLE, FLOAT, HALF, Kind
from .mathematics import (
    error_functions,
    exponentials,
    gamma_functions,
    hyperbolic,
    logarithms,
    powers,
    remainders,
    representation,
    trigonometry,
)
from .mathematics.formats import absolute, format_of, with_sign


class NotNativeError(NotImplementedError):
    """A function, or a type of numbers, has no native code."""


FEW = 6
"""So often a function is written into another one; beyond, it is called."""


def _definition(
    name: str, lanes: int, function: Callable[..., Value], kinds: Sequence[Kind], caller: Builder
) -> str:
    """A function of a module that computes a function of values."""
    inner = Builder(lanes)
    inner.start("entry")
    given = [Value(inner, f"%x{i}", kind) for i, kind in enumerate(kinds)]
    found = function(*given)
    caller.declared.update(inner.declared)
    head = ", ".join(f"{inner.type(x.kind)} {x.text}" for x in given)
    result = inner.type(found.kind)
    body = [*inner.lines, f"  ret {result} {found.text}", "}"]
    return "\n".join([f"define internal {result} @{name}({head}) nounwind {{", *body])


class VectorFunctions:
    """The basic functions of formulas, as instructions of a builder.

    A formula is called with this first, then with its operands:
    ``(prim.rounded or prim.scalar)(VectorFunctions(builder), *values)``. Operands are values, or
    Python's numbers, which take on the type of the values beside them. Functions of floats convert
    integers to float64. ``half`` says that floats stand for numbers of 16 bits, to which the result
    of the formula will be rounded.
    """

    pi: float = math.pi
    ln2: float = math.log(2.0)
    ln10: float = math.log(10.0)

    def __init__(self, builder: Builder, *, half: bool = False) -> None:
        self.builder: Builder = builder
        self.half: bool = half

    def _floats(self, *xs: Number) -> list[Value]:
        """Numbers as values of one type of floats."""
        if not any(isinstance(x, Value) for x in xs):
            return [self.builder.constant(x, DOUBLE) for x in xs if not isinstance(x, Value)]
        values = self.builder.common(*xs)
        if values[0].kind.is_float:
            return values
        return [self.builder.cast(x, DOUBLE) for x in values]

    def _float(self, x: Number) -> Value:
        return self._floats(x)[0]

    def _function(self, function: Callable[..., Value], *xs: Value) -> Value:
        """A function written where it is wanted, or called if it is wanted often."""
        b = self.builder
        if xs[0].kind is HALF:
            return b.cast(self._function(function, *[b.cast(x, FLOAT) for x in xs]), HALF)
        name = function.__name__
        b.written[name] = b.written.get(name, 0) + 1
        if b.written[name] <= FEW:
            return function(*xs)
        types = [b.type(x.kind) for x in xs]
        name = f"fg_{name}_{b.suffix(xs[0].kind)}"
        if name not in b.declared:
            b.declare(name, _definition(name, b.lanes, function, [x.kind for x in xs], b))
        given = ", ".join(f"{t} {x.text}" for t, x in zip(types, xs, strict=True))
        return b.instruction(f"call {types[0]} @{name}({given})", xs[0].kind)

    # --- choices and parts -----------------------------------------------------------------------

    def where(self, condition: Any, x: Number, y: Number) -> Any:
        """X where the condition holds, y elsewhere."""
        if not isinstance(condition, Value):
            return x if condition else y
        return self.builder.select(self.builder.cast(condition, BOOL), x, y)

    def clip(self, x: Number, low: Number, high: Number) -> Value:
        """X, or the limit that it is beyond; NaN in any of the three stays."""
        x, low, high = self.builder.common(x, low, high)
        return self._lesser(self._greater(x, low), high)

    def _greater(self, x: Value, y: Value) -> Value:
        return self.builder.select((x >= y) | (x != x), x, y)

    def _lesser(self, x: Value, y: Value) -> Value:
        return self.builder.select((x <= y) | (x != x), x, y)

    def abs(self, x: Number) -> Value:
        """The absolute value, in the type of x."""
        if isinstance(x, Value) and not x.kind.is_float:
            if not x.kind.is_signed:
                return x
            return self.builder.select(x < 0, -x, x)
        return absolute(self._float(x))

    def copysign(self, x: Number, y: Number) -> Value:
        """The size of x with the sign of y."""
        return with_sign(*self._floats(x, y))

    def real(self, x: Number) -> Number:
        """The number itself."""
        return x

    def imag(self, x: Number) -> Number:
        """0: complex numbers are pairs of real ones."""
        return 0.0 if not isinstance(x, Value) else self.builder.constant(0, x.kind)

    def conj(self, x: Number) -> Number:
        """The number itself."""
        return x

    def complex(self, x: Number, y: Number) -> NoReturn:
        """Refused: complex numbers are pairs of real ones."""
        raise NotNativeError("native code has no complex numbers: complex")

    def is_complex(self, x: Number) -> bool:
        """False: complex numbers are pairs of real ones."""
        return False

    def tiny(self, x: Number) -> float:
        """The least normal number of the type of x."""
        return 2.0**-14 if self.half else format_of(self._float(x)).tiny

    def ldexp(self, x: Number, n: Number) -> Value:
        """X * 2**n."""
        x = self._float(x)
        found = representation.ldexp(as_float(x), n)
        return found if x.kind is not HALF else self.builder.cast(found, HALF)

    def nextafter(self, x: Number, y: Number) -> Value:
        """The number next to x on the way to y."""
        if self.half:
            raise NotNativeError("native code has no neighbours of numbers of 16 bits")
        return representation.nextafter(*self._floats(x, y))

    def exponent(self, x: Number) -> Value:
        """The integer n of x = m * 2**n, m from 1/2 to 1; 0 of 0, infinities and NaN."""
        return representation.exponent(as_float(self._float(x)))

    # --- remainders ------------------------------------------------------------------------------

    def fmod(self, x: Number, y: Number) -> Value:
        """What is left of x after all multiples of y, with the sign of x."""
        return self._function(remainders.fmod, *self._floats(x, y))

    def remainder(self, x: Number, y: Number) -> Value:
        """What is left with the sign of y."""
        return self._function(remainders.remainder, *self._floats(x, y))

    def floor_divide(self, x: Number, y: Number) -> Value:
        """The quotient rounded down."""
        return self._function(remainders.floor_divide, *self._floats(x, y))

    # --- powers, exponentials, logarithms --------------------------------------------------------

    def sqrt(self, x: Number) -> Value:
        """The square root."""
        return self.builder.intrinsic("sqrt", self._float(x))

    def cbrt(self, x: Number) -> Value:
        """The cube root."""
        return self._function(powers.cbrt, self._float(x))

    def hypot(self, x: Number, y: Number) -> Value:
        """The length of the vector (x, y)."""
        return self._function(powers.hypot, *self._floats(x, y))

    def power(self, x: Number, y: Number) -> Value:
        """X**y of floats."""
        given = [v.kind.is_float for v in (x, y) if isinstance(v, Value)]
        weak = any(isinstance(v, float) for v in (x, y))
        if given and not any(given) and not weak:
            raise NotNativeError("native code has no powers of integers with integers")
        if not isinstance(y, Value) and y == 2:
            x = self._float(x)
            return x * x
        return self._function(powers.power, *self._floats(x, y))

    def exp(self, x: Number) -> Value:
        """The exponential function."""
        return self._function(exponentials.exp, self._float(x))

    def exp2(self, x: Number) -> Value:
        """2**x."""
        return self._function(exponentials.exp2, self._float(x))

    def expm1(self, x: Number) -> Value:
        """exp(x) - 1."""
        return self._function(exponentials.expm1, self._float(x))

    def log(self, x: Number) -> Value:
        """The natural logarithm."""
        return self._function(logarithms.log, self._float(x))

    def log1p(self, x: Number) -> Value:
        """log(1 + x)."""
        return self._function(logarithms.log1p, self._float(x))

    def log2(self, x: Number) -> Value:
        """The logarithm to base 2."""
        return self._function(logarithms.log2, self._float(x))

    def log10(self, x: Number) -> Value:
        """The logarithm to base 10."""
        return self._function(logarithms.log10, self._float(x))

    # --- trigonometric and hyperbolic functions --------------------------------------------------

    def sin(self, x: Number) -> Value:
        """The sine."""
        return self._function(trigonometry.sin, self._float(x))

    def cos(self, x: Number) -> Value:
        """The cosine."""
        return self._function(trigonometry.cos, self._float(x))

    def tan(self, x: Number) -> Value:
        """The tangent."""
        return self._function(trigonometry.tan, self._float(x))

    def asin(self, x: Number) -> Value:
        """The inverse sine."""
        return self._function(trigonometry.asin, self._float(x))

    def acos(self, x: Number) -> Value:
        """The inverse cosine."""
        return self._function(trigonometry.acos, self._float(x))

    def atan(self, x: Number) -> Value:
        """The inverse tangent."""
        return self._function(trigonometry.atan, self._float(x))

    def atan2(self, y: Number, x: Number) -> Value:
        """The angle of the point (x, y)."""
        return self._function(trigonometry.atan2, *self._floats(y, x))

    def sinh(self, x: Number) -> Value:
        """The hyperbolic sine."""
        return self._function(hyperbolic.sinh, self._float(x))

    def cosh(self, x: Number) -> Value:
        """The hyperbolic cosine."""
        return self._function(hyperbolic.cosh, self._float(x))

    def tanh(self, x: Number) -> Value:
        """The hyperbolic tangent."""
        return self._function(hyperbolic.tanh, self._float(x))

    def asinh(self, x: Number) -> Value:
        """The inverse hyperbolic sine."""
        return self._function(hyperbolic.asinh, self._float(x))

    def acosh(self, x: Number) -> Value:
        """The inverse hyperbolic cosine."""
        return self._function(hyperbolic.acosh, self._float(x))

    def atanh(self, x: Number) -> Value:
        """The inverse hyperbolic tangent."""
        return self._function(hyperbolic.atanh, self._float(x))

    # --- error functions and the gamma function --------------------------------------------------

    def erf(self, x: Number) -> Value:
        """The error function."""
        return self._function(error_functions.erf, self._float(x))

    def erfc(self, x: Number) -> Value:
        """1 - erf(x)."""
        return self._function(error_functions.erfc, self._float(x))

    def erfcx(self, x: Number) -> Value:
        """exp(x**2) erfc(x)."""
        return self._function(error_functions.erfcx, self._float(x))

    def erf_inv(self, x: Number) -> Value:
        """The inverse of the error function."""
        return self._function(error_functions.erf_inv, self._float(x))

    def lgamma(self, x: Number) -> Value:
        """The logarithm of the absolute value of the gamma function."""
        return self._function(gamma_functions.lgamma, self._float(x))

    def digamma(self, x: Number) -> Value:
        """The derivative of lgamma."""
        return self._function(gamma_functions.digamma, self._float(x))

    def polygamma(self, n: Number, x: Number) -> NoReturn:
        """Refused."""
        raise NotNativeError("native code has no polygamma")
