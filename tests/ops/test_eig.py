"""Eigenvalues and eigenvectors of matrices without symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from ops.linalg_checks import DTYPES, along, check_gradient, difference, random_like, weigh

import funcgrad as fg
from funcgrad.numpy import linalg

RNG = np.random.default_rng(3)
REAL = 0.4 * random_like(RNG, (4, 4)) + np.diag([1.0, 4.0, 7.0, 10.0])
PAIRS = np.array([[0, 2, 0.1, 0], [-2, 0.3, 0, 0.2], [0, 0.1, 3, 1], [0.4, 0, -1, 3.2]])
MATRICES = {
    "real eigenvalues": REAL,
    "pairs": PAIRS,
    "complex": random_like(RNG, (4, 4), "c16"),
    "stack": np.stack([REAL, PAIRS]),
}


@pytest.mark.parametrize("name", MATRICES)
def test_derivatives_against_differences(name):
    a = MATRICES[name]
    w = random_like(np.random.default_rng(4), a.shape, "c16")
    check_gradient(lambda x: weigh(np.linalg.eigvals(x) ** 2, w[..., 0]), a)
    check_gradient(lambda x: weigh(np.linalg.eig(x)[1], w), a)


@pytest.mark.parametrize("name", MATRICES)
def test_tangents_multiply_back_and_keep_lengths_and_phases(name):
    a = MATRICES[name]
    t = random_like(np.random.default_rng(5), a.shape, a.dtype)
    (w, v), (dw, dv) = fg.jvp(np.linalg.eig, (a,), (t,))
    w, dw = w[..., None, :], dw[..., None, :]
    np.testing.assert_allclose(t @ v + a @ dv, dv * w + v * dw, atol=1e-11)
    np.testing.assert_allclose(np.sum(np.conj(v) * dv, axis=-2).real, 0, atol=1e-13)
    largest = np.argmax(abs(v) * (1 + (v.imag == 0)), axis=-2)[..., None, :]
    np.testing.assert_allclose(np.take_along_axis(dv, largest, -2).imag, 0, atol=1e-12)


def test_symmetric_functions_of_eigenvalues_are_those_of_the_matrix():
    a = MATRICES["stack"]
    for power in (1, 2, 5):
        got = fg.grad(lambda x, power=power: np.sum(np.real(np.linalg.eigvals(x) ** power)))(a)
        expected = power * np.swapaxes(np.linalg.matrix_power(a, power - 1), -1, -2)
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10 * abs(expected).max())


@pytest.mark.parametrize("a", [np.eye(3), np.diag([2.0, 2.0, 1.0]), np.zeros((3, 3))])
def test_sums_of_powers_at_repeated_eigenvalues_are_right(a):
    got = fg.grad(lambda x: np.sum(np.real(np.linalg.eigvals(x) ** 3)))(a)
    np.testing.assert_allclose(got, 3 * (a @ a).T, atol=1e-14)


def test_what_is_not_finite_gives_nan_in_its_own_lane():
    stack = np.stack([REAL, np.full((4, 4), np.inf)])
    found = fg.vmap(np.linalg.eigvals)(stack)
    np.testing.assert_array_equal(found[0], np.linalg.eigvals(REAL))
    assert np.isnan(found[1]).all()
    with pytest.raises(linalg.LinAlgError):
        fg.jvp(np.linalg.eigvals, (stack,), (np.ones_like(stack),))


def test_dtypes_are_numpys_on_plain_arrays_and_complex_when_traced():
    for dtype, traced in (("f4", "c8"), ("f8", "c16"), ("c8", "c8"), ("i8", "c16")):
        a = np.diag([3, 1]).astype(dtype)
        assert linalg.eigvals(a).dtype == np.linalg.eigvals(a).dtype
        assert fg.jit(np.linalg.eigvals)(a).dtype == np.dtype(traced)
        assert fg.jit(np.linalg.eig)(a)[1].dtype == np.dtype(traced)


def test_the_result_has_the_names_of_numpys():
    assert linalg.eig(REAL)._fields == np.linalg.eig(REAL)._fields
    assert fg.vmap(np.linalg.eig)(MATRICES["stack"]).eigenvalues.shape == (2, 4)


def test_spectral_radius_follows_a_difference():
    t = random_like(np.random.default_rng(6), (4, 4))

    def radius(x):
        return np.max(np.abs(np.linalg.eigvals(x)))

    np.testing.assert_allclose(
        along(fg.jit(fg.grad(radius))(PAIRS), t), difference(radius, PAIRS, t), rtol=1e-8
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_and_single_matrices(dtype):
    assert fg.jit(np.linalg.eigvals)(np.zeros((2, 0, 0), dtype)).shape == (2, 0)
    g = fg.grad(lambda x: np.sum(np.real(np.linalg.eigvals(x))))(np.full((3, 1, 1), 2, dtype))
    np.testing.assert_array_equal(g, np.ones((3, 1, 1)))
