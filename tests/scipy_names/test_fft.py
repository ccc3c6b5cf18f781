"""Cosine and sine transforms: SciPy's values in every mode."""

import numpy as np
import pytest
import scipy.fft as sf
from numpy.testing import assert_allclose
from surface.arrays import LONG, WIDE, X
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import fft

NORMS = [None, "ortho", "forward"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_one_axis(name, type, norm):
    for x in (LONG, WIDE):
        options = {"type": type, "norm": norm}
        check_function(getattr(fft, name), getattr(sf, name), Call((x,), options), "d")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dst", {"n": 2}), ("idst", {"n": 5, "axis": 0, "type": 1}), ("dstn", {"type": 3}),
        ("idstn", {"s": (2, 2), "axes": (1, 0), "norm": "ortho"}),
        ("dct", {"n": 2}), ("idct", {"n": 5, "axis": 0}), ("dct", {"n": 4, "axis": 0, "type": 3}),
        ("dctn", {"type": 3}), ("dctn", {"s": (3, 4)}), ("idctn", {"axes": (0,), "norm": "ortho"}),
        ("idctn", {"s": (2,), "type": 4}), ("idctn", {"s": (2, 2), "axes": (1, 0)}),
    ],
)  # fmt: skip
def test_sizes_and_axes(name, options):
    check_function(getattr(fft, name), getattr(sf, name), Call((X,), options), "d")


@pytest.mark.parametrize("dtype", ["f", "D"])
def test_types(dtype):
    check_function(fft.dct, sf.dct, Call((LONG,), {"type": 3}), dtype)
    check_function(fft.dst, sf.dst, Call((LONG,), {"type": 1}), dtype)
    assert fft.dct(np.arange(4)).dtype == np.float64


@pytest.mark.parametrize("name", ["fft", "irfftn", "fftshift", "rfftfreq"])
def test_forwarded(name):
    x = 4 if name == "rfftfreq" else X
    np.testing.assert_allclose(getattr(fft, name)(x), getattr(sf, name)(x))


def test_wrong_calls():
    for call, words in [
        (lambda: fft.dct(X, 5), "type"), (lambda: fft.dct(X, norm="unit"), "'unit'"),
        (lambda: fft.dct(X, n=0), "n must be"), (lambda: fft.dct(3.0), "axis"),
        (lambda: fft.dct(X[:, :1], 1), "type 1"), (lambda: fft.dctn(X, axes=(0, 0)), "twice"),
        (lambda: fft.dctn(X, s=(2,), axes=(0, 1)), "lengths"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()


NAMES = "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn".split()


@pytest.mark.parametrize("name", NAMES)
def test_arguments_of_scipy(name):
    x = np.random.default_rng(0).normal(size=(3, 8))
    ours, theirs = getattr(fft, name), getattr(sf, name)
    expected = theirs(x=x, norm="ortho", overwrite_x=False, workers=1)
    assert_allclose(ours(x=x, norm="ortho", overwrite_x=True, workers=1), expected, atol=1e-12)
    assert_allclose(fg.jit(lambda x: ours(x, None))(x), theirs(x), atol=1e-12)
    assert ours.__name__ == name
    assert "overwrite_x" in ours.__doc__
    with pytest.raises(ValueError, match="plans are not taken"):
        ours(x, plan=object())


def test_one_axis_of_several():
    x = np.random.default_rng(0).normal(size=(3, 8))
    assert_allclose(fft.fftn(x, s=4, axes=1), sf.fftn(x, s=4, axes=1))
