"""Arguments of filters and transforms that SciPy's have: their order, ``output`` and ``axes``."""

import inspect

import numpy as np
import pytest
import scipy.ndimage as sn
from surface.arrays import spread

from funcgrad.scipy import ndimage

IMAGE = spread((5, 6, 4))
W = np.array([[0.2, -0.5, 1.0], [0.4, 0.1, -0.3]])

CALLS = {
    "affine_transform": (np.array([0.9, 1.1, 0.8]),),
    "convolve": (W[None],),
    "convolve1d": (W[0],),
    "correlate": (W[None],),
    "correlate1d": (W[0],),
    "gaussian_filter": (0.8,),
    "gaussian_filter1d": (0.8,),
    "gaussian_gradient_magnitude": (0.8,),
    "gaussian_laplace": (0.8,),
    "laplace": (),
    "prewitt": (),
    "rotate": (20.0,),
    "shift": (0.4,),
    "sobel": (),
    "spline_filter": (),
    "spline_filter1d": (),
    "uniform_filter": (),
    "uniform_filter1d": (3,),
    "zoom": (1.5,),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_are_where_scipy_has_them(name):
    ours, theirs = (inspect.signature(getattr(m, name)).parameters for m in (ndimage, sn))
    places = [[p for p in s if s[p].kind is s[p].POSITIONAL_OR_KEYWORD] for s in (ours, theirs)]
    assert places[0] == places[1][: len(places[0])]


@pytest.mark.parametrize("name", CALLS)
def test_the_dtype_of_the_result(name):
    fun, args = getattr(ndimage, name), (IMAGE, *CALLS[name])
    full, half = fun(*args), fun(*args, output=np.float32)
    assert full.dtype == np.float64
    assert half.dtype == np.float32
    np.testing.assert_array_equal(half, full.astype(np.float32))
    with pytest.raises(TypeError, match=f"{name}: output must be a dtype or None"):
        fun(*args, output=np.empty_like(full))


@pytest.mark.parametrize("mode", ["reflect", "constant"])
@pytest.mark.parametrize("axes", [(0, 2), (2, 0), (-1, 1)])
@pytest.mark.parametrize("name", ["correlate", "convolve"])
def test_weights_of_some_axes(name, axes, mode):
    places = [a % 3 for a in axes]
    shape = [1, 1, 1]
    for k, n in zip(places, W.shape, strict=True):
        shape[k] = n
    wide = (W if places == sorted(places) else W.T).reshape(shape)
    origins = [0, 0, 0]
    origins[places[1]] = 1
    expected = getattr(sn, name)(IMAGE, wide, mode=mode, cval=0.3, origin=origins)
    got = getattr(ndimage, name)(IMAGE, W, mode=mode, cval=0.3, origin=(0, 1), axes=axes)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


def test_second_differences_along_some_axes():
    d = np.array([1.0, -2.0, 1.0])
    expected = sn.correlate1d(IMAGE, d, 2, mode="wrap") + sn.correlate1d(
        IMAGE, d, 0, mode="nearest"
    )
    got = ndimage.laplace(IMAGE, mode=("wrap", "nearest"), axes=(2, 0))
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_array_equal(ndimage.laplace(IMAGE, axes=()), IMAGE)


@pytest.mark.parametrize(
    ("name", "combined"),
    [
        ("gaussian_laplace", lambda a, b: a + b),
        ("gaussian_gradient_magnitude", np.hypot),
    ],
)
def test_gaussian_derivatives_along_some_axes(name, combined):
    order = 2 if name == "gaussian_laplace" else 1

    def along(axis, other):
        x = sn.gaussian_filter1d(IMAGE, 0.7, axis, order)
        return sn.gaussian_filter1d(x, 0.7, other)

    got = getattr(ndimage, name)(IMAGE, 0.7, axes=(0, 2))
    np.testing.assert_allclose(got, combined(along(0, 2), along(2, 0)), rtol=1e-10, atol=1e-12)


def test_axes_are_named_once():
    with pytest.raises(ValueError, match=r"correlate: axes \(0, -3\) has an axis twice"):
        ndimage.correlate(IMAGE, W, axes=(0, -3))
