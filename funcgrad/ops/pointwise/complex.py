"""Complex parts, absolute value, sign and angle: real-linear maps and rules by name."""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np

from ...core.facts import Decided, Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, as_scalar, elementwise, is_value, sample
from .arithmetic import fit
from .directions import over, share_formula, share_values


def _is_complex(x: Array) -> bool:
    return x.dtype.kind == "c"


def real_part(x: Array) -> Array:
    """The real part of an array or scalar."""
    return x.real


def imaginary_part(x: Array) -> Array:
    """The imaginary part of an array or scalar."""
    return as_scalar(x.imag * 1) if hasattr(x, "dtype") else x.imag


def angle_of(x: Array) -> Array:
    """The argument of a complex number, the angle of a real one (0 or pi)."""
    return np.angle(x)


def make_complex(x: Array, y: Array) -> Array:
    """The complex number x + iy, without rounding or spurious NaN."""
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    out = np.empty(shape, np.result_type(x, y, np.complex64))
    out.real = x
    out.imag = y
    return out[()]


conj: Elementwise = elementwise(
    "conj",
    np.conjugate,
    jvp=(lambda t, _o, _x: conj(t),),
    transpose=lambda ct, x, *, flagged: (fit(conj(ct), x),),
    kinds="cfi",
    involution=True,
    scalar=lambda m, x: m.conj(x),
    hazard=Hazard.NONE,
)
real: Elementwise = elementwise(
    "real",
    real_part,
    jvp=(lambda t, _o, _x: real(t),),
    transpose=lambda ct, x, *, flagged: (fit(ct, x),),
    kinds="cf",
    view=True,
    scalar=lambda m, x: m.real(x),
    hazard=Hazard.NONE,
)
imag: Elementwise = elementwise(
    "imag",
    imaginary_part,
    jvp=(lambda t, _o, _x: imag(t),),
    transpose=lambda ct, x, *, flagged: (fit(ct * -1j, x) if _is_complex(x) else None,),
    kinds="cf",
    scalar=lambda m, x: m.imag(x),
    hazard=Hazard.NONE,
)


def _complex_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(sample(rng, (2, 3), "f8", (-2, 2)), sample(rng, (3,), "f8", (-2, 2)))
    yield Case(sample(rng, (2, 3), "f4", (-2, 2)), sample(rng, (2, 1), "f4", (-2, 2)))


make: Elementwise = elementwise(
    "complex",
    make_complex,
    jvp=(lambda t, _o, _x, _y: make(t, 0), lambda t, _o, _x, _y: make(0, t)),
    transpose=lambda ct, x, y, *, flagged: (
        None if is_value(x) else fit(real(ct), x),
        None if is_value(y) else fit(real(ct * 1j), y),
    ),
    cases=_complex_cases,
    arity=2,
    scalar=lambda m, x, y: m.complex(x, y),
    hazard=Hazard.NONE,
)


def direction_of(x: Array) -> Array:
    """The number x / |x|, and 0 at 0; of infinite parts the direction is that of their signs."""
    return share_values(x, np.abs(x))


def _abs_tangent(t: Array, _o: Array, x: Array) -> Array:
    if _is_complex(t):
        return real(np.conjugate(direction(x)) * t)
    return np.sign(x) * t


absolute: Elementwise = elementwise(
    "abs",
    np.abs,
    jvp=(_abs_tangent,),
    operator=operator.abs,
    kinds="fci",
    idempotent=True,
    even=True,
    scalar=lambda m, x: m.abs(x),
    hazard=Hazard.SUM,
)


def _sign_tangent(t: Array, o: Array, x: Array) -> Array | None:
    if not _is_complex(t):
        return None
    return 1j * o * imag(over(np.conjugate(o) * t, abs(x)))


direction: Elementwise = elementwise(
    "direction",
    direction_of,
    jvp=(_sign_tangent,),
    kinds="fc",
    scalar=lambda m, x: m.where(x == 0, x, x / m.abs(x)),
    rounded=lambda m, x: share_formula(m, x, m.abs(x)),
    hazard=Hazard.NONE,
)
sign: Elementwise = elementwise(
    "sign",
    np.sign,
    jvp=(_sign_tangent,),
    kinds="fci",
    elements=Decided(),
    hazard=Hazard.NONE,
)


def _angle_tangent(t: Array, o: Array, x: Array) -> Array | None:
    if not _is_complex(t):
        return None
    return imag(np.where(x == 0, 0, t / np.where(x == 0, 1, x)))


angle: Elementwise = elementwise(
    "angle",
    angle_of,
    jvp=(_angle_tangent,),
    kinds="cf",
    scalar=lambda m, x: m.atan2(m.imag(x), m.real(x)),
    hazard=Hazard.NONE,
)


def product_of_pairs(a: Array, b: Array, c: Array, d: Array) -> Array:
    """The product of a + ib and c + id, as NumPy rounds it."""
    with np.errstate(all="ignore"):
        return np.multiply(make_complex(a, b), make_complex(c, d))


def real_of_product(a: Array, b: Array, c: Array, d: Array) -> Array:
    """The real part of the product of a + ib and c + id."""
    return product_of_pairs(a, b, c, d).real


def imaginary_of_product(a: Array, b: Array, c: Array, d: Array) -> Array:
    """The imaginary part of the product of a + ib and c + id."""
    return product_of_pairs(a, b, c, d).imag


def _pair_cases(rng: np.random.Generator) -> Iterator[Case]:
    for dtype in ("f8", "f4"):
        yield Case(*[sample(rng, s, dtype, (-2, 2)) for s in ((2, 3), (3,), (2, 1), ())])


_MADE = "made by compilers, after derivatives are taken"
product_real: Elementwise = elementwise(
    "real_of_product",
    real_of_product,
    nondifferentiable=_MADE,
    arity=4,
    cases=_pair_cases,
    scalar=lambda _m, a, b, c, d: a * c - b * d,
    hazard=Hazard.PRODUCT,
)
product_imag: Elementwise = elementwise(
    "imag_of_product",
    imaginary_of_product,
    nondifferentiable=_MADE,
    arity=4,
    cases=_pair_cases,
    scalar=lambda _m, a, b, c, d: a * d + b * c,
    hazard=Hazard.PRODUCT,
)
