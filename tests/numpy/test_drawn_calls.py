"""Every function against NumPy, over drawn values, dtypes and shapes, traced by jit and by vjp.

The calls are those of the tables: the sizes of axes are drawn, the same for equal ones, some arrays
get axes of size 1 to be broadcast, and dtypes and values others of their kind.
"""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from effort import THOROUGH, examples
from hypothesis import given, settings
from surface.checks import is_array, leaves_of
from surface.edges import EdgeCall, Outcome, difference, differentiated, expected_of
from surface.table import TABLE

import funcgrad as fg

DTYPES = {"f": ["f8", "f4"], "c": ["c16", "c8"], "i": ["i8", "i4"], "u": ["u1", "u4"], "b": ["?"]}


ALLOWED = {
    "argpartition": "the order of equal numbers, and of those on one side, is open",
    "argsort": "the order of equal numbers is open",
    "gradient": "between places that are close to one another rounding makes any slope",
    "searchsorted": "drawn sorters are no permutations; it has a test below",
    "nanargmax": "whether all of a slice is NaN is not known to a program",
    "nanargmin": "whether all of a slice is NaN is not known to a program",
    "nanpercentile": "NumPy takes the dtype of the first slice, another one if that is NaN",
    "nanquantile": "NumPy takes the dtype of the first slice, another one if that is NaN",
    "polyfit": "the inverse of a singular matrix is NaN in a program",
    "histogram2d": "edges have the dtype of their own numbers, in NumPy that of both",
    "histogramdd": "edges have the dtype of their own numbers, in NumPy that of all",
}
"""Where results differ from NumPy's, and why."""


@st.composite
def drawn_leaves(draw, case):
    """The leaves of a call with other arrays of the same kinds."""
    leaves = leaves_of((case.args, case.kwargs))
    places = [i for i, x in enumerate(leaves) if is_array(x)]
    sizes = sorted({d for i in places for d in leaves[i].shape})
    new = {d: draw(st.sampled_from([d, d, 1, 2, 3, 4])) for d in sizes}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    thin = draw(st.sampled_from([None, None, *places]))
    for i in places:
        x = np.asarray(leaves[i])
        shape = [new[d] for d in x.shape]
        if i == thin and shape:
            shape[draw(st.integers(0, len(shape) - 1))] = 1
        dtype = draw(st.sampled_from(DTYPES.get(x.dtype.kind, [x.dtype])))
        if x.size and x.dtype.kind in "fc":
            blend = rng.uniform(size=shape)  # of two of its own numbers, so that it stays inside
            one, other = rng.choice(x.ravel(), shape), rng.choice(x.ravel(), shape)
            with np.errstate(all="ignore"):
                made = np.where(np.isfinite(one - other), blend * one + (1 - blend) * other, one)
        else:
            made = rng.choice(x.ravel(), shape) if x.size else np.zeros(shape)
        if x.ndim == 1 and x.dtype.kind != "c":  # edges of bins, or places to interpolate between
            if np.all(x[1:] >= x[:-1]):
                made = np.sort(made)
            elif np.all(x[1:] <= x[:-1]):
                made = np.sort(made)[::-1]
        with np.errstate(all="ignore"):
            leaves[i] = np.asarray(made).astype(dtype)[()]
    return leaves


def ways(edge):
    """The ways in which a call is evaluated."""
    found = {} if edge.case.concrete else {"jit": lambda: fg.jit(edge)(*edge.traced)}
    if any(np.asarray(x).dtype.kind in "fc" for x in edge.traced):
        found["vjp"] = lambda: differentiated(edge)
    return found


@pytest.mark.parametrize("name", sorted(set(TABLE) - set(ALLOWED)))
def test_drawn_calls(name):
    @given(st.data())
    @settings(max_examples=examples(3), deadline=None, derandomize=not THOROUGH)
    def check(data):
        case = data.draw(st.sampled_from(TABLE[name]))
        edge = EdgeCall(
            name, case, data.draw(drawn_leaves(case)), leaves_of((case.args, case.kwargs))
        )
        expected = expected_of(edge)
        single = any(is_array(x) and x.dtype in (np.float32, np.complex64) for x in edge.leaves)
        rtol = max(10 * case.rtol, 2e-5 if single else 0)
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
