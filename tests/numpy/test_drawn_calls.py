"""Every function against NumPy, over drawn values, dtypes and shapes, traced by jit and by vjp."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from effort import THOROUGH, examples
from hypothesis import given, settings
from surface.drawn import drawn_leaves, is_single, ways
from surface.edges import Outcome, difference, expected_of, of_numpy
from surface.table import TABLE

import funcgrad as fg

ALLOWED = {
    "argpartition": "the order of equal numbers, and of those on one side, is open",
    "argsort": "the order of equal numbers is open",
    "gradient": "between places that are close to one another rounding makes any slope",
    "searchsorted": "drawn sorters are no permutations",
    "nanargmax": "whether all of a slice is NaN is not known to a program",
    "nanargmin": "whether all of a slice is NaN is not known to a program",
    "nanpercentile": "NumPy takes the dtype of the first slice, another one if that is NaN",
    "nanquantile": "NumPy takes the dtype of the first slice, another one if that is NaN",
    "polyfit": "the inverse of a singular matrix is NaN in a program",
    "histogram2d": "edges have the dtype of their own numbers, in NumPy that of both",
    "histogramdd": "edges have the dtype of their own numbers, in NumPy that of all",
}
"""Where results of the tables' calls differ from NumPy's, and why; test_drawn_others has them."""


@pytest.mark.parametrize("name", sorted(set(TABLE) - set(ALLOWED)))
def test_drawn_calls(name):
    @given(st.data())
    @settings(max_examples=examples(3), deadline=None, derandomize=not THOROUGH)
    def check(data):
        case = data.draw(st.sampled_from(TABLE[name]))
        edge = of_numpy(name, case, data.draw(drawn_leaves(case)))
        expected = expected_of(edge)
        rtol = max(10 * case.rtol, 2e-5 if any(map(is_single, edge.leaves)) else 0)
        for how, run in ways(edge).items():
            wrong = difference(Outcome(run), expected, rtol)
            assert wrong is None, f"{name}, {how}: {wrong}"

    check()


def test_splits_at_places_before_the_start():
    x = np.arange(2.0)
    found = fg.jit(lambda x: tuple(np.split(x, [-3, -1])))(x)
    assert [part.tolist() for part in found] == [part.tolist() for part in np.split(x, [-3, -1])]


def test_sizes_that_do_not_fit():
    with pytest.raises(fg.errors.ShapeError, match="label 'i' stands for axes of sizes 1 and 3"):
        fg.jit(lambda x: np.einsum("ii->i", x))(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"sorter has shape \(2,\), and the array \(3,\)"):
        fg.jit(lambda a: np.searchsorted(a, 0.5, sorter=np.array([1, 0])))(np.ones(3))


@pytest.mark.parametrize("fun", [np.var, np.std])
def test_a_center_of_higher_precision(fun):
    x, center = np.ones(3, np.float32), np.float64(0.3)
    found = fg.jit(lambda x: fun(x, mean=center))(x)
    np.testing.assert_allclose(found, fun(x, mean=center))
    assert found.dtype == fun(x, mean=center).dtype
