"""minimize, and the methods that run inside of programs: bfgs and lbfgs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...api.grad import grad
from ...api.pure_callback import pure_callback
from ...api.staging import eval_shape
from ...api.stop_gradient import stop_gradient
from ...core.arguments import check_function, is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...core.tracing import aval_of
from ...ops.shape import cast
from ...typing import Array, PyTree
from .explicit import is_traced, refuse_gpu, run_loops
from .implicit import along, implicitly
from .kkt import minimiser_tangent
from .problem import Operands, Problem, pose
from .quasi_newton import Limits, bfgs_vector, lbfgs_vector
from .results import OptimizeResults, Parts
from .scipy_methods import METHODS, Choices, ScipyMinimizer, told
from .vectors import as_start

Fun = Callable[..., Any]
Pure = Callable[[Callable[[Array], tuple[Array, Array]], Array], tuple[Array, Array, Parts]]
"""A method that runs inside of programs, on a function of a vector."""

LBFGS = ("l-bfgs", "l-bfgs-experimental-do-not-rely-on-this")
"""The method of this package, by its name and by that of JAX."""


@user_facing
def minimize(
    fun: Fun,
    x0: PyTree,
    args: Any = (),
    method: str | Callable[..., Any] | None = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Callable[..., PyTree] | None = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """A minimum of a function of a pytree, by SciPy's methods with derivatives of ours.

    Methods get the derivatives that they use, compiled if the function can be staged: gradients,
    products with the Hessian (Newton-CG, trust-ncg, trust-krylov, trust-constr), or the Hessian
    (dogleg, trust-exact). The minimiser and the minimum have derivatives in ``args``, in bounds and
    in what functions close over, in every mode and order: those of the equations of a stationary
    point (with the active constraints), whatever the method does. They hold where the Hessian is
    positive definite there, and as far as the method has converged.

    Args:
        fun: function ``fun(x, *args)`` that returns a scalar.
        x0: where to start: a pytree of arrays; a list of numbers is a vector. The minimiser has no
            derivative in it.
        args: further arguments, a tuple, or one that is no tuple.
        method: name of one of SciPy's methods, or a function like them; by default BFGS, L-BFGS-B
            with bounds or SLSQP with constraints. Inside of ``jit`` and ``vmap``, BFGS is
            ``bfgs``; other methods run in a callback. "L-BFGS" is ``lbfgs`` everywhere.
        jac: the gradient, a function that returns a pytree like x0; True if ``fun`` returns
            (value, gradient); or a scheme of finite differences, "2-point", "3-point" or "cs". By
            default that of ``grad``.
        hess: the Hessian, a function that returns a matrix or what ``funcgrad.hessian`` returns; or
            one of SciPy's strategies.
        hessp: its products, a function ``hessp(x, p, *args)``.
        bounds: pair (lower, upper) of numbers, None or pytrees like x0; pairs of numbers for all
            elements of a vector; or ``scipy.optimize.Bounds``.
        constraints: one or several, as in SciPy, whose functions take a pytree like x0. The columns
            of matrices belong to ``ravel_pytree`` of x0.
        tol: tolerance, which sets some of the options.
        callback: called after each iteration as by SciPy, with pytrees like x0.
        options: options of the method.

    Returns:
        SciPy's OptimizeResult, in which ``x`` and ``jac`` are pytrees like x0, of its dtypes.
        Inside of ``jit`` and ``vmap``, and for "L-BFGS", an OptimizeResults.

    Raises:
        TypeError: the function returns no real scalar, or arrays are on a GPU, for SciPy's methods.
        ValueError: there is no such method.

    >>> loss = lambda p, a: np.sum((p["w"] - a) ** 2) + p["b"] ** 4
    >>> found = minimize(loss, {"w": np.zeros(2), "b": 0.0}, np.array([1.0, 3.0]))
    >>> found.x["w"].round(4)
    array([1., 3.])
    """
    name = _method(method, bounds, constraints)
    args = args if isinstance(args, tuple) else (args,)
    if name in LBFGS:
        _refuse_for_pure(name, jac, hess, hessp, bounds, constraints, callback)
        settings = _with_tol(options, tol)
        _check_options(name, settings, lbfgs)
        return _solved_inside("minimize", fun, x0, args, _lbfgs_of("minimize", **settings))
    start = as_start("minimize", x0)
    problem, first, operands = pose(
        "minimize", fun, start, args, jac, hess, hessp, bounds, constraints or ()
    )
    choices = Choices(name, jac, hess, tol, callback, options)
    simple = all(x is None for x in (bounds, jac, hess, hessp, callback)) and not constraints
    settings = _with_tol(options, tol)
    pure: Pure | None = None
    if name == "bfgs" and simple and not set(settings) - _options_of(bfgs):
        pure = _bfgs_of("minimize", **settings)
    result = None
    scipy = ScipyMinimizer(problem, choices)

    def search(v: Array, given: Operands) -> tuple[tuple[Array, Array], Parts]:
        nonlocal result
        if is_traced(v, given):
            if pure is not None:
                return _inside(problem, pure)(v, given)
            return _called_back(scipy, v, given)
        refuse_gpu("minimize", (v, given), "use optimize.bfgs or optimize.lbfgs")
        result = scipy(v, given)
        return scipy.arrays(result, result.fun.dtype)

    (v, value), aux = found_by(problem, search, first, operands)
    if result is None:
        return _as_results(problem, v, value, aux)
    told(result, problem.vectors)
    if is_traced(v):
        result.x, result.fun = problem.vectors.unravel(v), value
    return result


def _method(method: Any, bounds: Any, constraints: Any) -> Any:
    """The name of a method in lower case, or a function."""
    if method is None:
        none = constraints is None or (isinstance(constraints, Sequence) and not constraints)
        return "slsqp" if not none else "bfgs" if bounds is None else "l-bfgs-b"
    if callable(method):
        return method
    name = method.lower() if isinstance(method, str) else method
    if name not in (*METHODS, *LBFGS):
        known = ", ".join((*METHODS, LBFGS[0]))
        raise ValueError(f"minimize: method must be one of {known}; got {describe(method)}")
    return name


def _refuse_for_pure(name: str, *given: Any) -> None:
    if any(g is not None and g != () for g in given):
        raise ValueError(
            f"minimize: the method {name!r} takes no jac, hess, hessp, bounds, constraints or "
            "callback; take one of SciPy's methods"
        )


def _options_of(method: Callable[..., Any]) -> set[str]:
    parameters = inspect.signature(method).parameters.values()
    return {p.name for p in parameters if p.kind == p.KEYWORD_ONLY}


def _check_options(name: str, settings: Mapping[str, Any], method: Callable[..., Any]) -> None:
    known = _options_of(method)
    unknown = ", ".join(map(repr, sorted(set(settings) - known)))
    if unknown:
        listed = ", ".join(sorted(known))
        raise TypeError(f"minimize: the method {name!r} has the options {listed}, not {unknown}")


def _with_tol(options: Mapping[str, Any] | None, tol: float | None) -> dict[str, Any]:
    chosen = dict(options or {})
    if tol is not None:
        chosen.setdefault("gtol", tol)
    return {k: v for k, v in chosen.items() if k != "disp"}


def found_by(
    problem: Problem, search: Any, first: Array, operands: Operands
) -> tuple[tuple[Array, Array], Parts]:
    """What a search finds, with derivatives."""

    def tangent(found: Any, given: Operands, dots: Operands) -> Any:
        v, value = found
        moved = minimiser_tangent(problem, v, given, dots)
        here = along(problem.value, v, given, dots)
        slope = grad(problem.value, 1)(given, v)  # zero without constraints
        return moved, cast(here + slope @ moved, value.dtype)

    return implicitly(search, tangent, first, operands)


def _inside(problem: Problem, pure: Pure) -> Any:
    """A search by a method that runs inside of programs."""

    def search(v: Array, given: Operands) -> tuple[tuple[Array, Array], Parts]:
        def objective(x: Array) -> tuple[Array, Array]:
            value, slope = problem.value_and_gradient(given, x)
            return value, cast(slope, v.dtype)

        x, value, parts = run_loops(pure, objective, v)
        return (x, value), parts

    return search


def _called_back(
    scipy: ScipyMinimizer, v: Array, given: Operands
) -> tuple[tuple[Array, Array], Parts]:
    """A search by SciPy, when the program runs."""
    dtype = eval_shape(scipy.problem.value, given, v).dtype
    dtype = np.result_type(dtype, np.float16)

    def run(v: Array, given: Operands) -> Any:
        return scipy.arrays(scipy(v, given), dtype)

    return pure_callback(run, scipy.promised(dtype), v, given)


def _as_results(problem: Problem, v: Array, value: Array, aux: Parts) -> OptimizeResults:
    jac = aux["jac"]
    aux = {k: stop_gradient(x) for k, x in aux.items() if k != "jac"}
    slope = None if jac is None else problem.vectors.like_gradient(stop_gradient(jac))
    return OptimizeResults(x=problem.vectors.unravel(v), fun=value, jac=slope, **aux)


def _solved_inside(name: str, fun: Fun, x0: PyTree, args: Any, pure: Pure) -> OptimizeResults:
    check_function(fun, name, "fun")
    start = as_start(name, x0)
    args = args if isinstance(args, tuple) else (args,)
    problem, first, operands = pose(name, fun, start, args)
    (v, value), aux = found_by(problem, _inside(problem, pure), first, operands)
    return _as_results(problem, v, value, aux)


@user_facing
def bfgs(
    fun: Fun,
    x0: PyTree,
    args: Any = (),
    *,
    maxiter: int | None = None,
    norm: float = np.inf,
    gtol: float = 1e-5,
    line_search_maxiter: int = 20,
) -> OptimizeResults:
    """A minimum of a function of a pytree, by the method of Broyden, Fletcher, Goldfarb and Shanno.

    It runs inside of ``jit``, ``vmap`` and derivatives, and on a GPU. (Nocedal and Wright,
    "Numerical Optimization", 2006, algorithm 6.1, with steps that satisfy the strong Wolfe
    conditions.) The minimiser has derivatives in ``args`` and in what ``fun`` closes over: those of
    the equation that the gradient is zero.

    Args:
        fun: function ``fun(x, *args)`` that returns a scalar, and can be staged.
        x0: where to start: a pytree of arrays; a list of numbers is a vector.
        args: further arguments, a tuple, or one that is no tuple.
        maxiter: the largest number of iterations; 200 times the number of unknowns by default.
        norm: order of the norm of the gradient.
        gtol: the norm that is small enough.
        line_search_maxiter: the largest number of evaluations in the search for a step.

    Returns:
        An OptimizeResults, whose status is 0 (converged), 1 (too many iterations) or 5 (no step).

    >>> found = bfgs(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, np.zeros(2))
    >>> found.x.round(4), found.success
    (array([1., 1.]), np.True_)
    """
    pure = _bfgs_of("bfgs", maxiter, norm, gtol, line_search_maxiter)
    return _solved_inside("bfgs", fun, x0, args, pure)


@user_facing
def lbfgs(
    fun: Fun,
    x0: PyTree,
    args: Any = (),
    *,
    maxiter: int | None = None,
    norm: float = np.inf,
    maxcor: int = 10,
    ftol: float = 2.220446049250313e-09,
    gtol: float = 1e-05,
    maxfun: int | None = None,
    maxgrad: int | None = None,
    maxls: int = 20,
) -> OptimizeResults:
    """A minimum of a function of a pytree, by BFGS with limited memory.

    Like ``bfgs``, but for many unknowns: of the Hessian it keeps what the last steps tell. (Nocedal
    and Wright, "Numerical Optimization", 2006, algorithm 7.5.)

    Args:
        fun: function ``fun(x, *args)`` that returns a scalar, and can be staged.
        x0: where to start: a pytree of arrays; a list of numbers is a vector.
        args: further arguments, a tuple, or one that is no tuple.
        maxiter: the largest number of iterations; 200 times the number of unknowns by default.
        norm: order of the norm of the gradient.
        maxcor: the number of steps that are kept.
        ftol: relative decrease of the value that is small enough.
        gtol: the norm of the gradient that is small enough.
        maxfun: the largest number of evaluations of the function, or None.
        maxgrad: likewise of its gradient; both are evaluated together.
        maxls: the largest number of evaluations in the search for a step.

    Returns:
        An OptimizeResults without ``hess_inv``, whose status is 0 (converged), 1 (too many
        iterations), 2 or 3 (too many evaluations), 4 (the value hardly changes, which is a success)
        or 5 (no step).

    >>> lbfgs(lambda x: np.sum((x - np.arange(3.0)) ** 4 + x**2), np.ones(3)).x.round(4)
    array([0.    , 0.4102, 1.1649])
    """
    pure = _lbfgs_of("lbfgs", maxiter, norm, maxcor, ftol, gtol, maxfun, maxgrad, maxls)
    return _solved_inside("lbfgs", fun, x0, args, pure)


def _bfgs_of(
    name: str,
    maxiter: int | None = None,
    norm: float = np.inf,
    gtol: float = 1e-5,
    line_search_maxiter: int = 20,
) -> Pure:
    counts = {"maxiter": maxiter, "line_search_maxiter": line_search_maxiter}
    _check_counts(name, counts)

    def pure(objective: Any, v: Array) -> tuple[Array, Array, Parts]:
        most = 200 * aval_of(v).size if maxiter is None else maxiter
        limits = Limits(most, norm, gtol, None, np.inf, np.inf, line_search_maxiter)
        return bfgs_vector(objective, v, limits)

    return pure


def _lbfgs_of(
    name: str,
    maxiter: int | None = None,
    norm: float = np.inf,
    maxcor: int = 10,
    ftol: float = 2.220446049250313e-09,
    gtol: float = 1e-05,
    maxfun: int | None = None,
    maxgrad: int | None = None,
    maxls: int = 20,
) -> Pure:
    counts = {
        "maxiter": maxiter, "maxcor": maxcor, "maxfun": maxfun, "maxgrad": maxgrad, "maxls": maxls,
    }  # fmt: skip
    _check_counts(name, counts)

    def pure(objective: Any, v: Array) -> tuple[Array, Array, Parts]:
        bounded = maxiter is None and maxfun is None and maxgrad is None
        most = 200 * aval_of(v).size if bounded else _or_none(maxiter)
        evaluations = _or_none(maxfun), _or_none(maxgrad)
        limits = Limits(most, norm, gtol, ftol, *evaluations, maxls)
        return lbfgs_vector(objective, v, limits, maxcor)

    return pure


def _or_none(count: int | None) -> float:
    return np.inf if count is None else count


def _check_counts(name: str, counts: Mapping[str, Any]) -> None:
    for what, count in counts.items():
        if count is None:
            continue
        if not is_integer(count):
            raise TypeError(f"{name}: {what} must be an int, got {describe(count)}")
        if count < 0 or (count == 0 and what != "maxiter"):
            raise ValueError(f"{name}: {what} must be positive, got {count}")
