"""Sums and products of small integers in the type that is asked for, which wrap around."""

from __future__ import annotations

import numpy as np
import pytest

import funcgrad as fg
import funcgrad.numpy as fnp

CALLS = {
    "sum": lambda x: np.sum(x, dtype=np.uint8),
    "sum, initial": lambda x: np.sum(x, dtype=np.uint8, initial=250, axis=1, keepdims=True),
    "sum, bool": lambda x: np.sum(x, dtype=bool, axis=0),
    "method": lambda x: x.sum(dtype=np.uint8),
    "add.reduce": lambda x: np.add.reduce(x, dtype=np.int16),
    "prod": lambda x: np.prod(x, dtype=np.uint8),
    "cumsum": lambda x: np.cumsum(x, dtype=np.uint8),
    "cumprod": lambda x: np.cumprod(x, axis=1, dtype=np.int8),
    "accumulate": lambda x: np.add.accumulate(x, dtype=np.uint8),
    "nansum": lambda x: np.nansum(x, dtype=np.uint8),
    "nancumprod": lambda x: np.nancumprod(x, dtype=np.uint8),
    "mean": lambda x: np.mean(x, dtype=np.uint8),
    "trace": lambda x: np.trace(x, dtype=np.uint8),
    "linalg.trace": lambda x: fnp.linalg.trace(x, dtype=np.uint8),
    "vecdot": lambda x: np.vecdot(x, x),
    "einsum of one": lambda x: np.einsum("ij->j", x),
    "einsum of two": lambda x: np.einsum("ij,ij->i", x, x),
    "default": lambda x: np.sum(x),
}
OPERANDS = [np.array([[100, 120, 3], [90, 7, 11]]).astype(t) for t in ("u1", "i1", "i2", "?")]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("x", OPERANDS, ids=lambda x: x.dtype.name)
def test_as_numpy(name, x):
    f = CALLS[name]
    expected = f(x)
    for found in (fg.jit(f)(x), fg.vmap(f)(x[None])[0]):
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("x", OPERANDS, ids=lambda x: x.dtype.name)
def test_vecdot_keeps_the_type_of_its_operands(x):
    for f in (fnp.linalg.vecdot, fg.jit(fnp.linalg.vecdot)):
        np.testing.assert_array_equal(f(x, x), np.linalg.vecdot(x, x), strict=True)


def test_accumulation_with_a_first_value():
    if not hasattr(np, "cumulative_sum"):
        pytest.skip("since NumPy 2.1")
    x = OPERANDS[0][0]
    for name in ("cumulative_sum", "cumulative_prod"):

        def f(x, name=name):
            return getattr(fnp, name)(x, dtype=np.uint8, include_initial=True)

        np.testing.assert_array_equal(fg.jit(f)(x), f(x), strict=True)


def test_argsort_keeps_equal_elements_in_order():
    x = np.zeros(40, np.uint8)
    x[::3] = 1
    order = np.argsort(x, kind="stable")
    np.testing.assert_array_equal(fnp.argsort(x), order)
    np.testing.assert_array_equal(fg.jit(fnp.argsort)(x), order)
    np.testing.assert_array_equal(fnp.argsort(x, kind="quicksort"), np.argsort(x))
