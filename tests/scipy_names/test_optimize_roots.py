"""Roots and fixed points: the equations hold, and derivatives are those of closed forms."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so

import funcgrad as fg
from funcgrad.scipy import optimize

LEVELS = np.array([2.0, 3.0])
START = {"p": np.array([1.0, 1.2]), "q": 0.5}


def system(x, a):
    """Three equations, of a pytree."""
    return {"p": x["p"] ** 3 + x["q"] - a, "q": x["q"] * np.exp(x["q"]) - np.sum(x["p"])}


def exact(a):
    """The root of these, by steps that derivatives go through."""
    v = np.array([1.0, 1.2, 0.5])

    def flat(v):
        out = system({"p": v[:2], "q": v[2]}, a)
        return np.append(out["p"], out["q"])

    for _ in range(10):
        v = v - np.linalg.solve(fg.jacfwd(flat)(v), flat(v))
    return v


def largest(whole):
    return max(np.max(abs(x)) for x in fg.tree.leaves(whole))


METHODS = ["hybr", "lm", "broyden1", "broyden2", "anderson", "krylov", "df-sane", "newton", None]


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_solve_a_system_of_pytrees(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optimize.root(system, START, LEVELS, method, tol=1e-9)
    assert found.success
    assert largest(system(found.x, LEVELS)) < 1e-7
    assert fg.tree.structure(found.fun) == fg.tree.structure(START)
    np.testing.assert_allclose(found.x["p"], exact(LEVELS)[:2], rtol=1e-6)


def test_the_jacobian_is_used():
    """MINPACK evaluates the function as often as with an exact Jacobian."""
    fun = lambda x: np.stack([x[0] * np.cos(x[1]) - 4, x[0] * x[1] - x[1] - 5])  # noqa: E731
    jac = lambda x: np.array([[np.cos(x[1]), -x[0] * np.sin(x[1])], [x[1], x[0] - 1]])  # noqa: E731
    expected = so.root(fun, np.ones(2), jac=jac)
    both = lambda x: (fun(x), jac(x))  # noqa: E731
    for f, given in ((fun, None), (fun, jac), (both, True), (fun, lambda x: list(jac(x)))):
        found = optimize.root(f, [1, 1], jac=given)
        assert found.nfev == expected.nfev
        np.testing.assert_allclose(found.x, expected.x, rtol=1e-9)
    plain = optimize.root(lambda x: [math.cos(x[0]), x[1] - math.sin(x[0])], [1, 1], jac=False)
    np.testing.assert_allclose(plain.x, [np.pi / 2, 1], rtol=1e-7)
    lists = optimize.root(lambda x: [x[0] - 1, x[1] * x[0] - 2], [0.5, 0.5], method="newton")
    np.testing.assert_allclose(lists.x, [1, 2])


MODES = {
    "jacobian": fg.jacobian,
    "jacfwd": fg.jacfwd,
    "jit of jacobian": lambda f: fg.jit(fg.jacobian(f)),
    "second": lambda f: fg.jacfwd(fg.jacrev(f)),
    "jit of second": lambda f: fg.jit(fg.jacrev(fg.jacrev(f))),
    "batch": lambda f: lambda a: fg.vmap(fg.jacobian(f))(np.stack([a, 1.1 * a])),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("method", [None, "hybr", "krylov", "newton"])
def test_derivatives_of_roots(method, mode):
    transform = MODES[mode]

    def ours(a):
        x = optimize.root(lambda x: system(x, a), START, method=method, tol=1e-11).x
        return np.append(x["p"], x["q"])

    found, expected = transform(ours)(LEVELS), transform(exact)(LEVELS)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_methods_of_scipy_run_inside_of_programs():
    solve = lambda a: optimize.root(system, START, a, "hybr")  # noqa: E731
    plain, staged = solve(LEVELS), fg.jit(solve)(LEVELS)
    assert type(staged) is optimize.EquationResults
    assert (staged.success, staged.nfev) == (plain.success, plain.nfev)
    np.testing.assert_allclose(staged.x["p"], plain.x["p"])


def test_newton_inside_of_programs():
    found = fg.jit(lambda a: optimize.root(system, START, a))(LEVELS)
    assert (found.success, found.status) == (True, 0)
    batch = fg.vmap(lambda a: optimize.root(system, START, a))(np.stack([LEVELS, 2 * LEVELS]))
    np.testing.assert_allclose(batch.x["p"][1], exact(2 * LEVELS)[:2])
    # Whole steps would run away: they must be shortened.
    far = optimize.root(np.arctan, np.array([20.0]), method="newton")
    np.testing.assert_allclose(far.x, 0, atol=1e-12)
    assert far.nfev > far.nit + 1
    none = optimize.root(lambda x: x**2 + 1, np.array([0.7]), method="newton")
    assert not none.success
    late = optimize.root(system, START, LEVELS, "newton", options={"maxiter": 1})
    assert (late.success, late.status, late.nit) == (False, 1, 1)
    start = fg.tree.map(np.float32, START)
    single = optimize.root(system, start, LEVELS.astype(np.float32), "newton")
    assert single.success
    assert single.x["p"].dtype == np.float32


def test_roots_of_complex_functions():
    for method in ("hybr", "newton"):
        found = optimize.root(lambda z: z**3 - 1, np.array([-0.4 + 0.9j]), method=method)
        np.testing.assert_allclose(found.x, np.exp(2j * np.pi / 3), rtol=1e-8)


def test_callbacks_get_pytrees():
    seen: list[Any] = []
    optimize.root(system, START, LEVELS, "krylov", callback=lambda x, f: seen.append((x, f)))
    assert all(set(x) == set(f) == {"p", "q"} for x, f in seen)
    assert seen


# --- fixed points ---------------------------------------------------------------------------------

POINTS = ["del2", "iteration", "anderson"]


@pytest.mark.parametrize("method", POINTS)
@pytest.mark.parametrize("mode", MODES)
def test_fixed_points(method, mode):
    """Kepler's equation, whose solution has a simple derivative."""
    start = {"e": np.zeros(2)}

    def anomaly(a):
        kepler = lambda x: {"e": a + 0.3 * np.sin(x["e"])}  # noqa: E731
        return optimize.fixed_point(kepler, start, xtol=1e-12, method=method)["e"]

    def by_newton(a):
        e = a
        for _ in range(8):
            e = e - (e - a - 0.3 * np.sin(e)) / (1 - 0.3 * np.cos(e))
        return e

    a = np.array([0.9, 2.0])
    np.testing.assert_allclose(anomaly(a), a + 0.3 * np.sin(anomaly(a)), rtol=1e-10)
    transform = MODES[mode]
    np.testing.assert_allclose(transform(anomaly)(a), transform(by_newton)(a), atol=1e-9)


@pytest.mark.parametrize("method", ["del2", "iteration"])
def test_fixed_points_are_those_of_scipy(method):
    fun = lambda x, c1, c2: np.sqrt(c1 / (x + c2))  # noqa: E731
    args = (np.array([10.0, 12.0]), np.array([3.0, 5.0]))
    found = optimize.fixed_point(fun, [1.2, 1.3], args, method=method)
    np.testing.assert_allclose(found, so.fixed_point(fun, [1.2, 1.3], args, method=method))


def test_acceleration_needs_fewer_evaluations():
    matrix = np.diag([0.9, 0.5, -0.7]) + 0.05
    solve = lambda steps, method: optimize.fixed_point(  # noqa: E731
        lambda x: matrix @ x + 1, np.zeros(3), maxiter=steps, method=method)  # fmt: skip
    expected = np.linalg.solve(np.eye(3) - matrix, np.ones(3))
    np.testing.assert_allclose(solve(12, "anderson"), expected)
    with pytest.raises(RuntimeError):
        solve(60, "iteration")


def test_fixed_points_that_there_are_not():
    with pytest.raises(RuntimeError, match=r"test_optimize_roots.py:\d+.* has no fixed point"):
        optimize.fixed_point(lambda x: x + 1, 1.0, method="iteration", maxiter=20)
    grows = lambda x, a: a * x + 1  # noqa: E731
    solve = lambda a: optimize.fixed_point(grows, 0.0, a, maxiter=60, method="iteration")  # noqa: E731
    np.testing.assert_allclose(fg.vmap(solve)(np.array([0.5, 3.0])), [2, np.nan])


def test_functions_that_look_at_values():
    def halves(x, a):
        return np.cos(x * a) if x[0] > 0 else 0 * x

    a = np.array([0.9, 0.7])
    points = lambda a: optimize.fixed_point(halves, np.full(2, 0.4), a, 1e-12)  # noqa: E731
    x = points(a)
    np.testing.assert_allclose(x, np.cos(a * x), rtol=1e-9)
    slopes = -np.sin(a * x) * x / (1 + np.sin(a * x) * a)
    np.testing.assert_allclose(fg.jacobian(points)(a), np.diag(slopes), rtol=1e-8)
    for method in ("hybr", "newton"):
        roots = optimize.root(lambda x: x - halves(x, a), np.full(2, 0.4), method=method)
        np.testing.assert_allclose(roots.x, x, rtol=1e-8)


# --- functions of one number ----------------------------------------------------------------------


def bent(x, a):
    return np.exp(a * x) - 2 - x**3 / 5


def crossing(a):
    x = 1.0
    for _ in range(8):
        x = x - bent(x, a) / (a * np.exp(a * x) - 0.6 * x**2)
    return x


SCALAR = {
    "bisect": lambda a: optimize.bisect(bent, 0.0, 2.0, a),
    "brentq": lambda a: optimize.brentq(bent, 0.0, 2.0, a),
    "newton": lambda a: optimize.newton(bent, 1.0, args=a),
    "halley": lambda a: optimize.newton(
        bent, 1.0, args=a, fprime=lambda x, a: a * np.exp(a * x) - 0.6 * x**2,
        fprime2=lambda x, a: a**2 * np.exp(a * x) - 1.2 * x),
    "root_scalar": lambda a: optimize.root_scalar(
        lambda x: bent(x, a), bracket=(0.0, 2.0)).root,
    "root_scalar by halley": lambda a: optimize.root_scalar(bent, a, "halley", x0=1.0).root,
    "root_scalar by bisect": lambda a: optimize.root_scalar(
        bent, a, "bisect", (0, 2), xtol=1e-12).root,
}  # fmt: skip
KNOWN = {
    "secant": lambda a: optimize.newton(bent, 1.0, args=a, x1=1.1),
    "root_scalar by ridder": lambda a: optimize.root_scalar(bent, a, "ridder", (0.0, 2.0)).root,
    "toms748": lambda a: optimize.root_scalar(bent, a, "toms748", (0.0, 2.0)).root,
    "secant of root_scalar": lambda a: optimize.root_scalar(bent, a, x0=1.0, x1=1.1).root,
}
SCALAR_MODES = {
    "value": lambda f: f,
    "grad": fg.grad,
    "second": lambda f: fg.grad(fg.grad(f)),
    "forward": fg.jacfwd,
    "jit": fg.jit,
    "jit of second": lambda f: fg.jit(fg.grad(fg.grad(f))),
    "batch": lambda f: lambda a: fg.vmap(f)(np.array([a, 1.1])),
    "batch of grad": lambda f: lambda a: fg.jit(fg.vmap(fg.grad(f)))(np.array([a, 1.1])),
}


@pytest.mark.parametrize("mode", SCALAR_MODES)
@pytest.mark.parametrize("label", SCALAR)
def test_roots_of_one_number(label, mode):
    transform = SCALAR_MODES[mode]
    found = transform(SCALAR[label])(0.8)
    np.testing.assert_allclose(found, transform(crossing)(0.8), rtol=1e-8)


@pytest.mark.parametrize("mode", ["value", "grad", "second", "forward"])
@pytest.mark.parametrize("label", KNOWN)
def test_other_methods_where_values_are_known(label, mode):
    transform = SCALAR_MODES[mode]
    found = transform(KNOWN[label])(0.8)
    np.testing.assert_allclose(found, transform(crossing)(0.8), rtol=1e-8)
    if mode == "value":
        with pytest.raises(fg.errors.TracerError, match="known"):
            fg.jit(KNOWN[label])(0.8)


@pytest.mark.parametrize("solve", [optimize.bisect, optimize.brentq])
def test_brackets_inside_of_programs(solve):
    cases = [
        (lambda x: x**3 - 2 * x - 5, 2, 3, 2.0945514815423265), (np.cos, 3, 0, np.pi / 2),
        (lambda x: (x - 1) ** 7, -10, 7, 1),  (lambda x: 1e-12 * (x - 2), 0, 1e6, 2),
        (lambda x: np.sign(x - 0.3) * abs(x - 0.3) ** 0.2, 0, 1, 0.3),
        (lambda x: x, 0, 1, 0), (lambda x: x - 1, 0, 1, 1), (np.tan, -0.3, 1.2, 0),
    ]  # fmt: skip
    options = {"maxiter": 1000, "full_output": True}
    theirs = getattr(so, solve.__name__)
    for f, a, b, expected in cases:
        found, how = fg.jit(lambda a, b, f=f: solve(f, a, b, **options))(float(a), float(b))
        steps = theirs(f, a, b, **options)[1].iterations
        if f(a) * f(b):  # SciPy does not set it at the ends
            assert abs(how.iterations - steps) <= 1
        # Where the function is flat, its root is as wide.
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-2 if a == -10 else 1e-9)
        assert how.converged
    assert np.isnan(fg.jit(lambda a: solve(np.cos, a, 1.0))(0.0))


def test_brent_is_faster_than_halves():
    find = lambda s: fg.jit(lambda a: s(bent, 0.0, 2.0, a, full_output=True)[1].iterations)  # noqa: E731
    assert find(optimize.brentq)(0.8) < 15 < find(optimize.bisect)(0.8)


def test_newton_of_arrays():
    cubes = lambda a: optimize.newton(lambda x, a: x**3 - a, np.ones(3), args=a)  # noqa: E731
    a = np.array([1.0, 8.0, 30.0])
    for f in (cubes, fg.jit(cubes)):
        np.testing.assert_allclose(f(a), np.cbrt(a))
    slopes = np.diag(np.cbrt(a) / (3 * a))
    np.testing.assert_allclose(fg.jacobian(cubes)(a), slopes)
    np.testing.assert_allclose(fg.jit(fg.jacfwd(cubes))(a), slopes)


def test_what_is_told_of_roots():
    x, how = optimize.brentq(bent, 0.0, 2.0, 0.8, full_output=True)
    theirs = so.brentq(bent, 0.0, 2.0, 0.8, full_output=True)[1]
    assert type(how) is type(theirs)
    assert (how.root, how.iterations, how.converged) == (x, theirs.iterations, True)
    staged = fg.jit(lambda a: optimize.root_scalar(bent, a, x0=1.0))(0.8)
    assert type(staged) is optimize.RootResults
    np.testing.assert_allclose(staged.root, x)
    single = optimize.brentq(lambda x: x**2 - 2, np.float32(0), np.float32(2), rtol=1e-6, xtol=1e-6)
    assert single.dtype == np.float32
    failed = optimize.root_scalar(lambda x: x**2 + 1, x0=0.4, maxiter=5)
    assert not failed.converged
    assert np.isnan(fg.jit(lambda a: optimize.newton(lambda x: x**2 + a, 0.4))(1.0))


# --- wrong calls ----------------------------------------------------------------------------------

WRONG: dict[str, Any] = {
    "number of equations": (lambda: optimize.root(lambda x: x[:1], np.ones(2)), ValueError,
                            r"<lambda> .*returns 1 numbers for 2 unknowns"),
    "method": (lambda: optimize.root(system, START, LEVELS, "foo"), ValueError, "'?newton.*'foo'"),
    "pair": (lambda: optimize.root(lambda x: x, np.ones(2), jac=True), TypeError, "return a pair"),
    "option": (lambda: optimize.root(np.sin, np.ones(2), method="newton", options={"eps": 1}),
               TypeError, "maxiter and xtol, not 'eps'"),
    "steps": (lambda: optimize.root(np.sin, 1.0, method="newton", options={"maxiter": 1.5}),
                        TypeError, "maxiter must be an int"),
    "function": (lambda: optimize.root(3, np.ones(2)), TypeError, "needs a function"),
    "structure": (lambda: optimize.fixed_point(lambda x: {"a": x}, 1.0), ValueError, "structure"),
    "shape": (lambda: optimize.fixed_point(lambda x: x[:1], np.ones(2)), ValueError,
              r"must have the shape \(2,\)"),
    "way": (lambda: optimize.fixed_point(np.cos, 1.0, method="x"), ValueError, "'anderson'"),
    "maxiter": (lambda: optimize.fixed_point(np.cos, 1.0, maxiter=1.5), TypeError, "maxiter"),
    "signs": (lambda: optimize.brentq(np.exp, 0.0, 1.0), ValueError,
              "different signs at the ends of the bracket, got 1 at 0 and 2.71828 at 1"),
    "scalars": (lambda: optimize.bisect(np.sin, np.ones(2), 4.0), ValueError, "must be scalars"),
    "iterations": (lambda: optimize.newton(lambda x: x**2 + 1, 0.4), RuntimeError, "50 iterations"),
    "too few": (lambda: optimize.brentq(np.cos, 0.0, 3.0, maxiter=2), RuntimeError, "no root"),
    "complex": (lambda: optimize.newton(np.sin, 1j), TypeError, "x0 must be real"),
    "bracket": (lambda: optimize.root_scalar(np.sin, method="brentq"), ValueError, "a bracket"),
    "no start": (lambda: optimize.root_scalar(np.sin), ValueError, "needs x0"),
    "scalar method": (lambda: optimize.root_scalar(np.sin, method="foo"), ValueError, "'foo'"),
    "count": (lambda: optimize.bisect(np.cos, 0.0, 3.0, maxiter=2.5), TypeError, "maxiter"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
def test_wrong_calls(label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call()
