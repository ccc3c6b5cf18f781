"""JAX's lax.fft, which is that of NumPy with lengths that have to fit."""

from __future__ import annotations

import numpy as np
import pytest

import funcgrad as fg
from funcgrad import lax

RNG = np.random.default_rng(5)
X = RNG.normal(size=(2, 4, 5))
Z = X + 1j * RNG.normal(size=(2, 4, 5))

CALLS = {
    "FFT": (Z, (4, 5), lambda z: np.fft.fftn(z, axes=(1, 2))),
    "IFFT": (Z, (5,), np.fft.ifft),
    "RFFT": (X, (4, 5), np.fft.rfft2),
    "IRFFT": (Z, (2, 4, 9), lambda z: np.fft.irfftn(z, (2, 4, 9), (0, 1, 2))),
}


@pytest.mark.parametrize("name", CALLS)
def test_transforms_are_those_of_numpy(name):
    x, lengths, expected = CALLS[name]
    for kind in (name, name.lower(), lax.FftType[name]):
        np.testing.assert_array_equal(lax.fft(x, kind, lengths), expected(x))
        staged = fg.jit(lax.fft, static_argnums=(1, 2))
        np.testing.assert_array_equal(staged(x, kind, lengths), expected(x))


def test_a_single_length_and_single_precision():
    x = X.astype(np.float32)
    assert lax.fft(x, "RFFT", 5).dtype == np.complex64
    np.testing.assert_allclose(lax.fft(x, "FFT", 5), np.fft.fft(X), rtol=1e-4, atol=1e-5)
    g = fg.grad(lambda x: np.sum(np.abs(lax.fft(x, "RFFT", [4, 5])) ** 2))(x)
    assert g.dtype == np.float32


@pytest.mark.parametrize(
    ("x", "kind", "lengths", "error", "text"),
    [
        (X, "DCT", 5, ValueError, "one of FFT, IFFT, RFFT, IRFFT, got 'DCT'"),
        (X, "FFT", (5, 4), ValueError, r"shape \(..., 5, 4\), got \(2, 4, 5\)"),
        (X, "FFT", (), ValueError, "fft_lengths"),
        (X, "FFT", (1, 2, 4, 5), ValueError, "fft_lengths"),
        (Z, "IRFFT", 5, ValueError, r"shape \(..., 3\)"),
        (Z, "RFFT", 5, TypeError, "real numbers, got complex128"),
    ],
)
def test_wrong_calls(x, kind, lengths, error, text):
    with pytest.raises(error, match=text):
        lax.fft(x, kind, lengths)
