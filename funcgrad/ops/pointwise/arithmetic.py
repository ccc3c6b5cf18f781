"""Arithmetic, and the strong product that transposition uses behind selects."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...core.avals import WEAK_DTYPES, Aval
from ...core.facts import FloatScalars, Hazard, Moves
from ...core.lowering import NumpyText
from ...core.primitive import Case, Primitive
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise, is_value, sample
from ..families.formulas import by_formula
from ..families.rules import out_dtype
from ..shape import cast, sum_to


def fit(ct: Array, x: Array | Aval) -> Array:
    """A cotangent of the output as one of operand x: sum over broadcast axes, cast to its dtype."""
    return cast(sum_to(ct, x.shape), x.dtype)


def _signed_transpose(sign_y: int) -> Callable[..., tuple[Array | None, Array | None]]:
    def transpose(
        ct: Array, x: Array | Aval, y: Array | Aval, *, flagged: bool
    ) -> tuple[Array | None, Array | None]:
        ct_x = None if is_value(x) else fit(ct, x)
        ct_y = None if is_value(y) else fit(ct if sign_y > 0 else -ct, y)
        return ct_x, ct_y

    return transpose


def _product_transpose(
    ct: Array, x: Array | Aval, y: Array | Aval, *, flagged: bool
) -> tuple[Array | None, Array | None]:
    times = mul_strong if flagged else mul
    if is_value(y):
        return fit(times(ct, y), x), None
    return None, fit(times(ct, x), y)


def _reciprocal(y: Array | float) -> Array | float:
    """The reciprocal 1 / y, as NumPy gives it of the Python number 0, for which Python raises."""
    return 1 / y if type(y) not in (int, float) or y else math.copysign(math.inf, y)


def _quotient(t: Array, y: Array | float) -> Array:
    """The quotient t / y, for the Python number 0 as well."""
    return t / y if type(y) not in (int, float) or y else t * _reciprocal(y)


def _quotient_transpose(
    ct: Array, x: Aval, y: Array | float, *, flagged: bool
) -> tuple[Array, None]:
    return fit(div_strong(ct, y) if flagged else _quotient(ct, y), x), None


add: Elementwise = elementwise(
    "add",
    np.add,
    1,
    1,
    operator=operator.add,
    kinds="fciub",
    transpose=_signed_transpose(1),
    scalar=lambda _m, x, y: x + y,
    hazard=Hazard.SUM,
)
sub: Elementwise = elementwise(
    "sub",
    np.subtract,
    1,
    -1,
    operator=operator.sub,
    kinds="fciu",
    transpose=_signed_transpose(-1),
    right_unit=0,
    scalar=lambda _m, x, y: x - y,
    hazard=Hazard.SUM,
)
_BOOLEAN = np.dtype(bool)


class Mask:
    """A boolean partial derivative: it selects instead of multiplying."""

    __slots__ = ("values",)

    def __init__(self, values: Array | np.bool_) -> None:
        self.values: Array | np.bool_ = values


def _times_y(_o: Array | None, _x: Array | None, y: Any) -> Array | complex | Mask:
    if type(y) is float or (type(y) is np.ndarray and y.dtype is not _BOOLEAN):
        return y
    if type(y) in WEAK_DTYPES:
        return Mask(np.bool_(y)) if type(y) is bool else y
    return y if y.dtype is not _BOOLEAN else Mask(y)


def _times_x(_o: Array | None, x: Any, _y: Array) -> Array | complex | Mask:
    if type(x) is np.ndarray and x.dtype is not _BOOLEAN:
        return x
    return _times_y(None, None, x)


def any_boolean(operands: Sequence[Array | complex]) -> bool:
    """True if one of the factors is a mask."""
    return any(out_dtype(x).kind == "b" for x in operands)


mul: Elementwise = elementwise(
    "mul",
    np.multiply,
    _times_y,
    _times_x,
    operator=operator.mul,
    kinds="fciub",
    transpose=_product_transpose,
    unit=1,
    fills=any_boolean,
    scalar=lambda _m, x, y: x * y,
    hazard=Hazard.PRODUCT,
)
div: Elementwise = elementwise(
    "div",
    np.divide,
    Scaling(lambda t, _o, _x, y: _quotient(t, y)),
    Scaling(lambda t, o, _x, y: _quotient(t, y) * -o),
    operator=operator.truediv,
    domain=((-2, 2), (0.3, 2)),
    kinds="fci",
    transpose=_quotient_transpose,
    right_unit=1,
    scalar=lambda _m, x, y: x / y,
    hazard=Hazard.DIVISION,
)
neg: Elementwise = elementwise(
    "neg",
    np.negative,
    -1,
    operator=operator.neg,
    kinds="fci",
    transpose=lambda ct, x, *, flagged: (fit(-ct, x),),
    involution=True,
    scalar=lambda _m, x: -x,
    hazard=Hazard.NONE,
)
pos: Elementwise = elementwise(
    "pos",
    np.positive,
    1,
    operator=operator.pos,
    kinds="fciu",
    transpose=lambda ct, x, *, flagged: (fit(ct, x),),
    elements=Moves(),
)


def zeroed(out: Array, zero: Array) -> Array:
    """A product, which may be written into, with zeros where it must have them and is NaN.

    Zeros that it has keep their signs.
    """
    zero = zero & (out != out)
    if out.ndim:
        np.copyto(out, 0, where=zero)
        return out
    return np.where(zero, np.zeros_like(out), out)[()]


def all_finite(x: Array) -> np.bool:
    """True if no element is infinite or NaN, by the norm; it may be False for huge ones, too."""
    return np.vdot(x, x).real < np.inf


def strong_formula(m: FloatScalars, zero: Any, product: Any) -> Any:
    """The same of one number."""
    return m.where(zero, m.where(product == product, product, 0.0), product)


def _in_fewer_steps(
    prim: Callable[[], Primitive], formula: Callable[..., Any]
) -> Callable[..., Array]:
    """A formula for a GPU, where each step is a launch; zeros have the first operand's sign."""
    return lambda xp, *args: by_formula(prim(), xp, args, formula)


def strong_multiply(z: Array, x: Array, out: Array | None = None) -> Array:
    """The product z * x, but zero where z is zero, whatever x is there.

    ``out`` may be x. An infinity or NaN of x leaves a trace in the product and so in its norm.
    """
    out = np.multiply(z, x, out=out)
    return out if all_finite(out) else zeroed(out, np.equal(z, 0))


def strong_multiply_both(z: Array, x: Array, out: Array | None = None) -> Array:
    """The product z * x, but zero where z or x is zero, whatever the other is."""
    out = np.multiply(z, x, out=out)
    if all_finite(out):
        return out
    return zeroed(out, np.equal(z, 0) | np.equal(x, 0))


def _strong_product(
    name: str,
    evaluate: Callable[..., Array],
    first: Callable[[], Primitive],
    second: Callable[[], Primitive],
    overwrites: tuple[int, ...],
    scalar: Callable[..., Any],
    on_gpu: Callable[..., Array],
) -> Elementwise:
    """A strong product: ``first`` and ``second`` give it differentiated in each factor."""
    return elementwise(
        name,
        evaluate,
        None,
        None,
        jvp=(lambda t, _o, _z, x: first()(t, x), lambda t, _o, z, _x: second()(z, t)),
        transpose=lambda ct, z, x, *, flagged: (
            (fit(first()(ct, x), z), None) if is_value(x) else (None, fit(second()(z, ct), x))
        ),
        cases=lambda rng: (
            [
                Case(sample(rng, (2, 3), dt, (-2, 2)), sample(rng, (3,), dt, (-2, 2)))
                for dt in ("f8", "f4", "c16")
            ]
            + [Case(np.array([0.0, 1.5, -2.0]), np.array([0.7, 3.0, 0.4]))]
        ),
        masks=True,
        fills=True,
        numpy=NumpyText(into=True, overwrites=overwrites),
        scalar=scalar,
        on_gpu=on_gpu,
        hazard=Hazard.PRODUCT,
    )


# Differentiated in its second factor a strong product has two derivatives as factors, of which
# both may have been cut by a select.
mul_strong: Primitive = _strong_product(
    "mul_strong",
    strong_multiply,
    lambda: mul_strong,
    lambda: mul_both_strong,
    (1,),
    lambda m, z, x: strong_formula(m, z == 0, z * x),
    _in_fewer_steps(lambda: mul_strong, lambda m, z, x: m.where(z == 0, z, z * x)),
)
mul_both_strong: Primitive = _strong_product(
    "mul_both_strong",
    strong_multiply_both,
    lambda: mul_both_strong,
    lambda: mul_both_strong,
    (),
    lambda m, z, x: strong_formula(m, (z == 0) | (x == 0), z * x),
    _in_fewer_steps(
        lambda: mul_both_strong, lambda m, z, x: m.where(z == 0, z, m.where(x == 0, x, z * x))
    ),
)


def strong_divide(z: Array, y: Array, out: Array | None = None) -> Array:
    """The quotient z / y, but zero where z is zero, whatever y is there. ``out`` may be z."""
    zero = np.equal(z, 0)
    out = np.divide(z, y, out=out)
    return out if all_finite(out) else zeroed(out, zero)


def _strong_quotient_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4", "c16"):
        yield Case(sample(rng, (2, 3), dtype, (-2, 2)), sample(rng, (3,), dtype, (0.3, 2)))
    yield Case(np.array([0.0, 1.5, -2.0]), np.array([0.7, 3.0, 0.4]))


div_strong: Elementwise = elementwise(
    "div_strong",
    strong_divide,
    None,
    None,
    jvp=(
        lambda t, _o, _z, y: div_strong(t, y),
        lambda t, o, _z, y: -mul_both_strong(o, div_strong(t, y)),
    ),
    transpose=lambda ct, z, y, *, flagged: (fit(div_strong(ct, y), z), None),
    cases=_strong_quotient_cases,
    masks=True,
    fills=True,
    numpy=NumpyText(into=True, overwrites=()),
    scalar=lambda m, z, y: strong_formula(m, z == 0, z / y),
    on_gpu=_in_fewer_steps(lambda: div_strong, lambda m, z, y: m.where(z == 0, z, z / y)),
    hazard=Hazard.DIVISION,
)


class StrongTangent:
    """A tangent whose zeros win over infinities, as ``Scaling`` uses it."""

    __slots__ = ("value",)

    def __init__(self, value: Array) -> None:
        self.value: Array = value

    def __mul__(self, factor: Array | complex) -> StrongTangent:
        return StrongTangent(mul_strong(self.value, factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Array | complex) -> StrongTangent:
        return StrongTangent(div_strong(self.value, divisor))

    def __neg__(self) -> StrongTangent:
        return StrongTangent(-self.value)

    def __add__(self, other: StrongTangent) -> StrongTangent:
        return StrongTangent(self.value + other.value)
