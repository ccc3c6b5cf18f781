"""Reductions by segments: values are those of loops over rows, in every mode."""

import numpy as np
import pytest
from surface.arrays import spread
from surface.checks import Call, check_function

import funcgrad as fg

IDS = np.array([2, 0, 2, 5, 0, -1, 7])
ROWS = spread((7, 3), 0.5, 2.0)
STARTS = {"sum": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}
REDUCING = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}


def by_loop(name, data, ids, num_segments, mode=None):
    out = np.full((num_segments, *np.shape(data)[1:]), STARTS[name], data.dtype)
    for row, i in zip(data, ids, strict=True):
        i = min(max(i, 0), num_segments - 1) if mode == "clip" else i
        if 0 <= i < num_segments:
            out[i] = REDUCING[name](out[i], row)
    return out


@pytest.mark.parametrize("options", [{}, {"mode": "clip"}, {"bucket_size": 2}], ids=str)
@pytest.mark.parametrize("name", STARTS)
def test_segments(name, options):
    def ours(data):
        out = getattr(fg.ops, f"segment_{name}")(data, IDS, 6, **options)
        return np.where(np.isinf(out), 0.0, out)  # differences of infinity are NaN

    def loop(data):
        out = by_loop(name, data, IDS, 6, options.get("mode"))
        return np.where(np.isinf(out), 0.0, out)

    for data in (ROWS, ROWS[:, 0]):
        check_function(ours, loop, Call((data,)), "d")


@pytest.mark.parametrize("name", STARTS)
def test_batches_of_numbers(name):
    fun = getattr(fg, f"segment_{name}")
    many = np.stack([IDS, IDS[::-1]])
    got = fg.vmap(lambda ids: fun(ROWS, ids, num_segments=4))(many)
    for out, ids in zip(got, many, strict=True):
        np.testing.assert_allclose(out, by_loop(name, ROWS, ids, 4))


@pytest.mark.parametrize("dtype", ["i4", "u1", "?", "f4", "f2"])
@pytest.mark.parametrize("name", STARTS)
def test_types(name, dtype):
    data, ids = np.array([3, 0, 2]).astype(dtype), np.array([0, 2, 0])
    if dtype == "?" and name in ("sum", "prod"):
        with pytest.raises(TypeError, match=r"data must be numbers, got bool\[3\]; convert"):
            getattr(fg, f"segment_{name}")(data, ids)
        return
    out = getattr(fg, f"segment_{name}")(data, ids)
    assert (out.dtype, out.shape) == (np.dtype(dtype), (3,))
    assert out[2] == data[1]
    assert out[0] == REDUCING[name](data[0], data[2])
    if dtype in ("i4", "u1") and name in ("max", "min"):
        info = np.iinfo(dtype)
        assert out[1] == (info.min if name == "max" else info.max)
    elif name in ("sum", "prod"):
        assert out[1] == (name == "prod")


def test_equal_rows_share_the_derivative():
    ids = np.array([0, 0, 1])
    slope = fg.grad(lambda x: np.sum(fg.segment_max(x, ids, 3)[:2]))(np.array([2.0, 2.0, 1.0]))
    np.testing.assert_allclose(slope, [0.5, 0.5, 1.0])


def test_no_rows():
    assert fg.segment_sum(np.zeros((0, 2)), np.zeros(0, int)).shape == (0, 2)
    np.testing.assert_array_equal(fg.segment_prod(np.zeros((0, 2)), np.zeros(0, int), 2), 1.0)


WRONG = {
    "traced": (lambda: fg.jit(fg.segment_sum)(ROWS, IDS), fg.errors.ConcretizationError, "num_seg"),
    "floats": (lambda: fg.segment_sum(ROWS, ROWS[:, 0]), TypeError, "segment_ids must be integers"),
    "lengths": (lambda: fg.segment_sum(ROWS, IDS[1:], 3), fg.errors.ShapeError, r"\(6,\)"),
    "mode": (lambda: fg.segment_sum(ROWS, IDS, 3, mode="wrap"), ValueError, "'wrap'"),
    "count": (lambda: fg.segment_sum(ROWS, IDS, 3.0), TypeError, "num_segments"),
    "negative": (lambda: fg.segment_sum(ROWS, IDS, -3), ValueError, "-3"),
    "bucket": (lambda: fg.segment_max(ROWS, IDS, 3, bucket_size=0), ValueError, "bucket_size"),
    "complex": (lambda: fg.segment_max(1j * ROWS, IDS, 3), TypeError, "complex|c128"),
}


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call()
