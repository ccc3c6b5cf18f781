"""What solvers that run inside of programs return."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...typing import Array, PyTree


class OptimizeResults(NamedTuple):
    """A minimum, with the fields of ``jax.scipy.optimize.OptimizeResults``.

    Attributes:
        x: the minimiser, a pytree like x0, which has derivatives.
        success: whether the method reached it.
        status: 0 if so; else a number of the method: 1 stands for too many iterations, and 5 for a
            direction in which no step was found that decreases the function.
        fun: the value of the function there, which has derivatives.
        jac: the gradient there, a pytree like x0, or None where the method has none.
        hess_inv: estimate of the inverse of the Hessian, a matrix for ``ravel_pytree`` of x, or
            None.
        nfev: number of evaluations of the function.
        njev: number of evaluations of its gradient.
        nit: number of iterations.
    """

    x: PyTree
    success: Array
    status: Array
    fun: Array
    jac: PyTree | None
    hess_inv: Array | None
    nfev: Array
    njev: Array
    nit: Array


class EquationResults(NamedTuple):
    """A root, as solvers inside of programs find it.

    Attributes:
        x: the root, a pytree like x0, which has derivatives.
        success: whether the method reached it.
        status: 0 if so.
        fun: the values of the function there.
        nfev: number of evaluations of the function.
        nit: number of iterations.
    """

    x: PyTree
    success: Array
    status: Array
    fun: PyTree
    nfev: Array
    nit: Array


class RootResults(NamedTuple):
    """A root of a function of one number, as solvers inside of programs find it.

    Attributes:
        root: the root, which has derivatives; NaN where none was found.
        converged: whether it was found.
        iterations: number of iterations.
        function_calls: number of evaluations of the function.
    """

    root: Any
    converged: Any
    iterations: Any
    function_calls: Any


class LeastSquaresResults(NamedTuple):
    """A solution of a problem of least squares, as solvers inside of programs find it.

    Attributes:
        x: the minimiser, a pytree like x0, which has derivatives.
        cost: half the sum of squares, which has derivatives.
        fun: the residuals.
        success: whether the method reached the minimiser.
        status: 0 for too many evaluations; else what is small enough: 1 the gradient, 2 the change
            of the cost, 3 the step.
        nfev: number of evaluations of the function.
    """

    x: PyTree
    cost: Array
    fun: PyTree
    success: Array
    status: Array
    nfev: Array


Parts = dict[str, Any]
"""Arrays of a result without derivative, by their names."""
