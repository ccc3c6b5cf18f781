"""Trigonometric and hyperbolic functions, their inverses, and angles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...core.facts import Hazard, Steep
from ...typing import Array
from ..families import Elementwise, Scaling, elementwise
from .directions import cosine, length, one_minus_square
from .special import tanh_slope

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


def _is_complex(x: Array) -> bool:
    return x.dtype.kind == "c"


def _tan_slope(o: Array, x: Array) -> Array:
    """The derivative of tan(x) = -i tanh(ix); far from the real axis 1 + o**2 cancels."""
    return tanh_slope(1j * o, 1j * x) if _is_complex(x) else 1 + o * o


def _by_size(
    x: Array,
    near: Callable[[Array], tuple[Array | complex, Array | complex]],
    far: Callable[[Array], tuple[Array | complex, Array | complex]],
) -> tuple[Array, ...]:
    """Two divisors, from one formula for small complex numbers and another one for large ones.

    The square of a large number leaves the range of the type; factors 1 - x and 1 + x cancel in
    derivatives at a small one.
    """
    small = abs(x) < 2
    inner, outer = np.where(small, x, 0), np.where(small, 2, x)
    return tuple(np.where(small, n, f) for n, f in zip(near(inner), far(outer), strict=True))


def _over_cosine(t: Array, x: Array) -> Array:
    """A tangent divided by the cosine of arcsin(x)."""
    if not _is_complex(x):
        return t / np.sqrt(one_minus_square(x))
    one, other = _by_size(
        x,
        lambda z: (np.sqrt(one_minus_square(z)), 1),
        lambda z: (np.sqrt(1 - z), np.sqrt(1 + z)),
    )
    return t / one / other


def _over_squares(t: Array, x: Array) -> Array:
    """A tangent divided by 1 - x**2."""
    if not _is_complex(x):
        return t / one_minus_square(x)
    one, other = _by_size(x, lambda z: (one_minus_square(z), 1), lambda z: (1 - z, 1 + z))
    return t / one / other


def _arctan_scale(t: Array, _o: Array, x: Array) -> Array:
    if _is_complex(x):
        return _over_squares(t, 1j * x)
    secant = length(x)
    return t / secant / secant


def _arcsinh_scale(t: Array, _o: Array, x: Array) -> Array:
    return _over_cosine(t, 1j * x) if _is_complex(x) else t / length(x)


def _arccosh_scale(t: Array, _o: Array, x: Array) -> Array:
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


def _over_radius(t: Array, x: Array, y: Array) -> Array:
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
