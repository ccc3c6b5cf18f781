"""Special functions and distributions against SciPy, over drawn dtypes and shapes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.special as sps
import scipy.stats as ss
from effort import THOROUGH, examples
from hypothesis import given, reject, settings
from scipy_names import precision

from funcgrad.scipy import special, stats

FLOATS = ["f8", "f8", "f4", "f2", "i8", "i4"]
NO_UFUNCS = {
    "bernoulli", "bessel_jn", "lpmn", "lpmn_values", "multigammaln", "logsumexp", "softmax",
    "log_softmax",
}  # fmt: skip
"""Functions of other arguments than arrays of numbers; those that reduce have a test below."""

DOMAINS = {
    re.split(r"\W", name)[0]: case.ranges
    for name, case in reversed(precision.SPECIAL.items())
    if " " not in name and re.split(r"\W", name)[0] not in NO_UFUNCS
}
ORDERED = {
    "jv", "jn", "yv", "yn", "iv", "ive", "kv", "kve", "kn", "polygamma", "expn", "lpmv",
    "eval_legendre", "legendre_p", "assoc_legendre_p", "sph_legendre_p",
}  # fmt: skip
"""Functions whose order or degree has no say in the dtype."""
FIRST_OF_ORDERS = {"assoc_legendre_p", "legendre_p", "sph_legendre_p"}
"""Functions of SciPy whose results have an axis of the orders of derivatives."""

SLOW = {f"{name}.{f}" for name in ("vonmises", "wrapcauchy") for f in ("mean", "var")}
SLOW |= {"vonmises.ppf", "vonmises.isf"}
"""Functions that SciPy has by searches and integrals of searches, which can take minutes."""
FAMILIES = {
    family.name: family for family in (*precision.continuous.FAMILIES, *precision.discrete.FAMILIES)
}


def numbers(kind: str, low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of a range."""
    if kind == "whole":
        return st.integers(int(low), int(high)).map(float)
    if kind == "line":
        return st.floats(low, high)
    logs = st.floats(np.log(low), np.log(high)).map(np.exp)
    if kind == "sign":
        return st.one_of(logs, logs.map(lambda x: -x))
    return logs.map(lambda x: -x) if kind == "minus" else logs


@st.composite
def arguments(draw: Any, ranges: tuple[precision.Range, ...]) -> list[Any]:
    """Arrays of several dtypes and of shapes that broadcast."""
    shapes = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=len(ranges), max_dims=3, max_side=3)
    ).input_shapes
    out = []
    for (kind, low, high), shape in zip(ranges, shapes, strict=True):
        dtype = draw(st.sampled_from(["i8", "i4"] if kind == "whole" else FLOATS))
        array = draw(hnp.arrays(np.float64, shape, elements=numbers(kind, low, high)))
        if dtype in ("i8", "i4"):
            array = np.clip(array, -(2**20), 2**20)
        with np.errstate(all="ignore"):
            out.append(array.astype(dtype))
    return out


def precision_of(name: str, args: list[Any]) -> np.dtype[Any]:
    """The dtype of results: single if there is no integer and no other float."""
    if name == "lambertw":
        return np.dtype("f8")
    counted = args[-1:] if name in ORDERED else args[2:] if name == "sph_harm_y" else args
    return np.dtype("f4" if np.result_type(*counted) == np.float32 else "f8")


def wide(args: list[Any]) -> list[Any]:
    """The same numbers in double precision, integers as they are."""
    return [a if a.dtype.kind == "i" else a.astype(np.float64) for a in args]


def known_by(theirs: Callable[..., Any], args: list[Any]) -> Any:
    """SciPy's values; calls that it fails at are not counted."""
    try:
        return theirs(*args)
    except Exception:  # of empty selections, divisions by zero and shapes, inside of SciPy
        return reject()


def compare(
    name: str, ours: Callable[..., Any], theirs: Callable[..., Any], args: list[Any], floor: float
) -> None:
    """Values within what rounding of the arguments would change, shapes and dtypes."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ours(*args)
        exact = wide(args)
        dtype = precision_of(name, args)
        eps = float(np.finfo(dtype).eps)
        expected = known_by(theirs, exact)
        several = isinstance(expected, tuple)
        moved = []
        for i, x in enumerate(exact):
            if x.dtype.kind == "f":
                for step in (1 + 4 * eps, 1 - 4 * eps):
                    moved.append(theirs(*exact[:i], x * step, *exact[i + 1 :]))
        if not several:
            found, expected, moved = (found,), (expected,), [(m,) for m in moved]
        for k, (value, known) in enumerate(zip(found, expected, strict=True)):
            assert np.shape(value) == np.broadcast_shapes(*(np.shape(a) for a in args))
            assert np.asarray(value).real.dtype == dtype
            # What is out of the range of the dtype is infinite, or 0.
            known = np.asarray(known).astype(np.asarray(value).dtype)
            change = sum((np.abs(np.nan_to_num(m[k] - known)) for m in moved), np.zeros(()))
            size = np.maximum(np.abs(known), floor).astype(np.float64)
            allowed = 8 * change + max(1e-10, 64 * eps) * size + 1e-280
            near = np.abs(value - known) <= allowed
            if ".log" in name:  # that of a probability which is no normal number of the dtype
                lost = known < np.log(np.finfo(dtype).tiny)
                near |= lost & ((value == -np.inf) | (np.abs(value / known - 1) < 1e-2))
            same = (value == known) | (np.isnan(value) & np.isnan(known)) | near
            assert np.all(same), f"{name}{tuple(args)}: {value}, SciPy has {known}"


@pytest.mark.parametrize("name", DOMAINS)
def test_special_functions(name):
    theirs = getattr(sps, name, None)
    if theirs is None:
        pytest.skip(f"this SciPy has no {name}")

    def first(*args):
        return theirs(*args)[0]

    known = first if name in FIRST_OF_ORDERS else theirs

    @given(arguments(DOMAINS[name]))
    @settings(max_examples=examples(4), deadline=None, derandomize=not THOROUGH)
    def check(args):
        compare(name, getattr(special, name), known, args, 1e-3)

    check()


@pytest.mark.parametrize("name", FAMILIES)
def test_distributions(name):
    family = FAMILIES[name]
    place = ("whole", -2.0, 3.0) if family.whole else ("line", -2.0, 2.0)
    spread = () if family.whole else (("log", 0.3, 3.0),)
    functions = [key.split(".")[1] for key in family.cases() if key not in SLOW]

    @given(st.data())
    @settings(max_examples=examples(12), deadline=None, derandomize=not THOROUGH)
    def check(data):
        function = data.draw(st.sampled_from(functions))
        case = precision.DISTRIBUTIONS[f"{name}.{function}"]
        ranges = (*case.ranges, place, *spread)
        args = data.draw(arguments(ranges))
        ours, theirs = (getattr(getattr(m, name), function) for m in (stats, ss))
        compare(f"{name}.{function}", ours, theirs, args, 1e-3)

    check()


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
@given(st.data())
@settings(max_examples=examples(12), deadline=None, derandomize=not THOROUGH)
def test_reductions(name, data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    dtype = data.draw(st.sampled_from(["f8", "f4"]))
    x = data.draw(hnp.arrays(dtype, shape, elements=st.floats(-200, 200, width=32)))
    places = st.integers(-x.ndim, x.ndim - 1)
    several = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple)
    kwargs = {"axis": data.draw(st.one_of(st.none(), places, several))}
    if name == "logsumexp":
        kwargs["keepdims"] = data.draw(st.booleans())
        weight = data.draw(st.sampled_from([None, 0.5, np.float32(2.0)]))
        kwargs["b"] = weight if weight is None else np.asarray(weight, dtype)
    found, expected = (getattr(m, name)(x, **kwargs) for m in (special, sps))
    assert np.asarray(found).dtype == dtype
    rtol, atol = (1e-12, 1e-14) if dtype == "f8" else (1e-5, 1e-6)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def several_points(data: Any, count: int, low: float, high: float) -> Any:
    """Points of so many numbers, of several shapes of batches and dtypes."""
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
    dtype = data.draw(st.sampled_from(["f8", "f4"]))
    return data.draw(hnp.arrays(np.float64, (*shape, count), elements=st.floats(low, high))).astype(
        dtype
    )


def matrix(data: Any, size: int) -> Any:
    """A positive definite matrix."""
    root = data.draw(hnp.arrays(np.float64, (size, size), elements=st.floats(-2, 2)))
    return root @ root.T + np.eye(size)


VECTORS = ["multivariate_normal", "multivariate_t", "dirichlet", "multinomial", "wishart"]


@pytest.mark.parametrize("name", VECTORS)
@given(st.data())
@settings(max_examples=examples(12), deadline=None, derandomize=not THOROUGH)
def test_vectors(name, data):
    size = data.draw(st.integers(2, 4))
    ours, theirs = getattr(stats, name), getattr(ss, name)
    args: tuple[Any, ...]
    if name.startswith("multivariate"):
        x = several_points(data, size, -5, 5)
        mean = data.draw(hnp.arrays(np.float64, size, elements=st.floats(-3, 3)))
        args = (x, mean, matrix(data, size))
        args += (data.draw(st.floats(0.5, 50)),) if name == "multivariate_t" else ()
        function = data.draw(st.sampled_from(["pdf", "logpdf"]))
    elif name == "dirichlet":
        shares = np.abs(several_points(data, size, 0.1, 3).astype(np.float64))
        shares = np.moveaxis(shares.reshape(-1, size), -1, 0)
        alpha = data.draw(hnp.arrays(np.float64, size, elements=st.floats(0.2, 9)))
        args = (shares / shares.sum(axis=0), alpha)
        function = data.draw(st.sampled_from(["pdf", "logpdf"]))
    elif name == "multinomial":
        counts = np.floor(several_points(data, size, 0, 9).astype(np.float64))
        shares = data.draw(hnp.arrays(np.float64, size, elements=st.floats(0.1, 1)))
        total = data.draw(st.sampled_from([counts.sum(axis=-1), np.float64(9)]))
        args = (counts, total, shares / shares.sum())
        function = data.draw(st.sampled_from(["pmf", "logpmf"]))
    else:
        args = (matrix(data, size), size + data.draw(st.floats(0, 20)), matrix(data, size))
        function = data.draw(st.sampled_from(["pdf", "logpdf"]))
    with np.errstate(all="ignore"):
        found, expected = (getattr(d, function)(*args) for d in (ours, theirs))
    rtol = 1e-3 if args[0].dtype == np.float32 else 1e-9
    # SciPy drops axes of one point.
    found, expected = np.squeeze(found), np.squeeze(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * 1e-2)
