"""Samplers against the distributions of SciPy, with fixed keys."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import funcgrad as fg
from funcgrad import random

KEY = random.key(5)
SIZE = (20_000,)

CONTINUOUS = {
    "exponential": (lambda d: random.exponential(KEY, SIZE, d), stats.expon()),
    "laplace": (lambda d: random.laplace(KEY, SIZE, d), stats.laplace()),
    "logistic": (lambda d: random.logistic(KEY, SIZE, d), stats.logistic()),
    "cauchy": (lambda d: random.cauchy(KEY, SIZE, d), stats.cauchy()),
    "gumbel": (lambda d: random.gumbel(KEY, SIZE, d, "high"), stats.gumbel_r()),
    "gumbel highest": (lambda d: random.gumbel(KEY, SIZE, d, "highest"), stats.gumbel_r()),
    "pareto": (lambda d: random.pareto(KEY, 2.5, SIZE, d), stats.pareto(2.5)),
    "rayleigh": (lambda d: random.rayleigh(KEY, 2.5, SIZE, d), stats.rayleigh(scale=2.5)),
    "weibull": (
        lambda d: random.weibull_min(KEY, 2.0, 0.8, SIZE, d), stats.weibull_min(0.8, scale=2.0)
    ),
    "triangular": (
        lambda d: random.triangular(KEY, -1.0, 0.2, 2.0, SIZE, d), stats.triang(0.4, -1.0, 3.0)
    ),
    "truncated": (
        lambda d: random.truncated_normal(KEY, -0.5, 2.0, SIZE, d), stats.truncnorm(-0.5, 2.0)
    ),
    "lognormal": (lambda d: random.lognormal(KEY, 0.7, SIZE, d), stats.lognorm(0.7)),
    "maxwell": (lambda d: random.maxwell(KEY, SIZE, d), stats.maxwell()),
    "wald": (lambda d: random.wald(KEY, 2.0, SIZE, d), stats.invgauss(2.0)),
    "wald, large": (lambda d: random.wald(KEY, 50.0, SIZE, d), stats.invgauss(50.0)),
    "gamma, tiny": (lambda d: random.gamma(KEY, 0.05, SIZE, d), stats.gamma(0.05)),
    "gamma, small": (lambda d: random.gamma(KEY, 0.6, SIZE, d), stats.gamma(0.6)),
    "gamma, one": (lambda d: random.gamma(KEY, 1.0, SIZE, d), stats.gamma(1.0)),
    "gamma, large": (lambda d: random.gamma(KEY, 300.0, SIZE, d), stats.gamma(300.0)),
    "loggamma": (lambda d: random.loggamma(KEY, 0.4, SIZE, d), stats.loggamma(0.4)),
    "chisquare": (lambda d: random.chisquare(KEY, 3.0, SIZE, d), stats.chi2(3.0)),
    "t": (lambda d: random.t(KEY, 1.5, SIZE, d), stats.t(1.5)),
    "f": (lambda d: random.f(KEY, 3.0, 7.0, SIZE, d), stats.f(3.0, 7.0)),
    "beta": (lambda d: random.beta(KEY, 0.5, 2.0, SIZE, d), stats.beta(0.5, 2.0)),
    "dirichlet": (
        lambda d: random.dirichlet(KEY, np.array([0.5, 1.0, 2.0]), SIZE, d)[:, 1],
        stats.beta(1.0, 2.5),
    ),
    "generalized normal": (
        lambda d: random.generalized_normal(KEY, 3.0, SIZE, d), stats.gennorm(3.0)
    ),
    "ball": (
        lambda d: np.sum(np.abs(random.ball(KEY, 3, 1.5, SIZE, d)) ** 1.5, -1), stats.beta(2.0, 1.0)
    ),
    "orthogonal": (
        lambda d: random.orthogonal(KEY, 3, SIZE, d)[:, 0, 0] ** 2, stats.beta(0.5, 1.0)
    ),
    "double-sided maxwell": (
        lambda d: np.abs(random.double_sided_maxwell(KEY, 1.0, 2.0, SIZE, d) - 1),
        stats.maxwell(scale=2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous(name, dtype):
    sample, distribution = CONTINUOUS[name]
    drawn = sample(dtype)
    assert drawn.dtype == dtype
    assert stats.kstest(drawn.astype(np.float64), distribution.cdf).pvalue > 1e-3


COUNTS = {
    "poisson, small": (random.poisson, (3.0,), stats.poisson(3.0)),
    "poisson, below ten": (random.poisson, (9.9,), stats.poisson(9.9)),
    "poisson, ten": (random.poisson, (10.0,), stats.poisson(10.0)),
    "poisson, large": (random.poisson, (400.0,), stats.poisson(400.0)),
    "poisson, huge": (random.poisson, (1e6,), stats.poisson(1e6)),
    "binomial, few": (random.binomial, (12, 0.3), stats.binom(12, 0.3)),
    "binomial, rare": (random.binomial, (1000, 0.995), stats.binom(1000, 0.995)),
    "binomial, many": (random.binomial, (200, 0.4), stats.binom(200, 0.4)),
    "binomial, likely": (random.binomial, (5000, 0.7), stats.binom(5000, 0.7)),
    "geometric": (random.geometric, (0.15,), stats.geom(0.15)),
    "geometric, sure": (random.geometric, (0.9,), stats.geom(0.9)),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    """Chi-square of the counts in bins of about equal probability."""
    sample, given, distribution = COUNTS[name]
    drawn = sample(KEY, *given, SIZE)
    edges = np.unique(distribution.ppf(np.linspace(0.04, 0.96, 24)))
    expected = np.diff(np.concatenate([[0.0], distribution.cdf(edges), [1.0]])) * SIZE[0]
    found = np.bincount(np.searchsorted(edges, drawn), minlength=len(edges) + 1)
    assert len(expected) > 2
    some = expected > 5
    assert np.all(found[~some] < 30)
    chi2 = np.sum((found - expected)[some] ** 2 / expected[some])
    assert stats.chi2(some.sum() - 1).sf(chi2) > 1e-3


def test_parameters_mixed_in_one_array():
    """Small and large rates beside each other, by mean and variance."""
    rates = np.array([0.1, 5.0, 12.0, 80.0])
    drawn = random.poisson(KEY, rates, (*SIZE, 4))
    error = np.sqrt(rates / SIZE[0])
    assert np.all(np.abs(drawn.mean(0) - rates) < 4 * error)
    spread = np.sqrt((2 * rates**2 + rates) / SIZE[0])
    assert np.all(np.abs(drawn.var(0) - rates) < 4 * spread)
    n, p = np.array([10.0, 40.0, 40.0, 1e4]), np.array([0.5, 0.1, 0.6, 0.999])
    drawn = random.binomial(KEY, n, p, (*SIZE, 4))
    variance = n * p * (1 - p)
    assert np.all(np.abs(drawn.mean(0) - n * p) < 4 * np.sqrt(variance / SIZE[0]))
    assert np.all(np.abs(drawn.var(0) / variance - 1) < 4 * np.sqrt(3 / SIZE[0]))


def test_multinomial():
    p = np.array([0.1, 0.0, 0.5, 0.4])
    for n in (1, 30):
        drawn = random.multinomial(KEY, n, p, shape=(*SIZE, 4))
        assert np.all(drawn.sum(-1) == n)
        assert np.all(drawn[:, 1] == 0)
        some = p > 0
        total = drawn[:, some].sum(0)
        assert stats.chisquare(total, n * SIZE[0] * p[some]).pvalue > 1e-3
        covariance = np.cov(drawn, rowvar=False)
        np.testing.assert_allclose(covariance, n * (np.diag(p) - np.outer(p, p)), atol=0.025 * n)


def test_signs():
    drawn = random.rademacher(KEY, SIZE)
    assert set(np.unique(drawn)) == {-1, 1}
    assert abs(drawn.mean()) < 4 / np.sqrt(SIZE[0])
    both = random.double_sided_maxwell(KEY, 0.0, 1.0, SIZE)
    assert abs(np.sign(both).mean()) < 4 / np.sqrt(SIZE[0])


def test_bernoulli_of_small_probability():
    """With mode="high", float32 resolves probabilities that "low" does not."""
    p = np.float32(2.0**-20 * 1.37)
    high = fg.jit(lambda k: random.bernoulli(k, p, (2_000_000,), "high").sum())(KEY)
    assert stats.binomtest(int(high), 2_000_000, float(p)).pvalue > 1e-3


@pytest.mark.parametrize("method", ["cholesky", "eigh", "svd"])
def test_multivariate_normal(method):
    mean, root = np.array([1.0, -2.0, 0.5]), np.array([[2.0, 0, 0], [0.7, 1, 0], [-0.5, 0.2, 0.3]])
    cov = root @ root.T
    drawn = random.multivariate_normal(KEY, mean, cov, SIZE, method=method)
    white = np.linalg.solve(root, (drawn - mean).T)
    for row in white:
        assert stats.kstest(row, "norm").pvalue > 1e-3
    assert stats.kstest(np.sum(white**2, 0), stats.chi2(3).cdf).pvalue > 1e-3
    covs = np.stack([cov, np.eye(3)])
    pair = random.multivariate_normal(KEY, mean, covs, (*SIZE, 2), method=method)
    np.testing.assert_allclose(np.cov(pair[:, 1], rowvar=False), np.eye(3), atol=0.05)
    np.testing.assert_allclose(np.cov(pair[:, 0], rowvar=False), cov, atol=0.2)


def test_points_of_a_ball_have_no_direction():
    drawn = random.ball(KEY, 2, 2.0, SIZE)
    angle = np.arctan2(drawn[:, 1], drawn[:, 0])
    assert stats.kstest(angle, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3


def test_unitary_matrices():
    """The eigenvalues' angles are uniform only with the right signs: Mezzadri's test."""
    drawn = random.orthogonal(KEY, 3, (4000,), np.complex128)
    angles = np.angle(np.linalg.eigvals(drawn)[:, 0])
    assert stats.kstest(angles, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-3
    traces = np.abs(np.trace(drawn, axis1=1, axis2=2)) ** 2
    assert abs(traces.mean() - 1) < 4 * traces.std() / np.sqrt(4000)


def test_elements_are_independent():
    for sample in (
        lambda k: random.gamma(k, 0.7, SIZE),
        lambda k: random.poisson(k, 30.0, SIZE).astype(float),
        lambda k: random.binomial(k, 100, 0.4, SIZE),
    ):
        x, y = map(sample, random.split(KEY))
        for a, b in ((x[:-1], x[1:]), (x, y), (x[:10_000], x[10_000:])):
            assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(a.size)
