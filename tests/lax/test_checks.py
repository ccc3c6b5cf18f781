"""What operators of lax check, and what they give at the edges of what they take."""

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax


def test_slices_and_updates_check_what_they_are_given():
    with pytest.raises(TypeError, match="one dtype"):
        lax.dynamic_update_slice(np.zeros(3, int), np.array([1.7]), (0,))
    with pytest.raises(fg.errors.ShapeError, match="strides must be positive"):
        lax.slice(np.arange(3), (0,), (2,), (-1,))
    with pytest.raises(fg.errors.ShapeError, match="an integer for each axis"):
        lax.slice(np.arange(3), (0, 0), (2,))
    with pytest.raises(fg.errors.ShapeError, match="does not fit axis 0"):
        lax.slice_in_dim(np.arange(4), 1, 9)
    with pytest.raises(fg.errors.ShapeError, match="stride must be positive"):
        lax.slice_in_dim(np.arange(4), 1, 3, 0)
    np.testing.assert_array_equal(lax.slice_in_dim(np.arange(6), -5, -1, 2), [1, 3])
    with pytest.raises(TypeError, match="k must be an integer"):
        lax.top_k(np.arange(3), 2.5)
    assert lax.squeeze(np.ones((1, 2)), [0]).shape == (2,)


def test_cumulative_logsumexp_of_complex_numbers():
    rng = np.random.default_rng(0)
    z = rng.normal(size=5) + 1j * rng.normal(size=5)
    expected = np.log(np.cumsum(np.exp(z)))
    np.testing.assert_allclose(lax.cumlogsumexp(z), expected)
    np.testing.assert_allclose(fg.jit(lax.cumlogsumexp)(z + 800) - 800, expected)
    first = np.array([-np.inf + 0j, 1.0])
    np.testing.assert_array_equal(lax.cumlogsumexp(first), first)


def test_reverse_derivatives_of_loops_of_every_order():
    """x, multiplied with itself until it is 100 or more, is x**5 near 3."""

    def f(x):
        return lax.while_loop(lambda c: c < 100, lambda c: c * x, x)

    for expected in (405.0, 540.0, 540.0, 360.0, 120.0):
        f = fg.grad(f)
        assert f(3.0) == pytest.approx(expected)
