"""Entropies of counts against sums at 40 digits; moments that have no formula of their own."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.stats as ss

import funcgrad as fg
from funcgrad.errors import ConcretizationError
from funcgrad.scipy import stats

lg, log = mpmath.loggamma, mpmath.log


def summed(log_probability, last):
    """The entropy by its sum over 0, ..., last."""
    logs = [log_probability(k) for k in range(last + 1)]
    return -mpmath.fsum(mpmath.exp(v) * v for v in logs)


def of_poisson(mu):
    return summed(lambda k: k * log(mu) - mu - lg(k + 1), int(mu + 20 * mu**0.5 + 40))


def of_trials(n, p):
    def choices(k):
        return lg(n + 1) - lg(k + 1) - lg(n - k + 1)

    return summed(lambda k: choices(k) + k * log(p) + (n - k) * log(1 - p), int(n))


def of_failures(n, p):
    mean = n * (1 - p) / p
    last = int(mean + 40 * (mean / p) ** 0.5 + 60)
    return summed(lambda k: lg(k + n) - lg(k + 1) - lg(n) + n * log(p) + k * log(1 - p), last)


CASES = [
    ("poisson", of_poisson, (1e-10,)), ("poisson", of_poisson, (2.5,)),
    ("poisson", of_poisson, (400.0,)), ("poisson", of_poisson, (1200.0,)),
    ("binom", of_trials, (1.0, 0.3)), ("binom", of_trials, (40.0, 1e-3)),
    ("binom", of_trials, (10.0, 1e-12)), ("binom", of_trials, (300.0, 0.97)),
    ("nbinom", of_failures, (4.0, 0.3)), ("nbinom", of_failures, (0.1, 0.5)),
    ("nbinom", of_failures, (50.0, 0.9)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "exact", "shapes"), CASES)
def test_entropies(name, exact, shapes):
    entropy = getattr(stats, name).entropy
    last = len(shapes) - 1
    with mpmath.workdps(40):
        given = [mpmath.mpf(x) for x in shapes]
        expected = exact(*given)
        step = given[-1] * mpmath.mpf("1e-12")
        slope = mpmath.diff(lambda x: exact(*given[:-1], x), given[-1], h=step)
    np.testing.assert_allclose(entropy(*shapes), float(expected), rtol=1e-12)
    np.testing.assert_allclose(fg.grad(entropy, last)(*shapes), float(slope), rtol=1e-10)
    np.testing.assert_allclose(fg.jit(entropy)(*shapes), float(expected), rtol=1e-12)


def test_entropies_at_the_ends():
    np.testing.assert_array_equal(stats.poisson.entropy(0.0), 0.0)
    got = stats.binom.entropy(np.array([0, 3, 3, 3]), np.array([0.3, 0.0, 1.0, 1.5]))
    np.testing.assert_array_equal(got, [0, 0, 0, np.nan])
    np.testing.assert_allclose(stats.nbinom.entropy(3, 1.0), 0.0, atol=1e-14)


def test_the_entropy_of_a_beta_binomial_distribution():
    n = np.array([[3], [7]])
    a = np.array([0.7, 2.0])
    np.testing.assert_allclose(
        stats.betabinom.entropy(n, a, 1.5), ss.betabinom.entropy(n, a, 1.5), rtol=1e-12
    )
    h = 1e-5
    slope = fg.grad(lambda a: stats.betabinom.entropy(7, a, 1.5))(2.0)
    apart = ss.betabinom.entropy(7, 2 + h, 1.5) - ss.betabinom.entropy(7, 2 - h, 1.5)
    np.testing.assert_allclose(slope, apart / (2 * h), rtol=1e-7)
    with pytest.raises(ConcretizationError, match=r"betabinom.entropy .* n must be known"):
        fg.jit(stats.betabinom.entropy)(7, 2.0, 1.5)


MOMENTS: dict[str, list[tuple[float, ...]]] = {
    "vonmises": [(0.0,), (0.3,), (4.0,), (25.0,), (900.0,)],
    "wrapcauchy": [(1e-3,), (0.4,), (0.95,)],
    "truncnorm": [
        (-1.0, 2.0), (-np.inf, 0.5), (0.3, np.inf), (-np.inf, np.inf), (-40.0, 3.0),
        (1.0, 1.0 + 1e-6), (12.0, 15.0), (12.0, np.inf), (-np.inf, -20.0),
    ],
}  # fmt: skip


def density(name, *shapes):
    """A density up to a factor, its interval, and where it is largest."""
    if name == "vonmises":
        return lambda y: mpmath.exp(shapes[0] * (mpmath.cos(y) - 1)), -mpmath.pi, mpmath.pi, 0
    if name == "wrapcauchy":
        c = shapes[0]
        return lambda y: 1 / (1 + c * c - 2 * c * mpmath.cos(y)), 0, 2 * mpmath.pi, 0
    a, b = shapes
    top = max(a, min(b, 0))
    return lambda y: mpmath.exp((top - y) * (top + y) / 2), a, b, top


@pytest.mark.parametrize(("name", "shapes"), [(n, s) for n, all_ in MOMENTS.items() for s in all_])
def test_moments(name, shapes):
    """The variance of truncnorm has a formula, which cancels where the interval is short or far."""
    with mpmath.workdps(40):
        f, low, high, top = density(name, *map(mpmath.mpf, shapes))
        low, high = max(low, top - 40), min(high, top + 40)
        width = mpmath.mpf(1) / (1 + abs(top)) if name == "truncnorm" else mpmath.mpf("0.1")
        near = {low, high, *(top + s * width * k for s in (-1, 1) for k in (0, 1, 4, 12))}
        parts = sorted(p for p in near if low <= p <= high)
        total = mpmath.quad(f, parts)
        mean = mpmath.quad(lambda y: y * f(y), parts) / total
        second, third, fourth = (
            mpmath.quad(lambda y: (y - mean) ** k * f(y), parts) / total  # noqa: B023
            for k in (2, 3, 4)
        )
        expected = float(third / second**1.5), float(fourth / second**2 - 3)
    found = getattr(stats, name).stats(*shapes, moments="sk")
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    if name != "truncnorm":
        var = getattr(stats, name).var(*shapes)
        np.testing.assert_allclose(var, float(second), rtol=1e-11)


@pytest.mark.parametrize("name", MOMENTS)
def test_derivatives_of_moments(name):
    shapes = MOMENTS[name][1]
    shapes = (-1.0, 2.0) if name == "truncnorm" else shapes
    for letter in "vsk":
        fun = lambda *s: getattr(stats, name).stats(*s, moments=letter)  # noqa: B023, E731
        for i in range(len(shapes)):
            h = 1e-4
            near = [tuple(x + d * h * (k == i) for k, x in enumerate(shapes)) for d in (1, -1)]
            apart = (fun(*near[0]) - fun(*near[1])) / (2 * h)
            slope = fg.grad(fun, i)(*shapes)
            np.testing.assert_allclose(slope, apart, rtol=1e-5, atol=1e-7)
