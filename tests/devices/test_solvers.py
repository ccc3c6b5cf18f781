"""Solvers of equations and minima on a device; SciPy's own methods do not move arrays silently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from devices.placing import assert_same, upload

import funcgrad as fg
import funcgrad.numpy as fnp
from funcgrad.scipy import optimize
from funcgrad.scipy.sparse import linalg

MATRIX, RIGHT = np.array([[4.0, 1.0], [0.5, 3.0]]), np.array([1.0, 2.0])
NEWTON, MARQUARDT = "newton", "levenberg-marquardt"

SOLVED: dict[str, Any] = {
    "bfgs": lambda a, b: optimize.bfgs(lambda x: x @ a @ x - fnp.sum(b * x), 0 * b).x,
    "lbfgs": lambda a, b: optimize.lbfgs(lambda x: x @ a @ x - fnp.sum(b * x), 0 * b).x,
    "newton": lambda a, b: optimize.root(lambda x: x**3 + a @ x - b, 0 * b, method=NEWTON).x,
    "marquardt": lambda a, b: optimize.least_squares(
        lambda x: a @ x - b, 0 * b, method=MARQUARDT).x,
    "fixed_point": lambda a, b: optimize.fixed_point(lambda x: fnp.cos(x * b), 0.5 + 0 * b),
    "anderson": lambda a, b: optimize.fixed_point(
        lambda x: fnp.cos(x * b), 0.5 + 0 * b, method="anderson"),
    "cg": lambda a, b: linalg.cg(a + a.T, b, tol=1e-12)[0],
    "bicgstab": lambda a, b: linalg.bicgstab(a, b, tol=1e-12)[0],
    "gmres": lambda a, b: linalg.gmres(a, b, tol=1e-12)[0],
    "gmres incremental": lambda a, b: linalg.gmres(
        a, b, tol=1e-12, solve_method="incremental")[0],
}  # fmt: skip


@pytest.mark.parametrize("name", SOLVED)
def test_solutions_and_derivatives(xp: Any, name: str) -> None:
    solve = SOLVED[name]
    there = upload(xp, MATRIX), upload(xp, RIGHT)
    slope = fg.grad(lambda a, b: fnp.sum(fnp.sin(solve(a, b))), (0, 1))
    for f in (solve, fg.jit(solve), slope, fg.jit(slope)):
        assert_same(f(*there), f(MATRIX, RIGHT), 1e-6)


def test_methods_of_scipy_refuse_arrays_of_a_device(xp: Any) -> None:
    x = upload(xp, RIGHT)
    square = lambda x: fnp.sum(x**2)  # noqa: E731
    calls: list[Any] = [
        lambda: optimize.minimize(square, x), lambda: optimize.root(fnp.sin, x),
        lambda: optimize.least_squares(fnp.sin, x), lambda: optimize.newton(fnp.sin, x),
        lambda: optimize.nnls(upload(xp, MATRIX), x),
        lambda: optimize.linear_sum_assignment(upload(xp, MATRIX)),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(TypeError, match="SciPy works on the host, and got arrays of a GPU"):
            call()
