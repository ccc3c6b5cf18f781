"""Reductions of many and of extreme numbers, against the same in a wider type or in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import funcgrad.numpy as fnp


@dataclass(frozen=True)
class Reduction:
    """A reduction, and what it is in float64 numbers of moderate size.

    call: the reduction; degree: how it scales, f(c x) = c**degree f(x); None if it does not.
    slopes: its gradient at the vector x in float64, for the value summed up over the results.
    """

    call: Callable[[Any], Any]
    exact: Callable[[Any], Any]
    slopes: Callable[[Any], Any] | None = None
    degree: int | None = 1
    many: bool = True


def _share(x, value):
    hit = x == value
    return hit / hit.sum()


def _sorted_slope(x, weights):
    """Weights of the sorted elements, shared by equal ones."""
    out = np.zeros(x.size)
    ordered = np.sort(x)
    for value in np.unique(x):
        out[x == value] = weights[ordered == value].mean()
    return out


def _middle(x):
    weights = np.zeros(x.size)
    n = x.size
    weights[(n - 1) // 2] += 0.5
    weights[n // 2] += 0.5
    return weights


def _quarter(x):
    weights = np.zeros(x.size)
    at = 0.25 * (x.size - 1)
    low = int(at)
    weights[low] += 1 - (at - low)
    weights[min(low + 1, x.size - 1)] += at - low
    return weights


def _std_slope(x):
    spread = np.std(x)
    return (x - x.mean()) / (x.size * spread) if spread else 0 * x


def _softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


R = Reduction
MEAN = R(np.mean, np.mean, lambda x: np.full(x.size, 1 / x.size))
MAX = R(np.max, np.max, lambda x: _share(x, x.max()))
MIN = R(np.min, np.min, lambda x: _share(x, x.min()))
STD = R(np.std, np.std, _std_slope)
VAR = R(np.var, np.var, lambda x: 2 * (x - x.mean()) / x.size, degree=2)
MEDIAN = R(np.median, np.median, lambda x: _sorted_slope(x, _middle(x)))
QUARTILE = R(
    lambda x: np.quantile(x, 0.25),
    lambda x: np.quantile(x, 0.25),
    lambda x: _sorted_slope(x, _quarter(x)),
)
PERCENTILE = R(lambda x: np.percentile(x, 25), QUARTILE.exact, QUARTILE.slopes)
REDUCTIONS = {
    "mean": MEAN,
    "nanmean": R(np.nanmean, np.mean, MEAN.slopes),
    "average": R(np.average, np.mean, MEAN.slopes),
    "max": MAX,
    "amax": MAX,
    "nanmax": R(np.nanmax, np.max, MAX.slopes),
    "min": MIN,
    "amin": MIN,
    "nanmin": R(np.nanmin, np.min, MIN.slopes),
    "ptp": R(np.ptp, np.ptp, lambda x: _share(x, x.max()) - _share(x, x.min())),
    "std": STD,
    "nanstd": R(np.nanstd, np.std, _std_slope),
    "var": VAR,
    "nanvar": R(np.nanvar, np.var, VAR.slopes, degree=2),
    "median": MEDIAN,
    "nanmedian": R(np.nanmedian, np.median, MEDIAN.slopes),
    "quantile": QUARTILE,
    "percentile": PERCENTILE,
    "nanquantile": R(lambda x: np.nanquantile(x, 0.25), QUARTILE.exact, QUARTILE.slopes),
    "nanpercentile": R(lambda x: np.nanpercentile(x, 25), QUARTILE.exact, QUARTILE.slopes),
    "sort": R(
        lambda x: np.sort(x)[3],
        lambda x: np.sort(x)[3],
        lambda x: _sorted_slope(x, np.eye(1, x.size, 3)[0]),
    ),
    "partition": R(
        lambda x: np.partition(x, 3)[3],
        lambda x: np.sort(x)[3],
        lambda x: _sorted_slope(x, np.eye(1, x.size, 3)[0]),
    ),
    "logsumexp": R(
        fnp.logsumexp,
        lambda x: np.log(np.sum(np.exp(x - x.max()))) + x.max(),
        _softmax,
        degree=None,
    ),
    "linalg.norm": R(np.linalg.norm, np.linalg.norm, lambda x: x / np.linalg.norm(x)),
    "linalg.norm, 3": R(
        lambda x: np.linalg.norm(x, 3),
        lambda x: np.linalg.norm(x, 3),
        lambda x: np.sign(x) * (np.abs(x) / np.linalg.norm(x, 3)) ** 2,
    ),
    "linalg.norm, inf": R(
        lambda x: np.linalg.norm(x, np.inf),
        lambda x: np.linalg.norm(x, np.inf),
        lambda x: np.sign(x) * _share(abs(x), abs(x).max()),
    ),
    "linalg.vector_norm": R(np.linalg.vector_norm, np.linalg.norm, lambda x: x / np.linalg.norm(x)),
    "sum": R(np.sum, np.sum, np.ones_like, many=False),
    "nansum": R(np.nansum, np.sum, np.ones_like, many=False),
    "trapezoid": R(
        np.trapezoid, np.trapezoid, lambda x: np.r_[0.5, np.ones(x.size - 2), 0.5], many=False
    ),
    "cumsum": R(lambda x: np.cumsum(x)[-1], np.sum, np.ones_like, many=False),
    "cumulative_sum": R(lambda x: np.cumulative_sum(x)[-1], np.sum, np.ones_like, many=False),
    "nancumsum": R(lambda x: np.nancumsum(x)[-1], np.sum, np.ones_like, many=False),
}
