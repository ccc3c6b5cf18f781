"""funcgrad.scipy.special where formulas cancel, at poles and zeros, and at the ends of domains."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.special as sps

import funcgrad as fg
from funcgrad.scipy import special, stats


def derivative(fun, order):
    for _ in range(order):
        fun = fg.grad(fun)
    return fun


FAR = {
    "erfcx": (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), (9.0, 11.0, 60.0, 1e4, 1e8)),
    "dawsn": (
        lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x),
        (-9.0, 11.0, 60.0)),
    "log_ndtr": (lambda x: mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2),
                 (-1e9, -1e5, -1e4, -30.0, -0.5, 0.0, 2.0)),
    "i1": (lambda x: mpmath.besseli(1, x), (0.0, 1e-9, -0.7, 1.9, 2.1)),
}  # fmt: skip


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", FAR)
def test_derivatives_far_away_and_next_to_zero(name, order):
    """Where the difference that is the derivative has no digits, or the value is 0 or huge."""
    reference, points = FAR[name]
    found = [derivative(getattr(special, name), order)(x) for x in points]
    with mpmath.workdps(60):
        steps = [(abs(mpmath.mpf(x)) or 1) * mpmath.mpf("1e-14") for x in points]
        expected = [
            mpmath.diff(reference, mpmath.mpf(x), order, h=h)
            for x, h in zip(points, steps, strict=True)
        ]
    np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-11, atol=1e-20)


def test_more_derivatives_far_away():
    np.testing.assert_allclose(fg.grad(special.log_ndtr)(-1e160), 1e160)
    assert fg.grad(special.log_ndtr)(np.float32(-1e4)) == 1e4
    np.testing.assert_allclose(fg.grad(special.dawsn)(1e8), -5e-17)
    np.testing.assert_allclose(derivative(special.i1, 3)(0.0), 3 / 8)
    for y in (-1e9, -1e3, -0.5, -1e-3):
        inverse = fg.grad(special.log_ndtr)(special.ndtri_exp(y))
        np.testing.assert_allclose(fg.grad(special.ndtri_exp)(y) * inverse, 1)

    def faddeeva(z):
        return mpmath.exp(-z * z) * mpmath.erfc(-1j * z)

    for z in (20 + 3j, -20 - 1j, 3 - 11j, 100 + 0j):
        with mpmath.workdps(60):
            expected = complex(mpmath.diff(faddeeva, mpmath.mpmathify(z)))
        np.testing.assert_allclose(fg.grad(special.wofz, holomorphic=True)(z), expected, rtol=1e-13)


BOX_COX = {
    "boxcox": lambda x, k: (mpmath.power(x, k) - 1) / k,
    "boxcox1p": lambda x, k: (mpmath.power(1 + x, k) - 1) / k,
    "inv_boxcox": lambda y, k: mpmath.power(1 + k * y, 1 / k),
    "inv_boxcox1p": lambda y, k: mpmath.power(1 + k * y, 1 / k) - 1,
}


@pytest.mark.parametrize("name", BOX_COX)
def test_derivatives_of_power_transformations(name):
    for at_ in ((0.7, 1.3), (2.0, 1e-3), (2.0, 1e-9), (0.3, -2.0), (5.0, 0.2), (0.999, -0.98)):
        for orders in ((1, 0), (0, 1), (1, 1), (0, 2)):
            fun = getattr(special, name)
            for place in (0,) * orders[0] + (1,) * orders[1]:
                fun = fg.grad(fun, place)
            with mpmath.workdps(60):
                expected = mpmath.diff(BOX_COX[name], tuple(map(mpmath.mpf, at_)), orders)
            np.testing.assert_allclose(fun(*at_), float(expected), rtol=1e-10)


def test_power_transformations_at_their_ends():
    """Values and warnings are SciPy's; derivatives those of the formulas."""
    x, k = np.array([[0.0], [1.0], [np.inf], [-1.0]]), np.array([0.0, 1.0, 2.0, -1.0])
    np.testing.assert_array_equal(special.boxcox(x, k), sps.boxcox(x, k))
    np.testing.assert_array_equal(special.boxcox1p(x - 1, k), sps.boxcox1p(x - 1, k))
    y = np.array([[-np.inf], [-1.0], [-0.5], [0.0]])
    np.testing.assert_array_equal(special.inv_boxcox(y, k), sps.inv_boxcox(y, k))
    np.testing.assert_array_equal(special.inv_boxcox1p(y, k), sps.inv_boxcox1p(y, k))
    for power in (special.boxcox, lambda x, k: special.boxcox1p(x - 1, k)):
        assert fg.grad(power)(0.0, 1.0) == 1
        assert fg.grad(power)(0.0, 2.0) == 0
        assert fg.grad(fg.grad(power))(0.0, 2.0) == 1
        assert fg.grad(power, 1)(0.0, 2.0) == 0.25
    for root in (special.inv_boxcox, special.inv_boxcox1p):
        assert fg.grad(root)(-1.0, 1.0) == 1
        assert fg.grad(root, 1)(-1.0, 1.0) == -1
        assert fg.grad(root)(-np.inf, 0.0) == 0


PRODUCTS = {
    "poch": (mpmath.rf, [
        (0.0, 2.0), (-1.0, 3.0), (-5.0, 6.0), (1e-9, 2.0), (-2.3, 4.0), (0.3, 2.0)]),
    "binom": (mpmath.binomial, [
        (2.0, 3.0), (2.0, 5.0), (2.0, -1.0), (2.5, -1.0), (2.5, 4.0), (1000.0, 1001.0), (0.0, 1.0),
        (2.0, 2.0), (2.0, 2.00001), (3.0, 1.0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_derivatives_where_a_product_is_zero(name):
    reference, points = PRODUCTS[name]
    for point in points:
        for place, orders in enumerate(((1, 0), (0, 1))):
            found = fg.grad(getattr(special, name), place)(*point)
            with mpmath.workdps(60):
                expected = float(mpmath.diff(reference, tuple(map(mpmath.mpf, point)), orders))
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
        second = fg.grad(fg.grad(getattr(special, name)))(*point)
        with mpmath.workdps(60):
            expected = float(mpmath.diff(reference, tuple(map(mpmath.mpf, point)), (2, 0)))
        np.testing.assert_allclose(second, expected, rtol=1e-8, atol=1e-10)
    # Both gamma functions have poles: a polynomial of -5.
    np.testing.assert_allclose(fg.grad(special.poch)(-5.0, 2.0), -9)


def test_signs_and_counts_at_their_ends():
    x = np.array([np.nan, -1, -2, -np.inf, -0.0, 0.0, np.inf, -0.5, -1.5, -2.5])
    for run in (special.gammasgn, fg.jit(special.gammasgn)):
        np.testing.assert_array_equal(run(x), sps.gammasgn(x))
    n, k = np.array([0, 0, 1, 3, 2]), np.array([0, 1, 0, 0, -1])
    np.testing.assert_array_equal(special.comb(n, k, repetition=True),
                                  sps.comb(n, k, repetition=True))  # fmt: skip
    assert special.zeta(-1.0) == sps.zeta(-1.0)


SUMS = {
    "complex": (np.array([1 + 1j, 2.0]), None), "factors": (np.array([1.0, 2.0]), [1j, 1.0]),
    "far": (np.array([800 + 3j, 801 - 2j]), None), "one": (np.array([-np.inf + 0j, 1]), None),
    "negative": (np.array([1.0, 1.0]), [1.0, -3.0]), "zero": (np.array([1.0, 1.0]), [1.0, -1.0]),
    "signs": (np.array([1 + 1j, 2.0]), [-1.0, 2.0]), "nothing": (np.array([-np.inf + 0j]), None),
    "float32": (np.array([1.0, 1.0], "f4"), np.array([1.0, -1.0], "f4")),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_exponentials(name):
    """Complex ones, and without warnings where SciPy has none."""
    a, b = SUMS[name]
    jitted = fg.jit(special.logsumexp, static_argnames="return_sign")
    for run in (special.logsumexp, jitted):
        found, expected = run(a, b=b), sps.logsumexp(a, b=b)
        np.testing.assert_allclose(found, expected)
        assert found.dtype == expected.dtype
        for x, y in zip(run(a, b=b, return_sign=True), sps.logsumexp(a, b=b, return_sign=True),
                        strict=True):  # fmt: skip
            np.testing.assert_allclose(x, y)
            assert x.dtype == y.dtype


def test_sums_of_no_exponentials_and_their_derivatives():
    assert special.logsumexp(np.zeros(0)) == -np.inf
    np.testing.assert_array_equal(special.logsumexp(np.zeros((0, 3)), axis=0), [-np.inf] * 3)
    z = np.array([1 + 1j, 2.0])
    slope = fg.grad(special.logsumexp, holomorphic=True)(z)
    np.testing.assert_allclose(slope, np.exp(z) / np.exp(z).sum())
    with pytest.raises(TypeError, match="softmax takes real numbers, got complex128"):
        special.softmax(z)


def test_degrees_and_sums_of_any_size_end():
    """Recurrences and sums run as long as there is a point to it, and are NaN beyond."""
    assert np.isnan(special.legendre_p(10**12, 0.3))
    assert np.isnan(special.assoc_legendre_p(10**12, 10**12, 0.3))
    assert np.isnan(special.sph_legendre_p(10**12, 2, 0.3))
    assert np.isnan(fg.grad(lambda a: stats.betabinom.cdf(5e8, 1e9, a, 2.0))(1.5))
    found = special.legendre_p(np.array([10**12, 2, 3000, -1]), 0.3)
    expected = [np.nan, -0.365, float(mpmath.legendre(3000, 0.3)), np.nan]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_probabilities_of_parameters_that_there_are_none_of():
    for name in ("fdtr", "fdtrc"):
        for args in ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0)):
            assert np.isnan(getattr(special, name)(*args))
    assert np.isnan(special.gdtr(1.0, 1.0, -1.0))
    assert np.isnan(special.gdtrc(-1.0, 1.0, 1.0))


def test_values_where_parts_are_infinite_or_out_of_range():
    assert special.exprel(np.inf) == np.inf
    assert special.pseudo_huber(1.0, np.inf) == np.inf
    np.testing.assert_allclose(special.pseudo_huber(2.0, -1e200), 2e200)
    np.testing.assert_allclose(fg.grad(special.pseudo_huber, 1)(2.0, -1e200), -2.0)
    # Where SciPy's Bessel function of an order next to a whole one has an error of 4 %.
    np.testing.assert_allclose(special.hyp0f1(1.0, 1.0), special.i0(2.0), rtol=1e-15)
    expected = [special.j0(8**0.5), special.i0(2 * 1e5**0.5)]
    np.testing.assert_allclose(special.hyp0f1(1.0, [-2.0, 1e5]), expected, rtol=1e-13)


def test_students_distribution_in_single_precision():
    df, t = np.float32(1), np.float32(0.00117088)
    np.testing.assert_allclose(special.stdtr(df, t), sps.stdtr(1.0, float(t)), rtol=1e-7)


@pytest.mark.parametrize("name", ["betaincinv", "betainccinv"])
def test_derivatives_of_beta_numbers_next_to_one(name):
    """By the number that is missing to 1, which has all digits."""
    a, b = 26.5, 0.058
    share = {"betaincinv": 0.97, "betainccinv": 0.03}[name]
    other = {"betaincinv": special.betainccinv, "betainccinv": special.betaincinv}[name]
    for i in range(3):
        found = fg.grad(getattr(special, name), i)(a, b, share)
        swapped = fg.grad(lambda *x: -other(x[1], x[0], x[2]), i)(a, b, share)
        np.testing.assert_allclose(found, swapped, rtol=1e-12)
        assert found != 0
