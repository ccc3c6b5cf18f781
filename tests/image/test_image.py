"""Resampled images: values are those of loops over pixels, derivatives those of differences."""

import math

import numpy as np
import pytest
from surface.arrays import spread
from surface.checks import Call, check_function

import funcgrad as fg
from funcgrad import image

IMAGE = spread((5, 4, 2))
RADIUS = {"linear": 1, "cubic": 2, "lanczos3": 3, "lanczos5": 5}


def weight(method, d):
    """The kernel at a distance, as in the papers."""
    if d >= RADIUS[method]:
        return 0.0
    if method == "linear":
        return 1 - d
    if method == "cubic":
        a = -0.5
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    r = RADIUS[method]
    t = math.pi * d
    return 1.0 if d == 0 else r * math.sin(t) * math.sin(t / r) / t**2


def by_loop(x, n, scale, move, method, antialias):
    """An image along its first axis, pixel by pixel."""
    out = np.zeros((n, *x.shape[1:]))
    width = max(1 / scale, 1.0) if antialias else 1.0
    for i in range(n):
        place = (i + 0.5 - move) / scale - 0.5
        weights = [weight(method, abs(place - j) / width) for j in range(len(x))]
        if -0.5 <= place <= len(x) - 0.5:
            out[i] = sum(w * row for w, row in zip(weights, x, strict=True)) / sum(weights)
    return out


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [3, 8])
@pytest.mark.parametrize("method", RADIUS)
def test_resize(method, size, antialias):
    def loops(x):
        return by_loop(x, size, size / 5, 0.0, method, antialias)

    def ours(x):
        return image.resize(x, (size, 4, 2), method, antialias)

    check_function(ours, loops, Call((IMAGE,)), "d")


def test_resize_to_the_nearest_pixels():
    got = image.resize(IMAGE, (3, 7, 2), "nearest")
    rows, columns = [0, 2, 4], [int((i + 0.5) * 4 / 7) for i in range(7)]
    np.testing.assert_array_equal(got, IMAGE[rows][:, columns])
    assert image.resize(np.arange(4), (2,), "nearest").dtype == np.arange(4).dtype
    assert image.resize(np.arange(4), (2,), image.ResizeMethod.LINEAR).dtype == np.float64
    small = image.resize(IMAGE.astype("f4"), (3, 7, 2), "cubic")
    assert small.dtype == np.float32


def test_all_axes_are_resized():
    got = image.resize(IMAGE, (7, 3, 2), "bilinear")
    rows = by_loop(IMAGE, 7, 7 / 5, 0.0, "linear", True)
    columns = by_loop(np.swapaxes(rows, 0, 1), 3, 3 / 4, 0.0, "linear", True)
    np.testing.assert_allclose(got, np.swapaxes(columns, 0, 1))


@pytest.mark.parametrize("method", RADIUS)
def test_scale_and_translate(method):
    """Derivatives in the scale and the translation, too."""

    def loops(x, scale, move):
        return by_loop(x, 6, scale[0], move[0], method, True)

    def ours(x, scale, move):
        return image.scale_and_translate(x, (6, 4, 2), (0,), scale, move, method)

    args = (IMAGE, np.array([0.83]), np.array([0.61]))
    check_function(ours, loops, Call(args, rtol=1e-9, vmap=False), "d")


WRONG = {
    "method": (lambda: image.resize(IMAGE, (3, 4, 2), "area"), ValueError, "'area'"),
    "rank": (lambda: image.resize(IMAGE, (3, 4), "cubic"), fg.errors.ShapeError, r"\(3, 4\)"),
    "shape": (lambda: image.resize(IMAGE, 3, "cubic"), TypeError, "shape"),
    "nearest": (
        lambda: image.scale_and_translate(IMAGE, (3, 4, 2), (), [], [], "nearest"), ValueError,
        "resize"),
    "scale": (
        lambda: image.scale_and_translate(IMAGE, (3, 4, 2), (0,), X2, X2, "cubic"), ValueError,
        r"scale of shape \(2,\)"),
    "axes": (
        lambda: image.scale_and_translate(IMAGE, (3, 4, 2), (3, 0), X2, X2, "cubic"), ValueError,
        "no axes"),
}  # fmt: skip
X2 = np.ones(2)


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call()


def test_axes_as_an_array_and_other_axes_keep_their_size():
    x, ones = spread((3, 4)), np.ones(1)
    found = image.scale_and_translate(x, (5, 4), np.array([0]), ones, ones, "linear")
    expected = image.scale_and_translate(x, (5, 4), (0,), ones, ones, "linear")
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(fg.errors.ShapeError, match="its size cannot become 7"):
        image.scale_and_translate(x, (5, 7), (0,), ones, ones, "linear")
