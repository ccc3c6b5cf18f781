"""Special functions and distributions with mpmath's, and the domains in which they are compared.

docs/special_functions_page.py measures many points, and a test holds the bounds on a few.
"""

# ruff: noqa: E731

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

import funcgrad as fg
from funcgrad.scipy import special, stats

DIGITS = 50

Range = tuple[str, float, float]
"""How numbers are drawn: "log" or "line" between two, "whole" numbers, "sign" for both signs."""


@dataclass(frozen=True)
class Compared:
    """A function, mpmath's, and where they are compared.

    Attributes:
        ours: the function of arrays.
        theirs: the function of mpmath's numbers.
        ranges: for each argument from where it is drawn.
        floor: errors are relative to the value, or to this where the value is smaller.
        bound: of the error of values, in the whole domain.
        slopes: bounds of errors of the derivatives in each argument, None for none.
        changes: a function of mpmath's numbers with the same derivatives, where the value is a
            number next to 1 whose digits hide them.
    """

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    ranges: tuple[Range, ...]
    floor: float = 0.0
    bound: float = 1e-13
    slopes: tuple[float | None, ...] = ()
    changes: Callable[..., Any] | None = None


def draw(ranges: tuple[Range, ...], count: int, seed: int) -> list[Any]:
    """Points of a domain, as one array for each argument."""
    rng = np.random.default_rng(seed)
    columns = []
    for kind, low, high in ranges:
        share = rng.uniform(size=count)
        if kind == "whole":
            columns.append(np.floor(low + (high + 1 - low) * share))
        elif kind == "line":
            columns.append(low + (high - low) * share)
        else:
            size = np.exp(np.log(low) + (np.log(high) - np.log(low)) * share)
            columns.append(size * np.where(rng.uniform(size=count) < 0.5, -1, 1)
                           if kind == "sign" else size)  # fmt: skip
    return columns


def slope_of(fun: Callable[..., Any], at: list[Any], i: int) -> Any:
    """The derivative of a function of mpmath's numbers, by differences of many digits."""
    with mp.workdps(2 * DIGITS):
        h = mp.mpf(10) ** -16 * max(abs(at[i]), mp.mpf(10) ** -40)

        def moved(k: int) -> Any:
            return fun(*at[:i], at[i] + k * h, *at[i + 1 :])

        return (8 * (moved(1) - moved(-1)) - moved(2) + moved(-2)) / (12 * h)


def errors(case: Compared, count: int, seed: int = 1) -> tuple[float, list[float | None]]:
    """The largest error of values, and of derivatives in each argument."""
    points = draw(case.ranges, count, seed)
    worst = 0.0
    slopes: list[float | None] = []
    with np.errstate(all="ignore"), mp.workdps(DIGITS):
        values = np.asarray(case.ours(*points))
        rows = [[mp.mpf(float(c[k])) for c in points] for k in range(count)]
        for row, value in zip(rows, values, strict=True):
            worst = max(worst, error_of(value, case.theirs(*row), case.floor))
        for i, bound in enumerate(case.slopes):
            if bound is None:
                slopes.append(None)
                continue
            alone = lambda x, i=i: case.ours(*points[:i], x, *points[i + 1 :])
            _, found = fg.jvp(alone, (points[i],), (np.ones(count),))
            largest = 0.0
            for row, value in zip(rows, np.asarray(found), strict=True):
                largest = max(
                    largest,
                    error_of(value, slope_of(case.changes or case.theirs, row, i), case.floor),
                )
            slopes.append(largest)
    return worst, slopes


def error_of(value: Any, expected: Any, floor: float) -> float:
    """The relative error of a number; 0 where both are out of range."""
    expected = mp.re(expected)
    size = max(abs(expected), mp.mpf(floor), mp.mpf(10) ** -290)
    if abs(expected) > mp.mpf(10) ** 300:
        return 0.0
    if abs(expected) < mp.mpf(10) ** -290 and abs(value) < 1e-280:
        return 0.0
    return float(abs(mp.mpf(float(value)) - expected) / size)


def _upper(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def _lower(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def _lower_or_less(a: Any, x: Any) -> Any:
    """The lower function, or minus the upper one: with the derivatives of the lower one."""
    return -_upper(a, x) if x > a else _lower(a, x)


def _beta(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def _beta_or_less(a: Any, b: Any, x: Any) -> Any:
    return -_beta(b, a, 1 - x) if x > a / (a + b) else _beta(a, b, x)


def _log_share(x: Any) -> Any:
    return mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x))


def _student(df: Any, t: Any) -> Any:
    tail = _beta(df / 2, mp.mpf(1) / 2, df / (df + t * t)) / 2
    return tail if t < 0 else 1 - tail


def _binomial(k: Any, n: Any, p: Any) -> Any:
    return mp.mpf(1) if k >= n else _beta(n - k, k + 1, 1 - p)


def _around(x: Any, k: Any) -> Any:
    """Von Mises' distribution, by its Fourier series, whose quotients of I are a recurrence."""
    quotients, after = [], mp.mpf(0)
    for j in range(240, 0, -1):
        after = 1 / (2 * j / k + after)
        quotients.append(after)
    total, product = x / 2, mp.mpf(1)
    for j, quotient in enumerate(reversed(quotients), start=1):
        product *= quotient
        total += product * mp.sin(j * x) / j
    return mp.mpf(1) / 2 + total / mp.pi


SHAPE, ARGUMENT = ("log", 1e-2, 1e2), ("log", 1e-3, 2e2)
TAIL = ("sign", 1e-3, 30.0)

SPECIAL: dict[str, Compared] = {
    "erf": Compared(special.erf, mp.erf, (("sign", 1e-6, 6.0),), slopes=(1e-13,)),
    "erfc": Compared(special.erfc, mp.erfc, (("line", -6.0, 26.0),), slopes=(1e-12,)),
    "erfcx": Compared(special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x),
                      (("sign", 1e-6, 24.0),), slopes=(1e-9,)),
    "erfinv": Compared(special.erfinv, mp.erfinv, (("line", -0.999, 0.999),), slopes=(1e-12,)),
    "ndtr": Compared(special.ndtr, mp.ncdf, (("line", -37.0, 8.0),), bound=1e-12,
                     slopes=(1e-12,)),
    "log_ndtr": Compared(special.log_ndtr, _log_share, (("line", -100.0, 8.0),),
                         slopes=(1e-11,)),
    "dawsn": Compared(special.dawsn, lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
                      (("sign", 1e-6, 30.0),), slopes=(1e-9,)),
    "gammaln": Compared(special.gammaln, lambda x: mp.log(abs(mp.gamma(x))),
                        (("log", 1e-8, 1e8),), 1e-3, slopes=(1e-12,)),
    "digamma": Compared(special.digamma, mp.digamma, (("log", 1e-8, 1e8),), 1e-3, slopes=(1e-12,)),
    "gamma": Compared(special.gamma, mp.gamma, (("sign", 1e-3, 90.0),), bound=1e-11,
                      slopes=(1e-10,)),
    "rgamma": Compared(special.rgamma, mp.rgamma, (("sign", 1e-3, 20.0),), 1e-12, bound=1e-11,
                       slopes=(1e-10,)),
    "betaln": Compared(special.betaln, lambda a, b: mp.log(mp.beta(a, b)), (SHAPE, SHAPE), 1e-3,
                       slopes=(1e-11, 1e-11)),
    "gammainc": Compared(special.gammainc, _lower, (SHAPE, ARGUMENT), bound=1e-11,
                         slopes=(1e-10, 1e-10), changes=_lower_or_less),
    "gammaincc": Compared(special.gammaincc, _upper, (SHAPE, ARGUMENT), bound=1e-11,
                          slopes=(1e-10, 1e-10), changes=lambda a, x: -_lower_or_less(a, x)),
    "betainc": Compared(special.betainc, _beta, (SHAPE, SHAPE, ("line", 1e-3, 0.999)), bound=1e-10,
                        slopes=(1e-10, 1e-10, 1e-10),
        changes=_beta_or_less),
    "zeta": Compared(special.zeta, mp.zeta, (("line", 1.05, 30.0), ("log", 1e-2, 1e2)),
                     bound=1e-12, slopes=(1e-11, 1e-11)),
    "riemann_zeta": Compared(lambda x: special.zeta(x), mp.zeta, (("line", -9.7, 30.0),), 1e-2,
                             bound=1e-11, slopes=(1e-11,)),
    "j0": Compared(special.j0, lambda x: mp.besselj(0, x), (("log", 1e-3, 1e2),), 1e-2,
                   bound=1e-12, slopes=(1e-11,)),
    "jv": Compared(special.jv, mp.besselj, (("line", 0.0, 30.0), ("log", 1e-2, 1e2)), 1e-2,
                   bound=1e-11, slopes=(1e-11, 1e-10)),
    "yv": Compared(special.yv, mp.bessely, (("line", 0.0, 30.0), ("log", 1e-1, 1e2)), 1e-2,
                   bound=1e-10, slopes=(1e-10, 1e-10)),
    "ive": Compared(special.ive, lambda v, x: mp.besseli(v, x) * mp.exp(-x),
                    (("line", 0.0, 30.0), ("log", 1e-2, 5e2)), bound=1e-11, slopes=(1e-10, 1e-9)),
    "kve": Compared(special.kve, lambda v, x: mp.besselk(v, x) * mp.exp(x),
                    (("line", 0.1, 30.0), ("log", 1e-2, 5e2)), bound=1e-11, slopes=(1e-10, 1e-9)),
    "hyp1f1": Compared(special.hyp1f1, mp.hyp1f1,
                       (("line", 0.1, 4.0), ("line", 0.3, 4.0), ("line", -20.0, 20.0)), 1e-3,
                       bound=1e-10, slopes=(1e-10, 1e-10, 1e-10)),
    "hyp2f1": Compared(special.hyp2f1, mp.hyp2f1,
                       (("line", 0.1, 3.0), ("line", 0.1, 3.0), ("line", 0.3, 4.0),
                        ("line", -3.0, 0.9)), bound=1e-9, slopes=(1e-9, 1e-9, 1e-9, 1e-9)),
    "ellipk": Compared(special.ellipk, mp.ellipk, (("line", -5.0, 0.999),), slopes=(1e-12,)),
    "ellipe": Compared(special.ellipe, mp.ellipe, (("line", -5.0, 0.999),), slopes=(1e-12,)),
    "ellipkinc": Compared(special.ellipkinc, mp.ellipf, (("line", 0.01, 4.0), ("line", -5.0, 0.99)),
                          bound=1e-12, slopes=(1e-12, 1e-11)),
    "ellipeinc": Compared(special.ellipeinc, mp.ellipe, (("line", 0.01, 4.0), ("line", -5.0, 0.99)),
                          bound=1e-12, slopes=(1e-12, 1e-11)),
    "exp1": Compared(special.exp1, mp.e1, (("log", 1e-6, 1e2),), slopes=(1e-12,)),
    "expi": Compared(special.expi, mp.ei, (("log", 1e-6, 1e2),), 1e-3, slopes=(1e-12,)),
    "spence": Compared(special.spence, lambda z: mp.polylog(2, 1 - z), (("log", 1e-2, 1.9),), 1e-2,
                       slopes=(1e-12,)),
    "stdtr": Compared(special.stdtr, _student, (("log", 0.3, 1e2), TAIL), bound=1e-11,
                      slopes=(1e-9, 1e-10)),
    "exprel": Compared(special.exprel, lambda x: mp.expm1(x) / x, (("sign", 1e-8, 20.0),),
                       slopes=(1e-11,)),
}  # fmt: skip

DISTRIBUTIONS: dict[str, Compared] = {
    "norm.logcdf": Compared(stats.norm.logcdf, _log_share, (("line", -60.0, 8.0),),
                            slopes=(1e-11,)),
    "norm.sf": Compared(stats.norm.sf, lambda x: mp.ncdf(-x), (("line", -8.0, 37.0),),
                        bound=1e-12, slopes=(1e-12,)),
    "gamma.cdf": Compared(stats.gamma.cdf, lambda x, a: _lower(a, x), (ARGUMENT, SHAPE),
                          bound=1e-11, slopes=(1e-10, 1e-10),
                          changes=lambda x, a: _lower_or_less(a, x)),
    "gamma.sf": Compared(stats.gamma.sf, lambda x, a: _upper(a, x), (ARGUMENT, SHAPE),
                         bound=1e-11, slopes=(1e-10, 1e-10),
                         changes=lambda x, a: -_lower_or_less(a, x)),
    "chi2.sf": Compared(stats.chi2.sf, lambda x, df: _upper(df / 2, x / 2), (ARGUMENT, SHAPE),
                        bound=1e-11, slopes=(1e-10, 1e-10),
                        changes=lambda x, df: -_lower_or_less(df / 2, x / 2)),
    "beta.cdf": Compared(stats.beta.cdf, lambda x, a, b: _beta(a, b, x),
                         (("line", 1e-3, 0.999), SHAPE, SHAPE), bound=1e-10,
                         slopes=(1e-10, 1e-10, 1e-10),
        changes=lambda x, a, b: _beta_or_less(a, b, x)),
    "beta.sf": Compared(stats.beta.sf, lambda x, a, b: _beta(b, a, 1 - x),
                        (("line", 1e-3, 0.999), SHAPE, SHAPE), bound=1e-10,
                        slopes=(1e-10, 1e-10, 1e-10),
        changes=lambda x, a, b: -_beta_or_less(a, b, x)),
    "t.cdf": Compared(stats.t.cdf, lambda x, df: _student(df, x), (TAIL, ("log", 0.3, 1e2)),
                      bound=1e-11, slopes=(1e-10, 1e-9)),
    "t.logpdf": Compared(
        stats.t.logpdf,
        lambda x, df: mp.log(mp.gamma((df + 1) / 2) / mp.gamma(df / 2) / mp.sqrt(df * mp.pi))
        - (df + 1) / 2 * mp.log(1 + x * x / df),
        (TAIL, ("log", 0.3, 1e2)), 1e-3, bound=1e-12, slopes=(1e-12, 1e-10)),
    "f.cdf": Compared(
        stats.f.cdf, lambda x, n, m: _beta(n / 2, m / 2, n * x / (m + n * x)),
        (("log", 1e-2, 1e2), ("log", 0.3, 30.0), ("log", 0.3, 30.0)), bound=1e-11,
        slopes=(1e-10, 1e-9, 1e-9),
        changes=lambda x, n, m: _beta_or_less(n / 2, m / 2, n * x / (m + n * x))),
    "poisson.cdf": Compared(stats.poisson.cdf, lambda k, mu: _upper(k + 1, mu),
                            (("whole", 0, 60), ("log", 0.1, 60.0)), bound=1e-11,
                            slopes=(None, 1e-10),
        changes=lambda k, mu: -_lower_or_less(k + 1, mu)),
    "binom.cdf": Compared(stats.binom.cdf, _binomial,
                          (("whole", 0, 20), ("whole", 21, 60), ("line", 0.01, 0.99)), bound=1e-10,
                          slopes=(None, None, 1e-10),
        changes=lambda k, n, p: _beta_or_less(n - k, k + 1, 1 - p)),
    "nbinom.cdf": Compared(stats.nbinom.cdf, lambda k, n, p: _beta(n, k + 1, p),
                           (("whole", 0, 60), ("log", 0.3, 30.0), ("line", 0.01, 0.99)),
                           bound=1e-10, slopes=(None, 1e-10, 1e-10),
        changes=lambda k, n, p: _beta_or_less(n, k + 1, p)),
    "vonmises.cdf": Compared(
        stats.vonmises.cdf,
        _around,
        (("line", -3.1, 3.1), ("log", 0.1, 20.0)), bound=1e-12, slopes=(1e-12, 1e-11)),
    "gumbel_r.logpdf": Compared(stats.gumbel_r.logpdf, lambda x: -x - mp.exp(-x),
                                (("line", -5.0, 40.0),), 1e-3, slopes=(1e-12,)),
    "weibull_min.sf": Compared(stats.weibull_min.sf, lambda x, c: mp.exp(-(x**c)),
                               (("log", 1e-2, 5.0), ("log", 0.3, 3.0)), bound=1e-12,
                               slopes=(1e-12, 1e-12)),
    "lognorm.cdf": Compared(stats.lognorm.cdf, lambda x, s: mp.ncdf(mp.log(x) / s),
                            (("log", 1e-2, 1e2), ("log", 0.2, 3.0)), bound=1e-11,
                            slopes=(1e-11, 1e-11),
        changes=lambda x, s: -mp.ncdf(-mp.log(x) / s) if x > 1 else mp.ncdf(mp.log(x) / s)),
}  # fmt: skip
ALL = {**SPECIAL, **DISTRIBUTIONS}
