"""SciPy's methods of minimisation, which are given compiled functions of vectors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...arrays import scipy_optimize
from ...typing import Array, PyTree
from .constraints import for_scipy
from .explicit import Compiled, plain
from .problem import Operands, Problem
from .results import Parts
from .vectors import Vectors

WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")
WITH_HESSIAN = ("dogleg", "trust-exact")
WITH_PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")
METHODS = (
    "nelder-mead", "powell", "cg", "bfgs", "l-bfgs-b", "tnc", "cobyla", "cobyqa", "slsqp",
    "trust-constr", "newton-cg", "dogleg", "trust-ncg", "trust-krylov", "trust-exact",
)  # fmt: skip
SCHEMES = ("2-point", "3-point", "cs")


class Choices(NamedTuple):
    """What the caller of ``minimize`` chose.

    Attributes:
        method: a name in lower case, or a function, as SciPy takes it.
        jac: a scheme of finite differences, or anything else.
        hess: likewise, or a quasi-Newton strategy.
        tol: tolerance.
        callback: function that is called after each iteration.
        options: options of the method.
    """

    method: Any
    jac: Any
    hess: Any
    tol: float | None
    callback: Callable[..., Any] | None
    options: Mapping[str, Any] | None


class ScipyMinimizer:
    """Runs a method of SciPy's on a problem; what it compiles is kept for further runs."""

    def __init__(self, problem: Problem, choices: Choices) -> None:
        self.problem: Problem = problem
        self.choices: Choices = choices
        self.value: Compiled = Compiled(problem.value, problem.owner)
        self.both: Compiled = Compiled(problem.value_and_gradient, problem.owner)
        self.slope: Compiled = Compiled(problem.gradient, problem.owner)
        self.hessian: Compiled = Compiled(problem.hessian, problem.owner)
        self.product: Compiled = Compiled(problem.product, problem.owner)

    def __call__(self, start: Array, given: Operands) -> Any:
        """SciPy's result, whose x is a vector."""
        problem, choices = self.problem, self.choices
        seen: list[np.dtype] = []

        def value(v: Any) -> float:
            return number(self.value(given, inside(v)))

        def number(found: Any) -> float:
            if not seen:
                seen.append(np.result_type(found.dtype, np.float16))
            return float(found)

        def inside(v: Any) -> Any:
            return np.asarray(v, problem.vectors.dtype)

        def both(v: Any) -> tuple[float, Any]:
            found, slope = self.both(given, inside(v))
            return number(found), plain(slope)

        kwargs: dict[str, Any] = {"method": choices.method, "tol": choices.tol}
        if choices.options is not None:
            # The last one is an option of the method of this package.
            kwargs["options"] = {
                k: v for k, v in choices.options.items() if k != "line_search_maxiter"
            }
        if given.lower is not None:
            bounds = scipy_optimize().Bounds
            lower, upper = plain(given.lower), plain(given.upper)
            kwargs["bounds"] = bounds(lower, upper, problem.keep_feasible)
        if problem.constraints:
            kwargs["constraints"] = [
                for_scipy(c, held, problem.vectors, choices.method == "trust-constr")
                for c, held in zip(problem.constraints, given.constraints, strict=True)
            ]
        if choices.callback is not None:
            kwargs["callback"] = _callback(choices.callback, problem.vectors)
        fun: Callable[..., Any] = value
        if choices.jac in SCHEMES:
            kwargs["jac"] = choices.jac
        elif choices.method not in WITHOUT_GRADIENT:
            if problem.jac is None:
                fun, kwargs["jac"] = both, True
            else:
                kwargs["jac"] = lambda v: plain(self.slope(given, inside(v)))
        self._second(kwargs, given, inside)
        result = scipy_optimize().minimize(fun, plain(start), **kwargs)
        result.fun = (seen[0] if seen else np.dtype(float)).type(result.fun)
        return result

    def _second(self, kwargs: dict[str, Any], given: Operands, inside: Callable[..., Any]) -> None:
        """Second derivatives, of the kind that the method takes."""
        problem, method, hess = self.problem, self.choices.method, self.choices.hess

        def matrix(v: Any) -> Any:
            return plain(self.hessian(given, inside(v)))

        def product(v: Any, p: Any) -> Any:
            return plain(self.product(given, inside(v), inside(p)))

        if hess is not None and not callable(hess):
            kwargs["hess"] = hess
        elif method in WITH_HESSIAN:
            kwargs["hess"] = matrix
        elif method in WITH_PRODUCTS:
            if problem.hess is not None:
                kwargs["hess"] = matrix
            elif self.choices.jac not in SCHEMES or problem.hessp is not None:
                kwargs["hessp"] = product
        elif callable(method):
            kwargs["hess"], kwargs["hessp"] = matrix, product

    def arrays(self, result: Any, dtype: np.dtype) -> tuple[tuple[Array, Array], Parts]:
        """The arrays of a result, with the types that they have in every run."""
        method, real = self.choices.method, self.problem.vectors.dtype
        jac = gradient_of(result, self.problem.vectors.size)
        if method in WITHOUT_GRADIENT or callable(method):
            jac = None
        inverse = result.hess_inv if method == "bfgs" else None
        counts = {
            k: np.int64(result.get(k, 0)) for k in ("status", "nfev", "njev", "nit")
        }  # fmt: skip
        return (result.x.astype(real), dtype.type(result.fun)), {
            "success": np.bool_(result.success), **counts,
            "jac": None if jac is None else np.asarray(jac, real),
            "hess_inv": None if inverse is None else np.asarray(inverse, real),
        }  # fmt: skip

    def promised(self, dtype: np.dtype) -> tuple[tuple[Any, Any], Parts]:
        """Arrays of the same shapes and types as those."""
        method, size, real = (
            self.choices.method,
            self.problem.vectors.size,
            self.problem.vectors.dtype,
        )
        none = method in WITHOUT_GRADIENT or callable(method)
        count = np.int64(0)
        return (np.zeros(size, real), dtype.type(0)), {
            "success": np.False_, "status": count, "nfev": count, "njev": count, "nit": count,
            "jac": None if none else np.zeros(size, real),
            "hess_inv": np.zeros((size, size), real) if method == "bfgs" else None,
        }  # fmt: skip


def gradient_of(result: Any, size: int) -> Any:
    """The gradient in a result of SciPy's, or None."""
    found = result.get("grad", result.get("jac"))  # trust-constr has both
    if isinstance(found, list) or found is None or np.size(found) < size:
        return None
    return np.ravel(found)[:size]  # that of SLSQP had one element more


def told(result: Any, vectors: Vectors) -> Any:
    """A result of SciPy's with pytrees for vectors of the unknowns."""
    result.x = vectors.unravel(_typed(result.x, vectors))
    for key in ("jac", "grad", "lagrangian_grad"):
        found = result.get(key)
        if isinstance(found, np.ndarray) and vectors.size <= found.size <= vectors.size + 1:
            whole = _typed(np.ravel(found)[: vectors.size], vectors)
            result[key] = vectors.like_gradient(whole)
    if "allvecs" in result:
        result.allvecs = [vectors.unravel(_typed(v, vectors)) for v in result.allvecs]
    return result


def _typed(v: Any, vectors: Vectors) -> Any:
    return np.array(v, vectors.dtype)


def _callback(callback: Callable[..., Any], vectors: Vectors) -> Callable[..., Any]:
    """The user's callback, which is called with pytrees."""
    try:
        names = set(inspect.signature(callback).parameters)
    except (TypeError, ValueError):
        names = set()

    def of_result(intermediate_result: Any) -> Any:
        shown = intermediate_result
        if hasattr(shown, "x"):
            shown = told(type(shown)(shown), vectors)
        return callback(intermediate_result=shown)

    def of_vector(xk: PyTree, *state: Any) -> Any:
        return callback(vectors.unravel(_typed(xk, vectors)), *state)

    return of_result if names == {"intermediate_result"} else of_vector
