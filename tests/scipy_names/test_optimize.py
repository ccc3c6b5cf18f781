"""Minima: SciPy's results, and derivatives of minimisers, compared with closed forms."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy
import scipy.optimize as so

import funcgrad as fg
from funcgrad.scipy import optimize

HAS_COBYQA = np.lib.NumpyVersion(scipy.__version__) >= "1.14.0"
METHODS = [
    "Nelder-Mead", "Powell", "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Newton-CG",
    "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "COBYLA",
    *(["COBYQA"] if HAS_COBYQA else []), "L-BFGS",
]  # fmt: skip
SHIFT = np.array([0.3, -0.7, 1.1])
TWO = np.zeros(2)
START = {"u": np.zeros(3), "v": 0.0}
QUADRATIC = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.0], [0.5, 0.0, 1.5]])


def loss(x, a):
    """A convex function of a pytree, whose minimum is at no simple place."""
    return (
        np.sum(np.cosh(x["u"] - a)) + 0.5 * np.sum(x["u"]) ** 2 + (x["v"] - np.sum(a * x["u"])) ** 2
    )


def exact(a):
    """The minimiser of that function, u alone, by steps of Newton that derivatives go through."""
    u = np.zeros(3)
    for _ in range(10):
        hessian = np.diag(np.cosh(u - a)) + 1
        u = u - np.linalg.solve(hessian, np.sinh(u - a) + np.sum(u))
    return u


def tight(method):
    """Options with which a method reaches the minimum to many digits."""
    if method == "L-BFGS":
        return {"method": method, "options": {"gtol": 1e-10, "ftol": 0.0}}
    return {"method": method, "tol": 1e-10}


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# --- SciPy's methods ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_find_the_minimum_of_a_pytree(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of precision that is lost at such tolerances
        found = optimize.minimize(loss, START, SHIFT, **tight(method))
    assert set(found.x) == {"u", "v"}
    np.testing.assert_allclose(found.x["u"], exact(SHIFT), atol=1e-5)
    np.testing.assert_allclose(found.x["v"], np.sum(SHIFT * found.x["u"]), atol=1e-5)
    np.testing.assert_allclose(found.fun, loss(found.x, SHIFT), rtol=1e-12)
    slope = found.get("grad", found.get("jac")) if isinstance(found, dict) else found.jac
    if slope is not None:
        expected = fg.grad(loss)(found.x, SHIFT)
        for x, y in zip(fg.tree.leaves(slope), fg.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(x, y, atol=1e-6)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "SLSQP", "Newton-CG", "trust-exact"])
def test_steps_are_those_of_scipy_with_exact_derivatives(method):
    x = np.array([-1.2, 1.0, 0.5])
    found = optimize.minimize(rosenbrock, x, method=method)
    given = {"hess": so.rosen_hess} if method in ("Newton-CG", "trust-exact") else {}
    expected = so.minimize(so.rosen, x, method=method, jac=so.rosen_der, **given)
    assert found.nit == expected.nit
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-6)
    np.testing.assert_allclose(found.fun, expected.fun, atol=1e-9)
    assert type(found) is so.OptimizeResult


def test_lists_scalars_and_types():
    found = optimize.minimize(rosenbrock, [-1, 1])
    np.testing.assert_allclose(found.x, 1, rtol=1e-4)
    found = optimize.minimize(lambda x: (x - 2) ** 2, 0)
    assert found.x.shape == ()
    np.testing.assert_allclose(found.x, 2)
    found = optimize.minimize(lambda x: np.sum((x - 1) ** 2), np.zeros(2, np.float32))
    assert (found.x.dtype, found.jac.dtype, found.fun.dtype) == (np.float32,) * 3
    mixed = {"a": np.zeros(2, np.float32), "b": np.zeros(1)}
    found = optimize.minimize(lambda x: np.sum((x["a"] - x["b"] - 1) ** 2 + x["b"] ** 2), mixed)
    assert (found.x["a"].dtype, found.x["b"].dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("solve", [optimize.minimize, optimize.bfgs, optimize.lbfgs])
def test_complex_unknowns(solve):
    target = np.array([1.0 + 2.0j, -0.5j])
    fun = lambda z: np.sum(abs(z - target) ** 2) + np.sum(z.real)  # noqa: E731
    found = solve(fun, 0 * target)
    np.testing.assert_allclose(found.x, target - 0.5, atol=1e-5)
    np.testing.assert_allclose(found.jac, fg.grad(fun)(found.x), atol=1e-9)


def test_derivatives_of_the_user():
    called = []

    def gradient(x, a):
        called.append("jac")
        return {"u": 2 * (x["u"] - a)}

    def hessian(x, a):
        called.append("hess")
        return {"u": {"u": 2 * np.eye(3)}}

    def product(x, p, a):
        called.append("hessp")
        return {"u": 2 * p["u"]}

    fun = lambda x, a: np.sum((x["u"] - a) ** 2)  # noqa: E731
    both = lambda x, a: (fun(x, a), gradient(x, a))  # noqa: E731
    u = {"u": np.zeros(3)}
    for f, options, names in (
        (fun, {"jac": gradient}, {"jac"}),
        (both, {"jac": True}, {"jac"}),
        (fun, {"method": "Newton-CG", "hessp": product}, {"hessp"}),
        (fun, {"method": "trust-exact", "hess": hessian}, {"hess"}),
        (fun, {"method": "Newton-CG", "hess": lambda x, a: 2 * np.eye(3)}, set()),
        (fun, {"method": "trust-constr", "hess": so.BFGS()}, set()),
        (fun, {"jac": "2-point"}, set()),
    ):
        called.clear()
        found = optimize.minimize(f, u, SHIFT, **options)
        assert set(called) == names
        np.testing.assert_allclose(found.x["u"], SHIFT, atol=1e-5)


def test_functions_that_look_at_values_run_as_they_are():
    def fun(x, a):
        return np.sum((x - a) ** 2) if x[0] > 0.5 else np.sum((x - a) ** 2) + 0.5 - x[0]

    a = np.array([1.0, 2.0])
    for method in ("BFGS", "trust-exact", "Nelder-Mead"):
        found = optimize.minimize(fun, np.zeros(2), a, method)
        np.testing.assert_allclose(found.x, a, atol=1e-4)
    np.testing.assert_allclose(optimize.bfgs(fun, np.zeros(2), a).x, a, atol=1e-5)
    jacobian = fg.jacobian(lambda a: optimize.minimize(fun, np.zeros(2), a).x)
    np.testing.assert_allclose(jacobian(a), np.eye(2))


def test_functions_of_plain_python():
    """Methods without gradients need nothing that can be traced; a constant has a minimum."""
    fun = lambda x: math.cosh(x[0] - 1) + (float(x[1]) - 2) ** 2  # noqa: E731
    for method in ("Nelder-Mead", "Powell", "COBYLA"):
        np.testing.assert_allclose(optimize.minimize(fun, TWO, method=method).x, [1, 2], atol=1e-3)
    np.testing.assert_array_equal(optimize.minimize(lambda x: 3, TWO).x, 0)
    assert fg.jit(lambda x: optimize.bfgs(lambda x: 3, x))(TWO).success
    np.testing.assert_allclose(
        optimize.minimize_scalar(lambda x: math.cosh(x - 1)).x, 1, rtol=1e-6)  # fmt: skip


def test_arguments_that_are_no_arrays():
    fun = lambda x, name, power: np.sum((x - 1) ** power) if name == "sum" else None  # noqa: E731
    found = optimize.minimize(fun, np.zeros(2), ("sum", 4), tol=1e-8)
    np.testing.assert_allclose(found.x, 1, atol=0.02)


def test_callbacks_get_pytrees():
    seen: list[Any] = []
    fun = lambda x: np.sum((x["a"] - 1) ** 2)  # noqa: E731
    optimize.minimize(fun, {"a": np.zeros(2)}, callback=lambda xk: seen.append(xk["a"]))
    optimize.minimize(
        fun, {"a": np.zeros(2)}, callback=lambda intermediate_result: seen.append(
            intermediate_result.x["a"]))  # fmt: skip
    optimize.minimize(
        fun, {"a": np.zeros(2)}, method="trust-constr",
        callback=lambda xk, state: seen.append(xk["a"]) or state.nit > 3)  # fmt: skip
    assert len(seen) >= 3
    assert all(x.shape == (2,) for x in seen)


# --- bounds and constraints -----------------------------------------------------------------------

TOP = np.array([5.0, 5.0, 0.2])
BOUNDS = {
    "pytrees": ({"u": np.full(3, -5.0), "v": -9.0}, {"u": TOP, "v": 9.0}),
    "one side": (None, {"u": TOP, "v": np.inf}),
    "a number": (-5.0, {"u": TOP, "v": np.inf}),
    "vectors": so.Bounds(-np.inf, np.append(TOP, np.inf)),
    "pytrees of SciPy's class": so.Bounds({"u": np.full(3, -5.0), "v": -9.0},
                                          {"u": TOP, "v": 9.0}),
}  # fmt: skip


@pytest.mark.parametrize("label", BOUNDS)
def test_bounds(label):
    found = optimize.minimize(loss, START, SHIFT, bounds=BOUNDS[label], tol=1e-12)
    expected = so.minimize(
        lambda v: loss({"u": v[:3], "v": v[3]}, SHIFT), np.zeros(4), tol=1e-12,
        bounds=so.Bounds(-np.inf, np.append(TOP, np.inf)))  # fmt: skip
    np.testing.assert_allclose(found.x["u"], expected.x[:3], atol=1e-4)
    assert found.x["u"][2] == 0.2


def test_bounds_of_vectors_are_those_of_scipy():
    fun = lambda x: np.sum((x - 2) ** 2)  # noqa: E731
    for bounds in ([(None, 1.0), (0, None)], ((-np.inf, 1.0), (0.0, 5.0))):
        np.testing.assert_allclose(optimize.minimize(fun, [0.0, 0.0], bounds=bounds).x, [1, 2])
    for sides in ((0.0, 1.0), (None, 1.0), (np.zeros(1), np.ones(1))):
        np.testing.assert_allclose(optimize.minimize(fun, np.zeros(3), bounds=sides).x, 1)


CENTRE = np.array([0.9, 0.3, 0.1])
SUM_AND_FIRST = {
    "dicts": ("SLSQP", [{"type": "eq", "fun": lambda x: np.sum(x["p"]) - 1},
                        {"type": "ineq", "fun": lambda x, top: top - x["p"][0], "args": (0.2,)}]),
    "SciPy's classes": ("SLSQP", [so.NonlinearConstraint(lambda x: np.sum(x["p"]), 1, 1),
                                  so.NonlinearConstraint(lambda x: x["p"][:1], -np.inf, 0.2)]),
    "of one function": ("trust-constr", so.NonlinearConstraint(
        lambda x: [np.sum(x["p"]), x["p"][0]], [1.0, -np.inf], [1.0, 0.2])),
    "dicts for trust-constr": ("trust-constr", [
        {"type": "eq", "fun": lambda x: np.sum(x["p"]) - 1, "jac": lambda x: {"p": np.ones(3)}},
        {"type": "ineq", "fun": lambda x: 0.2 - x["p"][0]}]),
    "linear": ("trust-constr", so.LinearConstraint([[1, 1, 1], [1, 0, 0]], [1, -np.inf], [1, 0.2])),
    "COBYLA": ("COBYLA", so.LinearConstraint(
        [[1, 1, 1], [1, 0, 0]], [1, -np.inf], [np.inf, 0.2])),
}  # fmt: skip


@pytest.mark.parametrize("label", SUM_AND_FIRST)
def test_constraints(label):
    method, constraints = SUM_AND_FIRST[label]
    start = {"p": np.full(3, 1 / 3)}

    def solved(a):
        fun = lambda x: np.sum((x["p"] - a) ** 2)  # noqa: E731
        return optimize.minimize(fun, start, (), method, constraints=constraints, tol=1e-8).x["p"]

    precision = 1e-3 if method == "trust-constr" else 1e-6  # that of its barriers
    np.testing.assert_allclose(solved(CENTRE), [0.2, 0.5, 0.3], atol=precision)
    moves = [[0, 0, 0], [0, 0.5, -0.5], [0, -0.5, 0.5]]
    np.testing.assert_allclose(fg.jacobian(solved)(CENTRE), moves, atol=1e-4)
    np.testing.assert_allclose(fg.jit(fg.jacfwd(solved))(CENTRE), moves, atol=1e-4)


def test_derivatives_in_bounds_and_constraints():
    """The nearest point of a circle, and of a box."""

    def nearest(a, radius):
        inside = {"type": "ineq", "fun": lambda x: radius**2 - np.sum(x**2)}
        fun = lambda x: np.sum((x - a) ** 2)  # noqa: E731
        return optimize.minimize(fun, 0.1 * a, constraints=inside, tol=1e-12).x

    projected = lambda a, radius: radius * a / np.sqrt(np.sum(a**2))  # noqa: E731
    a = np.array([3.0, 4.0])
    modes: Any = (fg.jacobian, fg.jacfwd, lambda f, i=0: fg.jit(fg.jacobian(f, i)))
    for i in (0, 1):
        for mode in modes:
            found, expected = mode(nearest, i)(a, 2.0), mode(projected, i)(a, 2.0)
            np.testing.assert_allclose(found, expected, atol=1e-5)
    second = fg.jacfwd(fg.jacrev(nearest, 0), 1)(a, 2.0)
    np.testing.assert_allclose(second, fg.jacobian(projected, 0)(a, 1.0), atol=1e-5)
    np.testing.assert_allclose(fg.jacobian(nearest, 0)(a, 7.0), np.eye(2), atol=1e-5)

    def in_box(upper):
        fun = lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2 + x[0] * x[1]  # noqa: E731
        return optimize.minimize(fun, np.zeros(2), bounds=(None, upper)).x

    for mode in modes:
        np.testing.assert_allclose(mode(in_box)(np.array([1.0, 5.0])), [[1, 0], [-0.5, 0]])


# --- inside of programs ---------------------------------------------------------------------------


@pytest.mark.parametrize("solve", [optimize.bfgs, optimize.lbfgs])
def test_methods_of_programs(solve):
    start = np.array([-1.2, 1.0, 0.5])
    for f in (lambda x: solve(rosenbrock, x), fg.jit(lambda x: solve(rosenbrock, x))):
        found = f(start)
        np.testing.assert_allclose(found.x, 1, atol=1e-4)
        assert found.success
        assert found.nfev == found.njev > found.nit
        np.testing.assert_allclose(found.jac, so.rosen_der(found.x), atol=1e-8)
    assert solve(rosenbrock, start, maxiter=3).nit == 3
    assert solve(rosenbrock, start, maxiter=3).status == 1
    assert not solve(rosenbrock, start, maxiter=0).success
    assert solve(rosenbrock, np.ones(3)).nit == 0
    starts = np.stack([start, start[::-1], np.zeros(3)])
    batch = fg.vmap(lambda x: solve(rosenbrock, x))(starts)
    singles = [solve(rosenbrock, x) for x in starts]
    np.testing.assert_array_equal(batch.nit, [s.nit for s in singles])
    np.testing.assert_allclose(batch.x, [s.x for s in singles], rtol=1e-9)


def test_the_inverse_hessian_of_a_quadratic_function():
    found = optimize.bfgs(lambda x: 0.5 * x @ QUADRATIC @ x - np.sum(x), np.zeros(3), gtol=1e-12)
    np.testing.assert_allclose(found.hess_inv, np.linalg.inv(QUADRATIC), atol=0.02)
    np.testing.assert_allclose(found.x, np.linalg.solve(QUADRATIC, np.ones(3)), rtol=1e-9)


def test_walls_and_steep_functions():
    wall = lambda x: np.sum(x - np.log(np.where(x > 0, x, np.nan)))  # noqa: E731
    steep = lambda x: np.sum(np.exp(x) - 3 * x)  # noqa: E731
    with np.errstate(over="ignore"):
        for solve in (optimize.bfgs, optimize.lbfgs):
            np.testing.assert_allclose(solve(wall, np.array([20.0, 0.1])).x, 1, atol=1e-4)
            np.testing.assert_allclose(solve(steep, np.array([-30.0])).x, np.log(3), atol=1e-4)
            unbounded = solve(lambda x: -np.sum(x), np.ones(2), maxiter=5)
            assert unbounded.status == 1


def test_minimize_has_the_form_of_jax():
    run = fg.jit(lambda x: optimize.minimize(rosenbrock, x, method="BFGS", tol=1e-6))
    found = run(np.array([-1.2, 1.0]))
    assert type(found) is optimize.OptimizeResults
    assert found._fields == (
        "x", "success", "status", "fun", "jac", "hess_inv", "nfev", "njev", "nit")  # fmt: skip
    np.testing.assert_allclose(found.x, 1, rtol=1e-5)
    name = "l-bfgs-experimental-do-not-rely-on-this"
    found = optimize.minimize(rosenbrock, np.zeros(2), method=name, options={"gtol": 1e-8})
    assert type(found) is optimize.OptimizeResults
    assert found.hess_inv is None


@pytest.mark.parametrize("method", ["Nelder-Mead", "L-BFGS-B", "trust-exact", "SLSQP", "BFGS"])
def test_methods_of_scipy_run_inside_of_programs(method):
    options = {"xrtol": 1e-9} if method == "BFGS" else {}  # not known to the one of this package
    solve = lambda a: optimize.minimize(loss, START, a, method, options=options)  # noqa: E731
    plain, staged = solve(SHIFT), fg.jit(solve)(SHIFT)
    assert staged.nit == plain.nit
    assert staged.success == plain.success
    np.testing.assert_allclose(staged.x["u"], plain.x["u"], rtol=1e-9)
    batch = fg.vmap(solve)(np.stack([SHIFT, 2 * SHIFT]))
    np.testing.assert_allclose(batch.x["u"][1], solve(2 * SHIFT).x["u"], rtol=1e-9)


MODES = {
    "grad": fg.grad,
    "jacfwd": fg.jacfwd,
    "jit of grad": lambda f: fg.jit(fg.grad(f)),
    "grad of jit": lambda f: fg.grad(fg.jit(f)),
    "hessian": fg.hessian,
    "reverse over reverse": lambda f: fg.jacrev(fg.grad(f)),
    "jit of hessian": lambda f: fg.jit(fg.hessian(f)),
    "batch of grad": lambda f: lambda a: fg.vmap(fg.grad(f))(np.stack([a, a / 2])),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("method", ["BFGS", "L-BFGS", "trust-exact", "SLSQP"])
def test_derivatives_of_the_minimiser(method, mode):
    transform = MODES[mode]
    given = {"method": method, "options": {"ftol": 1e-16}} if method == "SLSQP" else tight(method)

    def of_argument(a):
        return np.sum(np.sin(optimize.minimize(loss, START, a, **given).x["u"]))

    def of_closure(a):
        return np.sum(np.sin(optimize.minimize(lambda x: loss(x, a), START, **given).x["u"]))

    expected = transform(lambda a: np.sum(np.sin(exact(a))))(SHIFT)
    np.testing.assert_allclose(transform(of_argument)(SHIFT), expected, atol=1e-6)
    if mode in ("grad", "jit of grad", "hessian"):
        np.testing.assert_allclose(transform(of_closure)(SHIFT), expected, atol=1e-6)


def test_the_minimum_has_derivatives_and_the_start_has_none():
    """That of the minimum is the partial derivative; to second order the minimiser moves."""
    lowest = lambda a: optimize.minimize(loss, START, a, **tight("BFGS")).fun  # noqa: E731
    x = lambda a: {"u": exact(a), "v": np.sum(a * exact(a))}  # noqa: E731
    expected = lambda a: loss(x(a), a)  # noqa: E731
    np.testing.assert_allclose(fg.grad(lowest)(SHIFT), fg.grad(expected)(SHIFT), atol=1e-7)
    np.testing.assert_allclose(fg.hessian(lowest)(SHIFT), fg.hessian(expected)(SHIFT), atol=1e-7)
    for solve in (optimize.minimize, optimize.bfgs, optimize.lbfgs):
        slope = fg.grad(lambda s: solve(rosenbrock, s).x[0])(np.zeros(2))  # noqa: B023
        np.testing.assert_array_equal(slope, 0)


def test_many_unknowns_need_no_matrix():
    n = 401
    a = np.linspace(0.5, 1.5, n)

    def norm(a):
        fun = lambda x: np.sum(x**2) / 2 + np.sum(np.diff(x) ** 2) / 2 - a @ x  # noqa: E731
        return np.sum(optimize.lbfgs(fun, np.zeros(n), gtol=1e-7, ftol=0.0).x ** 2) / 2

    differences = np.diff(np.eye(n), axis=0)
    inverse = np.linalg.inv(np.eye(n) + differences.T @ differences)
    np.testing.assert_allclose(fg.grad(norm)(a), inverse @ inverse @ a, atol=1e-5)
    direction = np.cos(np.arange(n))
    second = fg.jvp(fg.grad(norm), (a,), (direction,))[1]
    np.testing.assert_allclose(second, inverse @ inverse @ direction, atol=1e-5)


# --- functions of one number ----------------------------------------------------------------------


def valley(x, a):
    return (x - a) ** 2 + np.exp(0.3 * x)


def bottom(a):
    x = a
    for _ in range(8):
        x = x - (2 * (x - a) + 0.3 * np.exp(0.3 * x)) / (2 + 0.09 * np.exp(0.3 * x))
    return x


@pytest.mark.parametrize("mode", [m for m in MODES if "reverse" not in m])
@pytest.mark.parametrize("given", [
    {}, {"method": "golden"}, {"bracket": (0.0, 2.0)},
    {"bounds": (-3.0, 4.0), "options": {"xatol": 1e-9}},
])  # fmt: skip
def test_minima_of_one_number(given, mode):
    transform = MODES[mode]
    found = transform(lambda a: np.sum(optimize.minimize_scalar(valley, args=a, **given).x))
    expected = transform(lambda a: np.sum(bottom(a)))
    np.testing.assert_allclose(found(np.float64(0.8)), expected(np.float64(0.8)), atol=1e-6)


def test_what_is_told_of_minima_of_one_number():
    found, theirs = optimize.minimize_scalar(valley, args=0.8), so.minimize_scalar(valley, args=0.8)
    assert (found.x, found.fun, found.nfev) == (theirs.x, theirs.fun, theirs.nfev)
    staged = fg.jit(lambda a: optimize.minimize_scalar(valley, args=a))(0.8)
    assert type(staged) is optimize.OptimizeResults
    assert (staged.x, staged.success, staged.nit) == (theirs.x, True, theirs.nit)
    lowest = lambda top: optimize.minimize_scalar(valley, bounds=(-3.0, top), args=0.8).x  # noqa: E731
    np.testing.assert_allclose(fg.grad(lowest)(0.1), 1)
    np.testing.assert_allclose(fg.grad(lowest)(3.0), 0)


# --- wrong calls ----------------------------------------------------------------------------------

FLAT = lambda x: np.sum(x) ** 2  # noqa: E731


def looks(x, a):
    return np.sum((x - a) ** 2) if x[0] > 0 else np.sum(a)


WRONG: dict[str, Any] = {
    "no scalar": (lambda: optimize.minimize(lambda x: x, TWO), TypeError,
                  r"<lambda> \(test_optimize.py:\d+\) must return a scalar, got f64\[2\]"),
    "complex": (lambda: optimize.bfgs(lambda x: 1j * np.sum(x), TWO), TypeError, "a real number"),
    "method": (lambda: optimize.minimize(FLAT, TWO, method="foo"), ValueError, "trust-ncg.*'foo'"),
    "function": (lambda: optimize.minimize(3, TWO), TypeError, "needs a function as fun, got 3"),
    "x0": (lambda: optimize.minimize(FLAT, {}), ValueError, "x0 has no arrays"),
    "bounds": (lambda: optimize.minimize(FLAT, TWO, bounds=3), TypeError, "pair .lower, upper."),
    "shape of bounds": (lambda: optimize.minimize(FLAT, TWO, bounds=(np.zeros(3), 1.0)),
                        ValueError, r"lower bounds of shape \(3,\) for unknowns of \(2,\)"),
    "structure of bounds": (lambda: optimize.minimize(loss, START, SHIFT, bounds=({"u": 0.0}, 1.0)),
                            ValueError, "lower bounds must be a number or have the structure"),
    "complex bounds": (lambda: optimize.minimize(FLAT, 1j * TWO, bounds=(0, 1)), TypeError,
                       "complex unknowns have no bounds"),
    "constraints": (lambda: optimize.minimize(FLAT, TWO, constraints=[3]), TypeError,
                    "a constraint must be a dict"),
    "type of constraint": (lambda: optimize.minimize(FLAT, TWO, constraints={"fun": FLAT}),
                           ValueError, "the 'type' 'eq' or 'ineq'"),
    "gradient": (lambda: optimize.minimize(FLAT, TWO, jac=lambda x: x[0]), ValueError,
                 r"what jac returns must have the shape \(2,\), got \(\)"),
    "pair": (lambda: optimize.minimize(FLAT, TWO, jac=True), TypeError, "a pair .value, gradient."),
    "closure": (lambda: fg.grad(lambda a: optimize.minimize(lambda x: looks(x, a), TWO).fun)(TWO),
                fg.errors.TracerError, "looks at values and closes over one that is traced"),
    "option": (lambda: optimize.minimize(FLAT, TWO, method="L-BFGS", options={"eps": 1}),
               TypeError, "has the options ftol, gtol, .* not 'eps'"),
    "gradient of L-BFGS": (lambda: optimize.minimize(FLAT, TWO, method="L-BFGS", jac=FLAT),
                           ValueError, "'l-bfgs' takes no jac"),
    "scalar method": (lambda: optimize.minimize_scalar(valley, method="x"), ValueError, "'golden'"),
    "no bounds": (lambda: optimize.minimize_scalar(valley, method="bounded"), ValueError, "bounds"),
    "bracket": (lambda: optimize.minimize_scalar(valley, bracket=(1.0,)), ValueError, "must be"),
    "maxiter": (lambda: optimize.bfgs(FLAT, TWO, maxiter=2.5), TypeError, "maxiter must be an int"),
    "maxcor": (lambda: optimize.lbfgs(FLAT, TWO, maxcor=0), ValueError, "maxcor must be positive"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call()


def test_errors_of_users_are_shown():
    def fails(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        optimize.minimize(fails, TWO)
