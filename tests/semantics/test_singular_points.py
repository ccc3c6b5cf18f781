"""Derivatives at singular points: in all modes what the definition says, and never NaN."""

import numpy as np
import pytest
from semantics.points import FIRST, SECOND, first_derivative, second_derivative
from semantics.singular_points import PAGE, POINTS, page

import funcgrad as fg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("mode", FIRST)
@pytest.mark.parametrize("point", POINTS, ids=lambda p: p.name)
def test_first_derivative(point, mode):
    got = first_derivative(point, mode)
    expected = np.broadcast_to(point.first, got.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=point.atol)


@pytest.mark.parametrize("mode", SECOND)
@pytest.mark.parametrize("point", POINTS, ids=lambda p: p.name)
def test_second_derivative(point, mode):
    got = second_derivative(point, mode)
    if point.second is None:
        assert np.isfinite(got).all()
        return
    expected = np.broadcast_to(point.second, got.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=100 * point.atol)


def means_over_equals(places):
    """A matrix whose rows have equal entries at some places and add up to 1."""
    return places / places.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_order_statistics_of_many_equal_numbers(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, n).astype(float)
    so_far = np.tri(n, dtype=bool)
    jacobians = {
        np.sort: means_over_equals(np.sort(x)[:, None] == x),
        np.maximum.accumulate: means_over_equals((np.maximum.accumulate(x)[:, None] == x) & so_far),
        np.minimum.accumulate: means_over_equals((np.minimum.accumulate(x)[:, None] == x) & so_far),
    }
    for function, expected in jacobians.items():
        for jacobian in (fg.jacrev(function), fg.jacfwd(function), fg.jit(fg.jacrev(function))):
            np.testing.assert_allclose(jacobian(x), expected, atol=1e-15)


def test_interpolation_keeps_nan_and_the_values_at_its_ends():
    x, places, values = np.array([np.nan, 0.0, 2.0, -1.0, 3.0]), np.array([0.0, 2.0]), [1.0, 5.0]
    for left, right in ((None, None), (-7.0, 9.0)):
        got = fg.jit(lambda x, a=left, b=right: np.interp(x, places, np.array(values), a, b))(x)
        np.testing.assert_array_equal(got, np.interp(x, places, values, left, right))


def test_names_are_different():
    assert len({p.name for p in POINTS}) == len(POINTS)


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(), "run python tests/semantics/singular_points.py --write"
