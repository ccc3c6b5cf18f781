"""funcgrad.scipy.stats: values of scipy.stats, gradients in all parameters, ends of supports."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import stats

X = np.array([[0.31, -1.4, 2.2], [0.7, 1.9, -0.45]])
INSIDE = np.array([[0.31, 0.62, 0.12], [0.9, 0.05, 0.44]])
ABOVE = INSIDE * 4 + 0.2
COUNTS = np.array([[0.0, 2.0, 3.0], [1.0, 5.0, 4.0]])
SHAPE, OTHER = np.array([1.7, 2.6, 0.8]), 1.3
LOC, SCALE = 0.21, np.array([1.4, 0.8, 2.1])

CONTINUOUS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "norm": ((), X), "uniform": ((), INSIDE), "expon": ((), ABOVE), "gamma": ((SHAPE,), ABOVE),
    "beta": ((SHAPE, OTHER), INSIDE), "t": ((SHAPE + 1,), X), "chi2": ((SHAPE,), ABOVE),
    "cauchy": ((), X), "laplace": ((), X), "logistic": ((), X), "pareto": ((SHAPE,), 1 + ABOVE),
    "truncnorm": ((SHAPE * 0 - 1.5, SHAPE), INSIDE), "gennorm": ((SHAPE,), X),
    "vonmises": ((SHAPE,), X), "lognorm": ((SHAPE,), ABOVE), "gumbel_l": ((), X),
    "gumbel_r": ((), X), "weibull_min": ((SHAPE,), ABOVE), "invgamma": ((SHAPE,), ABOVE),
    "f": ((SHAPE, OTHER + 3), ABOVE), "wrapcauchy": ((INSIDE[0],), ABOVE),
}  # fmt: skip
DISCRETE: dict[str, tuple[Any, ...]] = {
    "bernoulli": (INSIDE[0],), "binom": (np.array([7.0, 9.0, 6.0]), INSIDE[0]),
    "poisson": (SHAPE,), "geom": (INSIDE[0],), "nbinom": (SHAPE, INSIDE[0]),
    "betabinom": (np.array([7.0, 9.0, 6.0]), SHAPE, OTHER + SHAPE),
}  # fmt: skip
FUNCTIONS = "logpdf pdf cdf sf logcdf logsf ppf isf".split()
CALLS = [(name, function) for name in CONTINUOUS for function in FUNCTIONS]


@pytest.mark.parametrize(("name", "function"), CALLS)
def test_continuous(name, function):
    shapes, x = CONTINUOUS[name]
    of_probability = function in ("ppf", "isf")
    at = INSIDE if of_probability else x * SCALE + LOC
    ours, theirs = (getattr(getattr(m, name), function) for m in (stats, sps))
    if name == "vonmises" and of_probability:  # SciPy's has too few digits for differences
        found, expected = (f(at, *shapes, LOC, SCALE) for f in (ours, theirs))
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        return
    case = Call((at, *shapes, np.float64(LOC), SCALE), rtol=1e-9)
    check_function(ours, theirs, case, "d")


def test_quantiles_on_the_circle():
    """The quantile is the inverse of the probability, also in its derivatives."""
    q = np.array([0.03, 0.4, 0.77])
    for function in ("ppf", "isf"):
        share = stats.vonmises.cdf if function == "ppf" else stats.vonmises.sf
        quantile = getattr(stats.vonmises, function)
        slopes = fg.jvp(
            lambda q, k, f=share, g=quantile: f(g(q, k), k), (q, SHAPE), (q * 0 + 1, SHAPE)
        )
        np.testing.assert_allclose(slopes, (q, q * 0 + 1), rtol=1e-9)
    fg.testing.check_grads(stats.vonmises.ppf, (q, SHAPE), order=2)


@pytest.mark.parametrize("function", ["logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"])
@pytest.mark.parametrize("name", DISCRETE)
def test_discrete(name, function):
    shapes, k = DISCRETE[name], np.minimum(COUNTS, 1) if name == "bernoulli" else COUNTS
    if name == "geom":
        k = k + 1
    ours, theirs = (getattr(getattr(m, name), function) for m in (stats, sps))
    with np.errstate(divide="ignore"):
        for at in (k, k + 0.5, k - 2):
            np.testing.assert_allclose(
                ours(at, *shapes), theirs(at, *shapes), rtol=1e-10, atol=1e-14
            )
        np.testing.assert_allclose(ours(k + 2, *shapes, loc=2), theirs(k, *shapes), rtol=1e-10)
    fixed = shapes[:1] if name in ("binom", "betabinom") else ()
    case = Call(shapes[len(fixed) :], rtol=1e-9)
    k = np.maximum(k, 1) - (name == "bernoulli")
    with np.errstate(divide="ignore"):
        check_function(lambda *s: ours(k, *fixed, *s), lambda *s: theirs(k, *fixed, *s), case, "d")


@pytest.mark.parametrize("name", DISCRETE)
def test_quantiles_of_counts(name):
    shapes = DISCRETE[name]
    ours, theirs = getattr(stats, name), getattr(sps, name)
    q = np.concatenate([np.linspace(0, 1, 41)[:, None] + np.zeros(3), [[-0.1, 1.2, np.nan]]])
    at_steps = theirs.cdf(np.arange(4)[:, None], *shapes)
    for function in ("ppf", "isf"):
        for given in (q, at_steps if function == "ppf" else q[1:-2]):
            for run in (getattr(ours, function), fg.jit(getattr(ours, function))):
                expected = getattr(theirs, function)(given, *shapes)
                np.testing.assert_array_equal(run(given, *shapes), expected)
        slope = fg.grad(lambda q, f=function: np.sum(getattr(ours, f)(q, *shapes)))(q[1:-2])
        np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
def test_moments(name):
    shapes = CONTINUOUS[name][0] if name in CONTINUOUS else DISCRETE[name]
    shapes = wide(name, shapes)
    ours, theirs = getattr(stats, name), getattr(sps, name)
    given = {"loc": LOC} if name in DISCRETE else {"loc": LOC, "scale": SCALE}
    for function in ("mean", "var", "std", "entropy", "median"):
        if {"std": "var", "median": "ppf"}.get(function, function) not in compared(name):
            continue
        expected = getattr(theirs, function)(*shapes, **given)
        np.testing.assert_allclose(getattr(ours, function)(*shapes, **given), expected, rtol=1e-9)
    np.testing.assert_array_equal(ours.support(*shapes, **given), theirs.support(*shapes, **given))
    np.testing.assert_allclose(
        ours.interval(0.8, *shapes, **given), theirs.interval(0.8, *shapes, **given), rtol=1e-6
    )
    there = [letter for letter, f in LETTERS.items() if f in compared(name)]
    if len(there) < 2:
        return
    found = ours.stats(*shapes, **given, moments="".join(there))
    expected = theirs.stats(*shapes, **given, moments="".join(there))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b + np.zeros(np.shape(a)), rtol=1e-9, atol=1e-12)
    numbers = [np.asarray(s).ravel()[0] for s in shapes]
    for order in range(1, len(there) + 1 if len(there) == 4 else 1):
        expected = theirs.moment(order, *numbers, loc=0.3)
        found = ours.moment(order, *numbers, loc=0.3)
        np.testing.assert_allclose(found, expected, rtol=1e-7)


def compared(name):
    """The formulas that SciPy has, too; it integrates the moments of vonmises for seconds."""
    found = set(getattr(stats, name).formulas)
    return found - {"var", "skew", "kurtosis"} if name == "vonmises" else found


LETTERS = {"m": "mean", "v": "var", "s": "skew", "k": "kurtosis"}


def wide(name, shapes):
    """Parameters for which moments are finite."""
    heavy = name in ("invgamma", "f", "t", "pareto")
    return tuple(np.asarray(s) + 8.1 if heavy else s for s in shapes)


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE, "multivariate_normal", "dirichlet"])
def test_pickled(name):
    distribution = getattr(stats, name)
    copy = pickle.loads(pickle.dumps(distribution))
    assert type(copy) is type(distribution)
    if name in (*CONTINUOUS, *DISCRETE):
        assert copy is distribution


def moments_there_are():
    for name in (*CONTINUOUS, *DISCRETE):
        for function in ("mean", "var", "entropy", "skew", "kurtosis"):
            if function in compared(name):
                yield name, function


@pytest.mark.parametrize(("name", "function"), list(moments_there_are()))
def test_gradients_of_moments(name, function):
    shapes = wide(name, CONTINUOUS[name][0] if name in CONTINUOUS else DISCRETE[name])
    if not shapes:
        return
    letter = {"skew": "s", "kurtosis": "k"}.get(function)

    def of(module):
        distribution = getattr(module, name)
        if letter:
            return lambda *s: distribution.stats(*s, moments=letter) + np.zeros(np.shape(s[-1]))
        return getattr(distribution, function)

    fixed = shapes[:1] if name in ("binom", "betabinom") else ()
    rest = shapes[len(fixed) :]
    ours, theirs = of(stats), of(sps)
    check_function(
        lambda *s: ours(*fixed, *s), lambda *s: theirs(*fixed, *s), Call(rest, rtol=1e-9), "d"
    )


@pytest.mark.parametrize("name", CONTINUOUS)
def test_ends_outside_and_wrong_parameters(name):
    shapes, x = CONTINUOUS[name]
    ours, theirs = getattr(stats, name), getattr(sps, name)
    far = np.array([[-30.0, -5.0, 0.0], [1.0, np.nan, 30.0]])
    with np.errstate(all="ignore"):
        for function in ("logpdf", "pdf", "cdf", "sf"):
            found, expected = (getattr(m, function)(far, *shapes) for m in (ours, theirs))
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-300)
        assert np.isnan(ours.logpdf(x, *shapes, scale=-1.0)).all()
        slope = fg.grad(lambda at: np.sum(ours.pdf(at, *shapes)))(np.nan_to_num(far) + 0.013)
        assert np.isfinite(slope).all()
        if shapes and name not in ("truncnorm", "vonmises"):
            assert np.isnan(ours.logpdf(x, *[-s for s in shapes])).all()


def test_precision_in_tails():
    np.testing.assert_allclose(stats.norm.logcdf(-40.0), sps.norm.logcdf(-40.0), rtol=1e-12)
    np.testing.assert_allclose(stats.cauchy.cdf(-1e9), sps.cauchy.cdf(-1e9), rtol=1e-9)
    np.testing.assert_allclose(stats.truncnorm.logpdf(9.5, 9.0, 10.0),
                               sps.truncnorm.logpdf(9.5, 9.0, 10.0), rtol=1e-10)  # fmt: skip
    np.testing.assert_allclose(stats.vonmises.logpdf(0.3, 2000.0), sps.vonmises.logpdf(0.3, 2000.0))


def test_numbers_stay_in_float32():
    x = X.astype("f4")
    for found in (stats.norm.logpdf(x), stats.norm.cdf(x, 1.0, 2), stats.t.logpdf(x, 3)):
        assert found.dtype == np.float32
    assert fg.jit(lambda x: stats.gamma.logpdf(x, 2.0, scale=3))(x).dtype == np.float32


COV = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.5]])
SEVERAL = {
    "normal": ("multivariate_normal", "logpdf", (X, np.array([0.1, -0.4, 1.0]), COV)),
    "normal, one": ("multivariate_normal", "pdf", (X[0], np.array([0.1, -0.4, 1.0]), COV)),
    "normal, diagonal": ("multivariate_normal", "logpdf", (X, np.ones(3), np.array([1.0, 2, 3]))),
    "normal, number": ("multivariate_normal", "logpdf", (X, np.ones(3), 2.5)),
    "normal of numbers": ("multivariate_normal", "logpdf", (X[0], 0.3, 2.5)),
    "normal, entropy": ("multivariate_normal", "entropy", (np.ones(3), COV)),
    "t": ("multivariate_t", "logpdf", (X, np.array([0.1, -0.4, 1.0]), COV, 3.5)),
    "t, one": ("multivariate_t", "pdf", (X[0], np.array([0.1, -0.4, 1.0]), COV, 3.5)),
    "t, numbers": ("multivariate_t", "logpdf", (X[0][:, None], 0.3, 2.5, 4.0)),
    "t, entropy": ("multivariate_t", "entropy", (np.ones(3), COV, 3.5)),
    "dirichlet": ("dirichlet", "logpdf", (np.array([0.2, 0.5, 0.3]), SHAPE)),
    "dirichlet, mean": ("dirichlet", "mean", (SHAPE,)),
    "dirichlet, var": ("dirichlet", "var", (SHAPE,)),
    "dirichlet, entropy": ("dirichlet", "entropy", (SHAPE,)),
    "wishart, mean": ("wishart", "mean", (4.5, COV)),
    "wishart, var": ("wishart", "var", (4.5, COV)),
    "wishart, entropy": ("wishart", "entropy", (4.5, COV)),
    "wishart": ("wishart", "logpdf", (COV + 1, 4.5, COV)),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several(name):
    distribution, function, args = SEVERAL[name]
    ours, theirs = (getattr(getattr(m, distribution), function) for m in (stats, sps))
    if distribution == "dirichlet" and function == "logpdf":
        args, point = args[1:], args[0]
        ours, theirs = (lambda a, f=f: f(point, a) for f in (ours, theirs))
    if any(getattr(a, "shape", ()) == (3, 3) for a in args):
        both, symmetric = (ours, theirs), lambda m: (m + np.swapaxes(m, -1, -2)) / 2
        ours, theirs = (lambda *a, f=f: f(*(symmetric(m) if np.shape(m)[-2:] == (3, 3) else m
                                             for m in a)) for f in both)  # fmt: skip
    check_function(ours, theirs, Call(args, rtol=1e-10), "d")


def test_several_more():
    points = np.array([[0.2, 0.6], [0.5, 0.1], [0.3, 0.3]])
    np.testing.assert_allclose(stats.dirichlet.pdf(points, SHAPE), sps.dirichlet.pdf(points, SHAPE))
    np.testing.assert_allclose(stats.dirichlet.pdf(points[:2], SHAPE),
                               sps.dirichlet.pdf(points[:2], SHAPE))  # fmt: skip
    assert stats.dirichlet.logpdf([0.9, 0.5, -0.4], SHAPE) == -np.inf
    shares = np.array([0.2, 0.5, 0.3])
    for counts in ([1, 2, 3], [1, 2, 4], [1.5, 1.5, 3]):
        np.testing.assert_allclose(stats.multinomial.logpmf(counts, 6, shares),
                                   sps.multinomial.logpmf(counts, 6, shares))  # fmt: skip
    slope = fg.grad(lambda p: stats.multinomial.logpmf([1, 2, 3], 6, p))(shares)
    np.testing.assert_allclose(slope, np.array([1, 2, 3]) / shares)
    np.testing.assert_allclose(stats.multinomial.cov(6, shares), sps.multinomial.cov(6, shares))
    stacked = np.stack([COV, 2 * COV], -1)
    np.testing.assert_allclose(stats.wishart.logpdf(stacked, 4.5, COV),
                               sps.wishart.logpdf(stacked, 4.5, COV))  # fmt: skip
    np.testing.assert_allclose(stats.multivariate_normal.logpdf(X), sps.norm.logpdf(X))


TIES = np.array([[3.0, 1.0, 3.0, 2.0, 1.0, 3.0], [1.0, 1.0, 0.5, 4.0, 4.0, 2.0]])


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_samples(axis):
    for method in ("average", "min", "max", "dense", "ordinal"):
        for run in (stats.rankdata, fg.jit(stats.rankdata, static_argnames=("method", "axis"))):
            found = run(TIES, method=method, axis=axis)
            np.testing.assert_array_equal(found, sps.rankdata(TIES, method, axis=axis))
    for keepdims in (False, True):
        modes = stats.mode(TIES, axis, keepdims=keepdims)
        expected = sps.mode(TIES, axis, keepdims=keepdims)
        np.testing.assert_array_equal(modes.mode, expected.mode)
        np.testing.assert_array_equal(modes.count, expected.count)
    check_function(lambda x: stats.sem(x, axis), lambda x: sps.sem(x, axis), Call((X,)), "d")
    gaps = np.stack([np.where(TIES == 4, np.nan, TIES), TIES, TIES + 1, TIES], 1)
    among = None if axis is None else 1
    found = stats.sem(gaps, among, nan_policy="omit")
    np.testing.assert_allclose(found, sps.sem(gaps, among, nan_policy="omit"))
    np.testing.assert_array_equal(fg.grad(lambda x: np.sum(stats.rankdata(x)))(TIES), 0)


@pytest.mark.parametrize("method", [None, "silverman", 0.7, lambda kde: kde.n ** (-0.3)])
@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 3.0, 1.0, 0.5, 1.0])])
def test_kernels(method, weights):
    data, points = TIES + 0.1 * np.arange(12).reshape(2, 6), np.array([[1.0, 2.0], [0.5, 3.0]])

    def run(kde: Any, square: Any) -> Any:
        return lambda d, w, at: kde(d, square, w).logpdf(at)

    if weights is None:
        ours, theirs = (lambda d, at, m=m: m(d, method).logpdf(at)
                        for m in (stats.gaussian_kde, sps.gaussian_kde))  # fmt: skip
        check_function(ours, theirs, Call((data, points), rtol=1e-10), "d")
    else:
        ours, theirs = (run(m, method) for m in (stats.gaussian_kde, sps.gaussian_kde))
        check_function(ours, theirs, Call((data, weights, points), rtol=1e-10), "d")
    one, other = (m(data[0], method, weights) for m in (stats.gaussian_kde, sps.gaussian_kde))
    np.testing.assert_allclose(one(points[0]), other(points[0]))
    np.testing.assert_allclose(one.covariance, other.covariance)


WRONG = {
    "missing": (lambda: stats.gamma.logpdf(1.0), "gamma.logpdf needs the parameters a"),
    "unknown": (lambda: stats.norm.pdf(1.0, sigma=2.0), "got sigma= which is none of"),
    "twice": (lambda: stats.norm.pdf(1.0, 0.0, loc=2.0), "got loc= twice"),
    "too many": (lambda: stats.norm.pdf(1.0, 0.0, 1.0, 2.0), "takes the parameters loc, scale"),
    "no numbers": (lambda: stats.norm.pdf("a"), "norm.pdf takes numbers, got 'a'"),
    "moments": (lambda: stats.norm.stats(moments="mx"), "letters of 'mvsk', got 'mx'"),
    "moment": (lambda: stats.norm.moment(5), "whole number from 0 to 4, got 5"),
    "no scale": (lambda: stats.poisson.pmf(1, 2.0, scale=2.0), "none of its parameters"),
    "rankdata": (lambda: stats.rankdata(X, "first"), "method must be one of 'average'"),
    "sem": (lambda: stats.sem(X, nan_policy="raise"), "nan_policy must be one of"),
    "kde": (lambda: stats.gaussian_kde(X, "x"), "bw_method must be one of"),
    "points": (lambda: stats.gaussian_kde(X).pdf(np.ones((3, 3))), "do not have 2 coordinates"),
    "normal": (lambda: stats.multivariate_normal.logpdf(X, np.ones(2), COV), "do not fit"),
    "singular": (
        lambda: stats.multivariate_normal.logpdf(X, cov=COV, allow_singular=True), "subspace"),
    "t": (lambda: stats.multivariate_t.logpdf(X, np.ones(2), COV), "do not fit"),
    "t, singular": (
        lambda: stats.multivariate_t.logpdf(X, shape=COV, allow_singular=True), "subspace"),
    "dirichlet": (lambda: stats.dirichlet.logpdf([0.5], [1.0, 2.0, 1.0]), "do not fit 3"),
    "wishart": (lambda: stats.wishart.logpdf(COV, 4.0, COV[:2]), "do not fit a scale"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    call, message = WRONG[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_every_public_name_is_tested():
    several = "multivariate_t dirichlet multinomial multivariate_normal wishart".split()
    others = "gaussian_kde mode rankdata sem".split()
    assert {*CONTINUOUS, *DISCRETE, *several, *others} == set(stats.__all__)
