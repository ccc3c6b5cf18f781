"""What a record may say of an operator for those who explain numbers: debug and testing.

``elements`` of a record is ``Moves``, ``Picks``, ``Decided``, ``OneTriangle``, ``Float64`` or
``ByRule``; ``steep`` is ``Steep``, ``hazard`` a ``Hazard``, and ``scalar`` a formula over
``Scalars``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol, TypeAlias, runtime_checkable

LEFT_OUT = (
    "np.where(x > 0, f(x), other) leaves such elements out; its zeros are strong, so the "
    "derivative needs no second where"
)
"""What may be written where a function is not to be evaluated at some elements."""


class _Choice:
    __slots__ = ("holds", "where")

    def __init__(
        self, where: slice = slice(0), holds: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> None:
        self.where: slice = where
        self.holds: Callable[[Mapping[str, Any]], bool] | None = holds


class Moves(_Choice):
    """Results are elements of operands, moved whatever their values are.

    ``where`` are the operands that say where, as a slice; all others hold the elements. ``holds``
    tells from the parameters whether it is so for them.
    """

    __slots__ = ()


class Picks(_Choice):
    """Results are elements of operands, picked by their order; otherwise like ``Moves``."""

    __slots__ = ()


class Decided:
    """Results are decisions of the program, taken as they are: signs, numbers drawn at random."""

    __slots__ = ()


class OneTriangle:
    """One triangle of the operand is read, and stands for a Hermitian matrix.

    ``why`` is that of ``Float64``; "" if debug has a precise form.
    """

    __slots__ = ("why",)

    def __init__(self, why: str = "") -> None:
        self.why: str = why


class Float64:
    """There is no precise form: float64 on precise operands stands for the precise result."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why: str = why


class ByRule:
    """A precise form written by hand, of an operator that is not elementwise.

    ``rule(arrays, *operands, **params)`` returns a list of results, or None where it does not go.
    ``arrays`` is ``Arrays``; the operands are precise numbers, which have shapes, indices and
    + - * /.
    """

    __slots__ = ("rule",)

    def __init__(self, rule: Callable[..., Sequence[Any] | None]) -> None:
        self.rule: Callable[..., Sequence[Any] | None] = rule


Elements: TypeAlias = Moves | Picks | Decided | OneTriangle | Float64 | ByRule


class Steep:
    """The places where the derivative is infinite although there is a value.

    ``at`` are the absolute values of the first operand; ``instead`` is what to write there.
    """

    __slots__ = ("at", "instead")

    def __init__(self, at: float, instead: str) -> None:
        self.at: float = at
        self.instead: str = instead


class Hazard(Enum):
    """The way in which an operator makes infinities and NaN of finite numbers."""

    NONE = "never"
    LOGARITHM = "logarithm"
    DIVISION = "division"
    EXPONENTIAL = "exponential"
    POWER = "power"
    DOMAIN = "domain"
    SUM = "sum"
    PRODUCT = "product"
    NARROWING = "narrowing"
    NOT_DEFINITE = "not definite"
    SINGULAR = "singular"
    ZERO_ON_DIAGONAL = "zero on diagonal"
    NO_CONVERGENCE = "no convergence"
    LOG_DETERMINANT = "logarithm of a determinant"


@runtime_checkable
class Scalars(Protocol):
    """The basic functions that the formula of an elementwise operator may use.

    The formula gets them first: ``scalar=lambda m, x: m.log1p(m.exp(-m.abs(x)))``. Beside them it
    may use + - * / and comparisons. Both values of ``where`` are computed; the one that is not
    taken may be NaN.
    """

    @property
    def pi(self) -> Any: ...
    @property
    def ln2(self) -> Any: ...
    @property
    def ln10(self) -> Any: ...
    def where(self, condition: Any, x: Any, y: Any, /) -> Any: ...
    def abs(self, x: Any, /) -> Any: ...
    def copysign(self, x: Any, y: Any, /) -> Any: ...
    def ldexp(self, x: Any, n: Any, /) -> Any: ...
    def real(self, x: Any, /) -> Any: ...
    def imag(self, x: Any, /) -> Any: ...
    def conj(self, x: Any, /) -> Any: ...
    def complex(self, x: Any, y: Any, /) -> Any: ...
    def sqrt(self, x: Any, /) -> Any: ...
    def cbrt(self, x: Any, /) -> Any: ...
    def hypot(self, x: Any, y: Any, /) -> Any: ...
    def power(self, x: Any, y: Any, /) -> Any: ...
    def exp(self, x: Any, /) -> Any: ...
    def expm1(self, x: Any, /) -> Any: ...
    def log(self, x: Any, /) -> Any: ...
    def log1p(self, x: Any, /) -> Any: ...
    def sin(self, x: Any, /) -> Any: ...
    def cos(self, x: Any, /) -> Any: ...
    def tan(self, x: Any, /) -> Any: ...
    def asin(self, x: Any, /) -> Any: ...
    def acos(self, x: Any, /) -> Any: ...
    def atan(self, x: Any, /) -> Any: ...
    def atan2(self, y: Any, x: Any, /) -> Any: ...
    def sinh(self, x: Any, /) -> Any: ...
    def cosh(self, x: Any, /) -> Any: ...
    def tanh(self, x: Any, /) -> Any: ...
    def asinh(self, x: Any, /) -> Any: ...
    def acosh(self, x: Any, /) -> Any: ...
    def atanh(self, x: Any, /) -> Any: ...
    def erf(self, x: Any, /) -> Any: ...
    def erfc(self, x: Any, /) -> Any: ...
    def erf_inv(self, x: Any, /) -> Any: ...
    def lgamma(self, x: Any, /) -> Any: ...
    def digamma(self, x: Any, /) -> Any: ...
    def polygamma(self, n: Any, x: Any, /) -> Any: ...


class FloatScalars(Scalars, Protocol):
    """What the formula of an operator for floating-point numbers may use: ``rounded``."""

    def exp2(self, x: Any, /) -> Any: ...
    def erfcx(self, x: Any, /) -> Any: ...
    def nextafter(self, x: Any, y: Any, /) -> Any: ...
    def clip(self, x: Any, low: Any, high: Any, /) -> Any: ...
    def is_complex(self, x: Any, /) -> bool:
        """True if numbers of this type have an imaginary part."""
        ...

    def tiny(self, x: Any, /) -> Any:
        """The least normal number of the type of x."""
        ...


class Arrays(Protocol):
    """The functions that the rule of an operator on whole arrays of precise numbers may use."""

    def lift(self, x: Any, /) -> Any:
        """Precise numbers from an array, exactly."""

    def values(self, x: Any, /) -> Any:
        """The array of float64 or complex128 next to precise numbers, for decisions."""

    def call(self, operator: Any, /, *operands: Any) -> Any:
        """Apply an elementwise operator that has a ``scalar``."""

    def fold(self, operator: Any, x: Any, axes: tuple[int, ...], /) -> Any:
        """Combine the elements along axes by addition or multiplication."""

    def moved(self, x: Any, move: Callable[[Any], Any], /) -> Any:
        """Apply a function that only moves, repeats or leaves out elements."""

    def stacked(self, parts: Sequence[Any], lead: tuple[int, ...], /) -> Any:
        """Join arrays of one shape under leading axes."""
