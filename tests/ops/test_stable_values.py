"""Evaluations that take the plain formula first, and write into memory at hand."""

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import funcgrad as fg
from funcgrad.ops.linalg.norms import vector_norm
from funcgrad.ops.pointwise.logarithms import log1mexp, log_expm1, softplus, xlogratio, xlogx
from funcgrad.ops.pointwise.special import logistic
from funcgrad.ops.reductions.reducing import logsumexp

MANY = 3000
TINY, HUGE = np.finfo(float).tiny, np.finfo(float).max

OPERATORS = {p.name: p for p in (softplus, log1mexp, log_expm1, logistic, xlogx, xlogratio)}


def x_log(x, y):
    return mp.mpf(0) if x == 0 else x * mp.log(y)


POINTS = {
    "softplus": (lambda x: mp.log1p(mp.exp(x)), [-750, -40, -1e-9, 0, 0.5, 36, 700, 1e3, HUGE]),
    "log1mexp": (
        lambda x: mp.log(-mp.expm1(x)),
        [-1e-300, -1e-9, -0.5, -0.69, -0.7, -3, -40, -700],
    ),
    "log_expm1": (lambda x: mp.log(mp.expm1(x)), [1e-300, 1e-9, 0.5, 1, 1.5, 40, 709, 1e3, HUGE]),
    "logistic": (lambda x: 1 / (1 + mp.exp(-x)), [-700, -40, -1e-9, 0, 0.5, 36, 1e3]),
    "xlogx": (lambda x: x_log(x, x), [0, 5e-324, TINY, 1e-9, 0.5, 3, HUGE / 1e3]),
    "xlogratio": (
        lambda x, y: x_log(x, x / y),
        [0, 1e-200, 1e200, 1e-160, 0.5, 3, TINY],
        [3, 1e200, 1e-200, 1e160, 0.7, 2, 1e10],
    ),
}


@pytest.mark.parametrize("size", [1, MANY])
@pytest.mark.parametrize("name", POINTS)
def test_values_at_easy_and_hard_points_together(name, size):
    exact, *points = POINTS[name]
    with mp.workprec(2500):
        true = [float(exact(*map(mp.mpf, p))) for p in zip(*points, strict=True)]
    columns = [np.array(p, float) for p in points]
    evaluate = OPERATORS[name].evaluate
    args = [np.tile(c, (size, 1)) for c in columns]
    assert_allclose(evaluate(*args), np.tile(true, (size, 1)), rtol=5e-15, atol=1e-320)
    for i, value in enumerate(true):
        scalar = evaluate(*[c[i] for c in columns])
        assert type(scalar) is np.float64
        assert_allclose(scalar, value, rtol=5e-15, atol=1e-320)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", POINTS)
def test_given_memory_is_filled_and_operands_stay(name, dtype):
    with np.errstate(over="ignore"):
        args = [np.array(p, float).astype(dtype) for p in POINTS[name][1:]]
    copies = [x.copy() for x in args]
    evaluate = OPERATORS[name].evaluate
    out = np.full_like(args[0], 7)
    with np.errstate(all="ignore"):
        value = evaluate(*args)
        assert evaluate(*args, out) is out
    assert value.dtype == dtype
    assert_array_equal(out, value)
    for x, copy in zip(args, copies, strict=True):
        assert_array_equal(x, copy)


@pytest.mark.usefixtures("by_numpy")
@pytest.mark.parametrize("name", POINTS)
def test_programs_use_memory_again_and_give_the_same(name):
    prim = OPERATORS[name]
    points = [np.tile(np.array(p, float), MANY) for p in POINTS[name][1:]]

    def twice(*args):
        moved = [x * 1.0 for x in args]
        return prim(*[m + 0.0 for m in moved]) + prim(*[0.5 * m for m in moved])

    with np.errstate(all="ignore"):
        expected = twice(*points)
    assert_array_equal(fg.jit(twice)(*points), expected)


def test_xlogratio_broadcasts_in_rare_cases_too():
    x, y = np.array([[0.0], [1e-200], [2.0]]), np.array([1.0, 1e200])
    found = xlogratio.evaluate(x, y)
    log = np.log(10)
    rows = [[0, 0], [-2e-198 * log, -4e-198 * log], [2 * np.log(2), 2 * np.log(2) - 400 * log]]
    assert_allclose(found, rows, rtol=1e-14)


def test_only_rare_vectors_are_scaled():
    x = np.array([[3.0, 4.0], [0.0, 0.0], [3e200, 4e200], [3e-200, -4e-200], [np.inf, 1], [5, 12]])
    expected = [5, 0, 5e200, 5e-200, np.inf, 13]
    for axis, value in ((1, x), (0, x.T)):
        norm = vector_norm(value, axes=(axis,), order=2)
        assert_allclose(norm, expected, rtol=1e-15)
    stack = np.stack([x[:4], 2 * x[:4]], 1)
    norm = vector_norm(stack, axes=(0, 2), order=2)
    assert_allclose(norm, [5e200, 1e201], rtol=1e-15)
    assert type(vector_norm(x[3], axes=(0,), order=2)) is np.float64


def test_logsumexp_of_rows_in_and_out_of_range():
    x = np.array([[0.1, 0.2], [1e4, 1e4], [-1e4, -1e4], [-np.inf, -np.inf], [np.inf, 0]])
    log2 = np.log(2)
    expected = [np.log(np.exp(0.1) + np.exp(0.2)), 1e4 + log2, -1e4 + log2, -np.inf, np.inf]
    for rows in (slice(None), slice(0, 1), slice(2, 4)):
        found = logsumexp(x[rows], axes=(1,))
        assert_allclose(found, expected[rows], rtol=1e-15)


def test_a_root_less_one_has_the_derivative_of_the_root():
    f = fg.stabilize(lambda x: np.sqrt(1 + x) - 1)
    x = np.array([-0.75, 0.0, 1e-20, 3.0, 1e300, np.inf])
    assert_allclose(f(x), [-0.5, 0, 5e-21, 1, 1e150, np.inf], rtol=1e-15)
    slopes = fg.grad(lambda x: f(x).sum())(x)
    assert_allclose(slopes, [1, 0.5, 0.5, 0.25, 5e-151, 0], rtol=1e-15)
    assert_allclose(fg.grad(fg.grad(f))(3.0), -1 / 32, rtol=1e-15)
