"""Fourier transforms on traced values: NumPy's values and dtypes, derivatives, errors."""

from __future__ import annotations

import re

import numpy as np
import pytest
from surface.checks import check, leaves_of
from surface.fourier import TABLE

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.errors import TracerError
from funcgrad.numpy import fft

CALLS = [
    (name, i, dtype)
    for name, calls in sorted(TABLE.items())
    for i, c in enumerate(calls)
    for dtype in c.dtypes
    if dtype == "d"
    or any(getattr(a, "dtype", None) == np.float64 for a in leaves_of((c.args, c.kwargs)))
]
RNG = np.random.default_rng(3)
X = RNG.normal(size=(3, 5))
Z = X + 1j * RNG.normal(size=(3, 5))


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    check(name, TABLE[name][i], dtype, fnp.fft, np.fft)


def test_every_name_of_numpy_is_there_and_in_the_table():
    assert set(TABLE) == set(fft.__all__) == set(np.fft.__all__)


@pytest.mark.parametrize("name", TABLE)
def test_plain_arrays_give_the_bits_of_numpy(name):
    for case in TABLE[name]:
        mine = getattr(fft, name)(*case.args, **case.kwargs)
        theirs = getattr(np.fft, name)(*case.args, **case.kwargs)
        np.testing.assert_array_equal(mine, theirs)
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype


def test_a_function_of_numpy_reaches_the_same_code():
    jaxprs = [str(fg.make_jaxpr(f)(Z)) for f in (np.fft.fft, fft.fft)]
    assert jaxprs[0] == jaxprs[1]
    assert "fft[axes=(1,) inverse=False norm=backward]" in jaxprs[0]


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_transposes_are_those_of_the_matrices(n):
    """The whole real-linear map, by basis vectors, against the sums of the definition."""
    k = np.arange(n // 2 + 1)
    angles = 2 * np.pi * np.outer(k, np.arange(n)) / n
    np.testing.assert_allclose(
        fg.jacrev(lambda x: np.real(np.fft.rfft(x)))(np.zeros(n)), np.cos(angles), atol=1e-14
    )
    np.testing.assert_allclose(
        fg.jacrev(lambda x: np.imag(np.fft.rfft(x)))(np.zeros(n)), -np.sin(angles), atol=1e-14
    )
    twice = np.where((k == 0) | (2 * k == n), 1, 2)

    def back(x, y):
        return np.fft.irfft(x + 1j * y, n)

    at_x, at_y = fg.jacrev(back, (0, 1))(np.zeros(len(k)), np.zeros(len(k)))
    np.testing.assert_allclose(at_x, (np.cos(angles).T * twice) / n, atol=1e-14)
    np.testing.assert_allclose(at_y, -(np.sin(angles).T * twice) / n, atol=1e-14)


def test_gradient_of_a_power_spectrum_is_the_signal():
    """Parseval: the sum of squares of a spectrum is n times that of the signal."""
    x = RNG.normal(size=(4, 6))
    energy = fg.grad(lambda x: np.sum(np.abs(np.fft.fft2(x)) ** 2))
    np.testing.assert_allclose(energy(x), 2 * x.size * x, rtol=1e-12)
    np.testing.assert_allclose(fg.jit(energy)(x), 2 * x.size * x, rtol=1e-12)


def test_convolution_by_transforms_has_the_gradients_of_convolution():
    x, k = RNG.normal(size=9), RNG.normal(size=4)

    def by_transforms(x, k):
        n = len(x) + len(k) - 1
        return np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(k, n), n)

    w = RNG.normal(size=12)
    for i in (0, 1):
        np.testing.assert_allclose(
            fg.grad(lambda x, k: np.sum(w * by_transforms(x, k)), i)(x, k),
            fg.grad(lambda x, k: np.sum(w * np.convolve(x, k)), i)(x, k),
            rtol=1e-12,
        )


def test_one_operation_for_several_axes_and_for_a_batch():
    x = RNG.normal(size=(7, 2, 3, 4))
    jaxpr = fg.make_jaxpr(fg.vmap(np.fft.rfftn))(x)
    assert [e.primitive.name for e in jaxpr.eqns] == ["rfft"]
    np.testing.assert_array_equal(fg.vmap(np.fft.rfftn)(x), np.fft.rfftn(x, axes=(1, 2, 3)))


def test_frequencies_on_numpy_and_traced_distances():
    single = np.float32
    for name in ("fftfreq", "rfftfreq"):
        found, expected = getattr(fft, name)(5, dtype=single), getattr(np.fft, name)(5)
        np.testing.assert_array_equal(found, expected.astype(single))
        assert found.dtype == single
    assert fg.grad(lambda d: np.sum(np.fft.rfftfreq(4, d)))(2.0) == -3 / 16


EMPTY = np.zeros((2, 0))
WRONG = {
    "no point": (lambda x: fft.fft(x, 0), X, ValueError, "one point at least, got n=0"),
    "negative": (lambda x: fft.ifftn(x, (3, -2)), X, ValueError, "got n=-2"),
    "no length": (lambda x: fft.fft(x, 2.0), X, TypeError, "n is 2.0 of type float"),
    "empty": (fft.fft, EMPTY, ValueError, "n=0"),
    "empty half": (fft.rfft, EMPTY, ValueError, "n=0"),
    "one element": (fft.irfft, np.ones((2, 1)), ValueError, "n=0"),
    "norm": (lambda x: fft.hfft(x, norm="both"), X, ValueError, "'ortho' or 'forward', got 'both'"),
    "axis": (lambda x: fft.fft(x, axis=2), X, np.exceptions.AxisError, "axis 2"),
    "two axes": (fft.fft2, X[0], np.exceptions.AxisError, "axis -2"),
    "no axes": (lambda x: fft.rfftn(x, axes=()), X, ValueError, "one axis at least"),
    "lengths": (lambda x: fft.fftn(x, (2, 3), (0,)), X, ValueError, "2 lengths, for 1 axes"),
    "complex": (fft.rfft, Z, TypeError, "rfft takes real numbers, got complex128; use fft"),
    "complex signal": (fft.ihfft, Z, TypeError, "ihfft takes real numbers, got complex128"),
    "out": (lambda x: fft.fft(x, out=np.empty((3, 5), complex)), X, TracerError, "out="),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_say_what_is_wrong(name):
    fun, x, error, text = WRONG[name]
    with pytest.raises(error, match=re.escape(text)):
        fg.make_jaxpr(fun)(x)


@pytest.mark.parametrize("n", [0, -1, 2.5, "4"])
@pytest.mark.parametrize("fun", [fft.fftfreq, fft.rfftfreq])
def test_numbers_of_frequencies_are_positive_integers(fun, n):
    with pytest.raises(ValueError, match=f"n must be .*, got {n!r}"):
        fun(n)
