"""Dtypes: Python scalars promote weakly whether they are traced or not; float32 stays float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from surface.checks import OLDER_NUMPY

import funcgrad as fg
import funcgrad.numpy as fnp

X = np.array([[0.5, -1.5, 2.5], [1.25, 0.75, -0.25]], np.float32)
MASK = X > 0

FUNCTIONS = {
    "where": lambda x, s: np.where(MASK, x, s),
    "where, weak first": lambda x, s: np.where(MASK, s, x),
    "where, both weak": lambda x, s: np.where(MASK, s, 1.0),
    "clip": lambda x, s: np.clip(x, -s, s),
    "clip method": lambda x, s: x.clip(min=s),
    "maximum": lambda x, s: np.maximum(x, s),
    "add": lambda x, s: x + s,
    "reflected": lambda x, s: s - x,
    "add ufunc": lambda x, s: np.add(s, x),
    "power": lambda x, s: (x * x + 1) ** s,
    "power of weak": lambda x, s: s**x,
    "weak alone": lambda x, s: s * 2 + 1,
    "ufunc of weak": lambda x, s: np.sin(s),
    "ufunc of two weak": lambda x, s: np.add(s, 1.0),
    "full_like": lambda x, s: fnp.full_like(x, s),
    "full": lambda x, s: fnp.full((2,), s),
    "full with dtype": lambda x, s: fnp.full((2,), s, np.float32),
    "at set": lambda x, s: fnp.at(x)[0].set(s),
    "at add": lambda x, s: fnp.at(x)[:, 1].add(s),
    "at set by mask": lambda x, s: fnp.at(x)[MASK].set(s),
    "concatenate": lambda x, s: np.concatenate([np.ravel(x), np.atleast_1d(s)]),
    "stack": lambda x, s: np.stack([x[0, 0], s]),
    "array": lambda x, s: fnp.array([x[0, 0], s]),
    "array of weak": lambda x, s: fnp.array([s, s]),
    "array of one weak": lambda x, s: fnp.array(s),
    "asarray of weak": lambda x, s: fnp.asarray(s) * x,
    "linspace": lambda x, s: np.linspace(x[0], s, 4),
    "select": lambda x, s: np.select([MASK], [x], s),
    "choose": lambda x, s: np.choose(MASK.astype(int), [x, s]),
    "pad": lambda x, s: fnp.pad(x, 1, constant_values=s),
    "sum": lambda x, s: np.sum(s) * x,
    "sum initial": lambda x, s: np.sum(x, initial=s),
    "max initial": lambda x, s: np.max(x, initial=s),
    "outer": lambda x, s: np.multiply.outer(x, s),
    "dot": lambda x, s: np.dot(x, s),
    "quantile": lambda x, s: np.quantile(x, s / 4),
    "interp": lambda x, s: np.interp(s, [0.0, 2.0], X[0, :2]),
    "diff prepend": lambda x, s: np.diff(x, prepend=s),
    "isclose": lambda x, s: np.isclose(x, s),
    "nan_to_num": lambda x, s: np.nan_to_num(x, nan=0.0) * s,
    "polyval": lambda x, s: np.polyval(x[0], s),
    "heaviside": lambda x, s: np.heaviside(x, s),
    "mean": lambda x, s: np.mean(x) + s,
    "var": lambda x, s: np.var(x, ddof=1) * s,
    "median": lambda x, s: np.median(x, 1) - s,
    "average": lambda x, s: np.average(x, 1, weights=np.ones(3, np.float32)) * s,
    "sinc": lambda x, s: np.sinc(x) * s,
    "unwrap": lambda x, s: np.unwrap(x * s),
    "ediff1d": lambda x, s: np.ediff1d(x, s),
    "gradient": lambda x, s: np.gradient(x, s, axis=1),
    "trapezoid": lambda x, s: np.trapezoid(x, dx=s),
    "float32 scalar": lambda x, s: x[0, 0] * s,
    "astype": lambda x, s: x.astype(np.float64) * s,
    "integers": lambda x, s: np.arange(3) * s,
    "true divide": lambda x, s: np.arange(3, dtype=np.int8) / s,
    "floor divide": lambda x, s: x // s,
    "hypot": lambda x, s: np.hypot(x, s),
    "round": lambda x, s: np.round(x, 1) * s,
    "logsumexp": lambda x, s: fnp.logsumexp(x) * s,
    "tile": lambda x, s: np.tile(s, 3),
    "broadcast_to": lambda x, s: np.broadcast_to(s, (2, 3)),
    "atleast_1d": lambda x, s: np.atleast_1d(s),
    "where of comparison": lambda x, s: np.where(x > s, x, 0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "s", [1.5, 2, np.float32(1.5), np.float64(1.5)], ids=lambda s: type(s).__name__
)
def test_dtype(name, s):
    if OLDER_NUMPY and name == "quantile" and type(s) is np.float64:
        pytest.skip("this NumPy rounds to the dtype of the array")
    fun = FUNCTIONS[name]
    want = np.asarray(fun(X, s))
    runs = {
        "jit": fg.jit(fun),
        "jit of x": lambda x, v: fg.jit(lambda y: fun(y, v))(x),
        "grad of x": lambda x, v: fg.jvp(lambda y: fun(y, v), (x,), (x,))[0],
    }
    if not isinstance(s, int):
        runs["jvp"] = lambda x, v: fg.jvp(fun, (x, v), (x, v))[0]
        runs["vjp"] = lambda x, v: fg.vjp(fun, x, v)[0]
        runs["jit of jvp"] = fg.jit(runs["jvp"])
    for run_name, run in runs.items():
        got = np.asarray(run(X, s))
        assert got.dtype == want.dtype, run_name
        assert got.shape == want.shape, run_name
        rtol = 1e-5 if np.float32 in (want.dtype, X.dtype) else 1e-12
        np.testing.assert_allclose(got, want, rtol=rtol, atol=1e-6, err_msg=run_name)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.float16, np.complex64, bool])
def test_other_dtypes(dtype):
    x = np.array([[1, 0, 3], [2, 5, 4]]).astype(dtype)
    for fun in (
        np.sum,
        np.cumsum,
        np.prod,
        np.mean,
        np.max,
        np.sort,
        np.ravel,
        np.square,
        np.sqrt,
        np.abs,
        np.argmax,
        np.any,
        np.median,
        np.diff,
        np.transpose,
        lambda v: v + 1,
        lambda v: v * 1.5,
        lambda v: np.where(v, v, 0),
        lambda v: np.clip(v, 0, 3),
        lambda v: np.concatenate([v, v]),
        lambda v: v @ v.T,
        lambda v: np.einsum("ij,ij->i", v, v),
        lambda v: np.var(v),
        np.tanh,
        lambda v: np.std(v, 0),
        lambda v: np.pad(v, 1),
        lambda v: v[0, [1, 1]],
        np.negative,
    ):
        try:
            want = fun(x)
        except TypeError:
            continue
        got = fg.jit(fun)(x)
        assert got.dtype == want.dtype, fun
        np.testing.assert_allclose(got, want, rtol=2e-2 if dtype is np.float16 else 1e-5)


CREATED: dict[str, Any] = {
    "zeros": [((2, 3),), (4, int), ((), np.float32)],
    "ones": [((2, 3),), (3, bool)],
    "eye": [(3,), (2, 4), (3, 3, 1), (2, 2, -1, int)],
    "identity": [(3,), (2, np.float32)],
    "tri": [(3,), (2, 4, 1)],
    "arange": [(4,), (1, 5), (1, 7, 2), (0.0, 1.0, 0.25), (5, 1, -1)],
    "full": [((2,), 3), (2, 1.5, int)],
    "fromfunction": [(lambda i, j: i * 10 + j, (2, 3))],
    "linspace": [(0, 1, 5)],
    "array": [([1, 2],), ([[1.0], [2.0]],), (3.5,)],
    "asarray": [([1, 2],)],
}


@pytest.mark.parametrize("name", CREATED)
def test_creation(name):
    for args in CREATED[name]:
        got, want = getattr(fnp, name)(*args), getattr(np, name)(*args)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def test_creation_copies_or_not():
    x = np.ones(2)
    assert fnp.asarray(x) is x
    assert not np.shares_memory(fnp.array(x), x)
    assert fnp.array(x, ndmin=2).shape == (1, 2)
    np.testing.assert_array_equal(fnp.empty(3), 0.0)
    assert fnp.arange(3, dtype=np.float32).dtype == np.float32
    assert fnp.zeros(2, device="cpu").shape == (2,)
