"""Trigonometric functions and their inverses.

An argument is n pi/2 + r, by subtraction of three parts of pi/2 by fused operations: exact to the
last place of r until n has 15 bits, or 29 for float64. Huge arguments are left to the C library.
"""

from __future__ import annotations

from math import inf

from ..kinds import BOOL, DOUBLE, FLOAT
from ..values import Instructions, Value
from .formats import (
    Coefficients,
    absolute,
    at_most,
    bits,
    format_of,
    from_bits,
    nearest,
    polynomial,
    with_sign,
)

HALF_PI = {
    FLOAT: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    DOUBLE: (1.5707963267948966, 6.123233995736766e-17, -1.497384905065873e-33),
}
"""pi/2 in three parts, each the number next to what is left."""

HUGE = {FLOAT: 39000.0, DOUBLE: 5e8}

SIN: Coefficients = {
    FLOAT: (-0.0001958537320669302, 0.00833273655917713, -0.16666664601754114),
    DOUBLE: (
        1.5916726193889336e-10, -2.5051112272573243e-08, 2.755731600817155e-06,
        -0.0001984126983657571, 0.008333333333330827, -0.16666666666666666,
    ),
}  # fmt: skip
"""Of (sin(r)/r - 1) / z, z = r**2, for |r| up to pi/4; errors 2.1e-8 and 2.2e-17."""

COS: Coefficients = {
    FLOAT: (2.4545419078353295e-05, -0.0013888291300556933, 0.04166666459882798),
    DOUBLE: (
        -1.1381754653662937e-11, 2.0876134024090145e-09, -2.755731721268659e-07,
        2.4801587298651292e-05, -0.0013888888888887322, 0.041666666666666664,
    ),
}  # fmt: skip
"""Of (cos(r) - 1 + z/2) / z**2, z = r**2, for |r| up to pi/4; errors 2.1e-9 and 1.4e-18."""

TAN: Coefficients = {
    FLOAT: (
        0.003885034862983443, 0.0011143661809247844, 0.010006783823341574,
        0.021608335534501855, 0.05399609764196706, 0.1333322346369455, 0.33333334033615675,
    ),
    DOUBLE: (
        1.8620853820656983e-05, -3.5262875919913514e-05, 7.109891421839054e-05,
        -5.81665043131878e-06, 0.00012150460007586791, 0.00022987957700659702,
        0.000592451339812982, 0.0014553951719066436, 0.003592181744647166,
        0.008863231294368853, 0.021869488735504084, 0.05396825396337336, 0.13333333333338027,
        0.33333333333333326,
    ),
}  # fmt: skip
"""Of (tan(r)/r - 1) / z, z = r**2, for |r| up to pi/4; errors 9.4e-9 and 1.0e-16."""

ASIN: Coefficients = {
    FLOAT: (
        0.03369084720283012, 0.017149238357677253, 0.03110066273549457, 0.04459940152851218,
        0.07500094543497424, 0.16666666337430908,
    ),
    DOUBLE: (
        0.028757851367421566, -0.014851887071247204, 0.01740087944269402, 0.005457506718640358,
        0.01032281435018578, 0.011479177415184906, 0.013971212973552933, 0.017352392720869973,
        0.02237217294214989, 0.030381944138531247, 0.04464285714635543, 0.07499999999998433,
        0.16666666666666669,
    ),
}  # fmt: skip
"""Of (asin(x)/x - 1) / z, z = x**2, for |x| up to 1/2; errors 4.2e-9 and 1.5e-17."""

ATAN: Coefficients = {
    FLOAT: (
        0.04225685963021552, -0.08235505763636282, 0.11006880681346318, -0.14279801095810957,
        0.1999987524978264, -0.33333332901484686,
    ),
    DOUBLE: (
        0.011152908092096216, -0.02895352123252625, 0.04283578705573422, -0.05157516225552972,
        0.058664967492257074, -0.06665052856794013, 0.07692198451257941, -0.09090904370311348,
        0.11111110990139533, -0.14285714284106285, 0.199999999999916, -0.33333333333333326,
    ),
}  # fmt: skip
"""Of (atan(x)/x - 1) / z, z = x**2, for |x| up to 1/2; errors 4.3e-9 and 7.3e-17."""


def _reduced(x: Value) -> tuple[Value, Value, Value]:
    """R, what it lost by rounding, and the integer n with x = n pi/2 + r."""
    b, (first, second, third) = x.builder, HALF_PI[x.kind]
    n, shifted = nearest(x, 0.6366197723675814)
    before = b.fma(n, -second, b.fma(n, -first, x))
    r = b.fma(n, -third, before)
    return r, b.fma(n, -third, before - r), shifted


def _is_odd(n: Value) -> Value:
    return (n & 1) != 0


def sin(x: Value) -> Value:
    """The sine."""
    y = _sine(x, 0)
    return _by_library("sin", x, x.builder.select(x == 0.0, x, y))


def cos(x: Value) -> Value:
    """The cosine."""
    return _by_library("cos", x, _sine(x, 1))


def _sine(x: Value, quarters: int) -> Value:
    """sin(x + quarters pi/2)."""
    b, f = x.builder, format_of(x)
    r, _, n = _reduced(x)
    if quarters:
        n = n + quarters
    z = r * r
    s = b.fma(polynomial(z, SIN[x.kind]), z * r, r)
    half = z * 0.5
    first = 1.0 - half
    # what 1 - z/2 loses by rounding
    c = first + b.fma(polynomial(z, COS[x.kind]), z * z, (1.0 - first) - half)
    y = b.select(_is_odd(n), c, s)
    sign = b.shift("shl", n & 2, 8 * f.kind.size - 2)
    return from_bits(bits(y) ^ sign)


def tan(x: Value) -> Value:
    """The tangent; of odd n the negative inverse, with what the sum before it lost."""
    b = x.builder
    r, lost, n = _reduced(x)
    z = r * r
    rest = b.fma(z * r, polynomial(z, TAN[x.kind]), b.fma(z, lost, lost))
    t = r + rest
    q = -1.0 / t
    miss = b.fma((r - t) + rest, q, b.fma(t, q, 1.0))
    y = b.select(_is_odd(n), b.fma(q, miss, q), t)
    return _by_library("tan", x, b.select(x == 0.0, x, y))


def _by_library(name: str, x: Value, y: Value) -> Value:
    """Y, but the C library's function where x is huge; it is called only if a lane is."""
    b = x.builder
    huge = absolute(x) > HUGE[x.kind]
    function = _lane_by_lane(b, name, x)
    t = b.type(x.kind)
    one = huge.text
    if b.lanes > 1:
        mask = b.type(BOOL)
        reduce = f"llvm.vector.reduce.or.{b.suffix(BOOL)}"
        b.declare(reduce, f"declare i1 @{reduce}({mask})")
        one = b.scalar(f"call i1 @{reduce}({mask} {huge.text})")
    rare, after, before = b.name("huge"), b.name("usual"), b.block
    b.emit(f"br i1 {one}, label %{rare}, label %{after}")
    b.start(rare)
    # other lanes keep what they have, so that no number depends on those beside it
    found = b.select(huge, b.instruction(f"call {t} @{function}({t} {x.text})", x.kind), y)
    b.emit(f"br label %{after}")
    b.start(after)
    return b.instruction(f"phi {t} [ {y.text}, %{before} ], [ {found.text}, %{rare} ]", x.kind)


def _lane_by_lane(b: Instructions, name: str, x: Value) -> str:
    """The name of a function that applies one of the C library to each lane; it is defined.

    It is not inlined, so that the loop which calls it stays small.
    """
    kind, t = x.kind, b.type(x.kind)
    library = name + ("f" if kind is FLOAT else "")
    one = kind.register
    b.declare(library, f"declare {one} @{library}({one})")
    if b.lanes == 1:
        return library
    function = f"each_{library}_{b.lanes}"
    lines = [
        f"define internal {t} @{function}({t} %x) noinline cold {{",
        "entry:",
        "  br label %lane",
        "lane:",
        "  %i = phi i64 [ 0, %entry ], [ %j, %lane ]",
        f"  %y = phi {t} [ %x, %entry ], [ %z, %lane ]",
        f"  %e = extractelement {t} %x, i64 %i",
        f"  %r = call {one} @{library}({one} %e)",
        f"  %z = insertelement {t} %y, {one} %r, i64 %i",
        "  %j = add i64 %i, 1",
        f"  %more = icmp ult i64 %j, {b.lanes}",
        "  br i1 %more, label %lane, label %end",
        "end:",
        f"  ret {t} %z",
        "}",
    ]
    b.declare(function, "\n".join(lines))
    return function


def _asin_parts(x: Value) -> tuple[Value, Value, Value, Value]:
    """|x| and whether it is above 1/2; s, x itself or sqrt((1 - |x|)/2), and asin(s)/s - 1."""
    b, a = x.builder, absolute(x)
    far = a > 0.5
    z = b.select(far, b.fma(a, -0.5, 0.5), x * x)
    s = b.select(far, b.intrinsic("sqrt", z), a)
    return a, far, s, z * polynomial(z, ASIN[x.kind])


def asin(x: Value) -> Value:
    """The inverse sine; above 1/2, pi/2 less twice that of sqrt((1 - x)/2)."""
    b, (first, second, _) = x.builder, HALF_PI[x.kind]
    a, far, s, rest = _asin_parts(x)
    twice = s + s
    complement = (first - twice) - b.fma(twice, rest, -second)
    near = b.fma(s, rest, s)
    return with_sign(b.select(far, b.select(a <= 1.0, complement, float("nan")), near), x)


def acos(x: Value) -> Value:
    """The inverse cosine: of 1/2 and more, twice the inverse sine of sqrt((1 - x)/2)."""
    b, (first, second, _) = x.builder, HALF_PI[x.kind]
    a, far, s, rest = _asin_parts(x)
    negative = x < 0.0
    twice = s + s
    inner = b.fma(twice, rest, twice)
    outer = 2.0 * first - twice - b.fma(twice, rest, -2.0 * second)
    signed = with_sign(s, x)
    middle = (first - signed) - b.fma(signed, rest, -second)
    y = b.select(far, b.select(negative, outer, inner), middle)
    return b.select(a > 1.0, float("nan"), y)


def _turned(numerator: Value, denominator: Value) -> tuple[Value, Value]:
    """For 0 <= n <= d the angle is j pi/4 + atan(t): j, 0 or 1, and atan(t)."""
    b = numerator.builder
    half = numerator + numerator > denominator
    t = b.select(half, numerator - denominator, numerator)
    t = t / b.select(half, numerator + denominator, denominator)
    z = t * t
    angle = b.fma(t * z, polynomial(z, ATAN[t.kind]), t)
    return b.select(half, b.constant(1.0, t.kind), 0.0), angle


def _angle(j: Value, rest: Value) -> Value:
    """J pi/4 + rest, rounded nearly once."""
    b, (first, second, _) = j.builder, HALF_PI[j.kind]
    return b.fma(j, 0.5 * first, b.fma(j, 0.5 * second, rest))


def atan(x: Value) -> Value:
    """The inverse tangent."""
    b, a = x.builder, absolute(x)
    steep = a > 1.0
    one = b.constant(1.0, x.kind)
    inverted = b.select(steep, b.select(a < inf, one, b.constant(0.0, x.kind)), a)
    j, rest = _turned(inverted, b.select(steep, at_most(a, 2.0**100), one))
    j, rest = b.select(steep, 2.0 - j, j), b.select(steep, -rest, rest)
    return with_sign(_angle(j, rest), x)


def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y)."""
    b, kind = x.builder, x.kind
    f = format_of(x)
    steep, left = absolute(y) > absolute(x), bits(x) < 0
    lesser = b.select(steep, absolute(x), absolute(y))
    greater = b.select(steep, absolute(y), absolute(x))
    endless = greater == inf
    one = b.constant(1.0, kind)
    lesser = b.select(endless, b.select(lesser == inf, one, lesser * 0.0), lesser)
    greater = b.select(endless | (greater == 0.0), one, greater)
    down = b.select(greater > 2.0 ** (f.bias - 3), b.constant(0.25, kind), 1.0)
    j, rest = _turned(lesser * down, greater * down)
    j, rest = b.select(steep, 2.0 - j, j), b.select(steep, -rest, rest)
    j, rest = b.select(left, 4.0 - j, j), b.select(left, -rest, rest)
    return b.select(x == x, with_sign(_angle(j, rest), y), x)
