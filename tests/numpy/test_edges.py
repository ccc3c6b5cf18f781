"""Every function at the edges: arrays without axes, empty ones, of one element, Python numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from effort import THOROUGH
from surface.arrays import MASK, ROW_MASK, X
from surface.checks import call
from surface.edges import (
    Outcome,
    batched,
    difference,
    differentiated,
    expected_of,
    numbers,
    of_numpy,
    unbatched,
    variants,
)
from surface.table import TABLE

import funcgrad as fg

REDUCTIONS = "sum prod max min any all mean var std nansum nanprod nanmax nanmin nanmean".split()
NEEDS_INITIAL = ("max", "min", "nanmax", "nanmin")


def reduction_calls(name):
    """The calls of a reduction with all combinations of its arguments."""
    chosen = [(None, False), (0, True), (-1, False), ((), False), ((0, 1), True)]
    masks = (True, MASK, ROW_MASK, np.zeros((2, 3), bool))
    for (axis, keepdims), where in itertools.product(chosen, masks):
        given = {"axis": axis, "keepdims": keepdims, "where": where}
        if name in ("sum", "prod", *NEEDS_INITIAL):
            yield call(X, **given, initial=0.3)
        if (where is True or name not in NEEDS_INITIAL) and not keepdims:
            yield call(X, **given)
    if name in ("var", "std"):
        for ddof in (1, 2, 3, 6, 7, -1, 0.5):
            yield call(X, ddof=ddof)
            yield call(X, axis=0, ddof=ddof)


WIDE = {name: list(reduction_calls(name)) for name in REDUCTIONS}

QUIRK = "an accident of how NumPy moves axes"
NOT_KNOWN = "whether all of a slice is NaN is not known to a program"
PYTHON_COMPLEX = "Python adds np.float64 to its complex numbers by itself"
SUM = "NumPy adds any two arrays of as many elements along the first axis"
COUNT = "the number of bins is traced"
STAGED = ("jit", "vmap", "stabilize")

ALLOWED = {
    "median": {"size 3 -> 0": QUIRK, "size None -> 0": QUIRK},
    "quantile": {"size 3 -> 0": QUIRK},
    "nanquantile": {"-> 0": QUIRK, "first empty": QUIRK},
    "nanpercentile": {"-> 0": QUIRK, "first empty": QUIRK},
    "nanargmax": dict.fromkeys(("jit", "vmap"), NOT_KNOWN),
    "nanargmin": dict.fromkeys(("jit", "vmap"), NOT_KNOWN),
    "nanmax": {"without axes": "NumPy has two ways, of which that of numbers forgets initial="},
    "nanmin": {"without axes": "NumPy has two ways, of which that of numbers forgets initial="},
    **{
        name: dict.fromkeys(("complex for 1, vjp", "complex for 1, stabilize"), PYTHON_COMPLEX)
        for name in ("add", "subtract", "multiply", "power")
    },
    "equal": {"complex for 1, stabilize": PYTHON_COMPLEX},
    "not_equal": {"complex for 1, stabilize": PYTHON_COMPLEX},
    "logaddexp": {"complex": "defined here for complex numbers, too"},
    "logsumexp": {"bool": "NumPy has none; truth values are counted in float64"},
    "isin": {"vjp": "NumPy does not look for traced values in a list of tests"},
    "var": {"complex": "dtype=float32 drops imaginary parts of the mean only in NumPy"},
    "std": {"complex": "dtype=float32 drops imaginary parts of the mean only in NumPy"},
    "polyadd": {"one axis more": SUM},
    "polysub": {"one axis more": SUM},
    "polyfit": {"size 7 -> 1": "the inverse of a singular matrix is NaN in a program"},
    "histogram": {"for 2": COUNT},
    "histogram_bin_edges": {"for 2": COUNT},
    "histogramdd": {
        "size 3 -> 0": "edges of no bins",
        "without axes": "a scalar is no list of points",
        "first empty": "NumPy does not compare numbers of points and weights then",
    },
    "piecewise": {
        "size 5 -> 0": "an empty list of conditions",
        "for 1": "the reference is one function of all elements",
    },
    "empty_like": {"vmap": "what NumPy leaves in memory", "eager": "what NumPy leaves in memory"},
}
"""Where results differ from NumPy's, by a word of what was done, and why."""


def runs_of(edge, vmap):
    runs = {
        "eager": lambda: edge(*edge.traced),
        "jit": lambda: fg.jit(edge)(*edge.traced),
        "vmap": lambda: vmap(edge),
    }
    if vmap is unbatched:
        runs["stabilize"] = lambda: fg.stabilize(edge)(*edge.traced)
    if any(np.asarray(x).dtype.kind in "fc" for x in edge.traced):
        runs["vjp"] = lambda: differentiated(edge)
    if edge.case.concrete:
        runs = {k: run for k, run in runs.items() if k not in STAGED}
    if edge.case.reference is not None:
        runs.pop("eager")
        if vmap is unbatched:
            runs.pop("vmap")
    return runs


def mistakes_of(name, case, changes, vmap):
    """What is wrong in the calls of a function that some changes of a call give."""
    for what, leaves in changes(case):
        edge = of_numpy(name, case, leaves)
        expected = expected_of(edge)
        if isinstance(expected.error, AttributeError):
            continue  # Python's numbers lack what NumPy's function asks them for
        for how, run in runs_of(edge, vmap).items():
            title = f"{what}, {how}"
            if any(word in title for word in ALLOWED.get(name, ())):
                continue
            wrong = difference(Outcome(run), expected, 10 * case.rtol)
            if wrong is not None:
                yield f"{name}{case.args, case.kwargs}, {title}: {wrong}"


@pytest.mark.parametrize("name", sorted(TABLE))
def test_edge_shapes(name):
    cases = TABLE[name] if THOROUGH else TABLE[name][::2]
    mistakes = [m for case in cases for m in mistakes_of(name, case, variants, batched)]
    assert not mistakes, "\n".join(mistakes)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_python_numbers(name):
    mistakes = [m for case in TABLE[name] for m in mistakes_of(name, case, numbers, unbatched)]
    assert not mistakes, "\n".join(mistakes)


@pytest.mark.parametrize("name", sorted(WIDE))
def test_arguments_of_reductions(name):
    mistakes = [m for case in WIDE[name] for m in mistakes_of(name, case, variants, batched)]
    assert not mistakes, "\n".join(mistakes)


def test_allowances_are_used():
    """Each entry of the table of differences names a difference that there is."""
    for name, words in ALLOWED.items():
        kept, ALLOWED[name] = words, {}
        try:
            found = [
                m
                for case in TABLE[name] + WIDE.get(name, [])
                for changes, vmap in ((variants, batched), (numbers, unbatched))
                for m in mistakes_of(name, case, changes, vmap)
            ]
        finally:
            ALLOWED[name] = kept
        for word in words:
            assert name == "empty_like" or any(word in m for m in found), (name, word)


def interpolated(f, *args):
    """The shape and dtype of a result, or the kind of error."""
    try:
        out = f(*args)
    except Exception as error:
        return type(error)
    return np.shape(out), np.asarray(out).dtype


FEW = [np.zeros(0), np.zeros((2, 0)), np.zeros(0, int), np.float64(0.5), np.ones(2)]
SAMPLES = [np.zeros(0), np.zeros(1), np.arange(3.0), np.zeros((0, 2)), np.float64(1.0)]
SAMPLED = [*SAMPLES, np.zeros(0, int), np.zeros(0, complex), np.zeros(3, np.float32)]


@pytest.mark.parametrize("given", [{}, {"period": 1.7}, {"period": 0}, {"left": 1.0}], ids=str)
def test_interpolation_of_nothing_and_from_nothing_is_that_of_the_installed_numpy(given):
    f = lambda x, xp, fp: np.interp(x, xp, fp, **given)  # noqa: E731

    def staged(*args):
        program = fg.make_jaxpr(f)(*args)
        return program(*args)[0]

    for args in itertools.product(FEW, SAMPLES, SAMPLED):
        expected = interpolated(f, *args)
        assert interpolated(staged, *args) == expected, list(map(np.shape, args))
