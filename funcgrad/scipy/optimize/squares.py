"""least_squares: SciPy's methods, or that of Levenberg and Marquardt inside of programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...api.grad import grad
from ...api.jacobians import jacrev
from ...api.pure_callback import pure_callback
from ...api.stop_gradient import stop_gradient
from ...arrays import scipy_optimize
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...ops.shape import cast
from ...typing import Array, PyTree
from .bounds import as_box
from .explicit import Compiled, is_traced, plain, refuse_gpu, run_loops
from .implicit import along, implicitly
from .kkt import minimiser_tangent
from .marquardt import Tolerances, levenberg_marquardt
from .problem import Operands, Problem
from .results import LeastSquaresResults, Parts
from .roots import Equations, Given, pose
from .scipy_methods import SCHEMES
from .vectors import as_start

PURE = "levenberg-marquardt"
METHODS = ("trf", "dogbox", "lm", PURE)
LOSSES: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}
"""What stands for the square z of a residual (scipy.optimize.least_squares)."""


@user_facing
def least_squares(
    fun: Callable[..., PyTree],
    x0: PyTree,
    jac: Any = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    ftol: float | None = 1e-8,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = 1.0,
    loss: str | Callable[..., Any] = "linear",
    f_scale: float = 1.0,
    diff_step: Any = None,
    tr_solver: str | None = None,
    tr_options: Mapping[str, Any] | None = None,
    jac_sparsity: Any = None,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """The minimum of a sum of squares of functions of a pytree, by SciPy's methods.

    They get the Jacobian of ``fun``, compiled if it can be staged. The minimiser and the cost have
    derivatives in ``args``, in bounds and in what ``fun`` closes over, in every mode and order:
    those of the normal equations, with the whole Hessian of the cost, not only the products of the
    Jacobian. They hold where that is positive definite, and as far as the method has converged.

    Args:
        fun: function ``fun(x, *args, **kwargs)`` that returns residuals, a pytree.
        x0: where to start: a pytree of arrays; a list of numbers is a vector. The minimiser has no
            derivative in it.
        jac: the Jacobian, a function that returns a matrix or what ``funcgrad.jacobian`` returns;
            or a scheme of finite differences, "2-point", "3-point" or "cs". By default ours.
        bounds: pair (lower, upper) of numbers or pytrees like x0, or ``scipy.optimize.Bounds``.
        method: "trf", "dogbox" or "lm" of SciPy, which run in a callback inside of ``jit`` and
            ``vmap``; or "levenberg-marquardt", which runs inside of programs, without bounds and
            with the linear loss. By default "trf", and inside of ``jit`` and ``vmap`` the other one
            where it can be.
        ftol: relative change of the cost that is small enough.
        xtol: relative length of a step that is small enough.
        gtol: largest element of the gradient that is small enough.
        x_scale: as in SciPy, for ``ravel_pytree`` of x.
        loss: "linear", "soft_l1", "huber", "cauchy" or "arctan", or a function, as in SciPy.
        f_scale: the residual at which one is an outlier, for these.
        diff_step: as in SciPy.
        tr_solver: as in SciPy.
        tr_options: as in SciPy.
        jac_sparsity: as in SciPy.
        max_nfev: the largest number of evaluations of the function.
        verbose: as in SciPy.
        args: further arguments, a tuple, or one that is no tuple.
        kwargs: further arguments by name.

    Returns:
        SciPy's OptimizeResult, in which ``x`` and ``grad`` are pytrees like x0, of its dtypes, and
        ``fun`` is like the result of the function. ``jac`` is a matrix, for ``ravel_pytree`` of
        both. Inside of ``jit`` and ``vmap``, and for "levenberg-marquardt", a LeastSquaresResults.

    Raises:
        ValueError: there is no such method or loss, or the method cannot do it.

    >>> x, y = np.arange(4.0), np.array([1.0, 3.0, 5.0, 7.5])
    >>> line = lambda p: p["slope"] * x + p["start"] - y
    >>> found = least_squares(line, {"slope": 0.0, "start": 0.0})
    >>> found.x["slope"].round(6), found.cost.round(6)
    (np.float64(2.15), np.float64(0.0375))
    """
    args = args if isinstance(args, tuple) else (args,)
    of_loss = _loss(loss)
    if kwargs:
        function, named = fun, dict(kwargs)
        fun = lambda *values: function(*values, **named)  # noqa: E731
    own_jac = jac if callable(jac) else None
    equations, first, given = pose(
        "least_squares", fun, as_start("least_squares", x0), args, own_jac
    )
    box = None if _unbounded(bounds) else as_box("least_squares", bounds, equations.unknowns, False)
    simple = box is None and loss == "linear"
    operands = Operands(
        given.fun, given.jac, [], [], None if box is None else box.lower,
        None if box is None else box.upper, [],
    )  # fmt: skip
    name = _method(method, simple, is_traced(first, operands))
    if name == PURE and not simple:
        raise ValueError(
            f"least_squares: the method {PURE!r} takes no bounds, and the linear loss only; take "
            '"trf" or "dogbox"'
        )
    problem = _cost_of(equations, of_loss, float(f_scale))
    chosen = {
        "method": name, "ftol": ftol, "xtol": xtol, "gtol": gtol, "x_scale": x_scale, "loss": loss,
        "f_scale": f_scale, "diff_step": diff_step, "tr_solver": tr_solver,
        "tr_options": tr_options, "jac_sparsity": jac_sparsity, "max_nfev": max_nfev,
        "verbose": verbose,
    }  # fmt: skip
    scheme = jac if isinstance(jac, str) and jac in SCHEMES else None
    scipy = _Scipy(equations, scheme, chosen)
    small = [-1.0 if t is None else t for t in (ftol, xtol, gtol)]
    most = 100 * equations.unknowns.size if max_nfev is None else max_nfev
    limits = Tolerances(small[0], small[1], small[2], most)
    result = None

    def search(v: Array, given: Operands) -> tuple[tuple[Array, Array], Parts]:
        nonlocal result
        own = Given(given.fun, given.jac)
        if name == PURE:
            residual = lambda v: equations.residual(own, v)  # noqa: E731
            v, parts = run_loops(levenberg_marquardt, residual, v, limits)
            return (v, parts["fun"] @ parts["fun"] / 2), parts
        if is_traced(v, given):
            run = lambda *a: scipy.arrays(scipy(*a))  # noqa: E731
            return pure_callback(run, scipy.promised(), v, given)  # type: ignore[no-any-return]
        refuse_gpu("least_squares", (v, given), f"use method={PURE!r}")
        result = scipy(v, given)
        return scipy.arrays(result)

    def tangent(found: Any, given: Operands, dots: Operands) -> Any:
        v, cost = found
        moved = minimiser_tangent(problem, v, given, dots)
        here = along(problem.value, v, given, dots)
        return moved, cast(here + grad(problem.value, 1)(given, v) @ moved, cost.dtype)

    (v, cost), aux = implicitly(search, tangent, first, operands)
    x = equations.unknowns.unravel(v)
    if result is None:
        aux = stop_gradient(aux)
        aux["fun"] = equations.values.unravel(aux["fun"])
        return LeastSquaresResults(x=x, cost=cost, **aux)
    result.x, result.cost = x, cost
    result.fun = equations.values.unravel(result.fun.astype(equations.values.dtype))
    result.grad = equations.unknowns.like_gradient(result.grad.astype(equations.unknowns.dtype))
    return result


def _unbounded(bounds: Any) -> bool:
    if bounds is None:
        return True
    return (
        isinstance(bounds, tuple)
        and len(bounds) == 2
        and all(isinstance(b, float) for b in bounds)
        and bounds == (-np.inf, np.inf)
    )


def _loss(loss: Any) -> Callable[[Any], Any]:
    """From the squares of scaled residuals to what is summed."""
    if callable(loss):
        rows: Callable[[Any], Any] = loss
        return lambda z: rows(z)[0]  # its derivatives are the rows that follow
    if loss not in LOSSES:
        known = ", ".join(map(repr, LOSSES))
        raise ValueError(
            f"least_squares: loss must be one of {known} or a function, got {describe(loss)}"
        )
    return LOSSES[loss]


def _method(method: Any, simple: bool, traced: bool) -> str:
    if method is None:
        return PURE if simple and traced else "trf"
    if method not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise ValueError(f"least_squares: method must be one of {known}; got {describe(method)}")
    return str(method)


def _cost_of(equations: Equations, of_loss: Callable[[Any], Any], scale: float) -> Problem:
    """The cost as a function to minimise."""

    def cost(given: list[Any], x: PyTree) -> Array:
        residuals = equations.residual(Given(given, []), equations.unknowns.ravel(x))
        return np.sum(of_loss((residuals / scale) ** 2)) * scale**2 / 2

    return Problem(
        "least_squares",
        equations.owner,
        equations.unknowns,
        cost,
        None,
        None,
        None,
        False,
        None,
        [],
    )


class _Scipy:
    """Runs a method of SciPy's; what it compiles is kept for further runs."""

    def __init__(self, equations: Equations, scheme: str | None, chosen: dict[str, Any]) -> None:
        self.equations = equations
        self.scheme = scheme
        self.chosen = chosen
        self.values = Compiled(equations.residual, equations.owner)
        self.slopes = Compiled(self._jacobian, equations.owner)

    def _jacobian(self, given: Given, v: Array) -> Array:
        equations = self.equations
        few = equations.jac is None and equations.values.size < equations.unknowns.size
        if few:
            return jacrev(equations.residual, 1)(given, v)
        return equations.jacobian(given, v)

    def __call__(self, start: Array, given: Operands) -> Any:
        """SciPy's result, of vectors."""
        dtype, own = self.equations.unknowns.dtype, Given(given.fun, given.jac)
        inside = lambda v: np.asarray(v, dtype)  # noqa: E731
        tolerances = ("ftol", "xtol", "gtol")  # which None switches off
        kwargs = {k: v for k, v in self.chosen.items() if v is not None or k in tolerances}
        if given.lower is not None:
            kwargs["bounds"] = (plain(given.lower), plain(given.upper))
        slopes = lambda v: plain(self.slopes(own, inside(v)))  # noqa: E731
        return scipy_optimize().least_squares(
            lambda v: plain(self.values(own, inside(v))),
            plain(start),
            jac=slopes if self.scheme is None else self.scheme,
            **kwargs,
        )

    def arrays(self, result: Any) -> tuple[tuple[Array, Array], Parts]:
        """The arrays of a result, with the types that they have in every run."""
        dtype = self.equations.unknowns.dtype
        return (result.x.astype(dtype), dtype.type(result.cost)), {
            "success": np.bool_(result.success),
            "status": np.int64(result.status),
            "fun": result.fun.astype(dtype),
            "nfev": np.int64(result.nfev),
        }

    def promised(self) -> tuple[tuple[Any, Any], Parts]:
        """Arrays of the same shapes and types as those."""
        equations = self.equations
        dtype = equations.unknowns.dtype
        return (np.zeros(equations.unknowns.size, dtype), dtype.type(0)), {
            "success": np.False_,
            "status": np.int64(0),
            "fun": np.zeros(equations.values.size, dtype),
            "nfev": np.int64(0),
        }
