"""Functions of mpmath's numbers that several tables share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp


def upper(a: Any, x: Any) -> Any:
    """The regularised upper gamma function."""
    return mp.gammainc(a, x, mp.inf, regularized=True)


def lower(a: Any, x: Any) -> Any:
    """The regularised lower gamma function."""
    return mp.gammainc(a, 0, x, regularized=True)


def lower_or_less(a: Any, x: Any) -> Any:
    """The lower function, or minus the upper one: with the derivatives of the lower one."""
    return -upper(a, x) if x > a else lower(a, x)


def beta(a: Any, b: Any, x: Any) -> Any:
    """The regularised incomplete beta function."""
    return mp.betainc(a, b, 0, x, regularized=True)


def beta_or_less(a: Any, b: Any, x: Any) -> Any:
    """The function, or minus its complement: with the derivatives of the function."""
    return -beta(b, a, 1 - x) if x > a / (a + b) else beta(a, b, x)


def log_share(x: Any) -> Any:
    """The logarithm of the normal distribution's probability."""
    return mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x))


def student(df: Any, t: Any) -> Any:
    """Student's distribution."""
    tail = beta(df / 2, mp.mpf(1) / 2, df / (df + t * t)) / 2
    return tail if t < 0 else 1 - tail


def binomial(k: Any, n: Any, p: Any) -> Any:
    """The binomial distribution."""
    return mp.mpf(1) if k >= n else beta(n - k, k + 1, 1 - p)


def root(fun: Callable[[Any], Any], start: float) -> Any:
    """A root of a monotone function, from one of few digits."""
    near = mp.mpf(start)
    return mp.findroot(
        fun, (near, near * (1 + mp.mpf(10) ** -12)), tol=mp.mpf(10) ** -(mp.mp.dps - 8)
    )


def power_root(fun: Callable[[Any], Any], start: float) -> Any:
    """A positive root, sought by its logarithm: of a function with values near a power."""
    return mp.exp(root(lambda t: fun(mp.exp(t)), float(mp.log(start))))
