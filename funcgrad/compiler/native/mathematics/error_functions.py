"""The error function and what belongs to it."""

from __future__ import annotations

from math import inf, nan

from ..builder import Value
from ..kinds import DOUBLE, FLOAT, Kind
from . import avx512
from .erf_quotient import POINT, QUOTIENT, WIDTH
from .exponentials import growth, reduced, x_plus
from .formats import (
    Coefficients,
    absolute,
    at_least,
    at_most,
    divided,
    nearest,
    polynomial,
    power_of_two,
    scaled,
    with_sign,
)
from .logarithms import log_of

NEAR: Coefficients = {
    FLOAT: (
        7.875875062685488e-05, -0.000801686428716587, 0.005189087423433974,
        -0.026854212010626412, 0.11283594715160218, -0.37612626666720334, 0.12837916584835093,
    ),
    DOUBLE: (
        -7.795898827002142e-10, 1.3720064546777686e-08, -1.6208483801871705e-07,
        1.6447424703317362e-06, -1.492473690741966e-05, 0.00012055294904839707,
        -0.0008548325975389692, 0.0052239776071164225, -0.02686617064323777,
        0.11283791670945006, -0.37612638903183543, 0.12837916709551256,
    ),
}  # fmt: skip
"""Of erf(x)/x - 1 in z = x**2 for |x| up to 1; errors 1.2e-9 and 7.4e-18."""

TAIL = (
    -1.6386373248754714e-06, 4.608744728982591e-05, -0.0005970529461310062,
    0.004760747710826218, -0.02642437092729083, 0.11008568029183151, 0.6318202467817906,
    1.1302367226333574, -0.0003209143829899536,
)  # fmt: skip
"""Of -log(erfc(x)) for x in [0.99, 4], for float32; error 1.7e-8, times erfc(x) < 0.17."""

MIDDLE = (
    1.279656906103857e-06, 2.0230281050784684e-06, -8.008028405430814e-06,
    -1.2848727107333101e-05, 6.406185219738507e-05, 4.525470823462358e-05,
    -0.0005970623560948188, 0.0007077464452986035, 0.00426913634773578, -0.02439249931829465,
    0.0716658371977442, -0.15011593650078722, 0.24560380171233198, -0.32623356004303716,
    0.17900115118138996,
)  # fmt: skip
"""Of erfcx(x) in t = (x - 3)/(x + 3) for x in [1, 6], for float64; error 1.0e-17."""

SCALED: Coefficients = {
    FLOAT: (
        -9.714709731988143e-06, -8.59703641317568e-06, 0.0001482094691445721,
        -0.00022049658164202712, -0.0007558842570188051, 0.005047344723414027,
        -0.016198516244698414, 0.037161413362401655, -0.06633020048068222, 0.09373409380727189,
        -0.1010390813977985, 0.06809693885725905, 0.015379652514656337, -0.13962111376213265,
        1.2329951186255526,
    ),
    DOUBLE: (
        9.655408225482863e-10, 1.5712153638319064e-09, -1.2544825403855518e-08,
        -1.6357383982124768e-08, 1.0683442936744586e-07, 7.111912428010423e-08,
        -8.218020654813044e-07, 2.980596055322769e-07, 5.707239573693257e-06,
        -1.1225140354449658e-05, -2.439811794207995e-05, 0.0001506231178516207,
        -0.00019925700412184815, -0.0007577737141838885, 0.005031970032548695,
        -0.01619773397992426, 0.0371675155318432, -0.06633036582050367, 0.09373283499865172,
        -0.10103906603585294, 0.0680970542546862, 0.015379652102610162, -0.1396211168405625,
        1.2329951186255526,
    ),
}  # fmt: skip
"""Of (1 + 2 x) erfcx(x) in t = (x - 4)/(x + 4) for all x >= 0; errors 2.1e-10 and 4.5e-17.

The quantity and the map are those of M. M. Shepherd and J. G. Laframboise, Chebyshev approximation
of (1 + 2x) exp(x^2) erfc x, Math. Comp. 36 (1981).
"""

EXP_REST = (
    2.4860745193047496e-05, 0.00019900441465296745, 0.001388885263392293, 0.008333297067428719,
    0.041666666722201, 0.16666666722219042, 0.5,
)  # fmt: skip
"""Of (exp(r) - 1 - r) / r**2, in float64 for results in float32; error 2.9e-11."""


FAR = 2.0**30
"""Where erfcx(x) is 1 / (x sqrt(pi))."""

INVERSE_NEAR: Coefficients = {
    FLOAT: (
        0.7426209324446215, -1.27908447605499, 1.1094319925351, -0.4452747183370004,
        0.18325790004902043, 0.04395999352417659, 0.0884422007791242, 0.1274710056582047,
        0.23201513773050503, 0.8862269213041812,
    ),
    DOUBLE: (
        25.480000442399778, -131.2599666484692, 318.54453797156015, -480.7344890993795,
        503.93497129519943, -388.4632874508949, 227.72809231935207, -103.52254904325153,
        36.963260459807096, -10.380275985756787, 2.3341490408373975, -0.378931461944417,
        0.08302326877978142, 0.025919141509766958, 0.03692221991203734, 0.042810239103899334,
        0.05173236670161177, 0.06495958811472576, 0.086552129736501, 0.12755617530122543,
        0.23201366653466982, 0.886226925452758,
    ),
}  # fmt: skip
"""Of erf_inv(x)/x in z = x**2 for |x| up to 3/4; errors 8.7e-9 and 2.0e-17."""

INVERSE_MIDDLE: Coefficients = {
    FLOAT: (
        0.0, -8.861195751972265e-05, 0.00010091751578224657, 0.0001942816269901747,
        -0.0010264190207231651, 0.0034601490126572256, -0.010007374561787841,
        0.025504580880342874, -0.057973721937858345, 0.11468671150832127, -0.17285337396961092,
    ),
    DOUBLE: (
        0.0, -1.2901348467472058e-08, 3.908295457670499e-08, -5.567686323230583e-08,
        7.632663117629257e-08, -8.830989466393455e-08, -8.090101067653633e-08,
        8.316966693936021e-07, -3.0184087377579526e-06, 8.329179968696644e-06,
        -1.9289820046428025e-05, 3.7484399508653666e-05, -5.570115529956799e-05,
        3.2621440181029164e-05, 0.0001764976414344392, -0.0009888225896586532,
        0.003463981873259477, -0.010015543949192152, 0.02550429457415247,
        -0.05797310945731928, 0.11468671490840487, -0.17285338124829092,
    ),
}  # fmt: skip
"""Of erf_inv(x)/w - 1, w = sqrt(-log(1 - x)), in w - 1.9375 for w in [1.17, 2.7]; errors 1.1e-8 and
1.1e-17. As many terms as in the next one."""

INVERSE_TAIL: Coefficients = {
    FLOAT: (
        -3.324808286117819e-08, 1.7441953376490916e-07, -6.275564750041724e-07,
        3.0163946923857234e-06, -1.4851720814746254e-05, 6.812457711761071e-05,
        -0.0003019253642474579, 0.0012891965426869913, -0.00520001376880148,
        0.018988246633751486, -0.05423381516455656,
    ),
    DOUBLE: (
        -1.67830185136723e-15, 7.030811785131021e-15, -1.8279399178376773e-15,
        -6.932496975697139e-15, -6.942576850724649e-14, -9.365458765680545e-14,
        3.1038130971475974e-12, -2.3538559148648048e-11, 1.4895987009976477e-10,
        -8.731872978913074e-10, 4.828229381470741e-09, -2.556315086084225e-08,
        1.3080647324819125e-07, -6.500677430630505e-07, 3.1452262533315285e-06,
        -1.4823458741244842e-05, 6.796218536317755e-05, -0.0003019397244355114,
        0.0012892792228965148, -0.005200011735926504, 0.018988234919989435,
        -0.05423381516455654,
    ),
}  # fmt: skip
"""The same in w - 4.375 for w in [2.695, 6.055]; errors 2.4e-9 and 2.6e-17."""


def _by_table(a: Value) -> Value:
    """Erf of numbers a >= 0 as a times a polynomial of the interval that a is in."""
    kind, width = a.kind, WIDTH[a.kind]
    a = at_most(a, 15.48 * width)
    _, index = nearest(a, 1.0 / width)
    r = a - avx512.looked_up(POINT[kind], index, kind)
    found = [avx512.looked_up(row, index, kind) for row in QUOTIENT[kind]]
    total = found[0]
    for c in found[1:]:
        total = a.builder.fma(total, r, c)
    return a * total


def erf(x: Value) -> Value:
    """The error function."""
    b, a = x.builder, absolute(x)
    if avx512.has_tables():
        return with_sign(at_most(_by_table(a), 1.0), x)
    near = _near_zero(x, x.kind)
    far = _far_single(a) if x.kind is FLOAT else _far_double(a)
    return b.select(a < 1.0, near, with_sign(far, x))


def _far_single(a: Value) -> Value:
    """erf(a) for a >= 1."""
    r, n = reduced(-polynomial(at_most(a, 4.0), TAIL))
    p = power_of_two(n)
    return (1.0 - p) - growth(r) * p


def _far_double(a: Value) -> Value:
    """erf(a) for a >= 1: the error of a**2 is multiplied by erfc(a)."""
    b = a.builder
    a = at_most(a, 6.0)
    r, n = reduced(-(a * a))
    scale = power_of_two(n) * polynomial((a - 3.0) / (a + 3.0), MIDDLE)
    return 1.0 - b.fma(growth(r), scale, scale)


def _near_zero(x: Value, precision: Kind) -> Value:
    """erf(x) for |x| below 1."""
    return x.builder.fma(x, polynomial(x * x, NEAR[precision]), x)


def erfc(x: Value) -> Value:
    """The complement 1 - erf(x), exact to its last place however small it is."""
    b = x.builder
    if x.kind is FLOAT:
        return b.cast(_erfc(b.cast(x, DOUBLE), FLOAT), FLOAT)
    return _erfc(x, DOUBLE)


def _erfc(x: Value, precision: Kind) -> Value:
    b = x.builder
    a = at_most(absolute(x), 28.0)
    c, c_low = _erfcx_positive(a, precision)
    square = a * a
    r, n = reduced(-square)
    e = _growth(r - b.fma(a, a, -square), precision)
    tail = scaled(c + b.fma(c, e, c_low), n)
    y = b.select(x < 0.0, 2.0 - tail, tail)
    return b.select(absolute(x) < 0.5, 1.0 - _near_zero(x, precision), y)


def _growth(r: Value, precision: Kind) -> Value:
    """exp(r) - 1, as exactly as results of a kind need it."""
    return growth(r) if precision is DOUBLE else x_plus(r, polynomial(r, EXP_REST))


def erfcx(x: Value) -> Value:
    """exp(x**2) erfc(x)."""
    b = x.builder
    if x.kind is FLOAT:
        return b.cast(_erfcx(b.cast(x, DOUBLE), FLOAT), FLOAT)
    return _erfcx(x, DOUBLE)


def _erfcx(x: Value, precision: Kind) -> Value:
    b, a = x.builder, absolute(x)
    c, c_low = _erfcx_positive(at_most(a, FAR), precision)
    positive = b.select(a > FAR, 0.5641895835477563 / a, c + c_low)
    near = at_most(a, 27.0)
    square = near * near
    r, n = reduced(square)
    e = _growth(r + b.fma(near, near, -square), precision)
    y = b.select(x < 0.0, scaled(e + 1.0, n + 1) - positive, positive)
    # erf(x) is odd, so that this serves both signs
    erf_near = _near_zero(x, precision)
    return b.select(a < 0.5, 1.0 + (e - b.fma(erf_near, e, erf_near)), y)


def _erfcx_positive(x: Value, precision: Kind) -> tuple[Value, Value]:
    """erfcx(x) for x from 1/2 to FAR, as a sum of two numbers.

    One division serves for t = (x - 4)/(x + 4) and for the one by 1 + 2 x; what it and the sums
    round away is found by fused operations. From 1/2 to 1 the polynomial is steep: ``slope`` is
    about what the error of t does there.
    """
    b = x.builder
    above, below, twice = x - 4.0, x + 4.0, x + 0.5
    inverse = 1.0 / (below * twice)
    t = above * (inverse * twice)
    if precision is not DOUBLE:
        return 0.5 * polynomial(t, SCALED[FLOAT]) * (inverse * below), b.constant(0.0, DOUBLE)
    left = b.fma(-t, below, above)
    left = left + ((x - (above + 4.0)) - t * (x - (below - 4.0)))
    slope = at_least(b.fma(t, -1.75, -0.85), 0.0)
    *higher, constant = SCALED[DOUBLE]
    rest = b.fma(polynomial(t, higher), t, left * (inverse * twice) * slope)
    p = rest + constant
    p_low = rest - (p - constant)
    divisor = 0.5 * (inverse * below)
    c = p * divisor
    double = twice + twice
    miss = (b.fma(-c, double, p) + p_low) - 2.0 * c * _lost(x, twice, 0.5)
    return c, miss * divisor


def _lost(x: Value, total: Value, c: float) -> Value:
    """What the sum x + c of two numbers that are not negative loses by rounding."""
    other = total - x
    return (x - (total - other)) + (c - other)


def erf_inv(x: Value) -> Value:
    """The inverse of the error function: a polynomial near 0, and one of sqrt(-log(1 - |x|))."""
    b, a = x.builder, absolute(x)
    near = b.fma(x, polynomial(x * x, INVERSE_NEAR[x.kind]), 0.0)  # SciPy's is 0 of -0
    square = -log_of(*divided(1.0 - at_least(a, 0.5), normal=True))
    w = b.intrinsic("sqrt", square)
    lost = b.fma(-w, w, square) / (w + w)
    middle = w < 2.6953125
    u = w - b.select(middle, b.constant(1.9375, x.kind), 4.375)
    pairs = zip(INVERSE_MIDDLE[x.kind], INVERSE_TAIL[x.kind], strict=True)
    p = b.constant(0.0, x.kind)
    for one, other in pairs:
        p = b.fma(p, u, b.select(middle, b.constant(one, x.kind), other))
    far = b.select(a < 1.0, w + b.fma(w, p, lost), b.select(a == 1.0, b.constant(inf, x.kind), nan))
    return b.select(a <= 0.75, near, b.select(x == x, with_sign(far, x), x))
