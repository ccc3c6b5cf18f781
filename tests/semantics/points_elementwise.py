"""Singular points of functions of numbers."""

from __future__ import annotations

import numpy as np
import scipy.special
from semantics.points import Point

import funcgrad as fg

ZERO, ONE, INF = np.float64(0.0), np.float64(1.0), np.float64(np.inf)
HALF = [0.5, 0.5]

ABSOLUTE = [
    Point("abs(x)", "0", np.abs, (ZERO,), [0], 0, "JAX: 1"),
    Point("fabs(x)", "0", np.fabs, (ZERO,), [0]),
    Point("abs(x + iy)", "(0, 0)", lambda x, y: np.abs(x + 1j * y), (ZERO, ZERO), [0, 0]),
    Point("angle(x + iy)", "(0, 0)", lambda x, y: np.angle(x + 1j * y), (ZERO, ZERO), [0, 0]),
    Point("real(sign(x + iy))", "(0, 0)", lambda x, y: np.real(np.sign(x + 1j * y)), (ZERO, ZERO),
          [0, 0], 0, "a jump"),
    Point("hypot(x, y)", "(0, 0)", np.hypot, (ZERO, ZERO), [0, 0], 0, "JAX: (1/2, 1/2)"),
    Point("arctan2(y, x)", "(0, 0)", np.arctan2, (ZERO, ZERO), [0, 0], 0,
          "no limit; 0 by convention; JAX: NaN"),
    Point("hypot(x, y)", "(inf, 1)", np.hypot, (INF, ONE), [1, 0]),
    Point("hypot(x, y)", "(inf, inf)", np.hypot, (INF, INF), [np.sqrt(0.5), np.sqrt(0.5)], 0,
          "the direction of the signs"),
    Point("arctan2(y, x)", "(inf, 1)", np.arctan2, (INF, ONE), [0, 0]),
    Point("copysign(x, 1)", "0", lambda x: np.copysign(x, 1.0), (ZERO,), [0], 0, "is abs(x)"),
    Point("copysign(x, -1)", "0", lambda x: np.copysign(x, -1.0), (ZERO,), [0], 0, "is -abs(x)"),
    Point("sinc(x)", "0", np.sinc, (ZERO,), [0], [[-(np.pi**2) / 3]], "removable"),
]

CHOICES = [
    Point("maximum(x, y)", "x = y", np.maximum, (ONE, ONE), HALF),
    Point("minimum(x, y)", "x = y", np.minimum, (ONE, ONE), HALF),
    Point("maximum(x, 0)", "0", lambda x: np.maximum(x, 0.0), (ZERO,), [0.5], 0,
          "the constant has the other half"),
    Point("fmax(x, y)", "x = y", np.fmax, (ONE, ONE), HALF),
    Point("fmin(x, y)", "x = y", np.fmin, (ONE, ONE), HALF),
    Point("fmax(x, nan)", "1", lambda x: np.fmax(x, np.nan), (ONE,), [1]),
    Point("clip(x, 0, 1)", "0", lambda x: np.clip(x, 0.0, 1.0), (ZERO,), [0.5], 0,
          "is minimum(maximum(x, 0), 1)"),
    Point("clip(x, a, b)", "x = a = 0, b = 1", np.clip, (ZERO, ZERO, ONE), [0.5, 0.5, 0]),
    Point("clip(x, a, b)", "a = 0, x = b = 1", np.clip, (ONE, ZERO, ONE), [0.5, 0, 0.5]),
    Point("x * (x > 0)", "0", lambda x: x * (x > 0), (ZERO,), [0], 0, "not maximum(x, 0)"),
]

STEPS = [
    Point("sign(x)", "0", np.sign, (ZERO,), [0], 0, "a jump"),
    Point("floor(x)", "2", np.floor, (2 * ONE,), [0], 0, "a jump"),
    Point("ceil(x)", "2", np.ceil, (2 * ONE,), [0], 0, "a jump"),
    Point("trunc(x)", "2", np.trunc, (2 * ONE,), [0], 0, "a jump"),
    Point("round(x)", "0.5", np.round, (ONE / 2,), [0], 0, "a jump"),
    Point("heaviside(x, 0.5)", "0", lambda x: np.heaviside(x, 0.5), (ZERO,), [0], 0, "a jump"),
    Point("remainder(x, y)", "(6, 2)", np.remainder, (6 * ONE, 2 * ONE), [1, -3], 0,
          "that of the branch whose value it has"),
    Point("remainder(x, y)", "(1, 0.1)", np.remainder, (ONE, ONE / 10), [1, -9], 0,
          "0.1 is above 1/10, hence 9"),
    Point("fmod(x, y)", "(-6, 2)", np.fmod, (-6 * ONE, 2 * ONE), [1, 3], 0,
          "that of the branch whose value it has"),
    Point("fmod(x, y)", "(1, 0.1)", np.fmod, (ONE, ONE / 10), [1, -9]),
    Point("nextafter(x, y)", "(0, 1)", np.nextafter, (ZERO, ONE), [0, 0], 0, "has no derivative"),
]

POWERS = [
    Point("sqrt(x)", "0", np.sqrt, (ZERO,), [INF], [[-INF]], "infinite from the right"),
    Point("cbrt(x)", "0", np.cbrt, (ZERO,), [INF], [[-INF]], "the second from the right"),
    Point("1 / x", "0", lambda x: 1 / x, (ZERO,), [-INF], [[INF]], "from the right"),
    Point("reciprocal(x)", "0", np.reciprocal, (ZERO,), [-INF], [[INF]], "from the right"),
    Point("x**2", "0", lambda x: x**2, (ZERO,), [0], [[2]]),
    Point("x**1", "0", lambda x: x**1, (ZERO,), [1], 0),
    Point("x**0", "0", lambda x: x**0, (ZERO,), [0], 0),
    Point("x**0.5", "0", lambda x: x**0.5, (ZERO,), [INF], [[-INF]]),
    Point("x**1.5", "0", lambda x: x**1.5, (ZERO,), [0], [[INF]]),
    Point("x**2.5", "0", lambda x: x**2.5, (ZERO,), [0], 0),
    Point("x**-1", "0", lambda x: x**-1, (ZERO,), [-INF], [[INF]]),
    Point("power(x, n), integers n", "x = 0, n = 0, 1, 2, 3",
          lambda x: np.power(x, np.array([0, 1, 2, 3])), (ZERO,), [[0], [1], [0], [0]],
          [[[0]], [[0]], [[2]], [[0]]]),
    Point("power(x, y)", "(0, 3)", np.power, (ZERO, 3 * ONE), [0, 0], 0),
    Point("power(x, y)", "(0, 2)", np.power, (ZERO, 2 * ONE), [0, 0], [[2, 0], [0, 0]]),
    Point("power(x, y)", "(2, 0)", np.power, (2 * ONE, ZERO), [0, np.log(2)],
          [[0, 0.5], [0.5, np.log(2) ** 2]]),
    Point("power(0, y)", "2", lambda y: np.power(0.0, y), (2 * ONE,), [0]),
    Point("power(0, y)", "0", lambda y: np.power(0.0, y), (ZERO,), [0], 0, "a jump"),
    Point("power(0, y)", "-1", lambda y: np.power(0.0, y), (-ONE,), [0], 0,
          "inf on both sides, as a constant"),
]

LOGARITHMS = [
    Point("log(x)", "0", np.log, (ZERO,), [INF], [[-INF]], "from the right"),
    Point("log2(x)", "0", np.log2, (ZERO,), [INF], [[-INF]], "from the right"),
    Point("log10(x)", "0", np.log10, (ZERO,), [INF], [[-INF]], "from the right"),
    Point("log1p(x)", "-1", np.log1p, (-ONE,), [INF], [[-INF]], "from the right"),
    Point("arcsin(x)", "1", np.arcsin, (ONE,), [INF], [[INF]], "from the left"),
    Point("arcsin(x)", "-1", np.arcsin, (-ONE,), [INF], [[-INF]], "from the right"),
    Point("arccos(x)", "1", np.arccos, (ONE,), [-INF], [[-INF]], "from the left"),
    Point("arctanh(x)", "1", np.arctanh, (ONE,), [INF], [[INF]], "from the left"),
    Point("arccosh(x)", "1", np.arccosh, (ONE,), [INF], [[-INF]], "from the right"),
    Point("xlogy(x, y)", "(0, 0)", scipy.special.xlogy, (ZERO, ZERO), [0, 0], 0,
          "0 is chosen between -inf and no limit"),
    Point("xlogy(x, y)", "(0, 2)", scipy.special.xlogy, (ZERO, 2 * ONE), [np.log(2), 0],
          [[0, 0.5], [0.5, 0]]),
    Point("xlog1py(x, y)", "(0, -1)", scipy.special.xlog1py, (ZERO, -ONE), [0, 0]),
    Point("entr(x)", "0", scipy.special.entr, (ZERO,), [INF], [[-INF]], "from the right"),
    Point("rel_entr(x, y)", "(0, 2)", scipy.special.rel_entr, (ZERO, 2 * ONE), [-INF, 0],
          [[INF, -0.5], [-0.5, 0]], "from the right"),
    Point("kl_div(x, y)", "(0, 2)", scipy.special.kl_div, (ZERO, 2 * ONE), [-INF, 1],
          [[INF, -0.5], [-0.5, 0]], "from the right"),
    Point("logit(x)", "0", scipy.special.logit, (ZERO,), [INF], [[-INF]], "from the right"),
    Point("logit(x)", "1", scipy.special.logit, (ONE,), [INF], [[INF]], "from the left"),
    Point("logaddexp(x, y)", "(-inf, -inf)", np.logaddexp, (-INF, -INF), HALF, 0,
          "the shares add up to 1"),
    Point("logaddexp(x, y)", "(inf, inf)", np.logaddexp, (INF, INF), HALF),
    Point("logaddexp(x, y)", "(-inf, 0)", np.logaddexp, (-INF, ZERO), [0, 1]),
    Point("logaddexp(x, y)", "(inf, 0)", np.logaddexp, (INF, ZERO), [1, 0]),
    Point("logaddexp2(x, y)", "(-inf, -inf)", np.logaddexp2, (-INF, -INF), HALF),
    Point("erf(x)", "inf", fg.lax.erf, (INF,), [0], 0, "the limit, at every order"),
    Point("erfc(x)", "-inf", fg.lax.erfc, (-INF,), [0], 0, "the limit, at every order"),
    Point("erf_inv(x)", "1", fg.lax.erf_inv, (ONE,), [INF], [[INF]], "from the left"),
]
