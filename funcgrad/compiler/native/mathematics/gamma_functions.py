"""The logarithm of the gamma function and its derivative, in float64.

Near 0 they come from an interval by the recurrence, far away from Stirling's series; negative
numbers far away are reflected (NIST Digital Library of Mathematical Functions, 5.5 and 5.11).
Coefficients are those of polynomials through Chebyshev points, computed with mpmath.
"""

from __future__ import annotations

from math import inf, nan, pi

from ..builder import Value
from ..kinds import DOUBLE, FLOAT
from .formats import absolute, polynomial
from .logarithms import ATANH, log
from .powers import long_log
from .trigonometry import cos, sin

FAR = 7.5
"""From here on Stirling's series is used."""

BESIDE_TWO = (
    7.558472696788447e-08, 5.025731736555141e-08, 6.2426286817793866e-09,
    -1.9264000508094273e-07, 2.0758927598859588e-07, -4.018330416059452e-07,
    9.670254916827003e-07, -2.052482416724873e-06, 4.370089307840295e-06, -9.43727020655551e-06,
    2.0508175353649692e-05, -4.4926464931326535e-05, 9.945740198894934e-05,
    -0.00022315474408602818, 0.0005096695320648715, -0.0011927539122376619,
    0.002890510330482064, -0.007385551028663193, 0.020580808427788703, -0.06735230105319819,
    0.3224670334241132, 0.42278433509846713,
)  # fmt: skip
"""Of lgamma(2 + d) / d for d from -3/4 to 1/2; relative error 6.7e-18."""

STIRLING = (
    -0.019960699917191262, 0.006159482931227775, -0.0019139313272278763, 0.0008417216737331459,
    -0.0005952379653539187, 0.0007936507933649074, -0.0027777777777775368, 0.08333333333333333,
)  # fmt: skip
"""Of x (lgamma(x) - (x - 1/2) log(x) + x - log(2 pi)/2) in 1/x**2; relative error 4e-19."""

HALF_LOG_TAU = 0.9189385332046728

ROOT = (1.4616321449683622, 9.549995429965697e-17)
"""Where digamma is 0, in two parts."""

BESIDE_ROOT = (
    9.764772440743301e-06, -1.586777462324663e-05, 1.9454082468852876e-06, -3.1613747929558e-06,
    3.0746595771546876e-05, -4.9963864809165614e-05, 6.527821113734726e-05, -0.00010608152410317694,
    0.0001787218407904577, -0.0002904536238760409, 0.00047038693538688274, -0.0007645910164824769,
    0.0012433224248890764, -0.0020218773225185744, 0.003289429308331308, -0.005355729096668171,
    0.008730867749897028, -0.014262521424889553, 0.023380439935178125, -0.03855782679367573,
    0.06426251743360172, -0.10919698588599112, 0.19272012460146237, -0.36977496445741076,
    0.9015925158282158,
)  # fmt: skip
"""Of digamma(x) over the distance to its root, in x - 1.625 from 1 to 2.25; error 3.7e-18."""

MIDDLE = 1.625

DIGAMMA = (
    1.6578119782136997, -0.40320899981180536, 0.08266411425946268, -0.02108606975683416,
    0.007575717224067808, -0.004166666529409606, 0.003968253968018631, -0.008333333333333177,
    0.08333333333333333,
)  # fmt: skip
"""Of x**2 (log(x) - 1/(2x) - digamma(x)) in 1/x**2; error 2.1e-19."""


def lgamma(x: Value) -> Value:
    """The logarithm of the absolute value of the gamma function."""
    b = x.builder
    if x.kind is FLOAT:
        return b.cast(lgamma(b.cast(x, DOUBLE)), FLOAT)
    near = (x > -FAR) & (x < FAR)
    found = b.select(near, _lgamma_near(b.select(near, x, 1.0)), _lgamma_far(x))
    found = b.select(absolute(x) == inf, x, found)  # as SciPy has it
    return b.select(x == x, found, x)


def _lgamma_near(x: Value) -> Value:
    """From 2 + d, d from -3/4 to 1/2, by the numbers in between."""
    b, one = x.builder, x.builder.constant(1.0, x.kind)
    whole = b.intrinsic("roundeven", x)
    whole = b.select((x >= 1.25) & (x < 2.0), 2.0, whole)
    d = x - whole
    between = one
    for j in range(int(-FAR) - 1, int(FAR) + 1):
        used = whole > float(j) if j >= 2 else whole <= float(j)
        between = between * b.select(used, d + float(j), one)
    slope = polynomial(d, BESIDE_TWO)
    steps = log(absolute(between))
    steps = b.select(whole > 2.0, steps, -steps)
    # near 1 the first terms of d * slope and log(1 + d) are subtracted by themselves
    beside_one = (whole == 1.0) & (absolute(d) < 0.25)
    found = b.fma(d, slope, b.select(whole == 2.0, 0.0, steps))
    return b.select(beside_one, b.fma(d, slope - 1.0, _above_log1p(d)), found)


def _above_log1p(d: Value) -> Value:
    """The difference d - log(1 + d) for |d| up to 1/4."""
    s = d / (d + 2.0)
    z, half = s * s, (d * d) * 0.5
    return half - s * (half + (z + z) * polynomial(z, ATANH[DOUBLE]))


def _lgamma_far(x: Value) -> Value:
    """Stirling's series of |x|, reflected for negative x."""
    b, a = x.builder, absolute(x)
    high, low = long_log(b.select(a < inf, a, 1.0))
    t = a - 0.5
    product = t * high
    rest = b.fma(t, high, -product) + t * low
    total = product - a
    inverse = 1.0 / a
    rest = rest + ((product - total) - a) + inverse * polynomial(inverse * inverse, STIRLING)
    found = b.select(a > 2.5e305, product, total + (rest + HALF_LOG_TAU))
    turn = a - b.intrinsic("roundeven", a)
    sine = absolute(sin(turn * pi))
    return b.select(x < 0.0, -(found + log(a * sine / pi)), found)


def digamma(x: Value) -> Value:
    """The derivative of lgamma."""
    b = x.builder
    if x.kind is FLOAT:
        return b.cast(digamma(b.cast(x, DOUBLE)), FLOAT)
    left = x < 0.0
    a = b.select(left, 1.0 - x, x)
    near = a < FAR
    found = b.select(near, _digamma_near(b.select(near, a, 1.0)), _digamma_far(a))
    found = b.select(left, found - _cotangent(x), found)
    found = b.select(x == -inf, nan, found)
    return b.select(x == x, found, x)


def _digamma_near(x: Value) -> Value:
    """From the interval between 1 and 2.25, by the numbers in between."""
    b, none = x.builder, x.builder.constant(0.0, x.kind)
    count = b.intrinsic("floor", x - 1.25)
    count = b.select(x < 2.25, b.select(x < 1.0, -1.0, none), count)
    y = x - count
    distance = b.select(x < 1.0, x - (ROOT[0] - 1.0), y - ROOT[0]) - ROOT[1]
    found = distance * polynomial(y - MIDDLE, BESIDE_ROOT)
    more = none
    for j in range(int(FAR - 1.25), 0, -1):
        used = count >= float(j)
        more = more + b.select(used, 1.0, none) / b.select(used, x - float(j), 1.0)
    inverse = 1.0 / x
    left_out = b.fma(-x, inverse, 1.0) * inverse
    left_out = b.select(absolute(inverse) < inf, left_out, 0.0)
    return b.select(x < 1.0, (found - left_out) - inverse, found + more)


def _digamma_far(x: Value) -> Value:
    b, inverse = x.builder, 1.0 / x
    square = inverse * inverse
    return log(x) - b.fma(square, polynomial(square, DIGAMMA), 0.5 * inverse)


def _cotangent(x: Value) -> Value:
    """Pi times the cotangent of pi x; NaN at integers."""
    b = x.builder
    turn = x - b.intrinsic("roundeven", x)
    angle = turn * pi
    low = b.fma(turn, pi, -angle) + turn * 1.2246467991473532e-16
    sine = sin(angle)
    change = b.select(absolute(turn) > 1e-100, low / (sine * sine), 0.0)
    found = (cos(angle) / sine - change) * pi
    return b.select(turn == 0.0, nan, found)
