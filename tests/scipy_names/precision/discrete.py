"""The distributions of whole numbers."""

from __future__ import annotations

from typing import Any

import mpmath as mp

from .comparing import Compared
from .families import Family, Formula
from .references import beta, lower, upper

INSIDE, SHAPE, TRIALS = ("line", 0.01, 0.99), ("log", 0.3, 30.0), ("whole", 21, 60)
lg, log = mp.loggamma, mp.log


def _choices(n: Any, k: Any) -> Any:
    return lg(n + 1) - lg(k + 1) - lg(n - k + 1)


def _beta_binomial(k: Any, n: Any, a: Any, b: Any) -> Any:
    return _choices(n, k) + log(mp.beta(k + a, n - k + b)) - log(mp.beta(a, b))


def _sum(log_probability: Formula, first: Any, last: Any, *shapes: Any) -> Any:
    return mp.fsum(
        mp.exp(log_probability(mp.mpf(k), *shapes)) for k in range(int(first), int(last) + 1)
    )


def _entropy(log_probability: Formula, first: int, last: Formula) -> Formula:
    """The entropy by its sum."""

    def summed(*shapes: Any) -> Any:
        logs = [log_probability(mp.mpf(k), *shapes) for k in range(first, int(last(*shapes)) + 1)]
        return -mp.fsum(mp.exp(v) * v for v in logs)

    return summed


def _binomial(k: Any, n: Any, p: Any) -> Any:
    return _choices(n, k) + k * log(p) + (n - k) * mp.log1p(-p)


def _failures(k: Any, n: Any, p: Any) -> Any:
    return lg(k + n) - lg(k + 1) - lg(n) + n * log(p) + k * mp.log1p(-p)


def _poisson(k: Any, mu: Any) -> Any:
    return k * log(mu) - mu - lg(k + 1)


def _coin(k: Any, p: Any) -> Any:
    return log(p) if k else mp.log1p(-p)


FAMILIES = [
    Family("bernoulli", ("whole", 0, 1), (INSIDE,), _coin,
           lambda k, p: 1 - p if k < 1 else mp.mpf(1), lambda k, p: p if k < 1 else mp.mpf(0),
           _entropy(_coin, 0, lambda p: 1), lambda p: p, lambda p: p * (1 - p), whole=True),
    Family("binom", ("whole", 0, 20), (TRIALS, INSIDE), _binomial,
           lambda k, n, p: mp.mpf(1) if k >= n else beta(n - k, k + 1, 1 - p),
           lambda k, n, p: mp.mpf(0) if k >= n else beta(k + 1, n - k, p),
           _entropy(_binomial, 0, lambda n, p: n), lambda n, p: n * p,
           lambda n, p: n * p * (1 - p), bound=1e-11, slope=1e-10, whole=True),
    Family("poisson", ("whole", 0, 60), (("log", 0.1, 60.0),), _poisson,
           lambda k, mu: upper(k + 1, mu), lambda k, mu: lower(k + 1, mu),
           _entropy(_poisson, 0, lambda mu: mu + 60 * mp.sqrt(mu) + 80), lambda mu: mu,
           lambda mu: mu, bound=1e-11, slope=1e-10, whole=True),
    Family("geom", ("whole", 1, 60), (INSIDE,), lambda k, p: (k - 1) * mp.log1p(-p) + log(p),
           lambda k, p: 1 - (1 - p) ** k, lambda k, p: (1 - p) ** k,
           lambda p: -log(p) - (1 - p) / p * mp.log1p(-p), lambda p: 1 / p,
           lambda p: (1 - p) / p**2, bound=1e-11, slope=1e-10, whole=True),
    Family("nbinom", ("whole", 0, 60), (SHAPE, ("line", 0.3, 0.99)), _failures,
           lambda k, n, p: beta(n, k + 1, p), lambda k, n, p: beta(k + 1, n, 1 - p),
           _entropy(_failures, 0, lambda n, p: n * (1 - p) / p + 25 * mp.sqrt(n) / p + 330),
           lambda n, p: n * (1 - p) / p, lambda n, p: n * (1 - p) / p**2,
           bound=1e-11, slope=1e-10, whole=True),
    Family("betabinom", ("whole", 0, 20), (TRIALS, SHAPE, SHAPE), _beta_binomial,
           lambda k, n, a, b: _sum(_beta_binomial, 0, min(k, n), n, a, b),
           lambda k, n, a, b: _sum(_beta_binomial, k + 1, n, n, a, b),
           _entropy(_beta_binomial, 0, lambda n, a, b: n), lambda n, a, b: n * a / (a + b),
           lambda n, a, b: n * a * b * (a + b + n) / (a + b) ** 2 / (a + b + 1),
           bound=1e-11, slope=1e-10, whole=True),
]  # fmt: skip

CASES: dict[str, Compared] = {
    name: case for family in FAMILIES for name, case in family.cases().items()
}
