"""Drawn matrices have the property that their strategy is named after."""

import numpy as np
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from shrinking import smallest

from funcgrad.testing import strategies as fst

some = settings(max_examples=examples(15), deadline=None)


batches = pytest.mark.parametrize("batch", [(), (2, 3)], ids=["single", "stacked"])
dtypes = pytest.mark.parametrize("dtype", ["float64", "complex128"])


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


@batches
@dtypes
@some
@given(st.data())
def test_orthogonal_matrices(batch, dtype, data):
    q = data.draw(fst.orthogonal_matrices(3, dtype=dtype, batch_shape=batch))
    assert (q.shape, q.dtype) == ((*batch, 3, 3), dtype)
    assert_allclose(adjoint(q) @ q, np.broadcast_to(np.eye(3), q.shape), atol=1e-14)


@batches
@dtypes
@some
@given(st.data())
def test_positive_definite_matrices(batch, dtype, data):
    a = data.draw(fst.spd_matrices(3, condition=50, dtype=dtype, batch_shape=batch))
    assert a.dtype == dtype
    assert_array_equal(a, adjoint(a))
    w = np.linalg.eigvalsh(a)
    assert np.min(w) > 1 - 1e-10
    assert np.max(w) < 50 + 1e-10


@batches
@some
@given(st.data())
def test_symmetric_and_hermitian_matrices(batch, data):
    a = data.draw(fst.symmetric_matrices(3, dtype=complex, batch_shape=batch))
    assert_array_equal(a, np.swapaxes(a, -1, -2))
    h = data.draw(fst.hermitian_matrices(3, batch_shape=batch))
    assert_array_equal(h, adjoint(h))
    assert h.dtype == complex


@batches
@dtypes
@pytest.mark.parametrize("lower", [True, False])
@some
@given(st.data())
def test_triangular_matrices(batch, dtype, lower, data):
    options = {"lower": lower, "dtype": dtype, "batch_shape": batch}
    a = data.draw(fst.triangular_matrices(3, **options))
    assert_array_equal(a, np.tril(a) if lower else np.triu(a))
    diagonal = np.abs(np.diagonal(a, axis1=-1, axis2=-2))
    assert np.all((diagonal >= 0.5) & (diagonal <= 2))
    unit = data.draw(fst.triangular_matrices(3, unit_diagonal=True, **options))
    assert np.all(np.diagonal(unit, axis1=-1, axis2=-2) == 1)


@batches
@some
@given(st.data())
def test_stochastic_matrices(batch, data):
    p = data.draw(fst.stochastic_matrices(3, batch_shape=batch))
    assert np.all(p > 0)
    assert_allclose(np.sum(p, axis=-1), 1, rtol=1e-14)


@batches
@dtypes
@some
@given(st.data())
def test_low_rank_matrices(batch, dtype, data):
    a = data.draw(fst.low_rank_matrices(2, shape=(4, 3), dtype=dtype, batch_shape=batch))
    assert a.shape == (*batch, 4, 3)
    s = np.linalg.svd(a, compute_uv=False)
    assert np.min(s[..., 1]) > 1 - 1e-9
    assert np.max(s[..., 0]) < 100 + 1e-9
    assert np.max(s[..., 2]) < 1e-12


@batches
@dtypes
@some
@given(st.data())
def test_invertible_matrices(batch, dtype, data):
    a = data.draw(fst.invertible_matrices(condition=10, dtype=dtype, batch_shape=batch))
    assert np.max(np.linalg.cond(a)) < 10 + 1e-9


@batches
@dtypes
@some
@given(st.data())
def test_spectra_are_separated(batch, dtype, data):
    options = {"gap": 0.4, "dtype": dtype, "batch_shape": batch}
    a = data.draw(fst.well_separated_spectrum(4, **options))
    assert_array_equal(a, adjoint(a))
    assert np.min(np.diff(np.linalg.eigvalsh(a), axis=-1)) > 0.4 - 1e-9
    b = data.draw(fst.well_separated_spectrum(symmetric=False, shape=(3, 2), **options))
    s = np.linalg.svd(b, compute_uv=False)
    assert np.min(-np.diff(s, axis=-1)) > 0.4 - 1e-9
    assert np.min(s) > 0.4 - 1e-9


def test_sizes_are_drawn_and_shrink():
    assert_array_equal(smallest(fst.spd_matrices(), lambda a: len(a) > 1), np.eye(2))
    assert_array_equal(smallest(fst.orthogonal_matrices(st.integers(2, 3))), np.eye(2))
    assert_array_equal(smallest(fst.symmetric_matrices(), lambda a: np.any(a)), [[1.0]])
    assert smallest(fst.spd_matrices(2, dtype="float32")).dtype == np.float32


def test_impossible_matrices_are_refused():
    with pytest.raises(ValueError, match=r"no matrix of shape \(2, 3\) has rank 4"):
        fst.low_rank_matrices(4, shape=(2, 3))
    with pytest.raises(ValueError, match="shape is for symmetric=False"):
        fst.well_separated_spectrum(shape=(2, 3))
    with pytest.raises(ValueError, match="condition must be at least 1"):
        smallest(fst.spd_matrices(condition=0.5))
