"""Interpolation in grids: SciPy's values, derivatives in all arguments."""

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


def test_places_as_a_tuple():
    f = interpolate.RegularGridInterpolator(GRID, VALUES)
    x, y = PLACES[:, 0], PLACES[0, 1]
    expected = f(np.stack([x, np.full(5, y)], axis=-1))
    np.testing.assert_array_equal(f((x, y)), expected)


WRONG = {
    "method": (lambda: interpolate.RegularGridInterpolator(GRID, VALUES, "cubic"), "'cubic'"),
    "points": (lambda: interpolate.RegularGridInterpolator(GRID[::-1], VALUES), r"points\[0\]"),
    "order": (
        lambda: interpolate.RegularGridInterpolator((GRID[0][::-1],), VALUES), "increasing"),
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
