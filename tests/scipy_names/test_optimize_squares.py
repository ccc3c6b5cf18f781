"""Least squares, curves, assignments: SciPy's results, and derivatives of what is found."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so

import funcgrad as fg
from funcgrad.scipy import optimize

X = np.linspace(0, 2, 9)
Y = 2 * np.exp(-1.1 * X) + 0.3 + 0.05 * np.cos(7 * X)
START = {"a": 1.0, "b": np.array([-0.5, 0.0])}
TIGHT = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-12}
BOX = ({"a": 0.0, "b": np.array([-1.0, -9.0])}, {"a": 5.0, "b": np.array([0.0, 9.0])})


def residuals(p, y):
    return p["a"] * np.exp(p["b"][0] * X) + p["b"][1] - y


def flat(v):
    return v[0] * np.exp(v[1] * X) + v[2] - Y


WAYS: dict[str, dict[str, Any]] = {
    "trf": {},
    "dogbox": {"method": "dogbox"},
    "lm": {"method": "lm"},
    "levenberg-marquardt": {"method": "levenberg-marquardt"},
    "differences": {"jac": "3-point"},
    "soft_l1": {"loss": "soft_l1", "f_scale": 0.05},
    "huber": {"loss": "huber", "f_scale": 0.03},
    "cauchy": {"loss": "cauchy", "f_scale": 0.05},
    "arctan": {"loss": "arctan"},
    "bounds": {"bounds": BOX},
}


def scipy_of(way):
    given = {k: v for k, v in way.items() if k != "method" and k != "jac"}
    if "bounds" in given:
        given["bounds"] = ([0, -1, -9], [5, 0, 9])
    return so.least_squares(flat, [1, -0.5, 0], jac="3-point", **TIGHT, **given)


@pytest.mark.parametrize("label", WAYS)
def test_least_squares_are_those_of_scipy(label):
    found = optimize.least_squares(residuals, START, args=Y, **TIGHT, **WAYS[label])
    expected = scipy_of(WAYS[label])
    vector = np.append(found.x["a"], found.x["b"])
    np.testing.assert_allclose(vector, expected.x, atol=1e-6)
    np.testing.assert_allclose(found.cost, expected.cost, rtol=1e-9)
    np.testing.assert_allclose(found.fun, flat(vector), atol=1e-12)
    assert found.success
    if label != "levenberg-marquardt":
        assert found.grad["b"].shape == (2,)
        assert found.jac.shape == (9, 3)


MODES = {
    "jacobian": fg.jacobian,
    "jacfwd": fg.jacfwd,
    "jit": lambda f: fg.jit(fg.jacobian(f)),
    "batch": lambda f: lambda y: fg.vmap(fg.jacobian(f))(np.stack([y, 1.1 * y])),
}


@pytest.mark.parametrize("label", [w for w in WAYS if w not in ("dogbox", "differences")])
@pytest.mark.parametrize("mode", MODES)
def test_derivatives_of_the_minimiser(label, mode):
    """The equation of the gradient is differentiated, as it is written here."""
    way = WAYS[label]

    def solved(y):
        p = optimize.least_squares(residuals, START, args=(y,), **TIGHT, **way).x
        return np.append(p["a"], p["b"])

    def cost(v, y):
        z = ((flat(v) + Y - y) / way.get("f_scale", 1.0)) ** 2
        rho = {
            "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
            "huber": lambda z: np.where(z < 1, z, 2 * np.sqrt(np.where(z < 1, 1, z)) - 1),
            "cauchy": np.log1p, "arctan": np.arctan,
        }.get(way.get("loss"), lambda z: z)  # fmt: skip
        return np.sum(rho(z))

    def by_hand(y):
        v = solved(y)
        free = [0, 2] if label == "bounds" else [0, 1, 2]
        hessian = fg.hessian(cost)(v, y)[np.ix_(free, free)]
        mixed = fg.jacobian(fg.grad(cost), 1)(v, y)[free]
        whole = np.zeros((3, 9))
        whole[free] = -np.linalg.solve(hessian, mixed)
        return whole

    found = MODES[mode](solved)(Y)
    for row, y in zip(found if mode == "batch" else [found], (Y, 1.1 * Y), strict=False):
        np.testing.assert_allclose(row, by_hand(y), atol=1e-4 if label == "bounds" else 1e-5)


def test_derivatives_of_second_order():
    """A linear problem whose matrix moves: the whole solution has a closed form."""
    matrix = np.stack([np.ones(9), X, np.sin(3 * X)], axis=1)

    def solved(k):
        fun = lambda p: (matrix * k) @ p - Y + p[0] * k[1]  # noqa: E731
        return np.sum(np.cos(optimize.least_squares(fun, np.zeros(3), **TIGHT).x))

    def directly(k):
        whole = matrix * k + np.outer(np.ones(9), np.array([1.0, 0, 0])) * k[1]
        return np.sum(np.cos(np.linalg.solve(whole.T @ whole, whole.T @ Y)))

    k = np.array([1.0, 0.7, 1.3])
    np.testing.assert_allclose(fg.hessian(solved)(k), fg.hessian(directly)(k), atol=1e-7)
    np.testing.assert_allclose(fg.jit(fg.hessian(solved))(k), fg.hessian(directly)(k), atol=1e-7)


def test_the_whole_hessian_is_used():
    """Where residuals are large, products of Jacobians alone would give another derivative."""
    solve = lambda y: optimize.least_squares(lambda x: np.stack([x - y, x**2 + 2]), 0.5, **TIGHT).x  # noqa: E731
    slope = 1 / (1 + 6 * solve(1.0) ** 2 + 4)  # of (x - y) + 2 x (x^2 + 2) = 0
    np.testing.assert_allclose(fg.grad(solve)(1.0), slope, rtol=1e-6)


def test_the_cost_has_a_derivative():
    lowest = lambda y: optimize.least_squares(residuals, START, args=y, **TIGHT).cost  # noqa: E731
    p = optimize.least_squares(residuals, START, args=Y, **TIGHT).x
    np.testing.assert_allclose(fg.grad(lowest)(Y), -residuals(p, Y), atol=1e-8)
    np.testing.assert_allclose(fg.jit(fg.grad(lowest))(Y), -residuals(p, Y), atol=1e-8)


def test_marquardt():
    rosenbrock = lambda x: np.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])  # noqa: E731
    run = lambda x: optimize.least_squares(rosenbrock, x, method="levenberg-marquardt")  # noqa: E731
    found = fg.jit(run)(np.array([-1.2, 1.0]))
    assert type(found) is optimize.LeastSquaresResults
    np.testing.assert_allclose(found.x, 1, rtol=1e-6)
    assert found.nfev < 60
    flat = lambda x: np.stack([x[0] + 10 * x[1], (x[1] - 2 * x[2]) ** 2, 0 * x[2]])  # noqa: E731
    assert optimize.least_squares(
        flat, np.array([3.0, -1.0, 1.0]), method="levenberg-marquardt"
    ).success
    few = optimize.least_squares(rosenbrock, np.zeros(2), method="levenberg-marquardt", max_nfev=2)
    assert (few.success, few.status) == (False, 0)
    single = fg.jit(run)(np.array([-1.2, 1.0], np.float32))
    assert single.x.dtype == np.float32
    np.testing.assert_allclose(single.x, 1, rtol=1e-3)


def test_residuals_that_are_pytrees():
    fun = lambda x, k, scale: {"one": scale * (x["a"] - k), "two": x["a"][0] * np.ones(2)}  # noqa: E731
    found = optimize.least_squares(
        fun, {"a": np.ones(3)}, args=(np.arange(3.0),), kwargs={"scale": 2}
    )
    assert found.fun["two"].shape == (2,)
    np.testing.assert_allclose(found.x["a"], [0, 1, 2], atol=1e-9)


def test_losses_of_users():
    loss = lambda z: np.stack([np.log1p(z), 1 / (1 + z), -1 / (1 + z) ** 2])  # noqa: E731
    mine, theirs = (
        optimize.least_squares(residuals, START, args=Y, loss=rho, f_scale=0.1, **TIGHT)
        for rho in (loss, "cauchy")
    )
    np.testing.assert_allclose(mine.x["b"], theirs.x["b"], rtol=1e-9)


# --- curves ---------------------------------------------------------------------------------------


def decay(x, a, b, c):
    return a * np.exp(b * x) + c


SIGMA = 0.05 * (1 + X)
SIGMAS = {"none": None, "number": 0.3, "vector": SIGMA, "matrix": np.diag(SIGMA**2) + 1e-4}


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("label", SIGMAS)
def test_curves_are_those_of_scipy(label, absolute):
    given = {"sigma": SIGMAS[label], "absolute_sigma": absolute}
    for more in ({}, {"bounds": ([0, -5, 0], [5, 0, 1])}):
        found = optimize.curve_fit(decay, X, Y, [1, -0.5, 0.1], **given, **more)
        expected = so.curve_fit(decay, X, Y, [1, -0.5, 0.1], **given, **more)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-4)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-3)


def test_curves_start_by_themselves():
    line = lambda x, a, b: a * x + b  # noqa: E731
    for more in ({}, {"bounds": ([0.5, -np.inf], [4, 9])}, {"method": "trf"}):
        np.testing.assert_allclose(optimize.curve_fit(line, X, 3 * X - 2, **more)[0], [3, -2])
    slope = lambda x, a, b: np.stack([x, np.ones_like(x)], axis=1)  # noqa: E731
    np.testing.assert_allclose(optimize.curve_fit(line, X, 3 * X - 2, jac=slope)[0], [3, -2])
    told = optimize.curve_fit(line, X, 3 * X - 2, full_output=True)
    np.testing.assert_allclose(told[2]["fvec"], 0, atol=1e-9)
    assert told[4] > 0


@pytest.mark.parametrize("mode", [fg.jacobian, fg.jacfwd, lambda f, i: fg.jit(fg.jacobian(f, i))])
def test_derivatives_of_curves(mode):
    """A line has closed forms of parameters and of their covariance."""

    def ours(x, y, s):
        popt, pcov = optimize.curve_fit(lambda x, a, b: a * x + b, x, y, [1.0, 0.0], s)
        return np.append(popt, pcov)

    def normal(x, y, s):
        matrix = np.stack([x, np.ones(9)], axis=1) / s[:, None]
        inverse = np.linalg.inv(matrix.T @ matrix)
        p = inverse @ (matrix.T @ (y / s))
        return np.append(p, inverse * np.sum((matrix @ p - y / s) ** 2) / 7)

    for i in range(3):
        found, expected = mode(ours, i)(X, Y, SIGMA), mode(normal, i)(X, Y, SIGMA)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_covariance_that_there_is_not():
    with pytest.warns(so.OptimizeWarning):
        pcov = optimize.curve_fit(lambda x, a, b: (a + 0 * b) * x, X, Y, [1.0, 1.0], method="trf")[
            1
        ]
    assert np.all(np.isinf(pcov))


# --- assignments, least squares without negative unknowns -----------------------------------------

_rng = np.random.default_rng(3)
COSTS = _rng.standard_normal((4, 5))


@pytest.mark.parametrize("costs", [COSTS, COSTS.T, np.array([[4, 1], [2, 0]])])
def test_assignments(costs):
    for maximize in (False, True):
        expected = so.linear_sum_assignment(costs, maximize)
        assign = lambda c: optimize.linear_sum_assignment(c, maximize)  # noqa: B023, E731
        for found in (assign(costs), fg.jit(assign)(costs)):
            np.testing.assert_array_equal(found, expected)
        batch = fg.vmap(assign)(np.stack([costs, -costs]))
        np.testing.assert_array_equal(batch[1][1], assign(-costs)[1])


def test_derivatives_of_assigned_costs():
    def total(costs):
        return np.sum(costs[optimize.linear_sum_assignment(costs)] ** 2)

    expected = np.zeros((4, 5))
    places = so.linear_sum_assignment(COSTS)
    expected[places] = 2 * COSTS[places]
    np.testing.assert_allclose(fg.grad(total)(COSTS), expected)
    np.testing.assert_allclose(fg.jit(fg.grad(total))(COSTS), expected)


MATRIX, RIGHT = _rng.standard_normal((6, 4)), _rng.standard_normal(6)


def test_least_squares_without_negative_unknowns():
    found, expected = optimize.nnls(MATRIX, RIGHT), so.nnls(MATRIX, RIGHT)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-12)
    np.testing.assert_allclose(found[1], expected[1])
    positive = expected[0] > 0
    assert 0 < np.sum(positive) < 4

    def directly(a, b):
        part = a[:, positive]
        return np.linalg.solve(part.T @ part, part.T @ b)

    for mode in (fg.jacobian, fg.jacfwd, lambda f, i: fg.jit(fg.jacobian(f, i)),
                 lambda f, i: fg.jacfwd(fg.jacobian(f, i), 1 - i)):  # fmt: skip
        for i in (0, 1):
            found = mode(lambda a, b: optimize.nnls(a, b)[0], i)(MATRIX, RIGHT)
            np.testing.assert_allclose(found[~positive], 0)
            np.testing.assert_allclose(found[positive], mode(directly, i)(MATRIX, RIGHT), atol=1e-9)
    slope = fg.grad(lambda b: optimize.nnls(MATRIX, b)[1])(RIGHT)
    x, length = optimize.nnls(MATRIX, RIGHT)
    np.testing.assert_allclose(slope, (RIGHT - MATRIX @ x) / length, atol=1e-9)


# --- wrong calls ----------------------------------------------------------------------------------

LINE = lambda x, a, b: a * x + b  # noqa: E731
WRONG: dict[str, Any] = {
    "method": (lambda: optimize.least_squares(flat, np.ones(3), method="x"), ValueError, "dogbox"),
    "loss": (lambda: optimize.least_squares(flat, np.ones(3), loss="x"), ValueError, "'soft_l1'"),
    "marquardt": (lambda: optimize.least_squares(flat, np.ones(3), bounds=(0, 1),
                                                 method="levenberg-marquardt"),
                  ValueError, "takes no bounds"),
    "bounds": (lambda: optimize.least_squares(flat, np.ones(3), bounds=(np.zeros(2), 1.0)),
               ValueError, "lower bounds of shape"),
    "function": (lambda: optimize.least_squares(3, np.ones(3)), TypeError, "needs a function"),
    "parameters": (lambda: optimize.curve_fit(lambda x, *p: p[0], X, Y), ValueError, "give p0="),
    "sizes": (lambda: optimize.curve_fit(LINE, X, Y[:3]), ValueError, "9 numbers for the 3"),
    "sigma": (lambda: optimize.curve_fit(LINE, X, Y, sigma=np.ones(3)), ValueError, "for 9 points"),
    "nan": (lambda: optimize.curve_fit(LINE, X, Y * np.nan), ValueError, "ydata has infinities"),
    "p0": (lambda: optimize.curve_fit(LINE, X, Y, np.ones((2, 2))), ValueError, "must be a vector"),
    "no fit": (lambda: optimize.curve_fit(decay, X, Y, [1, -1, 0], max_nfev=1), RuntimeError,
               "no minimum was found"),
    "matrix": (lambda: optimize.linear_sum_assignment(X), ValueError, "must be a matrix"),
    "complex": (lambda: optimize.linear_sum_assignment(1j * COSTS), TypeError, "must be real"),
    "shapes": (lambda: optimize.nnls(MATRIX, X), ValueError, "one element for each row"),
    "complex matrix": (lambda: optimize.nnls(1j * MATRIX, RIGHT), TypeError, "must be real"),
    "iterations": (lambda: optimize.nnls(MATRIX, RIGHT, maxiter=2.5), TypeError, "must be an int"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(kind, match=words):
            call()
