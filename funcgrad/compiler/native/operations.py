"""Elementwise operators in native code: by a table of what has no formula, else by the formula."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...core.jaxpr import Eqn, Literal
from ...ops.shape import convert
from .builder import Builder, Number, Value, common_kind
from .divisions import (
    floored,
    greatest_common_divisor,
    integers,
    least_common_multiple,
    truncated,
)
from .exponents import power
from .functions import NotNativeError, VectorFunctions
from .halves import as_float
from .kinds import BOOL, BRIEF, DOUBLE, HALF, KINDS, kind_of

Emitter: TypeAlias = Callable[..., Number]
"""(builder, *operands) -> the result."""


def _comparison(test: str) -> Emitter:
    return lambda b, x, y: b.compare(test, x, y)


def _bitwise(op: str) -> Emitter:
    return lambda b, x, y: b.bits(op, x, y)


def _logical(op: str) -> Emitter:
    return lambda b, x, y: b.bits(op, b.value(x, BOOL), b.value(y, BOOL))


def _rounded(name: str) -> Emitter:
    def emit(b: Builder, x: Value) -> Value:
        return b.intrinsic(name, x) if x.kind.is_float else x

    return emit


def larger(b: Builder, x: Number, y: Number) -> Value:
    """The larger one, NaN if either is; of equal zeros the second, as NumPy's loops have it."""
    u, v = b.common(x, y)
    if not u.kind.is_float:
        return b.select(b.compare("ge", u, v), u, v)
    return b.select(b.compare("gt", u, v) | b.compare("ne", u, u), u, v)


def smaller(b: Builder, x: Number, y: Number) -> Value:
    """The smaller one, likewise."""
    u, v = b.common(x, y)
    if not u.kind.is_float:
        return b.select(b.compare("le", u, v), u, v)
    return b.select(b.compare("lt", u, v) | b.compare("ne", u, u), u, v)


def _larger_number(b: Builder, x: Number, y: Number) -> Value:
    u, v = b.common(x, y)
    keep = b.compare("gt", u, v)
    return b.select(keep | b.compare("ne", v, v) if u.kind.is_float else keep, u, v)


def _smaller_number(b: Builder, x: Number, y: Number) -> Value:
    u, v = b.common(x, y)
    keep = b.compare("lt", u, v)
    return b.select(keep | b.compare("ne", v, v) if u.kind.is_float else keep, u, v)


def _absolute(b: Builder, x: Value) -> Value:
    if x.kind.is_float:
        return b.intrinsic("fabs", x)
    return b.select(b.compare("lt", x, 0), -x, x) if x.kind.is_signed else x


def _sign(b: Builder, x: Value) -> Value:
    one, none = b.constant(1, x.kind), b.constant(0, x.kind)
    positive = b.select(b.compare("gt", x, none), one, none)
    if not (x.kind.is_float or x.kind.is_signed):
        return positive
    found = b.select(b.compare("lt", x, none), -one, positive)
    return b.select(b.compare("ne", x, x), x, found) if x.kind.is_float else found


def _is_nan(b: Builder, x: Value) -> Value:
    return b.compare("ne", x, x)


def _is_infinite(b: Builder, x: Value) -> Number:
    return b.compare("eq", b.intrinsic("fabs", x), np.inf) if x.kind.is_float else False


def _is_finite(b: Builder, x: Value) -> Number:
    return b.compare("lt", b.intrinsic("fabs", x), np.inf) if x.kind.is_float else True


def _chosen(b: Builder, c: Number, x: Number, y: Number) -> Value:
    return b.select(b.value(c, BOOL), x, y)


def _shifted(op: str) -> Emitter:
    """Shifts; by as many bits as there are, or more, nothing of the number is left."""

    def emit(b: Builder, x: Number, y: Number) -> Value:
        u, v = integers(b, x, y)
        bits = 8 * u.kind.size
        far = b.compare("ge", b.unsigned(v), bits)
        if op == "shr" and u.kind.is_signed:
            return b.instruction(
                f"ashr {b.type(u.kind)} {u.text}, {b.select(far, bits - 1, v).text}", u.kind
            )
        how = "lshr" if op == "shr" else "shl"
        shifted = b.instruction(
            f"{how} {b.type(u.kind)} {u.text}, {b.select(far, 0, v).text}", u.kind
        )
        return b.select(far, 0, shifted)

    return emit


def _turned(over: float, under: float) -> Emitter:
    """Products with a quotient that is rounded as NumPy's is, in the type of the numbers."""

    def emit(b: Builder, x: Value) -> Number:
        if not x.kind.is_float:
            x = b.cast(x, DOUBLE)
        x = as_float(x)
        return x * float(x.dtype.type(over) / x.dtype.type(under))

    return emit


def _divided(divide: Callable[..., tuple[Value, Value]], which: int, name: str) -> Emitter:
    """A quotient or a remainder: of integers by instructions, of floats by a basic function."""

    def emit(b: Builder, x: Number, y: Number) -> Value:
        u, v = b.common(x, y)
        if u.kind.is_float:
            return getattr(VectorFunctions(b), name)(u, v)  # type: ignore[no-any-return]
        u, v = integers(b, u, v)
        return divide(b, u, v)[which]

    return emit


def _step_at_zero(b: Builder, x: Number, at_zero: Number) -> Value:
    u, v = b.common(x, at_zero)
    if not u.kind.is_float:
        u, v = b.cast(u, DOUBLE), b.cast(v, DOUBLE)
    one = b.constant(1, u.kind)
    return b.select(u == 0, v, b.select(u > 0, one, b.select(u < 0, 0, u)))


def _count_of_bits(b: Builder, x: Value) -> Value:
    x = b.select(x < 0, -x, x) if x.kind.is_signed else x
    return b.call(f"llvm.ctpop.{b.suffix(x.kind)}", x.kind, x)


@functools.cache
def _products_are_fused() -> bool:
    """Whether NumPy's products of arrays of complex numbers round once for two operations."""
    x = np.full(8, 1 + 2.0**-30 + 1j * (1 + 2.0**-29))
    y = np.full(8, 1 + 2.0**-31 + 1j * (1 - 2.0**-30))
    a, b, c, d = (float(p[0]) for z in (x, y) for p in (z.real, z.imag))
    return float((x * y)[0].real) != a * c - b * d


def _product(b: Builder, which: int, x: Value, y: Value, u: Value, v: Value) -> Value:
    """A part of the product of x + iy and u + iv, rounded as NumPy does it here."""
    first, rest = ((u, -(y * v)), (v, y * u))[which]
    return b.fma(x, first, rest) if _products_are_fused() else x * first + rest


def _neighbour(b: Builder, x: Number, y: Number) -> Value:
    """The number next to x, of the type that NumPy has for it: others have other neighbours."""
    operands = _as_in_loop(b, np.nextafter, (x, y))
    half = any(isinstance(a, Value) and a.kind is HALF for a in operands)
    return VectorFunctions(b, half=half).nextafter(*b.common(*operands))


OPERATIONS: dict[str, Emitter] = {
    "floor_divide": _divided(floored, 0, "floor_divide"),
    "rem": _divided(floored, 1, "remainder"),
    "fmod": _divided(truncated, 1, "fmod"),
    "gcd": greatest_common_divisor,
    "lcm": least_common_multiple,
    "heaviside": _step_at_zero,
    "population_count": _count_of_bits,
    "real_of_product": lambda b, *xs: _product(b, 0, *b.common(*xs)),
    "imag_of_product": lambda b, *xs: _product(b, 1, *b.common(*xs)),
    "exponent": lambda b, x: VectorFunctions(b).exponent(x),
    "imag": lambda b, x: b.constant(0, x.kind),
    "rad2deg": _turned(180, np.pi),
    "deg2rad": _turned(np.pi, 180),
    "eq": _comparison("eq"),
    "ne": _comparison("ne"),
    "lt": _comparison("lt"),
    "le": _comparison("le"),
    "gt": _comparison("gt"),
    "ge": _comparison("ge"),
    "and": _bitwise("and"),
    "or": _bitwise("or"),
    "xor": _bitwise("xor"),
    "not": lambda b, x: ~x,
    "shift_left": _shifted("shl"),
    "shift_right": _shifted("shr"),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_xor": _logical("xor"),
    "logical_not": lambda b, x: b.compare("eq", x, 0),
    "is_nan": _is_nan,
    "is_inf": _is_infinite,
    "is_finite": _is_finite,
    "max": larger,
    "min": smaller,
    "fmax": _larger_number,
    "fmin": _smaller_number,
    "abs": _absolute,
    "sign": _sign,
    "floor": _rounded("floor"),
    "ceil": _rounded("ceil"),
    "trunc": _rounded("trunc"),
    "round": _rounded("roundeven"),
    "select_n": _chosen,
    "pos": lambda b, x: x,
    "square": lambda b, x: x * x,
    "convert_element_type": lambda b, x: x,  # converted to the dtype of the result
    "broadcast_to": lambda b, x: x,
    "stop_gradient": lambda b, x: x,
    "real": lambda b, x: x,
    "conj": lambda b, x: x,
    "pow": power,
    "signbit": lambda b, x: b.compare("lt", b.intrinsic("copysign", 1.0, x), 0),
    "nextafter": _neighbour,
    "exp2": lambda b, x: VectorFunctions(b).exp2(x),
    "log2": lambda b, x: VectorFunctions(b).log2(x),
    "log10": lambda b, x: VectorFunctions(b).log10(x),
}
"""By the names of operators."""


def computed(builder: Builder, prim: Any, operands: Sequence[Number]) -> Number:
    """The result of an operator on values and Python's numbers."""
    emit = OPERATIONS.get(prim.name)
    if emit is not None:
        return emit(builder, *operands)
    formula = prim.rounded or prim.scalar
    if formula is None:
        raise NotNativeError(f"{prim.name} has no formula")
    if isinstance(prim.ufunc, np.ufunc):
        operands = _as_in_loop(builder, prim.ufunc, operands)
    half = any(isinstance(x, Value) and x.kind is HALF for x in operands)
    if half:
        operands = [_as_wide(x) for x in operands]
    if prim.name != "ldexp":
        operands = _of_one_type(builder, operands)
    return formula(VectorFunctions(builder, half=half), *operands)  # type: ignore[no-any-return]


def _as_wide(x: Number) -> Number:
    """A number of 16 bits as a float, so that a formula is rounded once."""
    return as_float(x) if isinstance(x, Value) else float(np.float16(x))


def _as_in_loop(b: Builder, ufunc: np.ufunc, operands: Sequence[Number]) -> Sequence[Number]:
    """Integers as the floats that NumPy's loop makes of them."""
    if all(isinstance(x, Value) and x.kind.is_float for x in operands):
        return operands
    given = [x.dtype if isinstance(x, Value) else type(x) for x in operands]
    loop = _loop(ufunc, tuple(given))
    return [
        b.cast(x, KINDS[t]) if isinstance(x, Value) and np.dtype(t).kind == "f" else x
        for x, t in zip(operands, loop, strict=False)
    ]


@functools.cache
def _loop(ufunc: np.ufunc, given: tuple[Any, ...]) -> str:
    """The characters of the dtypes that a ufunc computes with, results included."""
    return "".join([d.char for d in ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))])


def _of_one_type(b: Builder, operands: Sequence[Number]) -> Sequence[Number]:
    """Floats of two types in the wider one, since each operand may be the result."""
    kinds = {x.kind for x in operands if isinstance(x, Value)}
    if len(kinds) < 2 or not any(k.is_float for k in kinds):
        return operands
    kind = common_kind(tuple(x for x in operands if isinstance(x, Value)))
    return [b.cast(x, kind) if isinstance(x, Value) else x for x in operands]


def is_short(e: Eqn) -> bool:
    """True for an operator that is an instruction or two."""
    name = e.primitive.name
    return name in ARITHMETIC or (name in OPERATIONS and name not in _LONG) or name in _SHORT


_LONG = {"pow", "exp2", "log2", "log10", "floor_divide", "rem", "fmod", "gcd", "lcm"}
_SHORT = {"sqrt", "reciprocal", "mul_strong", "mul_both_strong", "div_strong"}

_KNOWN: dict[Any, bool] = {}


def takes(e: Eqn) -> bool:
    """True if native code can compute an elementwise equation: tried once for its types."""
    key = (
        e.primitive.name,
        tuple((a.aval.dtype, a.aval.weak, type(a) is Literal and a.aval.weak) for a in e.inputs),
        tuple(a.value for a in e.inputs if type(a) is Literal and e.primitive.name == "pow"),
        e.outvars[0].aval.dtype,
    )
    found = _KNOWN.get(key)
    if found is None:
        found = _KNOWN[key] = _try(e)
    return found and all(_fits(a, e.inputs) for a in e.inputs if type(a) is Literal)


def _fits(a: Any, beside: Sequence[Any]) -> bool:
    """False for a Python int that is out of the range of integers beside it: NumPy decides."""
    if type(a) is not Literal or type(a.value) is not int:
        return True
    ranges = [
        np.iinfo(b.aval.dtype) for b in beside if not b.aval.weak and b.aval.dtype.kind in "iu"
    ]
    return all(r.min <= a.value <= r.max for r in ranges)


def _try(e: Eqn) -> bool:
    kinds = [kind_of(a.aval.dtype) for a in (*e.inputs, *e.outvars)]
    weak = [a.aval.weak for a in (*e.inputs, *e.outvars) if type(a) is not Literal]
    if any(k is None for k in kinds) or any(weak) or len(e.outvars) != 1:
        return False  # variables that stand for Python's numbers have no dtype of their own
    if BRIEF in kinds and e.primitive is not convert:
        return False
    if e.primitive.name not in OPERATIONS and not _has_formula_for(e, kinds):
        return False
    builder = Builder(1)
    builder.start("entry")
    operands: list[Number] = []
    for a, k in zip(e.inputs, kinds, strict=False):
        assert k is not None
        number = type(a) is Literal and a.aval.weak
        operands.append(a.value if number else Value(builder, "%x", k))  # pyright: ignore
    try:
        computed(builder, e.primitive, operands)
    except (NotNativeError, TypeError, KeyError, AttributeError):
        return False
    return True


def _has_formula_for(e: Eqn, kinds: Sequence[Any]) -> bool:
    """True if the formula of an operator holds for its operands: of integers only arithmetic."""
    name = e.primitive.name
    if name in ARITHMETIC:
        return True
    if isinstance(e.primitive.ufunc, np.ufunc):
        return kinds[-1] is BOOL or bool(kinds[-1].is_float)
    numbers = [type(a) is Literal and a.aval.weak for a in e.inputs]
    given = [k for k, number in zip(kinds, numbers, strict=False) if not number]
    whole = [k for k in given if not k.is_float and k is not BOOL]
    return any(k.is_float for k in given) and not whole


ARITHMETIC = ("add", "sub", "mul", "neg", "div")
"""Operators whose formulas hold for integers as well."""


__all__ = ["DOUBLE", "OPERATIONS", "NotNativeError", "computed", "takes"]
