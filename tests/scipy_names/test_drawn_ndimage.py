"""scipy.ndimage over drawn arrays, dtypes, modes, axes and origins."""

import numpy as np
import pytest
import scipy.ndimage as sn
from surface.drawing import FLOATS, REALS, check_calls

from funcgrad.scipy import ndimage

MODES = ("reflect", "constant", "nearest", "mirror", "wrap")
SPLINE_MODES = (*MODES, "grid-mirror", "grid-constant", "grid-wrap")


def ends(draw, x=None):
    """What is beyond the ends; of integers SciPy's results are integers."""
    kwargs = {"mode": draw.of(*MODES), "cval": draw.of(0.0, 0.7)}
    return kwargs | ({"output": np.float64} if x is not None and x.dtype.kind == "i" else {})


def weighted(draw):
    x = draw.array(sides=(1, 6), dtypes=REALS)
    sides = [draw.whole(1, 4) for _ in x.shape]
    origin = [draw.whole(-(n // 2), (n - 1) // 2) for n in sides]
    return (x, draw.filled(sides, FLOATS)), ends(draw, x) | {"origin": origin}


def weighted_along(draw):
    x = draw.array(sides=(1, 6), dtypes=REALS)
    n = draw.whole(1, 5)
    origin = draw.whole(-(n // 2), (n - 1) // 2)
    return (x, draw.filled((n,), FLOATS), draw.axis(x)), ends(draw, x) | {"origin": origin}


def sigmas(draw, x):
    return draw.of(0.6, 1.3, tuple(draw.of(0.5, 1.1) for _ in x.shape))


def blurred(draw):
    x = draw.array(sides=(1, 6))
    kwargs = ends(draw) | {"order": draw.of(0, 1, 2), "truncate": draw.of(4.0, 2.0)}
    if draw.of(True, False):
        kwargs["radius"] = draw.whole(0, 4)
    return (x, sigmas(draw, x)), kwargs


def blurred_along(draw):
    x = draw.array(sides=(1, 6))
    kwargs = ends(draw) | {"order": draw.whole(0, 3), "truncate": draw.of(4.0, 2.0)}
    return (x, draw.of(0.6, 1.3), draw.axis(x)), kwargs


def edges(draw):
    x = draw.array(sides=(1, 6))
    return (x, sigmas(draw, x)), ends(draw)


def differences(draw):
    x = draw.array(sides=(1, 6), dtypes=REALS)
    return (x, draw.axis(x)), ends(draw, x)


def second_differences(draw):
    x = draw.array(sides=(1, 6), dtypes=REALS)
    return (x,), ends(draw, x)


def averaged(draw):
    x = draw.array(sides=(1, 6))
    sides = [draw.whole(1, 4) for _ in x.shape]
    origin = [draw.whole(-(n // 2), (n - 1) // 2) for n in sides]
    return (x, tuple(sides)), ends(draw) | {"origin": origin}


def averaged_along(draw):
    x = draw.array(sides=(1, 6))
    n = draw.whole(1, 5)
    origin = draw.whole(-(n // 2), (n - 1) // 2)
    return (x, n, draw.axis(x)), ends(draw) | {"origin": origin}


# --- splines --------------------------------------------------------------------------------------


SYMMETRIC = ("reflect", "grid-mirror")
LONG = 24
"""The size from which on SciPy's coefficients with these modes have all digits."""


def image(draw, dims=(1, 2)):
    if draw.of(True, False):
        return draw.array(dims, (2, 6))
    return draw.array((1, 1), (LONG, LONG + 3))


def spline(draw, x, least=0):
    order = draw.whole(least, 5)
    kwargs = {"mode": draw.of(*SPLINE_MODES), "cval": draw.of(0.0, 0.7), "order": order}
    short = kwargs["mode"] in SYMMETRIC and min(x.shape) < LONG
    return kwargs | {"prefilter": draw.of(False, not short)}


def moved(draw):
    x = image(draw)
    by = draw.of(0.4, -1.3, tuple(draw.of(0.3, 1.6, -2.2) for _ in x.shape))
    return (x, by), spline(draw, x)


def turned(draw):
    x = draw.array((2, 2), (2, 6))
    kwargs = {"axes": draw.of((1, 0), (0, 1)), "reshape": draw.of(True, False)}
    return (x, draw.of(20.0, -75.0, 130.0)), kwargs | spline(draw, x, 1)  # the middle is a tie


def resized(draw):
    x = image(draw)
    by = draw.of(1.5, 0.6, tuple(draw.of(0.7, 2.0) for _ in x.shape))
    return (x, by), spline(draw, x) | {"grid_mode": draw.of(False, True)}


def mapped(draw):
    x = draw.array((2, 2), (2, 6))
    matrix = np.array([[0.9, 0.2], [-0.3, 1.1]]) + 0.05 * draw.filled((2, 2), ("f8",))
    offset = draw.of(0.0, 0.7, (0.3, -0.9))
    return (x, matrix, offset, draw.of(None, (3, 4))), spline(draw, x)


def looked_up(draw):
    x = image(draw)
    shape = draw.shape((1, 2), (1, 4))
    places = np.stack([draw.filled(shape, ("f8",), -3, n + 3) for n in x.shape])
    return (x, places), spline(draw, x, 2)  # two modes have JAX's meaning with order 0 and 1


def coefficients(draw):
    x = image(draw, (1, 3))
    short = {*SYMMETRIC, "nearest"} if min(x.shape) < LONG else set()
    modes = [m for m in SPLINE_MODES if m not in short]
    return (x,), {"order": draw.whole(2, 5), "mode": draw.of(*modes)}


def coefficients_along(draw):
    (x,), kwargs = coefficients(draw)
    return (x,), kwargs | {"axis": draw.axis(x)}


CASES = {
    "convolve": weighted, "correlate": weighted, "convolve1d": weighted_along,
    "correlate1d": weighted_along, "gaussian_filter": blurred, "gaussian_filter1d": blurred_along,
    "gaussian_gradient_magnitude": edges, "gaussian_laplace": edges, "laplace": second_differences,
    "sobel": differences, "prewitt": differences, "uniform_filter": averaged,
    "uniform_filter1d": averaged_along, "shift": moved, "rotate": turned, "zoom": resized,
    "affine_transform": mapped, "map_coordinates": looked_up, "spline_filter": coefficients,
    "spline_filter1d": coefficients_along,
}  # fmt: skip


def test_every_function_is_drawn():
    assert set(CASES) == set(ndimage.__all__)


@pytest.mark.parametrize("name", CASES)
def test_drawn_calls(name):
    check_calls(getattr(ndimage, name), getattr(sn, name), CASES[name], 12)
