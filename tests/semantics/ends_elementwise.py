"""The elementwise functions, and what they are in mpmath."""

from __future__ import annotations

import mpmath as mp
import numpy as np
from semantics.ends import Elementwise

LN2, LN10 = np.log(2), np.log(10)


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def cube_root(x):
    return mp.sign(x) * mp.cbrt(abs(x))


def sinc(x):
    return mp.sin(mp.pi * x) / (mp.pi * x)


E = Elementwise
ONE = {
    "abs": E(abs, kinds="f"), "fabs": E(abs, kinds="f"),
    "arccos": E(mp.acos, -1, 1), "arccosh": E(mp.acosh, 1), "arcsin": E(mp.asin, -1, 1),
    "arcsinh": E(mp.asinh), "arctan": E(mp.atan), "arctanh": E(mp.atanh, -1, 1, absolute=(2,)),
    "cbrt": E(cube_root, kinds="f"), "conjugate": E(lambda x: x, kinds="f"),
    "cos": E(mp.cos), "cosh": E(mp.cosh), "deg2rad": E(lambda x: x * mp.pi / 180, kinds="f"),
    "exp": E(mp.exp), "exp2": E(lambda x: mp.mpf(2) ** x), "expm1": E(mp.expm1),
    "log": E(mp.log, 0), "log10": E(lambda x: mp.log(x) / mp.log(10), 0),
    "log2": E(lambda x: mp.log(x) / mp.log(2), 0), "log1p": E(lambda x: mp.log(1 + x), -1),
    "negative": E(lambda x: -x), "positive": E(lambda x: x),
    "rad2deg": E(lambda x: x * 180 / mp.pi, kinds="f"), "real": E(lambda x: x, kinds="f"),
    "imag": E(lambda x: 0 * x, kinds="f"), "reciprocal": E(lambda x: 1 / x),
    "sin": E(mp.sin), "sinh": E(mp.sinh), "sqrt": E(mp.sqrt, 0), "square": E(lambda x: x * x),
    "tan": E(mp.tan), "tanh": E(mp.tanh), "sinc": E(sinc, kinds="f"),
}
