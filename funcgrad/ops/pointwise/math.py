"""Powers, exponentials, logarithms, trigonometric and hyperbolic functions."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...core.avals import WEAK_DTYPES
from ...core.facts import LEFT_OUT, Hazard, Steep
from ...core.lowering import NumpyText
from ...core.primitive import Case
from ..families import Elementwise, Quotient, Scaling, elementwise, sample
from .directions import cosine, length, one_minus_square
from .special import logistic, tanh_slope

LN2 = 0.6931471805599453
LN10 = 2.302585092994046


def _power_scale_x(t: Any, o: Any, x: Any, y: Any) -> Any:
    """The tangent times y * x**(y - 1), by way of out / x for small y.

    At (0, 0) it is 0; elsewhere an exponent 0 makes the factor y alone 0, which has a derivative.
    """
    if type(y) in WEAK_DTYPES:
        if y == 2:
            return t * (2 * x)
        if y == 0:
            return t * 0
        if np.real(y) < 0:
            return t / x * (y * o)
        return t * (y * x ** (y - 1))
    from_value = (np.real(y) < 1) & np.isfinite(x) & (x != 0)
    exponent = np.where((y == 0) & (x == 0), 1, y - 1)
    power_below = np.where(from_value, o, np.where(from_value, 1, x) ** exponent)
    return t * (y * power_below) / np.where(from_value, x, 1)


def _power_partial_y(o: Any, x: Any, _y: Any) -> Any:
    """The logarithm of the base times the power, and 0 for the base 0, at every order."""
    zero = x == 0
    return np.where(zero, 0, o * np.log(np.where(zero, 1, x)))


def _power_cases(rng: Any) -> Any:
    for dtype in ("f8", "f4", "c16"):
        yield Case(sample(rng, (2, 3), dtype, (0.3, 2)), sample(rng, (3,), dtype, (-2, 2)))
    for exponent in (2, 3, -1, 0.5):
        yield Case(sample(rng, (2, 3), "f8", (0.3, 2)), exponent)
    yield Case(sample(rng, (2, 3), "f8", (-2, 2)), 3)
    yield Case(sample(rng, (2, 3), "f8", (0.3, 2)), np.array([2, 0, 3]))
    yield Case(sample(rng, (2, 3), "i8", (-3, 3)), np.array([2, 0, 3]))


power: Elementwise = elementwise(
    "pow",
    np.power,
    Scaling(_power_scale_x),
    _power_partial_y,
    operator=operator.pow,
    cases=_power_cases,
    masks=False,  # the exponent 0
    scalar=lambda m, x, y: m.power(x, y),
    hazard=Hazard.POWER,
    steep=Steep(0.0, f"the derivative of x**y is infinite at x = 0 for y < 1; {LEFT_OUT}"),
)
square: Elementwise = elementwise(
    "square",
    np.square,
    lambda _o, x: 2 * x,
    kinds="fci",
    scalar=lambda _m, x: x * x,
    hazard=Hazard.PRODUCT,
)
reciprocal: Elementwise = elementwise(
    "reciprocal",
    np.reciprocal,
    Scaling(lambda t, o, _x: t * o * -o),
    domain=(0.4, 2),
    scalar=lambda _m, x: 1 / x,
    hazard=Hazard.DIVISION,
)
sqrt: Elementwise = elementwise(
    "sqrt",
    np.sqrt,
    Scaling(lambda t, o, _x: 0.5 * t / o),
    domain=(0.2, 3),
    scalar=lambda m, x: m.sqrt(x),
    hazard=Hazard.DOMAIN,
    steep=Steep(
        0.0,
        "the derivative of sqrt is infinite at 0; for the norm sqrt(sum(x**2)) write "
        "np.linalg.norm(x), whose derivative at 0 is 0",
    ),
)
cbrt: Elementwise = elementwise(
    "cbrt",
    np.cbrt,
    Scaling(lambda t, o, _x: t / o / o / 3),
    domain=(0.2, 3),
    kinds="f",
    scalar=lambda m, x: m.cbrt(x),
    hazard=Hazard.NONE,
    steep=Steep(0.0, f"the derivative of cbrt is infinite at 0; {LEFT_OUT}"),
)

exp: Elementwise = elementwise(
    "exp",
    np.exp,
    lambda o, _x: o,
    scalar=lambda m, x: m.exp(x),
    hazard=Hazard.EXPONENTIAL,
)
exp2: Elementwise = elementwise(
    "exp2",
    np.exp2,
    lambda o, _x: o * LN2,
    scalar=lambda m, x: m.exp(x * m.ln2),
    hazard=Hazard.EXPONENTIAL,
)
expm1: Elementwise = elementwise(
    "expm1",
    np.expm1,
    lambda _o, x: np.exp(x),
    scalar=lambda m, x: m.expm1(x),
    hazard=Hazard.EXPONENTIAL,
)
log: Elementwise = elementwise(
    "log",
    np.log,
    Quotient(lambda x: x),
    domain=(0.2, 3),
    scalar=lambda m, x: m.log(x),
    hazard=Hazard.LOGARITHM,
    steep=Steep(0.0, f"the derivative of log is infinite at 0; {LEFT_OUT}"),
)
log2: Elementwise = elementwise(
    "log2",
    np.log2,
    Scaling(lambda t, _o, x: t / x * (1 / LN2)),
    domain=(0.2, 3),
    scalar=lambda m, x: m.log(x) / m.ln2,
    hazard=Hazard.LOGARITHM,
)
log10: Elementwise = elementwise(
    "log10",
    np.log10,
    Scaling(lambda t, _o, x: t / x * (1 / LN10)),
    domain=(0.2, 3),
    scalar=lambda m, x: m.log(x) / m.ln10,
    hazard=Hazard.LOGARITHM,
)
log1p: Elementwise = elementwise(
    "log1p",
    np.log1p,
    Scaling(lambda t, _o, x: t / (1 + x)),
    domain=(-0.6, 3),
    scalar=lambda m, x: m.log1p(x),
    hazard=Hazard.LOGARITHM,
)


def logaddexp_values(x: Any, y: Any, out: Any = None) -> Any:
    """log(exp(x) + exp(y)): the larger one and a correction, which is 0 for equal infinities.

    For arrays; NumPy's own loop, which is not vectorised, is seven times as slow.
    """
    floats = getattr(x, "dtype", np.dtype(float)).kind + getattr(y, "dtype", np.dtype(float)).kind
    on_device = hasattr(x, "__cuda_array_interface__") or hasattr(y, "__cuda_array_interface__")
    if floats != "ff" or on_device or not (np.ndim(x) or np.ndim(y)):
        return np.logaddexp(x, y)
    with np.errstate(invalid="ignore"):
        rest = np.subtract(x, y)
    np.abs(rest, out=rest)
    np.negative(rest, out=rest)
    np.exp(rest, out=rest)
    np.log1p(rest, out=rest)
    np.fmax(rest, 0, out=rest)
    out = np.maximum(x, y, out=out)
    return np.add(out, rest, out=out)


def _above(x: Any, y: Any) -> Any:
    """The difference x - y, and 0 for equal infinities."""
    return np.where((x == y) & np.isinf(x), 0, x - y)


def _share(x: Any, y: Any) -> Any:
    """What exp(x) is of exp(x) + exp(y)."""
    return logistic(_above(x, y))


def _share2(x: Any, y: Any) -> Any:
    """What 2**x is of 2**x + 2**y."""
    return logistic(LN2 * _above(x, y))


logaddexp: Elementwise = elementwise(
    "logaddexp",
    np.logaddexp,
    lambda _o, x, y: _share(x, y),
    lambda _o, x, y: _share(y, x),
    operator=logaddexp_values,
    kinds="f",
    numpy=NumpyText(into=True),
    scalar=lambda m, x, y: m.where(x < y, y, x) + m.log1p(m.exp(-m.abs(x - y))),
    hazard=Hazard.SUM,
)
logaddexp2: Elementwise = elementwise(
    "logaddexp2",
    np.logaddexp2,
    lambda _o, x, y: _share2(x, y),
    lambda _o, x, y: _share2(y, x),
    kinds="f",
    scalar=lambda m, x, y: m.where(x < y, y, x) + m.log1p(m.exp(-m.abs(x - y) * m.ln2)) / m.ln2,
    hazard=Hazard.SUM,
)

sin: Elementwise = elementwise(
    "sin",
    np.sin,
    lambda _o, x: np.cos(x),
    scalar=lambda m, x: m.sin(x),
    hazard=Hazard.NONE,
)
cos: Elementwise = elementwise(
    "cos",
    np.cos,
    lambda _o, x: -np.sin(x),
    scalar=lambda m, x: m.cos(x),
    hazard=Hazard.NONE,
)


def _is_complex(x: Any) -> bool:
    return x.dtype.kind == "c"


def _tan_slope(o: Any, x: Any) -> Any:
    """The derivative of tan(x) = -i tanh(ix); far from the real axis 1 + o**2 cancels."""
    return tanh_slope(1j * o, 1j * x) if _is_complex(x) else 1 + o * o


def _by_size(x: Any, near: Any, far: Any) -> Any:
    """Two divisors, from one formula for small complex numbers and another one for large ones.

    The square of a large number leaves the range of the type; factors 1 - x and 1 + x cancel in
    derivatives at a small one.
    """
    small = abs(x) < 2
    inner, outer = np.where(small, x, 0), np.where(small, 2, x)
    return tuple(np.where(small, n, f) for n, f in zip(near(inner), far(outer), strict=True))


def _over_cosine(t: Any, x: Any) -> Any:
    """A tangent divided by the cosine of arcsin(x)."""
    if not _is_complex(x):
        return t / np.sqrt(one_minus_square(x))
    one, other = _by_size(
        x,
        lambda z: (np.sqrt(one_minus_square(z)), 1),
        lambda z: (np.sqrt(1 - z), np.sqrt(1 + z)),
    )
    return t / one / other


def _over_squares(t: Any, x: Any) -> Any:
    """A tangent divided by 1 - x**2."""
    if not _is_complex(x):
        return t / one_minus_square(x)
    one, other = _by_size(x, lambda z: (one_minus_square(z), 1), lambda z: (1 - z, 1 + z))
    return t / one / other


def _arctan_scale(t: Any, _o: Any, x: Any) -> Any:
    if _is_complex(x):
        return _over_squares(t, 1j * x)
    secant = length(x)
    return t / secant / secant


def _arcsinh_scale(t: Any, _o: Any, x: Any) -> Any:
    return _over_cosine(t, 1j * x) if _is_complex(x) else t / length(x)


def _arccosh_scale(t: Any, _o: Any, x: Any) -> Any:
    if not _is_complex(x):
        return t / np.sqrt(x - 1) / np.sqrt(x + 1)
    turn = np.where(np.signbit(x.imag), -1j, 1j)
    one, other = _by_size(
        x,
        lambda z: (np.sqrt(one_minus_square(z)), turn),
        lambda z: (np.sqrt(z - 1), np.sqrt(z + 1)),
    )
    return t / one / other


tan: Elementwise = elementwise(
    "tan",
    np.tan,
    _tan_slope,
    domain=(-1, 1),
    scalar=lambda m, x: m.tan(x),
    hazard=Hazard.NONE,
)
arcsin: Elementwise = elementwise(
    "asin",
    np.arcsin,
    Scaling(lambda t, _o, x: _over_cosine(t, x)),
    domain=(-0.9, 0.9),
    scalar=lambda m, x: m.asin(x),
    hazard=Hazard.DOMAIN,
    steep=Steep(
        1.0,
        "the derivative of arcsin is infinite at -1 and 1; for an angle, np.arctan2 of sine "
        "and cosine has a finite one",
    ),
)
arccos: Elementwise = elementwise(
    "acos",
    np.arccos,
    Scaling(lambda t, _o, x: _over_cosine(-t, x)),
    domain=(-0.9, 0.9),
    scalar=lambda m, x: m.acos(x),
    hazard=Hazard.DOMAIN,
    steep=Steep(
        1.0,
        "the derivative of arccos is infinite at -1 and 1; for an angle, np.arctan2 of sine "
        "and cosine has a finite one",
    ),
)
arctan: Elementwise = elementwise(
    "atan",
    np.arctan,
    Scaling(_arctan_scale),
    scalar=lambda m, x: m.atan(x),
    hazard=Hazard.NONE,
)


def _over_radius(t: Any, x: Any, y: Any) -> Any:
    """A tangent divided by the distance of (x, y) from the origin, and 0 there."""
    radius = np.hypot(x, y)
    return t / np.where(radius == 0, np.inf, radius)


arctan2: Elementwise = elementwise(
    "atan2",
    np.arctan2,
    Scaling(lambda t, _o, y, x: _over_radius(t, y, x) * cosine(x, y)),
    Scaling(lambda t, _o, y, x: _over_radius(t, y, x) * -cosine(y, x)),
    kinds="f",
    scalar=lambda m, y, x: m.atan2(y, x),
    hazard=Hazard.NONE,
)
hypot: Elementwise = elementwise(
    "hypot",
    np.hypot,
    lambda _o, x, y: cosine(x, y),
    lambda _o, x, y: cosine(y, x),
    kinds="f",
    scalar=lambda m, x, y: m.hypot(x, y),
    hazard=Hazard.SUM,
)
sinh: Elementwise = elementwise(
    "sinh",
    np.sinh,
    lambda _o, x: np.cosh(x),
    scalar=lambda m, x: m.sinh(x),
    hazard=Hazard.EXPONENTIAL,
)
cosh: Elementwise = elementwise(
    "cosh",
    np.cosh,
    lambda _o, x: np.sinh(x),
    scalar=lambda m, x: m.cosh(x),
    hazard=Hazard.EXPONENTIAL,
)
tanh: Elementwise = elementwise(
    "tanh",
    np.tanh,
    tanh_slope.binary,
    scalar=lambda m, x: m.tanh(x),
    hazard=Hazard.NONE,
)
arcsinh: Elementwise = elementwise(
    "asinh",
    np.arcsinh,
    Scaling(_arcsinh_scale),
    scalar=lambda m, x: m.asinh(x),
    hazard=Hazard.NONE,
)
arccosh: Elementwise = elementwise(
    "acosh",
    np.arccosh,
    Scaling(_arccosh_scale),
    domain=(1.3, 3),
    scalar=lambda m, x: m.acosh(x),
    hazard=Hazard.DOMAIN,
    steep=Steep(1.0, "the derivative of arccosh is infinite at 1"),
)
arctanh: Elementwise = elementwise(
    "atanh",
    np.arctanh,
    Scaling(lambda t, _o, x: _over_squares(t, x)),
    domain=(-0.8, 0.8),
    scalar=lambda m, x: m.atanh(x),
    hazard=Hazard.DOMAIN,
    steep=Steep(1.0, "the derivative of arctanh is infinite at -1 and 1"),
)

deg2rad: Elementwise = elementwise(
    "deg2rad",
    np.deg2rad,
    lambda _o, _x: np.pi / 180,
    kinds="f",
    scalar=lambda m, x: x * (m.pi / 180),
    hazard=Hazard.NONE,
)
rad2deg: Elementwise = elementwise(
    "rad2deg",
    np.rad2deg,
    lambda _o, _x: 180 / np.pi,
    kinds="f",
    scalar=lambda m, x: x * (180 / m.pi),
    hazard=Hazard.PRODUCT,
)


def _steps(name: str, ufunc: Any, **kw: Any) -> Any:
    return elementwise(name, ufunc, nondifferentiable="piecewise constant", **kw)


floor = _steps("floor", np.floor, kinds="f")
ceil = _steps("ceil", np.ceil, kinds="f")
trunc = _steps("trunc", np.trunc, kinds="f")
rint = _steps("round", np.rint, kinds="f")
heaviside = _steps("heaviside", np.heaviside, kinds="f")
signbit = _steps("signbit", np.signbit, kinds="f")
nextafter = _steps("nextafter", np.nextafter, kinds="f")
spacing = _steps("spacing", np.spacing, kinds="f")
floor_divide = _steps(
    "floor_divide",
    np.floor_divide,
    operator=operator.floordiv,
    kinds="fi",
    domain=((-5, 5), (1, 3)),
)
remainder: Elementwise = elementwise(
    "rem",
    np.remainder,
    1,
    lambda _o, x, y: -np.floor_divide(x, y),
    operator=operator.mod,
    kinds="fi",
    domain=((-5, 5), (1.1, 3)),
    masks=False,  # the quotient rounds to 0, and nothing is selected
    hazard=Hazard.DIVISION,
)
fmod: Elementwise = elementwise(
    "fmod",
    np.fmod,
    1,
    lambda o, x, y: -np.rint((x - o) / y),
    kinds="fi",
    domain=((-5, 5), (1.1, 3)),
    masks=False,  # the quotient rounds to 0, and nothing is selected
    hazard=Hazard.DIVISION,
)
copysign: Elementwise = elementwise(
    "copysign",
    np.copysign,
    lambda o, x, y: np.sign(x) * np.copysign(o.dtype.type(1), y),
    None,
    kinds="f",
    scalar=lambda m, x, y: m.copysign(x, y),
    hazard=Hazard.NONE,
)
ldexp: Elementwise = elementwise(
    "ldexp",
    np.ldexp,
    lambda o, _x, y: np.ldexp(o.dtype.type(1), y),
    None,
    cases=lambda rng: [
        Case(sample(rng, (2, 3), "f8", (-2, 2)), np.array([1, -2, 3])),
        Case(sample(rng, (2, 3), "f4", (-2, 2)), np.array([1, -2, 3], np.int32)),
    ],
    scalar=lambda m, x, n: m.ldexp(x, n),
    hazard=Hazard.PRODUCT,
)


def factored_difference(x: Any, y: Any) -> Any:
    """x**2 - y**2 by its factors, of which neither cancels more than it must."""
    return (x - y) * (x + y)


difference_of_squares: Elementwise = elementwise(
    "difference_of_squares",
    factored_difference,
    lambda _o, x, _y: 2 * x,
    lambda _o, _x, y: -2 * y,
    kinds="f",
    scalar=lambda _m, x, y: (x - y) * (x + y),
    hazard=Hazard.PRODUCT,
)


def exponents(x: Any) -> Any:
    """The exponents e of numbers m * 2**e with m in [0.5, 1)."""
    return np.frexp(x)[1]


exponent_of: Elementwise = elementwise(
    "exponent", exponents, nondifferentiable="piecewise constant", kinds="f", arity=1
)
gcd: Elementwise = elementwise(
    "gcd", np.gcd, nondifferentiable="integers", kinds="i", domain=(-9, 9)
)
lcm: Elementwise = elementwise(
    "lcm", np.lcm, nondifferentiable="integers", kinds="i", domain=(-9, 9)
)
