"""minimize_scalar: minima of functions of one number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...api.pure_callback import pure_callback
from ...api.staging import eval_shape
from ...api.stop_gradient import stop_gradient
from ...arrays import scipy_optimize
from ...core.arguments import check_function
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...lax.bodies import as_carried
from ...numpy.protocol import as_operand, inexact
from ...typing import Array, ArrayLike
from .explicit import Compiled, is_traced, refuse_gpu
from .minimizing import found_by
from .problem import Operands, pose
from .results import OptimizeResults, Parts

METHODS = ("brent", "bounded", "golden")


@user_facing
def minimize_scalar(
    fun: Callable[..., Any],
    bracket: Sequence[ArrayLike] | None = None,
    bounds: Sequence[ArrayLike] | None = None,
    args: Any = (),
    method: str | None = None,
    tol: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """A minimum of a function of one number, by SciPy's methods.

    The minimiser and the minimum have derivatives in ``args``, in bounds and in what ``fun`` closes
    over, in every mode and order, as those of ``minimize``. Inside of ``jit`` and ``vmap`` SciPy's
    function runs in a callback.

    Args:
        fun: function ``fun(x, *args)`` of a scalar that returns a scalar.
        bracket: two or three numbers, near which the search starts.
        bounds: pair of numbers between which the minimum is looked for.
        args: further arguments, a tuple, or one that is no tuple.
        method: "brent", "golden" or, with bounds, "bounded".
        tol: tolerance.
        options: options of the method.

    Returns:
        SciPy's OptimizeResult. Inside of ``jit`` and ``vmap`` an OptimizeResults without ``jac``.

    Raises:
        ValueError: there is no such method, or it lacks bounds.

    >>> from funcgrad import grad
    >>> best = lambda a: minimize_scalar(lambda x, a: (x - a) ** 2 + x, args=a).x
    >>> best(1.0).round(6), grad(best)(1.0).round(6)
    (np.float64(0.5), np.float64(1.0))
    """
    check_function(fun, "minimize_scalar", "fun")
    args = args if isinstance(args, tuple) else (args,)
    name = method.lower() if isinstance(method, str) else method
    name = name or ("brent" if bounds is None else "bounded")
    if name not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise ValueError(f"minimize_scalar: method must be one of {known}; got {describe(method)}")
    if (name == "bounded") != (bounds is not None):
        raise ValueError(f"minimize_scalar: bounds go with the method 'bounded', not {name!r}")
    for what, given in (("bounds", bounds), ("bracket", bracket)):
        if given is not None and not 2 <= len(given) <= (3 if what == "bracket" else 2):
            raise ValueError(f"minimize_scalar: {what} must be two numbers, got {describe(given)}")
    near: Any = bounds if bounds is not None else (0.0, 1.0) if bracket is None else bracket
    near = np.stack([inexact(as_carried(as_operand(x))) for x in near])
    sides = None if bounds is None else (near[0], near[1])
    problem, _, operands = pose("minimize_scalar", fun, near[0], args, bounds=sides)
    value = Compiled(problem.value, problem.owner)
    real = near.dtype
    chosen: dict[str, Any] = {"method": name, "tol": tol, "options": dict(options or {})}
    result = None

    def run(near: Any, given: Operands) -> Any:
        places = tuple(float(x) for x in near)
        own = {"bounds": places} if name == "bounded" else {} if bracket is None else {
            "bracket": places}  # fmt: skip
        function = lambda x: float(value(given, np.full(1, x, real)))  # noqa: E731
        return scipy_optimize().minimize_scalar(function, **own, **chosen)

    def arrays(found: Any, dtype: np.dtype) -> tuple[tuple[Array, Array], Parts]:
        x: Any = np.full(1, found.x, real)
        counts = {k: np.int64(found.get(k, 0)) for k in ("status", "nfev", "nit")}
        return (x, dtype.type(found.fun)), {"success": np.bool_(found.success), **counts}

    def search(near: Array, given: Operands) -> tuple[tuple[Array, Array], Parts]:
        nonlocal result
        if is_traced(near, given):
            dtype = eval_shape(problem.value, given, near[:1]).dtype
            none = np.int64(0)
            promised = (np.zeros(1, real), dtype.type(0)), {
                "success": np.False_, "status": none, "nfev": none, "nit": none,
            }  # fmt: skip
            return pure_callback(lambda *a: arrays(run(*a), dtype), promised, near, given)  # type: ignore[no-any-return]
        refuse_gpu("minimize_scalar", (near, given), "use optimize.bfgs")
        result = run(near, given)
        return arrays(result, real)

    (v, lowest), aux = found_by(problem, search, near, operands)
    x = problem.vectors.unravel(v)
    if result is not None:
        result.x, result.fun = x, lowest
        return result
    aux = stop_gradient(aux)
    return OptimizeResults(x=x, fun=lowest, jac=None, hess_inv=None, njev=0 * aux["nfev"], **aux)
