"""Interpolation in grids: SciPy's values, derivatives in all arguments."""

from typing import Any

import numpy as np
import pytest
import scipy.interpolate as si
from surface.arrays import spread
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad.scipy import interpolate

GRID = (np.array([0.0, 0.7, 1.5, 2.0]), np.array([-1.0, 0.2, 0.9]))
VALUES = spread((4, 3, 2))
PLACES = np.stack([spread((5,), 0.1, 1.9), spread((5,), -0.9, 0.8)], axis=-1)
BEYOND = PLACES * np.array([1.4, 1.7])


@pytest.mark.parametrize("method", ["linear", "nearest"])
@pytest.mark.parametrize(("places", "fill"), [(PLACES, np.nan), (BEYOND, 0.5), (BEYOND, None)])
def test_regular_grid(places, fill, method):
    def using(module):
        def f(a, b, values, at):
            options = {"bounds_error": False, "fill_value": fill, "method": method}
            return module.RegularGridInterpolator((a, b), values, **options)(at)

        return f

    case = Call((*GRID, VALUES, places))
    check_function(using(interpolate), using(si), case, "d")


@pytest.mark.parametrize("fill", [np.nan, 0.5, None])
@pytest.mark.parametrize("method", ["linear", "nearest"])
def test_grids_of_other_orders_and_of_one_place(fill, method):
    options = {"bounds_error": False, "fill_value": fill}
    grid = (GRID[0][::-1], GRID[1], np.array([0.7]))
    values = np.concatenate([VALUES, VALUES + 1], axis=-1)[:, :, None, :]
    places = np.concatenate([BEYOND, np.full((5, 1), 0.7)], axis=-1)
    places[0, 0], places[1, 1], places[2, 2] = np.nan, np.nan, 0.9
    ours, theirs = (m.RegularGridInterpolator(grid, values, **options) for m in (interpolate, si))
    np.testing.assert_allclose(ours(places, method), theirs(places, method=method), rtol=1e-12)
    found = fg.jit(lambda x: ours(x, method=method))(places)
    np.testing.assert_allclose(found, theirs(places, method=method), rtol=1e-12)


def test_places_as_a_tuple():
    f = interpolate.RegularGridInterpolator(GRID, VALUES)
    x, y = PLACES[:, 0], PLACES[0, 1]
    expected = f(np.stack([x, np.full(5, y)], axis=-1))
    np.testing.assert_array_equal(f((x, y)), expected)


AT = np.array([0.0, 0.7, 1.5, 2.0, 3.1])
ALONG = spread((5, 2), -1.0, 1.3)
ROUND = np.concatenate([ALONG[:-1], ALONG[:1]])
WHERE = np.array([[-0.4, 0.1, 0.9], [1.7, 2.6, 3.4]])

SPLINES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "not-a-knot": ("CubicSpline", ALONG, {}),
    "natural": ("CubicSpline", ALONG, {"bc_type": "natural"}),
    "clamped": ("CubicSpline", ALONG, {"bc_type": "clamped", "extrapolate": False}),
    "values": ("CubicSpline", ALONG, {"bc_type": ((1, ALONG[0]), (2, ALONG[2]))}),
    "mixed": ("CubicSpline", ALONG, {"bc_type": ("not-a-knot", (2, ALONG[1]))}),
    "periodic": ("CubicSpline", ROUND, {"bc_type": "periodic"}),
    "pchip": ("PchipInterpolator", ALONG, {}),
    "akima": ("Akima1DInterpolator", ALONG, {}),
    "makima": ("Akima1DInterpolator", ALONG, {"method": "makima"}),
    "slopes": ("CubicHermiteSpline", ALONG, {}),
}


def spline(module, name, x, y, options):
    if name == "CubicHermiteSpline":
        return module.CubicHermiteSpline(x, y, np.cos(y), **options)
    return getattr(module, name)(x, y, **options)


@pytest.mark.parametrize("label", SPLINES)
@pytest.mark.parametrize("nu", [0, 1, 2])
def test_cubic_polynomials(label, nu):
    name, y, options = SPLINES[label]

    def using(module):
        def f(x, y, at):
            if label == "periodic":  # a change of values must keep them periodic
                y = np.concatenate([y[:-1], y[:1]])
            return spline(module, name, x, y, options)(at, nu)

        return f

    inside = not options.get("extrapolate", "akima" not in label)
    at = np.clip(WHERE, 0.05, 3.05) if inside else WHERE
    case = Call((AT, y, at), rtol=1e-11)
    check_function(using(interpolate), using(si), case, "d")
    ours, theirs = (spline(m, name, AT, y, options)(WHERE, nu) for m in (interpolate, si))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("label", SPLINES)
def test_derivatives_and_integrals_of_splines(label):
    name, y, options = SPLINES[label]
    ours, theirs = (spline(m, name, AT, y, options) for m in (interpolate, si))
    for order in (1, 2, -1, -2, 4):
        found, expected = (f.derivative(order)(WHERE) for f in (ours, theirs))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    found, expected = (f.antiderivative()(AT[1:3]) for f in (ours, theirs))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    for ends in ((0.2, 2.9), (2.9, 0.2), (-0.3, 3.6), (-7.0, 9.0)):
        found, expected = (f.integrate(*ends) for f in (ours, theirs))
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)

    def area(y, end):
        return np.sum(spline(interpolate, name, AT, y, options).integrate(0.2, end))

    if label != "periodic":
        fg.testing.check_grads(area, (y, 2.4), order=2)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("label", SPLINES)
def test_few_places(label, count):
    name, y, options = SPLINES[label]
    y = np.concatenate([y[: count - 1], y[:1]]) if label == "periodic" else y[:count]
    if count == 2 and "akima" in label:  # older SciPys take three places at least
        found = spline(interpolate, name, AT[:2], y, options)(0.35)
        np.testing.assert_allclose(found, (y[0] + y[1]) / 2)
        return
    ours, theirs = (spline(m, name, AT[:count], y, options) for m in (interpolate, si))
    np.testing.assert_allclose(ours(WHERE), theirs(WHERE), rtol=1e-10, atol=1e-12)


def test_axes_of_splines():
    y = spread((2, 5, 3), -1.0, 1.0)
    for name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator"):
        for at in (WHERE, 0.3):
            found, expected = (getattr(m, name)(AT, y, axis=1)(at) for m in (interpolate, si))
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    c = spread((3, 4, 2), -1.0, 1.0)
    for how in (True, False, "periodic"):
        found, expected = (m.PPoly(c, AT, how)(WHERE) for m in (interpolate, si))
        np.testing.assert_allclose(found, expected, rtol=1e-12)


WRONG = {
    "increasing": (lambda: interpolate.CubicSpline(AT[::-1], ALONG), "increasing"),
    "places of a spline": (lambda: interpolate.CubicSpline(AT[:1], ALONG[:1]), "at least 2 places"),
    "lengths": (lambda: interpolate.PchipInterpolator(AT, ALONG[:4]), "do not fit"),
    "condition": (lambda: interpolate.CubicSpline(AT, ALONG, bc_type="free"), "got 'free'"),
    "conditions": (lambda: interpolate.CubicSpline(AT, ALONG, bc_type=3), "a name or a pair"),
    "one end": (
        lambda: interpolate.CubicSpline(AT, ALONG, bc_type=("periodic", "natural")), "both ends"),
    "period": (lambda: interpolate.CubicSpline(AT, ALONG, bc_type="periodic"), "must be equal"),
    "akima": (lambda: interpolate.Akima1DInterpolator(AT, ALONG, method="x"), "got 'x'"),
    "hermite": (lambda: interpolate.CubicHermiteSpline(AT, ALONG, AT), "slopes of shape"),
    "coefficients": (lambda: interpolate.PPoly(ALONG, AT), "one polynomial for"),
    "nu": (lambda: interpolate.CubicSpline(AT, ALONG)(0.5, -1), "nu must be"),
    "method": (lambda: interpolate.RegularGridInterpolator(GRID, VALUES, "cubic"), "'cubic'"),
    "points": (lambda: interpolate.RegularGridInterpolator(GRID[::-1], VALUES), r"points\[0\]"),
    "order": (
        lambda: interpolate.RegularGridInterpolator((GRID[0] * 0,), VALUES),
        "increasing or decreasing"),
    "other method": (
        lambda: interpolate.RegularGridInterpolator(GRID, VALUES)(PLACES, "cubic"),
        "'cubic'"),
    "places": (lambda: interpolate.RegularGridInterpolator(GRID, VALUES)(np.ones(3)), "2 numbers"),
    "bounds": (
        lambda: interpolate.RegularGridInterpolator(GRID, VALUES, bounds_error=True)(3 * PLACES),
        "outside"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, words = WRONG[label]
    with pytest.raises(ValueError, match=words):
        call()
    assert fg.scipy.interpolate is interpolate
