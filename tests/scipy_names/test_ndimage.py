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


MODES = ["reflect", "grid-mirror", "constant", "grid-constant", "nearest", "mirror", "grid-wrap",
         "wrap"]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_splines_between_elements(order, mode):
    def ours(x, *places, **options):
        return ndimage.map_coordinates(x, places, **options)

    def theirs(x, *places, **options):
        if mode in ("reflect", "grid-mirror") and options.get("prefilter", True):
            # SciPy's coefficients with these modes have a few digits only, of short axes.
            wide = np.pad(x, 40, "symmetric")
            options = {**options, "mode": "mirror"}
            return sn.map_coordinates(wide, [p + 40 for p in places], **options)
        return sn.map_coordinates(x, places, **options)

    options = {"order": order, "mode": mode, "cval": 0.3}
    places = INSIDE if mode in ("constant", "wrap") else PLACES  # without jumps
    check_function(ours, theirs, Call((IMAGE, *places), options, rtol=1e-10), "d")
    for prefilter in (True, False):
        found, expected = (
            f(IMAGE, *[p * 1.7 for p in PLACES], prefilter=prefilter, **options)
            for f in (ours, theirs)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("mode", ["mirror", "reflect", "grid-wrap"])
@pytest.mark.parametrize("order", [2, 3, 5])
def test_coefficients_of_splines(order, mode):
    for name in ("spline_filter", "spline_filter1d"):
        ours, theirs = (getattr(m, name) for m in (ndimage, sn))
        case = Call((IMAGE,), {"order": order, "mode": mode}, rtol=1e-10)
        if mode != "reflect":
            check_function(ours, theirs, case, "d")
        elif name == "spline_filter":
            check_function(ours, lambda x, **_: far_from_ends(x, order), case, "d")


def far_from_ends(x, order):
    """The coefficients with "reflect" from those of a wider array."""
    return sn.spline_filter(np.pad(x, 40, "symmetric"), order)[40:-40, 40:-40]


@pytest.mark.parametrize(
    ("factor", "options"),
    [(2, {"order": 1}), ((0.5, 1.6), {"order": 1}), (1.4, {"order": 0}), (1.7, {}),
     ((2.2, 0.6), {"order": 2, "mode": "nearest"}), (1.5, {"grid_mode": True, "mode": "grid-wrap"}),
     (2, {"grid_mode": True, "order": 1, "mode": "reflect"})],
)  # fmt: skip
def test_zoom(factor, options):
    case = Call((IMAGE,), {"zoom": factor, **options}, rtol=1e-10)
    check_function(ndimage.zoom, sn.zoom, case, "d")


@pytest.mark.filterwarnings("ignore:The behavior of affine_transform")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("order", [0, 1, 3])
def test_arrays_that_are_moved_and_turned(order, mode):
    options = {"order": order, "mode": mode, "cval": 0.4}
    smooth = mode not in ("constant", "wrap") and order
    slope = {"derivative": bool(smooth), "rtol": 1e-9}
    if order == 3 and mode in ("reflect", "grid-mirror"):  # see above
        slope = {"derivative": False, "rtol": 1e-2}
    by = np.array([0.37, -1.21])
    check_function(ndimage.shift, sn.shift, Call((IMAGE, by), options, **slope), "d")
    matrix, offset = np.array([[0.83, 0.21], [-0.34, 1.12]]), np.array([0.27, -0.52])
    case = Call((IMAGE, matrix, offset), options, **slope)
    check_function(ndimage.affine_transform, sn.affine_transform, case, "d")
    case = Call((IMAGE, np.array([0.83, 1.12]), 0.31), {**options, "output_shape": (3, 6)}, **slope)
    check_function(ndimage.affine_transform, sn.affine_transform, case, "d")
    turned = {**options, "reshape": False}
    check_function(ndimage.rotate, sn.rotate, Call((IMAGE, np.float64(23.0)), turned, **slope), "d")
    for angle, axes in ((31.0, (1, 0)), (90.0, (0, 1)), (-140.0, (2, 0))):
        x = spread((4, 5, 3))
        found, expected = (m.rotate(x, angle, axes, **options) for m in (ndimage, sn))
        np.testing.assert_allclose(found, expected, rtol=slope["rtol"], atol=slope["rtol"] / 10)


def test_matrices_with_offsets():
    whole = np.array([[0.83, 0.21, 0.3], [-0.34, 1.12, -0.1], [0, 0, 1.0]])
    for matrix in (whole, whole[:2]):
        found, expected = (m.affine_transform(IMAGE, matrix) for m in (ndimage, sn))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "constant", "wrap"])
def test_filters(mode):
    options = {"mode": mode, "cval": 0.7}
    small, even = spread((3, 2)), spread((4,), -1.0, 1.0)
    for name in ("correlate", "convolve"):
        for origin in (0, (-1, 0), (1, -1)):
            ours, theirs = (getattr(m, name) for m in (ndimage, sn))
            if name == "convolve" and origin == (1, -1):
                origin = (1, 0)
            case = Call((IMAGE, small), {**options, "origin": origin})
            check_function(ours, theirs, case, "d")
        ours, theirs = (getattr(m, f"{name}1d") for m in (ndimage, sn))
        for axis, origin in ((0, 0), (-1, 1), (1, -1)):
            case = Call((IMAGE, even), {**options, "axis": axis, "origin": origin})
            check_function(ours, theirs, case, "d")
    for name, more in (
        ("uniform_filter", {}), ("uniform_filter", {"size": (2, 4), "origin": (0, 1)}),
        ("uniform_filter1d", {"size": 3, "axis": 0}), ("sobel", {}), ("sobel", {"axis": 0}),
        ("prewitt", {}), ("laplace", {}), ("gaussian_laplace", {"sigma": 0.6}),
        ("gaussian_gradient_magnitude", {"sigma": (0.6, 0.9)}),
    ):  # fmt: skip
        ours, theirs = (getattr(m, name) for m in (ndimage, sn))
        check_function(ours, theirs, Call((IMAGE,), {**options, **more}), "d")


def test_every_public_name_is_tested():
    tested = (
        "affine_transform convolve convolve1d correlate correlate1d gaussian_filter prewitt rotate "
        "gaussian_filter1d gaussian_gradient_magnitude gaussian_laplace laplace map_coordinates "
        "shift sobel spline_filter spline_filter1d uniform_filter uniform_filter1d zoom"
    )
    assert set(tested.split()) == set(ndimage.__all__)


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


@pytest.mark.parametrize(
    "options",
    [{"sigma": np.array([0.7, 1.2])}, {"sigma": 0.8, "order": 3},
     {"sigma": 0.9, "order": (5, 1)}, {"sigma": 0.8, "mode": ("nearest", "wrap")},
     {"sigma": 0.8, "mode": ["mirror", "constant"], "cval": 0.7}],
)  # fmt: skip
def test_gaussian_filters_of_each_axis(options):
    found, expected = (m.gaussian_filter(IMAGE, **options) for m in (ndimage, sn))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", ["gaussian_laplace", "gaussian_gradient_magnitude"])
def test_derivatives_with_a_mode_of_each_axis(name):
    options = {"sigma": np.array([0.6, 0.9]), "mode": ("wrap", "nearest")}
    found, expected = (getattr(m, name)(IMAGE, **options) for m in (ndimage, sn))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


def test_traced_widths_and_values_beyond_the_ends():
    """Beside a plain array."""

    def ours(sigma, cval):
        return ndimage.gaussian_filter(IMAGE, sigma, mode="constant", cval=cval, radius=2)

    def theirs(sigma, cval):
        return sn.gaussian_filter(IMAGE, sigma, mode="constant", cval=float(cval), radius=2)

    check_function(ours, theirs, Call((np.array([0.9, 1.4]), np.float64(0.3)), vmap=False), "d")
    for name, given in (("correlate", X), ("uniform_filter", 3), ("map_coordinates", PLACES)):
        options = {"mode": "grid-constant" if name == "map_coordinates" else "constant"}
        case = Call((np.float64(0.3),), vmap=False)
        check_function(*(
            lambda c, m=m, n=name, g=given, o=options: getattr(m, n)(IMAGE, g, **o, cval=(
                c if m is ndimage else float(c))) for m in (ndimage, sn)), case, "d")  # fmt: skip


def test_derivative_in_the_width():
    def ours(x, sigma):
        return ndimage.gaussian_filter1d(x, sigma, radius=2)

    def theirs(x, sigma):
        return sn.gaussian_filter1d(x, float(sigma), radius=2)

    check_function(ours, theirs, Call((X, np.float64(0.9)), vmap=False), "d")


WRONG = {
    "count": (lambda: ndimage.map_coordinates(IMAGE, PLACES[:1], 1), "one array for each"),
    "order": (lambda: ndimage.map_coordinates(IMAGE, PLACES, 6), "whole number from 0 to 5, got 6"),
    "weights": (lambda: ndimage.correlate(IMAGE, X[0]), "weights of shape"),
    "origin": (lambda: ndimage.correlate1d(X, X[0], origin=2), "origin must keep"),
    "size": (lambda: ndimage.uniform_filter1d(X, 0), "positive int, got 0"),
    "shift": (lambda: ndimage.shift(X, [1.0, 2.0, 3.0]), "shift of shape"),
    "matrix": (lambda: ndimage.affine_transform(IMAGE, X.T), "do not fit"),
    "axes": (lambda: ndimage.rotate(IMAGE, 3.0, (0, 0)), "two different ones"),
    "angle": (lambda: fg.grad(lambda a: ndimage.rotate(IMAGE, a)[0, 0])(3.0), "reshape=False"),
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


@pytest.mark.parametrize("order", [0, 1, 3])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_arrays_without_elements(shape, order):
    places = [np.zeros(3)] * len(shape)
    for mode in ("constant", "grid-constant"):
        found, expected = (
            m.map_coordinates(np.zeros(shape), places, order=order, mode=mode, cval=0.5)
            for m in (ndimage, sn)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-15)
    with pytest.raises(fg.errors.ShapeError, match="no elements"):
        ndimage.map_coordinates(np.zeros(shape), places, order, "nearest")
    none = [np.zeros(0)] * len(shape)
    assert ndimage.map_coordinates(np.zeros(shape), none, order, "nearest").shape == (0,)


@pytest.mark.parametrize("dtype", ["i8", "i1", "u1", "u2", "u8"])
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_whole_numbers_are_rounded_as_in_scipy(order, dtype):
    """Halves away from 0; what is out of the range of a type without signs is at its end."""
    whole = np.random.default_rng(0).integers(0, 120, (6, 7))
    image = (whole if dtype[0] == "u" else whole - 60).astype(dtype)
    steps = np.random.default_rng(1).integers(0, 10, (2, 40)) / 2
    found = ndimage.map_coordinates(image, list(steps), order)
    np.testing.assert_array_equal(found, sn.map_coordinates(image, steps, order=order))
    assert found.dtype == image.dtype
    line = np.array([0, 1, 4])
    np.testing.assert_array_equal(ndimage.map_coordinates(line, [np.array([0.5, 1.5])], 1), [1, 3])


def test_places_that_are_no_number():
    line, places = np.arange(3.0), np.array([np.nan, np.inf, -np.inf, 1e30])
    for mode, expected in (("constant", [np.nan, 7, 7, 7]), ("nearest", [np.nan, 2, 0, 2])):
        for run in (ndimage.map_coordinates,
                    fg.jit(ndimage.map_coordinates, static_argnums=(2, 3))):  # fmt: skip
            np.testing.assert_array_equal(run(line, [places], 1, mode, 7.0), expected)
