"""The continuous distributions. Formulas are those of Johnson, Kotz and Balakrishnan's tables."""

from __future__ import annotations

import operator
from itertools import accumulate
from typing import Any

import mpmath as mp

from .comparing import Compared
from .families import Family
from .incomplete import beta_quantile
from .references import beta, lower, student, upper

SHAPE, ARGUMENT, TAIL = ("log", 5e-2, 1e2), ("log", 1e-3, 2e2), ("sign", 1e-3, 36.0)
INSIDE, FAR = ("line", 1e-3, 0.999), ("sign", 1e-3, 1e6)
lg, psi, log, exp = mp.loggamma, mp.digamma, mp.log, mp.exp


def _f_inside(x: Any, n: Any, m: Any) -> Any:
    return n * x / (m + n * x)


def _log_beta(a: Any, b: Any) -> Any:
    return lg(a) + lg(b) - lg(a + b)


def _log_student(x: Any, df: Any) -> Any:
    return lg((df + 1) / 2) - lg(df / 2) - log(df * mp.pi) / 2 - (df + 1) / 2 * mp.log1p(x * x / df)


def _student_entropy(df: Any) -> Any:
    half = (df + 1) / 2
    return half * (psi(half) - psi(df / 2)) + log(df) / 2 + _log_beta(df / 2, mp.mpf(1) / 2)


def _f_entropy(n: Any, m: Any) -> Any:
    a, b = n / 2, m / 2
    return _log_beta(a, b) + log(m / n) + (1 - a) * psi(a) - (1 + b) * psi(b) + (a + b) * psi(a + b)


def _gamma_entropy(a: Any) -> Any:
    return a + lg(a) + (1 - a) * psi(a)


def _beta_entropy(a: Any, b: Any) -> Any:
    return _log_beta(a, b) - (a - 1) * psi(a) - (b - 1) * psi(b) + (a + b - 2) * psi(a + b)


def _general(x: Any, b: Any) -> Any:
    tail = upper(1 / b, abs(x) ** b) / 2
    return tail if x < 0 else 1 - tail


def _mass(a: Any, b: Any) -> Any:
    """The normal probability between two numbers."""
    return mp.ncdf(-a) - mp.ncdf(-b) if a > 0 else mp.ncdf(b) - mp.ncdf(a)


def _truncated_mean(a: Any, b: Any) -> Any:
    return (mp.npdf(a) - mp.npdf(b)) / _mass(a, b)


def _truncated_variance(a: Any, b: Any) -> Any:
    ends = (a * mp.npdf(a) - b * mp.npdf(b)) / _mass(a, b)
    return 1 + ends - _truncated_mean(a, b) ** 2


def _truncated_entropy(a: Any, b: Any) -> Any:
    mass = _mass(a, b)
    return log(mass) + log(2 * mp.pi * mp.e) / 2 + (a * mp.npdf(a) - b * mp.npdf(b)) / (2 * mass)


def _waves(k: Any) -> list[Any]:
    """The means of cos(j x) of von Mises' numbers from j = 1 on: quotients of I, by recurrence."""
    quotients, after = [], mp.mpf(0)
    for j in range(110, 0, -1):
        after = 1 / (2 * j / k + after)
        quotients.append(after)
    return list(accumulate(reversed(quotients), operator.mul))


def _around(x: Any, k: Any) -> Any:
    waves = (wave * mp.sin(j * x) / j for j, wave in enumerate(_waves(k), start=1))
    return mp.mpf(1) / 2 + (x / 2 + mp.fsum(waves)) / mp.pi


def _variance_around(k: Any) -> Any:
    waves = ((-1) ** j * wave / j**2 for j, wave in enumerate(_waves(k), start=1))
    return mp.pi**2 / 3 + 4 * mp.fsum(waves)


def _wrapped(x: Any, c: Any) -> Any:
    share = mp.atan2((1 + c) * mp.sin(x / 2), (1 - c) * mp.cos(x / 2)) / mp.pi
    return share if share >= 0 else share + 1


FAMILIES = [
    Family("norm", TAIL, (), lambda x: -x * x / 2 - log(2 * mp.pi) / 2, mp.ncdf,
           lambda x: mp.ncdf(-x), lambda: log(2 * mp.pi * mp.e) / 2, lambda: mp.mpf(0),
           lambda: mp.mpf(1)),
    Family("uniform", INSIDE, (), lambda x: mp.mpf(0) * x, lambda x: x, lambda x: 1 - x,
           lambda: mp.mpf(0), lambda: mp.mpf(1) / 2, lambda: mp.mpf(1) / 12),
    Family("expon", ("log", 1e-30, 600.0), (), lambda x: -x, lambda x: -mp.expm1(-x),
           lambda x: exp(-x), lambda: mp.mpf(1), lambda: mp.mpf(1), lambda: mp.mpf(1)),
    Family("cauchy", ("sign", 1e-30, 1e100), (), lambda x: -log(mp.pi) - log(1 + x * x),
           lambda x: mp.atan2(1, -x) / mp.pi, lambda x: mp.atan2(1, x) / mp.pi,
           lambda: log(4 * mp.pi)),
    Family("laplace", ("sign", 1e-30, 600.0), (), lambda x: -abs(x) - log(2),
           lambda x: exp(x) / 2 if x < 0 else 1 - exp(-x) / 2,
           lambda x: exp(-x) / 2 if x > 0 else 1 - exp(x) / 2,
           lambda: 1 + log(2), lambda: mp.mpf(0), lambda: mp.mpf(2)),
    Family("logistic", ("sign", 1e-3, 600.0), (), lambda x: -x - 2 * mp.log1p(exp(-x)),
           lambda x: 1 / (1 + exp(-x)), lambda x: 1 / (1 + exp(x)),
           lambda: mp.mpf(2), lambda: mp.mpf(0), lambda: mp.pi**2 / 3),
    Family("pareto", ("log", 1.001, 1e6), (("log", 2.1, 30.0),),
           lambda x, b: log(b) - (b + 1) * log(x), lambda x, b: -mp.expm1(-b * log(x)),
           lambda x, b: x**-b, lambda b: 1 + 1 / b - log(b), lambda b: b / (b - 1),
           lambda b: b / (b - 1) ** 2 / (b - 2)),
    Family("lognorm", ("log", 1e-6, 1e6), (("log", 0.2, 3.0),),
           lambda x, s: -((log(x) / s) ** 2) / 2 - log(x * s * mp.sqrt(2 * mp.pi)),
           lambda x, s: mp.ncdf(log(x) / s), lambda x, s: mp.ncdf(-log(x) / s),
           lambda s: log(2 * mp.pi * mp.e) / 2 + log(s), lambda s: exp(s * s / 2),
           lambda s: mp.expm1(s * s) * exp(s * s)),
    Family("gumbel_r", ("line", -6.0, 600.0), (), lambda x: -x - exp(-x),
           lambda x: exp(-exp(-x)), lambda x: -mp.expm1(-exp(-x)),
           lambda: 1 + mp.euler, lambda: +mp.euler, lambda: mp.pi**2 / 6),
    Family("gumbel_l", ("line", -600.0, 6.0), (), lambda x: x - exp(x),
           lambda x: -mp.expm1(-exp(x)), lambda x: exp(-exp(x)),
           lambda: 1 + mp.euler, lambda: -mp.euler, lambda: mp.pi**2 / 6),
    Family("weibull_min", ("log", 1e-3, 8.0), (("log", 0.3, 3.0),),
           lambda x, c: log(c) + (c - 1) * log(x) - x**c, lambda x, c: -mp.expm1(-(x**c)),
           lambda x, c: exp(-(x**c)), lambda c: mp.euler * (1 - 1 / c) - log(c) + 1,
           lambda c: mp.gamma(1 + 1 / c),
           lambda c: mp.gamma(1 + 2 / c) - mp.gamma(1 + 1 / c) ** 2),
    Family("truncnorm", ("line", -1.0, 2.0), (("line", -6.0, -1.1), ("line", 2.1, 9.0)),
           lambda x, a, b: -x * x / 2 - log(2 * mp.pi) / 2 - log(_mass(a, b)),
           lambda x, a, b: _mass(a, x) / _mass(a, b), lambda x, a, b: _mass(x, b) / _mass(a, b),
           _truncated_entropy, _truncated_mean, _truncated_variance),
    Family("vonmises", ("line", -3.1, 3.1), (("log", 0.1, 20.0),),
           lambda x, k: k * mp.cos(x) - log(2 * mp.pi * mp.besseli(0, k)), _around,
           lambda x, k: _around(-x, k),
           lambda k: log(2 * mp.pi * mp.besseli(0, k))
           - k * mp.besseli(1, k) / mp.besseli(0, k), lambda k: mp.mpf(0) * k,
           _variance_around),
    Family("wrapcauchy", ("line", 0.01, 6.27), (("line", 0.02, 0.98),),
           lambda x, c: log((1 - c * c) / (2 * mp.pi * (1 + c * c - 2 * c * mp.cos(x)))),
           _wrapped, lambda x, c: _wrapped(2 * mp.pi - x, c),
           lambda c: log(2 * mp.pi * (1 - c * c)), lambda c: mp.pi + 0 * c,
           lambda c: mp.pi**2 / 3 + 4 * mp.polylog(2, c)),
    Family("gamma", ARGUMENT, (SHAPE,), lambda x, a: (a - 1) * log(x) - x - lg(a),
           lambda x, a: lower(a, x), lambda x, a: upper(a, x), _gamma_entropy, lambda a: a,
           lambda a: a, slope=1e-10),
    Family("chi2", ARGUMENT, (SHAPE,),
           lambda x, n: (n / 2 - 1) * log(x) - x / 2 - lg(n / 2) - n / 2 * log(2),
           lambda x, n: lower(n / 2, x / 2), lambda x, n: upper(n / 2, x / 2),
           lambda n: _gamma_entropy(n / 2) + log(2), lambda n: n, lambda n: 2 * n, slope=1e-10),
    Family("invgamma", ("log", 5e-3, 1e3), (("log", 2.1, 1e2),),
           lambda x, a: -(a + 1) * log(x) - 1 / x - lg(a), lambda x, a: upper(a, 1 / x),
           lambda x, a: lower(a, 1 / x), lambda a: a + lg(a) - (1 + a) * psi(a),
           lambda a: 1 / (a - 1), lambda a: 1 / (a - 1) ** 2 / (a - 2), slope=1e-10),
    Family("beta", INSIDE, (SHAPE, SHAPE),
           lambda x, a, b: (a - 1) * log(x) + (b - 1) * mp.log1p(-x) - _log_beta(a, b),
           lambda x, a, b: beta(a, b, x), lambda x, a, b: beta(b, a, 1 - x), _beta_entropy,
           lambda a, b: a / (a + b), lambda a, b: a * b / (a + b) ** 2 / (a + b + 1),
           (lambda q, a, b: beta_quantile(a, b, q), lambda q, a, b: beta_quantile(a, b, 1 - q)),
           slope=1e-10),
    Family("f", ("log", 1e-2, 1e2), (("log", 0.3, 30.0), ("log", 4.1, 30.0)),
           lambda x, n, m: n / 2 * log(n) + m / 2 * log(m) + (n / 2 - 1) * log(x)
           - (n + m) / 2 * log(m + n * x) - _log_beta(n / 2, m / 2),
           lambda x, n, m: beta(n / 2, m / 2, _f_inside(x, n, m)),
           lambda x, n, m: beta(m / 2, n / 2, m / (m + n * x)), _f_entropy,
           lambda n, m: m / (m - 2) + 0 * n,
           lambda n, m: 2 * m * m * (n + m - 2) / n / (m - 2) ** 2 / (m - 4), slope=1e-9),
    Family("t", FAR, (("log", 2.1, 1e2),), _log_student, lambda x, df: student(df, x),
           lambda x, df: student(df, -x), _student_entropy, lambda df: mp.mpf(0) * df,
           lambda df: df / (df - 2), slope=1e-9),
    Family("gennorm", ("sign", 1e-3, 10.0), (("log", 0.3, 5.0),),
           lambda x, b: log(b / 2) - lg(1 / b) - abs(x) ** b, _general,
           lambda x, b: _general(-x, b), lambda b: 1 / b - log(b / 2) + lg(1 / b),
           lambda b: mp.mpf(0) * b, lambda b: mp.gamma(3 / b) / mp.gamma(1 / b), slope=1e-9),
]  # fmt: skip

CASES: dict[str, Compared] = {
    name: case for family in FAMILIES for name, case in family.cases().items()
}
