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


class RootResults(NamedTuple):
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


Parts = dict[str, Any]
"""Arrays of a result without derivative, by their names."""
