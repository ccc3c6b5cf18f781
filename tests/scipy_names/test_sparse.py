"""Iterative solvers: the equations hold, derivatives are those of a direct solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

import funcgrad as fg
from funcgrad.scipy.sparse import linalg

_rng = np.random.default_rng(0)
N = 6
_B = _rng.standard_normal((N, N))
POSITIVE, GENERAL = _B @ _B.T + N * np.eye(N), _B + 5 * np.eye(N)
RIGHT = _rng.standard_normal(N)
SKEW = 0.3j * (_B - _B.T)
JACOBI = {id(a): np.diag(1 / np.diag(a)) for a in (POSITIVE, GENERAL)}

SOLVERS: dict[str, Any] = {
    "cg": (linalg.cg, POSITIVE, {}),
    "bicgstab": (linalg.bicgstab, GENERAL, {}),
    "gmres": (linalg.gmres, GENERAL, {}),
    "gmres incremental": (linalg.gmres, GENERAL, {"solve_method": "incremental"}),
    "gmres restarted": (linalg.gmres, GENERAL, {"restart": 3}),
    "gmres incremental restarted": (
        linalg.gmres, GENERAL, {"restart": 3, "solve_method": "incremental"}),
}  # fmt: skip
MODES = {
    "grad": lambda f: fg.grad(f, (0, 1)),
    "jit of grad": lambda f: fg.jit(fg.grad(f, (0, 1))),
    "jacfwd": lambda f: fg.jacfwd(f, (0, 1)),
    "hessian": lambda f: fg.hessian(f, 1),
    "grad of grad": lambda f: fg.grad(lambda a, b: np.sum(fg.grad(f, 0)(a, b) ** 2), 1),
}


@pytest.fixture(params=SOLVERS)
def solver(request):
    """A solver with tight tolerances, and a matrix for it."""
    fun, matrix, options = SOLVERS[request.param]
    return (lambda a, b, **more: fun(a, b, **{"tol": 1e-12, **options, **more})), matrix


def close(found, expected, tol=1e-9):
    found, expected = fg.tree.leaves(found), fg.tree.leaves(expected)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=tol, atol=tol)


@pytest.mark.parametrize("imaginary", [0, SKEW])
def test_the_equation_holds(solver, imaginary):
    solve, matrix = solver
    matrix = matrix + imaginary
    b = RIGHT if np.isrealobj(matrix) else RIGHT + 1j * RIGHT[::-1]
    elements, function = scipy.sparse.csr_array(matrix), lambda x: matrix @ x
    inverse = np.diag(1 / np.diag(matrix))
    for a, m in ((matrix, None), (elements, inverse), (function, lambda x: x / np.diag(matrix))):
        x, info = solve(a, b, M=m)
        np.testing.assert_allclose(matrix @ x, b, rtol=1e-9)
        assert (info, x.dtype) == (0, matrix.dtype)


@pytest.mark.parametrize("mode", MODES)
def test_derivatives(solver, mode):
    solve, matrix = solver
    found = MODES[mode](lambda a, b: np.sum(np.sin(solve(lambda x: a @ x, b)[0])))(matrix, RIGHT)
    direct = MODES[mode](lambda a, b: np.sum(np.sin(np.linalg.solve(a, b))))(matrix, RIGHT)
    close(found, direct)


def test_derivatives_of_complex_systems(solver):
    solve, matrix = solver
    matrix, b = matrix + SKEW, RIGHT + 1j * RIGHT[::-1]
    precondition = np.diag(1 / (np.diag(matrix) + 0.2j))
    of_solver = lambda a, b: np.sum(abs(solve(a, b, M=precondition)[0] - 1j) ** 2)  # noqa: E731
    directly = lambda a, b: np.sum(abs(np.linalg.solve(a, b) - 1j) ** 2)  # noqa: E731
    close(fg.grad(of_solver, (0, 1))(matrix, b), fg.grad(directly, (0, 1))(matrix, b))


def test_batches(solver):
    solve, matrix = solver
    scales = np.array([1.0, 2.0, 0.7])
    operators = fg.vmap(lambda s: solve(lambda x: s * (matrix @ x), RIGHT)[0])
    right = fg.vmap(lambda b: solve(matrix, b)[0])
    close(operators(scales), np.stack([np.linalg.solve(s * matrix, RIGHT) for s in scales]))
    close(fg.jit(right)(POSITIVE), np.linalg.solve(matrix, POSITIVE.T).T)
    slopes = fg.vmap(fg.grad(lambda s: np.sum(solve(lambda x: s * (matrix @ x), RIGHT)[0])))(scales)
    close(slopes, -np.sum(np.linalg.solve(matrix, RIGHT)) / scales**2)


def test_pytrees(solver):
    solve, matrix = solver
    b = {"a": RIGHT[:4].reshape(2, 2), "b": (RIGHT[4], RIGHT[5:].astype(np.float32))}
    vector, unravel = fg.ravel_pytree(b)
    x, _ = solve(lambda x: unravel(matrix @ fg.ravel_pytree(x)[0]), b, tol=1e-6)
    assert fg.tree.structure(x) == fg.tree.structure(b)
    assert [p.shape for p in fg.tree.leaves(x)] == [(2, 2), (), (1,)]
    np.testing.assert_allclose(matrix @ fg.ravel_pytree(x)[0], vector, rtol=1e-4, atol=1e-5)


def test_types(solver):
    solve, matrix = solver
    x, _ = solve(matrix.astype(np.float32), RIGHT.astype(np.float32), tol=1e-5)
    assert x.dtype == np.float32
    np.testing.assert_allclose(matrix @ x, RIGHT, rtol=1e-3, atol=1e-4)
    ones = np.ones(N, int)
    np.testing.assert_allclose(matrix @ solve(matrix, ones)[0], ones, rtol=1e-9)
    imaginary = (matrix + SKEW).tolist()
    np.testing.assert_allclose(imaginary @ solve(imaginary, ones)[0], ones, rtol=1e-9)


def test_a_start_is_used_and_has_no_derivative(solver):
    solve, matrix = solver
    exact = np.linalg.solve(matrix, RIGHT)
    assert solve(matrix, RIGHT, x0=exact, tol=1e-6, maxiter=0) [1] == 0  # fmt: skip
    assert solve(matrix, RIGHT, maxiter=0)[1] > 0
    slope = fg.grad(lambda s: np.sum(solve(matrix, RIGHT, x0=s)[0]))(RIGHT)
    np.testing.assert_array_equal(slope, 0)


def test_zeros_need_no_step(solver):
    solve, matrix = solver
    x, info = fg.jit(lambda b: solve(matrix, b))(0 * RIGHT)
    np.testing.assert_array_equal(x, 0)
    assert info == 0


def test_steps_are_those_of_scipy():
    for ours, theirs, matrix in (
        (linalg.cg, scipy.sparse.linalg.cg, POSITIVE),
        (linalg.bicgstab, scipy.sparse.linalg.bicgstab, GENERAL),
    ):
        for steps in (1, 2, 3):
            found = ours(matrix, RIGHT, maxiter=steps, M=JACOBI[id(matrix)])[0]
            expected = theirs(matrix, RIGHT, maxiter=steps, M=JACOBI[id(matrix)])[0]
            np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("way", ["batched", "incremental"])
def test_minimal_residuals(way):
    """The solution after one space has the least residual of all in that space."""
    size = 3
    x, info = linalg.gmres(GENERAL, RIGHT, restart=size, maxiter=1, solve_method=way, tol=1e-12)
    space = np.stack([np.linalg.matrix_power(GENERAL, k) @ RIGHT for k in range(size)], axis=1)
    best = space @ np.linalg.lstsq(GENERAL @ space, RIGHT, rcond=None)[0]
    np.testing.assert_allclose(x, best, rtol=1e-8)
    assert info == 1
    invariant = np.array([1.0, 0, 0, 0, 0, 0])  # the space has one dimension only
    x, info = linalg.gmres(np.diag(np.arange(2.0, 8.0)), invariant, solve_method=way)
    np.testing.assert_allclose(x, invariant / 2)
    assert info == 0


def test_breakdown_has_a_negative_number():
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert linalg.bicgstab(turn, np.array([1.0, 0.0]))[1] < 0


TREE = {"a": RIGHT}
WRONG = {
    "not a matrix": (lambda f: f(3.0, RIGHT), TypeError, "A must be a square matrix or a function"),
    "shape": (lambda f: f(np.ones((2, 3)), RIGHT), ValueError, r"matrix, got shape \(2, 3\)"),
    "structure": (lambda f: f(lambda x: x["a"], TREE), ValueError, "structure of b"),
    "result": (lambda f: f(lambda x: x[:2], RIGHT), ValueError, "the shapes of b"),
    "x0": (lambda f: f(POSITIVE, RIGHT, (RIGHT,)), ValueError, "x0 must have the structure"),
    "x0's shape": (lambda f: f(POSITIVE, RIGHT, RIGHT[:2]), ValueError, "x0 must have the shapes"),
    "maxiter": (lambda f: f(POSITIVE, RIGHT, maxiter=2.5), TypeError, "maxiter must be an int"),
    "negative": (lambda f: f(POSITIVE, RIGHT, maxiter=-1), ValueError, "not be negative, got -1"),
    "M": (lambda f: f(POSITIVE, RIGHT, M=np.ones((2, 3))), ValueError, "M must be a square"),
    "sparse": (lambda f: f(scipy.sparse.csr_array(np.ones((2, 3))), RIGHT), ValueError, "square"),
    "b": (lambda f: f(POSITIVE, "abc"), TypeError, "b and x0"),
}  # fmt: skip


@pytest.mark.parametrize("label", WRONG)
@pytest.mark.parametrize("fun", [linalg.cg, linalg.bicgstab, linalg.gmres])
def test_wrong_calls(fun, label):
    call, kind, words = WRONG[label]
    with pytest.raises(kind, match=words):
        call(fun)


def test_wrong_calls_of_gmres():
    with pytest.raises(ValueError, match="solve_method must be one of 'batched', 'incremental'"):
        linalg.gmres(GENERAL, RIGHT, solve_method="whole")
    with pytest.raises(ValueError, match="restart must be positive, got 0"):
        linalg.gmres(GENERAL, RIGHT, restart=0)
