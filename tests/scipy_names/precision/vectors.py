"""The distributions of two or three numbers and of matrices, and estimates of densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

import funcgrad as fg
from funcgrad.scipy import stats

from .comparing import Compared

NUMBER, SCALE, SHARE = ("line", -6.0, 6.0), ("log", 0.1, 10.0), ("line", 0.02, 0.3)
TILT, SHAPE, FREEDOM = ("line", -0.95, 0.95), ("log", 0.1, 50.0), ("log", 0.5, 1e2)
PLANE = (NUMBER, NUMBER, SCALE, SCALE, TILT)
COUNTS = (("whole", 0, 20), ("whole", 0, 20), ("whole", 0, 20))
DATA = (-1.3, 0.2, 0.4, 2.5)
lg, log = mp.loggamma, mp.log


def _matrix(s: Any, t: Any, tilt: Any) -> Any:
    """A covariance by two scales and a correlation."""
    return np.stack([np.stack([s * s, s * t * tilt]), np.stack([s * t * tilt, t * t])])


def _form(x: Any, y: Any, s: Any, t: Any, r: Any) -> Any:
    """X C^-1 x for such a covariance."""
    a, b = x / s, y / t
    return (a * a - 2 * r * a * b + b * b) / (1 - r * r)


def _log_root(s: Any, t: Any, r: Any) -> Any:
    """Half of the logarithm of its determinant."""
    return log(s * t) + mp.log1p(-r * r) / 2


def _normal(x: Any, y: Any, s: Any, t: Any, r: Any) -> Any:
    return -_form(x, y, s, t, r) / 2 - _log_root(s, t, r) - log(2 * mp.pi)


def _normal_entropy(s: Any, t: Any, r: Any) -> Any:
    return log(2 * mp.pi * mp.e) + _log_root(s, t, r)


def _student(x: Any, y: Any, s: Any, t: Any, r: Any, df: Any) -> Any:
    scale = lg(df / 2 + 1) - lg(df / 2) - log(df * mp.pi) - _log_root(s, t, r)
    return scale - (df / 2 + 1) * mp.log1p(_form(x, y, s, t, r) / df)


def _student_entropy(s: Any, t: Any, r: Any, df: Any) -> Any:
    half = df / 2
    scale = lg(half) - lg(half + 1) + log(df * mp.pi) + _log_root(s, t, r)
    return scale + (half + 1) * (mp.digamma(half + 1) - mp.digamma(half))


def _log_beta(*a: Any) -> Any:
    return mp.fsum(lg(v) for v in a) - lg(mp.fsum(a))


def _dirichlet(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:
    return (a - 1) * log(x) + (b - 1) * log(y) + (c - 1) * log(1 - x - y) - _log_beta(a, b, c)


def _dirichlet_entropy(a: Any, b: Any, c: Any) -> Any:
    total = a + b + c
    rest = mp.fsum((v - 1) * mp.digamma(v) for v in (a, b, c))
    return _log_beta(a, b, c) + (total - 3) * mp.digamma(total) - rest


def _multinomial(i: Any, j: Any, k: Any, p: Any, q: Any) -> Any:
    counts = lg(i + j + k + 1) - lg(i + 1) - lg(j + 1) - lg(k + 1)
    return counts + i * log(p) + j * log(q) + k * log(1 - p - q)


def _log_gamma_of_plane(a: Any) -> Any:
    return log(mp.pi) / 2 + lg(a) + lg(a - mp.mpf(1) / 2)


def _wishart(x: Any, y: Any, tilt: Any, s: Any, t: Any, r: Any, df: Any) -> Any:
    """At the matrix of x, y and tilt, with the scale of s, t and r."""
    trace = ((x / s) ** 2 + (y / t) ** 2 - 2 * r * tilt * x * y / (s * t)) / (1 - r * r)
    return (
        (df - 3) * _log_root(x, y, tilt) - trace / 2 - df * log(2) - df * _log_root(s, t, r)
        - _log_gamma_of_plane(df / 2)
    )  # fmt: skip


def _wishart_entropy(s: Any, t: Any, r: Any, df: Any) -> Any:
    digammas = mp.digamma(df / 2) + mp.digamma((df - 1) / 2)
    mean_log = digammas + 2 * log(2) + 2 * _log_root(s, t, r)
    constant = df * log(2) + df * _log_root(s, t, r) + _log_gamma_of_plane(df / 2)
    return constant - (df - 3) / 2 * mean_log + df


def _each(fun: Callable[..., Any]) -> Callable[..., Any]:
    return fg.vmap(fun)


def _bandwidth() -> Any:
    """The variance of Scott's rule."""
    count = len(DATA)
    center = mp.fsum(DATA) / count
    spread = mp.fsum((d - center) ** 2 for d in DATA) / (count - 1)
    return mp.mpf(count) ** (-mp.mpf(2) / 5) * spread


def _kde(x: Any) -> Any:
    width = _bandwidth()
    terms = (mp.exp(-((x - d) ** 2) / (2 * width)) for d in DATA)
    return mp.fsum(terms) / (len(DATA) * mp.sqrt(2 * mp.pi * width))


def _kde_share(low: Any, high: Any) -> Any:
    width = mp.sqrt(_bandwidth())
    terms = (mp.ncdf((high - d) / width) - mp.ncdf((low - d) / width) for d in DATA)
    return mp.fsum(terms) / len(DATA)


def _exp(fun: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: mp.exp(fun(*args))


normal, student = stats.multivariate_normal, stats.multivariate_t
dirichlet, wishart, multinomial = stats.dirichlet, stats.wishart, stats.multinomial

CASES: dict[str, Compared] = {}
for _name in ("logpdf", "pdf"):
    _with = _exp if _name == "pdf" else lambda fun: fun
    _floor = 0.0 if _name == "pdf" else 1e-2
    CASES[f"multivariate_normal.{_name}"] = Compared(
        _each(
            lambda x, y, s, t, r, f=_name: getattr(normal, f)(
                np.stack([x, y]), None, _matrix(s, t, r)
            )
        ),
        _with(_normal),
        PLANE,
        _floor,
        bound=1e-11,
        slope=1e-10,
    )
    CASES[f"multivariate_t.{_name}"] = Compared(
        _each(
            lambda x, y, s, t, r, df, f=_name: getattr(student, f)(
                np.stack([x, y]), None, _matrix(s, t, r), df
            )
        ),
        _with(_student),
        (*PLANE, FREEDOM),
        _floor,
        bound=1e-11,
        slope=1e-10,
    )
    CASES[f"dirichlet.{_name}"] = Compared(
        _each(
            lambda x, y, a, b, c, f=_name: getattr(dirichlet, f)(
                np.stack([x, y, 1 - x - y]), np.stack([a, b, c])
            )
        ),
        _with(_dirichlet),
        (SHARE, SHARE, SHAPE, SHAPE, SHAPE),
        _floor,
        bound=1e-11,
        slope=1e-10,
    )
    CASES[f"wishart.{_name}"] = Compared(
        _each(
            lambda x, y, tilt, s, t, r, df, f=_name: getattr(wishart, f)(
                _matrix(x, y, tilt), df, _matrix(s, t, r)
            )
        ),
        _with(_wishart),
        (SCALE, SCALE, TILT, SCALE, SCALE, TILT, ("log", 1.5, 50.0)),
        _floor,
        bound=1e-10,
        slope=1e-9,
    )
    _mass = _name.replace("d", "m")
    CASES[f"multinomial.{_mass}"] = Compared(
        _each(
            lambda i, j, k, p, q, f=_mass: getattr(multinomial, f)(
                np.stack([i, j, k]), i + j + k, np.stack([p, q, 1 - p - q])
            )
        ),
        _with(_multinomial),
        (*COUNTS, SHARE, SHARE),
        _floor,
        bound=1e-11,
        slope=1e-10,
    )
CASES |= {
    "multivariate_normal.entropy": Compared(
        _each(lambda s, t, r: normal.entropy(np.zeros(2), _matrix(s, t, r))),
        _normal_entropy, PLANE[2:], 1e-2),
    "multivariate_t.entropy": Compared(
        _each(lambda s, t, r, df: student.entropy(np.zeros(2), _matrix(s, t, r), df)),
        _student_entropy, (*PLANE[2:], FREEDOM), 1e-2, bound=1e-12, slope=1e-10),
    "dirichlet.entropy": Compared(
        _each(lambda a, b, c: dirichlet.entropy(np.stack([a, b, c]))), _dirichlet_entropy,
        (SHAPE, SHAPE, SHAPE), 1e-2, bound=1e-12, slope=1e-10),
    "dirichlet.mean": Compared(
        _each(lambda a, b, c: dirichlet.mean(np.stack([a, b, c]))[0]),
        lambda a, b, c: a / (a + b + c), (SHAPE, SHAPE, SHAPE)),
    "dirichlet.var": Compared(
        _each(lambda a, b, c: dirichlet.var(np.stack([a, b, c]))[0]),
        lambda a, b, c: a * (b + c) / (a + b + c) ** 2 / (a + b + c + 1), (SHAPE, SHAPE, SHAPE)),
    "wishart.entropy": Compared(
        _each(lambda s, t, r, df: wishart.entropy(df, _matrix(s, t, r))), _wishart_entropy,
        (*PLANE[2:], ("log", 1.5, 50.0)), 1e-2, bound=1e-12, slope=1e-10),
    "wishart.mean": Compared(
        _each(lambda s, t, r, df: wishart.mean(df, _matrix(s, t, r))[0, 1]),
        lambda s, t, r, df: df * s * t * r, (*PLANE[2:], ("log", 1.5, 50.0))),
    "wishart.var": Compared(
        _each(lambda s, t, r, df: wishart.var(df, _matrix(s, t, r))[0, 1]),
        lambda s, t, r, df: df * (s * t) ** 2 * (1 + r * r), (*PLANE[2:], ("log", 1.5, 50.0))),
    "multinomial.cov": Compared(
        _each(lambda p, q: multinomial.cov(7, np.stack([p, q, 1 - p - q]))[0, 1]),
        lambda p, q: -7 * p * q, (SHARE, SHARE)),
    "gaussian_kde.evaluate": Compared(
        lambda x: stats.gaussian_kde(np.array(DATA)).evaluate(x), _kde, (NUMBER,), bound=1e-12),
    "gaussian_kde.logpdf": Compared(
        lambda x: stats.gaussian_kde(np.array(DATA)).logpdf(x), lambda x: mp.log(_kde(x)),
        (NUMBER,), 1e-2, bound=1e-12),
    "gaussian_kde.integrate_box_1d": Compared(
        _each(lambda x, y: stats.gaussian_kde(np.array(DATA)).integrate_box_1d(x, y)), _kde_share,
        (("line", -9.0, 0.0), ("line", 0.1, 9.0)), bound=1e-12),
    "sem": Compared(
        _each(lambda x, y, z: stats.sem(np.stack([x, y, z]))),
        lambda x, y, z: mp.sqrt(mp.fsum((v - (x + y + z) / 3) ** 2 for v in (x, y, z)) / 6),
        (NUMBER, NUMBER, NUMBER), 1e-2),
}  # fmt: skip
