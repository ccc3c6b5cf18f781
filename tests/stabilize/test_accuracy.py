"""Values and derivatives of stabilized formulas against exact ones."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from effort import examples
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal
from stabilize.exact import DIGITS, error, evaluate

import funcgrad as fg
from funcgrad.compiler.stabilize import stabilize_jaxpr

BOTH = [-1e4, -700.0, -50.0, -1.0, -1e-3, 1e-10, 1e-3, 1.0, 50.0, 700.0, 1e4]
NEGATIVE = [-1e4, -600.0, -50.0, -1.0, -0.5, -1e-3, -1e-10]
POSITIVE = [1e-10, 1e-3, 0.5, 1.0, 50.0, 600.0, 1e4]


PAIR = np.array([1.0, 1.125])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# Name, formula, points, and the absolute error that derivatives may have: those of tanh and expm1
# are exact to the last digit of 1 only, and the second one of a sigmoid is a difference.
ROUGH = 1e-15
FINE = 1e-17
SCALAR = [
    ("softplus", lambda x: np.log(1 + np.exp(x)), BOTH, 0),
    ("log1p of exp", lambda x: np.log1p(np.exp(-x)), BOTH, 0),
    ("log1mexp", lambda x: np.log(1 - np.exp(x)), NEGATIVE, 0),
    ("log of exp less 1", lambda x: np.log(np.exp(x) - 1), POSITIVE, 0),
    ("log1p", lambda x: np.log(1 + x), [-0.5, -1e-10, 1e-20, 1e-3, 1e4], 0),
    ("expm1", lambda x: np.exp(x) - 1, [-1e4, -50.0, -1e-3, -1e-20, 1e-10, 1.0, 300.0], 0),
    ("minus expm1", lambda x: 1 - np.exp(-x), [-300.0, -1e-20, 1e-10, 1.0, 1e4], 0),
    ("sigmoid", sigmoid, BOTH, FINE),
    ("exp over 1 + exp", lambda x: np.exp(x) / (1 + np.exp(x)), BOTH, FINE),
    ("silu", lambda x: x / (1 + np.exp(-x)), BOTH, 0),
    ("1 - sigmoid", lambda x: 1 - sigmoid(x), BOTH, FINE),
    ("log sigmoid", lambda x: np.log(sigmoid(x)), BOTH, 0),
    ("log of 1 - sigmoid", lambda x: np.log(1 - sigmoid(x)), BOTH, 0),
    ("log of 1 - tanh**2", lambda x: np.log(1 - np.tanh(x) ** 2), BOTH[1:-1], ROUGH),
    ("tanh", lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), BOTH[1:-1], ROUGH),
    ("sinh", lambda x: (np.exp(x) - np.exp(-x)) / 2, [-700.0, -1e-10, 1e-20, 1e-3, 700.0], 0),
    ("1 - cos", lambda x: 1 - np.cos(x), [-1e4, -3.0, 1e-10, 1e-3, 1.0, 1e4], 0),
    ("root", lambda x: np.sqrt(1 + x) - 1, [-0.5, -1e-10, 1e-20, 1e-3, 1.5, 1e4], 0),
    ("difference of roots", lambda x: np.sqrt(x + 1) - np.sqrt(x), [1e-3, 1.0, 1e8, 1e300], 0),
    ("root less base", lambda x: np.sqrt(x**2 + 1) - x, [-1e10, -1.0, 1e-3, 3.0, 1e8, 1e100], 0),
    ("root of a quadratic", lambda x: -x + np.sqrt(x * x - 4.0), [2.5, 1e3, 1e8], 0),
    ("asinh", lambda x: np.log(x + np.sqrt(x**2 + 1)), [-1e8, -1.0, 1e-20, 1e-3, 1e200], 0),
    ("acosh", lambda x: np.log(x + np.sqrt(x * x - 1)), [1 + 2.0**-40, 1.5, 1e8, 1e200], 0),
    ("tan - sin", lambda x: np.tan(x) - np.sin(x), [-1.0, 1e-100, 1e-5, 0.3, 1.5], 0),
    ("x log x", lambda x: x * np.log(x), [1e-300, 1e-10, 0.5, 3.0, 1e4], 0),
    ("log of exp", lambda x: np.log(np.exp(x)), BOTH, 0),
    ("log of sum", lambda x: np.log(3 * np.exp(x) + 1), BOTH, 0),
]


def exact_derivative(f, x, order):
    jaxpr = fg.make_jaxpr(f)(1.5)
    with mp.workdps(700 if abs(x) < 1e3 else 5000):  # for exp(-2 * 700) or exp(-1e4) next to 1
        value = mp.diff(lambda t: evaluate(jaxpr, t)[0].item(), mp.mpf(x), order)
        return +value


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(
    ("f", "points", "absolute"), [c[1:] for c in SCALAR], ids=[c[0] for c in SCALAR]
)
def test_scalar_formulas(f, points, absolute, order):
    g: Callable[..., Any] = fg.stabilize(f)
    for _ in range(order):
        g = fg.grad(g)
    for x in points:
        true = exact_derivative(f, x, order)
        with np.errstate(all="ignore"):
            found = float(g(x))
        floor = absolute if order else 0
        assert abs(found - true) <= 1e-13 * abs(true) + floor + 1e-307, (x, found, float(true))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.log(1 + x), 1e-17),
        (lambda x: np.log(1 - x), 1e-17),
        (lambda x: np.exp(x) - 1, 1e-17),
        (lambda x: 1 - np.exp(x), 1e-17),
        (lambda x: np.log(1 + np.exp(x)), 1e3),
        (lambda x: np.log(1 + np.exp(x)), -50.0),
        (lambda x: np.log(1 - np.exp(x)), -1e-17),
        (lambda x: np.log(np.exp(x) - 1), 1e-17),
        (lambda x: np.log(np.exp(x) + np.exp(x + 1)), -1e3),
        (lambda x: np.log(np.sum(np.exp(x * PAIR))), 1e3),
        (lambda x: np.log(np.mean(np.exp(x * PAIR))), -1e3),
        (lambda x: np.log(np.exp(x * PAIR) @ np.array([0.25, 0.75])), 1e3),
        (lambda x: np.log(np.exp(x)), -1e3),
        (lambda x: np.log(1 / (1 + np.exp(-x))), -1e3),
        (lambda x: 1 - 1 / (1 + np.exp(-x)), 50.0),
        (lambda x: np.log(1 - 1 / (1 + np.exp(-x))), 50.0),
        (lambda x: np.log(1 - np.tanh(x) ** 2), 30.0),
        (lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), 1e3),
        (lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1), 1e-17),
        (lambda x: (np.exp(x) - np.exp(-x)) / 2, 1e-17),
        (lambda x: np.exp(x) / (1 + np.exp(x)), 1e3),
        (lambda x: np.sqrt(x**2 + (x + 1) ** 2), 1e200),
        (lambda x: np.sqrt(x**2), 1e200),
        (lambda x: x**2 - np.square(x * (1 + 2**-30)), 1.0),
        (lambda x: 1 - np.cos(x), 1e-9),
        (lambda x: np.sqrt(1 + x) - 1, 1e-17),
        (lambda x: np.log(np.prod(x * PAIR)), 1e200),
        (lambda x: np.log(np.abs(np.prod(x * -PAIR))), 1e-200),
    ],
)
def test_a_point_where_the_formula_is_wrong(f, x):
    with mp.workdps(700):
        true = evaluate(fg.make_jaxpr(f)(1.0), x)[0].item()
    with np.errstate(all="ignore"):
        before = f(np.float64(x))
        after = fg.stabilize(f)(np.float64(x))
    assert not error(before, true) < 1e3
    assert error(after, true) < 8


@pytest.mark.parametrize("x", [[0.0, 1e4, -1e4], [3.0, 3.0 - 1e-9, -50.0], [-1e4, -1e4, 1.0 - 1e4]])
def test_softmax_and_its_logarithm(x):
    x = np.array(x)
    with mp.workdps(6000 if abs(x).max() > 1e3 else DIGITS):
        e = [mp.exp(mp.mpf(v)) for v in x]
        shares = [v / mp.fsum(e) for v in e]
        logs = np.array([float(mp.log(v)) for v in shares])
        p = np.array([float(v) for v in shares])

    def share(x):
        return np.exp(x) / np.exp(x).sum()

    assert_allclose(fg.stabilize(share)(x), p, rtol=1e-14)
    for f in (
        lambda x: np.log(share(x)),
        lambda x: x - np.log(np.sum(np.exp(x))),
        lambda x: np.log(np.exp(x - x.max()) / np.exp(x - x.max()).sum()),
    ):
        stable = fg.stabilize(f)
        assert_allclose(stable(x), logs, rtol=1e-13, atol=1e-300)
        assert_allclose(fg.jacrev(stable)(x), np.eye(3) - p, rtol=1e-13, atol=1e-16)
        hessian = np.diag(p) - np.outer(p, p)
        assert_allclose(-fg.hessian(stable)(x)[1], hessian, atol=1e-15)


def test_infinite_operands():
    x = np.array([-np.inf, 0.0, 1.0])
    logsumexp = fg.stabilize(lambda x: np.log(np.exp(x).sum()))
    assert_allclose(logsumexp(x), np.log1p(np.e), rtol=1e-15)
    assert_allclose(fg.grad(logsumexp)(x)[0], 0)
    assert logsumexp(np.full(3, -np.inf)) == -np.inf
    assert logsumexp(np.array([np.inf, 0.0])) == np.inf
    assert np.isnan(logsumexp(np.array([np.nan, 0.0])))
    assert fg.stabilize(lambda x: np.log(1 + np.exp(x)))(np.inf) == np.inf
    assert fg.stabilize(lambda x: np.sqrt(1 + x) - 1)(np.inf) == np.inf
    assert fg.stabilize(lambda x: np.log(np.exp(x) - 1))(np.inf) == np.inf


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.log(1 + np.exp(x)),
        lambda x: np.exp(x) - 1,
        lambda x: np.log(1 + x),
        lambda x: np.log(1 - np.exp(x)),
        lambda x: np.log(np.exp(x) - 1),
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: np.log(np.exp(np.stack([x, x])).sum()),
        lambda x: np.sqrt(x**2 + 4 * x * x),
        lambda x: x * np.log(x),
        lambda x: x * np.log(x / 2),
        lambda x: np.log(1 - np.tanh(x) ** 2),
        lambda x: np.sqrt(1 + x) - 1,
        lambda x: np.log(np.prod(np.stack([x, x]))),
    ],
)
def test_nan_stays(f):
    assert np.isnan(fg.stabilize(f)(np.float64(np.nan)))


def test_domain_errors_stay_nan():
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.isnan(fg.stabilize(lambda x: np.log(1 - np.exp(x)))(0.5))
        assert np.isnan(fg.stabilize(lambda x: np.log(np.exp(x) - 1))(-0.5))
        assert np.isnan(fg.stabilize(lambda x: x * np.log(x))(-0.5))
        assert np.isnan(fg.stabilize(lambda x: np.log(np.prod(x)))(np.array([2.0, -3.0])))
        kl = fg.stabilize(lambda x: x * (np.log(x) - np.log(2 * x)))
        assert np.isnan(kl(-1.0))
        assert np.isnan(fg.stabilize(lambda x, y: x * np.log(x / y))(0.0, 0.0))
    det = fg.stabilize(lambda a: np.log(np.linalg.det(a)))
    assert np.isnan(det(np.diag([2.0, -3.0])))
    with np.errstate(divide="ignore"):
        assert fg.stabilize(lambda x: np.log(np.prod(x)))(np.array([2.0, 0.0])) == -np.inf
        assert det(np.zeros((2, 2))) == -np.inf


def test_entropy_at_zero():
    p, q = np.array([0.0, 0.25, 0.75]), np.array([0.5, 0.25, 0.25])
    entropy = fg.stabilize(lambda p: -np.sum(p * np.log(p)))
    assert_allclose(entropy(p), -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)), rtol=1e-15)
    with np.errstate(divide="ignore"):
        assert_allclose(fg.grad(entropy)(p), -np.log(p) - 1, rtol=1e-15)
    for f in (
        lambda p, q: np.sum(p * np.log(p / q)),
        lambda p, q: np.sum(p * (np.log(p) - np.log(q))),
    ):
        stable = fg.stabilize(f)
        assert_allclose(stable(p, q), 0.75 * np.log(3), rtol=1e-15)
        assert_allclose(fg.grad(stable, 1)(p, q), -p / q, rtol=1e-15)
    wide = fg.stabilize(lambda p, q: p * (np.log(p) - np.log(q)))
    assert_allclose(wide(1e200, 1e-200), 1e200 * 400 * np.log(10), rtol=1e-14)


def test_norms_have_a_derivative_at_zero():
    for f in (
        lambda x: np.sqrt(np.sum(x**2)),
        lambda x: np.sqrt(x[0] ** 2 + x[1] ** 2),
        lambda x: np.sqrt(np.mean(x * x)),
        lambda x: np.sqrt(x**2).sum(),
    ):
        assert_array_equal(fg.grad(fg.stabilize(f))(np.zeros(2)), np.zeros(2))


def test_systems_are_solved():
    n = 8
    a = 1 / (1.0 + np.arange(n)[:, None] + np.arange(n))  # Hilbert's matrix
    true = np.arange(1.0, n + 1)
    b = a @ true

    def residual(x):
        return np.abs(a @ x - b).max()

    stable = fg.stabilize(lambda a, b: np.linalg.inv(a) @ b)
    assert residual(stable(a, b)) < 1e-14
    assert residual(np.linalg.inv(a) @ b) > 1e-11


def test_determinants_do_not_overflow():
    a = np.diag(np.full(40, 1e10)) + np.eye(40, k=1)
    stable = fg.stabilize(lambda a: np.log(np.linalg.det(a)))
    assert_allclose(stable(a), 400 * np.log(10), rtol=1e-14)
    assert_allclose(fg.grad(stable)(a), np.linalg.inv(a).T, rtol=1e-12)


def test_product_near_one_keeps_its_digits():
    """The sum of logarithms has an error of 1e-13 here; the product has none."""
    x = np.array([1e300, 1e-300, 1.0 + 2**-30])
    f = fg.stabilize(lambda x: np.log(np.prod(x)))
    assert_allclose(f(x), np.log(np.prod(x)), rtol=1e-12)
    assert_allclose(fg.grad(f)(x), 1 / x, rtol=1e-15)


# --- random compositions --------------------------------------------------------------------------

INNER = [
    lambda x, y: x,
    lambda x, y: -x,
    lambda x, y: 2 * x,
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x / (2 + y * y),
]
NAIVE = [
    lambda a, b: np.log(1 + a * a),
    lambda a, b: np.log(1 + np.exp(a)),
    lambda a, b: np.log1p(np.exp(-a)),
    lambda a, b: np.exp(a) - 1,
    lambda a, b: 1 - np.exp(-a),
    lambda a, b: np.log(1 - np.exp(-(a * a))),
    lambda a, b: np.log(np.exp(a * a) - 1),
    lambda a, b: np.log(np.exp(a) + np.exp(b)),
    lambda a, b: np.log(1 + np.exp(a) + np.exp(b)),
    lambda a, b: np.log(np.exp(a) * np.exp(b)),
    lambda a, b: np.log(0.25 * np.exp(a) + 0.75 * np.exp(b)),
    lambda a, b: np.exp(a) / (1 + np.exp(a)),
    lambda a, b: 1 / (1 + np.exp(-a)),
    lambda a, b: b / (1 + np.exp(a)),
    lambda a, b: 1 - 1 / (1 + np.exp(-a)),
    lambda a, b: np.log(1 / (1 + np.exp(-a))),
    lambda a, b: np.log(1 - np.exp(a) / (1 + np.exp(a))),
    lambda a, b: np.log(1 - np.tanh(a) ** 2),
    lambda a, b: (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a)),
    lambda a, b: (np.exp(a) - np.exp(-a)) / 2,
    lambda a, b: np.sqrt(a**2 + b**2),
    lambda a, b: np.sqrt(a * a),
    lambda a, b: a**2 - b**2,
    lambda a, b: 1 - np.cos(a),
    lambda a, b: np.sqrt(1 + a * a) - 1,
    lambda a, b: (a * a) * np.log(a * a),
    lambda a, b: (a * a) * np.log((a * a) / (b * b)),
    lambda a, b: np.log((a * a) * np.exp(b)),
]
OUTER = [
    lambda u, v: u,
    lambda u, v: u + v,
    lambda u, v: u * v,
    lambda u, v: np.tanh(u) * v,
]
STEP = mp.mpf(2) ** -52
NEARBY = (-11, -5, 3, 7, -(5 << 24), 3 << 25, 7 << 26)
"""So many units in the last place; the large ones change what is rounded off tiny numbers."""
NUMBERS = st.floats(-40, 40).filter(lambda x: abs(x) > 1e-12) | st.floats(-900, 900).filter(
    lambda x: abs(x) > 1e-3
)


@example(
    (INNER[4], INNER[0], NAIVE[10]),
    (INNER[5], INNER[2], NAIVE[10]),
    OUTER[1],
    1.2027671636712926e-08,
    0.001953125,
)
@settings(max_examples=examples(150), deadline=None)
@given(
    st.tuples(*[st.sampled_from(INNER)] * 2, st.sampled_from(NAIVE)),
    st.tuples(*[st.sampled_from(INNER)] * 2, st.sampled_from(NAIVE)),
    st.sampled_from(OUTER),
    NUMBERS,
    NUMBERS,
)
def test_nothing_gets_worse(first, second, outer, x, y):
    def f(x, y):
        u, v = (naive(g(x, y), h(x, y)) for g, h, naive in (first, second))
        return outer(u, v)

    inner = [g(x, y) for pair in (first, second) for g in pair[:2]]
    assume(all(abs(a) < 800 for a in inner))
    jaxpr = fg.make_jaxpr(f)(np.float64(1), np.float64(1))
    stable, _ = stabilize_jaxpr(jaxpr)
    with mp.workdps(DIGITS + 800):  # exp(-2 * 800) next to 1
        true = evaluate(jaxpr, x, y)[0].item()
        assume(mp.isnan(true) or mp.isinf(true) or abs(true) < 1e300)
        assume(mp.isnan(true) or abs(true) > 1e-290)
        near = evaluate(jaxpr, x * (1 + STEP), y * (1 - STEP))[0].item()
        condition = abs(near / true - 1) * 2**52 if mp.isfinite(true) else mp.mpf(0)
    assume(condition < 1e3)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        before, after = jaxpr(np.float64(x), np.float64(y))[0], stable(x, np.float64(y))[0]
    if mp.isnan(true):
        assert np.isnan(after) or not np.isnan(before)
    else:
        bound = 2 * error(before, true) + 16 + 8 * float(condition)
        if error(after, true) > bound:  # the original may have been lucky with its roundings
            bound += 2 * max(error_nearby(jaxpr, x, y, k) for k in NEARBY)
        assert error(after, true) <= bound, (before, after, float(true))


def error_nearby(jaxpr, x, y, steps):
    """The error of a program at arguments that are moved by some units in the last place."""
    x, y = (np.float64(z * (1 + steps * float(STEP))) for z in (x, y))
    with mp.workdps(DIGITS + 800):
        true = evaluate(jaxpr, x, y)[0].item()
    with np.errstate(all="ignore"):
        found = jaxpr(x, y)[0]
    return error(found, true) if mp.isfinite(true) and np.isfinite(found) else 0.0
