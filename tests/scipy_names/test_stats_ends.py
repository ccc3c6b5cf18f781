"""funcgrad.scipy.stats in tails, at the ends of parameters and supports, and of several points."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.stats as sps

import funcgrad as fg
from funcgrad.scipy import stats


def log_student(x, df, n=1):
    """Of a vector of n numbers with the length x."""
    constant = mpmath.loggamma((df + n) / 2) - mpmath.loggamma(df / 2)
    return constant - n * mpmath.log(df * mpmath.pi) / 2 - (df + n) / 2 * mpmath.log1p(x * x / df)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("df", [0.5, 3.0, 19.9, 21.0, 1e4, 1e8, 1e12, 1e15])
def test_student_of_many_degrees_of_freedom(df, n):
    """Differences of the logarithms of gamma functions and their derivatives have no digits."""
    for x in (0.5, 3.0, 40.0):
        at = np.zeros(n)
        at[0] = x

        def ours(df, at=at):
            if n == 1:
                return stats.t.logpdf(at[0], df)
            return stats.multivariate_t.logpdf(at, np.zeros(n), 1, df)

        with mpmath.workdps(70):
            z = mpmath.mpf(df)
            expected = [
                mpmath.diff(lambda d, x=x: log_student(mpmath.mpf(x), d, n), z, k, h=z * 1e-14)
                for k in range(3)
            ]
        found = [f(df) for f in (ours, fg.grad(ours), fg.grad(fg.grad(ours)))]
        np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-11)


def test_student_of_infinite_degrees_of_freedom():
    x = np.array([0.7, -3.0, 0.0])
    np.testing.assert_allclose(stats.t.logpdf(x, np.inf), sps.norm.logpdf(x))
    np.testing.assert_allclose(stats.t.entropy(np.inf), sps.norm.entropy())
    np.testing.assert_allclose(stats.t.entropy(1e15), sps.norm.entropy())
    assert fg.grad(lambda df: stats.t.logpdf(0.7, df))(np.inf) == 0
    np.testing.assert_allclose(fg.grad(lambda x: stats.t.logpdf(x, np.inf))(0.7), -0.7)
    center = np.zeros(3)
    np.testing.assert_allclose(
        stats.multivariate_t.logpdf(x, center, df=np.inf), sps.norm.logpdf(x).sum()
    )
    np.testing.assert_allclose(
        stats.multivariate_t.entropy(center, df=np.inf), 3 * sps.norm.entropy()
    )
    for df in (0.7, 3.0, 50.0, 1e4):
        for n in (2, 3):
            np.testing.assert_allclose(
                stats.multivariate_t.entropy(np.zeros(n), df=df),
                sps.multivariate_t.entropy(np.zeros(n), np.eye(n), df), rtol=1e-9)  # fmt: skip


SHARES = (1e-300, 1e-20, 1e-10, 0.3, 0.5, 0.7, 1 - 1e-12)
INTERVALS = ((-1.0, 2.0), (-1.0, 9.0), (40.0, 41.0), (-41.0, -40.0), (-np.inf, 2.0),
             (-3.0, np.inf), (-np.inf, np.inf), (-50.0, 50.0), (2.0, 3.0))  # fmt: skip


@pytest.mark.parametrize(("a", "b"), INTERVALS)
def test_quantiles_between_two_numbers(a, b):
    """The probability of the quantile is the one given, to the rounding of the quantile."""
    for q in SHARES:
        for function, of_left in (("ppf", True), ("isf", False)):
            x = getattr(stats.truncnorm, function)(q, a, b)
            assert a <= x <= b
            with mpmath.workdps(400):
                start, end, at = (mpmath.mpf(float(v)) for v in (a, b, x))
                total = mpmath.ncdf(end) - mpmath.ncdf(start)
                below, above = (
                    mpmath.ncdf(at) - mpmath.ncdf(start),
                    mpmath.ncdf(end) - mpmath.ncdf(at),
                )
                wrong = (below if of_left else above) / total - mpmath.mpf(q)
                error = abs(wrong) / mpmath.npdf(at) * total / max(abs(at), 1)
            assert error < 1e-15
    assert np.isfinite(fg.grad(lambda q: stats.truncnorm.ppf(q, a, b))(0.4))
    slopes = [fg.grad(stats.truncnorm.ppf, i)(0.4, a, b) for i in (1, 2)]
    assert np.isfinite(slopes).all()


def test_density_on_the_circle_at_zero():
    """Derivatives from the right, where a scaled Bessel function has a kink."""
    at = 0.7
    for function, first in (("logpdf", np.cos(at)), ("cdf", np.sin(at) / (2 * np.pi))):
        slope = fg.grad(lambda k, f=function: getattr(stats.vonmises, f)(at, k))
        np.testing.assert_allclose(slope(0.0), first, rtol=1e-12)
    second = fg.grad(fg.grad(lambda k: stats.vonmises.logpdf(at, k)))(0.0)
    np.testing.assert_allclose(second, -0.5)
    np.testing.assert_allclose(fg.grad(fg.grad(stats.vonmises.entropy))(0.0), -0.5)
    ends = np.array([-np.inf, np.inf])
    for function in ("cdf", "sf", "logcdf", "logsf"):
        with np.errstate(divide="ignore"):
            found, expected = (getattr(m.vonmises, function)(ends, 1.3) for m in (stats, sps))
        np.testing.assert_array_equal(found, expected)


def test_infinite_numbers_and_tails():
    ends = np.array([-np.inf, np.inf])
    with np.errstate(divide="ignore"):
        for function in ("cdf", "sf", "logcdf", "logsf"):
            for name, shapes in (("cauchy", ()), ("f", (2.0, 3.0))):
                found, expected = (getattr(getattr(m, name), function)(ends, *shapes)
                                   for m in (stats, sps))  # fmt: skip
                np.testing.assert_array_equal(found, expected)
        assert stats.truncnorm.logcdf(-1.0, -1.0, 1.0) == -np.inf
    q = np.array([1e-300, 1e-17, 1e-10, 0.2, 0.3, 0.6, 0.9])
    for function, sign in (("ppf", -1), ("isf", 1)):
        expected = [float(sign * mpmath.cot(mpmath.pi * mpmath.mpf(float(p)))) for p in q]
        np.testing.assert_allclose(getattr(stats.cauchy, function)(q), expected, rtol=1e-14)
    np.testing.assert_allclose(stats.cauchy.logpdf([1e300, -1e300]), sps.cauchy.logpdf(1e300))
    np.testing.assert_allclose(stats.beta.isf(1e-20, 2.0, 3.0), sps.beta.isf(1e-20, 2.0, 3.0))
    np.testing.assert_allclose(stats.binom.sf(45.0, 50.0, 0.1), sps.binom.sf(45, 50, 0.1))
    np.testing.assert_allclose(stats.nbinom.sf(200.0, 5.0, 0.5), sps.nbinom.sf(200, 5, 0.5))


COUNTED = {
    "poisson": (3.5,), "binom": (900.0, 0.01), "nbinom": (4.0, 0.3), "geom": (0.3,),
    "betabinom": (300.0, 0.8, 40.0), "bernoulli": (0.3,),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_upper_quantiles_of_counts(name):
    """The smallest number with at most q above, also where 1 - q rounds to 1."""
    distribution, shapes = getattr(stats, name), COUNTED[name]
    for q in (1e-200, 1e-40, 1e-20, 1e-9, 0.03, 0.5, 0.97):
        for run in (distribution.isf, fg.jit(distribution.isf)):
            k = run(q, *shapes)
            assert distribution.sf(k, *shapes) <= q
            assert k == 0 or distribution.sf(k - 1, *shapes) > q


def test_points_of_one_dimension_and_batches():
    x = np.array([0.3, -0.4])
    for mean in (None, 0.0):
        found, expected = (m.multivariate_normal.logpdf(x, mean) for m in (stats, sps))
        np.testing.assert_allclose(found, expected)
        found, expected = (m.multivariate_t.logpdf(x, mean, df=3.0) for m in (stats, sps))
        np.testing.assert_allclose(found, expected)
    rng = np.random.default_rng(0)
    points, means = rng.normal(size=(4, 1, 3)), rng.normal(size=(2, 3))
    roots = rng.normal(size=(2, 3, 3))
    covs = roots @ np.swapaxes(roots, 1, 2) + np.eye(3)
    for ours, theirs in (
        (stats.multivariate_normal.logpdf, sps.multivariate_normal.logpdf),
        (lambda x, m, c: stats.multivariate_t.logpdf(x, m, c, 3.5),
         lambda x, m, c: sps.multivariate_t.logpdf(x, m, c, 3.5)),
    ):  # fmt: skip
        expected = [[theirs(p[0], m, c) for m, c in zip(means, covs, strict=True)] for p in points]
        for run in (ours, fg.jit(ours)):
            np.testing.assert_allclose(run(points, means, covs), expected)
        np.testing.assert_allclose(ours(points[0, 0], means, covs), expected[0])
        np.testing.assert_allclose(ours(points[:2, 0], means[0], covs)[0], expected[0][0])
        fg.testing.check_grads(lambda p, m, f=ours: f(p, m, covs), (points, means), order=2)
    single = [a.astype("f4") for a in (points[0, 0], means, covs)]
    for found in (
        stats.multivariate_normal.logpdf(*single), stats.multivariate_t.logpdf(*single, df=3),
        stats.t.logpdf(single[0], 3e5), stats.multivariate_t.entropy(single[1][0], single[2][0], 3),
    ):  # fmt: skip
        assert found.dtype == np.float32
    with pytest.raises(fg.errors.ShapeError, match="do not fit"):
        stats.multivariate_normal.logpdf(points[:3, 0], means, covs)


def test_logarithms_of_probabilities_next_to_one():
    """Their small number is what is missing to 1, not the logarithm of a rounded 1."""
    np.testing.assert_allclose(stats.cauchy.logcdf(1e20), -1e-20 / np.pi, rtol=1e-14)
    np.testing.assert_allclose(stats.pareto.logcdf(1e9, 3.0), -1e-27, rtol=1e-13)
    np.testing.assert_allclose(stats.poisson.logsf(0.0, 50.0), np.log1p(-np.exp(-50)), rtol=1e-13)
    slope = fg.grad(lambda x: stats.cauchy.logcdf(x))(1e20)
    np.testing.assert_allclose(slope, 1e-40 / np.pi, rtol=1e-13)


def test_tails_of_extreme_parameters():
    """A probability that is next to 1 is not an argument of another one."""
    np.testing.assert_allclose(stats.binom.cdf(0.0, 1e10, 1e-12), np.exp(-0.01), rtol=1e-10)
    expected = float(mpmath.gammainc(0.25, 0.25 * 2, mpmath.inf, regularized=True))
    np.testing.assert_allclose(stats.f.sf(2.0, 0.5, 1e14), expected, rtol=1e-12)
    np.testing.assert_allclose(stats.f.cdf(0.5, 1e14, 0.5), expected, rtol=1e-12)
    assert stats.f.cdf(np.inf, 2.0, 3.0) == 1
    assert fg.grad(lambda x: stats.f.sf(x, 2.0, 3.0))(np.inf) == 0


def test_the_derivative_of_a_beta_binomial_tail_next_to_one():
    found = fg.grad(lambda a: stats.betabinom.sf(0.0, 31.0, a, 13.0))(26.0)
    with mpmath.workdps(50):

        def share(a):
            return mpmath.beta(a, 31 + 13) / mpmath.beta(a, 13)

        expected = -mpmath.diff(share, 26)
    np.testing.assert_allclose(found, float(expected), rtol=1e-12)


def test_moments_of_students_distribution_in_single_precision():
    df = np.array([0.5, 1.5, 3.0, 5.0], np.float32)
    for found, expected in (
        (stats.t.var(df), [np.nan, np.inf, 3, 5 / 3]),
        (stats.t.stats(df, moments="k"), [np.nan, np.nan, np.inf, 6]),
    ):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-6)
