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
    "abs": E(abs, kinds="f"),
    "fabs": E(abs, kinds="f"),
    "arccos": E(mp.acos, -1, 1),
    "arccosh": E(mp.acosh, 1),
    "arcsin": E(mp.asin, -1, 1),
    "arcsinh": E(mp.asinh),
    "arctan": E(mp.atan),
    "arctanh": E(mp.atanh, -1, 1, absolute=(2,)),
    "cbrt": E(cube_root, kinds="f"),
    "conjugate": E(lambda x: x, kinds="f"),
    "cos": E(mp.cos),
    "cosh": E(mp.cosh),
    "deg2rad": E(lambda x: x * mp.pi / 180, kinds="f"),
    "exp": E(mp.exp),
    "exp2": E(lambda x: mp.mpf(2) ** x),
    "expm1": E(mp.expm1),
    "log": E(mp.log, 0),
    "log10": E(lambda x: mp.log(x) / mp.log(10), 0),
    "log2": E(lambda x: mp.log(x) / mp.log(2), 0),
    "log1p": E(lambda x: mp.log(1 + x), -1),
    "negative": E(lambda x: -x),
    "positive": E(lambda x: x),
    "rad2deg": E(lambda x: x * 180 / mp.pi, kinds="f"),
    "real": E(lambda x: x, kinds="f"),
    "imag": E(lambda x: 0 * x, kinds="f"),
    "reciprocal": E(lambda x: 1 / x),
    "sin": E(mp.sin),
    "sinh": E(mp.sinh),
    "sqrt": E(mp.sqrt, 0),
    "square": E(lambda x: x * x),
    "tan": E(mp.tan),
    "tanh": E(mp.tanh),
    "sinc": E(sinc, kinds="f"),
}

LOW = 60
"""Digits for functions of which mpmath needs long, at moderate arguments."""


def softplus(x):
    return mp.log1p(mp.exp(x))


def log_sum(x, y):
    return mp.log(mp.exp(x) + mp.exp(y))


def log_sum_2(x, y):
    return mp.log(mp.mpf(2) ** x + mp.mpf(2) ** y) / mp.log(2)


def two(exact, kinds="f", **options):
    return E(exact, kinds=kinds, operands=2, **options)


TWO = {
    "add": two(lambda x, y: x + y, "fc"),
    "subtract": two(lambda x, y: x - y, "fc"),
    "multiply": two(lambda x, y: x * y, "fc"),
    "divide": two(lambda x, y: x / y, "fc"),
    "power": two(lambda x, y: x**y, low=0, largest=1e290),
    "arctan2": two(lambda y, x: mp.atan2(y, x)),
    "hypot": two(lambda x, y: mp.sqrt(x * x + y * y)),
    "logaddexp": two(log_sum, largest=1e5),
    "logaddexp2": two(log_sum_2, largest=1e5),
    "copysign": two(lambda x, y: abs(x) * mp.sign(y)),
    "maximum": two(max),
    "minimum": two(min),
    "fmax": two(max),
    "fmin": two(min),
}
LAX = {
    "logistic": E(logistic),
    "rsqrt": E(lambda x: 1 / mp.sqrt(x), 0),
    "erf": E(mp.erf, kinds="f", largest=1e5),
    "erfc": E(mp.erfc, kinds="f", largest=1e5),
    "erf_inv": E(mp.erfinv, -1, 1, kinds="f", digits=LOW, smallest=1e-4),
    "lgamma": E(mp.loggamma, 0, kinds="f", digits=LOW, smallest=1e-3, largest=1e5),
    "digamma": E(mp.digamma, 0, kinds="f", digits=LOW, smallest=1e-3, largest=1e5),
}
POWERS = {
    "x**-1": (lambda x: x**-1, E(lambda x: 1 / x)),
    "x**-2.0": (lambda x: x**-2.0, E(lambda x: 1 / (x * x), kinds="f")),
    "x**0.5": (lambda x: x**0.5, E(mp.sqrt, 0)),
    "x**3": (lambda x: x**3, E(lambda x: x**3)),
    "x**2": (lambda x: x**2, E(lambda x: x**2)),
    "x * log(x)": (lambda x: x * np.log(x), E(lambda x: x * mp.log(x), 0)),
}
SCIPY = {
    "log_expit": E(lambda x: -softplus(-x), kinds="f"),
    "expit": E(logistic, kinds="f"),
    "logit": E(lambda x: mp.log(x / (1 - x)), 0, 1, kinds="f"),
    "entr": E(lambda x: -x * mp.log(x), 0, kinds="f"),
    "ndtr": E(lambda x: mp.erfc(-x / mp.sqrt(2)) / 2, kinds="f", largest=1e5),
    "xlogy": two(lambda x, y: x * mp.log(y), low=0),
    "xlog1py": two(lambda x, y: x * mp.log(1 + y), low=0),
    "rel_entr": two(lambda x, y: x * mp.log(x / y), low=0, units=2048),
    "kl_div": two(lambda x, y: x * mp.log(x / y) - x + y, low=0, units=2048),
}
