"""funcgrad.scipy.stats of samples: NaN, several axes, types, and densities by kernels."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as sps

import funcgrad as fg
from funcgrad.scipy import stats

TIES = np.array([[3.0, 1.0, 3.0, 2.0, 1.0, 3.0], [1.0, 1.0, 0.5, 4.0, 4.0, 2.0]])
GAPS = np.array([[1.0, 1.0, np.nan], [2.0, 2.0, 3.0], [np.nan, 1.0, np.nan], [np.nan] * 3])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # SciPy's, where all numbers are left out
@pytest.mark.parametrize("policy", ["propagate", "omit"])
def test_modes_with_gaps(policy):
    for axis in (0, 1, None):
        for keepdims in (False, True):
            found = stats.mode(GAPS, axis, policy, keepdims)
            expected = sps.mode(GAPS, axis, policy, keepdims)
            np.testing.assert_array_equal(found.mode, expected.mode)
            np.testing.assert_array_equal(found.count, expected.count)


def test_modes_of_many():
    """The most frequent of many is found without a table of all pairs."""
    many = np.random.default_rng(0).integers(0, 500, 100_000)
    found, expected = stats.mode(many), sps.mode(many)
    assert (found.mode, found.count) == (expected.mode, expected.count)
    slope = fg.grad(lambda x: stats.mode(x).mode)(TIES[0])
    assert slope.sum() == 1
    assert slope[TIES[0] == 3].sum() == 1


@pytest.mark.parametrize("method", ["average", "min", "max", "dense", "ordinal"])
def test_ranks_with_gaps_and_their_types(method):
    for axis in (None, 0, 1):
        found, expected = (
            stats.rankdata(TIES, method, axis=axis),
            sps.rankdata(TIES, method, axis=axis),
        )
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
        found = stats.rankdata(GAPS, method, axis=axis, nan_policy="omit")
        expected = sps.rankdata(GAPS, method, axis=axis, nan_policy="omit")
        np.testing.assert_array_equal(found, expected)
        if method == "average":
            found, expected = (m.rankdata(GAPS, axis=axis) for m in (stats, sps))
            np.testing.assert_array_equal(found, expected)
    assert stats.rankdata(GAPS[0], "max").tolist() == [2, 2, 3]


def test_standard_errors_of_axes_and_their_types():
    for axis in ((0, 1), 0, -1, None, (1,)):
        found, expected = (m.sem(TIES, axis=axis) for m in (stats, sps))
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(
        stats.sem(GAPS, axis=(0, 1), nan_policy="omit"),
        sps.sem(GAPS, axis=(0, 1), nan_policy="omit"),
    )
    single = TIES.astype("f4")
    assert stats.sem(single, nan_policy="omit").dtype == np.float32
    for method in (None, 0.3, lambda kde: 0.3, np.float32(0.3)):
        assert stats.gaussian_kde(single, method)(single[:, :2]).dtype == np.float32


DATA = TIES + 0.1 * np.arange(12).reshape(2, 6)


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 3.0, 1.0, 0.5, 0.0])])
def test_integrals_of_densities(weights):
    ours, theirs = (m.gaussian_kde(DATA, weights=weights) for m in (stats, sps))
    mean, cov = np.array([2.0, 1.0]), np.array([[1.0, 0.3], [0.3, 0.5]])
    np.testing.assert_allclose(ours.integrate_gaussian(mean, cov),
                               theirs.integrate_gaussian(mean, cov))  # fmt: skip
    np.testing.assert_allclose(ours.inv_cov, theirs.inv_cov)
    narrow = [m.gaussian_kde(DATA[:, :4], 0.3) for m in (stats, sps)]
    np.testing.assert_allclose(ours.integrate_kde(narrow[0]), theirs.integrate_kde(narrow[1]))
    one, other = (m.gaussian_kde(DATA[0], weights=weights) for m in (stats, sps))
    for low, high in ((0.0, 1.0), (-np.inf, 2.0), (2.0, np.inf), (3.0, 1.0)):
        np.testing.assert_allclose(one.integrate_box_1d(low, high),
                                   other.integrate_box_1d(low, high))  # fmt: skip
    np.testing.assert_allclose(one.integrate_gaussian(0.5, 2.0), other.integrate_gaussian(0.5, 2.0))
    for method in ("silverman", 0.4, None):
        one.set_bandwidth(method)
        other.set_bandwidth(method)
        np.testing.assert_allclose(one.covariance, other.covariance)
        np.testing.assert_allclose(one.pdf(DATA[0]), other.pdf(DATA[0]))
    for name in ("scotts_factor", "silverman_factor", "covariance_factor"):
        np.testing.assert_allclose(getattr(one, name)(), getattr(other, name)())
    fg.testing.check_grads(
        lambda d: stats.gaussian_kde(d).integrate_gaussian(mean, cov), (DATA,), order=2
    )
    fg.testing.check_grads(
        lambda d: stats.gaussian_kde(d).integrate_box_1d(0.3, 1.2), (DATA[0],), order=2
    )


def test_densities_are_trees_and_can_be_drawn_from():
    kde = stats.gaussian_kde(DATA)
    points = DATA[:, :3] + 0.1
    np.testing.assert_allclose(fg.jit(lambda k, x: k.logpdf(x))(kde, points), kde.logpdf(points))
    slope = fg.grad(lambda k: np.sum(k.logpdf(points)))(kde)
    assert isinstance(slope, stats.gaussian_kde)
    assert slope.dataset.shape == DATA.shape
    drawn = kde.resample(fg.random.key(3), (4000,))
    assert drawn.shape == (2, 4000)
    np.testing.assert_allclose(drawn.mean(1), DATA.mean(1), atol=0.1)
    np.testing.assert_allclose(
        np.cov(drawn), np.cov(DATA, bias=True) + kde.covariance, rtol=0.1, atol=0.1
    )
    assert kde.resample(fg.random.key(3)).shape == (2,)


WRONG = {
    "mode": (lambda: stats.mode(TIES, 0, "raise"), "nan_policy must be one of"),
    "rankdata": (lambda: stats.rankdata(TIES, nan_policy="raise"), "nan_policy must be one of"),
    "box": (lambda: stats.gaussian_kde(DATA).integrate_box_1d(0, 1), "is one of 2 coordinates"),
    "gaussian": (lambda: stats.gaussian_kde(DATA).integrate_gaussian(0.0, 1.0),
                 "do not have 2 coordinates"),
    "kde": (lambda: stats.gaussian_kde(DATA).integrate_kde(stats.gaussian_kde(DATA[0])),
            "of 2 and of 1 coordinates"),
    "kde, none": (lambda: stats.gaussian_kde(DATA).integrate_kde(DATA), "another gaussian_kde"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    call, message = WRONG[name]
    with pytest.raises((TypeError, ValueError), match=message):
        call()
