"""Comparison, logic, bits, selection: which of two values, and where."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...core.facts import Moves, Picks
from ...core.lowering import NumpyText
from ...core.primitive import Case
from ...core.tracing import aval_of
from ..families import Elementwise, Joint, elementwise, is_value, sample
from .arithmetic import all_finite, fit, mul_both_strong, mul_strong, zeroed

BOOLEAN = "the result is boolean"
INTEGER = "the result is integer"


def _compare(name: str, ufunc: Any, op: Any = None, kinds: str = "fib") -> Any:
    return elementwise(name, ufunc, operator=op, nondifferentiable=BOOLEAN, kinds=kinds)


equal = _compare("eq", np.equal, operator.eq, "fcib")
not_equal = _compare("ne", np.not_equal, operator.ne, "fcib")
less = _compare("lt", np.less, operator.lt)
less_equal = _compare("le", np.less_equal, operator.le)
greater = _compare("gt", np.greater, operator.gt)
greater_equal = _compare("ge", np.greater_equal, operator.ge)
logical_and = _compare("logical_and", np.logical_and, kinds="bif")
logical_or = _compare("logical_or", np.logical_or, kinds="bif")
logical_xor = _compare("logical_xor", np.logical_xor, kinds="bif")
logical_not = _compare("logical_not", np.logical_not, kinds="bif")
isnan = _compare("is_nan", np.isnan, kinds="fc")
isinf = _compare("is_inf", np.isinf, kinds="fc")
isfinite = _compare("is_finite", np.isfinite, kinds="fci")


def _bits(
    name: str,
    ufunc: Any,
    op: Any = None,
    kinds: str = "ib",
    domain: Any = (-9, 9),
    numpy: NumpyText | None = None,
) -> Elementwise:
    return elementwise(
        name,
        ufunc,
        operator=op,
        nondifferentiable=INTEGER,
        kinds=kinds,
        domain=domain,
        numpy=numpy,
    )


bitwise_and = _bits("and", np.bitwise_and, operator.and_)
bitwise_or = _bits("or", np.bitwise_or, operator.or_)
bitwise_xor = _bits("xor", np.bitwise_xor, operator.xor)


def inverted(x: Any) -> Any:
    """~x, which negates truth values, Python's too."""
    return not x if type(x) is bool else ~x


def _inverted_text(_module: Any, e: Any, ins: list[str]) -> str:
    out = e.outvars[0].aval
    return f"not {ins[0]}" if out.weak and out.dtype.kind == "b" else f"~{ins[0]}"


invert = _bits("not", np.invert, inverted, numpy=NumpyText(expression=_inverted_text))
left_shift = _bits("shift_left", np.left_shift, operator.lshift, "i", ((-9, 9), (0, 5)))
right_shift = _bits("shift_right", np.right_shift, operator.rshift, "i", ((-9, 9), (0, 5)))
bitwise_count = _bits("population_count", np.bitwise_count, kinds="i")


def tie_shares(x: Any, y: Any) -> Any:
    """1 where x > y (or either is NaN), 1/2 where x == y, 0 where x < y."""
    lower = np.less(x, y)
    out = np.logical_not(lower).astype(np.result_type(x, y, np.float16))
    even = np.equal(x, y)
    if even.any():
        out = np.where(even, out.dtype.type(0.5), out)[()]
    return out


shares: Elementwise = elementwise(
    "tie_shares", tie_shares, nondifferentiable="piecewise constant", kinds="f", arity=2
)


def ordered_product(x: Any, y: Any, t: Any, out: Any = None) -> Any:
    """The strong product tie_shares(x, y) * t in one go; ``out`` may be t."""
    keep = np.logical_not(np.less(x, y))
    even = np.equal(x, y)
    out = np.multiply(t, keep, out=out)
    if not all_finite(out):
        out = zeroed(out, np.logical_not(keep))
    if not even.any():
        return out
    return np.multiply(out, np.where(even, out.dtype.type(0.5), 1), out=out if out.ndim else None)


shared_product = elementwise(
    "ordered_product",
    ordered_product,
    nondifferentiable="made by the compiler after derivatives are taken",
    kinds="f",
    arity=3,
    fuses=((mul_strong, shares), (mul_both_strong, shares)),
    numpy=NumpyText(into=True, overwrites=(2,)),
)


def _larger_share(_o: Any, x: Any, y: Any) -> Any:
    return shares(x, y)


def _smaller_share(_o: Any, x: Any, y: Any) -> Any:
    return shares(y, x)


def _number_share(share: Any) -> Any:
    def partial(o: Any, x: Any, y: Any) -> Any:
        one = o.dtype.type(1)
        return np.where(np.isnan(y), one, np.where(np.isnan(x), o.dtype.type(0), share(o, x, y)))

    return partial


def _swap(share: Any) -> Any:
    return lambda o, x, y: share(o, y, x)


maximum: Elementwise = elementwise(
    "max",
    np.maximum,
    _larger_share,
    _swap(_larger_share),
    kinds="fi",
    masks=True,
    fills=True,
    elements=Picks(),
)
minimum: Elementwise = elementwise(
    "min",
    np.minimum,
    _smaller_share,
    _swap(_smaller_share),
    kinds="fi",
    masks=True,
    fills=True,
    elements=Picks(),
)
fmax: Elementwise = elementwise(
    "fmax",
    np.fmax,
    _number_share(_larger_share),
    _swap(_number_share(_larger_share)),
    kinds="fi",
    masks=True,
    fills=True,
    elements=Picks(),
)
fmin: Elementwise = elementwise(
    "fmin",
    np.fmin,
    _number_share(_smaller_share),
    _swap(_number_share(_smaller_share)),
    kinds="fi",
    masks=True,
    fills=True,
    elements=Picks(),
)


def filled_like(x: Any, value: float) -> Any:
    """One number in the shape and dtype of an array or tracer, whatever elements that has."""
    aval = aval_of(x)
    number = aval.dtype.type(value)
    if aval.symbolic:
        return select(not_equal(x, x), number, number)
    return np.broadcast_to(number, aval.shape) if aval.shape else number


def choose(c: Any, x: Any, y: Any) -> Any:
    """The elements of x where c is true, of y elsewhere."""
    return np.where(c, x, y)[()]


def _select_tangent(tangents: Any, _out: Any, c: Any, _x: Any, _y: Any) -> Any:
    _, x_t, y_t = tangents
    return select(c, 0 if x_t is None else x_t, 0 if y_t is None else y_t)


def _select_transpose(ct: Any, c: Any, x: Any, y: Any, *, flagged: bool) -> Any:
    ct_x = None if is_value(x) else fit(select(c, ct, 0), x)
    ct_y = None if is_value(y) else fit(select(c, 0, ct), y)
    return None, ct_x, ct_y


def _select_cases(rng: Any) -> Any:
    c = np.array([[True, False, True], [False, False, True]])
    for dtype in ("f8", "f4", "c16", "i8"):
        yield Case(c, sample(rng, (2, 3), dtype, (-2, 2)), sample(rng, (3,), dtype, (-2, 2)))
    yield Case(c[0], sample(rng, (2, 1), "f8", (-2, 2)), 0.0)
    yield Case(np.True_, sample(rng, (2, 3), "f8", (-2, 2)), sample(rng, (), "f8", (-2, 2)))


select: Elementwise = elementwise(
    "select_n",
    choose,
    jvp=Joint(_select_tangent, zeros=False),
    jointly=True,
    transpose=_select_transpose,
    arity=3,
    cases=_select_cases,
    masks=True,
    fills=True,
    elements=Moves(where=slice(1)),
)
