"""Probabilities of the beta-binomial distribution, and quantiles of distributions of counts.

The derivative of a probability in the shapes is the sum of those of its terms. Quantiles are steps,
whose derivative is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...arrays import on_host, special_functions
from ...core.facts import Hazard
from ...core.primitive import Case
from ...typing import Array
from ..families import Elementwise, General, elementwise, sample
from .of_scipy import SCIPY
from .parameter_slopes import Orders, exponential_factor, parameter_slope

MOST_TERMS = 100_000
"""How many terms a sum has at most; those of more are NaN."""

LARGEST = 2.0**60
"""Where the search for a quantile ends."""


def beta_binomial_values(orders: Orders, a: Array, b: Array, n: Array, k: Array) -> Array:
    """Derivatives in a and b of the probability of at most k of n successes."""
    special = special_functions(np)
    digamma, polygamma, betaln = special.digamma, special.polygamma, special.betaln
    out = np.zeros_like(a)
    start = betaln(a, b)
    ends = digamma(a), digamma(b), digamma(a + b), digamma(n + a + b)
    last = np.floor(np.minimum(k, n))
    known = last < MOST_TERMS
    for j in range(int(np.max(np.where(known, last, -1.0), initial=-1)) + 1):
        rest = np.maximum(n - j, 0.0)
        logs = betaln(j + a, rest + b) - start - np.log(n + 1) - betaln(rest + 1, j + 1.0)

        def g(p: int, q: int, j: int = j, rest: Array = rest) -> Any:
            if p + q == 1:
                own = digamma(rest + b) - ends[1] if q else digamma(j + a) - ends[0]
                return own + ends[2] - ends[3]
            order = p + q - 1
            total = polygamma(order, a + b) - polygamma(order, n + a + b)
            if not q:
                total = total + polygamma(order, j + a) - polygamma(order, a)
            if not p:
                total = total + polygamma(order, rest + b) - polygamma(order, b)
            return total

        term = np.exp(logs) * exponential_factor(g, orders)
        out = out + np.where(j <= last, term, 0.0)
    return np.where((a > 0) & (b > 0) & (n >= 0) & known, out, np.nan)


beta_binomial_share: General = parameter_slope(
    "beta_binomial_share",
    2,
    beta_binomial_values,
    None,
    domains=((0.6, 3.0), (0.6, 3.0)),
    constants=(6.0, 2.0),
)


def _search(share: Callable[..., Array], above: bool) -> Callable[..., Array]:
    """The smallest whole number with enough below: with so few above, if that is asked for."""

    def values(*operands: Array) -> Array:
        dtype = np.result_type(*operands, np.float32)
        given = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in operands])
        shape = given[0].shape
        *shapes, q = [x.reshape(-1) for x in given]
        # Rounding of the share must not move a quantile by one.
        q = q * (1 + 1e-13 if above else 1 - 1e-13)

        def reached(k: Array) -> Array:
            found = share(*shapes, k)
            return found <= q if above else found >= q

        with np.errstate(all="ignore"):
            low, high = np.full(q.size, -1.0), np.zeros(q.size)
            while np.any(more := ~reached(high) & (high < LARGEST)):
                low = np.where(more, high, low)
                high = np.where(more, 2 * high + 1, high)
            while np.any(wide := high - low > 1):
                middle = np.floor(0.5 * (low + high))
                enough = reached(middle)
                high = np.where(wide & enough, middle, high)
                low = np.where(wide & ~enough, middle, low)
            high = np.where(np.isfinite(share(*shapes, high)), high, np.nan)
        return high.reshape(shape).astype(dtype, copy=False)[()]

    return values


def _quantile(
    name: str,
    share: Callable[..., Array],
    domains: Sequence[tuple[float, float]],
    above: bool = False,
) -> Elementwise:
    def cases(rng: np.random.Generator) -> Iterator[Case]:
        operands = [sample(rng, (2, 3), "f8", d) for d in domains]
        if not name.startswith("poisson"):
            operands[0] = np.round(operands[0])
        yield Case(*operands)
        yield Case(*[x[0, 0] for x in operands])

    values = _search(share, above)
    return elementwise(
        name,
        values,
        arity=len(domains),
        cases=cases,
        nondifferentiable="quantiles of counts are steps",
        on_gpu=on_host(values),
        elements=SCIPY,
        hazard=Hazard.DOMAIN,
    )


def _binomial(n: Array, p: Array, k: Array) -> Array:
    inside = k < n
    found = special_functions(np).betainc(np.where(inside, n - k, 1.0), k + 1, 1 - p)
    return np.where(inside, found, np.where(n == n, 1.0, np.nan))


def _binomial_above(n: Array, p: Array, k: Array) -> Array:
    inside = k < n
    found = special_functions(np).betainc(k + 1, np.where(inside, n - k, 1.0), p)
    return np.where(inside, found, np.where(n == n, 0.0, np.nan))


def _poisson(mu: Array, k: Array) -> Array:
    return special_functions(np).gammaincc(k + 1, mu)


def _poisson_above(mu: Array, k: Array) -> Array:
    return special_functions(np).gammainc(k + 1, mu)


def _negative_binomial(n: Array, p: Array, k: Array) -> Array:
    return special_functions(np).betainc(n, k + 1, p)


def _negative_binomial_above(n: Array, p: Array, k: Array) -> Array:
    return special_functions(np).betainc(k + 1, n, 1 - p)


def _beta_binomial(n: Array, a: Array, b: Array, k: Array) -> Array:
    return beta_binomial_values((0, 0), a, b, n, np.minimum(k, n))


def _beta_binomial_above(n: Array, a: Array, b: Array, k: Array) -> Array:
    found = beta_binomial_values((0, 0), b, a, n, n - k - 1)
    return np.where(k < n, found, 0 * found)


COUNT, SHARE, SHAPE = (5.0, 12.0), (0.1, 0.9), (0.6, 3.0)
BINOMIAL, POISSON, BETA_BINOMIAL = (
    (COUNT, SHARE, SHARE),
    (SHAPE, SHARE),
    (COUNT, SHAPE, SHAPE, SHARE),
)
binomial_quantile: Elementwise = _quantile("binomial_quantile", _binomial, BINOMIAL)
binomial_upper_quantile: Elementwise = _quantile(
    "binomial_upper_quantile", _binomial_above, BINOMIAL, True
)
poisson_quantile: Elementwise = _quantile("poisson_quantile", _poisson, POISSON)
poisson_upper_quantile: Elementwise = _quantile(
    "poisson_upper_quantile", _poisson_above, POISSON, True
)
negative_binomial_quantile: Elementwise = _quantile(
    "negative_binomial_quantile", _negative_binomial, BINOMIAL
)
negative_binomial_upper_quantile: Elementwise = _quantile(
    "negative_binomial_upper_quantile", _negative_binomial_above, BINOMIAL, True
)
beta_binomial_quantile: Elementwise = _quantile(
    "beta_binomial_quantile", _beta_binomial, BETA_BINOMIAL
)
beta_binomial_upper_quantile: Elementwise = _quantile(
    "beta_binomial_upper_quantile", _beta_binomial_above, BETA_BINOMIAL, True
)
