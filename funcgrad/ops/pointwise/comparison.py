"""Comparison, logic, bits, selection: which of two values, and where."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from ...arrays import like
from ...core.avals import Aval
from ...core.facts import Moves, Picks
from ...core.jaxpr import Eqn
from ...core.lowering import NumpyText
from ...core.primitive import Case
from ...core.tracing import aval_of
from ...typing import Array
from ..families import Elementwise, Joint, elementwise, is_value, sample
from .arithmetic import all_finite, fit, mul_both_strong, mul_strong, strong_formula, zeroed

BOOLEAN = "the result is boolean"
INTEGER = "the result is integer"

Partial: TypeAlias = Callable[[Array, Array, Array], Array]
"""A partial derivative in one of two operands, of the result and both."""


def _compare(
    name: str,
    ufunc: np.ufunc,
    op: Callable[..., Any] | None = None,
    kinds: str = "fib",
    **declared: Any,
) -> Elementwise:
    return elementwise(name, ufunc, operator=op, nondifferentiable=BOOLEAN, kinds=kinds, **declared)


equal: Elementwise = _compare("eq", np.equal, operator.eq, "fcib")
not_equal: Elementwise = _compare("ne", np.not_equal, operator.ne, "fcib")
less: Elementwise = _compare("lt", np.less, operator.lt)
less_equal: Elementwise = _compare("le", np.less_equal, operator.le)
greater: Elementwise = _compare("gt", np.greater, operator.gt)
greater_equal: Elementwise = _compare("ge", np.greater_equal, operator.ge)
logical_and: Elementwise = _compare("logical_and", np.logical_and, kinds="bif")
logical_or: Elementwise = _compare("logical_or", np.logical_or, kinds="bif")
logical_xor: Elementwise = _compare("logical_xor", np.logical_xor, kinds="bif")
logical_not: Elementwise = _compare("logical_not", np.logical_not, kinds="bif", involution=True)
isnan: Elementwise = _compare("is_nan", np.isnan, kinds="fc")
isinf: Elementwise = _compare("is_inf", np.isinf, kinds="fc")
isfinite: Elementwise = _compare("is_finite", np.isfinite, kinds="fci")


def _bits(
    name: str,
    ufunc: np.ufunc,
    op: Callable[..., Any] | None = None,
    kinds: str = "ib",
    domain: Any = (-9, 9),
    numpy: NumpyText | None = None,
    **declared: Any,
) -> Elementwise:
    return elementwise(
        name,
        ufunc,
        operator=op,
        nondifferentiable=INTEGER,
        kinds=kinds,
        domain=domain,
        numpy=numpy,
        **declared,
    )


bitwise_and: Elementwise = _bits("and", np.bitwise_and, operator.and_)
bitwise_or: Elementwise = _bits("or", np.bitwise_or, operator.or_)
bitwise_xor: Elementwise = _bits("xor", np.bitwise_xor, operator.xor)


def inverted(x: Array | int) -> Array | int:
    """The inversion ~x, which negates truth values, Python's too."""
    return not x if type(x) is bool else ~x


def _inverted_text(_module: Any, e: Eqn, ins: list[str]) -> str:
    out = e.outvars[0].aval
    return f"not {ins[0]}" if out.weak and out.dtype.kind == "b" else f"~{ins[0]}"


invert: Elementwise = _bits(
    "not", np.invert, inverted, involution=True, numpy=NumpyText(expression=_inverted_text)
)
left_shift: Elementwise = _bits(
    "shift_left", np.left_shift, operator.lshift, "i", ((-9, 9), (0, 5))
)
right_shift: Elementwise = _bits(
    "shift_right", np.right_shift, operator.rshift, "i", ((-9, 9), (0, 5))
)
bitwise_count: Elementwise = _bits("population_count", np.bitwise_count, kinds="i")


def tie_shares(x: Array, y: Array) -> Array:
    """1 where x > y (or either is NaN), 1/2 where x == y, 0 where x < y."""
    lower = np.less(x, y)
    out = np.logical_not(lower).astype(np.result_type(x, y, np.float16))
    even = np.equal(x, y)
    if even.any():
        out = np.where(even, out.dtype.type(0.5), out)[()]
    return out


shares: Elementwise = elementwise(
    "tie_shares",
    tie_shares,
    nondifferentiable="piecewise constant",
    kinds="f",
    arity=2,
    scalar=lambda m, x, y: m.where(x < y, 0.0, m.where(x == y, 0.5, 1.0)),
)


def ordered_product(x: Array, y: Array, t: Array, out: Array | None = None) -> Array:
    """The strong product tie_shares(x, y) * t in one go; ``out`` may be t."""
    keep = np.logical_not(np.less(x, y))
    even = np.equal(x, y)
    out = np.multiply(t, keep, out=out, dtype=np.result_type(x, y, t, np.float16))
    if not all_finite(out):
        out = zeroed(out, np.logical_not(keep))
    if not even.any():
        return out
    return np.multiply(out, np.where(even, out.dtype.type(0.5), 1), out=out if out.ndim else None)


shared_product: Elementwise = elementwise(
    "ordered_product",
    ordered_product,
    nondifferentiable="made by the compiler after derivatives are taken",
    kinds="f",
    arity=3,
    fuses=((mul_strong, shares), (mul_both_strong, shares)),
    numpy=NumpyText(into=True, overwrites=(2,)),
    scalar=lambda m, x, y, t: strong_formula(
        m, x < y, t * m.where(x < y, 0.0, m.where(x == y, 0.5, 1.0))
    ),
)


def _larger_share(_o: Array, x: Array, y: Array) -> Array:
    return shares(x, y)


def _smaller_share(_o: Array, x: Array, y: Array) -> Array:
    return shares(y, x)


def _number_share(share: Partial) -> Partial:
    def partial(o: Array, x: Array, y: Array) -> Array:
        one = o.dtype.type(1)
        return np.where(np.isnan(y), one, np.where(np.isnan(x), o.dtype.type(0), share(o, x, y)))

    return partial


def _swap(share: Partial) -> Partial:
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


def filled_like(x: Array, value: float) -> Array:
    """One number in the shape and dtype of an array or tracer, whatever elements that has."""
    aval = aval_of(x)
    number = aval.dtype.type(value)
    if aval.symbolic:
        return select(not_equal(x, x), number, number)
    return like(x, np.broadcast_to(number, aval.shape)) if aval.shape else number


def choose(c: Array, x: Array, y: Array) -> Array:
    """The elements of x where c is true, of y elsewhere."""
    return np.where(c, x, y)[()]


def _select_tangent(
    tangents: Sequence[Array | None], _out: Array, c: Array, _x: Array, _y: Array
) -> Array:
    _, x_t, y_t = tangents
    return select(c, 0 if x_t is None else x_t, 0 if y_t is None else y_t)


def _select_transpose(
    ct: Array, c: Array, x: Array | Aval, y: Array | Aval, *, flagged: bool
) -> tuple[None, Array | None, Array | None]:
    ct_x = None if is_value(x) else fit(select(c, ct, 0), x)
    ct_y = None if is_value(y) else fit(select(c, 0, ct), y)
    return None, ct_x, ct_y


def _select_cases(rng: np.random.Generator) -> Iterator[Case]:
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
    rounded=lambda m, c, x, y: m.where(c, x, y),
    masks=True,
    fills=True,
    elements=Moves(where=slice(1)),
)
