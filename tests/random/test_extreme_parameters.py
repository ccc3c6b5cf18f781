"""Every sampler at extreme parameters: in its support, of its distribution, never NaN.

The names come from the namespace: a new sampler needs an entry here, or a test fails.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats

import funcgrad as fg
from funcgrad import random

KEY = random.key(2024)
N = 20_000
TYPES = (np.float16, np.float32, np.float64)

# Samplers with extreme parameters and the bounds of their support.
INFINITE = math.inf
CASES: dict[str, list[tuple[Any, float, float]]] = {
    "uniform": [
        (lambda k, t: random.uniform(k, (N,), t), 0, 1),
        (lambda k, t: random.uniform(k, (N,), t, np.finfo(t).min, np.finfo(t).max),
         -INFINITE, INFINITE),
        (lambda k, t: random.uniform(k, (N,), t, 1.0, 1.0), 1, 1),
    ],
    "normal": [(lambda k, t: random.normal(k, (N,), t), -INFINITE, INFINITE)],
    "exponential": [(lambda k, t: random.exponential(k, (N,), t), 0, INFINITE)],
    "laplace": [(lambda k, t: random.laplace(k, (N,), t), -INFINITE, INFINITE)],
    "logistic": [(lambda k, t: random.logistic(k, (N,), t), -INFINITE, INFINITE)],
    "cauchy": [(lambda k, t: random.cauchy(k, (N,), t), -INFINITE, INFINITE)],
    "gumbel": [
        (lambda k, t, m=m: random.gumbel(k, (N,), t, m), -INFINITE, INFINITE)
        for m in ("low", "high", "highest")
    ],
    "rayleigh": [(lambda k, t: random.rayleigh(k, 1.0, (N,), t), 0, INFINITE)],
    "maxwell": [(lambda k, t: random.maxwell(k, (N,), t), 0, INFINITE)],
    "double_sided_maxwell": [
        (lambda k, t: random.double_sided_maxwell(k, 0.0, 1.0, (N,), t), -INFINITE, INFINITE)
    ],
    "pareto": [(lambda k, t: random.pareto(k, 4.0, (N,), t), 1, INFINITE)],
    "weibull_min": [
        (lambda k, t: random.weibull_min(k, 1.0, 100.0, (N,), t), 0, 2),
        (lambda k, t: random.weibull_min(k, 1.0, 0.5, (N,), t), 0, INFINITE),
    ],
    "triangular": [
        (lambda k, t: random.triangular(k, 0.0, 0.0, 1.0, (N,), t), 0, 1),
        (lambda k, t: random.triangular(k, 0.0, 1.0, 1.0, (N,), t), 0, 1),
    ],
    "truncated_normal": [
        (lambda k, t, a=a, b=b: random.truncated_normal(k, a, b, (N,), t), a, b)
        for a, b in ((30, 31), (8, INFINITE), (-INFINITE, -8), (-31, -30), (3, 3.5), (-2, INFINITE))
    ],
    "gamma": [(lambda k, t, a=a: random.gamma(k, a, (N // 8,), t), 0, 1.1 * a + 40)
              for a in (1e-8, 1e-3, 0.5, 1e4)],
    "loggamma": [
        (lambda k, t, a=a: random.loggamma(k, a, (N // 8,), t), -INFINITE, math.log(a + 1) + 5)
        for a in (1e-3, 0.5, 1e4)
    ],
    "chisquare": [(lambda k, t: random.chisquare(k, 1e-3, (N // 8,), t), 0, 60)],
    "beta": [(lambda k, t, a=a, b=b: random.beta(k, a, b, (N // 8,), t), 0, 1)
             for a, b in ((1e-4, 1e-4), (1e-4, 1.0), (1e4, 1e-4), (1e4, 1e4))],
    "dirichlet": [
        (lambda k, t, a=a: random.dirichlet(k, np.full(3, a), (N // 8,), t), 0, 1)
        for a in (1e-6, 1e-3, 1e4)
    ],
    "f": [(lambda k, t: random.f(k, 50.0, 60.0, (N // 8,), t), 0, 10)],
    "t": [(lambda k, t: random.t(k, 1e4, (N // 8,), t), -7, 7)],
    "generalized_normal": [
        (lambda k, t: random.generalized_normal(k, 50.0, (N // 8,), t), -1.2, 1.2)
    ],
    "ball": [(lambda k, t: random.ball(k, 3, 50.0, (N // 8,), t), -1.01, 1.01)],
    "wald": [(lambda k, t: random.wald(k, 1e-3, (N,), t), 0, 1),
             (lambda k, t: random.wald(k, 4.0, (N,), t), 0, INFINITE)],
    "lognormal": [(lambda k, t: random.lognormal(k, 0.0, (N,), t), 1, 1)],
    "multivariate_normal": [
        (lambda k, t: random.multivariate_normal(
            k, np.zeros(2, np.float32), np.eye(2, dtype=np.float32), (N,), t),
         -INFINITE, INFINITE)
    ],
    "rademacher": [(lambda k, t: random.rademacher(k, (N,), t), -1, 1)],
    "binomial": [
        (lambda k, t, n=n, p=p: random.binomial(k, n, p, (N // 8,), t), low, high)
        for n, p, low, high in ((50, 0.0, 0, 0), (50, 1.0, 50, 50), (0, 0.5, 0, 0),
                                (1000, 1e-9, 0, 1), (1000, 1.0, 1000, 1000))
    ],
    "multinomial": [
        (lambda k, t: random.multinomial(
            k, 100, np.array([0.0, 1.0, 0.0]), shape=(50, 3), dtype=t), 0, 100)
    ],
}  # fmt: skip
# Of integers, booleans and keys, and those tested by other laws below.
DISCRETE = {"bits", "randint", "bernoulli", "poisson", "geometric", "categorical", "choice",
            "permutation", "orthogonal"}  # fmt: skip
KEYS = set("PRNGKey clone fold_in key key_data key_dtype key_impl split wrap_key_data".split())


def test_every_sampler_is_here():
    """A new sampler is covered, or this fails."""
    public = set(random.__all__)
    assert public - KEYS == set(CASES) | DISCRETE


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", CASES)
def test_in_the_support(name, dtype):
    """All numbers are finite and in the support, without a warning, and the same under jit."""
    for draw, low, high in CASES[name]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            x = draw(KEY, dtype)
        assert x.dtype == dtype
        assert np.all(np.isfinite(x)), x[~np.isfinite(x)]
        tolerance = 4 * float(np.finfo(dtype).eps)
        assert x.min() >= low - tolerance * abs(low or 1)
        assert x.max() <= high + tolerance * abs(high or 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("low", "high"),
    [(30, 31), (8, np.inf), (-np.inf, -8), (-31.0, -30), (3, 3.5), (2.5, 9), (5, 5.01)],
)
def test_tails_of_the_normal_distribution(dtype, low, high):
    """Kolmogorov and Smirnov's test against the distribution function by log_ndtr."""
    x = random.truncated_normal(KEY, low, high, (N,), dtype).astype(float)
    assert np.all((x > low) & (x < high))
    a, b, x = (-high, -low, -x) if low < 0 else (low, high, x)
    at_low, at_high = scipy.special.log_ndtr(-a), scipy.special.log_ndtr(-b)

    def distribution(x: Any) -> Any:
        return np.expm1(scipy.special.log_ndtr(-x) - at_low) / np.expm1(at_high - at_low)

    assert scipy.stats.kstest(x, distribution).pvalue > 1e-3
    bounds = np.array([low, high], float)
    traced = fg.jit(lambda k, b: random.truncated_normal(k, b[0], b[1], (N,), dtype))(KEY, bounds)
    np.testing.assert_allclose(np.abs(traced), np.abs(x), rtol=1e-5)


@pytest.mark.parametrize("low", [4.0, 30.0])
def test_slope_of_a_tail(low):
    """The derivative with respect to the end is that of the quantile, by differences."""
    f = lambda a: random.truncated_normal(KEY, a, np.inf)  # noqa: E731
    step = 1e-5
    want = (f(low + step) - f(low - step)) / (2 * step)
    np.testing.assert_allclose(fg.grad(f)(low), want, rtol=1e-6)


def test_moments_at_extremes():
    """Means and deviations of distributions that become normal, in units of their errors."""
    for dtype in (np.float32, np.float64):
        for x, mean, spread in (
            (random.gamma(KEY, 1e10, (N,), dtype), 1e10, 1e5),
            (random.binomial(KEY, 1e6, 0.5, (N,), dtype), 5e5, 500),
        ):
            z = (x.astype(float) - mean) / spread
            assert abs(z.mean()) < 0.05
            assert abs(z.std() - 1) < 0.05
    assert np.all(random.gamma(KEY, 1e30, (N,)) / 1e30 == pytest.approx(1))
    # Of a mean without bound: the distribution of 1 / z**2.
    x = random.wald(KEY, 1e30, (N,))
    assert scipy.stats.kstest(x, scipy.stats.levy.cdf).pvalue > 1e-3
    log_x = random.loggamma(KEY, 1e-8, (N,)) * 1e-8
    assert scipy.stats.kstest(-log_x, "expon").pvalue > 1e-3


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_integers_over_the_whole_range(dtype):
    info = np.iinfo(dtype)
    x = random.randint(KEY, (N,), info.min, int(info.max) + 1 if info.max < 2**63 - 1 else info.max,
                       dtype)  # fmt: skip
    scaled = (x.astype(float) - float(info.min)) / (float(info.max) - float(info.min))
    assert abs(scaled.mean() - 0.5) < 0.02
    assert random.randint(KEY, (), info.max, info.max, dtype) == info.max
    y = random.poisson(KEY, np.array([0.0, 1e30, np.inf, np.nan, -1.0]), None, dtype)
    most = min(info.max, 2**63 - 1)
    assert y.tolist()[:3] == [0, most, most]
    z = random.geometric(KEY, np.array([1.0, 0.0, 1e-300, np.nan, 2.0, -1.0]), None, dtype)
    assert z[0] == 1
    assert np.all(z[1:3] > info.max // 2)
    assert np.all(z[3:] == 0)


def test_categories_that_cannot_be():
    """-inf is never drawn; where nothing is left, and of NaN, the category is -1."""
    logits = np.array([[-np.inf, 0.0, -np.inf], [-np.inf] * 3, [0.0, np.nan, 0.0]])
    for run in (random.categorical, fg.jit(random.categorical)):
        assert run(KEY, logits).tolist() == [1, -1, -1]
    drawn = random.categorical(KEY, logits[0], shape=(3,), replace=False)
    assert drawn.tolist() == [1, -1, -1]


def test_probabilities_of_booleans():
    p = np.array([-1.0, 0.0, 1.0, 2.0, np.nan])
    for mode in ("low", "high"):
        x = random.bernoulli(KEY, p, (1000, 5), mode)
        assert x.all(0).tolist() == [False, False, True, True, False]
        assert x.any(0).tolist() == [False, False, True, True, False]


@pytest.mark.parametrize("replace", [True, False])
def test_choices_that_cannot_be(replace):
    """Refused where p is known; under jit -1, NaN or 0 takes the place."""
    good = np.array([0.0, 0.25, 0.0, 0.75])
    few = np.array([0.0, 1.0, 0.0, 0.0])
    bad = [np.array([-1.0, 1, 1, 1]), np.array([np.nan, 1, 1, 1]), np.zeros(4), np.full(4, np.inf)]

    def draw(p: Any, a: Any = 4) -> Any:
        return random.choice(KEY, a, (2,), replace, p)

    assert set(draw(good).tolist()) <= {1, 3}
    assert fg.jit(draw)(good).tolist() == draw(good).tolist()
    for p in bad if replace else [*bad, few]:
        with pytest.raises(ValueError, match="choice"):
            draw(p)
        kept = [] if p is not few else [1]
        traced = fg.jit(draw)(p).tolist()
        assert traced == kept + [-1] * (2 - len(kept))
        values = fg.jit(lambda p: draw(p, np.arange(8.0).reshape(4, 2)))(p)
        assert np.all(np.isnan(values[len(kept) :]))
        assert fg.jit(lambda p: draw(p, np.arange(4)))(p).tolist()[len(kept) :] == [0] * (
            2 - len(kept)
        )


@pytest.mark.parametrize("n", [1, 2, 64])
def test_orthogonal_and_permutations_of_any_size(n):
    for dtype in (np.float32, np.float64):
        q = random.orthogonal(KEY, n, (), dtype)
        np.testing.assert_allclose(q @ q.T, np.eye(n), atol=1e-5)
    assert sorted(random.permutation(KEY, n).tolist()) == list(range(n))
    assert random.bits(KEY, (n,), np.uint8).dtype == np.uint8
