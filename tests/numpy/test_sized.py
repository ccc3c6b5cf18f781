"""Sizes of results as JAX takes them: what NumPy finds, cut off or filled up, in every mode."""

from __future__ import annotations

import numpy as np
import pytest
from surface.checks import check
from surface.sized import SIZED

import funcgrad as fg
import funcgrad.numpy as fnp

pytestmark = pytest.mark.usefixtures("by_numpy")

CALLS = [
    (name, i, dtype)
    for name, calls in SIZED.items()
    for i, c in enumerate(calls)
    for dtype in c.dtypes
    if dtype == "d" or any(getattr(a, "dtype", None) == np.float64 for a in c.args)
]


@pytest.mark.parametrize(("name", "i", "dtype"), CALLS)
def test_call(name, i, dtype):
    check(name, SIZED[name][i], dtype)


@pytest.mark.parametrize("seed", range(5))
def test_random_sets_under_jit_are_those_of_plain_arrays(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, 9), rng.integers(0, 6, 7)
    for name in ("union1d", "setdiff1d", "intersect1d", "setxor1d"):
        found = getattr(np, name)(x, y)
        fun = getattr(fnp, name)
        got = fg.jit(lambda x, y: fun(x, y, size=10, fill_value=-1))(x, y)  # noqa: B023
        assert got.tolist() == found.tolist() + [-1] * (10 - len(found)), name
    values, first, inverse, counts = np.unique(x, True, True, True)
    n = len(values)
    got = fg.jit(lambda x: fnp.unique(x, True, True, True, size=8, fill_value=-1))(x)
    assert got[0].tolist() == values.tolist() + [-1] * (8 - n)
    assert got[1][:n].tolist() == first.tolist()
    assert got[2].tolist() == inverse.tolist()
    assert got[3].tolist() == counts.tolist() + [0] * (8 - n)
    common, i, j = fg.jit(lambda x, y: fnp.intersect1d(x, y, False, True, size=6))(x, y)
    wanted = np.intersect1d(x, y, return_indices=True)
    for part, expected, missing in zip((i, j), wanted[1:], (9, 7), strict=True):
        assert part.tolist() == expected.tolist() + [missing] * (6 - len(expected))
    assert common[: len(wanted[0])].tolist() == wanted[0].tolist()


def test_sizes_must_be_known_numbers():
    x = np.array([0.0, 2.0])
    for size in (-1, 1.5, "2"):
        with pytest.raises((TypeError, ValueError), match="size must be a number of elements"):
            fnp.nonzero(x, size=size)
    with pytest.raises(TypeError, match="must be a number of elements that is known"):
        fg.jit(lambda x, n: fnp.unique(x, size=n))(x, 2)
    with pytest.raises(ValueError, match="without x and y"):
        fnp.where(x > 0, x, x, size=2)
    with pytest.raises(ValueError, match="both of x and y, or neither"):
        fnp.where(x > 0, x)
    with pytest.raises(ValueError, match="2 values in fill_value for an array of 1 axes"):
        fnp.nonzero(x, size=2, fill_value=(1, 2))
    with pytest.raises(fg.errors.ConcretizationError, match="total_repeat_length"):
        fg.jit(fnp.repeat)(x, np.array([1, 2]))
    with pytest.raises(ValueError, match="no element to fill"):
        fnp.repeat(x[:0], 2, total_repeat_length=2)
