"""Powers and roots."""

from __future__ import annotations

from math import inf, nan

from ..builder import Value
from ..kinds import DOUBLE, FLOAT
from .error_functions import EXP_REST
from .exponentials import LN2, growth, reduced, x_plus
from .formats import (
    absolute,
    at_least,
    at_most,
    divided,
    mantissa,
    nearest,
    polynomial,
    power_of_two,
    scaled,
    with_sign,
)

INVERSE_ROOT = (
    0.0020992887130498335, -0.033481340744897385, 0.2187794143645443, -0.7572091019168168,
    1.5070652810892966, -1.8014807815629674, 1.863292226939474,
)  # fmt: skip
"""Of m**(-1/3) for m in [1/2, 4]; error 2.0e-3, which is squared by what follows."""

ATANH_REST = (
    0.05867909427756484, 0.05852510783769314, 0.06667425141273557, 0.07692297060063184,
    0.09090909171658063, 0.1111111111081038, 0.14285714285714712, 0.2,
)  # fmt: skip
"""Of (atanh(s)/s - 1 - z/3) / z**2, z = s**2, for |s| up to 0.1724; error 1.0e-18."""

ATANH_SINGLE = (
    0.09687485568885974, 0.11095381857696245, 0.14285882310510586, 0.19999999373847824,
    0.33333333333705856,
)  # fmt: skip
"""Of (atanh(s)/s - 1) / z, in float64 for results in float32; error 3.8e-12."""


def cbrt(x: Value) -> Value:
    """The cube root: of a mantissa by Newton's method for its inverse, without a division."""
    b, a = x.builder, absolute(x)
    m, e = mantissa(a, 0x3F800000 if x.kind is FLOAT else 0x3FF0000000000000)
    third, shifted = nearest(e, 1 / 3)
    _, left = nearest(e - 3.0 * third)
    m = m * power_of_two(left)
    r = polynomial(m, INVERSE_ROOT)
    for factor in (0.0,) if x.kind is FLOAT else (2 / 9, 2 / 9):
        miss = b.fma(-(m * r), r * r, 1.0)
        r = b.fma(r * miss, b.fma(miss, factor, 1 / 3) if factor else 1 / 3, r)
    square = r * r
    y = m * square
    y2 = y * y
    miss = b.fma(y2, y, -m) + b.fma(y, y, -y2) * y
    y = b.fma(miss * square, -1 / 3, y) * power_of_two(shifted)
    return b.select((a < inf) & (a != 0.0), with_sign(y, x), x)


def hypot(x: Value, y: Value) -> Value:
    """The length sqrt(x**2 + y**2), in a scale in which no square leaves the range."""
    b, kind = x.builder, x.kind
    x, y = absolute(x), absolute(y)
    larger, lesser = b.select(x > y, x, y), b.select(x > y, y, x)
    big, down, small, up = (60, 70, -40, 90) if kind is FLOAT else (500, 600, -400, 600)
    one = b.constant(1.0, kind)
    too_big, too_small = larger > 2.0**big, larger < 2.0**small
    scale = b.select(too_big, 2.0**-down, b.select(too_small, 2.0**up, one))
    back = b.select(too_big, 2.0**down, b.select(too_small, 2.0**-up, one))
    larger, lesser = larger * scale, lesser * scale
    y2 = b.intrinsic("sqrt", b.fma(larger, larger, lesser * lesser)) * back
    return b.select((x == inf) | (y == inf), inf, y2)


def power(x: Value, y: Value) -> Value:
    """X**y: the exponential of y log(x), in more than the precision of the result."""
    b = x.builder
    if x.kind is FLOAT:
        out = _power_single(b.cast(absolute(x), DOUBLE), b.cast(y, DOUBLE))
        return _signed_power(x, y, b.cast(out, FLOAT))
    return _signed_power(x, y, _power_double(absolute(x), y))


def whole_power(x: Value, n: int) -> Value:
    """X**n of floats, by products that are sums of two numbers each.

    What a product lacks is known exactly (T. J. Dekker, Numer. Math. 18, 1971), so that the errors
    of all of them together are below one unit in the last place.
    """
    b = x.builder
    power = (x, b.constant(0.0, x.kind))
    if n < 0:
        inverse = 1.0 / x
        rest = b.fma(-x, inverse, 1.0) * inverse
        power = (inverse, b.select(absolute(rest) < inf, rest, 0.0))
    found = None
    left = abs(n)
    while left:
        if left & 1:
            found = power if found is None else _product(found, power)
        left >>= 1
        power = _product(power, power) if left else power
    assert found is not None
    high, low = found
    size = absolute(high)
    return b.select((size < inf) & (size > 0.0), high + low, high)


def _product(x: tuple[Value, Value], y: tuple[Value, Value]) -> tuple[Value, Value]:
    b = x[0].builder
    high = x[0] * y[0]
    low = b.fma(x[0], y[0], -high)
    if x is y:
        return high, b.fma(x[0] + x[0], x[1], low)
    return high, b.fma(x[0], y[1], b.fma(x[1], y[0], low))


def _signed_power(x: Value, y: Value, out: Value) -> Value:
    """X**y of |x|**y: signs and the cases that are exact whatever the other number is."""
    b = x.builder
    whole = b.intrinsic("trunc", y) == y
    half = y * 0.5
    odd = whole & (b.intrinsic("trunc", half) != half)
    signed = b.select(odd, with_sign(out, x), out)
    signed = b.select((x < 0.0) & ~whole & (x > -inf), nan, signed)
    one = (y == 0.0) | (x == 1.0) | ((x == -1.0) & (absolute(y) == inf))
    return b.select(one, 1.0, signed)


def _power_single(a: Value, y: Value) -> Value:
    """A**y of float64 numbers a >= 0 that were float32, to 2**-28 or better."""
    b = a.builder
    f, e = divided(a, normal=True)
    s = f / (f + 2.0)
    z = s * s
    twice = s + s
    log = b.fma(e, 0.6931471805599453, b.fma(twice * z, polynomial(z, ATANH_SINGLE), twice))
    log = _ends(a, log)
    r, n = reduced(at_least(at_most(y * log, 300.0), -300.0))
    return (x_plus(r, polynomial(r, EXP_REST)) + 1.0) * power_of_two(n)


def _ends(a: Value, log: Value) -> Value:
    """The logarithm of a >= 0, infinity and NaN, from that of positive finite numbers."""
    b = a.builder
    return b.select(a == 0.0, -inf, b.select(a < inf, log, a))


def _power_double(a: Value, y: Value) -> Value:
    """A**y of float64 numbers a >= 0."""
    b = a.builder
    high, low = long_log(a)
    inside = (a > 0.0) & (a < inf)
    p = y * _ends(a, high)
    more = b.fma(y, low, b.fma(y, high, -p))
    inside = inside & (absolute(p) < 746.0)
    r, n = reduced(at_least(at_most(p, 746.0), -746.0))
    r = r + b.select(inside, more, 0.0)
    return scaled(growth(r) + 1.0, n)


def long_log(a: Value) -> tuple[Value, Value]:
    """The logarithm as a sum of two numbers, to about 2**-66, of float64 numbers.

    It is e ln 2 + 2 atanh(s) with s = f / (2 + f) and atanh(s) = s + s**3 (1/3 + z q(z)), where
    s, s**3 and the bracket are sums of two numbers each (T. J. Dekker, Numer. Math. 18, 1971).
    """
    b = a.builder
    f, e = divided(a)
    below = f + 2.0
    inverse = 1.0 / below
    s = f * inverse
    s_low = (b.fma(-s, below, f) - s * (f - (below - 2.0))) * inverse
    z = s * s
    z_low = b.fma(s, s, -z) + (s + s) * s_low
    w = z * polynomial(z, ATANH_REST)
    t = w + 1 / 3
    t_low = ((1 / 3 - t) + w) + 1.850371707708594e-17
    u = s * z
    u_low = b.fma(s, z, -u) + b.fma(s, z_low, s_low * z)
    v = u * t
    v_low = b.fma(u, t, -v) + b.fma(u, t_low, u_low * t)
    high = s + v
    low = ((s - high) + v) + (s_low + v_low)
    return _with_exponent(e, high + high, low + low)


def _with_exponent(e: Value, high: Value, low: Value) -> tuple[Value, Value]:
    first, second = LN2[DOUBLE]
    whole = e * first
    total = whole + high
    low = ((whole - total) + high) + e.builder.fma(e, second, low)
    high = total + low
    return high, (total - high) + low
