"""Programs that solve equations inside of a program, with derivatives of the solution."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as onp

from . import Library, Workload


def _module(lib: Library, name: str) -> Any:
    """A module of SciPy's names in a library."""
    return importlib.import_module(f"{lib.fg.__name__}.scipy.{name}")


def ode_adjoint(lib: Library) -> Any:
    """The gradient of a loss along a path of a small neural equation, by its adjoint."""
    np = lib.np
    if lib.np is onp:
        odeint = _module(lib, "integrate").odeint
    else:
        odeint = importlib.import_module(f"{lib.fg.__name__}.experimental.ode").odeint
    rng = onp.random.default_rng(0)
    params = {
        "w": 0.5 * rng.normal(size=(8, 32)), "b": onp.zeros(32),
        "v": 0.2 * rng.normal(size=(32, 8)),
    }  # fmt: skip
    start, times = rng.normal(size=8), onp.linspace(0.0, 2.0, 11)
    target = onp.sin(times)[:, None] * onp.ones(8)

    def slope(y: Any, t: Any, p: Any) -> Any:
        return np.tanh(y @ p["w"] + p["b"]) @ p["v"] - 0.1 * y

    def loss(p: Any, start: Any, times: Any, target: Any) -> Any:
        path = odeint(slope, start, times, p, rtol=1e-6, atol=1e-6)
        return np.mean((path - target) ** 2)

    return lib.fg.value_and_grad(loss, (0, 1)), (params, start, times, target)


def cg_implicit(lib: Library) -> Any:
    """The gradient of a loss of the solution of 400 equations, by conjugate gradients."""
    np = lib.np
    cg = _module(lib, "sparse.linalg").cg
    rng = onp.random.default_rng(0)
    n = 400
    a = rng.normal(size=(n, n))
    matrix, d, b = a @ a.T / n, 0.5 + rng.random(n), rng.normal(size=n)

    def loss(d: Any, b: Any, matrix: Any) -> Any:
        x, _ = cg(lambda x: matrix @ x + d * x, b, tol=1e-8)
        return np.sum(np.sin(x))

    return lib.fg.value_and_grad(loss, (0, 1)), (d, b, matrix)


def _rosenbrock(np: Any, x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def bfgs(lib: Library) -> Any:
    """The minimum of Rosenbrock's function of 10 unknowns, by BFGS.

    It starts where both find it: JAX's search for a step gives up elsewhere.
    """
    np = lib.np
    minimize = _module(lib, "optimize").minimize

    def run(x: Any) -> Any:
        found = minimize(lambda x: _rosenbrock(np, x), x, method="BFGS")
        return found.x

    return run, (onp.linspace(0.5, 1.5, 10),)


def bfgs_of_regression(lib: Library) -> Any:
    """The weights of a logistic regression of 500 examples in 30 features, by BFGS."""
    np = lib.np
    minimize = _module(lib, "optimize").minimize
    rng = onp.random.default_rng(0)
    x = rng.normal(size=(500, 30))
    y = (x @ rng.normal(size=30) + rng.normal(size=500) > 0) * 1.0

    def run(start: Any, x: Any, y: Any) -> Any:
        def loss(w: Any) -> Any:
            z = x @ w
            return np.mean(np.logaddexp(0.0, z) - y * z) + 1e-2 * np.sum(w**2)

        return minimize(loss, start, method="BFGS").x

    return run, (onp.zeros(30), x, y)


WORKLOADS = {
    "odeint, gradient by the adjoint": Workload(ode_adjoint, 1.0),
    "cg of 400 unknowns, implicit gradient": Workload(cg_implicit, 1.0),
    "minimize by BFGS, 10 unknowns": Workload(bfgs, 1.0),
    "minimize by BFGS, logistic regression": Workload(bfgs_of_regression, 1.0),
}
