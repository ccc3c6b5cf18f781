"""Equations solved by functions of users: derivatives are those of the equation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import funcgrad as fg
from funcgrad import lax

A = np.array([[4.0, 1.0, 0.5], [0.2, 3.0, 0.7], [0.1, 0.3, 5.0]])
B = np.array([1.0, 2.0, -3.0])


def solved(a, b):
    """Functions that solve see the matrix as a constant: only its product has derivatives."""
    fixed = fg.stop_gradient(a)
    return lax.custom_linear_solve(
        lambda x: a @ x,
        b,
        lambda _, y: np.linalg.solve(fixed, y),
        lambda _, y: np.linalg.solve(fixed.T, y),
    )


def conjugate_gradients(matvec, b):
    def step(_, state):
        x, r, p = state
        moved = matvec(p)
        size = np.dot(r, r) / np.dot(p, moved)
        rest = r - size * moved
        return x + size * p, rest, rest + np.dot(rest, rest) / np.dot(r, r) * p

    return lax.fori_loop(0, 3, step, (0 * b, b, b))[0]


def symmetric(a, b):
    return lax.custom_linear_solve(
        lambda x: (a @ x + x @ a) / 2, b, conjugate_gradients, symmetric=True
    )


SYSTEMS = {
    "general": (solved, np.linalg.solve),
    "symmetric": (symmetric, lambda a, b: np.linalg.solve((a + np.swapaxes(a, 0, 1)) / 2, b)),
}


def loss(solve):
    return lambda a, b: np.sum(np.sin(solve(a, b)))


ROWS = (np.stack([A, A + np.eye(3)]), np.stack([B, 2 * B]))
MODES = {
    "value": lambda f: f,
    "grad": lambda f: fg.grad(loss(f), (0, 1)),
    "grad in jit": lambda f: fg.jit(fg.grad(loss(f), (0, 1))),
    "jit in grad": lambda f: fg.grad(loss(fg.jit(f)), (0, 1)),
    "jvp": lambda f: lambda a, b: fg.jvp(f, (a, b), (a * 0.1, np.cos(b))),
    "jacfwd": lambda f: fg.jacfwd(f, (0, 1)),
    "hessian": lambda f: fg.hessian(loss(f), (0, 1)),
    "vmap": lambda f: lambda a, b: fg.vmap(fg.grad(loss(f), (0, 1)))(*ROWS),
    "vmap of right-hand sides": lambda f: lambda a, b: fg.vmap(f, (None, 0))(a, ROWS[1]),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_linear_system_has_the_derivatives_of_solve(system, mode):
    solve, reference = SYSTEMS[system]
    found, expected = MODES[mode](solve)(A, B), MODES[mode](reference)(A, B)
    for x, y in zip(fg.tree.leaves(found), fg.tree.leaves(expected), strict=True):
        assert_allclose(x, y, rtol=1e-8, atol=1e-12)


def test_the_solver_is_not_differentiated():
    def rounding(matvec, b):
        return np.round(np.linalg.solve(A, b), 12)

    def f(b):
        return lax.custom_linear_solve(lambda x: A @ x, b, rounding, lambda _, y: y * 0 + 7)

    assert_allclose(fg.grad(lambda b: np.sum(f(b)))(B), [7, 7, 7])
    assert_allclose(fg.jvp(f, (B,), (B,))[1], np.linalg.solve(A, B), rtol=1e-10)


def test_pytrees_and_aux():
    def f(b):
        return lax.custom_linear_solve(
            lambda x: {"u": 2 * x["u"], "v": 4 * x["v"]},
            b,
            lambda _, y: ({"u": y["u"] / 2, "v": y["v"] / 4}, {"steps": 3}),
            symmetric=True,
            has_aux=True,
        )

    b = {"u": B, "v": np.float64(8.0)}
    x, aux = f(b)
    assert_allclose(x["u"], B / 2)
    assert x["v"] == 2
    assert aux == {"steps": 3}
    grads = fg.grad(lambda b: np.sum(f(b)[0]["u"]) * f(b)[0]["v"])(b)
    assert_allclose(grads["u"], [1, 1, 1])


def test_what_is_missing_or_wrong_is_said():
    def f(b):
        return lax.custom_linear_solve(lambda x: A @ x, b, lambda _, y: np.linalg.solve(A, y))

    assert_allclose(fg.jvp(f, (B,), (B,))[1], np.linalg.solve(A, B))
    with pytest.raises(fg.errors.DifferentiationError, match="transpose_solve"):
        fg.grad(lambda b: np.sum(f(b)))(B)
    with pytest.raises(fg.errors.TreeError, match="matvec takes"):
        lax.custom_linear_solve(lambda x: (x, x), B, lambda _, y: y)
    with pytest.raises(TypeError, match="right-hand side of floats"):
        lax.custom_linear_solve(lambda x: x, np.arange(3), lambda _, y: y)


# --- roots ---------------------------------------------------------------------------------------


def newton(f, x):
    return lax.while_loop(
        lambda x: np.max(np.abs(f(x))) > 1e-13, lambda x: x - f(x) / fg.grad(f)(x), x
    )


def cube_root(a):
    return lax.custom_root(lambda x: x**3 - a, 1.0, newton, lambda g, y: y / g(1.0))


ROOTS = {
    "value": (lambda f: f, 2.0),
    "grad": (fg.grad, 1 / 12),
    "jit of grad": (lambda f: fg.jit(fg.grad(f)), 1 / 12),
    "grad of jit": (lambda f: fg.grad(fg.jit(f)), 1 / 12),
    "jvp": (lambda f: lambda a: fg.jvp(f, (a,), (1.0,))[1], 1 / 12),
    "second": (lambda f: fg.grad(fg.grad(f)), -1 / 144),
    "second in jit": (lambda f: fg.jit(fg.grad(fg.grad(f))), -1 / 144),
}


@pytest.mark.parametrize("mode", ROOTS)
def test_a_root_has_implicit_derivatives(mode):
    transform, expected = ROOTS[mode]
    assert_allclose(transform(cube_root)(8.0), expected, rtol=1e-10)


def test_roots_in_batches():
    a = np.array([1.0, 8.0, 27.0])
    assert_allclose(fg.vmap(cube_root)(a), np.cbrt(a))
    assert_allclose(fg.vmap(fg.grad(cube_root))(a), np.cbrt(a) ** -2 / 3)


def test_a_root_of_several_equations():
    def root(p):
        def f(x):
            return {"s": x["s"] + x["t"] - p, "t": x["s"] * x["t"] - 2.0}

        def solve(f, x):
            q = np.sqrt(p * p / 4 - 2.0)
            return {"s": p / 2 + q, "t": p / 2 - q}, "closed form"

        def tangent_solve(g, y):
            e = [{"s": 1.0, "t": 0.0}, {"s": 0.0, "t": 1.0}]
            columns = [g(v) for v in e]
            matrix = np.stack([np.stack([c["s"], c["t"]]) for c in columns], axis=1)
            x = np.linalg.solve(matrix, np.stack([y["s"], y["t"]]))
            return {"s": x[0], "t": x[1]}

        return lax.custom_root(f, {"s": 1.0, "t": 1.0}, lambda f, x: (solve(f, x)[0], 5),
                               tangent_solve, has_aux=True)  # fmt: skip

    found, aux = root(3.0)
    assert (found["s"], found["t"], aux) == (2.0, 1.0, 5)
    # s = p / 2 + sqrt(p * p / 4 - 2)
    assert_allclose(fg.grad(lambda p: root(p)[0]["s"])(3.0), 0.5 + 0.75 / 0.5)


def test_the_guess_has_no_derivative():
    f = lambda x0: lax.custom_root(lambda x: x**3 - 8.0, x0, newton, lambda g, y: y / g(1.0))  # noqa: E731
    assert fg.grad(f)(1.5) == 0
    with pytest.raises(fg.errors.TreeError, match="custom_root: f takes"):
        lax.custom_root(lambda x: (x, x), 1.0, newton, lambda g, y: y)
