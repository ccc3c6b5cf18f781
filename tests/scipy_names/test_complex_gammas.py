"""The gamma function of complex numbers and its relatives, and their derivatives, by mpmath."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
import funcgrad.scipy.special as fs

Z = np.array(
    [
        1.3 + 0.7j,
        0.2 - 4j,
        -2.5 + 0.3j,
        -2.5 - 3j,
        -7.3 + 1e-3j,
        30 + 40j,
        -20 + 60j,
        0.4 - 300j,
        1e-3j,
        2 + 0j,
    ]
)
NAMES = ["gamma", "loggamma", "rgamma", "digamma", "psi"]


def precise(name, z, order=0):
    """The derivative of a function of mpmath at complex numbers."""
    with mp.workdps(50):
        fun = {"psi": mp.digamma}.get(name) or getattr(mp, name)
        if name in ("digamma", "psi"):
            return [complex(mp.psi(order, mp.mpc(v))) for v in z]
        # Cauchy's formula, on a circle that no pole is in.
        return [complex(mp.diff(fun, mp.mpc(v), order)) for v in z]


@pytest.mark.parametrize("name", NAMES)
def test_values_are_scipys(name):
    expected = getattr(scipy.special, name)(Z)
    for f in (getattr(fs, name), fg.jit(getattr(fs, name)), fg.jit(getattr(scipy.special, name))):
        assert_allclose(f(Z), expected, rtol=1e-14)
    assert getattr(fs, name)(Z.astype("c8")).dtype == np.complex64
    assert getattr(fs, name)(2.5).dtype == np.float64


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_derivatives(name, order):
    fun = getattr(fs, name)
    z = Z[np.abs(Z.imag) < 100] if name in ("gamma", "rgamma") else Z

    def slope(z):
        return fg.jvp(fun, (z,), (np.ones_like(z),))[1]

    found = slope(z) if order == 1 else fg.jvp(slope, (z,), (np.ones_like(z),))[1]
    assert_allclose(found, precise(name, z, order), rtol=1e-11)
    assert_allclose(fg.jit(slope)(z), slope(z), rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_the_function_of_scipy_has_the_same_derivative(name):
    one = np.ones_like(Z)
    found = fg.jvp(getattr(scipy.special, name), (Z,), (one,))[1]
    assert_array_equal(found, fg.jvp(getattr(fs, name), (Z,), (one,))[1])


def test_the_reciprocal_at_the_poles():
    n = np.arange(4)
    found = fg.jvp(fs.rgamma, (-n + 0j,), (np.ones(4) + 0j,))[1]
    assert_allclose(found, (-1.0) ** n * scipy.special.factorial(n), rtol=1e-14)


def test_a_gradient_of_a_real_function_of_complex_numbers():
    """The gradient is the conjugate of the derivative, as everywhere."""
    z = Z[:4]
    found = fg.grad(lambda z: np.sum(fs.loggamma(z).real))(z)
    assert_allclose(found, fg.grad(lambda z: np.sum((z * scipy.special.digamma(Z[:4])).real))(z))
