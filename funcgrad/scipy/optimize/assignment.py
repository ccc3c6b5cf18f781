"""linear_sum_assignment, and least squares without negative unknowns."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...api.pure_callback import pure_callback
from ...api.stop_gradient import stop_gradient
from ...arrays import scipy_optimize
from ...core.arguments import is_integer
from ...core.blame import describe
from ...core.tracebacks import user_facing
from ...errors import ShapeError
from ...numpy.linalg.operands import of_one_dtype
from ...numpy.protocol import as_operand
from ...ops.shape import cast
from ...typing import Array, ArrayLike
from .explicit import is_traced, refuse_gpu
from .implicit import implicitly
from .kkt import minimiser_tangent
from .problem import Operands, Problem
from .vectors import Vectors


@user_facing
def linear_sum_assignment(cost_matrix: ArrayLike, maximize: bool = False) -> tuple[Array, Array]:
    """The rows and columns of a matrix, each taken once, whose elements have the least sum.

    Inside of ``jit`` and ``vmap`` SciPy's function runs in a callback. Indices have no derivative;
    that of ``cost_matrix[rows, columns]`` is that of indexing.

    Args:
        cost_matrix: matrix.
        maximize: look for the largest sum.

    Returns:
        (rows, columns): vectors of min(m, n) integers; rows increase.

    >>> rows, columns = linear_sum_assignment(np.array([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0]]))
    >>> columns
    array([1, 0])
    """
    costs = as_operand(cost_matrix)
    if len(costs.shape) != 2:
        raise ShapeError(
            f"linear_sum_assignment: cost_matrix must be a matrix, got shape {tuple(costs.shape)}"
        )
    if costs.dtype.kind not in "biuf":
        raise TypeError(f"linear_sum_assignment: costs must be real, got {costs.dtype}")
    refuse_gpu("linear_sum_assignment", costs, "move them with funcgrad.device_get")

    def assigned(costs: Any) -> tuple[Any, Any]:
        rows, columns = scipy_optimize().linear_sum_assignment(np.asarray(costs), bool(maximize))
        return rows.astype(np.int64), columns.astype(np.int64)

    if not is_traced(costs):
        return assigned(costs)
    promised = np.zeros(min(costs.shape), np.int64)
    return pure_callback(assigned, (promised, promised), stop_gradient(costs))  # type: ignore[no-any-return]


@user_facing
def nnls(
    A: ArrayLike, b: ArrayLike, *, maxiter: int | None = None, atol: float | None = None
) -> tuple[Array, Array]:
    """The vector without negative elements for which A x is nearest to b.

    Inside of ``jit`` and ``vmap`` SciPy's function runs in a callback. The solution has derivatives
    in A and b, in every mode and order: those of the normal equations of its positive elements.
    They hold where no element that is zero could as well be positive.

    Args:
        A: matrix.
        b: vector.
        maxiter: the largest number of iterations.
        atol: ignored.

    Returns:
        (x, norm(A x - b)).

    Raises:
        RuntimeError: too many iterations, where values are known.

    >>> nnls(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([2.0, 1.0]))[0]
    array([1.5, 0. ])
    """
    matrix, right = of_one_dtype(A, b)
    if len(matrix.shape) != 2 or tuple(right.shape) != (matrix.shape[0],):
        raise ShapeError(
            f"nnls: A must be a matrix and b a vector with one element for each row, got shapes "
            f"{tuple(matrix.shape)} and {tuple(right.shape)}"
        )
    if matrix.dtype.kind != "f":
        raise TypeError(f"nnls: A and b must be real, got {matrix.dtype}")
    if maxiter is not None and not is_integer(maxiter):
        raise TypeError(f"nnls: maxiter must be an int, got {describe(maxiter)}")
    if maxiter is not None and maxiter < 1:
        raise ValueError(f"nnls: maxiter must be positive, got {maxiter}")
    refuse_gpu("nnls", (matrix, right), "move them with funcgrad.device_get")
    zero: Any = np.zeros(matrix.shape[1], matrix.dtype)

    def cost(given: list[Any], x: Array) -> Array:
        return np.sum((given[0] @ x - given[1]) ** 2) / 2

    problem = Problem("nnls", "nnls", Vectors(zero), cost, None, None, None, False, False, [])

    def solved(matrix: Any, right: Any) -> Any:
        found = scipy_optimize().nnls(np.asarray(matrix), np.asarray(right), maxiter=maxiter)[0]
        return found.astype(matrix.dtype)

    def search(_: Array, given: Operands) -> tuple[Array, Any]:
        if is_traced(given):
            return pure_callback(solved, zero, *given.fun), ()
        return solved(*given.fun), ()

    def tangent(x: Array, given: Operands, dots: Operands) -> Array:
        return minimiser_tangent(problem, x, given, dots)

    upper: Any = np.full_like(zero, np.inf)
    operands = Operands([matrix, right], [], [], [], zero, upper, [])
    x, _ = implicitly(search, tangent, zero, operands)
    return x, cast(np.linalg.norm(matrix @ x - right), matrix.dtype)
