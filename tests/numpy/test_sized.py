"""Sizes of results as JAX takes them: what NumPy finds, cut off or filled up, in every mode."""

from __future__ import annotations

import functools

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


NAN = np.nan
PAIRS = [
    ([NAN, 3.0], [2.0]),
    ([NAN, 3.0], [NAN, 2.0]),
    ([1.0, 1.0, 2.0], [2.0, 3.0, 3.0]),
    ([NAN, NAN], [1.0]),
    ([], [1.0]),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_values_in_one_of_two_arrays_with_nan(one, other):
    x, y = np.array(one), np.array(other)
    expected = np.setxor1d(x, y)
    padded = np.concatenate([expected, np.full(5 - len(expected), -1.0)])
    sized = functools.partial(fnp.setxor1d, size=5, fill_value=-1.0)
    np.testing.assert_array_equal(sized(x, y), padded)
    np.testing.assert_array_equal(fg.jit(sized)(x, y), padded)
    np.testing.assert_array_equal(fg.vmap(lambda x: sized(x, y))(x[None])[0], padded)
    value, _ = fg.vjp(lambda x: np.setxor1d(x, y), x)
    np.testing.assert_array_equal(value, expected)


def test_rows_that_differ_under_jit():
    rows = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]])
    found = fg.jit(lambda x: fnp.unique(x, axis=0, size=2))(rows)
    np.testing.assert_array_equal(found, np.unique(rows, axis=0))


@pytest.mark.parametrize(("n", "m"), [(100, 200), (5, 50), (40, 33), (7, 3)])
def test_membership_among_many(n, m):
    rng = np.random.default_rng(n)
    x, tests = rng.integers(0, 60, n).astype(float), rng.integers(0, 60, m).astype(float)
    x[0] = tests[0] = np.nan
    np.testing.assert_array_equal(fg.jit(np.isin)(x, tests), np.isin(x, tests))
    np.testing.assert_array_equal(
        fg.vmap(np.isin, (0, None))(np.stack([x, x + 1]), tests)[1], np.isin(x + 1, tests)
    )


def test_too_few_repeats_end_with_the_last_element():
    """As in JAX, also where the last element is not repeated itself."""
    found = fnp.repeat(np.array([5, 6, 7, 8]), np.array([1, 0, 2, 0]), total_repeat_length=5)
    np.testing.assert_array_equal(found, [5, 7, 7, 8, 8])


def test_complex_weights_are_refused():
    weights = np.array([1j, 2.0])
    for call in (
        lambda w: fnp.bincount(np.array([0, 1]), w, length=2),
        fg.jit(lambda w: np.bincount(np.array([0, 1]), w)),
    ):
        with pytest.raises(TypeError, match="weights must be real"):
            call(weights)


def test_edges_that_go_down_are_refused():
    with pytest.raises(ValueError, match="must not decrease"):
        fg.jit(lambda x: np.histogram(x, np.array([1.0, 0.0, 2.0])))(np.ones(3))


def test_nothing_to_put():
    x = np.arange(3.0)
    np.testing.assert_array_equal(fnp.place(x, x < 0, [], inplace=False), x)
    with pytest.raises(ValueError, match="no values to fill with"):
        fnp.fill_diagonal(np.eye(2), [], inplace=False)


@pytest.mark.parametrize("name", ["polymul", "polydiv"])
def test_polynomials_are_trimmed_where_values_are_known(name):
    u, v = np.array([0.0, 2.0, 4.0, 1.0]), np.array([1.0, 2.0])
    fun = getattr(fnp, name)

    def parts(found):
        return found if isinstance(found, tuple) else (found,)

    expected = parts(getattr(np, name)(u, v))
    for got, right in zip(parts(fun(u, v, trim_leading_zeros=True)), expected, strict=True):
        np.testing.assert_array_equal(got, right)
    traced = []

    def last(u):
        found = fun(u, v, trim_leading_zeros=True)
        traced.append(len(parts(found)[-1]))
        return np.sum(found[-1])

    fg.grad(last)(u)
    assert traced == [len(expected[-1])]
    with pytest.raises(fg.errors.ConcretizationError, match=f"of {name}"):
        fg.jit(last)(u)
    sizes = [len(x) for x in parts(fg.jit(lambda u: fun(u, v))(u))]
    assert sizes == ([5] if name == "polymul" else [3, 1])
