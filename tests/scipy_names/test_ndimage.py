"""Interpolation and filters of arrays: SciPy's values in every mode."""

import numpy as np
import pytest
import scipy.ndimage as sn
from surface.arrays import LONG, X, spread
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import ndimage

IMAGE = spread((4, 5))
PLACES = [spread((2, 3), -2.4, 5.3), spread((2, 3), -1.7, 6.1)]
INSIDE = [spread((2, 3), 0.1, 2.8), spread((2, 3), 0.2, 3.7)]


@pytest.mark.parametrize("mode", ["nearest", "mirror", "reflect"])
@pytest.mark.parametrize("order", [0, 1])
def test_map_coordinates(order, mode):
    def theirs(x, *places, **options):
        return sn.map_coordinates(x, places, prefilter=False, **options)

    def ours(x, *places, **options):
        return ndimage.map_coordinates(x, places, **options)

    case = Call((IMAGE, *PLACES), {"order": order, "mode": mode})
    check_function(ours, theirs, case, "d")


def test_what_is_beyond_the_ends():
    """With "constant" and "wrap" elements beyond the ends count as they are, as in JAX."""

    def loop(places, element):
        low = np.floor(places).astype(int)
        part = places - low
        return (1 - part) * element(low) + part * element(low + 1)

    places = np.array([-1.5, -0.25, 2.5, 6.4, 8.7])
    n = len(LONG)
    wrapped = loop(places, lambda i: LONG[i % n])
    filled = loop(places, lambda i: np.where((i >= 0) & (i < n), LONG[i % n], 0.7))
    got = ndimage.map_coordinates(LONG, [places], 1, "wrap")
    np.testing.assert_allclose(got, wrapped)
    got = ndimage.map_coordinates(LONG, [places], 1, "constant", 0.7)
    np.testing.assert_allclose(got, filled)
    slope = fg.grad(lambda c: ndimage.map_coordinates(LONG, [places[:1]], 1, cval=c)[0])(0.7)
    np.testing.assert_allclose(slope, 1.0)


def test_integers_are_rounded():
    x = np.array([0, 3, 10])
    got = ndimage.map_coordinates(x, [np.array([0.4, 1.3])], 1)
    np.testing.assert_array_equal(got, [1, 5])
    assert got.dtype == x.dtype


@pytest.mark.parametrize(("factor", "order"), [(2, 1), ((0.5, 1.6), 1), (1.4, 0)])
def test_zoom(factor, order):
    check_function(ndimage.zoom, sn.zoom, Call((IMAGE,), {"zoom": factor, "order": order}), "d")


@pytest.mark.parametrize(
    ("options", "dtype"),
    [
        ({"sigma": 0.8}, "d"), ({"sigma": (0.6, 1.1), "mode": "mirror"}, "d"),
        ({"sigma": 0.8, "mode": "constant", "cval": 0.3}, "d"), ({"sigma": 0.5}, "f"),
        ({"sigma": 0.7, "order": 1, "mode": "nearest"}, "d"), ({"sigma": 0.4, "axes": (1,)}, "d"),
        ({"sigma": 0.9, "order": (2, 0), "mode": "wrap", "truncate": 2.0}, "d"),
    ],
)  # fmt: skip
def test_gaussian_filter(options, dtype):
    case = Call((IMAGE,), options)
    check_function(ndimage.gaussian_filter, sn.gaussian_filter, case, dtype)


def test_derivative_in_the_width():
    def ours(x, sigma):
        return ndimage.gaussian_filter1d(x, sigma, radius=2)

    def theirs(x, sigma):
        return sn.gaussian_filter1d(x, float(sigma), radius=2)

    check_function(ours, theirs, Call((X, np.float64(0.9)), vmap=False), "d")


WRONG = {
    "count": (lambda: ndimage.map_coordinates(IMAGE, PLACES[:1], 1), "one array for each"),
    "order": (lambda: ndimage.map_coordinates(IMAGE, PLACES, 2), "order must be 0 or 1"),
    "mode": (lambda: ndimage.map_coordinates(IMAGE, PLACES, 1, "edge"), "'edge'"),
    "zoom": (lambda: ndimage.zoom(IMAGE, (1, 2, 3)), "zoom must be"),
    "filter": (lambda: ndimage.gaussian_filter(IMAGE, 1.0, mode="edge"), "'edge'"),
    "sigmas": (lambda: ndimage.gaussian_filter(IMAGE, (1.0,)), "1 values of sigma"),
    "radius": (lambda: ndimage.gaussian_filter(IMAGE, 1.0, radius=-1), "radius"),
    "traced": (lambda: fg.grad(lambda s: ndimage.gaussian_filter1d(X, s)[0, 0])(1.0), "radius="),
}


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, words = WRONG[label]
    with pytest.raises(ValueError, match=words):
        call()
