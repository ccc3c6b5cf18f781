"""Calls of elementwise functions."""

from __future__ import annotations

import numpy as np

from .arrays import (
    BOOLS,
    COLUMN,
    COUNTS,
    GAPS,
    INTS,
    LARGE,
    MASK,
    POSITIVE,
    ROW,
    ROW_MASK,
    SCALAR,
    SMALL,
    SPECIAL,
    X,
    Y,
)
from .checks import call

ANY_REAL = (
    "absolute abs fabs cbrt ceil floor trunc rint fix cos sin sinh cosh tanh arctan atan arcsinh "
    "asinh exp exp2 expm1 deg2rad rad2deg degrees radians conj conjugate isfinite isinf isnan "
    "negative positive sign signbit square spacing logical_not sinc isposinf isneginf "
    "real imag iscomplex isreal angle modf frexp"
).split()
POSITIVE_ONLY = "log log2 log10 log1p sqrt reciprocal".split()
INSIDE_ONE = "arcsin asin arccos acos arctanh atanh tan".split()
BINARY = (
    "add subtract multiply maximum minimum fmax fmin hypot copysign logaddexp logaddexp2 arctan2 "
    "atan2 less less_equal greater greater_equal equal not_equal logical_and logical_or "
    "logical_xor heaviside nextafter"
).split()
QUOTIENTS = "divide true_divide floor_divide remainder mod fmod divmod".split()
INTEGER = "bitwise_and bitwise_or bitwise_xor gcd lcm".split()
SHIFTS = "left_shift right_shift bitwise_left_shift bitwise_right_shift".split()

TABLE = {name: [call(X), call(SCALAR), call(INTS), call(2)] for name in ANY_REAL}
TABLE |= {name: [call(POSITIVE), call(SCALAR), call(COUNTS)] for name in POSITIVE_ONLY}
TABLE |= {name: [call(SMALL), call(np.float64(0.3)), call(INTS * 0)] for name in INSIDE_ONE}
TABLE |= {
    name: [
        call(X, Y),
        call(X, ROW * 1.01),
        call(COLUMN, 0.3),
        call(0.4, ROW),
        call(INTS, COUNTS),
        call(X, SCALAR),
        call(X, COUNTS),
        call([1.0, 2.0, 3.0], X),
        call(SCALAR, 2),
    ]
    for name in BINARY
}
for name in ("maximum", "minimum", "fmax", "fmin", "arctan2", "atan2"):
    # A plain list reaches the rules of these operators as a list, under np.maximum([...], tracer).
    TABLE[name] = [c for c in TABLE[name] if not isinstance(c.args[0], list)]
TABLE["nextafter"] = [call(X, Y, _derivative=False)]
TABLE["copysign"] = [call(X, Y), call(2.0, ROW), call(X, -1.0)]
TABLE |= {
    name: [
        call(X, POSITIVE * 0.71),
        call(X, 0.7),
        call(2.6, POSITIVE),
        call(INTS, COUNTS),
        call(INTS, 4),
        call(X, COUNTS),
    ]
    for name in QUOTIENTS
}
TABLE |= {name: [call(INTS, COUNTS), call(INTS, 6)] for name in INTEGER}
TABLE |= {name: [call(COUNTS, np.array([1, 0, 2])), call(COUNTS, 2)] for name in SHIFTS}
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    TABLE[name] += [call(BOOLS, MASK)]
for name in ("logical_and", "logical_or", "logical_xor", "equal"):
    TABLE[name] += [call(BOOLS, MASK), call(BOOLS, X)]
for name in ("absolute", "sign", "negative", "square", "isnan", "isfinite", "fix"):
    TABLE[name] += [call(COUNTS.astype("i2")), call(COUNTS.astype("u1"))]
for name in ("isposinf", "isneginf", "isinf", "isnan", "isfinite", "signbit"):
    TABLE[name] += [call(SPECIAL, _derivative=False)]

TABLE |= {
    "arccosh": [call(LARGE), call(np.float64(1.5))],
    "acosh": [call(LARGE)],
    "power": [
        call(POSITIVE, Y),
        call(POSITIVE, 1.5),
        call(X, 3, _dtypes="fd"),
        call(2.0, X),
        call(X, COUNTS, _dtypes="fd"),
        call(COUNTS, COUNTS),
        call(COUNTS, 2),
        call(SCALAR, SCALAR),
        call(X, 0),
        call(X, 2),
        call(X, 1),
        call(POSITIVE, 0.5),
        call(POSITIVE, -1),
    ],
    "pow": [call(POSITIVE, Y)],
    "float_power": [call(POSITIVE, Y), call(COUNTS, 2), call(POSITIVE, 2), call(2, POSITIVE)],
    "ldexp": [call(X, COUNTS), call(X, 3)],
    "invert": [call(INTS), call(BOOLS)],
    "bitwise_not": [call(INTS)],
    "bitwise_invert": [call(BOOLS)],
    "bitwise_count": [call(INTS), call(COUNTS.astype("u1"))],
    "where": [
        call(MASK, X, Y),
        call(ROW_MASK, X, 0),
        call(MASK, 1.0, X),
        call(MASK, 1, COLUMN),
        call(INTS > 0, INTS, 2),
        call(X, Y, 0.0, _derivative=False),
        call(MASK, INTS, 0.5),
        call(np.True_, X, Y),
        call(MASK, X, INTS),
        call(MASK, SCALAR, 0.0),
        call(MASK, INTS, INTS, _traced="all"),
        call(MASK, X, Y, _traced="all"),
        call(MASK, _traced="all", _concrete=True),
    ],
    "clip": [
        call(X, -0.5, 0.7),
        call(X, None, 0.7),
        call(X, -0.5, None),
        call(X, ROW - 0.4, ROW + 0.4),
        call(X, min=-0.2),
        call(X, max=0.3),
        call(INTS, 0, 3),
        call(X, -1, 1),
        call(SCALAR, 0, 1),
        call(INTS, 0.5, 2.5),
        call(X, min=-0.5, max=0.5),
        call(X),
    ],
    "round": [
        call(X),
        call(X, 1, _derivative=False),
        call(INTS, -1),
        call(X * 100, -1),
        call(X, decimals=2, _derivative=False),
        call(SCALAR, 1, _derivative=False),
    ],
    "around": [call(X, 1, _derivative=False)],
    "angle": [call(X), call(X, True), call(X, deg=True)],
    "real_if_close": [call(X, _dtypes="fd")],
    "nan_to_num": [
        call(X),
        call(GAPS, nan=2.0),
        call(SPECIAL, posinf=3.0, neginf=-4.0),
        call(SPECIAL, 1, 7.0, _derivative=False),
        call(INTS),
    ],
    "isclose": [
        call(X, Y),
        call(X, X * (1 + 1e-6)),
        call(X, 0.3, 1e-3, 2.0),
        call(INTS, COUNTS),
        call(GAPS, GAPS, equal_nan=True),
        call(SPECIAL, SPECIAL),
    ],
    "allclose": [call(X, Y), call(X, X), call(GAPS, GAPS, equal_nan=True)],
    "array_equal": [call(X, X), call(X, Y), call(X, ROW), call(GAPS, GAPS, equal_nan=True)],
    "array_equiv": [call(X, X), call(X, ROW), call(X, np.ones((2, 4)))],
    "iscomplexobj": [call(X)],
    "isrealobj": [call(X)],
}
