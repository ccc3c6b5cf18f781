"""Derivatives of random numbers with respect to the parameters of their distributions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats

import funcgrad as fg
from funcgrad import random
from funcgrad.ops.random.gamma import erfcx, slope_of_gamma, slope_of_wald
from funcgrad.ops.random.gamma_slope import gamma_slope
from funcgrad.testing import check_grads

TABLE = json.loads((Path(__file__).parent.parent / "data" / "random_gamma_slope.json").read_text())
A, Y, FIRST, SECOND = np.array(TABLE["rows"]).T
KEY = random.key(11)
MANY = (40_000,)


def test_gamma_slope_against_high_precision():
    np.testing.assert_allclose(gamma_slope(A, Y, order=0), FIRST, rtol=5e-13)
    np.testing.assert_allclose(gamma_slope(A, Y, order=1), SECOND, rtol=1e-10)
    narrow = gamma_slope(A.astype(np.float32), Y.astype(np.float32), order=0)
    assert narrow.dtype == np.float32
    exact = gamma_slope(
        A.astype(np.float32).astype(np.float64), Y.astype(np.float32).astype(np.float64), order=0
    )
    np.testing.assert_allclose(narrow, exact, rtol=2e-7)


def test_gamma_slope_of_third_order_by_differences():
    a, y, h = A[A > 0.05], Y[A > 0.05], 1e-4
    up, down = gamma_slope(a * (1 + h), y, order=1), gamma_slope(a * (1 - h), y, order=1)
    found = gamma_slope(a, y, order=2)
    np.testing.assert_allclose(found, (up - down) / (2 * h * a), rtol=1e-4, atol=1e-14)


def quantile_slope(a, p, h=1e-5):
    quantile = scipy.special.gammaincinv
    return (quantile(a * (1 + h), p) - quantile(a * (1 - h), p)) / (2 * h * a)


@pytest.mark.parametrize("transform", [lambda f: f, fg.jit], ids=["eager", "jit"])
def test_gamma_moves_with_its_quantiles(transform):
    """Forward mode, reverse mode, and both under vmap, against differences of SciPy's quantiles."""
    a = np.array([0.2, 0.9, 1.0, 3.0, 60.0, 2e3])
    z = random.gamma(KEY, a)
    expected = quantile_slope(a, scipy.special.gammainc(a, z))
    reverse = transform(fg.grad(lambda a: np.sum(random.gamma(KEY, a))))(a)
    np.testing.assert_allclose(reverse, expected, rtol=2e-6)
    out, forward = transform(lambda a: fg.jvp(lambda a: random.gamma(KEY, a), (a,), (a,)))(a)
    np.testing.assert_array_equal(out, z)
    np.testing.assert_allclose(forward, expected * a, rtol=2e-6)
    logarithmic = transform(fg.grad(lambda a: np.sum(random.loggamma(KEY, a))))(a)
    np.testing.assert_allclose(logarithmic, expected / z, rtol=2e-6)
    keys = random.split(KEY, 3)
    each = transform(fg.vmap(fg.grad(lambda a, k: np.sum(random.gamma(k, a))), in_axes=(None, 0)))
    loop = [fg.grad(lambda a, k=k: np.sum(random.gamma(k, a)))(a) for k in keys]
    np.testing.assert_allclose(each(a, keys), np.stack(loop), rtol=1e-13)


def test_shared_parameters_collect_derivatives():
    a = np.array([[0.5], [4.0]])
    drawn = random.gamma(KEY, a, (2, 3))
    slopes = slope_of_gamma(drawn, np.broadcast_to(a, (2, 3)))
    found = fg.grad(lambda a: np.sum(random.gamma(KEY, a, (2, 3))))(a)
    np.testing.assert_allclose(found, slopes.sum(1, keepdims=True), rtol=1e-13)
    scalar = fg.grad(lambda a: np.sum(random.gamma(KEY, a, (3,))))(np.float64(2.0))
    assert np.shape(scalar) == ()


@pytest.mark.parametrize("a", [0.05, 0.7, 1.0, 5.0, 80.0])
def test_second_derivative_of_gamma(a):
    """Along the quantile: differences of the first derivative at equal probability."""
    z = random.gamma(KEY, a)
    p = scipy.special.gammainc(a, z)
    h = 1e-4 * a
    up, down = (
        slope_of_gamma(scipy.special.gammaincinv(b, p), np.float64(b)) for b in (a + h, a - h)
    )
    expected = (up - down) / (2 * h)

    def draw(a):
        return random.gamma(KEY, a)

    found = [
        fg.grad(fg.grad(draw))(a),
        fg.hessian(draw)(a),
        fg.jacfwd(fg.jacfwd(draw))(a),
        fg.jit(fg.grad(fg.jacfwd(draw)))(a),
        fg.vmap(fg.grad(fg.grad(draw)))(np.array([a]))[0],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_small_numbers_keep_their_derivatives():
    a = np.float64(1e-3)
    y = random.loggamma(KEY, a, (50,))
    assert np.exp(y).min() == 0
    slopes = fg.jacfwd(lambda a: random.loggamma(KEY, a, (50,)))(a)
    # For z to 0 the distribution function is z**a / Gamma(a + 1).
    low = y < -40
    expected = (scipy.special.digamma(a + 1) - y[low]) / a
    np.testing.assert_allclose(slopes[low], expected, rtol=1e-12)
    zeros = fg.grad(lambda a: np.sum(random.gamma(KEY, a, (50,))))(a)
    assert np.isfinite(zeros)
    weights = np.array([1.0, 2.0, 4.0])
    alpha = np.full(3, 1e-3)
    gradient = fg.grad(lambda a: np.sum(random.dirichlet(KEY, a) * weights))(alpha)
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("name", ["gamma", "loggamma", "chisquare", "t", "wald", "pareto"])
def test_dtypes_of_gradients(name):
    """The gradient has the dtype of the parameter, whatever that of the numbers."""
    sample = getattr(random, name)
    for precision in (np.float32, np.float64):
        a = np.array([0.3, 2.0, 30.0], precision)
        for dtype in (np.float32, np.float64):
            for transform in (lambda f: f, fg.jit):
                gradient = fg.grad(lambda a: np.sum(sample(KEY, a, dtype=dtype)))  # noqa: B023
                assert transform(gradient)(a).dtype == precision


def test_float32_gradients():
    a = np.array([0.3, 2.0, 30.0], np.float32)
    found = fg.grad(lambda a: np.sum(random.gamma(KEY, a, dtype=np.float32)))(a)
    z = random.gamma(KEY, a, dtype=np.float32).astype(np.float64)
    np.testing.assert_allclose(found, slope_of_gamma(z, a.astype(np.float64)), rtol=2e-6)


def test_exact_relations():
    """Gradients of what is made of gamma numbers, by those of the gamma numbers."""
    a, b = np.array([0.5, 3.0]), np.array([2.0, 0.8])
    keys = random.split(KEY)
    log_g, log_h = random.loggamma(keys[0], a), random.loggamma(keys[1], b)
    x = random.beta(KEY, a, b)
    d_a, d_b = fg.grad(lambda a, b: np.sum(random.beta(KEY, a, b)), argnums=(0, 1))(a, b)
    np.testing.assert_allclose(d_a, x * (1 - x) * gamma_slope(a, log_g, order=0), rtol=1e-12)
    np.testing.assert_allclose(d_b, -x * (1 - x) * gamma_slope(b, log_h, order=0), rtol=1e-12)
    x = random.chisquare(KEY, a)
    found = fg.grad(lambda df: np.sum(random.chisquare(KEY, df)))(a)
    expected = x * gamma_slope(a / 2, np.log(x / 2), order=0) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def rayleigh(scale):
    return random.rayleigh(KEY, scale, (5,))


SMOOTH = {
    "uniform": (lambda a, b: random.uniform(KEY, (5,), minval=a, maxval=b), (-1.0, 2.0)),
    "pareto": (lambda b: random.pareto(KEY, b, (5,)), (1.5,)),
    "rayleigh": (rayleigh, (1.5,)),
    "weibull_min": (lambda s, c: random.weibull_min(KEY, s, c, (5,)), (2.0, 1.5)),
    "lognormal": (lambda s: random.lognormal(KEY, s, (5,)), (0.7,)),
    "triangular": (lambda a, m, b: random.triangular(KEY, a, m, b, (9,)), (-1.0, 0.4, 2.0)),
    "truncated_normal": (lambda a, b: random.truncated_normal(KEY, a, b, (5,)), (-0.7, 1.6)),
    "double_sided_maxwell": (
        lambda m, s: random.double_sided_maxwell(KEY, m, s, (5,)), (1.0, 2.0)
    ),
    "multivariate_normal": (
        lambda m, r: random.multivariate_normal(KEY, m, r @ r.T, (4,)),
        (np.array([1.0, -2.0]), np.array([[1.5, 0.2], [-0.4, 0.8]])),
    ),
    "multivariate_normal_eigh": (
        lambda m, r: random.multivariate_normal(KEY, m, r @ r.T, (4,), method="eigh"),
        (np.array([1.0, -2.0]), np.array([[1.5, 0.2], [-0.4, 0.8]])),
    ),
    "multivariate_normal_svd": (
        lambda m, r: random.multivariate_normal(KEY, m, r @ r.T, (4,), method="svd"),
        (np.array([1.0, -2.0]), np.array([[1.5, 0.2], [-0.4, 0.8]])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
def test_functions_of_fixed_numbers(name):
    """Numbers that are smooth functions of their parameters, against differences."""
    sample, given = SMOOTH[name]
    given = tuple(np.asarray(g)[()] for g in given)
    check_grads(lambda *p: np.sum(np.sin(sample(*p))), given, order=2)
    check_grads(fg.jit(lambda *p: np.sum(np.sin(sample(*p)))), given, order=1)


def test_closed_forms():
    x = random.pareto(KEY, 1.5, (5,))
    found = fg.jacobian(lambda b: random.pareto(KEY, b, (5,)))(1.5)
    np.testing.assert_allclose(found, -x * np.log(x) / 1.5, rtol=1e-13)
    x = random.weibull_min(KEY, 2.0, 1.5, (5,))
    found = fg.jacobian(lambda c: random.weibull_min(KEY, 2.0, c, (5,)))(1.5)
    np.testing.assert_allclose(found, -x * np.log(x / 2) / 1.5, rtol=1e-12)
    np.testing.assert_allclose(fg.jacobian(rayleigh)(2.0), rayleigh(1.0), rtol=1e-14)
    found = fg.jacobian(lambda m: random.multivariate_normal(KEY, m, np.eye(2)))(np.zeros(2))
    np.testing.assert_array_equal(found, np.eye(2))


def test_wald_moves_with_its_quantiles():
    """The inverse Gaussian distribution of SciPy, whose mu is our mean."""
    mean = np.array([0.1, 0.5, 1.0, 3.0, 20.0])
    x = random.wald(KEY, mean)
    p, h = scipy.stats.invgauss.cdf(x, mean), 1e-5
    up, down = (scipy.stats.invgauss.ppf(p, mean * (1 + e)) for e in (h, -h))
    for transform in (lambda f: f, fg.jit):
        found = transform(fg.grad(lambda m: np.sum(random.wald(KEY, m))))(mean)
        np.testing.assert_allclose(found, (up - down) / (2 * h * mean), rtol=1e-5)
    second = fg.grad(fg.grad(lambda m: random.wald(KEY, m)))(1.5)
    x = random.wald(KEY, 1.5)
    p = scipy.stats.invgauss.cdf(x, 1.5)
    up, down = (
        slope_of_wald(scipy.stats.invgauss.ppf(p, m), np.float64(m)) for m in (1.5 + h, 1.5 - h)
    )
    np.testing.assert_allclose(second, (up - down) / (2 * h), rtol=1e-4)


def test_erfcx():
    x = np.array([-1.0, 0.0, 0.5, 30.0])
    np.testing.assert_allclose(erfcx(x), scipy.special.erfcx(x), rtol=0)
    slopes = fg.vmap(fg.grad(erfcx))(x[:3])
    np.testing.assert_allclose(slopes, 2 * x[:3] * erfcx(x[:3]) - 2 / np.sqrt(np.pi), rtol=1e-14)


def second_moment(p):
    return scipy.special.gamma(3 / p) / scipy.special.gamma(1 / p)


# Samplers, a parameter, a function of the number, and the derivative of its expectation.
EXPECTATIONS = {
    "gamma": (lambda a: random.gamma(KEY, a, MANY), 0.6, lambda x: x, 1.0),
    "gamma squared": (lambda a: random.gamma(KEY, a, MANY), 3.0, lambda x: x * x, 7.0),
    "loggamma": (
        lambda a: random.loggamma(KEY, a, MANY), 0.3, lambda x: x,
        float(scipy.special.polygamma(1, 0.3)),
    ),
    "chisquare": (lambda a: random.chisquare(KEY, a, MANY), 3.0, lambda x: x, 1.0),
    "beta, first": (lambda a: random.beta(KEY, a, 2.0, MANY), 0.7, lambda x: x, 2 / 2.7**2),
    "beta, second": (lambda b: random.beta(KEY, 0.7, b, MANY), 2.0, lambda x: x, -0.7 / 2.7**2),
    "t": (lambda d: random.t(KEY, d, MANY), 9.0, lambda x: x * x, -2 / 49),
    "f": (lambda d: random.f(KEY, 4.0, d, MANY), 12.0, lambda x: x, -2 / 100),
    "f, first": (lambda d: random.f(KEY, d, 12.0, MANY), 4.0, lambda x: x, 0.0),
    "wald": (lambda m: random.wald(KEY, m, MANY), 0.8, lambda x: x, 1.0),
    "wald squared": (
        lambda m: random.wald(KEY, m, MANY), 0.8, lambda x: x * x, 2 * 0.8 + 3 * 0.64
    ),
    "dirichlet": (
        lambda a: random.dirichlet(KEY, np.array([1.0, 2.0, 0.0]) + a * np.array([0.0, 0.0, 1.0]),
                                   MANY)[:, 0],
        0.5, lambda x: x, -1 / 3.5**2,
    ),
    "generalized_normal": (
        lambda p: random.generalized_normal(KEY, p, MANY), 1.5, lambda x: x * x,
        (second_moment(1.5 + 1e-5) - second_moment(1.5 - 1e-5)) / 2e-5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_expected_derivative_is_that_of_the_expectation(name):
    sample, at, function, expected = EXPECTATIONS[name]
    slopes = fg.jvp(lambda p: function(sample(p)), (np.float64(at),), (np.float64(1.0),))[1]
    error = np.std(slopes) / np.sqrt(slopes.size)
    assert abs(np.mean(slopes) - expected) < 3.5 * error


def test_ball_gradient():
    """The p-norm of a point in d dimensions is u**(1 / d), whose distribution ignores p."""
    radius = lambda p: np.sum(np.abs(random.ball(KEY, 2, p, MANY)) ** p, -1) ** (1 / p)  # noqa: E731
    slopes = fg.jvp(radius, (np.float64(3.0),), (np.float64(1.0),))[1]
    assert abs(np.mean(slopes)) < 3.5 * np.std(slopes) / np.sqrt(slopes.size)


def test_counts_are_constants():
    for sample in (
        lambda x: random.poisson(KEY, x, (3,)),
        lambda x: random.binomial(KEY, 9, x / 9, (3,)),
        lambda x: random.geometric(KEY, x / 9, (3,)),
        lambda x: random.multinomial(KEY, 9, np.stack([x / 9, 1 - x / 9])),
    ):
        assert fg.grad(lambda x, sample=sample: np.sum(sample(x) * x))(3.0) == np.sum(sample(3.0))
